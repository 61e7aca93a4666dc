// The wire: one WebSocket to the host this page came from, dialled again with growing waits that have chance in
// them, and at once when the page is looked at again or the network is back. What is said over it, and what a
// refusal means, is the mind's (`chat.js`).

const FIRST_MS = 250;
const LONGEST_MS = 30_000;
const ANEW_MS = 60_000;

/** How long a dial may take: a host that hangs answers nothing at all. */
const DIAL_MS = 15_000;

/** Who has heard nothing for so long asks something; no answer within the second time is a dead connection. */
const QUIET_MS = 40_000;
const ANSWER_MS = 10_000;

/** Closes after which nobody comes back unasked, and what to say. */
const STAY_AWAY = new Map([
  [1000, 'You have left.'],
  [1003, 'The host did not understand this page. Load it anew.'],
  [1007, 'The host did not understand this page. Load it anew.'],
  [1009, 'That was more than the host takes at once.'],
  [4400, 'The host did not understand this page. Load it anew.'],
  [4403, 'You were sent away.'],
]);

export class Link {
  #socket = null;
  #failures = 0;
  #timer = 0;
  #since = 0;
  #heard = 0;
  #probe = 0;
  #stopped = true;

  /** `hears` gets up(), event(object), down({why, retryAt, code}) and probe(). */
  constructor(url, hears) {
    this.url = url;
    this.hears = hears;
    const now = () => this.wake();
    addEventListener('online', now);
    addEventListener('pageshow', now);
    document.addEventListener('resume', now);
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) now();
    });
  }

  get open() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  dial() {
    this.#stopped = false;
    clearTimeout(this.#timer);
    this.#drop();
    const socket = new WebSocket(this.url, ['wschat.v1']);
    this.#socket = socket;
    this.#since = 0;
    this.#timer = setTimeout(() => this.#ended(socket, 1006), DIAL_MS);
    socket.onopen = () => {
      clearTimeout(this.#timer);
      this.#since = performance.now();
      this.#listen();
      this.hears.up();
    };
    socket.onmessage = ({ data }) => {
      if (this.#socket !== socket) return;
      this.#listen();
      let event;
      try {
        event = JSON.parse(data);
      } catch {
        return;
      }
      if (event && typeof event === 'object' && typeof event.type === 'string') this.hears.event(event);
    };
    socket.onclose = ({ code }) => this.#ended(socket, code);
    socket.onerror = () => {};
  }

  send(command) {
    if (this.open) this.#socket.send(JSON.stringify(command));
  }

  /** It does not answer: dial anew. */
  redial() {
    if (!this.#stopped && this.#socket) this.#ended(this.#socket, 1006, true);
  }

  /** Somebody looks, or the network is back: waits are over, and a wire that was quiet is asked. */
  wake() {
    if (this.#stopped) return;
    if (!this.#socket) {
      this.#failures = 0;
      this.dial();
    } else if (this.open && performance.now() - this.#heard > 5_000) {
      this.#ask();
    }
  }

  /** No more, until it is dialled again. */
  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#drop();
  }

  #listen() {
    this.#heard = performance.now();
    clearTimeout(this.#probe);
    this.#probe = setTimeout(() => this.#ask(), QUIET_MS);
  }

  #ask() {
    if (!this.open) return;
    clearTimeout(this.#probe);
    this.#probe = setTimeout(() => this.redial(), ANSWER_MS);
    this.hears.probe();
  }

  #drop() {
    clearTimeout(this.#probe);
    const socket = this.#socket;
    this.#socket = null;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
  }

  #ended(socket, code, now = false) {
    if (this.#socket !== socket) return;
    clearTimeout(this.#timer);
    const held = this.#since ? performance.now() - this.#since : 0;
    this.#drop();
    if (this.#stopped) return;
    if (code === 4401 || STAY_AWAY.has(code)) {
      this.#stopped = true;
      this.hears.down({ code, why: STAY_AWAY.get(code) ?? 'The host waited for a name.', retryAt: null });
      return;
    }
    if (held >= ANEW_MS) this.#failures = 0;
    const doubled = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(this.#failures, 16));
    this.#failures += 1;
    const wait = now || code === 4408 ? 0 : doubled * (0.5 + Math.random() / 2);
    this.#timer = setTimeout(() => this.dial(), wait);
    const why = code === 1012 ? 'The host restarts.' : 'No connection to the host.';
    this.hears.down({ code, why, retryAt: Date.now() + wait });
  }
}
