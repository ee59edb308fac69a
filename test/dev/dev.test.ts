// `wrangler dev` of this repository, which is not the test pool: the facts that the code relies on, and a table rebuild
// from every place of a class, with events waiting.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Dev } from './dev.ts';
import { inConstructor, inEvents } from './worker/calls.ts';
import { facts } from './worker/facts.ts';
import { read, WAITING } from './worker/probe.ts';

vi.setConfig({ testTimeout: 30_000 });

let dev: Dev;
beforeAll(async () => {
  dev = await Dev.start(join(import.meta.dirname, 'worker/wrangler.jsonc'));
}, 60_000);
afterAll(() => dev.stop());

/** How the events come: 30 calls or requests at once, or spread over some milliseconds. */
const ARRIVALS = ['rpc', 'fetch', 'spread'];
const play = async (of: string, scene: string, arrival: string) =>
  read(await dev.get(`/?${new URLSearchParams({ of, scene, arrival })}`));

const inEveryWay = (of: string, scene: string) =>
  Promise.all(ARRIVALS.map((arrival) => play(of, scene, arrival)));

describe('storage.transaction() in wrangler dev', () => {
  it.each(Object.entries(facts))('%s', async (name, { seenIn, ...fact }) => {
    for (const { log, enforced, notEnforced } of await inEveryWay('facts', name)) {
      expect(log).toEqual(fact.log);
      expect(enforced + notEnforced).toBe(WAITING);
      expect(notEnforced > 0).toBe(seenIn?.includes('wrangler dev') ?? false);
    }
  });
});

describe.each(Object.entries({ inConstructor, inEvents }))(
  'a table rebuild in wrangler dev, %s, with 30 events waiting',
  (of, calls) => {
    it.each(Object.entries(calls))('%s', async (name, { log }) => {
      for (const seen of await inEveryWay(of, name)) {
        expect(seen).toEqual({ log, enforced: WAITING, notEnforced: 0 });
      }
    });
  },
);
