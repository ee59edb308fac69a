// What teams lose, each as small as can be: a migration or a class, and what the rehearsal says of it.
import { env } from 'cloudflare:test';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type MigrationInput, migrate } from '../../src/index.ts';
import { RehearsalError, type RehearseOptions, rehearse } from '../../src/testing.ts';
import { bundle0, type Made } from './harness.ts';
import { deploy } from './worker.ts';

vi.setConfig({ testTimeout: 60_000 });

let warned: string[] = [];

beforeEach(() => {
  warned = [];
  vi.spyOn(console, 'warn').mockImplementation((text) => warned.push(String(text)));
});

afterEach(() => {
  deploy.construct = undefined;
  vi.restoreAllMocks();
});

/** Migrations, each the statements of one; the names say their numbers. */
const history = (...migrations: string[][]): MigrationInput =>
  bundle0(
    ...migrations.map(
      (statements, at): Made => ({
        tag: `000${at}_m${at}`,
        when: Date.UTC(2026, 10, 22, 12, at),
        sql: statements.join(';--> statement-breakpoint\n'),
      }),
    ),
  );

const ROW = 'CREATE TABLE users (id integer PRIMARY KEY, email text, age integer)';

const rebuilt = (
  columns: string,
  insert = 'INSERT INTO __new_users SELECT * FROM users',
): string[] => [
  'PRAGMA foreign_keys=OFF',
  `CREATE TABLE __new_users (${columns})`,
  insert,
  'DROP TABLE users',
  'ALTER TABLE __new_users RENAME TO users',
  'PRAGMA foreign_keys=ON',
];
const SAME = 'id integer PRIMARY KEY, email text, age integer';

interface Outcome {
  /** The checks that failed, each with what was found. */
  failures: string[];
  risks: string[];
}

/** Rehearses a class that migrates, and does more if told so. */
async function outcomeOf(
  migrations: MigrationInput,
  more: (ctx: DurableObjectState, wake: { upToDate: boolean }) => void = () => {},
  options?: RehearseOptions,
): Promise<Outcome> {
  deploy.construct = (ctx) => more(ctx, migrate(ctx, migrations));
  const outcome = await rehearse(env.OBJECT, migrations, options).catch((error) => error);
  const rehearsal = outcome instanceof RehearsalError ? outcome.rehearsal : outcome;
  const found = outcome instanceof RehearsalError ? outcome.failures : [];
  if (rehearsal?.risks === undefined) throw outcome;
  return {
    failures: [...new Set(found.map((one) => `${one.check}: ${one.found}`))],
    risks: rehearsal.risks.map(
      (one: { effect: string; found: string }) => `${one.effect}: ${one.found}`,
    ),
  };
}

const FINE: Outcome = { failures: [], risks: [] };

describe('data that was allowed before and is not after', () => {
  it.each<[string, string[], string]>([
    [
      'a UNIQUE index',
      ['CREATE UNIQUE INDEX one ON users (email)'],
      'fails: two rows of users have one email: UNIQUE constraint failed: users.email',
    ],
    [
      'a UNIQUE index that ignores the case',
      ['CREATE UNIQUE INDEX one ON users (lower(email))'],
      "fails: two rows of users have one email: UNIQUE constraint failed: index 'one'",
    ],
    [
      'a UNIQUE in a rebuild',
      rebuilt('id integer PRIMARY KEY, email text UNIQUE, age integer'),
      'fails: two rows of users have one email: UNIQUE constraint failed: __new_users.email',
    ],
    [
      'a UNIQUE in a rebuild with OR IGNORE',
      rebuilt(
        'id integer PRIMARY KEY, email text UNIQUE, age integer',
        'INSERT OR IGNORE INTO __new_users SELECT * FROM users',
      ),
      'loses rows: two rows of users have one email: 1 of them is gone afterwards',
    ],
    [
      'NOT NULL',
      rebuilt('id integer PRIMARY KEY, email text NOT NULL, age integer'),
      'fails: a row of users has no email: NOT NULL constraint failed: __new_users.email',
    ],
    [
      'a CHECK',
      rebuilt('id integer PRIMARY KEY, email text, age integer CHECK (age >= 18)'),
      'fails: a row of users does not meet CHECK (age >= 18): CHECK constraint failed: age >= 18',
    ],
    [
      'a CHECK of two columns, one of them renamed',
      rebuilt(
        'id integer PRIMARY KEY, mail text, age integer, CHECK (age > 3 OR mail IS NOT NULL)',
        'INSERT INTO __new_users (id, mail, age) SELECT id, email, age FROM users',
      ),
      'fails: a row of users does not meet CHECK (age > 3 OR mail IS NOT NULL): CHECK constraint failed: age > 3 OR mail IS NOT NULL',
    ],
    [
      'a foreign key',
      rebuilt('id integer PRIMARY KEY, email text, age integer REFERENCES ages (age)'),
      'fails: the age of a row of users is that of no parent (FOREIGN KEY (age) to ages): FOREIGN KEY constraint failed',
    ],
    [
      'another type',
      rebuilt('id integer PRIMARY KEY, email integer, age integer'),
      "changes values: a row of users has a text that is a number in another spelling, such as '00712', in email: it has another email afterwards",
    ],
  ])('%s', async (_, statements, risk) => {
    const first = [ROW, 'CREATE TABLE ages (age integer PRIMARY KEY)'];
    expect(await outcomeOf(history(first, statements))).toEqual({ failures: [], risks: [risk] });
  });

  it('is told with the query that finds it, and can be an error', async () => {
    const migrations = history([ROW], ['CREATE UNIQUE INDEX one ON users (email)']);
    await outcomeOf(migrations);
    const text = `\
Depends on your data: the rows of this rehearsal are fine, but other rows were allowed too.
  20261122120100_m1 fails where two rows of users have one email: UNIQUE constraint failed: users.email
    Find them: SELECT "email", count(*) FROM "users" GROUP BY "email" HAVING count(*) > 1`;
    expect(warned).toEqual([`drizzle-offramp: ${text}`]);
    const error = await rehearse(env.OBJECT, migrations, { risks: 'error' }).catch(
      (error) => error,
    );
    expect([error.code, error.failures]).toEqual(['HAS_RISKS', []]);
    expect(error.message).toContain(text);
    warned = [];
    const ignored = await rehearse(env.OBJECT, migrations, { risks: 'ignore' });
    expect([ignored.risks.length, warned]).toEqual([1, []]);
    const known = await rehearse(env.OBJECT, migrations, { failing: ['m0001'] });
    expect([known.risks, warned]).toEqual([[], []]);
  });

  it('is none where the migration sees to it', async () => {
    const migrations = history(
      [ROW],
      [
        'DELETE FROM users WHERE id NOT IN (SELECT min(id) FROM users GROUP BY email)',
        'CREATE UNIQUE INDEX one ON users (email)',
      ],
      rebuilt(
        'id integer PRIMARY KEY, email text NOT NULL UNIQUE, age integer',
        "INSERT INTO __new_users SELECT id, coalesce(email, 'none ' || id), age FROM users",
      ),
    );
    expect(await outcomeOf(migrations)).toEqual(FINE);
  });

  it('is a row that the migration inserts and the object has', async () => {
    const migrations = history(
      [
        'CREATE TABLE plans (id integer PRIMARY KEY, name text)',
        'CREATE TABLE one (id integer PRIMARY KEY CHECK (id = 1), x text)',
      ],
      ["INSERT INTO plans VALUES (1, 'free'), (2, 'paid')", "INSERT INTO one VALUES (1, 'x')"],
    );
    expect(await outcomeOf(migrations)).toEqual({
      failures: [],
      risks: [
        'fails: plans has a row already that it inserts: UNIQUE constraint failed: plans.id',
        'fails: one has a row already that it inserts: UNIQUE constraint failed: one.id',
      ],
    });
  });
});

describe('what hangs on a table that is rebuilt', () => {
  const gone = (what: string): string =>
    `schema: ${what} is gone, and no statement drops it by name`;
  it.each<[string, string[], string]>([
    [
      'a trigger',
      ['CREATE TRIGGER t AFTER INSERT ON users BEGIN SELECT 1; END'],
      gone('trigger t on users'),
    ],
    ['an index', ['CREATE INDEX i ON users (email) WHERE age > 3'], gone('index i on users')],
  ])('%s', async (_, more, found) => {
    const migrations = history([ROW, ...more], rebuilt(SAME));
    expect((await outcomeOf(migrations)).failures).toEqual([found]);
    const [name] = /\w+/.exec(found.slice('schema: index '.length).trim()) ?? [];
    const known = await outcomeOf(migrations, undefined, { changes: [name === 'i' ? 'i' : 't'] });
    expect(known).toEqual(FINE);
  });

  it('is there where the migration creates it again, under another name too, or drops it by name', async () => {
    const migrations = history(
      [
        ROW,
        'CREATE TRIGGER t AFTER INSERT ON users BEGIN SELECT 1; END',
        'CREATE INDEX i ON users (email)',
        'CREATE VIEW v AS SELECT email FROM users',
        'CREATE INDEX gone ON users (age)',
      ],
      [
        'DROP VIEW v',
        'DROP TRIGGER t',
        ...rebuilt(
          'id integer PRIMARY KEY, email text',
          'INSERT INTO __new_users SELECT id, email FROM users',
        ),
        'CREATE INDEX j ON users (email)',
      ],
    );
    expect(await outcomeOf(migrations)).toEqual(FINE);
  });

  it('a view and a trigger that cannot be used any more', async () => {
    const migrations = history(
      [
        ROW,
        'CREATE TABLE log (email text)',
        'CREATE TRIGGER t AFTER DELETE ON users BEGIN INSERT INTO log VALUES (old.email); END',
        'CREATE VIEW v AS SELECT * FROM log',
      ],
      ['DROP TABLE log'],
    );
    const { failures } = await outcomeOf(migrations);
    expect(failures).toEqual([
      'schema: trigger t cannot be used any more: no such table: main.log\n' +
        'view v cannot be used any more: no such table: main.log',
    ]);
  });

  it.each([
    [
      'AUTOINCREMENT',
      'id integer PRIMARY KEY AUTOINCREMENT, email text, age integer',
      'AUTOINCREMENT of id in users',
    ],
    [
      'a collation',
      'id integer PRIMARY KEY, email text COLLATE NOCASE, age integer',
      'COLLATE NOCASE of email in users',
    ],
    [
      'ON CONFLICT',
      'id integer PRIMARY KEY, email text NOT NULL ON CONFLICT REPLACE, age integer',
      'ON CONFLICT REPLACE of email in users',
    ],
  ])('%s', async (_, columns, what) => {
    const migrations = history([`CREATE TABLE users (${columns})`], rebuilt(SAME));
    expect((await outcomeOf(migrations)).failures).toEqual([
      `schema: ${what} is gone: the table was created anew without it`,
    ]);
  });

  it('constraints that the new CREATE TABLE lacks', async () => {
    const migrations = history(
      [
        'CREATE TABLE users (id integer PRIMARY KEY, email text UNIQUE CHECK (length(email) > 2), age integer REFERENCES users ' +
          'ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED)',
      ],
      rebuilt(SAME),
    );
    const known = await outcomeOf(migrations, undefined, { changes: ['users'] });
    expect(known).toEqual(FINE);
    const { failures } = await outcomeOf(migrations);
    const gone = (what: string): string =>
      `${what} in users is gone: the table was created anew without it`;
    expect(failures).toEqual([
      `schema: ${[
        'DEFERRABLE INITIALLY DEFERRED of age',
        'FOREIGN KEY (age) to users',
        'check ( length ( email ) > 2 )',
        'UNIQUE (email)',
      ]
        .map(gone)
        .join('\n')}`,
    ]);
  });

  it('constraints that are kept in another way, or go with their column', async () => {
    const migrations = history(
      [
        'CREATE TABLE users (id integer PRIMARY KEY, email text UNIQUE, age integer CHECK (age > 0))',
      ],
      [
        ...rebuilt(
          'id integer PRIMARY KEY, email text',
          'INSERT INTO __new_users SELECT id, email FROM users',
        ),
        'CREATE UNIQUE INDEX one ON users (email)',
      ],
    );
    expect(await outcomeOf(migrations)).toEqual(FINE);
  });

  it('the counter of AUTOINCREMENT', async () => {
    const columns = 'id integer PRIMARY KEY AUTOINCREMENT, email text, age integer';
    const migrations = history([`CREATE TABLE users (${columns})`], rebuilt(columns));
    expect(await outcomeOf(migrations)).toEqual({
      failures: [],
      risks: [
        'reuses ids: ids of deleted rows of users are given again: after a rebuild AUTOINCREMENT counts from the rows that are left',
      ],
    });
  });

  it('a child that refers to a table that is not there', async () => {
    const migrations = history(
      [ROW, 'CREATE TABLE child (id integer PRIMARY KEY, u integer REFERENCES users)'],
      [
        'PRAGMA foreign_keys=OFF',
        'ALTER TABLE users RENAME TO old',
        ROW,
        'INSERT INTO users SELECT * FROM old',
        'DROP TABLE old',
      ],
    );
    const { failures } = await outcomeOf(migrations);
    expect(failures.join('\n')).toContain(
      'foreign key (u) of child refers to old, which is not there',
    );
  });
});

describe('a class', () => {
  const migrations = history(
    [ROW, "INSERT INTO users VALUES (1, 'first', 1)"],
    ['CREATE TABLE log (id integer PRIMARY KEY, at integer)'],
  );
  const CAME = 'rows came that no migration puts there';

  it('that inserts a row on every wake', async () => {
    const { failures } = await outcomeOf(migrations, (ctx) => {
      ctx.storage.sql.exec('INSERT INTO log (at) VALUES (1)');
    });
    expect(failures[0]).toBe(
      `second wake: The second wake changed rows. log: 1 ${CAME}
  {"id":2,"at":1} came`,
    );
  });

  it.each([
    [
      'deletes a row',
      'DELETE FROM log WHERE id = (SELECT max(id) FROM log)',
      /^rows: log: 1 of 4 rows are gone\n {2}\{"id":4,"at":null\}$/,
    ],
    [
      'changes a row',
      'UPDATE log SET at = coalesce(at, 0) + 1 WHERE id = 1',
      /^rows: log: 1 of 4 rows have another at\n/,
    ],
  ])('that %s on every wake', async (_, sql, found) => {
    const { failures } = await outcomeOf(migrations, (ctx) => {
      ctx.storage.sql.exec(sql);
    });
    expect(failures.find((one) => one.startsWith('rows'))).toMatch(found);
    expect(
      failures.filter((one) => one.startsWith('second wake: The second wake changed rows. log')),
    ).not.toEqual([]);
    const known = await outcomeOf(migrations, (ctx) => ctx.storage.sql.exec(sql), {
      changes: ['log'],
    });
    expect(known).toEqual(FINE);
  });

  it('that puts a row into each new object once may', async () => {
    const once = (ctx: DurableObjectState): void => {
      ctx.storage.sql.exec("INSERT OR IGNORE INTO users VALUES (77, 'own', 7)");
    };
    expect(await outcomeOf(migrations, once)).toEqual(FINE);
  });

  it('whose rows come twice', async () => {
    const { failures } = await outcomeOf(migrations, (ctx, { upToDate }) => {
      if (!upToDate) ctx.storage.sql.exec("INSERT INTO users (email, age) VALUES ('first', 1)");
    });
    const came = (id: number): string =>
      `rows: users: 1 ${CAME}\n  {"id":${id},"email":"first","age":1} came`;
    // Of a new object the second one is a row that a migration put there.
    expect(failures).toEqual([came(2), came(3)]);
  });

  it('that is up to date without migrations', async () => {
    expect(await outcomeOf({})).toEqual(FINE);
  });

  it('that changes a value as a driver reads it', async () => {
    const exact = history(['CREATE TABLE t (id integer PRIMARY KEY, x integer)']);
    const { failures } = await outcomeOf(
      exact,
      ({ storage: { sql } }) => {
        for (const { id, x } of [...sql.exec('SELECT * FROM t')]) {
          sql.exec('UPDATE t SET x = ? WHERE id = ?', x, id);
        }
      },
      {
        seed: ({ storage }) => void storage.sql.exec('INSERT INTO t VALUES (1, 9007199254740993)'),
      },
    );
    expect(failures[0]).toBe(
      'rows: t: 1 of 1 rows have another x\n  {"id":1,"x":9007199254740993} now has {"x":9007199254740992}',
    );
  });
});

describe('names with signs in them', () => {
  it.each(['a.b', 'a (b)', 'it"s', "it's", 'a, b', ' ', 'select'])('%s', async (name) => {
    const table = `"${name.replaceAll('"', '""')}"`;
    const migrations = history(
      [
        `CREATE TABLE ${table} (id integer PRIMARY KEY, ${table} text)`,
        `CREATE INDEX "i.${name.replaceAll('"', '""')}" ON ${table} (${table})`,
      ],
      [
        'PRAGMA foreign_keys=OFF',
        `CREATE TABLE __new (id integer PRIMARY KEY, ${table} text)`,
        `INSERT INTO __new (id) SELECT id FROM ${table}`,
        `DROP TABLE ${table}`,
        `ALTER TABLE __new RENAME TO ${table}`,
      ],
    );
    const { failures } = await outcomeOf(migrations);
    expect(failures.map((one) => one.split('\n')[0])).toEqual([
      expect.stringMatching(/^schema: index .* is gone, and no statement drops it by name$/),
      `rebuilds: ${name}: 3 of 4 rows have another ${name}`,
    ]);
    const known = await outcomeOf(migrations, undefined, {
      changes: [`${name}.${name}`, `i.${name}`],
    });
    expect(known).toEqual(FINE);
  });
});

describe('an option that names nothing', () => {
  const refusal = async (options: RehearseOptions): Promise<string> => {
    const migrations = history([ROW, 'CREATE INDEX i ON users (email)']);
    deploy.construct = (ctx) => migrate(ctx, migrations);
    const error = await rehearse(env.OBJECT, migrations, options).catch((error) => error);
    expect(error.code).toBe('INVALID_OPTION');
    return error.message;
  };
  const WHERE = 'which no object has at any point of the history. There are:';

  it('is refused with the names that there are', async () => {
    expect(await refusal({ changes: ['user'] })).toBe(
      `[INVALID_OPTION] The option \`changes\` names "user", ${WHERE}\n  users\n  i`,
    );
    expect(await refusal({ changes: ['users.mail'] })).toBe(
      `[INVALID_OPTION] The option \`changes\` names "users.mail", ${WHERE}\n  users.id\n  users.email\n  users.age`,
    );
    expect(await refusal({ empty: ['i'] })).toBe(
      `[INVALID_OPTION] The option \`empty\` names "i", ${WHERE}\n  users`,
    );
    expect(await refusal({ from: 'm0001' })).toBe(
      '[INVALID_OPTION] The option `from` names "m0001", which is no migration: give a tag or a key. There are:\n' +
        '  20261122120000_m0 (m0000)',
    );
    expect(await refusal({ risks: 'no' as never })).toBe(
      "[INVALID_OPTION] The option `risks` is \"no\": it takes 'warn', 'error' or 'ignore'.",
    );
  });
});

it('`from` leaves out the points that every object has passed', async () => {
  const migrations = history([ROW], ['CREATE TABLE b (x)'], ['CREATE TABLE c (x)']);
  deploy.construct = (ctx) => migrate(ctx, migrations);
  const { starts } = await rehearse(env.OBJECT, migrations, { from: 'm0001' });
  expect(starts.map(({ start }) => start.name)).toEqual([
    'a new object',
    '2 20261122120100_m1',
    '3 20261122120200_m2',
  ]);
});

it('says what a binding is', async () => {
  const error = await rehearse(undefined as never, {}).catch((error) => error);
  expect(error.code).toBe('NO_BINDING');
  expect(error.message).toBe(
    '[NO_BINDING] The first argument is no binding of a Durable Object class, but undefined. A binding is what `env` has under a `name` ' +
      'of `durable_objects.bindings` in wrangler.jsonc: { "name": "INBOX", "class_name": "Inbox" } makes it env.INBOX. Import env from ' +
      "'cloudflare:workers' (in an older Workers Vitest integration from 'cloudflare:test'), and let the Worker under test (`main`) " +
      'export the class.',
  );
});
