// The page of a host, used as people use it: by somebody in a terminal, somebody by raw wschat.v1 and people in
// browsers, in one conversation. A console error or a breach of the page's policy fails the test it happens in.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { DESK, Host, PHONE, Person, Terminal, Visitor } from './common.mjs';
import { browser, host, well } from './stage.mjs';

/** Waits until this many messages have this text; more is an error at once. */
const times = async (visitor, text, count, page = visitor.page) => {
  await page.waitForFunction(
    ([text, count]) =>
      [...document.querySelectorAll('#log .message:not(.waiting):not(.failed) .body')].filter(
        (body) => body.textContent === text,
      ).length >= count,
    [text, count],
  );
  assert.equal(await visitor.message(text, page).count(), count, `“${text}”`);
};

test('a terminal and a browser talk: say, reply, edit, react, delete, type', async () => {
  const ann = new Terminal(host, 'ann');
  await ann.hears('now in #lobby');
  const web = await Visitor.come(host, { name: 'web' });
  const { page } = web;
  await ann.hears('web joined');
  ann.types('hello web, this is **ann**');
  await web.sees('hello web, this is ann');
  assert.equal(await page.locator('.message strong').textContent(), 'ann');
  assert.match(await page.locator('#heard').textContent(), /ann: hello web/, 'a screen reader is told');
  assert.ok(await page.locator('#heard').evaluate((node) => node.matches('[role=log][aria-live=polite]')));

  await web.message('hello web, this is ann').hover();
  await page.getByRole('button', { name: 'Reply' }).click();
  await web.write('hello ann');
  await ann.hears('web to “hello web, this is **ann**”: hello ann');
  await page.locator('.message .quote').waitFor();

  await page.locator('#log .waiting').waitFor({ state: 'detached' });
  await page.locator('#write').press('Alt+e');
  await page.locator('#doing').waitFor();
  await web.write('hello dear ann');
  await ann.hears('web changed “hello ann” to: hello dear ann');
  await page.getByText('(edited)').waitFor();
  await web.write('s/dear/dearest/');
  await ann.hears('to: hello dearest ann');

  ann.types('/react 2 :tada:');
  const party = page.getByRole('button', { name: /^🎉 1, by ann/ });
  await party.waitFor();
  await party.click();
  await page.getByRole('button', { name: /^🎉 2/ }).waitFor();
  await ann.hears('web reacted 🎉');
  await page.getByRole('button', { name: /^🎉 2/ }).click();
  await party.waitFor();

  // All of it by keys: to the messages, the menu of reactions, a deletion that is asked about.
  await page.locator('#write').press('Shift+Tab');
  await page.keyboard.press('+');
  await page.locator('#palette-input').fill('rocket');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: /^🚀 1, by web/ }).waitFor();
  await page.locator('#log .message').last().focus();
  await page.keyboard.press('d');
  await page.getByRole('button', { name: 'Delete', exact: true }).last().click();
  await page.locator('.message.gone').waitFor();
  await ann.hears('web deleted');

  await web.write('/me waves');
  await ann.hears('web waves');
  await web.write('/topic mind the gap');
  await page.locator('#topic', { hasText: 'mind the gap' }).waitFor();
  await web.write('```rust\nfn main() { println!("hi"); } // so\n```');
  await page.locator('.block pre .t-keyword', { hasText: 'fn' }).waitFor();
  await web.write('/jion');
  await page.locator('#note.error', { hasText: 'There is no /jion' }).waitFor();
  assert.equal(await page.inputValue('#write'), '/jion', 'what was not done is not lost');
  await ann.leave();
  await well(web);
});

test('a name that is taken, another one, and the key of this browser', async () => {
  const gus = await Person.come(host, 'gus');
  const web = await Visitor.come(host, { name: 'gus', enter: false });
  await web.page.fill('#name', 'gus');
  await web.page.click('#door-go');
  await web.page.locator('#door-no', { hasText: 'belongs to somebody else' }).waitFor();
  await web.shot('door-taken');
  assert.deepEqual(await web.axe(), []);
  await web.page.locator('#door-try button').first().click();
  await web.in();
  assert.match(await web.page.locator('#me').textContent(), /^You are gus-2$/);
  await web.page.reload();
  await web.in();
  assert.match(await web.page.locator('#me').textContent(), /^You are gus-2$/, 'the key is kept, and no guest');
  await web.write('/nick gustav');
  await gus.hears((event) => event.type === 'renamed' && event.who.name === 'gustav' && !event.who.guest);
  await web.page.reload();
  await web.in();
  assert.match(await web.page.locator('#me').textContent(), /gustav/);
  const kept = await web.page.evaluate(
    () =>
      new Promise((done) => {
        const open = indexedDB.open('wschat', 1);
        open.onsuccess = () => {
          const get = open.result.transaction('keys').objectStore('keys').get('own');
          get.onsuccess = () => done(get.result.secret.extractable);
        };
      }),
  );
  assert.equal(kept, false, 'nobody reads the key out');
  gus.close();
  await well(web);
});

test('rooms: join, make, leave, switch by keys; unread and mentions counted by the host', async () => {
  const ben = await Person.come(host, 'ben');
  const web = await Visitor.come(host, { name: 'roomer' });
  const { page } = web;
  await web.write('/join #dev');
  await page.locator('#title', { hasText: '#dev' }).waitFor();
  await page.locator('.empty').waitFor();
  await ben.ask({ type: 'join', room: '#dev' });
  await page.locator('#people-list', { hasText: 'ben' }).waitFor();
  await page.keyboard.press('Alt+ArrowDown');
  await page.locator('#title', { hasText: '#lobby' }).waitFor();
  await ben.say('one', { to: '#dev' });
  await ben.say('two', { to: '#dev' });
  const dev = page.locator('#rooms-list li', { hasText: 'dev' });
  await dev.locator('.count', { hasText: /^2$/ }).waitFor();
  await ben.say('roomer: three', { to: '#dev' });
  await dev.locator('.count', { hasText: /^@1$/ }).waitFor();
  assert.match(await page.title(), /^\(1\) /);
  await page.getByRole('button', { name: '# dev @1 for you, 3 unread' }).waitFor();
  await web.shot('unread');
  await page.keyboard.press('Alt+A');
  await page.locator('#title', { hasText: '#dev' }).waitFor();
  await page.locator('#log .line.new').waitFor();
  await page.locator('#log .message.mentions').waitFor();
  await dev.locator('.count', { hasText: /^$/ }).waitFor({ state: 'attached' });
  assert.doesNotMatch(await page.title(), /^\(/);
  await page.keyboard.press('Control+k');
  await page.locator('#palette-input').fill('lob');
  await page.keyboard.press('Enter');
  await page.locator('#title', { hasText: '#lobby' }).waitFor();
  await page.keyboard.press('Alt+1');
  await page.locator('#title', { hasText: '#dev' }).waitFor();
  await ben.say('is it read?', { to: '#dev' });
  await web.sees('is it read?');
  await page.reload();
  await web.in();
  await page.locator('#title', { hasText: '#dev' }).waitFor();
  assert.equal(await dev.locator('.count').textContent(), '', 'the host knows that it was read');
  ben.socket.send(JSON.stringify({ type: 'typing', to: '#dev' }));
  await page.locator('#typing', { hasText: 'ben is writing' }).waitFor();
  await ben.say('there', { to: '#dev' });
  await page.locator('#typing', { hasText: /^$/ }).waitFor();
  await web.write('/leave');
  await page.locator('#title', { hasText: '#lobby' }).waitFor();
  await dev.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Join or make a room' }).click();
  await page.locator('#palette-list li', { hasText: '#dev' }).waitFor();
  await page.locator('#palette-input').fill('brand-new');
  await page.locator('#palette-list li', { hasText: 'make it' }).waitFor();
  await page.keyboard.press('Enter');
  await page.locator('#title', { hasText: '#brand-new' }).waitFor();
  ben.close();
  await well(web);
});

test('a line that is refused stays, with the reason, until it is said again or given up', async () => {
  const uri = await Person.come(host, 'uri');
  await uri.ask({ type: 'join', room: '#quiet' });
  const web = await Visitor.come(host, { name: 'vic' });
  const { page } = web;
  await web.write('/join #quiet');
  await page.locator('#title', { hasText: '#quiet' }).waitFor();
  await uri.ask({ type: 'room_set', room: '#quiet', readonly: true });
  await page.locator('#topic', { hasText: 'read only' }).waitFor();
  await web.write('may I?');
  await web.write('or this?');
  await page.locator('.message.failed').nth(1).waitFor();
  await web.shot('refused');
  assert.deepEqual(await web.axe(), []);
  await page.locator('.message.failed', { hasText: 'or this?' }).getByRole('button', { name: 'Discard' }).click();
  await page.waitForFunction(() => document.querySelectorAll('.message.failed').length === 1);
  await uri.ask({ type: 'room_set', room: '#quiet', readonly: false });
  await page.locator('.message.failed').getByRole('button', { name: 'Try again' }).click();
  await uri.hearsSaid('may I?');
  await times(web, 'may I?', 1);
  assert.equal(uri.count('or this?'), 0);
  await web.write('x'.repeat(9000));
  await page.locator('#note.error', { hasText: '9000 bytes' }).waitFor();
  assert.equal((await page.inputValue('#write')).length, 9000, 'what was not sent is not lost');
  uri.close();
  await well(web);
});

test('direct lines, both ways', async () => {
  const cy = await Person.come(host, 'cy');
  const web = await Visitor.come(host, { name: 'director' });
  const { page } = web;
  await page.getByRole('button', { name: /cy.*here/ }).click();
  await page.locator('#title', { hasText: '@cy' }).waitFor();
  await page.locator('.empty', { hasText: 'Only you and cy' }).waitFor();
  await web.write('psst');
  const heard = await cy.hearsSaid('psst');
  await times(web, 'psst', 1);
  await cy.make({ type: 'say', to: `@${heard.from.name}`, text: 'what?' });
  await web.sees('what?');
  await cy.ask({ type: 'rename', name: 'cyan' });
  await page.locator('#title', { hasText: '@cyan' }).waitFor();
  await web.write('/join lobby');
  await cy.make({ type: 'say', to: '@director', text: 'hello?' });
  await page.locator('#direct-list .count', { hasText: '@1' }).waitFor();
  await page.reload();
  await web.in();
  await page.locator('#direct-list .count', { hasText: '@1' }).waitFor();
  await web.write('/msg @cyan I am here');
  await cy.hearsSaid('I am here');
  await times(web, 'psst', 1);
  await times(web, 'I am here', 1);
  cy.close();
  await well(web);
});

test('history comes by pages as one goes up, and what is read stays where it is', async () => {
  const dee = await Person.come(host, 'dee');
  await dee.ask({ type: 'join', room: '#long' });
  for (let n = 1; n <= 340; n += 1) {
    dee.id += 1;
    dee.socket.send(
      JSON.stringify({ type: 'say', to: '#long', text: `line ${n}`, nonce: n.toString(16).padStart(32, '0') }),
    );
    if (n % 20 === 0) await dee.hearsSaid(`line ${n}`);
  }
  const web = await Visitor.come(host, { name: 'reader', path: '/#long' });
  const { page } = web;
  await web.sees('line 340');
  assert.ok((await page.locator('#log .message').count()) <= 200, 'not all at once');
  assert.equal(await page.locator('#log .message').last().locator('.body').textContent(), 'line 340');
  // What is in sight stays where it is, whether one stands at the edge of what is there or a little below. A row may be
  // made anew only where it stood at the edge: who says it is known from what came above.
  let [moved, anew, rounds] = [0, 0, 0];
  while ((await web.message('line 1').count()) === 0) {
    assert.ok((rounds += 1) < 60, 'it comes to the beginning');
    const round = await page.evaluate(
      (to) =>
        new Promise((done) => {
          const log = document.getElementById('log');
          log.scrollTop = Math.min(log.scrollTop, to);
          const view = log.getBoundingClientRect();
          const sight = [...log.querySelectorAll('.message')]
            .map((row) => ({ row, id: row.dataset.id, bottom: row.getBoundingClientRect().bottom }))
            .filter(({ bottom }) => bottom > view.top + 4 && bottom < view.bottom);
          const count = log.childElementCount;
          const watch = new MutationObserver(() => {
            if (log.childElementCount <= count) return;
            watch.disconnect();
            const now = sight.map(({ id, bottom }) =>
              Math.abs(log.querySelector(`[data-id="${id}"]`).getBoundingClientRect().bottom - bottom),
            );
            done([Math.max(...now), sight.filter(({ row }) => !row.isConnected).length]);
          });
          watch.observe(log, { childList: true });
          const more = log.querySelector('.hole button');
          if (more) {
            // Somebody who cannot wait.
            more.click();
            more.click();
          } else {
            watch.disconnect();
            done([0, 0]);
          }
        }),
      rounds % 2 ? 250 : 0,
    );
    moved = Math.max(moved, round[0]);
    anew = Math.max(anew, round[1]);
  }
  assert.ok(anew <= 1, `${anew} rows in sight were made anew`);
  assert.ok(moved < 3, `what was read moved by ${moved} pixels`);
  const all = await page.locator('#log .message .body').allTextContents();
  assert.deepEqual(
    all.filter((text) => text.startsWith('line ')),
    Array.from({ length: 340 }, (_, n) => `line ${n + 1}`),
  );
  await page.locator('#log .line', { hasText: 'The beginning' }).waitFor();

  await page.keyboard.press('Control+f');
  await page.locator('#palette-input').fill('"line 123"');
  await page.locator('#palette-list li', { hasText: 'line 123' }).first().waitFor();
  await web.shot('search');
  assert.deepEqual(await web.axe(), []);
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.activeElement?.querySelector('.body')?.textContent === 'line 123');

  // From nothing, into the middle: what lies around is a hole until it is wanted.
  await page.reload();
  await web.sees('line 340');
  await page.keyboard.press('Control+f');
  await page.locator('#palette-input').fill('"line 77"');
  await page.locator('#palette-list li', { hasText: 'line 77' }).first().waitFor();
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.activeElement?.querySelector('.body')?.textContent === 'line 77');
  await page.locator('#down', { hasText: 'to the end' }).click();
  await web.sees('line 340');
  await dee.say('the newest', { to: '#long' });
  await web.sees('the newest');
  dee.close();
  await well(web);
});

test('a host that is killed and comes back: what was written meanwhile is said once, in order', async () => {
  const own = await Host.start();
  try {
    const web = await Visitor.come(own, { name: 'eve' });
    const { page } = web;
    await web.write('before');
    await times(web, 'before', 1);
    await own.kill();
    await page.locator('#state.bad').waitFor();
    await web.write('first meanwhile');
    await web.write('second meanwhile');
    await web.message('second meanwhile').waitFor();
    await page.locator('.message.waiting .state', { hasText: 'waits for the connection' }).first().waitFor();
    await web.shot('offline');
    assert.deepEqual(await web.axe(), []);
    await own.again();
    await page
      .locator('#again')
      .click({ timeout: 2_000 })
      .catch(() => {
        /* it was quicker */
      });
    await times(web, 'first meanwhile', 1);
    await times(web, 'second meanwhile', 1);
    const ann = await Person.come(own, 'ann');
    const { entries } = await ann.ask({ type: 'page', to: '#lobby' });
    assert.deepEqual(
      entries.map((entry) => entry.text),
      ['before', 'first meanwhile', 'second meanwhile'],
    );

    // What others said while the wire was cut comes too.
    let fay = await Person.come(own, 'fay');
    const own1 = await fay.say('as it was at first');
    await web.sees('as it was at first');
    await own.kill();
    await page.locator('#state.bad').waitFor();
    await web.context.setOffline(true);
    await own.again();
    fay.close();
    fay = await fay.back(own);
    await fay.make({ type: 'edit', to: '#lobby', of: own1.seq, text: 'changed meanwhile' });
    for (let n = 0; n < 130; n += 1) await fay.say(`missed ${n}`);
    await web.context.setOffline(false);
    await times(web, 'missed 129', 1);
    // So does what they changed of what one had: it lies beyond a hole, which is filled when one gets there.
    await page.locator('#log').evaluate((log) => {
      log.scrollTop = 0;
    });
    await page.locator('#log .hole').waitFor({ state: 'detached' });
    await page.locator('#log .message', { hasText: 'changed meanwhile (edited)' }).waitFor();
    const before = await page.locator('#log .message .body').allTextContents();
    assert.equal(before.filter((text) => text === 'missed 129').length, 1);

    // The tab is closed with a line that waits; the next one finds and says it.
    await own.kill();
    await page.locator('#state.bad').waitFor();
    await web.write('left behind');
    await web.message('left behind').waitFor();
    await page.close();
    await own.again();
    const gil = await Person.come(own, 'gil');
    const second = await web.tab();
    await web.in(second);
    await gil.hearsSaid('left behind');
    await web.sees('left behind', second);
    await second.waitForFunction(() => Object.keys(localStorage).every((key) => !key.startsWith('wschat.out.')));
    assert.equal(gil.count('left behind'), 1);

    // The host has lost all it knew: that is said, and what waits is said to the new one.
    await own.kill();
    await second.locator('#state.bad').waitFor();
    await web.write('to whoever is there', second);
    own.forget();
    await own.again();
    await second.locator('#log .line', { hasText: 'History began anew' }).waitFor();
    await times(web, 'to whoever is there', 1, second);
    assert.equal(await web.message('left behind', second).count(), 0);
    await well(web);
    for (const one of [ann, fay, gil]) one.close();
  } finally {
    await own.stop();
  }
});

for (const [who, guest] of [
  ['a person with a key', false],
  ['a guest', true],
]) {
  test(`an answer that is lost: ${who} says nothing twice`, async () => {
    const ear = await Person.come(host, guest ? 'ear-one' : 'ear-two');
    const name = guest ? 'ivy' : 'joe';
    const web = await Visitor.come(host, { enter: false, init: guest ? noStorage : undefined });
    const { page } = web;
    // The line arrives, its answer does not, and the wire breaks.
    let lose = true;
    await page.routeWebSocket(/.*/, (socket) => {
      const server = socket.connectToServer();
      let cut = false;
      // What the page says before it has heard of the cut goes nowhere, as on a wire.
      socket.onMessage((message) => cut || server.send(message));
      server.onMessage((message) => {
        if (lose && String(message).includes('said once')) {
          lose = false;
          cut = true;
          socket.close({ code: 4000 });
          server.close();
          return;
        }
        socket.send(message);
      });
    });
    await page.reload();
    await web.enter(name);
    await web.write(`said once by ${name}`);
    await web.write(`and then this by ${name}`);
    await ear.hearsSaid(`and then this by ${name}`);
    await times(web, `and then this by ${name}`, 1);
    await times(web, `said once by ${name}`, 1);
    assert.equal(lose, false);
    const said = ear.heard.filter((event) => event.kind === 'said').map((event) => event.text);
    assert.deepEqual(said, [`said once by ${name}`, `and then this by ${name}`]);
    ear.close();
    await well(web);
  });
}

test('two tabs are one person: both hear all, reading in one is reading in both', async () => {
  const kim = await Person.come(host, 'kim');
  const web = await Visitor.come(host, { name: 'lou' });
  const other = await web.tab();
  await web.in(other);
  assert.match(await other.locator('#me').textContent(), /^You are lou$/);
  await web.write('from the first');
  await times(web, 'from the first', 1, other);
  await web.write('from the second', other);
  await times(web, 'from the second', 1);
  await web.write('/join #tabs');
  await other.locator('#rooms-list li', { hasText: 'tabs' }).waitFor();
  await kim.ask({ type: 'join', room: '#tabs' });
  await kim.say('look here', { to: '#tabs' });
  await web.page.bringToFront();
  await web.sees('look here');
  await other
    .locator('#rooms-list li', { hasText: 'tabs' })
    .locator('.count', { hasText: /^$/ })
    .waitFor({ state: 'attached' });
  kim.close();
  await well(web);
});

test('invitations: a link opens the right room, a code can be typed, and neither is needed twice', async () => {
  const own = await Host.start(['--no-tls'], '[server]\nnames = ["localhost:PORT"]\n');
  try {
    const owner = await Visitor.come(own, { path: `/${own.owner.slice(own.owner.indexOf('#'))}`, name: 'max' });
    await owner.write('/join #den');
    await owner.page.locator('#title', { hasText: '#den' }).waitFor();
    await owner.write('/invite');
    const link = await owner.page.locator('#sheet-body input').inputValue();
    assert.match(link, /#den\?k=/);
    await owner.shot('invitation');
    assert.deepEqual(await owner.axe(), []);
    const code = /[0-9A-Z]{4}-[0-9A-Z]{4}/.exec(await owner.page.locator('#sheet-body').textContent())[0];

    const ned = await Visitor.come(own, { path: `/${link.slice(link.indexOf('#'))}`, name: 'ned' });
    await ned.page.locator('#title', { hasText: '#den' }).waitFor();
    assert.doesNotMatch(ned.page.url(), /k=/, 'the token does not stay in the address bar');
    await ned.page.reload();
    await ned.in();
    await ned.page.locator('#title', { hasText: '#den' }).waitFor();

    const ola = await Visitor.come(own, { name: 'ola', enter: false });
    await ola.page.fill('#name', 'ola');
    await ola.page.click('#door-go');
    await ola.page.locator('#code').waitFor();
    await ola.shot('door-code');
    await ola.page.fill('#code', 'ZZZZ-9999');
    await ola.page.click('#door-go');
    await ola.page.locator('#door-no', { hasText: /\S/ }).waitFor();
    await ola.page.fill('#code', code.toLowerCase().replace('-', ''));
    await ola.page.click('#door-go');
    await ola.in();
    await ola.page.locator('#rooms-list li', { hasText: 'den' }).waitFor();
    await well(owner, ned, ola);
  } finally {
    await own.stop();
  }
});

test('texts and names that mean harm are text', async () => {
  const pia = await Person.come(host, 'pia');
  await pia.ask({ type: 'join', room: '#harm' });
  const web = await Visitor.come(host, { enter: false, name: 'qin' });
  const { page } = web;
  // What no honest host would pass on.
  const bad = '<img src=x onerror=document.title="owned">';
  await page.routeWebSocket(/.*/, (socket) => {
    const server = socket.connectToServer();
    server.onMessage((message) => {
      socket.send(message);
      if (!String(message).includes('"type":"resumed"')) return;
      const epoch = JSON.parse(String(message)).places[0].epoch;
      socket.send(
        JSON.stringify({ type: 'joined', place: { to: `#${bad}`, epoch, oldest: 1, head: 0, read: 0, topic: bad } }),
      );
      socket.send('[1,2');
      socket.send(JSON.stringify({ type: 'entry', to: 7, seq: 'x', from: null }));
      socket.send(JSON.stringify({ type: 'of the future', to: bad }));
    });
  });
  await page.reload();
  await web.enter('qin');
  await page.locator('#rooms-list li', { hasText: bad }).click();
  await page.locator('#title', { hasText: bad }).waitFor();
  await page.locator('#topic', { hasText: bad }).waitFor();
  await web.shot('hostile-room');
  await web.write('/join #harm');
  await page.locator('#title', { hasText: '#harm' }).waitFor();
  const texts = [
    bad,
    '<script>document.title="owned"</script>',
    '[x](javascript:alert(1)) https://a.example/"onmouseover="x',
    '**<b>**`</code><script>`',
    `a\u202eb ${'e' + '\u0301'.repeat(50)}`,
    '||<svg/onload=x>||',
    '```html\n</pre><script>x</script>\n```',
    '\u001b[31mred',
    `${'W'.repeat(4000)}`,
    `${'*a **b '.repeat(1000)}`,
  ];
  for (const text of texts) await pia.say(text, { to: '#harm' });
  await pia.say('the end', { to: '#harm' });
  await web.sees('the end');
  await web.sees(bad);
  await page.locator('.veil').click();
  await page.locator('#log .spoiler', { hasText: '<svg/onload=x>' }).waitFor();
  assert.equal(await page.locator('#log img, #log script, #log svg, #log [onerror], #log b').count(), 0);
  const hrefs = await page.locator('#log a').evaluateAll((all) => all.map((a) => [a.getAttribute('href'), a.rel]));
  assert.deepEqual(hrefs, [['https://a.example/', 'noopener noreferrer nofollow']]);
  assert.doesNotMatch(await page.title(), /owned/);
  assert.ok(
    await page.evaluate(
      () => document.getElementById('log').scrollWidth <= document.getElementById('log').clientWidth,
    ),
    'nothing is wider than the pane',
  );
  assert.doesNotMatch(await page.locator('#log').textContent(), /\u202e|\u001b/);
  pia.close();
  await well(web);
});

/** Storage turned off, as some browsers have it. */
function noStorage() {
  for (const name of ['localStorage', 'sessionStorage', 'indexedDB']) {
    Object.defineProperty(globalThis, name, {
      get() {
        throw new DOMException('denied', 'SecurityError');
      },
    });
  }
}

test('without storage, and without encryption, one is a guest and is told why', async () => {
  const own = await Host.start(['--open'], '[server]\nnames = ["lan.test"]\n');
  try {
    const none = await Visitor.come(own, { name: 'ray', init: noStorage });
    await none.page.locator('#note', { hasText: 'storage is turned off' }).waitFor();
    assert.match(await none.page.locator('#me').textContent(), /^You are ~ray$/);
    await none.write('still here');
    await times(none, 'still here', 1);
    const lan = await Visitor.come(own, { path: `http://lan.test:${own.port}/`, name: 'sue' });
    assert.equal(await lan.page.evaluate(() => globalThis.isSecureContext), false);
    await lan.page.locator('#note', { hasText: 'came without encryption' }).waitFor();
    assert.match(await lan.page.locator('#me').textContent(), /^You are ~sue$/);
    await lan.write('from the next room');
    await none.sees('from the next room');
    await own.kill();
    await lan.page.locator('#state.bad').waitFor();
    await lan.write('as a guest, later');
    await own.again();
    await none.sees('as a guest, later');
    await times(none, 'as a guest, later', 1);
    await lan.page.reload();
    await lan.in();
    await times(lan, 'as a guest, later', 1);
    await well(none, lan);
  } finally {
    await own.stop();
  }
});

test('over TLS, by a certificate nobody vouches for: the same page, over wss, with a key', async () => {
  const own = await Host.start(['--open'], '[server]\nnames = ["lan.test"]\n', '0.0.0.0');
  try {
    const path = `https://lan.test:${own.port}/#safe`;
    const web = await Visitor.come(own, { name: 'hal', path, ignoreHTTPSErrors: true });
    await web.page.locator('#title', { hasText: '#safe' }).waitFor();
    assert.equal(await web.page.evaluate(() => globalThis.isSecureContext), true);
    assert.match(await web.page.locator('#me').textContent(), /^You are hal$/, 'no guest');
    await web.write('over wss');
    await times(web, 'over wss', 1);
    await well(web);
  } finally {
    await own.stop();
  }
});

test('a storage that is full keeps nobody from talking, and says so; a host that forgets says that too', async () => {
  const own = await Host.start(['--ephemeral']);
  try {
    const brim = () => {
      Storage.prototype.setItem = () => {
        throw new DOMException('full', 'QuotaExceededError');
      };
    };
    const web = await Visitor.come(own, { name: 'bea' });
    await web.page.locator('#topic', { hasText: 'forgets everything' }).waitFor();
    await web.write('kept nowhere');
    await times(web, 'kept nowhere', 1);
    const kept = await web.page.evaluate(() => JSON.stringify(Object.entries(localStorage)));
    assert.doesNotMatch(kept, /kept nowhere/);
    await well(web);
    const full = await Visitor.come(host, { name: 'cal', path: '/#brim', init: () => {} });
    await full.page.locator('#title', { hasText: '#brim' }).waitFor();
    await full.page.evaluate(brim);
    await full.write('said all the same');
    await full.page.locator('#note.error', { hasText: 'no room left' }).waitFor();
    await times(full, 'said all the same', 1);
    await well(full);
  } finally {
    await own.stop();
  }
});

test('by Tab one comes through the page in the order one sees: conversations, messages, writing, people', async () => {
  const eda = await Person.come(host, 'eda');
  await eda.ask({ type: 'join', room: '#order' });
  await eda.say('one', { to: '#order' });
  const web = await Visitor.come(host, { name: 'fred', path: '/#order' });
  const { page } = web;
  await web.sees('one');
  await page.locator('#people-list', { hasText: 'eda' }).waitFor();
  await page.focus('#bell');
  const order = [];
  for (let n = 0; n < 40; n += 1) {
    await page.keyboard.press('Tab');
    const at = await page.evaluate(() => {
      const { activeElement: one } = document;
      const named = one.getAttribute('aria-label') ?? (one.id === 'write' ? 'write' : one.textContent.trim());
      const box = one.getBoundingClientRect();
      const where = ['#rooms', '#head', '#log', '#low', '#people'].find((id) => one.closest(id));
      return [where ?? null, named, getComputedStyle(one).visibility === 'visible' && box.width > 0];
    });
    if (!at[0]) break;
    assert.ok(at[1] && at[2], `${at}`);
    if (order.at(-1) !== at[0]) order.push(at[0]);
  }
  assert.deepEqual(order, ['#rooms', '#head', '#log', '#low', '#people']);
  eda.close();
  await well(web);
});

/** The browser's notifications, of which a page of tests shows none. */
function bells() {
  globalThis.told = [];
  globalThis.Notification = class {
    static permission = 'default';
    static requestPermission() {
      this.permission = 'granted';
      return Promise.resolve('granted');
    }
    constructor(title, { body, tag }) {
      globalThis.told.push([title, body, tag]);
    }
    close() {}
  };
}

test('notifications: asked for by a press, told of what is for one while one looks elsewhere, and not of what is muted', async () => {
  const wes = await Person.come(host, 'wes');
  await wes.ask({ type: 'join', room: '#bells' });
  const web = await Visitor.come(host, { name: 'xena', path: '/#bells', init: bells });
  const { page } = web;
  await page.locator('#title', { hasText: '#bells' }).waitFor();
  const told = () => page.evaluate(() => globalThis.told);
  const away = (hidden) =>
    page.evaluate((hidden) => {
      document.hasFocus = () => !hidden;
      dispatchEvent(new Event(hidden ? 'blur' : 'focus'));
    }, hidden);
  await away(true);
  await wes.say('xena: too early', { to: '#bells' });
  await web.sees('xena: too early');
  assert.deepEqual(await told(), [], 'nobody has asked for it');
  await away(false);
  await page.getByRole('button', { name: 'Notifications' }).click();
  await page.locator('#note', { hasText: 'You are told of mentions' }).waitFor();
  assert.equal(await page.locator('#bell').getAttribute('aria-pressed'), 'true');
  await wes.say('xena: you look at it', { to: '#bells' });
  await web.sees('xena: you look at it');
  await away(true);
  await wes.say('not for anybody', { to: '#bells' });
  await wes.say('xena: **now**', { to: '#bells' });
  await page.waitForFunction(() => globalThis.told.length);
  await wes.make({ type: 'say', to: '@xena', text: 'and this' });
  await page.waitForFunction(() => globalThis.told.length > 1);
  assert.deepEqual(
    (await told()).map(([title, body]) => [title, body]),
    [
      ['wes in #bells', 'xena: **now**'],
      ['wes', 'and this'],
    ],
  );
  await away(false);
  await page.keyboard.press('Alt+m');
  await page.locator('#rooms-list li.muted', { hasText: 'bells' }).waitFor();
  await away(true);
  await wes.say('xena: muted', { to: '#bells' });
  await web.sees('xena: muted');
  await away(false);
  await web.write('/unmute');
  await web.write('/notify off');
  await page.locator('#bell[aria-pressed="false"]').waitFor();
  await away(true);
  await wes.say('xena: switched off', { to: '#bells' });
  await web.sees('xena: switched off');
  assert.equal((await told()).length, 2);
  wes.close();
  await well(web);
});

test('drafts and what is muted follow to one’s other screens; what was written before comes back by the arrows', async () => {
  const web = await Visitor.come(host, { name: 'yara', path: '/#desk' });
  const { page } = web;
  await page.locator('#title', { hasText: '#desk' }).waitFor();
  const other = await web.tab('/#desk');
  await web.in(other);
  await page.bringToFront();
  await page.fill('#write', 'half a sentence');
  await other.waitForFunction(() => document.getElementById('write').value === 'half a sentence');
  await page.fill('#write', 'half a sentence, and the rest');
  await page.press('#write', 'Enter');
  await other.waitForFunction(() => document.getElementById('write').value === '');
  await web.write('/mute 2h');
  await other.locator('#rooms-list li.muted', { hasText: 'desk' }).waitFor();
  await other.bringToFront();
  await other.focus('#write');
  await other.keyboard.press('Alt+m');
  await page.locator('#rooms-list li.muted', { hasText: 'desk' }).waitFor({ state: 'detached' });

  // A command that leads elsewhere is left behind nowhere.
  await page.bringToFront();
  for (const room of ['#lobby', '#desk']) {
    await web.write(`/join ${room}`);
    await page.locator('#title', { hasText: room }).waitFor();
    assert.equal(await page.inputValue('#write'), '');
  }
  await page.focus('#write');
  await page.keyboard.type('not sent');
  for (const [key, text] of [
    ['ArrowUp', '/join #desk'],
    ['ArrowUp', '/join #lobby'],
    ['ArrowUp', '/mute 2h'],
    ['ArrowUp', 'half a sentence, and the rest'],
    ['ArrowDown', '/mute 2h'],
    ['ArrowDown', '/join #lobby'],
    ['ArrowDown', '/join #desk'],
    ['ArrowDown', 'not sent'],
  ]) {
    await page.keyboard.press(key);
    assert.equal(await page.inputValue('#write'), text);
  }
  await well(web);
});

test('getting about by keys, times and addresses; bots are marked', async () => {
  const zoe = await Person.come(host, 'zoe');
  await zoe.ask({ type: 'join', room: '#walk' });
  const first = await zoe.say('where it began', { to: '#walk' });
  for (let n = 1; n <= 30; n += 1) await zoe.say(`step ${n}`, { to: '#walk' });
  const own = `${host.origin}/#walk/${first.seq}`;
  await zoe.say(`see ${own}`, { to: '#walk' });
  const web = await Visitor.come(host, { enter: false, path: `/#walk/${first.seq}` });
  const { page } = web;
  // Whoever is a bot, this one is told.
  await page.routeWebSocket(/.*/, (socket) => {
    const server = socket.connectToServer();
    server.onMessage((message) =>
      socket.send(String(message).replaceAll(/("person":"\w+","name":"zoe")/g, '$1,"bot":true')),
    );
  });
  await page.reload();
  const inHand = (text) =>
    page.waitForFunction((text) => document.activeElement?.querySelector?.('.body')?.textContent === text, text);
  await page.locator('#door-where', { hasText: '#walk' }).waitFor();
  await web.enter('abe');
  await inHand('where it began');
  await page.locator('#log .message .bot').first().waitFor();
  await page.locator('#people-list li', { hasText: 'zoe' }).locator('.bot').waitFor();
  assert.match(
    await page.evaluate(() => document.activeElement.getAttribute('aria-label')),
    /^zoe \(bot\), \d.*: where it/,
  );
  await page.keyboard.press('i');
  await page.locator('#sheet-body', { hasText: 'zoe (bot)' }).waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await web.sees(`see ${own}`);
  await page.locator('#log .body a').click();
  await inHand('where it began');
  assert.equal(web.context.pages().length, 1, 'not in another tab');
  await page.keyboard.press('v');
  await page.locator('#sheet ol.lines', { hasText: 'where it began' }).waitFor();
  await page.keyboard.press('Escape');

  await web.write('/goto 1h');
  await inHand('where it began');
  await web.write('/goto never');
  await page.locator('#note.error', { hasText: 'Usage: /goto' }).waitFor();
  await page.fill('#write', '');
  await page.keyboard.press('Control+f');
  await page.locator('#palette-title', { hasText: 'Search in #walk' }).waitFor();
  await page.locator('#palette-input').fill('step after:today');
  await page.locator('#palette-list li', { hasText: 'step 30' }).waitFor();
  await page.keyboard.press('Enter');
  await inHand('step 30');
  await page.keyboard.press('n');
  await inHand('step 29');
  await page.keyboard.press('N');
  await inHand('step 30');
  await page.keyboard.press('Home');
  await inHand('where it began');
  await page.keyboard.press('Escape');

  await zoe.say('abe: one', { to: '#walk' });
  await zoe.say('nothing', { to: '#walk' });
  await zoe.say('abe: two', { to: '#walk' });
  await web.sees('abe: two');
  await page.keyboard.press('Alt+p');
  await inHand('abe: two');
  await page.keyboard.press('Alt+p');
  await inHand('abe: one');
  await page.keyboard.press('Alt+n');
  await inHand('abe: two');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Alt+i');
  await page.locator('#palette-list li', { hasText: 'abe: one' }).waitFor();
  await page.keyboard.press('Escape');
  await web.write('/ignore @zoe');
  await page.waitForFunction(() => !document.querySelector('#log .message'));
  await page.reload();
  await web.in();
  await page.locator('#title', { hasText: '#walk' }).waitFor();
  await web.write('alone here');
  await web.sees('alone here');
  assert.equal(await page.locator('#log .message').count(), 1);
  await web.write('/unignore zoe');
  await web.sees('abe: two');
  await web.write('/join #elsewhere');
  await page.locator('#title', { hasText: '#elsewhere' }).waitFor();
  await page.keyboard.press('Alt+/');
  await page.locator('#title', { hasText: '#walk' }).waitFor();
  await page.keyboard.press('F8');
  await page.locator('#people').waitFor({ state: 'hidden' });
  await page.reload();
  await web.in();
  await page.locator('#people').waitFor({ state: 'hidden' });
  await web.write('/who');
  await page.locator('#people-list', { hasText: 'zoe' }).waitFor();
  await page.locator('#write').press('Shift+Tab');
  await page.waitForFunction(() => document.activeElement.matches('.message'));
  zoe.close();
  await well(web);
});

for (const scheme of ['light', 'dark']) {
  for (const [form, viewport] of [
    ['desk', DESK],
    ['phone', PHONE],
  ]) {
    test(`nothing serious for axe: ${form}, ${scheme}`, async () => {
      const tom = await Person.come(host, `tom-${form}-${scheme}`);
      const room = `#show-${form}-${scheme}`;
      await tom.ask({ type: 'join', room });
      const more = { to: room };
      const first = await tom.say(
        'morning! the build is **green** again\nI moved the `parser` into its own room',
        more,
      );
      await tom.say('```rust\nfn main() {\n    println!("hi"); // 42\n}\n```', more);
      await tom.say('> was it the lock file?\n- one\n- two, see https://example.com/a/long/way', {
        ...more,
        reply_to: first.seq,
      });
      await tom.make({ type: 'react', to: room, of: first.seq, emoji: '🎉' });
      const gone = await tom.say('never mind', more);
      await tom.make({ type: 'delete', to: room, of: gone.seq });
      await tom.make({ type: 'topic', room, text: 'Friday demo at 15:00, bring your own bugs' });
      const web = await Visitor.come(host, {
        enter: false,
        viewport,
        colorScheme: scheme,
        hasTouch: form === 'phone',
      });
      const { page } = web;
      const name = `una-${form}-${scheme}`;
      const look = async (what) => {
        await web.shot(`${form}-${scheme}-${what}`);
        assert.deepEqual(await web.axe(), [], what);
      };
      await page.locator('#name').waitFor();
      await look('door');
      await web.enter(name);
      await tom.ask({ type: 'rooms' });
      await web.write(`/join ${room}`);
      await page.locator('#title', { hasText: room }).waitFor();
      await tom.say(`${name}: here it is`, more);
      await web.write('on it');
      await web.write(
        'a second line of mine that is long enough to be broken on a screen as narrow as that of a phone',
      );
      await tom.say('||not yet||, *soon*', more);
      await page.locator('.veil').waitFor();
      await tom.hearsSaid('on it');
      tom.socket.send(JSON.stringify({ type: 'typing', to: room }));
      await page.locator('#typing', { hasText: 'is writing' }).waitFor();
      await look('talk');
      await page.locator('#log .message').nth(2).click();
      await page.locator('.tools').waitFor();
      await look('message');
      await page.getByRole('button', { name: 'Reply' }).click();
      await look('reply');
      await page.keyboard.press('Escape');
      if (form === 'phone') {
        await page.locator('#rooms-open').click();
        await page.locator('#rooms [aria-current]').waitFor();
        await look('rooms');
        await page.keyboard.press('Escape');
        await page.locator('#people-open').click();
        await page.locator('#people-list', { hasText: name }).waitFor();
        await look('people');
        await page.locator('#veil').click({ position: { x: 10, y: 400 } });
        await page.locator('#people').waitFor({ state: 'hidden' });
        assert.ok(
          await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth),
          'nothing is wider than the phone',
        );
      }
      await page.keyboard.press('Control+k');
      await page.locator('#palette-list li').first().waitFor();
      await look('go');
      await page.keyboard.press('Escape');
      // On a telephone it is behind the three dots.
      if (form === 'phone') {
        await page.locator('#more-open').click();
        await page.locator('#palette-list li', { hasText: 'Help' }).click();
      } else await page.locator('#help-open').click();
      await page.locator('#sheet-title', { hasText: 'Help' }).waitFor();
      await look('help');
      tom.close();
      await well(web);
    });
  }
}
