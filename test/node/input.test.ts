// How an input is known again, so that a wake reads nothing twice, and an input that was changed is never taken for the
// one from before. What is refused in an input is in ../workers/bad-input.test.ts.
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../src/base/sha256.ts';
import { defineMigrations } from '../../src/input/define.ts';
import { fingerprintOf } from '../../src/input/fingerprint.ts';
import { freeze } from '../../src/input/freeze.ts';
import type { MigrationList } from '../../src/input/migration.ts';
import { readMigrations } from '../../src/input/migrations.ts';
import { addParts, isSame } from '../../src/input/parts.ts';
import { checkWritten } from '../../src/input/unwritten.ts';

class Entry {
  sql = 'SELECT 1';
}

describe('migrations that are written anew on each wake', () => {
  const written = (text: string): MigrationList =>
    readMigrations({ m0000: 'SELECT 0', m0001: { sql: text, tag: '20261122120000_a', was: [1] } });
  const others = (count: number) => {
    for (let i = 0; i < count; i++) readMigrations({ m0000: `SELECT ${i} AS other` });
  };

  it('are known by what they say', () => {
    const first = written('SELECT 1');
    expect(written('SELECT 1')).toBe(first);
    const second = written('SELECT 2');
    expect(second.fingerprint).not.toBe(first.fingerprint);
    expect(second.migrations[1]?.sql).toBe('SELECT 2');
    expect(written('SELECT 1')).toBe(first);
  });

  it('are forgotten when eight others came since, so that memory does not grow', () => {
    const first = written('SELECT 3');
    others(7);
    expect(written('SELECT 3')).toBe(first);
    others(8);
    expect(written('SELECT 3')).not.toBe(first);
  });

  it('are read anew where something in them is of a class, which may say another thing', () => {
    const known = written('SELECT 5');
    const list = readMigrations({ m0000: new Entry() });
    expect(readMigrations({ m0000: new Entry() })).not.toBe(list);
    expect(readMigrations({ m0000: new Entry() }).fingerprint).toBe(list.fingerprint);
    // They take nobody else's place.
    for (let i = 0; i < 8; i++) readMigrations({ m0000: new Entry() });
    expect(written('SELECT 5')).toBe(known);
  });
});

describe('migrations in a constant', () => {
  it('are read once, and cannot be changed any more', () => {
    const input = { m0000: { sql: 'SELECT 4', was: [1, 2] } };
    const list = readMigrations(input);
    expect(readMigrations(input)).toBe(list);
    expect([input, input.m0000, input.m0000.was].map(Object.isFrozen)).toEqual([true, true, true]);
  });
});

describe('a module that carries its fingerprint', () => {
  const input = () => ({ m0000: { sql: 'SELECT 1' }, m0001: { sql: 'SELECT 2' } });
  const { fingerprint } = readMigrations(input());

  it('is read when there is something to do, once, and cannot be changed any more then', () => {
    const record = defineMigrations(input(), `m0001 ${fingerprint}`);
    expect([Object.isFrozen(record), Object.isFrozen(record.m0000)]).toEqual([true, false]);
    const list = readMigrations(record);
    expect(list.migrations).toBe(list.migrations);
    expect(Object.isFrozen(record.m0000)).toBe(true);
  });

  it('does not go by what it carries if a migration was added since, or that is something else', () => {
    const zeros = '0'.repeat(64);
    for (const carried of [`m0000 ${zeros}`, `m0001 ${zeros}0`, '']) {
      const list = readMigrations(defineMigrations(input(), carried));
      expect(list.fingerprint).toBe(fingerprint);
      expect(list.migrations).toHaveLength(2);
    }
  });

  it('is refused in our words if it cannot be read', () => {
    const record = defineMigrations(
      {
        m0000: {
          get sql(): string {
            throw new Error('no such file');
          },
        },
      },
      `m0000 ${fingerprint}`,
    );
    expect(() => readMigrations(record).migrations).toThrow(
      '[INVALID_INPUT] The migrations cannot be read: no such file',
    );
  });
});

describe('a record', () => {
  const read = (record: unknown) => readMigrations(record).migrations;

  it('is read in the order of the numbers', () => {
    expect(read({ m0001: 'SELECT 2', m0000: 'SELECT 1' }).map(({ sql }) => sql)).toEqual([
      'SELECT 1',
      'SELECT 2',
    ]);
  });

  it('says of each migration what is known, and nothing else', () => {
    expect(read({ m0000: '\ufeffSELECT 1' })).toEqual([
      {
        key: 'm0000',
        tag: null,
        when: null,
        was: [],
        sql: '\ufeffSELECT 1',
        checksum: sha256('SELECT 1'),
      },
    ]);
    const inside = "SELECT '\ufeff'";
    expect(read({ m0000: inside })[0]?.checksum).toBe(sha256(inside));
  });

  it.each<[string, unknown]>([
    ['[INVALID_WHEN] The `was` of m0000 is [1,"2"]', { m0000: { sql: '', was: [1, '2'] } }],
    [
      '[INVALID_ENTRY] The `checksum` of m0000 is ["',
      { m0000: { sql: '', checksum: [sha256('')] } },
    ],
    [
      '[KEY_GAP] Migrations must be sequential: expected version 0, got 10000 (m10000)',
      { m10000: '' },
    ],
    ['[INVALID_KEY] Invalid migration key "m00000"', { m00000: '' }],
    ['[SQL_NOT_TEXT] The SQL of m0000 is of type Null', { m0000: null }],
    [
      '[NOT_WRITTEN] m0000 is not written yet',
      { m0000: '-- drizzle-offramp new: write the SQL here' },
    ],
    ['[INVALID_INPUT] The migrations are of type MyObject', { [Symbol.toStringTag]: 'MyObject' }],
    ['[INVALID_INPUT] The migrations are of type Objects', { [Symbol.toStringTag]: 'Objects' }],
  ])('is refused: %s', (message, record) => {
    expect(() => read(record)).toThrow(message);
  });
});

describe('a fingerprint', () => {
  // It stands in every object: another form of it, and each of them would be looked through and written once more.
  it('is that of each tag, or key, and checksum in a line of its own', () => {
    const [tagged, bare] = [
      { key: 'm0000', tag: '20261122120000_a', checksum: 'one' },
      { key: 'm0001', tag: null, checksum: 'two' },
    ];
    expect(fingerprintOf([tagged, bare])).toBe(sha256('20261122120000_a one\nm0001 two\n'));
  });
});

describe('two inputs', () => {
  const sameness = (one: object, other: object): boolean => {
    const lists: unknown[][] = [[], []];
    expect([addParts(one, lists[0] ?? []), addParts(other, lists[1] ?? [])]).toEqual([true, true]);
    return isSame(lists[0] ?? [], lists[1] ?? []);
  };

  it('are the same if all of their keys and values are', () => {
    expect(sameness({ a: 'x', b: { c: [1, null] } }, { a: 'x', b: { c: [1, null] } })).toBe(true);
    expect(sameness(Object.assign(Object.create(null), { a: 1 }), { a: 1 })).toBe(true);
    expect(sameness({}, {})).toBe(true);
  });

  it.each<[string, object, object]>([
    ['another value', { a: 'x' }, { a: 'y' }],
    ['another key', { a: 'x' }, { b: 'x' }],
    ['one more key', { a: 'x' }, { a: 'x', b: 'x' }],
    ['one key less', { a: 'x', b: 'x' }, { a: 'x' }],
    ['another order', { a: 'x', b: 'y' }, { b: 'y', a: 'x' }],
    ['the same words at another depth', { a: { b: 'x' }, c: 'y' }, { a: { b: 'x', c: 'y' } }],
    ['a value in a list', { a: [1, 2] }, { a: [1, 3] }],
  ])('differ by %s', (_, one, other) => {
    expect(sameness(one, other)).toBe(false);
  });

  it.each<[string, object]>([
    ['a class', new Entry()],
    ['a class in a list', { a: [new Entry()] }],
    ['a map', { a: new Map() }],
    ['six objects, one in the other', { a: { b: { c: { d: { e: {} } } } } }],
  ])('cannot be compared by their parts with %s', (_, input) => {
    expect(addParts(input, [])).toBe(false);
  });

  it('can be with five objects, one in the other, as the journal of a bundle has', () => {
    expect(addParts({ a: { b: { c: { d: {} } } } }, [])).toBe(true);
  });
});

describe('freeze', () => {
  it('goes as deep as any input, and no deeper', () => {
    const sixth = { e: 1 };
    const fifth = { d: sixth };
    expect(freeze({ z: { a: { b: { c: fifth } } } })).toEqual({ z: { a: { b: { c: fifth } } } });
    expect([fifth, sixth].map(Object.isFrozen)).toEqual([true, false]);
    expect([freeze(null), freeze('text'), freeze(undefined)]).toEqual([null, 'text', undefined]);
  });

  it("leaves a module's namespace as it is, and freezes what it exports", async () => {
    const url = `data:text/javascript,export const made = { m0000: 'SELECT 1' }`;
    const module = await import(url);
    expect(Object.prototype.toString.call(module)).toBe('[object Module]');
    expect(freeze(module)).toBe(module);
    expect(Object.isFrozen(module.made)).toBe(true);
  });
});

describe('a migration that `drizzle-offramp new` made', () => {
  const line = '-- drizzle-offramp new: write the SQL of this migration here';

  it.each([line, `\n ${line} \n\n`])('is refused as long as nobody wrote it: %j', (sql) => {
    expect(() => checkWritten('m0007', sql)).toThrow(
      '[NOT_WRITTEN] m0007 is not written yet. Write it, or remove m0007.',
    );
  });

  it.each(['', '-- nothing to do', `${line}\nSELECT 1`, `SELECT 1; ${line}`, `SELECT 1\n${line}`])(
    'is run once something is: %j',
    (sql) => {
      expect(checkWritten('m0007', sql)).toBeUndefined();
    },
  );
});
