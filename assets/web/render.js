// A text as nodes, by what `markup.js` read in it. What was typed becomes nodes of text and nothing else; a link leads
// where it says, to the web alone. Long texts are folded.

import { coloured } from './code.js';
import { h } from './dom.js';
import { blocks, read } from './markup.js';

const CODE_FOLDS = 16;
const CODE_SHOWN = 12;
const LINES_FOLD = 32;
const LINES_SHOWN = 24;

function inline(text, reveal) {
  const nodes = [];
  let veil = null;
  for (const { text: words, faces, link } of read(text)) {
    let node = document.createTextNode(words);
    if (link) {
      node = h('a', { href: link, target: '_blank', rel: 'noopener noreferrer nofollow' }, node);
    }
    for (const [face, tag] of [
      ['code', 'code'],
      ['strike', 's'],
      ['italic', 'em'],
      ['bold', 'strong'],
    ]) {
      if (faces.includes(face)) node = h(tag, null, node);
    }
    if (faces.includes('dim')) node = h('span', { class: 'dim' }, node);
    if (!faces.includes('spoiler')) {
      veil = null;
      nodes.push(node);
      continue;
    }
    if (!veil) {
      veil = h('span', { class: 'spoiler' });
      nodes.push(reveal(veil));
    }
    veil.append(node);
  }
  return nodes;
}

/** What is hidden is shown by a button; until then neither eyes nor a screen reader find it. */
function reveal(inside) {
  inside.hidden = true;
  const button = h('button', { class: 'veil', type: 'button', 'aria-label': 'Show the spoiler' }, 'spoiler');
  button.addEventListener('click', () => {
    inside.hidden = false;
    button.remove();
  });
  return h('span', null, button, inside);
}

function more(count, show) {
  const button = h('button', { class: 'more', type: 'button' }, `… ${count} more ${count === 1 ? 'line' : 'lines'}`);
  button.addEventListener('click', () => show(button));
  return button;
}

function codeBlock({ code, language }) {
  const folded = code.length > CODE_FOLDS;
  const set = (lines) => coloured(lines.join('\n').replaceAll('\t', '    '), language);
  const inside = h('code', null, set(folded ? code.slice(0, CODE_SHOWN) : code));
  const pre = h('pre', { tabindex: '0', 'aria-label': language ? `Code, ${language}` : 'Code' }, inside);
  return h(
    'div',
    { class: 'block' },
    language ? h('span', { class: 'language', 'aria-hidden': 'true' }, language) : null,
    pre,
    folded
      ? more(code.length - CODE_SHOWN, (button) => {
          inside.replaceChildren(...set(code));
          button.remove();
        })
      : null,
  );
}

/** A text as nodes. */
export function render(text) {
  const lines = text.split('\n');
  const folded = lines.length > LINES_FOLD;
  const set = (words) =>
    blocks(words).map((block) => {
      if (block.code) return codeBlock(block);
      let node = h(
        'div',
        { class: block.item ? 'item' : 'prose', dir: 'auto' },
        block.item ? h('span', { class: 'bullet' }, block.item) : null,
        block.item ? h('span', null, inline(block.prose, reveal)) : inline(block.prose, reveal),
      );
      if (block.deep) node.classList.add(`deep-${Math.min(3, Math.ceil(block.deep / 2))}`);
      for (let n = 0; n < block.quotes; n += 1) node = h('blockquote', null, node);
      return node;
    });
  const body = h('div', { class: 'body' }, set(folded ? lines.slice(0, LINES_SHOWN).join('\n') : text));
  if (folded) {
    body.append(more(lines.length - LINES_SHOWN, () => body.replaceChildren(...set(text))));
  }
  return body;
}
