// Where it begins: the storage, the key, the door, then the mind with its wire and its panes, and what keys and
// buttons mean. The rules of talking to the host are in `chat.js`; here they meet the page.

import { Bell } from './bell.js';
import { Chat } from './chat.js';
import { choices, showQuiet, wear } from './choices.js';
import { commands } from './commands.js';
import { Composer } from './composer.js';
import { emoji, Palette, Sheet } from './dialogs.js';
import { Door, address, showAddress } from './door.js';
import { $, setText } from './dom.js';
import { finding } from './finding.js';
import { identity } from './identity.js';
import { Keep, Outbox } from './keep.js';
import { keys } from './keys.js';
import { Link } from './link.js';
import { Log } from './log.js';
import { Panes } from './panes.js';
import { Settings } from './settings.js';
import { span } from './slash.js';
import { clock } from './text.js';
import { walking } from './walking.js';

const NOTE_MS = 9_000;
const TICK_MS = 1_000;

/** A tick that comes so much later than it should: the machine slept. */
const SLEPT_MS = 10_000;

const keep = new Keep();
const settings = new Settings(keep, set);
wear(settings.get('theme'));
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
  settings,
  tell: {
    changed,
    note,
    went,
    enter,
    line: heardLine,
    memo: (name, text) => {
      composer.told(name, text);
      if (/^(mute:|pinned$|archived$)/.test(name)) changed('rooms');
    },
    again: (ms) => dialLater(ms),
    redial: () => link.redial(),
  },
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
const panes = new Panes(chat, keep, act);
const composer = new Composer(chat, keep, act);
const bell = new Bell(chat, keep, settings, went, note);
const door = new Door(chat, keep, own, () => link.dial());
const page = { act, chat, keep, settings, log, panes, composer, palette, sheet, bell, note, went, jump };
Object.assign(page, finding(page), walking(page), choices(page));
Object.assign(page, commands(page));

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

/** A setting is another. */
function set(name) {
  if (name === 'theme') wear(settings.get('theme'));
  if (name === 'dnd') {
    showQuiet(settings);
    bell.show();
  }
  if (name === 'follow') chat.memos.ask();
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
  if (talk && !address().invite) showAddress(talk.to);
  for (const one of ['rooms', 'head', 'people', 'status']) changed(one);
  composer.focus();
}

/** Goes to a message, wherever it is. */
function jump(talk, seq) {
  if (!talk) return;
  if (talk.key !== chat.here) went(talk.key);
  log.bottom = false;
  chat.history.around(talk.key, seq, () => log.go(seq));
}

// --- coming in -----------------------------------------------------------------------------------------------------

/** In, or why not. */
function enter(no) {
  if (no) {
    link.stop();
    door.shut(no);
    return;
  }
  if (!door.open()) return;
  if (!own.key) note(own.why);
  else if (!keep.works)
    note('This browser keeps nothing here (storage is turned off): drafts last as long as the page.');
  bell.show();
  for (const one of ['status', 'rooms', 'head', 'people']) changed(one);
}

let dialTimer = 0;
function dialLater(ms) {
  link.stop();
  chat.down({ code: 1006, why: 'The host asks to wait.', retryAt: Date.now() + ms });
  clearTimeout(dialTimer);
  dialTimer = setTimeout(() => link.dial(), ms);
}

function heardLine(talk, entry) {
  if (entry.from.id === chat.me.id) return;
  if (!chat.ignored.has(entry.from.id)) chat.memos.returns(talk);
  if (talk.key === chat.here && !chat.looking) talk.mark ??= entry.seq - 1;
  bell.heard(talk, entry);
}

// --- what one does -------------------------------------------------------------------------------------------------

const copy = (text, done) =>
  (navigator.clipboard?.writeText(text) ?? Promise.reject(new Error('no clipboard'))).then(
    () => note(done),
    () => note('The browser does not let it be copied.', 'error'),
  );

/** What pressing something means. Gives whether it was done. */
const ACTS = {
  // conversations and panes
  open: (key) => chat.talks.has(key) && went(key),
  direct: (name) => page.direct(name),
  next: () => page.step(1),
  previous: () => page.step(-1),
  number: (digit) => page.number(Number(digit)),
  needs: () => page.needs(1),
  needs_back: () => page.needs(-1),
  back: () => page.back(),
  go: () => {
    panes.drawer(null);
    page.goTo();
  },
  rooms: () => {
    panes.drawer(null);
    page.hostRooms();
  },
  pane_rooms: () => panes.toggle('rooms'),
  pane_people: () => panes.toggle('people'),
  mute: () => page.mute(),
  again: () => link.dial(),
  bell: () => bell.press(),
  menu: () => page.menu(),
  said: (text) => page.send(text),
  help: () => sheet.help(),
  find: () => page.find(),
  mentions: () => page.mentions(),
  topic: () => {
    if (!chat.talk?.room) return;
    composer.set(`/topic ${chat.talk.topic}`);
    $('write').focus();
  },
  rename: () => {
    panes.drawer(null);
    composer.set('/nick ');
    $('write').focus();
  },
  escape: () => {
    if (panes.drawn) panes.drawer(null);
    else if (log.hand.taken.some) log.hand.taken.clear();
    else if (document.activeElement === $('write')) {
      log.toEnd();
      return false;
    } else $('write').focus();
  },
  typed: (key) => {
    if ($('note').className === 'error' && key.length === 1) setText($('note'), '');
  },

  // where one reads
  goto: (talk, seq) => jump(talk, seq),
  select: () => log.hand.select(),
  top: () => log.toTop(),
  end: () => {
    log.toEnd();
    log.refresh();
  },
  page_up: () => log.node.scrollBy(0, log.node.clientHeight * -0.9),
  page_down: () => log.node.scrollBy(0, log.node.clientHeight * 0.9),
  unread: () => page.unread(),
  mention_above: () => page.mention(-1),
  mention_below: () => page.mention(1),
  next_hit: () => page.hit(1),
  previous_hit: () => page.hit(-1),

  // a message
  reply: (_, entry) => composer.reply(entry),
  edit: (_, entry) => composer.edit(entry),
  editLast: () => {
    const last = page.lastOwn();
    if (last) composer.edit(last);
  },
  copy: (_, entry) => copy(entry.text, 'Copied.'),
  address: (talk, entry) =>
    copy(`${location.origin}/${talk.room ? '' : '#'}${talk.to}/${entry.seq}`, 'Its address is copied.'),
  open_link: () => document.activeElement?.closest('.message')?.querySelector('.body a[href]')?.click(),
  original: (talk, entry) => entry.replyTo && jump(talk, entry.replyTo),
  whole: (_, entry) => sheet.whole(entry),
  info: (_, entry) => sheet.info(entry),
  choose: (talk, entry) => emoji(palette, (sign) => act('react', talk, entry, sign)),
  react: (talk, entry, sign, on) => {
    const mine = entry.reactions.some((one) => one.emoji === sign && one.by.some((who) => who.id === chat.me.id));
    chat.saying.say(talk, { kind: 'react', of: entry.seq, emoji: sign, on: on ?? !mine });
  },
  delete: (talk, entry) =>
    sheet.sure('Delete this message?', entry.text.slice(0, 300), 'Delete', () => {
      chat.saying.say(talk, { kind: 'delete', of: entry.seq });
      $('write').focus();
    }),
  copy_taken: (_, entries) => {
    const [one, more] = entries;
    const line = ({ at, from, text }) => `${clock(at)} ${from.name}: ${text}`;
    copy(more ? entries.map(line).join('\n') : one.text, more ? `Copied ${entries.length} messages.` : 'Copied.');
  },
  delete_taken: (talk, entries) => {
    if (entries.some((entry) => entry.from.id !== chat.me.id)) {
      note('Only what you said yourself can be deleted.', 'error');
      return;
    }
    const many = entries.length === 1 ? 'this message' : `${entries.length} messages`;
    sheet.sure(`Delete ${many}?`, 'They are gone for everybody.', 'Delete', () => {
      for (const { seq } of entries) chat.saying.say(talk, { kind: 'delete', of: seq });
      log.hand.taken.clear();
      $('write').focus();
    });
  },
  send: (text, doing) => page.send(text, doing),
};

function act(what, ...about) {
  return ACTS[what]?.(...about) !== false;
}

$('down').addEventListener('click', () => {
  const { talk } = chat;
  log.toEnd();
  if (talk) chat.look(talk.key);
  log.refresh();
  composer.focus();
});

// What had the keys before something opened may be gone when it closes: then they are still in it, or nowhere.
for (const id of ['palette', 'sheet'])
  $(id).addEventListener('close', ({ target }) => {
    const at = document.activeElement;
    if (at === document.body || target.contains(at)) log.hand.again();
  });

keys(act);

// --- whether somebody looks, and time ------------------------------------------------------------------------------

let awayTimer = 0;
let awayByItself = false;
function looking() {
  chat.looking = !document.hidden && document.hasFocus();
  clearTimeout(awayTimer);
  const after = span(settings.get('away_after'));
  if (document.hidden && after > 0)
    awayTimer = setTimeout(() => {
      chat.setAway(true);
      awayByItself = true;
    }, after * 1000);
  else if (awayByItself) {
    awayByItself = false;
    chat.setAway(false);
  }
  if (chat.looking) log.read();
}
for (const event of ['focus', 'blur']) addEventListener(event, looking);
document.addEventListener('visibilitychange', looking);
addEventListener('pagehide', () => {
  chat.leaving();
  composer.leaving();
});

addEventListener('hashchange', () => {
  const { to, seq, invite } = address();
  if (invite) {
    chat.invite = invite;
    location.reload();
  } else if (to) page.follow(to, seq);
});

// An address of a message of this host leads there, and not to another page of it.
log.node.addEventListener('click', (event) => {
  const link = event.target.closest('a[href]');
  const found = link && !event.ctrlKey && !event.metaKey && page.message(link.getAttribute('href'));
  if (!found) return;
  event.preventDefault();
  page.follow(...found);
});

let ticked = Date.now();
let quietWas = '';
setInterval(() => {
  const now = Date.now();
  // A machine that wakes tells pages nothing; their clocks have gone on.
  if (now - ticked > TICK_MS + SLEPT_MS) link.wake();
  ticked = now;
  chat.overdue(performance.now());
  if (chat.status.kind === 'offline') panes.top();
  if (showQuiet(settings) !== quietWas) bell.show();
  quietWas = $('quiet').textContent;
}, TICK_MS);

// --- now -----------------------------------------------------------------------------------------------------------

outbox.full = () => note('This browser has no room left: what waits here is lost when the page is closed.', 'error');
try {
  for (const [id, name] of JSON.parse(keep.get('ignored') ?? '[]')) chat.ignored.set(String(id), String(name));
} catch {
  /* written by somebody else */
}
const toward = door.arrive();
if (toward.to) page.follow(toward.to, toward.seq);
await outbox.open((one) => {
  changed('line', chat.saying.keyOf(one));
  chat.saying.flush();
});
looking();
if (chat.name) link.dial();
else door.shut(null);
document.documentElement.dataset.ready = 'yes';
