//! Order is kept: who owns the host, and what operators do to people and rooms. Who may do it is in `rights`.

use super::{Hub, Now, Pending};
use crate::protocol::entry::PersonId;
use crate::protocol::fact::Fact;
use crate::protocol::rights::{Record, Role};
use crate::protocol::text::Text;

impl Hub {
    /// What a person may do on the host.
    pub fn role(&self, person: PersonId) -> Role {
        self.people.get(person).map_or(Role::Guest, |known| known.role)
    }

    /// The host belongs to this person from now on, unless it belongs to somebody.
    pub fn make_owner(&mut self, now: Now, person: PersonId) {
        if self.people.iter().any(|known| known.role == Role::Owner) {
            return;
        }
        let Some(known) = self.people.get_mut(person).filter(|known| !known.author.guest) else { return };
        known.role = Role::Owner;
        // It was printed where others may have read it.
        self.rules.owner_ticket = None;
        let whom = Some(known.author.name.clone());
        let (at, deed, why) = (now.wall, "owner".to_owned(), Text::clean(""));
        let record = Record { at, by: None, deed, room: None, whom, until: None, why };
        let role = Fact::Role { person, room: None, role: Role::Owner };
        self.keep(vec![role, Fact::Recorded(record)], Pending::Nobody);
    }
}
