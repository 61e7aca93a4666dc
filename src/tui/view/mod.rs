//! The picture: every view takes `&App` and changes nothing. What is where comes from `layout`, how it looks from the theme.

pub mod entry;
pub mod links;
pub mod messages;
mod panes;
mod popups;
mod row;

use ratatui::Frame;

use super::app::App;
use links::Links;

/// Draws the whole screen, and says what on it leads somewhere.
pub fn draw(frame: &mut Frame<'_>, app: &App) -> Links {
    let areas = app.areas();
    panes::title(frame, app, &areas);
    panes::rules(frame, app, &areas);
    panes::rooms(frame, app, &areas);
    panes::topic(frame, app, &areas);
    let links = messages::draw(frame, app, areas.messages);
    panes::people(frame, app, &areas);
    panes::composer(frame, app, &areas);
    panes::status(frame, app, &areas);
    popups::draw(frame, app, &areas);
    // What lies over the messages leads nowhere.
    if app.has_popup() || app.completing().is_some() { Links::default() } else { links }
}

/// How many lines a list of this title has on a screen of this size, so that scrolling it ends.
pub fn list_rows(title: &str, lines: &[String], size: (u16, u16)) -> usize {
    popups::list_rows(title, lines, size.0).1.len()
}
