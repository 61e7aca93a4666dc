// The three programs of the tutorial that wschat grew out of, as programs of our own: a line client, a page's snippet and
// an echo server. What they must see is written down in docs/protocol.md, "Plain text".
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LineClient, Raw, binary, inTerminal, startEcho, startHost, until } from './common.mjs';

let host;
before(async () => { host = await startHost(); });
after(async () => {
  const { code, out } = await host.stop();
  assert.equal(code, 0, 'SIGTERM stops it in order');
  assert.match(out, /^listening on [^\n]*\n$/, 'exactly one line on stdout');
});

const line = async () => new LineClient(host.url).opened;

test('a line client hears its own lines back and others by name', async () => {
  const [ben, cy] = [await line(), await line()];
  ben.type('ben');
  await ben.hears('Received ben: ben');
  cy.type('cy');
  await cy.hears('Received cy: cy');
  ben.type('hello there');
  await ben.hears('Received ben: hello there');
  await cy.hears('ben: hello there');
  cy.type('ann: said that: yesterday');
  await cy.hears('Received cy: ann: said that: yesterday');
  await ben.hears('cy: ann: said that: yesterday');
  assert.equal(ben.count('ben: hello there'), 0, 'one does not hear oneself twice');
  assert.equal(cy.count('ben: ben'), 0, 'the introduction is not said');
  await Promise.all([ben.close(), cy.close()]);
});

test('two line clients of one name', async () => {
  const [one, two, ear] = [await line(), await line(), await line()];
  ear.type('ear');
  await ear.hears('Received ear: ear');
  one.type('dee'); await one.hears('Received dee: dee');
  two.type('dee'); await two.hears('Received dee: dee');
  one.type('first'); two.type('second');
  await one.hears('Received dee: first');
  await two.hears('Received dee: second');
  await ear.hears('dee: first');
  await ear.hears('dee-2: second');
  await one.hears('dee-2: second');
  await Promise.all([one.close(), two.close(), ear.close()]);
});

test('a name with a blank becomes one without', async () => {
  const [eve, ear] = [await line(), await line()];
  ear.type('ear2'); await ear.hears('Received ear2: ear2');
  eve.type('eve lee');
  await eve.hears('Received eve lee: eve lee');
  eve.type('hi');
  await eve.hears('Received eve lee: hi');
  await ear.hears('eve-lee: hi');
  await Promise.all([eve.close(), ear.close()]);
});

/** A person with a key, by wschat.v1: what docs/protocol.md says, and nothing else. */
async function keyed(name) {
  const raw = await new Raw(host.url, { protocols: ['wschat.v1'] }).opened;
  const hello = JSON.parse(await raw.hearsMatch(/"type":"hello"/));
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const key = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex');
  const message = Buffer.concat([Buffer.from('wschat.v1 enter\0'), Buffer.from(new URL(host.url).host), Buffer.from('\0'), Buffer.from(hello.challenge, 'hex')]);
  const sig = sign(null, message, createPrivateKey(privateKey.export({ format: 'pem', type: 'pkcs8' }))).toString('hex');
  raw.send(JSON.stringify({ type: 'enter', id: 1, name, key, sig }));
  await raw.hearsMatch(/"type":"welcome"/);
  raw.send(JSON.stringify({ type: 'resume', id: 2, cursors: [] }));
  await raw.hearsMatch(/"type":"resumed"/);
  return raw;
}

test('a name that a key owns stays its own', async () => {
  const owner = await keyed('fay');
  const raw = await line();
  raw.type('fay');
  await raw.hears('Received fay: fay');
  raw.type('it is me');
  await raw.hears('Received fay: it is me');
  const entry = JSON.parse(await owner.hearsMatch(/it is me/));
  assert.equal(entry.from.name, 'fay-2');
  assert.equal(entry.from.guest, true);
  owner.send(JSON.stringify({ type: 'say', id: 3, to: '#lobby', text: 'two\nlines', nonce: 'ab'.repeat(16) }));
  await raw.hears('fay: two\nfay: lines');
  await Promise.all([owner.close(), raw.close()]);
});

test('an empty first line, and a command', async () => {
  const [gus, ear] = [await line(), await line()];
  ear.type('ear3'); await ear.hears('Received ear3: ear3');
  gus.type('');
  await gus.hearsMatch(/^! /);
  gus.type('gus');
  await gus.hears('Received gus: gus');
  gus.type('/me waves');
  await gus.hears('Received gus: /me waves');
  await ear.hears('* gus waves');
  gus.type('/nonsense');
  await gus.hearsMatch(/^! there is no \/nonsense/);
  assert.equal(ear.heard.some((one) => one.includes('nonsense')), false);
  await Promise.all([gus.close(), ear.close()]);
});

test('the same line three times in a burst', async () => {
  const [hal, ear] = [await line(), await line()];
  ear.type('ear4'); await ear.hears('Received ear4: ear4');
  hal.type('hal'); await hal.hears('Received hal: hal');
  hal.type('again'); hal.type('again'); hal.type('again'); hal.type('end');
  await hal.hears('Received hal: end');
  await ear.hears('hal: end');
  assert.equal(hal.count('Received hal: again'), 3);
  assert.equal(ear.count('hal: again'), 3);
  await Promise.all([hal.close(), ear.close()]);
});

test('the page\'s snippet, pasted into the host\'s own page', async () => {
  const origin = `http://localhost:${host.port}`;
  const answer = await fetch(`http://127.0.0.1:${host.port}/`);
  assert.equal(answer.status, 200);
  assert.match(await answer.text(), /wschat/);
  const ear = await line();
  ear.type('ear5'); await ear.hears('Received ear5: ear5');
  const page = await new Raw(host.url, { origin }).opened;
  page.send('Hello from browser!');
  await page.hears('Received Hello from browser!');
  await ear.hearsMatch(/^guest-[a-z0-9]{4}: Hello from browser!$/);
  ear.type('hello page');
  await page.hears('ear5: hello page');
  const strange = new Raw(host.url, { origin: 'https://elsewhere.example' });
  await assert.rejects(strange.opened, /403/);
  await Promise.all([page.close(), ear.close()]);
});

test('wschat joins a plain echo server', async () => {
  const echo = await startEcho();
  const data = mkdtempSync(join(tmpdir(), 'wschat-node-'));
  const term = inTerminal([binary, `ws://127.0.0.1:${echo.port}`, '--name', 'ida', '--data-dir', data]);
  await term.shows(/plain text/i);
  term.type('hello echo\r');
  await until(() => `the line at the server; it got ${JSON.stringify(echo.got)}`, () => echo.got.includes('ida: hello echo'), echo.changed);
  await term.shows(/hello echo/);
  term.type('/quit\r');
  assert.equal(await term.exited, 0);
  assert.equal(echo.got.filter((one) => one === 'ida: hello echo').length, 1, 'it is written once');
  assert.doesNotMatch(term.screen, /Received ida/, 'the echo is a tick and no second message');
  echo.stop();
  rmSync(data, { recursive: true, force: true });
});
