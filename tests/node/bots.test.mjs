// The bots of examples/ in Python and Node, which were written from docs/protocol.md alone: they come in marked as programs,
// answer people and nobody else, and come back when the host does. `WSCHAT_PYTHON` names a Python that has `websockets`.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LineClient, Raw, startHost, until } from './common.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const examples = join(here, '..', '..', 'examples');

let host;
const bots = [];
const changed = new Set();
before(async () => {
  host = await startHost();
  const start = (program, file, ...words) => {
    const env = { ...process.env, NODE_PATH: join(here, 'node_modules') };
    const bot = spawn(program, [join(examples, file), host.url, ...words], { stdio: ['ignore', 'pipe', 'inherit'], env });
    bot.told = '';
    bot.stdout.on('data', (part) => { bot.told += part; changed.forEach((f) => f()); });
    bots.push(bot);
  };
  start(process.env.WSCHAT_PYTHON ?? 'python3', 'echo_bot.py');
  start(process.execPath, 'dice_bot.js', 'lobby', 'd-ice');
});
after(async () => {
  for (const bot of bots) bot.kill();
  await host.stop();
});

/** A person of wschat.v1, once both bots are in the lobby for the `times`th time. They say so themselves: others see
    somebody come in a moment before he hears them. */
async function person(name, times) {
  const there = (bot) => (bot.told.match(/^in #lobby$/gm) ?? []).length >= times;
  await until(() => `both bots, ${times} times; they told ${bots.map((bot) => bot.told)}`, () => bots.every(there), changed);
  const one = await new Raw(host.url, { protocols: ['wschat.v1'] }).opened;
  const frames = () => one.heard.map((frame) => JSON.parse(frame));
  const tell = (command) => one.send(JSON.stringify(command));
  const hears = (what, fits) => until(() => `${what}; heard ${one.heard.slice(-5).join(' ')}`, () => frames().find(fits), one.changed);
  tell({ type: 'enter', name });
  await hears('a welcome', (frame) => frame.type === 'welcome');
  tell({ type: 'resume', cursors: [] });
  tell({ type: 'who', room: '#lobby', id: 1 });
  for (const bot of ['echo', 'd-ice']) {
    const is = (who) => who?.name === bot && who.bot === true;
    await hears(`${bot}, marked as a bot`, (frame) =>
      (frame.type === 'members' && frame.people.some((who) => is(who) && who.online)) ||
      (frame.type === 'moved' && frame.room === '#lobby' && frame.joined && is(frame.who)));
  }
  const said = () => frames().filter((frame) => frame.kind === 'said').map((frame) => `${frame.from.name}: ${frame.text}`);
  const answer = (bot, text) => hears(`${bot} answering “${text}”`, (frame) => {
    const asked = frames().find((one) => one.kind === 'said' && one.text === text);
    return asked && frame.kind === 'said' && frame.from.name === bot && frame.reply_to === asked.seq;
  });
  return { ...one, close: () => one.close(), say: (text) => tell({ type: 'say', to: '#lobby', text }), said, answer };
}

async function conversation(name, times) {
  const ann = await person(name, times);
  ann.say('!roll 3d6');
  const dice = (await ann.answer('d-ice', '!roll 3d6')).text;
  const [sum, ...thrown] = (dice.match(/^([1-6]) \+ ([1-6]) \+ ([1-6]) = (\d+)$/) ?? assert.fail(dice)).slice(1).map(Number).reverse();
  assert.equal(thrown.reduce((a, b) => a + b), sum);
  ann.say('nobody is meant');
  ann.say('@echo: @d-ice, !roll and <b>全部</b> 🎲');
  assert.equal((await ann.answer('echo', '@echo: @d-ice, !roll and <b>全部</b> 🎲')).text, '@d-ice, !roll and <b>全部</b> 🎲');
  ann.say('!roll');
  const one = (await ann.answer('d-ice', '!roll')).text;
  assert.match(one, /^[1-6] = [1-6]$/);
  assert.equal(ann.said().filter((line) => !line.startsWith(name)).length, 3, `only what was asked is answered: ${ann.said()}`);
  await ann.close();
}

test('each answers whom it is for, once, and no program', () => conversation('ann', 1));

test('both come back when the host does', async () => {
  await host.kill();
  await host.again();
  await conversation('ben', 2);
});

test('a raw client in plain text is answered too, and sees that they are programs', async () => {
  const cy = await new LineClient(host.url).opened;
  cy.type('cy');
  await cy.hears('Received cy: cy');
  cy.type('@echo hello');
  await cy.hearsMatch(/^echo \(bot\): (?:.*> )?hello$/);
  cy.type('!roll');
  await cy.hearsMatch(/^d-ice \(bot\): (?:.*> )?[1-6] = [1-6]$/);
  await cy.close();
});
