// What a person types: words, or a command behind a slash. One table serves reading, help and completion; what a
// command does is decided by who reads it.

/** name, arguments, what it does. */
export const COMMANDS = [
  ['join', '#room [password]', 'go to a room; a new one is made'],
  ['leave', '[#room]', 'leave this room, or that one'],
  ['rooms', '', 'list the host’s rooms'],
  ['topic', '[text]', 'set the room’s topic; - clears it'],
  ['msg', '@name [text]', 'talk to one person alone'],
  ['me', 'text', 'say what you do, in the third person'],
  ['nick', 'name', 'be called otherwise'],
  ['who', '', 'show the people of this room'],
  ['search', '[words]', 'look for something that was said; from:ben in:here has:link'],
  ['go', '', 'go to a room or a person by a few letters'],
  ['edit', 'text', 'change the last message you sent; s/old/new/ does too'],
  ['invite', '[#room] [once] [2h] | @name', 'make a link that lets people in; with a name: let them into this room'],
  ['device', '', 'make a link for another device of yours'],
  ['away', '', 'be away to others, or back'],
  ['kick', '@name [why]', 'put somebody out of the room'],
  ['ban', '@name [2h] [why]', 'the same, and they may not come again'],
  ['unban', '@name', 'they may come again'],
  ['mute', '@name [2h] [why]', 'they may not speak here'],
  ['unmute', '@name', 'they may speak again'],
  ['op', '@name', 'make somebody an operator of this room'],
  ['deop', '@name', 'they are none any more'],
  ['private', '[on|off]', 'only who is invited knows of this room'],
  ['readonly', '[on|off]', 'only operators speak in this room'],
  ['slow', '30s|off', 'one line from each in so long'],
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
  if (!/^(\d+[smhd])+$/.test(word)) return Number.NaN;
  const unit = { s: 1, m: 60, h: 3600, d: 86_400 };
  return [...word.matchAll(/(\d+)([smhd])/g)].reduce((sum, [, n, letter]) => sum + Number(n) * unit[letter], 0);
}
