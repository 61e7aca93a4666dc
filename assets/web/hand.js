// A message in hand: the one that Tab leads to, the tools beside it, and the keys that mean something on it, which are
// those of the terminal. What they do is told to `act`; which messages there are is the log's.

import { $, h } from './dom.js';

/** key, what it does, whether only to what one said oneself. Read by help, too. */
export const HAND = [
  ['r', 'reply', 'answer it'],
  ['e', 'edit', 'change it, when it is yours', true],
  ['+', 'choose', 'react; with the same again, take it back'],
  ['d', 'delete', 'delete it, when it is yours', true],
  ['y', 'copy', 'copy its text'],
  ['l', 'address', 'copy an address that leads to it'],
  ['o', 'open_link', 'open a link in it'],
  ['t', 'original', 'go to what it answers'],
  ['v', 'whole', 'read it whole'],
  ['i', 'info', 'who said it, when, and who reacted'],
  ['n', 'next_hit', 'the next one that was found, which is older; N the one before'],
];
const OTHERS = { ':': 'choose', c: 'copy', Delete: 'delete', N: 'previous_hit' };
const TOOLS = [
  ['reply', 'Reply', 'r'],
  ['choose', 'React', '+'],
  ['edit', 'Edit', 'e'],
  ['delete', 'Delete', 'd'],
  ['copy', 'Copy', 'y'],
];
const OWN = new Set(HAND.filter(([, , , own]) => own).map(([, what]) => what));

export class Hand {
  #tools = null;
  #focus = 0;

  constructor(log, act) {
    this.log = log;
    this.act = act;
    const { node } = log;
    node.addEventListener('keydown', (event) => this.#keydown(event));
    node.addEventListener('focusin', ({ target }) => this.#attend(target.closest('.message'), true));
    node.addEventListener('mouseover', ({ target }) => this.#attend(target.closest('.message'), false));
    node.addEventListener('mouseleave', () =>
      this.#attend(document.activeElement?.closest?.('.message') ?? null, false),
    );
    node.addEventListener('click', ({ target }) => this.#attend(target.closest('.message'), false));
  }

  empty() {
    this.#tools = null;
    this.#focus = 0;
  }

  /** One message can be reached by Tab: the last, or the one that was. */
  rove() {
    const last = this.log.row(this.#focus) ?? this.log.messages().at(-1);
    for (const one of this.log.node.querySelectorAll('.message[tabindex="0"]')) if (one !== last) one.tabIndex = -1;
    if (last) last.tabIndex = 0;
  }

  /** The newest message is taken in hand, if there is one. */
  select() {
    const last = this.log.messages().at(-1);
    last?.focus();
    return Boolean(last);
  }

  #entry(row) {
    return row && this.log.talk?.entries.get(Number(row.dataset.seq));
  }

  #own(entry) {
    return entry.from.id === this.log.chat.me?.id;
  }

  #attend(row, focus) {
    if (focus && row?.dataset.seq) {
      this.#focus = Number(row.dataset.seq);
      this.rove();
    }
    if (this.#tools?.parentNode === row && row) return;
    this.#tools?.remove();
    this.#tools = null;
    const entry = this.#entry(row);
    if (!entry || entry.deleted || entry.kind !== 'said') return;
    const tools = TOOLS.filter(([what]) => !OWN.has(what) || this.#own(entry));
    this.#tools = h(
      'div',
      { class: 'tools', role: 'toolbar', 'aria-label': 'Message' },
      tools.map(([what, label, key]) =>
        h(
          'button',
          {
            type: 'button',
            tabindex: '-1',
            title: `${label} (${key})`,
            on: { click: () => this.act(what, this.log.talk, entry) },
          },
          label,
        ),
      ),
    );
    row.append(this.#tools);
    // Above the message, unless they could not be seen there.
    const over = this.#tools.getBoundingClientRect().top < this.log.node.getBoundingClientRect().top;
    this.#tools.classList.toggle('under', over);
  }

  #keydown(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const row = event.target.closest('.message');
    if (!row) return;
    const to = (one) => {
      event.preventDefault();
      one?.focus({ preventScroll: true });
      one?.scrollIntoView({ block: 'nearest' });
    };
    const tools = [...(this.#tools?.querySelectorAll('button') ?? [])];
    const tool = tools.indexOf(event.target);
    if (event.key === 'Escape' || event.key === 'Insert') {
      event.stopPropagation();
      to(tool >= 0 ? row : $('write'));
      return;
    }
    if (tool >= 0) {
      if (event.key === 'ArrowRight') to(tools[(tool + 1) % tools.length]);
      if (event.key === 'ArrowLeft') to(tools.at(tool - 1));
      return;
    }
    // Within a message Enter is for what it stands on.
    if (event.target !== row && event.key === 'Enter') return;
    const step = (by) => {
      let all = this.log.messages();
      if (!row.dataset.seq) {
        to(by < 0 ? all.at(-1) : (row.nextElementSibling ?? $('write')));
        return;
      }
      let at = all.indexOf(row) + by;
      if ((at < 0 || at >= all.length) && this.log.move(by < 0 ? 'up' : 'down')) {
        all = this.log.messages();
        at = all.indexOf(row) + by;
      }
      to(all[Math.max(0, at)] ?? $('write'));
    };
    const entry = this.#entry(row);
    switch (event.key) {
      case 'ArrowUp':
      case 'k':
        step(-1);
        return;
      case 'ArrowDown':
      case 'j':
        step(1);
        return;
      case 'Home':
      case 'g':
        this.log.toTop();
        to(this.log.messages()[0]);
        return;
      case 'End':
      case 'G':
        this.log.toEnd();
        to(this.log.messages().at(-1));
        return;
      case 'Enter':
        to(tools[0]);
        return;
      default:
    }
    const what = HAND.find(([key]) => key === event.key)?.[1] ?? OTHERS[event.key];
    if (!what || !entry || (OWN.has(what) && (!this.#own(entry) || entry.deleted))) return;
    event.preventDefault();
    this.act(what, this.log.talk, entry);
  }
}
