import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/cli/database.ts';
import { migrate, migrateAsync } from '../../src/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'drizzle-offramp-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('exec', () => {
  it('runs every statement of a text and returns the rows of the last, with its bindings', () => {
    const { sql } = openDatabase(':memory:');
    const rows = sql.exec(
      "CREATE TABLE a (x, y); INSERT INTO a VALUES (1, 'one;'), (2, 'two'); SELECT * FROM a WHERE x > ?",
      1,
    );
    expect([...rows]).toEqual([{ x: 2, y: 'two' }]);
  });

  it('keeps the body of a trigger together', () => {
    const { sql } = openDatabase(':memory:');
    sql.exec('CREATE TABLE a (x); CREATE TABLE log (x)');
    sql.exec(
      'CREATE TRIGGER t AFTER INSERT ON a BEGIN INSERT INTO log VALUES (new.x); DELETE FROM a; END; INSERT INTO a VALUES (7)',
    );
    expect([...sql.exec('SELECT x FROM log')]).toEqual([{ x: 7 }]);
  });

  it('hands out a number for every INTEGER and an ArrayBuffer for a BLOB, and takes both', () => {
    const { sql } = openDatabase(':memory:');
    const [row] = sql.exec(
      'SELECT 9007199254740993 AS big, ? AS blob',
      new Uint8Array([1, 2]).buffer,
    );
    expect(row).toEqual({ big: 9007199254740992, blob: new Uint8Array([1, 2]).buffer });
  });

  it('refuses a text without a statement, as the runtime does', () => {
    const { sql } = openDatabase(':memory:');
    expect(() => sql.exec('-- nothing')).toThrow('SQL code did not contain a statement.');
  });

  it('reads a name in double quotes that is none as a text, as the runtime does', () => {
    const { sql } = openDatabase(':memory:');
    expect([...sql.exec('SELECT "nothing" AS x')]).toEqual([{ x: 'nothing' }]);
  });

  it('enforces foreign keys from the start', () => {
    const { sql } = openDatabase(':memory:');
    expect([...sql.exec('PRAGMA foreign_keys')]).toEqual([{ foreign_keys: 1 }]);
  });
});

describe('transactionSync', () => {
  it('returns what the closure returns, and undoes all if it throws', () => {
    const { sql, transactionSync } = openDatabase(':memory:');
    sql.exec('CREATE TABLE a (x)');
    expect(transactionSync(() => [...sql.exec('INSERT INTO a VALUES (1) RETURNING x')])).toEqual([
      { x: 1 },
    ]);
    expect(() =>
      transactionSync(() => {
        sql.exec('INSERT INTO a VALUES (2)');
        throw new Error('no');
      }),
    ).toThrow('no');
    expect([...sql.exec('SELECT x FROM a')]).toEqual([{ x: 1 }]);
  });

  it('undoes an inner one alone', () => {
    const { sql, transactionSync } = openDatabase(':memory:');
    sql.exec('CREATE TABLE a (x)');
    transactionSync(() => {
      sql.exec('INSERT INTO a VALUES (1)');
      expect(() =>
        transactionSync(() => {
          sql.exec('INSERT INTO a VALUES (2)');
          throw new Error('no');
        }),
      ).toThrow('no');
      transactionSync(() => sql.exec('INSERT INTO a VALUES (3)'));
    });
    expect([...sql.exec('SELECT x FROM a')]).toEqual([{ x: 1 }, { x: 3 }]);
  });
});

describe('openDatabase', () => {
  it('opens a file again, read-only', () => {
    const file = join(folder, 'a.sqlite');
    const first = openDatabase(file);
    first.sql.exec('CREATE TABLE a (x)');
    first.close();
    const { sql, close } = openDatabase(file, { readOnly: true });
    expect([...sql.exec('SELECT * FROM a')]).toEqual([]);
    expect(() => sql.exec('INSERT INTO a VALUES (1)')).toThrow(
      'attempt to write a readonly database',
    );
    close();
    expect(() => sql.exec('SELECT 1')).toThrow('database is not open');
  });

  it('makes no file when it only reads', () => {
    expect(() => openDatabase(join(folder, 'none.sqlite'), { readOnly: true })).toThrow(
      'unable to open database file',
    );
  });

  it('stands where ctx.storage does: a rebuild keeps the children of its table', async () => {
    const storage = openDatabase(':memory:');
    const record = {
      m0000:
        'CREATE TABLE p (id INTEGER PRIMARY KEY, x); CREATE TABLE c (p REFERENCES p ON DELETE CASCADE); ' +
        'INSERT INTO p VALUES (1, 2); INSERT INTO c VALUES (1)',
    };
    const rebuild =
      'PRAGMA foreign_keys=OFF; CREATE TABLE __new_p (id INTEGER PRIMARY KEY, x NOT NULL); ' +
      'INSERT INTO __new_p SELECT id, x FROM p; DROP TABLE p; ALTER TABLE __new_p RENAME TO p; PRAGMA foreign_keys=ON';
    migrate(storage, record);
    await migrateAsync(storage, { ...record, m0001: rebuild });
    expect([...storage.sql.exec('SELECT p, foreign_keys FROM c, pragma_foreign_keys')]).toEqual([
      { p: 1, foreign_keys: 1 },
    ]);
  });
});
