// What a check of foreign keys sees around a rebuild: which references, which violations are new, and what it costs.
import { env } from 'cloudflare:test';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ForeignKeyError,
  type MigrateResult,
  migrate,
  type OfframpError,
} from '../../src/index.ts';
import { findViolations } from '../../src/run/references.ts';
import { dump, inObject, newObject, rows, thrown, wake, watched } from './harness.ts';

type Stub = ReturnType<typeof newObject>;

const rebuildOf = (table: string, definition: string, columns: string, more = ''): string =>
  `PRAGMA foreign_keys=OFF; CREATE TABLE __new_${table} (${definition})${more}; ` +
  `INSERT INTO __new_${table} (${columns}) SELECT ${columns} FROM ${table}; ` +
  `DROP TABLE ${table}; ALTER TABLE __new_${table} RENAME TO ${table}; PRAGMA foreign_keys=ON`;

/** An object of ours with a schema, and rows that were stored while foreign keys were not enforced. */
async function objectWith(m0000: string, fill: string): Promise<Stub> {
  const stub = newObject();
  await wake(stub, (ctx) => migrate(ctx, { m0000 }));
  await wake(stub, ({ storage: { sql } }) => {
    sql.exec('PRAGMA foreign_keys=OFF');
    sql.exec(fill);
  });
  return stub;
}

const run = (stub: Stub, m0000: string, m0001: string): Promise<MigrateResult> =>
  wake(stub, (ctx) => migrate(ctx, { m0000, m0001 }));
const failure = <E extends OfframpError = ForeignKeyError>(
  stub: Stub,
  m0000: string,
  m0001: string,
) => wake(stub, (ctx) => thrown<E>(() => migrate(ctx, { m0000, m0001 })));

describe('a reference to what is no key', () => {
  const schema =
    'CREATE TABLE p (id INTEGER PRIMARY KEY, code TEXT); CREATE TABLE other (id INTEGER PRIMARY KEY); ' +
    'CREATE TABLE odd (id INTEGER PRIMARY KEY, code TEXT REFERENCES p(code), o INTEGER REFERENCES other(id)); ' +
    'CREATE TABLE x (id INTEGER PRIMARY KEY)';
  const fill =
    "INSERT INTO p VALUES (1, 'a'), (2, 'b'); INSERT INTO other VALUES (5); INSERT INTO odd VALUES (1, 'a', 5); INSERT INTO x VALUES (7)";

  it('makes PRAGMA foreign_key_check throw', async () => {
    const stub = await objectWith(schema, fill);
    expect(await stub.refusal('PRAGMA foreign_key_check')).toContain('foreign key mismatch');
  });

  it('does not stop the rebuild of another table', async () => {
    const stub = await objectWith(schema, fill);
    const { applied, unchecked } = await run(
      stub,
      schema,
      rebuildOf('x', 'id INTEGER PRIMARY KEY, y', 'id'),
    );
    expect([applied.length, unchecked]).toEqual([1, []]);
  });

  it('is named where its tables are rebuilt, and the other references of its table are checked', async () => {
    const stub = await objectWith(schema, fill);
    const rebuild = rebuildOf('p', 'id INTEGER PRIMARY KEY, code TEXT NOT NULL', 'id, code');
    const { unchecked, violations } = await run(stub, schema, rebuild);
    expect(violations).toEqual([]);
    expect(unchecked).toEqual([
      { table: 'odd', parent: 'p', reason: 'p has no unique key (code) that (code) can refer to' },
    ]);
    const { unchecked: _, ...record } = { unchecked, m0000: schema, m0001: rebuild };
    const error = await wake(stub, (ctx) =>
      thrown<ForeignKeyError>(() =>
        migrate(ctx, {
          ...record,
          m0002: `${rebuildOf('other', 'id INTEGER PRIMARY KEY, z', 'id')}; DELETE FROM other`,
        }),
      ),
    );
    expect(error).toMatchObject({
      violations: [{ table: 'odd', rowid: 1, parent: 'other' }],
      total: 1,
    });
  });

  it.each([
    [
      'a parent without a primary key',
      'CREATE TABLE p (id INTEGER); CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p)',
      'p has no primary key that (p) can refer to',
    ],
    [
      'a primary key of more columns',
      'CREATE TABLE p (a INTEGER, b INTEGER, PRIMARY KEY (a, b)); CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p)',
      'p has no primary key that (p) can refer to',
    ],
    [
      'a unique index of some rows only',
      'CREATE TABLE p (a INTEGER, b INTEGER); CREATE UNIQUE INDEX i ON p (a) WHERE b > 0; CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p (a))',
      'p has no unique key (a) that (p) can refer to',
    ],
    [
      'a view',
      'CREATE TABLE t (a INTEGER PRIMARY KEY); CREATE VIEW p AS SELECT a FROM t; CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p (a))',
      'p has no unique key (a) that (p) can refer to',
    ],
  ])('is named with its reason: %s', async (_, m0000, reason) => {
    const stub = await objectWith(m0000, 'INSERT INTO c VALUES (1, NULL)');
    const { unchecked } = await run(stub, m0000, 'PRAGMA foreign_keys=OFF; DELETE FROM c');
    expect(unchecked).toEqual([{ table: 'c', parent: 'p', reason }]);
  });

  it('to a key whose columns stand in another order, and in other capitals, is checked', async () => {
    const m0000 =
      'CREATE TABLE p (a INTEGER, B INTEGER); CREATE UNIQUE INDEX i ON p (B, a); CREATE TABLE c (id INTEGER PRIMARY KEY, x INTEGER, y INTEGER, FOREIGN KEY (x, y) REFERENCES P (A, b))';
    const stub = await objectWith(
      m0000,
      'INSERT INTO p VALUES (1, 2); INSERT INTO c VALUES (1, 1, 2), (2, 1, NULL)',
    );
    const error = await failure(
      stub,
      m0000,
      'PRAGMA foreign_keys=OFF; DELETE FROM p; PRAGMA foreign_keys=ON',
    );
    expect(error.violations).toEqual([{ table: 'c', rowid: 1, parent: 'P' }]);
  });

  it('to a table that is not there is a violation of each row that refers', async () => {
    const m0000 = 'CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES none(id))';
    const stub = await objectWith(m0000, 'INSERT INTO c VALUES (1, 5), (2, NULL)');
    const { violations } = await run(
      stub,
      m0000,
      rebuildOf('c', 'id INTEGER PRIMARY KEY, p INTEGER REFERENCES none(id)', 'id, p'),
    );
    expect(violations).toEqual([{ table: 'c', rowid: 1, parent: 'none' }]);
  });

  it('can be fixed by a rebuild', async () => {
    const stub = await objectWith(schema, fill);
    const { unchecked } = await run(
      stub,
      schema,
      rebuildOf('p', 'id INTEGER PRIMARY KEY, code TEXT UNIQUE', 'id, code'),
    );
    expect(unchecked).toEqual([]);
    expect(await stub.query('PRAGMA foreign_key_check')).toEqual([]);
  });
});

describe('an old violation hides no new one', () => {
  it('in another reference of the same row', async () => {
    const schema =
      'CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE q (id INTEGER PRIMARY KEY); ' +
      'CREATE TABLE c (id INTEGER PRIMARY KEY, a INTEGER REFERENCES p(id), b INTEGER REFERENCES q(id))';
    const stub = await objectWith(
      schema,
      'INSERT INTO q VALUES (5); INSERT INTO c VALUES (1, 5, 5)',
    );
    const swap = `${rebuildOf('p', 'id INTEGER PRIMARY KEY, x', 'id')}; INSERT INTO p(id) VALUES (5); DELETE FROM q`;
    expect(await failure(stub, schema, swap)).toMatchObject({
      violations: [{ table: 'c', rowid: 1, parent: 'q' }],
      total: 1,
    });
  });

  it('in a table WITHOUT ROWID', async () => {
    const schema =
      'CREATE TABLE p (id INTEGER PRIMARY KEY); ' +
      'CREATE TABLE c (id TEXT PRIMARY KEY, p INTEGER REFERENCES p(id)) WITHOUT ROWID';
    const stub = await objectWith(
      schema,
      "INSERT INTO p VALUES (1); INSERT INTO c VALUES ('old', 9), ('new', 1)",
    );
    const rebuild = rebuildOf('p', 'id INTEGER PRIMARY KEY, x', 'id');
    expect(
      await failure(stub, schema, `${rebuild}; DELETE FROM p; DELETE FROM c WHERE id = 'old'`),
    ).toMatchObject({
      violations: [{ table: 'c', rowid: null, parent: 'p' }],
      total: 1,
    });
    const { violations, violationCount } = await run(stub, schema, rebuild);
    expect([violations, violationCount]).toEqual([[{ table: 'c', rowid: null, parent: 'p' }], 1]);
  });

  it('in a rebuilt child whose rows get other rowids', async () => {
    const schema =
      'CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (id TEXT PRIMARY KEY, p INTEGER REFERENCES p(id))';
    const stub = await objectWith(
      schema,
      "INSERT INTO p VALUES (1); INSERT INTO c VALUES ('gone', 1), ('a', 9), ('b', 1); DELETE FROM c WHERE id = 'gone'",
    );
    const rebuild = rebuildOf(
      'c',
      'id TEXT PRIMARY KEY NOT NULL, p INTEGER REFERENCES p(id)',
      'id, p',
    );
    expect(
      await failure(stub, schema, `${rebuild}; DELETE FROM c WHERE id = 'a'; UPDATE c SET p = 9`),
    ).toMatchObject({
      violations: [{ table: 'c', parent: 'p' }],
      total: 1,
    });
    expect((await run(stub, schema, rebuild)).violationCount).toBe(1);
  });

  it('where the parent was renamed, and the old one is told again', async () => {
    const schema =
      'CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p(id))';
    const stub = await objectWith(
      schema,
      'INSERT INTO p VALUES (1); INSERT INTO c VALUES (1, 9), (2, 1)',
    );
    const rename = 'PRAGMA foreign_keys=OFF; ALTER TABLE p RENAME TO q; ALTER TABLE c RENAME TO d';
    expect(await failure(stub, schema, `${rename}; DELETE FROM q`)).toMatchObject({
      violations: [{ table: 'd', rowid: 2, parent: 'q' }],
      total: 1,
    });
    expect((await run(stub, schema, rename)).violations).toEqual([
      { table: 'd', rowid: 1, parent: 'q' },
    ]);
  });

  it('in a row whose primary key changed', async () => {
    const schema =
      'CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p(id))';
    const stub = await objectWith(schema, 'INSERT INTO c VALUES (1, 9)');
    const off = 'PRAGMA foreign_keys=OFF';
    expect((await failure(stub, schema, `${off}; UPDATE c SET id = 2`)).total).toBe(1);
    expect((await failure(stub, schema, `${off}; UPDATE c SET p = 8`)).total).toBe(1);
    expect((await run(stub, schema, `${off}; UPDATE c SET p = 9`)).violationCount).toBe(1);
  });

  it('with the same value, in a table without a primary key', async () => {
    const schema =
      'CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p INTEGER REFERENCES p(id))';
    const stub = await objectWith(
      schema,
      'INSERT INTO p VALUES (1); INSERT INTO c VALUES (9), (1)',
    );
    const rebuild = rebuildOf('p', 'id INTEGER PRIMARY KEY, x', 'id');
    expect((await failure(stub, schema, `${rebuild}; UPDATE c SET p = 9`)).total).toBe(1);
    expect((await run(stub, schema, rebuild)).violationCount).toBe(1);
  });
});

describe('what was done before a rebuild', () => {
  const schema =
    'CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p(id) ON DELETE CASCADE)';
  const without = rebuildOf('c', 'id INTEGER PRIMARY KEY, p INTEGER', 'id, p');
  const fill = 'INSERT INTO p VALUES (1), (2); INSERT INTO c VALUES (10, 1), (11, 2)';

  it('is checked before the rebuild takes the reference away', async () => {
    const stub = await objectWith(schema, fill);
    const record = { m0000: schema, m0001: 'DELETE FROM p WHERE id = 1', m0002: without };
    const error = await wake(stub, (ctx) => thrown<ForeignKeyError>(() => migrate(ctx, record)));
    expect(error).toMatchObject({
      code: 'FOREIGN_KEY_VIOLATION',
      violations: [{ table: 'c', rowid: 10, parent: 'p' }],
      total: 1,
    });
    expect(await stub.query('SELECT id FROM c')).toEqual([{ id: 10 }, { id: 11 }]);
  });

  it('is told from violations that were there', async () => {
    const stub = await objectWith(schema, `${fill}; INSERT INTO c VALUES (12, 9)`);
    const record = { m0000: schema, m0001: 'DELETE FROM p WHERE id = 1', m0002: without };
    const error = await wake(stub, (ctx) => thrown<ForeignKeyError>(() => migrate(ctx, record)));
    expect(error).toMatchObject({ violations: [{ table: 'c', rowid: 10, parent: 'p' }], total: 1 });
    const fine = { ...record, m0001: 'DELETE FROM c WHERE p = 1; DELETE FROM p WHERE id = 1' };
    expect((await wake(stub, (ctx) => migrate(ctx, fine))).applied).toHaveLength(2);
    expect(await stub.query('SELECT id FROM c')).toEqual([{ id: 11 }, { id: 12 }]);
  });
});

describe('old violations beside several rebuilds', () => {
  const schema =
    'CREATE TABLE junk (x); CREATE TABLE p (id INTEGER PRIMARY KEY); ' +
    'CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p(id)); CREATE TABLE d (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p(id))';
  const fill =
    'INSERT INTO p VALUES (1); INSERT INTO c VALUES (2, 99); INSERT INTO d VALUES (2, 1)';
  const both = ['c', 'd'].map((table) =>
    rebuildOf(table, 'id INTEGER PRIMARY KEY, p INTEGER REFERENCES p(id), x', 'id, p'),
  );

  it.each([
    ['two rebuilds', both.join('; ')],
    ['two rebuilds the other way round', both.toReversed().join('; ')],
    ['a drop and a rebuild', `DROP TABLE junk; ${both[0]}`],
  ])('are still the old ones after %s', async (_, sql) => {
    const stub = await objectWith(schema, fill);
    expect((await run(stub, schema, sql)).violations).toEqual([
      { table: 'c', rowid: 2, parent: 'p' },
    ]);
  });

  it('hide none that moved to another table', async () => {
    const stub = await objectWith(schema, fill);
    const moved = `${both.join('; ')}; DELETE FROM c WHERE id = 2; UPDATE d SET p = 99 WHERE id = 2`;
    expect(await failure(stub, schema, moved)).toMatchObject({
      violations: [{ table: 'd', rowid: 2, parent: 'p' }],
      total: 1,
    });
  });
});

describe('a new object and an old one', () => {
  it('run a rebuild the same way, where a copy refers to a table that is made later', async () => {
    const schema = 'CREATE TABLE c (id INTEGER PRIMARY KEY, t INTEGER)';
    const later = `${rebuildOf('c', 'id INTEGER PRIMARY KEY, t INTEGER REFERENCES t(id)', 'id, t')}; CREATE TABLE t (id INTEGER PRIMARY KEY)`;
    const old = await objectWith(schema, 'INSERT INTO c VALUES (1, NULL)');
    const fresh = newObject();
    expect((await run(old, schema, later)).applied).toHaveLength(1);
    expect((await run(fresh, schema, later)).applied).toHaveLength(2);
    expect(await fresh.query('PRAGMA foreign_keys')).toEqual([{ foreign_keys: 1 }]);
  });
});

describe('a trigger that a migration fires', () => {
  it('is followed where names have letters beyond ASCII', async () => {
    const schema =
      'CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE "größen" (id INTEGER PRIMARY KEY); ' +
      'CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p(id)); ' +
      'CREATE TRIGGER t AFTER DELETE ON "größen" BEGIN DELETE FROM p WHERE id = old.id; END';
    const stub = await objectWith(
      schema,
      'INSERT INTO p VALUES (1); INSERT INTO "größen" VALUES (1); INSERT INTO c VALUES (1, 1)',
    );
    expect(
      await failure(
        stub,
        schema,
        'PRAGMA foreign_keys=OFF; DELETE FROM "größen"; PRAGMA foreign_keys=ON',
      ),
    ).toMatchObject({
      violations: [{ table: 'c', rowid: 1, parent: 'p' }],
    });
  });

  it('is followed to the tables it writes to', async () => {
    const schema =
      'CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE x (id INTEGER PRIMARY KEY); ' +
      'CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p(id)); ' +
      'CREATE TRIGGER t AFTER DELETE ON x BEGIN DELETE FROM p WHERE id = old.id; END';
    const stub = await objectWith(
      schema,
      'INSERT INTO p VALUES (1); INSERT INTO x VALUES (1); INSERT INTO c VALUES (1, 1)',
    );
    const fires = 'PRAGMA foreign_keys=OFF; DELETE FROM x; PRAGMA foreign_keys=ON';
    expect(await failure(stub, schema, fires)).toMatchObject({
      violations: [{ table: 'c', rowid: 1, parent: 'p' }],
    });
    expect(await failure(stub, schema, `${fires}; DROP TRIGGER t`)).toMatchObject({ total: 1 });
  });
});

describe('references that are INITIALLY DEFERRED', () => {
  const schema =
    'CREATE TABLE p (id INTEGER PRIMARY KEY); ' +
    'CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p(id) DEFERRABLE INITIALLY DEFERRED)';

  it.each([
    ['by an INSERT', 'INSERT INTO c VALUES (2, 77)', { table: 'c', rowid: 2, parent: 'p' }],
    ['by a DELETE', 'DELETE FROM p', { table: 'c', rowid: 1, parent: 'p' }],
    [
      'by a trigger',
      'CREATE TRIGGER t AFTER INSERT ON p BEGIN INSERT INTO c VALUES (9, 88); END; INSERT INTO p VALUES (2)',
      { table: 'c', rowid: 9, parent: 'p' },
    ],
  ])('and stay broken %s throw, instead of a reset at commit', async (_, sql, violation) => {
    const stub = await objectWith(schema, 'INSERT INTO p VALUES (1); INSERT INTO c VALUES (1, 1)');
    const kept = await inObject(dump, stub);
    const error = await failure(stub, schema, sql);
    expect(error.message).toBe(
      '[FOREIGN_KEY_VIOLATION] After the migrations 1 row(s) lack the row they refer to, so everything was rolled back; ' +
        `a deferred reference is looked at when a transaction ends.\n  c row ${violation.rowid} has no p\n` +
        'Delete or fix these rows in the migration that removes their parents.',
    );
    expect(error.violations).toEqual([violation]);
    expect(await inObject(dump, stub)).toEqual(kept);
  });

  it('and are whole in the end are applied', async () => {
    const stub = await objectWith(schema, 'INSERT INTO p VALUES (1); INSERT INTO c VALUES (1, 1)');
    expect(
      (await run(stub, schema, 'INSERT INTO c VALUES (2, 2); INSERT INTO p VALUES (2)')).applied,
    ).toHaveLength(1);
    expect(await stub.query('SELECT count(*) AS n FROM c')).toEqual([{ n: 2 }]);
  });

  it('made by the same migration are checked too', async () => {
    const stub = newObject();
    expect(await failure(stub, schema, 'INSERT INTO c VALUES (1, 1)')).toMatchObject({
      code: 'FOREIGN_KEY_VIOLATION',
      total: 1,
    });
  });
});

describe('a statement that ends the transaction', () => {
  const schema =
    'CREATE TABLE u (id INTEGER PRIMARY KEY ON CONFLICT ROLLBACK, name TEXT UNIQUE); CREATE TABLE v (x)';

  it.each([
    [
      'INSERT OR ROLLBACK',
      "INSERT OR ROLLBACK INTO u VALUES (2, 'a')",
      'UNIQUE constraint failed: u.name',
    ],
    [
      'UPDATE OR ROLLBACK',
      "UPDATE OR ROLLBACK u SET name = 'a'",
      'UNIQUE constraint failed: u.name',
    ],
    ['ON CONFLICT ROLLBACK', "INSERT INTO u VALUES (1, 'z')", 'UNIQUE constraint failed: u.id'],
    [
      'RAISE(ROLLBACK)',
      "CREATE TRIGGER t BEFORE INSERT ON v BEGIN SELECT RAISE(ROLLBACK, 'never'); END; INSERT INTO v VALUES (1)",
      'never',
    ],
  ])('%s: the error names the migration and says what SQLite said', async (_, sql, words) => {
    for (const prefix of ['', 'PRAGMA foreign_keys=OFF; ']) {
      const stub = await objectWith(schema, "INSERT INTO u VALUES (1, 'a'), (3, 'c')");
      let thrownByMigrate: unknown;
      const told = await wake(stub, (ctx) => {
        try {
          migrate(ctx, { m0000: schema, m0001: `CREATE TABLE w (x); ${prefix}${sql}` });
        } catch (error) {
          thrownByMigrate = error;
          throw error;
        }
      }).catch((error: Error) => error);
      expect(thrownByMigrate).toMatchObject({
        name: 'MigrationError',
        code: 'MIGRATION_FAILED',
        key: 'm0001',
        message: expect.stringContaining(words),
        cause: { message: expect.stringContaining(words) },
      });
      expect(told).toBeInstanceOf(Error);
      // The runtime's own transaction is gone with it, so it resets the object.
      const again = env.OBJECT.get(stub.id);
      expect(await again.query('SELECT id, name FROM u ORDER BY id')).toEqual([
        { id: 1, name: 'a' },
        { id: 3, name: 'c' },
      ]);
      expect(await again.query("SELECT name FROM sqlite_master WHERE name = 'w'")).toEqual([]);
      expect(await again.query('SELECT version FROM __migrations')).toEqual([{ version: 0 }]);
      expect(await again.query('PRAGMA foreign_keys')).toEqual([{ foreign_keys: 1 }]);
    }
  });
});

describe('a pragma that a migration sets', () => {
  const state = (ctx: DurableObjectState) => ({
    ...Object.assign(
      {},
      ...[
        'recursive_triggers',
        'ignore_check_constraints',
        'legacy_alter_table',
        'reverse_unordered_selects',
        'defer_foreign_keys',
        'foreign_keys',
      ].map((pragma) => rows(ctx, `PRAGMA ${pragma}`)[0]),
    ),
    like: rows(ctx, "SELECT 'a' LIKE 'A' AS found")[0]?.found,
  });
  const on =
    'PRAGMA recursive_triggers=ON; PRAGMA ignore_check_constraints = 1; PRAGMA legacy_alter_table(yes); ' +
    'PRAGMA case_sensitive_like=true; PRAGMA reverse_unordered_selects=ON; PRAGMA defer_foreign_keys=ON';

  it.each([
    ['succeeds', on],
    ['fails', `${on}; OOPS`],
    ['rebuilds', `PRAGMA foreign_keys=OFF; ${on}; PRAGMA foreign_keys=ON`],
  ])('is as before once the call is over, if it %s', async (_, sql) => {
    const stub = await objectWith('CREATE TABLE a (x)', 'SELECT 1');
    const seen = await wake(stub, (ctx) => {
      const before = state(ctx);
      try {
        migrate(ctx, { m0000: 'CREATE TABLE a (x)', m0001: sql });
      } catch {}
      return { before, after: { ...state(ctx), foreign_keys: 1 } };
    });
    expect(seen.after).toEqual(seen.before);
    expect(await inObject(state, stub)).toEqual(seen.before);
  });

  it('stays as the caller has set it', async () => {
    const stub = await objectWith('CREATE TABLE a (x)', 'SELECT 1');
    const after = await wake(stub, (ctx) => {
      ctx.storage.sql.exec('PRAGMA recursive_triggers=ON');
      ctx.storage.sql.exec('PRAGMA case_sensitive_like=ON');
      migrate(ctx, {
        m0000: 'CREATE TABLE a (x)',
        m0001: 'PRAGMA recursive_triggers=OFF; PRAGMA case_sensitive_like=OFF; CREATE TABLE b (x)',
      });
      return state(ctx);
    });
    expect(after).toMatchObject({ recursive_triggers: 1, like: 0 });
  });

  it('is no flag, such as foreign_key_check, is left alone', async () => {
    const m0000 =
      'CREATE TABLE q (id INTEGER PRIMARY KEY, code TEXT); CREATE TABLE odd (c TEXT REFERENCES q(code)); CREATE TABLE a (x)';
    const stub = await objectWith(m0000, 'SELECT 1');
    expect(
      (await run(stub, m0000, 'PRAGMA foreign_key_check(a); CREATE TABLE b (x)')).applied,
    ).toHaveLength(1);
  });

  it('and does not exist or is not allowed fails where it stands', async () => {
    const stub = await objectWith('CREATE TABLE a (x)', 'SELECT 1');
    const error = await failure<OfframpError>(
      stub,
      'CREATE TABLE a (x)',
      'PRAGMA writable_schema=ON',
    );
    expect(error).toMatchObject({ code: 'MIGRATION_FAILED', key: 'm0001', statementIndex: 0 });
  });
});

describe('what a rebuild costs', () => {
  const count = 100_000;
  const many = (table: string, select: string) =>
    `INSERT INTO ${table} WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count}) SELECT ${select} FROM n`;

  it('reads nothing of tables that it does not touch', async () => {
    const schema =
      'CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p(id)); CREATE TABLE e (id INTEGER PRIMARY KEY)';
    const stub = await objectWith(schema, `INSERT INTO p VALUES (1); ${many('c', 'i, 1')}`);
    const cost = await wake(stub, (ctx) => {
      const { target, rows: counted } = watched(ctx);
      migrate(target, { m0000: schema, m0001: rebuildOf('e', 'id INTEGER PRIMARY KEY, x', 'id') });
      return counted();
    });
    expect(cost.read).toBeLessThan(100);
    expect(cost.written).toBeLessThan(20);
  });

  it('of a parent with a hundred thousand rows is at most 1.5 times that of its bare SQL', async () => {
    const schema =
      'CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p(id))';
    const rebuild = rebuildOf('p', 'id INTEGER PRIMARY KEY, x', 'id');
    const fill = `${many('p', 'i')}; INSERT INTO c VALUES (1, 1), (2, 2)`;
    const bare = await wake(await objectWith(schema, fill), (ctx) => {
      const { target, rows: counted } = watched(ctx);
      for (const sql of rebuild.split(';')) target.storage.sql.exec(sql);
      return counted();
    });
    const ours = await wake(await objectWith(schema, fill), (ctx) => {
      const { target, rows: counted } = watched(ctx);
      migrate(target, { m0000: schema, m0001: rebuild });
      return counted();
    });
    expect(ours.read / bare.read).toBeLessThan(1.5);
    expect(ours.written / bare.written).toBeLessThan(1.5);
  });

  it('with a hundred thousand violations from before holds none of them in memory', async () => {
    const schema =
      'CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p(id))';
    const stub = await objectWith(schema, many('c', 'i, i + 5'));
    const seen = await wake(stub, (ctx) => {
      const { target } = watched(ctx);
      const { violations, violationCount } = migrate(target, {
        m0000: schema,
        m0001: rebuildOf('p', 'id INTEGER PRIMARY KEY, x', 'id'),
      });
      return [violations.length, violationCount];
    });
    expect(seen).toEqual([100, count]);
    expect(
      await stub.query("SELECT name FROM sqlite_master WHERE name LIKE '%violations'"),
    ).toEqual([]);
  });
});

describe('what is found', () => {
  const affinity = fc.constantFrom('INTEGER', 'TEXT', 'REAL', 'NUMERIC', 'BLOB', '');
  const collation = fc.constantFrom('', ' COLLATE NOCASE', ' COLLATE RTRIM');
  const value = fc.constantFrom(
    'NULL',
    '1',
    "'1'",
    '1.0',
    "'1.0'",
    "'01'",
    "'a'",
    "'A'",
    "'a '",
    "x'61'",
    '2',
    "'b'",
  );
  const life = fc.record({
    parent: affinity,
    parentCollation: collation,
    child: affinity,
    childCollation: collation,
    isComposite: fc.boolean(),
    isNamed: fc.boolean(),
    parents: fc.array(fc.tuple(value, value), { maxLength: 4 }),
    children: fc.array(fc.tuple(value, value), { maxLength: 6 }),
  });

  type Life = typeof life extends fc.Arbitrary<infer T> ? T : never;

  /** Makes a parent and a child; a row that SQLite does not take is left out. */
  function make(sql: SqlStorage, it: Life): void {
    const key = it.isComposite ? '"a b", c' : '"a b"';
    const unique = `${it.isNamed ? 'UNIQUE' : 'PRIMARY KEY'} (${key})`;
    sql.exec(
      `CREATE TABLE "the parent" ("a b" ${it.parent}${it.parentCollation}, c ${it.child}, ${unique})`,
    );
    const columns = it.isComposite ? 'x, y' : 'x';
    const target = `"THE PARENT"${it.isNamed ? ` (${key})` : ''}`;
    sql.exec(
      `CREATE TABLE child (x ${it.child}${it.childCollation}, y ${it.parent}, FOREIGN KEY (${columns}) REFERENCES ${target} DEFERRABLE INITIALLY DEFERRED)`,
    );
    const insert = (table: string, pairs: Life['parents']) => {
      for (const pair of pairs) {
        try {
          sql.exec(`INSERT INTO ${table} VALUES (${pair})`);
        } catch {}
      }
    };
    insert('"the parent"', it.parents);
    insert('child', it.children);
  }

  it(
    'is what PRAGMA foreign_key_check finds, whatever the types and collations',
    { timeout: 60_000 },
    () =>
      inObject(async ({ storage }) => {
        const { sql } = storage;
        const undo = new Error('undo');
        let violations = 0;
        const compare = (it: Life): void => {
          make(sql, it);
          const said = [...sql.exec('PRAGMA foreign_key_check')].map(({ rowid }) => rowid);
          const found = findViolations(sql, new Set(['CHILD']));
          expect(found.listed.map(({ rowid }) => rowid)).toEqual(said);
          expect([found.total, found.unchecked]).toEqual([said.length, []]);
          violations += said.length;
          throw undo;
        };
        fc.assert(
          fc.property(life, (it) => {
            try {
              storage.transactionSync(() => compare(it));
            } catch (error) {
              if (error !== undo) throw error;
            }
          }),
          { numRuns: 500 },
        );
        expect(violations).toBeGreaterThan(100);
      }),
  );
});
