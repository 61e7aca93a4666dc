//! The loop of the chat without a picture: lines from stdin, news from the wire, lines to stdout. The terminal stays as it
//! is: its own line editing, its own scrollback.

use std::io::{self, BufRead, Write};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::super::app::{Effect, Input};
use super::super::ending::Ending;
use super::super::{Face, Front, Next, Options, Shell, heard, room, until};
use super::Plain;
use crate::client::chat::Now;
use crate::config::Desktop;

/// Lines that were typed and not taken yet.
const TYPED: usize = 64;

/// How long what was typed before the end of the input may take to be sent.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// Bytes of a line that is read; longer ones are cut there and told so by the app.
const LINE_BYTES: u64 = 128 * 1024;

impl Front for Plain {
    fn handle(&mut self, now: Now, input: Input) -> Vec<Effect> {
        Plain::handle(self, now, input)
    }

    fn app(&mut self) -> &mut super::super::app::App {
        Plain::app(self)
    }
}

/// A terminal to which nothing but lines is written.
struct Paper;

impl Face for Paper {
    fn bell(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn notify(&mut self, _: Desktop, _: &str, _: &str) -> io::Result<()> {
        Ok(())
    }

    fn title(&mut self, _: &str) -> io::Result<()> {
        Ok(())
    }

    fn copy(&mut self, text: &str) -> io::Result<()> {
        writeln!(io::stdout(), "{text}")
    }

    fn mouse(&mut self, _: bool) -> io::Result<()> {
        Ok(())
    }

    fn suspend(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn forget(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Chats in lines until the input ends, the process is told to end, or `over` does.
pub async fn run(options: Options, over: impl Future<Output = ()>) -> anyhow::Result<()> {
    let (mut shell, app) = Shell::begin(options)?;
    let mut plain = Plain::new(app);
    let ended = talk(&mut shell, &mut plain, over).await;
    shell.remember_server(plain.app());
    shell.goodbye(|now| plain.app().handle(now, Input::Bye)).await;
    match ended {
        // Whoever read this has gone.
        Err(error) if error.downcast_ref().is_some_and(|e: &io::Error| e.kind() == io::ErrorKind::BrokenPipe) => Ok(()),
        ended => ended,
    }
}

async fn talk(shell: &mut Shell, plain: &mut Plain, over: impl Future<Output = ()>) -> anyhow::Result<()> {
    let mut typed = Some(lines());
    let mut deadline: Option<Instant> = None;
    let mut ending = Ending::new()?;
    tokio::pin!(over);
    shell.hand(plain, &mut Paper, Input::Resize(80, 24))?;
    loop {
        print(plain)?;
        if deadline.is_some() && !plain.unsent() && plain.app().here().is_some() {
            return Ok(());
        }
        let wake = plain.wake_at().map(|at| shell.start + at);
        let next = tokio::select! {
            line = next_line(&mut typed), if plain.ready() => match line {
                Some(line) => {
                    let effects = plain.typed(shell.now(), &line);
                    shell.carry_out(plain, &mut Paper, effects)?
                }
                None => {
                    (typed, deadline) = (None, Some(Instant::now() + LAST_WORDS));
                    Next::On
                }
            },
            event = heard(&mut shell.from_link) => shell.heard(plain, &mut Paper, event)?,
            room = room(&shell.to_link), if !shell.backlog.is_empty() => {
                if room {
                    shell.write_on();
                }
                Next::On
            }
            () = until(wake) => shell.hand(plain, &mut Paper, Input::Woke)?,
            () = until(deadline) => Next::Quit,
            () = ending.told(false) => Next::Quit,
            () = &mut over => Next::Quit,
        };
        if shell.to_edit.take().is_some() {
            writeln!(io::stdout(), "an editor needs a screen; there is none here")?;
        }
        if next == Next::Quit {
            return print(plain);
        }
    }
}

/// A line, while there are any to come. Until the chat is in a conversation what was typed waits.
async fn next_line(typed: &mut Option<mpsc::Receiver<String>>) -> Option<String> {
    match typed {
        Some(typed) => typed.recv().await,
        None => std::future::pending().await,
    }
}

/// Reads stdin on a thread of its own, which nobody waits for: a read of a terminal cannot be given up.
fn lines() -> mpsc::Receiver<String> {
    let (tell, typed) = mpsc::channel(TYPED);
    let read = move || {
        let mut stdin = io::stdin().lock();
        loop {
            let mut line = Vec::new();
            let read = io::Read::take(&mut stdin, LINE_BYTES).read_until(b'\n', &mut line);
            if read.map_or(true, |bytes| bytes == 0) {
                return;
            }
            let text = String::from_utf8_lossy(&line);
            if tell.blocking_send(text.trim_end_matches(['\n', '\r']).to_owned()).is_err() {
                return;
            }
        }
    };
    // Without a thread there are no lines, as if the input had ended.
    let _ = std::thread::Builder::new().name("stdin".into()).spawn(read);
    typed
}

fn print(plain: &mut Plain) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    for line in plain.take() {
        writeln!(out, "{line}")?;
    }
    Ok(out.flush()?)
}
