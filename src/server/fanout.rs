//! Who hears what the hub tells: encodes once per dialect, gathers what a turn says to one audience into one piece of
//! bytes that all of it share, and writes each connection once at the turn's end. What is told, and to whom, is the hub's
//! decision; how much may wait is [`super::outgoing::Outgoing`]'s.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::connection::Handle;
use super::ids::place;
use crate::hub::SessionId;
use crate::protocol::dialect::{Dialect, Translator};
use crate::protocol::event::{CloseCode, Event};

/// What is gathered for one audience before it is handed out, even in the middle of a turn. A burst of full texts must
/// not look like a slow reader, so this is well under what may wait for one connection.
const GATHERED: usize = 64 * 1024;

/// All connections, and what this turn has for them.
pub struct Fanout {
    translator: Translator,
    /// By [`place`].
    rows: Vec<Option<Row>>,
    open: usize,
    /// How many of those speak plain text.
    plain: usize,
    /// Places that have something to be written.
    dirty: Vec<usize>,
    gathered: Gathered,
    audiences: u64,
}

struct Row {
    session: SessionId,
    handle: Arc<Handle>,
    dirty: bool,
    /// The audience of which it already has the first bytes, and how many.
    has: (u64, usize),
}

/// What was said to one audience and is not handed out yet.
#[derive(Default)]
struct Gathered {
    to: Arc<[SessionId]>,
    /// Tells one audience from the next.
    number: u64,
    v1: Frames,
    plain: Frames,
}

/// Frames in a row: none, one shared as it is, or several copied together.
#[derive(Default)]
enum Frames {
    #[default]
    None,
    One(Bytes),
    Many(BytesMut),
}

impl Fanout {
    /// Nobody is there.
    pub fn new(translator: Translator) -> Fanout {
        let (rows, dirty, gathered) = (Vec::new(), Vec::new(), Gathered::default());
        Fanout { translator, rows, open: 0, plain: 0, dirty, gathered, audiences: 0 }
    }

    /// Somebody is there.
    pub fn add(&mut self, session: SessionId, handle: Arc<Handle>) {
        let place = place(session);
        if self.rows.len() <= place {
            self.rows.resize_with(place + 1, || None);
        }
        self.open += 1;
        self.plain += usize::from(handle.dialect == Dialect::Plain);
        self.rows[place] = Some(Row { session, handle, dirty: false, has: (0, 0) });
    }

    /// Somebody is gone. Whether it was there.
    pub fn remove(&mut self, session: SessionId) -> bool {
        let Some(row) = self.row(session) else { return false };
        let plain = row.handle.dialect == Dialect::Plain;
        self.plain -= usize::from(plain);
        self.open -= 1;
        self.rows[place(session)] = None;
        true
    }

    /// How many are there.
    pub fn open(&self) -> usize {
        self.open
    }

    /// Bytes that wait for all of them.
    pub fn waiting(&self) -> usize {
        self.rows.iter().flatten().map(|row| row.handle.out.waiting()).sum()
    }

    /// A connection by its number.
    pub fn handle(&self, session: SessionId) -> Option<&Arc<Handle>> {
        let row = self.rows.get(place(session))?.as_ref()?;
        (row.session == session).then_some(&row.handle)
    }

    /// Tells all of these the same, but one.
    pub fn send(&mut self, to: &Arc<[SessionId]>, except: Option<SessionId>, event: &Event) {
        if !Arc::ptr_eq(&self.gathered.to, to) {
            self.hand_out();
            self.audiences += 1;
            self.gathered = Gathered { to: to.clone(), number: self.audiences, ..Gathered::default() };
        }
        if let Some(session) = except {
            self.catch_up(session);
        }
        for dialect in self.spoken() {
            if let Some(frame) = self.translator.encode(dialect, event, None) {
                self.gathered.of(dialect).push(frame);
            }
        }
        if let Some(session) = except {
            self.skip(session);
        }
        if self.gathered.v1.len().max(self.gathered.plain.len()) > GATHERED {
            self.flush();
        }
    }

    /// Tells one alone, after all it was told before.
    pub fn tell(&mut self, session: SessionId, id: Option<u64>, event: &Event) {
        self.catch_up(session);
        let Some(handle) = self.handle(session) else { return };
        if let Some(frame) = self.translator.encode(handle.dialect, event, id) {
            match event {
                Event::Page { .. } => handle.out.append_page(frame),
                _ => handle.out.append(frame),
            };
        }
        if let Event::Welcome(_) = event {
            handle.enter();
        }
        self.soil(session);
    }

    /// Closes one, after all it was told before.
    pub fn close(&mut self, session: SessionId, code: CloseCode, why: &str) {
        self.catch_up(session);
        if let Some(handle) = self.handle(session) {
            handle.out.close(code.number(), why);
            self.soil(session);
        }
    }

    /// How many are to be written to, or a few more: whoever was told something alone may be counted twice.
    pub fn hearers(&self) -> usize {
        self.dirty.len() + if self.gathered.is_empty() { 0 } else { self.gathered.to.len() }
    }

    /// The turn's end: everybody gets what there is, each by one write.
    pub fn flush(&mut self) {
        self.hand_out();
        let mut dirty = std::mem::take(&mut self.dirty);
        for place in dirty.drain(..) {
            if let Some(row) = self.rows.get_mut(place).and_then(Option::as_mut) {
                row.dirty = false;
                row.handle.out.flush();
            }
        }
        self.dirty = dirty;
    }

    fn row(&mut self, session: SessionId) -> Option<&mut Row> {
        self.rows.get_mut(place(session))?.as_mut().filter(|row| row.session == session)
    }

    /// The dialects that somebody of the audience speaks. Looked up only where there are both.
    fn spoken(&self) -> impl Iterator<Item = Dialect> + use<> {
        let mut speaks = (self.plain == 0, self.plain == self.open);
        let audience = if speaks == (false, false) { &*self.gathered.to } else { &[] };
        for &session in audience {
            match self.handle(session).map(|handle| handle.dialect) {
                Some(Dialect::V1) => speaks.0 = true,
                Some(Dialect::Plain) => speaks.1 = true,
                None => {}
            }
            if speaks == (true, true) {
                break;
            }
        }
        let (v1, plain) = speaks;
        [(v1, Dialect::V1), (plain, Dialect::Plain)]
            .into_iter()
            .filter_map(|(spoken, dialect)| spoken.then_some(dialect))
    }

    fn soil(&mut self, session: SessionId) {
        let place = place(session);
        if let Some(row) = self.row(session)
            && !std::mem::replace(&mut row.dirty, true)
        {
            self.dirty.push(place);
        }
    }

    /// Hands what is gathered to everybody who has not all of it.
    fn hand_out(&mut self) {
        let Gathered { to, number, v1, plain } = std::mem::take(&mut self.gathered);
        let (v1, plain) = (v1.freeze(), plain.freeze());
        if v1.is_empty() && plain.is_empty() {
            return;
        }
        for &session in &*to {
            let place = place(session);
            let Some(row) = self.rows.get_mut(place).and_then(Option::as_mut) else { continue };
            let frames = match row.handle.dialect {
                Dialect::V1 => &v1,
                Dialect::Plain => &plain,
            };
            let from = if row.has.0 == number { row.has.1 } else { 0 };
            if row.session != session || from >= frames.len() {
                continue;
            }
            row.handle.out.append(frames.slice(from..));
            if !std::mem::replace(&mut row.dirty, true) {
                self.dirty.push(place);
            }
        }
    }

    /// Hands what is gathered to one of the audience at once, so that what comes next for it alone comes after.
    fn catch_up(&mut self, session: SessionId) {
        if self.gathered.is_empty() || !self.gathered.to.contains(&session) {
            return;
        }
        let Some(row) = self.rows.get_mut(place(session)).and_then(Option::as_mut) else { return };
        let from = if row.has.0 == self.gathered.number { row.has.1 } else { 0 };
        let rest = self.gathered.of(row.handle.dialect).after(from);
        if row.session == session && !rest.is_empty() {
            row.handle.out.append(rest);
            self.skip(session);
            self.soil(session);
        }
    }

    /// Counts all that is gathered as had by this one.
    fn skip(&mut self, session: SessionId) {
        let number = self.gathered.number;
        let Some(Some(row)) = self.rows.get_mut(place(session)) else { return };
        let frames = match row.handle.dialect {
            Dialect::V1 => &self.gathered.v1,
            Dialect::Plain => &self.gathered.plain,
        };
        if row.session == session {
            row.has = (number, frames.len());
        }
    }
}

impl Gathered {
    fn of(&mut self, dialect: Dialect) -> &mut Frames {
        match dialect {
            Dialect::V1 => &mut self.v1,
            Dialect::Plain => &mut self.plain,
        }
    }

    fn is_empty(&self) -> bool {
        self.v1.len() == 0 && self.plain.len() == 0
    }
}

impl Frames {
    fn len(&self) -> usize {
        match self {
            Frames::None => 0,
            Frames::One(frame) => frame.len(),
            Frames::Many(frames) => frames.len(),
        }
    }

    fn push(&mut self, frame: Bytes) {
        *self = match std::mem::take(self) {
            Frames::None => Frames::One(frame),
            Frames::One(first) => {
                let mut both = BytesMut::with_capacity(8 * (first.len() + frame.len()));
                both.extend_from_slice(&first);
                both.extend_from_slice(&frame);
                Frames::Many(both)
            }
            Frames::Many(mut frames) => {
                frames.extend_from_slice(&frame);
                Frames::Many(frames)
            }
        };
    }

    fn after(&self, from: usize) -> Bytes {
        match self {
            Frames::One(frame) if from < frame.len() => frame.slice(from..),
            Frames::Many(frames) if from < frames.len() => Bytes::copy_from_slice(&frames[from..]),
            _ => Bytes::new(),
        }
    }

    fn freeze(self) -> Bytes {
        match self {
            Frames::None => Bytes::new(),
            Frames::One(frame) => frame,
            Frames::Many(frames) => frames.freeze(),
        }
    }
}
