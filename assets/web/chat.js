// The mind: what this client knows of its host and decides, by docs/protocol.md. It holds conversations with the
// stretches of their logs it has, sends what the outbox keeps, one line after the other, and asks for pages. It
// touches neither the page nor the wire: it is handed events and `send`, and tells what `changed`.

import { clean, fold, luck, oneLine, sentence, utf8 } from './text.js';

const PAGE = 100;
const ACK_MS = 10_000;
const READ_MS = 500;
const TYPING_MS = 6_000;
const TYPING_SAID_MS = 3_000;

/** Messages of one conversation in memory; beyond it the oldest go when one is at the end. */
const MOST = 3_000;

/** Changes kept after they were heard, for pages that were read before them. */
const LOOSE = 256;

/** Refusals after which the same line may go well. */
const LATER = new Set(['busy', 'rate_limited', 'storage']);

const person = (who) => ({
  id: String(who?.person ?? ''),
  name: oneLine(who?.name) || '?',
  guest: who?.guest === true,
  bot: who?.bot === true,
});

/** One conversation. */
class Talk {
  constructor(key, to) {
    Object.assign(this, {
      key,
      to,
      peer: null,
      epoch: '',
      oldest: 1,
      head: 0,
      read: 0,
      unread: 0,
      mentions: 0,
      topic: '',
      role: '',
      private: false,
      readonly: false,
      slow: 0,
      password: false,
      entries: new Map(),
      have: [],
      loose: [],
      looseFrom: 0,
      typing: new Map(),
      people: null,
      crowd: null,
      anew: false,
      mark: null,
      readSaid: 0,
      readTimer: 0,
      gone: false,
    });
  }

  get room() {
    return this.to.startsWith('#');
  }
  get name() {
    return this.to.slice(1);
  }

  covers(seq) {
    return this.have.some(([from, before]) => seq >= from && seq < before);
  }

  /** Notes that everything from `from` to below `before` is here. */
  cover(from, before) {
    if (before <= from) return;
    const merged = [];
    for (const one of [...this.have, [from, before]].sort((a, b) => a[0] - b[0])) {
      const last = merged.at(-1);
      if (last && one[0] <= last[1]) last[1] = Math.max(last[1], one[1]);
      else merged.push([...one]);
    }
    this.have = merged;
  }

  /** The holes of the log, as `[from, before)`. */
  holes() {
    const holes = [];
    let at = this.oldest;
    for (const [from, before] of this.have) {
      if (from > at) holes.push([at, from]);
      at = Math.max(at, before);
    }
    if (at <= this.head) holes.push([at, this.head + 1]);
    return holes;
  }

  forget() {
    this.entries.clear();
    this.have = [];
    this.loose = [];
    this.looseFrom = 0;
    this.mark = null;
  }

  /** What is to be shown, by rising seq. */
  sorted() {
    return [...this.entries.values()].sort((a, b) => a.seq - b.seq);
  }
}

export class Chat {
  #send;
  #tell;
  #id = 0;
  #asked = new Map();
  #page = null;
  #pages = [];
  #wire = 0;
  #typingSaid = 0;
  #guestTries = 0;

  /**
   * `send(command)`; `tell` has changed(what, key, seq), note(text, kind), went(key), enter(refusal or null),
   * line(talk, entry), again(ms), redial(), and heard(name, event) for answers that are shown as they are.
   */
  constructor({ send, tell, outbox, identity, authority, client }) {
    this.#send = send;
    this.#tell = tell;
    Object.assign(this, { outbox, identity, authority, client });
    this.name = '';
    this.invite = '';
    this.me = null;
    this.role = '';
    this.server = '';
    this.limits = {};
    this.features = [];
    this.ephemeral = false;
    this.status = { kind: 'idle' };
    this.talks = new Map();
    this.here = null;
    this.wanted = [];
    this.away = false;
    this.live = false;
    this.looking = true;
  }

  get talk() {
    return this.talks.get(this.here) ?? null;
  }
  get online() {
    return this.status.kind === 'online';
  }

  // --- the wire ----------------------------------------------------------------------------------------------------

  up() {
    this.#wire += 1;
    this.#reset();
    this.#say('status');
  }

  down({ code, why, retryAt }) {
    this.#wire += 1;
    this.#reset();
    this.status = { kind: 'offline', why, retryAt, code };
    if (code === 4401) this.#tell.enter({ code: 'late', text: why });
    this.#say('status');
    this.#say('lines');
  }

  #reset() {
    this.live = false;
    this.#asked.clear();
    this.#page = null;
    this.#pages = [];
    this.status = { kind: 'connecting' };
    for (const line of this.outbox.lines) {
      if (line.state === 'sent' || line.state === 'later') line.state = 'queued';
    }
    for (const talk of this.talks.values()) {
      talk.typing.clear();
      talk.loose = [];
      talk.readSaid = 0;
    }
  }

  /** Asks something whatever it is, to hear that the wire is alive. */
  probe() {
    if (this.live) this.ask({ type: 'away', away: this.away }, () => {});
  }

  /** Commands that take too long mean a dead wire. Called now and then. */
  overdue(now) {
    for (const { since, slow } of this.#asked.values()) {
      if (!slow && now - since > ACK_MS) {
        this.#tell.redial();
        return;
      }
    }
    for (const line of this.outbox.lines) {
      if (line.state === 'sent' && now - line.sentAt > ACK_MS) {
        this.#tell.redial();
        return;
      }
      if (line.state === 'later' && now >= line.retryAt) {
        line.state = 'queued';
        this.flush();
      }
    }
    for (const talk of this.talks.values()) {
      for (const [id, { until }] of talk.typing) {
        if (now >= until) {
          talk.typing.delete(id);
          this.#say('typing', talk.key);
        }
      }
    }
  }

  /** Sends a command; `answered(event)` gets its answer, a refusal too. */
  ask(command, answered) {
    this.#id += 1;
    this.#asked.set(this.#id, { answered, since: performance.now(), type: command.type });
    this.#send({ ...command, id: this.#id });
  }

  #say(what, key, seq) {
    this.#tell.changed(what, key, seq);
  }
  #note(text, kind = 'info') {
    this.#tell.note(text, kind);
  }

  // --- coming in ---------------------------------------------------------------------------------------------------

  async #enter(hello) {
    const wire = this.#wire;
    const proof = {};
    const { identity } = this;
    if (identity?.key) {
      try {
        Object.assign(proof, {
          key: identity.key,
          sig: await identity.prove(this.authority, String(hello.challenge)),
        });
      } catch {
        this.#note('The key of this browser cannot be used: you are a guest, for this visit.', 'error');
      }
    }
    if (wire !== this.#wire) return;
    const command = { type: 'enter', client: this.client, ...proof };
    if (this.name) command.name = this.name;
    if (this.invite) command.invite = this.invite;
    this.ask(command, (event) => this.#entered(event));
  }

  #entered(event) {
    if (event.type === 'refused') {
      const guest = !this.identity?.key;
      // The cut connection of a guest keeps the name for some seconds: it may be one's own.
      if (event.code === 'name_taken' && guest && this.me) {
        this.#guestTries += 1;
        if (this.#guestTries > 4 && event.try?.length) this.name = oneLine(event.try[0]);
        this.#tell.again(2_000);
        return;
      }
      if (LATER.has(event.code) && event.code !== 'storage') {
        this.#note(sentence(event.text), 'error');
        this.#tell.again(Math.max(1_000, Number(event.retry_after) || 2_000));
        return;
      }
      this.status = { kind: 'asking' };
      this.#say('status');
      this.#tell.enter({ code: event.code, text: sentence(event.text), try: (event.try ?? []).map(oneLine) });
      return;
    }
    if (event.type !== 'welcome') return;
    this.#guestTries = 0;
    const before = this.me;
    this.me = person(event.you);
    this.name = this.me.name;
    this.role = event.role ?? '';
    this.ephemeral = event.ephemeral === true;
    if (this.ephemeral) this.outbox.forgetDisk();
    if (before && before.id !== this.me.id && this.me.guest) this.#rejoin(event.places ?? []);
    this.#places(event.places ?? [], false);
    this.status = { kind: 'entering' };
    const cursors = [...this.talks.values()]
      .filter((talk) => talk.epoch && !talk.gone)
      .slice(0, 1000)
      .map((talk) => ({ to: talk.to, epoch: talk.epoch, after: talk.head }));
    this.ask({ type: 'resume', cursors }, (answer) => this.#resumed(answer));
    this.#tell.enter(null);
  }

  /** A guest is somebody else after a cut, and a member of nothing: the rooms of before are joined again. */
  #rejoin(places) {
    const named = new Set(places.map((place) => place.to));
    for (const talk of this.talks.values()) {
      if (talk.room && !named.has(talk.to)) {
        talk.gone = true;
        this.wanted.push({ room: talk.to, quiet: true });
      }
    }
  }

  #resumed(event) {
    if (event.type !== 'resumed') {
      this.#tell.redial();
      return;
    }
    this.live = true;
    this.status = { kind: 'online' };
    this.#places(event.places ?? [], true);
    for (const talk of this.talks.values()) {
      talk.people = null;
      talk.crowd = null;
      // A guest, or lines of somebody one was before: whether they arrived only the log can tell.
      const lines = this.outbox.lines.filter((line) => this.#keyOf(line) === talk.key && line.sent);
      for (const line of lines) line.held = line.person !== this.me.id;
    }
    const wanted = this.wanted;
    this.wanted = [];
    for (const { room, password, quiet } of wanted) this.join(room, password, quiet);
    if (!this.talk && wanted.every((one) => one.quiet)) {
      const first =
        [...this.talks.values()].find((talk) => talk.key === this.openFirst) ?? this.talks.values().next().value;
      if (first) this.#tell.went(first.key);
    }
    this.#say('status');
    this.#say('rooms');
    this.#say('log');
    if (this.away) this.ask({ type: 'away', away: true }, () => {});
    this.look(this.here);
    this.flush();
  }

  #keyFor(place) {
    if (place.to.startsWith('#')) return place.to;
    const other = (place.people ?? []).find((id) => id !== this.me?.id);
    return `@${place.peer?.person ?? other ?? this.me?.id ?? place.to}`;
  }

  #places(places, all) {
    const named = new Set();
    for (const place of places) {
      if (typeof place?.to !== 'string' || !/^[#@]/.test(place.to)) continue;
      named.add(this.#place(place).key);
    }
    if (!all) return;
    for (const talk of [...this.talks.values()]) {
      if (!named.has(talk.key) && !talk.gone) this.#drop(talk.key);
    }
  }

  #place(place) {
    const key = this.#keyFor(place);
    let talk = this.talks.get(key);
    if (!talk) {
      talk = new Talk(key, oneLine(place.to));
      this.talks.set(key, talk);
    }
    const { head } = talk;
    if (talk.epoch && (place.reset === true || talk.epoch !== place.epoch)) {
      if (talk.entries.size > 0) talk.anew = true;
      talk.forget();
    }
    Object.assign(talk, {
      to: oneLine(place.to),
      epoch: String(place.epoch ?? ''),
      oldest: Number(place.oldest) || 1,
      head: Number(place.head) || 0,
      read: Number(place.read) || 0,
      unread: Number(place.unread) || 0,
      mentions: Number(place.mentions) || 0,
      topic: oneLine(place.topic),
      role: place.role ?? '',
      private: place.private === true,
      readonly: place.readonly === true,
      slow: Number(place.slow_s) || 0,
      password: place.password === true,
      gone: false,
    });
    if (place.peer) talk.peer = { id: place.peer.person, name: talk.name, online: place.peer.online === true };
    if (talk.key === this.here && talk.head > head && head > 0) talk.mark ??= talk.read;
    return talk;
  }

  #drop(key) {
    this.talks.delete(key);
    if (this.here === key) {
      const next = this.talks.values().next().value;
      this.here = null;
      this.#tell.went(next ? next.key : null);
    }
    this.#say('rooms');
  }

  // --- what comes --------------------------------------------------------------------------------------------------

  handle(event) {
    const asked = Number.isInteger(event.id) ? this.#asked.get(event.id) : undefined;
    if (asked) this.#asked.delete(event.id);
    switch (event.type) {
      case 'hello':
        this.server = oneLine(event.server);
        this.limits = event.limits ?? {};
        this.features = Array.isArray(event.features) ? event.features : [];
        this.#enter(event);
        return;
      case 'entry':
        this.#entry(event);
        break;
      case 'refused':
        this.#refused(event);
        break;
      case 'joined': {
        const talk = this.#place(event.place);
        talk.mark = null;
        this.#say('rooms');
        this.#say('log', talk.key);
        break;
      }
      case 'left':
        this.#drop(event.room);
        break;
      case 'read':
        this.#read(event);
        break;
      case 'moved':
        this.#moved(event);
        break;
      case 'crowd':
        this.#crowd(event);
        break;
      case 'presence':
        this.#presence(event);
        break;
      case 'typing':
        this.#typing(event);
        break;
      case 'renamed':
        this.#renamed(event);
        break;
      case 'room_set':
        this.#roomSet(event);
        break;
      case 'moderated':
        this.#moderated(event);
        break;
      case 'room_deleted':
        this.#note(`${oneLine(event.room)} was deleted${event.by ? ` by ${person(event.by).name}` : ''}.`);
        break;
      case 'invited':
        this.#note(`${person(event.by).name} lets you into ${oneLine(event.room)}: /join ${oneLine(event.room)}`);
        break;
      default:
    }
    asked?.answered?.(event);
  }

  #talkOf(event) {
    if (typeof event.to !== 'string') return null;
    if (event.to.startsWith('#')) return this.talks.get(event.to) ?? null;
    const from = event.from?.person;
    const other = from === this.me?.id ? event.to_person : from;
    if (!other) return null;
    const key = `@${other}`;
    let talk = this.talks.get(key);
    if (!talk) {
      talk = new Talk(
        key,
        from === other && other !== this.me?.id ? `@${person(event.from).name}` : oneLine(event.to),
      );
      talk.peer = { id: other, name: talk.name, online: from === other };
      // A new conversation lies in the same store as all the others.
      talk.epoch = this.talks.values().next().value?.epoch ?? '';
      this.talks.set(key, talk);
      this.#say('rooms');
    }
    return talk;
  }

  #entry(event) {
    const nonce = typeof event.nonce === 'string' ? event.nonce : '';
    const seq = Number(event.seq);
    const talk = this.#talkOf(event);
    const line = nonce && event.from?.person === this.me?.id ? this.outbox.remove(nonce) : null;
    if (line) {
      this.#say('line', talk?.key ?? this.#keyOf(line), line.nonce);
    }
    // One from further below answers a line that was said twice, as it was at first; what became of it a page tells.
    const below = talk?.have.length > 0 && seq < talk.have[talk.have.length - 1][1];
    if (talk && seq > 0 && !below && !talk.covers(seq)) this.#take(talk, event, seq);
    if (line) this.flush();
  }

  /** A live entry that was not here yet. */
  #take(talk, event, seq) {
    const fresh = seq > talk.head;
    const from = person(event.from);
    talk.head = Math.max(talk.head, seq);
    talk.cover(seq, seq + 1);
    if (event.kind === 'said' || event.kind === 'topic') {
      const entry = this.#present({ ...event, rev: seq });
      talk.entries.set(seq, entry);
      if (event.kind === 'topic') {
        talk.topic = oneLine(event.text);
        this.#say('head', talk.key);
      }
      if (event.kind === 'said') {
        if (talk.typing.delete(from.id)) this.#say('typing', talk.key);
        if (from.id === this.me.id) {
          if (fresh) talk.mark = null;
        } else if (fresh && seq > talk.read) {
          talk.unread += 1;
          if (!talk.room || (event.mentions ?? []).includes(this.me.id)) talk.mentions += 1;
          this.#say('rooms');
        }
        if (fresh) this.#tell.line(talk, entry);
      }
      this.#trim(talk);
      this.#say('entry', talk.key, seq);
      return;
    }
    this.#change(talk, {
      seq,
      from,
      kind: event.kind,
      of: Number(event.of),
      text: event.text,
      emoji: event.emoji,
      mentions: event.mentions,
    });
  }

  #change(talk, change) {
    const entry = talk.entries.get(change.of);
    // A page that is under way may have been read before this.
    talk.loose.push(change);
    if (talk.loose.length > LOOSE) talk.looseFrom = talk.loose.shift().seq;
    if (entry && change.seq > entry.rev) {
      this.#apply(entry, change);
      this.#say('entry', talk.key, entry.seq);
    }
    if (change.kind === 'deleted' && change.of > talk.read && change.from.id !== this.me.id && talk.unread > 0) {
      talk.unread -= 1;
      if (!talk.room || (change.mentions ?? []).includes(this.me.id)) talk.mentions = Math.max(0, talk.mentions - 1);
      this.#say('rooms');
    }
  }

  #apply(entry, { seq, from, kind, text, emoji }) {
    entry.rev = seq;
    if (kind === 'edited') {
      entry.text = clean(text);
      entry.edited = true;
    } else if (kind === 'deleted') {
      Object.assign(entry, { text: '', deleted: true, reactions: [] });
    } else if (kind === 'reacted' || kind === 'unreacted') {
      const sign = oneLine(emoji);
      let found = entry.reactions.find((one) => one.emoji === sign);
      if (!found && kind === 'reacted') {
        found = { emoji: sign, count: 0, by: [] };
        entry.reactions.push(found);
      }
      if (!found) return;
      const by = found.by.filter((one) => one.id !== from.id);
      if (kind === 'reacted' && by.length === found.by.length) found.count += 1;
      if (kind === 'unreacted') found.count -= 1;
      found.by = kind === 'reacted' ? [...by, from] : by;
      entry.reactions = entry.reactions.filter((one) => one.count > 0);
    }
  }

  /** An entry as a page has it. */
  #present(raw) {
    return {
      seq: Number(raw.seq),
      at: Number(raw.at) || 0,
      from: person(raw.from),
      rev: Number(raw.rev) || Number(raw.seq),
      kind: raw.kind,
      text: clean(raw.text),
      me: raw.me === true,
      replyTo: Number(raw.reply_to) || 0,
      edited: raw.edited === true,
      deleted: raw.deleted === true,
      mentions: raw.mentions ?? [],
      version: 0,
      nonce: typeof raw.nonce === 'string' ? raw.nonce : '',
      reactions: (raw.reactions ?? []).map(({ emoji, count, by }) => ({
        emoji: oneLine(emoji),
        count: Number(count) || 0,
        by: (by ?? []).map(person),
      })),
    };
  }

  #trim(talk) {
    if (talk.entries.size <= MOST || talk.key === this.here) return;
    const first = talk.sorted().at(-MOST / 2).seq;
    for (const seq of talk.entries.keys()) if (seq < first) talk.entries.delete(seq);
    talk.have = talk.have
      .map(([from, before]) => [Math.max(from, first), before])
      .filter(([from, before]) => from < before);
    this.#say('log', talk.key);
  }

  // --- history -----------------------------------------------------------------------------------------------------

  /** What stands below `before` is wanted; what somebody looks at comes first. */
  page(key, before, limit = PAGE, then = null) {
    const talk = this.talks.get(key);
    if (!talk || !this.live) return;
    const same = (one) => one && one.key === key && one.before === before;
    if (same(this.#page) || this.#pages.some(same)) return;
    this.#pages[key === this.here ? 'unshift' : 'push']({ key, before, limit, then });
    this.#nextPage();
  }

  get paging() {
    return this.#page?.key ?? null;
  }

  #nextPage() {
    if (this.#page || !this.live) return;
    const next = this.#pages.shift();
    const talk = next && this.talks.get(next.key);
    if (!next) return;
    if (!talk) {
      this.#nextPage();
      return;
    }
    this.#page = { ...next, epoch: talk.epoch };
    const command = {
      type: 'page',
      to: talk.to,
      limit: Math.max(1, Math.min(next.limit, this.limits.page_entries || PAGE)),
    };
    if (next.before <= talk.head) command.before = next.before;
    const wire = this.#wire;
    this.ask(command, (event) => {
      const asked = this.#page;
      this.#page = null;
      if (event.type === 'page') this.#paged(asked, event);
      else {
        const wait = Math.max(2_000, Number(event.retry_after) || 0);
        setTimeout(() => {
          if (wire === this.#wire) this.#say('log', asked.key);
        }, wait);
      }
      this.#nextPage();
    });
    this.#say('paging', next.key);
  }

  #paged(asked, event) {
    const talk = this.talks.get(asked.key);
    if (!talk || talk.epoch !== asked.epoch) return;
    talk.oldest = Number(event.oldest) || talk.oldest;
    let from = Number(event.from) || 1;
    const before = Number(event.before) || from;
    // What stands further below and was changed in this stretch is of use to whoever has it from before.
    for (const raw of event.changed ?? []) {
      const entry = this.#present(raw);
      if (talk.entries.has(entry.seq)) this.#takeIn(talk, entry);
    }
    for (const raw of event.entries ?? []) {
      const entry = this.#present(raw);
      this.#takeIn(talk, entry);
      if (entry.nonce && entry.text !== undefined) this.#found(entry.nonce);
    }
    if (from <= talk.oldest) from = Math.min(from, talk.oldest);
    talk.cover(from, before);
    this.#say('log', talk.key);
    asked.then?.(true);
    this.flush();
  }

  /** An entry as a page has it: it lacks no change up to its rev, and those heard since are worked in again. */
  #takeIn(talk, entry) {
    const known = talk.entries.get(entry.seq);
    if (known && known.rev > entry.rev && talk.looseFrom > entry.rev) return;
    // The rev may come out as it was, with other words.
    entry.version = (known?.version ?? 0) + 1;
    talk.entries.set(entry.seq, entry);
    for (const change of talk.loose)
      if (change.of === entry.seq && change.seq > entry.rev) this.#apply(entry, change);
  }

  /** A line that was held back, because nobody knew, has arrived long ago. */
  #found(nonce) {
    const line = this.outbox.lines.find((one) => one.nonce === nonce);
    if (!line) return;
    this.outbox.remove(nonce);
    this.#say('line', this.#keyOf(line), nonce);
  }

  /** Goes to a place in the log: `then(seq)` when it is here. */
  around(key, seq, then) {
    const talk = this.talks.get(key);
    if (!talk) return;
    if (talk.covers(seq)) {
      then(seq);
      return;
    }
    this.page(key, Math.min(seq + PAGE / 2, talk.head + 1), PAGE, () => then(seq));
  }

  /** This conversation is on the screen. */
  look(key) {
    this.here = key;
    const talk = this.talks.get(key);
    if (!talk || !this.live) return;
    if (!talk.covers(talk.head) && talk.head >= talk.oldest) this.page(key, talk.head + 1);
    if (talk.room && !talk.people) this.who(key);
  }

  /** It was read this far. */
  seen(key, seq) {
    const talk = this.talks.get(key);
    if (!talk || !this.live || seq <= talk.read || seq <= talk.readSaid) return;
    talk.readWanted = seq;
    // What the host will say, said sooner.
    if (seq >= talk.head && talk.unread) {
      Object.assign(talk, { unread: 0, mentions: 0 });
      this.#say('rooms');
    }
    if (talk.readTimer) return;
    const tell = () => {
      talk.readTimer = 0;
      if (this.#tellRead(talk)) talk.readTimer = setTimeout(tell, READ_MS);
    };
    tell();
  }

  #tellRead(talk) {
    if (!this.live || !(talk.readWanted > talk.readSaid) || !this.talks.has(talk.key)) return false;
    talk.readSaid = talk.readWanted;
    this.ask({ type: 'read', to: talk.to, seq: talk.readWanted }, (event) => {
      if (event.type === 'refused') talk.readSaid = 0;
    });
    return true;
  }

  /** The page may end: what was read is told now. */
  leaving() {
    for (const talk of this.talks.values()) this.#tellRead(talk);
  }

  #read(event) {
    const talk = [...this.talks.values()].find((one) => one.to === event.to);
    if (!talk) return;
    talk.read = Math.max(talk.read, Number(event.seq) || 0);
    talk.unread = Number(event.unread) || 0;
    talk.mentions = Number(event.mentions) || 0;
    this.#say('rooms');
  }

  // --- people ------------------------------------------------------------------------------------------------------

  who(key) {
    const talk = this.talks.get(key);
    if (!talk?.room) return;
    talk.people ??= [];
    this.ask({ type: 'who', room: talk.to }, (event) => {
      if (event.type !== 'members') return;
      talk.people = (event.people ?? []).map((one) => ({
        ...person(one),
        online: one.online === true,
        away: one.away === true,
        seen: Number(one.seen) || 0,
        role: one.role ?? '',
      }));
      talk.more = event.more === true;
      this.#say('people', key);
    });
  }

  #moved({ room, who, joined }) {
    const talk = this.talks.get(room);
    if (!talk?.people) return;
    const one = person(who);
    talk.people = talk.people.filter((known) => known.id !== one.id);
    if (joined) talk.people.push({ ...one, online: true, away: false, seen: 0, role: '' });
    this.#say('people', talk.key);
  }

  #crowd(event) {
    const talk = this.talks.get(event.room);
    if (!talk) return;
    talk.crowd = event.singly ? null : { members: Number(event.members) || 0, online: Number(event.online) || 0 };
    if (event.singly) this.who(talk.key);
    this.#say('people', talk.key);
  }

  #presence({ who, online, away }) {
    const one = person(who);
    for (const talk of this.talks.values()) {
      const known = talk.people?.find((other) => other.id === one.id);
      if (known) {
        Object.assign(known, { online: online === true, away: away === true, seen: online ? 0 : Date.now() });
        this.#say('people', talk.key);
      }
      if (talk.peer?.id === one.id) {
        talk.peer.online = online === true;
        this.#say('rooms');
        this.#say('people', talk.key);
      }
    }
  }

  #typing(event) {
    const who = person(event.who);
    if (who.id === this.me?.id) return;
    const talk = event.to?.startsWith('#') ? this.talks.get(event.to) : this.talks.get(`@${who.id}`);
    if (!talk) return;
    talk.typing.set(who.id, { name: who.name, until: performance.now() + TYPING_MS });
    this.#say('typing', talk.key);
  }

  /** One is writing there. */
  writes(key) {
    const talk = this.talks.get(key);
    const now = performance.now();
    if (!talk || !this.live || (this.#typingSaid && now - this.#typingSaid < TYPING_SAID_MS)) return;
    this.#typingSaid = now;
    this.#send({ type: 'typing', to: talk.to });
  }

  #renamed(event) {
    const who = person(event.who);
    if (who.id === this.me?.id) {
      this.me.name = who.name;
      this.name = who.name;
      this.#say('status');
    }
    for (const talk of this.talks.values()) {
      const known = talk.people?.find((one) => one.id === who.id);
      if (known) {
        known.name = who.name;
        this.#say('people', talk.key);
      }
      if (talk.peer?.id === who.id) {
        talk.peer.name = who.name;
        talk.to = `@${who.name}`;
        this.#say('rooms');
      }
    }
    this.#note(
      who.id === this.me?.id ? `You are called ${who.name} now.` : `${oneLine(event.was)} is called ${who.name} now.`,
    );
  }

  #roomSet(event) {
    const talk = this.talks.get(event.room);
    if (!talk) return;
    Object.assign(talk, {
      private: event.private === true,
      readonly: event.readonly === true,
      slow: Number(event.slow_s) || 0,
      password: event.password === true,
    });
    this.#say('head', talk.key);
  }

  #moderated(event) {
    const deeds = {
      kick: 'put out',
      ban: 'banned',
      unban: 'allowed back',
      mute: 'muted',
      unmute: 'unmuted',
      op: 'made an operator',
      deop: 'no operator any more',
    };
    const who = person(event.who);
    const was = who.id === this.me?.id ? 'You were' : `${who.name} was`;
    const where = event.room ? ` in ${oneLine(event.room)}` : '';
    const by = event.by ? ` by ${person(event.by).name}` : '';
    this.#note(
      `${was} ${deeds[event.deed] ?? oneLine(event.deed)}${where}${by}${event.why ? `: ${oneLine(event.why)}` : ''}.`,
    );
    const talk = this.talks.get(event.room);
    if (talk && /op$/.test(event.deed ?? '')) this.who(talk.key);
  }

  // --- rooms -------------------------------------------------------------------------------------------------------

  join(room, password, quiet = false) {
    const name = room.startsWith('#') ? room : `#${room}`;
    if (!this.live) {
      this.wanted.push({ room: name, password, quiet });
      return;
    }
    const known = [...this.talks.values()].find((talk) => talk.room && !talk.gone && fold(talk.to) === fold(name));
    if (known) {
      if (!quiet) this.#tell.went(known.key);
      return;
    }
    this.ask({ type: 'join', room: name, ...(password ? { password } : {}) }, (event) => {
      if (event.type === 'joined') {
        if (!quiet) this.#tell.went(event.place.to);
        return;
      }
      this.#note(sentence(event.text), 'error');
      if (this.talks.get(name)?.gone) this.#drop(name);
      if (!this.talk) {
        const first = this.talks.values().next().value;
        if (first) this.#tell.went(first.key);
      }
    });
  }

  leave(key) {
    const talk = this.talks.get(key);
    if (!talk) return;
    if (!talk.room) {
      this.#drop(key);
      return;
    }
    this.plain({ type: 'leave', room: talk.to });
  }

  /** A command whose refusal is told and whose success shows by itself. */
  plain(command, done) {
    if (!this.live) {
      this.#note('Not while there is no connection.', 'error');
      return;
    }
    this.ask(command, (event) => {
      if (event.type === 'refused') this.#note(sentence(event.text), 'error');
      else done?.(event);
    });
  }

  /** A direct conversation with somebody, by name; there may be nothing in it yet. */
  direct(name) {
    const bare = name.replace(/^@/, '');
    const known = [...this.talks.values()].find((talk) => !talk.room && fold(talk.name) === fold(bare));
    if (known) return known;
    let id = fold(bare) === fold(this.me?.name ?? '') ? this.me.id : '';
    for (const talk of this.talks.values()) {
      id ||= talk.people?.find((one) => fold(one.name) === fold(bare))?.id ?? '';
    }
    if (!id) return null;
    const talk = new Talk(`@${id}`, `@${bare}`);
    talk.peer = { id, name: bare, online: false };
    talk.epoch = this.talks.values().next().value?.epoch ?? '';
    this.talks.set(talk.key, talk);
    this.#say('rooms');
    return talk;
  }

  // --- what one says -----------------------------------------------------------------------------------------------

  #keyOf(line) {
    return line.peer ? `@${line.peer}` : line.to;
  }

  /** Lines of one's own in this conversation that are not in its log yet. */
  lines(key) {
    return this.outbox.lines.filter((line) => this.#keyOf(line) === key);
  }

  /** Says or changes something: kept first, then sent. Gives why not, or nothing. */
  say(talk, what) {
    const most = Number(this.limits.text_bytes) || 0;
    if (what.text !== undefined) {
      const bytes = utf8(what.text).length;
      if (!clean(what.text).trim()) return 'There is nothing in it.';
      if (most && bytes > most) return `It is too long: ${bytes} bytes, and ${most} are allowed.`;
    }
    const line = this.outbox.add({
      nonce: luck(16),
      to: talk.to,
      peer: talk.room ? '' : talk.key.slice(1),
      state: 'queued',
      ...what,
    });
    this.#say('line', talk.key, line.nonce);
    this.flush();
    return '';
  }

  /** Sends what may be sent: of each conversation one line at a time, so that none passes another. */
  flush() {
    if (!this.live) return;
    const busy = new Set();
    for (const line of [...this.outbox.lines]) {
      const key = this.#keyOf(line);
      if (busy.has(key) || line.state === 'failed') continue;
      busy.add(key);
      if (line.state !== 'queued') continue;
      const talk = this.talks.get(key);
      if (talk?.gone) continue;
      if (line.held && talk && !this.#searched(talk, line)) continue;
      // Looking through the log may have settled it.
      if (!this.outbox.lines.includes(line)) {
        busy.delete(key);
        continue;
      }
      this.#sendLine(line, talk);
    }
  }

  /** Whether the log was looked through from where it was when the line was sent. */
  #searched(talk, line) {
    const hole = talk
      .holes()
      .filter(([, before]) => before > (line.after ?? 0) + 1)
      .at(-1);
    if (!hole || talk.epoch !== line.epoch) {
      line.held = false;
      return true;
    }
    this.page(talk.key, hole[1]);
    return false;
  }

  #sendLine(line, talk) {
    const { nonce, kind, text, of, emoji, on } = line;
    const to = talk?.to ?? line.to;
    const command = { type: kind, to, nonce };
    if (kind === 'say')
      Object.assign(command, {
        text,
        ...(line.me ? { me: true } : {}),
        ...(line.replyTo ? { reply_to: line.replyTo } : {}),
      });
    if (kind === 'edit') Object.assign(command, { of, text });
    if (kind === 'delete') Object.assign(command, { of });
    if (kind === 'react') Object.assign(command, { of, emoji, ...(on ? {} : { on: false }) });
    line.state = 'sent';
    line.sentAt = performance.now();
    if (!line.sent || line.person !== this.me.id) {
      // What is needed to find out later whether it arrived is written before it goes.
      Object.assign(line, { sent: true, person: this.me.id, after: talk?.head ?? 0, epoch: talk?.epoch ?? '' });
      this.outbox.update(line);
    }
    this.#send(command);
    this.#say('line', this.#keyOf(line), nonce);
  }

  #refused(event) {
    const line = this.outbox.lines.find((one) => one.nonce === event.nonce);
    if (!line) return;
    const key = this.#keyOf(line);
    if (LATER.has(event.code)) {
      line.state = 'later';
      line.retryAt = performance.now() + Math.max(200, Number(event.retry_after) || 1_000);
    } else if (line.kind === 'say') {
      line.state = 'failed';
      line.why = sentence(event.text);
    } else {
      this.outbox.remove(line.nonce);
      if (event.code !== 'unchanged') this.#note(sentence(event.text), 'error');
    }
    this.#say('line', key, line.nonce);
    this.flush();
  }

  retry(nonce) {
    const line = this.outbox.lines.find((one) => one.nonce === nonce);
    if (!line) return;
    line.state = 'queued';
    this.flush();
    this.#say('line', this.#keyOf(line), nonce);
  }

  discard(nonce) {
    const line = this.outbox.remove(nonce);
    if (line) this.#say('line', this.#keyOf(line), nonce);
    this.flush();
  }

  setAway(away) {
    if (this.away === away) return;
    this.away = away;
    if (this.live) this.ask({ type: 'away', away }, () => {});
    this.#say('status');
  }

  bye() {
    this.#send({ type: 'bye' });
  }
}
