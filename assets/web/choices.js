// What one can do here besides talking: the menu of a conversation, what calls, how the page looks and behaves. Typed
// (`/set`, `/theme`, `/dnd`) or chosen from a list; which settings there are is in `settings.js`.

import { $, h, setText } from './dom.js';
import { SETTINGS } from './settings.js';
import { span } from './slash.js';
import { clock, sameDay, moment } from './text.js';

/** The colours of the page's frame, which the browser draws: those of `--side` in `client.css`. */
const FRAME = { light: '#f6f6f8', dark: '#101216' };

/** A moment to come: the time, and the day when it is another. */
const then = (at) => (sameDay(at, Date.now()) ? clock(at) : moment(at));

/** Colours as the system has them (`auto`), or one of the two. */
export function wear(theme) {
  const { dataset } = document.documentElement;
  if (theme === 'auto') delete dataset.theme;
  else dataset.theme = theme;
  for (const meta of document.querySelectorAll('meta[name="theme-color"]')) {
    meta.content = FRAME[theme] ?? FRAME[/dark/.test(meta.media) ? 'dark' : 'light'];
  }
}

/** How long nothing calls, in words; nothing when one is called. */
export const quiet = (settings) =>
  settings.silence ? `do not disturb${Number.isFinite(settings.silence) ? ` until ${then(settings.silence)}` : ''}` : '';

/** `page` is what there is to do it with. */
export function choices(page) {
  const { chat, settings, palette, sheet, composer, note } = page;

  /** `/dnd`: nothing calls, for so long or until it is said again. Whether it was understood. */
  function dnd(word) {
    const seconds = word ? span(word) : 0;
    if (Number.isNaN(seconds) || (word && !seconds)) {
      note('Usage: /dnd, or /dnd 2h', 'error');
      return false;
    }
    if (settings.silence && !word) {
      settings.set('dnd', '');
      note('You are called again.');
      return true;
    }
    settings.set('dnd', seconds ? String(Date.now() + seconds * 1000) : 'always');
    note(`Nothing calls you${seconds ? ` until ${then(settings.silence)}` : ''}; /dnd lifts it.`);
    return true;
  }

  /** `/notify`: what calls from this conversation. */
  function level(word) {
    const { talk } = chat;
    if (!talk) return;
    chat.memos.set(`level:${talk.to}`, word);
    const what = { all: 'Every line', mentions: 'What is for you', nothing: 'Nothing' }[word];
    note(`${what} calls you from ${talk.to}.`);
  }

  /** `/theme`: that one, or the list of them, each shown as one goes through it. */
  function theme(name) {
    if (name) {
      const no = settings.set('theme', name);
      note(no || `The colours are ${name}.`, no ? 'error' : 'info');
      return !no;
    }
    const now = settings.get('theme');
    const label = { auto: 'as the system has them', light: 'light', dark: 'dark' };
    palette.show({
      title: 'Colours',
      placeholder: 'auto, light or dark',
      find: (words) =>
        [now, ...Object.keys(label).filter((one) => one !== now)]
          .filter((one) => one.includes(words) || label[one].includes(words))
          .map((one) => ({
            label: label[one],
            hint: one === now ? 'now' : `/theme ${one}`,
            look: () => wear(one),
            take: () => {
              theme(one);
              composer.focus();
            },
          })),
      closed: () => {
        wear(settings.get('theme'));
        composer.focus();
      },
    });
    return true;
  }

  /** One setting as something to change it by. */
  function field([name, usual, kinds, what]) {
    const value = settings.get(name);
    const id = `set-${name}`;
    const about = { id, 'aria-describedby': `${id}-what ${id}-no` };
    const no = h('span', { id: `${id}-no`, class: 'no', role: 'alert' });
    const change = () => {
      const wrong = settings.set(name, control.value.trim());
      setText(no, wrong);
      control.setAttribute('aria-invalid', String(Boolean(wrong)));
    };
    const text = typeof kinds[1] === 'function';
    const control = text
      ? h('input', { ...about, value, placeholder: kinds[2] ?? usual, autocomplete: 'off', on: { change } })
      : h(
          'select',
          { ...about, on: { change } },
          kinds.map((one) => h('option', { value: one, selected: one === value }, one)),
        );
    return [
      h('dt', null, h('label', { for: id }, name.replace('_', ' '))),
      h('dd', null, control, no, h('span', { id: `${id}-what` }, what)),
    ];
  }

  /** `/set`: all of them, what one is, or sets it. Whether it was understood. */
  function set(name, value) {
    if (!name) {
      sheet.show('Settings of this browser', h('dl', { class: 'settings' }, SETTINGS.map(field)));
      return true;
    }
    if (!SETTINGS.some(([one]) => one === name)) {
      note(settings.wrong(name, ''), 'error');
      return false;
    }
    const no = value === '' ? '' : settings.set(name, value === '""' ? '' : value);
    note(no || `${name} is ${settings.get(name) || 'nothing'}.`, no ? 'error' : 'info');
    return !no;
  }

  /** What can be done with this conversation, and with the page. */
  function menu() {
    const { talk } = chat;
    const { memos } = chat;
    const has = (memo) => memos.list(memo).includes(talk.to);
    const of = (label, hint, act) => ({
      label,
      hint,
      take: () => {
        act();
        if (!palette.open) composer.focus();
      },
    });
    const here = talk
      ? [
          of(has('pinned') ? 'At the top no more' : 'Keep at the top of the list', '/pin', () => page.pin()),
          of(memos.muted(talk) ? 'Hear of it again' : 'Mute', 'Alt+M', () => page.mute()),
          of('What calls you from here …', '/notify', levels),
          of(has('archived') ? 'Put on the list again' : 'Take off the list', '/archive', () => page.archive()),
          talk.room ? of('Invite somebody', '/invite', () => page.act('said', '/invite')) : null,
          talk.room ? of(`Leave ${talk.to}`, '/leave', () => chat.leave(talk.key)) : null,
        ]
      : [];
    const items = [
      ...here.filter(Boolean),
      of(settings.silence ? 'Be called again' : 'Do not disturb', '/dnd', () => dnd()),
      of('Colours …', '/theme', () => theme()),
      of('Settings …', '/set', () => set()),
      of('Help', 'F1', () => sheet.help()),
    ];
    palette.show({
      title: talk ? talk.to : 'This page',
      placeholder: 'what to do',
      find: (words) => items.filter(({ label, hint }) => `${label} ${hint}`.toLowerCase().includes(words.toLowerCase())),
      closed: () => composer.focus(),
    });
  }

  function levels() {
    const { talk } = chat;
    const now = chat.memos.level(talk);
    const label = { mentions: 'what is for you', all: 'every line', nothing: 'nothing' };
    palette.show({
      title: `What calls you from ${talk.to}`,
      find: (words) =>
        Object.keys(label)
          .filter((one) => label[one].includes(words))
          .map((one) => ({
            label: label[one],
            hint: one === now ? 'now' : `/notify ${one}`,
            take: () => {
              level(one);
              composer.focus();
            },
          })),
      closed: () => composer.focus(),
    });
  }

  return { dnd, level, theme, set, menu };
}

/** The mark beside one's name. */
export function showQuiet(settings) {
  const words = quiet(settings);
  setText($('quiet'), words);
  return words;
}
