//! The terminal itself: taken over at the start and given back on every way out. What is drawn on it, and what its keys
//! mean, is decided elsewhere.

mod pen;

use std::fs::File;
use std::io::{self, Stdout, Write};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crossterm::clipboard::CopyToClipboard;
use crossterm::event::{
    DisableBracketedPaste, DisableFocusChange, DisableMouseCapture, EnableBracketedPaste, EnableFocusChange,
    EnableMouseCapture, KeyboardEnhancementFlags, PopKeyboardEnhancementFlags, PushKeyboardEnhancementFlags,
};
use crossterm::style::{Attribute, SetAttribute};
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, SetTitle, disable_raw_mode, enable_raw_mode};
use crossterm::{cursor, execute, queue};
use ratatui::Terminal;
use ratatui::layout::Rect;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Signal, kill_current_process_group};
use tokio::sync::oneshot;

use crate::config::Desktop;
use pen::Pen;

use super::links::Links;

/// How long the program has to end by itself once its terminal is gone: the host sees everybody off in that time.
const END_WITHIN: Duration = Duration::from_millis(1500);

/// How shells report the end by a terminal that is gone: 128 + SIGHUP.
const HUNG_UP: i32 = 129;

/// How Rust reports the end by a panic.
const PANICKED: i32 = 101;

/// Whether the terminal is ours at the moment: giving it back twice would undo what others did since.
static OURS: AtomicBool = AtomicBool::new(false);

/// The terminal, taken over. It is given back when this is dropped.
pub struct Screen {
    terminal: Terminal<Pen<Stdout>>,
    /// Shared with the pen, which draws what was marked in here.
    links: Arc<Mutex<Links>>,
    mouse: bool,
}

impl Screen {
    /// Takes the terminal over: raw mode, the other screen, reports of pastes, of focus and, when wanted, of the mouse.
    /// Addresses become links of the terminal's own when `hyperlinks` says so.
    pub fn take(mouse: bool, hyperlinks: bool) -> io::Result<Screen> {
        take_over(mouse)?;
        let links = Arc::new(Mutex::new(Links::new(hyperlinks)));
        let pen = Pen::new(io::stdout(), Arc::clone(&links));
        let terminal = Terminal::new(pen).inspect_err(|_| give_back())?;
        Ok(Screen { terminal, links, mouse })
    }

    /// Draws.
    pub fn draw(&mut self, app: &super::app::App) -> io::Result<()> {
        let links = Arc::clone(&self.links);
        self.terminal.draw(|frame| super::view::draw_linked(frame, app, &mut pen::locked(&links)))?;
        Ok(())
    }

    /// Draws something else.
    pub fn draw_with(&mut self, picture: impl FnOnce(&mut ratatui::Frame<'_>)) -> io::Result<()> {
        self.terminal.draw(picture)?;
        Ok(())
    }

    /// Makes the next drawing a whole one.
    pub fn forget(&mut self) -> io::Result<()> {
        // `Terminal::clear` would ask the terminal where its cursor is, and wait for keys to be read that are ours.
        self.terminal.backend_mut().forget();
        let size = self.terminal.size()?;
        self.terminal.resize(Rect::new(0, 0, size.width, size.height))
    }

    /// The window has another size now.
    pub fn resized(&mut self) {
        self.terminal.backend_mut().resized();
    }

    /// Columns and rows.
    pub fn size(&self) -> io::Result<(u16, u16)> {
        let size = self.terminal.size()?;
        Ok((size.width, size.height))
    }

    /// Rings.
    pub fn bell(&mut self) -> io::Result<()> {
        self.terminal.backend_mut().say(b"\x07")
    }

    /// Has the terminal tell something on the desktop, in the way it is known, or was said, to take. Both texts are on one
    /// line and without control characters: they come from texts and names, which have none, and are cut by the app.
    pub fn notify(&mut self, how: Desktop, title: &str, body: &str) -> io::Result<()> {
        let how = if how == Desktop::Auto { known_desktop() } else { how };
        let in_tmux = std::env::var_os("TMUX").is_some_and(|tmux| !tmux.is_empty());
        match notification(how, title, body, in_tmux) {
            Some(said) => self.terminal.backend_mut().say(said.as_bytes()),
            None => Ok(()),
        }
    }

    /// Calls the window so.
    pub fn title(&mut self, title: &str) -> io::Result<()> {
        let mut words = String::new();
        crossterm::Command::write_ansi(&SetTitle(title), &mut words).map_err(io::Error::other)?;
        self.terminal.backend_mut().say(words.as_bytes())
    }

    /// Has the mouse reported to us, or leaves it to the terminal.
    pub fn mouse(&mut self, on: bool) -> io::Result<()> {
        self.mouse = on;
        let mut out = io::stdout();
        match on {
            true => queue!(out, EnableMouseCapture)?,
            false => queue!(out, DisableMouseCapture)?,
        }
        out.flush()
    }

    /// Hands a text to the terminal's clipboard (OSC 52), which also works over SSH. Whether it was taken, no terminal says.
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        let mut words = String::new();
        let told = crossterm::Command::write_ansi(&CopyToClipboard::to_clipboard_from(text), &mut words);
        told.map_err(io::Error::other)?;
        self.terminal.backend_mut().say(words.as_bytes())
    }

    /// Gives the terminal to another program for a while.
    pub fn lend(&mut self) {
        give_back();
    }

    /// Takes it back from there.
    pub fn retake(&mut self) -> io::Result<()> {
        take_over(self.mouse)?;
        self.forget()
    }

    /// Gives the terminal back and stops, as the terminal's own key for it would; comes back on `fg`.
    pub fn suspend(&mut self) -> io::Result<()> {
        give_back();
        // The group, so that whatever started us in the foreground stops with us.
        let _ = kill_current_process_group(Signal::TSTP);
        take_over(self.mouse)?;
        self.forget()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

fn take_over(mouse: bool) -> io::Result<()> {
    enable_raw_mode()?;
    OURS.store(true, Ordering::SeqCst);
    let mut out = io::stdout();
    let taken = (|| {
        queue!(out, EnterAlternateScreen, EnableBracketedPaste, EnableFocusChange)?;
        out.write_all(TITLE_ASIDE)?;
        if mouse {
            queue!(out, EnableMouseCapture)?;
        }
        if speaks_kitty() {
            queue!(out, PushKeyboardEnhancementFlags(KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES))?;
        }
        out.flush()
    })();
    if taken.is_err() {
        give_back();
    }
    taken
}

/// Gives the terminal back as it was found; nothing when it is not ours. Safe to call from anywhere, also when the
/// terminal is gone: on the way out there is nobody to tell.
pub fn give_back() {
    if !OURS.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = io::stdout();
    if speaks_kitty() {
        let _ = queue!(out, PopKeyboardEnhancementFlags);
    }
    let _ = out.write_all(TITLE_BACK);
    let _ = execute!(
        out,
        SetAttribute(Attribute::Reset),
        DisableMouseCapture,
        DisableFocusChange,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        cursor::Show,
    );
    let _ = disable_raw_mode();
}

/// From now on a panic of any task or thread ends the program, with the terminal as it was found and the reason where it
/// can be read.
pub fn end_on_panic() {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        give_back();
        tracing::error!("{panic}");
        tell(panic);
        std::process::exit(PANICKED);
    }));
}

/// Ends when the terminal is gone: its window was closed, or its connection cut. crossterm reads a terminal that is gone
/// in a circle and for ever, perhaps on the very thread that would have to notice; when the program does not end by itself
/// then, it is ended. What was said is on disk at any time.
pub fn lost() -> io::Result<impl Future<Output = ()>> {
    let stdin = io::stdin();
    let terminal = match rustix::termios::isatty(&stdin) {
        true => stdin.as_fd().try_clone_to_owned()?,
        false => File::open("/dev/tty")?.into(),
    };
    let (tell, told) = oneshot::channel::<()>();
    std::thread::Builder::new().name("terminal".into()).spawn(move || {
        loop {
            // No events are asked for: only hanging up and errors are reported, so nothing wakes this while all is well.
            let mut asked = [PollFd::new(&terminal, PollFlags::empty())];
            match poll(&mut asked, None) {
                Err(rustix::io::Errno::INTR) => continue,
                _ => break,
            }
        }
        drop(tell);
        std::thread::sleep(END_WITHIN);
        std::process::exit(HUNG_UP);
    })?;
    Ok(async { _ = told.await })
}

/// What makes a terminal tell something on the desktop. tmux keeps such words to itself, unless they come wrapped and its
/// option allow-passthrough is on.
fn notification(how: Desktop, title: &str, body: &str, in_tmux: bool) -> Option<String> {
    // These part the fields of the sequence.
    let plain = |text: &str| text.replace([';', '\u{7}', '\u{1b}', '\n', '\t'], " ");
    let (title, body) = (plain(title), plain(body));
    let said = match how {
        Desktop::Osc9 => vec![format!("\x1b]9;{title}: {body}\x1b\\")],
        Desktop::Osc777 => vec![format!("\x1b]777;notify;{title};{body}\x1b\\")],
        Desktop::Osc99 => {
            vec![format!("\x1b]99;i=wschat:d=0;{title}\x1b\\"), format!("\x1b]99;i=wschat:d=1:p=body;{body}\x1b\\")]
        }
        Desktop::Auto | Desktop::Off => return None,
    };
    let wrapped = |words: String| format!("\x1bPtmux;{}\x1b\\", words.replace('\x1b', "\x1b\x1b"));
    Some(said.into_iter().map(|words| if in_tmux { wrapped(words) } else { words }).collect())
}

/// The way this terminal is known to tell something on the desktop; by name, as no terminal can be asked for it.
pub fn known_desktop() -> Desktop {
    let get = |name| std::env::var(name).unwrap_or_default();
    let (program, term) = (get("TERM_PROGRAM"), get("TERM"));
    match () {
        () if term.contains("kitty") => Desktop::Osc99,
        () if ["iTerm.app", "WezTerm", "ghostty"].contains(&program.as_str()) || term.contains("ghostty") => {
            Desktop::Osc9
        }
        () if term.contains("rxvt") || term.contains("foot") => Desktop::Osc777,
        () => Desktop::Off,
    }
}

/// The window's title as it was is put aside, and taken back. Not every terminal has a stack for it; those without ignore
/// this, and keep the last title.
const TITLE_ASIDE: &[u8] = b"\x1b[22;0t";
const TITLE_BACK: &[u8] = b"\x1b[23;0t";

/// Whether the terminal reports keys by the kitty protocol. By name: asking it would hold up the first frame for as long
/// as one that does not answer takes, and every key has a second way in.
pub fn speaks_kitty() -> bool {
    const PROGRAMS: [&str; 5] = ["ghostty", "WezTerm", "iTerm.app", "kitty", "rio"];
    const TERMS: [&str; 5] = ["kitty", "ghostty", "foot", "alacritty", "wezterm"];
    let get = |name| std::env::var(name).unwrap_or_default();
    let (program, term) = (get("TERM_PROGRAM"), get("TERM"));
    PROGRAMS.contains(&program.as_str()) || TERMS.iter().any(|known| term.contains(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_calls_is_told_in_the_terminals_way_and_through_tmux() {
        let told = |how, in_tmux| notification(how, "#dev", "ben: a;b\x1b[31m", in_tmux);
        assert_eq!(told(Desktop::Osc9, false).as_deref(), Some("\x1b]9;#dev: ben: a b [31m\x1b\\"));
        assert_eq!(told(Desktop::Osc777, false).as_deref(), Some("\x1b]777;notify;#dev;ben: a b [31m\x1b\\"));
        assert_eq!(
            told(Desktop::Osc9, true).as_deref(),
            Some("\x1bPtmux;\x1b\x1b]9;#dev: ben: a b [31m\x1b\x1b\\\x1b\\")
        );
        assert_eq!(told(Desktop::Osc99, true).map(|words| words.matches("\x1bPtmux;").count()), Some(2));
        assert_eq!(told(Desktop::Off, true), None);
    }
}
