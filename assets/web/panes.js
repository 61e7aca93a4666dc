// What stands around the messages: the line at the top, the conversations, the people, and on small screens the
// drawers they are in. They are drawn from what the mind knows; what is pressed is told to `act`.

import { $, fill, h, setText } from './dom.js';
import { colour, shown } from './log.js';
import { ago } from './text.js';

const many = (count) => (count > 999 ? '999+' : String(count));

export class Panes {
  #rows = new Map();

  constructor(chat, act) {
    this.chat = chat;
    this.act = act;
    $('rooms-open').addEventListener('click', () => this.drawer('rooms'));
    $('people-open').addEventListener('click', () => this.drawer('people'));
    $('veil').addEventListener('click', () => this.drawer(null));
    $('again').addEventListener('click', () => act('again'));
    $('topic').addEventListener('click', () => act('topic'));
    $('me').addEventListener('click', () => act('rename'));
    $('go-open').addEventListener('click', () => act('go'));
    $('join-open').addEventListener('click', () => act('rooms'));
    $('find-open').addEventListener('click', () => act('find'));
    $('help-open').addEventListener('click', () => act('help'));
    $('bell').addEventListener('click', () => act('bell'));
  }

  /** In the order of the list, which Alt and a digit follow. */
  order() {
    const all = [...this.chat.talks.values()];
    const named = (a, b) => a.name.localeCompare(b.name);
    return [...all.filter((talk) => talk.room).sort(named), ...all.filter((talk) => !talk.room).sort(named)];
  }

  get drawn() {
    return $('app').classList.contains('rooms') || $('app').classList.contains('people');
  }

  /** Opens a drawer, or closes what is open. */
  drawer(which) {
    const app = $('app');
    const open = which && !app.classList.contains(which) ? which : null;
    const was = app.classList.contains('rooms') ? 'rooms' : app.classList.contains('people') ? 'people' : null;
    for (const one of ['rooms', 'people']) {
      app.classList.toggle(one, one === open);
      $(`${one}-open`).setAttribute('aria-expanded', String(one === open));
    }
    $('veil').hidden = !open;
    for (const one of ['talk', 'top']) $(one).inert = Boolean(open);
    if (open) ($(open).querySelector('[aria-current]') ?? $(open).querySelector('button'))?.focus();
    else if (was && $(was).contains(document.activeElement)) $(`${was}-open`).focus();
  }

  top() {
    const { chat } = this;
    const { status } = chat;
    setText($('server'), chat.server || 'wschat');
    const late =
      status.kind === 'offline' && status.retryAt ? Math.max(1, Math.ceil((status.retryAt - Date.now()) / 1000)) : 0;
    const said = {
      idle: '',
      asking: 'not in',
      connecting: 'connecting …',
      entering: 'connecting …',
      online: [
        chat.away ? 'away' : '',
        chat.ephemeral ? 'this host forgets everything when it stops' : '',
        this.#here(),
      ]
        .filter(Boolean)
        .join(' · '),
      offline: `${status.why ?? ''}${late ? ` Next try in ${late} s.` : ''}`,
    }[status.kind];
    setText($('state'), said);
    $('state').classList.toggle('bad', status.kind === 'offline');
    $('again').hidden = status.kind !== 'offline';
    setText($('again'), status.retryAt ? 'Try now' : 'Come back');
    fill($('me'), 'You are ', h('b', null, chat.me ? shown(chat.me) : chat.name));
    setText($('write-name'), chat.me ? shown(chat.me) : chat.name || 'you');
  }

  #here() {
    const { talk } = this.chat;
    if (!talk?.room) return 'online';
    const here = talk.crowd ? talk.crowd.online : talk.people?.filter((one) => one.online).length;
    return here ? `${here} here` : 'online';
  }

  head() {
    const { talk } = this.chat;
    setText($('title'), talk ? talk.to : '');
    const set = talk
      ? [talk.private && 'private', talk.readonly && 'read only', talk.slow && `one line in ${talk.slow} s`]
      : [];
    const topic = talk?.room ? talk.topic || 'no topic yet' : talk ? 'you two alone' : '';
    setText($('topic'), [topic, ...set.filter(Boolean)].filter(Boolean).join(' · '));
    $('topic').disabled = !talk?.room;
    setText($('typing'), this.#typing(talk));
  }

  #typing(talk) {
    const names = [...(talk?.typing.values() ?? [])].map((one) => one.name);
    if (!names.length) return '';
    if (names.length > 3) return 'several people are writing …';
    return `${names.join(', ')} ${names.length === 1 ? 'is' : 'are'} writing …`;
  }

  rooms() {
    const { chat } = this;
    let [unread, calls] = [0, 0];
    const seen = new Set();
    const lists = { room: [], direct: [] };
    for (const talk of this.order()) {
      unread += talk.unread > 0 ? 1 : 0;
      calls += talk.mentions;
      seen.add(talk.key);
      const count = talk.mentions ? `@${many(talk.mentions)}` : talk.unread ? many(talk.unread) : '';
      const gone = !talk.room && talk.peer && !talk.peer.online;
      let row = this.#rows.get(talk.key);
      if (!row) {
        const button = h(
          'button',
          {
            type: 'button',
            on: {
              click: () => {
                this.drawer(null);
                this.act('open', talk.key);
              },
            },
          },
          h('span', { class: 'sigil' }),
          h('span', { class: 'label' }),
          h('span', { class: 'count' }),
          h('span', { class: 'unseen' }),
        );
        row = h('li', null, button);
        this.#rows.set(talk.key, row);
      }
      const button = row.firstChild;
      const [sigil, label, number, spoken] = button.children;
      setText(sigil, talk.to[0]);
      setText(label, talk.name);
      setText(number, count);
      setText(spoken, talk.mentions ? ` for you, ${many(talk.unread)} unread` : talk.unread ? ' unread' : '');
      row.className = [talk.unread ? 'unread' : '', talk.mentions ? 'mention' : '', gone ? 'gone' : '']
        .join(' ')
        .trim();
      if (talk.key === chat.here) button.setAttribute('aria-current', 'page');
      else button.removeAttribute('aria-current');
      lists[talk.room ? 'room' : 'direct'].push(row);
    }
    for (const key of [...this.#rows.keys()]) if (!seen.has(key)) this.#rows.delete(key);
    for (const [id, rows] of [
      ['rooms-list', lists.room],
      ['direct-list', lists.direct],
    ]) {
      const list = $(id);
      if (rows.length !== list.children.length || rows.some((row, n) => list.children[n] !== row)) {
        const focused = document.activeElement;
        fill(list, rows);
        if (list.contains(focused)) focused.focus();
      }
    }
    $('direct-title').hidden = !lists.direct.length;
    $('direct-list').hidden = !lists.direct.length;
    setText($('rooms-count'), calls ? ` @${many(calls)}` : unread ? ` ${unread}` : '');
    $('rooms-open').setAttribute(
      'aria-label',
      `Conversations${calls ? `, ${calls} for you` : unread ? `, ${unread} with unread` : ''}`,
    );
    this.title();
  }

  title() {
    const { chat } = this;
    const calls = [...chat.talks.values()].reduce((sum, talk) => sum + talk.mentions, 0);
    const rooms = [...chat.talks.values()].filter((talk) => talk.unread > 0).length;
    const count = calls ? `(${many(calls)}) ` : rooms ? '• ' : '';
    const title = `${count}${chat.talk ? `${chat.talk.to} · ` : ''}${chat.server || 'wschat'}`;
    if (document.title !== title) document.title = title;
  }

  people() {
    const { chat } = this;
    const { talk } = chat;
    const list = $('people-list');
    if (!talk) {
      fill(list);
      return;
    }
    if (!talk.room) {
      const rows = talk.peer && talk.peer.id !== chat.me?.id ? [this.#person({ ...talk.peer, seen: 0 })] : [];
      fill(list, this.#group(talk.peer?.online ? 'Here' : 'Not here', rows));
      return;
    }
    const people = [...(talk.people ?? [])].sort((a, b) => a.name.localeCompare(b.name));
    const groups = [
      ['Here', people.filter((one) => one.online && !one.away)],
      ['Away', people.filter((one) => one.online && one.away)],
      ['Not here', people.filter((one) => !one.online)],
    ];
    const focused = list.contains(document.activeElement) ? document.activeElement.dataset.id : null;
    const crowd = talk.crowd
      ? h('p', { class: 'dim line' }, `${talk.crowd.members} members, ${talk.crowd.online} here`)
      : null;
    fill(
      list,
      crowd,
      groups.map(([title, some]) =>
        some.length
          ? this.#group(
              title,
              some.map((one) => this.#person(one)),
            )
          : null,
      ),
      talk.more ? h('p', { class: 'dim line' }, 'and more') : null,
    );
    if (focused) list.querySelector(`[data-id="${CSS.escape(focused)}"]`)?.focus();
  }

  #group(title, rows) {
    return [h('h2', null, `${title} ${rows.length}`), h('ul', { 'aria-label': title }, rows)];
  }

  #person(one) {
    const own = one.id === this.chat.me?.id;
    const what = own ? 'you' : one.role || (one.online ? '' : one.seen ? ago(one.seen) : '');
    const state = one.online ? (one.away ? 'away' : 'here') : 'not here';
    const inside = [
      h('span', { class: 'sigil', 'aria-hidden': 'true' }, one.online && !one.away ? '●' : '○'),
      h('span', { class: `label ${own ? '' : colour(one.id)}` }, shown(one)),
      h('span', { class: 'what' }, what),
      h('span', { class: 'unseen' }, state),
    ];
    const row =
      own || one.guest
        ? h('span', null, inside)
        : h(
            'button',
            {
              type: 'button',
              'data-id': one.id,
              title: `Write to ${one.name} alone`,
              on: {
                click: () => {
                  this.drawer(null);
                  this.act('direct', one.name);
                },
              },
            },
            inside,
          );
    return h('li', { class: one.online ? 'here' : 'gone' }, row);
  }
}
