//! Where everything goes, from the size of the screen alone: three panes, two, or one with tabs. Pure, so that drawing and
//! scrolling agree.

use ratatui::layout::Rect;

/// From here on there is room for people beside the rooms and the messages.
const WIDE: u16 = 100;
/// Up to here there is one pane, and rooms are a line of tabs.
const NARROW: u16 = 50;

/// The regions of a screen; those that fold away are empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Areas {
    /// Name of the host, or tabs.
    pub title: Rect,
    /// Under the title.
    pub rule_top: Rect,
    /// Room list.
    pub rooms: Rect,
    /// Between rooms and messages.
    pub bar_left: Rect,
    /// Topic of the room.
    pub topic: Rect,
    /// What was said.
    pub messages: Rect,
    /// Between messages and people.
    pub bar_right: Rect,
    /// People.
    pub people: Rect,
    /// Over the composer.
    pub rule_bottom: Rect,
    /// What is being written.
    pub composer: Rect,
    /// Hints.
    pub status: Rect,
    /// Whether rooms are tabs.
    pub tabs: bool,
}

/// What the person wants to see.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    /// The room list.
    pub rooms: bool,
    /// The list of people; `None` is when there is room.
    pub people: Option<bool>,
    /// Columns of the room list.
    pub rooms_width: u16,
    /// Columns of the list of people.
    pub people_width: u16,
    /// Lines the composer would like.
    pub composer: u16,
}

/// Where everything goes.
pub fn areas(size: Rect, wish: Wish) -> Areas {
    let (w, h) = (size.width, size.height);
    let row = |y: u16, height: u16| Rect { x: size.x, y: size.y + y, width: w, height };
    let tabs = w <= NARROW;
    let title = u16::from(h >= 6);
    let rules = u16::from(h >= 8);
    let status = u16::from(h >= 5);
    let most = (h / 3).max(1);
    let composer = wish.composer.clamp(1, most).min(h.saturating_sub(title + rules * 2 + status).max(1));
    let top = title + rules;
    let body = h.saturating_sub(top + rules + composer + status);
    let y = top + body;
    let mut areas = Areas { tabs, title: row(0, title), rule_top: row(title, rules), ..Areas::default() };
    areas.rule_bottom = row(y, rules.min(h.saturating_sub(y)));
    areas.composer = row(y + rules, composer.min(h.saturating_sub(y + rules)));
    areas.status = row(y + rules + composer, status.min(h.saturating_sub(y + rules + composer)));
    let mut middle = row(top, body);
    if !tabs && wish.rooms {
        let width = if w >= WIDE { wish.rooms_width } else { wish.rooms_width.min(14) };
        let width = width.min(w / 3);
        areas.rooms = Rect { width, ..middle };
        areas.bar_left = Rect { x: middle.x + width, width: 1, ..middle };
        middle = Rect { x: middle.x + width + 1, width: middle.width.saturating_sub(width + 1), ..middle };
    }
    if !tabs && wish.people.unwrap_or(w >= WIDE) {
        let width = wish.people_width.min(w / 4);
        middle.width = middle.width.saturating_sub(width + 1);
        areas.bar_right = Rect { x: middle.x + middle.width, width: 1, ..middle };
        areas.people = Rect { x: middle.x + middle.width + 1, width, ..middle };
    }
    let topic = u16::from(!tabs && middle.height >= 4);
    areas.topic = Rect { height: topic, ..middle };
    areas.messages = Rect { y: middle.y + topic, height: middle.height - topic, ..middle };
    areas
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_has_a_layout_inside_itself() {
        for w in 0..130 {
            for h in 0..45 {
                for composer in [1, 3, 40] {
                    let wish = Wish { rooms: true, people: Some(true), rooms_width: 18, people_width: 17, composer };
                    let size = Rect::new(0, 0, w, h);
                    let a = areas(size, wish);
                    let all = [
                        a.title,
                        a.rule_top,
                        a.rooms,
                        a.topic,
                        a.messages,
                        a.people,
                        a.rule_bottom,
                        a.composer,
                        a.status,
                    ];
                    for area in all.iter().filter(|area| !area.is_empty()) {
                        assert_eq!(area.intersection(size), *area, "{w}x{h} {a:?}");
                    }
                    if w >= 20 && h >= 5 {
                        assert!(
                            a.messages.height >= 1 && a.messages.width >= 10 && a.composer.height >= 1,
                            "{w}x{h} {a:?}"
                        );
                    }
                }
            }
        }
    }
}
