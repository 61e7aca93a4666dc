// Which keys mean something wherever one is on the page. They are those of the terminal, as far as a browser leaves them
// to a page; what is done is told to `act`. Keys of a message are in `hand.js`, of writing in `composer.js`.

import { $ } from './dom.js';

/** Keys, the action they are for, how help shows them, what it does. Help shows those that have words. */
export const KEYS = [
  [['Alt+ArrowDown', 'F6'], 'next', 'Alt+↓ Alt+↑', 'next, previous conversation'],
  [['Alt+ArrowUp'], 'previous'],
  [[...'1234567890'].map((digit) => `Alt+${digit}`), 'number', 'Alt+1 … Alt+0', 'the conversations of the list'],
  [['Alt+A', 'Alt+Shift+ArrowDown'], 'needs', 'Alt+A', 'next that needs you: mentions, direct, then unread'],
  [['Alt+Shift+A', 'Alt+Shift+ArrowUp'], 'needs_back', 'Alt+Shift+A', 'the same, upwards'],
  [['Alt+/', 'Alt+Shift+/'], 'back', 'Alt+/', 'where you came from'],
  [['Ctrl+K', 'Ctrl+G'], 'go', 'Ctrl+K Ctrl+G', 'go to a room or a person'],
  [['Ctrl+F'], 'find', 'Ctrl+F', 'search here; again: everywhere; then the browser’s own'],
  [['Alt+I'], 'mentions', 'Alt+I', 'what mentions you, in all rooms'],
  [['Alt+U'], 'unread', 'Alt+U', 'the first unread line'],
  [['Alt+P'], 'mention_above', 'Alt+P Alt+N', 'the mention above, below'],
  [['Alt+N'], 'mention_below'],
  [['Alt+Home'], 'top', 'Alt+Home Alt+End', 'oldest, newest message'],
  [['Alt+End'], 'end'],
  [['PageUp'], 'page_up', 'PgUp PgDn', 'through the messages'],
  [['PageDown'], 'page_down'],
  [['Shift+Tab', 'Alt+S'], 'select', 'Shift+Tab Alt+S', 'the messages; then the keys below'],
  [['Alt+E'], 'editLast', 'Alt+E', 'change your last message'],
  [['Alt+M'], 'mute', 'Alt+M', 'mute this room, or hear of it again'],
  [['F7', 'Alt+Shift+B'], 'pane_rooms', 'F7 F8', 'show or hide conversations, people'],
  [['F8', 'Alt+Shift+N'], 'pane_people'],
  [['F1', 'Alt+?', 'Alt+Shift+?'], 'help', 'F1 Alt+?', 'this help'],
];

const BY_KEY = new Map(KEYS.flatMap(([keys, act]) => keys.map((key) => [key, act])));

/** Where Alt makes letters. */
const apple = /^(Mac|iP)/.test(navigator.platform ?? '');

/** A key as the table names it. Letters by what they are; where Alt makes others of them, by where they are. */
function pressed(event) {
  const code = /^(?:Key|Digit)(.)$/.exec(event.code)?.[1];
  const name = event.altKey && code && !/^[a-z0-9/?]$/i.test(event.key) ? code : event.key;
  return [
    event.ctrlKey || event.metaKey ? 'Ctrl' : '',
    event.altKey ? 'Alt' : '',
    event.shiftKey ? 'Shift' : '',
    name.length === 1 ? name.toUpperCase() : name,
  ]
    .filter(Boolean)
    .join('+');
}

/** Hears keys; `act(action, key)` tells whether it did something, `drawn()` whether a drawer is open. */
export function keys(act) {
  addEventListener('keydown', (event) => {
    if ($('app').hidden || event.defaultPrevented || event.isComposing || event.getModifierState('AltGraph')) return;
    act('typed', event.key);
    if (document.querySelector('dialog[open]')) return;
    if (event.key === 'Escape') {
      if (act('escape')) event.preventDefault();
      return;
    }
    // What Alt writes there is written where something is written.
    if (apple && event.altKey && event.code.startsWith('Key') && (event.key === 'Dead' || $('write').value)) return;
    const key = pressed(event);
    // Shift+Tab is the browser's own way back; from the line one writes on it leads to the messages by itself.
    const found = key === 'Shift+Tab' ? null : BY_KEY.get(key);
    if (found && act(found, key.at(-1))) event.preventDefault();
  });
}
