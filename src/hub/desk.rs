//! What whoever has the host's folder asks: who and what there is, who may not come, what was done, and orders, which
//! `order` carries out by the same rules as anybody's. Where they ask, and how it gets here, is the server's.

use super::order::Giver;
use super::{Desk, Effect, Hub, Now, Pending};
use crate::protocol::admin::{Ask, Line, RECORD_LINES};
use crate::protocol::entry::{Conversation, PersonId, Standing};
use crate::protocol::fact::ReadFrom;
use crate::protocol::names::{Nick, RoomName};
use crate::protocol::rights::{Record, described};

/// Letters that may be wrong for one name to be meant by another: one of each so many.
const LETTERS_A_SLIP: usize = 3;

/// Names that are shown instead of one that nobody has.
const SHOWN_NEAR: usize = 3;

/// Asks for what is about nobody.
const NOBODY: PersonId = PersonId([0; 16]);

impl Hub {
    /// Something is asked by whoever has the folder.
    pub(super) fn asked_at_desk(&mut self, now: Now, desk: Desk, ask: Ask) {
        if self.stopping {
            return self.refuse_desk(desk, "the host stops; ask again in a moment");
        }
        match ask {
            Ask::Order { deed, name, for_s, why } => {
                self.order(now, Giver::Desk(desk), Ask::ordered(deed, name, for_s, &why));
            }
            Ask::List => {
                let of = self.listed_rooms().into_iter().map(|room| (Conversation::Room(room), ReadFrom::Head));
                let of = of.collect();
                let ticket = self.ticket(Pending::Listed { desk });
                self.effects.push(Effect::Load { ticket, person: NOBODY, of });
            }
            Ask::Bans => {
                let mut lines: Vec<Line> = self.sentences.all().map(Line::sentence).collect();
                lines.push(Line::done(""));
                self.report(desk, lines);
            }
            Ask::Audit { limit } => {
                let ticket = self.ticket(Pending::DeskAudit { desk });
                self.effects.push(Effect::Audit { ticket, limit: limit.clamp(1, RECORD_LINES) });
            }
        }
    }

    fn listed_rooms(&self) -> Vec<RoomName> {
        let mut rooms: Vec<RoomName> =
            self.rooms.iter().filter(|(_, hall)| !hall.gone).map(|(room, _)| room.clone()).collect();
        rooms.sort();
        rooms
    }

    /// Everybody and every room, now that it is known how much was said.
    pub(super) fn report_list(&mut self, desk: Desk, standings: &[Standing]) {
        let mut people: Vec<_> = self.people.iter().filter(|known| known.online || !known.author.guest).collect();
        people.sort_by(|a, b| b.role.cmp(&a.role).then_with(|| a.author.name.cmp(&b.author.name)));
        let keys = self.people.key_counts();
        let count = |many: usize| u32::try_from(many).unwrap_or(u32::MAX);
        let person = |known: &super::people::Person| Line::Person {
            name: known.author.name.clone(),
            role: known.role,
            online: known.online,
            seen: known.member().seen.map(|at| at.0),
            devices: keys.get(&known.author.person).copied().unwrap_or(0),
            rooms: count(known.rooms.len()),
        };
        let mut lines: Vec<Line> = people.into_iter().map(person).collect();
        for standing in standings {
            let Conversation::Room(room) = &standing.conversation else { continue };
            let Some(hall) = self.rooms.get(room).filter(|hall| !hall.gone) else { continue };
            lines.push(Line::Room {
                room: room.clone(),
                kind: described(&hall.settings),
                members: count(hall.members.len()),
                entries: (standing.head.0 + 1).saturating_sub(standing.oldest.0),
            });
        }
        lines.push(Line::done(""));
        self.report(desk, lines);
    }

    /// Lines of the record.
    pub(super) fn report_record(&mut self, desk: Desk, lines: Vec<Record>) {
        let lines = lines.into_iter().map(Line::record).chain([Line::done("")]).collect();
        self.report(desk, lines);
    }

    /// The answer, whole.
    pub(super) fn report(&mut self, desk: Desk, lines: Vec<Line>) {
        self.effects.push(Effect::Report { desk, lines });
    }

    /// It is not done.
    pub(super) fn refuse_desk(&mut self, desk: Desk, why: &str) {
        self.report(desk, vec![Line::refused(why)]);
    }

    /// What to say behind a name that nobody has: who may have been meant.
    pub(super) fn near(&self, name: &Nick) -> String {
        let like = |known: &super::people::Person| {
            let slips = strsim::damerau_levenshtein(name.folded(), known.author.name.folded());
            let most = name.folded().chars().count().div_ceil(LETTERS_A_SLIP);
            (slips <= most).then(|| (slips, known.author.name.clone()))
        };
        let mut near: Vec<(usize, Nick)> = self.people.iter().filter_map(like).collect();
        near.sort();
        let near: Vec<String> = near.iter().take(SHOWN_NEAR).map(|(_, name)| name.to_string()).collect();
        match near.is_empty() {
            true => "; wschat admin list shows who there is".to_owned(),
            false => format!("; did you mean {}? wschat admin list shows who there is", near.join(" or ")),
        }
    }
}
