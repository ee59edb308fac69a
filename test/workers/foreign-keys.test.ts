import { drizzle } from 'drizzle-orm/durable-sqlite';
import { describe, expect, it } from 'vitest';
import {
  ForeignKeyError,
  type MigrateEvent,
  type MigrationRecord,
  migrate,
} from '../../src/index.ts';
import { migrate as dropIn } from '../../src/migrator.ts';
import { doOrm } from './do-orm.ts';
import {
  bundle0,
  bundle1,
  cut0,
  cut1,
  dump,
  inObject,
  type Made,
  newObject,
  rows,
  runDrizzle0,
  runDrizzle1,
  tables,
  thrown,
  wake,
  watched,
} from './harness.ts';

type Stub = ReturnType<typeof newObject>;

/** A rebuild as drizzle-kit writes it. */
const rebuildOf = (table: string, columns: string, definition: string, where = ''): string =>
  [
    'PRAGMA foreign_keys=OFF;',
    `CREATE TABLE \`__new_${table}\` (${definition});`,
    `INSERT INTO \`__new_${table}\`(${columns}) SELECT ${columns} FROM \`${table}\`${where};`,
    `DROP TABLE \`${table}\`;`,
    `ALTER TABLE \`__new_${table}\` RENAME TO \`${table}\`;`,
    'PRAGMA foreign_keys=ON;',
  ].join('--> statement-breakpoint\n');

const enforced = async (stub: Stub): Promise<unknown> =>
  (await stub.query('PRAGMA foreign_keys'))[0]?.foreign_keys;

const parent = "id INTEGER PRIMARY KEY, name TEXT DEFAULT 'none'";
const rebuildParent = rebuildOf(
  'p',
  'id, name',
  "id INTEGER PRIMARY KEY, name TEXT NOT NULL DEFAULT 'none'",
);

interface Family {
  /** The tables before the rebuild. */
  schema: string;
  rebuild: string;
  fill: string;
  /** A row that enforcement must refuse afterwards. */
  orphan: string;
}

const child = (action: string): Family => ({
  schema: `CREATE TABLE p (${parent}); CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER DEFAULT 1 REFERENCES p(id) ON DELETE ${action}, note TEXT)`,
  rebuild: rebuildParent,
  fill: "INSERT INTO p VALUES (1, 'one'), (2, 'two'); INSERT INTO c VALUES (10, 1, 'a'), (11, 2, 'b'), (12, NULL, 'c')",
  orphan: 'INSERT INTO c VALUES (99, 99, NULL)',
});

const families: Record<string, Family> = {
  CASCADE: child('CASCADE'),
  'SET NULL': child('SET NULL'),
  'SET DEFAULT': child('SET DEFAULT'),
  RESTRICT: child('RESTRICT'),
  'NO ACTION': child('NO ACTION'),
  'a chain of three': {
    schema: `CREATE TABLE p (${parent});
      CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER NOT NULL REFERENCES p(id) ON DELETE CASCADE);
      CREATE TABLE g (id INTEGER PRIMARY KEY, c INTEGER NOT NULL REFERENCES c(id) ON DELETE CASCADE)`,
    rebuild: rebuildParent,
    fill: "INSERT INTO p VALUES (1, 'one'), (2, 'two'); INSERT INTO c VALUES (10, 1), (11, 2); INSERT INTO g VALUES (20, 10), (21, 11), (22, 11)",
    orphan: 'INSERT INTO g VALUES (99, 99)',
  },
  'a self-reference': {
    schema:
      'CREATE TABLE p (id INTEGER PRIMARY KEY, up INTEGER REFERENCES p(id) ON DELETE CASCADE)',
    rebuild: rebuildOf(
      'p',
      'id, up',
      'id INTEGER PRIMARY KEY NOT NULL, up INTEGER REFERENCES p(id) ON DELETE CASCADE',
    ),
    fill: 'INSERT INTO p VALUES (1, NULL), (2, 1), (3, 2), (4, 1)',
    orphan: 'INSERT INTO p VALUES (99, 98)',
  },
  'a cycle': {
    schema: `CREATE TABLE p (id INTEGER PRIMARY KEY, c INTEGER REFERENCES c(id) ON DELETE SET NULL);
      CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER NOT NULL REFERENCES p(id) ON DELETE CASCADE)`,
    rebuild: rebuildOf(
      'p',
      'id, c',
      'id INTEGER PRIMARY KEY NOT NULL, c INTEGER REFERENCES c(id) ON DELETE SET NULL',
    ),
    fill: 'INSERT INTO p VALUES (1, NULL), (2, NULL); INSERT INTO c VALUES (10, 1), (11, 2); UPDATE p SET c = id + 9',
    orphan: 'INSERT INTO c VALUES (99, 99)',
  },
  'composite keys': {
    schema: `CREATE TABLE p (a TEXT, b INTEGER, name TEXT, PRIMARY KEY (a, b));
      CREATE TABLE c (id INTEGER PRIMARY KEY, a TEXT, b INTEGER, FOREIGN KEY (a, b) REFERENCES p(a, b) ON DELETE CASCADE)`,
    rebuild: rebuildOf(
      'p',
      'a, b, name',
      'a TEXT NOT NULL, b INTEGER NOT NULL, name TEXT, PRIMARY KEY (a, b)',
    ),
    fill: "INSERT INTO p VALUES ('x', 1, 'one'), ('x', 2, 'two'); INSERT INTO c VALUES (10, 'x', 1), (11, 'x', 2), (12, 'x', 2)",
    orphan: "INSERT INTO c VALUES (99, 'y', 9)",
  },
};

const when = Date.UTC(2026, 10, 22, 12);
const made = (...sql: string[]): Made[] =>
  sql.map((text, i) => ({ tag: `000${i}_step`, when: when + i * 60_000, sql: text }));
const split = (sql: string): string => sql.replaceAll(';\n', ';--> statement-breakpoint\n');

const content = (ctx: DurableObjectState) =>
  Object.fromEntries(
    tables(ctx)
      .filter((name) => !name.startsWith('__'))
      .map((name) => [name, rows(ctx, `SELECT * FROM ${name} ORDER BY 1`)]),
  );

/** An object that Drizzle brought to the first migration, with rows. */
async function objectBefore(family: Family): Promise<{ stub: Stub; steps: Made[]; kept: unknown }> {
  const steps = made(split(family.schema.replaceAll('; CREATE', ';\nCREATE')), family.rebuild);
  const stub = newObject();
  await inObject((ctx) => runDrizzle0(ctx, cut0(bundle0(...steps), 1)), stub);
  await stub.query(family.fill);
  return { stub, steps, kept: await inObject(content, stub) };
}

describe.each(Object.entries(families))('a rebuild of a parent, with %s', (_name, family) => {
  it('keeps every row, and enforcement is on in the first event', async () => {
    const { stub, steps, kept } = await objectBefore(family);
    const result = await wake(stub, (ctx) => migrate(ctx, bundle0(...steps)));
    expect(result.applied).toHaveLength(1);
    expect(result.violations).toEqual([]);
    expect(await stub.refusal(family.orphan)).toContain('FOREIGN KEY constraint failed');
    expect(await enforced(stub)).toBe(1);
    expect(await inObject(content, stub)).toEqual(kept);
    expect(await stub.query('PRAGMA foreign_key_check')).toEqual([]);
  });
});

describe('side by side: the rows that are left after the same rebuild', () => {
  const left = async (family: Family, run: (stub: Stub, steps: Made[]) => Promise<unknown>) => {
    const { stub, steps } = await objectBefore(family);
    await run(stub, steps);
    return inObject((ctx) => (content(ctx).c ?? content(ctx).p)?.length, stub);
  };
  const drizzle0 = (family: Family) =>
    left(family, (stub, steps) => inObject((ctx) => runDrizzle0(ctx, bundle0(...steps)), stub));
  const drizzle1 = async (family: Family) => {
    const steps = made(split(family.schema.replaceAll('; CREATE', ';\nCREATE')), family.rebuild);
    const stub = newObject();
    await inObject((ctx) => runDrizzle1(ctx, cut1(bundle1(...steps), 1)), stub);
    await stub.query(family.fill);
    await inObject((ctx) => runDrizzle1(ctx, bundle1(...steps)), stub);
    return inObject((ctx) => content(ctx).c?.length, stub);
  };
  const ours = (family: Family) =>
    left(family, (stub, steps) => wake(stub, (ctx) => migrate(ctx, bundle0(...steps))));

  it('CASCADE: Drizzle deletes the children without an error', async () => {
    const family = families.CASCADE as Family;
    expect(await drizzle0(family)).toBe(1);
    expect(await drizzle1(family)).toBe(1);
    expect(await ours(family)).toBe(3);
  });

  it('CASCADE: do-orm deletes them too', async () => {
    const family = families.CASCADE as Family;
    const stub = newObject();
    const record = { m0000: family.schema, m0001: family.rebuild };
    await inObject(({ storage }) => doOrm(storage, { m0000: record.m0000 }), stub);
    await stub.query(family.fill);
    await inObject(({ storage }) => doOrm(storage, record), stub);
    expect(await stub.query('SELECT id FROM c')).toEqual([{ id: 12 }]);
  });

  it('SET NULL: Drizzle empties the references without an error', async () => {
    const family = families['SET NULL'] as Family;
    const references = async (run: (stub: Stub, steps: Made[]) => Promise<unknown>) => {
      const { stub, steps } = await objectBefore(family);
      await run(stub, steps);
      return (await stub.query('SELECT p FROM c ORDER BY id')).map(({ p }) => p);
    };
    expect(
      await references((stub, steps) =>
        inObject((ctx) => runDrizzle0(ctx, bundle0(...steps)), stub),
      ),
    ).toEqual([null, null, null]);
    expect(
      await references((stub, steps) => wake(stub, (ctx) => migrate(ctx, bundle0(...steps)))),
    ).toEqual([1, 2, null]);
  });

  it('NO ACTION: Drizzle throws, and the cause is lost', async () => {
    const family = families['NO ACTION'] as Family;
    await expect(drizzle0(family)).rejects.toThrow('Rollback');
    expect(await ours(family)).toBe(3);
  });

  it('the pragma by hand around Drizzle keeps the rows and leaves enforcement off', async () => {
    const { stub, steps, kept } = await objectBefore(families.CASCADE as Family);
    await wake(stub, (ctx) => {
      ctx.storage.sql.exec('PRAGMA foreign_keys=OFF');
      void runDrizzle0(ctx, bundle0(...steps));
      ctx.storage.sql.exec('PRAGMA foreign_keys=ON');
    });
    expect(await inObject(content, stub)).toEqual(kept);
    expect(await enforced(stub)).toBe(0);
    expect(await stub.query('INSERT INTO c VALUES (99, 99, NULL)')).toEqual([]);
  });
});

describe('a large family', () => {
  it('of 10,000 parents and 20,000 children is whole afterwards', async () => {
    const stub = newObject();
    const record = {
      m0000: `CREATE TABLE p (${parent}); CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER NOT NULL REFERENCES p(id) ON DELETE CASCADE, note TEXT);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) INSERT INTO p SELECT i, 'name ' || i FROM n;
        INSERT INTO c SELECT id * 2 + side, id, 'note ' || id FROM p, (SELECT 0 AS side UNION SELECT 1)`,
      m0001: rebuildParent,
    };
    await wake(stub, (ctx) => migrate(ctx, { m0000: record.m0000 }));
    const kept = await inObject(content, stub);
    await wake(stub, (ctx) => migrate(ctx, record));
    const now = await inObject(content, stub);
    expect(now).toEqual(kept);
    expect([now.p?.length, now.c?.length]).toEqual([10_000, 20_000]);
    expect(await enforced(stub)).toBe(1);
  });
});

const cascade = families.CASCADE as Family;
const filtering = rebuildOf('p', 'id, name', parent, ' WHERE id <> 2');

/** An object with the rows of a family, known to us by a record. */
async function withRecord(
  family = cascade,
  fill = family.fill,
): Promise<{ stub: Stub; record: { m0000: string } }> {
  const stub = newObject();
  const record = { m0000: family.schema };
  await wake(stub, (ctx) => migrate(ctx, record));
  await stub.query(fill);
  return { stub, record };
}

describe('a data migration in the wake of a rebuild', () => {
  it('that relies on a cascade is rolled back, and runs once it deletes the children itself', async () => {
    const { stub, record } = await withRecord();
    const kept = await inObject(dump, stub);
    const relying = { ...record, m0001: rebuildParent, m0002: 'DELETE FROM p WHERE id = 2' };
    const error = await wake(stub, (ctx) => thrown<ForeignKeyError>(() => migrate(ctx, relying)));
    expect(error).toMatchObject({
      code: 'FOREIGN_KEY_VIOLATION',
      violations: [{ table: 'c', rowid: 11, parent: 'p' }],
    });
    expect(await inObject(dump, stub)).toEqual(kept);
    const mended = { ...relying, m0002: `DELETE FROM c WHERE p = 2; ${relying.m0002}` };
    await wake(stub, (ctx) => migrate(ctx, mended));
    expect(await stub.query('SELECT id FROM c ORDER BY id')).toEqual([{ id: 10 }, { id: 12 }]);
  });
});

describe('a rebuild that loses a parent', () => {
  it('is rolled back, and its error lists the rows', async () => {
    const { stub, record } = await withRecord();
    const kept = await inObject(dump, stub);
    const error = await wake(stub, (ctx) =>
      thrown<ForeignKeyError>(() => migrate(ctx, { ...record, m0001: filtering })),
    );
    expect(error).toBeInstanceOf(ForeignKeyError);
    expect(error.message).toBe(
      '[FOREIGN_KEY_VIOLATION] After the migrations 1 row(s) lack the row they refer to, so everything was rolled back; m0001 ' +
        'disabled foreign keys.\n  c row 11 has no p\n' +
        'Delete or fix these rows in the migration that removes their parents.',
    );
    expect(error).toMatchObject({
      name: 'ForeignKeyError',
      code: 'FOREIGN_KEY_VIOLATION',
      keys: ['m0001'],
      violations: [{ table: 'c', rowid: 11, parent: 'p' }],
      total: 1,
    });
    expect(await enforced(stub)).toBe(1);
    expect(await inObject(dump, stub)).toEqual(kept);
  });

  it('lists ten of them and counts the rest', async () => {
    const many = `INSERT INTO p VALUES (2, 'two'); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 25) INSERT INTO c SELECT i, 2, NULL FROM n`;
    const { stub, record } = await withRecord(cascade, many);
    const error = await wake(stub, (ctx) =>
      thrown<ForeignKeyError>(() => migrate(ctx, { ...record, m0001: filtering })),
    );
    expect(error.violations).toHaveLength(10);
    expect(error.total).toBe(25);
    expect(error.message).toContain('\n  c row 9 has no p\n  c row 10 has no p\n  and 15 more\n');
  });
});

describe('violations from before', () => {
  const orphaned = async (family: Family, orphans: string) => {
    const { stub, record } = await withRecord(family);
    await wake(stub, ({ storage }) => {
      storage.sql.exec('PRAGMA foreign_keys=OFF');
      storage.sql.exec(orphans);
    });
    return { stub, record };
  };

  it('do not count, and are reported', async () => {
    const { stub, record } = await orphaned(
      cascade,
      "INSERT INTO c VALUES (50, 77, 'lost'), (51, 78, 'lost')",
    );
    const events: MigrateEvent[] = [];
    const onEvent = (event: MigrateEvent) => events.push(event);
    const result = await wake(stub, (ctx) =>
      migrate(ctx, { ...record, m0001: rebuildParent }, { onEvent }),
    );
    expect(result.violations).toEqual([
      { table: 'c', rowid: 50, parent: 'p' },
      { table: 'c', rowid: 51, parent: 'p' },
    ]);
    expect(events).toEqual([
      { type: 'applied', migration: { key: 'm0001', tag: null } },
      { type: 'violation', violation: { table: 'c', rowid: 50, parent: 'p' } },
      { type: 'violation', violation: { table: 'c', rowid: 51, parent: 'p' } },
      expect.objectContaining({ type: 'summary', outcome: 'migrated', applied: 1, violations: 2 }),
    ]);
    expect(await stub.query('SELECT id FROM c ORDER BY id')).toEqual(
      [10, 11, 12, 50, 51].map((id) => ({ id })),
    );
  });

  it('do not hide new ones', async () => {
    const { stub, record } = await orphaned(cascade, "INSERT INTO c VALUES (50, 77, 'lost')");
    const error = await wake(stub, (ctx) =>
      thrown<ForeignKeyError>(() => migrate(ctx, { ...record, m0001: filtering })),
    );
    expect(error.violations).toEqual([{ table: 'c', rowid: 11, parent: 'p' }]);
  });

  it('are known again in a table that got other rowids, or another name', async () => {
    const family: Family = {
      ...cascade,
      schema: `CREATE TABLE p (${parent}); CREATE TABLE c (id TEXT PRIMARY KEY, p INTEGER REFERENCES p(id)); CREATE TABLE d (id TEXT PRIMARY KEY, p INTEGER REFERENCES p(id))`,
      fill: "INSERT INTO p VALUES (1, 'one'); INSERT INTO c VALUES ('b', 1)",
    };
    const { stub, record } = await orphaned(
      family,
      "INSERT INTO c VALUES ('a', 77); DELETE FROM c WHERE id = 'b'; INSERT INTO c VALUES ('c', 1); INSERT INTO d VALUES ('d', 88)",
    );
    const copy = rebuildOf(
      'c',
      'id, p',
      'id TEXT PRIMARY KEY NOT NULL, p INTEGER REFERENCES p(id)',
      ' ORDER BY id',
    );
    const result = await wake(stub, (ctx) =>
      migrate(ctx, { ...record, m0001: copy, m0002: 'ALTER TABLE d RENAME TO e' }),
    );
    expect(result.violations).toHaveLength(2);
    expect(await stub.query('SELECT id, p FROM c ORDER BY id')).toEqual([
      { id: 'a', p: 77 },
      { id: 'c', p: 1 },
    ]);
    expect(await stub.query('SELECT * FROM e')).toEqual([{ id: 'd', p: 88 }]);
  });
});

describe('a failure half-way', () => {
  const failing = {
    m0000: cascade.schema,
    m0001: rebuildParent,
    m0002: 'INSERT INTO nowhere VALUES (1)',
  };

  it('leaves data untouched and enforcement on, when the caller catches', async () => {
    const { stub } = await withRecord();
    const kept = await inObject(dump, stub);
    const error = await wake(stub, (ctx) => thrown(() => migrate(ctx, failing)));
    expect(error).toMatchObject({ name: 'MigrationError', key: 'm0002' });
    expect(await enforced(stub)).toBe(1);
    expect(await stub.refusal(cascade.orphan)).toContain('FOREIGN KEY constraint failed');
    expect(await inObject(dump, stub)).toEqual(kept);
  });

  it('and when the constructor throws', async () => {
    const { stub } = await withRecord();
    const kept = await inObject(dump, stub);
    await expect(
      wake(stub, (ctx) => {
        migrate(ctx, failing);
      }),
    ).rejects.toThrow('Migration m0002 failed');
    await wake(stub, () => {});
    expect(await enforced(stub)).toBe(1);
    expect(await inObject(dump, stub)).toEqual(kept);
  });
});

describe('where enforcement cannot be disabled', () => {
  const next = { m0000: cascade.schema, m0001: rebuildParent };
  const harmless = { m0000: cascade.schema, m0001: 'ALTER TABLE p ADD COLUMN more TEXT' };
  const open =
    'm0001 must disable foreign keys to rebuild a table, which does nothing in an open transaction: ';
  const wayOut =
    '. With foreign keys enforced, "DROP TABLE `p`" may act on the rows of c. Nothing was changed. Call migrate before ' +
    'any write and before super(ctx, env), or await migrateAsync(ctx, migrations).';
  const places: Record<
    string,
    [
      code: string,
      message: string,
      call: (ctx: DurableObjectState, record: MigrationRecord) => unknown,
    ]
  > = {
    'after a write of the turn': [
      'FOREIGN_KEYS_AFTER_WRITE',
      `${open}something was written before this call, by super() for instance${wayOut}`,
      (ctx, record) => {
        ctx.storage.sql.exec("UPDATE p SET name = 'uno' WHERE id = 1");
        return migrate(ctx, record);
      },
    ],
    "inside the caller's transaction": [
      'FOREIGN_KEYS_IN_TRANSACTION',
      `${open}this call is inside of one, or comes after a CREATE${wayOut}`,
      (ctx, record) => ctx.storage.transactionSync(() => migrate(ctx, record)),
    ],
  };

  it.each(Object.entries(places))(
    '%s, a rebuild is refused before anything is touched',
    async (_, [code, message, call]) => {
      const { stub } = await withRecord();
      const kept = await inObject((ctx) => rows(ctx, 'SELECT * FROM __migrations'), stub);
      const error = await wake(stub, (ctx) => thrown<ForeignKeyError>(() => call(ctx, next)));
      expect(error.message).toBe(`[${code}] ${message}`);
      expect(error).toMatchObject({
        name: 'ForeignKeyError',
        code,
        keys: ['m0001'],
        violations: [],
        total: 0,
      });
      expect(await inObject((ctx) => rows(ctx, 'SELECT * FROM __migrations'), stub)).toEqual(kept);
      expect(await stub.query('SELECT count(*) AS rows FROM c')).toEqual([{ rows: 3 }]);
      expect(await enforced(stub)).toBe(1);
    },
  );

  it('inside storage.transaction() in a later event, likewise', async () => {
    const { stub } = await withRecord();
    const error = await inObject(
      (ctx) =>
        ctx.storage.transaction(async () => thrown<ForeignKeyError>(() => migrate(ctx, next))),
      stub,
    );
    expect(error.code).toBe('FOREIGN_KEYS_AFTER_WRITE');
    expect(await stub.query('SELECT count(*) AS rows FROM c')).toEqual([{ rows: 3 }]);
  });

  it.each(Object.entries(places))('%s, anything else runs', async (_, [, , call]) => {
    const { stub } = await withRecord();
    await wake(stub, (ctx) => call(ctx, harmless));
    expect(await stub.query('SELECT version FROM __migrations ORDER BY 1')).toEqual([
      { version: 0 },
      { version: 1 },
    ]);
  });
});

describe('the drop-in', () => {
  it('keeps the rows, and resolves once enforcement is on again', async () => {
    const { stub, steps, kept } = await objectBefore(cascade);
    const seen: unknown[] = [];
    await wake(stub, (ctx) => {
      const isOn = () => rows(ctx, 'PRAGMA foreign_keys')[0]?.foreign_keys;
      void ctx.blockConcurrencyWhile(async () => {
        const migrated = dropIn(drizzle(ctx.storage), bundle0(...steps));
        seen.push(isOn());
        await migrated;
        seen.push(isOn());
      });
    });
    expect(await stub.refusal(cascade.orphan)).toContain('FOREIGN KEY constraint failed');
    expect(seen).toEqual([0, 1]);
    expect(await inObject(content, stub)).toEqual(kept);
  });
});

describe('what pays nothing', () => {
  const pragmas = (statements: string[]) =>
    statements.filter((text) => /foreign_keys|foreign_key_check/i.test(text));
  it('is an object whose pending migrations have no such pragma', async () => {
    const { stub } = await withRecord();
    await inObject((ctx) => {
      const { target, seen } = watched(ctx);
      const said =
        "INSERT INTO p VALUES (5, 'PRAGMA foreign_keys=OFF;') /* PRAGMA foreign_keys=OFF; */";
      expect(
        migrate(target, { m0000: cascade.schema, m0001: `-- PRAGMA foreign_keys=OFF;\n${said}` })
          .applied,
      ).toHaveLength(1);
      expect(pragmas(seen.statements).filter((text) => /^pragma/i.test(text))).toEqual([]);
      expect(seen.blocked).toBe(0);
    }, stub);
  });

  it('is not a fresh object whose own history fills the children: these are kept too', async () => {
    const stub = newObject();
    const result = await wake(stub, (ctx) =>
      migrate(ctx, { m0000: cascade.schema, m0001: cascade.fill, m0002: rebuildParent }),
    );
    expect(result.applied).toHaveLength(3);
    expect(await stub.query('SELECT id FROM c ORDER BY id')).toEqual([
      { id: 10 },
      { id: 11 },
      { id: 12 },
    ]);
    expect(await enforced(stub)).toBe(1);
  });
});

describe('a hand-written migration', () => {
  it.each([
    'PRAGMA foreign_keys = 0',
    'pragma Foreign_Keys=off',
    'PRAGMA main.foreign_keys(No)',
    '/* first */ PRAGMA "foreign_keys" /* = */ = \'false\'',
  ])('that says %s is treated the same', async (pragma) => {
    const { stub, record } = await withRecord();
    const kept = await inObject(content, stub);
    const rebuild = rebuildParent.replace('PRAGMA foreign_keys=OFF', pragma);
    expect(rebuild).toContain(pragma);
    await wake(stub, (ctx) => migrate(ctx, { ...record, m0001: rebuild }));
    expect(await inObject(content, stub)).toEqual(kept);
    expect(await enforced(stub)).toBe(1);
  });
});

describe('PRAGMA defer_foreign_keys=ON', () => {
  const deferred = rebuildParent
    .replace('PRAGMA foreign_keys=OFF', 'PRAGMA defer_foreign_keys=ON')
    .replace('PRAGMA foreign_keys=ON', 'PRAGMA defer_foreign_keys=OFF');

  it.each(['CASCADE', 'NO ACTION'])(
    'with a rebuild keeps the children that say %s',
    async (action) => {
      const { stub, record } = await withRecord(child(action));
      const kept = await inObject(content, stub);
      await wake(stub, (ctx) => migrate(ctx, { ...record, m0001: deferred }));
      expect(await inObject(content, stub)).toEqual(kept);
      expect(await enforced(stub)).toBe(1);
    },
  );

  it('with a rebuild, in the runtime alone: loses children, or resets the object at commit', async () => {
    const statements = deferred.split('--> statement-breakpoint\n');
    const lossy = await withRecord(cascade);
    await inObject(({ storage }) => {
      storage.transactionSync(() => {
        for (const statement of statements) storage.sql.exec(statement);
      });
    }, lossy.stub);
    expect(await lossy.stub.query('SELECT count(*) AS rows FROM c')).toEqual([{ rows: 1 }]);
  });

  it('lets a migration break references for a while', async () => {
    const { stub, record } = await withRecord(child('NO ACTION'));
    const swap =
      "PRAGMA defer_foreign_keys=ON; DELETE FROM p WHERE id = 1; INSERT INTO p VALUES (1, 'uno')";
    await wake(stub, (ctx) => migrate(ctx, { ...record, m0001: swap }));
    expect(await stub.query('SELECT name FROM p WHERE id = 1')).toEqual([{ name: 'uno' }]);
    expect(await stub.query('PRAGMA defer_foreign_keys')).toEqual([{ defer_foreign_keys: 0 }]);
  });

  it('throws here if they stay broken, and does not reset the object at commit', async () => {
    const { stub, record } = await withRecord(child('NO ACTION'));
    const kept = await inObject(dump, stub);
    const error = await wake(stub, (ctx) =>
      thrown<ForeignKeyError>(() =>
        migrate(ctx, {
          ...record,
          m0001: 'PRAGMA defer_foreign_keys=ON; DELETE FROM p WHERE id = 1',
        }),
      ),
    );
    expect(error).toMatchObject({
      code: 'FOREIGN_KEY_VIOLATION',
      violations: [{ table: 'c', rowid: 10, parent: 'p' }],
    });
    expect(await inObject(dump, stub)).toEqual(kept);
    expect(await enforced(stub)).toBe(1);
  });
});
