// What the tests of the page share: a host that can be killed and started again in its place, people by raw
// wschat.v1, and people in a browser. Everything waits for a condition with a deadline; nothing sleeps. What a page
// logs as an error, and what its policy forbids, is counted and fails the test.
import { spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes, randomInt, sign } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createRequire } from 'node:module';
import xterm from '@xterm/headless';
import { chromium } from 'playwright-core';
import WebSocket from 'ws';

export const DEADLINE_MS = 20_000;
const here = dirname(fileURLToPath(import.meta.url));
export const binary = process.env.WSCHAT_BIN ?? join(here, '..', '..', 'target', 'debug', 'wschat');
export const shots = join(here, 'shots');
mkdirSync(shots, { recursive: true });
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Tests are quicker than people. */
const QUICK = '[limits]\nmessage_burst = 0\njoin_burst = 0\nname_burst = 0\ninvite_burst = 0\nconnection_burst = 0\n' +
  // Nearly every search comes too soon.
  'search_burst = 1\n';

/** Waits until `look()` gives something true; `changed` calls back whenever a look may be worth it. */
export function until(what, look, changed) {
  return new Promise((resolve, reject) => {
    const end = setTimeout(() => {
      changed.delete(check);
      reject(new Error(`waited in vain for ${what()}`));
    }, DEADLINE_MS);
    const check = () => {
      const found = look();
      if (found) {
        clearTimeout(end);
        changed.delete(check);
        resolve(found);
      }
    };
    changed.add(check);
    check();
  });
}

/**
 * A port nobody listens at. Not one of those that connections are given (from 32,768 on): a host that is killed must find
 * it free when it comes again, whatever the other tests dial meanwhile.
 */
async function freePort() {
  for (;;) {
    const port = 10_000 + randomInt(20_000);
    const server = createServer();
    const tried = new Promise((done) => server.once('error', () => done(false)).once('listening', () => done(true)));
    server.listen(port, '127.0.0.1');
    if (!(await tried)) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}

/** Whatever happens, nothing that was started here outlives the tests. */
const started = new Set();
process.on('exit', () => {
  for (const child of started) child.kill('SIGKILL');
});

/** A host with a data folder of its own, on one port for good. */
export class Host {
  static async start(more = [], settings = '', address = '127.0.0.1') {
    const host = new Host();
    host.address = address;
    host.data = mkdtempSync(join(tmpdir(), 'wschat-web-'));
    host.config = join(host.data, 'quick.toml');
    host.port = await freePort();
    writeFileSync(host.config, `${settings.replaceAll('PORT', host.port)}${QUICK}`);
    host.more = more;
    await host.again();
    return host;
  }

  get origin() {
    return `http://localhost:${this.port}`;
  }
  get ws() {
    return `ws://localhost:${this.port}/`;
  }

  async again() {
    this.child = spawn(
      binary,
      [
        '--host',
        `${this.address}:${this.port}`,
        '--headless',
        '--data-dir',
        this.data,
        '--config',
        this.config,
        ...this.more,
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let [out, log] = ['', ''];
    const changed = new Set();
    started.add(this.child);
    this.child.stdout.on('data', (part) => {
      out += part;
      changed.forEach((f) => f());
    });
    this.child.stderr.on('data', (part) => {
      log += part;
    });
    const lines =
      this.more.includes('--no-tls') && !this.owner ? /^listening on [^\n]*\n[^\n]*'([^']*)'/ : /^listening on /;
    const said = await until(
      () => `the host's lines (it said: ${out} ${log})`,
      () => lines.exec(out),
      changed,
    );
    this.owner ??= said[1];
  }

  kill() {
    return this.end('SIGKILL');
  }

  async end(signal) {
    // Whoever could not begin has ended already, and ends no second time.
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, 'exit');
    this.child.kill(signal);
    await gone;
  }

  /** All it kept is gone; only while it does not run. */
  forget() {
    for (const name of readdirSync(this.data))
      if (name.startsWith('host')) rmSync(join(this.data, name), { recursive: true });
  }

  async stop() {
    await this.end('SIGTERM');
    rmSync(this.data, { recursive: true, force: true });
  }
}

/** Somebody in a terminal, in lines. */
export class Terminal {
  constructor(host, name) {
    Object.assign(this, { name, out: '', changed: new Set() });
    this.child = spawn(
      binary,
      ['--plain', '--name', name, '--data-dir', join(host.data, name), `localhost:${host.port}`],
      { stdio: ['pipe', 'pipe', 'ignore'] },
    );
    started.add(this.child);
    this.child.stdout.on('data', (part) => {
      this.out += part;
      this.changed.forEach((f) => f());
    });
  }

  types(line) {
    this.child.stdin.write(`${line}\n`);
  }

  hears(words) {
    return until(
      () => `“${words}”; ${this.name} heard ${this.out}`,
      () => this.out.includes(words),
      this.changed,
    );
  }

  count(words) {
    return this.out.split(words).length - 1;
  }

  async leave() {
    const gone = once(this.child, 'exit');
    this.child.stdin.end();
    await gone;
  }
}

/** Somebody in a terminal, with all of its screen (util-linux `script` makes the terminal). */
export class Screen {
  constructor(host, name, to = `localhost:${host.port}`) {
    Object.assign(this, { name, changed: new Set() });
    this.term = new xterm.Terminal({ cols: 110, rows: 40, allowProposedApi: true });
    const command = `'${binary}' --name ${name} --data-dir '${join(host.data, name)}' '${to}'`;
    this.child = spawn('script', ['-qfec', `stty rows 40 cols 110; exec ${command}`, '/dev/null'], {
      env: { ...process.env, TERM: 'xterm-256color' },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    started.add(this.child);
    this.child.stdout.on('data', (part) => this.term.write(part, () => this.changed.forEach((f) => f())));
    // What a terminal answers by itself.
    this.term.onData((answer) => this.child.stdin.write(answer));
  }

  get text() {
    const { active } = this.term.buffer;
    return Array.from({ length: 40 }, (_, n) => active.getLine(active.baseY + n)?.translateToString(true)).join('\n');
  }

  types(keys) {
    this.child.stdin.write(keys);
  }

  line(words) {
    this.types(`${words}\r`);
  }

  sees(words) {
    return until(
      () => `“${words}” on the screen of ${this.name}:\n${this.text}`,
      () => (words instanceof RegExp ? words.test(this.text) : this.text.includes(words)),
      this.changed,
    );
  }

  async leave() {
    const gone = once(this.child, 'exit');
    this.types('\x11');
    await gone;
  }
}

/** Somebody with a key, by wschat.v1: what docs/protocol.md says. */
export class Person {
  static async come(host, name, invite, keys = generateKeyPairSync('ed25519')) {
    const one = new Person();
    Object.assign(one, { heard: [], changed: new Set(), id: 0, name, keys });
    one.socket = new WebSocket(host.ws, ['wschat.v1']);
    one.socket.on('message', (data) => {
      one.heard.push(JSON.parse(String(data)));
      one.changed.forEach((f) => f());
    });
    await once(one.socket, 'open');
    const hello = await one.hears((event) => event.type === 'hello');
    const { publicKey, privateKey } = keys;
    const key = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex');
    const message = Buffer.concat([
      Buffer.from(`wschat.v1 enter\0localhost:${host.port}\0`),
      Buffer.from(hello.challenge, 'hex'),
    ]);
    const welcome = await one.ask({
      type: 'enter',
      name,
      key,
      sig: sign(null, message, privateKey).toString('hex'),
      ...(invite ? { invite } : {}),
    });
    if (welcome.type !== 'welcome') throw new Error(JSON.stringify(welcome));
    one.me = welcome.you;
    one.place = welcome.places[0];
    await one.ask({ type: 'resume', cursors: [] });
    return one;
  }

  /** Comes again, as the same. */
  back(host) {
    return Person.come(host, this.name, undefined, this.keys);
  }

  hears(wanted) {
    return until(
      () => `${wanted}; ${this.name} heard ${JSON.stringify(this.heard.slice(-5))}`,
      () => this.heard.find(wanted),
      this.changed,
    );
  }

  ask(command) {
    this.id += 1;
    const { id } = this;
    this.socket.send(JSON.stringify({ ...command, id }));
    return this.hears((event) => event.id === id);
  }

  /** Says something, and hears it. */
  say(text, more = {}) {
    return this.make({ type: 'say', to: '#lobby', text, ...more });
  }

  make(command) {
    const nonce = randomBytes(16).toString('hex');
    this.socket.send(JSON.stringify({ ...command, nonce }));
    return this.hears((event) => event.nonce === nonce);
  }

  hearsSaid(text) {
    return this.hears((event) => event.type === 'entry' && event.text === text);
  }

  count(text) {
    return this.heard.filter((event) => event.type === 'entry' && event.kind === 'said' && event.text === text)
      .length;
  }

  close() {
    this.socket.terminate();
  }
}

export const DESK = { width: 1280, height: 800 };
export const PHONE = { width: 390, height: 844 };

let browser;
export async function startBrowser() {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--host-resolver-rules=MAP lan.test 127.0.0.1, MAP evil.test 127.0.0.1'],
  });
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
      if (message.type() === 'error' && !/WebSocket connection to .* failed|ERR_CONNECTION_REFUSED/.test(text))
        this.wrong.push(text);
    });
    page.on('pageerror', (error) => this.wrong.push(String(error?.stack ?? error)));
    page.on('request', (request) => {
      if (!/^(data:|blob:)/.test(request.url()) && new URL(request.url()).port !== String(this.host.port))
        this.wrong.push(`a request to ${request.url()}`);
    });
    await page.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) =>
        console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`),
      );
    });
    await page.goto(/^http/.test(path) ? path : this.host.origin + path);
    return page;
  }

  async enter(name, page = this.page) {
    await page.fill('#name', name);
    await page.click('#door-go');
    await this.in(page);
  }

  in(page = this.page) {
    return page.waitForFunction(
      () =>
        document.getElementById('title')?.textContent &&
        !document.getElementById('app').hidden &&
        /here|online|away/.test(document.getElementById('state').textContent),
    );
  }

  async write(text, page = this.page) {
    await page.fill('#write', text);
    await page.press('#write', 'Enter');
  }

  /** The message with exactly this text. */
  message(text, page = this.page) {
    return page.locator('#log .message', { has: page.locator('.body').getByText(text, { exact: true }) });
  }

  async sees(text, page = this.page) {
    await this.message(text, page).first().waitFor();
  }

  shot(name, page = this.page) {
    return page.screenshot({ path: join(shots, `${name}.png`) });
  }

  /** What axe finds that is serious or worse. */
  async axe(page = this.page) {
    await page.evaluate(axeSource);
    const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
    return violations.map(({ id, impact, nodes }) => ({
      id,
      impact,
      nodes: nodes.map((node) => `${node.html.slice(0, 160)} — ${node.failureSummary}`),
    }));
  }

  async leave() {
    await this.context.close();
    return this.wrong;
  }
}
