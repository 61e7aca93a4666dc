//! The delivery contract at the end of a run: what is acked is stored, nothing twice, no holes, each sender's own order, and
//! every client shows what the store shows.

use std::collections::{HashMap, HashSet};

use wschat::client::chat::Delivery;
use wschat::protocol::command::PageEnd;
use wschat::protocol::entry::{Conversation, Entry, Nonce, Pair, PersonId, Seq, Shown, ShownWhat, What};
use wschat::protocol::names::Target;
use wschat::store::{PageAsk, Store};

use crate::client::Client;
use crate::run::Run;

/// Lines of a client that will still go somewhere by themselves.
pub fn waiting(client: &Client) -> usize {
    let of = |talk: &wschat::client::chat::Talk| {
        client.chat.pending(&talk.to).filter(|pending| !matches!(pending.state, Delivery::Failed(_))).count()
    };
    client.chat.talks().iter().map(of).sum()
}

pub fn all(run: &mut Run) {
    let log: Vec<Entry> = run.disk.log.lock().expect("one thread").clone();
    run.told.stored = log.len() as u64;
    let mut heads: HashMap<Conversation, u64> = HashMap::new();
    let mut nonces: HashSet<(Conversation, PersonId, Nonce)> = HashSet::new();
    let mut stored: HashMap<Nonce, (Conversation, Seq)> = HashMap::new();
    for entry in &log {
        let head = heads.entry(entry.conversation.clone()).or_default();
        *head += 1;
        assert_eq!(entry.seq, Seq(*head), "a hole in {:?}", entry.conversation);
        let nonce = entry.nonce.expect("clients send nonces");
        let new = nonces.insert((entry.conversation.clone(), entry.from.person, nonce));
        assert!(new, "kept twice: {entry:?}");
        stored.insert(nonce, (entry.conversation.clone(), entry.seq));
    }
    for client in &run.clients {
        for nonce in &client.acked {
            assert!(stored.contains_key(nonce), "{} was told that {nonce:?} is kept, and it is not", client.name);
        }
        run.told.acked += client.acked.len() as u64;
        for ((to, of), said) in &client.said {
            let said = said.iter().filter(|nonce| !client.refused.contains(*nonce));
            let seqs: Vec<Seq> = said.filter_map(|nonce| stored.get(nonce)).map(|(_, seq)| *seq).collect();
            assert!(seqs.is_sorted(), "{} in {to}, {of:?}: its own lines out of order: {seqs:?}", client.name);
        }
        for nonce in client.said.values().flatten() {
            let waits = client.disk.iter().any(|record| record.nonce == *nonce);
            assert!(waits || client.acked.contains(nonce), "{}: a line is neither kept nor waiting", client.name);
        }
    }
    for who in 0..run.clients.len() {
        same_as_the_store(run, who, &log);
    }
}

/// What this client shows of each conversation is what the store shows of it.
fn same_as_the_store(run: &mut Run, who: usize, log: &[Entry]) {
    let client = &run.clients[who];
    let me = client.chat.me().expect("everybody is in").person;
    let person = |name: &str| log.iter().find(|entry| entry.from.name.as_str() == name).map(|entry| entry.from.person);
    for talk in client.chat.talks() {
        let conversation = match &talk.to {
            Target::Room(room) => Conversation::Room(room.clone()),
            Target::Direct(name) => {
                match talk.peer.as_ref().map(|peer| peer.person).or_else(|| person(name.as_str())) {
                    Some(other) => Conversation::Direct(Pair::new(me, other)),
                    None => continue,
                }
            }
        };
        let head = log.iter().filter(|entry| entry.conversation == conversation).count() as u64;
        let (end, limit, bytes) = (PageEnd::Newest, u32::MAX, usize::MAX / 2);
        let ask = PageAsk { conversation: conversation.clone(), end, limit, bytes, asker: me };
        let page = run.disk.clone().page(&ask).expect("memory can be read");
        let theirs: Vec<Shown> = talk.timeline.after(Seq::ZERO).map(alike).collect();
        let ours: Vec<Shown> = page.entries.into_iter().map(alike).collect();
        assert_eq!(talk.head, Seq(head), "{} knows another end of {}", client.name, talk.to);
        let last = log.iter().filter(|e| e.conversation == conversation && matches!(e.what, What::Said { .. }));
        assert_eq!(theirs.len(), ours.len(), "{} shows another {}; {} said", client.name, talk.to, last.count());
        for (theirs, ours) in theirs.iter().zip(&ours) {
            assert_eq!(theirs, ours, "{} shows another line of {}", client.name, talk.to);
        }
    }
}

/// Who reacted first among those who did is told otherwise in pages, where the asker comes first; and what another's line
/// is recognised by is told to nobody else.
fn alike(mut shown: Shown) -> Shown {
    shown.nonce = None;
    if let ShownWhat::Said { reactions, .. } = &mut shown.what {
        for reaction in reactions.iter_mut() {
            reaction.by.sort_by_key(|author| author.person);
        }
    }
    shown
}
