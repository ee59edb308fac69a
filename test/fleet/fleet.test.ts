// A fleet under Miniflare: real objects, real alarms, its queue.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Fleet } from './fleet.ts';
import type { Kind } from './kinds.ts';

const fleet = new Fleet();
afterAll(() => fleet.remove());

const COUNTS: [Kind, number][] = [
  ['fresh', 20],
  ['drizzle', 20],
  ['behind', 20],
  ['fails', 4],
  ['unknown', 3],
  ['deleted', 5],
];

describe('a sweep', () => {
  let ids: string[] = [];

  beforeAll(async () => {
    await fleet.start('seed');
    const objects = COUNTS.flatMap(([kind, count]) =>
      Array.from({ length: count }, (_, index) => [`${kind} ${index}`, kind] as const),
    );
    await fleet.seed('INBOX', objects);
    await fleet.kill();
    ids = fleet.ids('Inbox');
    expect(ids).toHaveLength(72);
    await fleet.start('live');
  });

  it('finds each object once', async () => {
    await fleet.begin('INBOX', ids, { pageSize: 10 });
    const status = await fleet.done('INBOX');
    expect(status.counts).toEqual({
      listed: 72,
      outcomes: { 'up-to-date': 60, ahead: 0, empty: 5, woken: 0, migrates: 0, nothing: 0 },
      failed: 7,
      later: 0,
      again: 0,
      open: 0,
    });
    console.log(JSON.stringify(status, null, 1));
  });
});
