// What each file of tests has for itself, from its first test to its last: a host and a browser. What they can do is in
// `common.mjs`.
import { after } from 'node:test';
import assert from 'node:assert/strict';
import { Host, startBrowser } from './common.mjs';

export const [host, browser] = await Promise.all([Host.start(), startBrowser()]);
after(async () => {
  await browser.close();
  await host.stop();
});

/** These leave, and nothing was wrong on any of their pages. */
export const well = async (...visitors) => {
  for (const visitor of visitors) assert.deepEqual(await visitor.leave(), []);
};
