// What one can set on this page: which settings there are, what they may be, and what they are. They are kept in this
// browser for all its tabs; with storage turned off they last as long as the page. What is muted, pinned or off the list
// is kept at the host instead (`memos.js`), and how settings are shown and typed is in `choices.js`.

import { span } from './slash.js';

const ON_OFF = ['on', 'off'];

/** Words that call: so many characters together, as they are looked for in every line that comes. */
const WORDS_MOST = 1_000;

const HOURS = /^([01]?\d|2[0-3]):([0-5]\d)-([01]?\d|2[0-3]):([0-5]\d)$/;

/** name, default, what it may be: some words, or `[in words, whether this is one, an example]`; what it is. `/set` shows them. */
export const SETTINGS = [
  ['theme', 'auto', ['auto', 'light', 'dark'], 'The colours. auto: as the system has them.'],
  [
    'notify',
    'mentions',
    ['mentions', 'all', 'nothing'],
    'What calls you while you look elsewhere: mentions and direct messages, all lines, or nothing. /notify says otherwise for one conversation, /mute silences one, /dnd all.',
  ],
  [
    'keywords',
    '',
    [`words with blanks between, ${WORDS_MOST} characters at most`, (value) => value.length <= WORDS_MOST, 'lunch release'],
    'Words that call like your name.',
  ],
  [
    'quiet_hours',
    '',
    ['hours as 22:00-07:00, or nothing', (value) => !value || HOURS.test(value), '22:00-07:00'],
    'Hours at which nothing calls.',
  ],
  ['typing', 'on', ON_OFF, 'Whether others see that you are writing, and you that they are.'],
  ['follow', 'on', ON_OFF, 'Whether drafts and what you muted, pinned or took off the list follow to your other screens.'],
  [
    'away_after',
    '1m',
    ['a time as 10m, or 0 for never', (value) => value === '0' || span(value) > 0],
    'Out of sight for so long, you are away to others.',
  ],
];

const known = new Map(SETTINGS.map(([name, ...more]) => [name, more]));

export class Settings {
  #values = new Map();

  /** `changed(name)` is called after one is another, here or in another tab. */
  constructor(keep, changed) {
    Object.assign(this, { keep, changed });
    addEventListener('storage', ({ key, newValue }) => {
      const name = key?.startsWith('wschat.set.') ? key.slice('wschat.set.'.length) : '';
      if (!known.has(name) && name !== 'dnd') return;
      this.#values.set(name, newValue === null || this.wrong(name, newValue) ? '' : newValue);
      this.changed(name);
    });
  }

  /** Why a setting cannot be this, or nothing. */
  wrong(name, value) {
    if (name === 'dnd') return '';
    if (!known.has(name)) return `There is no setting called ${name}; /set shows them.`;
    const [, kinds] = known.get(name);
    const [words, fits] = kinds;
    if (typeof fits === 'function') return fits(value) ? '' : `${name} is ${words}.`;
    return kinds.includes(value) ? '' : `${name} is ${kinds.slice(0, -1).join(', ')} or ${kinds.at(-1)}.`;
  }

  /** What it is. What was kept may have been written by another version, and is only believed when it fits. */
  get(name) {
    if (!this.#values.has(name)) {
      const kept = this.keep.get(`set.${name}`);
      this.#values.set(name, kept !== null && !this.wrong(name, kept) ? kept : '');
    }
    return this.#values.get(name) || (known.get(name)?.[0] ?? '');
  }

  /** Sets it, from now on. Gives why not, or nothing. */
  set(name, value) {
    const wrong = this.wrong(name, value);
    if (wrong) return wrong;
    const usual = value === (known.get(name)?.[0] ?? '');
    this.#values.set(name, usual ? '' : value);
    this.keep.set(`set.${name}`, usual ? null : value);
    this.changed(name);
    return '';
  }

  /** Until when nothing calls at all: a time in milliseconds, `Infinity` until it is said again, 0 when one is called. */
  get silence() {
    const until = this.get('dnd');
    if (until === 'always') return Number.POSITIVE_INFINITY;
    return Number(until) > Date.now() ? Number(until) : 0;
  }

  /** Whether nothing is to call now. */
  get silent() {
    if (this.silence) return true;
    const [, ...numbers] = HOURS.exec(this.get('quiet_hours')) ?? [];
    if (!numbers.length) return false;
    const [hour, minute, toHour, toMinute] = numbers.map(Number);
    const [from, to] = [hour * 60 + minute, toHour * 60 + toMinute];
    const date = new Date();
    const now = date.getHours() * 60 + date.getMinutes();
    return from <= to ? now >= from && now < to : now >= from || now < to;
  }

  /** Whether a text holds one of the words that call, by itself, whatever its case. */
  named(text) {
    const words = this.get('keywords').split(/\s+/).filter(Boolean);
    const folded = text.normalize('NFKC').toLowerCase();
    const part = (c) => c !== undefined && /[\p{L}\p{N}]/u.test(c);
    return words.some((raw) => {
      const word = raw.normalize('NFKC').toLowerCase();
      for (let at = folded.indexOf(word); at >= 0; at = folded.indexOf(word, at + 1)) {
        if (!part([...folded.slice(0, at)].at(-1)) && !part([...folded.slice(at + word.length)][0])) return true;
      }
      return false;
    });
  }
}
