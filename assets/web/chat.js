// The mind: what this client knows of its host, by docs/protocol.md. It comes in, goes live, and hands each event to
// whom it concerns: `history.js` for what was, `saying.js` for what one says, `people.js`, `order.js` and `memos.js`.
// It touches neither the page nor the wire: it is handed events and `send`, and tells what `changed`.

import { History } from './history.js';
import { Memos } from './memos.js';
import { ORDER, settings } from './order.js';
import { People } from './people.js';
import { LATER, Saying } from './saying.js';
import { person, Talk } from './talk.js';
import { fold, oneLine, sentence } from './text.js';

const ACK_MS = 10_000;
const READ_MS = 500;

/** Messages of one conversation in memory; beyond it the oldest go, unless somebody reads among them. */
const MOST = 3_000;

export class Chat {
  #id = 0;
  #asked = new Map();
  #guestTries = 0;

  /**
   * `send(command)`; `tell` has changed(what, key), note(text, kind), went(key), enter(refusal or null),
   * line(talk, entry), memo(name, text), again(ms) and redial(); `settings.get(name)` is what one wants.
   */
  constructor({ send, tell, outbox, identity, authority, client, settings }) {
    Object.assign(this, { send, tell, identity, authority, client, settings });
    this.history = new History(this);
    this.saying = new Saying(this, outbox);
    this.people = new People(this);
    this.memos = new Memos(this);
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
    this.before = null;
    this.wanted = [];
    /** Of whom one sees nothing more here: ids, and the names of then. */
    this.ignored = new Map();
    this.away = false;
    this.live = false;
    this.looking = true;
    /** Whether the end of what is on the screen can be seen. */
    this.atEnd = true;
    /** Which connection it is. */
    this.wire = 0;
  }

  get talk() {
    return this.talks.get(this.here) ?? null;
  }
  get online() {
    return this.status.kind === 'online';
  }

  /** The conversation with this room or person, by name. */
  called(to) {
    return [...this.talks.values()].find((talk) => !talk.gone && fold(talk.to) === fold(to));
  }

  // --- the wire ----------------------------------------------------------------------------------------------------

  up() {
    this.#reset();
    this.#say('status');
  }

  down({ code, why, retryAt }) {
    this.#reset();
    this.status = { kind: 'offline', why, retryAt, code };
    if (code === 4401) this.tell.enter({ code: 'late', text: why });
    this.#say('status');
    this.#say('lines');
  }

  #reset() {
    this.wire += 1;
    this.live = false;
    this.#asked.clear();
    this.history.reset();
    this.saying.reset();
    this.status = { kind: 'connecting' };
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
    const late = [...this.#asked.values()].some(({ since }) => now - since > ACK_MS);
    if (this.saying.overdue(now) || late) this.tell.redial();
    else this.people.overdue(now);
  }

  /** Sends a command; `answered(event)` gets its answer, a refusal too. */
  ask(command, answered) {
    this.#id += 1;
    this.#asked.set(this.#id, { answered, since: performance.now() });
    this.send({ ...command, id: this.#id });
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

  #say(what, key) {
    this.tell.changed(what, key);
  }
  #note(text, kind = 'info') {
    this.tell.note(text, kind);
  }

  // --- coming in ---------------------------------------------------------------------------------------------------

  async #enter(hello) {
    const { identity, wire } = this;
    const proof = {};
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
    if (wire !== this.wire) return;
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
        this.tell.again(2_000);
        return;
      }
      if (LATER.has(event.code) && event.code !== 'storage') {
        this.#note(sentence(event.text), 'error');
        this.tell.again(Math.max(1_000, Number(event.retry_after) || 2_000));
        return;
      }
      this.status = { kind: 'asking' };
      this.#say('status');
      this.tell.enter({ code: event.code, text: sentence(event.text), try: (event.try ?? []).map(oneLine) });
      return;
    }
    if (event.type !== 'welcome') return;
    this.#guestTries = 0;
    const before = this.me;
    this.me = person(event.you);
    this.name = this.me.name;
    this.role = event.role ?? '';
    this.ephemeral = event.ephemeral === true;
    if (this.ephemeral) this.saying.outbox.forgetDisk();
    if (before && before.id !== this.me.id && this.me.guest) this.#rejoin(event.places ?? []);
    this.#places(event.places ?? [], false);
    this.status = { kind: 'entering' };
    const cursors = [...this.talks.values()]
      .filter((talk) => talk.epoch && !talk.gone)
      .slice(0, 1000)
      .map((talk) => ({ to: talk.to, epoch: talk.epoch, after: talk.head }));
    this.ask({ type: 'resume', cursors }, (answer) => this.#resumed(answer));
    this.tell.enter(null);
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
      this.tell.redial();
      return;
    }
    this.live = true;
    this.status = { kind: 'online' };
    this.#places(event.places ?? [], true);
    for (const talk of this.talks.values()) {
      talk.people = null;
      talk.crowd = null;
      this.saying.hold(talk);
    }
    const { wanted } = this;
    this.wanted = [];
    for (const { room, ...how } of wanted) this.join(room, how);
    if (!this.talk && wanted.every((one) => one.quiet)) {
      const first =
        [...this.talks.values()].find((talk) => talk.key === this.openFirst) ?? this.talks.values().next().value;
      if (first) this.tell.went(first.key);
    }
    for (const what of ['status', 'rooms', 'log']) this.#say(what);
    if (this.away) this.ask({ type: 'away', away: true }, () => {});
    this.look(this.here);
    this.memos.ask();
    this.saying.flush();
  }

  // --- conversations -----------------------------------------------------------------------------------------------

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
      if (!named.has(talk.key) && !talk.gone) this.drop(talk.key);
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
    Object.assign(talk, settings(place), {
      to: oneLine(place.to),
      epoch: String(place.epoch ?? ''),
      oldest: Number(place.oldest) || 1,
      head: Number(place.head) || 0,
      read: Number(place.read) || 0,
      unread: Number(place.unread) || 0,
      mentions: Number(place.mentions) || 0,
      topic: oneLine(place.topic),
      role: place.role ?? '',
      gone: false,
    });
    if (place.peer) talk.peer = { id: place.peer.person, name: talk.name, online: place.peer.online === true };
    if (talk.key === this.here && talk.head > head && head > 0) talk.mark ??= talk.read;
    return talk;
  }

  /** One is in it no more. */
  drop(key) {
    this.talks.delete(key);
    if (this.here === key) {
      this.here = null;
      this.tell.went(this.talks.values().next().value?.key ?? null);
    }
    this.#say('rooms');
  }

  /** Goes to a room, which is made if there is none, or to a person; `quiet` without going, `then(talk)` when it is there. */
  join(room, { password, quiet = false, then } = {}) {
    const name = /^[#@]/.test(room) ? room : `#${room}`;
    if (!this.live) {
      this.wanted.push({ room: name, password, quiet, then });
      return;
    }
    const there = (talk) => {
      if (!quiet) this.tell.went(talk.key);
      then?.(talk);
    };
    const known = name.startsWith('@') ? this.direct(name) : this.called(name);
    if (known) {
      there(known);
      return;
    }
    const not = (text) => {
      this.#note(text, 'error');
      if (this.talks.get(name)?.gone) this.drop(name);
      const first = this.talks.values().next().value;
      if (!this.talk && first) this.tell.went(first.key);
    };
    if (name.startsWith('@')) {
      not(`Nobody called ${name.slice(1)} is known here.`);
      return;
    }
    this.ask({ type: 'join', room: name, ...(password ? { password } : {}) }, (event) => {
      const talk = event.type === 'joined' ? this.talks.get(event.place.to) : null;
      if (talk) there(talk);
      else not(sentence(event.text) + (event.code === 'needs_password' ? ` /join ${name} and the password.` : ''));
    });
  }

  leave(key) {
    const talk = this.talks.get(key);
    if (talk?.room) this.plain({ type: 'leave', room: talk.to });
    else if (talk) this.drop(key);
  }

  #met(key, to, online) {
    const talk = new Talk(key, to);
    talk.peer = { id: key.slice(1), name: talk.name, online };
    // A new conversation lies in the same store as all the others.
    talk.epoch = this.talks.values().next().value?.epoch ?? '';
    this.talks.set(key, talk);
    this.#say('rooms');
    return talk;
  }

  /** A direct conversation with somebody, by name; there may be nothing in it yet. */
  direct(name) {
    const bare = name.replace(/^@/, '');
    const known = this.called(`@${bare}`);
    if (known) return known;
    const called = (one) => fold(one.name) === fold(bare);
    const others = [...this.talks.values()].flatMap((talk) => talk.people ?? []);
    const found = this.me && called(this.me) ? this.me : others.find(called);
    return found ? this.#met(`@${found.id}`, `@${found.name}`, found.online === true) : null;
  }

  #talkOf(event) {
    if (typeof event.to !== 'string') return null;
    if (event.to.startsWith('#')) return this.talks.get(event.to) ?? null;
    const from = event.from?.person;
    const other = from === this.me?.id ? event.to_person : from;
    if (!other) return null;
    const theirs = from === other && other !== this.me?.id;
    return (
      this.talks.get(`@${other}`) ??
      this.#met(`@${other}`, theirs ? `@${person(event.from).name}` : oneLine(event.to), from === other)
    );
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
        this.saying.refused(event);
        break;
      case 'joined': {
        const talk = this.#place(event.place);
        talk.mark = null;
        this.#say('rooms');
        this.#say('log', talk.key);
        break;
      }
      case 'left':
        this.drop(event.room);
        break;
      case 'read':
        this.#read(event);
        break;
      case 'moved':
      case 'crowd':
      case 'presence':
      case 'typing':
      case 'renamed':
        this.people[event.type](event);
        break;
      case 'room_set':
      case 'moderated':
      case 'room_deleted':
      case 'invited':
        ORDER[event.type](this, event);
        break;
      case 'memos':
        if (!asked) this.memos.told(event);
        break;
      default:
    }
    asked?.answered?.(event);
  }

  #entry(event) {
    const nonce = typeof event.nonce === 'string' ? event.nonce : '';
    const seq = Number(event.seq);
    const talk = this.#talkOf(event);
    const line = nonce && event.from?.person === this.me?.id ? this.saying.heard(nonce) : null;
    // One from further below answers a line that was said twice, as it was at first; what became of it a page tells.
    const below = talk?.have.length > 0 && seq < talk.have[talk.have.length - 1][1];
    if (talk && seq > 0 && !below && !talk.covers(seq)) this.#take(talk, event, seq);
    if (line) this.saying.flush();
  }

  /** A live entry that was not here yet. */
  #take(talk, event, seq) {
    const fresh = seq > talk.head;
    const from = person(event.from);
    talk.head = Math.max(talk.head, seq);
    talk.cover(seq, seq + 1);
    if (event.kind !== 'said' && event.kind !== 'topic') {
      const { kind, text, emoji, mentions } = event;
      this.#change(talk, { seq, from, kind, of: Number(event.of), text, emoji, mentions });
      return;
    }
    const entry = talk.said(event, seq);
    if (event.kind === 'topic') {
      talk.topic = oneLine(event.text);
      this.#say('head', talk.key);
    } else {
      if (talk.typing.delete(from.id)) this.#say('typing', talk.key);
      if (from.id === this.me.id) {
        if (fresh) talk.mark = null;
      } else if (fresh && seq > talk.read) {
        talk.unread += 1;
        if (this.calls(talk, event.mentions)) talk.mentions += 1;
        this.#say('rooms');
      }
      if (fresh) this.tell.line(talk, entry);
    }
    this.#trim(talk);
    this.#say('entry', talk.key);
  }

  /** Whether a line is for oneself: all of a direct conversation, and what names one. */
  calls(talk, mentions) {
    return !talk.room || (mentions ?? []).includes(this.me?.id);
  }

  #change(talk, change) {
    if (talk.change(change)) this.#say('entry', talk.key);
    if (change.kind === 'deleted' && change.of > talk.read && change.from.id !== this.me.id && talk.unread > 0) {
      talk.unread -= 1;
      if (this.calls(talk, change.mentions)) talk.mentions = Math.max(0, talk.mentions - 1);
      this.#say('rooms');
    }
  }

  #trim(talk) {
    if (talk.entries.size <= MOST || (talk.key === this.here && !this.atEnd)) return;
    talk.dropBelow(talk.sorted().at(-MOST / 2).seq);
    this.#say('log', talk.key);
  }

  // --- what was read -----------------------------------------------------------------------------------------------

  /** This conversation is on the screen. */
  look(key) {
    this.here = key;
    const talk = this.talks.get(key);
    if (!talk || !this.live) return;
    if (!talk.covers(talk.head) && talk.head >= talk.oldest) this.history.page(key, talk.head + 1);
    if (talk.room && !talk.people) this.people.who(key);
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

  // --- oneself -----------------------------------------------------------------------------------------------------

  setAway(away) {
    if (this.away === away) return;
    this.away = away;
    if (this.live) this.ask({ type: 'away', away }, () => {});
    this.#say('status');
  }

  bye() {
    this.send({ type: 'bye' });
  }
}
