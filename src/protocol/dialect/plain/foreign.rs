//! Towards a server that speaks only plain text and promises nothing: how a client writes its lines, and what it makes
//! of what comes back. When a line counts as delivered, and that it is never resent, is the client's business.

use crate::protocol::names::Nick;
use crate::protocol::text::Text;

/// What a server puts before a line it has taken.
const RECEIVED: &str = "Received ";

/// What somebody says as the frame it goes out in.
pub fn line(name: &Nick, text: &Text) -> String {
    format!("{name}: {text}")
}

/// Whether this frame gives back exactly the line we sent: as a receipt, or as the line itself from a server that tells
/// everybody everything.
pub fn gives_back(frame: &str, line: &str) -> bool {
    frame == line || frame.strip_prefix(RECEIVED) == Some(line)
}

/// What a frame says and who says it: the author before the first `: ` when that is a name, else nobody we know.
pub fn heard(frame: &str) -> (Option<Nick>, Text) {
    let authored = frame.split_once(": ").and_then(|(name, text)| Some((Nick::parse(name).ok()?, text)));
    match authored {
        Some((name, text)) => (Some(name), Text::clean(text)),
        None => (None, Text::clean(frame)),
    }
}
