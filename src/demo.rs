//! `wschat --demo`: a lively host of a few people, offline, in one process, for whoever wants to see wschat before using
//! it, and for the pictures in the README. What they say stands in `demo/script.rs`; they say it as ordinary clients of an
//! ordinary host, and the person who looks on is one too. Nothing of it outlives the program.

mod script;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, anyhow};
use tokio::time::{Instant, sleep_until};

use crate::client::address::Address;
use crate::client::backoff::Backoff;
use crate::client::chat::{self, Ask, Chat, Effect, Input, LinkEvent, Note, Now, Status};
use crate::client::keyring::Keyring;
use crate::client::link::{self, Link, ToLink};
use crate::protocol::entry::{Author, Conversation, Emoji, PersonId, Seq, Timestamp, What};
use crate::protocol::fact::{Draft, Fact};
use crate::protocol::mention;
use crate::protocol::names::{Nick, RoomName, Target};
use crate::protocol::person::{Proof, PublicKey};
use crate::protocol::text::Text;
use crate::store::memory::MemoryStore;
use crate::store::{Store, Write, Written};
use script::{COMING, Line, ROOMS, SAID, Turn};

/// When a demo begins, always: Friday, 20 November 2026, 14:10 UTC. Pictures of it are the same on any day.
const BEGINS: i64 = 1_795_183_800_000;

/// What somebody does when the person who looks on says something, and how long they take for it.
const LOOKS_AFTER: Duration = Duration::from_millis(1500);
const ANSWERS_AFTER: Duration = Duration::from_secs(4);

/// A demo that can begin: its folder, its people's keys and what was said before.
pub struct Demo {
    dir: PathBuf,
    you: Nick,
    /// What has been said already.
    pub store: MemoryStore,
    /// Milliseconds that its clock is ahead of the real one.
    pub ahead: i64,
}

/// The folder goes with it.
#[must_use]
pub struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Demo {
    /// Sets the stage in a folder of its own for somebody of this name.
    pub fn set(you: Nick) -> anyhow::Result<(Demo, Folder)> {
        if script::PEOPLE.contains(&you.folded()) {
            return Err(anyhow!("{you} is one of the demo's own people; be somebody else by --name"));
        }
        let mut luck = [0; 8];
        getrandom::fill(&mut luck).map_err(|e| anyhow!("no random numbers: {e}"))?;
        let name = format!("wschat-demo-{}", u64::from_le_bytes(luck));
        let dir = std::env::temp_dir().join(name);
        crate::paths::make_dir(&dir).context("a demo needs a folder for a while")?;
        let folder = Folder(dir.clone());
        let now = jiff::Timestamp::now().as_millisecond();
        let mut store = MemoryStore::new([1; 16]);
        furnish(&mut store, &dir, &you)?;
        Ok((Demo { dir, you, store, ahead: BEGINS - now }, folder))
    }

    /// The folder in which the person's own keys and drafts are, for as long as it lasts.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The actors, to be started on the runtime of the host, which listens at this `host:port`.
    pub fn cast(&self) -> Cast {
        Cast { dir: self.dir.clone(), you: self.you.clone() }
    }
}

/// Who one is in a demo when one does not say: as on this machine, where that is a name, else a visitor.
pub fn your_name() -> anyhow::Result<Nick> {
    let user = std::env::var("USER").ok().and_then(|user| Nick::parse(&user).ok());
    let fits = |name: &Nick| name.claimable() && !script::PEOPLE.contains(&name.folded());
    match user.filter(fits) {
        Some(name) => Ok(name),
        None => Nick::parse("visitor").map_err(|why| anyhow!("{why}")),
    }
}

/// Those who talk.
pub struct Cast {
    dir: PathBuf,
    you: Nick,
}

impl Cast {
    /// Lets everybody come in and say their lines; ends with the runtime.
    pub fn play(self, authority: String) {
        let start = Instant::now();
        for name in script::PEOPLE {
            let Ok(name) = Nick::parse(name) else { continue };
            let keyring = Keyring::at(keys_of(&self.dir, &name));
            let actor = Actor::new(name, self.you.clone(), keyring, &authority, start);
            tokio::spawn(actor.play());
        }
    }
}

fn keys_of(dir: &Path, name: &Nick) -> PathBuf {
    dir.join("actors").join(name.as_str())
}

fn person(name: &str) -> PersonId {
    let mut id = [0; 16];
    for (byte, c) in id.iter_mut().zip(name.bytes()) {
        *byte = c;
    }
    // Nobody else's colour: it follows from the id.
    if let Some(at) = script::PEOPLE.iter().position(|known| *known == name) {
        id[15] = script::COLOURS[at];
    }
    PersonId(id)
}

fn room(name: &str) -> anyhow::Result<RoomName> {
    RoomName::parse(name).map_err(|why| anyhow!("{name}: {why}"))
}

/// People, rooms, and all that was said before one came.
fn furnish(store: &mut MemoryStore, dir: &Path, you: &Nick) -> anyhow::Result<()> {
    let you_keys = Keyring::at(dir.join("keys"));
    let mut facts = vec![claim(you, &you_keys)?];
    for name in script::PEOPLE {
        let name = Nick::parse(name).map_err(|why| anyhow!("{name}: {why}"))?;
        facts.push(claim(&name, &Keyring::at(keys_of(dir, &name)))?);
    }
    let everybody: Vec<&str> = script::PEOPLE.iter().copied().chain([you.as_str()]).collect();
    for (name, _) in ROOMS {
        let room = room(name)?;
        facts.push(Fact::RoomMade { room: room.clone(), maker: None, at: Timestamp(BEGINS - 86_400_000) });
        facts.extend(everybody.iter().map(|who| Fact::Joined { person: person(who), room: room.clone() }));
    }
    store.commit(&[Write::Facts(facts)])?;
    for (name, topic) in ROOMS {
        let what = What::Topic { text: Text::clean(topic) };
        append(store, Target::Room(room(name)?), "ben", you, what, -600)?;
    }
    let mut read = Vec::new();
    for Line { minutes, who, to, turn, unread } in SAID {
        let to = target(to, you)?;
        let seq = append(store, to.clone(), who, you, what(turn, you), *minutes)?;
        if !unread {
            read.push((conversation(&to, who, you)?, seq));
        }
    }
    let reads =
        read.into_iter().map(|(conversation, seq)| Fact::Read { person: person(you.as_str()), conversation, seq });
    store.commit(&[Write::Facts(reads.collect())])?;
    Ok(())
}

fn claim(name: &Nick, keys: &Keyring) -> anyhow::Result<Fact> {
    let secret = keys.secret(name)?;
    // The key that belongs to a secret stands in everything it signs.
    let key: PublicKey = Proof::sign(&secret, "", &[0; 32]).key;
    Ok(Fact::Claimed { person: person(name.as_str()), name: name.clone(), key, at: Timestamp(BEGINS - 86_400_000) })
}

/// `#room`, or `@you` for the person who looks on.
fn target(to: &str, you: &Nick) -> anyhow::Result<Target> {
    match to.strip_prefix('#') {
        Some(name) => Ok(Target::Room(room(name)?)),
        None => Ok(Target::Direct(you.clone())),
    }
}

fn conversation(to: &Target, from: &str, you: &Nick) -> anyhow::Result<Conversation> {
    Ok(match to {
        Target::Room(room) => Conversation::Room(room.clone()),
        Target::Direct(_) => {
            Conversation::Direct(crate::protocol::entry::Pair::new(person(from), person(you.as_str())))
        }
    })
}

fn what(turn: &Turn, you: &Nick) -> What {
    match turn {
        Turn::Say(text) => What::Said { text: words(text, you), me: false, reply_to: None },
        Turn::Reply(of, text) => What::Said { text: words(text, you), me: false, reply_to: Some(Seq(*of)) },
        Turn::React(of, sign) => match Emoji::parse(sign) {
            Some(emoji) => What::Reacted { of: Seq(*of), emoji },
            None => What::Deleted { of: Seq(*of) },
        },
    }
}

fn words(text: &str, you: &Nick) -> Text {
    Text::clean(&text.replace("@you", &format!("@{you}")))
}

fn append(
    store: &mut MemoryStore,
    to: Target,
    from: &str,
    you: &Nick,
    what: What,
    minutes: i64,
) -> anyhow::Result<Seq> {
    let name = Nick::parse(from).map_err(|why| anyhow!("{from}: {why}"))?;
    let conversation = conversation(&to, from, you)?;
    let mentions = match &what {
        What::Said { text, .. } if mention::holds_word(text.as_str(), you.as_str()) => vec![person(you.as_str())],
        _ => Vec::new(),
    };
    let from = Author { person: person(from), name, guest: false, bot: false };
    let at = Timestamp(BEGINS + minutes * 60_000);
    let written = store.commit(&[Write::Append(Draft { conversation, to, at, from, what, nonce: None, mentions })])?;
    match written.into_iter().next() {
        Some(Written::Entry { entry, .. }) => Ok(entry.seq),
        other => Err(anyhow!("the script does not fit itself: {other:?}")),
    }
}

/// One who talks: an ordinary client that has its lines from a script.
struct Actor {
    name: Nick,
    you: Nick,
    chat: Chat,
    link: Link,
    start: Instant,
    /// What is still to be done, and when.
    agenda: Vec<(Duration, Target, What)>,
    answers: std::slice::Iter<'static, &'static str>,
}

impl Actor {
    fn new(name: Nick, you: Nick, keyring: Keyring, authority: &str, start: Instant) -> Actor {
        let mut run = [0; 16];
        for (byte, c) in run.iter_mut().zip(name.as_str().bytes().rev()) {
            *byte = c;
        }
        const PATIENT: Duration = Duration::from_secs(3600);
        let link = Link::spawn(link::Options {
            address: authority.parse().unwrap_or_else(|_| Address::local()),
            known: None,
            keyring: Some(keyring),
            invite: None,
            bot: None,
            dial_within: PATIENT,
            write_within: PATIENT,
            ping_after: PATIENT,
            dead_after: PATIENT,
            backoff: Backoff::new(Duration::from_secs(1), Duration::from_secs(1), Duration::from_secs(1)),
            start,
        });
        let chat = Chat::new(run, authority.to_owned(), Some(name.clone()), Vec::new());
        let mut at = Duration::ZERO;
        let mut agenda = Vec::new();
        for (seconds, who, to, turn) in COMING {
            at += Duration::from_secs(*seconds);
            if let (true, Ok(to)) = (*who == name.as_str(), target(to, &you)) {
                agenda.push((at, to, what(turn, &you)));
            }
        }
        let answers = if name.as_str() == script::ANSWERS { script::TO_YOU.iter() } else { [].iter() };
        Actor { name, you, chat, link, start, agenda, answers }
    }

    async fn play(mut self) {
        loop {
            let next = self.agenda.iter().map(|(at, ..)| *at).min();
            let live = *self.chat.status() == Status::Online;
            tokio::select! {
                event = self.link.from.recv() => match event {
                    Some(event) => self.heard(event).await,
                    None => return,
                },
                () = sleep_until(self.start + next.unwrap_or_default()), if next.is_some() && live => self.turn().await,
            }
        }
    }

    fn now(&self) -> Now {
        Now { up: self.start.elapsed(), wall: Timestamp(0) }
    }

    async fn heard(&mut self, event: LinkEvent) {
        let now = self.now();
        let effects = self.chat.handle(now, Input::Link(event));
        self.carry(effects).await;
    }

    /// Does what is due.
    async fn turn(&mut self) {
        let now = self.now();
        let Some(at) = self.agenda.iter().position(|(at, ..)| *at <= now.up) else { return };
        let (_, to, what) = self.agenda.remove(at);
        let record = self.chat.record(to, what);
        let effects = self.chat.handle(now, Input::Ask(Ask::Say(record)));
        self.carry(effects).await;
    }

    async fn carry(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            let order = match effect {
                chat::Effect::Send(id, command) => ToLink::Command(id, command),
                chat::Effect::Enter(id, name) => ToLink::Enter(id, name),
                chat::Effect::Note(Note::Line(to, seq, _)) => {
                    self.listen(to, seq);
                    continue;
                }
                _ => continue,
            };
            let _ = self.link.to.send(order).await;
        }
    }

    /// Somebody said something: the person who looks on is looked at, and answered.
    fn listen(&mut self, to: Target, seq: Seq) {
        let said = self.chat.talk(&to).and_then(|talk| talk.timeline.get(seq));
        let Some(shown) = said.filter(|shown| shown.from.name == self.you) else { return };
        let mut later = |after: Duration, what: What| {
            self.agenda.push((self.start.elapsed() + after, to.clone(), what));
        };
        if self.name.as_str() == script::ANSWERS {
            if let Some(emoji) = Emoji::parse("👀") {
                later(LOOKS_AFTER, What::Reacted { of: shown.seq, emoji });
            }
            if let Some(text) = self.answers.next() {
                later(ANSWERS_AFTER, What::Said { text: words(text, &self.you), me: false, reply_to: Some(shown.seq) });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::fact::ReadFrom;

    #[test]
    fn the_stage_can_be_set_for_anybody() {
        for name in ["you", "ann", "漢字"] {
            let you = Nick::parse(name).expect("a name");
            let (mut demo, _folder) = Demo::set(you.clone()).expect("it can be set");
            let rooms: Vec<_> = ROOMS.iter().map(|(name, _)| room(name).expect("a room")).collect();
            let of: Vec<_> = rooms.into_iter().map(|room| (Conversation::Room(room), ReadFrom::Kept)).collect();
            let standings = demo.store.standings(person(you.as_str()), &of).expect("it is counted");
            assert!(standings.iter().any(|standing| standing.unread > 0), "{standings:?}");
            assert!(standings.iter().any(|standing| standing.mentions > 0), "{standings:?}");
            assert!(standings.iter().all(|standing| standing.head > Seq(1)), "{standings:?}");
        }
    }

    #[test]
    fn everybody_in_the_script_is_somebody() {
        for (_, who, to, turn) in COMING {
            assert!(script::PEOPLE.contains(who), "{who}");
            assert!(*to == "@you" || ROOMS.iter().any(|(name, _)| to.strip_prefix('#') == Some(*name)), "{to}");
            if let Turn::Say(text) | Turn::Reply(_, text) = turn {
                assert!(!Text::clean(text).is_blank());
            }
        }
    }
}
