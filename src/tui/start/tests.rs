//! Keys and news in, where one goes and the picture out.

use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::view::{self, Look};
use super::*;
use crate::protocol::entry::Timestamp;
use crate::protocol::lan::Announcement;
use crate::tui::glyphs::Glyphs;
use crate::tui::theme::{Colours, Theme};

fn nearby(id: &str, name: &str, host: &str, open: bool) -> Nearby {
    let said = Announcement { name: name.into(), port: 8080, tls: true, open, here: 3 };
    let address = format!("wss://{host}:8080").parse().expect("an address");
    Nearby { id: id.into(), said, address }
}

fn before() -> Vec<(Recent, String)> {
    let one = |address: &str, name: &str, unread| Recent {
        address: address.parse().expect("an address"),
        name: name.into(),
        left: Timestamp(0),
        unread,
    };
    vec![
        (one("wss://chat.example", "The Example", 12), "2d ago".into()),
        (one("laptop.local", "Küche 漢字", 0), "3h ago".into()),
    ]
}

fn key(start: &mut Start, name: &str) -> Option<Goal> {
    let key = name.parse::<Key>().expect("a key");
    start.handle(Input::Key(key), &Keymap::builtin())
}

fn types(start: &mut Start, text: &str) {
    for c in text.chars() {
        if c == ' ' {
            start.handle(Input::Paste(" ".into()), &Keymap::builtin());
            continue;
        }
        let typed = c.to_string().parse::<Key>().expect("a key");
        assert_eq!(start.handle(Input::Key(typed), &Keymap::builtin()), None);
    }
}

fn news(start: &mut Start, news: News) {
    assert_eq!(start.handle(Input::News(news), &Keymap::builtin()), None);
}

fn goes(goal: Option<Goal>) -> String {
    match goal {
        Some(Goal::Join(address)) => address.url(),
        other => format!("{other:?}"),
    }
}

fn picture(start: &Start, columns: u16, rows: u16) -> String {
    let (theme, _) = Theme::load("terminal", None, Colours::True);
    let hints = [("↵".to_owned(), "goes there"), ("Esc".to_owned(), "quits")];
    let glyphs = Glyphs::new(false);
    let look = Look { theme: &theme, glyphs: &glyphs, hints: &hints };
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).expect("memory is there");
    terminal.draw(|frame| view::draw(frame, start, &look)).expect("memory is there");
    terminal.backend().to_string()
}

#[test]
fn hosts_come_and_go_and_the_bar_stays_on_what_was_chosen() {
    let mut start = Start::new(before());
    assert_eq!(goes(key(&mut start, "Enter")), "wss://chat.example:443/");
    key(&mut start, "Down");
    news(&mut start, News::Here(Box::new(nearby("a", "Attic", "192.168.1.9", false))));
    news(&mut start, News::Here(Box::new(nearby("b", "Cellar", "192.168.1.5", true))));
    assert_eq!(goes(key(&mut start, "Enter")), "ws://laptop.local:8080/", "it was chosen before the others came");
    key(&mut start, "Up");
    key(&mut start, "Up");
    assert_eq!(goes(key(&mut start, "Enter")), "wss://192.168.1.5:8080/");
    news(&mut start, News::Gone("b".into()));
    assert!(!picture(&start, 80, 24).contains("Cellar"));
    for n in 0..200 {
        news(&mut start, News::Here(Box::new(nearby(&format!("x{n}"), "X", "192.168.1.7", true))));
    }
    assert!(start.rows().len() <= HOSTS + 4);
}

#[test]
fn what_is_typed_filters_or_is_an_address() {
    let mut start = Start::new(before());
    types(&mut start, "küche");
    assert_eq!(goes(key(&mut start, "Enter")), "ws://laptop.local:8080/");
    key(&mut start, "Esc");
    types(&mut start, "192.168.7.7");
    assert_eq!(goes(key(&mut start, "Enter")), "ws://192.168.7.7:8080/");
    key(&mut start, "Esc");
    types(&mut start, "a b");
    assert_eq!(key(&mut start, "Enter"), None);
    assert!(start.wrong().is_some_and(|why| why.contains("write HOST")));
    assert!(picture(&start, 80, 24).contains("write HOST"));
    key(&mut start, "Esc");
    let link = "https://192.168.1.5:8080/#dev?k=abc&f=0qk8Yw2fVb5uTz7cXe3hJA\nmore".to_owned();
    start.handle(Input::Paste(link), &Keymap::builtin());
    let Some(Goal::Join(address)) = key(&mut start, "Enter") else { panic!("an invitation") };
    assert!(address.pin.is_some() && address.invite.is_some() && address.room.is_some());
    key(&mut start, "Esc");
    assert_eq!(key(&mut start, "Esc"), Some(Goal::Quit));
}

#[test]
fn hosting_is_on_the_list_and_clicks_choose() {
    let mut start = Start::new(Vec::new());
    assert_eq!(key(&mut start, "Enter"), Some(Goal::Host));
    key(&mut start, "Down");
    assert_eq!(key(&mut start, "Enter"), Some(Goal::HostLan));
    let at = start.lines().iter().position(|line| *line == Line::Row(0)).expect("a row");
    assert_eq!(start.handle(Input::Click(at), &Keymap::builtin()), Some(Goal::Host));
    assert_eq!(start.handle(Input::Click(0), &Keymap::builtin()), None, "a heading");
    assert_eq!(start.handle(Input::Click(99), &Keymap::builtin()), None);
}

#[test]
fn pictures_at_every_size() {
    let mut start = Start::new(before());
    insta::assert_snapshot!("start_nothing_found", picture(&start, 80, 24));
    let hostile = nearby("b", "\u{2588}".repeat(32).as_str(), "192.168.1.5", true);
    news(&mut start, News::Here(Box::new(nearby("a", "Ann's laptop", "192.168.1.9", false))));
    news(&mut start, News::Here(Box::new(hostile)));
    for (columns, rows) in [(120, 40), (80, 24), (50, 15), (30, 8)] {
        insta::assert_snapshot!(format!("start_{columns}x{rows}"), picture(&start, columns, rows));
    }
    for (columns, rows) in [(1, 1), (5, 3), (200, 4), (12, 60)] {
        picture(&start, columns, rows);
    }
}
