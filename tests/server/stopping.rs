//! How it ends: in order when asked to, with a clear word when the store cannot go on, and what happens when the disk is
//! full or slow.

use std::sync::mpsc;

use serde_json::json;
use wschat::protocol::entry::{Conversation, Epoch, Page, PersonId, Standing, Timestamp};
use wschat::protocol::fact::{Facts, ReadFrom};
use wschat::protocol::search::Found;
use wschat::server::{BindError, Place, bind};
use wschat::store::sqlite::SqliteStore;
use wschat::store::{PageAsk, Reader, Retention, SearchAsk, Store, StoreError, Write, Written};

use crate::host::Host;

#[tokio::test]
async fn everybody_is_told_to_come_back_and_nothing_is_lost() {
    let folder = tempfile::tempdir().expect("there is room");
    let mut host = Host::durable(folder.path(), |_| {});
    let mut ann = host.plain("ann").await;
    let mut ben = host.guest("ben").await;
    ann.say("ann: the last word").await;
    ann.until("Received ann: the last word").await;
    host.ask_to_stop();
    assert_eq!(ann.closed().await.expect("it says why").0, 1012);
    assert_eq!(ben.closed().await.expect("it says why").0, 1012);
    assert_eq!(host.ended().await.expect("it stops well").cut, 0);

    let host = Host::durable(folder.path(), |_| {});
    let mut cy = host.guest("cy").await;
    cy.send(json!({"type": "page", "id": 3, "to": "#lobby"})).await;
    let page = cy.hears("page").await;
    assert_eq!(page["entries"][0]["text"], "the last word", "{page}");
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let host = Host::start();
    let port = host.addr.port();
    match bind(Place::Loopback { port }) {
        Err(error @ BindError::Taken(_)) => assert!(error.to_string().contains(&format!("port {port} is taken"))),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it was taken"),
    }
}

#[tokio::test]
async fn a_full_disk_refuses_and_is_forgotten_when_there_is_room_again() {
    let (moods, host) = moody();
    let mut ann = host.plain("ann").await;
    moods.send(Mood::Full).expect("it listens");
    ann.say("ann: one").await;
    let refused = ann.text().await;
    assert!(refused.starts_with("! "), "{refused}");
    moods.send(Mood::Well).expect("it listens");
    ann.say("ann: two").await;
    assert_eq!(ann.text().await, "Received ann: two");
    host.stop().await;
}

#[tokio::test]
async fn a_broken_store_ends_the_host_and_nothing_is_acknowledged() {
    let (moods, mut host) = moody();
    let mut ann = host.plain("ann").await;
    let mut ben = host.plain("ben").await;
    assert_eq!(ann.text().await, "* ben joined");
    moods.send(Mood::Broken).expect("it listens");
    ann.say("ann: lost").await;
    assert_eq!(ann.closed_after().await, (Vec::new(), 1012));
    assert_eq!(ben.closed_after().await, (Vec::new(), 1012), "nobody heard it");
    let error = host.ended().await.expect_err("it was not asked to");
    assert_eq!(error.to_string(), "the history cannot be kept: the disk said no");
}

#[tokio::test]
async fn what_was_taken_is_committed_and_told_before_the_goodbye() {
    let (moods, mut host) = moody();
    let mut ann = host.plain("ann").await;
    moods.send(Mood::Held).expect("it listens");
    ann.say("ann: one").await;
    ann.say("ann: two").await;
    // A frame later than both that is answered without the store: so both were taken.
    ann.say("/who").await;
    while !ann.text().await.starts_with("* ") {}
    host.ask_to_stop();
    moods.send(Mood::Well).expect("it listens");
    let (told, code) = ann.closed_after().await;
    assert_eq!((told.join("\n").as_str(), code), ("Received ann: one\nReceived ann: two", 1012));
    host.ended().await.expect("it stops well");
}

impl crate::host::Raw {
    /// The texts that still come, and the code at the end.
    async fn closed_after(&mut self) -> (Vec<String>, u16) {
        use tokio_tungstenite::tungstenite::Message;
        let mut texts = Vec::new();
        loop {
            match self.next().await {
                Message::Text(text) => texts.push(text.to_string()),
                Message::Close(Some(close)) => return (texts, close.code.into()),
                _ => {}
            }
        }
    }
}

/// How a store feels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    Well,
    Full,
    Broken,
    /// Commits nothing until the next mood comes.
    Held,
}

/// A store that does as it is told.
struct Moody {
    store: SqliteStore,
    moods: mpsc::Receiver<Mood>,
    mood: Mood,
}

pub fn moody() -> (mpsc::Sender<Mood>, Host) {
    let (sender, moods) = mpsc::channel();
    let store = SqliteStore::in_memory([1; 16]).expect("memory is there");
    let host = Host::serve(|_| {}, Box::new(Moody { store, moods, mood: Mood::Well }), false);
    (sender, host)
}

impl Store for Moody {
    fn epoch(&self) -> Epoch {
        self.store.epoch()
    }
    fn facts(&mut self) -> Result<Facts, StoreError> {
        self.store.facts()
    }
    fn commit(&mut self, writes: &[Write]) -> Result<Vec<Written>, StoreError> {
        while let Ok(mood) = self.moods.try_recv() {
            self.mood = mood;
        }
        while self.mood == Mood::Held {
            self.mood = self.moods.recv().unwrap_or(Mood::Well);
        }
        match self.mood {
            Mood::Full => Err(StoreError::Full),
            Mood::Broken => Err(StoreError::Broken("the disk said no".into())),
            _ => self.store.commit(writes),
        }
    }
    fn standings(&mut self, person: PersonId, of: &[(Conversation, ReadFrom)]) -> Result<Vec<Standing>, StoreError> {
        self.store.standings(person, of)
    }
    fn page(&mut self, ask: &PageAsk) -> Result<Page, StoreError> {
        self.store.page(ask)
    }
    fn search(&mut self, ask: &SearchAsk) -> Result<Found, StoreError> {
        self.store.search(ask)
    }
    fn audit(&mut self, limit: u32) -> Result<Vec<wschat::protocol::rights::Record>, StoreError> {
        self.store.audit(limit)
    }

    fn reader(&self) -> Result<Option<Box<dyn Reader>>, StoreError> {
        Ok(None)
    }
    fn retain(&mut self, bounds: &Retention, now: Timestamp) -> Result<bool, StoreError> {
        self.store.retain(bounds, now)
    }
    fn finish(&mut self) -> Result<(), StoreError> {
        self.store.finish()
    }
}
