//! The way of a picture to the terminal: what changed, in as few bytes as that takes, written at once. It knows how the
//! terminal's pen stands (colours, attributes, whether the cursor shows) from one frame to the next, so that a key costs a
//! move and a letter. Taking the terminal over and giving it back is not done here.

use std::cell::Cell as Cached;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::queue;
use crossterm::style::{Attribute, Colors, Print, SetAttribute, SetColors};
use crossterm::terminal::{BeginSynchronizedUpdate, Clear, ClearType as Cleared, EndSynchronizedUpdate};
use ratatui::backend::{Backend, ClearType, IntoCrossterm, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};
use ratatui::style::{Color, Modifier};

use super::super::links::Links;

/// How what is printed next will look.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Ink {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

/// A terminal's pen over some output.
pub struct Pen<W: Write> {
    out: W,
    /// Of this frame, not written yet.
    frame: Vec<u8>,
    /// Unknown at first, and when somebody else may have written.
    ink: Option<Ink>,
    shown: Option<bool>,
    /// Where the terminal will print next; known within a frame only, since others can move its cursor.
    at: Option<Position>,
    /// Where the last frame left the cursor, if nothing was printed since.
    rests: Option<Position>,
    /// The frame shows when it is whole, and not row by row.
    held: bool,
    /// Where cells lead.
    links: Arc<Mutex<Links>>,
    /// Of the window, once it was asked for: asking opens the terminal anew, and is done for each frame.
    size: Cached<Option<Size>>,
}

impl<W: Write> Pen<W> {
    /// A pen of which nothing is known.
    pub fn new(out: W, links: Arc<Mutex<Links>>) -> Pen<W> {
        let size = Cached::new(None);
        Pen { out, frame: Vec::new(), ink: None, shown: None, at: None, rests: None, held: false, links, size }
    }

    /// Somebody else may have written.
    pub fn forget(&mut self) {
        (self.ink, self.shown, self.at, self.rests) = (None, None, None, None);
        self.resized();
    }

    /// The window has another size now.
    pub fn resized(&mut self) {
        self.size.set(None);
    }

    /// Something that is no picture, before the next frame.
    pub fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.out.flush()
    }

    fn take(&mut self, ink: Ink) -> io::Result<()> {
        if self.ink == Some(ink) {
            return Ok(());
        }
        let before = match self.ink {
            // What is to be lost can only be lost together with all else.
            Some(before) if ink.modifier.contains(before.modifier) => before,
            _ => {
                queue!(self.frame, SetAttribute(Attribute::Reset))?;
                Ink { fg: Color::Reset, bg: Color::Reset, modifier: Modifier::empty() }
            }
        };
        for (modifier, attribute) in ATTRIBUTES {
            if ink.modifier.contains(modifier) && !before.modifier.contains(modifier) {
                queue!(self.frame, SetAttribute(attribute))?;
            }
        }
        let changed = |now: Color, was: Color| (now != was).then(|| now.into_crossterm());
        let colours = Colors { foreground: changed(ink.fg, before.fg), background: changed(ink.bg, before.bg) };
        if colours.foreground.is_some() || colours.background.is_some() {
            queue!(self.frame, SetColors(colours))?;
        }
        self.ink = Some(ink);
        Ok(())
    }
}

impl<W: Write> Pen<W> {
    /// What is printed from now on leads there (OSC 8), or nowhere. The number joins the parts of an address that goes on
    /// over rows, so that a terminal takes them for one. A frame ends leading nowhere.
    fn lead(&mut self, link: Option<(u16, &str)>) -> io::Result<()> {
        match link {
            Some((number, url)) => write!(self.frame, "\x1b]8;id={number};{url}\x1b\\"),
            None => write!(self.frame, "\x1b]8;;\x1b\\"),
        }
    }
}

/// The addresses; a panic elsewhere leaves them as good as any.
pub fn locked(links: &Mutex<Links>) -> MutexGuard<'_, Links> {
    links.lock().unwrap_or_else(PoisonError::into_inner)
}

const ATTRIBUTES: [(Modifier, Attribute); 9] = [
    (Modifier::BOLD, Attribute::Bold),
    (Modifier::DIM, Attribute::Dim),
    (Modifier::ITALIC, Attribute::Italic),
    (Modifier::UNDERLINED, Attribute::Underlined),
    (Modifier::SLOW_BLINK, Attribute::SlowBlink),
    (Modifier::RAPID_BLINK, Attribute::RapidBlink),
    (Modifier::REVERSED, Attribute::Reverse),
    (Modifier::HIDDEN, Attribute::Hidden),
    (Modifier::CROSSED_OUT, Attribute::CrossedOut),
];

impl<W: Write> Backend for Pen<W> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let begin = self.frame.len();
        self.at = None;
        let mut row = None;
        let links = Arc::clone(&self.links);
        let links = locked(&links);
        let mut leads = None;
        for (x, y, cell) in content {
            self.held |= row.is_some_and(|row| row != y);
            row = Some(y);
            self.rests = None;
            if self.at != Some(Position { x, y }) {
                queue!(self.frame, MoveTo(x, y))?;
            }
            let modifier = cell.modifier.intersection(Modifier::all());
            // Nearly no cell leads anywhere: those that do have bits that no attribute has.
            let link = if modifier == cell.modifier { None } else { links.of(cell.modifier) };
            if leads != link {
                self.lead(link)?;
                leads = link;
            }
            self.take(Ink { fg: cell.fg, bg: cell.bg, modifier })?;
            queue!(self.frame, Print(cell.symbol()))?;
            // Terminals differ in how wide they draw what is not ASCII; only ASCII is counted on.
            self.at = (cell.symbol().len() == 1).then_some(Position { x: x + 1, y });
        }
        if leads.is_some() {
            self.lead(None)?;
        }
        if self.held {
            let mut start = Vec::new();
            queue!(start, BeginSynchronizedUpdate)?;
            self.frame.splice(begin..begin, start);
        }
        Ok(())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        if self.shown.replace(false) != Some(false) {
            queue!(self.frame, Hide)?;
        }
        Ok(())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        if self.shown.replace(true) != Some(true) {
            queue!(self.frame, Show)?;
        }
        Ok(())
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        crossterm::cursor::position().map(|(x, y)| Position { x, y })
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let position = Some(position.into());
        if let Some(Position { x, y }) = position.filter(|_| self.at != position && self.rests != position) {
            queue!(self.frame, MoveTo(x, y))?;
        }
        self.rests = position;
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.clear_region(ClearType::All)
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        // A terminal clears with the colour of its pen.
        self.forget();
        let what = match clear_type {
            ClearType::All => Cleared::All,
            ClearType::AfterCursor => Cleared::FromCursorDown,
            ClearType::BeforeCursor => Cleared::FromCursorUp,
            ClearType::CurrentLine => Cleared::CurrentLine,
            ClearType::UntilNewLine => Cleared::UntilNewLine,
        };
        queue!(self.frame, SetAttribute(Attribute::Reset), Clear(what))
    }

    fn size(&self) -> io::Result<Size> {
        if let Some(size) = self.size.get() {
            return Ok(size);
        }
        let (width, height) = crossterm::terminal::size()?;
        let size = Size { width, height };
        self.size.set(Some(size));
        Ok(size)
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize { columns_rows: self.size()?, pixels: Size::default() })
    }

    fn flush(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.held) {
            queue!(self.frame, EndSynchronizedUpdate)?;
        }
        self.at = None;
        let written = self.out.write_all(&self.frame).and_then(|()| self.out.flush());
        self.frame.clear();
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::Terminal;
    use ratatui::layout::Rect;
    use ratatui::style::{Style, Stylize};
    use ratatui::text::Line;
    use ratatui::{TerminalOptions, Viewport};

    fn terminal() -> Terminal<Pen<Vec<u8>>> {
        let options = TerminalOptions { viewport: Viewport::Fixed(Rect::new(0, 0, 20, 4)) };
        let links = Arc::new(Mutex::new(Links::new(true)));
        Terminal::with_options(Pen::new(Vec::new(), links), options).expect("a list of bytes takes all")
    }

    /// Draws these lines with the cursor there; gives the bytes that took.
    fn draw(terminal: &mut Terminal<Pen<Vec<u8>>>, lines: &[Line<'_>], cursor: (u16, u16)) -> String {
        terminal.backend_mut().out.clear();
        let drawn = terminal.draw(|frame| {
            for (line, y) in lines.iter().zip(0..) {
                frame.render_widget(line, Rect::new(0, y, 20, 1));
            }
            frame.set_cursor_position(cursor);
        });
        drawn.expect("a list of bytes takes all");
        String::from_utf8(terminal.backend().out.clone()).expect("it is text")
    }

    #[test]
    fn a_key_costs_a_move_and_a_letter() {
        let mut terminal = terminal();
        draw(&mut terminal, &["you › hell".into()], (10, 0));
        assert_eq!(draw(&mut terminal, &["you › hello".into()], (11, 0)), "\x1b[1;11Ho");
    }

    #[test]
    fn nothing_new_costs_nothing_and_a_moved_cursor_a_move() {
        let mut terminal = terminal();
        draw(&mut terminal, &["hello".into()], (5, 0));
        assert_eq!(draw(&mut terminal, &["hello".into()], (5, 0)), "");
        assert_eq!(draw(&mut terminal, &["hello".into()], (4, 0)), "\x1b[1;5H");
        assert_eq!(draw(&mut terminal, &["hellO".into()], (4, 0)), "\x1b[1;5HO\x1b[1;5H", "printing moves it");
        terminal.backend_mut().forget();
        assert!(draw(&mut terminal, &["hellO".into()], (4, 0)).ends_with("\x1b[1;5H"), "others may have moved it");
    }

    /// Draws two rows of an address, and what it leads to.
    fn draw_link(terminal: &mut Terminal<Pen<Vec<u8>>>, url: &str) -> String {
        terminal.backend_mut().out.clear();
        let links = Arc::clone(&terminal.backend().links);
        let drawn = terminal.draw(|frame| {
            let mut links = locked(&links);
            links.begin();
            frame.render_widget("a http://", Rect::new(0, 0, 20, 1));
            frame.render_widget("b.c d", Rect::new(0, 1, 20, 1));
            links.mark(frame.buffer_mut(), Rect::new(2, 0, 7, 1), &url.into());
            links.mark(frame.buffer_mut(), Rect::new(0, 1, 3, 1), &url.into());
        });
        drawn.expect("a list of bytes takes all");
        String::from_utf8(terminal.backend().out.clone()).expect("it is text")
    }

    #[test]
    fn a_wrapped_address_is_one_link() {
        let mut terminal = terminal();
        let drawn = draw_link(&mut terminal, "http://b.c");
        let link = "\x1b]8;id=1;http://b.c\x1b\\";
        assert!(drawn.contains(&format!("{link}http://\x1b[2;1Hb.c")), "{drawn:?}");
        assert!(drawn.contains("\x1b]8;;\x1b\\d"), "{drawn:?}");
        assert_eq!(drawn.matches("\x1b]8;id=1;").count(), 1, "it stays open from row to row");
        assert!(!draw_link(&mut terminal, "http://b.c").contains("\x1b]8"), "nothing changed");
        let drawn = draw_link(&mut terminal, "http://b.cd");
        assert!(drawn.contains("\x1b]8;id=2;http://b.cd\x1b\\http://"), "{drawn:?}");
        assert!(!draw_link(&mut terminal, "javascript:x").contains("javascript"));
        assert!(!draw_link(&mut terminal, "http://a\x1b").contains("8;id"));
    }

    #[test]
    fn what_a_terminal_shows_is_what_was_drawn() {
        let (mut terminal, mut screen) = (
            terminal(),
            vt100::Parser::new(
                std::num::NonZero::new(4).expect("not 0"),
                std::num::NonZero::new(20).expect("not 0"),
                0,
            ),
        );
        let pictures: [&[Line<'_>]; 4] = [
            &["plain".into(), "bold".bold().into(), "red on blue".red().on_blue().into()],
            &["漢字 wide".into(), "bold no more".into(), "still red".red().into()],
            &["plain".into(), "".into(), Line::from(vec!["dim".dim(), " and ".into(), "reversed".reversed()])],
            &["x".repeat(20).into(), "─".repeat(20).into(), Line::styled("end", Style::new().italic())],
        ];
        for lines in pictures {
            let bytes = draw(&mut terminal, lines, (3, 3));
            assert_eq!(bytes.matches("\x1b[?2026h").count(), 1, "rows show together");
            assert!(bytes.ends_with("\x1b[?2026l"));
            screen.process(bytes.as_bytes());
            for (line, y) in lines.iter().zip(0..) {
                let mut x = 0;
                for span in &line.spans {
                    for c in span.content.chars() {
                        let cell = screen.screen().cell(y, x).expect("it is on the screen");
                        assert_eq!(if cell.has_contents() { cell.contents() } else { " " }, c.to_string());
                        let style = line.style.patch(span.style);
                        assert_eq!(cell.bold(), style.add_modifier.contains(Modifier::BOLD), "{c} in {line}");
                        assert_eq!(cell.inverse(), style.add_modifier.contains(Modifier::REVERSED), "{c} in {line}");
                        let plain = cell.fgcolor() == vt100::Color::Default;
                        assert_eq!(plain, style.fg.is_none(), "{c} in {line}");
                        x += crate::tui::wrap::width(&c.to_string()) as u16;
                    }
                }
            }
            assert_eq!(screen.screen().cursor_position(), (3, 3));
        }
    }
}
