// One conversation as this client has it: the entries it has read of the log, which stretches they cover, and how a
// change is worked into what it changes. Nothing here asks the host or knows the page; `history.js` fills it.

import { clean, oneLine } from './text.js';

/** Changes kept after they were heard, for pages that were read before them. */
const LOOSE = 256;

/** The furthest from 1970 that a date can be, in milliseconds (ECMA-262, 21.4.1.1): a host may say anything. */
const FURTHEST = 8.64e15;

const moment = (raw) => (Math.abs(Number(raw)) <= FURTHEST ? Number(raw) : 0);

/** Somebody, as events name them. */
export const person = (who) => ({
  id: String(who?.person ?? ''),
  name: oneLine(who?.name) || '?',
  guest: who?.guest === true,
  bot: who?.bot === true,
});

/** An entry as a page has it. */
export function present(raw) {
  return {
    seq: Number(raw.seq),
    at: moment(raw.at),
    from: person(raw.from),
    rev: Number(raw.rev) || Number(raw.seq),
    kind: raw.kind,
    text: clean(raw.text),
    me: raw.me === true,
    replyTo: Number(raw.reply_to) || 0,
    edited: raw.edited === true,
    deleted: raw.deleted === true,
    mentions: Array.isArray(raw.mentions) ? raw.mentions : [],
    version: 0,
    nonce: typeof raw.nonce === 'string' ? raw.nonce : '',
    reactions: (raw.reactions ?? []).map(({ emoji, count, by }) => ({
      emoji: oneLine(emoji),
      count: Number(count) || 0,
      by: (by ?? []).map(person),
    })),
  };
}

/** Works a change into an entry that does not have it yet. */
function apply(entry, { seq, from, kind, text, emoji }) {
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

export class Talk {
  #sorted = null;

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
    const last = this.have.at(-1);
    if (last && from >= last[0] && from <= last[1]) {
      last[1] = Math.max(last[1], before);
      return;
    }
    const merged = [];
    for (const one of [...this.have, [from, before]].sort((a, b) => a[0] - b[0])) {
      const end = merged.at(-1);
      if (end && one[0] <= end[1]) end[1] = Math.max(end[1], one[1]);
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

  /** What is to be shown, by rising seq. Not to be changed by who gets it. */
  sorted() {
    this.#sorted ??= [...this.entries.values()].sort((a, b) => a.seq - b.seq);
    return this.#sorted;
  }

  #put(entry) {
    const sorted = this.#sorted;
    if (sorted && !this.entries.has(entry.seq) && entry.seq > (sorted.at(-1)?.seq ?? 0)) sorted.push(entry);
    else this.#sorted = null;
    this.entries.set(entry.seq, entry);
  }

  /** A live entry that says something. */
  said(raw, seq) {
    const entry = present({ ...raw, rev: seq });
    this.#put(entry);
    return entry;
  }

  /** A live entry that changes another; gives that one, if it is here and lacks it. */
  change(change) {
    // A page that is under way may have been read before this.
    this.loose.push(change);
    if (this.loose.length > LOOSE) this.looseFrom = this.loose.shift().seq;
    const entry = this.entries.get(change.of);
    if (!entry || change.seq <= entry.rev) return null;
    apply(entry, change);
    return entry;
  }

  /** An entry as a page has it: it lacks no change up to its rev, and those heard since are worked in again. */
  takeIn(entry) {
    const known = this.entries.get(entry.seq);
    if (known && known.rev > entry.rev && this.looseFrom > entry.rev) return;
    for (const change of this.loose) if (change.of === entry.seq && change.seq > entry.rev) apply(entry, change);
    entry.version = known?.version ?? 0;
    // What comes a second time is what it was, and its row stays; the rev alone may come out as it was with other words.
    if (known && JSON.stringify(known) === JSON.stringify(entry)) return;
    entry.version += 1;
    this.#put(entry);
  }

  /** Everything below goes, to be asked for again. */
  dropBelow(first) {
    for (const seq of this.entries.keys()) if (seq < first) this.entries.delete(seq);
    this.#sorted = null;
    this.have = this.have
      .map(([from, before]) => [Math.max(from, first), before])
      .filter(([from, before]) => from < before);
  }

  forget() {
    this.entries.clear();
    this.#sorted = null;
    this.have = [];
    this.loose = [];
    this.looseFrom = 0;
    this.mark = null;
  }
}
