// What one says oneself: each line is kept, then sent, and only gone when it was heard or refused, over any number of
// connections. Where lines are kept is `keep.js`; what becomes of one that was heard is the log's.

import { clean, luck, sentence, utf8 } from './text.js';

const ACK_MS = 10_000;

/** Refusals after which the same line may go well. */
export const LATER = new Set(['busy', 'rate_limited', 'storage']);

export class Saying {
  constructor(chat, outbox) {
    this.chat = chat;
    this.outbox = outbox;
  }

  /** The wire is another: whether what was sent has arrived is not known. */
  reset() {
    for (const line of this.outbox.lines) {
      if (line.state === 'sent' || line.state === 'later') line.state = 'queued';
    }
  }

  keyOf(line) {
    return line.peer ? `@${line.peer}` : line.to;
  }

  #changed(line) {
    this.chat.tell.changed('line', this.keyOf(line), line.nonce);
  }

  #by(nonce) {
    return this.outbox.lines.find((line) => line.nonce === nonce);
  }

  /** Lines of one's own in this conversation that are not in its log yet. */
  lines(key) {
    return this.outbox.lines.filter((line) => this.keyOf(line) === key);
  }

  /** How many bytes a text has, and how many it may have; 0 is no limit. */
  measure(text) {
    return { bytes: utf8(text).length, most: Number(this.chat.limits.text_bytes) || 0 };
  }

  /** Says or changes something: kept first, then sent. Gives why not, or nothing. */
  say(talk, what) {
    if (what.text !== undefined) {
      const { bytes, most } = this.measure(what.text);
      if (!clean(what.text).trim()) return 'There is nothing in it.';
      if (most && bytes > most)
        return `It is too long: ${bytes} bytes, and ${most} are allowed. Say it in parts, or put it where a link leads.`;
    }
    const peer = talk.room ? '' : talk.key.slice(1);
    const line = this.outbox.add({ nonce: luck(16), to: talk.to, peer, state: 'queued', ...what });
    this.chat.people.wrote();
    this.#changed(line);
    this.flush();
    return '';
  }

  /** Sends what may be sent: of each conversation one line at a time, so that none passes another. */
  flush() {
    const { chat } = this;
    if (!chat.live) return;
    const busy = new Set();
    for (const line of [...this.outbox.lines]) {
      const key = this.keyOf(line);
      if (busy.has(key) || line.state === 'failed') continue;
      busy.add(key);
      if (line.state !== 'queued') continue;
      const talk = chat.talks.get(key);
      if (talk?.gone) continue;
      if (line.held && talk && !this.#searched(talk, line)) continue;
      // Looking through the log may have settled it.
      if (!this.outbox.lines.includes(line)) {
        busy.delete(key);
        continue;
      }
      this.#send(line, talk);
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
    this.chat.history.page(talk.key, hole[1]);
    return false;
  }

  #send(line, talk) {
    const { chat } = this;
    const { nonce, kind, text, of, emoji, on } = line;
    const command = { type: kind, to: talk?.to ?? line.to, nonce };
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
    if (!line.sent || line.person !== chat.me.id) {
      // What is needed to find out later whether it arrived is written before it goes.
      Object.assign(line, { sent: true, person: chat.me.id, after: talk?.head ?? 0, epoch: talk?.epoch ?? '' });
      this.outbox.update(line);
    }
    chat.send(command);
    this.#changed(line);
  }

  /** One is somebody else than who sent these lines: whether they arrived only the log can tell. */
  hold(talk) {
    for (const line of this.lines(talk.key)) if (line.sent) line.held = line.person !== this.chat.me.id;
  }

  /** It is in the log, heard by who waits for it. Gives the line, which is none any more. */
  heard(nonce) {
    const line = this.outbox.remove(nonce);
    if (line) this.#changed(line);
    return line;
  }

  /** A line that was held back, because nobody knew, has arrived long ago. */
  found(nonce) {
    if (this.#by(nonce)) this.heard(nonce);
  }

  refused(event) {
    const line = this.#by(event.nonce);
    if (!line) return;
    if (LATER.has(event.code)) {
      line.state = 'later';
      line.retryAt = performance.now() + Math.max(200, Number(event.retry_after) || 1_000);
    } else if (line.kind === 'say') {
      line.state = 'failed';
      line.why = sentence(event.text);
    } else {
      this.outbox.remove(line.nonce);
      if (event.code !== 'unchanged') this.chat.tell.note(sentence(event.text), 'error');
    }
    this.#changed(line);
    this.flush();
  }

  /** Lines whose time has come go again; whether one has waited so long that the wire must be dead. */
  overdue(now) {
    for (const line of this.outbox.lines) {
      if (line.state === 'sent' && now - line.sentAt > ACK_MS) return true;
      if (line.state === 'later' && now >= line.retryAt) {
        line.state = 'queued';
        this.flush();
      }
    }
    return false;
  }

  retry(nonce) {
    const line = this.#by(nonce);
    if (!line) return;
    line.state = 'queued';
    this.flush();
    this.#changed(line);
  }

  discard(nonce) {
    this.heard(nonce);
    this.flush();
  }
}
