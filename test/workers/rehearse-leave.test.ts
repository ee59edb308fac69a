// What a rehearsal takes for Drizzle's work is Drizzle's work: the same schema, the same ledger, row by row.
import { describe, expect, it } from 'vitest';
import drizzleBundle0 from '../../drizzle/migrations.js';
import type { DrizzleBundle0 } from '../../src/index.ts';
import { readMigrations } from '../../src/input/migrations.ts';
import { leave } from '../../src/testing/leave.ts';
import { startsOf } from '../../src/testing/starts.ts';
import drizzleBundle1 from '../.generated/up/drizzle/migrations.js';
import {
  bundle0,
  bundle1,
  cut0,
  cut1,
  dump,
  inObject,
  type Made,
  newObject,
  runDrizzle0,
  runDrizzle1,
} from './harness.ts';

const TABLES = { table: '__migrations', drizzleTable: '__drizzle_migrations' };

/** A dump without the moments of applying, which only 1.x keeps: each must be a time. */
const timeless = (dumped: unknown): string =>
  JSON.stringify(dumped, null, 1).replace(
    /"applied_at": "\d{4}-\d\d-\d\dT[\d:.]+Z"/g,
    '"applied_at": "a time"',
  );

describe.each([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])('with %i migrations', (count) => {
  it('an object of Drizzle 0.x', async () => {
    const { migrations } = readMigrations(drizzleBundle0);
    const ours = await inObject((ctx) => {
      leave(ctx, migrations.slice(0, count), '0.x', TABLES);
      return dump(ctx);
    });
    const theirs = await inObject(async (ctx) => {
      if (count > 0) await runDrizzle0(ctx, cut0(drizzleBundle0, count));
      return dump(ctx);
    });
    expect(timeless(ours)).toBe(timeless(theirs));
  });

  it('an object of Drizzle 1.x', async () => {
    const { migrations } = readMigrations(drizzleBundle1);
    const ours = await inObject((ctx) => {
      leave(ctx, migrations.slice(0, count), '1.x', TABLES);
      return dump(ctx);
    });
    const theirs = await inObject((ctx) => {
      if (count > 0) runDrizzle1(ctx, cut1(drizzleBundle1, count));
      return dump(ctx);
    });
    expect(timeless(ours)).toBe(timeless(theirs));
    // The times stood there, so that nothing was equal for want of them.
    expect(timeless(ours).split('"applied_at": "a time"')).toHaveLength(count + 1);
  });
});

describe('where the journal lets Drizzle 0.x skip', () => {
  const at = (second: number): number => Date.UTC(2026, 10, 22, 12, 0, second, 5);
  const table = (i: number, second: number): Made => ({
    tag: `000${i}_t${i}`,
    when: at(second),
    sql: `CREATE TABLE t${i} (id integer PRIMARY KEY)`,
  });

  /** Each journal with the deploys that leave each of its skipping objects. */
  const JOURNALS: [string, Made[], number[][]][] = [
    ['in order', [table(0, 0), table(1, 1)], []],
    ['one late at the end', [table(0, 5), table(1, 1)], []],
    [
      'one late',
      [table(0, 5), table(1, 1), table(2, 6), table(3, 7)],
      [
        [1, 3],
        [1, 4],
      ],
    ],
    ['one of the same time', [table(0, 5), table(1, 5), table(2, 6)], [[1, 3]]],
    [
      'two late',
      [table(0, 5), table(1, 1), table(2, 2), table(3, 6)],
      [
        [1, 4],
        [2, 4],
      ],
    ],
    [
      'two late apart',
      [table(0, 5), table(1, 1), table(2, 6), table(3, 2), table(4, 7)],
      [
        [1, 3],
        [1, 5],
        [3, 5],
        [1, 2, 3, 4, 5],
      ],
    ],
  ];

  it.each(JOURNALS)('%s: each skipping object, and no other', async (_, made, deploys) => {
    const bundle: DrizzleBundle0 = bundle0(...made);
    const { migrations } = readMigrations(bundle);
    const starts = startsOf(migrations, '0.x', true).filter(({ skipped }) => skipped.length > 0);
    const ours = await Promise.all(
      starts.map(({ applied }) =>
        inObject((ctx) => {
          leave(ctx, applied, '0.x', TABLES);
          return timeless(dump(ctx));
        }),
      ),
    );
    const theirs = await Promise.all(
      deploys.map(async (lengths) => {
        const stub = newObject();
        for (const length of lengths) {
          await inObject((ctx) => runDrizzle0(ctx, cut0(bundle, length)), stub);
        }
        return timeless(await inObject(dump, stub));
      }),
    );
    expect(ours.sort()).toEqual([...new Set(theirs)].sort());
    expect(startsOf(migrations, '0.x', false)).toHaveLength(made.length + 1);
    expect(startsOf(readMigrations(bundle1(...made)).migrations, '1.x', true)).toHaveLength(
      made.length + 1,
    );
  });
});
