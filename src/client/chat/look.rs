//! What is looked for: pages of the log, wherever one jumps to in it, and searches. A stretch that was jumped to stands
//! apart from the end of the log until one has read on to there; the hole between them is not filled by itself.

use std::time::Duration;

use super::{Chat, Note, PAGE, Spot, Talk};
use crate::protocol::command::{Command, PageEnd};
use crate::protocol::dialect::Dialect;
use crate::protocol::entry::{Epoch, Seq};
use crate::protocol::event::{Code, Refusal};
use crate::protocol::names::Target;
use crate::protocol::search::{Hit, Query};

/// Hits asked for at once.
const HITS: u32 = 50;

/// A search waits for so long: more often a host that says "at once" is not asked, and whom another lets wait longer is told.
const WAIT: std::ops::RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_secs(10);

/// What is looked for, in one conversation or in all.
type Wish = (Option<Target>, Query);

/// Searches: one is asked at a time, and the newest wish is asked next.
#[derive(Debug, Default)]
pub struct Search {
    asked: Option<(u64, Wish)>,
    next: Option<Wish>,
    /// The host had been asked too often; before this it is not asked again.
    again_at: Option<Duration>,
}

impl Search {
    /// Whether this command is the search under way.
    pub fn is(&self, id: u64) -> bool {
        self.asked.as_ref().is_some_and(|(asked, _)| *asked == id)
    }

    /// When the next may be asked, where one has to wait for that.
    pub fn again_at(&self) -> Option<Duration> {
        self.again_at
    }
}

impl Chat {
    /// Whether the host can this beyond the first version of the dialect.
    pub fn can(&self, feature: &str) -> bool {
        self.dialect == Dialect::V1 && self.features.contains(&feature)
    }

    pub(super) fn look_for(&mut self, to: Option<Target>, query: Query) {
        if !self.live {
            return self.note(Note::NotFound("not connected".to_owned()));
        }
        if !self.can("search") {
            return self.note(Note::NotFound("this host cannot search".to_owned()));
        }
        if self.search.asked.is_some() || self.search.again_at.is_some() {
            self.search.next = Some((to, query));
            return;
        }
        let wish = (to.clone(), query.clone());
        let id = self.send(Command::Search { to, query, limit: Some(HITS) });
        self.search.asked = Some((id, wish));
    }

    /// The search is refused. Where the host only wants to be asked later, what is wanted then is asked then.
    pub(super) fn look_refused(&mut self, now: Duration, refusal: Refusal) {
        match (refusal.code, refusal.retry_after) {
            (Code::RateLimited, Some(wait)) if wait <= *WAIT.end() => {
                if let Some((_, wish)) = self.search.asked.take() {
                    self.search.next.get_or_insert(wish);
                    self.search.again_at = Some(now + wait.max(*WAIT.start()));
                }
            }
            _ => self.not_found(refusal.text),
        }
    }

    /// Asks what had to wait, when it is time.
    pub(super) fn look_again(&mut self, now: Duration) {
        if self.live && self.search.again_at.is_some_and(|at| at <= now) {
            self.search.again_at = None;
            if let Some((to, query)) = self.search.next.take() {
                self.look_for(to, query);
            }
        }
    }

    /// The search under way is over; `true` when its answer is what is wanted now.
    fn searched(&mut self) -> bool {
        if self.search.asked.take().is_none() {
            return false;
        }
        match self.search.next.take() {
            Some((to, query)) => {
                self.look_for(to, query);
                false
            }
            None => true,
        }
    }

    pub(super) fn found(&mut self, hits: Vec<(Target, Hit)>, more: bool) {
        if self.searched() {
            self.note(Note::Found(hits, more));
        }
    }

    pub(super) fn not_found(&mut self, why: String) {
        let mut waited = false;
        if !self.live {
            self.search.next = None;
            waited = self.search.again_at.take().is_some();
        }
        if self.searched() || waited {
            self.note(Note::NotFound(why));
        }
    }

    /// What stands there is wanted: it is loaded already, or asked for.
    pub(super) fn around(&mut self, to: &Target, spot: Spot) {
        let Some(talk) = self.talk_mut(to) else { return };
        if let Spot::Seq(seq) = spot
            && talk.timeline.has(seq)
        {
            return self.note(Note::Around(to.clone(), Some(seq)));
        }
        talk.let_go();
        talk.spot = Some(spot);
    }

    pub(super) fn back(&mut self, to: &Target) {
        if let Some(talk) = self.talk_mut(to) {
            talk.spot = None;
            talk.let_go();
        }
    }

    /// A page came that ends with `last`: perhaps the one that was jumped to.
    pub(super) fn arrived(&mut self, to: &Target, last: Seq) {
        let Some(talk) = self.talk_mut(to) else { return };
        let Some(spot) = talk.spot else { return talk.join_up() };
        let timeline = &talk.timeline;
        let found = match spot {
            Spot::Seq(seq) if timeline.has(seq) => timeline.get(seq).map(|shown| shown.seq),
            _ if !talk.asked_spot => return,
            Spot::Seq(_) => None,
            Spot::Time(at) => {
                let after = timeline.after(Seq::ZERO).find(|shown| shown.at >= at);
                after.or_else(|| timeline.last()).map(|shown| shown.seq)
            }
        };
        talk.spot = None;
        if std::mem::take(&mut talk.asked_spot) {
            talk.apart = Some(last).filter(|last| talk.timeline.hole_above(*last).is_some());
        }
        if found.is_none() {
            talk.let_go();
        }
        self.note(Note::Around(to.clone(), found));
    }
}

impl Talk {
    /// Whether history is being asked for because somebody wants to see it.
    pub fn loading(&self) -> bool {
        self.older || self.newer || self.spot.is_some()
    }

    /// Whether what is seen may be a stretch apart from the end of the log.
    pub fn apart(&self) -> Option<Seq> {
        self.apart
    }

    /// The page that is missing most: the end at first, then the place that was jumped to, then holes, then what is
    /// wanted beyond either end of what is seen.
    pub(super) fn wants(&mut self) -> Option<PageEnd> {
        if self.epoch == Epoch([0; 16]) {
            return None;
        }
        let hole = self.timeline.newest_hole(self.head);
        if let Some(hole) = &hole
            && *hole.end() == self.head.0
        {
            return Some(PageEnd::Before(Seq(hole.end() + 1)));
        }
        if let Some(spot) = self.spot {
            self.asked_spot = true;
            return Some(match spot {
                Spot::Seq(seq) => PageEnd::Before(Seq(seq.0 + u64::from(PAGE / 2))),
                Spot::Time(at) => PageEnd::Around(at),
            });
        }
        let above = self.apart.and_then(|seq| self.timeline.hole_above(seq));
        if let Some(hole) = hole.filter(|hole| above.as_ref().is_none_or(|above| above.start() < hole.start())) {
            return Some(PageEnd::Before(Seq(hole.end() + 1)));
        }
        if let Some(above) = above.filter(|_| self.newer) {
            return Some(PageEnd::Before(Seq((above.start() + u64::from(PAGE)).min(above.end() + 1))));
        }
        let older = self.older && !self.timeline.complete_below() && self.timeline.first() > Seq::ZERO;
        older.then(|| PageEnd::Before(self.timeline.first()))
    }

    /// The stretch apart is forgotten.
    fn let_go(&mut self) {
        if let Some(above) = self.apart.take().and_then(|seq| self.timeline.hole_above(seq)) {
            self.timeline.forget_below(Seq(*above.end() + 1));
        }
    }

    /// What was read up to the end stands apart no more.
    fn join_up(&mut self) {
        if self.apart.is_some_and(|seq| self.timeline.hole_above(seq).is_none()) {
            self.apart = None;
        }
    }

    /// Keeps memory bounded; what one reads far from the end is kept until that is as much again.
    pub(super) fn trim(&mut self, most: usize) {
        if self.apart.is_some() && self.timeline.len() <= most.saturating_mul(2) {
            return;
        }
        self.let_go();
        self.timeline.trim(most);
    }
}
