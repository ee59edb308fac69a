// The facts that the code relies on, in the `wrangler dev` of this repository and not in the test pool.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Dev } from '../dev/dev.ts';
import { facts } from '../dev/worker/facts.ts';

let dev: Dev;
beforeAll(async () => {
  dev = await Dev.start(new URL('../dev/worker/wrangler.jsonc', import.meta.url).pathname);
}, 60_000);
afterAll(() => dev.stop());

const play = (scene: string, arrival: string): Promise<string[]> =>
  dev.get(`/?${new URLSearchParams({ scene, arrival })}`);

describe('in wrangler dev', () => {
  it.each(Object.entries(facts))('%s', async (name, { log }) => {
    expect(await play(name, 'rpc')).toEqual(log);
  });
});
