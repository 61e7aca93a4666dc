// A message in hand: the one that Tab leads to, the tools beside it, and the keys that mean something on it, which are
// those of the terminal. What they do is told to `act`; which messages there are is the log's.

import { $, h } from './dom.js';
import { Taken } from './taken.js';

/** key, what it does, whether only to what one said oneself. Read by help, too. */
export const HAND = [
  ['r', 'reply', 'answer it'],
  ['e', 'edit', 'change it, when it is yours', true],
  ['+', 'choose', 'react; with the same again, take it back'],
  ['d', 'delete', 'delete it, when it is yours', true],
  ['y', 'copy', 'copy its text'],
  ['Space', 'take', 'take it together with others, for copying or deleting'],
  ['l', 'address', 'copy an address that leads to it'],
  ['o', 'open_link', 'open a link in it'],
  ['t', 'original', 'go to what it answers'],
  ['v', 'whole', 'read it whole'],
  ['i', 'info', 'who said it, when, and who reacted'],
  ['n', 'next_hit', 'the next one that was found, which is older; N the one before'],
];
const OTHERS = { ' ': 'take', ':': 'choose', c: 'copy', Delete: 'delete', N: 'previous_hit' };
const TOOLS = [
  ['reply', 'Reply', 'r'],
  ['choose', 'React', '+'],
  ['edit', 'Edit', 'e'],
  ['delete', 'Delete', 'd'],
  ['copy', 'Copy', 'y'],
  ['take', 'Take', 'Space'],
];
const OWN = new Set(HAND.filter(([, , , own]) => own).map(([, what]) => what));

/** Steps that are still to be gone when the messages come: who holds a key for long while a host is slow. */
const MOST_STEPS = 1_000;

export class Hand {
  #tools = null;
  #focus = 0;
  /** Steps that were asked for and cannot be gone yet, upwards below 0: what lies there is on its way. */
  #owed = 0;
  #walking = false;

  constructor(log, act) {
    this.log = log;
    this.act = act;
    this.taken = new Taken(log, act);
    const { node } = log;
    node.addEventListener('keydown', (event) => this.#keydown(event));
    node.addEventListener('focusin', ({ target }) => this.#attend(target.closest('.message'), true));
    // Where the mouse is on none, it is the one that has the keys, or was touched.
    const held = () => document.activeElement?.closest?.('.message') ?? null;
    node.addEventListener('mouseover', ({ target }) => this.#attend(target.closest('.message') ?? held(), false));
    node.addEventListener('mouseleave', () => this.#attend(held(), false));
    node.addEventListener('click', ({ target }) => {
      this.#owed = 0;
      const row = target.closest('.message');
      // With some taken a finger takes others; who marks words, or presses something, means that.
      if (this.taken.some && !target.closest('a, button') && getSelection().isCollapsed)
        this.taken.toggle(this.#entry(row));
      else this.#attend(row, false);
    });
  }

  empty() {
    this.#tools = null;
    this.#focus = 0;
    this.#owed = 0;
    this.taken.forget();
  }

  /** One message can be reached by Tab: the last, or the one that was. */
  rove() {
    const last = this.log.row(this.#focus) ?? this.log.messages().at(-1);
    for (const one of this.log.node.querySelectorAll('.message[tabindex="0"]')) if (one !== last) one.tabIndex = -1;
    if (last) last.tabIndex = 0;
  }

  /** The message that was in hand has the keys again, or what stands nearest. */
  again() {
    const messages = this.log.messages();
    const row = messages.findLast((one) => Number(one.dataset.seq) <= this.#focus) ?? messages[0];
    ((this.#focus && row) || $('write')).focus({ preventScroll: true });
  }

  /** The newest message is taken in hand, if there is one. */
  select() {
    const last = this.log.messages().at(-1);
    last?.focus();
    return Boolean(last);
  }

  #take(node) {
    node?.focus({ preventScroll: true });
    node?.scrollIntoView({ block: 'nearest' });
  }

  /** Goes the steps that were asked for: as far as there are messages now, and on when more have come. */
  walk() {
    if (this.#walking) return;
    this.#walking = true;
    while (this.#owed) {
      const by = Math.sign(this.#owed);
      const row = document.activeElement?.closest?.('#log .message');
      const next = row && this.log.beside(row, by);
      if (next === undefined && row) break;
      this.#owed = next ? this.#owed - by : 0;
      if (next || (row && by > 0)) this.#take(next ?? $('write'));
    }
    this.#walking = false;
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
    // Whoever stands on one of them by key keeps them, wherever the mouse comes to be.
    if (!focus && this.#tools?.contains(document.activeElement)) return;
    this.#tools?.remove();
    this.#tools = null;
    const entry = this.#entry(row);
    if (!entry || entry.deleted || entry.kind !== 'said' || this.taken.some) return;
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
            on: { click: () => (what === 'take' ? this.#takeUp(row, entry) : this.act(what, this.log.talk, entry)) },
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

  /** The message is taken together with others, or no more; the tools go, as there are others for what is taken. */
  #takeUp(row, entry) {
    this.#tools?.remove();
    this.#tools = null;
    if (this.taken.toggle(entry)) this.log.row(entry.seq)?.focus({ preventScroll: true });
    else this.#attend(row, false);
  }

  #keydown(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const row = event.target.closest('.message');
    if (!row) return;
    // Whoever does something else has gone far enough.
    if (!/^(Arrow(Up|Down)|[jk]|Shift)$/.test(event.key)) this.#owed = 0;
    const to = (one) => {
      event.preventDefault();
      this.#take(one);
    };
    // The mouse may be over another message: what keys do is about this one.
    this.#attend(row, true);
    const tools = [...(this.#tools?.querySelectorAll('button') ?? [])];
    const tool = tools.indexOf(event.target);
    if (event.key === 'Escape' || event.key === 'Insert') {
      event.stopPropagation();
      if (event.key === 'Escape' && tool < 0 && this.taken.some) {
        event.preventDefault();
        this.taken.clear();
        this.#attend(this.log.row(this.#focus) ?? null, false);
      } else to(tool >= 0 ? row : $('write'));
      return;
    }
    if (tool >= 0) {
      if (event.key === 'ArrowRight') to(tools[(tool + 1) % tools.length]);
      if (event.key === 'ArrowLeft') to(tools.at(tool - 1));
      return;
    }
    // Within a message Enter and Space are for what they stand on.
    if (event.target !== row && (event.key === 'Enter' || event.key === ' ')) return;
    const step = (by) => {
      event.preventDefault();
      this.#owed = Math.max(-MOST_STEPS, Math.min(MOST_STEPS, this.#owed + by));
      this.walk();
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
        to(this.taken.some ? $('taken-copy') : tools[0]);
        return;
      default:
    }
    const what = HAND.find(([key]) => key === event.key)?.[1] ?? OTHERS[event.key];
    const all = this.taken.some && what === 'delete';
    if (!what || !entry || (!all && OWN.has(what) && (!this.#own(entry) || entry.deleted))) return;
    event.preventDefault();
    if (what === 'take') {
      this.#takeUp(row, entry);
      // As in the terminal: the next one is above.
      this.#owed = -1;
      this.walk();
    } else if (this.taken.some && (what === 'copy' || what === 'delete'))
      this.act(`${what}_taken`, this.log.talk, this.taken.entries());
    else this.act(what, this.log.talk, entry);
  }
}
