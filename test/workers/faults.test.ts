// A fault at each statement in turn, ours and theirs: the database is as it was, and the next wake succeeds.
import { afterAll, expect, it } from 'vitest';
import {
  type FunctionEntry,
  type MigrateOptions,
  type MigrationInput,
  type MigrationRecord,
  migrate,
  type StateLike,
} from '../../src/index.ts';
import { canonicalTag } from '../../src/input/bundles.ts';
import { splitStatements } from '../../src/sql/statements.ts';
import { doOrm } from './do-orm.ts';
import {
  bundle0,
  bundle1,
  dump,
  inObject,
  type Made,
  type newObject,
  rows,
  runDrizzle0,
  runDrizzle1,
  wake,
  withObject,
} from './harness.ts';

const when = Date.UTC(2026, 10, 22, 12, 0, 0, 123);
const make = (minutes: number, sql: string): Made => ({
  tag: `000${minutes}_step`,
  when: when + minutes * 60_000,
  sql: sql.replaceAll(';\n', ';--> statement-breakpoint\n'),
});
const history = [
  make(
    0,
    'CREATE TABLE p (id INTEGER PRIMARY KEY, name TEXT);\nCREATE TABLE c (p INTEGER REFERENCES p(id) ON DELETE CASCADE)',
  ),
  make(1, "INSERT INTO p VALUES (9, 'nine')"),
  make(2, 'CREATE INDEX names ON p (name)'),
  make(3, 'CREATE VIEW v AS SELECT name FROM p'),
  make(
    4,
    `PRAGMA foreign_keys=OFF;
CREATE TABLE __new_p (id INTEGER PRIMARY KEY, name TEXT NOT NULL DEFAULT '');
INSERT INTO __new_p(id, name) SELECT id, name FROM p;
DROP VIEW v;
DROP TABLE p;
ALTER TABLE __new_p RENAME TO p;
PRAGMA foreign_keys=ON`,
  ),
  make(
    5,
    'CREATE TRIGGER t AFTER INSERT ON p BEGIN UPDATE p SET name = upper(name) WHERE id = new.id; END',
  ),
  make(
    6,
    "ALTER TABLE p ADD COLUMN age INTEGER;\nUPDATE p SET age = 1;\nDELETE FROM p WHERE id = 9;\nINSERT INTO p VALUES (10, 'ten', 2)",
  ),
  make(
    7,
    `CREATE TABLE w (k TEXT PRIMARY KEY, n INTEGER DEFAULT 1, twice INTEGER GENERATED ALWAYS AS (n * 2) STORED) WITHOUT ROWID;
INSERT INTO w (k) VALUES ('a'), ('b');
ALTER TABLE w RENAME COLUMN n TO number;
ALTER TABLE w ADD COLUMN half REAL AS (number / 2.0);
ALTER TABLE w DROP COLUMN half;
CREATE UNIQUE INDEX keys ON w (number, k);
ALTER TABLE w RENAME TO words`,
  ),
  make(
    8,
    `CREATE VIRTUAL TABLE f USING fts5(name);
INSERT INTO f SELECT name FROM p;
CREATE TABLE gone AS SELECT name FROM p;
DROP INDEX keys;
DROP TRIGGER t;
DROP TABLE gone`,
  ),
  make(
    9,
    `PRAGMA defer_foreign_keys=ON;
INSERT INTO c VALUES (77);
INSERT INTO p (id, name) VALUES (77, 'late');
PRAGMA defer_foreign_keys=OFF`,
  ),
] as const;
const [first, second, third] = history;

/** A `ctx` whose storage throws instead of running statement number `fault`. */
function faulty(
  ctx: DurableObjectState,
  fault: number,
): { target: StateLike; count: () => number } {
  let executed = 0;
  const sql = {
    exec(query: string, ...bindings: unknown[]) {
      if (executed++ === fault) throw new Error('injected');
      return ctx.storage.sql.exec(query, ...bindings);
    },
  };
  const storage = {
    sql,
    transactionSync: <T>(run: () => T): T => ctx.storage.transactionSync(run),
    // What comes after the transaction is not under test here: enforcement must come back whatever happened.
    transaction: async <T>(run: () => Promise<T>): Promise<T> => {
      const result = await ctx.storage.transaction(run);
      executed = Number.NEGATIVE_INFINITY;
      return result;
    },
  };
  const target = {
    storage,
  };
  return { target, count: () => executed };
}

type Start = (ctx: DurableObjectState) => unknown;

const fill: Start = (ctx) =>
  ctx.storage.sql.exec("INSERT INTO p VALUES (1, 'one'); INSERT INTO c VALUES (1), (1)");
const after =
  (...starts: Start[]): Start =>
  async (ctx) => {
    for (const start of starts) await start(ctx);
  };
const zero =
  (...made: Made[]): Start =>
  (ctx) =>
    runDrizzle0(ctx, bundle0(...made));
const mirror = { drizzle: 'mirror' } as const;
const mirrored: Start = (ctx) => migrate(ctx, bundle0(first, second), mirror);
const asRecord = (made: readonly Made[]) =>
  Object.fromEntries(made.map(({ sql }, i) => [`m000${i}`, sql]));

const whole0 = bundle0(...history);
const whole1 = bundle1(...history);

/** The same history with functions in the place of what needs no pragma, each with a cursor that it leaves open. */
const functions: MigrationRecord = Object.fromEntries(
  history.map(({ when: time, tag: name, sql }, i) => {
    const names = { tag: canonicalTag(time, name), when: time };
    if (i === 0 || i === 8 || sql.startsWith('PRAGMA foreign_keys'))
      return [`m000${i}`, { ...names, sql }];
    const up: FunctionEntry['up'] = (handed) => {
      handed.exec('SELECT * FROM p');
      for (const statement of splitStatements(sql)) handed.exec(statement);
    };
    return [`m000${i}`, { ...names, revision: '1', up }];
  }),
);

const objects: [name: string, start: Start, options: MigrateOptions, bundle: MigrationInput][] = [
  ['a fresh object', () => {}, {}, whole0],
  ['an object of Drizzle 0.x', after(zero(first, second), fill), {}, whole0],
  [
    'an object of Drizzle 1.x',
    after((ctx) => runDrizzle1(ctx, bundle1(first, second)), fill),
    {},
    whole1,
  ],
  [
    'the same with mirror',
    after((ctx) => runDrizzle1(ctx, bundle1(first, second)), fill),
    mirror,
    whole0,
  ],
  ['an object of Drizzle that skipped a migration', after(zero(first, third), fill), {}, whole1],
  ['the same with mirror', after(zero(first, third), fill), mirror, whole0],
  [
    "an object of do-orm's",
    after((ctx) => doOrm(ctx.storage, asRecord([first, second])), fill),
    {},
    whole0,
  ],
  ['an object of ours that is behind', (ctx) => migrate(ctx, bundle0(first, second)), {}, whole1],
  [
    'an object of ours that lacks what comes after the rebuild',
    (ctx) => migrate(ctx, bundle0(...history.slice(0, 7))),
    {},
    whole0,
  ],
  ['an object with both ledgers', after(mirrored, zero(first, second, third), fill), {}, whole0],
  ['the same with mirror', after(mirrored, zero(first, second, third), fill), mirror, whole1],
  [
    'an object that gets functions around a rebuild',
    after(zero(first, second), fill),
    {},
    functions,
  ],
];

let faults = 0;
afterAll(() => console.info(`faults: ${faults} injected, each at another statement or start`));

/** What stands in an object, without the times in the ledgers, which are those of the attempt. */
const content = (stub: ReturnType<typeof newObject>) =>
  inObject(
    (ctx) => ({
      all: JSON.stringify(dump(ctx)).replace(/"applied_at":("[^"]*"|\d+)/g, ''),
      foreignKeys: rows(ctx, 'PRAGMA foreign_keys'),
    }),
    stub,
  );

it.each(objects)(
  'a fault in %s leaves everything as it was',
  { timeout: 60_000 },
  async (...all) => {
    const [, start, options, bundle] = all;
    const attempt = (stub: ReturnType<typeof newObject>, fault: number) =>
      wake(stub, (ctx) => {
        const { target, count } = faulty(ctx, fault);
        try {
          migrate(target, bundle, options);
          return { statements: count() };
        } catch (error) {
          return { error: error as Error, statements: 0 };
        }
      });
    const begin = (stub: ReturnType<typeof newObject>) =>
      inObject(async (ctx) => {
        await start(ctx);
        return dump(ctx);
      }, stub);
    const { expected, statements } = await withObject(async (stub) => {
      await begin(stub);
      const outcome = await attempt(stub, Number.POSITIVE_INFINITY);
      if (outcome.error !== undefined) throw outcome.error;
      return { expected: await content(stub), statements: outcome.statements };
    });
    expect(statements).toBeGreaterThan(20);
    expect(expected.foreignKeys).toEqual([{ foreign_keys: 1 }]);

    for (let fault = 0; fault < statements; fault++) {
      faults++;
      await withObject(async (stub) => {
        const before = await begin(stub);
        const { error } = await attempt(stub, fault);
        // The head check takes any error for «no ledger» and goes on.
        if (fault > 0) {
          expect(error?.message).toContain('injected');
          const left = await wake(stub, (ctx) => {
            const found = dump(ctx);
            migrate(ctx, bundle, options);
            return found;
          });
          expect(left).toEqual(before);
        } else expect(error).toBeUndefined();
        expect(await content(stub)).toEqual(expected);
      });
    }
  },
);
