// Where it begins: the storage, the key, the door, then the mind with its wire and its panes, and what keys and
// buttons mean. The rules of talking to the host are in `chat.js`; here they meet the page.

import { Chat } from './chat.js';
import { Composer } from './composer.js';
import { emoji, fits, Palette, Sheet } from './dialogs.js';
import { $, fill, h, setText } from './dom.js';
import { identity } from './identity.js';
import { Keep, Outbox } from './keep.js';
import { Link } from './link.js';
import { Log, shown } from './log.js';
import { Panes } from './panes.js';
import { read, span } from './slash.js';
import { ago, fold, oneLine, sentence } from './text.js';

const NOTE_MS = 9_000;
const AWAY_MS = 60_000;
const HEARD = 20;

const keep = new Keep();
const outbox = new Outbox(keep);
const palette = new Palette();
const sheet = new Sheet();
const own = await identity();

const chat = new Chat({
  send: (command) => link.send(command),
  outbox,
  identity: own,
  authority: location.host,
  client: 'wschat-web',
  tell: { changed, note, went, enter, line: heardLine, again: (ms) => dialLater(ms), redial: () => link.redial() },
});
const link = new Link(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/`, {
  up: () => chat.up(),
  event: (event) => {
    // What a host says may be anything; what cannot be read is left out.
    try {
      chat.handle(event);
    } catch (error) {
      console.warn(error);
    }
  },
  down: (why) => chat.down(why),
  probe: () => chat.probe(),
});
const log = new Log(chat, act);
const panes = new Panes(chat, act);
const composer = new Composer(chat, keep, act);

// --- what is drawn, once for all that changed together -------------------------------------------------------------

const dirty = new Set();
let drawing = false;

function changed(what, key) {
  const here = key === undefined || key === chat.here;
  if (what === 'entry' || what === 'line' || what === 'log' || what === 'lines') {
    if (here) dirty.add('log');
  } else if (what === 'typing' || what === 'head') {
    if (here) dirty.add('head');
  } else dirty.add(what);
  if (what === 'status') {
    dirty.add('head');
    dirty.add('rooms');
    dirty.add('log');
  }
  if (what === 'people') dirty.add('status');
  if (drawing) return;
  drawing = true;
  // Where nobody looks there are no frames, but the title counts on.
  if (document.hidden) setTimeout(draw, 50);
  else requestAnimationFrame(draw);
}

function draw() {
  drawing = false;
  const now = new Set(dirty);
  dirty.clear();
  if (now.has('status')) panes.top();
  if (now.has('rooms')) panes.rooms();
  if (now.has('head') || now.has('rooms')) panes.head();
  if (now.has('people')) panes.people();
  if (now.has('log')) log.refresh();
}

let noteTimer = 0;
function note(text, kind = 'info') {
  clearTimeout(noteTimer);
  $('note').className = kind;
  setText($('note'), text);
  if (kind !== 'error') noteTimer = setTimeout(() => setText($('note'), ''), NOTE_MS);
}

/** A conversation comes on the screen. */
function went(key) {
  const before = chat.here;
  if (before && before !== key) chat.before = before;
  composer.show(key);
  chat.here = key;
  log.show(key);
  chat.look(key);
  if (key && keep.get('open') !== key && !chat.ephemeral) keep.set('open', key);
  const talk = chat.talks.get(key);
  if (talk && !location.hash.includes('k='))
    history.replaceState(null, '', talk.room ? `#${encodeURIComponent(talk.name)}` : location.pathname);
  for (const one of ['rooms', 'head', 'people', 'status']) changed(one);
  composer.focus();
}

// --- the door ------------------------------------------------------------------------------------------------------

/** `#room?k=TOKEN&f=…`: the room, and what lets one in. No browser sends it on. */
function address() {
  const [room, query = ''] = location.hash.slice(1).split('?');
  let name = '';
  try {
    name = decodeURIComponent(room);
  } catch {
    /* no room, then */
  }
  return { room: name, invite: new URLSearchParams(query).get('k') ?? '' };
}

function door(no) {
  $('app').hidden = true;
  $('door').hidden = false;
  setText($('door-title'), chat.server || 'wschat');
  $('name').value = chat.name || keep.get('name') || '';
  setText($('door-no'), no?.text ?? '');
  const code = no?.code === 'needs_invite';
  if (code) {
    $('code-row').hidden = false;
    chat.invite = '';
    keep.note('invite', null);
  }
  fill(
    $('door-try'),
    no?.try?.length
      ? [
          'Free: ',
          no.try.map((name) =>
            h(
              'button',
              {
                type: 'button',
                on: {
                  click: () => {
                    $('name').value = name;
                    $('enter').requestSubmit();
                  },
                },
              },
              name,
            ),
          ),
        ]
      : '',
  );
  setText($('door-key'), own.key ? 'A key in this browser makes the name yours here.' : own.why);
  $('door-go').disabled = false;
  $(code ? 'code' : 'name').focus();
  $(code ? 'code' : 'name').select();
}

$('enter').addEventListener('submit', (event) => {
  event.preventDefault();
  chat.name = $('name').value.trim().replace(/\s+/g, '-');
  if (!chat.name && own.key) {
    setText($('door-no'), 'A name is needed.');
    $('name').focus();
    return;
  }
  const typed = $('code').value.trim();
  // The whole link does too.
  chat.invite = typed ? (new URLSearchParams(typed.split('?')[1] ?? '').get('k') ?? typed) : chat.invite;
  setText($('door-no'), '');
  $('door-go').disabled = true;
  link.dial();
});

/** In, or why not. */
function enter(no) {
  if (no) {
    link.stop();
    door(no);
    return;
  }
  keep.set('name', chat.name);
  if (chat.invite) {
    // A guest is asked for it again after a cut; the address bar need not show it any longer.
    keep.note('invite', chat.invite);
    const { room } = address();
    history.replaceState(null, '', room ? `#${encodeURIComponent(room)}` : location.pathname);
  }
  if ($('app').hidden) {
    $('door').hidden = true;
    $('app').hidden = false;
    const why = own.key ? '' : own.why;
    if (why) note(why);
    if (!keep.works)
      note('This browser keeps nothing here (storage is turned off): you are a guest, for this visit.');
    $('bell').hidden = !('Notification' in window) || Notification.permission !== 'default';
    for (const one of ['status', 'rooms', 'head', 'people']) changed(one);
  }
}

let dialTimer = 0;
function dialLater(ms) {
  link.stop();
  chat.down({ code: 1006, why: 'The host asks to wait.', retryAt: Date.now() + ms });
  clearTimeout(dialTimer);
  dialTimer = setTimeout(() => link.dial(), ms);
}

// --- what was heard ------------------------------------------------------------------------------------------------

function heardLine(talk, entry) {
  const mine = entry.from.id === chat.me.id;
  const here = talk.key === chat.here;
  if (here && !mine && !chat.looking) talk.mark ??= entry.seq - 1;
  if (mine) return;
  const calls = !talk.room || entry.mentions.includes(chat.me.id);
  if (here || calls) {
    const list = $('heard');
    list.append(h('p', null, `${here ? '' : `${talk.to}, `}${shown(entry.from)}: ${entry.text.slice(0, 500)}`));
    while (list.children.length > HEARD) list.firstChild.remove();
  }
  if (
    calls &&
    !(here && chat.looking) &&
    'Notification' in window &&
    Notification.permission === 'granted' &&
    keep.get('bell') !== 'off'
  ) {
    try {
      const told = new Notification(`${shown(entry.from)}${talk.room ? ` in ${talk.to}` : ''}`, {
        body: entry.text.slice(0, 200),
        tag: talk.key,
      });
      told.onclick = () => {
        window.focus();
        went(talk.key);
        told.close();
      };
    } catch {
      /* some browsers want another way for it; the title counts */
    }
  }
}

// --- what one does -------------------------------------------------------------------------------------------------

function act(what, ...about) {
  switch (what) {
    case 'open':
      if (chat.talks.has(about[0])) went(about[0]);
      break;
    case 'direct':
      return direct(about[0]);
    case 'again':
      link.dial();
      break;
    case 'topic':
      if (chat.talk?.room) {
        composer.set(`/topic ${chat.talk.topic}`);
        $('write').focus();
      }
      break;
    case 'rename':
      panes.drawer(null);
      composer.set('/nick ');
      $('write').focus();
      break;
    case 'go':
      panes.drawer(null);
      goTo();
      break;
    case 'rooms':
      panes.drawer(null);
      hostRooms();
      break;
    case 'find':
      find();
      break;
    case 'help':
      sheet.help();
      break;
    case 'bell':
      bell();
      break;
    case 'end':
      log.toEnd();
      log.read();
      break;
    case 'goto':
      jump(about[0], about[1]);
      break;
    case 'reply':
      composer.reply(about[1]);
      break;
    case 'edit':
      composer.edit(about[1]);
      break;
    case 'copy':
      navigator.clipboard?.writeText(about[1].text).then(
        () => note('Copied.'),
        () => note('The browser does not let it be copied.', 'error'),
      );
      break;
    case 'choose':
      emoji(palette, (sign) => act('react', about[0], about[1], sign, true));
      break;
    case 'react': {
      const [talk, entry, sign, on] = about;
      chat.say(talk, { kind: 'react', of: entry.seq, emoji: sign, on });
      break;
    }
    case 'delete': {
      const [talk, entry] = about;
      sheet.sure('Delete this message?', entry.text.slice(0, 300), 'Delete', () => {
        chat.say(talk, { kind: 'delete', of: entry.seq });
        $('write').focus();
      });
      break;
    }
    case 'editLast': {
      const last = lastOwn();
      if (last) composer.edit(last);
      return Boolean(last);
    }
    case 'send':
      return send(...about);
    default:
  }
  return true;
}

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
        hostRooms();
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
      hostRooms();
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
      find(rest);
      break;
    case 'go':
      goTo(rest);
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
        .map((one) => ({ label: `@${one.name}`, hint: 'alone', take: () => direct(one.name) }));
      return [...talks, ...people]
        .map((one) => [fits(one.label, words), one])
        .filter(([rank]) => rank !== null)
        .sort((a, b) => (words ? a[0] - b[0] : (b[1].unread ?? 0) - (a[1].unread ?? 0)))
        .map(([, one]) => one);
    },
    typed: (words) => (words.startsWith('@') ? direct(words) : chat.join(words)),
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

/** Goes to a message, wherever it is. */
function jump(talk, seq) {
  if (!talk) return;
  if (talk.key !== chat.here) went(talk.key);
  log.bottom = false;
  chat.around(talk.key, seq, () => {
    log.refresh();
    log.go(seq);
  });
}

async function bell() {
  const answer = await Notification.requestPermission();
  $('bell').hidden = answer !== 'default';
  note(
    answer === 'granted'
      ? 'You are told of mentions and direct messages while you look elsewhere.'
      : 'The browser keeps them to itself.',
  );
}

// --- keys, and whether somebody looks ------------------------------------------------------------------------------

function step(by) {
  const all = panes.order();
  if (!all.length) return;
  const at = all.findIndex((talk) => talk.key === chat.here);
  went(all[(at + by + all.length) % all.length].key);
}

addEventListener('keydown', (event) => {
  if ($('app').hidden) return;
  if ($('note').className === 'error' && event.key.length === 1) setText($('note'), '');
  const open = document.querySelector('dialog[open]');
  const key = event.key.toLowerCase();
  const done = () => event.preventDefault();
  if (event.key === 'Escape' && !open) {
    if (panes.drawn) {
      done();
      panes.drawer(null);
    } else if (!$('log').contains(document.activeElement)) $('write').focus();
    return;
  }
  if (open) return;
  if (event.key === 'F1') {
    done();
    sheet.help();
    return;
  }
  if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) {
    if (key === 'k' || key === 'g') {
      done();
      goTo();
    }
    if (key === 'f') {
      done();
      find();
    }
    return;
  }
  if (!event.altKey || event.ctrlKey || event.metaKey) return;
  const digit = /^Digit(\d)$/.exec(event.code)?.[1];
  if (event.key === 'ArrowDown') {
    done();
    step(1);
  } else if (event.key === 'ArrowUp') {
    done();
    step(-1);
  } else if (digit !== undefined) {
    const talk = panes.order()[(Number(digit) + 9) % 10];
    if (talk) {
      done();
      went(talk.key);
    }
  } else if (event.code === 'KeyA') {
    const all = panes.order();
    const wanted =
      all.find((talk) => talk.mentions && talk.key !== chat.here) ??
      all.find((talk) => talk.unread && talk.key !== chat.here);
    if (wanted) {
      done();
      went(wanted.key);
    }
  } else if (event.code === 'KeyS') {
    done();
    log.select();
  } else if (event.key === '/' && chat.before && chat.talks.has(chat.before)) {
    done();
    went(chat.before);
  }
});

$('down').addEventListener('click', () => {
  const { talk } = chat;
  log.toEnd();
  if (talk) chat.look(talk.key);
  log.refresh();
  composer.focus();
});

let awayTimer = 0;
function looking() {
  chat.looking = !document.hidden && document.hasFocus();
  clearTimeout(awayTimer);
  if (document.hidden)
    awayTimer = setTimeout(() => {
      chat.setAway(true);
      awayByItself = true;
    }, AWAY_MS);
  else if (awayByItself) {
    awayByItself = false;
    chat.setAway(false);
  }
  if (chat.looking) log.read();
}
let awayByItself = false;
for (const event of ['focus', 'blur']) addEventListener(event, looking);
document.addEventListener('visibilitychange', looking);
addEventListener('pagehide', () => chat.leaving());

addEventListener('hashchange', () => {
  const { room, invite: token } = address();
  if (token) {
    chat.invite = token;
    location.reload();
    return;
  }
  if (room) chat.join(room);
});

setInterval(() => {
  chat.overdue(performance.now());
  if (chat.status.kind === 'offline') panes.top();
}, 1000);

// --- now -----------------------------------------------------------------------------------------------------------

const { room, invite: token } = address();
chat.invite = token || keep.note('invite') || '';
chat.openFirst = keep.get('open');
if (room) chat.wanted.push({ room: `#${room.replace(/^#/, '')}` });
await outbox.open((one) => {
  changed('line', one.peer ? `@${one.peer}` : one.to);
  chat.flush();
});
chat.name = keep.get('name') ?? '';
looking();
if (chat.name) link.dial();
else door(null);
document.documentElement.dataset.ready = 'yes';
