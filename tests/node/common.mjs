// What the tests of raw clients share: a host of their own on a free port, and WebSocket programs as a tutorial writes
// them. Everything waits for a condition with a deadline; nothing sleeps.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import WebSocket, { WebSocketServer } from 'ws';

const DEADLINE_MS = 20_000;
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
export const binary = process.env.WSCHAT_BIN ?? join(root, 'target', 'debug', 'wschat');

/** Waits until `look()` gives something true; `changed` calls back whenever a look may be worth it. */
export function until(what, look, changed) {
  return new Promise((resolve, reject) => {
    const end = setTimeout(() => reject(new Error(`waited in vain for ${what()}`)), DEADLINE_MS);
    const check = () => {
      const found = look();
      if (found) { clearTimeout(end); changed.delete(check); resolve(found); }
    };
    changed.add(check);
    check();
  });
}

/** A host with a data folder of its own; `kill` and `again` are its death and its next life, at the same port. */
export async function startHost() {
  const data = mkdtempSync(join(tmpdir(), 'wschat-node-'));
  const host = { };
  const start = async (port) => {
    const child = spawn(binary, ['--host', `127.0.0.1:${port}`, '--headless', '--data-dir', data], { stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '', log = '';
    const changed = new Set();
    child.stdout.on('data', (part) => { out += part; changed.forEach((f) => f()); });
    child.stderr.on('data', (part) => { log += part; });
    const found = await until(() => `the host's one line (it said: ${out} ${log})`, () => out.match(/^listening on (ws:\/\/127\.0\.0\.1:(\d+))\n/), changed);
    Object.assign(host, { url: found[1], port: Number(found[2]) });
    const end = async (signal) => {
      const gone = new Promise((done) => child.once('exit', (code) => done(code)));
      child.kill(signal);
      return gone;
    };
    host.kill = () => end('SIGKILL');
    host.stop = async () => {
      const code = await end('SIGTERM');
      rmSync(data, { recursive: true, force: true });
      return { code, out };
    };
  };
  host.again = () => start(host.port);
  await start(0);
  return host;
}

/** A raw client: what it hears is kept in `heard`. */
export class Raw {
  constructor(url, { protocols, ...options } = {}) {
    this.heard = [];
    this.changed = new Set();
    this.socket = protocols ? new WebSocket(url, protocols, options) : new WebSocket(url, options);
    const note = () => this.changed.forEach((f) => f());
    this.opened = new Promise((resolve, reject) => {
      this.socket.once('open', () => resolve(this));
      this.socket.once('error', reject);
    });
    this.socket.on('message', (data) => { this.heard.push(String(data)); note(); });
    this.closed = new Promise((resolve) => this.socket.once('close', (code) => resolve(code)));
  }
  send(frame) { this.socket.send(frame); return this; }
  /** Waits until this frame was heard `times` times. */
  hears(frame, times = 1) {
    const count = () => this.heard.filter((one) => one === frame).length;
    return until(() => `“${frame}” ×${times}; heard ${JSON.stringify(this.heard)}`, () => count() >= times, this.changed);
  }
  hearsMatch(pattern) {
    return until(() => `${pattern}; heard ${JSON.stringify(this.heard)}`, () => this.heard.find((one) => pattern.test(one)), this.changed);
  }
  count(frame) { return this.heard.filter((one) => one === frame).length; }
  close() { this.socket.close(); return this.closed; }
}

/** The tutorial's client: asks for a name first, puts it in front of every line, and sends the name itself too. */
export class LineClient extends Raw {
  constructor(url) { super(url); this.name = ''; }
  type(line) {
    if (!this.name) this.name = line;
    return this.send(`${this.name}: ${line}`);
  }
}

/** The tutorial's server: gives back what it gets. */
export function startEcho() {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  const got = [];
  const changed = new Set();
  server.on('connection', (socket) => {
    socket.on('message', (message) => {
      got.push(String(message));
      socket.send(`Received ${message}`);
      changed.forEach((f) => f());
    });
  });
  return new Promise((resolve) => server.once('listening', () => resolve({
    port: server.address().port, got, changed,
    stop: () => { for (const one of server.clients) one.terminate(); server.close(); },
  })));
}

/** A program in a terminal of its own (util-linux `script` makes it); `screen` is everything it ever drew. */
export function inTerminal(words, env = {}) {
  const command = words.map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['-qfec', `stty rows 24 cols 100; exec ${command}`, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, TERM: 'xterm-256color', ...env },
  });
  const changed = new Set();
  const term = {
    screen: '', changed,
    type: (keys) => child.stdin.write(keys),
    shows: (pattern) => until(() => `${pattern} on the screen`, () => pattern.test(term.screen), changed),
    exited: new Promise((resolve) => child.once('exit', (code) => resolve(code))),
    stop: () => child.kill('SIGTERM'),
  };
  child.stdout.on('data', (part) => { term.screen += part; changed.forEach((f) => f()); });
  return term;
}
