// What stands around the messages: the line at the top, the conversations, the people, and on small screens the
// drawers they are in. They are drawn from what the mind knows; what is pressed is told to `act`.

import { $, fill, h, setText } from './dom.js';
import { face, named, shown } from './rows.js';
import { ago } from './text.js';

const many = (count) => (count > 999 ? '999+' : String(count));

const PANES = ['rooms', 'people'];

/** Where there is no room for them beside the messages; `client.css` says the same. */
const NARROW = { rooms: matchMedia('(max-width: 45rem)'), people: matchMedia('(max-width: 60rem)') };

export class Panes {
  #rows = new Map();

  constructor(chat, keep, act) {
    Object.assign(this, { chat, keep, act });
    const does = {
      again: 'again',
      topic: 'topic',
      me: 'rename',
      'go-open': 'go',
      'join-open': 'rooms',
      'find-open': 'find',
      'help-open': 'help',
      'more-open': 'menu',
      bell: 'bell',
      'rooms-open': 'pane_rooms',
      'people-open': 'pane_people',
    };
    for (const [id, what] of Object.entries(does)) $(id).addEventListener('click', () => act(what));
    $('veil').addEventListener('click', () => this.drawer(null));
    for (const one of PANES) {
      $('app').classList.toggle(`no-${one}`, keep.get(`no-${one}`) === 'yes');
      this.#said(one);
    }
    for (const query of Object.values(NARROW)) query.addEventListener('change', () => this.drawer(null));
  }

  /** In the order of the list, which Alt and a digit follow: what is pinned, rooms, people. What was taken off the list
   * is on it only while one is there, or with `whole`. */
  order(whole = false) {
    const { talks, memos, here } = this.chat;
    const all = [...talks.values()];
    const named = (a, b) => a.name.localeCompare(b.name);
    const pinned = memos.list('pinned').flatMap((to) => all.find((talk) => talk.to === to) ?? []);
    const off = new Set(memos.list('archived'));
    const rest = all.filter((talk) => !pinned.includes(talk) && (whole || talk.key === here || !off.has(talk.to)));
    return [...pinned, ...rest.filter((talk) => talk.room).sort(named), ...rest.filter((talk) => !talk.room).sort(named)];
  }

  get drawn() {
    return PANES.some((one) => $('app').classList.contains(one));
  }

  #shows(which) {
    const name = NARROW[which].matches ? which : `no-${which}`;
    return $('app').classList.contains(name) === NARROW[which].matches;
  }

  #said(which) {
    $(`${which}-open`).setAttribute('aria-expanded', String(this.#shows(which)));
  }

  /** Shows or hides what is beside the messages, where there is room for it; else it is a drawer. */
  toggle(which) {
    if (NARROW[which].matches) {
      this.drawer(which);
      return;
    }
    const off = $('app').classList.toggle(`no-${which}`);
    this.keep.set(`no-${which}`, off ? 'yes' : null);
    this.#said(which);
  }

  /** Shows it, whatever it was. */
  open(which) {
    if (!this.#shows(which)) this.toggle(which);
  }

  /** Opens a drawer, or closes what is open. */
  drawer(which) {
    const app = $('app');
    const open = which && !app.classList.contains(which) ? which : null;
    const was = PANES.find((one) => app.classList.contains(one));
    const inside = was && $(was).contains(document.activeElement);
    for (const one of PANES) {
      app.classList.toggle(one, one === open);
      this.#said(one);
    }
    $('veil').hidden = !open;
    $('talk').inert = Boolean(open);
    if (open) ($(open).querySelector('[aria-current]') ?? $(open).querySelector('button'))?.focus();
    else if (inside) $(`${was}-open`).focus();
  }

  top() {
    const { chat } = this;
    const { status } = chat;
    setText($('server'), chat.server || 'wschat');
    const off = status.kind === 'offline';
    setText($('state'), off ? (status.why ?? '') : this.#state(status.kind));
    $('state').classList.toggle('bad', off);
    $('trouble').hidden = !off;
    // What changes each second is not read out.
    const late = off && status.retryAt ? Math.max(1, Math.ceil((status.retryAt - Date.now()) / 1000)) : 0;
    setText($('late'), late ? `Next try in ${late} s.` : '');
    setText($('why'), off ? (status.why ?? '') : '');
    setText($('again'), status.retryAt ? 'Try now' : 'Come back');
    const name = chat.me ? shown(chat.me) : chat.name || 'you';
    fill($('me'), chat.me ? face(chat.me) : null, h('span', { class: 'unseen' }, 'You are '), h('b', null, name));
    $('app').classList.toggle('away', chat.away);
  }

  #state(kind) {
    const { chat } = this;
    if (kind !== 'online')
      return { connecting: 'connecting …', entering: 'connecting …', asking: 'not in' }[kind] ?? '';
    const { talk } = chat;
    const here = talk?.crowd ? talk.crowd.online : talk?.people?.filter((one) => one.online).length;
    return [chat.away && 'away', talk?.room && here ? `${here} here` : 'online'].filter(Boolean).join(' · ');
  }

  head() {
    const { talk } = this.chat;
    setText($('title'), talk ? talk.to : '');
    $('title').title = talk ? talk.to : '';
    const set = talk
      ? [talk.private && 'private', talk.readonly && 'read only', talk.slow && `one line in ${talk.slow} s`]
      : [];
    const topic = talk?.room ? talk.topic || 'no topic yet' : talk ? 'you two alone' : '';
    if (this.chat.ephemeral) set.push('this host forgets everything when it stops');
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
    const lists = { pinned: [], room: [], direct: [] };
    const [pinned, off] = ['pinned', 'archived'].map((memo) => new Set(chat.memos.list(memo)));
    for (const talk of this.order()) {
      const muted = chat.memos.muted(talk);
      unread += talk.unread > 0 && !muted ? 1 : 0;
      calls += muted ? 0 : talk.mentions;
      seen.add(talk.key);
      const count = talk.mentions ? `@${many(talk.mentions)}` : talk.unread ? many(talk.unread) : '';
      const gone = !talk.room && talk.peer && !talk.peer.online;
      const archived = off.has(talk.to);
      const states = { unread: talk.unread > 0 && !muted, mention: talk.mentions > 0 && !muted, gone, muted, archived };
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
      button.title = talk.to;
      setText(number, count);
      const words = [talk.mentions ? ` for you, ${many(talk.unread)} unread` : talk.unread ? ' unread' : ''];
      if (muted) words.push(', muted');
      if (archived) words.push(', off the list');
      setText(spoken, words.join(''));
      row.className = Object.keys(states)
        .filter((state) => states[state])
        .join(' ');
      if (talk.key === chat.here) button.setAttribute('aria-current', 'page');
      else button.removeAttribute('aria-current');
      lists[pinned.has(talk.to) ? 'pinned' : talk.room ? 'room' : 'direct'].push(row);
    }
    const focused = $('rooms').contains(document.activeElement) ? document.activeElement : null;
    for (const key of [...this.#rows.keys()]) if (!seen.has(key)) this.#rows.delete(key);
    for (const [id, rows] of [
      ['pinned-list', lists.pinned],
      ['rooms-list', lists.room],
      ['direct-list', lists.direct],
    ]) {
      const list = $(id);
      if (rows.length !== list.children.length || rows.some((row, n) => list.children[n] !== row)) fill(list, rows);
    }
    if (focused && document.activeElement !== focused) focused.focus();
    for (const [id, rows] of [
      ['pinned', lists.pinned],
      ['direct', lists.direct],
    ]) {
      $(`${id}-title`).hidden = !rows.length;
      $(`${id}-list`).hidden = !rows.length;
    }
    setText($('rooms-count'), calls ? ` @${many(calls)}` : unread ? ` ${unread}` : '');
    $('rooms-open').setAttribute(
      'aria-label',
      `Conversations${calls ? `, ${calls} for you` : unread ? `, ${unread} with unread` : ''}`,
    );
    this.#title(calls, unread);
  }

  #title(calls, unread) {
    const { chat } = this;
    const count = calls ? `(${many(calls)}) ` : unread ? '• ' : '';
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
      face(one),
      h('span', { class: 'label' }, named(one, own)),
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
    return h('li', { class: one.online ? (one.away ? 'away' : 'here') : 'gone' }, row);
  }
}
