// Each case is refused before anything is touched, and its message is shown whole.
import { env, runInDurableObject } from 'cloudflare:test';
import { describe, expect, it } from 'vitest';
import { history, InputError, inspect, migrate, OfframpError } from '../../src/index.ts';
import { bundle0, dump, inObject, rows, runDrizzle0, thrown } from './harness.ts';

const sql = 'CREATE TABLE a (x)';
const entry = { idx: 0, when: 1795371422076, tag: '0000_a', breakpoints: true };

const inputs: Record<
  string,
  [input: unknown, code: string, key: string | undefined, message: string]
> = {
  'a key of the wrong form': [
    { m001: sql },
    'INVALID_KEY',
    'm001',
    'Invalid migration key "m001": must be "m" and four digits or more. Pass the default export of ' +
      "drizzle-kit's migrations.js, or { m0000: 'SQL' }.",
  ],
  'a key with something before it': [
    { xm0000: sql },
    'INVALID_KEY',
    'xm0000',
    'Invalid migration key "xm0000": must be "m" and four digits or more. Pass the default export of ' +
      "drizzle-kit's migrations.js, or { m0000: 'SQL' }.",
  ],
  'a key with a zero too many': [
    { m00001: sql },
    'INVALID_KEY',
    'm00001',
    'Invalid migration key "m00001": must be "m" and four digits or more. Pass the default export of ' +
      "drizzle-kit's migrations.js, or { m0000: 'SQL' }.",
  ],
  "a module's namespace": [
    { default: { m0000: sql } },
    'INVALID_KEY',
    'default',
    'Invalid migration key "default": must be "m" and four digits or more. Pass the default export of ' +
      "drizzle-kit's migrations.js, or { m0000: 'SQL' }.",
  ],
  'a gap': [
    { m0000: sql, m0002: sql },
    'KEY_GAP',
    'm0002',
    'Migrations must be sequential: expected version 1, got 2 (m0002). Add the missing one, or rename m0002.',
  ],
  'a record that does not start at 0': [
    { m0001: sql },
    'KEY_GAP',
    'm0001',
    'Migrations must be sequential: expected version 0, got 1 (m0001). Add the missing one, or rename m0001.',
  ],
  'a module where SQL is expected': [
    { journal: { entries: [entry] }, migrations: { m0000: new ArrayBuffer(8) } },
    'SQL_NOT_TEXT',
    'm0000',
    'The SQL of 20261122181702_a is of type ArrayBuffer, not text. To import .sql files, update wrangler, or add ' +
      '"rules": [{ "type": "Text", "globs": ["**/*.sql"], "fallthrough": true }] to wrangler.jsonc. Vite alone needs ?raw.',
  ],
  'a number where SQL is expected': [
    { m0000: 7 },
    'SQL_NOT_TEXT',
    'm0000',
    'The SQL of m0000 is of type Number, not text. To import .sql files, update wrangler, or add ' +
      '"rules": [{ "type": "Text", "globs": ["**/*.sql"], "fallthrough": true }] to wrangler.jsonc. Vite alone needs ?raw.',
  ],
  'null where SQL is expected': [
    { migrations: { '20261122175044_a': null } },
    'SQL_NOT_TEXT',
    'm0000',
    'The SQL of 20261122175044_a is of type Null, not text. To import .sql files, update wrangler, or add ' +
      '"rules": [{ "type": "Text", "globs": ["**/*.sql"], "fallthrough": true }] to wrangler.jsonc. Vite alone needs ?raw.',
  ],
  'a journal entry without its SQL': [
    { journal: { entries: [entry] }, migrations: {} },
    'MISSING_SQL',
    'm0000',
    'Journal entry "0000_a" has no SQL: migrations.m0000 is missing. Import ./0000_a.sql as m0000 in ' +
      'migrations.js.',
  ],
  'SQL without a journal entry': [
    { journal: { entries: [entry] }, migrations: { m0000: sql, m0001: sql } },
    'ORPHAN_SQL',
    'm0001',
    'migrations.m0001 has no journal entry. Restore it in meta/_journal.json, or remove m0001 from ' +
      'migrations.js.',
  ],
  'a repeated idx': [
    { journal: { entries: [entry, { ...entry, tag: '0000_b' }] }, migrations: { m0000: sql } },
    'REPEATED_IDX',
    'm0000',
    'Journal entries "0000_a" and "0000_b" both have idx 0. Give the later one the next free idx in ' +
      'meta/_journal.json and migrations.js.',
  ],
  'an entry without a tag': [
    { journal: { entries: [{ idx: 0, when: 1 }] }, migrations: { m0000: sql } },
    'INVALID_ENTRY',
    undefined,
    'Journal entry 0 is {"idx":0,"when":1}: it takes an idx and a tag. Restore it in meta/_journal.json.',
  ],
  'an entry without an idx': [
    { journal: { entries: [entry, { when: 1, tag: 'b' }] }, migrations: { m0000: sql } },
    'INVALID_ENTRY',
    undefined,
    'Journal entry 1 is {"when":1,"tag":"b"}: it takes an idx and a tag. Restore it in meta/_journal.json.',
  ],
  'an entry with a negative idx': [
    { journal: { entries: [{ ...entry, idx: -1 }] }, migrations: {} },
    'INVALID_ENTRY',
    undefined,
    'Journal entry 0 is {"idx":-1,"when":1795371422076,"tag":"0000_a","breakpoints":true}: it takes an idx ' +
      'and a tag. Restore it in meta/_journal.json.',
  ],
  'an entry that is null': [
    { journal: { entries: [null] }, migrations: {} },
    'INVALID_ENTRY',
    undefined,
    'Journal entry 0 is null: it takes an idx and a tag. Restore it in meta/_journal.json.',
  ],
  'an entry that is undefined': [
    { journal: { entries: [undefined] }, migrations: {} },
    'INVALID_ENTRY',
    undefined,
    'Journal entry 0 is undefined: it takes an idx and a tag. Restore it in meta/_journal.json.',
  ],
  'an entry without a `when`': [
    { journal: { entries: [{ idx: 0, tag: '0000_a' }] }, migrations: { m0000: sql } },
    'INVALID_WHEN',
    'm0000',
    'The `when` of journal entry "0000_a" is undefined: it takes a time in milliseconds. Restore it in ' +
      'meta/_journal.json.',
  ],
  'SQL that only the prototype has': [
    { journal: { entries: [entry] }, migrations: Object.create({ m0000: sql }) },
    'MISSING_SQL',
    'm0000',
    'Journal entry "0000_a" has no SQL: migrations.m0000 is missing. Import ./0000_a.sql as m0000 in ' +
      'migrations.js.',
  ],
  'a `when` that is no timestamp': [
    { journal: { entries: [{ ...entry, when: '2026-11-22' }] }, migrations: { m0000: sql } },
    'INVALID_WHEN',
    'm0000',
    'The `when` of journal entry "0000_a" is "2026-11-22": it takes a time in milliseconds. Restore it in ' +
      'meta/_journal.json.',
  ],
  'a 1.x key without its timestamp': [
    { migrations: { kind_aqueduct: sql } },
    'INVALID_TAG',
    'kind_aqueduct',
    'A migration\'s name is "kind_aqueduct": it takes its UTC second first, as in "20261122175044_name". Pass ' +
      "the default export of drizzle-kit's migrations.js, or { m0000: 'SQL' }.",
  ],
  'a 1.x key whose digits are no date': [
    { migrations: { '20261322175044_a': sql } },
    'INVALID_TAG',
    '20261322175044_a',
    'A migration\'s name is "20261322175044_a": it takes its UTC second first, as in "20261122175044_name". ' +
      "Pass the default export of drizzle-kit's migrations.js, or { m0000: 'SQL' }.",
  ],
  migrationsFolder: [
    { migrationsFolder: './drizzle' },
    'MIGRATIONS_FOLDER',
    undefined,
    'A Durable Object has no files for `migrationsFolder`. Set driver: "durable-sqlite" in drizzle.config.ts ' +
      "and run `drizzle-kit generate`. Pass the default export of drizzle-kit's migrations.js, or { m0000: " +
      "'SQL' }.",
  ],
  null: [
    null,
    'INVALID_INPUT',
    undefined,
    "The migrations are of type Null. Pass the default export of drizzle-kit's migrations.js, or { m0000: " +
      "'SQL' }.",
  ],
  'an array': [
    [sql],
    'INVALID_INPUT',
    undefined,
    "The migrations are of type Array. Pass the default export of drizzle-kit's migrations.js, or { m0000: " +
      "'SQL' }.",
  ],
  'a string': [
    sql,
    'INVALID_INPUT',
    undefined,
    "The migrations are of type String. Pass the default export of drizzle-kit's migrations.js, or { m0000: " +
      "'SQL' }.",
  ],
  'a journal that is none': [
    { journal: {}, migrations: {} },
    'INVALID_INPUT',
    undefined,
    "The bundle's `journal` has no list of entries. Pass the default export of drizzle-kit's migrations.js, or " +
      "{ m0000: 'SQL' }.",
  ],
  'a journal that is null': [
    { journal: null, migrations: {} },
    'INVALID_INPUT',
    undefined,
    "The bundle's `journal` has no list of entries. Pass the default export of drizzle-kit's migrations.js, or " +
      "{ m0000: 'SQL' }.",
  ],
  'a journal without migrations': [
    { journal: { entries: [] } },
    'INVALID_INPUT',
    undefined,
    "The bundle's `migrations` are of type Undefined. Pass the default export of drizzle-kit's migrations.js, or " +
      "{ m0000: 'SQL' }.",
  ],
  'a journal with null for migrations': [
    { journal: { entries: [] }, migrations: null },
    'INVALID_INPUT',
    undefined,
    "The bundle's `migrations` are of type Null. Pass the default export of drizzle-kit's migrations.js, or " +
      "{ m0000: 'SQL' }.",
  ],
  'a 1.x key whose time does not stand first': [
    { migrations: { a_20261122175044_a: sql } },
    'INVALID_TAG',
    'a_20261122175044_a',
    'A migration\'s name is "a_20261122175044_a": it takes its UTC second first, as in "20261122175044_name". ' +
      "Pass the default export of drizzle-kit's migrations.js, or { m0000: 'SQL' }.",
  ],
  'a 1.x key with a digit too many': [
    { migrations: { '202611221750440_a': sql } },
    'INVALID_TAG',
    '202611221750440_a',
    'A migration\'s name is "202611221750440_a": it takes its UTC second first, as in "20261122175044_name". ' +
      "Pass the default export of drizzle-kit's migrations.js, or { m0000: 'SQL' }.",
  ],
  'migrations that are none': [
    { migrations: './drizzle' },
    'INVALID_INPUT',
    undefined,
    "The bundle's `migrations` are of type String. Pass the default export of drizzle-kit's migrations.js, or { " +
      "m0000: 'SQL' }.",
  ],
  'two migrations of one name in one second': [
    bundle0(
      { tag: '0000_a', when: 1795371422076, sql },
      { tag: '0001_a', when: 1795371422077, sql },
    ),
    'REPEATED_TAG',
    'm0001',
    'Migrations m0000 and m0001 are both "20261122181702_a". Rename one of them, in the journal and its file.',
  ],
  'a promise, as of an import that nobody awaited': [
    Promise.resolve({ m0000: sql }),
    'INVALID_INPUT',
    undefined,
    "The migrations are of type Promise. Pass the default export of drizzle-kit's migrations.js, or { m0000: " +
      "'SQL' }.",
  ],
  'migrations in a map': [
    { migrations: new Map([['20261122175044_a', sql]]) },
    'INVALID_INPUT',
    undefined,
    "The bundle's `migrations` are of type Map. Pass the default export of drizzle-kit's migrations.js, or { " +
      "m0000: 'SQL' }.",
  ],
  'a getter that throws': [
    {
      get m0000() {
        throw new Error('not now');
      },
    },
    'INVALID_INPUT',
    undefined,
    'The migrations cannot be read: not now',
  ],
  'a `when` that is a bigint': [
    { journal: { entries: [{ ...entry, when: 1795371422076n }] }, migrations: { m0000: sql } },
    'INVALID_WHEN',
    'm0000',
    'The `when` of journal entry "0000_a" is of type bigint: it takes a time in milliseconds. Restore it in ' +
      'meta/_journal.json.',
  ],
  'a hole in the journal': [
    { journal: { entries: new Array(1) }, migrations: {} },
    'INVALID_ENTRY',
    undefined,
    'Journal entry 0 is undefined: it takes an idx and a tag. Restore it in meta/_journal.json.',
  ],
  'a converted entry whose tag is a number': [
    { m0000: { tag: 20261122175044, sql } },
    'INVALID_TAG',
    'm0000',
    'The `tag` of m0000 is 20261122175044: it takes its UTC second first, as in "20261122175044_name".',
  ],
  'a converted entry whose `was` is no list': [
    { m0000: { tag: '20261122175044_a', was: 1795371422076, sql } },
    'INVALID_WHEN',
    'm0000',
    'The `was` of m0000 is 1795371422076: it takes a list of times in milliseconds.',
  ],
  'a converted entry whose checksum is a bigint': [
    { m0000: { checksum: 0n, sql } },
    'INVALID_ENTRY',
    'm0000',
    'The `checksum` of m0000 is of type bigint: it takes the SHA-256 of its SQL.',
  ],
  'a converted entry whose checksum is too long': [
    { m0000: { checksum: '0'.repeat(65), sql } },
    'INVALID_ENTRY',
    'm0000',
    'The `checksum` of m0000 is "00000000000000000000000000000000000000000000000000000000000000000": it ' +
      'takes the SHA-256 of its SQL.',
  ],
  'a converted entry whose checksum has capitals': [
    { m0000: { checksum: `${'0'.repeat(63)}A`, sql } },
    'INVALID_ENTRY',
    'm0000',
    'The `checksum` of m0000 is "000000000000000000000000000000000000000000000000000000000000000A": it takes ' +
      'the SHA-256 of its SQL.',
  ],
  'a converted entry whose tag has something before its time': [
    { m0000: { tag: 'x20261122175044_a', sql } },
    'INVALID_TAG',
    'm0000',
    'The `tag` of m0000 is "x20261122175044_a": it takes its UTC second first, as in "20261122175044_name".',
  ],
  'a converted entry whose `when` is no time': [
    { m0000: { when: -1, sql } },
    'INVALID_WHEN',
    'm0000',
    'The `when` of m0000 is -1: it takes a time in milliseconds, of the second in its tag.',
  ],
  'a converted entry whose tag has no time': [
    { m0000: { tag: 'a', sql } },
    'INVALID_TAG',
    'm0000',
    'The `tag` of m0000 is "a": it takes its UTC second first, as in "20261122175044_name".',
  ],
  'a converted entry whose time is not that of its tag': [
    { m0000: { tag: '20261122175044_a', when: 5, sql } },
    'INVALID_WHEN',
    'm0000',
    'The `when` of m0000 is 5: it takes a time in milliseconds, of the second in its tag.',
  ],
  'a converted entry with a bad `was`': [
    { m0000: { tag: '20261122175044_a', was: [-1], sql } },
    'INVALID_WHEN',
    'm0000',
    'The `was` of m0000 is [-1]: it takes a list of times in milliseconds.',
  ],
  'a converted entry with a bad checksum': [
    { m0000: { checksum: 'abc', sql } },
    'INVALID_ENTRY',
    'm0000',
    'The `checksum` of m0000 is "abc": it takes the SHA-256 of its SQL.',
  ],
};

describe('migrations', () => {
  it.each(Object.entries(inputs))('%s', (_, [input, code, key, message]) =>
    inObject((ctx) => {
      const before = dump(ctx);
      const error = thrown<InputError>(() => migrate(ctx, input as never));
      expect(error.message).toBe(`[${code}] ${message}`);
      expect(error).toBeInstanceOf(InputError);
      expect(error).toMatchObject({ name: 'InputError', code, key });
      expect(dump(ctx)).toEqual(before);
    }),
  );

  it('with a gap in the journal, as `drizzle-kit drop` leaves it, are no bad input', () =>
    inObject((ctx) => {
      const dropped = {
        journal: { entries: [entry, { idx: 2, when: 1795371423076, tag: '0002_c' }] },
        migrations: { m0000: sql, m0002: 'CREATE TABLE c (x)' },
      };
      expect(migrate(ctx, dropped).applied.map(({ key }) => key)).toEqual(['m0000', 'm0002']);
    }));
});

const notSqlite =
  'The class has no SQLite storage. Declare a new one with it in wrangler.jsonc (`new_sqlite_classes`, or "storage": ' +
  '"sqlite" under `exports`): a class cannot get it later.';

describe('a bundle of 1.x', () => {
  it('is read in the order of its names, and a name may be its time alone', () =>
    inObject((ctx) => {
      const migrations = {
        '20261122175046_c': 'CREATE TABLE c (x)',
        '20261122175044': sql,
        '20261122175045_b': 'CREATE TABLE b (x)',
      };
      expect(migrate(ctx, { migrations }).applied).toEqual([
        { key: 'm0000', tag: '20261122175044' },
        { key: 'm0001', tag: '20261122175045_b' },
        { key: 'm0002', tag: '20261122175046_c' },
      ]);
    }));
});

describe('a target', () => {
  it.each([
    [
      'that is a D1 database',
      env.DB,
      'D1_DATABASE',
      'The target is a D1 database. Use `wrangler d1 migrations apply`.',
    ],
    [
      'that is null',
      null,
      'INVALID_TARGET',
      "The target is of type Null, without SQL storage. Pass the Durable Object's `ctx`.",
    ],
    [
      'that is env',
      { OBJECT: {} },
      'INVALID_TARGET',
      "The target is of type Object, without SQL storage. Pass the Durable Object's `ctx`.",
    ],
    [
      'whose storage has no sql',
      { storage: { transactionSync: () => {} } },
      'NOT_SQLITE',
      notSqlite,
    ],
  ])('%s', (_, target, code, message) => {
    const error = thrown<InputError>(() => migrate(target as never, { m0000: sql }));
    expect(error.message).toBe(`[${code}] ${message}`);
    expect(error).toMatchObject({ name: 'InputError', code });
  });

  it('of a class without SQLite storage', () =>
    runInDurableObject(env.PLAIN.getByName('no sqlite'), (_, ctx) => {
      const error = thrown<InputError>(() => migrate(ctx, { m0000: sql }));
      expect(error.message).toBe(`[NOT_SQLITE] ${notSqlite}`);
      expect(error).toMatchObject({ name: 'InputError', code: 'NOT_SQLITE' });
      expect((error.cause as Error).message).toMatch(
        /^SQL is not enabled for this Durable Object class\./,
      );
    }));
});

describe('an option', () => {
  it.each([
    [
      { table: 'sqlite_migrations' },
      'INVALID_TABLE_NAME',
      'table',
      'The option `table` is "sqlite_migrations": it takes a table name that does not start with sqlite_ or ' +
        '_cf_.',
    ],
    [
      { drizzleTable: '_CF_KV' },
      'INVALID_TABLE_NAME',
      'drizzleTable',
      'The option `drizzleTable` is "_CF_KV": it takes a table name that does not start with sqlite_ or _cf_.',
    ],
    [
      { table: '' },
      'INVALID_TABLE_NAME',
      'table',
      'The option `table` is "": it takes a table name that does not start with sqlite_ or _cf_.',
    ],
    [
      { table: '__Drizzle_Migrations' },
      'INVALID_TABLE_NAME',
      'table',
      'The options `table` and `drizzleTable` are both "__Drizzle_Migrations". Name another one with the ' +
        'option `table`.',
    ],
    [
      { skipped: 'maybe' },
      'INVALID_OPTION',
      'skipped',
      "The option `skipped` is \"maybe\": it takes 'apply' or 'ignore' or 'error'.",
    ],
    [
      { drift: true },
      'INVALID_OPTION',
      'drift',
      "The option `drift` is true: it takes 'warn' or 'error' or 'ignore'.",
    ],
    [{ tables: 'x' }, 'INVALID_OPTION', 'tables', 'There is no option `tables`.'],
    [{ constructor: 'x' }, 'INVALID_OPTION', 'constructor', 'There is no option `constructor`.'],
    [
      { drizzle: 1n },
      'INVALID_OPTION',
      'drizzle',
      "The option `drizzle` is of type bigint: it takes 'retire' or 'mirror'.",
    ],
    [
      { table: 'a\0b' },
      'INVALID_TABLE_NAME',
      'table',
      'The option `table` is "a\\u0000b": it takes a table name that does not start with sqlite_ or _cf_.',
    ],
    [null, 'INVALID_OPTION', undefined, 'The options are of type Null, not an object.'],
    ['mirror', 'INVALID_OPTION', undefined, 'The options are of type String, not an object.'],
  ])('of %o is refused', (options, code, key, message) =>
    inObject((ctx) => {
      const error = thrown<InputError>(() => migrate(ctx, { m0000: sql }, options as never));
      expect(error.message).toBe(`[${code}] ${message}`);
      expect(error).toMatchObject({ name: 'InputError', code, key });
      expect(dump(ctx)).toEqual({ schema: [], rows: {} });
    }),
  );
});

it('an option whose getter throws is refused', () =>
  inObject((ctx) => {
    const options = Object.defineProperty({}, 'drizzle', {
      enumerable: true,
      get() {
        throw new Error('not now');
      },
    });
    const error = thrown<InputError>(() => migrate(ctx, { m0000: sql }, options));
    expect(error.message).toBe('[INVALID_OPTION] The options cannot be read: not now');
    expect(error).toMatchObject({ code: 'INVALID_OPTION', cause: new Error('not now') });
  }));

describe("another owner's table", () => {
  it.each([
    [
      '__migrations',
      'CREATE TABLE __migrations (id INTEGER PRIMARY KEY, name TEXT)',
      'has no column "version"',
      'table',
    ],
    [
      '__migrations',
      'CREATE TABLE __migrations (version TEXT PRIMARY KEY)',
      'has a "version" that is no INTEGER PRIMARY KEY',
      'table',
    ],
    [
      '__migrations',
      'CREATE TABLE __migrations (id INTEGER PRIMARY KEY)',
      'has no column "version"',
      'table',
    ],
    ...['BIGINTEGER', 'INTEGERS'].map((type) => [
      '__migrations',
      `CREATE TABLE __migrations (version ${type} PRIMARY KEY)`,
      'has a "version" that is no INTEGER PRIMARY KEY',
      'table',
    ]),
    [
      '__migrations',
      'CREATE TABLE __migrations (version INTEGER, branch TEXT, PRIMARY KEY (version, branch))',
      'has no column "tag"',
      'table',
    ],
    [
      '__migrations',
      'CREATE TABLE __migrations (version INTEGER)',
      'has a "version" that is no INTEGER PRIMARY KEY',
      'table',
    ],
    [
      '__migrations',
      'CREATE TABLE __migrations (version INTEGER, tag, checksum, created_at, applied_at, origin, head, PRIMARY KEY (version, tag))',
      'has a "version" that is no INTEGER PRIMARY KEY',
      'table',
    ],
    [
      '__migrations',
      'CREATE TABLE __migrations (version INTEGER PRIMARY KEY, tag, checksum, created_at, applied_at, origin, head, dirty INTEGER NOT NULL)',
      'needs a value for its column "dirty"',
      'table',
    ],
    [
      '__migrations',
      'CREATE TABLE __migrations (version INTEGER PRIMARY KEY, name TEXT)',
      'has no column "tag"',
      'table',
    ],
    [
      '__migrations',
      'CREATE TABLE __migrations (version INTEGER PRIMARY KEY, tag, checksum, created_at, applied_at, origin)',
      'has no column "head"',
      'table',
    ],
    [
      '__migrations',
      'CREATE TABLE __migrations (version INTEGER PRIMARY KEY DESC)',
      'has a "version" that is no INTEGER PRIMARY KEY',
      'table',
    ],
    [
      '__migrations',
      'CREATE VIEW __migrations AS SELECT 1 AS version',
      'is no table (view)',
      'table',
    ],
    [
      '__migrations',
      'CREATE TABLE t (x); CREATE INDEX __migrations ON t (x)',
      'is no table (index)',
      'table',
    ],
    [
      '__drizzle_migrations',
      'CREATE TABLE t (x); CREATE UNIQUE INDEX __Drizzle_Migrations ON t (x)',
      'is no table (index)',
      'drizzleTable',
    ],
    [
      '__drizzle_migrations',
      'CREATE TABLE __drizzle_migrations (id INTEGER PRIMARY KEY, name TEXT)',
      'has no columns "hash" and "created_at"',
      'drizzleTable',
    ],
    [
      '__drizzle_migrations',
      'CREATE TABLE __drizzle_migrations (id INTEGER PRIMARY KEY, hash TEXT)',
      'has no columns "hash" and "created_at"',
      'drizzleTable',
    ],
    [
      '__drizzle_migrations',
      'CREATE TABLE __drizzle_migrations (id INTEGER PRIMARY KEY, created_at INTEGER)',
      'has no columns "hash" and "created_at"',
      'drizzleTable',
    ],
    [
      '__drizzle_migrations',
      'CREATE VIEW __drizzle_migrations AS SELECT 1 AS hash, 2 AS created_at',
      'is no table (view)',
      'drizzleTable',
    ],
  ])('%s made by %s is refused', (table, made, found, option) =>
    inObject((ctx) => {
      ctx.storage.sql.exec(made);
      const before = dump(ctx);
      const error = thrown(() => migrate(ctx, { m0000: sql }));
      expect(error.message).toBe(
        `[NOT_A_LEDGER] ${table} ${found}, so it is no ledger. Name another table with the option \`${option}\`.`,
      );
      expect(error).toMatchObject({ name: 'AdoptionError', code: 'NOT_A_LEDGER', table, keys: [] });
      expect(dump(ctx)).toEqual(before);
      expect(migrate(ctx, { m0000: sql }, { [option]: '__ours' }).applied).toHaveLength(1);
    }),
  );

  it('with columns that need no value of ours is a ledger like any other', () =>
    inObject((ctx) => {
      ctx.storage.sql.exec(
        "CREATE TABLE __migrations (note TEXT, version INTEGER PRIMARY KEY, build INTEGER NOT NULL DEFAULT 7, tag, checksum, created_at, applied_at, origin TEXT NOT NULL, head, who TEXT DEFAULT 'nobody')",
      );
      ctx.storage.sql.exec('CREATE UNIQUE INDEX by_note ON __migrations (note)');
      expect(migrate(ctx, { m0000: sql }).applied).toHaveLength(1);
      expect(migrate(ctx, { m0000: sql }).upToDate).toBe(true);
      expect(rows(ctx, 'SELECT note, version, build, origin, who FROM __migrations')).toEqual([
        { note: null, version: 0, build: 7, origin: 'applied', who: 'nobody' },
      ]);
    }));

  it('with versions that are not 0, 1, 2 and so on is refused', () =>
    inObject((ctx) => {
      ctx.storage.sql.exec('CREATE TABLE __migrations (version INTEGER PRIMARY KEY)');
      ctx.storage.sql.exec('INSERT INTO __migrations VALUES (1), (2)');
      const before = dump(ctx);
      const error = thrown(() => migrate(ctx, { m0000: sql }));
      expect(error.message).toBe(
        '[BROKEN_LEDGER] __migrations has version 1 where 0 was expected. Restore the missing row, ' +
          'or name another table with the option `table`.',
      );
      expect(error).toMatchObject({
        name: 'AdoptionError',
        code: 'BROKEN_LEDGER',
        table: '__migrations',
        keys: ['1'],
      });
      expect(dump(ctx)).toEqual(before);
    }));
});

describe('a table in the place of a ledger', () => {
  const storageFailed = (said: string) =>
    `[STORAGE_FAILED] The database failed outside of a migration: ${said}. Nothing has changed. If __migrations or ` +
    '__drizzle_migrations has another owner, name another one with the option `table` or `drizzleTable`.';

  it.each([
    [
      'that cannot be read',
      'CREATE TABLE __drizzle_migrations (id PRIMARY KEY, hash, created_at) WITHOUT ROWID',
      'no such column: rowid at offset 7: SQLITE_ERROR',
    ],
    [
      'that takes no rows',
      'CREATE TABLE __migrations (version INTEGER PRIMARY KEY, tag, checksum, created_at, applied_at, origin, head TEXT CHECK (head IS NULL))',
      'CHECK constraint failed: head IS NULL: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_CHECK)',
    ],
  ])('%s is refused in our words', (_, made, said) =>
    inObject((ctx) => {
      ctx.storage.sql.exec(made);
      const before = dump(ctx);
      const told: unknown[] = [];
      const onEvent = (event: unknown) => told.push(event);
      const error = thrown<OfframpError>(() => migrate(ctx, { m0000: sql }, { onEvent }));
      expect(error.message).toBe(storageFailed(said));
      expect(error).toBeInstanceOf(OfframpError);
      expect(error).toMatchObject({ name: 'OfframpError', code: 'STORAGE_FAILED' });
      expect((error.cause as Error).message).toBe(said);
      expect(told).toEqual([
        { type: 'failed', error },
        expect.objectContaining({
          type: 'summary',
          outcome: 'failed',
          code: 'STORAGE_FAILED',
          error,
        }),
      ]);
      expect(dump(ctx)).toEqual(before);
    }),
  );

  it('that cannot be read is a refusal for inspect, too', () =>
    inObject((ctx) => {
      ctx.storage.sql.exec(
        'CREATE TABLE __drizzle_migrations (id PRIMARY KEY, hash, created_at) WITHOUT ROWID',
      );
      const { refusal } = inspect(ctx, { m0000: sql });
      expect(refusal?.message).toBe(
        storageFailed('no such column: rowid at offset 7: SQLITE_ERROR'),
      );
    }));

  it('that keeps rows out is refused', () =>
    inObject((ctx) => {
      ctx.storage.sql.exec('CREATE TABLE __migrations (version INTEGER PRIMARY KEY)');
      ctx.storage.sql.exec(
        'CREATE TRIGGER keep_out BEFORE INSERT ON __migrations BEGIN SELECT RAISE(IGNORE); END',
      );
      const before = dump(ctx);
      const error = thrown(() => migrate(ctx, { m0000: sql, m0001: 'SELECT 1' }));
      expect(error.message).toBe(
        '[BROKEN_LEDGER] __migrations has version null where 1 was expected. Restore the missing row, ' +
          'or name another table with the option `table`.',
      );
      expect(error).toMatchObject({ code: 'BROKEN_LEDGER', keys: ['null'] });
      expect(dump(ctx)).toEqual(before);
    }));

  it('whose names are in capitals is read as ours', () =>
    inObject((ctx) => {
      ctx.storage.sql.exec('CREATE TABLE __MIGRATIONS (VERSION INTEGER PRIMARY KEY)');
      ctx.storage.sql.exec('INSERT INTO __migrations VALUES (0)');
      const { adopted, applied } = migrate(ctx, { m0000: sql, m0001: 'CREATE TABLE b (x)' });
      expect([adopted, applied]).toEqual([
        [{ key: 'm0000', tag: null }],
        [{ key: 'm0001', tag: null }],
      ]);
    }));

  it('with values that nobody writes there is read as if they were not', () =>
    inObject((ctx) => {
      migrate(ctx, { m0000: sql });
      ctx.storage.sql.exec(
        "UPDATE __migrations SET created_at = 'noon', applied_at = -1, tag = x'00', head = x'00'",
      );
      expect(history(ctx)).toMatchObject([
        { version: 0, tag: null, created_at: null, applied_at: null, head: null },
      ]);
      const { applied } = migrate(ctx, { m0000: sql, m0001: 'CREATE TABLE b (x)' });
      expect(applied).toEqual([{ key: 'm0001', tag: null }]);
    }));

  it('of Drizzle with a row that says nothing is kept once, however often the code changes', () =>
    inObject((ctx) => {
      ctx.storage.sql.exec(
        `CREATE TABLE __drizzle_migrations (hash, created_at); INSERT INTO __drizzle_migrations VALUES ('', NULL), ('', ${entry.when})`,
      );
      const made = [0, 1, 2].map((i) => ({ ...entry, tag: `000${i}_x`, sql: 'SELECT 1' }));
      const options = { drizzle: 'mirror', unknown: 'ignore' } as const;
      for (const count of [1, 2, 3]) {
        const some = made.slice(0, count).map((one, i) => ({ ...one, when: one.when + i * 1000 }));
        migrate(ctx, bundle0(...some), options);
      }
      expect(history(ctx).map(({ origin }) => origin)).toEqual([
        'drizzle',
        'drizzle',
        'applied',
        'applied',
      ]);
    }));
});

describe('a statement that', () => {
  it.each([
    'DROP TABLE __migrations',
    'DELETE FROM main."__Migrations"',
    'CREATE TABLE [__migrations] (x)',
    "DELETE FROM '__migrations'",
  ])('names the ledger is refused: %s', (statement) =>
    inObject((ctx) => {
      migrate(ctx, { m0000: sql });
      const before = dump(ctx);
      const input = { m0000: sql, m0001: `SELECT 1; ${statement}` };
      const error = thrown(() => migrate(ctx, input));
      expect(error.message).toBe(
        '[INVALID_TABLE_NAME] Statement 2 of m0001 names __migrations, the ledger. Take it out, or ' +
          'name another table with the option `table`.',
      );
      expect(error).toMatchObject({ code: 'INVALID_TABLE_NAME', key: 'm0001' });
      expect(dump(ctx)).toEqual(before);
    }),
  );

  it.each([
    ['my "table"', 'DROP TABLE "my ""table"""'],
    ["it's", "DELETE FROM 'it''s'"],
    ['a`b', 'DROP TABLE `a``b`'],
  ])('names the ledger %s is refused, with its quotes written twice', (table, statement) =>
    inObject((ctx) => {
      migrate(ctx, { m0000: sql }, { table });
      const before = dump(ctx);
      const error = thrown(() => migrate(ctx, { m0000: sql, m0001: statement }, { table }));
      expect(error.message).toBe(
        `[INVALID_TABLE_NAME] Statement 1 of m0001 names ${table}, the ledger. Take it out, or name another table with ` +
          'the option `table`.',
      );
      expect(dump(ctx)).toEqual(before);
    }),
  );

  it("drops Drizzle's ledger, as one written by hand may, is run", () =>
    inObject(async (ctx) => {
      const made = { tag: '0000_a', when: entry.when, sql };
      await runDrizzle0(ctx, bundle0(made));
      const tidied = {
        tag: '0001_b',
        when: entry.when + 1,
        sql: 'DROP TABLE __drizzle_migrations',
      };
      expect(migrate(ctx, bundle0(made, tidied)).applied).toHaveLength(1);
      expect(rows(ctx, 'SELECT origin FROM __migrations')).toEqual([
        { origin: 'drizzle' },
        { origin: 'applied' },
      ]);
    }));
});
