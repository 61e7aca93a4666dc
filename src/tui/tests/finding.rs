//! Looking for what was said: keys in, pictures and searches out, and the way to a place in history and back.

use super::*;
use crate::protocol::search::{Hit, Query};

/// What the host was asked to look for last.
fn asked(scene: &mut Scene) -> Option<(Option<Target>, Query)> {
    let searches = scene.commands().into_iter().filter_map(|command| match command {
        Command::Search { to, query, .. } => Some((to, query)),
        _ => None,
    });
    searches.last()
}

fn hit(name: &str, seq: u64, text: &str) -> (Target, Hit) {
    let what = ShownWhat::Said {
        text: Some(Text::clean(text)),
        me: false,
        reply_to: None,
        edited: false,
        reactions: Vec::new(),
    };
    let (from, at) = (author("ben"), Timestamp(START - 86_400_000 * (1000 - seq as i64) / 100));
    let shown = Shown { seq: Seq(seq), at, from, nonce: None, rev: Seq(seq), mentions: Vec::new(), what };
    (Target::Room(room(name)), Hit { conversation: Conversation::Room(room(name)), shown })
}

fn some() -> Vec<(Target, Hit)> {
    vec![
        hit("lobby", 900, "we drive to Münster tomorrow"),
        hit(
            "dev",
            12,
            "a long line before the word that is looked for, so that it would not be seen at all: MÜNSTER, here",
        ),
        hit("lobby", 250, "münster münster"),
    ]
}

#[test]
fn what_is_typed_is_looked_for_here_then_everywhere() {
    let mut scene = Scene::of(80, 24, &[("lobby", 1000), ("dev", 20)]);
    scene.press("Ctrl+F");
    assert_eq!(asked(&mut scene), None, "nothing was typed");
    scene.types("m");
    let (to, query) = asked(&mut scene).expect("it asks at once");
    assert_eq!((to, query.terms()), (Some(Target::Room(room("lobby"))), &["m".to_owned()][..]));
    // One question at a time: what was typed meanwhile is asked when the first is answered.
    scene.types("üns");
    assert_eq!(asked(&mut scene), None);
    scene.hear(Event::Found { hits: vec![], more: false });
    assert_eq!(asked(&mut scene).expect("the newest wish").1.given(), "müns");
    scene.hear(Event::Found { hits: some(), more: true });
    insta::assert_snapshot!("found_here", scene.picture());
    scene.press("Ctrl+F");
    assert_eq!(asked(&mut scene).expect("asked anew").0, None, "everywhere");
    scene.hear(Event::Found { hits: vec![], more: false });
    assert!(scene.picture().contains("nothing found; ^F looks only here"), "{}", scene.picture());
    scene.press("Esc");
    assert!(!scene.picture().contains("Find"));
}

#[test]
fn words_with_a_colon_say_who_where_and_when() {
    let mut scene = Scene::of(80, 24, &[("lobby", 10)]);
    scene.press("Ctrl+F");
    scene.put(Input::Paste("from:@ben in:#dev before:2026-11-20 after:yesterday has:link \"two words\" C++".into()));
    scene.hear(Event::Found { hits: vec![], more: false });
    let (to, query) = asked(&mut scene).expect("a search");
    assert_eq!(to, Some(Target::Room(room("dev"))));
    assert_eq!(query.from, Some(nick("ben")));
    assert!(query.link && query.before == Some(Timestamp(1_795_132_800_000)) && query.after < query.before);
    assert_eq!(query.terms(), ["two words", "c++"]);
    for (typed, said) in [
        ("before:soon x", "“soon” is no time"),
        ("has:wings x", "“has:wings” is not known"),
        ("from:a\u{0}b@c x", "“ab@c”: a name"),
    ] {
        scene.press("Ctrl+U");
        scene.put(Input::Paste(typed.into()));
        assert!(scene.picture().contains(said), "{typed}: {}", scene.picture());
    }
    scene.press("Ctrl+U");
    scene.types("https://x.example/a:b");
    scene.hear(Event::Found { hits: vec![], more: false });
    assert_eq!(asked(&mut scene).expect("a search").1.terms(), ["https://x.example/a:b"]);
}

#[test]
fn a_hit_is_gone_to_in_its_history_and_back_again() {
    let mut scene = Scene::of(80, 24, &[("lobby", 1000), ("dev", 20)]);
    scene.types("half a thought");
    scene.press("PgUp");
    let before = scene.picture();
    scene.press("Ctrl+F");
    scene.types("x");
    scene.hear(Event::Found { hits: some(), more: false });
    scene.press("Down Down Enter");
    let pages: Vec<PageEnd> = scene
        .commands()
        .into_iter()
        .filter_map(|command| match command {
            Command::Page { end, .. } => Some(end),
            _ => None,
        })
        .collect();
    assert_eq!(pages, [PageEnd::Before(Seq(300))], "one page around it, and none of what lies between");
    scene.hear(page("lobby", 200, 300));
    insta::assert_snapshot!("in_its_context", scene.picture());
    // Reading on loads what follows, and what comes in live moves nothing.
    let seen = scene.picture();
    scene.said("lobby", "cy", "meanwhile");
    assert_eq!(scene.picture().lines().nth(8), seen.lines().nth(8));
    scene.press("G k PgDn PgDn PgDn PgDn PgDn PgDn PgDn PgDn PgDn PgDn PgDn");
    assert!(
        scene.commands().iter().any(|command| matches!(command, Command::Page { end: PageEnd::Before(Seq(400)), .. }))
    );
    scene.hear(page("lobby", 300, 400));
    scene.press("N");
    scene.answer_pages();
    assert!(scene.picture().contains("2 of 3 found"), "{}", scene.picture());
    assert_eq!(scene.app.here(), Some(&Target::Room(room("dev"))));
    scene.press("Esc");
    scene.put(Input::Woke);
    scene.up += Duration::from_millis(60);
    scene.put(Input::Woke);
    assert!(scene.picture().contains("Find in #lobby"), "{}", scene.picture());
    scene.press("Esc");
    assert_eq!(scene.picture().lines().nth(5), before.lines().nth(5), "where one was");
    assert!(scene.picture().contains("half a thought"));
}

/// A page of this room, as the host gives it.
fn page(name: &str, from: u64, before: u64) -> Event {
    let entries = (from..before).map(|seq| old(Seq(seq))).collect();
    let conversation = Conversation::Room(room(name));
    let page =
        Page { conversation, from: Seq(from), before: Seq(before), oldest: Seq(1), entries, changed: Vec::new() };
    Event::Page { to: Target::Room(room(name)), page }
}

#[test]
fn times_numbers_and_addresses_lead_to_a_place() {
    let mut scene = Scene::of(80, 24, &[("lobby", 1000)]);
    let mut goes = |line: &str| {
        scene.types(line);
        scene.press("Enter");
        let page = scene.commands().into_iter().find_map(|command| match command {
            Command::Page { end, .. } => Some(end),
            _ => None,
        });
        scene.hear(page_around(page));
        scene.press("Esc");
        scene.up += Duration::from_millis(60);
        scene.put(Input::Woke);
        page
    };
    assert_eq!(goes("/goto yesterday 15:00"), Some(PageEnd::Around(Timestamp(1_795_100_400_000))));
    assert_eq!(goes("/goto 200"), Some(PageEnd::Before(Seq(250))));
    assert_eq!(goes("/goto http://localhost:8080/#lobby/500"), Some(PageEnd::Before(Seq(550))));
    assert_eq!(goes("/goto #lobby/300"), Some(PageEnd::Before(Seq(350))));
    scene.types("/goto nowhere");
    scene.press("Enter");
    assert!(scene.picture().contains("usage: /goto yesterday 15:00"));
    scene.press("Ctrl+C Shift+Tab l");
    let copied = scene
        .wanted
        .iter()
        .any(|effect| matches!(effect, Effect::Copy(text) if text == "http://localhost:8080/#lobby/305"));
    assert!(copied, "{:?}", scene.wanted);
}

fn page_around(end: Option<PageEnd>) -> Event {
    match end {
        Some(PageEnd::Before(seq)) => page("lobby", seq.0 - 100, seq.0),
        // m750 was said at that time.
        _ => page("lobby", 700, 800),
    }
}

#[test]
fn what_is_not_there_any_more_is_said() {
    let mut scene = Scene::of(80, 24, &[("lobby", 1000)]);
    scene.types("/goto 200");
    scene.press("Enter");
    scene.commands();
    let conversation = Conversation::Room(room("lobby"));
    let page = Page {
        conversation,
        from: Seq(240),
        before: Seq(250),
        oldest: Seq(240),
        entries: Vec::new(),
        changed: Vec::new(),
    };
    scene.hear(Event::Page { to: Target::Room(room("lobby")), page });
    assert!(scene.picture().contains("not there any more"), "{}", scene.picture());
    assert!(!scene.commands().iter().any(|command| matches!(command, Command::Page { .. })), "it is not asked again");
}

#[test]
fn mentions_of_all_rooms_are_listed() {
    let mut scene = Scene::of(80, 24, &[("lobby", 10), ("dev", 20)]);
    scene.press("Alt+I");
    let (to, query) = asked(&mut scene).expect("it asks at once");
    assert!(to.is_none() && query.mentions && query.terms().is_empty());
    scene.hear(Event::Found { hits: vec![hit("dev", 12, "@ann look")], more: false });
    insta::assert_snapshot!("mentions", scene.picture());
    scene.press("Enter");
    assert_eq!(scene.app.here(), Some(&Target::Room(room("dev"))));
}

#[test]
fn what_is_hidden_stays_hidden_in_the_list() {
    let mut scene = Scene::of(80, 24, &[("lobby", 10)]);
    scene.press("Ctrl+F");
    scene.types("x");
    let hits = vec![hit("lobby", 5, "the end: ||he did it|| x || y"), hit("lobby", 4, "a || b x")];
    scene.hear(Event::Found { hits, more: false });
    let picture = scene.picture();
    assert!(picture.contains("the end: ░░░░░░░░░ x || y") && picture.contains("a || b x"), "{picture}");
}

#[test]
fn a_host_that_cannot_search_says_so() {
    let mut scene = Scene::of(80, 24, &[("lobby", 10)]);
    scene.link(LinkEvent::Down { why: "cut".into(), retry_at: None });
    scene.types("/search x");
    scene.press("Enter");
    assert!(scene.picture().contains("not connected"), "{}", scene.picture());
}
