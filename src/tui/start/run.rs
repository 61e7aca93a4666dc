//! The loop around the question where to go: keys, the network, the picture; or, without one, lines. Looks at the network
//! only while it asks.

use std::io::{self, BufRead, Write};
use std::time::Duration;

use anyhow::Context;
use crossterm::event::{Event, MouseButton, MouseEventKind};
use tokio::sync::mpsc;

use super::super::ending::Ending;
use super::super::glyphs::Glyphs;
use super::super::keys::{Action, Key, Keymap};
use super::super::personal::Personal;
use super::super::terminal::{self, Screen};
use super::super::{Keys, recent};
use super::view::{self, Look};
use super::{Goal, Input, Start};
use crate::client::address::Address;
use crate::client::discover::{Looking, News};
use crate::config::Config;
use crate::paths::Paths;
use crate::protocol::span;

/// How long the network is listened to before a list without a picture is read out.
const LISTENED: Duration = Duration::from_millis(1500);

/// Milliseconds since 1970, for how long ago something was.
fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn remembered(paths: &Paths) -> Start {
    let ago = |left: i64| match u64::try_from((now() - left) / 60_000).unwrap_or(0) {
        0 => "just now".to_owned(),
        minutes => {
            let shown = span::show(Duration::from_secs(minutes * 60));
            format!("{} ago", shown.split(' ').next().unwrap_or(&shown))
        }
    };
    let all = recent::read(&paths.recent_file());
    Start::new(all.into_iter().map(|one| (one.clone(), ago(one.left.0))).collect())
}

async fn next(looking: &mut Option<Looking>) -> Option<News> {
    match looking {
        Some(looking) => looking.news.recv().await,
        None => std::future::pending().await,
    }
}

/// Asks where to go. The terminal is as it was found when this returns.
pub async fn run(config: Config, paths: &Paths, plain: bool) -> anyhow::Result<Goal> {
    let mut start = remembered(paths);
    let mut looking = match Looking::start(false) {
        Ok(looking) => Some(looking),
        Err(why) => {
            start.handle(Input::Blind(why), &Keymap::builtin());
            None
        }
    };
    match plain {
        true => read_out(start, &mut looking).await,
        false => ask(start, &mut looking, config, paths).await,
    }
}

async fn ask(mut start: Start, looking: &mut Option<Looking>, config: Config, paths: &Paths) -> anyhow::Result<Goal> {
    let (loaded, _) = Personal::new(paths).load(Some(config));
    let ui = &loaded.config.ui;
    let glyphs = Glyphs::new(ui.ascii);
    let key = |action| loaded.keymap.keys_for(action).first().map_or_else(String::new, |key| key.short(ui.ascii));
    let hints = [
        (key(Action::Accept), "goes there"),
        (format!("{}{}", key(Action::ListUp), key(Action::ListDown)), "choose"),
        (key(Action::Cancel), "quits"),
    ];
    let look = Look { theme: &loaded.theme, glyphs: &glyphs, hints: &hints };
    let mut screen = Screen::take(ui.mouse, false).context("the terminal cannot be taken over")?;
    let mut keys = Keys::read();
    let mut ending = Ending::new()?;
    let lost = terminal::lost()?;
    tokio::pin!(lost);
    let goal = loop {
        screen.draw_with(|frame| view::draw(frame, &start, &look))?;
        let input = tokio::select! {
            event = keys.events.recv() => match event {
                Some(Ok(event)) => input(event, &start, &mut screen)?,
                Some(Err(_)) | None => break Goal::Quit,
            },
            news = next(looking) => match news {
                Some(news) => Some(Input::News(news)),
                None => {
                    *looking = None;
                    None
                }
            },
            () = ending.told(false) => break Goal::Quit,
            () = &mut lost => break Goal::Quit,
        };
        if let Some(goal) = input.and_then(|input| start.handle(input, &loaded.keymap)) {
            break goal;
        }
    };
    // Whoever asks next reads the keys.
    keys.stop().await;
    drop(screen);
    Ok(goal)
}

fn input(event: Event, start: &Start, screen: &mut Screen) -> io::Result<Option<Input>> {
    Ok(match event {
        Event::Key(key) => Key::of_event(&key).map(Input::Key),
        Event::Mouse(mouse) => match mouse.kind {
            MouseEventKind::Down(MouseButton::Left) => {
                let (_, height) = screen.size()?;
                let first = view::first_line(start, view::list_rows(height));
                usize::from(mouse.row).checked_sub(2).map(|row| Input::Click(first + row))
            }
            _ => Key::of_mouse(&mouse).map(Input::Key),
        },
        Event::Paste(text) => Some(Input::Paste(text)),
        Event::Resize(..) => {
            screen.resized();
            None
        }
        Event::FocusGained | Event::FocusLost => None,
    })
}

/// The same in lines: what there is after a moment, by number; a number or an address is taken.
async fn read_out(mut start: Start, looking: &mut Option<Looking>) -> anyhow::Result<Goal> {
    let keymap = Keymap::builtin();
    let listened = async {
        while let Some(news) = next(looking).await {
            start.handle(Input::News(news), &keymap);
        }
    };
    let _ = tokio::time::timeout(LISTENED, listened).await;
    let rows = start.rows();
    let mut out = io::stdout();
    for (at, row) in rows.iter().enumerate() {
        writeln!(out, "{}. {} ({})", at + 1, row.label, row.detail)?;
    }
    writeln!(out, "Where to? Type a number, an address or an invitation.")?;
    out.flush()?;
    let (tell, mut typed) = mpsc::channel(1);
    std::thread::Builder::new().name("stdin".into()).spawn(move || {
        for line in io::stdin().lock().lines() {
            let Ok(line) = line else { return };
            if tell.blocking_send(line).is_err() {
                return;
            }
        }
    })?;
    let mut ending = Ending::new()?;
    loop {
        let line = tokio::select! {
            line = typed.recv() => line,
            () = ending.told(false) => None,
        };
        let Some(line) = line else { return Ok(Goal::Quit) };
        let line = line.trim();
        let numbered = line.parse::<usize>().ok().and_then(|at| rows.get(at.checked_sub(1)?));
        match (numbered, line.parse::<Address>()) {
            _ if line.is_empty() => {}
            (Some(row), _) => return Ok(row.goal.clone()),
            (None, Ok(address)) => return Ok(Goal::Join(address)),
            (None, Err(why)) => writeln!(out, "! {why}")?,
        }
    }
}
