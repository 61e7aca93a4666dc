// What people write, read as markup: the same small language as in the terminal. Weight, strokes, code, spoilers,
// links, quotes, lists, blocks of code; whatever has no partner stays as it was typed. It is read into plain values;
// `render.js` makes nodes of them.

const URL_LENGTH = 2000;
const QUOTES = 4;
const LANGUAGE = 12;

const WIDE = new RegExp(
  '[\\u1100-\\u115f\\u2e80-\\ua4cf\\uac00-\\ud7a3\\uf900-\\ufaff\\ufe30-\\ufe6f\\uff00-\\uff60' +
    '\\u{1f300}-\\u{1faff}\\u{20000}-\\u{3ffff}]',
  'u',
);
const WORD = /[\p{L}\p{N}]/u;

/** Whether words go on over a sign beside this. Scripts without blanks have a border everywhere. */
const wordy = (c) => c !== '' && WORD.test(c) && !WIDE.test(c);

const charBefore = (text, at) => {
  if (at <= 0) return '';
  const low = text.charCodeAt(at - 1);
  return at > 1 && low >= 0xdc00 && low <= 0xdfff ? text.slice(at - 2, at) : text[at - 1];
};
const charAt = (text, at) => (at < text.length ? String.fromCodePoint(text.codePointAt(at)) : '');

function runOf(text, at) {
  let end = at;
  while (text[end] === text[at]) end += 1;
  return end - at;
}

/** For each row of backticks that begins code, where the row of the same length and line stands that ends it. */
function codeEnds(text) {
  const runs = [];
  for (let at = 0; at < text.length;) {
    if (text[at] === '`') {
      const run = runOf(text, at);
      runs.push([at, run]);
      at += run;
    } else {
      if (text[at] === '\n') runs.push([at, 0]);
      at += 1;
    }
  }
  const next = new Map();
  const ends = new Map();
  for (const [at, run] of runs.reverse()) {
    if (run === 0) {
      next.clear();
      continue;
    }
    if (next.has(run)) ends.set(at, next.get(run));
    next.set(run, at);
  }
  return ends;
}

function beginsUrl(text, at) {
  const scheme = /^https?:\/\//i.exec(text.slice(at, at + 8));
  if (!scheme) return false;
  const host = charAt(text, at + scheme[0].length);
  return host !== '' && (host === '[' || WORD.test(host)) && !wordy(charBefore(text, at));
}

const ENDS_URL = /[\s\p{Cc}<>"`|\\。、，；：！？）」』】》”’]/u;

function urlEnd(text, at) {
  let [round, square, end] = [0, 0, at];
  for (; end < text.length; end += 1) {
    const c = text[end];
    if (c === '(') round += 1;
    else if (c === '[') square += 1;
    else if (c === ')' && round > 0) round -= 1;
    else if (c === ']' && square > 0) square -= 1;
    else if (c === ')' || c === ']' || ENDS_URL.test(c)) break;
  }
  while (end > at && ".,;:!?'*_~".includes(text[end - 1])) end -= 1;
  return end;
}

/** `[label](https://…)`; a label that looks like an address itself is none. */
function labelled(text, at) {
  const close = /[[\]\n]/g;
  close.lastIndex = at + 1;
  const found = close.exec(text);
  if (!found || found[0] !== ']') return null;
  const label = text.slice(at + 1, found.index);
  const from = found.index + 2;
  if (!label.trim() || label.includes('://') || text[from - 1] !== '(' || !beginsUrl(text, from)) return null;
  let deep = 0;
  for (let end = from; end < text.length && end - from <= URL_LENGTH; end += 1) {
    const c = text[end];
    if (c === '(') deep += 1;
    else if (c === ')' && deep === 0) return { label, url: text.slice(from, end), end: end + 1 };
    else if (c === ')') deep -= 1;
    else if (ENDS_URL.test(c)) return null;
  }
  return null;
}

/** Whether the backslash there makes the sign behind it a mere sign. */
function escapes(text, at) {
  const next = text[at + 1];
  if (next && '*_~`|['.includes(next)) return text[at - 1] !== '¯';
  return (next === '>' || next === '-') && /(^|\n) *$/.test(text.slice(Math.max(0, at - 80), at));
}

function signRun(text, at, end) {
  const sign = text[at];
  const many = end - at;
  if (sign === '_' && text.slice(Math.max(0, at - 2), at) === '¯\\') return null;
  if ('*_'.includes(sign) ? many > 3 : many !== 2) return null;
  const [before, after] = [charBefore(text, at), charAt(text, end)];
  let open = after !== '' && !/\s/u.test(after);
  let close = before !== '' && !/\s/u.test(before);
  if (sign === '_' || (sign === '*' && many === 1)) {
    open &&= !wordy(before);
    close &&= !wordy(after);
  }
  return open || close ? { run: text.slice(at, end), sign, open, close, at } : null;
}

function tokens(text) {
  const found = [];
  let ends = null;
  let [at, from] = [0, 0];
  const plain = (to) => {
    if (to > from) found.push({ text: text.slice(from, to) });
  };
  while (at < text.length) {
    const c = text[at];
    let end = 0;
    if (c === '\\' && escapes(text, at)) {
      plain(at);
      from = at + 1;
      at += 2;
      continue;
    } else if (c === '`') {
      const run = runOf(text, at);
      ends ??= codeEnds(text);
      const close = ends.get(at);
      if (close === undefined) {
        at += run;
        continue;
      }
      plain(at);
      let inside = text.slice(at + run, close);
      if (run > 1 && /^ [^]*\S[^]* $/.test(inside)) inside = inside.slice(1, -1);
      found.push({ text: inside, face: 'code' });
      end = close + run;
    } else if (c === '[') {
      const link = labelled(text, at);
      if (!link) {
        at += 1;
        continue;
      }
      plain(at);
      // The target is always told, so that no label can lie about it.
      found.push(
        { text: link.label, link: link.url },
        { text: ' (', face: 'dim' },
        { text: link.url, link: link.url, face: 'dim' },
        { text: ')', face: 'dim' },
      );
      end = link.end;
    } else if ((c === 'h' || c === 'H') && beginsUrl(text, at)) {
      end = urlEnd(text, at);
      plain(at);
      const url = text.slice(at, end);
      found.push(url.length <= URL_LENGTH ? { text: url, link: url } : { text: url });
    } else if ('*_~|'.includes(c)) {
      end = at + runOf(text, at);
      const run = signRun(text, at, end);
      if (!run) {
        at = end;
        continue;
      }
      plain(at);
      found.push(run);
    } else {
      at += 1;
      continue;
    }
    at = end;
    from = end;
  }
  plain(text.length);
  return found;
}

/** Which bars open and close spoilers; they come first, so that nothing outside of one can keep it from closing. */
function spoilers(all) {
  const states = new Map();
  let opened = null;
  for (const token of all) {
    if (token.sign !== '|') continue;
    if (opened && token.close) {
      states.set(opened, 'open');
      states.set(token, 'close');
      opened = null;
    } else if (!opened && token.open) opened = token;
  }
  return states;
}

const FACES = { '**': 'bold', '*': 'italic', __: 'bold', _: 'italic', '~~': 'strike', '||': 'spoiler' };

function pair(all) {
  const bars = spoilers(all);
  const parts = [];
  let waiting = [];
  let [floor, outside] = [0, 0];
  const last = (sign) => waiting.findLastIndex((part, at) => at >= floor && part.sign === sign);
  for (const token of all) {
    if (!token.sign) {
      parts.push(token);
      continue;
    }
    if (token.sign === '|') {
      const state = bars.get(token);
      if (state === 'open') {
        outside = floor;
        floor = waiting.length;
      }
      if (state === 'close') {
        waiting = waiting.slice(0, floor);
        floor = outside;
      }
      parts.push({ sign: '||', state });
      continue;
    }
    const [two, one] = token.sign === '~' ? ['~~', '~~'] : [token.sign.repeat(2), token.sign];
    let left = token.run;
    while (token.close && left) {
      // `***both** one*`: of two that opened together, the one that ends first is the inner one.
      const [outer, inner] = waiting.slice(-2);
      if (
        left.length === 2 &&
        one !== two &&
        waiting.length - 2 >= floor &&
        outer?.sign === two &&
        inner?.sign === one &&
        outer.of === inner.of
      )
        [outer.sign, inner.sign] = [one, two];
      const wide = left.length >= 2 ? last(two) : -1;
      const slim = left.length !== 2 && one !== two ? last(one) : -1;
      if (wide < 0 && slim < 0) break;
      const at = Math.max(wide, slim);
      const sign = waiting[at].sign;
      waiting[at].state = 'open';
      waiting = waiting.slice(0, at);
      left = left.slice(sign.length);
      parts.push({ sign, state: 'close' });
    }
    while (left) {
      const sign = left.slice(0, 2);
      left = left.slice(sign.length);
      const part = { sign, of: token };
      if (token.open) waiting.push(part);
      parts.push(part);
    }
  }
  return parts;
}

/** A text as stretches that look one way: `{text, faces, link}`. */
export function read(text) {
  const bits = [];
  const deep = { bold: 0, italic: 0, strike: 0, spoiler: 0 };
  for (const part of pair(tokens(text))) {
    if (part.sign && part.state) {
      deep[FACES[part.sign]] += part.state === 'open' ? 1 : -1;
      continue;
    }
    const faces = Object.keys(deep).filter((face) => deep[face] > 0);
    if (part.face) faces.push(part.face);
    bits.push({ text: part.sign ?? part.text, faces, link: part.link });
  }
  return bits;
}

/** Its words on one line, for places that quote it; what is hidden stays hidden. */
export function bare(text) {
  const words = read(text).map(({ text: part, faces }) => (faces.includes('spoiler') ? '…' : part));
  return words
    .join('')
    .replace(/```\S*|\s+/g, ' ')
    .trim();
}

function longSpoilers(text) {
  if (!text.includes('||')) return [];
  const found = [];
  let from = 0;
  for (const [token, state] of spoilers(tokens(text))) {
    if (state === 'open') from = token.at;
    else if (text.slice(from, token.at).includes('\n')) found.push([from, token.at]);
  }
  return found;
}

function fence(line) {
  const [, ticks, rest] = /^\s*(`*)([^]*)$/.exec(line);
  if (ticks.length < 3 || rest.includes('`')) return null;
  const word = rest.trim();
  const named = word.length <= LANGUAGE && /^[A-Za-z0-9+#\-_.]*$/.test(word);
  return { ticks: ticks.length, language: named ? word : '', first: named ? null : rest };
}

/** A text as blocks: `{code, language}` or `{prose, quotes, item}`. */
export function blocks(text) {
  const found = [];
  const hidden = longSpoilers(text);
  const lines = text.split('\n');
  let prose = null;
  const done = () => {
    if (prose) found.push(prose);
    prose = null;
  };
  let start = 0;
  for (let n = 0; n < lines.length; n += 1) {
    const line = lines[n];
    const here = start;
    start += line.length + 1;
    // Within a spoiler no line begins anything: it would be seen.
    if (hidden.some(([from, to]) => here >= from && here < to)) {
      if (prose) prose.prose += `\n${line}`;
      else prose = { prose: line, quotes: 0, item: null };
      continue;
    }
    const begins = fence(line);
    if (begins) {
      done();
      const code = begins.first === null ? [] : [begins.first];
      for (n += 1; n < lines.length; n += 1) {
        start += lines[n].length + 1;
        const [, before, ticks] = /^([^]*?)(`*)\s*$/.exec(lines[n]);
        if (ticks.length >= begins.ticks) {
          if (before.trim()) code.push(before);
          break;
        }
        code.push(lines[n]);
      }
      found.push({ code, language: begins.language });
      continue;
    }
    let rest = line;
    let quotes = 0;
    for (; quotes < QUOTES; quotes += 1) {
      const inside = /^ *>(?=$|[ >])([^]*)$/.exec(rest)?.[1];
      if (inside === undefined || (quotes === 0 && /^>+(?! |>)/.test(inside))) break;
      rest = inside.startsWith(' ') ? inside.slice(1) : inside;
    }
    const item = /^( *)([-*+]|\d{1,9}[.)]) +(?=[^\t])/.exec(rest);
    if (!item && prose && quotes === 0 && prose.quotes === 0 && !prose.item) {
      prose.prose += `\n${line}`;
      continue;
    }
    done();
    prose = { prose: rest, quotes, item: null };
    if (item) {
      const bullet = '-*+'.includes(item[2]);
      Object.assign(prose, { prose: rest.slice(item[0].length), item: bullet ? '•' : item[2], deep: item[1].length });
    }
  }
  done();
  return found;
}
