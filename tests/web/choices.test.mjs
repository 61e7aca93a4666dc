// What one can do on the page besides talking: conversations pinned and off the list, what calls and when nothing does,
// colours, settings, and several messages at once. Each new state is looked at by axe, in all forms and colours.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { DESK, PHONE, Person, Visitor } from './common.mjs';
import { browser, host, well } from './stage.mjs';

/** Waits until the conversations of the list are these, in this order. */
const listed = (page, wanted) =>
  page
    .waitForFunction(
      (wanted) =>
        [...document.querySelectorAll('#rooms .lists li .label')].map((one) => one.textContent).join() === wanted,
      wanted.join(),
    )
    .catch(async () => assert.deepEqual(await page.locator('#rooms .lists li .label').allTextContents(), wanted));

const goes = async (web, to) => {
  await web.write(`/join ${to}`);
  await web.page.locator('#title', { hasText: to }).waitFor();
};

/** The browser's notifications, of which a page of tests shows none. */
function bells() {
  globalThis.told = [];
  globalThis.Notification = class {
    static permission = 'granted';
    static requestPermission() {
      return Promise.resolve('granted');
    }
    constructor(title, { body }) {
      globalThis.told.push(`${title}: ${body}`);
    }
    close() {}
  };
}
const looks = (page, looks) =>
  page.evaluate((looks) => {
    document.hasFocus = () => looks;
    dispatchEvent(new Event(looks ? 'focus' : 'blur'));
  }, looks);

test('what is pinned stands first, what is off the list comes back with what is new; both follow to one’s other screens', async () => {
  const amy = await Person.come(host, 'amy');
  const web = await Visitor.come(host, { name: 'bob' });
  const { page } = web;
  for (const room of ['#aa', '#bb', '#cc']) await goes(web, room);
  await amy.ask({ type: 'join', room: '#aa' });
  await amy.ask({ type: 'join', room: '#bb' });
  await listed(page, ['aa', 'bb', 'cc', 'lobby']);
  await web.write('/pin');
  await page.locator('#note', { hasText: '#cc is at the top' }).waitFor();
  await listed(page, ['cc', 'aa', 'bb', 'lobby']);
  assert.equal(await page.locator('#pinned-list li').count(), 1);
  await goes(web, '#lobby');
  await web.write('/pin');
  await listed(page, ['cc', 'lobby', 'aa', 'bb']);
  await page.keyboard.press('Alt+1');
  await page.locator('#title', { hasText: '#cc' }).waitFor();

  const other = await web.tab();
  await web.in(other);
  await listed(other, ['cc', 'lobby', 'aa', 'bb']);
  await page.bringToFront();
  await goes(web, '#aa');
  await web.write('/archive');
  await page.locator('#title', { hasText: '#cc' }).waitFor();
  await page.locator('#note', { hasText: '#aa is off the list' }).waitFor();
  await listed(page, ['cc', 'lobby', 'bb']);
  await listed(other, ['cc', 'lobby', 'bb']);
  // It is still there for who looks for it, and is on the list while one is there.
  await page.keyboard.press('Control+k');
  await page.locator('#palette-input').fill('aa');
  await page.locator('#palette-list li', { hasText: '#aa' }).waitFor();
  await page.keyboard.press('Enter');
  await page.locator('#title', { hasText: '#aa' }).waitFor();
  await listed(page, ['cc', 'lobby', 'aa', 'bb']);
  await page.locator('#rooms-list li.archived', { hasText: 'off the list' }).waitFor();
  await goes(web, '#bb');
  await listed(page, ['cc', 'lobby', 'bb']);
  await amy.say('anybody?', { to: '#aa' });
  await listed(page, ['cc', 'lobby', 'aa', 'bb']);
  await listed(other, ['cc', 'lobby', 'aa', 'bb']);
  // What is pinned is off the pinned ones when it goes off the list; what is muted as well stays off it.
  await goes(web, '#lobby');
  await web.write('/mute');
  await web.write('/archive');
  await listed(page, ['cc', 'aa', 'bb']);
  await amy.say('is it quiet?');
  await amy.say('bob: it is', { to: '#bb' });
  await page.locator('#rooms-list li.mention', { hasText: 'bb' }).waitFor();
  await listed(page, ['cc', 'aa', 'bb']);
  await goes(web, '#cc');
  await web.write('/pin');
  await page.locator('#note', { hasText: '#cc is at the top no more' }).waitFor();
  await page.locator('#pinned-title').waitFor({ state: 'hidden' });
  await listed(page, ['aa', 'bb', 'cc']);
  await goes(web, '#lobby');
  await web.write('/archive');
  await page.locator('#note', { hasText: 'on the list again' }).waitFor();
  await goes(web, '#bb');
  await web.write('/archive');
  await listed(page, ['aa', 'cc', 'lobby']);
  // Whoever is called otherwise stays where they were put.
  await amy.make({ type: 'say', to: '@bob', text: 'psst' });
  await page.locator('#direct-list li', { hasText: 'amy' }).click();
  await page.locator('#title', { hasText: '@amy' }).waitFor();
  await web.write('/pin');
  await listed(page, ['amy', 'aa', 'cc', 'lobby']);
  await amy.ask({ type: 'rename', name: 'amelia' });
  await listed(page, ['amelia', 'aa', 'cc', 'lobby']);
  await listed(other, ['amelia', 'aa', 'cc', 'lobby']);
  await web.write('/pin');
  await goes(web, '#cc');
  await web.write('/leave');
  await listed(page, ['aa', 'lobby', 'amelia']);
  // What was said while no page was open counts, too.
  await other.close();
  await page.goto('about:blank');
  await amy.say('while you were away', { to: '#bb' });
  await page.goto(host.origin);
  await web.in();
  await listed(page, ['aa', 'bb', 'lobby', 'amelia']);
  await page.reload();
  await web.in();
  await listed(page, ['aa', 'bb', 'lobby', 'amelia']);
  amy.close();
  await well(web);
});

test('do not disturb: nothing calls, for a time or until it is said again; it is seen, and outlasts the page', async () => {
  const cat = await Person.come(host, 'cat');
  await cat.ask({ type: 'join', room: '#dnd' });
  const web = await Visitor.come(host, { name: 'dan', path: '/#dnd', init: bells });
  const { page } = web;
  await page.locator('#title', { hasText: '#dnd' }).waitFor();
  const says = async (text) => {
    await looks(page, false);
    await cat.say(text, { to: '#dnd' });
    await web.sees(text);
    await looks(page, true);
  };
  const told = () => page.evaluate(() => globalThis.told);
  await says('dan: one');
  assert.deepEqual(await told(), ['cat in #dnd: dan: one']);
  await web.write('/dnd 2h');
  await page.locator('#note', { hasText: /Nothing calls you until .*\d:\d\d/ }).waitFor();
  await page.locator('#quiet', { hasText: /^do not disturb until .*\d:\d\d/ }).waitFor();
  await page.locator('#bell[aria-pressed="false"]').waitFor();
  await says('dan: two');
  assert.equal((await told()).length, 1);
  await page.reload();
  await web.in();
  await page.locator('#quiet', { hasText: /^do not disturb until/ }).waitFor();
  await says('dan: three');
  assert.deepEqual(await told(), []);
  await page.locator('#bell').click();
  await page.locator('#quiet').waitFor({ state: 'hidden' });
  await page.locator('#bell[aria-pressed="true"]').waitFor();
  await says('dan: four');
  assert.deepEqual(await told(), ['cat in #dnd: dan: four']);
  await web.write('/dnd');
  await page.locator('#quiet', { hasText: /^do not disturb$/ }).waitFor();
  await web.write('/dnd');
  await page.locator('#note', { hasText: 'You are called again' }).waitFor();
  // It ends by itself.
  await web.write('/dnd 1s');
  await page.locator('#quiet', { hasText: 'do not disturb' }).waitFor();
  await page.locator('#quiet').waitFor({ state: 'hidden' });
  await page.locator('#bell[aria-pressed="true"]').waitFor();
  await says('dan: five');
  assert.equal((await told()).length, 2);
  await web.write('/dnd soon');
  await page.locator('#note.error', { hasText: 'Usage: /dnd' }).waitFor();
  cat.close();
  await well(web);
});

test('what calls: lines of one conversation, words of one’s own, hours at which nothing does', async () => {
  const eve = await Person.come(host, 'eve');
  await eve.ask({ type: 'join', room: '#calls' });
  const web = await Visitor.come(host, { name: 'fay', path: '/#calls', init: bells });
  const { page } = web;
  await page.locator('#title', { hasText: '#calls' }).waitFor();
  let count = 0;
  const calls = async (wanted, words) => {
    const text = `${words} ${(count += 1)}`;
    await looks(page, false);
    await eve.say(text, { to: '#calls' });
    await web.sees(text);
    await looks(page, true);
    const told = await page.evaluate(() => globalThis.told.splice(0));
    assert.deepEqual(told, wanted ? [`eve in #calls: ${text}`] : [], words);
  };
  await calls(false, 'to nobody');
  await calls(true, 'fay: to you');
  await web.write('/notify all');
  await page.locator('#note', { hasText: 'Every line calls you from #calls' }).waitFor();
  await calls(true, 'to nobody');
  await web.write('/notify nothing');
  await calls(false, 'fay: to you');
  await web.write('/notify mentions');
  await calls(false, 'to nobody');
  await web.write('/notify sometimes');
  await page.locator('#note.error', { hasText: 'Usage: /notify' }).waitFor();
  await web.write('/set keywords lunch Straße');
  await page.locator('#note', { hasText: 'keywords is lunch Straße' }).waitFor();
  await calls(true, 'LUNCH, anybody');
  await calls(true, 'auf der straße');
  await calls(false, 'lunches are none');
  await web.write('/set quiet_hours 00:00-23:59');
  await calls(false, 'fay: lunch');
  // The same hours the other way round are those that are left.
  const now = await page.evaluate(() => new Date(Date.now() + 7_200_000).getHours());
  const two = (hour) => `${String((hour + 24) % 24).padStart(2, '0')}:00`;
  await web.write(`/set quiet_hours ${two(now)}-${two(now - 4)}`);
  await calls(true, 'fay: lunch');
  await web.write('/set quiet_hours ""');
  await calls(true, 'fay: lunch');
  await web.write('/set notify nothing');
  // What was said of this room alone goes before.
  await calls(true, 'fay: lunch');
  eve.close();
  await well(web);
});

test('colours: as the system has them or otherwise, shown as one goes through them, kept, and for all tabs', async () => {
  const web = await Visitor.come(host, { name: 'gil' });
  const { page } = web;
  const back = async (of = page) =>
    of.evaluate(() => getComputedStyle(document.body).backgroundColor + document.querySelector('meta[name=theme-color]').content);
  const [light, dark] = ['rgb(255, 255, 255)#f6f6f8', 'rgb(22, 24, 29)#101216'];
  assert.equal(await back(), light);
  const other = await web.tab();
  await web.in(other);
  await page.bringToFront();
  await web.write('/theme dark');
  await page.locator('#note', { hasText: 'The colours are dark' }).waitFor();
  assert.equal(await back(), dark);
  await other.waitForFunction(() => document.documentElement.dataset.theme === 'dark');
  await page.reload();
  await web.in();
  assert.equal(await back(), dark);
  await page.emulateMedia({ colorScheme: 'dark' });
  await web.write('/theme light');
  assert.equal(await back(), light);
  await web.write('/theme');
  await page.locator('#palette-title', { hasText: 'Colours' }).waitFor();
  await page.locator('#palette-list li[aria-selected="true"]', { hasText: 'light' }).waitFor();
  assert.equal(await back(), light);
  for (let n = 0; n < 2; n += 1) await page.keyboard.press('ArrowDown');
  assert.equal(await back(), dark, 'it is seen before it is taken');
  await page.keyboard.press('Escape');
  // A dialog says that it was closed a moment after it is.
  await page.locator('#palette').waitFor({ state: 'hidden' });
  await page.waitForFunction(() => !document.documentElement.dataset.theme.includes('dark'));
  assert.equal(await back(), light, 'nothing was taken');
  await web.write('/theme');
  await page.locator('#palette-input').fill('auto');
  await page.keyboard.press('Enter');
  await page.locator('#note', { hasText: 'The colours are auto' }).waitFor();
  assert.equal(await back(), 'rgb(22, 24, 29)#f6f6f8');
  await page.emulateMedia({ colorScheme: 'light' });
  assert.equal(await back(), light);
  await web.write('/theme pink');
  await page.locator('#note.error', { hasText: 'theme is auto, light or dark' }).waitFor();
  assert.equal(await page.inputValue('#write'), '/theme pink');
  await well(web);
});

test('settings: by their sheet and by /set, told when they are wrong, kept where there is storage and held where there is none', async () => {
  const hat = await Person.come(host, 'hat');
  const web = await Visitor.come(host, { name: 'ivy' });
  const { page } = web;
  await web.write('/set');
  await page.locator('#sheet-title', { hasText: 'Settings' }).waitFor();
  await page.getByLabel('notify', { exact: true }).selectOption('all');
  await page.getByLabel('quiet hours').fill('late');
  await page.keyboard.press('Tab');
  await page.getByRole('alert').getByText('quiet_hours is hours as 22:00-07:00, or nothing.').waitFor();
  assert.equal(await page.getByLabel('quiet hours').getAttribute('aria-invalid'), 'true');
  assert.deepEqual(await web.axe(), []);
  await page.getByLabel('quiet hours').fill('23:00-06:30');
  await page.keyboard.press('Tab');
  await page.getByLabel('typing').selectOption('off');
  await page.keyboard.press('Escape');
  await page.reload();
  await web.in();
  for (const [name, value] of [
    ['notify', 'all'],
    ['quiet_hours', '23:00-06:30'],
    ['typing', 'off'],
    ['away_after', '1m'],
  ]) {
    await web.write(`/set ${name}`);
    await page.locator('#note', { hasText: `${name} is ${value}.` }).waitFor();
  }
  await web.write('/set colour red');
  await page.locator('#note.error', { hasText: 'There is no setting called colour' }).waitFor();
  await web.write('/set away_after soon');
  await page.locator('#note.error', { hasText: 'away_after is a time as 10m' }).waitFor();
  // Nobody is told that one writes.
  await page.fill('#write', '');
  await page.locator('#write').pressSequentially('so I write');
  await page.keyboard.press('Enter');
  await hat.hearsSaid('so I write');
  assert.equal(hat.heard.filter((event) => event.type === 'typing').length, 0);
  await web.write('/set typing on');
  await page.locator('#note', { hasText: 'typing is on' }).waitFor();
  await page.locator('#write').pressSequentially('and so');
  await hat.hears((event) => event.type === 'typing');
  // What does not follow stays here.
  await web.write('/set follow off');
  const other = await web.tab();
  await web.in(other);
  await page.bringToFront();
  await page.fill('#write', '');
  await goes(web, '#mine');
  await web.write('/pin');
  await page.locator('#pinned-list li', { hasText: 'mine' }).waitFor();
  await other.locator('#rooms-list li', { hasText: 'mine' }).waitFor();
  assert.equal(await other.locator('#pinned-list li').count(), 0);
  await well(web);

  const off = await Visitor.come(host, {
    name: 'jon',
    init: () => {
      Object.defineProperty(globalThis, 'localStorage', {
        get() {
          throw new DOMException('no', 'SecurityError');
        },
      });
    },
  });
  await off.write('/theme dark');
  await off.page.waitForFunction(() => getComputedStyle(document.body).backgroundColor === 'rgb(22, 24, 29)');
  await off.write('/dnd');
  await off.page.locator('#quiet', { hasText: 'do not disturb' }).waitFor();
  await off.write('/set theme');
  await off.page.locator('#note', { hasText: 'theme is dark' }).waitFor();
  hat.close();
  await well(off);
});

test('several messages at once: taken by keys and by fingers, copied, deleted when they are one’s own', async () => {
  const kim = await Person.come(host, 'kim');
  await kim.ask({ type: 'join', room: '#many' });
  const web = await Visitor.come(host, { name: 'lou', path: '/#many' });
  const { page } = web;
  await page.locator('#title', { hasText: '#many' }).waitFor();
  await web.context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const pasted = () => page.evaluate(() => navigator.clipboard.readText());
  const gone = [];
  for (const text of ['one', 'two', 'three', 'four']) {
    await web.write(text);
    gone.push((await kim.hearsSaid(text)).seq);
  }
  await kim.say('of **kim**', { to: '#many' });
  await web.sees('of kim');
  await page.locator('#log .waiting').waitFor({ state: 'detached' });
  await page.locator('#write').press('Shift+Tab');
  for (const many of [1, 2, 3]) {
    await page.keyboard.press('Space');
    await page.locator('#taken-what', { hasText: `${many} taken` }).waitFor();
  }
  assert.deepEqual(await page.locator('.message.taken .body').allTextContents(), ['three', 'four', 'of kim']);
  assert.match(await page.locator('.message.taken').last().getAttribute('aria-label'), /^taken, kim/);
  assert.equal(await page.evaluate(() => document.activeElement.querySelector('.body').textContent), 'two');
  assert.deepEqual(await web.axe(), []);
  await page.keyboard.press('y');
  await page.locator('#note', { hasText: 'Copied 3 messages' }).waitFor();
  assert.match(await pasted(), /^\d\d:\d\d lou: three\n\d\d:\d\d lou: four\n\d\d:\d\d kim: of \*\*kim\*\*$/);
  await page.keyboard.press('d');
  await page.locator('#note.error', { hasText: 'Only what you said yourself' }).waitFor();
  // Let go of the one that is another’s: by a press on it, as on a telephone.
  await web.message('of kim').click();
  await page.locator('#taken-what', { hasText: '2 taken' }).waitFor();
  await web.message('one').click();
  await page.locator('#taken-what', { hasText: '3 taken' }).waitFor();
  await page.locator('#taken-delete').click();
  await page.locator('#sheet-title', { hasText: 'Delete 3 messages?' }).waitFor();
  await page.locator('#sheet-body').getByRole('button', { name: 'Delete' }).click();
  for (const of of [gone[0], gone[2], gone[3]]) await kim.hears((event) => event.kind === 'deleted' && event.of === of);
  await page.locator('#taken').waitFor({ state: 'hidden' });
  await page.waitForFunction(() => document.querySelectorAll('#log .message.gone').length === 3);
  assert.equal(kim.heard.filter((event) => event.kind === 'deleted').length, 3);
  assert.equal(await page.evaluate(() => document.activeElement.id), 'write');
  await web.sees('two');
  // One alone is copied as it was written, and Esc lets go before it leads back to writing.
  await page.locator('#write').press('Shift+Tab');
  await page.keyboard.press('Space');
  await page.keyboard.press('c');
  await page.locator('#note', { hasText: /^Copied\.$/ }).waitFor();
  assert.equal(await pasted(), 'of **kim**');
  await page.keyboard.press('Escape');
  await page.locator('#taken').waitFor({ state: 'hidden' });
  assert.equal(await page.evaluate(() => document.activeElement.matches('.message')), true);
  await page.keyboard.press('Escape');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'write');
  // Space on what is in a message is for that.
  const two = await page.locator('.message', { hasText: 'two' }).getAttribute('data-seq');
  await kim.make({ type: 'react', to: '#many', of: Number(two), emoji: '🎉' });
  await page.getByRole('button', { name: '🎉 1, by kim' }).focus();
  await page.keyboard.press('Space');
  await page.getByRole('button', { name: /^🎉 2/ }).waitFor();
  assert.ok(await page.locator('#taken').isHidden());
  // What its author deletes meanwhile is taken no more, and neither is any of it elsewhere.
  const last = await kim.say('soon gone', { to: '#many' });
  await web.sees('soon gone');
  await page.locator('#write').press('Shift+Tab');
  await page.keyboard.press('Space');
  await page.keyboard.press('Space');
  await page.locator('#taken-what', { hasText: '2 taken' }).waitFor();
  await kim.make({ type: 'delete', to: '#many', of: last.seq });
  await page.locator('#taken-what', { hasText: '1 taken' }).waitFor();
  await page.keyboard.press('Alt+1');
  await page.locator('#title', { hasText: '#lobby' }).waitFor();
  await page.locator('#taken').waitFor({ state: 'hidden' });
  kim.close();
  await well(web);
});

for (const scheme of ['light', 'dark']) {
  for (const [form, viewport] of [
    ['desk', DESK],
    ['phone', PHONE],
  ]) {
    test(`nothing at all for axe in what is chosen and taken: ${form}, ${scheme}`, async () => {
      const max = await Person.come(host, `max-${form}-${scheme}`);
      const room = `#choose-${form}-${scheme}`;
      const more = { to: room };
      await max.ask({ type: 'join', room });
      await max.say('first of **all**', more);
      await max.say('a second line, long enough to be broken on a screen as narrow as that of a telephone', more);
      // Chosen against the system, so that it is the choice that is seen.
      const system = scheme === 'light' ? 'dark' : 'light';
      const name = `nan-${form}-${scheme}`;
      const web = await Visitor.come(host, {
        name,
        viewport,
        path: `/${room}`,
        colorScheme: system,
        hasTouch: form === 'phone',
        init: bells,
      });
      const { page } = web;
      const look = async (what) => {
        await web.shot(`choose-${form}-${scheme}-${what}`);
        assert.deepEqual(await web.axe(), [], what);
        assert.ok(
          await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth),
          `nothing is wider than the screen: ${what}`,
        );
      };
      await page.locator('#title', { hasText: room }).waitFor();
      await web.write(`/theme ${scheme}`);
      await page.locator('#note', { hasText: `The colours are ${scheme}` }).waitFor();
      await web.write('mine');
      await web.sees('mine');
      await max.say(`${name}: look`, more);
      await web.sees(`${name}: look`);
      await page.locator('#log .waiting').waitFor({ state: 'detached' });
      // By fingers on a telephone, and by the buttons elsewhere: both lead through what stands beside a message.
      const press = (what) => (form === 'phone' ? what.tap() : what.click());
      await press(web.message('mine'));
      await page.locator('.tools').waitFor();
      await look('tools');
      await press(page.getByRole('button', { name: 'Take' }));
      await press(web.message('first of all'));
      await page.locator('#taken-what', { hasText: '2 taken' }).waitFor();
      await look('taken');
      await press(page.locator('#taken-no'));
      await page.locator('#taken').waitFor({ state: 'hidden' });
      const chosen = async (label, ended) => {
        await press(page.locator('#more-open'));
        await page.locator('#palette-list li', { hasText: label }).waitFor();
        await press(page.locator('#palette-list li', { hasText: label }));
        await ended.waitFor();
      };
      await press(page.locator('#more-open'));
      await page.locator('#palette-list li', { hasText: 'Settings' }).waitFor();
      await look('menu');
      await page.keyboard.press('Escape');
      await chosen('Keep at the top', page.locator('#note', { hasText: 'is at the top' }));
      await chosen('What calls', page.locator('#palette-title', { hasText: 'What calls you from' }));
      await look('levels');
      await press(page.locator('#palette-list li', { hasText: 'every line' }));
      await page.locator('#note', { hasText: 'Every line calls you' }).waitFor();
      await chosen('Colours', page.locator('#palette-title', { hasText: 'Colours' }));
      await look('colours');
      await page.keyboard.press('Escape');
      await chosen('Do not disturb', page.locator('#note', { hasText: 'Nothing calls you' }));
      await web.write('/dnd 90m');
      if (form === 'phone') await press(page.locator('#rooms-open'));
      await page.locator('#quiet', { hasText: 'do not disturb until' }).waitFor();
      await page.locator('#pinned-list li').waitFor();
      await look('quiet');
      if (form === 'phone') {
        await page.keyboard.press('Escape');
        await page.locator('#rooms').waitFor({ state: 'hidden' });
      }
      await chosen('Settings', page.locator('#sheet-title', { hasText: 'Settings' }));
      await look('settings');
      await page.locator('#sheet-close').click();
      await chosen('Help', page.locator('#sheet-title', { hasText: 'Help' }));
      await look('help');
      max.close();
      await well(web);
    });
  }
}
