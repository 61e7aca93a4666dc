// Who is there: members of rooms as they come and go, who is away, who writes, who is called otherwise. News of the
// moment; a list that may be wrong is asked for anew. How people are shown is in `panes.js`.

import { person } from './talk.js';
import { oneLine } from './text.js';

/** How long it holds that somebody writes, and how often one says it oneself. */
const TYPING_MS = 6_000;
const TYPING_SAID_MS = 3_000;

export class People {
  #told = { key: null, at: 0 };

  constructor(chat) {
    this.chat = chat;
  }

  #changed(what, talk) {
    this.chat.tell.changed(what, talk?.key);
  }

  /** Asks who is a member. */
  who(key) {
    const talk = this.chat.talks.get(key);
    if (!talk?.room) return;
    talk.people ??= [];
    this.chat.ask({ type: 'who', room: talk.to }, (event) => {
      if (event.type !== 'members') return;
      talk.people = (event.people ?? []).map((one) => ({
        ...person(one),
        online: one.online === true,
        away: one.away === true,
        seen: Number(one.seen) || 0,
        role: one.role ?? '',
      }));
      talk.more = event.more === true;
      this.#changed('people', talk);
    });
  }

  moved({ room, who, joined }) {
    const talk = this.chat.talks.get(room);
    if (!talk?.people) return;
    const one = person(who);
    talk.people = talk.people.filter((known) => known.id !== one.id);
    if (joined) talk.people.push({ ...one, online: true, away: false, seen: 0, role: '' });
    this.#changed('people', talk);
  }

  crowd(event) {
    const talk = this.chat.talks.get(event.room);
    if (!talk) return;
    talk.crowd = event.singly ? null : { members: Number(event.members) || 0, online: Number(event.online) || 0 };
    if (event.singly) this.who(talk.key);
    this.#changed('people', talk);
  }

  presence({ who, online, away }) {
    const one = person(who);
    for (const talk of this.chat.talks.values()) {
      const known = talk.people?.find((other) => other.id === one.id);
      if (known) {
        Object.assign(known, { online: online === true, away: away === true, seen: online ? 0 : Date.now() });
        this.#changed('people', talk);
      }
      if (talk.peer?.id === one.id) {
        Object.assign(talk.peer, { online: online === true, away: away === true });
        this.#changed('rooms');
        this.#changed('people', talk);
      }
    }
  }

  typing(event) {
    const { chat } = this;
    const who = person(event.who);
    if (who.id === chat.me?.id || chat.settings.get('typing') === 'off') return;
    const talk = event.to?.startsWith('#') ? chat.talks.get(event.to) : chat.talks.get(`@${who.id}`);
    if (!talk) return;
    talk.typing.set(who.id, { name: who.name, until: performance.now() + TYPING_MS });
    this.#changed('typing', talk);
  }

  /** Who has stopped writing writes no more. */
  overdue(now) {
    for (const talk of this.chat.talks.values()) {
      for (const [id, { until }] of talk.typing) {
        if (now < until) continue;
        talk.typing.delete(id);
        this.#changed('typing', talk);
      }
    }
  }

  /** One is writing there. */
  writes(key) {
    const { chat } = this;
    const talk = chat.talks.get(key);
    const now = performance.now();
    if (chat.settings.get('typing') === 'off') return;
    if (!talk || !chat.live || (this.#told.key === key && now - this.#told.at < TYPING_SAID_MS)) return;
    this.#told = { key, at: now };
    chat.send({ type: 'typing', to: talk.to });
  }

  /** What one wrote was said: who goes on writes anew. */
  wrote() {
    this.#told.key = null;
  }

  renamed(event) {
    const { chat } = this;
    const who = person(event.who);
    const own = who.id === chat.me?.id;
    if (own) {
      chat.me.name = who.name;
      chat.name = who.name;
      this.#changed('status');
    }
    for (const talk of chat.talks.values()) {
      const known = talk.people?.find((one) => one.id === who.id);
      if (known) {
        known.name = who.name;
        this.#changed('people', talk);
      }
      if (talk.peer?.id === who.id) {
        talk.peer.name = who.name;
        chat.memos.renamed(talk.to, `@${who.name}`);
        talk.to = `@${who.name}`;
        this.#changed('rooms');
      }
    }
    chat.tell.note(own ? `You are called ${who.name} now.` : `${oneLine(event.was)} is called ${who.name} now.`);
  }
}
