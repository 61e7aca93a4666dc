// What this browser keeps between visits: the name, what was open, and above all the outbox, line by line, written
// before a line is sent. Each tab writes under a word of its own; a tab adopts the lines of one that is gone, which
// locks tell. With storage turned off everything lasts as long as the page. Keys are in `identity.js`.

import { luck } from './text.js';

const OUT = 'wschat.out.';

/** The storage, if it can be used at all. */
function storage(name) {
  try {
    const found = globalThis[name];
    found.setItem('wschat.probe', '1');
    found.removeItem('wschat.probe');
    return found;
  } catch {
    return null;
  }
}

export class Keep {
  constructor() {
    this.local = storage('localStorage');
    this.session = storage('sessionStorage');
  }

  get works() {
    return this.local !== null;
  }

  get(name) {
    try {
      return this.local?.getItem(`wschat.${name}`) ?? null;
    } catch {
      return null;
    }
  }

  set(name, value) {
    try {
      if (value === null) this.local?.removeItem(`wschat.${name}`);
      else this.local?.setItem(`wschat.${name}`, value);
    } catch {
      /* full, or taken away: it lasts as long as the page */
    }
  }

  /** What only this tab needs, over a reload. */
  note(name, value) {
    try {
      if (value === undefined) return this.session?.getItem(`wschat.${name}`) ?? null;
      if (value === null) this.session?.removeItem(`wschat.${name}`);
      else this.session?.setItem(`wschat.${name}`, value);
    } catch {
      /* as above */
    }
    return null;
  }
}

/** Lines without an ack, oldest first. */
export class Outbox {
  #keep;
  #tab = luck(8);
  #store;
  #counter = 0;

  constructor(keep) {
    this.#keep = keep;
    this.lines = [];
    /** Called when a line could not be kept. */
    this.full = () => {};
    // Without locks nobody could tell whether another tab is alive: then each keeps its own, over a reload.
    this.#store = navigator.locks ? keep.local : keep.session;
  }

  /** Takes over what other tabs have left; `adopted` is called for each line, now or when such a tab ends. */
  async open(adopted) {
    if (!this.#store) return;
    if (!navigator.locks) {
      for (const [key, line] of this.#stored()) this.#take(key, line, adopted);
      return;
    }
    // Held until the page ends.
    const mine = new Promise((held) => {
      navigator.locks
        .request(OUT + this.#tab, () => {
          held();
          return new Promise(() => {});
        })
        .catch(held);
    });
    await mine;
    const tabs = new Set(this.#stored().map(([key]) => key.slice(OUT.length).split('.')[0]));
    const soon = [];
    for (const tab of tabs) {
      if (tab === this.#tab) continue;
      const taken = navigator.locks.request(OUT + tab, () => {
        for (const [key, line] of this.#stored(tab)) this.#take(key, line, adopted);
      });
      soon.push(taken.catch(() => {}));
    }
    // A tab that lives keeps its lock; nobody waits for it here.
    await Promise.race([Promise.all(soon), new Promise((done) => setTimeout(done, 250))]);
  }

  #stored(tab = '') {
    const found = [];
    for (let n = 0; n < this.#store.length; n += 1) {
      const key = this.#store.key(n);
      if (!key?.startsWith(OUT + tab)) continue;
      try {
        const line = JSON.parse(this.#store.getItem(key));
        if (line && typeof line.nonce === 'string' && typeof line.to === 'string') found.push([key, line]);
      } catch {
        /* not ours */
      }
    }
    return found.sort((a, b) => a[1].at - b[1].at || (a[0] < b[0] ? -1 : 1));
  }

  #take(key, line, adopted) {
    if (this.lines.some((one) => one.nonce === line.nonce)) return;
    line.state = 'queued';
    this.#add(line);
    try {
      this.#store.removeItem(key);
    } catch {
      /* it is ours all the same: the nonce tells */
    }
    adopted(line);
  }

  /** Keeps a line; this is done when it returns. */
  add(line) {
    // The clock may have been set back; the order of what was said stays.
    this.#add({ ...line, at: Math.max(Date.now(), (this.lines.at(-1)?.at ?? 0) + 1) });
    return this.lines.at(-1);
  }

  #add(line) {
    this.#counter += 1;
    line.key = `${OUT}${this.#tab}.${line.at.toString(36)}.${this.#counter.toString(36)}`;
    this.lines.push(line);
    this.lines.sort((a, b) => a.at - b.at);
    this.update(line);
  }

  update(line) {
    const { state, key, why, retryAt, sentAt, held, ...kept } = line;
    try {
      this.#store?.setItem(key, JSON.stringify(kept));
    } catch {
      this.full();
    }
  }

  remove(nonce) {
    const line = this.lines.find((one) => one.nonce === nonce);
    if (!line) return null;
    this.lines = this.lines.filter((one) => one !== line);
    try {
      this.#store?.removeItem(line.key);
    } catch {
      /* it will be answered once more */
    }
    return line;
  }

  /** The host keeps nothing, so nothing said there stays here. */
  forgetDisk() {
    for (const line of this.lines)
      try {
        this.#store?.removeItem(line.key);
      } catch {
        /* gone already */
      }
    this.#store = null;
  }
}
