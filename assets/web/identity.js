// Who one is to a host: an Ed25519 key made here and kept in this browser in a form that cannot be read out, and the
// proof of it. Where a browser or a page cannot have one, this says why in one sentence. Names are the host's
// business.

import { hex, unhex, utf8 } from './text.js';

const DATABASE = 'wschat';
const KEYS = 'keys';

const asked = (request) =>
  new Promise((done, failed) => {
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error ?? new Error('refused'));
    request.onblocked = () => failed(new Error('blocked'));
  });

async function open() {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(KEYS);
  return asked(request);
}

/** The key of this browser for this host, made if there is none. */
export async function identity() {
  if (!globalThis.isSecureContext || !globalThis.crypto?.subtle) {
    return { why: 'This page came without encryption, so no key can be kept: you are a guest, for this visit.' };
  }
  let database;
  try {
    database = await open();
  } catch {
    return { why: 'This browser keeps nothing here (storage is turned off): you are a guest, for this visit.' };
  }
  try {
    const read = () => asked(database.transaction(KEYS).objectStore(KEYS).get('own'));
    let own = await read();
    if (!own) {
      const pair = await crypto.subtle.generateKey({ name: 'Ed25519' }, false, ['sign', 'verify']);
      const key = hex(new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey)));
      try {
        await asked(
          database.transaction(KEYS, 'readwrite').objectStore(KEYS).add({ key, secret: pair.privateKey }, 'own'),
        );
      } catch {
        /* another tab was first: its key is read */
      }
      own = await read();
    }
    return new Identity(own.key, own.secret);
  } catch (error) {
    const old = error?.name === 'NotSupportedError';
    return {
      why: old
        ? 'This browser knows no Ed25519 keys: you are a guest, for this visit.'
        : 'This browser could not keep a key: you are a guest, for this visit.',
    };
  }
}

class Identity {
  #secret;

  constructor(key, secret) {
    this.key = key;
    this.#secret = secret;
  }

  /** The signature that says, to this host under this name and to no other, that one has the key. */
  async prove(authority, challenge) {
    const parts = [utf8('wschat.v1 enter\0'), utf8(`${authority}\0`), unhex(challenge)];
    const message = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      message.set(part, at);
      at += part.length;
    }
    return hex(new Uint8Array(await crypto.subtle.sign({ name: 'Ed25519' }, this.#secret, message)));
  }
}
