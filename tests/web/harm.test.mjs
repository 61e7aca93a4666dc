// What may go wrong with a page: people and hosts that mean harm, a machine that sleeps, clocks that are wrong, texts that
// are too long, rooms that are too full. A console error or a breach of the page's policy fails the test it happens in.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { Host, PHONE, Person, Visitor } from './common.mjs';
import { browser, host, well } from './stage.mjs';

/** Whatever has been made into markup or run by mistake somewhere. */
const HARM = [
  '<script>owned()</script>',
  '<img src=x onerror=owned()>',
  '<svg onload=owned()><use href="data:image/svg+xml,x#x"/></svg>',
  '"><iframe srcdoc="<script>parent.owned()</script>">',
  "'><body onpageshow=owned()>",
  '</textarea></title></style></pre><script>owned()</script>',
  '<a href="javascript:owned()">x</a>',
  '[x](javascript:owned())',
  '[x](JaVaScRiPt:owned())',
  '[x](java\tscript:owned())',
  '[x](data:text/html,<script>owned()</script>)',
  '[x](vbscript:owned())',
  '[x](https://a.example/"onmouseover="owned())',
  '[https://good.example](https://evil.example)',
  'https://a.example/<script>owned()</script>',
  'https://a.example/"onfocus="owned()" autofocus="',
  'https://user:pass@a.example/',
  'javascript:owned()//https://a.example',
  '**<b onclick=owned()>**',
  '*_~~||<u>||~~_*',
  '`</code><script>owned()</script>`',
  '```"><script>owned()</script>\ncode\n```',
  '```javascript:owned()\ncode\n```',
  '```html onload=owned()\n<script>owned()</script>\n```',
  '```constructor\n${owned()} `x`\n```',
  '||<details open ontoggle=owned()>||',
  '> <base href="https://evil.example/">',
  '- <style>*{display:none}</style>',
  '<math><mtext></p><img src onerror=owned()>',
  '<meta http-equiv="refresh" content="0;url=https://evil.example">',
  '<form action=https://evil.example><input name=k autofocus onfocus=owned()>',
  '&lt;script&gt;owned()&lt;/script&gt; &#x3c;b&#x3e;',
  '{{constructor.constructor("owned()")()}} ${owned()} #{owned()}',
  '__proto__',
  'constructor',
  '\u202eowned\u202c \u2066x\u2069 \u200b\u200d\ufeff',
  '\u001b]0;owned\u0007\u001b[31mred\u0000',
  'Z\u0335\u0336\u0337\u0338\u0341\u0342\u0343\u0344\u0345\u0346'.repeat(20),
  '\ud800 \udfff alone',
];

/** A room with so many lines, `number 1` and on. */
const fills = async (person, room, most) => {
  await person.ask({ type: 'join', room });
  for (let n = 1; n <= most; n += 1) {
    const nonce = n.toString(16).padStart(32, '0');
    person.socket.send(JSON.stringify({ type: 'say', to: room, text: `number ${n}`, nonce }));
    if (n % 500 === 0 || n === most) await person.hearsSaid(`number ${n}`);
  }
};

/** Waits until the message with these words has the keys. */
const inHand = (page, words) =>
  page.waitForFunction(
    (words) =>
      document.activeElement?.matches('.message') &&
      document.activeElement.querySelector('.body')?.textContent === words,
    words,
  );

const count = (page, selector) => page.locator(selector).count();

test('words that mean harm are words: messages, reactions, topics, names, rooms, and what the host itself says', async () => {
  const pia = await Person.come(host, 'pia');
  await pia.ask({ type: 'join', room: '#harm' });
  for (const text of HARM) await pia.say(text, { to: '#harm' });
  const web = await Visitor.come(host, { enter: false });
  const { page } = web;
  await web.context.addInitScript(() => {
    globalThis.owned = () => console.error('owned');
  });
  const dialogs = [];
  page.on('dialog', (dialog) => dialogs.push(dialog.dismiss()));
  // What no honest host would pass on: all of it in every place there is for words.
  await page.routeWebSocket(/.*/, (socket) => {
    const server = socket.connectToServer();
    const tell = (event) => socket.send(JSON.stringify(event));
    let at = 0;
    server.onMessage((message) => {
      const event = JSON.parse(String(message));
      if (event.type === 'hello') event.server = HARM[1];
      if (event.type === 'welcome') tell({ ...event, type: 'refused', id: undefined, code: HARM[0], text: HARM[0] });
      tell(event);
      if (event.type !== 'resumed') return;
      const { epoch } = event.places[0];
      for (const bad of HARM) {
        at += 3;
        const who = { person: String(at).padStart(32, '0'), name: bad, bot: at % 2 === 0, guest: at % 3 === 0 };
        const place = { epoch, oldest: 1, head: 1, read: 1, unread: 3, mentions: 1, topic: bad };
        tell({ type: 'joined', place: { ...place, to: `#${bad}` } });
        tell({
          type: 'entry',
          to: '#lobby',
          seq: 1e6 + at,
          at: 8.7e15,
          from: who,
          kind: 'said',
          text: bad,
          reply_to: 1e6,
        });
        tell({ type: 'entry', to: '#lobby', seq: 1e6 + at + 1, at: 'x', from: who, kind: 'topic', text: bad });
        tell({
          type: 'entry',
          to: '#lobby',
          seq: 1e6 + at + 2,
          at: 0,
          from: who,
          kind: 'reacted',
          of: 1e6 + at,
          emoji: bad,
        });
        tell({ type: 'moved', room: '#lobby', who, joined: true });
        tell({ type: 'typing', to: '#lobby', who });
        tell({ type: 'renamed', who, was: bad });
        tell({ type: 'moderated', deed: bad, room: bad, who, by: who, why: bad });
        tell({ type: 'invited', room: bad, by: who });
        tell({ type: 'memos', memos: [{ memo: `draft:#${bad}`, text: bad }, { memo: bad, text: 7 }, null] });
        tell({ type: bad, to: bad });
      }
      for (const raw of [
        '[1,2',
        '{}',
        '[]',
        'null',
        '7',
        '{"type":"entry"}',
        '{"type":"page","id":1}',
        '{"type":"members"}',
      ])
        socket.send(raw);
    });
  });
  await page.reload();
  await web.enter('qin');
  await page
    .locator('#rooms-list li')
    .nth(HARM.length / 2)
    .waitFor();
  await web.write('/join #lobby');
  await page.locator('#title', { hasText: '#lobby' }).waitFor();
  await page.locator('#log .message').nth(20).waitFor();
  await web.shot('harm-lobby');
  for (const bad of [HARM[0], HARM[1]]) {
    await page.locator('#rooms-list li button', { hasText: bad }).first().click();
    await page.locator('#title', { hasText: bad }).waitFor();
  }
  await web.write('/join #harm');
  await page.locator('#title', { hasText: '#harm' }).waitFor();
  await web.sees(HARM[0]);
  await page.locator('#log').evaluate((log) => log.querySelectorAll('.veil').forEach((veil) => veil.click()));
  await web.shot('harm-room');
  const made =
    '#app :is(img, script, iframe, object, embed, style, base, meta, form:not(#composer), details, math, b[onclick])';
  assert.equal(await count(page, made), 0);
  assert.equal(await count(page, '#log svg'), 0);
  const handlers = await page.evaluate(() =>
    [...document.querySelectorAll('*')].flatMap((node) =>
      node.getAttributeNames().filter((name) => /^on/.test(name)),
    ),
  );
  assert.deepEqual(handlers, []);
  const hrefs = await page.locator('#log a').evaluateAll((all) => all.map((a) => [new URL(a.href).protocol, a.rel]));
  assert.ok(hrefs.length > 3);
  for (const one of hrefs) assert.deepEqual(one, ['https:', 'noopener noreferrer nofollow']);
  assert.match(await page.locator('#log').textContent(), /good\.example|https:\/\/good/);
  // A label never hides where it leads.
  assert.equal(
    await page
      .locator('#log a[href^="https://evil.example"]')
      .evaluateAll((all) => all.filter((a) => !a.textContent.includes('evil.example')).length),
    0,
  );
  const drawn = await page.locator('#app').evaluate((app) => app.innerText);
  assert.doesNotMatch(drawn, /[\u202a-\u202e\u2066-\u2069\u0000-\u0008\u000b-\u001f]/);
  assert.ok(
    await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth),
    'nothing is wider than the page',
  );
  assert.equal(dialogs.length, 0);
  assert.deepEqual(await page.evaluate(() => Object.keys(Object.prototype)), []);
  pia.close();
  await well(web);
});

test('pages of strange origins neither frame this one nor speak in its visitor’s name', async () => {
  const evil = createServer((_, answer) => {
    answer.setHeader('content-type', 'text/html');
    answer.end(`<title>evil</title><iframe id="f" src="${host.origin}/"></iframe>`);
  });
  evil.listen(0, '127.0.0.1');
  await once(evil, 'listening');
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.goto(`http://evil.test:${evil.address().port}/`);
    const end = await page.evaluate(
      (url) =>
        new Promise((done) => {
          const socket = new WebSocket(url, ['wschat.v1']);
          socket.onopen = () => done('open');
          socket.onerror = () => done('refused');
        }),
      host.ws,
    );
    assert.equal(end, 'refused');
    const read = await page.evaluate(
      (url) =>
        fetch(url).then(
          (answer) => answer.text(),
          () => 'refused',
        ),
      host.origin,
    );
    assert.equal(read, 'refused');
    assert.equal(
      await page
        .frames()[1]
        ?.locator('#door')
        .count()
        .catch(() => 0),
      0,
      'it is not framed',
    );
    // The host under a name that is not its own, as by DNS that was turned.
    const answer = await page.goto(`http://evil.test:${host.port}/`);
    assert.equal(answer.status(), 403);
    assert.match(await answer.text(), /not called that.*names/);
  } finally {
    await context.close();
    evil.close();
  }
});

test('a tab that slept, while much was said and the host began anew, has all of it once', async () => {
  const own = await Host.start();
  try {
    const web = await Visitor.come(own, { name: 'ada' });
    const { page } = web;
    let ben = await Person.come(own, 'ben');
    await ben.say('before it slept');
    await web.sees('before it slept');
    const devtools = await web.context.newCDPSession(page);
    await devtools.send('Page.setWebLifecycleState', { state: 'frozen' });
    for (let n = 0; n < 150; n += 1) await ben.say(`meanwhile ${n}`);
    await own.kill();
    await own.again();
    ben.close();
    ben = await ben.back(own);
    for (let n = 150; n < 300; n += 1) await ben.say(`meanwhile ${n}`);
    await devtools.send('Page.setWebLifecycleState', { state: 'active' });
    await page.bringToFront();
    await web.sees('meanwhile 299');
    // From the oldest to the newest: each once, in order, whatever of it is on the page at a time.
    await page.keyboard.press('Alt+Home');
    const seen = await page.evaluate(async () => {
      const log = document.getElementById('log');
      const [start, found] = [performance.now(), new Map()];
      while (![...found.values()].includes('meanwhile 299') || log.querySelector('.hole')) {
        if (performance.now() - start > 15_000) throw new Error(`saw ${[...found.values()].join()}`);
        for (const row of log.querySelectorAll('.message')) {
          const was = found.get(row.dataset.seq);
          const text = row.querySelector('.body').textContent;
          if (was !== undefined && was !== text) throw new Error(`${was} became ${text}`);
          found.set(row.dataset.seq, text);
        }
        log.querySelector('.hole button')?.click();
        log.scrollTop += 500;
        await new Promise((done) => requestAnimationFrame(done));
      }
      return [...found].sort((a, b) => a[0] - b[0]).map(([, text]) => text);
    });
    assert.deepEqual(seen, ['before it slept', ...Array.from({ length: 300 }, (_, n) => `meanwhile ${n}`)]);
    ben.close();
    await well(web);
  } finally {
    await own.stop();
  }
});

/** A clock that is wrong by `globalThis.skew`, and can be turned further. */
function wrongClock() {
  globalThis.skew = -40 * 86_400_000;
  const real = Date.now;
  const Right = Date;
  globalThis.Date = class extends Right {
    constructor(...args) {
      super(...(args.length ? args : [real() + globalThis.skew]));
    }
    static now() {
      return real() + globalThis.skew;
    }
  };
}

test('a clock that is wrong, and is turned back: times are the host’s, and the order is what was said', async () => {
  const own = await Host.start();
  try {
    const web = await Visitor.come(own, { name: 'cleo', init: wrongClock });
    const { page } = web;
    await web.write('one');
    await web.sees('one');
    await page.locator('#log .waiting').waitFor({ state: 'detached' });
    const today = await page.evaluate(() => new Date(performance.timeOrigin + performance.now()).getDate());
    const shown = await page.locator('#log .line.day').textContent();
    assert.match(shown, new RegExp(`\\b${today}\\b`), 'the day of the host');
    await own.kill();
    await page.locator('#state.bad').waitFor();
    await web.write('two');
    await page.evaluate(() => {
      globalThis.skew -= 86_400_000;
    });
    await web.write('three');
    await page.evaluate(() => {
      globalThis.skew += 400 * 86_400_000;
    });
    await web.write('four');
    await page.locator('#log .waiting .body', { hasText: 'four' }).waitFor();
    const waiting = await page.locator('#log .waiting .body').allTextContents();
    assert.deepEqual(waiting, ['two', 'three', 'four']);
    await own.again();
    await page.locator('#log .waiting').last().waitFor({ state: 'detached' });
    const ann = await Person.come(own, 'ann');
    const { entries } = await ann.ask({ type: 'page', to: '#lobby' });
    assert.deepEqual(
      entries.map((entry) => entry.text),
      ['one', 'two', 'three', 'four'],
    );
    ann.close();
    await well(web);
  } finally {
    await own.stop();
  }
});

test('ten thousand lines pasted, the longest line, the most lines', async () => {
  const dan = await Person.come(host, 'dan');
  const web = await Visitor.come(host, { name: 'eli', path: '/#long-lines' });
  const { page } = web;
  await page.locator('#title', { hasText: '#long-lines' }).waitFor();
  await dan.ask({ type: 'join', room: '#long-lines' });
  const paste = Array.from({ length: 10_000 }, (_, n) => `line ${n}`).join('\n');
  await page.locator('#write').focus();
  await web.context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.evaluate((text) => navigator.clipboard.writeText(text), paste);
  const began = Date.now();
  await page.keyboard.press('Control+v');
  await page.locator('#left.bad', { hasText: /of 8192 bytes/ }).waitFor();
  console.log(`10,000 lines pasted: ${Date.now() - began} ms`);
  const high = await page.locator('#write').evaluate((node) => node.clientHeight / innerHeight);
  assert.ok(high < 0.5, 'it does not take the page');
  await page.keyboard.press('Enter');
  await page.locator('#note.error', { hasText: 'too long' }).waitFor();
  assert.equal((await page.inputValue('#write')).length, paste.length, 'it is not lost');
  await web.shot('too-long');
  assert.deepEqual(await web.axe(), []);
  await page.fill('#write', '');
  await page.locator('#left', { hasText: /^$/ }).waitFor({ state: 'attached' });

  const more = { to: '#long-lines' };
  await dan.say('W'.repeat(8192), more);
  await dan.say(`x${'\ny'.repeat(4095)}`, more);
  await dan.say(`\`\`\`\n${'z'.repeat(5000)}\n${'b\n'.repeat(1000)}\`\`\``, more);
  await dan.say('*a **b ||'.repeat(900).slice(0, 8000), more);
  await dan.say('> '.repeat(4000), more);
  await dan.say('the end of it', more);
  await web.sees('the end of it');
  await page.getByRole('button', { name: '… 4072 more lines' }).waitFor();
  const log = page.locator('#log');
  assert.ok(await log.evaluate((node) => node.scrollWidth <= node.clientWidth), 'no line is wider than the pane');
  await page.getByRole('button', { name: '… 4072 more lines' }).click();
  await page.waitForFunction(() => document.querySelector('#log').textContent.split('\ny').length > 4000);
  dan.close();
  await well(web);
});

test('ten thousand messages in a room: little of it is on the page, and nothing waits for it', async () => {
  const fin = await Person.come(host, 'fin');
  const most = 10_000;
  await fills(fin, '#full', most);
  const web = await Visitor.come(host, { name: 'gia', path: '/#full' });
  const { page } = web;
  await web.sees(`number ${most}`);
  // All of it is read, upwards: frames stay short, what is on the page stays little.
  const told = await page.evaluate(async (most) => {
    const log = document.getElementById('log');
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    const [waits, start] = [[], performance.now()];
    let [rows, longest] = [0, 0];
    new PerformanceObserver((list) => {
      for (const one of list.getEntries()) longest = Math.max(longest, one.duration);
    }).observe({ type: 'longtask' });
    while (!log.textContent.includes('The beginning')) {
      if (performance.now() - start > 60_000) throw new Error(`no beginning after ${waits.length} frames`);
      const before = performance.now();
      log.scrollTop = 0;
      await frame();
      waits.push(performance.now() - before);
      rows = Math.max(rows, log.querySelectorAll('.message').length);
    }
    waits.sort((a, b) => a - b);
    const first = log.querySelector('.message .body').textContent;
    return { ms: performance.now() - start, rows, longest, p95: waits[Math.floor(waits.length * 0.95)], first, most };
  }, most);
  console.log(`10,000 messages read upwards: ${JSON.stringify(told)}`);
  assert.equal(told.first, 'number 1');
  assert.ok(told.rows <= 500, `${told.rows} messages on the page at once`);
  assert.ok(told.longest < 600, `a task of ${told.longest} ms`);
  // With all of it in memory a new line is there at once, and so is the end.
  await page.locator('#down').click();
  await web.sees(`number ${most}`);
  await fin.say('one more', { to: '#full' });
  await web.sees('one more');
  assert.ok((await count(page, '#log .message')) <= 500);
  // From the end to the middle and on by keys, over what is not on the page.
  await web.write('/goto 5000');
  await inHand(page, 'number 5000');
  for (let n = 0; n < 130; n += 1) await page.keyboard.press('ArrowUp');
  await inHand(page, 'number 4870');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await web.sees('one more');
  fin.close();
  await well(web);
});

test('a key that is held over messages that are still on their way: no step is lost, and the keys stay where one is', async () => {
  const kit = await Person.come(host, 'kit');
  await fills(kit, '#steps', 900);
  const first = kit.heard.find((event) => event.text === 'number 1').seq;
  const web = await Visitor.come(host, { name: 'leo', path: '/#steps' });
  const { page } = web;
  // A host that takes its time with what was said before.
  let [held, late] = [() => false, []];
  await page.routeWebSocket(/.*/, (socket) => {
    const server = socket.connectToServer();
    server.onMessage((message) => {
      const send = () => socket.send(message);
      const event = JSON.parse(String(message));
      if (event.type === 'page' && held(event)) late.push(send);
      else send();
    });
  });
  const arrives = () => {
    held = () => false;
    for (const send of late.splice(0)) send();
  };
  const press = async (key, times) => {
    for (let n = 0; n < times; n += 1) await page.keyboard.press(key);
  };
  await page.reload();
  await web.in();
  await web.sees('number 900');
  // Who goes elsewhere meanwhile is not taken further.
  held = () => true;
  await page.locator('#write').press('Shift+Tab');
  await press('ArrowUp', 150);
  await page.keyboard.press('End');
  await inHand(page, 'number 900');
  arrives();
  await kit.say('all of it has come', { to: '#steps' });
  await web.sees('all of it has come');
  await inHand(page, 'number 900');
  held = ({ from }) => from < 450;
  await web.write('/goto 500');
  await inHand(page, 'number 500');
  // Up, over the end of what is here; while it waits the keys are where they were.
  await press('ArrowUp', 130);
  await inHand(page, 'number 450');
  arrives();
  await inHand(page, 'number 370');
  // Down again and on, into the hole below, with some steps back meanwhile.
  await web.write('/goto 500');
  await inHand(page, 'number 500');
  held = () => true;
  await press('ArrowDown', 200);
  await press('k', 30);
  assert.equal(await page.evaluate(() => document.activeElement.matches('#log .message')), true);
  arrives();
  await inHand(page, 'number 670');
  // Who does something else meanwhile has gone far enough.
  held = ({ from }) => from < 100;
  await web.write('/goto 150');
  await inHand(page, 'number 150');
  await press('ArrowUp', 120);
  await page.keyboard.press('Escape');
  arrives();
  await page.waitForFunction(() => document.getElementById('log').textContent.includes('The beginning'));
  assert.equal(await page.evaluate(() => document.activeElement.id), 'write');
  // The beginning is the end of it, and no key goes astray there.
  await web.write('/goto 20');
  await inHand(page, 'number 20');
  await press('ArrowUp', 40);
  await inHand(page, 'number 1');
  await press('ArrowDown', 3);
  await inHand(page, 'number 4');
  // What has the keys is scrolled out of what is on the page: the next step goes on from what is there.
  await page.keyboard.press('End');
  await inHand(page, 'all of it has come');
  await page.locator('#log').evaluate(async (log) => {
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    while (!log.textContent.includes('The beginning')) {
      log.scrollTop = 0;
      await frame();
    }
  });
  assert.equal(await page.evaluate(() => document.activeElement.matches('#log .message')), true);
  await page.keyboard.press('Home');
  await inHand(page, 'number 1');
  // Its buttons have the keys while the mouse comes to be elsewhere; what it says is read while it is drawn anew.
  await page.mouse.move(600, 300);
  await page.keyboard.press('Enter');
  await page.mouse.move(600, 500);
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Reply');
  await page.keyboard.press('Escape');
  await inHand(page, 'number 1');
  await page.keyboard.press('v');
  await page.locator('#sheet').waitFor();
  await kit.make({ type: 'react', to: '#steps', of: Number(first), emoji: '🎉' });
  await page.locator('.reactions').waitFor();
  await page.keyboard.press('Escape');
  await inHand(page, 'number 1');
  kit.close();
  await well(web);
});

test('the first load is small and comes from here; the second is not sent again', async () => {
  const web = await Visitor.come(host, { enter: false, viewport: PHONE });
  const { page } = web;
  const loaded = () =>
    page.evaluate(() =>
      [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
        .filter((one) => one.name.startsWith('http'))
        .map((one) => [new URL(one.name).pathname.replace(/\w{16}/, '-'), one.encodedBodySize, one.transferSize]),
    );
  await page.locator('#name').waitFor();
  const first = await loaded();
  assert.deepEqual(first.map(([path]) => path).sort(), ['/', '/web/-/client.css', '/web/-/main.js']);
  const sum = first.reduce((all, [, body]) => all + body, 0);
  console.log(`first load: ${first.length} requests, ${sum} bytes of bodies`);
  assert.ok(sum > 10_000 && sum < 60_000, `${sum}`);
  await page.reload();
  await page.locator('#name').waitFor();
  for (const [path, , sent] of await loaded()) assert.ok(sent < 700, `${path} was sent again: ${sent} bytes`);
  await well(web);
});
