//! What a chat knows of other people: who is in a room, there, away or writing, and what they are called now. What they
//! say is the timeline's.

use std::collections::HashMap;
use std::time::Duration;

use super::{Chat, Effect, Note, Now};
use crate::protocol::command::Command;
use crate::protocol::entry::{Author, PersonId};
use crate::protocol::event::Member;
use crate::protocol::fingerprint::Fingerprint;
use crate::protocol::names::{Nick, RoomName, Target, blurred};
use crate::protocol::rights::{self, Deed, Role, RoomSettings};
use crate::protocol::text::Text;

/// How long somebody counts as writing after the last word of it. Their client repeats it sooner.
const TYPING_SHOWN: Duration = Duration::from_secs(6);

/// How often the host is told that this person goes on writing.
const TYPING_TOLD: Duration = Duration::from_secs(4);

/// People writing in one conversation that are kept: more are never named.
const WRITERS: usize = 10;

/// Those whose names can be taken for another's, among these.
pub(super) fn alike(people: &[Member]) -> Vec<PersonId> {
    let mut seen: HashMap<String, Vec<PersonId>> = HashMap::new();
    for member in people {
        seen.entry(blurred(member.who.name.as_str())).or_default().push(member.who.person);
    }
    let mut alike: Vec<PersonId> = seen.into_values().filter(|same| same.len() > 1).flatten().collect();
    alike.sort();
    alike
}

/// What was done to somebody, without the name in front, as that somebody reads it.
fn to_oneself(done: &str) -> String {
    let verbs = [(" was ", "were"), (" is ", "are"), (" owns ", "own")];
    match verbs.iter().find_map(|(theirs, own)| done.strip_prefix(theirs).map(|rest| (own, rest))) {
        Some((verb, rest)) => format!("you {verb} {rest}"),
        None => format!("you{done}"),
    }
}

impl Chat {
    pub(super) fn members(&mut self, room: Option<RoomName>, people: Vec<Member>) {
        self.note(Note::Met(people.clone()));
        match room.clone().map(Target::Room).and_then(|to| self.talks.iter_mut().find(|talk| talk.to == to)) {
            // The first answer for a room was asked by ourselves, to know its people; later ones by the person.
            Some(talk) if talk.asked_people && talk.people.is_empty() => talk.people = people,
            Some(talk) => {
                talk.people = people.clone();
                self.note(Note::People(room, people));
            }
            None => self.note(Note::People(room, people)),
        }
    }

    pub(super) fn moved(&mut self, room: RoomName, who: Author, joined: bool, keys: Vec<Fingerprint>) {
        let to = Target::Room(room);
        let Some(talk) = self.talk_mut(&to) else { return };
        talk.people.retain(|member| member.who.person != who.person);
        if joined {
            let role = if who.guest { Role::Guest } else { Role::Member };
            let member = Member { who, online: true, away: false, seen: None, role, keys };
            talk.people.push(member.clone());
            self.note(Note::Met(vec![member]));
        }
    }

    /// Something was done to somebody to keep order.
    pub(super) fn moderated(
        &mut self,
        deed: Deed,
        room: Option<RoomName>,
        who: &Author,
        by: Option<Author>,
        time: Option<Duration>,
        why: &Text,
    ) {
        let role = match deed {
            Deed::Op => Some(Role::Operator),
            Deed::Deop => Some(Role::Member),
            Deed::Owner => Some(Role::Owner),
            _ => None,
        };
        let me = self.me.as_ref().is_some_and(|me| me.person == who.person);
        let there = room.clone().map(Target::Room);
        if let Some(role) = role {
            if me && room.is_none() {
                self.role = role;
            }
            for talk in self.talks.iter_mut().filter(|talk| there.as_ref().is_none_or(|there| talk.to == *there)) {
                if me {
                    talk.role = role;
                }
                for member in talk.people.iter_mut().filter(|member| member.who.person == who.person) {
                    member.role = role;
                }
            }
        }
        let place = room.map_or_else(|| "this host".to_owned(), |room| room.to_string());
        let told = rights::told(deed, &place, &who.name, by.as_ref().map(|by| &by.name), time, why);
        if !me {
            return self.note(Note::Info(told));
        }
        let told = told.strip_prefix(who.name.as_str()).map_or(told.clone(), to_oneself);
        match (deed, there) {
            (Deed::Kick | Deed::Ban, Some(there)) => self.put_out = Some((there, told)),
            _ => self.note(Note::Info(told)),
        }
    }

    /// A room is set otherwise.
    pub(super) fn room_set(&mut self, room: RoomName, settings: RoomSettings, by: Option<Author>) {
        let by = by.map(|by| format!(" (by {})", by.name)).unwrap_or_default();
        self.note(Note::Info(format!("{room}: {}{by}", rights::described(&settings))));
        if let Some(talk) = self.talk_mut(&Target::Room(room)) {
            talk.settings = settings;
        }
    }

    /// They are many, or few again: who they are is asked for anew then.
    pub(super) fn crowd(&mut self, room: RoomName, count: Option<(u32, u32)>) {
        let to = Target::Room(room.clone());
        let Some(talk) = self.talk_mut(&to) else { return };
        talk.crowd = count;
        if count.is_none() {
            talk.people.clear();
            talk.asked_people = true;
            self.send(Command::Who { room: Some(room) });
        }
    }

    pub(super) fn presence(&mut self, now: Now, who: &Author, online: bool, away: bool) {
        for talk in &mut self.talks {
            if let Some(peer) = talk.peer.as_mut().filter(|peer| peer.person == who.person) {
                (peer.online, peer.away, peer.seen) = (online, away, Some(now.wall));
            }
            for member in talk.people.iter_mut().filter(|member| member.who.person == who.person) {
                (member.online, member.away, member.seen) = (online, away, Some(now.wall));
            }
            if !online {
                talk.typing.retain(|(author, _)| author.person != who.person);
            }
        }
    }

    /// Somebody writes there, until it is said or a while has passed: no word of an end is waited for.
    pub(super) fn typing(&mut self, now: Now, to: &Target, who: Author) {
        let Some(talk) = self.talk_mut(to) else { return };
        talk.typing.retain(|(author, _)| author.person != who.person);
        if talk.typing.len() < WRITERS {
            talk.typing.push((who, now.up + TYPING_SHOWN));
        }
    }

    /// Those whose word is too old do not write any more.
    pub(super) fn stop_typing(&mut self, now: Now) {
        for talk in &mut self.talks {
            talk.typing.retain(|(_, until)| *until > now.up);
        }
    }

    /// This person writes: the host is told, and again while it goes on.
    pub(super) fn tell_typing(&mut self, now: Now, to: Target) {
        let told = self.told_typing.as_ref().is_some_and(|(where_, at)| *where_ == to && now.up < *at + TYPING_TOLD);
        if !told && self.live && self.can("presence") {
            self.told_typing = Some((to.clone(), now.up));
            self.send(Command::Typing { to });
        }
    }

    /// Whether this person said so, and is not only idle.
    pub fn away_said(&self) -> bool {
        self.away_said
    }

    /// This person says that it is away, or back.
    pub fn say_away(&mut self, away: bool) {
        self.away_said = away;
    }

    /// Whether this person is away, as it was said on this screen.
    pub fn away(&self) -> bool {
        self.away
    }

    /// This person is away, or back.
    pub(super) fn tell_away(&mut self, away: bool) {
        self.away = away;
        if self.live && self.can("presence") {
            self.send(Command::Away { away });
        }
    }

    pub(super) fn renamed(&mut self, who: Author, was: Nick) {
        if let Some(me) = self.me.as_mut().filter(|me| me.person == who.person) {
            me.name = who.name.clone();
            self.name = Some(who.name.clone());
            if !who.guest {
                self.effects.push(Effect::Renamed(was.clone(), who.name.clone()));
            }
        }
        let mut moved_to = None;
        for talk in &mut self.talks {
            if talk.peer.is_some_and(|peer| peer.person == who.person) {
                moved_to = Some((talk.to.clone(), Target::Direct(who.name.clone())));
                talk.to = Target::Direct(who.name.clone());
            }
            for member in talk.people.iter_mut().filter(|member| member.who.person == who.person) {
                member.who = who.clone();
            }
        }
        if let Some((before, after)) = moved_to {
            for pending in self.pending.iter_mut().filter(|pending| pending.record.to == before) {
                pending.record.to = after.clone();
            }
            if self.here.as_ref() == Some(&before) {
                self.note(Note::Went(after));
            }
        }
        self.note(Note::Info(format!("{was} is now called {}", who.name)));
    }
}
