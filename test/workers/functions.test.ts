// Migrations that are functions: what they may do, when they run, and what becomes of an object if they fail.
import { env } from 'cloudflare:test';
import { describe, expect, it } from 'vitest';
import {
  type FunctionEntry,
  history,
  InputError,
  inspect,
  type MigrateEvent,
  type MigrateResult,
  MigrationError,
  type MigrationRecord,
  migrate,
  migrateAsync,
} from '../../src/index.ts';
import { canonicalTag } from '../../src/input/bundles.ts';
import { readMigrations } from '../../src/input/migrations.ts';
import {
  bundle0,
  deployOurs,
  dump,
  inObject,
  ledger,
  type Made,
  make,
  newObject,
  resultOf,
  rows,
  runDrizzle0,
  thrown,
  wake,
  withObject,
} from './harness.ts';

const PEOPLE = {
  tag: '20261201090000_people',
  sql: "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, first TEXT, last TEXT);\nINSERT INTO people (id, name) VALUES (1, 'Ada Lovelace'), (2, 'Alan Turing')",
};
const NICK = { tag: '20261201100000_nick', sql: 'ALTER TABLE people ADD nick TEXT' };

/** A migration that is a function, the one after the first. */
const split = (
  up: FunctionEntry['up'] = (sql) => {
    for (const { id, name } of sql.exec<{ id: number; name: string }>(
      'SELECT id, name FROM people',
    )) {
      const [first, last] = name.split(' ');
      sql.exec('UPDATE people SET first = ?, last = ? WHERE id = ?', first, last, id);
    }
  },
  more: Partial<FunctionEntry> = {},
): FunctionEntry => ({ tag: '20261201093000_split_names', revision: '1', up, ...more });

const record = (entry = split()): MigrationRecord => ({ m0000: PEOPLE, m0001: entry, m0002: NICK });

const names = (ctx: DurableObjectState) => rows(ctx, 'SELECT first, last FROM people ORDER BY id');

describe('a function between migrations of SQL', () => {
  it('runs in its place, in the same transaction', () =>
    inObject((ctx) => {
      const { applied } = migrate(ctx, record());
      expect(applied.map(({ key }) => key)).toEqual(['m0000', 'm0001', 'm0002']);
      expect(names(ctx)).toEqual([
        { first: 'Ada', last: 'Lovelace' },
        { first: 'Alan', last: 'Turing' },
      ]);
      expect(ledger(ctx)).toEqual([
        { version: 0, tag: PEOPLE.tag, origin: 'applied' },
        { version: 1, tag: '20261201093000_split_names', origin: 'applied' },
        { version: 2, tag: NICK.tag, origin: 'applied' },
      ]);
      expect(migrate(ctx, record()).upToDate).toBe(true);
    }));

  it('rolls back all that ran with it if it throws, and what it threw is the cause', () =>
    inObject((ctx) => {
      migrate(ctx, { m0000: PEOPLE });
      const before = dump(ctx);
      const cause = new Error('no last name');
      const error = thrown<MigrationError>(() =>
        migrate(
          ctx,
          record(
            split((sql) => {
              sql.exec("UPDATE people SET first = 'x'");
              throw cause;
            }),
          ),
        ),
      );
      expect(error).toBeInstanceOf(MigrationError);
      expect(error.cause).toBe(cause);
      expect(error).toMatchObject({
        key: 'm0001',
        statement: "UPDATE people SET first = 'x'",
        statementIndex: 0,
      });
      expect(error.message).toBe(
        '[MIGRATION_FAILED] Migration m0001 failed (20261201093000_split_names); everything was rolled back.\n' +
          "  Statement 1: UPDATE people SET first = 'x'\n" +
          '  Error: no last name\n' +
          '  State: 1 migration(s) were applied before this attempt',
      );
      expect(dump(ctx)).toEqual(before);
    }));

  it('is refused if it returns a promise, and rolled back', () =>
    inObject((ctx) => {
      migrate(ctx, { m0000: PEOPLE });
      const before = dump(ctx);
      const up = async (sql: Parameters<FunctionEntry['up']>[0]) => {
        sql.exec("UPDATE people SET first = 'x'");
        await null;
        sql.exec("UPDATE people SET last = 'x'");
      };
      const error = thrown<InputError>(() => migrate(ctx, record(split(up))));
      expect(error).toBeInstanceOf(InputError);
      expect(error.key).toBe('m0001');
      expect(error.message).toBe(
        '[NOT_SYNCHRONOUS] The function of m0001 goes on after it has returned: take `async` or `*` out.',
      );
      expect(dump(ctx)).toEqual(before);
    }));

  it('is told by its revision: another one is drift', () =>
    inObject((ctx) => {
      migrate(ctx, record());
      const [, row] = history(ctx);
      migrate(ctx, record(split(() => {})));
      expect(history(ctx)[1]).toEqual(row);
      const { drift } = migrate(ctx, record(split(() => {}, { revision: '2' })), {
        drift: 'ignore',
      });
      expect(drift.map(({ key }) => key)).toEqual(['m0001']);
    }));

  it('cannot name a ledger', () =>
    inObject((ctx) => {
      const entry = split((sql) => {
        sql.exec('DROP TABLE "__Migrations"');
      });
      const error = thrown<InputError>(() => migrate(ctx, record(entry)));
      expect(error.message).toBe(
        '[INVALID_TABLE_NAME] Statement 1 of m0001 (20261201093000_split_names) names __migrations, the ledger. Take it ' +
          'out, or name another table with the option `table`.',
      );
    }));
});

type Sql = Parameters<FunctionEntry['up']>[0];

/** What a call with this function throws; the object must then be what it was, and go on working. */
async function refused(up: (sql: Sql, ctx: DurableObjectState) => unknown): Promise<Error> {
  return inObject((ctx) => {
    migrate(ctx, { m0000: PEOPLE });
    const before = dump(ctx);
    const error = thrown(() => migrate(ctx, record(split((sql) => up(sql, ctx) as undefined))));
    expect(dump(ctx)).toEqual(before);
    migrate(ctx, record());
    expect(names(ctx)[0]).toEqual({ first: 'Ada', last: 'Lovelace' });
    return error;
  });
}

describe('what a function cannot do', () => {
  const LATE =
    '[NOT_SYNCHRONOUS] The function of m0001 goes on after it has returned: take `async` or `*` out.';

  it('return a promise that fails, a thenable, or a generator of either kind', async () => {
    const returned = [
      () => Promise.reject(new Error('later')),
      // biome-ignore lint/suspicious/noThenProperty: a query builder is one.
      () => ({ then: () => {} }),
      function* () {},
      async function* () {},
    ];
    for (const up of returned) expect((await refused(up)).message).toBe(LATE);
  });

  it('use what it was given once it has returned', () =>
    inObject((ctx) => {
      let kept: Sql | undefined;
      const up = (sql: Sql) => {
        kept = sql;
      };
      migrate(ctx, record(split(up)));
      expect(thrown(() => kept?.exec("UPDATE people SET first = 'x'")).message).toBe(LATE);
      const next = { tag: '20261202090000_next', revision: '1', up: () => kept?.exec('SELECT 1') };
      const error = thrown(() => migrate(ctx, { ...record(), m0003: next as never }));
      expect(error).toMatchObject({ key: 'm0003', cause: { message: LATE } });
    }));

  it('name a ledger, in whatever way, even if it catches that', async () => {
    const texts = [
      'DELETE FROM __migrations',
      'UPDATE people SET first = 1; DROP TABLE IF EXISTS main."__MIGRATIONS"',
      'ALTER TABLE people RENAME TO [__migrations]',
      'CREATE TRIGGER t AFTER INSERT ON people BEGIN DELETE FROM `__migrations`; END',
      'SELECT count(*) FROM /* */ __drizzle_migrations',
      "INSERT INTO people (name) SELECT tag FROM '__migrations'",
    ];
    for (const text of texts) {
      for (const isCaught of [false, true]) {
        const error = await refused((sql) => {
          try {
            sql.exec(text);
          } catch (cause) {
            if (!isCaught) throw cause;
          }
        });
        expect(error.message).toMatch(
          /^\[INVALID_TABLE_NAME\] Statement 1 of m0001 .* the ledger\. /,
        );
      }
    }
    const [found] = texts;
    const error = await refused((sql) => {
      const [{ name }] = sql
        .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE name GLOB '__m*'")
        .toArray() as [{ name: string }];
      sql.exec(`DROP TABLE "${name}"`);
    });
    expect(error.message).toMatch(/^\[INVALID_TABLE_NAME\] Statement 2 of m0001 /);
    expect(found).toBe('DELETE FROM __migrations');
    expect((await refused((sql) => sql.exec('DELETE FROM sqlite_master'))).message).toContain(
      'table sqlite_master may not be modified',
    );
  });

  it('set foreign_keys', async () => {
    const error = await refused((sql) => sql.exec('pragma "foreign_keys" (off)'));
    expect(error.message).toBe(
      '[INVALID_ENTRY] The function of m0001 sets foreign_keys, which only SQL can.',
    );
  });

  it('open a transaction of its own, or end the one that is open', async () => {
    for (const text of ['BEGIN', 'SAVEPOINT a', 'COMMIT', 'ROLLBACK', 'END']) {
      const error = await refused((sql) => sql.exec(text));
      expect(error).toBeInstanceOf(MigrationError);
      expect(error.message).toContain('To execute a transaction, please use');
    }
  });

  it('call migrate, which would run the same migrations again', async () => {
    const error = await refused((_sql, ctx) => migrate(ctx, record()));
    expect(error.cause).toMatchObject({
      message: '[IN_FUNCTION] The function of m0001 calls migrate.',
      code: 'IN_FUNCTION',
      key: 'm0001',
    });
  });

  it('pass by a base class that calls migrate and goes on', () =>
    inObject((ctx) => {
      const caught: unknown[] = [];
      const up = () => {
        caught.push(
          thrown(() => migrate(ctx, { m0000: 'CREATE TABLE other (x)' }, { table: '_other' })),
        );
      };
      migrate(ctx, record(split(up)));
      expect(caught).toMatchObject([{ code: 'IN_FUNCTION' }]);
      expect(rows(ctx, "SELECT 1 FROM sqlite_master WHERE name IN ('other', '_other')")).toEqual(
        [],
      );
      expect(ledger(ctx)).toHaveLength(3);
    }));
});

describe('what a function throws', () => {
  it.for([
    ['a text', 'a text', '"a text"'],
    ['nothing', undefined, 'undefined'],
    ['an object', { code: 7 }, '{"code":7}'],
    ['null', null, 'null'],
  ] as const)('is the cause: %s', async ([, value, shown]) => {
    const error = await refused(() => {
      throw value;
    });
    expect(error).toBeInstanceOf(MigrationError);
    expect(error.cause).toBe(value);
    expect(error.message).toContain(`\n  Statement 0: none\n  Error: ${shown}\n`);
    expect(error).toMatchObject({ statement: '', statementIndex: -1 });
  });

  it("is SQLite's own, with the statement", async () => {
    const error = await refused((sql) => {
      sql.exec('SELECT 1');
      sql.exec('UPDATE nobody SET x = 1');
    });
    expect(error).toMatchObject({ statement: 'UPDATE nobody SET x = 1', statementIndex: 1 });
    expect(error.message).toContain('no such table: nobody');
  });

  it('takes away what else it wrote: key-value data, alarms, what transactionSync committed', () =>
    inObject(async (ctx) => {
      const { kv } = ctx.storage;
      kv.put('a', 'before');
      const write = () => {
        kv.put('a', 'after');
        kv.put('b', 'after');
        ctx.storage.put('c', 'after');
        ctx.storage.setAlarm(Date.now() + 1e9);
        ctx.storage.transactionSync(() => ctx.storage.sql.exec('CREATE TABLE aside (x)'));
      };
      thrown(() =>
        migrate(
          ctx,
          record(
            split(() => {
              write();
              throw new Error('all of it');
            }),
          ),
        ),
      );
      expect([...kv.list()]).toEqual([['a', 'before']]);
      expect(await ctx.storage.get('c')).toBe(undefined);
      expect(await ctx.storage.getAlarm()).toBe(null);
      expect(rows(ctx, 'SELECT name FROM sqlite_master WHERE name NOT GLOB "_cf*"')).toEqual([]);
      migrate(ctx, record(split(write)));
      expect(kv.get('b')).toBe('after');
      expect(await ctx.storage.getAlarm()).not.toBe(null);
      await ctx.storage.deleteAlarm();
    }));
});

describe('cursors', () => {
  const many = (sql: Sql) =>
    sql.exec(
      'WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n LIMIT 500) SELECT i FROM n',
    );

  it('that a function leaves open do not keep the transaction from being committed', () =>
    withObject(async (stub) => {
      await wake(stub, (ctx) =>
        migrate(
          ctx,
          record(
            split((sql) => {
              many(sql).next();
              for (const _row of sql.exec('SELECT * FROM people')) break;
              for (const _values of many(sql).raw()) break;
              sql.exec("INSERT INTO people (name) VALUES ('x'), ('y') RETURNING id");
              sql.exec('SELECT * FROM people');
            }),
          ),
        ),
      );
      expect(await stub.query('SELECT count(*) AS n FROM people')).toEqual([{ n: 4 }]);
    }));

  it('do not either where it fails', () =>
    withObject(async (stub) => {
      const up = (sql: Sql) => {
        many(sql).next();
        sql.exec('SELECT * FROM people');
        throw new Error('mine');
      };
      const outcome = await deployOurs(stub, record(split(up)));
      expect(outcome).toMatchObject({ error: { cause: { message: 'mine' } } });
      resultOf(await deployOurs(stub, record()));
      expect(await stub.query('SELECT first FROM people WHERE id = 2')).toEqual([
        { first: 'Alan' },
      ]);
    }));

  it('are those of the object: rows are written while others are read', () =>
    inObject((ctx) => {
      const seen: unknown[] = [];
      const up = (sql: Sql) => {
        const { columnNames, rowsRead } = sql.exec('SELECT id, name FROM people');
        seen.push(columnNames, rowsRead, sql.databaseSize > 0);
        for (const [id] of sql.exec('SELECT id FROM people').raw()) {
          seen.push(sql.exec('UPDATE people SET first = ? WHERE id = ?', 'x', id).rowsWritten);
        }
        seen.push(sql.exec('SELECT first FROM people WHERE id = 1').one());
        sql.exec("UPDATE people SET last = 'a'; UPDATE people SET last = 'b' WHERE id = ?", 1);
      };
      migrate(ctx, record(split(up)));
      expect(seen).toEqual([['id', 'name'], 1, true, 1, 1, { first: 'x' }]);
      expect(names(ctx)).toEqual([
        { first: 'x', last: 'b' },
        { first: 'x', last: 'a' },
      ]);
    }));
});

describe('the ways to write a function', () => {
  class SplitNames implements FunctionEntry {
    readonly tag = '20261201093000_split_names';
    readonly revision = '1';
    #first = 'from a class';
    up(sql: Sql) {
      sql.exec('UPDATE people SET first = ?', this.#first);
    }
  }

  it.for([
    ['an arrow', () => split((sql) => sql.exec('UPDATE people SET first = 1') as never)],
    ['a class', () => new SplitNames()],
    [
      'a method that uses `this`',
      () => ({
        ...split(),
        up(this: FunctionEntry, sql: Sql) {
          sql.exec('UPDATE people SET first = ?', this.revision);
        },
      }),
    ],
    [
      'a bound function',
      () =>
        split(
          ((sql: Sql) => {
            sql.exec('UPDATE people SET first = 1');
          }).bind(undefined),
        ),
    ],
  ] as [string, () => FunctionEntry][])('%s', ([, entry]) =>
    inObject((ctx) => {
      migrate(ctx, record(entry()));
      expect(rows(ctx, 'SELECT count(first) AS n FROM people')).toEqual([{ n: 2 }]);
      expect(migrate(ctx, record(entry())).upToDate).toBe(true);
    }),
  );

  it('a record that each object writes anew, whose functions see that object', async () => {
    const seen: string[] = [];
    const written = (name: string) =>
      record(
        split(() => {
          seen.push(name);
        }),
      );
    for (const name of ['first', 'second']) {
      await inObject((ctx) => {
        migrate(ctx, written(name));
        expect(migrate(ctx, written('again')).upToDate).toBe(true);
      });
    }
    expect(seen).toEqual(['first', 'second']);
  });

  it('one revision for several functions, which stay several', () =>
    inObject((ctx) => {
      const other = { ...split(() => {}), tag: '20261203090000_other' };
      migrate(ctx, { m0000: PEOPLE, m0001: split() });
      const error = thrown(() => migrate(ctx, { m0000: PEOPLE, m0001: other }));
      expect(error.message).toMatch(
        /^\[UNKNOWN_MIGRATION\] __migrations has 20261201093000_split_names/,
      );
      const { applied } = migrate(ctx, { m0000: PEOPLE, m0001: split(), m0002: other });
      expect(applied.map(({ key }) => key)).toEqual(['m0002']);
    }));

  it('an earlier time under `was`', () =>
    inObject((ctx) => {
      const when = Date.UTC(2026, 11, 1, 9, 30, 0, 5);
      migrate(ctx, { m0000: PEOPLE, m0001: split(undefined, { when }) });
      const moved = { ...split(), tag: '20261201093100_split_names', was: [when] };
      const { applied, drift } = migrate(ctx, { m0000: PEOPLE, m0001: moved }, { drift: 'ignore' });
      expect([applied, drift.map(({ key }) => key)]).toEqual([[], ['m0001']]);
    }));
});

describe('an entry that is no function and no SQL', () => {
  const { up } = split();
  const tag = '20261201093000_split_names';
  const TAKES = "it takes a `tag`, a `revision` such as '1' and `up`, and no `sql`.";
  it.for([
    [{ tag, revision: '1' }, '{"tag":"20261201093000_split_names","revision":"1","key":"m0001"}'],
    [{ tag, up }, '{"tag":"20261201093000_split_names","key":"m0001"}'],
    [{ tag, up, revision: 1 }, '{"tag":"20261201093000_split_names","revision":1,"key":"m0001"}'],
    [{ tag, up, revision: '' }, '{"tag":"20261201093000_split_names","revision":"","key":"m0001"}'],
    [{ up, revision: '1' }, '{"revision":"1","key":"m0001"}'],
    [
      { tag, up: 'SELECT 1', revision: '1' },
      '{"tag":"20261201093000_split_names","up":"SELECT 1","revision":"1","key":"m0001"}',
    ],
    [
      { tag, up, revision: '1', sql: '' },
      '{"sql":"","tag":"20261201093000_split_names","revision":"1","key":"m0001"}',
    ],
    [
      { tag, up, revision: '1', down: up },
      '{"tag":"20261201093000_split_names","revision":"1","key":"m0001"}',
    ],
    [
      { tag, up, revision: '1', checksum: '0'.repeat(64) },
      `{"tag":"20261201093000_split_names","revision":"1","checksum":"${'0'.repeat(64)}","key":"m0001"}`,
    ],
  ])('%#: %s', ([entry, shown]) =>
    inObject((ctx) => {
      const error = thrown<InputError>(() =>
        migrate(ctx, { m0000: PEOPLE, m0001: entry as never }),
      );
      expect(error.message).toBe(`[INVALID_ENTRY] The function m0001 is ${shown}: ${TAKES}`);
      expect(error.key).toBe('m0001');
      expect(rows(ctx, 'SELECT name FROM sqlite_master')).toEqual([]);
    }),
  );

  it('that nobody has written yet, and a tag that is none', () => {
    const revision = "-- drizzle-offramp new: write the function, then set this to '1'";
    const of = (entry: object) =>
      thrown(() => readMigrations({ m0000: { ...split(), ...entry } })).message;
    expect(of({ revision })).toBe(
      '[NOT_WRITTEN] m0000 is not written yet. Write it, or remove m0000.',
    );
    expect(of({ tag: 'split' })).toBe(
      '[INVALID_TAG] The `tag` of m0000 is "split": it takes its UTC second first, as in "20261122175044_name".',
    );
  });
});

describe('a late migration', () => {
  const THING = { tag: '20261201110000_thing', sql: 'CREATE TABLE thing (x)' };

  it('that is a function is refused, unless it is asked for', () =>
    inObject((ctx) => {
      migrate(ctx, { m0000: PEOPLE, m0001: NICK });
      const error = thrown(() => migrate(ctx, record()));
      expect(error.message).toContain(
        'm0001 (20261201093000_split_names): "m0001, no SQL" does more than add',
      );
      const { outOfOrder } = migrate(ctx, record(), { skipped: 'apply' });
      expect(outOfOrder.map(({ key }) => key)).toEqual(['m0001']);
      expect(names(ctx)[0]).toEqual({ first: 'Ada', last: 'Lovelace' });
    }));

  it('before a function that ran, or one that is pending, cannot be judged', () =>
    inObject((ctx) => {
      const last = split(undefined, { tag: '20261201120000_split_names' });
      migrate(ctx, { m0000: PEOPLE, m0001: NICK });
      const pending = { m0000: PEOPLE, m0001: THING, m0002: NICK, m0003: last };
      const error = thrown(() => migrate(ctx, pending));
      expect(error.message).toContain(
        'm0001 (20261201110000_thing): "m0003, no SQL" does more than add',
      );
      migrate(ctx, { m0000: PEOPLE, m0001: NICK, m0002: last });
      expect(thrown(() => migrate(ctx, pending)).message).toContain('"m0003, no SQL"');
      expect(migrate(ctx, pending, { skipped: 'apply' }).outOfOrder).toHaveLength(1);
    }));

  it('behind a function that ran is judged by its SQL', () =>
    inObject((ctx) => {
      migrate(ctx, record());
      const { outOfOrder } = migrate(ctx, {
        m0000: PEOPLE,
        m0001: split(),
        m0002: THING,
        m0003: NICK,
      });
      expect(outOfOrder.map(({ key }) => key)).toEqual(['m0002']);
    }));

  it('that is a function, or stands before one, is written off where that is asked for', () =>
    inObject((ctx) => {
      migrate(ctx, { m0000: PEOPLE, m0001: NICK });
      expect(migrate(ctx, record(), { skipped: 'ignore' }).ignored).toHaveLength(1);
      expect(names(ctx)[0]).toEqual({ first: null, last: null });
    }));
});

describe('foreign keys', () => {
  const FAMILY = {
    tag: '20261201090000_family',
    sql:
      'CREATE TABLE p (id INTEGER PRIMARY KEY, x TEXT);\n' +
      'CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p(id) ON DELETE CASCADE);\n' +
      'CREATE TABLE d (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p(id) DEFERRABLE INITIALLY DEFERRED);\n' +
      'INSERT INTO p VALUES (1, 1), (2, 2); INSERT INTO c VALUES (1, 1), (2, 2)',
  };
  const REBUILD = {
    tag: '20261201100000_rebuild',
    sql:
      'PRAGMA foreign_keys=OFF;\nCREATE TABLE __new_p (id INTEGER PRIMARY KEY, x INTEGER);\n' +
      'INSERT INTO __new_p SELECT * FROM p;\nDROP TABLE p;\nALTER TABLE __new_p RENAME TO p;\nPRAGMA foreign_keys=ON;',
  };
  const fn = (up: FunctionEntry['up']): FunctionEntry => ({
    tag: '20261201110000_fn',
    revision: '1',
    up,
  });
  const orphan = (sql: Sql) => {
    sql.exec('INSERT INTO c VALUES (?, ?)', 9, 9);
  };
  const inFamily = (run: (ctx: DurableObjectState) => unknown) =>
    withObject(async (stub) => {
      await wake(stub, (ctx) => migrate(ctx, { m0000: FAMILY }));
      await wake(stub, run);
      await stub.query('SELECT 1');
    });

  it('are enforced in a function', () =>
    inFamily((ctx) => {
      const error = thrown(() => migrate(ctx, { m0000: FAMILY, m0001: fn(orphan) }));
      expect(error.message).toContain('FOREIGN KEY constraint failed');
      migrate(ctx, {
        m0000: FAMILY,
        m0001: fn((sql) => sql.exec('DELETE FROM p WHERE id = 1') as never),
      });
      expect(rows(ctx, 'SELECT id FROM c')).toEqual([{ id: 2 }]);
    }));

  it('are checked behind a rebuild in the same call, in what the function touched', () =>
    inFamily((ctx) => {
      const before = dump(ctx);
      const error = thrown(() =>
        migrate(ctx, { m0000: FAMILY, m0001: REBUILD, m0002: fn(orphan) }),
      );
      expect(error).toMatchObject({ code: 'FOREIGN_KEY_VIOLATION', total: 1 });
      expect(error.message).toContain('\n  c row 9 has no p');
      expect(dump(ctx)).toEqual(before);
      const { violationCount } = migrate(ctx, {
        m0000: FAMILY,
        m0001: REBUILD,
        m0002: fn((sql) => sql.exec('UPDATE c SET p = 2') as never),
      });
      expect(violationCount).toBe(0);
      expect(rows(ctx, 'SELECT p FROM c')).toEqual([{ p: 2 }, { p: 2 }]);
    }));

  it('are checked where the function defers them, before the commit would reset the object', () =>
    inFamily((ctx) => {
      const before = dump(ctx);
      const bad: FunctionEntry['up'][] = [
        (sql) => sql.exec('PRAGMA defer_foreign_keys = ON; INSERT INTO c VALUES (9, 9)') as never,
        (sql) => sql.exec('INSERT INTO d VALUES (9, 9)') as never,
        (sql) =>
          sql.exec(
            'CREATE TABLE e (p REFERENCES p(id) DEFERRABLE INITIALLY DEFERRED); INSERT INTO e VALUES (9)',
          ) as never,
      ];
      for (const up of bad) {
        const error = thrown(() => migrate(ctx, { m0000: FAMILY, m0001: fn(up) }));
        expect(error).toMatchObject({ code: 'FOREIGN_KEY_VIOLATION', keys: ['m0001'], total: 1 });
        expect(dump(ctx)).toEqual(before);
      }
      expect(rows(ctx, 'PRAGMA defer_foreign_keys')).toEqual([{ defer_foreign_keys: 0 }]);
      const swap = fn((sql) => {
        sql.exec('PRAGMA defer_foreign_keys = ON');
        sql.exec('UPDATE p SET id = id + 10');
        sql.exec('UPDATE c SET p = p + 10');
      });
      migrate(ctx, { m0000: FAMILY, m0001: swap });
      expect(rows(ctx, 'SELECT p FROM c')).toEqual([{ p: 11 }, { p: 12 }]);
      expect(rows(ctx, 'PRAGMA defer_foreign_keys')).toEqual([{ defer_foreign_keys: 0 }]);
    }));

  it('that were violated before do not count against a function', () =>
    withObject(async (stub) => {
      await wake(stub, (ctx) => migrate(ctx, { m0000: FAMILY }));
      await wake(stub, (ctx) => {
        ctx.storage.sql.exec('PRAGMA foreign_keys = OFF');
        ctx.storage.sql.exec('INSERT INTO c VALUES (7, 7)');
      });
      let runs = 0;
      const { violations } = await wake(stub, (ctx) =>
        migrate(ctx, {
          m0000: FAMILY,
          m0001: REBUILD,
          m0002: fn((sql) => {
            runs++;
            sql.exec('UPDATE c SET id = id + 0');
          }),
        }),
      );
      expect(violations).toEqual([{ table: 'c', rowid: 7, parent: 'p' }]);
      // It was rolled back in between, and only the second run stands.
      expect(runs).toBe(2);
    }));

  it('cannot be disabled after a write: then what a function does to rows that refer is refused, even if it catches that', () =>
    inFamily((ctx) => {
      ctx.storage.sql.exec('CREATE TABLE written (x)');
      const before = dump(ctx);
      const up = (sql: Sql) => {
        try {
          sql.exec('DELETE FROM p');
        } catch {
          // Goes on.
        }
      };
      const error = thrown(() =>
        migrate(ctx, {
          m0000: FAMILY,
          m0001: fn(up),
          m0002: { ...REBUILD, tag: '20261201120000_rebuild' },
        }),
      );
      expect(error).toMatchObject({ code: 'FOREIGN_KEYS_IN_TRANSACTION' });
      expect(error.message).toContain('"DELETE FROM p" may act on the rows of c');
      expect(dump(ctx)).toEqual(before);
    }));

  it('leave every other pragma that a function sets as it was', () =>
    inFamily((ctx) => {
      migrate(ctx, {
        m0000: FAMILY,
        m0001: fn(
          (sql) =>
            sql.exec('PRAGMA case_sensitive_like = ON; PRAGMA recursive_triggers = 1') as never,
        ),
      });
      expect(rows(ctx, "SELECT 'a' LIKE 'A' AS is_like")).toEqual([{ is_like: 1 }]);
      expect(rows(ctx, 'PRAGMA recursive_triggers')).toEqual([{ recursive_triggers: 0 }]);
    }));
});

describe('around a function', () => {
  it('drift is told, refused or passed over as the option says', () =>
    inObject((ctx) => {
      migrate(ctx, record());
      const changed = record(split(() => {}, { revision: '2' }));
      const error = thrown(() => migrate(ctx, changed, { drift: 'error' }));
      expect(error.message).toMatch(
        /^\[DRIFT\] The SQL of m0001 \(20261201093000_split_names\) has changed/,
      );
      expect(inspect(ctx, changed).result.drift).toEqual([
        { key: 'm0001', tag: '20261201093000_split_names' },
      ]);
      expect(migrate(ctx, changed, { drift: 'ignore' }).drift).toHaveLength(1);
    }));

  it('inspect says what would run, and runs nothing', () =>
    inObject((ctx) => {
      const { actions, foreignKeys, upToDate } = inspect(
        ctx,
        record(
          split(() => {
            throw new Error('it ran');
          }),
        ),
      );
      expect(actions.map(({ action, key }) => [action, key])).toEqual([
        ['create ledger', null],
        ['apply', 'm0000'],
        ['apply', 'm0001'],
        ['apply', 'm0002'],
      ]);
      expect([foreignKeys, upToDate]).toEqual(['enforced', false]);
    }));

  it('events tell of it as of any other', () =>
    inObject((ctx) => {
      const types: string[] = [];
      const onEvent = (event: MigrateEvent) =>
        types.push('migration' in event ? `${event.type} ${event.migration.key}` : event.type);
      migrate(ctx, record(), { onEvent });
      const next = {
        tag: '20261202090000_next',
        revision: '1',
        up() {
          throw new Error('mine');
        },
      };
      thrown(() => migrate(ctx, { ...record(), m0003: next }, { onEvent }));
      thrown(() =>
        migrate(ctx, { ...record(), m0003: { ...next, up: async () => {} } as never }, { onEvent }),
      );
      expect(types).toEqual([
        'applied m0000',
        'applied m0001',
        'applied m0002',
        'summary',
        'failed',
        'summary',
        'refused',
        'summary',
      ]);
    }));

  it('older code that lacks it is told that the object is ahead, and the object goes on', () =>
    inObject((ctx) => {
      migrate(ctx, record());
      const { ahead } = migrate(ctx, { m0000: PEOPLE });
      expect(ahead.map(({ tag }) => tag)).toEqual(['20261201093000_split_names', NICK.tag]);
      expect(migrate(ctx, record()).upToDate).toBe(true);
    }));

  it("Drizzle's ledger can be adopted before it, mirrored behind it, and retired at last", () =>
    inObject(async (ctx) => {
      const [one, two] = [make('one', 0), make('two', 1)] as const;
      await runDrizzle0(ctx, bundle0(one, two));
      const entryOf = (made: Made) => ({
        tag: canonicalTag(made.when, made.tag),
        when: made.when,
        sql: made.sql,
      });
      const fn = {
        tag: '20261201110000_fn',
        revision: '1',
        up: (sql: Sql) => sql.exec('INSERT INTO one VALUES (1)') as never,
      };
      const all = { m0000: entryOf(one), m0001: entryOf(two), m0002: fn };
      const result = migrate(ctx, all, { drizzle: 'mirror' });
      expect(result.adopted.map(({ key }) => key)).toEqual(['m0000', 'm0001']);
      expect(result.applied.map(({ key }) => key)).toEqual(['m0002']);
      expect(rows(ctx, 'SELECT count(*) AS n FROM __drizzle_migrations')).toEqual([{ n: 3 }]);
      await runDrizzle0(ctx, bundle0(one, two));
      expect(migrate(ctx, all, { drizzle: 'mirror' }).upToDate).toBe(true);
      expect(migrate(ctx, all).drizzleLedger).toBe('retired');
      expect(rows(ctx, 'SELECT count(*) AS n FROM one')).toEqual([{ n: 1 }]);
    }));

  it('migrateAsync that a function starts runs behind it, and finds nothing to do', () =>
    inObject(async (ctx) => {
      let started: Promise<MigrateResult> | undefined;
      const all: MigrationRecord = record(
        split(() => {
          started ??= migrateAsync(ctx, all);
        }),
      );
      migrate(ctx, all);
      expect(await started).toMatchObject({ applied: [], upToDate: true });
      expect(ledger(ctx)).toHaveLength(3);
    }));
});

describe('a statement that rolls back by itself', () => {
  const table = (conflict: string) =>
    `CREATE TABLE t (id INTEGER PRIMARY KEY ON CONFLICT ${conflict}, v);\nINSERT INTO t VALUES (1, 'one')`;
  const catching: FunctionEntry = {
    tag: '20261201100000_catching',
    revision: '1',
    up(sql) {
      for (const id of [1, 3]) {
        try {
          sql.exec('INSERT INTO t (id) VALUES (?)', id);
        } catch {
          // A function that goes on.
        }
      }
    },
  };
  const added = {
    tag: '20261201093000_added',
    sql: "ALTER TABLE t ADD w;\nINSERT INTO t VALUES (2, 'two', 2)",
  };

  it('ends a function that catches its error, and nothing of any migration stays', async () => {
    const stub = newObject();
    const first = { m0000: { tag: '20261201090000_t', sql: table('ROLLBACK') } };
    await deployOurs(stub, first);
    let thrownByMigrate: unknown;
    await wake(stub, (ctx) => {
      try {
        migrate(ctx, { ...first, m0001: added, m0002: catching });
      } catch (error) {
        thrownByMigrate = error;
        throw error;
      }
    }).catch(() => {});
    expect(thrownByMigrate).toMatchObject({
      name: 'MigrationError',
      key: 'm0002',
      cause: { message: expect.stringContaining('UNIQUE constraint failed: t.id') },
    });
    // The runtime's own transaction is gone with it, so it resets the object.
    const again = env.OBJECT.get(stub.id);
    expect(await again.query('SELECT * FROM t')).toEqual([{ id: 1, v: 'one' }]);
    expect(await again.query('SELECT version FROM __migrations')).toEqual([{ version: 0 }]);
  });

  it('is no matter where it does not', () =>
    inObject((ctx) => {
      const first = { m0000: { tag: '20261201090000_t', sql: table('ABORT') } };
      migrate(ctx, first);
      migrate(ctx, { ...first, m0001: added, m0002: catching });
      expect(rows(ctx, 'SELECT id FROM t ORDER BY id')).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }]);
    }));
});
