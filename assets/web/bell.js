// How one is told of what was said: aloud to who hears the page, by the browser's notifications to who looks elsewhere
// and has asked for them. What counts as a call the mind knows.

import { $, h } from './dom.js';
import { shown } from './rows.js';

/** Lines kept for who hears the page; they were read out already. */
const HEARD = 20;

/** The browser's notifications, if it has any and lets this page ask. */
const asks = () => ('Notification' in globalThis && globalThis.isSecureContext ? globalThis.Notification : null);

export class Bell {
  constructor(chat, keep, settings, went, note) {
    Object.assign(this, { chat, keep, settings, went, note });
  }

  get #on() {
    return asks()?.permission === 'granted' && this.keep.get('bell') !== 'off';
  }

  /** What the button says, and whether there is one. */
  show() {
    const button = $('bell');
    button.hidden = !asks() || asks().permission === 'denied';
    const silent = this.#on && this.settings.silence > 0;
    button.setAttribute('aria-pressed', String(this.#on && !silent));
    button.title = silent
      ? 'Nothing calls you; press to be called again'
      : this.#on
        ? 'Notifications are on'
        : 'Notify me of what is for me';
  }

  /** The button was pressed. */
  press() {
    if (!this.#on || !this.settings.silence) {
      this.turn();
      return;
    }
    this.settings.set('dnd', '');
    this.note('You are called again.');
  }

  /** Turns it on or off. The browser is only asked because somebody pressed something. */
  async turn(wanted = !this.#on) {
    if (!asks()) {
      this.note('This browser has no notifications for pages without encryption.', 'error');
      return;
    }
    this.keep.set('bell', wanted ? 'on' : 'off');
    const answer = wanted ? await asks().requestPermission() : asks().permission;
    const text = !wanted
      ? 'No notifications.'
      : answer === 'granted'
        ? 'You are told of mentions and direct messages while you look elsewhere.'
        : 'The browser does not allow this page notifications; its settings do.';
    this.note(text, wanted && answer !== 'granted' ? 'error' : 'info');
    this.show();
  }

  /** Somebody else has said something. */
  heard(talk, entry) {
    const { chat, settings } = this;
    if (chat.ignored.has(entry.from.id)) return;
    const here = talk.key === chat.here;
    const level = chat.memos.level(talk);
    const meant = chat.calls(talk, entry.mentions) || settings.named(entry.text);
    const wanted = level === 'all' || (level === 'mentions' && meant);
    const calls = wanted && !chat.memos.muted(talk) && !settings.silent;
    if (here || calls) {
      const list = $('heard');
      list.append(h('p', null, `${here ? '' : `${talk.to}, `}${shown(entry.from)}: ${entry.text.slice(0, 500)}`));
      while (list.children.length > HEARD) list.firstChild.remove();
    }
    if (!calls || !this.#on || (here && chat.looking)) return;
    try {
      const told = new (asks())(`${shown(entry.from)}${talk.room ? ` in ${talk.to}` : ''}`, {
        body: entry.text.slice(0, 200),
        tag: talk.key,
      });
      told.onclick = () => {
        window.focus();
        this.went(talk.key);
        told.close();
      };
    } catch {
      /* some browsers want another way for it; the title counts */
    }
  }
}
