// One row of the messages each: what somebody said, a line of one's own that is on its way, a day, a hole. A row has an
// id, a sign that changes when it has to be made anew, and a way to make it. Which rows there are decides `log.js`.

import { h } from './dom.js';
import { bare } from './markup.js';
import { render } from './render.js';
import { clock, moment } from './text.js';

const GROUP_MS = 5 * 60_000;
const COLOURS = 12;
/** Messages of a page that is asked for from the lower end of a hole. */
export const PAGE = 100;

/** The colour of a person, the same on each screen of this kind. */
export function colour(id) {
  let sum = 0;
  for (const c of id) sum = (sum * 31 + c.charCodeAt(0)) % 9973;
  return `c${sum % COLOURS}`;
}

const worn = (who) => (who.guest ? `~${who.name}` : who.name);

/** A name in words alone: guests and bots are not taken for others. */
export const shown = (who) => worn(who) + (who.bot ? ' (bot)' : '');

/** The sign that stands for somebody beside what they said. */
export function face(who) {
  const letter = /[\p{L}\p{N}]/u.exec(who.name)?.[0] ?? '?';
  return h('span', { class: `face ${colour(who.id)}`, 'aria-hidden': 'true', 'data-letter': letter.toUpperCase() });
}

/** A name, with what is to be known of who has it. */
export const named = (who, own) => [
  h('span', { class: `name ${own ? 'own' : colour(who.id)}` }, worn(who)),
  who.bot ? h('span', { class: 'bot', title: 'A program, not a person' }, 'bot') : null,
];

/** A line of words of this client's own. */
export function words(id, text, kind = 'line') {
  return { id, sign: text, make: () => h('p', { class: kind }, text) };
}

/** Where rows of this window end and others follow. */
export const edge = (way, seq) => ({
  id: `edge-${way}-${seq}`,
  sign: '',
  make: () => h('div', { class: 'edge', 'data-way': way }),
});

/** Whether this is said in one breath with what stands before. */
const follows = (before, from, at) => before?.from?.id === from?.id && at - before.at <= GROUP_MS;

export class Rows {
  constructor(chat, act) {
    this.chat = chat;
    this.act = act;
  }

  /** What is not here: `[from, before)`. */
  hole(talk, [from, before]) {
    const many = before - from;
    return {
      id: `hole-${from}-${before}`,
      sign: '',
      make: () => {
        const load = () => this.chat.history.page(talk.key, before);
        const top = from > talk.oldest;
        const text = top ? `${many} ${many === 1 ? 'message' : 'messages'} between` : 'Older messages';
        return h(
          'div',
          { class: 'hole', 'data-from': from, 'data-before': before },
          top ? h('div', { class: 'edge', 'data-before': Math.min(from + PAGE, before) }) : null,
          h('p', { class: 'line' }, h('button', { type: 'button', on: { click: load } }, text)),
          h('div', { class: 'edge', 'data-before': before }),
        );
      },
    };
  }

  /** What was said or set. `before` is what was said right before it, `lines` are one's own that wait; whether it is taken. */
  entry(talk, entry, before, lines, taken) {
    const { chat } = this;
    const said = entry.kind === 'said' && !entry.me;
    const first = !said || entry.replyTo > 0 || !follows(before, entry.from, entry.at);
    const changing = lines.some((line) => line.of === entry.seq && line.kind !== 'react');
    const quoted = entry.replyTo ? talk.entries.get(entry.replyTo) : null;
    const sign = [
      talk.epoch,
      entry.version,
      entry.rev,
      first,
      changing,
      taken,
      quoted?.rev,
      quoted?.version,
      entry.deleted,
      entry.edited,
      entry.reactions.map((one) => `${one.emoji}${one.count}${one.by.map((who) => who.id)}`),
    ].join();
    return { id: `m-${entry.seq}`, sign, make: () => this.#make(talk, entry, { first, changing, quoted, taken }, chat) };
  }

  #make(talk, entry, { first, changing, quoted, taken }, chat) {
    const own = entry.from.id === chat.me?.id;
    const calls = talk.room && !own && !entry.deleted && entry.mentions.includes(chat.me?.id);
    const kinds = {
      first,
      gone: entry.deleted,
      event: entry.kind === 'topic',
      deed: entry.me && !entry.deleted,
      mentions: calls,
      taken,
    };
    const node = h('article', {
      class: ['message', ...Object.keys(kinds).filter((kind) => kinds[kind])].join(' '),
      tabindex: '-1',
      'data-seq': entry.seq,
      'aria-label': `${taken ? 'taken, ' : ''}${spoken(entry, quoted)}`,
    });
    const when = h('time', { datetime: new Date(entry.at).toISOString(), title: moment(entry.at) }, clock(entry.at));
    if (first && entry.kind === 'said' && !entry.me) {
      node.append(face(entry.from), h('div', { class: 'who' }, named(entry.from, own), when));
    } else node.append(when);
    if (entry.replyTo && !entry.deleted) node.append(this.#quote(talk, entry.replyTo, quoted));
    node.append(body(entry, own));
    if (entry.edited && !entry.deleted) {
      (node.querySelector('.body > .prose:last-child') ?? node.querySelector('.body')).append(
        h('span', { class: 'edited' }, ' (edited)'),
      );
    }
    if (entry.reactions.length) node.append(this.#reactions(talk, entry));
    if (changing) node.append(h('span', { class: 'state' }, 'sending'));
    return node;
  }

  #quote(talk, seq, quoted) {
    return h(
      'button',
      {
        class: 'quote',
        type: 'button',
        tabindex: '-1',
        title: 'Go to the message',
        on: { click: () => this.act('goto', talk, seq) },
      },
      quoted
        ? [
            h('b', { class: colour(quoted.from.id) }, shown(quoted.from)),
            ' ',
            quoted.deleted ? 'deleted' : bare(quoted.text).slice(0, 160),
          ]
        : 'an earlier message',
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
          h('span', { class: 'sign' }, one.emoji),
          ` ${one.count}`,
        );
      }),
    );
  }

  /** A line of one's own that is not in the log yet. */
  line(talk, line, before) {
    const { chat } = this;
    const me = chat.me ?? { name: chat.name || 'you', id: '' };
    const first = Boolean(line.replyTo || line.me || !follows(before, me, line.at));
    const words = {
      queued: chat.online ? 'sending' : 'waits for the connection',
      sent: 'sending',
      later: 'waits: too fast',
    };
    const state = words[line.state] ?? '';
    return {
      id: `p-${line.nonce}`,
      sign: [line.state, state, first, me.name].join(),
      make: () => {
        const failed = line.state === 'failed';
        const node = h('article', {
          class: `message ${failed ? 'failed' : 'waiting'}${first ? ' first' : ''}${line.me ? ' deed' : ''}`,
          tabindex: '-1',
          'aria-label': `${me.name}: ${bare(line.text).slice(0, 300)}, ${failed ? 'not sent' : state}`,
        });
        if (first && !line.me) node.append(face(me), h('div', { class: 'who' }, named(me, true)));
        if (line.replyTo) node.append(this.#quote(talk, line.replyTo, talk.entries.get(line.replyTo)));
        node.append(body({ ...line, from: me, kind: 'said' }, true));
        const button = (text, act) => h('button', { type: 'button', on: { click: act } }, text);
        node.append(
          h(
            'span',
            { class: 'state' },
            failed
              ? [
                  `Not sent: ${line.why} `,
                  button('Try again', () => chat.saying.retry(line.nonce)),
                  button('Discard', () => chat.saying.discard(line.nonce)),
                ]
              : state,
          ),
        );
        return node;
      },
    };
  }
}

/** What is read out of a message one comes to. */
function spoken(entry, quoted) {
  const what = entry.deleted
    ? 'deleted'
    : entry.kind === 'topic'
      ? `set the topic: ${entry.text}`
      : bare(entry.text).slice(0, 500);
  const to = quoted ? `, to ${shown(quoted.from)}` : '';
  const signs = entry.reactions.map((one) => `${one.emoji} ${one.count}`).join(', ');
  return `${shown(entry.from)}${to}, ${clock(entry.at)}: ${what}${entry.edited ? ', edited' : ''}${signs ? `. ${signs}` : ''}`;
}

function body(entry, own) {
  if (entry.deleted) return h('div', { class: 'body' }, 'deleted');
  if (entry.kind === 'topic') {
    const who = shown(entry.from);
    return h(
      'div',
      { class: 'body' },
      entry.text ? `${who} set the topic: ${entry.text}` : `${who} cleared the topic`,
    );
  }
  const node = render(entry.text);
  if (entry.me) (node.querySelector('.prose') ?? node).prepend(...named(entry.from, own).filter(Boolean), ' ');
  return node;
}
