//! Invitations to a host: what one opens, how long, and how its link is written. Who may make one and what it lets in is
//! the hub's business; a link is read by `client::address`.

use sha2::{Digest, Sha256};

use super::entry::Timestamp;
use super::fingerprint::Fingerprint;
use super::names::{Nick, RoomName};
use super::secret::Token;

/// What is told of an invitation: all but what opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// What it is called by in lists; never given twice by a host.
    pub number: u32,
    /// The room it leads to; the default room when `None`.
    pub room: Option<RoomName>,
    /// Who made it, by the name of then.
    pub by: Nick,
    /// When.
    pub made: Timestamp,
    /// From then on it opens nothing; `None`: never.
    pub until: Option<Timestamp>,
    /// It is used up by the first who comes in.
    pub once: bool,
    /// How many came in by it.
    pub used: u32,
    /// It was taken back.
    pub revoked: bool,
}

/// Whether an invitation opens, and why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It does.
    Open,
    /// Somebody came in by it.
    Used,
    /// Its time is over.
    Expired,
    /// It was taken back.
    Revoked,
}

impl State {
    /// In a word.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Open => "open",
            State::Used => "used",
            State::Expired => "expired",
            State::Revoked => "revoked",
        }
    }
}

impl Invitation {
    /// Whether it opens now.
    pub fn state(&self, now: Timestamp) -> State {
        if self.revoked {
            State::Revoked
        } else if self.once && self.used > 0 {
            State::Used
        } else if self.until.is_some_and(|until| until <= now) {
            State::Expired
        } else {
            State::Open
        }
    }
}

/// What a host keeps of an invitation: what opens it is kept as a digest, so that whoever reads the file comes in by none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The invitation.
    pub invitation: Invitation,
    /// SHA-256 of its token.
    pub digest: [u8; 32],
}

/// What is kept of a token. It is chance of 128 bits, so nobody finds it again from that, however fast they hash.
pub fn digest(token: &Token) -> [u8; 32] {
    Sha256::digest(token.as_str()).into()
}

/// The link of an invitation: what follows `#` is never sent to a server by a browser. `page` is the host's own address,
/// `https://host:port`, without a slash at the end.
pub fn link(page: &str, room: Option<&RoomName>, token: &Token, print: Option<Fingerprint>) -> String {
    let room = room.map(RoomName::as_str).unwrap_or_default();
    let print = print.map(|print| format!("&f={print}")).unwrap_or_default();
    format!("{page}/#{room}?k={}{print}", token.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_one_opens() {
        let mut one = Invitation {
            number: 1,
            room: None,
            by: Nick::parse("ann").expect("a name"),
            made: Timestamp(0),
            until: Some(Timestamp(10)),
            once: false,
            used: 3,
            revoked: false,
        };
        assert_eq!((one.state(Timestamp(9)), one.state(Timestamp(10))), (State::Open, State::Expired));
        one.once = true;
        assert_eq!(one.state(Timestamp(9)), State::Used);
        one.revoked = true;
        assert_eq!(one.state(Timestamp(9)), State::Revoked);
    }

    #[test]
    fn a_link_says_it_all_behind_the_hash() {
        let token = Token::parse("abc").expect("a token");
        let room = RoomName::parse("dev").expect("a room");
        let print = Fingerprint::of(b"x");
        let whole = link("https://h:1", Some(&room), &token, Some(print));
        assert_eq!(whole, format!("https://h:1/#dev?k=abc&f={print}"));
        assert_eq!(link("http://h:1", None, &token, None), "http://h:1/#?k=abc");
    }
}
