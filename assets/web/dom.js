// Making nodes. Text becomes text nodes and nothing else: there is no way here from a string to markup. What is made
// of them is the business of those who call.

/** `h('p', {class: 'x', on: {click}}, 'words', node)` */
export function h(tag, attributes, ...inside) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === false || value === null || value === undefined) continue;
    if (name === 'on') for (const [event, act] of Object.entries(value)) node.addEventListener(event, act);
    else node.setAttribute(name, value === true ? '' : String(value));
  }
  node.append(...inside.flat(Infinity).filter((one) => one !== null && one !== undefined && one !== false));
  return node;
}

export const $ = (id) => document.getElementById(id);

/** Puts these in the place of all that is inside, unless they are what is there. */
export function fill(node, ...inside) {
  node.replaceChildren(...inside.flat(Infinity).filter((one) => one !== null && one !== undefined && one !== false));
}

export const setText = (node, text) => {
  if (node.textContent !== text) node.textContent = text;
};
