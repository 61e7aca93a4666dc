// Going somewhere by a few letters: to a room or a person, to a room of the host one is not in, to something that was
// said. The list it is chosen from is in `dialogs.js`.

import { fits } from './dialogs.js';
import { ago, fold, oneLine, sentence } from './text.js';
import { when } from './when.js';

/** A search waits for so many milliseconds, however soon or late a host says; who is to wait longer is told. */
const WAIT = [100, 10_000];

/** `page` is what there is to do it with; gives `goTo`, `hostRooms`, `find`, `mentions` and `hit`. */
export function finding(page) {
  const { chat, palette, panes, composer, note, went, jump } = page;

  function goTo(text = '') {
    palette.show({
      title: 'Go to',
      placeholder: 'a room or a person',
      text,
      none: 'Enter makes a room of that name.',
      teach: '↑ ↓ choose · Enter go there · Esc close',
      find: (words) => {
        const talks = panes.order(true).map((talk) => ({
          label: talk.to,
          hint: talk.mentions ? `@${talk.mentions}` : talk.unread ? `${talk.unread}` : '',
          unread: talk.unread,
          take: () => went(talk.key),
        }));
        const known = new Set(talks.map((one) => fold(one.label)));
        const people = [
          ...new Map(
            [...chat.talks.values()]
              .flatMap((talk) => talk.people ?? [])
              .filter((one) => !one.guest && one.id !== chat.me?.id)
              .map((one) => [one.id, one]),
          ).values(),
        ]
          .filter((one) => !known.has(fold(`@${one.name}`)))
          .map((one) => ({ label: `@${one.name}`, hint: 'alone', take: () => page.direct(one.name) }));
        return [...talks, ...people]
          .map((one) => [fits(one.label, words), one])
          .filter(([rank]) => rank !== null)
          .sort((a, b) => (words ? a[0] - b[0] : (b[1].unread ?? 0) - (a[1].unread ?? 0)))
          .map(([, one]) => one);
      },
      typed: (words) => (words.startsWith('@') ? page.direct(words) : chat.join(words)),
      closed: () => composer.focus(),
    });
  }

  function hostRooms() {
    if (!chat.live) {
      note('Not while there is no connection.', 'error');
      return;
    }
    const asked = new Promise((done) =>
      chat.ask({ type: 'rooms' }, (event) => done(event.type === 'rooms' ? event : { rooms: [] })),
    );
    palette.show({
      title: 'Rooms of this host',
      placeholder: 'a room, or the name of a new one',
      none: 'Enter makes this room.',
      find: async (words) => {
        const { rooms = [], more } = await asked;
        const items = rooms
          .map((one) => ({ ...one, room: oneLine(one.room) }))
          .filter((one) => fits(one.room, words) !== null)
          .map((one) => ({
            label: `${one.room}  ${oneLine(one.topic)}`,
            hint: `${one.members} ${one.member ? 'members, you too' : 'members'}`,
            take: () => chat.join(one.room),
          }));
        const exact = rooms.some(
          (one) => fold(oneLine(one.room)) === fold(words.startsWith('#') ? words : `#${words}`),
        );
        if (words && !exact)
          items.push({
            label: words.startsWith('#') ? words : `#${words}`,
            hint: 'make it',
            take: () => chat.join(words),
          });
        return { items, says: more ? 'Some were left out; type more of the name.' : undefined };
      },
      closed: () => composer.focus(),
    });
  }

  /** `from:ben in:#room before:2026-11-20 has:link words` as the command says it; `to` where nothing else is said. */
  function query(text, to) {
    const asked = { ...(to ? { to } : {}) };
    const words = [];
    for (const word of text.match(/\S*"[^"]*"|\S+/g) ?? []) {
      const [, name, raw] = /^(from|in|before|after|has|mentions):(\S[^]*)$/.exec(word) ?? [];
      const value = raw?.replace(/^"|"$/g, '');
      const at = name === 'before' || name === 'after' ? when(value) : 0;
      if (name === 'from') asked.from = value.replace(/^@/, '');
      else if (name === 'in') asked.to = value === 'here' ? chat.talk?.to : value;
      else if (name === 'before' && at) asked.until = at;
      else if (name === 'after' && at) asked.since = at;
      else if (name === 'has' && value === 'link') asked.link = true;
      else if (name === 'mentions') asked.mentions = true;
      else words.push(word);
    }
    if (words.length) asked.text = words.join(' ');
    return asked;
  }

  /** What was found last, for going from one to the next: `[talk's key, seq]`, the newest first. */
  let hits = [];
  let at = 0;

  function hit(by) {
    const to = at + by;
    if (!hits[to]) {
      note(hits.length ? 'There is no further one.' : 'Nothing was looked for.');
      return;
    }
    at = to;
    jump(chat.talks.get(hits[at][0]), hits[at][1]);
    note(`${at + 1} of ${hits.length}; n to the next, Esc back`);
  }

  /** `later(ms)` is to ask again then. */
  function ask(asked, done, later) {
    chat.ask({ type: 'search', limit: 50, ...asked }, (event) => {
      if (event.type !== 'found') {
        const wait = Number(event.retry_after);
        if (event.code === 'rate_limited' && wait <= WAIT[1]) later(Math.max(WAIT[0], wait));
        else done({ items: [], says: sentence(event.text) });
        return;
      }
      const keys = (event.hits ?? []).map((one) => {
        const to = oneLine(one.to);
        return [to.startsWith('#') ? to : chat.called(to)?.key, Number(one.seq)];
      });
      const items = (event.hits ?? []).map((one, n) => ({
        label: `${oneLine(one.from?.name)}: ${oneLine(one.text)}`,
        hint: `${oneLine(one.to)} · ${ago(one.at)}`,
        take: () => {
          hits = keys;
          at = n;
          hit(0);
        },
      }));
      const more = event.more ? 'There is more: type more words.' : '↑ ↓ choose · Enter go there, n to the next';
      done({ items, says: items.length ? more : 'Nothing found.' });
    });
  }

  /** Asks what is wanted last, when nothing else is wanted for a moment, and again where the host was asked too often. */
  function lately() {
    let [waiting, wanted] = [0, null];
    return (asked, done) => {
      clearTimeout(waiting);
      wanted = asked;
      const later = (ms) => {
        if (wanted === asked) waiting = setTimeout(() => ask(asked, done, later), ms);
      };
      later(150);
    };
  }

  const searched = () => {
    if (chat.features.includes('search')) return true;
    note('This host cannot be searched.', 'error');
    return false;
  };

  /** Looks for something here; `everywhere` in all conversations. */
  function find(text = '', everywhere = false) {
    if (!searched()) return;
    const to = everywhere ? '' : chat.talk?.to;
    const soon = lately();
    palette.show({
      title: to ? `Search in ${to}` : 'Search everywhere',
      placeholder: 'words, from:name, before:2026-11-20, has:link',
      text,
      none: ' ',
      again: to ? (words) => find(words, true) : null,
      find: (words) =>
        new Promise((done) => {
          const asked = query(words, to);
          if (!Object.keys(asked).some((name) => name !== 'to')) {
            done({ items: [], says: to ? 'Ctrl+F again searches everywhere.' : 'In all your conversations.' });
          } else if (!chat.live) done({ items: [], says: 'Not while there is no connection.' });
          else soon(asked, done);
        }),
      closed: () => composer.focus(),
    });
  }

  /** What mentions oneself, everywhere. */
  function mentions() {
    if (!searched()) return;
    const soon = lately();
    palette.show({
      title: 'What mentions you',
      placeholder: 'words in it',
      none: ' ',
      find: (words) =>
        new Promise((done) => {
          if (chat.live) soon({ ...query(words), mentions: true }, done);
          else done({ items: [], says: 'Not while there is no connection.' });
        }),
      closed: () => composer.focus(),
    });
  }

  return { goTo, hostRooms, find, mentions, hit };
}
