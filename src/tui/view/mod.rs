//! The picture: every view takes `&App` and changes nothing. What is where comes from `layout`, how it looks from the theme.

mod card;
pub mod entry;
mod find;
pub mod messages;
mod panes;
mod popups;
pub mod row;

use ratatui::Frame;

use super::app::App;
use super::links::Links;

/// Draws the whole screen, leading nowhere.
pub fn draw(frame: &mut Frame<'_>, app: &App) {
    draw_linked(frame, app, &mut Links::new(false));
}

/// Draws the whole screen, and marks the cells that lead somewhere.
pub fn draw_linked(frame: &mut Frame<'_>, app: &App, links: &mut Links) {
    links.begin();
    let areas = app.areas();
    if app.bare() {
        return messages::draw(frame, app, areas.messages, links);
    }
    panes::title(frame, app, &areas);
    panes::rules(frame, app, &areas);
    panes::rooms(frame, app, &areas);
    panes::topic(frame, app, &areas);
    messages::draw(frame, app, areas.messages, links);
    panes::people(frame, app, &areas);
    panes::composer(frame, app, &areas);
    panes::status(frame, app, &areas);
    popups::draw(frame, app, &areas);
}

/// Columns of a conversation's tab.
pub fn tab_width(talk: &crate::client::chat::Talk) -> usize {
    super::wrap::width(&panes::tab(talk))
}

/// How many lines a list of this title has on a screen of this size, so that scrolling it ends.
pub fn list_rows(title: &str, lines: &[String], size: (u16, u16)) -> usize {
    popups::list_rows(title, lines, size.0).1.len()
}
