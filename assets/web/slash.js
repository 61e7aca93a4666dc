// What a person types: words, or a command behind a slash. One table serves reading, help and completion; what a
// command does is decided by who reads it.

/** name, arguments, what it does. */
export const COMMANDS = [
  ['join', '#room [password]', 'go to a room; a new one is made'],
  ['leave', '[#room]', 'leave this room, or that one'],
  ['rooms', '', 'list the host’s rooms'],
  ['topic', '[text]', 'show the room’s topic, or set it; - clears it'],
  ['msg', '@name [text]', 'talk to one person alone'],
  ['me', 'text', 'say what you do, in the third person'],
  ['nick', 'name', 'be called otherwise'],
  ['who', '', 'show the people of this room'],
  ['go', '', 'go to a room or a person by a few letters'],
  ['back', '', 'go back to where you came from'],
  ['search', '[words]', 'look for something; from:ben in:#room before:2026-11-20 after:monday has:link'],
  ['mentions', '', 'show what mentions you, in all rooms'],
  ['goto', 'time|message', 'go to what was said at a time (yesterday 15:00), or to a message by its address'],
  ['unread', '', 'go to the first unread line'],
  ['select', '', 'go to the messages'],
  ['edit', '[text]', 'change the last message you sent; s/old/new/ does too'],
  ['reply', 'number text', 'answer a message by its number, which its i shows'],
  ['react', 'number emoji', 'react to a message by its number'],
  ['delete', 'number|#room', 'delete a message of yours, or a room you keep order in'],
  ['mute', '[2h] | [host] @name [2h] [why]', 'nothing calls you from here; with a name: they may not speak here'],
  ['unmute', '[[host] @name]', 'hear of it again; with a name: they may speak again'],
  ['ignore', '[@name]', 'see nothing more of somebody, here alone; without a name: of whom'],
  ['unignore', '@name', 'see them again'],
  ['notify', '[on|off|all|mentions|nothing]', 'notifications of this browser, on or off; what calls you from here'],
  ['dnd', '[2h]', 'nothing calls you at all, for a time or until you say it again'],
  ['pin', '', 'keep this conversation at the top of the list, or no more'],
  ['archive', '', 'take this conversation off the list until something new is said'],
  ['away', '', 'be away to others, or back'],
  ['invite', '[#room] [once] [2h] | @name', 'make a link that lets people in; with a name: let them into this room'],
  ['invites', '', 'list the invitations there are'],
  ['revoke', 'number', 'take an invitation back'],
  ['hook', '[#room] [name] | revoke number', 'make an address by which programs speak in a room, or take one back'],
  ['hooks', '', 'list the addresses by which programs speak'],
  ['device', '[add|remove number]', 'make a link for another device of yours, or take one away'],
  ['devices', '', 'list your devices'],
  ['kick', '[host] @name [why]', 'put somebody out of the room, or off the host'],
  ['ban', '[host] @name [2h] [why]', 'the same, and they may not come again'],
  ['unban', '[host] @name', 'they may come again'],
  ['op', '[host] @name', 'make somebody an operator'],
  ['deop', '[host] @name', 'they are none any more'],
  ['bans', '[host]', 'show who is banned or muted'],
  ['audit', '', 'show who did what to keep order'],
  ['private', '[on|off|#_room]', 'only who is invited knows of this room; with a name: make such a room'],
  ['password', '[word]', 'who joins this room needs it; without a word, no more'],
  ['readonly', '[on|off]', 'only operators speak in this room'],
  ['slow', '30s|off', 'one line from each in so long'],
  ['theme', '[auto|light|dark]', 'choose colours, each shown as you go through them'],
  ['set', '[setting] [value]', 'show or change a setting of this browser'],
  ['help', '', 'show keys and commands'],
  ['quit', '', 'leave until you come back'],
];

/** `{say}`, `{command, rest}`, `{mend: [old, new]}` or `{wrong}`. */
export function read(line) {
  const mend = /^s\/((?:[^/\\\n]|\\.)+)\/((?:[^/\\\n]|\\.)*)\/?$/.exec(line);
  if (mend) return { mend: [mend[1], mend[2]].map((part) => part.replace(/\\(.)/g, '$1')) };
  if (line.startsWith('//')) return { say: line.slice(1) };
  if (!line.startsWith('/')) return { say: line };
  const [, word, rest] = /^\/(\S*)\s*([\s\S]*)$/.exec(line);
  if (!COMMANDS.some(([name]) => name === word)) {
    return { wrong: `There is no /${word}. To say it, begin with two slashes; /help shows the commands.` };
  }
  return { command: word, rest: rest.trimEnd() };
}

/** Seconds of `90s`, `2h`, `1h10m`, `3d`; NaN when it is none. */
export function span(word) {
  if (!/^(\d{1,6}[smhd])+$/.test(word)) return Number.NaN;
  const unit = { s: 1, m: 60, h: 3600, d: 86_400 };
  return [...word.matchAll(/(\d+)([smhd])/g)].reduce((sum, [, n, letter]) => sum + Number(n) * unit[letter], 0);
}
