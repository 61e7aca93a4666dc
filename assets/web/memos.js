// What follows to one's other screens: what is muted, what is half written. Each is a memo at the host, which looks at
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
    return chat.live && chat.features.includes('memos') && !chat.me.guest;
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
  }

  /** The host tells of some: all there are, or what another screen has changed. */
  told(event) {
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

  set(memo, text) {
    if (this.get(memo) === text || utf8(text).length > LONGEST) return;
    this.#here.set(memo, text);
    this.#put(memo, text);
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
}
