//! How much of an answer fits into a frame, by estimate; the same for every store, so that they answer alike.

use super::SearchAsk;
use crate::protocol::entry::{Shown, ShownWhat};
use crate::protocol::search::Found;

/// About how many bytes an entry takes in a frame: JSON around it, ids in hex, and text that may need escapes.
pub fn weight(shown: &Shown) -> usize {
    let text = match &shown.what {
        ShownWhat::Said { text, reactions, .. } => {
            let named: usize = reactions.iter().map(|reaction| 60 + reaction.by.len() * 120).sum();
            text.as_ref().map_or(0, |text| text.as_str().len() + text.as_str().matches(['\n', '\t', '"', '\\']).count())
                + named
        }
        ShownWhat::Topic { text } => text.as_str().len(),
    };
    300 + text + shown.mentions.len() * 36
}

/// Leaves the newest of what was found in several logs, as many as are asked for and fit, one at least.
pub fn newest(found: &mut Found, ask: &SearchAsk) {
    found.hits.sort_by_key(|hit| std::cmp::Reverse(hit.shown.at));
    let weights = found.hits.iter().take(ask.limit.max(1) as usize).scan(0, |bytes, hit| {
        *bytes += weight(&hit.shown);
        Some(*bytes)
    });
    let room = weights.take_while(|bytes| ask.bytes == 0 || *bytes <= ask.bytes).count();
    let room = room.max(1).min(found.hits.len());
    found.more |= room < found.hits.len();
    found.hits.truncate(room);
}
