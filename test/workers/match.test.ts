// Which row stands for which migration, rule by rule. What the real migrators leave is in adoption.test.ts.
import { describe, expect, it } from 'vitest';
import type { AdoptionError } from '../../src/index.ts';
import type { Migration } from '../../src/input/migration.ts';
import { matchByIdentity } from '../../src/ledger/match.ts';
import { match, type Rule } from '../../src/ledger/pair.ts';
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

describe('a rule', () => {
  const [a, b, c] = [migration('a'), migration('b'), migration('c')] as const;
  const [one, two, three] = [row({}), row({}), row({})];
  const same = { row: () => 'same', migration: () => 'same' };
  const refuse = (bearers: readonly HistoryRow[], candidates: readonly Migration[]) =>
    new Error(`${bearers.length} of ${candidates.length}`);
  const paired = (
    rows: HistoryRow[],
    migrations: Migration[],
    ...rules: readonly Rule<HistoryRow>[]
  ) => {
    const matches = match(rows, migrations, rules, refuse);
    return rows.map((item) => matches.get(item)?.sql);
  };

  it('goes by order where as many rows as migrations bear a value', () => {
    for (const fewer of ['first', 'refuse', 'none'] as const) {
      expect(paired([one, two], [a, b], { ...same, fewer })).toEqual(['a', 'b']);
    }
  });

  it('takes the first migrations, refuses, or does nothing where fewer rows bear it', () => {
    expect(paired([one], [a, b], { ...same, fewer: 'first' })).toEqual(['a']);
    expect(paired([one], [a, b], { ...same, fewer: 'none' })).toEqual([undefined]);
    expect(thrown(() => paired([one], [a, b], { ...same, fewer: 'refuse' })).message).toBe(
      '1 of 2',
    );
  });

  it('takes the first rows, or does nothing where more rows bear it', () => {
    expect(paired([one, two], [a], { ...same, fewer: 'first' })).toEqual(['a', undefined]);
    expect(paired([one, two], [a], { ...same, fewer: 'refuse' })).toEqual(['a', undefined]);
    expect(paired([one, two], [a], { ...same, fewer: 'none' })).toEqual([undefined, undefined]);
  });

  it('of doubt refuses as soon as any migration bears the value', () => {
    expect(thrown(() => paired([one, two], [a], { ...same, fewer: 'doubt' })).message).toBe(
      '2 of 1',
    );
    const none = { ...same, migration: () => null, fewer: 'doubt' } as const;
    expect(paired([one], [a], none)).toEqual([undefined]);
  });

  it('leaves out what a rule before it has paired, on both sides', () => {
    const first: Rule<HistoryRow> = {
      row: (item) => (item === two ? 'a' : null),
      migration: ({ sql }) => sql,
      fewer: 'first',
    };
    expect(paired([one, two, three], [a, b, c], first, { ...same, fewer: 'none' })).toEqual([
      'b',
      'a',
      'c',
    ]);
  });

  it('leaves out what has no value, and tells the position of what has', () => {
    const byPosition: Rule<HistoryRow> = {
      row: (_, position) => (position === 0 ? null : position),
      migration: (_, position) => (position === 2 ? null : position),
      fewer: 'first',
    };
    expect(paired([one, two, three], [a, b, c], byPosition)).toEqual([undefined, 'b', undefined]);
  });

  it('takes a migration once that bears several values', () => {
    const several: Rule<HistoryRow> = {
      row: (_, position) => position,
      migration: (item) => (item === a ? [0, 1] : [1]),
      fewer: 'first',
    };
    expect(paired([one, two], [a, b], several)).toEqual(['a', 'b']);
  });

  it('costs as much for twice as many rows and migrations as for both', () => {
    let asked = 0;
    const counting: Rule<HistoryRow> = {
      row: (_, position) => {
        asked++;
        return position + 1;
      },
      migration: (_, position) => {
        asked++;
        return -position;
      },
      fewer: 'first',
    };
    const many = Array.from({ length: 4000 }, () => row({}));
    const unlike = Array.from({ length: 4000 }, () => migration('x'));
    expect(paired(many, unlike, counting)).toEqual(many.map(() => undefined));
    expect(asked).toBe(8000);
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
    expect(matched([row({ tag: 'other' })], [exact])).toEqual([undefined]);
  });

  it('leaves a doubt where a row without a name has a whole second: both versions of Drizzle write that', () => {
    const exact = migration('a', { when: noon + 123 });
    const error = thrown<AdoptionError>(() => matched([row({ created_at: noon })], [exact]));
    expect(error.message).toBe(
      '[AMBIGUOUS_ROW] the_ledger has 1 row(s) for the second 20261122120000, in which 1 migration(s) were made: 20261122120000_a. ' +
        'Nobody can tell which of them ran. Write the `when` of the one that ran into the row as its created_at.',
    );
    expect(error).toMatchObject({ code: 'AMBIGUOUS_ROW', keys: [`${SECOND}_a`] });
    expect(matched([row({ created_at: noon })], [{ ...exact, when: noon }])).toEqual(['a']);
  });

  const message =
    '[AMBIGUOUS_ROW] the_ledger has 1 row(s) for the second 20261122120000, in which 2 migration(s) were made: 20261122120000_a, ' +
    '20261122120000_b. Nobody can tell which of them ran. ';
  const journal = 'Convert the migrations from the 0.x journal, which has the milliseconds.';
  const stamp = 'Write the `when` of the one that ran into the row as its created_at.';

  it.each([
    [
      'migrations without milliseconds',
      [migration('a'), migration('b')],
      row({ created_at: noon + 5 }),
      journal,
    ],
    [
      'a row without',
      [migration('a', { when: noon + 5 }), migration('b', { when: noon + 6 })],
      row({ tag: `${SECOND}_old`, created_at: noon }),
      stamp,
    ],
  ])('is refused where two share it: %s', (_, migrations, bearer, way) => {
    const error = thrown<AdoptionError>(() => matched([bearer], migrations));
    expect(error.message).toBe(message + way);
    expect(error).toMatchObject({
      name: 'AdoptionError',
      code: 'AMBIGUOUS_ROW',
      table: 'the_ledger',
      keys: [`${SECOND}_a`, `${SECOND}_b`],
    });
  });
});
