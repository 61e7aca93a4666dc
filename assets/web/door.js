// The door: what one is to be called here and the invitation one comes with, from the address, from the last visit, or
// typed. It says why one does not come in. Who may is the host's to decide; who one is, `identity.js` knows.

import { $, fill, h, setText } from './dom.js';

/** `#room/12?k=TOKEN&f=…` of an address: the room or `@person`, a message in it, what lets one in. No browser sends it on. */
export function address() {
  const [place, query = ''] = location.hash.slice(1).split('?');
  const [to = '', seq] = place.split('/');
  let name = '';
  try {
    name = decodeURIComponent(to).replace(/^#/, '');
  } catch {
    /* no room, then */
  }
  return {
    to: name && (name.startsWith('@') ? name : `#${name}`),
    seq: Number(seq) || 0,
    invite: new URLSearchParams(query).get('k') ?? '',
  };
}

/** The bar shows where one is, and nothing that lets others in. */
export function showAddress(to) {
  const hash = to.startsWith('#') ? `#${encodeURIComponent(to.slice(1))}` : '';
  history.replaceState(null, '', hash || location.pathname);
}

export class Door {
  /** `go()` dials. */
  constructor(chat, keep, own, go) {
    Object.assign(this, { chat, keep, own });
    $('enter').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#go(go);
    });
  }

  /** What was brought along; gives where one wants to go. */
  arrive() {
    const { chat, keep } = this;
    const { to, seq, invite } = address();
    chat.invite = invite || keep.note('invite') || '';
    chat.name = keep.get('name') ?? '';
    chat.openFirst = keep.get('open');
    return { to, seq };
  }

  #go(go) {
    const { chat } = this;
    chat.name = $('name').value.trim().replace(/^@/, '').replace(/\s+/g, '-');
    if (!chat.name && this.own.key) {
      setText($('door-no'), 'A name is needed.');
      $('name').focus();
      return;
    }
    const typed = $('code').value.trim();
    // The whole link does too.
    chat.invite = typed ? (new URLSearchParams(typed.split('?')[1] ?? '').get('k') ?? typed) : chat.invite;
    setText($('door-no'), '');
    $('door-go').disabled = true;
    go();
  }

  /** Shuts, and says why. */
  shut(no) {
    const { chat, keep, own } = this;
    $('app').hidden = true;
    $('door').hidden = false;
    const { to } = address();
    setText($('door-title'), chat.server || 'wschat');
    setText($('door-where'), to ? `You are on the way to ${to}.` : '');
    $('name').value = chat.name || keep.get('name') || '';
    setText($('door-no'), no?.text ?? '');
    const code = no?.code === 'needs_invite';
    if (code) {
      $('code-row').hidden = false;
      chat.invite = '';
      keep.note('invite', null);
    }
    const free = (name) => {
      const take = () => {
        $('name').value = name;
        $('enter').requestSubmit();
      };
      return h('button', { type: 'button', on: { click: take } }, name);
    };
    fill($('door-try'), no?.try?.length ? ['Free: ', no.try.map(free)] : '');
    setText(
      $('door-key'),
      own.key ? 'A key made in this browser, and kept in it, makes the name yours here.' : own.why,
    );
    $('door-go').disabled = false;
    $(code ? 'code' : 'name').focus();
    $(code ? 'code' : 'name').select();
  }

  /** Opens; whether it was shut. */
  open() {
    const { chat, keep } = this;
    keep.set('name', chat.name);
    if (chat.invite) {
      // A guest is asked for it again after a cut; the address bar need not show it any longer.
      keep.note('invite', chat.invite);
      showAddress(address().to);
    }
    if (!$('app').hidden) return false;
    $('door').hidden = true;
    $('app').hidden = false;
    return true;
  }
}
