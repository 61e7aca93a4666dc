//! What a client may ask ([`Command`]) and what its answer is recognised by ([`Tag`]). What a host tells is in `event`;
//! who may ask what is the hub's business.

use std::sync::Arc;
use std::time::Duration;

use super::entry::{Emoji, Epoch, Nonce, Seq, Timestamp};
use super::memo::Memo;
use super::names::{Nick, RoomName, Target};
use super::person::Proof;
use super::rights::{Change, Order};
use super::search::Query;
use super::secret::{Password, Token};
use super::text::Text;

/// What a client asks of a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Come in, under this name; with a proof as its owner, without one as a guest.
    Enter {
        /// The name asked for; a guest may leave it to the host.
        name: Option<Nick>,
        /// Key and signature.
        proof: Option<Proof>,
        /// What program this is, for the host's log.
        client: Option<Text>,
        /// What lets it in where that is asked for, or makes it the owner of a host that has none.
        invite: Option<Token>,
        /// Whether it is a program that others are to know as one; of somebody known, as before when `None`.
        bot: Option<bool>,
    },
    /// A raw client's first line told its name: a guest takes it, or the nearest free one.
    Introduce {
        /// The name wished for.
        name: Nick,
    },
    /// Become a member of a room, which is made when it is not there.
    Join {
        /// Which.
        room: RoomName,
        /// What its door asks for, if it does.
        password: Option<Password>,
    },
    /// Stop being a member.
    Leave {
        /// Which.
        room: RoomName,
    },
    /// Say something.
    Say {
        /// Where.
        to: Target,
        /// The words.
        text: Text,
        /// In the third person.
        me: bool,
        /// The entry it answers.
        reply_to: Option<Seq>,
        /// What the line is recognised by.
        nonce: Option<Nonce>,
    },
    /// Change what one said.
    Edit {
        /// Where.
        to: Target,
        /// The Said entry.
        of: Seq,
        /// The words from now on.
        text: Text,
        /// What the change is recognised by.
        nonce: Option<Nonce>,
    },
    /// Take back what one said.
    Delete {
        /// Where.
        to: Target,
        /// The Said entry.
        of: Seq,
        /// What the deletion is recognised by.
        nonce: Option<Nonce>,
    },
    /// React to an entry, or take the reaction back.
    React {
        /// Where.
        to: Target,
        /// The Said entry.
        of: Seq,
        /// With what.
        emoji: Emoji,
        /// `false` takes it back.
        on: bool,
        /// What it is recognised by.
        nonce: Option<Nonce>,
    },
    /// Set a room's topic.
    Topic {
        /// Which room.
        room: RoomName,
        /// The topic; empty clears it.
        text: Text,
        /// What it is recognised by.
        nonce: Option<Nonce>,
    },
    /// Go on hearing: live from each conversation's head on. Answered with how every conversation stands.
    Resume {
        /// What this client already has.
        cursors: Vec<Cursor>,
    },
    /// A stretch of history: at most `limit` entries.
    Page {
        /// Whose history.
        to: Target,
        /// Where it ends.
        end: PageEnd,
        /// Entries at most; the host's own limit when `None` or more.
        limit: Option<u32>,
    },
    /// Messages that have something, the newest first.
    Search {
        /// Where; in all one's conversations when `None`.
        to: Option<Target>,
        /// What they have.
        query: Query,
        /// Messages at most; the host's own limit when `None` or more.
        limit: Option<u32>,
    },
    /// This far was read.
    Read {
        /// Where.
        to: Target,
        /// The last seq seen.
        seq: Seq,
    },
    /// This screen's person went away, or is back. Away is who is away on every screen.
    Away {
        /// Which.
        away: bool,
    },
    /// This person is writing there. Not kept, and told to those who listen; nothing answers it.
    Typing {
        /// Where.
        to: Target,
    },
    /// Which rooms are there?
    Rooms,
    /// Who is there?
    Who {
        /// A room's members; everybody online when `None`.
        room: Option<RoomName>,
    },
    /// Call me otherwise.
    Rename {
        /// The name wished for.
        name: Nick,
    },
    /// Make an invitation to the host.
    Invite {
        /// To this room.
        room: Option<RoomName>,
        /// For one person.
        once: bool,
        /// For so long; for good when `None`.
        lasts: Option<Duration>,
    },
    /// Which invitations are there?
    Invites,
    /// Take an invitation back.
    Uninvite {
        /// By its number.
        number: u32,
    },
    /// Make a webhook: an address by which programs speak in a room.
    HookAdd {
        /// In which room.
        room: RoomName,
        /// What it is called there; the host finds a name when `None`.
        name: Option<Nick>,
    },
    /// Which webhooks are there?
    Hooks,
    /// Take a webhook back.
    HookRemove {
        /// By its number.
        number: u32,
    },
    /// Do something to somebody, to keep order.
    Moderate(Order),
    /// Set a room otherwise.
    RoomSet {
        /// Which.
        room: RoomName,
        /// How.
        change: Change,
    },
    /// Make an end of a room and all that was said in it.
    RoomDelete {
        /// Which.
        room: RoomName,
    },
    /// Let somebody into a private room.
    RoomInvite {
        /// Which.
        room: RoomName,
        /// Whom.
        name: Nick,
    },
    /// Who may not come, or not speak?
    Bans {
        /// In this room; on the host when `None`.
        room: Option<RoomName>,
    },
    /// Who did what to keep order?
    Audit {
        /// Lines at most; the host's own limit when `None` or more.
        limit: Option<u32>,
    },
    /// Put something down for this person's other screens; blank takes it away.
    Memo(Memo),
    /// What was put down?
    Memos,
    /// Make a link by which another device becomes this person's.
    AddDevice,
    /// Which devices are there?
    Devices,
    /// Take a device away.
    RemoveDevice {
        /// By its number in the list.
        number: u32,
    },
    /// Goodbye; the host closes.
    Bye,
}

impl Command {
    /// The nonce a command carries, if its kind has one.
    pub fn nonce(&self) -> Option<Nonce> {
        match self {
            Command::Say { nonce, .. }
            | Command::Edit { nonce, .. }
            | Command::Delete { nonce, .. }
            | Command::React { nonce, .. }
            | Command::Topic { nonce, .. } => *nonce,
            _ => None,
        }
    }
}

/// Where a stretch of history ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageEnd {
    /// With the newest entry.
    Newest,
    /// Before this seq.
    Before(Seq),
    /// So that what was said at this time, or next after it, stands in its middle.
    Around(Timestamp),
}

/// How far a client has a conversation: it wants what comes after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Which conversation.
    pub to: Target,
    /// The epoch its numbers belong to.
    pub epoch: Epoch,
    /// The last seq it has.
    pub after: Seq,
}

/// What the one who asked recognises the answer by. It belongs to the connection: others never see it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Tag {
    /// It does not need to.
    #[default]
    None,
    /// The `id` of a `wschat.v1` command, given back in its answer.
    Id(u64),
    /// A raw client's whole frame, given back as `Received <frame>` once it is stored.
    Line(Arc<str>),
}

impl Tag {
    /// The id of a `wschat.v1` command.
    pub fn id(&self) -> Option<u64> {
        match self {
            Tag::Id(id) => Some(*id),
            _ => None,
        }
    }
}
