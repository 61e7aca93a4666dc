// Going somewhere by a few letters: to a room or a person, to a room of the host one is not in, to something that was
// said. The list it is chosen from is in `dialogs.js`.

import { fits } from './dialogs.js';
import { ago, fold, oneLine, sentence } from './text.js';

/** `page` is what there is to do it with; gives `goTo`, `hostRooms` and `find`. */
export function finding(page) {
  const { chat, palette, panes, composer, note, went, jump } = page;

  function goTo(text = '') {
    palette.show({
      title: 'Go to',
      placeholder: 'a room or a person',
      text,
      none: 'Enter makes a room of that name.',
      find: (words) => {
        const talks = panes.order().map((talk) => ({
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

  /** `from:ben in:here before:2026-11-20 has:link words` as the command says it. */
  function query(text) {
    const asked = {};
    const words = [];
    for (const word of text.match(/"[^"]*"|\S+/g) ?? []) {
      const [, name, value] = /^(from|in|before|after|has|mentions):(\S+)$/.exec(word) ?? [];
      const at = name === 'before' || name === 'after' ? new Date(`${value}T00:00`).getTime() : 0;
      if (name === 'from') asked.from = value.replace(/^@/, '');
      else if (name === 'in') asked.to = value === 'here' ? chat.talk?.to : value;
      else if (name === 'before' && at) asked.until = at;
      else if (name === 'after' && at) asked.since = at;
      else if (name === 'has') asked.link = true;
      else if (name === 'mentions') asked.mentions = true;
      else words.push(word);
    }
    if (words.length) asked.text = words.join(' ');
    return asked;
  }

  function find(text = '') {
    if (!chat.features.includes('search')) {
      note('This host cannot be searched.', 'error');
      return;
    }
    let waiting = 0;
    palette.show({
      title: 'Search',
      placeholder: 'words, from:name, in:here, has:link',
      text,
      none: ' ',
      find: (words) =>
        new Promise((done) => {
          clearTimeout(waiting);
          const asked = query(words);
          if (!Object.keys(asked).length) {
            done({ items: [], says: 'In all your conversations; in:here keeps to this one.' });
            return;
          }
          if (!chat.live) {
            done({ items: [], says: 'Not while there is no connection.' });
            return;
          }
          waiting = setTimeout(
            () =>
              chat.ask({ type: 'search', limit: 50, ...asked }, (event) => {
                if (event.type !== 'found') {
                  done({ items: [], says: sentence(event.text) });
                  return;
                }
                const items = (event.hits ?? []).map((hit) => {
                  const to = oneLine(hit.to);
                  const key = to.startsWith('#') ? to : [...chat.talks.values()].find((one) => one.to === to)?.key;
                  return {
                    label: `${oneLine(hit.from?.name)}: ${oneLine(hit.text)}`,
                    hint: `${to} · ${ago(hit.at)}`,
                    take: () => jump(chat.talks.get(key), hit.seq),
                  };
                });
                done({
                  items,
                  says: items.length ? (event.more ? 'There is more: type more words.' : '') : 'Nothing found.',
                });
              }),
            150,
          );
        }),
      closed: () => composer.focus(),
    });
  }

  return { goTo, hostRooms, find };
}
