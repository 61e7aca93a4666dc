// The terminal program itself, in a terminal, and the page, in one conversation: what one does the other sees, through the
// whole list.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { Screen, Visitor } from './common.mjs';
import { host } from './stage.mjs';

test('a terminal and a page: everything there is to do, seen on both', async () => {
  const ann = new Screen(host, 'ann');
  await ann.sees('#lobby');
  const web = await Visitor.come(host, { name: 'web' });
  const { page } = web;
  await page.locator('#people-list', { hasText: 'ann' }).waitFor();
  await ann.sees(/web/);

  // Said, answered, changed, reacted to and deleted, each way.
  ann.line('morning **all**');
  await web.sees('morning all');
  await web.write('hello from the page, `code` too');
  await ann.sees('hello from the page, code too');
  await page.keyboard.press('Alt+s');
  await page.keyboard.press('k');
  await page.keyboard.press('r');
  await web.write('a fine one');
  await ann.sees(/morning \*\*all[^]*a fine one/);
  await page.locator('#log .waiting').waitFor({ state: 'detached' });
  await page.keyboard.press('Alt+e');
  await web.write('a very fine one');
  await ann.sees(/a very fine one.*edited/);
  ann.line('s/morning/good morning/');
  await web.sees('good morning all (edited)');
  ann.types('\x1b[Z');
  await ann.sees('r answer');
  ann.types('+');
  await ann.sees(/React|react/);
  ann.types('tada\r');
  await page.getByRole('button', { name: /🎉 1, by ann/ }).click();
  await ann.sees(/🎉\s+2/);
  ann.types('\x1b');
  await page.keyboard.press('Alt+s');
  await page.keyboard.press('d');
  await page.getByRole('button', { name: 'Delete', exact: true }).last().click();
  await page.locator('.message.gone').waitFor();
  await ann.sees('deleted');

  // Code, a topic, a deed.
  await web.write('```rust\nlet answer = 42;\n```');
  await ann.sees('let answer = 42;');
  await web.write('/topic what is next');
  await ann.sees('what is next');
  ann.line('/me waves');
  await page.locator('.message.deed', { hasText: 'ann waves' }).waitFor();

  // Somebody writes.
  ann.types('half a senten');
  await page.locator('#typing', { hasText: 'ann is writing' }).waitFor();
  ann.types('\x15');
  await page.locator('#write').pressSequentially('half');
  await ann.sees('web is writing');
  await page.fill('#write', '');

  // A room of the page's own, private talk, unread on both sides.
  await web.write('/join #den');
  await page.locator('#title', { hasText: '#den' }).waitFor();
  ann.line('/join #den');
  await page.locator('#people-list', { hasText: 'ann' }).waitFor();
  await page.keyboard.press('Alt+/');
  await page.locator('#title', { hasText: '#lobby' }).waitFor();
  ann.line('web: are you here?');
  await page.locator('#rooms-list li', { hasText: 'den' }).locator('.count', { hasText: '@1' }).waitFor();
  await page.keyboard.press('Alt+a');
  await web.sees('web: are you here?');
  await page.locator('#log .message.mentions').waitFor();
  await web.write('/msg @ann a word apart');
  await ann.sees(/@ web +1/);
  ann.line('/msg @web and one back');
  await web.sees('and one back');

  // Search on the page finds what the terminal said, and goes there.
  await page.keyboard.press('Control+f');
  await page.keyboard.press('Control+f');
  await page.locator('#palette-title', { hasText: 'everywhere' }).waitFor();
  await page.locator('#palette-input').fill('from:ann good');
  await page.locator('#palette-list li', { hasText: 'good morning' }).waitFor();
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => /good morning/.test(document.activeElement?.textContent));
  assert.equal(await page.locator('#title').textContent(), '#lobby');

  // The screen goes, and the page is told.
  await ann.leave();
  await page.locator('#people-list .gone, #people-list .away', { hasText: 'ann' }).waitFor();
  assert.deepEqual(await web.leave(), []);
});

test('one person at a terminal and at a page: what is pinned, off the list and muted is the same on both', async () => {
  const web = await Visitor.come(host, { name: 'zoe' });
  const { page } = web;
  await web.write('/device');
  const link = await page.locator('#sheet-body input').inputValue();
  await page.keyboard.press('Escape');
  const zoe = new Screen(host, 'zoe', link);
  await zoe.sees(/zoe/);
  await zoe.sees('#lobby');
  for (const room of ['#plans', '#noise']) {
    await web.write(`/join ${room}`);
    await page.locator('#title', { hasText: room }).waitFor();
    await zoe.sees(room.slice(1));
  }
  // The page pins and the terminal sees it, and the other way round.
  await web.write('/join #plans');
  await page.locator('#title', { hasText: '#plans' }).waitFor();
  await web.write('/pin');
  await zoe.sees(/PINNED[^]*plans[^]*ROOMS/);
  zoe.line('/pin');
  await page.locator('#pinned-list li', { hasText: 'lobby' }).waitFor();
  assert.deepEqual(await page.locator('#pinned-list .label').allTextContents(), ['plans', 'lobby']);
  zoe.line('/join #noise');
  await zoe.sees(/│ #noise /);
  zoe.line('/archive');
  await page.locator('#rooms-list li', { hasText: 'noise' }).waitFor({ state: 'detached' });
  await web.write('/join #noise');
  await page.locator('#rooms-list li.archived', { hasText: 'noise' }).waitFor();
  await web.write('/archive');
  await zoe.sees(/ROOMS[^]*noise/);
  await web.write('/mute 2h');
  await page.locator('#rooms-list li.muted', { hasText: 'noise' }).waitFor();
  zoe.line('/join #noise');
  zoe.line('/unmute');
  await page.locator('#rooms-list li.muted').waitFor({ state: 'detached' });
  await zoe.leave();
  assert.deepEqual(await web.leave(), []);
});
