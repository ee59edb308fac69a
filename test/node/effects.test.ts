// What is read from the words of a statement, form by form. What comes of it in an object is in ../workers/late.test.ts.
import { describe, expect, it } from 'vitest';
import {
  type Effect,
  effectOf,
  goesByOrder,
  losesWhatWasAdded,
  onlyAdds,
  standsAgainst,
} from '../../src/sql/effects.ts';

const effects = (...statements: readonly string[]): Effect[] => statements.map(effectOf);

describe('a statement', () => {
  it.each<[string, Pick<Effect, 'kind' | 'name' | 'table'>]>([
    ['CREATE TABLE IF NOT EXISTS main.users (a)', { kind: 'table', name: 'USERS', table: 'USERS' }],
    ['CREATE VIRTUAL TABLE s USING fts5(a)', { kind: 'table', name: 'S', table: 'S' }],
    ['CREATE VIEW v AS SELECT 1', { kind: 'view', name: 'V', table: 'V' }],
    ['CREATE UNIQUE INDEX i ON t (a)', { kind: 'index', name: 'I', table: 'T' }],
    [
      'CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END',
      { kind: 'trigger', name: 'G', table: 'T' },
    ],
    ['ALTER TABLE main.t ADD COLUMN a', { kind: 'column', name: 'A', table: 'T' }],
    ['ALTER TABLE t RENAME TO u', { kind: 'rewrite', name: 'U', table: 'T' }],
    ['DROP TABLE IF EXISTS t', { kind: 'rewrite', name: 'T', table: 'T' }],
    ['INSERT INTO t VALUES (1)', { kind: 'insert', name: 'T', table: 'T' }],
    ['INSERT OR IGNORE INTO t VALUES (1)', { kind: 'change', name: 'T', table: 'T' }],
    ['REPLACE INTO t VALUES (1)', { kind: 'change', name: 'T', table: 'T' }],
    ['UPDATE OR IGNORE t SET a = 1', { kind: 'change', name: 'T', table: 'T' }],
    ['DELETE FROM t', { kind: 'change', name: 'T', table: 'T' }],
    ['SELECT 1', { kind: 'none', name: '', table: '' }],
    ['WITH x AS (SELECT 1) DELETE FROM t', { kind: 'change', name: '', table: '' }],
  ])('is told by its first words: %s', (text, expected) => {
    expect(effectOf(text)).toMatchObject(expected);
    // The same words further behind say nothing of it.
    expect(effectOf(`EXPLAIN ${text}`)).toMatchObject({ kind: 'change', name: '', table: '' });
  });

  it('has names that are no signs, though they may hold some', () => {
    expect(effectOf('SELECT "a b", ".", "a.", ".a"').all).toEqual([
      'SELECT',
      'A_B',
      ',',
      '_',
      ',',
      'A.',
      ',',
      '.A',
    ]);
  });
});

describe('rows', () => {
  it.each<[string, string[], string]>([
    [
      'without the key, which is defined with more words',
      ['CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, n)'],
      'INSERT INTO t (n) VALUES (1)',
    ],
    [
      'without the key, which is defined behind the columns',
      ['CREATE TABLE t (id INTEGER, n, PRIMARY KEY (id))'],
      'INSERT INTO t (n) VALUES (1)',
    ],
    [
      'without the key that the table had before it was created again',
      ['CREATE TABLE t (id INTEGER PRIMARY KEY, n)', 'DROP TABLE t', 'CREATE TABLE t (n)'],
      'INSERT INTO t (n) VALUES (1)',
    ],
    [
      'of a function with a digit in its name',
      ['CREATE TABLE t (id INTEGER PRIMARY KEY, n)'],
      'INSERT INTO t (id, n) VALUES (1, log10(100))',
    ],
  ])('%s are no plain rows: another object might get others', (_, first, insert) => {
    expect(onlyAdds(effectOf(insert), effects(...first))).toBe(false);
    const plain = effectOf('INSERT INTO t (id, n) VALUES (1, 2)');
    expect(onlyAdds(plain, effects('CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, n)'))).toBe(
      true,
    );
  });
});

describe('a statement that ran stands against a late one', () => {
  const first = [
    'CREATE TABLE users (id INTEGER PRIMARY KEY)',
    'CREATE TABLE posts (id INTEGER PRIMARY KEY, author REFERENCES users(id) ON DELETE CASCADE)',
    'CREATE TABLE likes (id INTEGER PRIMARY KEY, post REFERENCES posts(id) ON DELETE CASCADE)',
    'CREATE TABLE tags (label TEXT PRIMARY KEY)',
  ];
  const trigger = (name: string, table: string) =>
    `CREATE TRIGGER ${name} AFTER INSERT ON ${table} BEGIN DELETE FROM users; END`;
  const stands = (late: string, ran: string) => {
    const [one, other] = effects(late, ran) as [Effect, Effect];
    return standsAgainst(one, other, effects(...first, late, ran));
  };

  it.each([
    [
      'that deletes behind a common table expression, as the rows may go with their parent',
      'INSERT INTO likes (id) VALUES (1)',
      'WITH x AS (SELECT 1) DELETE FROM users',
    ],
    [
      'that changes the table of a new column behind a common table expression',
      'ALTER TABLE tags ADD a',
      'WITH x AS (SELECT 1) UPDATE tags SET label = 1',
    ],
    [
      'that gave another table the name of the one with the index',
      'CREATE INDEX i ON tags (label)',
      'ALTER TABLE old RENAME TO tags',
    ],
    [
      'that gave another table the name of the one with the column',
      'ALTER TABLE tags ADD a',
      'ALTER TABLE old RENAME TO tags',
    ],
    [
      'that creates the table of the rows once more',
      "INSERT INTO tags VALUES ('a')",
      'CREATE TABLE IF NOT EXISTS tags (label TEXT PRIMARY KEY)',
    ],
    [
      'that creates another trigger of the table: they fire in the order in which they came',
      trigger('one', 'tags'),
      trigger('two', 'tags'),
    ],
  ])('%s', (_, late, ran) => {
    expect(stands(late, ran)).toBe(true);
  });

  it.each([
    ['a trigger of another table', trigger('one', 'tags'), trigger('two', 'posts')],
    [
      'an index of the table of a trigger',
      trigger('one', 'tags'),
      'CREATE INDEX i ON tags (label)',
    ],
    ['two indexes', 'CREATE INDEX i ON tags (label)', 'CREATE INDEX j ON tags (label)'],
    [
      'a change beside a table with a column called insert',
      'CREATE TABLE new ("insert" text)',
      'WITH x AS (SELECT 1) DELETE FROM tags',
    ],
    [
      'a column beside rows with their names',
      'ALTER TABLE tags ADD a',
      "INSERT INTO tags (label) VALUES ('x')",
    ],
  ])('but not %s', (_, late, ran) => {
    expect(stands(late, ran)).toBe(false);
  });

  it('that goes by the order of columns, but not one that counts rows', () => {
    const ask = (text: string) => goesByOrder(effectOf(text), 'TAGS', []);
    expect(ask('CREATE TABLE copy AS SELECT * FROM tags')).toBe(true);
    expect(ask('INSERT INTO n SELECT count(*) FROM tags')).toBe(true);
    expect(ask('INSERT INTO n (n) SELECT count(*) FROM tags')).toBe(false);
  });
});

describe('a rebuild', () => {
  /** Whether a rebuild of `users` with these columns takes away what `added` brought. */
  const loses = (
    added: readonly string[],
    { defined = 'id, name', copied = 'id, name', more = [] as string[] } = {},
  ) => {
    const rebuild = effects(
      `CREATE TABLE __new_users (${defined})`,
      `INSERT INTO __new_users (${copied}) SELECT ${copied} FROM users`,
      'DROP TABLE users',
      'ALTER TABLE __new_users RENAME TO users',
      ...more,
    );
    const applied = effects('CREATE TABLE users (id INTEGER PRIMARY KEY, name)', ...added);
    const drop = rebuild[2] as Effect;
    return applied.slice(1).some((one) => losesWhatWasAdded(drop, rebuild, one, applied));
  };
  const WITH_ZEBRA = { defined: 'id, name, zebra', copied: 'id, name, zebra' };

  /** Another rebuild that came before, with a column behind all that may stand in parentheses. */
  const rebuilt = (column: string) => [
    "CREATE TABLE __new_users (id INTEGER PRIMARY KEY, name CHECK (name IN ('p', q, r) AND (id > 0))," +
      ` ${column} text DEFAULT (abs(1)), CONSTRAINT c UNIQUE (name, id), UNIQUE (name), PRIMARY KEY (id),` +
      ' CHECK (id > 0), FOREIGN KEY (name) REFERENCES tags (label))',
    'INSERT INTO __new_users (id, name) SELECT id, name FROM users',
    'DROP TABLE users',
    'ALTER TABLE __new_users RENAME TO users',
  ];

  it.each(['zebra', 'is_unique', 'unique_name'])(
    'takes away the column %s of an earlier rebuild, unless it defines and copies it',
    (column) => {
      const known = `id, name, ${column}`;
      expect(loses(rebuilt(column))).toBe(true);
      expect(loses(rebuilt(column), { defined: known })).toBe(true);
      expect(loses(rebuilt(column), { copied: known })).toBe(true);
      expect(loses(rebuilt(column), { defined: known, copied: known })).toBe(false);
    },
  );

  it('does not copy a column by an index of it', () => {
    const more = ['CREATE INDEX by_zebra ON users (zebra)'];
    expect(loses(rebuilt('zebra'), { defined: 'id, name, zebra', more })).toBe(true);
    expect(loses(rebuilt('zebra'), { ...WITH_ZEBRA, more })).toBe(false);
  });

  it.each([
    'ALTER TABLE users RENAME old TO zebra',
    'ALTER TABLE users RENAME COLUMN old TO zebra',
  ])('takes away a column under its new name, unless it knows that: %s', (rename) => {
    expect(loses([rename])).toBe(true);
    expect(loses([rename], WITH_ZEBRA)).toBe(false);
  });

  it('takes away an index, unless it creates an index of that name again', () => {
    const index = 'CREATE INDEX by_name ON users (name)';
    expect(loses([index])).toBe(true);
    expect(loses([index], { more: ['CREATE INDEX other ON users (name)'] })).toBe(true);
    expect(loses([index], { more: ['CREATE TABLE by_name (x)'] })).toBe(true);
    expect(loses([index], { more: [index] })).toBe(false);
  });
});
