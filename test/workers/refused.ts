// Objects that are refused, one for each code.
import { type MigrateOptions, migrate } from '../../src/index.ts';
import { bundle0, bundle1, make, runDrizzle0 } from './harness.ts';

/** One migration. */
export const ONE = { m0000: 'CREATE TABLE a (x)' };
/** Two, the second of which fails. */
export const FAILING = { ...ONE, m0001: 'CREATE TABLE a (x)' };

const [a, b, c] = [make('a', 0), make('b', 1), make('c', 2)];
const twins = bundle1(
  { ...a, tag: '0000_one' },
  { ...a, tag: '0001_two', sql: 'CREATE TABLE two (x)' },
);

/** Each code with an object that gets it. */
export const REFUSED: [
  code: string,
  before: (ctx: DurableObjectState) => unknown,
  migrations: unknown,
  options?: MigrateOptions,
][] = [
  ['UNKNOWN_ROW', (ctx) => runDrizzle0(ctx, bundle0(a, b)), bundle0(a)],
  ['UNKNOWN_MIGRATION', (ctx) => migrate(ctx, bundle0(a, b)), bundle0(a, c)],
  ['OTHER_HISTORY', (ctx) => migrate(ctx, bundle0(c)), bundle0(a, b)],
  ['AMBIGUOUS_ROW', (ctx) => runDrizzle0(ctx, bundle0(a)), twins],
  [
    'SKIPPED_MIGRATION',
    (ctx) => runDrizzle0(ctx, bundle0(a, c)),
    bundle0(a, { ...b, sql: 'DELETE FROM a' }, c),
  ],
  ['TOO_FEW_MIGRATIONS', (ctx) => runDrizzle0(ctx, bundle0(a, b)), { m0000: a.sql }],
  ['NOT_A_LEDGER', (ctx) => ctx.storage.sql.exec('CREATE TABLE __migrations (id)'), ONE],
  [
    'BROKEN_LEDGER',
    (ctx) => {
      migrate(ctx, bundle0(a, b));
      ctx.storage.sql.exec('DELETE FROM __migrations WHERE version = 0');
    },
    bundle0(a, b, c),
  ],
  ['AHEAD', (ctx) => migrate(ctx, bundle0(a, b)), bundle0(a), { ahead: 'error' }],
  [
    'DRIFT',
    (ctx) => migrate(ctx, bundle0(a)),
    bundle0({ ...a, sql: 'CREATE TABLE a (x, y)' }),
    { drift: 'error' },
  ],
  ['MIGRATION_FAILED', (ctx) => migrate(ctx, ONE), FAILING],
  [
    'FOREIGN_KEY_VIOLATION',
    (ctx) => {
      const family = 'CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p REFERENCES p)';
      migrate(ctx, { m0000: family });
      ctx.storage.sql.exec('INSERT INTO p VALUES (1); INSERT INTO c VALUES (1)');
    },
    {
      m0000: 'CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p REFERENCES p)',
      m0001: 'PRAGMA foreign_keys=OFF; DELETE FROM p; PRAGMA foreign_keys=ON',
    },
  ],
  ['INVALID_INPUT', () => {}, 'no migrations'],
  ['INVALID_KEY', (ctx) => migrate(ctx, ONE), { zero: 'CREATE TABLE a (x)' }],
  ['SQL_NOT_TEXT', (ctx) => migrate(ctx, ONE), { m0000: 1 }],
  ['INVALID_OPTION', (ctx) => migrate(ctx, ONE), ONE, { drizzle: 'gone' } as never],
  ['STATEMENT_TOO_LONG', () => {}, { m0000: `SELECT '${'x'.repeat(100_001)}'` }],
  ['INVALID_TABLE_NAME', () => {}, { m0000: 'DROP TABLE __migrations' }],
];
