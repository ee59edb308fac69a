// Which row stands for which migration, rule by rule. What the real migrators leave is in adoption.test.ts.
import { describe, expect, it } from 'vitest';
import type { AdoptionError } from '../../src/index.ts';
import type { Migration } from '../../src/input/migration.ts';
import { type Matches, matchByIdentity, pair } from '../../src/ledger/match.ts';
import type { HistoryRow } from '../../src/ledger/row.ts';
import { thrown } from './harness.ts';

const noon = Date.UTC(2026, 10, 22, 12);
const SECOND = '20261122120000';

const migration = (name: string, more: Partial<Migration> = {}): Migration => ({
  key: 'm0000',
  tag: `${SECOND}_${name}`,
  when: null,
  was: [],
  sql: name,
  checksum: `checksum of ${name}`,
  ...more,
});

const row = (more: Partial<HistoryRow>): HistoryRow => ({
  tag: null,
  created_at: null,
  checksum: null,
  ...more,
});

/** For each row the SQL of its migration, or undefined. */
const matched = (rows: readonly HistoryRow[], migrations: readonly Migration[]) => {
  const matches = matchByIdentity(rows, migrations, 'the_ledger');
  return rows.map((item) => matches.get(item)?.sql);
};

describe('pair', () => {
  const [a, b, c] = [migration('a'), migration('b'), migration('c')] as const;
  const [one, two, three] = [row({}), row({}), row({})];
  const paired = (
    rows: HistoryRow[],
    migrations: Migration[],
    fewer: 'first' | 'refuse' | 'none',
    before: Matches<HistoryRow> = new Map(),
  ) => {
    pair(
      before,
      rows,
      migrations,
      () => 'same',
      () => 'same',
      fewer,
      (bearers, candidates) => new Error(`${bearers.length} of ${candidates.length}`),
    );
    return [...before.values()].map(({ sql }) => sql);
  };

  it('goes by order where as many rows as migrations bear a value', () => {
    for (const fewer of ['first', 'refuse', 'none'] as const) {
      expect(paired([one, two], [a, b], fewer)).toEqual(['a', 'b']);
    }
  });

  it('takes the first migrations, refuses, or does nothing where fewer rows bear it', () => {
    expect(paired([one], [a, b], 'first')).toEqual(['a']);
    expect(paired([one], [a, b], 'none')).toEqual([]);
    expect(thrown(() => paired([one], [a, b], 'refuse')).message).toBe('1 of 2');
  });

  it('takes the first rows, or does nothing where more rows bear it', () => {
    expect(paired([one, two], [a], 'first')).toEqual(['a']);
    expect(paired([one, two], [a], 'refuse')).toEqual(['a']);
    expect(paired([one, two], [a], 'none')).toEqual([]);
  });

  it('leaves out what is paired already, on both sides', () => {
    const before = new Map([[two, a]]);
    expect(paired([one, two, three], [a, b, c], 'none', before)).toEqual(['a', 'b', 'c']);
    expect(before.get(one)).toBe(b);
    expect(before.get(three)).toBe(c);
  });

  it('leaves out what has no value, and tells the position of what has', () => {
    const matches: Matches<HistoryRow> = new Map();
    pair(
      matches,
      [one, two, three],
      [a, b, c],
      (_, position) => (position === 0 ? null : position),
      (_, position) => (position === 2 ? null : position),
      'first',
    );
    expect([...matches]).toEqual([[two, b]]);
  });
});

describe('a row', () => {
  it('goes by its name before its time', () => {
    const migrations = [migration('a', { when: noon + 5 }), migration('b', { when: noon + 6 })];
    expect(matched([row({ tag: `${SECOND}_b`, created_at: noon + 5 })], migrations)).toEqual(['b']);
  });

  it('goes by the exact time, be there others in that second or not', () => {
    const migrations = [migration('a', { when: noon + 5 }), migration('b', { when: noon + 6 })];
    expect(matched([row({ created_at: noon + 6 })], migrations)).toEqual(['b']);
  });

  it('goes by a time from before, unless its own is there', () => {
    const migrations = [
      migration('a', { when: noon + 5, was: [noon + 1, noon + 2] }),
      migration('b', { when: noon + 2 }),
    ];
    expect(
      matched(
        [
          row({ created_at: noon + 2 }),
          row({ created_at: noon + 1 }),
          row({ created_at: noon + 3 }),
        ],
        migrations,
      ),
    ).toEqual(['b', 'a', undefined]);
  });

  it('goes by its checksum, unless another migration has it too', () => {
    const bare = row({ checksum: 'checksum of a' });
    expect(matched([bare], [migration('b'), migration('a')])).toEqual(['a']);
    const twin = migration('twin', { checksum: 'checksum of a' });
    expect(matched([bare], [twin, migration('a')])).toEqual([undefined]);
  });

  it('stands for nothing if it says nothing', () => {
    expect(matched([row({})], [migration('a')])).toEqual([undefined]);
  });

  it('never stands for a migration without a tag here', () => {
    const untagged = migration('a', { tag: null, when: noon });
    const full = row({ created_at: noon, checksum: 'checksum of a' });
    expect(matched([full], [untagged])).toEqual([undefined]);
  });
});

describe('the second alone', () => {
  it('is enough where the migration has no more', () => {
    expect(matched([row({ created_at: noon + 123 })], [migration('a')])).toEqual(['a']);
    expect(matched([row({ created_at: noon + 1000 })], [migration('a')])).toEqual([undefined]);
  });

  it.each([0, 999])('is enough where a row with a name has no more: %i ms', (millis) => {
    const renamed = row({ tag: `${SECOND}_old`, created_at: noon + millis });
    expect(matched([renamed], [migration('a', { when: noon + 123 })])).toEqual(['a']);
    const later = row({ tag: `${SECOND}_old`, created_at: noon + 2000 + millis });
    expect(matched([later], [migration('a', { when: noon + 123 })])).toEqual([undefined]);
  });

  it('is not where both have milliseconds, and they differ', () => {
    const exact = migration('a', { when: noon + 123 });
    expect(matched([row({ created_at: noon + 124 })], [exact])).toEqual([undefined]);
    expect(matched([row({ tag: 'other', created_at: noon + 124 })], [exact])).toEqual([undefined]);
    expect(matched([row({ created_at: noon })], [exact])).toEqual([undefined]);
    expect(matched([row({ tag: 'other' })], [exact])).toEqual([undefined]);
  });

  const message =
    '[AMBIGUOUS_ROW] the_ledger has 1 row(s) for the second 20261122120000, in which 2 migrations were made: 20261122120000_a, ' +
    '20261122120000_b. Nobody can tell which of them ran. Convert the migrations from the 0.x journal, which has the ' +
    'milliseconds, and pass those.';

  it.each([
    [
      'migrations without milliseconds',
      [migration('a'), migration('b')],
      row({ created_at: noon + 5 }),
    ],
    [
      'a row without',
      [migration('a', { when: noon + 5 }), migration('b', { when: noon + 6 })],
      row({ tag: `${SECOND}_old`, created_at: noon }),
    ],
  ])('is refused where two share it: %s', (_, migrations, bearer) => {
    const error = thrown<AdoptionError>(() => matched([bearer], migrations));
    expect(error.message).toBe(message);
    expect(error).toMatchObject({
      name: 'AdoptionError',
      code: 'AMBIGUOUS_ROW',
      table: 'the_ledger',
      keys: [`${SECOND}_a`, `${SECOND}_b`],
    });
  });
});
