import { drizzle } from 'drizzle-orm/durable-sqlite';
import { describe, expect, it, vi } from 'vitest';
import { sha256 } from '../../src/base/sha256.ts';
import { defineMigrations, MigrationError, migrate } from '../../src/index.ts';
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
  withObject,
} from './harness.ts';

const users = 'CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)';
const posts = 'CREATE TABLE posts (id INTEGER PRIMARY KEY, title TEXT)';
const comments = 'CREATE TABLE comments (id INTEGER PRIMARY KEY, body TEXT)';

describe('a fresh object', () => {
  it('runs everything and writes the ledger', () =>
    inObject((ctx) => {
      const result = migrate(ctx, { m0000: users, m0001: `${posts};\n${comments};` });
      expect(result).toEqual({
        upToDate: false,
        adopted: [],
        fromBaseline: [],
        applied: [
          { key: 'm0000', tag: null },
          { key: 'm0001', tag: null },
        ],
        outOfOrder: [],
        ignored: [],
        unknown: [],
        ahead: [],
        drift: [],
        violations: [],
        violationCount: 0,
        unchecked: [],
        drizzleLedger: null,
      });
      expect(tables(ctx)).toEqual(['__migrations', 'comments', 'posts', 'users']);
      const [first, second] = rows(ctx, 'SELECT * FROM __migrations ORDER BY version');
      expect(first).toEqual({
        version: 0,
        tag: null,
        checksum: sha256(users),
        created_at: null,
        applied_at: second?.applied_at,
        origin: 'applied',
        head: null,
      });
      expect(Math.abs((second?.applied_at as number) - Date.now())).toBeLessThan(60_000);
      expect(second?.head).toMatch(/^[0-9a-f]{64} retire __drizzle_migrations$/);
    }));

  it('takes ctx, its storage and a Drizzle database for a target', () =>
    inObject((ctx) => {
      for (const [target, table] of [
        [ctx, 'a'],
        [ctx.storage, 'b'],
        [drizzle(ctx.storage), 'c'],
      ] as const) {
        migrate(target, { m0000: `CREATE TABLE of_${table} (x)` }, { table });
      }
      expect(tables(ctx)).toEqual(['a', 'b', 'c', 'of_a', 'of_b', 'of_c']);
    }));

  it('takes any name for its ledger', () =>
    inObject((ctx) => {
      const table = 'my "ledger"; it\'s';
      migrate(ctx, { m0000: users }, { table });
      expect(tables(ctx)).toEqual([table, 'users']);
      expect(migrate(ctx, { m0000: users }, { table }).upToDate).toBe(true);
    }));

  it('is made again by deleteAll() in the same instance', () =>
    inObject(async (ctx) => {
      migrate(ctx, { m0000: users });
      ctx.storage.sql.exec("INSERT INTO users VALUES (1, 'Ada')");
      await ctx.storage.deleteAll();
      expect(tables(ctx)).toEqual([]);
      expect(migrate(ctx, { m0000: users }).applied).toHaveLength(1);
      expect(rows(ctx, 'SELECT * FROM users')).toEqual([]);
      expect(ledger(ctx)).toHaveLength(1);
    }));
});

describe('a wake', () => {
  it('runs the difference', async () => {
    const stub = newObject();
    await wake(stub, (ctx) => migrate(ctx, { m0000: users }));
    await stub.query("INSERT INTO users VALUES (1, 'Ada')");
    const result = await wake(stub, (ctx) =>
      migrate(ctx, { m0000: users, m0001: posts, m0002: comments }),
    );
    expect(result.applied.map(({ key }) => key)).toEqual(['m0001', 'm0002']);
    expect(await stub.query('SELECT * FROM users')).toEqual([{ id: 1, name: 'Ada' }]);
    expect(
      (await stub.query('SELECT version FROM __migrations ORDER BY 1')).map(
        ({ version }) => version,
      ),
    ).toEqual([0, 1, 2]);
  });

  it('writes no more than the migration and its row', () =>
    inObject((ctx) => {
      const writes = (...migrations: string[]) => {
        const { target, seen } = watched(ctx);
        migrate(target, Object.fromEntries(migrations.map((sql, i) => [`m000${i}`, sql])));
        const written = seen.statements.filter((text) => !/^(SELECT|PRAGMA) /.test(text));
        return written.map((text) => text.replace(/\d{13}/, 'now'));
      };
      const insert =
        'INSERT INTO "__migrations" (tag,checksum,created_at,applied_at,origin,head) VALUES (null,?,null,now,?,?)';
      expect(writes()).toEqual([
        'CREATE TABLE "__migrations" (version INTEGER PRIMARY KEY, tag TEXT, checksum TEXT, created_at INTEGER, applied_at INTEGER, origin TEXT, head TEXT)',
      ]);
      expect(writes(users)).toEqual([
        users,
        insert.replace('tag', 'version,tag').replace('(null', '(0,null'),
      ]);
      expect(writes(users, posts)).toEqual([posts, insert]);
      expect(writes(users, `${posts} `)).toEqual([
        'UPDATE "__migrations" SET head = ? WHERE version = ?',
      ]);
    }));

  it('with nothing to do has nothing to tell', () =>
    inObject((ctx) => {
      migrate(ctx, { m0000: users });
      expect(migrate(ctx, { m0000: users })).toEqual({
        upToDate: true,
        adopted: [],
        fromBaseline: [],
        applied: [],
        outOfOrder: [],
        ignored: [],
        unknown: [],
        ahead: [],
        drift: [],
        violations: [],
        violationCount: 0,
        unchecked: [],
        drizzleLedger: null,
      });
    }));

  it('with nothing to do reads one row in one statement, whatever the form of the input', async () => {
    const forms = [
      () => ({ m0000: users, m0001: posts }),
      () => ({
        journal: { entries: [{ idx: 0, when: 1, tag: '0000_a', breakpoints: true }] },
        migrations: { m0000: users },
      }),
      () => ({ migrations: { '20261122175044_a': users } }),
      () => defineMigrations({ m0000: { tag: '20261122175044_a', sql: users }, m0001: posts }),
    ];
    for (const form of forms) {
      await inObject((ctx) => {
        migrate(ctx, form());
        const before = dump(ctx);
        const { target, seen, rows: counted } = watched(ctx);
        expect(migrate(target, form()).upToDate).toBe(true);
        expect(seen).toEqual({
          statements: ['SELECT head FROM "__migrations" ORDER BY version DESC LIMIT 1'],
          transactions: 0,
          blocked: 0,
        });
        expect(counted()).toEqual({ read: 1, written: 0 });
        expect(dump(ctx)).toEqual(before);
      });
    }
  });

  it('with nothing to do reads the ledger that the options name', () =>
    inObject((ctx) => {
      migrate(ctx, { m0000: users });
      migrate(ctx, { m0000: posts }, { table: 'mine' });
      const { target, seen } = watched(ctx);
      expect(migrate(target, { m0000: posts }, { table: 'mine' }).upToDate).toBe(true);
      expect(migrate(target, { m0000: users }).upToDate).toBe(true);
      expect(seen.statements).toEqual([
        'SELECT head FROM "mine" ORDER BY version DESC LIMIT 1',
        'SELECT head FROM "__migrations" ORDER BY version DESC LIMIT 1',
      ]);
    }));

  it('runs a record by its numbers, in whatever order it is written', () =>
    inObject((ctx) => {
      const record = { m0002: comments, m0000: users, m0001: posts };
      expect(migrate(ctx, record).applied.map(({ key }) => key)).toEqual([
        'm0000',
        'm0001',
        'm0002',
      ]);
    }));

  it('warns of drift, and of nothing else', () =>
    inObject((ctx) => {
      const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
      migrate(ctx, { m0000: users, m0001: posts, m0002: comments });
      migrate(
        ctx,
        { m0000: `${users}; SELECT 1`, m0001: posts, m0002: comments },
        { drift: 'ignore' },
      );
      expect(warn.mock.calls).toEqual([]);
      migrate(ctx, { m0000: `${users}; SELECT 2`, m0001: posts, m0002: comments });
      expect(warn.mock.calls).toEqual([
        ['drizzle-offramp: the SQL of m0000 has changed since this object ran it (drift).'],
      ]);
      warn.mockRestore();
    }));

  it('takes a checksum that is there ready-made', () =>
    inObject((ctx) => {
      const checksum = '0123456789abcdef'.repeat(4);
      migrate(ctx, { m0000: { tag: '20261122175044_users', sql: users, checksum } });
      expect(rows(ctx, 'SELECT checksum FROM __migrations')).toEqual([{ checksum }]);
    }));

  it('plans once after a change of the code that asks for nothing', () =>
    inObject((ctx) => {
      migrate(ctx, { m0000: users, m0001: posts });
      const edited = { m0000: `${users}; SELECT 1`, m0001: posts };
      const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
      expect(migrate(ctx, edited)).toMatchObject({
        upToDate: false,
        applied: [],
        drift: [{ key: 'm0000' }],
      });
      expect(migrate(ctx, edited).upToDate).toBe(true);
      expect(warn.mock.calls).toEqual([
        ['drizzle-offramp: the SQL of m0000 has changed since this object ran it (drift).'],
      ]);
      warn.mockRestore();
    }));

  it('notices a migration that was added to a record written inline', () =>
    inObject((ctx) => {
      for (const count of [1, 2, 3]) {
        const record = Object.fromEntries(
          [users, posts, comments].slice(0, count).map((sql, i) => [`m000${i}`, sql]),
        );
        expect(migrate(ctx, record).applied).toHaveLength(1);
        expect(migrate(ctx, { ...record }).upToDate).toBe(true);
      }
    }));

  it('cannot miss a change of a record that it has read: the record is frozen', () =>
    inObject((ctx) => {
      const record: Record<string, string> = { m0000: `${users} -- read here first` };
      migrate(ctx, record);
      expect(() => {
        record.m0001 = posts;
      }).toThrow(TypeError);
      const copy: Record<string, string> = { ...record };
      expect(migrate(ctx, copy).upToDate).toBe(true);
      copy.m0001 = posts;
      expect(migrate(ctx, copy).applied).toEqual([{ key: 'm0001', tag: null }]);
    }));

  it('of older code on a newer object runs, reports and writes nothing', () =>
    inObject((ctx) => {
      migrate(ctx, { m0000: users, m0001: posts });
      const before = dump(ctx);
      const result = migrate(ctx, { m0000: users });
      expect(result).toMatchObject({
        upToDate: true,
        applied: [],
        ahead: [{ key: 'm0001', tag: null }],
      });
      expect(dump(ctx)).toEqual(before);
    }));

  it('sees no change in a byte order mark, which some bundlers keep and others do not', () =>
    inObject((ctx) => {
      migrate(ctx, { m0000: `\ufeff${users}` });
      expect(migrate(ctx, { m0000: users }).upToDate).toBe(true);
    }));

  it('refuses drift if told so', () =>
    inObject((ctx) => {
      migrate(ctx, { m0000: users, m0001: posts });
      const before = dump(ctx);
      const edited = { m0000: comments, m0001: posts };
      const error = thrown(() => migrate(ctx, edited, { drift: 'error' }));
      expect(error.message).toBe(
        '[DRIFT] The SQL of m0000 has changed since it was applied in this object. Restore it and write a new migration, ' +
          "or pass drift: 'warn' if both do the same.",
      );
      expect(error).toMatchObject({
        name: 'AdoptionError',
        code: 'DRIFT',
        table: '__migrations',
        keys: ['m0000'],
      });
      expect(dump(ctx)).toEqual(before);
    }));
});

describe('statements', () => {
  it('are split at breakpoints and semicolons, and each is run', () =>
    inObject((ctx) => {
      migrate(ctx, {
        m0000: `-- Custom SQL migration file, put your code below! --
--> statement-breakpoint
CREATE TABLE a (x TEXT DEFAULT 'one; two') /* a; b */; CREATE TABLE log (y);
--> statement-breakpoint
CREATE TRIGGER t AFTER INSERT ON a BEGIN
  INSERT INTO log VALUES (CASE WHEN new.x = ';' THEN 1 ELSE 2 END);
  INSERT INTO log VALUES ('END;');
END;
--> statement-breakpoint
INSERT INTO a VALUES (';'); -- done;`,
      });
      expect(rows(ctx, 'SELECT y FROM log')).toEqual([{ y: 1 }, { y: 'END;' }]);
    }));

  it('that return rows are read to the end, so that the next one finds no table locked', () =>
    inObject((ctx) => {
      migrate(ctx, {
        m0000: `CREATE TABLE a (x); INSERT INTO a VALUES (1), (2), (3) RETURNING x; SELECT x FROM a; DROP TABLE a;`,
      });
      expect(tables(ctx)).toEqual(['__migrations']);
    }));

  it('run one by one in a file of more than 100 KB', () =>
    inObject((ctx) => {
      const insert = `INSERT INTO users (name) VALUES ('${'x'.repeat(90_000)}');\n`;
      migrate(ctx, { m0000: users, m0001: insert.repeat(3) });
      expect(rows(ctx, 'SELECT length(name) AS length FROM users')).toEqual(
        Array(3).fill({ length: 90_000 }),
      );
    }));

  it('of more than 100 KB are refused before anything is touched', () =>
    inObject((ctx) => {
      const error = thrown(() =>
        migrate(ctx, {
          m0000: users,
          m0001: `${posts};INSERT INTO users (name) VALUES ('${'é'.repeat(60_000)}')`,
        }),
      );
      expect(error.message).toBe(
        '[STATEMENT_TOO_LONG] Statement 2 of m0001 has 120036 bytes, and the runtime takes 100000. Split it.',
      );
      expect(error).toMatchObject({ name: 'InputError', code: 'STATEMENT_TOO_LONG', key: 'm0001' });
      expect(tables(ctx)).toEqual([]);
    }));
});

describe('a failure', () => {
  it('rolls everything back and names the migration, the statement and the cause', () =>
    inObject((ctx) => {
      migrate(ctx, { m0000: users });
      ctx.storage.sql.exec("INSERT INTO users VALUES (1, 'Ada')");
      const before = dump(ctx);
      const broken = `${posts};\n-- and then\nINSERT INTO nowhere VALUES ('${'x'.repeat(300)}')`;
      const error = thrown<MigrationError>(() =>
        migrate(ctx, { m0000: users, m0001: comments, m0002: broken }),
      );
      expect(error).toBeInstanceOf(MigrationError);
      expect(error.message).toBe(
        '[MIGRATION_FAILED] Migration m0002 failed; everything was rolled back.\n' +
          `  Statement 2: INSERT INTO nowhere VALUES ('${'x'.repeat(171)}…\n` +
          '  Error: no such table: nowhere: SQLITE_ERROR\n' +
          '  State: 1 migration(s) were applied before this attempt',
      );
      expect(error).toMatchObject({
        name: 'MigrationError',
        code: 'MIGRATION_FAILED',
        version: 2,
        key: 'm0002',
        tag: null,
        statement: `INSERT INTO nowhere VALUES ('${'x'.repeat(300)}')`,
        statementIndex: 1,
      });
      expect((error.cause as Error).message).toBe('no such table: nowhere: SQLITE_ERROR');
      expect(dump(ctx)).toEqual(before);
      expect(migrate(ctx, { m0000: users, m0001: comments }).applied).toEqual([
        { key: 'm0001', tag: null },
      ]);
    }));

  it.each([
    ["INSERT INTO found VALUES ('x')", 3],
    ["INSERT INTO found VALUES ('x'); SELECT count(*) FROM found", 4],
    ["INSERT INTO found VALUES ('x'); INSERT INTO found (found) VALUES ('optimize')", 4],
    [
      "INSERT INTO found VALUES ('x'); CREATE VIRTUAL TABLE b USING fts5 (x); INSERT INTO b VALUES ('x')",
      5,
    ],
  ])(
    'is told as itself after a full-text table was made and filled: %s',
    async (filled, number) => {
      const migrations = {
        m0000: users,
        m0001: `CREATE VIRTUAL TABLE found USING fts5 (text); ${filled}`,
      };
      await withObject(async (stub) => {
        await inObject((ctx) => migrate(ctx, { m0000: users }), stub);
        const before = await inObject(dump, stub);
        const message = await inObject(
          (ctx) =>
            thrown<MigrationError>(() =>
              migrate(ctx, {
                ...migrations,
                m0001: `${migrations.m0001}; INSERT INTO nowhere VALUES (1)`,
              }),
            ).message,
          stub,
        );
        expect(message).toBe(
          '[MIGRATION_FAILED] Migration m0001 failed; everything was rolled back.\n' +
            `  Statement ${number}: INSERT INTO nowhere VALUES (1)\n` +
            '  Error: no such table: nowhere: SQLITE_ERROR\n' +
            '  State: 1 migration(s) were applied before this attempt',
        );
        expect(await inObject(dump, stub)).toEqual(before);
        expect((await inObject((ctx) => migrate(ctx, migrations), stub)).applied).toEqual([
          { key: 'm0001', tag: null },
        ]);
      });
    },
  );

  it('names the tag where there is one', () =>
    inObject((ctx) => {
      const error = thrown<MigrationError>(() =>
        migrate(ctx, { migrations: { '20261122175044_a': 'OOPS' } }),
      );
      expect(error.message).toBe(
        '[MIGRATION_FAILED] Migration m0000 failed (20261122175044_a); everything was rolled back.\n' +
          '  Statement 1: OOPS\n' +
          '  Error: near "OOPS": syntax error at offset 0: SQLITE_ERROR\n' +
          '  State: 0 migration(s) were applied before this attempt',
      );
      expect(error.tag).toBe('20261122175044_a');
      expect(tables(ctx)).toEqual([]);
    }));

  it('shows a statement of 200 characters whole, and a longer one cut', () =>
    inObject((ctx) => {
      const messageOf = (length: number) =>
        thrown(() => migrate(ctx, { m0000: 'x'.repeat(length) })).message.split('\n')[1];
      expect(messageOf(200)).toBe(`  Statement 1: ${'x'.repeat(200)}`);
      expect(messageOf(201)).toBe(`  Statement 1: ${'x'.repeat(200)}…`);
    }));

  it('is told whole as JSON, also where something else than an error was thrown', () =>
    inObject((ctx) => {
      const { target } = watched(ctx);
      const { storage } = target;
      const exec: typeof storage.sql.exec = (query, ...bindings) => {
        if (query === users) throw 'no error';
        return storage.sql.exec(query, ...bindings);
      };
      const broken = { ...storage, sql: { exec } };
      const error = thrown(() => migrate(broken, { m0000: users }));
      expect(JSON.parse(JSON.stringify(error))).toEqual({
        name: 'MigrationError',
        code: 'MIGRATION_FAILED',
        message:
          `[MIGRATION_FAILED] Migration m0000 failed; everything was rolled back.\n  Statement 1: ${users}\n  Error: "no error"\n` +
          '  State: 0 migration(s) were applied before this attempt',
        version: 0,
        key: 'm0000',
        tag: null,
        statement: users,
        statementIndex: 0,
        isBaseline: false,
        cause: 'no error',
      });
    }));

  it('in a constructor leaves the next wake free to succeed', async () => {
    const stub = newObject();
    await expect(
      wake(stub, (ctx) => migrate(ctx, { m0000: users, m0001: 'OOPS' })),
    ).rejects.toThrow('Migration m0001 failed');
    expect(
      (await wake(stub, (ctx) => migrate(ctx, { m0000: users, m0001: posts }))).applied,
    ).toHaveLength(2);
  });
});

describe("for do-orm's users", () => {
  /** What do-orm leaves: its documented table, and a row for each migration. */
  const doOrm = (ctx: DurableObjectState, ...migrations: string[]) => {
    ctx.storage.sql.exec('CREATE TABLE IF NOT EXISTS __migrations (version INTEGER PRIMARY KEY)');
    migrations.forEach((sql, version) => {
      ctx.storage.sql.exec(sql);
      ctx.storage.sql.exec('INSERT INTO __migrations (version) VALUES (?)', version);
    });
  };

  it('takes their ledger over in place', () =>
    inObject((ctx) => {
      doOrm(ctx, users, posts);
      const result = migrate(ctx.storage, { m0000: users, m0001: posts, m0002: comments });
      expect(result.adopted.map(({ key }) => key)).toEqual(['m0000', 'm0001']);
      expect(result.applied.map(({ key }) => key)).toEqual(['m0002']);
      expect(ledger(ctx)).toEqual([
        { version: 0, tag: null, origin: 'do-orm' },
        { version: 1, tag: null, origin: 'do-orm' },
        { version: 2, tag: null, origin: 'applied' },
      ]);
      expect(migrate(ctx.storage, { m0000: users, m0001: posts, m0002: comments }).upToDate).toBe(
        true,
      );
    }));

  it('lets do-orm go on in it, and takes that over too', () =>
    inObject((ctx) => {
      migrate(ctx, { m0000: users });
      ctx.storage.sql.exec(posts);
      ctx.storage.sql.exec('INSERT INTO __migrations (version) VALUES (1)');
      const result = migrate(ctx, { m0000: users, m0001: posts, m0002: comments });
      expect(result.adopted).toEqual([{ key: 'm0001', tag: null }]);
      expect(result.applied).toEqual([{ key: 'm0002', tag: null }]);
      expect(ledger(ctx).map(({ origin }) => origin)).toEqual(['applied', 'do-orm', 'applied']);
    }));

  it('matches it by number with migrations that have tags', () =>
    inObject((ctx) => {
      doOrm(ctx, users);
      const result = migrate(ctx, {
        migrations: { '20261122175044_a': users, '20261122175045_b': posts },
      });
      expect(result.adopted).toEqual([{ key: 'm0000', tag: '20261122175044_a' }]);
      expect(result.applied).toEqual([{ key: 'm0001', tag: '20261122175045_b' }]);
    }));

  it('makes an empty ledger of an empty record', () =>
    inObject((ctx) => {
      expect(migrate(ctx.storage, {})).toMatchObject({ upToDate: false, applied: [] });
      expect(rows(ctx, 'SELECT * FROM __migrations')).toEqual([]);
      expect(migrate(ctx.storage, {}).upToDate).toBe(true);
    }));

  it('throws with the same words', () =>
    inObject((ctx) => {
      const error = thrown<MigrationError>(() =>
        migrate(ctx.storage, { m0000: users, m0001: 'CREATE TABLE 123invalid ()' }),
      );
      expect(error.version).toBe(1);
      expect(error.statement).toBe('CREATE TABLE 123invalid ()');
      expect(error.message).toContain('Migration m0001 failed');
      expect(error.message).toContain('0 migration(s) were applied before this attempt');
      expect(() => migrate(ctx.storage, { m001: users })).toThrow('Invalid migration key "m001"');
      expect(() => migrate(ctx.storage, { m0000: users, m0002: posts })).toThrow(
        'expected version 1, got 2',
      );
    }));
});
