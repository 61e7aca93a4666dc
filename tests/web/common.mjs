// What the tests of the page share: a host that can be killed and started again in its place, people by raw wschat.v1,
// and people in a browser. Everything waits for a condition with a deadline; nothing sleeps. What a page logs as an error,
// and what its policy forbids, is counted and fails the test.
import { spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';
import WebSocket from 'ws';

export const DEADLINE_MS = 20_000;
const here = dirname(fileURLToPath(import.meta.url));
export const binary = process.env.WSCHAT_BIN ?? join(here, '..', '..', 'target', 'debug', 'wschat');
export const shots = join(here, 'shots');
mkdirSync(shots, { recursive: true });
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Tests are quicker than people. */
const QUICK = '[limits]\nmessage_burst = 0\njoin_burst = 0\nname_burst = 0\ninvite_burst = 0\nconnection_burst = 0\n';

/** Waits until `look()` gives something true; `changed` calls back whenever a look may be worth it. */
export function until(what, look, changed) {
  return new Promise((resolve, reject) => {
    const end = setTimeout(() => { changed.delete(check); reject(new Error(`waited in vain for ${what()}`)); }, DEADLINE_MS);
    const check = () => {
      const found = look();
      if (found) { clearTimeout(end); changed.delete(check); resolve(found); }
    };
    changed.add(check);
    check();
  });
}

async function freePort() {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** A host with a data folder of its own, on one port for good. */
export class Host {
  static async start(more = []) {
    const host = new Host();
    host.data = mkdtempSync(join(tmpdir(), 'wschat-web-'));
    host.config = join(host.data, 'quick.toml');
    writeFileSync(host.config, QUICK);
    host.port = await freePort();
    host.more = more;
    await host.again();
    return host;
  }

  get origin() { return `http://localhost:${this.port}`; }
  get ws() { return `ws://localhost:${this.port}/`; }

  async again() {
    this.child = spawn(binary, ['--host', `127.0.0.1:${this.port}`, '--headless', '--data-dir', this.data, '--config', this.config, ...this.more],
      { stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, log] = ['', ''];
    const changed = new Set();
    this.child.stdout.on('data', (part) => { out += part; changed.forEach((f) => f()); });
    this.child.stderr.on('data', (part) => { log += part; });
    await until(() => `the host's one line (it said: ${out} ${log})`, () => /^listening on /.test(out), changed);
  }

  async kill() {
    const gone = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await gone;
  }

  async stop() {
    const gone = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await gone;
    rmSync(this.data, { recursive: true, force: true });
  }
}

/** Somebody with a key, by wschat.v1: what docs/protocol.md says. */
export class Person {
  static async come(host, name, invite) {
    const one = new Person();
    Object.assign(one, { heard: [], changed: new Set(), id: 0, name });
    one.socket = new WebSocket(host.ws, ['wschat.v1']);
    one.socket.on('message', (data) => { one.heard.push(JSON.parse(String(data))); one.changed.forEach((f) => f()); });
    await once(one.socket, 'open');
    const hello = await one.hears((event) => event.type === 'hello');
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const key = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex');
    const message = Buffer.concat([Buffer.from(`wschat.v1 enter\0localhost:${host.port}\0`), Buffer.from(hello.challenge, 'hex')]);
    const welcome = await one.ask({ type: 'enter', name, key, sig: sign(null, message, privateKey).toString('hex'), ...(invite ? { invite } : {}) });
    if (welcome.type !== 'welcome') throw new Error(JSON.stringify(welcome));
    one.me = welcome.you;
    one.place = welcome.places[0];
    await one.ask({ type: 'resume', cursors: [] });
    return one;
  }

  hears(wanted) {
    return until(() => `${wanted}; ${this.name} heard ${JSON.stringify(this.heard.slice(-5))}`, () => this.heard.find(wanted), this.changed);
  }

  ask(command) {
    this.id += 1;
    const { id } = this;
    this.socket.send(JSON.stringify({ ...command, id }));
    return this.hears((event) => event.id === id);
  }

  /** Says something, and hears it. */
  say(text, more = {}) { return this.make({ type: 'say', to: '#lobby', text, ...more }); }

  make(command) {
    const nonce = randomBytes(16).toString('hex');
    this.socket.send(JSON.stringify({ ...command, nonce }));
    return this.hears((event) => event.nonce === nonce);
  }

  hearsSaid(text) { return this.hears((event) => event.type === 'entry' && event.text === text); }

  count(text) { return this.heard.filter((event) => event.type === 'entry' && event.kind === 'said' && event.text === text).length; }

  close() { this.socket.terminate(); }
}

export const DESK = { width: 1280, height: 800 };
export const PHONE = { width: 390, height: 844 };

let browser;
export async function startBrowser() {
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
  return browser;
}

/** Somebody in a browser of their own; what goes wrong in it is kept in `wrong`. */
export class Visitor {
  static async come(host, { name, path = '/', enter = true, init, ...options } = {}) {
    const one = new Visitor();
    one.host = host;
    one.wrong = [];
    one.context = await browser.newContext({ viewport: DESK, colorScheme: 'light', ...options });
    one.context.setDefaultTimeout(DEADLINE_MS);
    if (init) await one.context.addInitScript(init);
    one.page = await one.tab(path);
    if (enter && name) await one.enter(name);
    return one;
  }

  async tab(path = '/') {
    const page = await this.context.newPage();
    page.on('console', (message) => {
      const text = message.text();
      // That a host cannot be reached is told by the browser itself, and is meant to happen here.
      if (message.type() === 'error' && !/WebSocket connection to .* failed|ERR_CONNECTION_REFUSED/.test(text)) this.wrong.push(text);
    });
    page.on('pageerror', (error) => this.wrong.push(String(error?.stack ?? error)));
    page.on('request', (request) => {
      if (!/^(data:|blob:)/.test(request.url()) && new URL(request.url()).host !== new URL(this.host.origin).host) this.wrong.push(`a request to ${request.url()}`);
    });
    await page.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
    });
    await page.goto(this.host.origin + path);
    return page;
  }

  async enter(name, page = this.page) {
    await page.fill('#name', name);
    await page.click('#door-go');
    await this.in(page);
  }

  in(page = this.page) { return page.waitForFunction(() => document.getElementById('title')?.textContent && !document.getElementById('app').hidden && /here|online|away/.test(document.getElementById('state').textContent)); }

  async write(text, page = this.page) {
    await page.fill('#write', text);
    await page.press('#write', 'Enter');
  }

  /** The message with exactly this text. */
  message(text, page = this.page) { return page.locator('#log .message', { has: page.locator('.body').getByText(text, { exact: true }) }); }

  async sees(text, page = this.page) { await this.message(text, page).first().waitFor(); }

  shot(name, page = this.page) { return page.screenshot({ path: join(shots, `${name}.png`) }); }

  /** What axe finds that is serious or worse. */
  async axe(page = this.page) {
    await page.evaluate(axeSource);
    const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
    return violations.map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.map((node) => `${node.html.slice(0, 160)} — ${node.failureSummary}`) }));
  }

  async leave() {
    await this.context.close();
    return this.wrong;
  }
}
