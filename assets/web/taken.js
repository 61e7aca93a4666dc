// Messages taken together, to be copied or deleted at once: which they are, and the bar that says so. Keys and fingers
// take them in `hand.js`; what is then done with them is told to `act`.

import { $, setText } from './dom.js';

/** So many at once, as in the terminal. */
const MOST = 500;

export class Taken {
  #seqs = new Set();

  constructor(log, act) {
    this.log = log;
    const does = { 'taken-copy': 'copy_taken', 'taken-delete': 'delete_taken' };
    for (const [id, what] of Object.entries(does)) {
      $(id).addEventListener('click', () => act(what, log.talk, this.entries()));
    }
    $('taken-no').addEventListener('click', () => {
      this.clear();
      $('write').focus();
    });
  }

  get some() {
    return this.#seqs.size > 0;
  }

  has(seq) {
    return this.#seqs.has(seq);
  }

  /** What was taken and is still there, in the order it was said. */
  entries() {
    const { talk } = this.log;
    const all = [...this.#seqs].sort((a, b) => a - b).map((seq) => talk?.entries.get(seq));
    return all.filter((entry) => entry && !entry.deleted);
  }

  /** Takes it, or lets go of it. Whether it could be. */
  toggle(entry) {
    if (!entry || entry.kind !== 'said' || entry.deleted) return false;
    if (!this.#seqs.delete(entry.seq)) {
      if (this.#seqs.size >= MOST) {
        this.log.chat.tell.note(`No more than ${MOST} at once.`, 'error');
        return false;
      }
      this.#seqs.add(entry.seq);
    }
    this.#say();
    this.log.refresh();
    return true;
  }

  clear() {
    if (!this.some) return;
    this.forget();
    this.log.refresh();
  }

  /** Another conversation is on the screen. */
  forget() {
    this.#seqs.clear();
    this.#say();
  }

  /** What was deleted meanwhile is taken no more. */
  mend() {
    if (!this.some) return;
    const still = this.entries();
    if (still.length === this.#seqs.size) return;
    this.#seqs = new Set(still.map((entry) => entry.seq));
    this.#say();
  }

  #say() {
    const many = this.#seqs.size;
    $('taken').hidden = !many;
    setText($('taken-what'), many ? `${many} taken` : '');
  }
}
