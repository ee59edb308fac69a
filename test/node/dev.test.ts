// `wrangler dev` of this repository, which is not the test pool: the facts that the code relies on, and a table rebuild
// from every place of a class, with events waiting.
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Dev } from '../dev/dev.ts';
import { inConstructor, inEvents } from '../dev/worker/calls.ts';
import { facts } from '../dev/worker/facts.ts';
import { counted, ENFORCED, WAITING } from '../dev/worker/probe.ts';

let dev: Dev;
beforeAll(async () => {
  dev = await Dev.start(fileURLToPath(new URL('../dev/worker/wrangler.jsonc', import.meta.url)));
}, 60_000);
afterAll(() => dev.stop());

const ARRIVALS = ['rpc', 'fetch', 'spread'];
const play = (of: string, scene: string, arrival: string): Promise<string[]> =>
  dev.get(`/?${new URLSearchParams({ of, scene, arrival })}`);

describe('storage.transaction() in wrangler dev', () => {
  it.each(Object.entries(facts))('%s', async (name, { log }) => {
    expect(counted(await play('facts', name, 'rpc'))).toEqual(log);
  });
});

describe.each(Object.entries({ inConstructor, inEvents }))(
  'a table rebuild in wrangler dev, %s',
  (of, calls) => {
    describe.each(Object.entries(calls))('%s', (name, { log }) => {
      it.each(ARRIVALS)('with events by %s', async (arrival) => {
        const seen = await play(of, name, arrival);
        expect(seen.filter((line) => line === ENFORCED)).toHaveLength(WAITING);
        expect(seen.filter((line) => line !== ENFORCED)).toEqual(log);
      });
    });
  },
);
