// Where one writes: the line that grows, what it answers or changes, drafts of each conversation, what one wrote before,
// and completion of names. What is written is handed to `act('send')` and only forgotten when that took it.

import { $, setText } from './dom.js';
import { bare } from './markup.js';
import { shown } from './rows.js';
import { COMMANDS } from './slash.js';
import { fold } from './text.js';

const KEYS = {
  write:
    'Enter send · Shift+Enter new line · Ctrl+K go to · Ctrl+F search · Shift+Tab messages · / commands · F1 help',
  reply: 'Enter send · Esc answer nobody',
  edit: 'Enter change it · Esc leave it as it is',
};

/** When nothing was written for so long the draft is kept, and follows to one's other screens. */
const QUIET_MS = 3_000;

/** A longer draft lasts as long as the page: storage is small, and shared with what must not be lost. */
const DRAFT_MOST = 64 * 1024;

/** Lines one wrote before, of this visit. */
const WRITTEN = 100;

/** From this share of the longest text on one is told how much is left. */
const NEARLY = 0.8;

export class Composer {
  #drafts = new Map();
  #completing = null;
  #written = [];
  #at = 0;
  #quiet = 0;

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

  // --- drafts ------------------------------------------------------------------------------------------------------

  /** Another conversation: its draft comes, this one's stays. */
  show(key) {
    if (key === this.key) return;
    this.#store();
    this.key = key;
    this.doing = null;
    const talk = this.chat.talks.get(key);
    this.set(talk ? this.#draft(talk) : '');
    this.#at = this.#written.length;
    this.#teach();
    this.node.placeholder = talk ? `Write to ${talk.to}` : '';
    this.node.disabled = !talk;
  }

  #draft(talk) {
    return (
      this.#drafts.get(talk.key) ?? this.keep.get(`draft.${talk.key}`) ?? this.chat.memos.get(`draft:${talk.to}`)
    );
  }

  set(text) {
    this.node.value = text;
    this.#grow();
  }

  /** What is written is kept, here and for one's other screens. */
  #store() {
    clearTimeout(this.#quiet);
    const talk = this.chat.talks.get(this.key);
    if (!talk || this.doing?.what === 'edit') return;
    const { value } = this.node;
    this.#drafts.set(this.key, value);
    if (this.chat.ephemeral) return;
    this.keep.set(`draft.${this.key}`, value && value.length <= DRAFT_MOST ? value : null);
    talk.draft = value;
    this.chat.memos.set(`draft:${talk.to}`, value);
  }

  leaving() {
    this.#store();
  }

  /** Another screen has written; what is written here as well stays. */
  told(name, text) {
    const talk = name.startsWith('draft:') ? this.chat.called(name.slice(6)) : null;
    if (!talk) return;
    const here = talk.key === this.key && this.doing?.what !== 'edit';
    const own = here ? this.node.value : (this.#drafts.get(talk.key) ?? this.keep.get(`draft.${talk.key}`) ?? '');
    if (own === text || (own && own !== talk.draft)) return;
    talk.draft = text;
    this.#drafts.set(talk.key, text);
    this.keep.set(`draft.${talk.key}`, text && !this.chat.ephemeral ? text : null);
    if (here) this.set(text);
  }

  // --- what it is for ----------------------------------------------------------------------------------------------

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

  // --- writing -----------------------------------------------------------------------------------------------------

  #grow() {
    const { node } = this;
    node.style.height = 'auto';
    node.style.height = `${node.scrollHeight}px`;
    // Counting bytes is only worth it where they may be too many.
    const most = Number(this.chat.limits.text_bytes) || 0;
    let left = '';
    if (most && node.value.length * 3 > most * NEARLY) {
      const { bytes } = this.chat.saying.measure(node.value);
      if (bytes > most * NEARLY) left = `${bytes} of ${most} bytes`;
      $('left').classList.toggle('bad', bytes > most);
    }
    setText($('left'), left);
    $('composer').classList.toggle('written', node.value.trim() !== '');
  }

  #typed() {
    this.#completing = null;
    this.#at = this.#written.length;
    this.#grow();
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => this.#store(), QUIET_MS);
    const { value } = this.node;
    if (this.key)
      this.#drafts.set(this.key, this.doing?.what === 'edit' ? (this.#drafts.get(this.key) ?? '') : value);
    if (value && !value.startsWith('/') && this.key) this.chat.people.writes(this.key);
  }

  #send() {
    const { doing, key } = this;
    const text = this.node.value;
    if (!text.trim()) return;
    this.node.focus();
    // What is sent may lead elsewhere at once, and is no draft of the conversation it leaves.
    this.set('');
    const here = () => this.key === key && this.doing === doing && this.node.value === '';
    if (!this.act('send', text, doing)) {
      if (here()) this.set(text);
      return;
    }
    if (this.#written.at(-1) !== text && text.length <= DRAFT_MOST) this.#written.push(text);
    if (this.#written.length > WRITTEN) this.#written.shift();
    this.#at = this.#written.length;
    if (here()) {
      this.doing = null;
      this.set(doing?.what === 'edit' ? (this.#drafts.get(this.key) ?? '') : '');
      this.#store();
      this.#teach();
    }
  }

  /** What one wrote before, `by` lines further; whether there is such a line. */
  #recall(by) {
    const at = this.#at + by;
    if (this.doing?.what === 'edit' || at < 0 || at > this.#written.length) return false;
    if (this.#at === this.#written.length) this.unsent = this.node.value;
    this.#at = at;
    this.set(this.#written[at] ?? this.unsent ?? '');
    this.node.setSelectionRange(this.node.value.length, this.node.value.length);
    return true;
  }

  #keydown(event) {
    if (event.isComposing) return;
    const { node } = this;
    const { key, ctrlKey, metaKey, altKey, shiftKey } = event;
    const plain = !ctrlKey && !metaKey && !altKey && !shiftKey;
    const control = ctrlKey && !altKey && !metaKey && !shiftKey;
    const done = (did = true) => {
      if (did) event.preventDefault();
      return did;
    };
    if (key === 'Enter' && plain) {
      done();
      this.#send();
    } else if ((key === 'j' && control) || (key === 'Enter' && altKey && !ctrlKey && !metaKey)) {
      done();
      node.setRangeText('\n', node.selectionStart, node.selectionEnd, 'end');
      this.#typed();
    } else if (key === 'Escape' && this.doing) {
      done();
      this.cancel();
    } else if (
      key === 'ArrowUp' &&
      (control || (plain && !node.value.slice(0, node.selectionStart).includes('\n')))
    ) {
      done(this.#recall(-1));
    } else if (key === 'ArrowDown' && (control || (plain && !node.value.slice(node.selectionEnd).includes('\n')))) {
      done(this.#recall(1));
    } else if ((key === 'Home' || key === 'End') && control && !node.value) {
      done();
      this.act(key === 'Home' ? 'top' : 'end');
    } else if (key === 'Tab' && !ctrlKey && !metaKey && !altKey) {
      if (shiftKey && !this.#completing) done(this.act('select'));
      else done(this.#complete(shiftKey ? -1 : 1));
    }
  }

  /** A name, a room or a command from what stands before the cursor; again takes the next. */
  #complete(by) {
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
      state = { from, found, next: -by };
    }
    const many = state.found.length;
    const next = (state.next + by + many) % many;
    const word = state.found[next < 0 ? next + many : next];
    const tail = state.from === 0 && !/^[/#@]/.test(word) ? ': ' : ' ';
    node.setRangeText(word + tail, state.from, at, 'end');
    this.#typed();
    this.#completing = { ...state, next, at: node.selectionStart };
    return true;
  }

  #candidates(typed, from) {
    const { chat } = this;
    if (typed.startsWith('/')) return from === 0 ? COMMANDS.map(([name]) => `/${name}`) : [];
    if (typed.startsWith('#')) return [...chat.talks.values()].filter((talk) => talk.room).map((talk) => talk.to);
    const { talk } = chat;
    const people = talk?.room ? (talk.people ?? []) : talk?.peer ? [talk.peer] : [];
    const names = people.filter((one) => one.id !== chat.me?.id).map((one) => one.name);
    return typed.startsWith('@') ? names.map((name) => `@${name}`) : names;
  }
}
