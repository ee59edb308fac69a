// Whatever is passed in and whatever stands in the ledgers: it is handled, or it is refused with an error of ours that
// names what was found, and then nothing has changed. Never a bare TypeError, RangeError or SQLite error.
//
// RANDOM_FACTOR=10 npx vitest run --project workers test/workers/bad-input-random.test.ts tries ten times as many.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, inject, it, vi } from 'vitest';
import { inspect, type MigrationInput, migrate, OfframpError } from '../../src/index.ts';
import { bundle0, bundle1, dump, inObject } from './harness.ts';

let inputs = 0;
const outcomes = new Map<string, number>();

/** The words of an engine that was handed something it cannot use: a message of ours has none of them. */
const ENGINE =
  /is not a function|is not iterable|not a non-null|[Cc]annot (read prop|convert|mix|destructure)|Invalid time value|call stack|circular|\[object |of undefined|undefined \(/;

/** Fails unless an error is ours and says something. */
function expectOurs(error: unknown): OfframpError {
  expect(error).toBeInstanceOf(OfframpError);
  const { code, message } = error as OfframpError;
  expect(code).toMatch(/^[A-Z][A-Z_0-9]+$/);
  expect(message).toMatch(/^\[[A-Z_0-9]+\] \w[\s\S]{20}/);
  return error as OfframpError;
}

const UNDO = new Error('undo');

/** Runs a function in an object and takes back all that it did, so that the next finds it empty. */
function undone(ctx: DurableObjectState, run: () => void): void {
  try {
    ctx.storage.transactionSync(() => {
      run();
      throw UNDO;
    });
  } catch (error) {
    if (error !== UNDO) throw error;
  }
}

/** The code of the refusal, or undefined if the call returned. */
function attempt(
  ctx: DurableObjectState,
  input: unknown,
  options?: unknown,
): OfframpError | undefined {
  const before = dump(ctx);
  try {
    migrate(ctx, input as MigrationInput, options as never);
    return undefined;
  } catch (error) {
    expectOurs(error);
    expect(dump(ctx)).toEqual(before);
    return error as OfframpError;
  }
}

/** One call, and the same again: it has nothing to do then, or is refused. */
function expectHandled(ctx: DurableObjectState, input: unknown, options?: unknown): void {
  inputs++;
  const error = attempt(ctx, input, options);
  const code = error?.code ?? 'handled';
  outcomes.set(code, (outcomes.get(code) ?? 0) + 1);
  if (error !== undefined) {
    expect(error.message).not.toMatch(ENGINE);
    return;
  }
  const done = dump(ctx);
  expect(attempt(ctx, input, options)?.code).toBeUndefined();
  expect(dump(ctx)).toEqual(done);
}

// Drift, and listeners that throw, are told on the console.
beforeAll(() => {
  vi.spyOn(console, 'warn').mockImplementation(() => {});
  vi.spyOn(console, 'error').mockImplementation(() => {});
});

const runs = (usual: number) => ({ numRuns: usual * inject('randomFactor') });
const TIMEOUT = { timeout: 120_000 * inject('randomFactor') };

const thrower = (): never => {
  throw new TypeError('boom');
};

const cyclic = (): object => {
  const self: Record<string, unknown> = {};
  self.self = self;
  return self;
};

/** Values that stand where another was meant. Functions make them, as reading an input freezes it. */
const odd: fc.Arbitrary<unknown> = fc
  .constantFrom<(() => unknown)[]>(
    ...[
      null,
      undefined,
      true,
      0,
      -0,
      -1,
      1.5,
      2 ** 53,
      1e21,
      Number.NaN,
      Number.POSITIVE_INFINITY,
    ].map((value) => () => value),
    ...[
      '',
      ' ',
      '0',
      '1795371422076',
      'SELECT 1',
      '\ud800',
      '\0',
      '__proto__',
      'x'.repeat(2000),
    ].map((value) => () => value),
    ...[0n, 1795371422076n, Symbol('odd'), Symbol.iterator].map((value) => () => value),
    () => [],
    () => [null],
    () => new Array(3),
    () => ({}),
    () => Object.create(null),
    cyclic,
    () => () => 'SELECT 1',
    () => new Map([['m0000', 'SELECT 1']]),
    () => Promise.resolve({}),
    () => new Date(0),
    () => new Uint8Array(3),
    () => new ArrayBuffer(3),
    () => Object('SELECT 1'),
    () => Object.freeze({ sql: 'SELECT 1' }),
    () => ({ toString: thrower, valueOf: thrower, toJSON: thrower }),
    () => ({ [Symbol.toPrimitive]: thrower }),
    () => Object.defineProperty({}, 'sql', { enumerable: true, get: thrower }),
    () => new Proxy({}, { get: thrower }),
    () => new Proxy({}, { ownKeys: thrower }),
    () => new Proxy([], { get: thrower }),
    () => new Proxy({ m0000: 'SELECT 1' }, {}),
    () => Object.create({ m0000: 'SELECT 1', journal: { entries: [] }, migrations: {} }),
    () => class Migrations {},
  )
  .map((make) => make());

/** The right value, or an odd one. */
const mostly = <T>(right: fc.Arbitrary<T>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 5, arbitrary: right }, { weight: 1, arbitrary: odd });

/** Some of the keys are left out. */
const part = (model: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<object> =>
  fc.record(model, { requiredKeys: [] });

const WHEN = 1_795_371_422_076;
const when = fc.integer({ min: WHEN, max: WHEN + 5_000 });
const sql = fc.constantFrom(
  ...[
    'CREATE TABLE a (x)',
    'CREATE TABLE b (x)',
    'SELECT 1',
    '',
    '-- nothing',
    'INSERT INTO a VALUES (1)',
  ],
);
const tag1 = fc.constantFrom(
  '20261122181702_a',
  '20261122181703_b',
  '20261122181702',
  '20261399000000_x',
  'a',
);
const tag0 = fc.constantFrom('0000_a', '0001_b', '20261122181702_c', 'a', '_', '');
const key = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('m0000', 'm0001', 'm0002') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('m0', 'm00000', 'm10000', 'default', '__proto__', 'constructor', ''),
  },
);

const entry0 = part({
  idx: mostly(fc.nat(2)),
  when: mostly(when),
  tag: mostly(tag0),
  breakpoints: mostly(fc.boolean()),
});
const broken0 = part({
  journal: mostly(
    part({ entries: mostly(fc.array(mostly(entry0), { maxLength: 3 })), version: odd }),
  ),
  migrations: mostly(fc.dictionary(key, mostly(sql), { maxKeys: 3 })),
  extra: odd,
});
const broken1 = fc.record(
  {
    migrations: mostly(fc.dictionary(tag1, mostly(sql), { maxKeys: 3 })),
    extra: odd,
  },
  { requiredKeys: ['migrations'] },
);
const entry = part({
  sql: mostly(sql),
  tag: mostly(tag1),
  when: mostly(when),
  was: mostly(fc.array(mostly(when), { maxLength: 2 })),
  checksum: mostly(fc.constant('a'.repeat(64))),
  extra: odd,
});
const brokenRecord = fc.dictionary(key, mostly(fc.oneof(sql, entry)), { maxKeys: 3 });
const brokenInput = fc.oneof(broken0, broken1, brokenRecord, odd);

const brokenOptions = mostly(
  part({
    drizzle: mostly(fc.constantFrom('retire', 'mirror')),
    skipped: mostly(fc.constantFrom('apply', 'ignore', 'error')),
    unknown: mostly(fc.constantFrom('error', 'ignore')),
    ahead: mostly(fc.constantFrom('report', 'error')),
    drift: mostly(fc.constantFrom('warn', 'error', 'ignore')),
    table: mostly(fc.constantFrom('__migrations', 'ours', 'a "b" c', '表', "it's")),
    drizzleTable: mostly(fc.constantFrom('__drizzle_migrations', 'theirs')),
    onEvent: mostly(fc.constantFrom(() => 0, thrower)),
    constructor: odd,
    toString: odd,
  }),
);

it('takes any input and any options, or says what is wrong with them', TIMEOUT, () =>
  inObject((ctx) => {
    fc.assert(
      fc.property(brokenInput, fc.option(brokenOptions, { nil: undefined }), (input, options) =>
        undone(ctx, () => expectHandled(ctx, input, options)),
      ),
      runs(1500),
    );
  }),
);

const LONG = 'x'.repeat(100_001);
const STATEMENTS = [
  ...[
    '',
    ' ',
    ';',
    ';;',
    '-- only',
    '/* only */',
    '/* open',
    "'open",
    '"open',
    '[open',
    '`open',
    "SELECT 'open",
  ],
  ...[
    '\0',
    'SELECT 1 \0',
    "INSERT INTO kept VALUES ('\0')",
    '\ud800',
    "INSERT INTO kept VALUES ('\udfff')",
    '\ufeff',
  ],
  ...[`SELECT '${LONG}'`, `/* ${LONG} */ SELECT 1`, `-- ${LONG}`, `'${LONG}`, `/* ${LONG}`],
  ...[
    'BEGIN',
    'BEGIN IMMEDIATE',
    'COMMIT',
    'END',
    'ROLLBACK',
    'SAVEPOINT a',
    'RELEASE a',
    'ROLLBACK TO a',
  ],
  ...["ATTACH ':memory:' AS b", 'DETACH main', 'VACUUM', 'REINDEX', 'ANALYZE', 'EXPLAIN SELECT 1'],
  ...['PRAGMA user_version = 1', 'PRAGMA writable_schema = ON', 'PRAGMA journal_mode = DELETE'],
  ...['PRAGMA foreign_keys = OFF', 'PRAGMA foreign_keys = ON', 'PRAGMA defer_foreign_keys = ON'],
  ...[
    'SELEC 1',
    'SELECT',
    'SELECT ?',
    'CREATE TABLE',
    'DROP TABLE nothing',
    'INSERT INTO kept VALUES (1, 2)',
  ],
  ...['DROP TABLE __migrations', 'DELETE FROM __migrations', 'UPDATE "__MIGRATIONS" SET tag = 1'],
  ...[
    'INSERT INTO main.[__migrations] (version) VALUES (7)',
    'ALTER TABLE `__migrations` RENAME TO m',
  ],
  ...[
    'CREATE TABLE __migrations (x)',
    'CREATE TRIGGER t AFTER INSERT ON kept BEGIN DELETE FROM __migrations; END',
  ],
  ...[
    'DROP TABLE __drizzle_migrations',
    'DROP TABLE IF EXISTS __drizzle_migrations',
    'DELETE FROM __drizzle_migrations',
  ],
  ...['ALTER TABLE __drizzle_migrations RENAME TO d', 'CREATE TABLE __drizzle_migrations (x)'],
  ...[
    'DROP TABLE _cf_KV',
    'INSERT INTO _cf_KV VALUES (1, 2)',
    'CREATE TABLE _cf_x (y)',
    'SELECT * FROM _cf_KV',
  ],
  ...[
    'DELETE FROM sqlite_master',
    'DROP TABLE sqlite_schema',
    'CREATE TABLE sqlite_x (y)',
    'SELECT * FROM sqlite_master',
  ],
  ...[
    "SELECT load_extension('x')",
    'SELECT randomblob(-1)',
    'INSERT INTO kept SELECT 1 UNION SELECT 2',
    'SELECT 1; SELECT',
  ],
  ...[
    'INSERT OR FAIL INTO one VALUES (1), (1)',
    "SELECT '__migrations'",
    'INSERT INTO kept VALUES (1) RETURNING *',
  ],
];
const text = fc
  .array(
    fc.tuple(
      fc.constantFrom(...STATEMENTS),
      fc.constantFrom(';', ';--> statement-breakpoint\n', '\n', ''),
    ),
    { maxLength: 3 },
  )
  .map((parts) => parts.map((pair) => pair.join('')).join(''));

it('runs any SQL, or says what is wrong with it', TIMEOUT, () =>
  inObject((ctx) => {
    ctx.storage.sql.exec(
      'CREATE TABLE kept (x); CREATE TABLE one (x UNIQUE); INSERT INTO kept VALUES (1)',
    );
    const forms = [
      (...texts: string[]) => Object.fromEntries(texts.map((one, i) => [`m000${i}`, one])),
      (...texts: string[]) =>
        bundle0(...texts.map((one, i) => ({ tag: `000${i}_x`, when: WHEN + i * 1000, sql: one }))),
      (...texts: string[]) =>
        bundle1(...texts.map((one, i) => ({ tag: `000${i}_x`, when: WHEN + i * 1000, sql: one }))),
    ];
    fc.assert(
      fc.property(
        fc.array(text, { minLength: 1, maxLength: 3 }),
        fc.constantFrom(...forms),
        fc.constantFrom('retire', 'mirror'),
        fc.nat(3),
        (texts, form, drizzle, had) =>
          undone(ctx, () => {
            const earlier = texts.slice(0, had).map(() => 'SELECT 1');
            const mirror = form === forms[0] ? 'retire' : drizzle;
            if (had > 0) migrate(ctx, form(...earlier), { drizzle: mirror as 'mirror' });
            const later = texts.slice(had);
            expectHandled(ctx, form(...earlier, ...later), { drizzle: mirror });
          }),
      ),
      runs(400),
    );
  }),
);

const VALUES = [
  ...[
    'NULL',
    '0',
    '1',
    '-1',
    '1.5',
    '1e400',
    '-1e400',
    '9223372036854775807',
    '-9223372036854775808',
    '1795371422076',
  ],
  ...[
    "'0'",
    "'abc'",
    "''",
    "x'00'",
    "x''",
    "'1795371422076'",
    "'20261122181702_a'",
    `'${'a'.repeat(64)}'`,
    "'applied'",
  ],
];
const value = fc.constantFrom(...VALUES);
const version = fc.constantFrom('0', '1', '2', '3', '-1', 'NULL', '9007199254740993', "'x'", '1.5');
const mangled = fc.constantFrom(
  '',
  'TEXT',
  'INTEGER',
  'NUMERIC',
  'BLOB',
  'REAL',
  'ANY',
  'TEXT NOT NULL',
  'TEXT UNIQUE',
);

interface Column {
  readonly name: string;
  readonly type: string;
}
const column = (name: string, usual: string): fc.Arbitrary<Column> =>
  fc.record({
    name: fc.oneof(
      { weight: 9, arbitrary: fc.constant(name) },
      { weight: 1, arbitrary: fc.constant(name.toUpperCase()) },
    ),
    type: fc.oneof({ weight: 5, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: mangled }),
  });

const EXTRA = [
  ...[
    'dirty INTEGER NOT NULL',
    'x DEFAULT 1',
    'x NOT NULL DEFAULT 1',
    'g AS (1)',
    'CHECK (0)',
    'CHECK (1)',
  ],
  ...[
    '"constructor" TEXT NOT NULL',
    'tag AS (1)',
    'name AS (1)',
    'head AS (1) STORED',
    'FOREIGN KEY (head) REFERENCES nobody(x)',
  ],
];
const AFTER = [
  "CREATE TRIGGER stop BEFORE INSERT ON LEDGER BEGIN SELECT RAISE(ABORT, 'stopped'); END",
  'CREATE TRIGGER pass BEFORE INSERT ON LEDGER BEGIN SELECT RAISE(IGNORE); END',
  "CREATE TRIGGER stop_update BEFORE UPDATE ON LEDGER BEGIN SELECT RAISE(FAIL, 'stopped'); END",
  'CREATE TRIGGER fine AFTER INSERT ON LEDGER BEGIN SELECT 1; END',
  'CREATE INDEX i ON LEDGER (created_at)',
  'CREATE UNIQUE INDEX i ON LEDGER (created_at)',
  'CREATE VIEW v AS SELECT * FROM LEDGER',
];
const OTHERS = [
  'CREATE VIEW LEDGER AS SELECT 1 AS version, 2 AS hash, 3 AS created_at',
  'CREATE VIRTUAL TABLE LEDGER USING fts5(version, hash, created_at)',
  'CREATE INDEX LEDGER ON other (x)',
  'CREATE UNIQUE INDEX LEDGER ON other (x)',
  'CREATE TRIGGER LEDGER AFTER INSERT ON other BEGIN SELECT 1; END',
  'CREATE TABLE LEDGER (x)',
  'CREATE TABLE LEDGER AS SELECT 0 AS version',
  'CREATE TABLE LEDGER (version INTEGER, hash, created_at, PRIMARY KEY (version, hash))',
];

/** A table named like a ledger, in statements; those that SQLite does not take are left out. */
const table = (
  columns: readonly fc.Arbitrary<Column>[],
  key: fc.Arbitrary<string>,
): fc.Arbitrary<string[]> =>
  fc.oneof(
    { weight: 1, arbitrary: fc.constantFrom(...OTHERS).map((made) => [made]) },
    {
      weight: 6,
      arbitrary: fc
        .record({
          key,
          columns: fc
            .tuple(...columns)
            .chain((all) => fc.subarray(all, { minLength: all.length - 2 })),
          extra: fc.option(fc.constantFrom(...EXTRA), { nil: undefined, freq: 5 }),
          kind: fc.constantFrom('', '', '', '', 'STRICT', 'WITHOUT ROWID'),
          rows: fc.array(fc.tuple(version, fc.array(value, { minLength: 8, maxLength: 8 })), {
            maxLength: 3,
          }),
          inOrder: fc.boolean(),
          after: fc.array(fc.constantFrom(...AFTER), { maxLength: 1 }),
        })
        .map(({ key: first, columns: rest, extra, kind, rows: made, inOrder, after }) => {
          const all = [
            first,
            ...rest.map(({ name, type }) => `${name} ${type}`),
            ...(extra ? [extra] : []),
          ];
          const names = [first.split(' ')[0], ...rest.map(({ name }) => name)];
          return [
            `CREATE TABLE LEDGER (${all.join(', ')}) ${kind}`,
            ...made.map(([id, values], i) => {
              const row = [inOrder ? i : id, ...values].slice(0, names.length);
              return `INSERT INTO LEDGER (${names.join(', ')}) VALUES (${row.join(', ')})`;
            }),
            ...after,
          ];
        }),
    },
  );

const ourTable = table(
  [
    column('tag', 'TEXT'),
    column('checksum', 'TEXT'),
    column('created_at', 'INTEGER'),
    column('applied_at', 'INTEGER'),
    column('origin', 'TEXT'),
    column('head', 'TEXT'),
  ],
  fc.constantFrom(
    ...[
      'version INTEGER PRIMARY KEY',
      'version INTEGER PRIMARY KEY',
      'VERSION integer primary key autoincrement',
    ],
    ...[
      'version INTEGER PRIMARY KEY DESC',
      'version TEXT PRIMARY KEY',
      'version INTEGER',
      'v INTEGER PRIMARY KEY',
    ],
  ),
);
const drizzlesTable = table(
  [
    column('hash', 'text NOT NULL'),
    column('created_at', 'numeric'),
    column('name', 'text'),
    column('applied_at', 'TEXT'),
  ],
  fc.constantFrom(
    'id SERIAL PRIMARY KEY',
    'id INTEGER PRIMARY KEY',
    'id INTEGER PRIMARY KEY',
    'id',
    'rowid TEXT',
  ),
);

it('takes any table in the place of a ledger, or says what is wrong with it', TIMEOUT, () =>
  inObject((ctx) => {
    const make = (statements: readonly string[], name: string) => {
      for (const statement of statements) {
        try {
          ctx.storage.sql.exec(statement.replaceAll('LEDGER', name));
        } catch (error) {
          // SQLite does not take such a table or row.
          expect((error as Error).message).toMatch(/SQLITE_|must be|statement/);
        }
      }
    };
    const made = ['a', 'b', 'c'].map((name, i) => ({
      tag: `000${i}_${name}`,
      when: WHEN + i * 1000,
      sql: `CREATE TABLE IF NOT EXISTS ${name} (x)`,
    }));
    const forms = [
      bundle0(...made),
      bundle1(...made),
      Object.fromEntries(made.map((one, i) => [`m000${i}`, one.sql])),
    ];
    fc.assert(
      fc.property(
        fc.record({
          ours: fc.option(ourTable),
          theirs: fc.option(drizzlesTable),
          name: fc.constantFrom('__migrations', '__Migrations'),
          input: fc.constantFrom(...forms),
          options: part({
            drizzle: fc.constantFrom('retire', 'mirror'),
            skipped: fc.constantFrom('apply', 'ignore'),
            unknown: fc.constantFrom('ignore'),
          }),
        }),
        ({ ours, theirs, name, input, options }) =>
          undone(ctx, () => {
            ctx.storage.sql.exec('CREATE TABLE other (x)');
            if (ours !== null) make(ours, name);
            if (theirs !== null) make(theirs, '__drizzle_migrations');
            const before = dump(ctx);
            const { refusal } = inspect(ctx, input, options);
            if (refusal !== undefined) expectOurs(refusal);
            expect(dump(ctx)).toEqual(before);
            expectHandled(ctx, input, options);
          }),
      ),
      runs(1000),
    );
  }),
);

afterAll(() => {
  const said = [...outcomes].sort().map(([code, times]) => `${times} ${code}`);
  console.info(`bad input: ${inputs} inputs: ${said.join(', ')}`);
});
