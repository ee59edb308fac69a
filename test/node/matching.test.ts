// Which row stands for which migration, case by case: what only unlikely histories come to. The rules by themselves are
// in ../workers/match.test.ts, and what real migrators leave in ../workers/adoption.test.ts.
import { describe, expect, it } from 'vitest';
import type { AdoptionError } from '../../src/base/errors.ts';
import { sha256 } from '../../src/base/sha256.ts';
import type { Migration } from '../../src/input/migration.ts';
import { knownRows } from '../../src/ledger/known.ts';
import {
  hasDrifted,
  matchByCount,
  matchByIdentity,
  matchLedger,
  ownTag,
  repeatedRows,
} from '../../src/ledger/match.ts';
import type { DrizzleRow, LedgerRow } from '../../src/ledger/row.ts';

const noon = Date.UTC(2026, 10, 22, 12);
const minute = 60_000;
/** Names of migrations that were made at noon, and one that was made a minute later. */
const [A, B, C] = ['20261122120000_a', '20261122120000_b', '20261122120000_c'] as const;
const LATER = '20261122120100_later';

type Says = readonly [tag: string | null, created_at: number | null];

/** Rows of Drizzle's ledger. */
const theirs = (...all: readonly Says[]): DrizzleRow[] =>
  all.map(([tag, created_at], i) => ({ rowid: i + 1, tag, created_at, checksum: '' }));

/** Rows of our ledger that were adopted from Drizzle's. */
const ours = (...all: readonly Says[]): LedgerRow[] =>
  all.map(([tag, created_at], version) => ({
    version,
    tag,
    created_at,
    checksum: 'a checksum',
    applied_at: noon,
    origin: 'drizzle',
    head: null,
  }));

/** Rows of our ledger by their texts; those with a name are of other seconds than any migration here. */
const ran = (...all: readonly (readonly [text: string, tag?: string | null])[]): LedgerRow[] =>
  all.map(([text, tag = null], version) => ({
    version,
    tag,
    created_at: null,
    checksum: sha256(text),
    applied_at: noon,
    origin: 'applied',
    head: null,
  }));

const kept = (rows: readonly LedgerRow[]): LedgerRow[] =>
  rows.map((row) => ({ ...row, checksum: null }));

let count = 0;
const migration = (tag: string | null, more: Partial<Migration> = {}): Migration => {
  const sql = more.sql ?? `CREATE TABLE t${count++} (x)`;
  return { key: 'm0000', tag, when: null, was: [], sql, checksum: sha256(sql), ...more };
};
const record = (...texts: readonly string[]): Migration[] =>
  texts.map((sql, i) => migration(null, { key: `m000${i}`, sql }));

/** For each row the position of its migration, or undefined. */
const positions = <Row>(
  rows: readonly Row[],
  migrations: readonly Migration[],
  matches: ReadonlyMap<Row, Migration>,
): (number | undefined)[] =>
  rows.map((row) => (matches.has(row) ? migrations.indexOf(matches.get(row) as never) : undefined));

const refusal = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return (error as AdoptionError).message;
  }
  throw new Error('nothing was thrown');
};

describe('a row of Drizzle that this code does not know', () => {
  /** Which rows of Drizzle's our ledger has too. */
  const known = (drizzle: DrizzleRow[], own: LedgerRow[]) => drizzle.map(knownRows(drizzle, own));

  it.each<[string, DrizzleRow[], LedgerRow[]]>([
    ['by a name without a time', theirs(['init', null]), ours(['init', null])],
    ['by the name, where both times are whole seconds', theirs([A, noon]), ours([A, noon])],
    ['by the name, where the ends of its second differ', theirs([A, noon + 999]), ours([A, noon])],
    ['by the exact time, under another name', theirs([B, noon + 5]), ours([A, noon + 5])],
    ['by the exact time, without a name', theirs([null, noon + 5]), ours([A, noon + 5])],
    ['by the second, where ours has no more', theirs([null, noon + 5]), ours([A, noon])],
    ['if it says nothing, and one like it was kept', theirs([null, null]), kept(ours([A, null]))],
  ])('is no news if our ledger has it: %s', (_, drizzle, own) => {
    expect(known(drizzle, own)).toEqual([true]);
  });

  it.each<[string, DrizzleRow[], LedgerRow[]]>([
    ['another name in a second of which no more is known', theirs([B, noon]), ours([A, noon])],
    ['another name, and no time', theirs(['other', null]), ours(['init', null])],
    ['another time in the same second', theirs([null, noon + 6]), ours([A, noon + 5])],
    ['another name and another time', theirs([B, noon + 6]), ours([A, noon + 5])],
    ['nothing, and one with a time was kept', theirs([null, null]), kept(ours([A, noon]))],
    ['nothing, and none was kept', theirs([null, null]), ours([A, null])],
    [
      'a name that Drizzle gave it, and a time that ours lacks',
      theirs([A, noon + minute]),
      ours([A, noon]),
    ],
  ])('is not passed over, so that its migration does not run twice: %s', (_, drizzle, own) => {
    expect(known(drizzle, own)).toEqual([false]);
  });

  it('is not passed over where Drizzle has one more in that second than ours', () => {
    expect(known(theirs([A, noon], [A, noon]), ours([A, noon]))).toEqual([false, false]);
    expect(known(theirs([A, noon]), ours([A, noon], [B, noon]))).toEqual([true]);
  });
});

describe('the name of a row of Drizzle', () => {
  it.each<[string, Says, string | null]>([
    ['kept where no time speaks against it', [A, null], A],
    ['kept where its time says the same second', [A, noon + 5], A],
    ['not believed where its time says another', [A, noon + minute], null],
  ])('is %s', (_, says, expected) => {
    expect(theirs(says).map(ownTag)).toEqual([expected]);
  });
});

describe("Drizzle's rows", () => {
  const matched = (rows: readonly DrizzleRow[], migrations: readonly Migration[]) =>
    positions(rows, migrations, matchByIdentity(rows, migrations, 'theirs', true));

  it('that bear one name stand for it by the exact time, and not by the order', () => {
    const rows = theirs([A, noon], [A, noon + 5]);
    expect(matched(rows, [migration(A, { when: noon + 5 })])).toEqual([undefined, 0]);
  });

  it('of a known name that is taken go by their time: it is another migration of that second', () => {
    const migrations = [
      migration(A, { when: noon + 5 }),
      migration(B, { when: noon }),
      migration(C, { when: noon + 7 }),
    ];
    expect(matched(theirs([A, noon + 5], [A, noon]), migrations)).toEqual([0, 1]);
  });

  it('of an unknown name are not taken for the one that was made in just that millisecond', () => {
    const migrations = [migration(A, { when: noon }), migration(B, { when: noon + 5 })];
    expect(refusal(() => matched(theirs([C, noon]), migrations))).toContain(
      '[AMBIGUOUS_ROW] theirs has 1 row(s) for the second 20261122120000, in which 2 migration(s) were made',
    );
  });

  it('that are named after another migration are not in doubt for a time of whole seconds', () => {
    const migrations = [migration(A, { when: noon + 123 })];
    expect(matched(theirs([LATER, noon]), migrations)).toEqual([undefined]);
  });

  it('of a beta of 1.x go by the second, beside rows of later versions and rows that say nothing', () => {
    const migrations = [
      migration(A, { when: noon + 5 }),
      migration(LATER, { when: noon + minute + 123 }),
    ];
    expect(matched(theirs([null, noon + minute]), migrations)).toEqual([1]);
    expect(matched(theirs([A, noon + 5], [null, noon + minute]), migrations)).toEqual([0, 1]);
    expect(matched(theirs([null, null], [null, noon + minute]), migrations)).toEqual([
      undefined,
      1,
    ]);
  });

  it('of 0.x that stand twice leave no doubt: their time is exact', () => {
    const migrations = [migration(A, { when: noon + 5 }), migration(B, { when: noon + 7 })];
    expect(matched(theirs([null, noon + 5], [null, noon + 5]), migrations)).toEqual([0, undefined]);
  });

  it('that stand twice are refused if others of that second are open, with the way that helps', () => {
    const migrations = [
      migration(A, { when: noon + 5 }),
      migration(B),
      migration(C, { when: noon + 7 }),
    ];
    expect(refusal(() => matched(theirs([A, noon], [A, noon]), migrations))).toBe(
      '[AMBIGUOUS_ROW] theirs has 1 row(s) for the second 20261122120000, in which 2 migration(s) were made: ' +
        `${B}, ${C}. Nobody can tell which of them ran. ` +
        'Convert the migrations from the 0.x journal, which has the milliseconds.',
    );
  });
});

describe('a row of Drizzle that is left', () => {
  /** For each of two rows, the first of which is matched: whether the second one repeats it, and must be kept in mind. */
  const repeated = (first: Says, second: Says, more: Partial<Migration> = {}) => {
    const rows = theirs(first, second);
    const [, left] = rows as [DrizzleRow, DrizzleRow];
    const matches = matchByIdentity(rows, [migration(A, more)], 'theirs', true);
    expect(matches.has(left)).toBe(false);
    return repeatedRows([left], matches).get(left);
  };

  it('is kept in mind if it says the time of an adopted one, or the same: it may be another', () => {
    expect(repeated([A, noon + 5], [null, noon + 5], { when: noon + 5 })).toBe(true);
    expect(repeated([A, noon], [A, noon])).toBe(true);
  });

  it('is forgotten if it says an earlier time of an adopted one', () => {
    const more = { when: noon + 5, was: [noon + 3] };
    expect(repeated([null, noon + 5], [null, noon + 3], more)).toBe(false);
  });

  it('is unknown under the name of another migration, or without a time', () => {
    expect(repeated([A, noon + 5], [LATER, noon + 5], { when: noon + 5 })).toBeUndefined();
    expect(repeated([A, noon + 5], [A, null], { when: noon + 5 })).toBeUndefined();
    expect(repeated([A, noon + 5], [null, noon + 6], { when: noon + 5 })).toBeUndefined();
  });
});

describe('our rows', () => {
  const matched = (rows: readonly LedgerRow[], migrations: readonly Migration[]) =>
    positions(rows, migrations, matchLedger(rows, migrations, 'ours'));
  const [x, y, z, w] = ['DELETE FROM x', 'DELETE FROM y', 'DELETE FROM z', 'DELETE FROM w'];

  it('of one text that several migrations have go by the number, so that none runs twice', () => {
    expect(matched(ran([y], [x]), record(x, x))).toEqual([0, 1]);
    expect(matched(ran([x], [y], [x]), record(x, y, x))).toEqual([0, 1, 2]);
  });

  it('without a name stand for the first of several named migrations of their text', () => {
    const migrations = [
      migration(A, { sql: y }),
      migration(B, { sql: x }),
      migration(C, { sql: x }),
    ];
    expect(matched(ran([x]), migrations)).toEqual([1]);
  });

  it('with a name stand for no named migration that has only the text, one of several', () => {
    const migrations = [
      migration(A, { sql: y }),
      migration(B, { sql: z }),
      migration(C, { sql: x }),
      migration(LATER, { sql: x }),
    ];
    expect(matched(ran([y, A], [x, '20250101000000_old']), migrations)).toEqual([0, undefined]);
  });

  it('go by just their text before other ways to write it', () => {
    expect(matched(ran([x]), record(`${x};\n`, x))).toEqual([1]);
    expect(matched(ran([x]), record(y, `${x};\n`))).toEqual([1]);
  });

  it('of an edited text are found by what is left, named or not', () => {
    expect(matched(ran([x], [y]), record(x, z))).toEqual([0, 1]);
    const named = [migration(A, { sql: x }), migration(B, { sql: z })];
    expect(matched(ran([x, A], [y]), named)).toEqual([0, 1]);
    expect(matched(ran([x, A], [y, LATER]), named)).toEqual([0, undefined]);
  });

  it('of an edited text stay unknown with anything else open, or at another number', () => {
    expect(matched(ran([x], [y]), record(x, z, w))).toEqual([0, undefined]);
    expect(matched(ran([x], [y], [z]), record(x, w, w))).toEqual([0, undefined, undefined]);
    const [first, second, third] = ran([w], [x], [y]) as [LedgerRow, LedgerRow, LedgerRow];
    const unknown: LedgerRow = { ...first, origin: 'drizzle', checksum: null };
    expect(matched([unknown, second, third], record(x, z))).toEqual([undefined, 0, undefined]);
  });

  it('have drifted where the text is another, in more than how it is written', () => {
    const [row] = ran([x]) as [LedgerRow];
    expect(hasDrifted(row, migration(A, { sql: x }))).toBe(false);
    expect(hasDrifted(row, migration(A, { sql: `${x};` }))).toBe(false);
    expect(hasDrifted(row, migration(A, { sql: y }))).toBe(true);
    expect(hasDrifted({ ...row, checksum: null }, migration(A, { sql: y }))).toBe(false);
    // A record may carry the checksum of what ran once.
    expect(hasDrifted(row, migration(A, { sql: y, checksum: sha256(x) }))).toBe(false);
  });
});

describe('rows of Drizzle where no migration has a name', () => {
  const migrations = record('DELETE FROM x', 'DELETE FROM y', 'DELETE FROM z');
  const matched = (rows: readonly DrizzleRow[]) =>
    positions(rows, migrations, matchByCount(rows, migrations, 'theirs'));

  it('go by the keys that some have as their names, and not by count', () => {
    expect(matched(theirs(['m0001', noon], ['m0000', noon + 5]))).toEqual([1, 0]);
    expect(matched(theirs(['m0002', noon]))).toEqual([2]);
  });

  it('go by count, and those that stand twice with a name count once', () => {
    expect(matched(theirs([null, noon], [null, noon + 5]))).toEqual([0, 1]);
    expect(matched(theirs([A, noon], [A, noon], [B, noon]))).toEqual([0, undefined, 1]);
  });

  it('are not counted if one without a name stands twice, be there names beside it', () => {
    const message =
      '[AMBIGUOUS_ROW] theirs has 1 row(s) that say the same as another one, so nobody can tell how many ' +
      "migrations ran. Pass drizzle-kit's migrations.js, or a converted module.";
    expect(refusal(() => matched(theirs([null, noon], [null, noon])))).toBe(message);
    expect(refusal(() => matched(theirs([null, noon], [null, noon], [A, noon])))).toBe(message);
  });
});
