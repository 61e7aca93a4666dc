// Blocks of code in the colours of what their words are, as far as that can be told without knowing a grammar. The name
// of the language only chooses how comments begin; what it says is never more than a word.

import { h } from './dom.js';

const COMMENT = {
  '#': /^(sh|bash|zsh|py|python|rb|ruby|toml|yaml|yml|conf|perl|pl|r|make|dockerfile)$/i,
  '--': /^(sql|lua|haskell|hs)$/i,
};
const KEYWORDS = new Set(
  [
    'as async await break case catch class const continue crate def default delete do done dyn elif else',
    'enum esac except export extends extern fi final finally fn for from func function go if impl import',
    'in interface is let loop match mod move mut namespace new not or and package pass private protected',
    'pub public raise ref return self Self static struct super switch then throw trait try type typedef',
    'union unsafe use using var void where while with yield lambda select insert update create table into',
    'values set order by group int char bool float double long string',
  ]
    .join(' ')
    .split(' '),
);
const VALUES = new Set('true false null None nil undefined True False NULL Some Ok Err this'.split(' '));

/** Code as nodes. */
export function coloured(code, language) {
  if (!language) return [code];
  if (/^(diff|patch)$/i.test(language)) {
    return code.split('\n').flatMap((line, n) => {
      const kind = { '+': 't-added', '-': 't-removed' }[line[0]];
      return [n ? '\n' : '', kind ? h('span', { class: kind }, line) : line];
    });
  }
  const sign = Object.keys(COMMENT).find((one) => COMMENT[one].test(language)) ?? '//';
  const block = sign === '//' ? '|/\\*[^]*?(?:\\*/|$)' : '';
  const word = new RegExp(
    `(${sign}[^\\n]*${block})|("(?:[^"\\\\\\n]|\\\\.)*"|'(?:[^'\\\\\\n]|\\\\.)*'|\`[^\`]*\`)` +
      '|(\\b\\d[\\w.]*\\b)|([A-Za-z_]\\w*)',
    'g',
  );
  const nodes = [];
  let at = 0;
  for (const found of code.matchAll(word)) {
    const [all, comment, text, number, name] = found;
    const kind = comment
      ? 't-comment'
      : text
        ? 't-text'
        : number || VALUES.has(name)
          ? 't-number'
          : KEYWORDS.has(name)
            ? 't-keyword'
            : '';
    if (!kind) continue;
    nodes.push(code.slice(at, found.index), h('span', { class: kind }, all));
    at = found.index + all.length;
  }
  nodes.push(code.slice(at));
  return nodes;
}
