// Migrations that are functions: what they may do, when they run, and what becomes of an object if they fail.
import { describe, expect, it } from 'vitest';
import {
  type FunctionEntry,
  history,
  InputError,
  MigrationError,
  type MigrationRecord,
  migrate,
} from '../../src/index.ts';
import { dump, inObject, ledger, rows, thrown } from './harness.ts';

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
      expect(error).toMatchObject({ key: 'm0001', statement: '', statementIndex: 1 });
      expect(error.message).toBe(
        '[MIGRATION_FAILED] Migration m0001 failed (20261201093000_split_names); everything was rolled back.\n' +
          '  Its function threw after 1 call(s) of exec\n' +
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
      const error = thrown<MigrationError>(() => migrate(ctx, record(split(up))));
      expect(error.cause).toBeInstanceOf(InputError);
      expect(error.cause).toMatchObject({ code: 'NOT_SYNCHRONOUS', key: 'm0001' });
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
      const error = thrown<MigrationError>(() => migrate(ctx, record(entry)));
      expect(error.cause).toMatchObject({ code: 'INVALID_TABLE_NAME', key: 'm0001' });
    }));
});
