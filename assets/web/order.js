// What is told when somebody keeps order: rooms set otherwise, people put out, let in or raised. It is said in a
// sentence and noted where it shows; who may do what is the host's to say, and `commands.js` asks for it.

import { person } from './talk.js';
import { oneLine } from './text.js';

const DEEDS = {
  kick: 'put out',
  ban: 'banned',
  unban: 'allowed back',
  mute: 'muted',
  unmute: 'unmuted',
  op: 'made an operator',
  deop: 'no operator any more',
  owner: 'made the owner of this host',
};

/** Events of this kind, by their type; each gets the mind and the event. */
export const ORDER = {
  room_set(chat, event) {
    const talk = chat.talks.get(event.room);
    if (!talk) return;
    Object.assign(talk, settings(event));
    chat.tell.changed('head', talk.key);
  },

  moderated(chat, event) {
    const who = person(event.who);
    const was = who.id === chat.me?.id ? 'You were' : `${who.name} was`;
    const where = event.room ? ` in ${oneLine(event.room)}` : '';
    const by = event.by ? ` by ${person(event.by).name}` : '';
    const why = event.why ? `: ${oneLine(event.why)}` : '';
    chat.tell.note(`${was} ${DEEDS[event.deed] ?? oneLine(event.deed)}${where}${by}${why}.`);
    const talk = chat.talks.get(event.room);
    if (talk && /op$/.test(event.deed ?? '')) chat.people.who(talk.key);
  },

  room_deleted(chat, event) {
    chat.tell.note(`${oneLine(event.room)} was deleted${event.by ? ` by ${person(event.by).name}` : ''}.`);
  },

  invited(chat, event) {
    const room = oneLine(event.room);
    chat.tell.note(`${person(event.by).name} lets you into ${room}: /join ${room}`);
  },
};

/** How a room is set, as a place and `room_set` say it. */
export const settings = (raw) => ({
  private: raw.private === true,
  readonly: raw.readonly === true,
  slow: Number(raw.slow_s) || 0,
  password: raw.password === true,
});
