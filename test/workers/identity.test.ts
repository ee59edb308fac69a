// What a migration is known by, where that is not plain: records without tags after a merge, and ledgers as the many
// versions of Drizzle leave them. Each case was seen to run a migration twice, to pass over one, or to refuse an object
// that is all right.
import { describe, expect, it } from 'vitest';
import { type AdoptionError, history, type MigrationInput, migrate } from '../../src/index.ts';
import { runDrizzleBeta } from './drizzle-beta.ts';
import {
  bundle0,
  bundle1,
  dump,
  inObject,
  ledger,
  type Made,
  make,
  rows,
  runDrizzle0,
  runDrizzle1,
  tables,
  thrown,
  WHEN,
} from './harness.ts';

const mirror = { drizzle: 'mirror' } as const;

/** A migration that runs once only if its row is there once. */
const counted = (name: string, minutes: number): Made => ({
  ...make(name, minutes),
  sql: `CREATE TABLE IF NOT EXISTS ${name} (x);\n--> statement-breakpoint\nINSERT INTO ${name} VALUES (1)`,
});
const [one, two, three, four] = [0, 1, 2, 3].map((i) =>
  counted(['one', 'two', 'three', 'four'][i] as string, i),
) as [Made, Made, Made, Made];

/** How often each of the tables' migrations ran. */
const runs = (ctx: DurableObjectState, ...made: Made[]) =>
  made.map(({ tag }) => {
    const name = tag.slice(5);
    if (!tables(ctx).includes(name)) return 0;
    return rows(ctx, `SELECT count(*) AS times FROM ${name}`)[0]?.times;
  });

const record = (...texts: (Made | string)[]): Record<string, string> =>
  Object.fromEntries(texts.map((one, i) => [`m000${i}`, typeof one === 'string' ? one : one.sql]));

/** Refused, and nothing has changed. */
function refused(ctx: DurableObjectState, input: MigrationInput, options = {}): AdoptionError {
  const before = dump(ctx);
  const error = thrown<AdoptionError>(() => migrate(ctx, input, options));
  expect(dump(ctx)).toEqual(before);
  return error;
}

describe('a record without tags, after a merge', () => {
  const SPELLINGS: Readonly<Record<string, (sql: string) => string>> = {
    'a line end more': (sql) => `${sql}\n`,
    'a semicolon more': (sql) => `${sql};`,
    'a semicolon and a line end more': (sql) => `${sql};\n`,
    'the line ends of Windows': (sql) => sql.replaceAll('\n', '\r\n'),
    'the line ends of Windows, and one more': (sql) => `${sql.replaceAll('\n', '\r\n')}\r\n`,
    'a byte order mark': (sql) => `\ufeff${sql}`,
    'a comment before': (sql) => `-- why\n/* and how */\n${sql}`,
    'a comment behind': (sql) => `${sql}; -- done\n`,
    'a template around it': (sql) => `\n${sql}\n`,
    'white space around it': (sql) => ` \t\n${sql}  \n\n`,
  };

  it.each(Object.entries(SPELLINGS))(
    'runs what came in and nothing twice where the text got %s',
    (_, spelled) =>
      inObject((ctx) => {
        migrate(ctx, record(one, two));
        const result = migrate(ctx, record(one, three, spelled(two.sql)));
        expect(result).toMatchObject({
          applied: [{ key: 'm0001', tag: null }],
          outOfOrder: [{ key: 'm0001', tag: null }],
          drift: [],
          ahead: [],
        });
        expect(runs(ctx, one, two, three)).toEqual([1, 1, 1]);
        expect(migrate(ctx, record(one, three, spelled(two.sql))).upToDate).toBe(true);
      }),
  );

  it.each(['a line end more', 'a semicolon and a line end more', 'the line ends of Windows'])(
    'and back, where the object has the text with %s',
    (name) =>
      inObject((ctx) => {
        const spelled = SPELLINGS[name] as (sql: string) => string;
        migrate(ctx, record(one, spelled(two.sql)));
        const result = migrate(ctx, record(one, three, two));
        expect(result).toMatchObject({ applied: [{ key: 'm0001' }], drift: [], ahead: [] });
        expect(runs(ctx, one, two, three)).toEqual([1, 1, 1]);
      }),
  );

  it('is no drift in the place that it had, with tags or without', () =>
    inObject((ctx) => {
      migrate(ctx, record(one, two));
      const spelled = record(one, `${two.sql};\n`);
      expect(migrate(ctx, spelled, { drift: 'error' })).toMatchObject({ drift: [], applied: [] });
      const [first, second] = [{ ...one, sql: `${one.sql};\n` }, two];
      migrate(ctx, bundle0(one, two), { table: 'tagged' });
      const result = migrate(ctx, bundle0(first, second), { table: 'tagged', drift: 'error' });
      expect(result.drift).toEqual([]);
    }));

  it('is refused where the text was edited too: nobody can tell which is the one that ran', () =>
    inObject((ctx) => {
      migrate(ctx, record(one, two));
      const merged = record(one, three, `${two.sql}; SELECT 1`);
      for (const options of [{}, { unknown: 'ignore' }]) {
        const error = refused(ctx, merged, options);
        expect(error.message).toBe(
          '[UNKNOWN_MIGRATION] __migrations has version 1, which the code lacks, and the code has m0001, m0002, which the object lacks. ' +
            'Bring the migration back, or its text if that was edited: without a tag it would run again.',
        );
        expect(error).toMatchObject({ code: 'UNKNOWN_MIGRATION', keys: ['version 1'] });
      }
      expect(migrate(ctx, record(one, three, two)).applied).toEqual([{ key: 'm0001', tag: null }]);
    }));

  it('is refused where one was edited and another is new', () =>
    inObject((ctx) => {
      migrate(ctx, record(one, two));
      const error = refused(ctx, record(one, `${two.sql}; SELECT 1`, three));
      expect(error).toMatchObject({ code: 'UNKNOWN_MIGRATION', keys: ['version 1'] });
    }));

  it('is drift where one was edited in its place and nothing else is open', () =>
    inObject((ctx) => {
      migrate(ctx, record(one, two, three));
      const edited = record(one, `${two.sql}; SELECT 1`, three);
      expect(migrate(ctx, edited, { drift: 'ignore' })).toMatchObject({
        applied: [],
        ahead: [],
        drift: [{ key: 'm0001', tag: null }],
      });
      // In another place it may be another one.
      const moved = record(`${two.sql}; SELECT 2`, one, three);
      expect(refused(ctx, moved)).toMatchObject({ code: 'UNKNOWN_MIGRATION' });
    }));

  it('tells equal texts apart by their number', () =>
    inObject((ctx) => {
      const log = 'INSERT INTO one VALUES (2)';
      migrate(ctx, record(one, log, two));
      const result = migrate(ctx, record(one, three, log, two, `${log}\n`));
      expect(result.applied.map(({ key }) => key)).toEqual(['m0001', 'm0004']);
      expect(rows(ctx, 'SELECT count(*) AS times FROM one WHERE x = 2')).toEqual([{ times: 2 }]);
    }));
});

describe('two records under one ledger, as of a class and its base class', () => {
  const message = (count: number) =>
    `[OTHER_HISTORY] __migrations has ${count} row(s), and none matches a migration. Two lists in one object, as of ` +
    'a class and its base class, need a table each: name another one with the option `table`.';

  it.each([
    ['one each', record(one), record(two)],
    ['as many each', record(one, two), record(three, four)],
    ['fewer in the second', record(one, two), record(three)],
    ['more in the second', record(one), record(two, three)],
    ['with tags', bundle0(one, two), bundle0(three)],
    ['the second with tags', record(one, two), bundle1(three)],
  ])('are refused, %s, and get along in two', (_, base, own) =>
    inObject((ctx) => {
      migrate(ctx, base);
      for (const options of [{}, { unknown: 'ignore' }]) {
        const error = refused(ctx, own, options);
        expect(error.message).toBe(message(history(ctx).length));
        expect(error).toMatchObject({ code: 'OTHER_HISTORY', table: '__migrations', keys: [] });
      }
      migrate(ctx, own, { table: '__own_migrations' });
      expect(migrate(ctx, base).upToDate).toBe(true);
      expect(migrate(ctx, own, { table: '__own_migrations' }).upToDate).toBe(true);
    }),
  );

  it('are not in the way of code that was rolled back to nothing', () =>
    inObject((ctx) => {
      migrate(ctx, record(one));
      expect(migrate(ctx, {})).toMatchObject({ upToDate: true, ahead: [{ key: 'm0000' }] });
    }));
});

describe('drizzle-orm 1.x with the folder of 0.x', () => {
  /** It takes any bundle with `migrations`, and names its rows after the keys. */
  const folder = (...made: Made[]) => ({ migrations: record(...made) });

  it.each([
    ['the 0.x bundle', bundle0],
    ['what `drizzle-kit up` makes of it', bundle1],
    ['a plain record', record],
  ] as const)('is adopted by key with %s', (_, form) =>
    inObject((ctx) => {
      runDrizzle1(ctx, folder(one, two));
      expect(rows(ctx, 'SELECT name, created_at FROM __drizzle_migrations')).toEqual([
        { name: 'm0000', created_at: null },
        { name: 'm0001', created_at: null },
      ]);
      const result = migrate(ctx, form(one, two, three));
      expect(result.adopted.map(({ key }) => key)).toEqual(['m0000', 'm0001']);
      expect(result.applied.map(({ key }) => key)).toEqual(['m0002']);
      expect(runs(ctx, one, two, three)).toEqual([1, 1, 1]);
    }),
  );

  it('is mirrored for that deploy too, which goes by the keys', () =>
    inObject((ctx) => {
      runDrizzle1(ctx, folder(one));
      migrate(ctx, bundle0(one, two), mirror);
      runDrizzle1(ctx, folder(one, two, three));
      runDrizzle1(ctx, bundle1(one, two));
      expect(migrate(ctx, bundle0(one, two, three, four), mirror)).toMatchObject({
        adopted: [{ key: 'm0002' }],
        applied: [{ key: 'm0003' }],
      });
      expect(runs(ctx, one, two, three, four)).toEqual([1, 1, 1, 1]);
    }));

  it('never runs what may have run, where rows are ignored and nothing matches', () =>
    inObject((ctx) => {
      runDrizzle1(ctx, folder(one, two));
      ctx.storage.sql.exec("UPDATE __drizzle_migrations SET name = 'x' || name");
      expect(refused(ctx, bundle0(one, two))).toMatchObject({ code: 'UNKNOWN_ROW' });
      const error = refused(ctx, bundle0(one, two), { unknown: 'ignore' });
      expect(error.message).toBe(
        '[OTHER_HISTORY] __drizzle_migrations has 2 row(s), and none matches a migration. Two lists in one object, as of ' +
          'a class and its base class, need a table each: name another one with the option `drizzleTable`.',
      );
      expect(error).toMatchObject({ code: 'OTHER_HISTORY', table: '__drizzle_migrations' });
      expect(runs(ctx, one, two)).toEqual([1, 1]);
    }));
});

describe.each([2, 14])('drizzle-orm 1.0.0-beta.%i', (version) => {
  const beta = (ctx: DurableObjectState, ...made: Made[]) =>
    runDrizzleBeta(ctx, bundle1(...made), version);

  it.each([
    ['0.x', bundle0],
    ['1.x', bundle1],
  ] as const)('is adopted by the second with a %s bundle', (_, form) =>
    inObject((ctx) => {
      beta(ctx, one, two);
      expect(rows(ctx, 'SELECT * FROM __drizzle_migrations')).toEqual([
        { id: null, hash: '', created_at: one.when - 123 },
        { id: null, hash: '', created_at: two.when - 123 },
      ]);
      const result = migrate(ctx, form(one, two, three));
      expect(result.adopted.map(({ key }) => key)).toEqual(['m0000', 'm0001']);
      expect(runs(ctx, one, two, three)).toEqual([1, 1, 1]);
    }),
  );

  it.each([
    ['0.x', bundle0],
    ['1.x', bundle1],
  ] as const)('takes turns with mirror and a %s bundle, and so do the other versions', (_, form) =>
    inObject(async (ctx) => {
      beta(ctx, one);
      migrate(ctx, form(one, two), mirror);
      beta(ctx, one, two, three);
      migrate(ctx, form(one, two, three), mirror);
      expect(migrate(ctx, form(one, two, three), mirror).upToDate).toBe(true);
      await runDrizzle0(ctx, bundle0(one, two, three));
      beta(ctx, one, two, three);
      runDrizzle1(ctx, bundle1(one, two, three));
      migrate(ctx, form(one, two, three, four), mirror);
      expect(runs(ctx, one, two, three, four)).toEqual([1, 1, 1, 1]);
      runDrizzle1(ctx, bundle1(one, two, three, four));
      expect(runs(ctx, one, two, three, four)).toEqual([1, 1, 1, 1]);
    }),
  );

  it('is refused where two share the second and one of them ran', () =>
    inObject((ctx) => {
      const twin = { ...counted('twin', 0), when: WHEN + 1 };
      beta(ctx, one);
      expect(refused(ctx, bundle0(one, twin))).toMatchObject({
        code: 'AMBIGUOUS_ROW',
        message:
          '[AMBIGUOUS_ROW] __drizzle_migrations has 1 row(s) for the second 20261122120000, in which 2 migration(s) were made: ' +
          '20261122120000_one, 20261122120000_twin. Nobody can tell which of them ran. Write the `when` of the one that ' +
          'ran into the row as its created_at.',
        keys: ['20261122120000_one', '20261122120000_twin'],
      });
      ctx.storage.sql.exec('UPDATE __drizzle_migrations SET created_at = ?', one.when);
      expect(migrate(ctx, bundle0(one, twin)).applied).toMatchObject([{ key: 'm0001' }]);
    }));
});

describe('rows of 1.0.0-beta.2 to beta.13 behind those of 0.x', () => {
  it('are adopted with a 1.x bundle; with the milliseconds there is a doubt, and it is refused', () =>
    inObject(async (ctx) => {
      await runDrizzle0(ctx, bundle0(one));
      runDrizzleBeta(ctx, bundle1(one, two), 2);
      expect(refused(ctx, bundle0(one, two))).toMatchObject({
        code: 'AMBIGUOUS_ROW',
        keys: ['20261122120100_two'],
      });
      const result = migrate(ctx, bundle1(one, two, three));
      expect(result.adopted.map(({ key }) => key)).toEqual(['m0000', 'm0001']);
      expect(migrate(ctx, bundle0(one, two, three))).toMatchObject({ applied: [], ahead: [] });
      expect(runs(ctx, one, two, three)).toEqual([1, 1, 1]);
    }));
});

describe("Drizzle's ledger as other migrators of Drizzle write it", () => {
  const iso = (when: number) => new Date(when).toISOString();
  /** The ledger of `one` and `two`, with other columns, and each time written in another way. */
  const written = async (
    ctx: DurableObjectState,
    columns: string,
    time: (when: number) => string,
  ) => {
    await runDrizzle0(ctx, bundle0(one, two));
    ctx.storage.sql.exec(
      `DROP TABLE __drizzle_migrations; CREATE TABLE __drizzle_migrations (${columns})`,
    );
    for (const { when } of [one, two]) {
      ctx.storage.sql.exec(
        `INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('', ${time(when)})`,
      );
    }
  };
  const COLUMNS = 'id INTEGER PRIMARY KEY, hash text NOT NULL, created_at numeric';
  const TEXT = 'id INTEGER PRIMARY KEY, hash text NOT NULL, created_at TEXT';

  it.each<[string, string, (when: number) => string]>([
    ['a text', 'id, hash, created_at', (when) => `'${when}'`],
    ['a text in a column of texts', TEXT, (when) => `'${when}'`],
    ['a float in a column of texts', TEXT, (when) => `'${when}.0'`],
    ['a float', 'id, hash, created_at REAL', (when) => `${when}.0`],
    ['a float with a part of a millisecond', COLUMNS, (when) => `${when}.25`],
    ['an ISO time', TEXT, (when) => `'${iso(when)}'`],
    ['an ISO time in a column of numbers', COLUMNS, (when) => `'${iso(when)}'`],
    ['an ISO time with a zone', TEXT, (when) => `'${iso(when).replace('Z', '+00:00')}'`],
    ['an ISO time with another zone', TEXT, (when) => `'${iso(when).replace('Z', '+0000')}'`],
    ["a time as SQLite's", TEXT, (when) => `'${iso(when).replace('T', ' ').replace('Z', '')}'`],
    [
      'a number under names in capitals',
      'ID INTEGER PRIMARY KEY, HASH TEXT, CREATED_AT NUMERIC',
      String,
    ],
  ])('is adopted and mirrored for all versions with %s', (_, columns, time) =>
    inObject(async (ctx) => {
      await written(ctx, columns, time);
      const result = migrate(ctx, bundle0(one, two, three), mirror);
      expect(result.adopted.map(({ key }) => key)).toEqual(['m0000', 'm0001']);
      expect(result.applied.map(({ key }) => key)).toEqual(['m0002']);
      expect(migrate(ctx, bundle0(one, two, three), mirror).upToDate).toBe(true);
      await runDrizzle0(ctx, bundle0(one, two, three));
      expect(runs(ctx, one, two, three)).toEqual([1, 1, 1]);
      // What 0.x adds it finds again, as it goes by the greatest time.
      await runDrizzle0(ctx, bundle0(one, two, three, four));
      await runDrizzle0(ctx, bundle0(one, two, three, four));
      expect(runs(ctx, one, two, three, four)).toEqual([1, 1, 1, 1]);
      const five = counted('five', 5);
      expect(migrate(ctx, bundle1(one, two, three, four, five), mirror)).toMatchObject({
        adopted: [{ key: 'm0003' }],
        applied: [{ key: 'm0004' }],
      });
      runDrizzle1(ctx, bundle1(one, two, three, four, five));
      expect(runs(ctx, one, two, three, four, five)).toEqual([1, 1, 1, 1, 1]);
    }),
  );

  it('is adopted with the columns of 1.x in capitals, which 1.x itself does not know again', () =>
    inObject((ctx) => {
      runDrizzle1(ctx, bundle1(one, two));
      ctx.storage.sql.exec(
        `CREATE TABLE capitals (ID INTEGER PRIMARY KEY, HASH TEXT, CREATED_AT NUMERIC, NAME TEXT, APPLIED_AT TEXT);
         INSERT INTO capitals SELECT * FROM __drizzle_migrations;
         DROP TABLE __drizzle_migrations; ALTER TABLE capitals RENAME TO __drizzle_migrations`,
      );
      expect(() => runDrizzle1(ctx, bundle1(one, two))).toThrow('Rollback');
      const result = migrate(ctx, bundle1(one, two, three), mirror);
      expect(result.adopted.map(({ key }) => key)).toEqual(['m0000', 'm0001']);
      expect(runs(ctx, one, two, three)).toEqual([1, 1, 1]);
      expect(migrate(ctx, bundle1(one, two, three), mirror).upToDate).toBe(true);
    }));

  it('of which nobody can read the time is refused', () =>
    inObject(async (ctx) => {
      await written(ctx, TEXT, () => "'yesterday at noon'");
      expect(refused(ctx, bundle0(one, two))).toMatchObject({ code: 'UNKNOWN_ROW' });
    }));

  it.each([
    ['0.x', bundle0],
    ['1.x', bundle1],
  ] as const)('with a row that stands twice is adopted with a %s bundle', (form, bundle) =>
    inObject(async (ctx) => {
      if (form === '0.x') await runDrizzle0(ctx, bundle0(one, two));
      else runDrizzle1(ctx, bundle1(one, two));
      ctx.storage.sql.exec(
        `INSERT INTO __drizzle_migrations SELECT ${form === '0.x' ? '*' : 'NULL, hash, created_at, name, applied_at'} FROM __drizzle_migrations LIMIT 1`,
      );
      const result = migrate(ctx, bundle(one, two, three), mirror);
      expect(result).toMatchObject({ unknown: [], applied: [{ key: 'm0002' }] });
      expect(result.adopted.map(({ key }) => key)).toEqual(['m0000', 'm0001']);
      migrate(ctx, bundle(one, two, three, four), mirror);
      if (form === '0.x') await runDrizzle0(ctx, bundle0(one, two, three, four));
      else runDrizzle1(ctx, bundle1(one, two, three, four));
      expect(migrate(ctx, bundle(one, two, three, four)).applied).toEqual([]);
      expect(runs(ctx, one, two, three, four)).toEqual([1, 1, 1, 1]);
    }),
  );

  it('with a row that stands twice never takes it for another migration of its second', () =>
    inObject((ctx) => {
      const twin = { ...counted('twin', 0), when: WHEN + 1 };
      runDrizzle1(ctx, bundle1(one));
      ctx.storage.sql.exec(
        'INSERT INTO __drizzle_migrations SELECT NULL, hash, created_at, name, applied_at FROM __drizzle_migrations',
      );
      for (const form of [bundle0, bundle1]) {
        expect(refused(ctx, form(one, twin))).toMatchObject({
          code: 'AMBIGUOUS_ROW',
          keys: ['20261122120000_twin'],
        });
      }
    }));

  it('with a row that stands twice is not counted for a record without tags', () =>
    inObject(async (ctx) => {
      await runDrizzle0(ctx, bundle0(one));
      ctx.storage.sql.exec('INSERT INTO __drizzle_migrations SELECT * FROM __drizzle_migrations');
      expect(refused(ctx, record(one, two))).toMatchObject({
        code: 'AMBIGUOUS_ROW',
        message:
          '[AMBIGUOUS_ROW] __drizzle_migrations has 1 row(s) that say the same as another one, so nobody can tell how many ' +
          "migrations ran. Pass drizzle-kit's migrations.js, or a converted module.",
      });
      await ctx.storage.deleteAll();
      runDrizzle1(ctx, bundle1(one));
      ctx.storage.sql.exec(
        'INSERT INTO __drizzle_migrations SELECT NULL, hash, created_at, name, applied_at FROM __drizzle_migrations',
      );
      expect(migrate(ctx, record(one, two))).toMatchObject({
        adopted: [{ key: 'm0000' }],
        applied: [{ key: 'm0001' }],
      });
    }));
});

describe('rows that Drizzle 1.x with older code named after its own last migration', () => {
  const [a0, a1, a2] = [
    counted('a0', 0),
    { ...counted('a1', 1), when: WHEN + 60_000 - 123 },
    { ...counted('a2', 2), when: WHEN + 60_000 - 123 },
  ];

  it('never stand for another migration of their second', () =>
    inObject(async (ctx) => {
      // Seed -678002098 of random-histories: 0.x has two migrations, 1.x with the first alone names both after it.
      const [late, last] = [
        { ...counted('late', 1), when: WHEN + 60_000 - 47 },
        counted('last', 3),
      ];
      await runDrizzle0(ctx, bundle0(a0, a2, last));
      runDrizzle1(ctx, bundle1(a0));
      expect(rows(ctx, 'SELECT name FROM __drizzle_migrations')).toEqual([
        { name: '20261122120000_a0' },
        { name: '20261122120000_a0' },
        { name: '20261122120000_a0' },
      ]);
      migrate(ctx, bundle0(a0, a2, last), mirror);
      expect(rows(ctx, 'SELECT name FROM __drizzle_migrations')).toEqual([
        { name: '20261122120000_a0' },
        { name: '20261122120100_a2' },
        { name: '20261122120300_last' },
      ]);
      await runDrizzle0(ctx, bundle0(a0, late, a2, last));
      const result = migrate(ctx, bundle0(a0, late, a2, last));
      expect(result.applied).toEqual([{ key: 'm0001', tag: '20261122120100_late' }]);
      expect(runs(ctx, a0, late, a2, last)).toEqual([1, 1, 1, 1]);
    }));

  it.each([
    ['of one time', [a1, a2]],
    ['alone', [a1]],
  ])('are not forgotten by older code: migrations %s', (_, newer) =>
    inObject(async (ctx) => {
      // Seeds -826952899 and -472176222: ours, 0.x with newer code, 1.x with older, and ours with older again.
      migrate(ctx, bundle0(a0), mirror);
      await runDrizzle0(ctx, bundle0(a0, ...newer));
      runDrizzle1(ctx, bundle1(a0));
      const error = refused(ctx, bundle0(a0));
      expect(error).toMatchObject({
        code: 'UNKNOWN_ROW',
        keys: newer.map(() => '20261122120000_a0'),
      });
      const result = migrate(ctx, bundle0(a0, ...newer));
      expect(result).toMatchObject({
        applied: [],
        adopted: newer.map((_, i) => ({ key: `m000${i + 1}` })),
      });
      expect(runs(ctx, a0, ...newer)).toEqual([1, ...newer.map(() => 1)]);
    }),
  );

  it('are known where ours has them by their time', () =>
    inObject((ctx) => {
      migrate(ctx, bundle0(a0, a1), mirror);
      runDrizzle1(ctx, bundle1(a0));
      expect(migrate(ctx, bundle0(a0), mirror)).toMatchObject({
        upToDate: true,
        unknown: [],
        ahead: [{ tag: '20261122120100_a1' }],
      });
    }));
});

describe('a ledger of ours and a column of texts in that of Drizzle', () => {
  it('agree after mirror: what it wrote it reads', () =>
    inObject((ctx) => {
      // Seed 317722715 of bad-input-random.
      ctx.storage.sql.exec(
        'CREATE TABLE __drizzle_migrations (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at TEXT NOT NULL)',
      );
      migrate(ctx, bundle0(one, two), mirror);
      expect(rows(ctx, 'SELECT created_at FROM __drizzle_migrations')).toEqual([
        { created_at: String(one.when) },
        { created_at: String(two.when) },
      ]);
      expect(migrate(ctx, bundle0(one, two), mirror).upToDate).toBe(true);
      expect(migrate(ctx, bundle0(one, two)).unknown).toEqual([]);
    }));
});

describe('many rows that stand for nothing', () => {
  it('are looked at once each', () =>
    inObject((ctx) => {
      runDrizzle1(ctx, bundle1(one));
      ctx.storage.sql.exec(
        `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000)
         INSERT INTO __drizzle_migrations (hash, created_at, name)
         SELECT '', ${WHEN} + i * 1000, strftime('%Y%m%d%H%M%S', ${Math.floor(WHEN / 1000)} + i, 'unixepoch') || '_x' FROM n`,
      );
      const result = migrate(ctx, bundle1(one, { ...two, when: WHEN + 9_000_000 }), {
        unknown: 'ignore',
      });
      expect(result.unknown).toHaveLength(4000);
      expect(ledger(ctx)).toHaveLength(4002);
    }));
});

describe("a record without tags beside Drizzle's ledger", () => {
  const app = bundle0(make('app', 0), make('more', 1));
  const library = record(make('lib', 0), make('lib2', 1));
  const own = { table: '__library' };

  it.each(['retire', 'mirror'] as const)(
    "is no adoption of another list's history (%s)",
    async (drizzle) => {
      await inObject(async (ctx) => {
        await runDrizzle0(ctx, app);
        if (drizzle === 'mirror') migrate(ctx, app, { drizzle });
        const before = dump(ctx);
        const error = refused(ctx, library, own);
        expect(error.message).toBe(
          '[OTHER_HISTORY] __drizzle_migrations has 2 row(s), and none matches a migration. Two lists in one object, as of ' +
            'a class and its base class, need a table each: name another one with the option `drizzleTable`.',
        );
        expect(dump(ctx)).toEqual(before);
        migrate(ctx, app, { drizzle });
        const both = { ...own, drizzleTable: '__library_drizzle' };
        expect(migrate(ctx, library, both).applied).toHaveLength(2);
        expect(tables(ctx)).toContain('lib2');
        expect(migrate(ctx, app, { drizzle }).upToDate).toBe(true);
      });
    },
  );

  it('adopts what it created itself', () =>
    inObject(async (ctx) => {
      await runDrizzle0(ctx, app);
      expect(migrate(ctx, record(make('app', 0), make('more', 1)), own).adopted).toHaveLength(2);
    }));
});

describe('two lists in one object, and the second without tags', () => {
  const base = (count: number) =>
    bundle0(...Array.from({ length: count }, (_, i) => make(`base${i}`, i)));
  const own = { table: '__own' };

  it('takes nothing over by count that came to the other list later', () =>
    inObject((ctx) => {
      const list = record(...Array.from({ length: 4 }, (_, i) => make(`own${i}`, i)));
      migrate(ctx, { m0000: list.m0000 as string }, own);
      migrate(ctx, base(3), mirror);
      const before = dump(ctx);
      expect(refused(ctx, list, own)).toMatchObject({
        code: 'OTHER_HISTORY',
        table: '__drizzle_migrations',
      });
      expect(dump(ctx)).toEqual(before);
      const apart = { ...own, drizzleTable: '__own_drizzle' };
      expect(migrate(ctx, list, apart).applied.map(({ key }) => key)).toEqual([
        'm0001',
        'm0002',
        'm0003',
      ]);
    }));

  it("leaves the other's ledger of Drizzle where it is", () =>
    inObject((ctx) => {
      migrate(ctx, record(make('own0', 0)), own);
      migrate(ctx, base(1), mirror);
      migrate(ctx, record(make('own0', 0), make('own1', 1)), own);
      expect(tables(ctx)).toContain('__drizzle_migrations');
    }));
});

describe('a text that was edited, where something else is open', () => {
  const edited = (sql: string) => `${sql}; SELECT 1`;

  it('never runs a second time, whatever the options say', () =>
    inObject((ctx) => {
      const tagged = (tag: string, sql: string) => ({ tag: `20261122${tag}_x`, sql });
      migrate(ctx, record(one, two));
      for (const input of [
        {
          m0000: tagged('120000', one.sql),
          m0001: tagged('120100', edited(two.sql)),
          m0002: 'CREATE TABLE more (x)',
        },
        {
          m0000: one.sql,
          m0001: tagged('120100', edited(two.sql)),
          m0002: tagged('120200', 'CREATE TABLE more (x)'),
        },
      ]) {
        const error = refused(ctx, input, { unknown: 'ignore' });
        expect(error.code).toBe('UNKNOWN_MIGRATION');
        expect(error.message).toContain(
          'or its text if that was edited: without a tag it would run again.',
        );
      }
    }));

  it('is refused where two were edited at once: their numbers prove nothing', () =>
    inObject((ctx) => {
      migrate(ctx, record(one, two, three));
      const input = { m0000: one.sql, m0001: edited(two.sql), m0002: edited(three.sql) };
      expect(refused(ctx, input).code).toBe('UNKNOWN_MIGRATION');
      expect(migrate(ctx, { ...input, m0002: three.sql }, { drift: 'ignore' }).drift).toEqual([
        { key: 'm0001', tag: null },
      ]);
    }));
});
