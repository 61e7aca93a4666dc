//! A client of a run: the real mind with the wire's part of `client::link` (one connection, entering, nothing sent before
//! that) and an outbox that outlives it, as the file does.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use wschat::client::chat::{Ask, Chat, Delivery, Effect, Input, LinkEvent, Now};
use wschat::client::outbox::Record;
use wschat::hub::SessionId;
use wschat::protocol::command::Command;
use wschat::protocol::dialect::Dialect;
use wschat::protocol::dialect::v1;
use wschat::protocol::entry::{Nonce, Seq};
use wschat::protocol::event::Event;
use wschat::protocol::names::{Nick, Target};
use wschat::protocol::person::{Challenge, Proof};

use crate::host::AUTHORITY;

/// How a client stands to the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// Tries again at this time.
    Down(Duration),
    /// Connected.
    Up(SessionId),
}

/// One screen of somebody.
pub struct Client {
    pub name: Nick,
    key: [u8; 32],
    pub chat: Chat,
    pub wire: Wire,
    /// Lines kept on its disk and not settled.
    pub disk: Vec<Record>,
    challenge: Challenge,
    entered: bool,
    lives: u8,
    number: u8,
    /// Nonces it has seen acked, and those it gave up because the host refused them for good.
    pub acked: HashSet<Nonce>,
    /// Lines that the host once refused for good: they are said again only when the screen starts anew, behind others.
    pub refused: HashSet<Nonce>,
    /// What it said, in order, in each conversation; and how it changed each entry.
    pub said: HashMap<(Target, Option<Seq>), Vec<Nonce>>,
    /// Frames for the host.
    pub out: Vec<String>,
    /// It wants another connection.
    pub redial: bool,
}

fn chat(number: u8, life: u8, name: &Nick) -> Chat {
    let mut run = [number; 16];
    run[1] = life;
    Chat::new(run, AUTHORITY.into(), Some(name.clone()), Vec::new())
}

impl Client {
    pub fn new(number: u8, name: &str) -> Client {
        let name = Nick::parse(name).expect("a name");
        let mut key = [9; 32];
        for (byte, c) in key.iter_mut().zip(name.as_str().bytes()) {
            *byte ^= c;
        }
        Client {
            chat: chat(number, 0, &name),
            name,
            key,
            wire: Wire::Down(Duration::ZERO),
            disk: Vec::new(),
            challenge: [0; 32],
            entered: false,
            lives: 0,
            number,
            acked: HashSet::new(),
            refused: HashSet::new(),
            said: HashMap::new(),
            out: Vec::new(),
            redial: false,
        }
    }

    /// kill -9, and started again: all it knows is what is on its disk.
    pub fn dies(&mut self, now: Now) {
        self.lives += 1;
        self.chat = chat(self.number, self.lives, &self.name);
        self.chat.adopt(self.disk.clone());
        self.wire = Wire::Down(now.up);
        self.out.clear();
        self.entered = false;
    }

    /// Dials: there is a connection.
    pub fn up(&mut self, now: Now, session: SessionId) {
        self.wire = Wire::Up(session);
        self.entered = false;
        self.put(now, Input::Link(LinkEvent::Dialling));
        self.put(now, Input::Link(LinkEvent::Up { dialect: Dialect::V1, secure: false }));
    }

    /// The connection is gone.
    pub fn down(&mut self, now: Now, retry: Duration) {
        self.wire = Wire::Down(retry);
        self.out.clear();
        self.put(now, Input::Link(LinkEvent::Down { why: "cut".into(), retry_at: Some(retry) }));
    }

    /// A frame of the host.
    pub fn hears(&mut self, now: Now, frame: &str) {
        let Some(heard) = v1::decode_event(frame).expect("a host writes what a client reads") else { return };
        if let Event::Hello(hello) = &heard.event {
            self.challenge = hello.challenge;
        }
        self.put(
            now,
            Input::Link(match heard.id {
                Some(id) => LinkEvent::Answered(id, heard.event),
                None => LinkEvent::Heard(heard.event),
            }),
        );
    }

    /// The person says or changes something: on the disk first, then to the mind.
    pub fn says(&mut self, now: Now, record: Record, dies_between: bool) {
        self.said.entry((record.to.clone(), record.what.of())).or_default().push(record.nonce);
        self.disk.push(record.clone());
        match dies_between {
            true => self.dies(now),
            false => self.put(now, Input::Ask(Ask::Say(record))),
        }
    }

    pub fn asks(&mut self, now: Now, ask: Ask) {
        self.put(now, Input::Ask(ask));
    }

    pub fn wakes(&mut self, now: Now) {
        self.put(now, Input::Woke);
    }

    fn put(&mut self, now: Now, input: Input) {
        for effect in self.chat.handle(now, input) {
            match effect {
                Effect::Send(id, command) if self.entered => self.out.push(v1::encode_command(&command, Some(id))),
                Effect::Enter(id, name) => {
                    self.entered = true;
                    let proof = Some(Proof::sign(&self.key, AUTHORITY, &self.challenge));
                    let enter = Command::Enter { name: Some(name), proof, client: None, invite: None, bot: None };
                    self.out.push(v1::encode_command(&enter, Some(id)));
                }
                Effect::Forget(nonce) => {
                    self.disk.retain(|record| record.nonce != nonce);
                    self.acked.insert(nonce);
                }
                Effect::Redial => self.redial = true,
                _ => {}
            }
        }
        if !matches!(self.wire, Wire::Up(_)) {
            self.out.clear();
        }
        for record in &self.disk {
            let of = self.chat.pending(&record.to).find(|pending| pending.record.nonce == record.nonce);
            if of.is_some_and(|pending| matches!(pending.state, Delivery::Failed(_))) {
                self.refused.insert(record.nonce);
            }
        }
    }
}
