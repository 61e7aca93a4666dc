// What opens over the rest: one list that is filtered by what is typed (going somewhere, rooms of the host, search,
// reactions), and one sheet of text (help, links, questions). They hand back what was chosen, and decide nothing.

import { $, fill, h, setText } from './dom.js';
import { HAND } from './hand.js';
import { KEYS } from './keys.js';
import { shown } from './rows.js';
import { COMMANDS } from './slash.js';
import { moment } from './text.js';

const EMOJI = [
  ['👍', 'thumbs up yes +1'],
  ['❤️', 'heart love'],
  ['😂', 'laugh joy'],
  ['🎉', 'tada party'],
  ['👀', 'eyes look'],
  ['🙏', 'thanks please'],
  ['🔥', 'fire'],
  ['✅', 'check done'],
  ['❌', 'cross no'],
  ['👎', 'thumbs down no -1'],
  ['😮', 'wow open mouth'],
  ['😢', 'sad cry'],
  ['😄', 'smile'],
  ['🤔', 'thinking'],
  ['🚀', 'rocket ship'],
  ['💯', 'hundred'],
  ['👏', 'clap'],
  ['😅', 'sweat'],
  ['🙌', 'hands'],
  ['☕', 'coffee'],
  ['🐛', 'bug'],
  ['🤝', 'shake deal'],
  ['💡', 'idea'],
  ['⏳', 'wait'],
];

/** The list. One at a time. */
export class Palette {
  #items = [];
  #at = 0;
  #options = null;
  #round = 0;

  constructor() {
    this.node = $('palette');
    this.input = $('palette-input');
    this.list = $('palette-list');
    this.input.addEventListener('input', () => this.#look());
    this.input.addEventListener('keydown', (event) => this.#keydown(event));
    this.list.addEventListener('click', ({ target }) => {
      const row = target.closest('li');
      if (row) this.#take([...this.list.children].indexOf(row));
    });
    this.node.addEventListener('click', ({ target }) => {
      if (target === this.node) this.close();
    });
    this.node.addEventListener('close', () => {
      if (!this.#options.taken) this.#options.closed?.();
    });
  }

  get open() {
    return this.node.open;
  }

  /** `find(text)` gives items `{label, hint, take, look}` (`look` when it is under the bar), or a promise of them; `says` is told when there are none. */
  show(options) {
    this.#options = options;
    setText($('palette-title'), options.title);
    this.input.placeholder = options.placeholder ?? '';
    this.input.setAttribute('aria-label', options.placeholder ?? options.title);
    this.input.value = options.text ?? '';
    if (!this.node.open) this.node.showModal();
    this.input.focus();
    this.#look();
  }

  close() {
    this.node.close();
  }

  async #look() {
    const round = ++this.#round;
    const text = this.input.value.trim();
    const options = this.#options;
    const found = await options.find(text);
    if (round !== this.#round || options !== this.#options) return;
    this.#items = found.items ?? found;
    this.#at = 0;
    fill(
      this.list,
      this.#items.map((item, n) =>
        h(
          'li',
          { id: `palette-${n}`, role: 'option', 'aria-selected': 'false' },
          item.sign ? h('span', { class: 'sign' }, item.sign) : null,
          h('span', { class: 'label' }, item.label),
          item.hint ? h('span', { class: 'hint' }, item.hint) : null,
        ),
      ),
    );
    setText(
      $('palette-says'),
      found.says ?? (this.#items.length ? (options.teach ?? '') : (options.none ?? 'Nothing found.')),
    );
    this.#mark();
  }

  #mark() {
    [...this.list.children].forEach((row, n) => row.setAttribute('aria-selected', String(n === this.#at)));
    const row = this.list.children[this.#at];
    this.#items[this.#at]?.look?.();
    if (row) {
      this.input.setAttribute('aria-activedescendant', row.id);
      row.scrollIntoView({ block: 'nearest' });
    } else this.input.removeAttribute('aria-activedescendant');
  }

  #take(n) {
    const item = this.#items[n];
    const text = this.input.value.trim();
    const options = this.#options;
    if (!item && !options.typed) return;
    // What was chosen says itself where to go on.
    options.taken = true;
    this.close();
    if (item) item.take();
    else if (text) options.typed(text);
  }

  #keydown(event) {
    if (event.isComposing) return;
    const control = (event.ctrlKey || event.metaKey) && !event.altKey;
    if (control && event.key === 'f' && this.#options.again) {
      event.preventDefault();
      this.#options.again(this.input.value);
      return;
    }
    const step =
      event.key === 'ArrowDown' || (control && event.key === 'n')
        ? 1
        : event.key === 'ArrowUp' || (control && event.key === 'p')
          ? -1
          : 0;
    if (step && this.#items.length) {
      event.preventDefault();
      this.#at = (this.#at + step + this.#items.length) % this.#items.length;
      this.#mark();
    } else if (event.key === 'Enter') {
      event.preventDefault();
      this.#take(this.#at);
    }
  }
}

/** Letters in their order, near the beginning of words best; null where they do not fit. */
export function fits(text, letters) {
  const [there, wanted] = [text.toLowerCase(), letters.toLowerCase()];
  if (!wanted) return 0;
  const straight = there.indexOf(wanted);
  if (straight >= 0) return straight;
  let at = 0;
  for (const c of wanted) {
    at = there.indexOf(c, at) + 1;
    if (at === 0) return null;
  }
  return 100 + at;
}

export function emoji(palette, take) {
  palette.show({
    title: 'React',
    placeholder: 'a name, or any emoji',
    find: (text) => {
      const items = EMOJI.filter(([, names]) => fits(names, text) !== null).map(([sign, names]) => ({
        sign,
        label: names,
        take: () => take(sign),
      }));
      return /\p{Emoji_Presentation}|\p{Extended_Pictographic}/u.test(text) && text.length <= 20
        ? [{ sign: text, label: 'this one', take: () => take(text) }, ...items]
        : items;
    },
  });
}

export class Sheet {
  constructor() {
    this.node = $('sheet');
    $('sheet-close').addEventListener('click', () => this.node.close());
    this.node.addEventListener('click', ({ target }) => {
      if (target === this.node) this.node.close();
    });
  }

  show(title, ...inside) {
    setText($('sheet-title'), title);
    fill($('sheet-body'), inside);
    if (!this.node.open) this.node.showModal();
    ($('sheet-body').querySelector('button, input, select') ?? $('sheet-body')).focus();
  }

  /** Something to copy. */
  link(title, text, more) {
    const field = h('input', {
      readonly: true,
      value: text,
      'aria-label': title,
      on: { focus: () => field.select() },
    });
    const copy = () => {
      field.select();
      navigator.clipboard.writeText(text).then(
        () => setText(button, 'Copied'),
        () => {},
      );
    };
    const button = h('button', { type: 'button', on: { click: copy } }, 'Copy');
    const lines = more.filter(Boolean).map((one) => h('p', { class: 'dim' }, one));
    this.show(title, h('div', { class: 'copy' }, field, navigator.clipboard ? button : null), lines);
  }

  /** A list: what, and more about it. */
  rows(title, rows) {
    this.show(title, table(rows, 'wide'));
  }

  /** A message read whole, with its lines numbered. */
  whole(entry) {
    const lines = entry.text.split('\n').map((line) => h('li', null, line || ' '));
    this.show(shown(entry.from), h('ol', { class: 'lines' }, lines));
  }

  /** Who said it, when, and who reacted. */
  info(entry) {
    const by = (one) => one.by.map(shown).join(', ') + (one.count > one.by.length ? ' and more' : '');
    this.show(
      `Message ${entry.seq}`,
      table([
        ['by', `${shown(entry.from)}${entry.from.guest ? ', a guest' : ''}`],
        ['at', moment(entry.at)],
        ...(entry.edited ? [['changed', 'since it was said']] : []),
        ...entry.reactions.map((one) => [one.emoji, by(one)]),
      ]),
    );
  }

  /** A question with one way to say yes. */
  sure(title, text, yes, act) {
    const button = h(
      'button',
      {
        type: 'button',
        on: {
          click: () => {
            this.node.close();
            act();
          },
        },
      },
      yes,
    );
    this.show(title, h('p', null, text), h('p', null, button));
  }

  help() {
    this.show(
      'Help',
      h('h3', null, 'Keys'),
      table([
        ...KEYS.filter(([, , keys]) => keys).map(([, , keys, what]) => [keys, what]),
        ['Enter', 'send; Shift+Enter or Ctrl+J begins a new line'],
        ['Tab', 'completes names, rooms and commands; again: the next'],
        ['↑ ↓', 'what you wrote before'],
        ['Esc', 'leaves what was begun; else to the newest message'],
      ]),
      h('h3', null, 'A message, picked out by Shift+Tab'),
      table([
        ['↑ ↓ k j', 'the one before, after'],
        ['Enter', 'its buttons'],
        ...HAND.map(([key, , what]) => [key, what]),
      ]),
      h('h3', null, 'Commands'),
      table(
        COMMANDS.map(([name, args, what]) => [`/${name} ${args}`.trim(), what]),
        'wide',
      ),
      h('h3', null, 'Words'),
      h(
        'p',
        { class: 'dim' },
        '**bold**, *italic*, ~~struck~~, `code`, ```block of code```, > quote, - list, ||spoiler||',
      ),
      h('p', null, h('a', { href: '/about', target: '_blank', rel: 'noopener' }, 'How to join from a terminal')),
    );
  }
}

const table = (rows, kind) =>
  h(
    'dl',
    { class: kind },
    rows.map(([key, what]) => [h('dt', null, key), h('dd', null, what)]),
  );
