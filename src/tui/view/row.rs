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
        }
        x = x.saturating_add(columns.try_into().unwrap_or(u16::MAX));
    }
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
