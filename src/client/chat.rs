//! What a client knows and decides: who it is, where it is, what was said and what it has still to say. One verb,
//! [`Chat::handle`]; the wire, the disk and the time are the shell's. What is on a screen is the terminal's.

mod look;
mod others;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Duration;

use super::address::{is_this_machine, split_port};
use super::outbox::Record;
use super::timeline::Timeline;
use super::trust::Distrust;
use crate::protocol::command::{Command, Cursor};
use crate::protocol::dialect::{Dialect, plain::foreign};
use crate::protocol::entry::{Author, Conversation, Entry, Epoch, Nonce, PersonId, Seq, Timestamp, What};
use crate::protocol::event::{Code, Device, Event, Member, Peer, Place, Refusal, RoomInfo};
use crate::protocol::hook::Hook;
use crate::protocol::invite::Invitation;
use crate::protocol::memo::{Memo, MemoName};
use crate::protocol::names::{Nick, RoomName, Target};
use crate::protocol::rights::{self as order, Change, Order, Role, RoomSettings};
use crate::protocol::search::{Hit, Query};
use crate::protocol::secret::{Password, ShortCode};
use crate::protocol::text::Text;

/// The time, handed in; `wall` only stamps lines of servers that stamp none.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// Monotonic.
    pub up: Duration,
    /// The clock on the wall.
    pub wall: Timestamp,
}

/// How long an ack may take before the connection counts as dead, unless [`Chat::set_patience`] says otherwise.
const ACK_WITHIN: Duration = Duration::from_secs(10);

/// At most two read positions a second and conversation: reading must not cost the host a sync each line.
const SEEN_EVERY: Duration = Duration::from_millis(500);

/// Entries asked for at once.
const PAGE: u32 = 100;

/// What may be asked for before one is in for it to be done then: a person who types while the program starts.
const EARLY: usize = 16;

/// How long a refused page is left alone.
const PAGE_AGAIN: Duration = Duration::from_secs(2);

/// What came over the wire.
#[derive(Clone, Debug)]
pub enum LinkEvent {
    /// Dialling.
    Dialling,
    /// Connected.
    Up {
        /// What is spoken.
        dialect: Dialect,
        /// Whether it is encrypted.
        secure: bool,
    },
    /// The host is not trusted, and nothing was said to it.
    Distrusted(Distrust),
    /// The host told this.
    Heard(Event),
    /// A server that speaks only plain text said this.
    Line(String),
    /// The host answered the command with this id.
    Answered(u64, Event),
    /// An answer took this long.
    Latency(Duration),
    /// Not connected; when the next try comes (`None`: only when asked).
    Down {
        /// In plain words.
        why: String,
        /// On the clock of [`Now::up`].
        retry_at: Option<Duration>,
    },
}

/// What the person wants.
#[derive(Clone, Debug)]
pub enum Ask {
    /// Be called so (before one is in).
    EnterAs(Nick),
    /// Say a line that the outbox has kept.
    Say(Record),
    /// Say it when this time has passed, unless it is taken back.
    SayLater(Record, Duration),
    /// Say a failed line again.
    Retry(Nonce),
    /// Give a failed line up.
    Discard(Nonce),
    /// Go to a room, with this password if its door asks for one.
    Join(RoomName, Option<Password>),
    /// Leave it.
    Leave(RoomName),
    /// Make an invitation to the host.
    Invite {
        /// To this room.
        room: Option<RoomName>,
        /// For one person.
        once: bool,
        /// For so long.
        lasts: Option<Duration>,
    },
    /// Which are there?
    Invites,
    /// Take one back.
    Uninvite(u32),
    /// Make a webhook for a room, under this name.
    Hook(RoomName, Option<Nick>),
    /// Which webhooks are there?
    Hooks,
    /// Take a webhook back.
    Unhook(u32),
    /// Make a link for another device.
    AddDevice,
    /// Put this down for one's other screens; blank takes it away.
    Memo(MemoName, String),
    /// Which are there?
    Devices,
    /// Take one away.
    RemoveDevice(u32),
    /// Take a direct conversation off the list; the next line in it brings it back.
    Hide(Target),
    /// Set its topic.
    Topic(RoomName, Text),
    /// Be called otherwise.
    Rename(Nick),
    /// Do something to somebody, to keep order.
    Order(Order),
    /// Set a room otherwise.
    SetRoom(RoomName, Change),
    /// Make an end of a room.
    DeleteRoom(RoomName),
    /// Let somebody into a private room.
    InviteTo(RoomName, Nick),
    /// Who may not come, or not speak, in this room, or on the host?
    Bans(Option<RoomName>),
    /// Who did what to keep order?
    Audit(Option<u32>),
    /// List rooms.
    Rooms,
    /// List people.
    Who(Option<RoomName>),
    /// This conversation is on the screen now.
    Look(Target),
    /// Older history of it is wanted.
    Older(Target),
    /// What follows the stretch that was jumped to is wanted.
    Newer(Target),
    /// What stands at this place is wanted, wherever that is in the log.
    Around(Target, Spot),
    /// Back to the end of the log: the stretch that was jumped to is not needed any more.
    Back(Target),
    /// Look for something, there or everywhere.
    Search(Option<Target>, Query),
    /// One is away, or back.
    Away(bool),
    /// One is writing there.
    Typing(Target),
    /// It was read up to here.
    Seen(Target, Seq),
    /// The end: what was read and not told yet is told, then goodbye.
    Bye,
}

/// A place in a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spot {
    /// This entry.
    Seq(Seq),
    /// What was said at this time, or next after it.
    Time(Timestamp),
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// On the wire.
    Link(LinkEvent),
    /// At the keyboard.
    Ask(Ask),
    /// The time of [`Chat::wake_at`] has come.
    Woke,
}

/// What is to be done.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Put this on the wire.
    Send(u64, Command),
    /// Enter under this name; the wire signs.
    Enter(u64, Nick),
    /// Put this line on the wire, to a server that speaks only plain text.
    Line(String),
    /// This line is settled; the outbox may forget it.
    Forget(Nonce),
    /// The host keeps nothing: the outbox must not either.
    Ephemeral,
    /// The connection is dead; dial again.
    Redial,
    /// One is called so now: the key is this name's too.
    Renamed(Nick, Nick),
    /// Tell the person.
    Note(Note),
}

/// Something to tell the person once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// Something did not work.
    No(String),
    /// The host may not be the one that is meant.
    Distrusted(Distrust),
    /// An invitation was made; all that is needed to come in.
    Invitation(Invitation, String, Option<ShortCode>),
    /// The invitations there are.
    Invitations(Vec<Invitation>),
    /// A webhook was made; its address is shown this once.
    Hook(Hook, String),
    /// The webhooks one may take back.
    Hooks(Vec<Hook>),
    /// By this link another device becomes this person's, until then.
    DeviceLink(String, Option<ShortCode>, Timestamp),
    /// These are there, with their keys.
    Met(Vec<Member>),
    /// What one's screens put down: all of it when `true`, else what another one has changed.
    Memos(Vec<Memo>, bool),
    /// One's devices; whether one asked for them.
    Devices(Vec<Device>, bool),
    /// Something worth a line.
    Info(String),
    /// One is a member of this room now: go there.
    Went(Target),
    /// One is no member any more.
    Gone(Target),
    /// The rooms there are.
    Rooms(Vec<RoomInfo>),
    /// The people there are.
    People(Option<RoomName>, Vec<Member>),
    /// What was looked for last.
    Found(Vec<(Target, Hit)>, bool),
    /// Who may not come, or not speak, there; whether there are more.
    Bans(Option<RoomName>, Vec<order::Barred>, bool),
    /// Who did what to keep order, the newest last.
    Audit(Vec<order::Record>),
    /// It could not be looked for, and why.
    NotFound(String),
    /// This is what stands at the place that was asked for; `None` when nothing does.
    Around(Target, Option<Seq>),
    /// Somebody else said a line; whether it means this person.
    Line(Target, Seq, bool),
}

/// How the client stands to its host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// Dialling, or saying hello.
    Connecting,
    /// The host waits for a name; why the last was refused.
    NeedsName(Option<Refusal>),
    /// In.
    Online,
    /// Cut off.
    Offline {
        /// In plain words.
        why: String,
        /// When it is tried again; `None`: only when asked.
        retry_at: Option<Duration>,
    },
}

/// How far a line of one's own is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Kept, not sent yet.
    Queued,
    /// Not to be sent before this time.
    Held(Duration),
    /// On the wire, at this time.
    Sent(Duration),
    /// Refused for now; tried again at this time.
    Later(Duration, String),
    /// Refused.
    Failed(String),
}

/// A line of one's own without an ack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// The line.
    pub record: Record,
    /// How far it is.
    pub state: Delivery,
}

/// One conversation as this client knows it.
#[derive(Clone, Debug)]
pub struct Talk {
    /// What it is called.
    pub to: Target,
    /// The other one of a direct conversation.
    pub peer: Option<Peer>,
    /// Who is writing, until when.
    pub typing: Vec<(Author, Duration)>,
    /// How it is set.
    pub settings: RoomSettings,
    /// What one may do there.
    pub role: Role,
    /// Its topic.
    pub topic: Text,
    /// Last seq of its log.
    pub head: Seq,
    /// Last seq read, on any screen.
    pub read: Seq,
    /// Unread lines.
    pub unread: u32,
    /// Those that mention one.
    pub mentions: u32,
    /// What was said.
    pub timeline: Timeline,
    /// Its people, once asked for.
    pub people: Vec<Member>,
    /// Those of them whose names can be taken for another's here.
    pub alike: Vec<PersonId>,
    /// Members, and those of them who are there, of a room with too many to be told of each.
    pub crowd: Option<(u32, u32)>,
    /// Whether the log began anew under us.
    pub anew: bool,
    epoch: Epoch,
    asked_people: bool,
    older: bool,
    newer: bool,
    /// A seq of the stretch that was jumped to: the hole above it is filled only on the way through.
    apart: Option<Seq>,
    spot: Option<Spot>,
    asked_spot: bool,
    seen: Option<Seq>,
    seen_at: Option<Duration>,
}

/// The mind of a client.
#[derive(Debug)]
pub struct Chat {
    run: [u8; 16],
    counter: u64,
    next_id: u64,
    name: Option<Nick>,
    /// The host did not take that name, or asks for an invitation: it is not asked again before the person has answered.
    refused_entry: bool,
    me: Option<Author>,
    server: Text,
    dialect: Dialect,
    secure: bool,
    asked_devices: bool,
    status: Status,
    ephemeral: bool,
    talks: Vec<Talk>,
    pending: Vec<Pending>,
    wanted: Vec<RoomName>,
    /// Asked for by this screen: it goes there. What another screen of the same person joins only appears.
    joining: Vec<RoomName>,
    /// A private room is being made, whose name the host may change.
    making: bool,
    /// A room one is put out of, and the words of it; that one has left it comes next.
    put_out: Option<(Target, String)>,
    role: Role,
    text_bytes: usize,
    ack_within: Duration,
    scrollback: usize,
    here: Option<Target>,
    page: Option<(u64, Target)>,
    /// Not before this: a page was refused (the host is busy).
    page_after: Duration,
    /// Asked for while the host was being dialled.
    early: Vec<Ask>,
    latency: Option<Duration>,
    live: bool,
    features: Vec<&'static str>,
    away: bool,
    away_said: bool,
    told_typing: Option<(Target, Duration)>,
    search: look::Search,
    address: String,
    effects: Vec<Effect>,
}

impl Chat {
    /// A client of the host at `address`, called `name` if it is known, that goes to these rooms. `run` is 128 random bits:
    /// nonces are made of it.
    pub fn new(run: [u8; 16], address: String, name: Option<Nick>, rooms: Vec<RoomName>) -> Chat {
        Chat {
            run,
            counter: 0,
            next_id: 0,
            name,
            refused_entry: false,
            me: None,
            server: Text::clean(""),
            dialect: Dialect::V1,
            secure: false,
            asked_devices: false,
            status: Status::Connecting,
            ephemeral: false,
            talks: Vec::new(),
            pending: Vec::new(),
            wanted: rooms,
            joining: Vec::new(),
            making: false,
            put_out: None,
            role: Role::Member,
            text_bytes: 0,
            ack_within: ACK_WITHIN,
            scrollback: usize::MAX,
            here: None,
            page: None,
            page_after: Duration::ZERO,
            early: Vec::new(),
            latency: None,
            live: false,
            features: Vec::new(),
            away: false,
            away_said: false,
            told_typing: None,
            search: look::Search::default(),
            address,
            effects: Vec::new(),
        }
    }

    /// How long an ack may take before the connection counts as dead.
    pub fn set_patience(&mut self, ack_within: Duration) {
        self.ack_within = if ack_within.is_zero() { Duration::MAX } else { ack_within };
    }

    /// How many messages of one conversation are kept in memory.
    pub fn set_scrollback(&mut self, most: usize) {
        self.scrollback = most.max(1);
    }

    /// What the outbox had left of earlier runs; said again in this order.
    pub fn adopt(&mut self, records: Vec<Record>) {
        self.pending.extend(records.into_iter().map(|record| Pending { record, state: Delivery::Queued }));
    }

    /// A line with a nonce of its own. The outbox keeps it, then [`Ask::Say`] says it.
    pub fn draft(&mut self, to: Target, text: Text, me: bool) -> Record {
        self.record(to, What::Said { text, me, reply_to: None })
    }

    /// The same for anything that goes into a log: an answer, an edit, a deletion, a reaction.
    pub fn record(&mut self, to: Target, what: What) -> Record {
        self.counter += 1;
        let mut nonce = self.run;
        for (byte, count) in nonce[8..].iter_mut().zip(self.counter.to_le_bytes()) {
            *byte ^= count;
        }
        Record { nonce: Nonce(nonce), to, what }
    }

    /// Takes in one thing that happened and says what is to be done, in order.
    pub fn handle(&mut self, now: Now, input: Input) -> Vec<Effect> {
        match input {
            Input::Link(event) => self.link(now, event),
            Input::Ask(ask) => self.ask(now, ask),
            Input::Woke => {}
        }
        self.stop_typing(now);
        self.due(now);
        self.look_again(now.up);
        self.fetch(now);
        std::mem::take(&mut self.effects)
    }

    /// When the chat wants an [`Input::Woke`].
    pub fn wake_at(&self) -> Option<Duration> {
        let acks = self.pending.iter().filter_map(|pending| match pending.state {
            Delivery::Sent(at) if self.dialect == Dialect::V1 && self.live => at.checked_add(self.ack_within),
            Delivery::Later(at, _) if self.live => Some(at),
            Delivery::Held(at) => Some(at),
            _ => None,
        });
        let seen = self.talks.iter().filter(|talk| self.live && talk.seen.is_some());
        let seen = seen.map(|talk| talk.seen_at.map_or(Duration::ZERO, |at| at + SEEN_EVERY));
        let page = Some(self.page_after).filter(|at| self.live && *at > Duration::ZERO);
        let typing = self.talks.iter().flat_map(|talk| talk.typing.iter().map(|(_, until)| *until));
        let search = self.search.again_at().filter(|_| self.live);
        acks.chain(seen).chain(page).chain(typing).chain(search).min()
    }

    /// Who one is, once in.
    pub fn me(&self) -> Option<&Author> {
        self.me.as_ref()
    }

    /// Whether somebody on the way could read and change what is said: it is neither encrypted nor within this machine.
    pub fn in_the_clear(&self) -> bool {
        let host = split_port(&self.address).map_or(self.address.as_str(), |(host, _)| host);
        !self.secure && self.me.is_some() && !is_this_machine(host)
    }

    /// Whether what is said is encrypted on its way.
    pub fn secure(&self) -> bool {
        self.secure
    }

    /// `host:port`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The name that one asked for, or has.
    pub fn asked_name(&self) -> Option<&Nick> {
        self.name.as_ref()
    }

    /// How it stands.
    pub fn status(&self) -> &Status {
        &self.status
    }

    /// What the host calls itself.
    pub fn server(&self) -> &Text {
        &self.server
    }

    /// What is spoken.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// What one may do on the host.
    pub fn role(&self) -> Role {
        self.role
    }

    /// Whether the host forgets everything when it stops.
    pub fn ephemeral(&self) -> bool {
        self.ephemeral
    }

    /// Bytes a text may have at this host; 0 when it sets no limit.
    pub fn text_bytes(&self) -> usize {
        self.text_bytes
    }

    /// How long the last answer took.
    pub fn latency(&self) -> Option<Duration> {
        self.latency
    }

    /// All conversations: rooms first, then people.
    pub fn talks(&self) -> &[Talk] {
        &self.talks
    }

    /// One of them.
    pub fn talk(&self, to: &Target) -> Option<&Talk> {
        self.talks.iter().find(|talk| talk.to == *to)
    }

    /// One's own lines in a conversation that have no ack.
    pub fn pending<'a>(&'a self, to: &'a Target) -> impl Iterator<Item = &'a Pending> {
        self.pending.iter().filter(move |pending| pending.record.to == *to)
    }

    /// Everybody's name that this client has met, for completion.
    pub fn names(&self) -> Vec<Nick> {
        let mut names: Vec<Nick> =
            self.talks.iter().flat_map(|talk| talk.people.iter().map(|member| member.who.name.clone())).collect();
        names.extend(self.talks.iter().filter_map(|talk| match &talk.to {
            Target::Direct(nick) => Some(nick.clone()),
            Target::Room(_) => None,
        }));
        names.sort();
        names.dedup();
        names
    }

    fn send(&mut self, command: Command) -> u64 {
        self.next_id += 1;
        self.effects.push(Effect::Send(self.next_id, command));
        self.next_id
    }

    fn note(&mut self, note: Note) {
        self.effects.push(Effect::Note(note));
    }

    /// The people of a conversation, or their names, are others now.
    fn look_alike(&mut self) {
        for talk in &mut self.talks {
            talk.alike = others::alike(&talk.people);
        }
    }

    fn talk_mut(&mut self, to: &Target) -> Option<&mut Talk> {
        self.talks.iter_mut().find(|talk| talk.to == *to)
    }

    fn ask(&mut self, now: Now, ask: Ask) {
        match ask {
            Ask::EnterAs(name) => {
                self.name = Some(name.clone());
                self.refused_entry = false;
                match (&self.status, self.dialect) {
                    (Status::NeedsName(_), Dialect::Plain) => self.begin_plain(now, name),
                    (Status::NeedsName(_), Dialect::V1) => self.enter(name),
                    _ => {}
                }
            }
            Ask::Say(record) => {
                // Others take one for done with writing now: the next key is news again.
                self.told_typing = None;
                self.pending.push(Pending { record, state: Delivery::Queued });
                self.send_pending(now);
            }
            Ask::SayLater(record, wait) => {
                self.pending.push(Pending { record, state: Delivery::Held(now.up + wait) });
            }
            Ask::Retry(nonce) => {
                if let Some(pending) = self.pending.iter_mut().find(|pending| pending.record.nonce == nonce) {
                    pending.state = Delivery::Queued;
                }
                self.send_pending(now);
            }
            Ask::Discard(nonce) => self.settle(nonce),
            Ask::Look(to) => self.look(to),
            Ask::Older(to) => {
                if let Some(talk) = self.talk_mut(&to) {
                    talk.older = true;
                }
            }
            Ask::Newer(to) => {
                if let Some(talk) = self.talk_mut(&to) {
                    talk.newer = true;
                }
            }
            Ask::Around(to, spot) => self.around(&to, spot),
            Ask::Back(to) => self.back(&to),
            Ask::Search(to, query) => self.look_for(to, query),
            Ask::Away(away) => self.tell_away(away),
            Ask::Typing(to) => self.tell_typing(now, to),
            Ask::Seen(to, seq) => self.seen(&to, seq),
            Ask::Bye => self.bye(now),
            Ask::Hide(to) => {
                self.talks.retain(|talk| talk.to != to);
                self.note(Note::Gone(to));
            }
            ask if !self.live && self.status == Status::Connecting && self.early.len() < EARLY => self.early.push(ask),
            _ if !self.live || self.dialect == Dialect::Plain => {
                let why = if self.live {
                    "this server speaks only plain text; it knows no such thing"
                } else {
                    "not connected"
                };
                self.note(Note::No(why.to_owned()));
            }
            Ask::Join(room, password) => self.join(room, password),
            Ask::Leave(room) => {
                self.send(Command::Leave { room });
            }
            Ask::Invite { room, once, lasts } => {
                self.send(Command::Invite { room, once, lasts });
            }
            Ask::Memo(name, text) => {
                self.send(Command::Memo(Memo { name, text: Text::clean(&text) }));
            }
            Ask::AddDevice => {
                self.send(Command::AddDevice);
            }
            Ask::Devices => {
                self.asked_devices = true;
                self.send(Command::Devices);
            }
            Ask::RemoveDevice(number) => {
                self.send(Command::RemoveDevice { number });
            }
            Ask::Invites => {
                self.send(Command::Invites);
            }
            Ask::Hook(room, name) => {
                self.send(Command::HookAdd { room, name });
            }
            Ask::Hooks => {
                self.send(Command::Hooks);
            }
            Ask::Unhook(number) => {
                self.send(Command::HookRemove { number });
            }
            Ask::Uninvite(number) => {
                self.send(Command::Uninvite { number });
                self.note(Note::Info(format!("invitation {number} is taken back")));
            }
            Ask::Topic(room, text) => {
                self.send(Command::Topic { room, text, nonce: None });
            }
            Ask::Order(order) => {
                self.send(Command::Moderate(order));
            }
            Ask::SetRoom(room, change) => {
                if change.private == Some(true) && self.talk(&Target::Room(room.clone())).is_none() {
                    // It is made, perhaps by another name; whichever comes next is meant.
                    self.making = true;
                }
                self.send(Command::RoomSet { room, change });
            }
            Ask::DeleteRoom(room) => {
                self.send(Command::RoomDelete { room });
            }
            Ask::InviteTo(room, name) => {
                self.send(Command::RoomInvite { room, name });
            }
            Ask::Bans(room) => {
                self.send(Command::Bans { room });
            }
            Ask::Audit(limit) => {
                self.send(Command::Audit { limit });
            }
            Ask::Rename(name) => {
                self.send(Command::Rename { name });
            }
            Ask::Rooms => {
                self.send(Command::Rooms);
            }
            Ask::Who(room) => {
                self.send(Command::Who { room });
            }
        }
    }

    fn bye(&mut self, now: Now) {
        if self.live && self.dialect == Dialect::V1 {
            self.tell_read(now, true);
            self.send(Command::Bye);
        }
    }

    fn join(&mut self, room: RoomName, password: Option<Password>) {
        self.joining.push(room.clone());
        self.send(Command::Join { room, password });
    }

    fn look(&mut self, to: Target) {
        self.here = Some(to.clone());
        if let Target::Direct(_) = &to
            && self.talk(&to).is_none()
        {
            // A direct conversation begins with its first line; until then it is only ours.
            self.talks.push(Talk::new(to.clone(), Epoch([0; 16])));
        }
        let ask = self.live && self.dialect == Dialect::V1;
        let Some(talk) = self.talk_mut(&to) else { return };
        if let (true, false, Target::Room(room)) = (ask, talk.asked_people, &to) {
            talk.asked_people = true;
            let room = Some(room.clone());
            self.send(Command::Who { room });
        }
    }

    fn seen(&mut self, to: &Target, seq: Seq) {
        let me = self.me.as_ref().map(|me| me.person);
        let Some(talk) = self.talk_mut(to).filter(|talk| talk.read < seq) else { return };
        talk.read = seq;
        talk.seen = Some(seq);
        talk.recount(me);
    }

    fn enter(&mut self, name: Nick) {
        self.refused_entry = false;
        self.status = Status::Connecting;
        self.next_id += 1;
        self.effects.push(Effect::Enter(self.next_id, name));
    }

    fn link(&mut self, now: Now, event: LinkEvent) {
        match event {
            LinkEvent::Dialling => {
                self.status = Status::Connecting;
            }
            LinkEvent::Up { dialect, secure } => {
                self.secure = secure;
                self.up(now, dialect);
            }
            LinkEvent::Distrusted(why) => self.note(Note::Distrusted(why)),
            LinkEvent::Heard(event) => self.heard(now, event),
            LinkEvent::Answered(id, Event::Refused(refusal)) if self.search.is(id) => {
                self.look_refused(now.up, refusal)
            }
            LinkEvent::Answered(_, Event::Memos(memos)) => self.note(Note::Memos(memos, true)),
            LinkEvent::Answered(_, event) => self.heard(now, event),
            LinkEvent::Line(line) => self.line(now, &line),
            LinkEvent::Latency(took) => self.latency = Some(took),
            LinkEvent::Down { why, retry_at } => {
                self.live = false;
                self.page = None;
                self.latency = None;
                self.told_typing = None;
                self.not_found("not connected".to_owned());
                for talk in &mut self.talks {
                    talk.typing.clear();
                    talk.asked_spot = false;
                }
                self.wanted.append(&mut self.joining);
                if !std::mem::take(&mut self.early).is_empty() {
                    self.note(Note::No("not connected".to_owned()));
                }
                for pending in &mut self.pending {
                    // Without acks nobody can tell whether it arrived; it is not said twice.
                    let plain = self.dialect == Dialect::Plain;
                    if matches!(pending.state, Delivery::Sent(_)) {
                        pending.state = match plain {
                            true => Delivery::Failed("cut off before it was answered".to_owned()),
                            false => Delivery::Queued,
                        };
                    }
                }
                self.status = Status::Offline { why, retry_at };
            }
        }
    }

    fn up(&mut self, now: Now, dialect: Dialect) {
        self.dialect = dialect;
        if dialect == Dialect::V1 {
            return;
        }
        let Some(name) = self.name.clone() else {
            self.status = Status::NeedsName(None);
            return;
        };
        self.begin_plain(now, name);
    }

    /// A server that speaks only plain text has one room, and no memory.
    fn begin_plain(&mut self, now: Now, name: Nick) {
        self.me = Some(Author { person: PersonId([0; 16]), name, guest: true, bot: false });
        self.server = Text::clean(&self.address);
        self.status = Status::Online;
        self.live = true;
        let to = RoomName::parse("lobby").map(Target::Room).expect("lobby is a room's name");
        if self.talk(&to).is_none() {
            let mut talk = Talk::new(to.clone(), Epoch([0; 16]));
            talk.topic = Text::clean("a server in plain text: one room, no history");
            self.talks.push(talk);
            self.note(Note::Went(to));
        }
        self.send_pending(now);
        for ask in std::mem::take(&mut self.early) {
            self.ask(now, ask);
        }
    }

    fn heard(&mut self, now: Now, event: Event) {
        match event {
            Event::Hello(hello) => {
                self.server = hello.server;
                self.features = hello.features;
                self.text_bytes = hello.limits.text_bytes;
                match self.name.clone() {
                    Some(name) if !self.refused_entry => self.enter(name),
                    // The question stands: asking the host again by itself would only tire it.
                    _ => self.status = Status::NeedsName(None),
                }
            }
            Event::Welcome(welcome) => {
                let asked = self.name.replace(welcome.you.name.clone());
                if let Some(asked) = asked.filter(|asked| *asked != welcome.you.name && !welcome.you.guest) {
                    // A device of somebody who is called otherwise here: from now on the key is that name's.
                    self.effects.push(Effect::Renamed(asked, welcome.you.name.clone()));
                }
                let guest = welcome.you.guest;
                self.me = Some(welcome.you);
                self.role = welcome.role;
                self.ephemeral = welcome.ephemeral;
                if welcome.ephemeral {
                    self.effects.push(Effect::Ephemeral);
                }
                for place in welcome.places {
                    self.place(place);
                }
                let cursors = self.cursors();
                self.send(Command::Resume { cursors });
                if self.features.contains(&"memos") && !guest {
                    self.send(Command::Memos);
                }
            }
            Event::Resumed { places } => self.resumed(now, places),
            Event::Refused(refusal) => self.refused(now, refusal),
            Event::Joined { place } => {
                let to = place.to.clone();
                self.place(place);
                let before = self.joining.len();
                self.joining.retain(|room| Target::Room(room.clone()) != to);
                if self.joining.len() < before || std::mem::take(&mut self.making) {
                    self.note(Note::Went(to));
                }
            }
            Event::Left { room } => {
                let to = Target::Room(room);
                self.talks.retain(|talk| talk.to != to);
                self.note(Note::Gone(to.clone()));
                // Why is what one wants to read last.
                if let Some((_, why)) = self.put_out.take().filter(|(from, _)| *from == to) {
                    self.note(Note::No(why));
                }
            }
            Event::Invitation { invitation, link, code } => self.note(Note::Invitation(invitation, link, code)),
            Event::Hook { hook, link } => self.note(Note::Hook(hook, link)),
            Event::Hooks(all) => self.note(Note::Hooks(all)),
            Event::Invitations(all) => self.note(Note::Invitations(all)),
            Event::Memos(memos) => self.note(Note::Memos(memos, false)),
            Event::DeviceLink { link, until, code } => self.note(Note::DeviceLink(link, code, until)),
            Event::Devices(all) => {
                let asked = std::mem::take(&mut self.asked_devices);
                self.note(Note::Devices(all, asked));
            }
            Event::Entry(entry) => self.entry(&entry),
            Event::Skipped { to, seq, .. } => {
                if let Some(talk) = self.talk_mut(&to) {
                    talk.timeline.skip(seq);
                    talk.head = talk.head.max(seq);
                }
            }
            Event::Page { to, page } => {
                self.page = None;
                let me = self.me.as_ref().map(|me| me.person);
                let (mut acked, last) = (Vec::new(), page.before.prev());
                if let Some(talk) = self.talk_mut(&to) {
                    acked.extend(
                        page.entries
                            .iter()
                            .filter(|shown| Some(shown.from.person) == me)
                            .filter_map(|shown| shown.nonce),
                    );
                    talk.timeline.page(page);
                    talk.older = false;
                    talk.newer = false;
                }
                self.arrived(&to, last);
                for nonce in acked {
                    self.settle(nonce);
                }
            }
            Event::Read { to, seq, unread, mentions } => {
                if let Some(talk) = self.talk_mut(&to).filter(|talk| talk.read <= seq) {
                    (talk.read, talk.unread, talk.mentions) = (seq, unread, mentions);
                }
            }
            Event::Rooms { rooms, .. } => self.note(Note::Rooms(rooms)),
            Event::Members { room, people, .. } => {
                self.members(room, people);
                self.look_alike();
            }
            Event::Moved { room, who, joined, keys } => {
                self.moved(room, who, joined, keys);
                self.look_alike();
            }
            Event::Crowd { room, members, online, singly } => self.crowd(room, (!singly).then_some((members, online))),
            Event::Presence { who, online, away } => self.presence(now, &who, online, away),
            Event::Typing { to, who } => self.typing(now, &to, who),
            Event::Moderated { deed, room, who, by, time, why } => self.moderated(deed, room, &who, by, time, &why),
            Event::RoomSet { room, settings, by } => self.room_set(room, settings, by),
            Event::RoomDeleted { room, by } => {
                let by = by.map(|by| format!(" (by {})", by.name)).unwrap_or_default();
                let told = format!("{room} is no more, and what was said there neither{by}");
                self.put_out = Some((Target::Room(room), told));
            }
            Event::Invited { room, by } => {
                self.note(Note::Info(format!("{} invites you: /join {room}", by.name)));
            }
            Event::Bans { room, bans, more } => self.note(Note::Bans(room, bans, more)),
            Event::Audit { lines } => self.note(Note::Audit(lines)),
            Event::Found { hits, more } => self.found(hits, more),
            Event::Renamed { who, was } => {
                self.renamed(who, was);
                self.look_alike();
            }
            Event::Received { .. } | Event::Done => {}
        }
    }

    fn cursors(&self) -> Vec<Cursor> {
        let known = self.talks.iter().filter(|talk| talk.timeline.newest() > Seq::ZERO);
        known.map(|talk| Cursor { to: talk.to.clone(), epoch: talk.epoch, after: talk.timeline.newest() }).collect()
    }

    fn resumed(&mut self, now: Now, places: Vec<Place>) {
        let told: Vec<Target> = places.iter().map(|place| place.to.clone()).collect();
        self.talks.retain(|talk| told.contains(&talk.to) || matches!(talk.to, Target::Direct(_)));
        for place in places {
            self.place(place);
        }
        self.live = true;
        self.status = Status::Online;
        for talk in &mut self.talks {
            talk.asked_people = false;
            talk.crowd = None;
        }
        for room in std::mem::take(&mut self.wanted) {
            self.join(room, None);
        }
        if self.away {
            self.tell_away(true);
        }
        self.send_pending(now);
        for ask in std::mem::take(&mut self.early) {
            self.ask(now, ask);
        }
        match self.here.clone().filter(|here| self.talk(here).is_some()) {
            Some(here) => self.look(here),
            None => {
                if let Some(first) = self.talks.first().map(|talk| talk.to.clone()) {
                    self.note(Note::Went(first));
                }
            }
        }
    }

    /// How one stands to a conversation, as the host says.
    fn place(&mut self, place: Place) {
        let at = match place.peer {
            Some(peer) => self
                .talks
                .iter()
                .position(|talk| talk.peer.is_some_and(|known| known.person == peer.person) || talk.to == place.to),
            None => self.talks.iter().position(|talk| talk.to == place.to),
        };
        let at = at.unwrap_or_else(|| self.insert(Talk::new(place.to.clone(), place.epoch)));
        let talk = &mut self.talks[at];
        let fresh = talk.epoch == Epoch([0; 16]);
        if !fresh && (talk.epoch != place.epoch || place.reset) {
            talk.timeline = Timeline::default();
            talk.apart = None;
            talk.anew = true;
            talk.read = Seq::ZERO;
        }
        let standing = place.standing;
        talk.to = place.to;
        talk.epoch = place.epoch;
        talk.peer = place.peer;
        talk.topic = standing.topic;
        (talk.settings, talk.role) = (place.settings, place.role);
        talk.head = standing.head;
        talk.timeline.begins(standing.oldest);
        // What was read here and not told yet is ours to know.
        if talk.read <= standing.read {
            (talk.read, talk.unread, talk.mentions) = (standing.read, standing.unread, standing.mentions);
        } else {
            talk.seen = Some(talk.read);
        }
    }

    /// Rooms come before people.
    fn insert(&mut self, talk: Talk) -> usize {
        let at = match talk.to {
            Target::Room(_) => {
                self.talks.iter().position(|known| matches!(known.to, Target::Direct(_))).unwrap_or(self.talks.len())
            }
            Target::Direct(_) => self.talks.len(),
        };
        self.talks.insert(at, talk);
        at
    }

    fn entry(&mut self, entry: &Entry) {
        let Some(me) = self.me.as_ref().map(|me| me.person) else { return };
        let own = entry.from.person == me;
        let at = match &entry.conversation {
            Conversation::Room(_) => self.talks.iter().position(|talk| talk.to == entry.to),
            Conversation::Direct(pair) => {
                let other = pair.other(me);
                let name = if own { entry.to.clone() } else { Target::Direct(entry.from.name.clone()) };
                let known = self
                    .talks
                    .iter()
                    .position(|talk| talk.peer.is_some_and(|peer| peer.person == other) || talk.to == name);
                Some(known.unwrap_or_else(|| self.insert(Talk::new(name, Epoch([0; 16]))))).inspect(|at| {
                    self.talks[*at].peer =
                        self.talks[*at].peer.or(Some(Peer { person: other, online: true, away: false, seen: None }))
                })
            }
        };
        if own && let Some(nonce) = entry.nonce {
            self.settle(nonce);
        }
        let Some(talk) = at.map(|at| &mut self.talks[at]) else { return };
        talk.head = talk.head.max(entry.seq);
        if !talk.timeline.live(entry) {
            return;
        }
        talk.typing.retain(|(author, _)| author.person != entry.from.person);
        talk.trim(self.scrollback);
        let direct = matches!(talk.to, Target::Direct(_));
        let means_me = direct || entry.mentions.contains(&me);
        let to = talk.to.clone();
        match &entry.what {
            What::Said { .. } if !own && entry.seq > talk.read => {
                talk.unread = (talk.unread + 1).min(crate::protocol::entry::COUNT_LIMIT);
                talk.mentions = (talk.mentions + u32::from(means_me)).min(crate::protocol::entry::COUNT_LIMIT);
                self.note(Note::Line(to, entry.seq, means_me));
            }
            What::Deleted { of } if !own && *of > talk.read => {
                talk.unread = talk.unread.saturating_sub(1);
                talk.mentions = talk.mentions.saturating_sub(u32::from(means_me));
            }
            What::Topic { text } => talk.topic = text.clone(),
            _ => {}
        }
    }

    fn refused(&mut self, now: Now, refusal: Refusal) {
        if self.page.take().is_some() && refusal.nonce.is_none() {
            self.page_after = now.up + PAGE_AGAIN;
        }
        if let Some(nonce) = refusal.nonce
            && let Some(pending) = self.pending.iter_mut().find(|pending| pending.record.nonce == nonce)
        {
            let why = refusal.text.clone();
            pending.state = match (refusal.code, refusal.retry_after) {
                (Code::Busy | Code::Storage | Code::RateLimited, after) => {
                    Delivery::Later(now.up + after.unwrap_or(Duration::from_secs(1)), why)
                }
                _ => Delivery::Failed(why),
            };
            return;
        }
        match self.me.is_none() || !self.live {
            true => {
                // What only the person can change; all else may be otherwise next time.
                self.refused_entry = matches!(refusal.code, Code::NeedsInvite | Code::NameTaken | Code::BadName);
                self.status = Status::NeedsName(Some(refusal));
            }
            false => self.note(Note::No(refusal.text)),
        }
    }

    fn settle(&mut self, nonce: Nonce) {
        let before = self.pending.len();
        self.pending.retain(|pending| pending.record.nonce != nonce);
        if self.pending.len() < before {
            self.effects.push(Effect::Forget(nonce));
        }
    }

    /// Puts what is queued on the wire, in order.
    fn send_pending(&mut self, now: Now) {
        if !self.live {
            return;
        }
        let name = self.me.as_ref().map(|me| me.name.clone());
        let mut lines = VecDeque::new();
        // Lines of a conversation go one at a time, and so do changes of one entry: a host that is busy, full or wants one to
        // slow down may refuse one and take the next, and the two would change places. Foreign servers acknowledge nothing
        // one could wait for.
        let one_by_one = self.dialect == Dialect::V1;
        let mut blocked: Vec<(Target, Option<Seq>)> = Vec::new();
        for pending in &mut self.pending {
            let place = (pending.record.to.clone(), pending.record.what.of());
            match pending.state {
                Delivery::Queued if !blocked.contains(&place) => {
                    lines.push_back(pending.record.clone());
                    pending.state = Delivery::Sent(now.up);
                }
                Delivery::Sent(_) | Delivery::Later(..) => {}
                _ => continue,
            }
            if one_by_one {
                blocked.push(place);
            }
        }
        for Record { nonce, to, what } in lines {
            match (self.dialect, &name, what) {
                (Dialect::V1, _, what) => {
                    self.send(command(to, what, nonce));
                }
                (Dialect::Plain, Some(name), What::Said { text, .. }) => {
                    self.effects.push(Effect::Line(foreign::line(name, &text)));
                }
                (Dialect::Plain, None, What::Said { .. }) => {}
                (Dialect::Plain, _, _) => self.fail(nonce, "a server in plain text knows only lines"),
            }
        }
    }

    fn fail(&mut self, nonce: Nonce, why: &str) {
        if let Some(pending) = self.pending.iter_mut().find(|pending| pending.record.nonce == nonce) {
            pending.state = Delivery::Failed(why.to_owned());
        }
    }

    /// What a server in plain text said: our own line come back, or somebody's.
    fn line(&mut self, now: Now, frame: &str) {
        let Some(me) = self.me.clone() else { return };
        let ours = |pending: &Pending| match &pending.record.what {
            What::Said { text, .. } if matches!(pending.state, Delivery::Sent(_)) => {
                foreign::gives_back(frame, &foreign::line(&me.name, text)).then(|| (text.clone(), pending.record.nonce))
            }
            _ => None,
        };
        let (from, text, nonce) = match self.pending.iter().find_map(ours) {
            Some((text, nonce)) => {
                self.settle(nonce);
                (me, text, Some(nonce))
            }
            None => {
                let (name, text) = foreign::heard(frame);
                let name = name.or_else(|| Nick::nearest(&self.address)).or_else(|| Nick::parse("server").ok());
                let Some(name) = name else { return };
                let mut person = [1; 16];
                for (byte, c) in person.iter_mut().zip(name.folded().bytes()) {
                    *byte ^= c;
                }
                (Author { person: PersonId(person), name, guest: false, bot: false }, text, None)
            }
        };
        let Some(talk) = self.talks.first_mut() else { return };
        let Target::Room(room) = &talk.to else { return };
        let seq = talk.head.next();
        talk.head = seq;
        let entry = Entry {
            conversation: Conversation::Room(room.clone()),
            to: talk.to.clone(),
            seq,
            at: now.wall,
            from,
            what: What::Said { text, me: false, reply_to: None },
            nonce,
            mentions: Vec::new(),
        };
        self.entry(&entry);
    }

    /// What has become due.
    fn due(&mut self, now: Now) {
        let mut held =
            self.pending.iter_mut().filter(|pending| matches!(pending.state, Delivery::Held(at) if at <= now.up));
        if held.by_ref().map(|pending| pending.state = Delivery::Queued).count() > 0 {
            self.send_pending(now);
        }
        if self.status != Status::Online {
            return;
        }
        let within = self.ack_within;
        let late = |pending: &Pending| matches!(pending.state, Delivery::Sent(at) if at.checked_add(within).is_some_and(|late| late <= now.up));
        if self.dialect == Dialect::V1 && self.live && self.pending.iter().any(late) {
            self.live = false;
            self.effects.push(Effect::Redial);
            return;
        }
        for pending in &mut self.pending {
            if matches!(&pending.state, Delivery::Later(at, _) if *at <= now.up) {
                pending.state = Delivery::Queued;
            }
        }
        if self.pending.iter().any(|pending| pending.state == Delivery::Queued) {
            self.send_pending(now);
        }
        self.tell_read(now, false);
    }

    /// Tells the host what was read, not too often but at the end.
    fn tell_read(&mut self, now: Now, at_once: bool) {
        let mut reads = Vec::new();
        for talk in &mut self.talks {
            let due = at_once || talk.seen_at.is_none_or(|at| at + SEEN_EVERY <= now.up);
            if let (Some(seq), true, true) = (talk.seen, due, self.live) {
                talk.seen = None;
                talk.seen_at = Some(now.up);
                reads.push((talk.to.clone(), seq));
            }
        }
        if self.dialect == Dialect::V1 {
            for (to, seq) in reads {
                self.send(Command::Read { to, seq });
            }
        }
    }

    /// Pulls what is missing, one page at a time, the room on the screen first.
    fn fetch(&mut self, now: Now) {
        if self.page_after <= now.up {
            self.page_after = Duration::ZERO;
        }
        if self.page.is_some() || self.page_after > now.up || !self.live || self.dialect == Dialect::Plain {
            return;
        }
        let Some(to) = self.here.clone() else { return };
        let Some(end) = self.talk_mut(&to).and_then(Talk::wants) else { return };
        let id = self.send(Command::Page { to: to.clone(), end, limit: Some(PAGE) });
        self.page = Some((id, to));
    }
}

/// The command that says or changes this.
fn command(to: Target, what: What, nonce: Nonce) -> Command {
    let nonce = Some(nonce);
    match (what, to) {
        (What::Said { text, me, reply_to }, to) => Command::Say { to, text, me, reply_to, nonce },
        (What::Edited { of, text }, to) => Command::Edit { to, of, text, nonce },
        (What::Deleted { of }, to) => Command::Delete { to, of, nonce },
        (What::Reacted { of, emoji }, to) => Command::React { to, of, emoji, on: true, nonce },
        (What::Unreacted { of, emoji }, to) => Command::React { to, of, emoji, on: false, nonce },
        (What::Topic { text }, Target::Room(room)) => Command::Topic { room, text, nonce },
        // No screen makes one: only rooms have a topic. The host answers what it thinks of it.
        (What::Topic { text }, to) => Command::Say { to, text, me: false, reply_to: None, nonce },
    }
}

impl Talk {
    fn new(to: Target, epoch: Epoch) -> Talk {
        Talk {
            to,
            peer: None,
            settings: RoomSettings::default(),
            role: Role::Member,
            topic: Text::clean(""),
            head: Seq::ZERO,
            read: Seq::ZERO,
            unread: 0,
            mentions: 0,
            timeline: Timeline::default(),
            people: Vec::new(),
            alike: Vec::new(),
            anew: false,
            epoch,
            asked_people: false,
            crowd: None,
            older: false,
            newer: false,
            apart: None,
            spot: None,
            asked_spot: false,
            typing: Vec::new(),
            seen: None,
            seen_at: None,
        }
    }

    /// The life of its log that its numbers belong to; `None` while the host has not told of it.
    pub fn epoch(&self) -> Option<Epoch> {
        Some(self.epoch).filter(|epoch| *epoch != Epoch([0; 16]))
    }

    /// Counts anew what is left unread, where everything after `read` is loaded.
    fn recount(&mut self, me: Option<PersonId>) {
        let whole = self.timeline.newest_hole(self.head).is_none_or(|hole| *hole.end() <= self.read.0);
        if !whole {
            return;
        }
        let (lines, mentions) = self.timeline.of_others(self.read, me);
        let direct = matches!(self.to, Target::Direct(_));
        self.mentions = if direct { lines } else { mentions } as u32;
        self.unread = lines as u32;
    }
}
