// What is remembered of objects that are ahead of the code: the next one is told by its head alone, and must not be told
// so wrongly. How such an object is met is in ../workers/ahead.test.ts.
import { expect, it, vi } from 'vitest';
import { knownAhead, noteAhead } from '../../src/ahead.ts';
import { fingerprintOf } from '../../src/input/fingerprint.ts';
import type { Migration } from '../../src/input/migration.ts';
import type { LedgerRow } from '../../src/ledger/row.ts';

const TAGS = ['20261122120000_a', '20261122120100_b', '20261122120200_c'];
const [a, b, c] = TAGS.map(
  (tag, i): Migration => ({
    key: `m000${i}`,
    tag,
    when: null,
    was: [],
    sql: tag,
    checksum: `checksum of ${tag}`,
  }),
) as [Migration, Migration, Migration];

/** The rows of an object that is up to date with some migrations. */
const rowsOf = (...list: readonly Migration[]): LedgerRow[] =>
  list.map(({ tag, checksum }, version) => ({
    version,
    tag,
    checksum,
    created_at: null,
    applied_at: 1,
    origin: 'applied',
    head: version === list.length - 1 ? `${fingerprintOf(list)} retire __drizzle_migrations` : null,
  }));
const ahead = [{ key: 'm0001', tag: b.tag }];

it('is that of an object that has all of the code, and more', () => {
  noteAhead('one', [a], rowsOf(a, b), ahead);
  expect(knownAhead('one')).toMatchObject({ upToDate: true, applied: [], ahead });
});

it('is nothing where one of the migrations is missing, so that it runs in the next object', () => {
  noteAhead('two', [a, c], rowsOf(a, b), ahead);
  expect(knownAhead('two')).toBeUndefined();
});

it('is nothing where the head is that of another list, or there is none', () => {
  const [first, last] = rowsOf(a, b) as [LedgerRow, LedgerRow];
  noteAhead('three', [a], [first, { ...last, head: `${fingerprintOf([a, c])} retire` }], ahead);
  noteAhead('four', [a], [first, { ...last, head: null }], ahead);
  noteAhead('five', [], [], []);
  expect(['three', 'four', 'five'].map(knownAhead)).toEqual([undefined, undefined, undefined]);
});

it('is kept of 64 lists, and with one more all others are forgotten: memory does not grow', async () => {
  vi.resetModules();
  const fresh = await import('../../src/ahead.ts');
  const names = Array.from({ length: 64 }, (_, i) => `object ${i}`);
  for (const name of names) fresh.noteAhead(name, [a], rowsOf(a, b), ahead);
  expect(names.filter((name) => fresh.knownAhead(name) === undefined)).toEqual([]);
  fresh.noteAhead('one more', [a], rowsOf(a, b), ahead);
  expect([...names, 'one more'].filter((name) => fresh.knownAhead(name))).toEqual(['one more']);
});
