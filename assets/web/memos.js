// What follows to one's other screens: what is muted, pinned or off the list, what calls, what is half written. Each is a memo at the host, which looks at
// none of them. Guests have none, and hosts may know of none: then it lasts here alone.

import { LATER } from './saying.js';
import { utf8 } from './text.js';

/** A longer one stays here: a person has room for 32 KiB of them together. */
const LONGEST = 4_000;

export class Memos {
  #known = new Map();
  #here = new Map();

  constructor(chat) {
    this.chat = chat;
  }

  get #follow() {
    const { chat } = this;
    return chat.live && chat.settings.get('follow') === 'on' && chat.features.includes('memos') && !chat.me.guest;
  }

  /** Asks for all of them, when one has come in. */
  ask() {
    if (this.#follow) this.chat.ask({ type: 'memos' }, (event) => event.type === 'memos' && this.#all(event));
  }

  #all(event) {
    const gone = new Set(this.#known.keys());
    for (const one of event.memos ?? []) gone.delete(one.memo);
    this.told({ memos: [...(event.memos ?? []), ...[...gone].map((memo) => ({ memo, text: '' }))] });
    // What was changed while the wire was cut goes now.
    for (const [memo, text] of this.#here) this.#put(memo, text);
    for (const talk of this.chat.talks.values()) if (talk.unread > 0) this.returns(talk);
  }

  /** The host tells of some: all there are, or what another screen has changed. */
  told(event) {
    if (this.chat.settings.get('follow') !== 'on') return;
    for (const { memo, text } of event.memos ?? []) {
      if (typeof memo !== 'string' || typeof text !== 'string' || this.#here.has(memo)) continue;
      if (text) this.#known.set(memo, text);
      else this.#known.delete(memo);
      this.chat.tell.memo(memo, text);
    }
  }

  get(memo) {
    return this.#here.get(memo) ?? this.#known.get(memo) ?? '';
  }

  /** Whether there was room for it. */
  set(memo, text) {
    if (utf8(text).length > LONGEST) return false;
    if (this.get(memo) === text) return true;
    this.#here.set(memo, text);
    this.#put(memo, text);
    return true;
  }

  #put(memo, text) {
    if (!this.#follow) return;
    const { wire } = this.chat;
    this.chat.ask({ type: 'memo', memo, text }, (event) => {
      if (this.#here.get(memo) !== text) return;
      if (LATER.has(event.code)) {
        const again = () => wire === this.chat.wire && this.#here.get(memo) === text && this.#put(memo, text);
        setTimeout(again, Math.max(1_000, Number(event.retry_after) || 0));
        return;
      }
      this.#here.delete(memo);
      if (text) this.#known.set(memo, text);
      else this.#known.delete(memo);
    });
  }

  // --- what is muted -----------------------------------------------------------------------------------------------

  /** Whether nothing calls one from there. */
  muted(talk) {
    const until = this.get(`mute:${talk.to}`);
    return until === 'always' || Number(until) > Date.now();
  }

  /** For so many seconds; for good without, and not at all with 0. */
  mute(talk, seconds) {
    const until = seconds === undefined ? 'always' : seconds ? String(Date.now() + seconds * 1000) : '';
    this.set(`mute:${talk.to}`, until);
    this.chat.tell.changed('rooms');
  }

  /** What calls one from there: `mentions`, `all` or `nothing`. */
  level(talk) {
    const level = this.get(`level:${talk.to}`);
    return ['mentions', 'all', 'nothing'].includes(level) ? level : this.chat.settings.get('notify');
  }

  // --- where conversations stand on the list ------------------------------------------------------------------------

  /** The conversations on one of the lists, `pinned` or `archived`, by name. */
  list(memo) {
    return this.get(memo).split(' ').filter(Boolean);
  }

  /** Puts it on such a list, or takes it off. Whether there was room. */
  put(memo, talk, on) {
    const rest = this.list(memo).filter((to) => to !== talk.to);
    const done = this.set(memo, (on ? [...rest, talk.to] : rest).join(' '));
    this.chat.tell.changed('rooms');
    return done;
  }

  /** Somebody is called otherwise: what is kept of the conversation with them is found under the new name. */
  renamed(was, is) {
    for (const kind of ['mute:', 'level:']) {
      if (!this.get(kind + was)) continue;
      this.set(kind + is, this.get(kind + was));
      this.set(kind + was, '');
    }
    for (const memo of ['pinned', 'archived']) {
      this.set(
        memo,
        this.list(memo)
          .map((to) => (to === was ? is : to))
          .join(' '),
      );
    }
  }

  /** Something new was said: what was off the list is on it again, unless nothing calls from there. */
  returns(talk) {
    if (this.list('archived').includes(talk.to) && !this.muted(talk)) this.put('archived', talk, false);
  }
}
