// What is written, said or carried out: words go to the mind, commands to whoever does them. Which commands there are
// and how a line is read is in `slash.js`; what opens over the page is in `finding.js` and `dialogs.js`.

import { $, setText } from './dom.js';
import { read, span } from './slash.js';
import { fold, oneLine } from './text.js';

/** `page` is what there is to do it with; gives `send`, `direct` and `lastOwn`. */
export function commands(page) {
  const { chat, keep, log, panes, composer, sheet, note, went } = page;

  const lastOwn = () =>
    chat.talk?.sorted().findLast((entry) => entry.from.id === chat.me?.id && entry.kind === 'said' && !entry.deleted);

  /** Says, or does what a command says. Whether the words are done with. */
  function send(text, doing) {
    const { talk } = chat;
    if (!talk) return false;
    setText($('note'), '');
    const said = (what) => {
      const no = chat.say(talk, what);
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
      if (!last?.text.includes(line.mend[0])) {
        note(`Your last message has no “${line.mend[0]}” in it.`, 'error');
        return false;
      }
      return said({ kind: 'edit', of: last.seq, text: last.text.replace(line.mend[0], () => line.mend[1]) });
    }
    return command(talk, line, said, doing);
  }

  function command(talk, { command: name, rest }, said, doing) {
    const words = rest.split(/\s+/).filter(Boolean);
    const usage = (text) => {
      note(`Usage: ${text}`, 'error');
      return false;
    };
    const room = words[0]?.startsWith('#') ? words[0] : talk.room ? talk.to : '';
    const onOff = () => words[0] !== 'off';
    switch (name) {
      case 'join':
        if (!words[0]) {
          page.hostRooms();
          break;
        }
        chat.join(words[0], words[1]);
        break;
      case 'leave': {
        const of = words[0] ? [...chat.talks.values()].find((one) => fold(one.to) === fold(words[0])) : talk;
        if (of) chat.leave(of.key);
        break;
      }
      case 'rooms':
        page.hostRooms();
        break;
      case 'topic': {
        if (!talk.room) return usage('/topic, in a room');
        if (!rest) {
          note(talk.topic || 'There is no topic yet.');
          break;
        }
        chat.plain({ type: 'topic', room: talk.to, text: rest === '-' ? '' : rest });
        break;
      }
      case 'msg': {
        if (!words[0]) return usage('/msg @name [text]');
        const words2 = rest.replace(/^\S+\s*/, '');
        return direct(words[0], words2);
      }
      case 'me':
        return rest ? said({ kind: 'say', text: rest, me: true, replyTo: doing?.entry.seq ?? 0 }) : usage('/me text');
      case 'nick':
        if (!words[0]) return usage('/nick name');
        chat.plain({ type: 'rename', name: words[0] }, () => keep.set('name', words[0]));
        break;
      case 'who':
        panes.drawer('people');
        chat.who(talk.key);
        break;
      case 'search':
        page.find(rest);
        break;
      case 'go':
        page.goTo(rest);
        break;
      case 'edit': {
        const last = lastOwn();
        if (!last) {
          note('You have said nothing here yet.', 'error');
          return false;
        }
        if (!rest) {
          composer.edit(last);
          return false;
        }
        return said({ kind: 'edit', of: last.seq, text: rest });
      }
      case 'invite':
        invite(words, room);
        break;
      case 'device':
        chat.plain({ type: 'device_add' }, (event) =>
          sheet.link(
            'A link for another device of yours',
            oneLine(event.link),
            `It works once, until ${new Date(event.until).toLocaleTimeString()}.`,
            'Open it there: that device is you from then on.',
          ),
        );
        break;
      case 'away':
        chat.setAway(!chat.away);
        break;
      case 'kick':
      case 'ban':
      case 'unban':
      case 'mute':
      case 'unmute':
      case 'op':
      case 'deop': {
        if (!words[0] || !talk.room) return usage(`/${name} @name, in a room`);
        const seconds = words[1] ? span(words[1]) : Number.NaN;
        const why = words.slice(Number.isNaN(seconds) ? 1 : 2).join(' ');
        chat.plain({
          type: 'moderate',
          deed: name,
          room: talk.to,
          name: words[0].replace(/^@/, ''),
          ...(Number.isNaN(seconds) ? {} : { for_s: seconds }),
          ...(why ? { why } : {}),
        });
        break;
      }
      case 'private':
        chat.plain({ type: 'room_set', room, private: onOff() });
        break;
      case 'readonly':
        chat.plain({ type: 'room_set', room, readonly: onOff() });
        break;
      case 'slow': {
        const seconds = words[0] === 'off' ? 0 : span(words[0] ?? '');
        if (Number.isNaN(seconds)) return usage('/slow 30s, or /slow off');
        chat.plain({ type: 'room_set', room: talk.to, slow_s: seconds });
        break;
      }
      case 'help':
        sheet.help();
        break;
      case 'quit':
        chat.bye();
        break;
      default:
    }
    return true;
  }

  function direct(name, text = '') {
    panes.drawer(null);
    const bare = name.replace(/^@/, '');
    const talk = chat.direct(bare);
    if (talk) {
      went(talk.key);
      if (text) {
        const no = chat.say(talk, { kind: 'say', text });
        if (no) note(no, 'error');
      }
      return true;
    }
    if (!text) {
      note(`Nobody called ${bare} is known here. /msg @${bare} and some words asks the host.`, 'error');
      return false;
    }
    // Who that is the host knows; the answer makes the conversation.
    chat.plain({ type: 'say', to: `@${bare}`, text }, (event) => {
      const known = [...chat.talks.values()].find((one) => one.key === `@${event.to_person}`);
      if (known) went(known.key);
    });
    return true;
  }

  function invite(words, room) {
    if (words[0]?.startsWith('@')) {
      chat.plain({ type: 'room_invite', room: chat.talk.to, name: words[0].slice(1) }, () =>
        note(`${words[0]} may come into ${chat.talk.to}.`),
      );
      return;
    }
    const lasts = words.map(span).find((seconds) => !Number.isNaN(seconds));
    const of = words[0]?.startsWith('#') ? words[0] : room;
    chat.plain(
      {
        type: 'invite',
        ...(of ? { room: of } : {}),
        ...(words.includes('once') ? { once: true } : {}),
        ...(lasts ? { lasts: lasts * 1000 } : {}),
      },
      (event) =>
        sheet.link(
          'An invitation',
          oneLine(event.link),
          event.code ? `Or typed, while the host runs: ${oneLine(event.code)}` : '',
          'It is shown this once.',
        ),
    );
  }

  return { send, direct, lastOwn };
}
