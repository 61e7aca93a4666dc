//! Memos of people with keys: kept, given back, told to their other screens. What stands in one is not looked at.

use std::collections::BTreeMap;

use super::limits::{Kind, Of, too_quick};
use super::{Hub, Now, Pending, SessionId};
use crate::protocol::command::Tag;
use crate::protocol::entry::PersonId;
use crate::protocol::event::{Code, Event, Refusal};
use crate::protocol::fact::Fact;
use crate::protocol::memo::{Memo, MemoName, PERSON_BYTES, PERSON_MEMOS};
use crate::protocol::text::Text;

/// The memos of one person.
pub type Memos = BTreeMap<MemoName, Text>;

fn bytes(name: &MemoName, text: &Text) -> usize {
    name.as_str().len() + text.as_str().len()
}

impl Hub {
    pub(super) fn set_memo(&mut self, now: Now, session: SessionId, tag: Tag, person: PersonId, memo: Memo) {
        if let Err(refusal) = self.take_memo(now, session, person, &memo) {
            return self.refuse(session, &tag, refusal);
        }
        let screens = self.people.get(person).map(|known| known.sessions.clone()).unwrap_or_default();
        for screen in screens.into_iter().filter(|screen| *screen != session) {
            self.tell(screen, None, Event::Memos(vec![memo.clone()]));
        }
        self.keep(vec![Fact::Memo { person, memo }], Pending::Settled { session, tag });
    }

    fn take_memo(&mut self, now: Now, session: SessionId, person: PersonId, memo: &Memo) -> Result<(), Refusal> {
        let no = |code, text: &str| Err(Refusal::new(code, text));
        let Some(known) = self.people.get(person).filter(|known| !known.author.guest) else {
            return no(Code::NeedsKey, "a guest has no other screen to put anything down for");
        };
        let others = known.memos.iter().filter(|(name, _)| **name != memo.name);
        let (many, taken) = others.fold((0, 0), |(many, taken), (name, text)| (many + 1, taken + bytes(name, text)));
        let gone = memo.text.is_blank();
        if !gone && (many >= PERSON_MEMOS || taken + bytes(&memo.name, &memo.text) > PERSON_BYTES) {
            return no(
                Code::Limit,
                "this host has no room for more drafts and settings of yours; they stay on this screen",
            );
        }
        let address = self.sessions.get(&session).and_then(|open| open.address).map(Of::Address);
        let of: Vec<Of> = [Of::Person(person)].into_iter().chain(address).collect();
        self.limiter.take(&self.rules.rates, now.up, Kind::Message, &of).map_err(too_quick)?;
        if let Some(known) = self.people.get_mut(person) {
            match gone {
                true => known.memos.remove(&memo.name),
                false => known.memos.insert(memo.name.clone(), memo.text.clone()),
            };
        }
        Ok(())
    }

    pub(super) fn list_memos(&mut self, session: SessionId, tag: &Tag, person: PersonId) {
        let memo = |(name, text): (&MemoName, &Text)| Memo { name: name.clone(), text: text.clone() };
        let all = self.people.get(person).map(|known| known.memos.iter().map(memo).collect()).unwrap_or_default();
        self.answer(session, tag, Event::Memos(all));
    }
}
