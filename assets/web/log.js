// The messages of the conversation on the screen: rows made from what the mind knows, kept by place in the log and
// made anew only when they changed, so that nothing moves but what came in. Older pages are asked for when their
// hole comes into sight. What is done to a message is told to `act`; nothing is decided here.

import { $, h, setText } from './dom.js';
import { bare, render } from './markup.js';
import { clock, day, sameDay } from './text.js';

const GROUP_MS = 5 * 60_000;
const COLOURS = 12;
const PAGE = 100;

/** The colour of a person, the same on each screen of this kind. */
export function colour(id) {
  let sum = 0;
  for (const c of id) sum = (sum * 31 + c.charCodeAt(0)) % 9973;
  return `c${sum % COLOURS}`;
}

export const shown = (who) => `${who.guest ? '~' : ''}${who.name}${who.bot ? ' (bot)' : ''}`;

export class Log {
  #rows = new Map();
  #tools = null;
  #focus = 0;

  constructor(chat, act) {
    this.chat = chat;
    this.act = act;
    this.node = $('log');
    this.key = null;
    this.bottom = true;
    this.watch = new IntersectionObserver(
      (seen) => {
        for (const one of seen) if (one.isIntersecting) this.chat.page(this.key, Number(one.target.dataset.before));
      },
      { root: this.node, rootMargin: '300px 0px' },
    );
    this.node.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    this.node.addEventListener('keydown', (event) => this.#keydown(event));
    this.node.addEventListener('focusin', ({ target }) => this.#attend(target.closest('.message'), true));
    this.node.addEventListener('mouseover', ({ target }) => this.#attend(target.closest('.message'), false));
    this.node.addEventListener('mouseleave', () =>
      this.#attend(document.activeElement?.closest?.('.message') ?? null, false),
    );
    this.node.addEventListener('click', ({ target }) => this.#attend(target.closest('.message'), false));
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
      old.place = this.bottom ? null : this.#anchor();
      old.mark = null;
    }
    this.key = key;
    this.#rows.clear();
    this.watch.disconnect();
    this.#tools = null;
    this.#focus = 0;
    this.node.replaceChildren();
    const { talk } = this;
    this.node.setAttribute('aria-label', talk ? `Messages in ${talk.to}` : 'Messages');
    if (!talk) return;
    if (talk.unread > 0) talk.mark = talk.read;
    this.bottom = true;
    this.fresh = talk.unread > 0;
    const { place } = talk;
    this.refresh();
    if (place && this.#rows.has(place.id)) {
      this.bottom = false;
      this.#return(place);
      this.#scrolled();
    }
  }

  /** Makes the rows what the mind knows. */
  refresh() {
    const { talk } = this;
    if (!talk) return;
    const anchor = this.bottom ? null : this.#anchor();
    const focused = document.activeElement?.closest?.('.message, .hole')?.dataset.id;
    const wanted = this.#wanted(talk);
    const nodes = [];
    const ids = new Set();
    for (const { id, sign, make } of wanted) {
      ids.add(id);
      let row = this.#rows.get(id);
      if (!row || row.sign !== sign) {
        const node = make();
        node.dataset.id = id;
        row = { sign, node };
        this.#rows.set(id, row);
        for (const edge of node.querySelectorAll('.edge')) this.watch.observe(edge);
      }
      nodes.push(row.node);
    }
    for (const id of [...this.#rows.keys()]) if (!ids.has(id)) this.#rows.delete(id);
    this.#place(nodes);
    if (focused && this.#rows.has(focused) && !this.node.contains(document.activeElement)) {
      this.#rows.get(focused).node.focus({ preventScroll: true });
    }
    this.#rove();
    if (this.bottom) this.toEnd();
    else if (anchor) this.#return(anchor);
    this.#scrolled();
  }

  #place(nodes) {
    let at = this.node.firstChild;
    for (const node of nodes) {
      if (node === at) {
        at = at.nextSibling;
        continue;
      }
      this.node.insertBefore(node, at);
    }
    while (at) {
      const next = at.nextSibling;
      at.remove();
      at = next;
    }
  }

  #wanted(talk) {
    const rows = [];
    const holes = talk.holes();
    const entries = talk.sorted();
    const lines = this.chat.lines(talk.key);
    let hole = holes.shift();
    let before = null;
    let at = 0;
    let marked = talk.mark === null;
    if (talk.anew) rows.push(words('anew', 'History began anew'));
    const gap = () => {
      rows.push(this.#hole(talk, hole));
      before = null;
      hole = holes.shift();
    };
    if (!hole && talk.head >= talk.oldest)
      rows.push(words('begin', talk.oldest > 1 ? 'What was before is not kept' : 'The beginning'));
    for (const entry of entries) {
      while (hole && hole[0] < entry.seq) gap();
      if (!sameDay(at, entry.at)) {
        rows.push(words(`day-${entry.seq}`, day(entry.at)));
        before = null;
      }
      ({ at } = entry);
      if (!marked && entry.seq > talk.mark && entry.from.id !== this.chat.me?.id) {
        rows.push(words('new', 'new', 'line new'));
        before = null;
        marked = true;
      }
      rows.push(this.#entry(talk, entry, before, lines));
      before = entry.kind === 'said' && !entry.me ? entry : null;
    }
    while (hole) gap();
    for (const line of lines) {
      if (line.kind !== 'say') continue;
      rows.push(this.#line(talk, line, before));
      before = line.me ? null : { from: this.chat.me, at: line.at, seq: 0 };
    }
    if (!rows.length || (!entries.length && !talk.holes().length && !lines.length)) {
      const who = talk.room
        ? 'Nobody has said anything here yet. Whoever joins this room can read what you write; /invite makes a link.'
        : `Only you and ${talk.name} can read this.`;
      rows.push({ id: 'empty', sign: who, make: () => h('p', { class: 'empty' }, who) });
    }
    return rows;
  }

  #hole(talk, [from, before]) {
    const many = before - from;
    return {
      id: `hole-${from}-${before}`,
      sign: '',
      make: () => {
        const load = () => this.chat.page(talk.key, before);
        const top = from > talk.oldest;
        return h(
          'div',
          { class: 'hole' },
          top ? h('div', { class: 'edge', 'data-before': Math.min(from + PAGE, before) }) : null,
          h(
            'p',
            { class: 'line' },
            h('button', { type: 'button', on: { click: load } }, top ? `${many} messages between` : 'Older messages'),
          ),
          h('div', { class: 'edge', 'data-before': before }),
        );
      },
    };
  }

  #entry(talk, entry, before, lines) {
    const { chat } = this;
    const first =
      !before ||
      before.from.id !== entry.from.id ||
      entry.at - before.at > GROUP_MS ||
      entry.replyTo > 0 ||
      entry.kind !== 'said' ||
      entry.me;
    const changing = lines.some((line) => line.of === entry.seq && line.kind !== 'react');
    const quoted = entry.replyTo ? talk.entries.get(entry.replyTo) : null;
    const said = entry.kind === 'said' && !entry.deleted && !entry.me;
    const sign = [
      talk.epoch,
      entry.version,
      entry.rev,
      first,
      changing,
      quoted?.rev,
      quoted?.version,
      Boolean(quoted),
      entry.deleted,
      entry.edited,
      entry.reactions.map((one) => `${one.emoji}${one.count}${one.by.map((who) => who.id)}`),
    ].join();
    return {
      id: `m-${entry.seq}`,
      sign,
      make: () => {
        const own = entry.from.id === chat.me?.id;
        const node = h('article', {
          class: 'message',
          tabindex: '-1',
          'data-seq': entry.seq,
          'aria-label': `${shown(entry.from)}, ${clock(entry.at)}`,
        });
        node.classList.toggle('first', first);
        node.classList.toggle('gone', entry.deleted);
        node.classList.toggle('event', entry.kind === 'topic');
        node.classList.toggle(
          'mentions',
          talk.room && entry.mentions.includes(chat.me?.id) && !entry.deleted && !own,
        );
        if (first && said) node.append(who(entry, own));
        if (entry.replyTo && !entry.deleted) node.append(this.#quote(talk, entry.replyTo, quoted));
        if (entry.kind === 'topic') {
          node.append(
            h(
              'div',
              { class: 'body' },
              entry.text
                ? `${shown(entry.from)} set the topic: ${entry.text}`
                : `${shown(entry.from)} cleared the topic`,
            ),
          );
        } else if (entry.deleted) {
          if (first) node.append(who(entry, own));
          node.append(h('div', { class: 'body' }, 'deleted'));
        } else if (entry.me) {
          const body = render(entry.text);
          const name = h('span', { class: `name ${own ? 'own' : colour(entry.from.id)}` }, `* ${shown(entry.from)} `);
          (body.querySelector('.prose') ?? body).prepend(name);
          node.append(body);
        } else {
          node.append(render(entry.text));
        }
        if (entry.edited && !entry.deleted) {
          (node.querySelector('.body > .prose:last-child') ?? node.querySelector('.body')).append(
            h('span', { class: 'edited' }, ' (edited)'),
          );
        }
        if (entry.reactions.length) node.append(this.#reactions(talk, entry));
        if (changing) node.append(h('span', { class: 'state' }, 'sending'));
        return node;
      },
    };
  }

  #quote(talk, seq, quoted) {
    const text = !quoted
      ? 'an earlier message'
      : quoted.deleted
        ? `${shown(quoted.from)}: deleted`
        : `${shown(quoted.from)}  ${bare(quoted.text).slice(0, 160)}`;
    return h(
      'button',
      {
        class: 'quote',
        type: 'button',
        tabindex: '-1',
        title: 'Go to the message',
        on: { click: () => this.act('goto', talk, seq) },
      },
      text,
    );
  }

  #reactions(talk, entry) {
    const mine = (one) => one.by.some((someone) => someone.id === this.chat.me?.id);
    return h(
      'div',
      { class: 'reactions' },
      entry.reactions.map((one) => {
        const by =
          one.by.map(shown).join(', ') + (one.count > one.by.length ? ` and ${one.count - one.by.length} more` : '');
        return h(
          'button',
          {
            type: 'button',
            'aria-pressed': String(mine(one)),
            title: by,
            'aria-label': `${one.emoji} ${one.count}, by ${by}`,
            on: { click: () => this.act('react', talk, entry, one.emoji, !mine(one)) },
          },
          `${one.emoji} ${one.count}`,
        );
      }),
    );
  }

  #line(talk, line, before) {
    const first =
      !before || before.from?.id !== this.chat.me?.id || line.at - before.at > GROUP_MS || line.replyTo || line.me;
    const words = {
      queued: this.chat.online ? 'sending' : 'waits for the connection',
      sent: 'sending',
      later: 'waits: too fast',
    };
    const state = words[line.state] ?? '';
    return {
      id: `p-${line.nonce}`,
      sign: [line.state, state, Boolean(first), this.chat.me?.name].join(),
      make: () => {
        const failed = line.state === 'failed';
        const me = this.chat.me ?? { name: this.chat.name || 'you', id: '' };
        const node = h('article', {
          class: `message ${failed ? 'failed' : 'waiting'}${first ? ' first' : ''}`,
          tabindex: '-1',
          'aria-label': `${me.name}, ${failed ? 'not sent' : 'sending'}`,
        });
        if (first && !line.me) node.append(who({ from: me, at: line.at }, true));
        if (line.replyTo) node.append(this.#quote(talk, line.replyTo, talk.entries.get(line.replyTo)));
        const body = render(line.text);
        if (line.me) (body.querySelector('.prose') ?? body).prepend(`* ${me.name} `);
        node.append(body);
        node.append(
          h(
            'span',
            { class: 'state' },
            failed
              ? [
                  `Not sent: ${line.why} `,
                  h('button', { type: 'button', on: { click: () => this.chat.retry(line.nonce) } }, 'Try again'),
                  h('button', { type: 'button', on: { click: () => this.chat.discard(line.nonce) } }, 'Discard'),
                ]
              : state,
          ),
        );
        return node;
      },
    };
  }

  // --- where one is -------------------------------------------------------------------------------------------------

  #anchor() {
    const top = this.node.getBoundingClientRect().top;
    for (const row of this.node.children) {
      if (!row.classList.contains('message')) continue;
      const box = row.getBoundingClientRect();
      if (box.bottom > top + 4) return { id: row.dataset.id, offset: box.top - top };
    }
    return null;
  }

  #return({ id, offset }) {
    const row = this.#rows.get(id)?.node;
    if (!row) return;
    this.node.scrollTop += row.getBoundingClientRect().top - this.node.getBoundingClientRect().top - offset;
  }

  toEnd() {
    const { talk } = this;
    this.bottom = true;
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
    const whole = !talk.holes().some(([, before]) => before > talk.head);
    const near = node.scrollHeight - node.scrollTop - node.clientHeight < 40;
    this.bottom = near && (whole || this.bottom);
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
    for (let row = this.node.lastElementChild; row; row = row.previousElementSibling) {
      if (!row.dataset.seq || row.getBoundingClientRect().bottom > low + 8) continue;
      const seq = Number(row.dataset.seq);
      // Beyond a hole nothing was read.
      if (seq > talk.read && !talk.holes().some(([from]) => from > talk.read && from < seq))
        this.chat.seen(talk.key, seq);
      return;
    }
  }

  /** Brings a message into sight and to hand. */
  go(seq) {
    const row = this.#rows.get(`m-${seq}`)?.node;
    if (!row) return;
    this.bottom = false;
    row.scrollIntoView({ block: 'center' });
    row.focus({ preventScroll: true });
  }

  // --- a message at hand --------------------------------------------------------------------------------------------

  #messages() {
    return [...this.node.querySelectorAll('.message[data-seq]')];
  }

  /** One message can be reached by Tab: the last, or the one that was. */
  #rove() {
    const last = this.#rows.get(`m-${this.#focus}`)?.node ?? this.#messages().at(-1);
    for (const one of this.node.querySelectorAll('.message[tabindex="0"]')) if (one !== last) one.tabIndex = -1;
    if (last) last.tabIndex = 0;
  }

  #attend(row, focus) {
    if (focus && row?.dataset.seq) {
      this.#focus = Number(row.dataset.seq);
      this.#rove();
    }
    if (this.#tools?.parentNode === row && row) return;
    this.#tools?.remove();
    this.#tools = null;
    const entry = row && this.talk?.entries.get(Number(row.dataset.seq));
    if (!entry || entry.deleted || entry.kind !== 'said') return;
    const tool = (what, label, key) =>
      h(
        'button',
        {
          type: 'button',
          tabindex: '-1',
          title: `${label} (${key})`,
          on: { click: () => this.act(what, this.talk, entry) },
        },
        label,
      );
    const own = entry.from.id === this.chat.me?.id;
    this.#tools = h(
      'div',
      { class: 'tools', role: 'toolbar', 'aria-label': 'Message' },
      tool('reply', 'Reply', 'r'),
      tool('choose', 'React', '+'),
      own && tool('edit', 'Edit', 'e'),
      own && tool('delete', 'Delete', 'd'),
      tool('copy', 'Copy', 'c'),
    );
    row.append(this.#tools);
  }

  /** The newest message is taken in hand. */
  select() {
    this.#messages().at(-1)?.focus();
  }

  #keydown(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const row = event.target.closest('.message');
    if (!row) return;
    const all = this.#messages();
    const at = all.indexOf(row);
    const tools = [...(this.#tools?.querySelectorAll('button') ?? [])];
    const tool = tools.indexOf(event.target);
    const to = (one) => {
      event.preventDefault();
      one?.focus();
      one?.scrollIntoView({ block: 'nearest' });
    };
    const entry = this.talk?.entries.get(Number(row.dataset.seq));
    const act = (what) => {
      event.preventDefault();
      this.act(what, this.talk, entry);
    };
    const own = entry && entry.from.id === this.chat.me?.id && !entry.deleted;
    if (event.key === 'Escape') {
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
    if (!entry) {
      if (event.key === 'ArrowUp') to(all.at(-1));
      return;
    }
    switch (event.key) {
      case 'ArrowUp':
      case 'k':
        to(all[Math.max(0, at - 1)]);
        break;
      case 'ArrowDown':
      case 'j':
        to(all[at + 1] ?? $('write'));
        break;
      case 'Home':
      case 'g':
        to(all[0]);
        break;
      case 'End':
      case 'G':
        to(all.at(-1));
        break;
      case 'Enter':
        to(tools[0]);
        break;
      case 'r':
        act('reply');
        break;
      case '+':
      case ':':
        act('choose');
        break;
      case 'e':
        if (own) act('edit');
        break;
      case 'd':
      case 'Delete':
        if (own) act('delete');
        break;
      case 'c':
      case 'y':
        act('copy');
        break;
      case 't':
        if (entry.replyTo) {
          event.preventDefault();
          this.act('goto', this.talk, entry.replyTo);
        }
        break;
      default:
    }
  }
}

function words(id, text, kind = 'line') {
  return { id, sign: text, make: () => h('p', { class: kind }, text) };
}

function who(entry, own) {
  return h(
    'div',
    { class: 'who' },
    h('span', { class: `name ${own ? 'own' : colour(entry.from.id)}` }, shown(entry.from)),
    h('time', { datetime: new Date(entry.at).toISOString() }, clock(entry.at)),
  );
}
