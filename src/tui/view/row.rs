//! One line of the picture into the cells. The library's own way cuts every text into graphemes and measures each, which
//! is half the price of a frame; nearly all that is drawn is ASCII or a frame's line, where a
//! character is a cell.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

/// Draws a line into the first row of the area, from the left; what is too long is cut.
pub fn put_row(frame: &mut Frame<'_>, line: &Line<'_>, area: Rect) {
    put(frame.buffer_mut(), line, area);
}

fn put(buffer: &mut Buffer, line: &Line<'_>, area: Rect) {
    let area = Rect { height: 1, ..area }.intersection(buffer.area);
    if area.is_empty() || line.spans.iter().all(|span| columns(span) == 0) {
        return;
    }
    buffer.set_style(area, line.style);
    let mut x = area.x;
    for span in &line.spans {
        if x >= area.right() {
            return;
        }
        let columns = columns(span);
        if is_plain(span) {
            for (c, x) in span.content.chars().zip(x..area.right()) {
                buffer[(x, area.y)].set_char(c).set_style(span.style);
            }
        } else if columns > 0 {
            span.render(Rect { x, width: area.right() - x, ..area }, buffer);
            if span.content.chars().any(from_right) {
                isolate(buffer, area, x, columns);
            }
        }
        x = x.saturating_add(columns.try_into().unwrap_or(u16::MAX));
    }
}

/// Whether this is of a writing that runs from right to left (the blocks of UAX 9 whose characters are R or AL).
fn from_right(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}' | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

/// Keeps what runs from right to left to itself (FSI and PDI, UAX 9): a terminal that reorders a line does so within these
/// cells, and not with the panes beside them. Other terminals draw nothing for the two.
fn isolate(buffer: &mut Buffer, area: Rect, x: u16, columns: usize) {
    let end = x.saturating_add(columns.try_into().unwrap_or(u16::MAX)).min(area.right());
    let last = (x..end).rev().find(|x| !buffer[(*x, area.y)].symbol().is_empty());
    let Some(last) = last else { return };
    let closed = format!("{}\u{2069}", buffer[(last, area.y)].symbol());
    buffer[(last, area.y)].set_symbol(&closed);
    let opened = format!("\u{2068}{}", buffer[(x, area.y)].symbol());
    buffer[(x, area.y)].set_symbol(&opened);
}

/// Whether each character is a cell: ASCII, and the lines of frames.
fn is_plain(span: &Span<'_>) -> bool {
    span.content.chars().all(|c| matches!(c, ' '..='~' | '─'..='╿'))
}

fn columns(span: &Span<'_>) -> usize {
    if is_plain(span) { span.content.chars().count() } else { span.width() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use ratatui::style::{Color, Modifier, Style};

    fn style() -> impl Strategy<Value = Style> {
        (0..4_u8, 0..3_u8, any::<bool>()).prop_map(|(fg, bg, bold)| Style {
            fg: (fg > 0).then_some(Color::Indexed(fg)),
            bg: (bg > 0).then_some(Color::Indexed(bg)),
            add_modifier: if bold { Modifier::BOLD } else { Modifier::empty() },
            ..Style::default()
        })
    }

    #[test]
    fn what_runs_from_right_to_left_keeps_to_itself() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 20, 1));
        let line = Line::from(vec![Span::raw("│ "), Span::raw("עב and"), Span::raw("│ben")]);
        put(&mut buffer, &line, Rect::new(0, 0, 20, 1));
        let symbols: Vec<&str> = (0..12).map(|x| buffer[(x, 0)].symbol()).collect();
        assert_eq!(symbols.concat(), "│ \u{2068}עב and\u{2069}│ben");
        assert_eq!(buffer[(8, 0)].symbol(), "│", "no cell has moved");
        let mut narrow = Buffer::empty(Rect::new(0, 0, 4, 1));
        put(&mut narrow, &line, Rect::new(0, 0, 4, 1));
        assert_eq!((narrow[(2, 0)].symbol(), narrow[(3, 0)].symbol()), ("\u{2068}ע", "ב\u{2069}"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3000))]
        #[test]
        fn a_row_is_what_the_library_draws(
            spans in prop::collection::vec(("[ -~─-╿]{0,12}|[a│漢é\u{301}👩‍👧·]{0,6}", style()), 0..5),
            whole in style(),
            (x, y, width) in (0..12_u16, 0..3_u16, 0..30_u16),
        ) {
            let spans: Vec<Span<'_>> = spans.into_iter().map(|(text, style)| Span::styled(text, style)).collect();
            let line = Line::from(spans).style(whole);
            let area = Rect { x, y, width, height: 2 };
            let (mut ours, mut theirs) = (Buffer::empty(Rect::new(0, 0, 20, 3)), Buffer::empty(Rect::new(0, 0, 20, 3)));
            put(&mut ours, &line, area);
            line.render(area, &mut theirs);
            prop_assert_eq!(ours, theirs);
        }
    }
}
