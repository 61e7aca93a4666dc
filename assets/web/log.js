// The messages of the conversation on the screen: a window of rows onto what the mind knows, kept by place in the log and
// made anew only when they changed, so that nothing moves but what came in. Where the window ends it is moved on, where
// what the mind knows ends a page is asked for. How a row looks is in `rows.js`, what is done to a message in `hand.js`.

import { $, setText } from './dom.js';
import { Hand } from './hand.js';
import { edge, PAGE, Rows, words } from './rows.js';
import { day, sameDay } from './text.js';

/** So many messages at first and at each step, and so many on the page at most: the rest of them is not there at all. */
const STEP = 100;
const MOST = 400;

export class Log {
  #rows = new Map();
  /** The seqs of the first and last message of the window. */
  #low = 0;
  #high = Number.POSITIVE_INFINITY;
  /** Whether the window begins with all there is. */
  #whole = true;
  /** The seq of the first message in sight, where that has to stay. */
  #held = 0;

  constructor(chat, act) {
    this.chat = chat;
    this.node = $('log');
    this.key = null;
    this.bottom = true;
    this.make = new Rows(chat, act);
    this.hand = new Hand(this, act);
    this.watch = new IntersectionObserver(
      (seen) => {
        for (const { isIntersecting, target } of seen) {
          if (!isIntersecting || !target.isConnected) continue;
          if (target.dataset.way) this.move(target.dataset.way);
          else this.chat.history.page(this.key, Number(target.dataset.before));
        }
      },
      { root: this.node, rootMargin: '600px 0px' },
    );
    this.node.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    new ResizeObserver(() => {
      if (this.bottom) this.toEnd();
    }).observe(this.node);
  }

  get talk() {
    return this.chat.talks.get(this.key);
  }

  /** Another conversation comes on the screen. */
  show(key) {
    const old = this.talk;
    if (old && key !== this.key) {
      const place = this.bottom ? null : this.#anchor();
      old.place = place && { ...place, low: this.#low, high: this.#high };
      old.mark = null;
    }
    this.key = key;
    this.#rows.clear();
    this.watch.disconnect();
    this.hand.empty();
    this.node.replaceChildren();
    const { talk } = this;
    this.node.setAttribute('aria-label', talk ? `Messages in ${talk.to}` : 'Messages');
    if (!talk) return;
    if (talk.unread > 0) talk.mark = talk.read;
    this.fresh = talk.unread > 0;
    const { place } = talk;
    this.bottom = true;
    this.#low = 0;
    this.#high = Number.POSITIVE_INFINITY;
    this.#whole = !place;
    if (place) {
      this.bottom = false;
      this.#low = place.low;
      this.#high = place.high;
    }
    this.refresh();
    if (place && this.#rows.has(place.id)) this.#return(place);
    else if (place) this.toEnd();
    this.#scrolled();
  }

  /** Makes the rows what the mind knows. */
  refresh() {
    const { talk } = this;
    if (!talk) return;
    this.hand.taken.mend();
    const anchor = this.bottom ? null : this.#anchor();
    this.#held = Number(anchor?.id.slice(2)) || 0;
    const focused = document.activeElement?.closest?.('#log > .message, #log > .hole');
    const nodes = [];
    const ids = new Set();
    for (const { id, sign, make } of this.#wanted(talk)) {
      ids.add(id);
      let row = this.#rows.get(id);
      if (!row || row.sign !== sign) {
        const node = make();
        node.dataset.id = id;
        row = { sign, node };
        this.#rows.set(id, row);
        if (node.classList.contains('edge')) this.watch.observe(node);
        for (const inside of node.querySelectorAll('.edge')) this.watch.observe(inside);
      }
      nodes.push(row.node);
    }
    for (const [id, { node }] of this.#rows) {
      if (ids.has(id)) continue;
      this.#rows.delete(id);
      if (node.classList.contains('edge')) this.watch.unobserve(node);
    }
    this.#place(nodes);
    if (focused && !this.node.contains(document.activeElement)) this.#instead(focused).focus({ preventScroll: true });
    this.hand.rove();
    if (this.bottom) this.toEnd();
    else if (anchor) this.#return(anchor);
    this.#scrolled();
    this.hand.walk();
  }

  /** What has the keys when this row is no more: the row made anew, what it became, or what stands nearest. */
  #instead({ dataset: { id, seq, before } }) {
    const said = id.startsWith('p-') ? this.talk.sorted().findLast((one) => one.nonce === id.slice(2))?.seq : seq;
    const messages = this.messages();
    const at = Number(said ?? before - 1);
    return (
      this.#rows.get(id)?.node ??
      messages.findLast((row) => Number(row.dataset.seq) <= at) ??
      messages.at(at >= 0 ? 0 : -1) ??
      $('write')
    );
  }

  #place(nodes) {
    const wanted = new Set(nodes);
    let at = this.node.firstChild;
    for (const node of nodes) {
      // What is not wanted goes first, so that those that stay need not be moved.
      while (at && at !== node && !wanted.has(at)) {
        const next = at.nextSibling;
        at.remove();
        at = next;
      }
      if (node === at) at = at.nextSibling;
      else this.node.insertBefore(node, at);
    }
    while (at) {
      const next = at.nextSibling;
      at.remove();
      at = next;
    }
  }

  // --- the window ---------------------------------------------------------------------------------------------------

  /** Where the messages of the window begin and end in all there are: `[first, behind the last]`. */
  #window(entries) {
    let first = place(entries, this.#low);
    let end = this.#high === Number.POSITIVE_INFINITY ? entries.length : place(entries, this.#high + 1);
    // What was a hole at the top is here: in one step, or the edge in between is too low to keep what is read in its place.
    if (this.#whole && first > 0) {
      first = Math.max(0, first - STEP);
      if (place(entries, this.#held) < first + MOST / 2) end = Math.min(end, first + MOST);
    }
    if (this.bottom) {
      end = entries.length;
      // Going on from where it began, so that not every new message changes the top.
      first = end - first > MOST ? end - STEP : Math.min(first, Math.max(0, end - STEP));
    } else if (end - first > 2 * MOST) {
      // Much was said while one reads further up.
      first = Math.max(first, place(entries, this.#held) - MOST / 2);
      end = Math.min(end, first + MOST);
    } else if (first >= end) first = Math.max(0, end - STEP);
    return this.#open(entries, first, end);
  }

  #open(entries, first, end) {
    this.#whole = first === 0;
    this.#low = entries[first]?.seq ?? 0;
    this.#high = end >= entries.length ? Number.POSITIVE_INFINITY : entries[end - 1].seq;
    return [first, end];
  }

  /** The window is moved on, `up` or `down`. Whether there was anything. */
  move(way) {
    const { talk } = this;
    if (!talk) return false;
    const entries = talk.sorted();
    let [first, end] = this.#window(entries);
    if (way === 'up') {
      if (first === 0) return false;
      first = Math.max(0, first - STEP);
      if (end - first > MOST) end = first + MOST;
    } else {
      if (end >= entries.length) return false;
      end = Math.min(entries.length, end + STEP);
      if (end - first > MOST) first = end - MOST;
    }
    this.#open(entries, first, end);
    this.bottom = false;
    this.refresh();
    return true;
  }

  #wanted(talk) {
    const rows = [];
    const { make } = this;
    const entries = talk.sorted();
    const lines = this.chat.saying.lines(talk.key);
    const holes = talk.holes();
    const [first, end] = this.#window(entries);
    const last = end >= entries.length;
    let before = entries[first - 1] ?? null;
    let at = before?.at ?? 0;
    if (before && (before.kind !== 'said' || before.me)) before = null;
    if (first > 0) {
      rows.push(edge('up', this.#low));
      while (holes.length && holes[0][0] < this.#low) holes.shift();
    } else {
      if (talk.anew) rows.push(words('anew', 'History began anew'));
      if (!(holes[0]?.[0] <= talk.oldest) && talk.head >= talk.oldest)
        rows.push(words('begin', talk.oldest > 1 ? 'What was before is not kept' : 'The beginning'));
    }
    const mark = talk.mark === null ? null : entries.find((one) => one.seq > talk.mark && this.#others(one));
    const gap = () => {
      rows.push(make.hole(talk, holes.shift()));
      before = null;
    };
    for (const entry of entries.slice(first, end)) {
      while (holes.length && holes[0][0] < entry.seq) gap();
      if (this.chat.ignored.has(entry.from.id)) continue;
      if (!sameDay(at, entry.at)) {
        rows.push(words(`day-${entry.seq}`, day(entry.at), 'line day'));
        before = null;
      }
      ({ at } = entry);
      if (entry === mark) {
        rows.push(words('new', 'new', 'line new'));
        before = null;
      }
      rows.push(make.entry(talk, entry, before, lines, this.hand.taken.has(entry.seq)));
      before = entry.kind === 'said' && !entry.me ? entry : null;
    }
    if (!last) {
      rows.push(edge('down', this.#high));
      return rows;
    }
    while (holes.length) gap();
    for (const line of lines) {
      if (line.kind !== 'say') continue;
      rows.push(make.line(talk, line, before));
      before = line.me ? null : { from: this.chat.me, at: line.at };
    }
    if (!entries.length && !talk.holes().length && !lines.length) {
      const who = talk.room
        ? 'Nobody has said anything here yet. Whoever joins this room can read what you write; /invite makes a link.'
        : `Only you and ${talk.name} can read this.`;
      rows.push(words('empty', who, 'empty'));
    }
    return rows;
  }

  #others(entry) {
    return entry.from.id !== this.chat.me?.id;
  }

  // --- where one is -------------------------------------------------------------------------------------------------

  #anchor() {
    const { top, bottom } = this.node.getBoundingClientRect();
    for (const row of this.node.children) {
      if (!row.classList.contains('message')) continue;
      const box = row.getBoundingClientRect();
      if (box.bottom <= top + 4) continue;
      // A row grows and shrinks above its words, where the name stands; its lower end stays, and all below it.
      const side = box.bottom <= bottom ? 'bottom' : 'top';
      return { id: row.dataset.id, side, offset: box[side] - top };
    }
    return null;
  }

  #return({ id, side, offset }) {
    const row = this.#rows.get(id)?.node;
    if (!row) return;
    const moved = row.getBoundingClientRect()[side] - this.node.getBoundingClientRect().top - offset;
    if (moved) this.node.scrollTop += moved;
  }

  toEnd() {
    const { talk } = this;
    if (!this.bottom) {
      this.bottom = true;
      if (this.#high !== Number.POSITIVE_INFINITY) {
        this.#low = 0;
        this.refresh();
      }
    }
    // What is new is read from its beginning.
    const mark = this.fresh && talk && talk.covers(talk.head) ? this.#rows.get('new')?.node : null;
    this.node.scrollTop = this.node.scrollHeight;
    if (mark) {
      this.fresh = false;
      const above = mark.getBoundingClientRect().top - this.node.getBoundingClientRect().top;
      if (above < 0) this.node.scrollTop += above - 60;
    } else if (talk?.covers(talk.head)) this.fresh = false;
  }

  #scrolled() {
    const { node, talk } = this;
    if (!talk) return;
    const whole = this.#high === Number.POSITIVE_INFINITY && !talk.holes().some(([, before]) => before > talk.head);
    const near = node.scrollHeight - node.scrollTop - node.clientHeight < 40;
    this.bottom = near && (whole || this.bottom);
    this.chat.atEnd = this.bottom;
    const down = $('down');
    down.hidden = this.bottom;
    setText(down, talk.unread > 0 ? `↓ ${talk.unread > 999 ? 'many' : talk.unread} new` : '↓ to the end');
    this.read();
  }

  /** What can be seen was read, if somebody looks. */
  read() {
    const { talk } = this;
    if (!talk || !this.chat.looking || !this.chat.live || talk.read >= talk.head) return;
    if (this.bottom && talk.covers(talk.head)) {
      this.chat.seen(talk.key, talk.head);
      return;
    }
    const low = this.node.getBoundingClientRect().bottom;
    const hole = talk.holes().find(([, before]) => before > talk.read + 1)?.[0] ?? Number.POSITIVE_INFINITY;
    for (let row = this.node.lastElementChild; row; row = row.previousElementSibling) {
      if (!row.dataset.seq || row.getBoundingClientRect().bottom > low + 8) continue;
      const seq = Number(row.dataset.seq);
      // Beyond a hole nothing was read.
      if (seq > talk.read && seq < Math.max(hole, talk.read + 1)) this.chat.seen(talk.key, seq);
      return;
    }
  }

  /** Brings a message into sight and to hand. */
  go(seq) {
    const { talk } = this;
    if (!talk?.entries.has(seq)) return;
    this.bottom = false;
    if (!this.#rows.has(`m-${seq}`)) {
      const entries = talk.sorted();
      const at = place(entries, seq);
      this.#open(entries, Math.max(0, at - STEP), Math.min(entries.length, at + STEP));
    }
    this.refresh();
    const row = this.#rows.get(`m-${seq}`)?.node;
    row?.scrollIntoView({ block: 'center' });
    row?.focus({ preventScroll: true });
  }

  /** Goes to the first message that is here, and to what lies before it. */
  toTop() {
    const first = this.talk?.sorted()[0];
    if (!first) return;
    this.bottom = false;
    const entries = this.talk.sorted();
    this.#open(entries, 0, Math.min(entries.length, STEP));
    this.refresh();
    this.node.scrollTop = 0;
  }

  /** The message above or below (`by` is -1 or 1): its row, `null` at the end, nothing while it is on its way. */
  beside(row, by) {
    const next = by < 0 ? 'previousElementSibling' : 'nextElementSibling';
    for (let one = row[next]; one; one = one[next]) {
      if (one.classList.contains('message')) return one;
      // The row stays where it is in a window that is moved on; what is beside it is another.
      if (one.dataset.way) return this.move(one.dataset.way) ? this.beside(this.#rows.get(row.dataset.id)?.node ?? row, by) : null;
      if (!one.classList.contains('hole')) continue;
      const { talk, chat } = this;
      if (!chat.live) {
        chat.tell.note('What was said there comes when the connection is back.');
        return null;
      }
      const [from, before] = [Number(one.dataset.from), Number(one.dataset.before)];
      // What has come is drawn soon.
      if (!talk.covers(by < 0 ? before - 1 : from))
        chat.history.page(talk.key, by < 0 ? before : Math.min(from + PAGE, before));
      return undefined;
    }
    return null;
  }

  row(seq) {
    return this.#rows.get(`m-${seq}`)?.node;
  }
  messages() {
    return [...this.node.querySelectorAll('.message[data-seq]')];
  }
}

/** Where in a list by rising seq this one stands, or would. */
function place(entries, seq) {
  let [low, high] = [0, entries.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (entries[middle].seq < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}
