// What Drizzle's ledger lacks where it was written by several versions of Drizzle. What they then do with it is in
// ../workers/mirror.test.ts and ../workers/identity.test.ts.
import { expect, it } from 'vitest';
import type { Migration } from '../../src/input/migration.ts';
import { mirrorChanges, planMirror } from '../../src/ledger/mirror.ts';
import type { DrizzleRow, LedgerRow } from '../../src/ledger/row.ts';

const noon = Date.UTC(2026, 10, 22, 12);
const minute = 60_000;
const migration = (tag: string, when: number | null): Migration => ({
  key: 'm0000',
  tag,
  when,
  was: [],
  sql: '',
  checksum: tag,
});
const row = (created_at: number | null, rowid = 1): DrizzleRow => ({
  rowid,
  tag: null,
  created_at,
  checksum: '',
});
const ledger = (rows: readonly DrizzleRow[], extras: readonly DrizzleRow[] = []) =>
  ({ form: '0.x', rows, extras, odd: new Set<DrizzleRow>() }) as const;

const [a, b] = [
  migration('20261122120000_a', noon + 123),
  migration('20261122120100_b', noon + minute + 5),
];

it('goes by the whole second for a beta of 1.x, and gives 0.x one row that is new enough', () => {
  const first = row(noon);
  const plan = (...extras: DrizzleRow[]) =>
    planMirror([a], [], new Map(), ledger([first], extras), new Map([[first, a]]));
  expect(plan()).toMatchObject({
    form: '0.x',
    marks: [],
    rows: [{ tag: null, created_at: noon + 123, isExtra: true }],
  });
  // Once it is there, no more is written with each deploy.
  expect(plan(row(noon + 123, 2)).rows).toEqual([]);
  expect(mirrorChanges(plan(row(noon + 123, 2)))).toBe(false);
  expect(mirrorChanges(plan())).toBe(true);
});

it('does not take 0.x for a beta because some of its times are whole seconds', () => {
  const rows = [row(noon + 123), row(noon + minute, 2)] as const;
  const theirs = new Map([
    [rows[0], a],
    [rows[1], b],
  ]);
  // The `when` of b has changed since: 0.x looks for the one of now.
  expect(planMirror([a, b], [], new Map(), ledger(rows), theirs).rows).toEqual([
    { tag: b.tag, created_at: noon + minute + 5, isExtra: true },
  ]);
});

it('does not take 0.x for a beta because all of its times are whole seconds', () => {
  const first = row(noon);
  const whole = { ...a, when: noon };
  expect(
    planMirror([whole, b], [], new Map(), ledger([first]), new Map([[first, whole]])).rows,
  ).toEqual([{ tag: b.tag, created_at: noon + minute + 5, isExtra: false }]);
});

it('brings back the rows of another deploy as its own, but for one without a time', () => {
  const kept = (tag: string, created_at: number | null, version: number): LedgerRow => ({
    version,
    tag,
    created_at,
    checksum: null,
    applied_at: noon,
    origin: 'drizzle',
    head: null,
  });
  const own = [kept('by hand', null, 0), kept('20261122130000_other', noon + 60 * minute, 1)];
  expect(planMirror([a], own, new Map(), undefined, new Map())).toEqual({
    form: '0.x',
    create: true,
    upgrade: false,
    marks: [],
    rows: [
      { tag: a.tag, created_at: noon + 123, isExtra: false },
      { tag: '20261122130000_other', created_at: noon + 60 * minute, isExtra: false },
    ],
  });
});
