// What is written, said or carried out: words go to the mind, commands to whoever does them. Which commands there are
// and how a line is read is in `slash.js`; what opens over the page is in `finding.js` and `dialogs.js`.

import { $, setText } from './dom.js';
import { read, span } from './slash.js';
import { fold, moment, oneLine } from './text.js';

/** `page` is what there is to do it with; gives `send`, `direct` and `lastOwn`. */
export function commands(page) {
  const { chat, keep, log, panes, composer, sheet, bell, note, went } = page;

  /** The last message of one's own, or null with a word why there is none to change. */
  function lastOwn() {
    const { talk } = chat;
    const own = (entry) => entry.from.id === chat.me?.id && entry.kind === 'said' && !entry.deleted;
    const found = talk?.sorted().findLast(own) ?? null;
    // What one means is the line that is not there yet.
    const under = talk && chat.saying.lines(talk.key).some((line) => line.kind === 'say' && line.state !== 'failed');
    if (found && !under) return found;
    note(under ? 'Your last message is still on its way.' : 'You have said nothing here yet.', 'error');
    return null;
  }

  /** Says, or does what a command says. Whether the words are done with. */
  function send(text, doing) {
    const { talk } = chat;
    if (!talk) return false;
    setText($('note'), '');
    const said = (what) => {
      const no = chat.saying.say(talk, what);
      if (no) note(no, 'error');
      else if (what.kind === 'say') log.toEnd();
      return !no;
    };
    if (doing?.what === 'edit') {
      return text === doing.entry.text || said({ kind: 'edit', of: doing.entry.seq, text });
    }
    const line = read(text);
    if (line.wrong) {
      note(line.wrong, 'error');
      return false;
    }
    if (line.say !== undefined) return said({ kind: 'say', text: line.say, replyTo: doing?.entry.seq ?? 0 });
    if (line.mend) {
      const last = lastOwn();
      if (!last) return false;
      if (!last.text.includes(line.mend[0])) {
        note(`Your last message has no “${line.mend[0]}” in it.`, 'error');
        return false;
      }
      return said({ kind: 'edit', of: last.seq, text: last.text.replace(line.mend[0], () => line.mend[1]) });
    }
    const words = line.rest.split(/\s+/).filter(Boolean);
    return DO[line.command]({ ...line, talk, words, said, doing }) !== false;
  }

  const usage = (text) => {
    note(`Usage: ${text}`, 'error');
    return false;
  };

  /** A room's setting that is on or off. */
  const set =
    (name) =>
    ({ talk, words }) => {
      if (!talk.room) return usage(`/${name}, in a room`);
      if (words[0] && !/^(on|off)$/.test(words[0])) return usage(`/${name} on, or /${name} off`);
      return chat.plain({ type: 'room_set', room: talk.to, [name]: words[0] !== 'off' });
    };

  /** Something to keep order: `[host] @name [time] [why]`. */
  function moderate({ command: deed, talk, words: all }) {
    const host = all[0] === 'host';
    const [name, ...words] = host ? all.slice(1) : all;
    if (!name || !(host || talk.room)) return usage(`/${deed} @name, in a room; /${deed} host @name, on the host`);
    const seconds = words[0] ? span(words[0]) : Number.NaN;
    const why = words.slice(Number.isNaN(seconds) ? 0 : 1).join(' ');
    return chat.plain({
      type: 'moderate',
      deed,
      ...(host ? {} : { room: talk.to }),
      name: name.replace(/^@/, ''),
      ...(Number.isNaN(seconds) ? {} : { for_s: seconds }),
      ...(why ? { why } : {}),
    });
  }

  const list = (title, none, rows) => sheet.rows(title, rows.length ? rows : [[none, '']]);

  /** A message by its number, of this conversation. */
  function byNumber(talk, words, what, then) {
    const seq = Number(words[0]);
    if (!Number.isInteger(seq) || seq < 1 || !words[1]) return usage(`/${what}; i shows the number of a message`);
    const rest = words.slice(1).join(' ');
    return then(seq, rest);
  }

  const DO = {
    join: ({ words }) => (words[0] ? chat.join(words[0], { password: words[1] }) : page.hostRooms()),
    leave({ talk, words }) {
      const of = words[0] ? chat.called(words[0]) : talk;
      if (!of) return usage('/leave #room, one of yours');
      return chat.leave(of.key);
    },
    rooms: () => page.hostRooms(),
    topic({ talk, rest }) {
      if (!talk.room) return usage('/topic, in a room');
      if (!rest) return note(talk.topic || 'There is no topic yet.');
      return chat.plain({ type: 'topic', room: talk.to, text: rest === '-' ? '' : rest });
    },
    msg: ({ words, rest }) => (words[0] ? direct(words[0], rest.replace(/^\S+\s*/, '')) : usage('/msg @name [text]')),
    me: ({ rest, said, doing }) =>
      rest ? said({ kind: 'say', text: rest, me: true, replyTo: doing?.entry.seq ?? 0 }) : usage('/me text'),
    nick: ({ words }) =>
      words[0]
        ? chat.plain({ type: 'rename', name: words[0].replace(/^@/, '') }, () => keep.set('name', chat.name))
        : usage('/nick name'),
    who({ talk }) {
      panes.open('people');
      chat.people.who(talk.key);
    },
    go: ({ rest }) => page.goTo(rest),
    back: () => page.back(),
    search: ({ rest }) => page.find(rest),
    mentions: () => page.mentions(),
    goto: ({ rest }) => page.goto(rest),
    unread: () => page.unread(),
    select: () => log.hand.select(),
    edit({ rest, said }) {
      const last = lastOwn();
      if (!last) return false;
      if (rest) return said({ kind: 'edit', of: last.seq, text: rest });
      composer.set('');
      composer.edit(last);
      return false;
    },
    reply: ({ talk, words, rest, said }) =>
      byNumber(talk, words, 'reply number text', (seq) =>
        said({ kind: 'say', text: rest.replace(/^\S+\s+/, ''), replyTo: seq }),
      ),
    react: ({ talk, words, said }) =>
      byNumber(talk, words, 'react number emoji', (seq, emoji) => said({ kind: 'react', of: seq, emoji, on: true })),
    delete({ talk, words }) {
      const room = words[0]?.startsWith('#') ? words[0] : null;
      const entry = talk.entries.get(Number(words[0]));
      if (room) {
        const text = 'All that was said in it is gone for everybody.';
        sheet.sure(`Delete ${room}?`, text, 'Delete', () => chat.plain({ type: 'room_delete', room }));
        return true;
      }
      if (!entry) return usage('/delete number, or /delete #room; i shows the number of a message');
      return page.act('delete', talk, entry);
    },
    mute(line) {
      const { words } = line;
      const seconds = words[0] ? span(words[0]) : undefined;
      return words[0] && Number.isNaN(seconds) ? moderate(line) : page.mute(seconds);
    },
    unmute: (line) => (line.words[0] ? moderate(line) : page.mute(0)),
    kick: moderate,
    ban: moderate,
    unban: moderate,
    op: moderate,
    deop: moderate,
    ignore: ({ words }) => ignore(words[0], true),
    unignore: ({ words }) => ignore(words[0], false),
    notify({ words: [word] }) {
      if (word && !/^(on|off|all|mentions|nothing)$/.test(word))
        return usage('/notify on or off; /notify all, mentions or nothing, from here');
      return word && !/^o/.test(word) ? page.level(word) : void bell.turn(word ? word === 'on' : undefined);
    },
    dnd: ({ words }) => page.dnd(words[0]),
    pin: () => page.pin(),
    archive: () => page.archive(),
    theme: ({ words }) => page.theme(words[0]),
    set: ({ words, rest }) => page.set(words[0], rest.replace(/^\S+\s*/, '')),
    away: () => chat.setAway(!chat.away),
    invite: ({ talk, words }) => invite(talk, words),
    invites: () =>
      chat.plain({ type: 'invites' }, ({ invitations = [] }) =>
        list(
          'Invitations',
          'There are none; /invite makes one.',
          invitations.map((one) => [
            `${one.number}  ${one.room ? oneLine(one.room) : 'the host'}`,
            [
              one.revoked ? 'taken back' : one.once ? 'once' : `used ${Number(one.used) || 0} times`,
              `by ${oneLine(one.by)}`,
              one.until ? `until ${moment(one.until)}` : '',
              one.revoked ? '' : `/revoke ${one.number}`,
            ]
              .filter(Boolean)
              .join(' · '),
          ]),
        ),
      ),
    revoke({ words }) {
      const number = Number(words[0]);
      if (!Number.isInteger(number)) return usage('/revoke number; /invites shows them');
      return chat.plain({ type: 'uninvite', number }, () => note(`Invitation ${number} opens nothing any more.`));
    },
    hook({ talk, words }) {
      const number = Number(words[1]);
      if (!chat.features.includes('hooks')) return note('This host has no webhooks.', 'error') ?? false;
      if (words[0] === 'revoke') {
        if (!Number.isInteger(number)) return usage('/hook revoke number; /hooks shows them');
        return chat.plain({ type: 'hook_remove', number }, () => note(`Webhook ${number} says nothing any more.`));
      }
      const room = words[0]?.startsWith('#') ? words.shift() : talk.to;
      return chat.plain({ type: 'hook_add', room, ...(words[0] ? { name: words[0] } : {}) }, (event) =>
        sheet.link(`A webhook of ${oneLine(event.room)}`, oneLine(event.link), [
          `What is sent there by POST is said by ${oneLine(event.name)}. The address is shown this once.`,
        ]),
      );
    },
    hooks: () =>
      chat.plain({ type: 'hooks' }, ({ hooks = [] }) =>
        list(
          'Webhooks',
          'There are none; /hook makes one.',
          hooks.map((one) => [
            `${one.number}  ${oneLine(one.room)}`,
            `${oneLine(one.name)} · by ${oneLine(one.by)} · /hook revoke ${one.number}`,
          ]),
        ),
      ),
    device({ words }) {
      if (words[0] === 'remove') {
        const number = Number(words[1]);
        if (!Number.isInteger(number)) return usage('/device remove number; /devices shows them');
        return chat.plain({ type: 'device_remove', number }, () => note(`Device ${number} is yours no more.`));
      }
      return chat.plain({ type: 'device_add' }, (event) =>
        sheet.link('A link for another device of yours', oneLine(event.link), [
          `It works once, until ${new Date(event.until).toLocaleTimeString()}.`,
          'Open it there: that device is you from then on.',
        ]),
      );
    },
    devices: () =>
      chat.plain({ type: 'devices' }, ({ devices = [] }) =>
        list(
          'Your devices',
          'None: you are a guest.',
          devices.map((one) => [
            `${one.number}  ${oneLine(one.key).slice(0, 16)}`,
            [one.own ? 'this one' : `/device remove ${one.number}`, `${Number(one.screens) || 0} open`].join(' · '),
          ]),
        ),
      ),
    bans({ talk, words }) {
      const host = words[0] === 'host' || !talk.room;
      chat.plain({ type: 'bans', ...(host ? {} : { room: talk.to }) }, ({ bans = [] }) =>
        list(
          host ? 'Banned or muted on this host' : `Banned or muted in ${talk.to}`,
          'Nobody.',
          bans.map((one) => [
            oneLine(one.name),
            [one.penalty === 'mute' ? 'muted' : 'banned', one.until ? `until ${moment(one.until)}` : '', one.why]
              .filter(Boolean)
              .map(oneLine)
              .join(' · '),
          ]),
        ),
      );
    },
    audit: () =>
      chat.plain({ type: 'audit' }, ({ lines = [] }) =>
        list(
          'Who did what to keep order',
          'Nothing yet.',
          lines.map((one) => [
            moment(one.at),
            [one.by, one.deed, one.whom, one.room && `in ${one.room}`, one.why && `(${one.why})`]
              .filter(Boolean)
              .map(oneLine)
              .join(' '),
          ]),
        ),
      ),
    private(line) {
      const [word] = line.words;
      if (!word?.startsWith('#')) return set('private')(line);
      return chat.plain({ type: 'room_set', room: word, private: true });
    },
    readonly: set('readonly'),
    password({ talk, words }) {
      if (!talk.room) return usage('/password word, in a room');
      const text = words[0] ? `Who joins ${talk.to} needs the password.` : `${talk.to} has no password any more.`;
      return chat.plain({ type: 'room_set', room: talk.to, password: words[0] ?? '' }, () => note(text));
    },
    slow({ talk, words }) {
      const seconds = words[0] === 'off' ? 0 : span(words[0] ?? '');
      if (Number.isNaN(seconds) || !talk.room) return usage('/slow 30s, or /slow off, in a room');
      return chat.plain({ type: 'room_set', room: talk.to, slow_s: seconds });
    },
    help: () => sheet.help(),
    quit: () => chat.bye(),
  };

  function direct(name, text = '') {
    panes.drawer(null);
    const bare = name.replace(/^@/, '');
    const talk = chat.direct(bare);
    if (talk) {
      went(talk.key);
      const no = text ? chat.saying.say(talk, { kind: 'say', text }) : '';
      if (no) note(no, 'error');
      return true;
    }
    if (!text) {
      note(`Nobody called ${bare} is known here. /msg @${bare} and some words asks the host.`, 'error');
      return false;
    }
    // Who that is the host knows; the answer makes the conversation.
    chat.plain({ type: 'say', to: `@${bare}`, text }, (event) => {
      const key = `@${event.to_person}`;
      if (chat.talks.has(key)) went(key);
    });
    return true;
  }

  function ignore(name, on) {
    const { ignored } = chat;
    if (!name)
      return list(
        'Of whom you see nothing',
        'You see everybody.',
        [...ignored.values()].map((one) => [one, '']),
      );
    const called = (one) => fold(one.name) === fold(name.replace(/^@/, ''));
    const talks = [...chat.talks.values()];
    const met = talks.flatMap((talk) => [...(talk.people ?? []), ...talk.sorted().map((entry) => entry.from)]);
    const was = [...ignored].map(([id, known]) => ({ id, name: known }));
    const found = [...was, ...met].find((one) => called(one) && one.id !== chat.me?.id);
    if (!found) {
      note(`Nobody called ${name} was met here.`, 'error');
      return false;
    }
    if (on) ignored.set(found.id, found.name);
    else ignored.delete(found.id);
    keep.set('ignored', ignored.size ? JSON.stringify([...ignored]) : null);
    chat.tell.changed('log');
    return note(
      on
        ? `You see nothing more of ${found.name}; /unignore @${found.name} ends it.`
        : `You see ${found.name} again.`,
    );
  }

  function invite(talk, words) {
    if (words[0]?.startsWith('@')) {
      const room = words[1]?.startsWith('#') ? words[1] : talk.to;
      return chat.plain({ type: 'room_invite', room, name: words[0].slice(1) }, () =>
        note(`${words[0]} may come into ${room}.`),
      );
    }
    const lasts = words.map(span).find((seconds) => !Number.isNaN(seconds));
    const of = words.find((word) => word.startsWith('#')) ?? (talk.room ? talk.to : '');
    return chat.plain(
      {
        type: 'invite',
        ...(of ? { room: of } : {}),
        ...(words.includes('once') ? { once: true } : {}),
        ...(lasts ? { lasts: lasts * 1000 } : {}),
      },
      (event) =>
        sheet.link('An invitation', oneLine(event.link), [
          event.code ? `Or typed, while the host runs: ${oneLine(event.code)}` : '',
          'It is shown this once.',
        ]),
    );
  }

  return { send, direct, lastOwn };
}
