// What was said before: pages of a log, asked for one at a time, what somebody looks at first, and how they are worked
// in. What an entry is and how it changes is in `talk.js`; when a page is wanted the messages on the screen know.

import { present } from './talk.js';

const PAGE = 100;

export class History {
  #page = null;
  #pages = [];

  constructor(chat) {
    this.chat = chat;
  }

  /** The wire is another: nothing is under way. */
  reset() {
    this.#page = null;
    this.#pages = [];
  }

  /** What stands below `before` is wanted. */
  page(key, before, then = null) {
    this.#want({ key, before, then });
  }

  /** Goes to a place in the log: `then(seq)` when it is here. */
  around(key, seq, then) {
    const talk = this.chat.talks.get(key);
    if (!talk) return;
    if (talk.covers(seq)) then(seq);
    else this.page(key, Math.min(seq + PAGE / 2, talk.head + 1), () => then(seq));
  }

  /** Goes to a time: `then(seq)` with what was said then or next after it. */
  at(key, at, then) {
    this.#want({
      key,
      at,
      then: (event) => {
        const entries = event.entries ?? [];
        const found = entries.find((one) => Number(one.at) >= at) ?? entries.at(-1);
        if (found) then(Number(found.seq));
      },
    });
  }

  #want(page) {
    const { chat } = this;
    if (!chat.talks.has(page.key) || !chat.live) return;
    const same = (one) => one && one.key === page.key && one.before === page.before && one.at === page.at;
    const asked = same(this.#page) ? this.#page : this.#pages.find(same);
    if (asked) {
      const { then } = asked;
      asked.then = (event) => [then, page.then].forEach((told) => told?.(event));
      return;
    }
    this.#pages[page.key === chat.here ? 'unshift' : 'push'](page);
    this.#next();
  }

  #next() {
    const { chat } = this;
    if (this.#page || !chat.live) return;
    const next = this.#pages.shift();
    if (!next) return;
    const talk = chat.talks.get(next.key);
    // What came while this one waited, or is not drawn yet, is not asked for again.
    if (!talk || (!next.then && talk.covers(next.before - 1))) {
      this.#next();
      return;
    }
    this.#page = { ...next, epoch: talk.epoch };
    const command = { type: 'page', to: talk.to, limit: Math.min(PAGE, chat.limits.page_entries || PAGE) };
    if (next.at !== undefined) command.at = next.at;
    else if (next.before <= talk.head) command.before = next.before;
    const { wire } = chat;
    chat.ask(command, (event) => {
      const asked = this.#page;
      this.#page = null;
      if (event.type === 'page') this.#paged(asked, event);
      else {
        const wait = Math.max(2_000, Number(event.retry_after) || 0);
        setTimeout(() => {
          if (wire === chat.wire) chat.tell.changed('log', asked.key);
        }, wait);
      }
      this.#next();
    });
  }

  #paged(asked, event) {
    const { chat } = this;
    const talk = chat.talks.get(asked.key);
    if (!talk || talk.epoch !== asked.epoch) return;
    talk.oldest = Number(event.oldest) || talk.oldest;
    let from = Number(event.from) || 1;
    const before = Number(event.before) || from;
    // What stands further below and was changed in this stretch is of use to whoever has it from before.
    for (const raw of event.changed ?? []) {
      const entry = present(raw);
      if (talk.entries.has(entry.seq)) talk.takeIn(entry);
    }
    for (const raw of event.entries ?? []) {
      const entry = present(raw);
      talk.takeIn(entry);
      if (entry.nonce) chat.saying.found(entry.nonce);
    }
    if (from <= talk.oldest) from = Math.min(from, talk.oldest);
    talk.cover(from, before);
    chat.tell.changed('log', talk.key);
    asked.then?.(event);
    chat.saying.flush();
  }
}
