//! Other people on the screen, and one's own list of conversations: away, writing, coming back, pinned, archived; the
//! mouse, and words alone; what can still be taken back.

use super::*;
use crate::client::acquaintances::Acquaintance;
use crate::protocol::event::Peer;
use crate::protocol::fingerprint::Fingerprint;
use crate::protocol::hook::Hook;

fn presence(name: &str, online: bool, away: bool) -> Event {
    Event::Presence { who: author(name), online, away }
}

fn types_of(scene: &mut Scene) -> Vec<Command> {
    scene.all_commands().into_iter().filter(|command| matches!(command, Command::Typing { .. })).collect()
}

fn aways(scene: &mut Scene) -> Vec<bool> {
    let of = |command| match command {
        Command::Away { away } => Some(away),
        _ => None,
    };
    scene.commands().into_iter().filter_map(of).collect()
}

#[test]
fn people_are_here_away_or_gone_since_a_while() {
    let mut scene = Scene::of(120, 20, &[("lobby", 3)]);
    scene.hear(presence("ben", true, true));
    scene.hear(presence("cy", false, false));
    let seen = Member { seen: Some(Timestamp(START - 7_200_000)), ..member("dee", false) };
    let people = vec![member("ann", true), Member { away: true, ..member("ben", true) }, member("cy", true), seen];
    scene.hear(Event::Members { room: Some(room("lobby")), people, more: false });
    insta::assert_snapshot!("here_away_offline", scene.picture());
}

#[test]
fn a_direct_conversation_says_whether_the_other_is_there() {
    let mut scene = Scene::of(100, 20, &[("lobby", 3)]);
    scene.sends("/msg @ben");
    let peer = Peer { person: person("ben"), online: false, away: false, seen: Some(Timestamp(START)) };
    let place = Place { to: Target::Direct(nick("ben")), peer: Some(peer), ..place("lobby", 0) };
    scene.hear(Event::Joined { place });
    assert!(scene.picture().contains("between you and ben · last seen 1h ago"), "{}", scene.picture());
    scene.hear(presence("ben", true, true));
    assert!(scene.picture().contains("between you and ben · away"), "{}", scene.picture());
    scene.hear(presence("ben", true, false));
    assert!(!scene.picture().contains("away"), "{}", scene.picture());
}

#[test]
fn who_writes_is_seen_until_it_is_said_or_a_while_has_passed() {
    let mut scene = Scene::of(80, 24, &[("lobby", 3), ("dev", 0)]);
    let typing = |name: &str| Event::Typing { to: Target::Room(room("lobby")), who: author(name) };
    scene.hear(typing("ben"));
    assert!(
        scene.picture().lines().last().is_some_and(|line| line.ends_with("ben is writing …")),
        "{}",
        scene.picture()
    );
    scene.hear(typing("cy"));
    assert!(scene.picture().contains("ben and cy are writing …"));
    scene.said("lobby", "ben", "there");
    assert!(scene.picture().contains("cy is writing …") && !scene.picture().contains("ben and"));
    // No word of an end comes, and none is needed.
    while let Some(at) = scene.app.wake_at().filter(|at| *at < Duration::from_secs(60)) {
        scene.up = at;
        scene.put(Input::Woke);
    }
    assert!(scene.up >= Duration::from_secs(6), "it is looked at once more");
    assert!(!scene.picture().contains("writing"), "{}", scene.picture());
    scene.hear(typing("cy"));
    scene.link(LinkEvent::Down { why: "cut".into(), retry_at: None });
    assert!(!scene.picture().contains("writing"));
}

#[test]
fn ones_own_writing_is_told_now_and_then_and_can_be_kept_to_oneself() {
    let mut scene = Scene::of(80, 24, &[("lobby", 3)]);
    scene.types("hello");
    assert_eq!(types_of(&mut scene).len(), 1, "once for five keys");
    scene.up += Duration::from_secs(5);
    scene.types("!");
    assert_eq!(types_of(&mut scene).len(), 1, "and again when it goes on");
    scene.press("Enter");
    scene.keep();
    scene.types("and");
    assert_eq!(types_of(&mut scene).len(), 1, "what was said is said: the next line is news again");
    scene.press("Ctrl+C");
    scene.up += Duration::from_secs(5);
    scene.types("/topic x");
    assert_eq!(types_of(&mut scene), [], "a command is nothing that others wait for");
    let mut config = Config::builtin();
    config.ui.typing = false;
    let mut scene = Scene::with(config, 80, 24).inside(&[("lobby", 3)]);
    scene.types("hello");
    assert_eq!(types_of(&mut scene), []);
    scene.hear(Event::Typing { to: Target::Room(room("lobby")), who: author("ben") });
    assert!(!scene.picture().contains("writing"));
}

#[test]
fn who_presses_no_key_is_away_and_is_back_with_the_next() {
    let mut scene = Scene::of(80, 24, &[("lobby", 3)]);
    scene.commands();
    scene.up += Duration::from_secs(600);
    scene.put(Input::Woke);
    assert_eq!(aways(&mut scene), [true]);
    scene.press("F8");
    assert_eq!(aways(&mut scene), [false]);
    scene.sends("/away");
    assert_eq!(aways(&mut scene), [true]);
    scene.up += Duration::from_secs(900);
    scene.put(Input::Woke);
    scene.press("F8");
    assert_eq!(aways(&mut scene), [false; 0], "who said so is away until they say otherwise");
    scene.sends("/away");
    assert_eq!(aways(&mut scene), [false]);
}

#[test]
fn coming_back_there_is_a_card_and_it_leads_on() {
    let mut scene = Scene::of(80, 24, &[("lobby", 3), ("dev", 0), ("quiet", 0)]);
    scene.up += Duration::from_secs(600);
    scene.put(Input::Woke);
    scene.put(Input::Focus(false));
    for n in 0..30 {
        scene.said("dev", "ben", &format!("line {n}"));
    }
    scene.said("quiet", "cy", "@ann look");
    assert!(!scene.picture().contains("While you were away"), "nobody is there to read it");
    scene.put(Input::Focus(true));
    scene.press("F8");
    insta::assert_snapshot!("while_you_were_away", scene.picture());
    scene.types("x");
    assert!(!scene.picture().contains("While you were") && scene.picture().contains("ann › x"), "it takes no letter");
    scene.press("Ctrl+C");
    scene.up += Duration::from_secs(700);
    scene.put(Input::Woke);
    scene.press("F8 Enter");
    assert_eq!(scene.app.here(), Some(&Target::Room(room("quiet"))), "what calls comes first");
}

#[test]
fn the_card_does_not_come_over_what_is_being_written() {
    let mut scene = Scene::of(80, 24, &[("lobby", 3), ("dev", 0)]);
    scene.types("half a");
    scene.up += Duration::from_secs(600);
    scene.put(Input::Woke);
    scene.said("dev", "ben", "@ann look");
    scene.types(" thought");
    assert!(!scene.picture().contains("While you were away") && scene.picture().contains("half a thought"));
}

#[test]
fn conversations_are_kept_at_the_top_or_off_the_list() {
    let mut scene = Scene::of(80, 24, &[("lobby", 3), ("dev", 0), ("quiet", 0)]);
    scene.press("Alt+3");
    scene.sends("/pin");
    scene.press("Alt+3");
    assert_eq!(scene.app.here(), Some(&Target::Room(room("dev"))), "numbers are by the list");
    scene.sends("/archive");
    insta::assert_snapshot!("pinned_and_archived", scene.picture());
    assert_eq!(scene.app.here(), Some(&Target::Room(room("quiet"))));
    scene.up += Duration::from_secs(2);
    scene.put(Input::Woke);
    let kept = scene.wanted.iter().rev().find_map(|effect| match effect {
        Effect::KeepDrafts(kept) => Some(kept.clone()),
        _ => None,
    });
    let kept = kept.expect("it is kept for the next start");
    assert_eq!((kept.pinned.len(), kept.archived.len()), (1, 1));
    scene.said("dev", "ben", "news");
    assert!(scene.picture().contains("# dev"), "what is new brings it back");
    scene.sends("/pin");
    assert!(!scene.picture().contains("PINNED"));
}

#[test]
fn a_click_goes_where_it_points() {
    let mut scene = Scene::of(120, 24, &[("lobby", 0), ("dev", 0)]);
    scene.said("lobby", "ben", "see https://example.org/x there");
    scene.said("lobby", "cy", "second");
    let at = |scene: &Scene, word: &str| {
        let picture = scene.picture();
        let (y, line) = picture.lines().enumerate().find(|(_, line)| line.contains(word)).expect("it is on the screen");
        let before = line.split(word).next().expect("it is on this line");
        (crate::tui::wrap::width(before) as u16, y as u16)
    };
    let (x, y) = at(&scene, "example.org");
    scene.put(Input::Click(x, y));
    assert!(matches!(scene.wanted.last(), Some(Effect::Open(link)) if link == "https://example.org/x"));
    let (x, y) = at(&scene, "second");
    scene.put(Input::Click(x, y));
    assert_eq!(scene.app.selection().map(|selection| selection.at), Some(Seq(2)));
    scene.press("Down");
    let (x, y) = at(&scene, "● ben");
    scene.put(Input::Click(x + 2, y));
    assert!(scene.picture().contains("Talk to ben alone"), "{}", scene.picture());
    scene.press("Down Enter");
    assert!(scene.picture().contains("@ben"), "{}", scene.picture());
    let (x, y) = at(&scene, "# dev");
    scene.put(Input::Click(x, y));
    assert_eq!(scene.app.here(), Some(&Target::Room(room("dev"))));
    let mut narrow = Scene::of(50, 15, &[("lobby", 0), ("dev", 0)]);
    let (x, y) = at(&narrow, "#dev");
    narrow.put(Input::Click(x, y));
    assert_eq!(narrow.app.here(), Some(&Target::Room(room("dev"))));
}

#[test]
fn words_alone_and_the_mouse_is_the_terminals() {
    let mut scene = Scene::of(80, 12, &[("lobby", 9)]);
    scene.press("Alt+L");
    assert!(matches!(scene.wanted.last(), Some(Effect::Mouse(false))));
    insta::assert_snapshot!("bare", scene.picture());
    scene.types("x");
    assert!(matches!(scene.wanted.last(), Some(Effect::Mouse(true))));
    assert!(scene.picture().contains("write to #lobby"), "the key that ends it does nothing else");
    scene.sends("/mouse off");
    assert!(scene.wanted.iter().any(|effect| matches!(effect, Effect::Mouse(false))));
    scene.wanted.clear();
    scene.press("Alt+L Esc");
    assert!(!scene.wanted.iter().any(|effect| matches!(effect, Effect::Mouse(_))), "it stays off");
}

#[test]
fn what_was_just_sent_can_be_taken_back() {
    let mut config = Config::builtin();
    config.ui.undo_send = Duration::from_secs(5);
    let mut scene = Scene::with(config, 80, 24).inside(&[("lobby", 3)]);
    scene.sends("too soon");
    assert!(!scene.commands().iter().any(|command| matches!(command, Command::Say { .. })));
    assert!(scene.picture().contains("too soon") && scene.picture().contains("Alt+Z takes it back"));
    scene.press("Alt+Z");
    assert!(scene.wanted.iter().any(|effect| matches!(effect, Effect::Chat(chat::Effect::Forget(_)))));
    assert!(scene.picture().contains("ann › too soon"), "{}", scene.picture());
    scene.press("Enter");
    scene.keep();
    scene.up += Duration::from_secs(5);
    scene.put(Input::Woke);
    assert!(scene.commands().iter().any(|command| matches!(command, Command::Say { .. })), "it is sent by itself");
    scene.press("Alt+Z");
    assert!(scene.picture().contains("nothing waits to be sent"));
}

#[test]
fn names_that_can_be_mistaken_are_marked() {
    let mut scene = Scene::of(120, 20, &[("lobby", 0)]);
    let people = ["ann", "ben", "bén", "b3n_", "cy"].map(|name| member(name, true));
    scene.hear(Event::Members { room: Some(room("lobby")), people: people.into(), more: false });
    scene.said("lobby", "bén", "it is me, ben");
    scene.said("lobby", "cy", "hm");
    insta::assert_snapshot!("names_alike", scene.picture());
    scene.press("Shift+Tab Up i");
    assert!(scene.picture().contains("bén, not to be taken for ben, b3n_"), "{}", scene.picture());
    scene.press("Esc");
    scene.hear(Event::Renamed { who: Author { name: nick("bernard"), ..author("bén") }, was: nick("bén") });
    scene.hear(Event::Moved { room: room("lobby"), who: author("b3n_"), joined: false, keys: Vec::new() });
    assert!(!scene.picture().contains('≈'), "{}", scene.picture());
}

#[test]
fn whom_one_has_met_is_known_by_the_key_and_another_key_is_pointed_out() {
    let mut scene = Scene::of(100, 20, &[("lobby", 0)]);
    let key = |n: u8| Fingerprint([n; 16]);
    let known = |n: u8, host: &str, name: &str| Acquaintance {
        key: key(n),
        since: Timestamp(START),
        host: host.into(),
        name: nick(name),
    };
    let here = "localhost:8080";
    scene.app.acquaint(vec![known(1, here, "ben"), known(2, "elsewhere:1", "cyril"), known(3, here, "dee")]);
    let with = |name: &str, keys: &[u8]| Member { keys: keys.iter().map(|n| key(*n)).collect(), ..member(name, true) };
    let people = vec![with("ann", &[9]), with("ben", &[1, 7]), with("cy", &[2]), with("dee", &[4]), with("eve", &[5])];
    scene.wanted.clear();
    scene.hear(Event::Members { room: Some(room("lobby")), people, more: false });
    let picture = scene.picture();
    for (name, mark) in [("ben", " ✓"), ("cy", " ✓"), ("dee", " ✗"), ("eve", "")] {
        let after = picture.lines().find_map(|line| line.split(&format!("● {name}")).nth(1)).expect(name);
        assert_eq!(after.trim_end_matches('│').trim_end(), mark, "{name}");
    }
    assert!(picture.contains("dee: another key than who had this name here"), "{picture}");
    let met = scene.wanted.iter().filter_map(|effect| match effect {
        Effect::Met(met) => Some(met.iter().map(|one| (one.key, one.name.to_string())).collect::<Vec<_>>()),
        _ => None,
    });
    let met: Vec<_> = met.flatten().collect();
    let new = [(7, "ben"), (4, "dee"), (5, "eve")].map(|(n, name)| (key(n), name.to_owned()));
    assert_eq!(met, new, "who is known and oneself is not met anew");
    scene.said("lobby", "cy", "hello");
    scene.press("Shift+Tab i");
    let picture = scene.picture();
    assert!(picture.contains("as cyril of elsewhere:1") && picture.contains("key 0202 0202"), "{picture}");
}

#[test]
fn webhooks_are_made_for_the_room_one_is_in_and_listed() {
    let mut scene = Scene::of(100, 24, &[("lobby", 3)]);
    scene.sends("/hook ci");
    scene.sends("/hook #dev");
    scene.sends("/hook list");
    scene.sends("/hook revoke 3");
    let asked = [
        Command::HookAdd { room: room("lobby"), name: Some(nick("ci")) },
        Command::HookAdd { room: room("dev"), name: None },
        Command::Hooks,
        Command::HookRemove { number: 3 },
    ];
    let commands: Vec<Command> = scene.commands().into_iter().filter(|command| asked.contains(command)).collect();
    assert_eq!(commands, asked);
    let hook = Hook { number: 3, room: room("lobby"), name: nick("ci"), by: nick("ann"), made: Timestamp(START) };
    scene.hear(Event::Hook { hook: hook.clone(), link: "https://chat.example/hook/abc".into() });
    let card = scene.picture();
    for words in ["Webhook", "said in #lobby by ci", "https://chat.example/hook/abc"] {
        assert!(card.contains(words), "{card}");
    }
    scene.hear(Event::Hooks(vec![hook]));
    assert!(scene.picture().contains("3  ci speaks in #lobby"), "{}", scene.picture());
}

#[test]
fn programs_wear_a_mark_wherever_their_name_is() {
    for (columns, rows) in [(100, 20), (40, 12)] {
        let mut scene = Scene::of(columns, rows, &[("lobby", 0)]);
        let robot = Author { bot: true, ..author("ci") };
        let people = vec![member("ann", true), Member { who: robot.clone(), ..member("ci", true) }];
        scene.hear(Event::Members { room: Some(room("lobby")), people, more: false });
        let what = What::Said { text: Text::clean("build 7 is green"), me: false, reply_to: None };
        let conversation = Conversation::Room(room("lobby"));
        let to = Target::Room(room("lobby"));
        let (seq, at, nonce, mentions) = (Seq(1), Timestamp(START), None, Vec::new());
        scene.hear(Event::Entry(std::sync::Arc::new(Entry {
            conversation,
            to,
            seq,
            at,
            from: robot,
            what,
            nonce,
            mentions,
        })));
        let seen = scene.picture().matches("ci (bot)").count();
        assert!(seen >= if columns > 80 { 2 } else { 1 }, "{}", scene.picture());
    }
}
