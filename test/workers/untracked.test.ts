// Tables without a ledger: the option `untracked`, which looks up the object's schema among those that the migrations make.
import { describe, expect, it } from 'vitest';
import { printOf, writeSchemas } from '../../src/adopt/schemas.ts';
import { namesOf, structureOf } from '../../src/adopt/structure.ts';
import { schemas } from '../../src/adopt.ts';
import { defineMigrations, inspect, type MigrationRecord, migrate } from '../../src/index.ts';
import { readMigrations } from '../../src/input/migrations.ts';
import { splitStatements } from '../../src/sql/statements.ts';
import untrackedModule from '../.generated/converted/untracked/migrations.ts';
import {
  dump,
  inObject,
  ledger,
  newObject,
  rows,
  tables,
  thrown,
  wake,
  watched,
} from './harness.ts';

const MATCH = { untracked: 'match' } as const;

/** A record that carries its schemas, as they are in this runtime. */
function carrying(record: MigrationRecord): Promise<MigrationRecord> {
  return inObject((ctx) => {
    const { migrations } = readMigrations({ ...record });
    const { sql } = ctx.storage;
    sql.exec('PRAGMA foreign_keys = OFF');
    const names = new Set<string>();
    const prints = migrations.map((migration) => {
      for (const statement of splitStatements(migration.sql ?? '')) sql.exec(statement);
      for (const name of namesOf(sql)) names.add(name);
      return printOf(structureOf(sql, names));
    });
    return defineMigrations(
      { ...record },
      '',
      schemas(writeSchemas(migrations, prints, [...names])),
    );
  });
}

const REBUILD = `PRAGMA foreign_keys=OFF;
CREATE TABLE __new_users (id integer PRIMARY KEY NOT NULL, name text NOT NULL, mail text);
INSERT INTO __new_users ("id", "name", "mail") SELECT "id", "name", "mail" FROM users;
DROP TABLE users;
ALTER TABLE __new_users RENAME TO users;
PRAGMA foreign_keys=ON;`;

const RECORD = {
  m0000: 'CREATE TABLE users (id integer PRIMARY KEY NOT NULL, name text)',
  m0001: 'ALTER TABLE users ADD mail text',
  m0002: REBUILD,
  m0003:
    'CREATE TABLE posts (id integer PRIMARY KEY NOT NULL, user integer REFERENCES users(id)); CREATE INDEX by_user ON posts (user)',
  m0004: "UPDATE users SET name = 'x' WHERE name = ''",
  m0005:
    'CREATE VIRTUAL TABLE found USING fts5(text); CREATE VIEW v AS SELECT name FROM users; CREATE TRIGGER t AFTER INSERT ON posts BEGIN SELECT 1; END',
  m0006: 'ALTER TABLE posts ADD title text',
};

/** What a person writes who makes the tables by hand, in other words than drizzle-kit's. */
const BY_HAND = [
  'CREATE TABLE IF NOT EXISTS "Users" (name TEXT NOT NULL, `id` INTEGER PRIMARY KEY, mail TEXT)',
  'CREATE TABLE IF NOT EXISTS posts (id INTEGER PRIMARY KEY, "user" INTEGER REFERENCES users); CREATE INDEX IF NOT EXISTS by_user ON posts ("user")',
  'CREATE VIRTUAL TABLE IF NOT EXISTS found USING fts5(text); CREATE VIEW IF NOT EXISTS v AS select name from users; CREATE TRIGGER IF NOT EXISTS t AFTER INSERT ON posts BEGIN select 1; END',
] as const;

const others = (ctx: DurableObjectState): void => {
  ctx.storage.sql.exec(
    'CREATE TABLE cf_agents_state (id TEXT); CREATE TABLE of_others (users); INSERT INTO of_others VALUES (1)',
  );
  ctx.storage.kv.put('key', 'value');
};

describe('an object with tables and no ledger', () => {
  it('is adopted where its schema is one of the history’s, whatever its spelling', async () => {
    const record = await carrying(RECORD);
    await inObject((ctx) => {
      others(ctx);
      ctx.storage.sql.exec(BY_HAND[0]);
      ctx.storage.sql.exec("INSERT INTO users (name) VALUES ('a')");
      const { actions, refusal } = inspect(ctx, record, MATCH);
      expect(refusal).toBe(undefined);
      expect(actions.slice(0, 2).map(({ action, key, reason }) => [action, key, reason])).toEqual([
        ['create ledger', null, 'there is no __migrations'],
        ['adopt', 'm0000', 'the schema of the object tells so'],
      ]);
      const result = migrate(ctx, record, MATCH);
      expect(result.adopted.map(({ key }) => key)).toEqual(['m0000', 'm0001', 'm0002']);
      expect(result.applied.map(({ key }) => key)).toEqual(['m0003', 'm0004', 'm0005', 'm0006']);
      expect(ledger(ctx).map(({ origin }) => origin)).toEqual([
        ...['schema', 'schema', 'schema'],
        ...['applied', 'applied', 'applied', 'applied'],
      ]);
      expect(rows(ctx, 'SELECT name FROM users')).toEqual([{ name: 'a' }]);
      expect(tables(ctx)).toContain('of_others');
      const { target, rows: count } = watched(ctx);
      expect(migrate(target, record, MATCH).upToDate).toBe(true);
      expect(count()).toEqual({ read: 1, written: 0 });
    });
  });

  it('is found at every point in which the history itself has left it', async () => {
    const record = await carrying(RECORD);
    const found: unknown[] = [];
    for (let at = 0; at < 7; at++) {
      await inObject((ctx) => {
        for (const sql of Object.values(RECORD).slice(0, at + 1)) {
          for (const statement of splitStatements(sql ?? '')) ctx.storage.sql.exec(statement);
        }
        const { refusal, result } = inspect(ctx, record, MATCH);
        found.push(
          refusal ? [refusal.code, (refusal as { keys?: unknown }).keys] : result.adopted.length,
        );
      });
    }
    expect(found).toEqual([
      1,
      2,
      3,
      ['AMBIGUOUS_SCHEMA', ['m0003', 'm0004']],
      ['AMBIGUOUS_SCHEMA', ['m0003', 'm0004']],
      ['AMBIGUOUS_SCHEMA', ['m0005']],
      ['AMBIGUOUS_SCHEMA', ['m0006']],
    ]);
  });

  it('is refused where several fit or rows are changed before, and adopted where it is told which', async () => {
    const record = await carrying(RECORD);
    await inObject((ctx) => {
      for (const sql of BY_HAND.slice(0, 2)) ctx.storage.sql.exec(sql);
      const before = dump(ctx);
      expect(thrown(() => migrate(ctx, record, MATCH)).message).toBe(
        '[AMBIGUOUS_SCHEMA] This object has tables of the migrations and no ledger. Its schema is that after m0003, m0004: ' +
          'these have the same one. Find out which ran last in these objects, and pass untracked: ' +
          "{ at: 'm0004' } with its key.",
      );
      const at = (key: string) => ({ untracked: { at: key } });
      expect(thrown(() => migrate(ctx, record, at('m0002'))).message).toBe(
        '[UNKNOWN_SCHEMA] This object has tables of the migrations and no ledger, and its schema is not the one after ' +
          'm0002, but that after m0003, m0004. Compare the two with `npx drizzle-offramp status`, and write code that ' +
          'makes the schema one of the history.',
      );
      expect(thrown(() => migrate(ctx, record, at('m0009'))).message).toBe(
        '[INVALID_OPTION] The option `untracked` is {"at":"m0009"}: it takes \'match\', or { at: \'m0007\' } with the key or the tag of a migration.',
      );
      expect(dump(ctx)).toEqual(before);
      const result = migrate(ctx, record, at('m0004'));
      expect(result.adopted).toHaveLength(5);
      expect(result.applied.map(({ key }) => key)).toEqual(['m0005', 'm0006']);
    });
    await inObject((ctx) => {
      for (const sql of BY_HAND) ctx.storage.sql.exec(sql);
      expect(thrown(() => migrate(ctx, record, MATCH)).message).toBe(
        '[AMBIGUOUS_SCHEMA] This object has tables of the migrations and no ledger. Its schema is that after m0005: it is ' +
          'the only one, but m0004 changes rows, which a schema does not tell. Find out which ran last in these objects, ' +
          "and pass untracked: { at: 'm0005' } with its key.",
      );
      expect(migrate(ctx, record, { untracked: { at: 'm0005' } }).adopted).toHaveLength(6);
    });
  });

  it.each([
    ['a column that was added by hand', 'ALTER TABLE users ADD extra text'],
    ['an index that was made by hand', 'CREATE INDEX mine ON users (name)'],
    [
      'a trigger that was made by hand',
      'CREATE TRIGGER mine AFTER DELETE ON users BEGIN SELECT 1; END',
    ],
    ['a table that is gone', 'ALTER TABLE users RENAME TO something'],
    ['one that comes later', 'CREATE VIEW v AS SELECT 1 AS x'],
  ])('is refused with %s', async (_, statement) => {
    const record = await carrying(RECORD);
    await inObject((ctx) => {
      ctx.storage.sql.exec(BY_HAND[0]);
      ctx.storage.sql.exec('CREATE TABLE posts (a)');
      ctx.storage.sql.exec(statement);
      const before = dump(ctx);
      const error = thrown(() => migrate(ctx, record, MATCH));
      expect(error.message).toBe(
        '[UNKNOWN_SCHEMA] This object has tables of the migrations and no ledger, and its schema is not the one after any of ' +
          'them. Compare the two with `npx drizzle-offramp status`, and write code that makes the schema one of the history.',
      );
      expect(dump(ctx)).toEqual(before);
    });
  });

  it('is new where it has none of the tables, or an empty ledger and none', async () => {
    const record = await carrying(RECORD);
    for (const untracked of ['match', { at: 'm0003' }] as const) {
      await inObject((ctx) => {
        others(ctx);
        expect(migrate(ctx, record, { untracked }).applied).toHaveLength(7);
      });
    }
    await inObject((ctx) => {
      migrate(ctx, {});
      ctx.storage.sql.exec(BY_HAND[0]);
      expect(migrate(ctx, record, MATCH).adopted).toHaveLength(3);
    });
  });

  it('goes by its ledger where it has one', async () => {
    const record = await carrying(RECORD);
    await inObject((ctx) => {
      migrate(ctx, { m0000: RECORD.m0000 });
      ctx.storage.sql.exec('CREATE INDEX mine ON users (name)');
      const result = migrate(ctx, record, MATCH);
      expect([result.adopted.length, result.applied.length]).toEqual([0, 6]);
    });
  });

  it('has its tables made again by the code of a constructor', async () => {
    const record = await carrying(RECORD);
    const stub = newObject();
    for (let turn = 0; turn < 3; turn++) {
      const result = await wake(stub, (ctx) => {
        ctx.storage.sql.exec(BY_HAND[0]);
        return migrate(ctx, record, MATCH);
      });
      expect(result.adopted).toHaveLength(turn === 0 ? 3 : 0);
      expect(result.upToDate).toBe(turn > 0);
    }
  });
});

describe('what a module carries', () => {
  it('is asked for', () =>
    inObject((ctx) => {
      const error = thrown(() => migrate(ctx, RECORD, MATCH));
      expect(error.message).toBe(
        '[INVALID_OPTION] The option `untracked` needs a module that carries its schemas: run `npx drizzle-offramp convert --untracked`.',
      );
      expect(tables(ctx)).toEqual([]);
    }));

  it('must be of the same migrations, of which there may be more', async () => {
    const text = writeSchemas(readMigrations({ ...RECORD }).migrations, [], []);
    const { m0006, ...shorter } = RECORD;
    const edited = { ...RECORD, m0001: 'ALTER TABLE users ADD mail text NOT NULL DEFAULT 1' };
    for (const [record, said] of [
      [shorter, 'refused'],
      [edited, 'refused'],
    ] as const) {
      await inObject((ctx) => {
        const list = defineMigrations({ ...record }, '', schemas(`${text}${'x'.repeat(77)} users`));
        expect([said, thrown(() => migrate(ctx, list, MATCH)).message]).toEqual([
          'refused',
          '[STALE_FINGERPRINT] The module carries the schemas of other migrations. Run `npx drizzle-offramp convert`.',
        ]);
      });
    }
  });

  it('is the same in Node and in workerd', async () => {
    // Of the example's 11 migrations, as `convert --untracked` has written them.
    const { migrations } = readMigrations(untrackedModule);
    const found: number[] = [];
    for (let at = 0; at < migrations.length; at++) {
      await inObject((ctx) => {
        for (const { sql } of migrations.slice(0, at + 1)) {
          for (const statement of splitStatements(sql ?? '')) ctx.storage.sql.exec(statement);
        }
        const untracked = { at: migrations[at]?.key as string };
        const { refusal, result } = inspect(ctx, untrackedModule, { untracked });
        expect(refusal).toBe(undefined);
        found.push(result.adopted.length);
      });
    }
    expect(found).toEqual(migrations.map((_, at) => at + 1));
  });
});
