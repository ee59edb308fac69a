// How an input is known again: by identity, by its keys and values where it is written anew on each wake, by the
// fingerprint that a converted module carries. What must never happen is that another input is taken for one that was read.
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
/** From 128 keys on, V8 keeps an object in another way. */
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
    expect(readMigrations(other())).toBe(second);
    expect(readMigrations(own(size))).toEqual(first);
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

describe('an input is not taken for another', () => {
  /** Each of these was read before, and then the other comes. */
  const entry = { sql: 'SELECT 1' };
  class Entry {
    readonly #sql: string;
    constructor(sql: string) {
      this.#sql = sql;
    }
    get sql(): string {
      return this.#sql;
    }
  }
  const refused: Record<string, [known: unknown, other: unknown, code: string]> = {
    'a number for a text': [{ m0000: '7' }, { m0000: 7 }, 'SQL_NOT_TEXT'],
    'nothing for a text': [{ m0000: 'undefined' }, { m0000: undefined }, 'SQL_NOT_TEXT'],
    'null for a text': [{ m0000: 'null' }, { m0000: null }, 'SQL_NOT_TEXT'],
    'null for an empty record': [{}, null, 'INVALID_INPUT'],
    'a text for an empty record': [{}, '', 'INVALID_INPUT'],
    'an entry of a class': [{ m0000: entry }, { m0000: new Entry('SELECT 1') }, 'SQL_NOT_TEXT'],
    'a mistaken key in a long record': [
      record(300),
      { ...record(300), m0301: 'SELECT 1' },
      'KEY_GAP',
    ],
    'a key whose end stands in its text': [
      { m0000: 'a', m0001: 'b' },
      { 'm0000\0a\0m0001': 'b' },
      'INVALID_KEY',
    ],
  };
  it.each(Object.entries(refused))('%s', (_, [known, other, code]) => {
    readMigrations(known);
    expect(thrown(() => readMigrations(other))).toMatchObject({ code });
  });

  const differing: Record<string, [known: MigrationInput, other: MigrationInput]> = {
    'a text that ends elsewhere': [
      { m0000: 'a\0m0001\0b', m0001: 'c' },
      { m0000: 'a', m0001: 'b\0m0001\0c' },
    ],
    'an entry for a text': [{ m0000: 'SELECT 1' }, { m0000: { sql: 'SELECT 2' } }],
    'entries that share a fingerprint, and not their earlier times': [
      { m0000: { sql: 'SELECT 1', tag: '20261122120000_a', was: [1] } },
      { m0000: { sql: 'SELECT 1', tag: '20261122120000_a', was: [2] } },
    ],
    'entries whose order only differs': [
      { m0000: { sql: 'SELECT 1', checksum: '0'.repeat(64) } },
      { m0000: { checksum: '0'.repeat(64), sql: 'SELECT 2' } },
    ],
  };
  it.each(Object.entries(differing))('%s', (_, [known, other]) => {
    const first = readMigrations({ ...known });
    const second = readMigrations({ ...other });
    expect(second.migrations).not.toEqual(first.migrations);
    expect(readMigrations({ ...known })).toBe(first);
    expect(readMigrations({ ...other })).toBe(second);
  });

  it('and one of a class that hides its texts is read anew each time', () => {
    const hidden = (sql: string) =>
      Object.assign(Object.create({ sql }), { tag: '20261122120000_a' });
    const bundle = (sql: string) => ({
      journal: { entries: [{ idx: 0, when: 5, tag: '0000_a' }] },
      migrations: Object.create(null, { m0000: { value: sql, enumerable: true } }),
    });
    expect(thrown(() => readMigrations({ m0000: hidden('SELECT 1') }))).toMatchObject({
      code: 'SQL_NOT_TEXT',
    });
    expect(readMigrations(bundle('SELECT 1')).migrations[0]?.sql).toBe('SELECT 1');
    expect(readMigrations(bundle('SELECT 2')).migrations[0]?.sql).toBe('SELECT 2');
  });
});

describe('an input that was read', () => {
  it.each(Object.entries(forms))('cannot change any more: a %s', (_, form) =>
    inObject((ctx) => {
      const input = form(3);
      migrate(ctx, input);
      const parts = (value: unknown): object[] =>
        typeof value === 'object' && value !== null
          ? [value, ...Object.values(value).flatMap(parts)]
          : [];
      expect(parts(input).map(Object.isFrozen)).not.toContain(false);
      expect(migrate(ctx, input)).toBe(UP_TO_DATE);
      // Whoever wants another list makes another object of it.
      expect(thrown(() => Object.assign(input, { m0009: 'SELECT 1' }))).toBeInstanceOf(TypeError);
      expect(migrate(ctx, form(4)).applied).toHaveLength(1);
    }),
  );

  it('that was frozen on the outside only is frozen inside, too', () => {
    const entry = { tag: '20261122120000_a', sql: 'SELECT 1' };
    readMigrations(Object.freeze({ m0000: entry }));
    expect(Object.isFrozen(entry)).toBe(true);
  });
});

it('keeps the eight inputs that were read last', () => {
  const inputs = Array.from({ length: 9 }, (_, i) => ({ m0000: `SELECT ${i}` }));
  const lists = inputs.map((input) => readMigrations(input));
  const isKept = (i: number): boolean => readMigrations({ ...inputs[i] }) === lists[i];
  expect([1, 2, 3, 4, 5, 6, 7, 8].map(isKept)).toEqual(Array(8).fill(true));
  expect(isKept(0)).toBe(false);
  // That one took the place of the one that was read first.
  expect([2, 3, 4, 5, 6, 7, 8].map(isKept)).toEqual(Array(7).fill(true));
  expect(isKept(1)).toBe(false);
  // A constant is known for as long as the isolate lives.
  expect(inputs.map((input) => readMigrations(input) === lists[inputs.indexOf(input)])).toEqual(
    Array(9).fill(true),
  );
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
        `[STALE_FINGERPRINT] The module carries the fingerprint ${stale.slice(6, 14)}…, but its migrations have ` +
          `${readMigrations(edited === module ? { ...edited } : edited).fingerprint.slice(0, 8)}…. Run ` +
          '`npx drizzle-offramp convert`, or remove the second argument of defineMigrations.',
      );
      expect(tables(ctx)).toEqual([]);
      expect(thrown(() => migrate(ctx, module)).message).toBe(error.message);
    }));
});
