// Getting about without choosing from a list: to the conversation below, to the one that needs one, to where one came
// from, to a mention, a time, a message by its address. What is chosen from a list is in `finding.js`.

import { when } from './when.js';

/** `page` is what there is to do it with. */
export function walking(page) {
  const { chat, log, panes, note, went, jump } = page;

  function step(by) {
    const all = panes.order();
    const at = all.findIndex((talk) => talk.key === chat.here);
    if (all.length) went(all[(at + by + all.length) % all.length].key);
  }

  function number(digit) {
    const talk = panes.order()[(digit + 9) % 10];
    if (talk) went(talk.key);
    return Boolean(talk);
  }

  /** Mentions first, then direct lines, then what is unread; from here on, and around. */
  function needs(by) {
    const all = panes.order();
    const at = all.findIndex((talk) => talk.key === chat.here);
    const around = all.map((_, n) => all[(at + by * (n + 1) + all.length * 2) % all.length]);
    const others = around.filter((talk) => talk.key !== chat.here && !chat.memos.muted(talk));
    const wanted =
      others.find((talk) => talk.room && talk.mentions) ??
      others.find((talk) => talk.mentions) ??
      others.find((talk) => talk.unread);
    if (wanted) went(wanted.key);
    else note('Nothing needs you.');
  }

  function back() {
    if (chat.talks.has(chat.before)) went(chat.before);
  }

  const first = (entries, wanted) =>
    entries.find((entry) => wanted(entry) && entry.kind === 'said' && !entry.deleted);

  /** The first line that was unread when one came. */
  function unread() {
    const { talk } = chat;
    const mark = talk?.mark ?? null;
    const found =
      mark === null ? null : first(talk.sorted(), (entry) => entry.seq > mark && entry.from.id !== chat.me.id);
    if (found) jump(talk, found.seq);
    else if (mark !== null && !talk.covers(mark + 1)) jump(talk, mark + 1);
    else note('Nothing was unread here.');
  }

  /** The mention above or below what is in hand, or in sight. */
  function mention(by) {
    const { talk } = chat;
    if (!talk) return;
    const hand = Number(document.activeElement?.closest?.('.message')?.dataset.seq) || (by < 0 ? Infinity : 0);
    const all = talk.sorted().filter((entry) => entry.mentions.includes(chat.me.id) && !entry.deleted);
    const found = by < 0 ? all.findLast((one) => one.seq < hand) : all.find((one) => one.seq > hand);
    if (found) jump(talk, found.seq);
    else note(by < 0 ? 'No mention further up, of what was loaded; Alt+I shows all.' : 'No mention further down.');
  }

  /** To a message of a room or of a direct conversation, which may not be open yet. */
  function follow(to, seq) {
    chat.join(to, { then: (talk) => seq && jump(talk, seq) });
  }

  /** The message that is meant by an address of this host, `#room/12`, or `12` here. */
  function message(place) {
    if (/^\d+$/.test(place)) return chat.talk ? [chat.talk.to, Number(place)] : null;
    const own = `${location.origin}/`;
    const [, to, seq] =
      /^#?([#@][^/?#@]+)\/(\d+)$/.exec(place.startsWith(own) ? place.slice(own.length) : place) ?? [];
    try {
      return to ? [decodeURIComponent(to), Number(seq)] : null;
    } catch {
      return null;
    }
  }

  /** `/goto`: a time, or a message. */
  function goto(place) {
    const found = message(place.trim());
    if (found) {
      follow(...found);
      return true;
    }
    const at = when(place);
    if (Number.isNaN(at)) {
      note('Usage: /goto yesterday 15:00, /goto 2026-11-20, /goto 2h, or the address of a message', 'error');
      return false;
    }
    const { talk } = chat;
    if (talk) chat.history.at(talk.key, at, (seq) => log.go(seq));
    return true;
  }

  /** Mutes this conversation, or hears of it again. */
  function mute(seconds) {
    const { talk } = chat;
    if (!talk) return;
    const muted = chat.memos.muted(talk) && seconds === undefined;
    chat.memos.mute(talk, muted ? 0 : seconds);
    note(muted || seconds === 0 ? `You hear of ${talk.to} again.` : `Nothing calls you from ${talk.to}.`);
  }

  /** Keeps this conversation at the top of the list, or no more. */
  function pin() {
    const { talk } = chat;
    if (!talk) return;
    const on = !chat.memos.list('pinned').includes(talk.to);
    if (on) chat.memos.put('archived', talk, false);
    if (!chat.memos.put('pinned', talk, on)) note('There is no room for more at the top.', 'error');
    else note(on ? `${talk.to} is at the top; /pin again and it is not.` : `${talk.to} is at the top no more.`);
  }

  /** Takes this conversation off the list until something new is said there, or puts it there again. */
  function archive() {
    const { talk } = chat;
    if (!talk) return;
    if (chat.memos.list('archived').includes(talk.to)) {
      chat.memos.put('archived', talk, false);
      note(`${talk.to} is on the list again.`);
      return;
    }
    const next = panes.order().find((other) => other !== talk);
    if (!next) note('This is the only one on the list.', 'error');
    else if (!chat.memos.put('archived', talk, true)) note('There is no room for more off the list.', 'error');
    else {
      chat.memos.put('pinned', talk, false);
      went(next.key);
      note(`${talk.to} is off the list until something new is said there.`);
    }
  }

  return { step, number, needs, back, unread, mention, follow, message, goto, mute, pin, archive };
}
