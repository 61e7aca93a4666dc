// Where one writes: the line that grows, what it answers or changes, drafts of each conversation, and completion of
// names. What is written is handed to `act('send')` and only forgotten when that took it.

import { $, setText } from './dom.js';
import { shown } from './log.js';
import { bare } from './markup.js';
import { COMMANDS } from './slash.js';
import { fold } from './text.js';

const KEYS = {
  write: 'Enter send · Shift+Enter new line · Ctrl+K go to · Ctrl+F search · Shift+Tab messages · / commands',
  reply: 'Enter send · Esc answer nobody',
  edit: 'Enter change it · Esc leave it as it is',
};

export class Composer {
  #drafts = new Map();
  #completing = null;

  constructor(chat, keep, act) {
    this.chat = chat;
    this.keep = keep;
    this.act = act;
    this.node = $('write');
    this.key = null;
    this.doing = null;
    $('composer').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#send();
    });
    $('doing-no').addEventListener('click', () => {
      this.cancel();
      this.node.focus();
    });
    this.node.addEventListener('keydown', (event) => this.#keydown(event));
    this.node.addEventListener('input', () => this.#typed());
    this.#teach();
  }

  focus() {
    if (!document.querySelector('dialog[open]') && matchMedia('(hover: hover)').matches)
      this.node.focus({ preventScroll: true });
  }

  /** Another conversation: its draft comes, this one's stays. */
  show(key) {
    if (key === this.key) return;
    this.#store();
    this.key = key;
    this.doing = null;
    const draft = key ? (this.#drafts.get(key) ?? this.keep.get(`draft.${key}`) ?? '') : '';
    this.set(draft);
    this.#teach();
    const talk = this.chat.talks.get(key);
    this.node.placeholder = talk ? `write to ${talk.to}` : '';
    this.node.disabled = !talk;
  }

  set(text) {
    this.node.value = text;
    this.#grow();
  }

  #store() {
    if (!this.key || this.doing?.what === 'edit') return;
    const { value } = this.node;
    this.#drafts.set(this.key, value);
    this.keep.set(`draft.${this.key}`, value && !this.chat.ephemeral ? value : null);
  }

  reply(entry) {
    this.cancel();
    this.doing = { what: 'reply', entry };
    setText($('doing-what'), `Answering ${shown(entry.from)}: ${bare(entry.text).slice(0, 120)}`);
    this.#teach();
    this.node.focus();
  }

  edit(entry) {
    this.#store();
    this.doing = { what: 'edit', entry };
    setText($('doing-what'), 'Changing what you said');
    this.set(entry.text);
    this.#teach();
    this.node.focus();
    this.node.setSelectionRange(entry.text.length, entry.text.length);
  }

  /** Leaves what was begun. */
  cancel() {
    const edited = this.doing?.what === 'edit';
    this.doing = null;
    if (edited) this.set(this.#drafts.get(this.key) ?? '');
    this.#teach();
  }

  #teach() {
    $('doing').hidden = !this.doing;
    setText($('keys'), KEYS[this.doing?.what ?? 'write']);
  }

  #grow() {
    this.node.style.height = 'auto';
    this.node.style.height = `${this.node.scrollHeight}px`;
  }

  #typed() {
    this.#completing = null;
    this.#grow();
    this.#store();
    const { value } = this.node;
    if (value && !value.startsWith('/') && this.key) this.chat.writes(this.key);
  }

  #send() {
    const { doing } = this;
    const text = this.node.value;
    if (!text.trim()) return;
    this.node.focus();
    if (!this.act('send', text, doing)) return;
    // What was sent may have led elsewhere already: then the draft that is shown is another's.
    if (this.node.value === text) {
      this.doing = null;
      this.set(doing?.what === 'edit' ? (this.#drafts.get(this.key) ?? '') : '');
      this.#store();
      this.#teach();
    }
  }

  #keydown(event) {
    if (event.isComposing) return;
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.shiftKey;
    const { node } = this;
    if (event.key === 'Enter' && plain) {
      event.preventDefault();
      this.#send();
    } else if (event.key === 'j' && event.ctrlKey) {
      event.preventDefault();
      node.setRangeText('\n', node.selectionStart, node.selectionEnd, 'end');
      this.#typed();
    } else if (event.key === 'Escape' && this.doing) {
      event.preventDefault();
      event.stopPropagation();
      this.cancel();
    } else if (event.key === 'ArrowUp' && plain && !node.value && !this.doing) {
      if (this.act('editLast')) event.preventDefault();
    } else if (event.key === 'PageUp' || event.key === 'PageDown') {
      event.preventDefault();
      $('log').scrollBy(0, $('log').clientHeight * (event.key === 'PageUp' ? -0.9 : 0.9));
    } else if (event.key === 'End' && event.ctrlKey && !node.value) {
      this.act('end');
    } else if (event.key === 'Tab' && plain && this.#complete()) {
      event.preventDefault();
    }
  }

  /** A name, a room or a command from what stands before the cursor; again takes the next. */
  #complete() {
    const { node } = this;
    const at = node.selectionStart;
    if (at !== node.selectionEnd) return false;
    let state = this.#completing;
    if (!state || state.at !== at) {
      const begin = /(^|\s)([@#/]?[^\s]+)$/u.exec(node.value.slice(0, at));
      if (!begin) return false;
      const typed = begin[2];
      const from = at - typed.length;
      const found = this.#candidates(typed, from).filter((one) => fold(one).startsWith(fold(typed)) && one !== typed);
      if (!found.length) return false;
      state = { from, found, next: 0 };
    }
    const word = state.found[state.next % state.found.length];
    const tail = state.from === 0 && !/^[/#@]/.test(word) ? ': ' : ' ';
    node.setRangeText(word + tail, state.from, at, 'end');
    this.#typed();
    this.#completing = { ...state, next: state.next + 1, at: node.selectionStart };
    return true;
  }

  #candidates(typed, from) {
    if (typed.startsWith('/')) return from === 0 ? COMMANDS.map(([name]) => `/${name}`) : [];
    if (typed.startsWith('#'))
      return [...this.chat.talks.values()].filter((talk) => talk.room).map((talk) => talk.to);
    const people = this.chat.talk?.room
      ? (this.chat.talk.people ?? [])
      : this.chat.talk?.peer
        ? [this.chat.talk.peer]
        : [];
    const names = people.filter((one) => one.id !== this.chat.me?.id).map((one) => one.name);
    return typed.startsWith('@') ? names.map((name) => `@${name}`) : names;
  }
}
