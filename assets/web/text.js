// Words of people, made harmless where they come in, and small things about strings. Nothing makes a host honest, so
// what it sends is cleaned as it should have cleaned it itself. How words look is not known here.

/** Control characters become visible, what turns or hides text goes, stacks of marks are cut. Keeps LF and TAB. */
export function clean(raw) {
  if (typeof raw !== 'string') return '';
  return raw
    .replace(/\r\n?|[\u2028\u2029\u0085]/g, '\n')
    .replace(/[\0-\x08\x0b-\x1f]/g, (c) => String.fromCharCode(0x2400 + c.charCodeAt(0)))
    .replace(/\x7f/g, '\u2421')
    .replace(/[\x80-\x9f]/g, '\ufffd')
    .replace(/[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff]/g, '')
    .replace(/(\p{M}{4})\p{M}+/gu, '$1')
    .trimEnd();
}

export const oneLine = (raw) => clean(raw).replace(/[\n\t]+/g, ' ');

/** What a host says of itself, as a sentence of its own. */
export const sentence = (raw) => {
  const said = oneLine(raw);
  return said && said.charAt(0).toUpperCase() + said.slice(1) + (/[.!?…]$/.test(said) ? '' : '.');
};

/** Names are compared so. */
export const fold = (name) => name.normalize('NFKC').toLowerCase();

export const utf8 = (text) => new TextEncoder().encode(text);

export const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

export const unhex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

export const luck = (bytes) => hex(crypto.getRandomValues(new Uint8Array(bytes)));

export const clock = (at) =>
  new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', hour12: false });

/** Day and time, in full. */
export const moment = (at) => new Date(at).toLocaleString([], { dateStyle: 'full', timeStyle: 'medium' });

export const day = (at) =>
  new Date(at).toLocaleDateString([], { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });

export const sameDay = (a, b) => new Date(a).toDateString() === new Date(b).toDateString();

/** How long ago, in one word. */
export function ago(at, now = Date.now()) {
  const minutes = Math.max(0, Math.round((now - at) / 60_000));
  if (minutes < 1) return 'now';
  if (minutes < 60) return `${minutes} min`;
  return minutes < 48 * 60 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 1440)} d`;
}
