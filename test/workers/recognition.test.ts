// How an input is known again: by identity, by its content where it is written anew on each wake, by the fingerprint
// that a converted module carries. What must never happen is that another input is taken for one that was read.
import { describe, expect, it } from 'vitest';
import { keyOf } from '../../src/base/key.ts';
import {
  defineMigrations,
  type InputError,
  type MigrationEntry,
  type MigrationInput,
  type MigrationRecord,
  migrate,
} from '../../src/index.ts';
import { readMigrations } from '../../src/input/migrations.ts';
import { UP_TO_DATE } from '../../src/plan/result.ts';
import { bundle0, bundle1, dump, inObject, type Made, tables, thrown } from './harness.ts';

const made = (count: number): Made[] =>
  Array.from({ length: count }, (_, i) => ({
    tag: `${String(i).padStart(4, '0')}_step`,
    when: Date.UTC(2026, 10, 22, 12, i, 0, 123),
    sql: `CREATE TABLE t${i} (x)`,
  }));
const record = (count: number): Record<string, string> =>
  Object.fromEntries(made(count).map(({ sql }, i) => [keyOf(i), sql]));
const long = (count: number): MigrationRecord =>
  Object.fromEntries(
    made(count).map(({ sql, when }, i) => [
      keyOf(i),
      { tag: `${new Date(when).toISOString().replace(/\D/g, '').slice(0, 14)}_step`, when, sql },
    ]),
  );

const forms: Record<string, (count: number) => MigrationInput> = {
  'bundle 0.x': (count) => bundle0(...made(count)),
  'bundle 1.x': (count) => bundle1(...made(count)),
  record,
  'record in the long form': long,
};
/** An object of more than 127 keys is another thing to V8, and is compared in another way. */
const sizes = [3, 127, 128, 300];

describe.each(Object.entries(forms))('a %s that is written anew on each wake', (_, form) => {
  it.each(sizes)('is read once, with %i migrations', (size) => {
    const first = readMigrations(form(size));
    expect(first.migrations).toHaveLength(size);
    expect(readMigrations(form(size))).toBe(first);
  });
});

describe.each(sizes)('a record of %i', (size) => {
  const middle = keyOf(Math.floor(size / 2));
  const others: Record<string, () => MigrationInput> = {
    'another text in the middle': () => ({ ...record(size), [middle]: 'SELECT 1' }),
    'another last text': () => ({ ...record(size), [keyOf(size - 1)]: 'SELECT 1' }),
    'one more': () => record(size + 1),
    'one less': () => record(size - 1),
    'another text in the long form': () => ({
      ...long(size),
      [middle]: { ...(long(size)[middle] as MigrationEntry), sql: 'SELECT 1' },
    }),
    'an earlier time in the long form': () => ({
      ...long(size),
      [middle]: { ...(long(size)[middle] as MigrationEntry), was: [1] },
    }),
  };
  it.each(Object.entries(others))('is not taken for one with %s', (name, other) => {
    const own = name.includes('long') ? long : record;
    const first = readMigrations(own(size));
    const second = readMigrations(other());
    expect(second).not.toBe(first);
    expect(second.migrations).not.toEqual(first.migrations);
    expect(readMigrations(own(size))).toBe(first);
    expect(readMigrations(other())).toBe(second);
  });

  it('is not taken for one whose next key holds nothing', () => {
    readMigrations(record(size));
    const error = thrown(() => readMigrations({ ...record(size), [keyOf(size)]: undefined }));
    expect(error).toMatchObject({ code: 'SQL_NOT_TEXT', key: keyOf(size) });
  });

  it('is not taken for an object that inherits from it', () => {
    const first = readMigrations(record(size));
    expect(readMigrations(Object.create(record(size)))).not.toBe(first);
    expect(readMigrations(Object.assign(Object.create({ m0000: '' }), record(size)))).not.toBe(
      first,
    );
  });
});

it('finds a mistaken key in a long record as soon as there is something to do', () =>
  inObject((ctx) => {
    migrate(ctx, record(300));
    const mistaken = () => ({ ...record(300), m0301: 'CREATE TABLE late (x)' });
    expect(migrate(ctx, mistaken())).toBe(UP_TO_DATE);
    ctx.storage.sql.exec('UPDATE __migrations SET head = NULL');
    const before = dump(ctx);
    const error = thrown<InputError>(() => migrate(ctx, mistaken()));
    expect(error.message).toBe(
      '[KEY_GAP] Migrations must be sequential: expected version 300, got 301 (m0301). Add the missing migration back, or number ' +
        'the new one on from the last.',
    );
    expect(dump(ctx)).toEqual(before);
  }));

it('keeps the eight inputs that were read last', () => {
  const inputs = Array.from({ length: 9 }, (_, i) => ({ m0000: `SELECT ${i}` }));
  const lists = inputs.map((input) => readMigrations(input));
  const isKept = (i: number): boolean => readMigrations({ ...inputs[i] }) === lists[i];
  expect([1, 2, 3, 4, 5, 6, 7, 8].map(isKept)).toEqual(Array(8).fill(true));
  expect(isKept(0)).toBe(false);
  // That one took the place of the one that was not asked for the longest.
  expect([1, 2].map(isKept)).toEqual([false, false]);
  expect([8, 7, 6, 5, 4].map(isKept)).toEqual(Array(5).fill(true));
});

describe('a module that carries its fingerprint', () => {
  const carriedBy = (count: number): string =>
    `${keyOf(count - 1)} ${readMigrations(long(count)).fingerprint}`;
  /** A record whose entries throw when they are looked at. */
  const unread = (count: number): MigrationRecord =>
    Object.defineProperties(
      {},
      Object.fromEntries(
        made(count).map((_, i) => [
          keyOf(i),
          {
            enumerable: true,
            get() {
              throw new Error(`${keyOf(i)} was looked at`);
            },
          },
        ]),
      ),
    );

  it('is level with what the record itself came to, and no entry is looked at', () =>
    inObject((ctx) => {
      migrate(ctx, bundle0(...made(3)));
      const before = dump(ctx);
      const module = defineMigrations(unread(3), carriedBy(3));
      expect(migrate(ctx, module)).toBe(UP_TO_DATE);
      expect(dump(ctx)).toEqual(before);
      expect(() => migrate(ctx, module, { drizzle: 'mirror' })).toThrow('m0000 was looked at');
    }));

  it('is read where there is something to do', () =>
    inObject((ctx) => {
      const module = defineMigrations(long(3), carriedBy(3));
      expect(migrate(ctx, module).applied).toHaveLength(3);
      expect(migrate(ctx, long(3))).toBe(UP_TO_DATE);
      expect(thrown(() => Object.assign(module, { m0003: 'SELECT 1' })).message).toBe(
        'Cannot add property m0003, object is not extensible',
      );
    }));

  it('does without it where a migration was added by hand', () =>
    inObject((ctx) => {
      migrate(ctx, defineMigrations(long(3), carriedBy(3)));
      const merged = defineMigrations(long(4), carriedBy(3));
      expect(migrate(ctx, merged).applied).toEqual([expect.objectContaining({ key: 'm0003' })]);
    }));

  it.each(['', 'm0002', 'm0002 0123', `m0002  ${'0'.repeat(64)}`])('does without «%s»', (carried) =>
    inObject((ctx) => {
      migrate(ctx, long(3));
      expect(migrate(ctx, defineMigrations(long(3), carried))).toBe(UP_TO_DATE);
    }),
  );

  it('is checked at once where it carries none', () => {
    const error = thrown<InputError>(() => defineMigrations({ m0001: 'SELECT 1' }));
    expect(error).toMatchObject({ code: 'KEY_GAP', key: 'm0001' });
    const carried = `x${carriedBy(1)}`;
    expect(thrown(() => defineMigrations({ m1: 'SELECT 1' }, carried))).toMatchObject({
      code: 'INVALID_KEY',
    });
  });

  it('is refused with a fingerprint that is not its own, as soon as an object is not level', () =>
    inObject((ctx) => {
      const edited = {
        ...long(3),
        m0001: { ...(long(3).m0001 as object), sql: 'CREATE TABLE other (x)' },
      } as MigrationRecord;
      const stale = carriedBy(3);
      const module = defineMigrations(edited, stale);
      const error = thrown<InputError>(() => migrate(ctx, module));
      expect(error).toMatchObject({ name: 'InputError', code: 'STALE_FINGERPRINT' });
      expect(error.message).toBe(
        `[STALE_FINGERPRINT] The module carries the fingerprint ${stale.slice(6, 14)}…, and that of its migrations is ` +
          `${readMigrations(edited === module ? { ...edited } : edited).fingerprint.slice(0, 8)}…: it was edited by ` +
          'hand. Run `npx drizzle-offramp convert`, or take the second argument of defineMigrations away.',
      );
      expect(tables(ctx)).toEqual([]);
      expect(thrown(() => migrate(ctx, module)).message).toBe(error.message);
    }));
});
