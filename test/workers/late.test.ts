// Migrations that the object lacks though a later one ran: what may still run leaves just what a new object has, and
// anything else is refused with the statement that stands against it.
import { describe, expect, it } from 'vitest';
import { type AdoptionError, migrate } from '../../src/index.ts';
import {
  bundle0,
  bundle1,
  dump,
  inObject,
  type Made,
  make,
  type Row,
  rows,
  runDrizzle0,
  tables,
  thrown,
} from './harness.ts';

const BASE = [
  'CREATE TABLE users (id integer PRIMARY KEY NOT NULL, name text)',
  'CREATE TABLE posts (id integer PRIMARY KEY NOT NULL, author integer REFERENCES users(id) ON DELETE cascade, text)',
  'CREATE TABLE likes (post integer REFERENCES posts(id) ON DELETE cascade, label text)',
  'CREATE TABLE tags (label text PRIMARY KEY)',
  "INSERT INTO users(id, name) VALUES (1, 'Ada'), (2, 'Bob')",
  'INSERT INTO posts(id, author) VALUES (10, 1), (20, 2)',
];

const sqlOf = (statements: readonly string[]): string =>
  statements.join(';\n--> statement-breakpoint\n');
const base = make('base', 0, sqlOf(BASE));

const rebuildOf = (
  table: string,
  columns: string,
  copied: string,
): [string, string, string, string, string, string] => [
  'PRAGMA foreign_keys=OFF',
  `CREATE TABLE \`__new_${table}\` (${columns})`,
  `INSERT INTO \`__new_${table}\`(${copied}) SELECT ${copied} FROM \`${table}\``,
  `DROP TABLE \`${table}\``,
  `ALTER TABLE \`__new_${table}\` RENAME TO \`${table}\``,
  'PRAGMA foreign_keys=ON',
];
const REBUILT_USERS = rebuildOf(
  'users',
  "id integer PRIMARY KEY NOT NULL, name text DEFAULT 'nobody'",
  'id, name',
);

/** Columns have no order here, as in `dump` the text of a table has. */
function contents(ctx: DurableObjectState): unknown {
  const names = tables(ctx).filter((name) => name !== '__migrations');
  const sorted = (all: Row[]) => all.map((row) => JSON.stringify(row)).sort();
  return {
    others: rows(
      ctx,
      "SELECT type, name, sql FROM sqlite_master WHERE type <> 'table' AND sql > ''",
    ),
    columns: names.map((name) => [
      name,
      sorted(
        rows(ctx, `SELECT name, type, "notnull", dflt_value, pk FROM pragma_table_info('${name}')`),
      ),
      sorted(
        rows(
          ctx,
          `SELECT "table", "from", "to", on_delete FROM pragma_foreign_key_list('${name}')`,
        ),
      ),
    ]),
    rows: names.map((name) => [
      name,
      rows(ctx, `SELECT * FROM "${name}"`)
        .map((row) => JSON.stringify(Object.entries(row).sort()))
        .sort(),
    ]),
  };
}

const late = (statements: readonly string[]) => make('late', 1, sqlOf(statements));
const ran = (statements: readonly string[]) => make('ran', 2, sqlOf(statements));

/** The object has `base` and `other`, and then comes `one`, which stands between them. */
async function merge(ctx: DurableObjectState, one: Made, other: Made) {
  migrate(ctx, bundle1(base, other));
  await ctx.storage.sync();
  return bundle1(base, one, other);
}

describe('is applied, and leaves what a new object has:', () => {
  it.each<[string, string[], string[]]>([
    ['a new table', ['CREATE TABLE new (id integer PRIMARY KEY)'], REBUILT_USERS],
    [
      'a new table with rows',
      ['CREATE TABLE new (id integer PRIMARY KEY, x)', "INSERT INTO new VALUES (1, 'a'), (2, 'b')"],
      ['UPDATE users SET name = 1', 'CREATE TABLE other (id integer PRIMARY KEY)'],
    ],
    [
      'a table that refers to one that was rebuilt',
      ['CREATE TABLE new (id integer, user integer REFERENCES users(id))'],
      REBUILT_USERS,
    ],
    [
      'a column beside a column',
      ['ALTER TABLE users ADD a text'],
      ['ALTER TABLE users ADD b text'],
    ],
    [
      'a column beside rows',
      ["ALTER TABLE `users` ADD `a` text DEFAULT 'x' NOT NULL"],
      ["INSERT INTO users(id, name) VALUES (3, 'Cy')", 'UPDATE users SET name = 1 WHERE id = 2'],
    ],
    ['a column of another table', ['ALTER TABLE posts ADD a text'], REBUILT_USERS],
    [
      'an index beside rows and columns',
      ['CREATE INDEX by_name ON users (name)'],
      ['ALTER TABLE users ADD b text', 'DELETE FROM users WHERE id = 2'],
    ],
    [
      'a unique index beside a column',
      ['CREATE UNIQUE INDEX u ON users (name)'],
      ['ALTER TABLE users ADD b'],
    ],
    ['a view', ['CREATE VIEW named AS SELECT * FROM users'], ['ALTER TABLE users ADD b text']],
    [
      'a trigger beside rows of other tables',
      ['CREATE TRIGGER t AFTER DELETE ON users BEGIN DELETE FROM tags; END'],
      ["INSERT INTO tags VALUES ('x')", 'INSERT INTO posts(id) VALUES (30)'],
    ],
    [
      'rows beside rows, each with its key',
      ["INSERT INTO users(id, name) VALUES (3, 'Cy')"],
      ["INSERT INTO users(id, name) VALUES (4, 'Di')"],
    ],
    [
      'rows of a table whose key is a text',
      ["INSERT INTO tags VALUES ('a')"],
      ["INSERT INTO tags VALUES ('b')"],
    ],
    [
      'rows beside a column, named column by column',
      ['INSERT INTO users(name, id) VALUES (NULL, 3)'].map((one) => one.replace('NULL', "'Cy'")),
      ["ALTER TABLE users ADD b text DEFAULT 'x'"],
    ],
    [
      'rows beside a table that refers to theirs, and an index',
      ["INSERT INTO tags VALUES ('a')"],
      [
        'CREATE TABLE pins (label text REFERENCES tags(label))',
        'CREATE UNIQUE INDEX by_label ON tags (label)',
      ],
    ],
    ['rows beside changes of another table', ["INSERT INTO tags VALUES ('a')"], REBUILT_USERS],
    ['nothing at all', [], ['DELETE FROM users']],
  ])('%s', (_, one, other) =>
    inObject(async (ctx) => {
      const code = await merge(ctx, late(one), ran(other));
      const result = migrate(ctx, code);
      expect(result.outOfOrder).toEqual([{ key: 'm0001', tag: '20261122120100_late' }]);
      const merged = contents(ctx);
      await inObject((fresh) => {
        migrate(fresh, code);
        expect(merged).toEqual(contents(fresh));
      });
    }),
  );
});

const LIKES = 'INSERT INTO likes(post, label) VALUES (10, 1)';
const DOES_MORE = 'does more than add';

describe('is refused, with the statement that stands against it:', () => {
  it.each<[string, string[], string[], string, string?]>([
    [
      'a rebuild',
      REBUILT_USERS,
      ['ALTER TABLE users ADD b text'],
      DOES_MORE,
      'PRAGMA foreign_keys=OFF',
    ],
    ['a change of rows', ['UPDATE users SET name = 1'], ['SELECT 1'], DOES_MORE],
    ['a dropped column', ['ALTER TABLE users DROP COLUMN name'], ['SELECT 1'], DOES_MORE],
    ['rows in place of others', ['REPLACE INTO tags VALUES (1)'], ['SELECT 1'], DOES_MORE],
    [
      'rows or an update',
      ['INSERT INTO tags VALUES (1) ON CONFLICT DO UPDATE SET label = 2'],
      ['SELECT 1'],
      DOES_MORE,
    ],
    [
      'a common table expression',
      ['WITH a AS (SELECT 1) INSERT INTO tags SELECT * FROM a'],
      ['SELECT 1'],
      DOES_MORE,
    ],
    ['rows without their key', ["INSERT INTO users(name) VALUES ('Cy')"], ['SELECT 1'], DOES_MORE],
    ['rows whose key is NULL', ["INSERT INTO users VALUES (NULL, 'Cy')"], ['SELECT 1'], DOES_MORE],
    ['rows of defaults alone', ['INSERT INTO users DEFAULT VALUES'], ['SELECT 1'], DOES_MORE],
    [
      'rows whose key is counted on',
      ['INSERT INTO users(id) VALUES ((SELECT max(id) + 1 FROM users))'],
      ['SELECT 1'],
      DOES_MORE,
    ],
    [
      'rows of a table that nobody created',
      ['INSERT INTO unknown VALUES (1)'],
      ['SELECT 1'],
      DOES_MORE,
    ],
    [
      'rows that were updated',
      ['INSERT INTO users(id) VALUES (3)'],
      ["UPDATE users SET name = 'x'"],
      "UPDATE users SET name = 'x'",
    ],
    [
      'rows that were deleted',
      ['INSERT INTO users(id) VALUES (3)'],
      ['DELETE FROM users'],
      'DELETE FROM users',
    ],
    [
      'rows that were copied',
      ['INSERT INTO users(id) VALUES (3)'],
      ['INSERT INTO tags SELECT name FROM users'],
      'INSERT INTO tags SELECT name FROM users',
    ],
    [
      'rows of a table that was rebuilt',
      ['INSERT INTO users(id) VALUES (3)'],
      REBUILT_USERS,
      REBUILT_USERS[2],
    ],
    [
      'rows that a deleted parent takes along',
      [LIKES],
      ['DELETE FROM users WHERE id = 1'],
      'DELETE FROM users WHERE id = 1',
    ],
    ['rows that a dropped parent takes along', [LIKES], ['DROP TABLE posts'], 'DROP TABLE posts'],
    [
      'rows read from a table',
      ['INSERT INTO tags SELECT name FROM users'],
      ['SELECT 1'],
      DOES_MORE,
    ],
    [
      'rows with a NULL, where a key can be counted on',
      ['INSERT INTO users VALUES (3, NULL)'],
      ['SELECT 1'],
      DOES_MORE,
    ],
    [
      'rows beside rows without their key',
      ['INSERT INTO users(id) VALUES (3)'],
      ["INSERT INTO users(name) VALUES ('x')"],
      "INSERT INTO users(name) VALUES ('x')",
    ],
    [
      'rows beside rows or none',
      ["INSERT INTO tags VALUES ('a')"],
      ["INSERT OR IGNORE INTO tags VALUES ('b')"],
      "INSERT OR IGNORE INTO tags VALUES ('b')",
    ],
    ['rows or none', ["INSERT OR IGNORE INTO tags VALUES ('a')"], ['SELECT 1'], DOES_MORE],
    [
      'rows by place beside a column',
      ["INSERT INTO users VALUES (3, 'Cy')"],
      ['ALTER TABLE users ADD b text'],
      'ALTER TABLE users ADD b text',
    ],
    [
      'a column of a table that was rebuilt',
      ['ALTER TABLE users ADD a text'],
      REBUILT_USERS,
      REBUILT_USERS[3],
    ],
    [
      'a column of a table that was renamed',
      ['ALTER TABLE tags ADD a text'],
      ['ALTER TABLE tags RENAME TO labels'],
      'ALTER TABLE tags RENAME TO labels',
    ],
    [
      'a column beside rows by place',
      ['ALTER TABLE tags ADD a text'],
      ["INSERT INTO tags VALUES ('x')"],
      "INSERT INTO tags VALUES ('x')",
    ],
    [
      'a column beside a copy of all columns',
      ['ALTER TABLE tags ADD a text'],
      ['CREATE TABLE copy AS SELECT * FROM tags'],
      'CREATE TABLE copy AS SELECT * FROM tags',
    ],
    [
      'an index of a table that was rebuilt',
      ['CREATE INDEX i ON users (name)'],
      REBUILT_USERS,
      REBUILT_USERS[3],
    ],
    [
      'an index that was dropped',
      ['CREATE INDEX i ON users (name)'],
      ['DROP INDEX IF EXISTS i'],
      'DROP INDEX IF EXISTS i',
    ],
    [
      'a unique index beside rows',
      ['CREATE UNIQUE INDEX i ON tags (label)'],
      ["INSERT OR IGNORE INTO tags(label) VALUES ('x')"],
      "INSERT OR IGNORE INTO tags(label) VALUES ('x')",
    ],
    [
      'a unique index beside rows that a trigger inserts which came with them',
      ['CREATE UNIQUE INDEX i ON tags (label)'],
      [
        "CREATE TRIGGER t AFTER INSERT ON users BEGIN INSERT INTO tags(label) VALUES ('x'); END",
        'INSERT INTO users(id) VALUES (3)',
      ],
      'INSERT INTO users(id) VALUES (3)',
    ],
    [
      'a trigger on changed rows',
      ['CREATE TRIGGER t AFTER UPDATE ON users BEGIN DELETE FROM tags; END'],
      ['UPDATE users SET name = 1'],
      'UPDATE users SET name = 1',
    ],
    [
      'a trigger on inserted rows',
      ['CREATE TRIGGER t AFTER INSERT ON users BEGIN DELETE FROM tags; END'],
      ['INSERT INTO users(id) VALUES (3)'],
      'INSERT INTO users(id) VALUES (3)',
    ],
    [
      'a trigger on rows that a parent takes along',
      ['CREATE TRIGGER t AFTER DELETE ON posts BEGIN DELETE FROM tags; END'],
      ['DELETE FROM users'],
      'DELETE FROM users',
    ],
    [
      'a table that another one takes for granted',
      ['CREATE TABLE new (a)'],
      ['CREATE TABLE IF NOT EXISTS new (b)'],
      'CREATE TABLE IF NOT EXISTS new (b)',
    ],
    [
      'a table that was dropped',
      ['CREATE TABLE new (a)'],
      ['DROP TABLE IF EXISTS `new`'],
      'DROP TABLE IF EXISTS `new`',
    ],
    [
      'a table of what a query finds, though a text in it is a dot',
      ["CREATE TABLE new AS SELECT '.' || label AS x FROM tags"],
      ["INSERT INTO tags (label) VALUES ('x')"],
      DOES_MORE,
    ],
    ['a table of what a query finds', ['CREATE TABLE new AS SELECT 1'], ['SELECT 1'], DOES_MORE],
    [
      'a table that refers to one that was renamed',
      ['CREATE TABLE new (a REFERENCES tags(label))'],
      ['ALTER TABLE tags RENAME TO labels'],
      'ALTER TABLE tags RENAME TO labels',
    ],
    [
      'a view of a table that was renamed',
      ['CREATE VIEW v AS SELECT * FROM tags'],
      ['ALTER TABLE tags RENAME TO labels'],
      'ALTER TABLE tags RENAME TO labels',
    ],
  ])('%s', (_, one, other, against, statement) =>
    inObject(async (ctx) => {
      const code = await merge(ctx, late(one), ran(other));
      const before = dump(ctx);
      const error = thrown<AdoptionError>(() => migrate(ctx, code));
      const reason =
        against === DOES_MORE
          ? DOES_MORE
          : `stands against "${against}" of m0002 (20261122120200_ran)`;
      expect(error.message).toBe(
        '[SKIPPED_MIGRATION] m0001 (20261122120100_late) was never applied in this object, though m0002 (20261122120200_ran) was. ' +
          'Applied now, it may not leave what a new object has:\n' +
          `  m0001 (20261122120100_late): "${statement ?? one[0]}" ${reason}\n` +
          "Write a new migration with what it should have done and pass skipped: 'ignore', or pass skipped: 'apply' if " +
          'it is safe to run now.',
      );
      expect(error).toMatchObject({ code: 'SKIPPED_MIGRATION', keys: ['m0001'] });
      expect(dump(ctx)).toEqual(before);
      expect(migrate(ctx, code, { skipped: 'ignore' }).ignored).toHaveLength(1);
    }),
  );

  it('rows of a table with a trigger, whoever created it', () =>
    inObject(async (ctx) => {
      const trigger = make(
        'trigger',
        0,
        'CREATE TRIGGER t AFTER INSERT ON tags BEGIN UPDATE users SET name = 1; END',
      );
      migrate(ctx, bundle1(base, trigger, ran(['SELECT 1'])));
      const code = bundle1(base, trigger, late(['INSERT INTO tags VALUES (1)']), ran(['SELECT 1']));
      expect(thrown(() => migrate(ctx, code)).message).toContain(
        '"INSERT INTO tags VALUES (1)" does more than add',
      );
    }));

  it('rows that a trigger of another table changed', () =>
    inObject(async (ctx) => {
      const trigger = make(
        'trigger',
        0,
        'CREATE TRIGGER t AFTER INSERT ON posts BEGIN DELETE FROM tags; END',
      );
      const other = ran(['INSERT INTO posts(id) VALUES (30)']);
      migrate(ctx, bundle1(base, trigger, other));
      const code = bundle1(base, trigger, late(["INSERT INTO tags VALUES ('a')"]), other);
      expect(thrown(() => migrate(ctx, code)).message).toContain(
        'stands against "INSERT INTO posts(id) VALUES (30)" of m0003',
      );
    }));

  it('not for a trigger that is still to come: it comes later in a new object too', () =>
    inObject(async (ctx) => {
      const other = ran(['SELECT 1']);
      migrate(ctx, bundle1(base, other));
      const trigger = make(
        'trigger',
        3,
        'CREATE TRIGGER t AFTER INSERT ON tags BEGIN UPDATE users SET name = 1; END',
      );
      const code = bundle1(base, late(["INSERT INTO tags VALUES ('a')"]), other, trigger);
      expect(migrate(ctx, code).applied.map(({ key }) => key)).toEqual(['m0001', 'm0003']);
      expect(rows(ctx, 'SELECT name FROM users WHERE id = 1')).toEqual([{ name: 'Ada' }]);
    }));

  it('a command to FTS5, which looks like a row', () =>
    inObject(async (ctx) => {
      const search = make('search', 0, 'CREATE VIRTUAL TABLE search USING fts5(text)');
      const other = ran(["INSERT INTO search(rowid, text) VALUES (1, 'kept')"]);
      migrate(ctx, bundle1(base, search, other));
      const command = late(["INSERT INTO search(search) VALUES ('delete-all')"]);
      expect(thrown(() => migrate(ctx, bundle1(base, search, command, other)))).toMatchObject({
        code: 'SKIPPED_MIGRATION',
      });
      expect(rows(ctx, 'SELECT text FROM search')).toEqual([{ text: 'kept' }]);
    }));

  it('a column that changes places with another, where one to come goes by their order', () =>
    inObject(async (ctx) => {
      const [one, other] = [
        late(['ALTER TABLE tags ADD a text']),
        ran(['ALTER TABLE tags ADD b text']),
      ];
      await merge(ctx, one, other);
      const next = make('next', 3, "INSERT INTO tags VALUES ('x', 'a', 'b')");
      const error = thrown(() => migrate(ctx, bundle1(base, one, other, next)));
      expect(error.message).toContain(
        `"ALTER TABLE tags ADD a text" stands against "${next.sql}" of m0003 (20261122120300_next)`,
      );
      const named = { ...next, sql: "INSERT INTO tags(label, a, b) VALUES ('x', 'a', 'b')" };
      expect(migrate(ctx, bundle1(base, one, other, named)).outOfOrder).toHaveLength(1);
      expect(rows(ctx, 'SELECT a, b FROM tags')).toEqual([{ a: 'a', b: 'b' }]);
    }));

  it('not for a table whose rows are still to come: they come later in a new object too', () =>
    inObject(async (ctx) => {
      const [one, other] = [late(['CREATE TABLE new (a)']), ran(['SELECT 1'])];
      await merge(ctx, one, other);
      const next = make('next', 3, 'INSERT INTO new VALUES (1)');
      const result = migrate(ctx, bundle1(base, one, other, next));
      expect(result.applied.map(({ key }) => key)).toEqual(['m0001', 'm0003']);
      expect(rows(ctx, 'SELECT a FROM new')).toEqual([{ a: 1 }]);
    }));

  it('each with its reason, where there are several', () =>
    inObject(async (ctx) => {
      const other = ran(['DELETE FROM tags']);
      migrate(ctx, bundle1(base, other));
      const drop = make('drop', 1, 'DROP TABLE likes');
      const fine = { ...make('fine', 1), when: drop.when + 1000 };
      const insert = { ...late(["INSERT INTO tags VALUES ('a')"]), when: drop.when + 2000 };
      const error = thrown<AdoptionError>(() =>
        migrate(ctx, bundle1(base, drop, fine, insert, other)),
      );
      expect(error.message.split('\n').slice(1, -1)).toEqual([
        '  m0001 (20261122120100_drop): "DROP TABLE likes" does more than add',
        '  m0003 (20261122120102_late): "INSERT INTO tags VALUES (\'a\')" stands against "DELETE FROM tags" of m0004 (20261122120200_ran)',
      ]);
      expect(error.keys).toEqual(['m0001', 'm0003']);
    }));

  it('with as much of a long statement as fits in a line', () =>
    inObject(async (ctx) => {
      const fits = `UPDATE users SET name = '${'x'.repeat(74)}'`;
      const long = `UPDATE\n\t users  SET name = '${'x'.repeat(75)}'`;
      const [one, two] = [late([fits]), { ...late([long]), when: late([]).when + 1000 }];
      const other = ran(['SELECT 1']);
      await merge(ctx, one, other);
      const error = thrown(() => migrate(ctx, bundle1(base, one, two, other)));
      expect(fits).toHaveLength(100);
      expect(error.message.split('\n').slice(1, -1)).toEqual([
        `  m0001 (20261122120100_late): "${fits}" does more than add`,
        `  m0002 (20261122120101_late): "${fits.slice(0, -1)}x…" does more than add`,
      ]);
    }));

  it('even what only adds, with skipped: error, and says that nothing stands against it', () =>
    inObject(async (ctx) => {
      const code = await merge(ctx, late(['CREATE TABLE new (x)']), ran(['SELECT 1']));
      expect(thrown(() => migrate(ctx, code, { skipped: 'error' })).message).toContain(
        '\n  m0001 (20261122120100_late): nothing stands against it\n',
      );
    }));
});

describe('a rebuild that stands last and was made before what came to its table', () => {
  const column = make('column', 3, 'ALTER TABLE users ADD email text');
  const rebuild = make('rebuild', 2, sqlOf(REBUILT_USERS));
  /** The order of the journal: the rebuild's branch was merged last. */
  const merged = (...more: Made[]) => bundle0(base, column, rebuild, ...more);
  const emails = (ctx: DurableObjectState) => rows(ctx, 'SELECT email FROM users ORDER BY id');

  const had = async (ctx: DurableObjectState, added = column) => {
    await runDrizzle0(ctx, bundle0(base, added));
    if (added === column) ctx.storage.sql.exec("UPDATE users SET email = 'a@b.c' WHERE id = 1");
    await ctx.storage.sync();
  };

  it('is refused, where Drizzle skips it and it would take the column and its values away', () =>
    inObject(async (ctx) => {
      await had(ctx);
      await runDrizzle0(ctx, merged());
      const before = dump(ctx);
      const error = thrown<AdoptionError>(() => migrate(ctx, merged()));
      expect(error.message).toBe(
        '[SKIPPED_MIGRATION] m0002 (20261122120200_rebuild) was never applied in this object, though m0001 (20261122120300_column) was. ' +
          'Applied now, it may not leave what a new object has:\n' +
          '  m0002 (20261122120200_rebuild): "DROP TABLE `users`" stands against "ALTER TABLE users ADD email text" of ' +
          'm0001 (20261122120300_column)\n' +
          "Write a new migration with what it should have done and pass skipped: 'ignore', or pass skipped: 'apply' if " +
          'it is safe to run now.',
      );
      expect(error).toMatchObject({ code: 'SKIPPED_MIGRATION', keys: ['m0002'] });
      expect(dump(ctx)).toEqual(before);
      expect(migrate(ctx, merged(), { skipped: 'ignore' })).toMatchObject({
        ignored: [{ key: 'm0002' }],
        applied: [],
      });
      expect(emails(ctx)).toEqual([{ email: 'a@b.c' }, { email: null }]);
    }));

  it.each([
    ['an index', 'CREATE INDEX by_name ON users (name)'],
    ['a trigger', 'CREATE TRIGGER t AFTER DELETE ON users BEGIN DELETE FROM tags; END'],
  ])('is refused where %s came', (_, sql) =>
    inObject(async (ctx) => {
      const other = { ...column, sql };
      await had(ctx, other);
      const error = thrown(() => migrate(ctx, bundle0(base, other, rebuild)));
      expect(error.message).toContain(`"DROP TABLE \`users\`" stands against "${sql}" of m0001`);
    }),
  );

  const KEY = 'id integer PRIMARY KEY NOT NULL';
  const copies = (columns: string, copied: string) => sqlOf(rebuildOf('users', columns, copied));
  it.each([
    [
      'whose name is a keyword of a rebuild',
      'ALTER TABLE users ADD `text` text',
      "UPDATE users SET `text` = 'kept'",
      rebuild.sql.replace('name text', "name text CHECK (name <> ',')"),
    ],
    ['called key', 'ALTER TABLE users ADD key', "UPDATE users SET key = 'kept'", rebuild.sql],
    [
      'that another table has',
      'ALTER TABLE users ADD label text',
      "UPDATE users SET label = 'kept'",
      `${rebuild.sql};CREATE TABLE other (label text);INSERT INTO other (label) VALUES ('x')`,
    ],
    [
      'that a constraint names',
      'ALTER TABLE users ADD label text',
      "UPDATE users SET label = 'kept'",
      copies(`${KEY}, name text REFERENCES tags (label), CHECK (id > 0)`, 'id, name'),
    ],
    [
      'that is defined, but not copied',
      'ALTER TABLE users ADD zebra text',
      "UPDATE users SET zebra = 'kept'",
      copies(`${KEY}, name text, zebra text`, 'id, name'),
    ],
    [
      'that came by a rebuild',
      copies(`${KEY}, name text, zebra text`, 'id, name').replace(/PRAGMA.*\n.*\n/, ''),
      "UPDATE users SET zebra = 'kept'",
      rebuild.sql,
    ],
    [
      'that came by a rebuild under another name',
      "CREATE TABLE u2 (id integer PRIMARY KEY, name, 'check' text, UNIQUE (name));" +
        'INSERT INTO u2 (id, name) SELECT id, name FROM users;' +
        'DROP TABLE users; ALTER TABLE u2 RENAME TO users',
      "UPDATE users SET `check` = 'kept'",
      rebuild.sql,
    ],
    [
      'that a query defined',
      "CREATE TABLE u2 AS SELECT id, name, 'x' AS zebra FROM users;" +
        'DROP TABLE users; ALTER TABLE u2 RENAME TO users',
      "UPDATE users SET zebra = 'kept'",
      rebuild.sql,
    ],
    [
      'that was renamed',
      'ALTER TABLE users ADD a; ALTER TABLE users RENAME COLUMN a TO zebra',
      "UPDATE users SET zebra = 'kept'",
      copies(`${KEY}, name text, a text`, 'id, name'),
    ],
    [
      'that was there before and came again',
      'ALTER TABLE users ADD a; ALTER TABLE users DROP COLUMN a; ALTER TABLE users ADD a',
      "UPDATE users SET a = 'kept'",
      rebuild.sql,
    ],
  ])('is refused where it would take away a column %s', (_, sql, write, late) =>
    inObject(async (ctx) => {
      const other = { ...column, sql };
      const blind = { ...rebuild, sql: late };
      migrate(ctx, bundle0(base, other));
      ctx.storage.sql.exec(write);
      await ctx.storage.sync();
      const before = dump(ctx);
      expect(thrown(() => migrate(ctx, bundle0(base, other, blind)))).toMatchObject({
        code: 'SKIPPED_MIGRATION',
        keys: ['m0002'],
      });
      expect(dump(ctx)).toEqual(before);
    }),
  );

  it.each([
    ['an index', 'CREATE INDEX by_name ON users (name)', 'by_name'],
    ['a trigger', 'CREATE TRIGGER t1 AFTER DELETE ON users BEGIN DELETE FROM tags; END', 't1'],
  ])('is refused where it only names %s, and runs where it creates it again', (_, sql, name) =>
    inObject(async (ctx) => {
      const other = { ...column, sql };
      migrate(ctx, bundle0(base, other));
      await ctx.storage.sync();
      const naming = { ...rebuild, sql: `${rebuild.sql};CREATE TABLE ${name}_2 (${name} text)` };
      expect(thrown(() => migrate(ctx, bundle0(base, other, naming)))).toMatchObject({
        code: 'SKIPPED_MIGRATION',
      });
      const aware = { ...rebuild, sql: `${rebuild.sql};${sql}` };
      expect(migrate(ctx, bundle0(base, other, aware)).applied).toHaveLength(1);
    }),
  );

  it('runs after a clock that was wrong, without what was dropped or renamed since', () =>
    inObject(async (ctx) => {
      const first = {
        ...make(
          'first',
          0,
          `CREATE TABLE notes (${KEY}, a text, b text, c text, d text REFERENCES tags(label), CHECK (a > b), ` +
            'CONSTRAINT one UNIQUE (b, d))',
        ),
        when: Date.UTC(2099, 0, 1),
      };
      const steps = [
        make('rename', 2, 'ALTER TABLE notes RENAME COLUMN c TO cc'),
        make(
          'fewer',
          4,
          sqlOf(rebuildOf('notes', `${KEY}, a text, b text, cc text, d text`, 'id, a, b, cc, d')),
        ),
        make('column', 5, 'ALTER TABLE notes DROP COLUMN b'),
        make('again', 6, sqlOf(rebuildOf('notes', `${KEY}, a, cc, d`, 'id, a, cc, d'))),
      ];
      const code: Made[] = [base, first];
      for (const step of steps) {
        migrate(ctx, bundle0(...code));
        await ctx.storage.sync();
        code.push(step);
        expect(migrate(ctx, bundle0(...code)).applied).toHaveLength(1);
        await ctx.storage.sync();
      }
      expect(
        rows(ctx, "SELECT name FROM pragma_table_info('notes')").map((row) => row.name),
      ).toEqual(['id', 'a', 'cc', 'd']);
    }));

  it.each([
    ['another table changed', 'ALTER TABLE tags ADD a text'],
    ['rows changed', "UPDATE users SET name = 'x'"],
    ['rows came', 'INSERT INTO users(id) VALUES (3)'],
  ])('runs where only %s, and a new object gets the same', (_, sql) =>
    inObject(async (ctx) => {
      const other = { ...column, sql };
      migrate(ctx, bundle0(base, other));
      await ctx.storage.sync();
      const result = migrate(ctx, bundle0(base, other, rebuild));
      expect(result.applied).toEqual([{ key: 'm0002', tag: '20261122120200_rebuild' }]);
      expect(result.outOfOrder).toEqual([]);
      const found = contents(ctx);
      await inObject((fresh) => {
        migrate(fresh, bundle0(base, other, rebuild));
        expect(found).toEqual(contents(fresh));
      });
    }),
  );

  it('runs where it was made in the same millisecond: the order of the journal says what it knew', () =>
    inObject(async (ctx) => {
      migrate(ctx, bundle0(base, column));
      await ctx.storage.sync();
      const same = { ...rebuild, when: column.when };
      expect(migrate(ctx, bundle0(base, column, same)).applied).toHaveLength(1);
      expect(rows(ctx, "SELECT name FROM pragma_table_info('users')")).toHaveLength(2);
    }));

  it('runs with a new object, in its place', () =>
    inObject((ctx) => {
      expect(migrate(ctx, merged()).applied).toHaveLength(3);
      expect(rows(ctx, "SELECT name FROM pragma_table_info('users')")).toHaveLength(2);
    }));

  it('goes on after a clock that was wrong: what knows of the column names it', () =>
    inObject(async (ctx) => {
      const future = { ...column, when: Date.UTC(2099, 0, 1) };
      migrate(ctx, bundle0(base, future));
      ctx.storage.sql.exec("UPDATE users SET email = 'a@b.c' WHERE id = 1");
      await ctx.storage.sync();
      const aware = make(
        'aware',
        4,
        sqlOf(
          rebuildOf('users', 'id integer PRIMARY KEY NOT NULL, name, email', 'id, name, email'),
        ),
      );
      const after = [make('after', 5), make('drop', 6, 'DROP TABLE likes')];
      expect(migrate(ctx, bundle0(base, future, aware, ...after)).applied).toHaveLength(3);
      expect(emails(ctx)).toEqual([{ email: 'a@b.c' }, { email: null }]);
      await ctx.storage.sync();
      const error = thrown(() =>
        migrate(ctx, bundle0(base, future, aware, ...after, { ...rebuild, tag: '0005_blind' })),
      );
      expect(error).toMatchObject({ code: 'SKIPPED_MIGRATION' });
    }));
});

/** Each of these was once applied, or is like one that was. With `apply` it still is, which shows the difference. */
describe('is refused, for a new object has something else:', () => {
  const T = 'CREATE TABLE t (id integer PRIMARY KEY, n integer)';
  const V = 'CREATE VIEW v AS SELECT * FROM t';
  const COPY = 'CREATE TABLE copy AS SELECT * FROM v';
  const K = 'CREATE TABLE k (id integer PRIMARY KEY, p integer REFERENCES p(id) ON UPDATE CASCADE)';
  const P = ['CREATE TABLE p (id integer PRIMARY KEY)', K, 'CREATE TABLE log (n integer)'];
  const SEARCH = "CREATE VIRTUAL TABLE search USING fts5(n, content='t', content_rowid='id')";
  const ADD = ['ALTER TABLE t ADD c1 text'];
  const BY_PLACE = ['CREATE TABLE t (id integer PRIMARY KEY)', 'CREATE TABLE src (id, a text)'];
  const TRIGGER =
    "CREATE TRIGGER s AFTER INSERT ON src BEGIN INSERT INTO t VALUES (NEW.id, NEW.a, 'second'); END";
  const onUpdate = (table: string) =>
    `CREATE TRIGGER u AFTER UPDATE ON ${table} BEGIN INSERT INTO log VALUES (NEW.id); END`;

  it.each<[string, string[], string[], string[], string[]?]>([
    [
      'rows that a view was asked for',
      [T, V, 'CREATE TABLE totals (id integer PRIMARY KEY, n integer)'],
      ['INSERT INTO t (id, n) VALUES (1, 5)'],
      ['INSERT INTO totals (id, n) SELECT 1, count(*) FROM v'],
    ],
    [
      'rows that a view of a view was asked for',
      [T, V, 'CREATE VIEW w AS SELECT id FROM v', 'CREATE TABLE totals (id, n)'],
      ['INSERT INTO t (id, n) VALUES (1, 5)'],
      ['INSERT INTO totals (id, n) SELECT 1, count(*) FROM w'],
    ],
    [
      'rows that a trigger asked a view for',
      [
        T,
        V,
        'CREATE TABLE totals (n)',
        'CREATE TRIGGER s AFTER INSERT ON tags BEGIN INSERT INTO totals SELECT count(*) FROM v; END',
      ],
      ['INSERT INTO t (id, n) VALUES (1, 5)'],
      ["INSERT INTO tags (label) VALUES ('x')"],
    ],
    [
      'rows that a search was built of',
      [T, SEARCH],
      ['INSERT INTO t (id, n) VALUES (1, 5)'],
      ["INSERT INTO search (search) VALUES ('rebuild')"],
    ],
    ['a column that a view takes along', [T, V], ['ALTER TABLE t ADD c text'], [COPY]],
    [
      'rows that a view was asked for whose table was renamed',
      [T, V, 'CREATE TABLE totals (n)', 'ALTER TABLE t RENAME TO t2'],
      ['INSERT INTO t2 (id, n) VALUES (1, 5)'],
      ['INSERT INTO totals (n) SELECT count(*) FROM v'],
    ],
    [
      'rows that a search was built of, which was renamed',
      [T, SEARCH, 'ALTER TABLE search RENAME TO found'],
      ['INSERT INTO t (id, n) VALUES (1, 5)'],
      ["INSERT INTO found (found) VALUES ('rebuild')"],
    ],
    [
      'columns by place in a trigger that was first, of a table that was renamed',
      [...BY_PLACE, TRIGGER, 'ALTER TABLE t RENAME TO t2'],
      ['ALTER TABLE t2 ADD c1 text'],
      ['ALTER TABLE t2 ADD c2 text'],
      ["INSERT INTO src VALUES (1, 'first')"],
    ],
    [
      'a column that a view takes along later',
      [T, V, 'INSERT INTO t (id) VALUES (1)', 'CREATE TABLE pairs (id, n, c, d)'],
      ["ALTER TABLE t ADD c text DEFAULT 'c'"],
      ["ALTER TABLE t ADD d text DEFAULT 'd'"],
      ['INSERT INTO pairs (id, n, c, d) SELECT * FROM v'],
    ],
    [
      'rows of what a view says',
      [T, ...P, 'CREATE VIEW pv AS SELECT count(*) c FROM p'],
      ['INSERT INTO t (id, n) VALUES (7, (SELECT c FROM pv))'],
      ['INSERT INTO p (id) VALUES (1)'],
    ],
    [
      'columns by place behind a common table expression',
      BY_PLACE,
      ADD,
      ['ALTER TABLE t ADD c2 text'],
      ["WITH x(a, b, c) AS (VALUES (1, 'for c1', 'for c2')) INSERT INTO t SELECT a, b, c FROM x"],
    ],
    [
      'columns by place in a trigger',
      BY_PLACE,
      ADD,
      ['ALTER TABLE t ADD c2 text', TRIGGER],
      ["INSERT INTO src VALUES (1, 'first')"],
    ],
    [
      'columns by place in a trigger to come',
      BY_PLACE,
      ADD,
      ['ALTER TABLE t ADD c2 text'],
      [TRIGGER, "INSERT INTO src VALUES (1, 'first')"],
    ],
    [
      'columns by place in a trigger that was first',
      [...BY_PLACE, TRIGGER],
      ADD,
      ['ALTER TABLE t ADD c2 text'],
      ["INSERT INTO src VALUES (1, 'first')"],
    ],
    [
      'a column that a natural join goes by',
      [
        T,
        'CREATE TABLE u (k integer)',
        'CREATE TABLE totals (n)',
        'INSERT INTO t (id) VALUES (1)',
        'INSERT INTO u VALUES (1)',
      ],
      ['ALTER TABLE t ADD k integer'],
      ['INSERT INTO totals SELECT id FROM t NATURAL JOIN u'],
    ],
    [
      'a column that a natural join in a view goes by',
      [
        T,
        'CREATE TABLE u (k integer)',
        'CREATE TABLE totals (n)',
        'INSERT INTO t (id) VALUES (1)',
        'INSERT INTO u VALUES (1)',
        'CREATE VIEW v AS SELECT id FROM t NATURAL JOIN u',
      ],
      ['ALTER TABLE t ADD k integer'],
      ['INSERT INTO totals SELECT id FROM v'],
    ],
    [
      'a key that is an expression',
      [T],
      ['INSERT INTO t (id, n) VALUES (nullif(1, 1), 3)'],
      ['INSERT INTO t (id, n) VALUES (9, 4)'],
    ],
    [
      'a key that divides by zero',
      [T],
      ['INSERT INTO t (id, n) VALUES (1 / 0, 3)'],
      ['INSERT INTO t (id, n) VALUES (9, 4)'],
    ],
    [
      'rows that a query finds, beside plain ones',
      [T, 'INSERT INTO t (id) VALUES (1)'],
      ['INSERT INTO t (id, n) SELECT id + 1, n FROM t UNION VALUES (50, 6)'],
      ['INSERT INTO t (id, n) VALUES (9, 4)'],
    ],
    [
      'the number of the last row',
      [T],
      ['INSERT INTO t (id, n) VALUES (1, last_insert_rowid())'],
      ['INSERT INTO t (id, n) VALUES (9, 4)'],
    ],
    [
      'a trigger on rows that an upsert of the parent changes',
      [...P, 'INSERT INTO p VALUES (1)', 'INSERT INTO k VALUES (1, 1)'],
      [onUpdate('k')],
      ['INSERT INTO p (id) VALUES (1) ON CONFLICT DO UPDATE SET id = 50'],
    ],
    [
      'a trigger on rows of a table that was renamed',
      [
        ...P,
        'INSERT INTO p VALUES (1)',
        'INSERT INTO k VALUES (1, 1)',
        'ALTER TABLE k RENAME TO k2',
      ],
      [onUpdate('k2')],
      ['UPDATE p SET id = 50'],
    ],
    [
      'a trigger on rows whose parent was renamed',
      [
        ...P,
        'INSERT INTO p VALUES (1)',
        'INSERT INTO k VALUES (1, 1)',
        'ALTER TABLE p RENAME TO p2',
      ],
      [onUpdate('k')],
      ['UPDATE p2 SET id = 50'],
    ],
    [
      'rows of a table with a trigger, both renamed',
      [
        T,
        'CREATE TABLE log (n)',
        'CREATE TRIGGER i AFTER INSERT ON t BEGIN INSERT INTO log SELECT count(*) FROM tags; END',
        'ALTER TABLE t RENAME TO t2',
      ],
      ['INSERT INTO t2 (id, n) VALUES (1, 5)'],
      ["INSERT INTO tags VALUES ('x')"],
    ],
  ])('%s', (_, first, one, other, next = []) =>
    inObject(async (ctx) => {
      const start = make('start', 0, sqlOf(first));
      const coming = next.length > 0 ? [make('next', 3, sqlOf(next))] : [];
      const all = [base, start, late(one), ran(other), ...coming];
      migrate(ctx, bundle1(base, start, ran(other)));
      await ctx.storage.sync();
      const before = dump(ctx);
      const error = thrown<AdoptionError>(() => migrate(ctx, bundle1(...all)));
      expect(error).toMatchObject({ code: 'SKIPPED_MIGRATION', keys: ['m0002'] });
      expect(dump(ctx)).toEqual(before);
      // It would have made a difference.
      migrate(ctx, bundle1(...all), { skipped: 'apply' });
      const found = contents(ctx);
      await inObject((fresh) => {
        migrate(fresh, bundle1(...all));
        expect(found).not.toEqual(contents(fresh));
      });
    }),
  );
});
