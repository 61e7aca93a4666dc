// Where it begins: the storage, the key, the door, then the mind with its wire and its panes, and what keys and
// buttons mean. The rules of talking to the host are in `chat.js`; here they meet the page.

import { Chat } from './chat.js';
import { commands } from './commands.js';
import { Composer } from './composer.js';
import { emoji, Palette, Sheet } from './dialogs.js';
import { $, fill, h, setText } from './dom.js';
import { finding } from './finding.js';
import { identity } from './identity.js';
import { Keep, Outbox } from './keep.js';
import { Link } from './link.js';
import { Log, shown } from './log.js';
import { Panes } from './panes.js';

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
const page = { chat, keep, log, panes, composer, palette, sheet, note, went, jump };
const { goTo, hostRooms, find } = finding(page);
const { send, direct, lastOwn } = commands(page);
Object.assign(page, { goTo, hostRooms, find, direct });

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
