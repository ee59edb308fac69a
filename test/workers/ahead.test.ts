// Older code on a newer object: it stands still, reads one row once the isolate knows the object's list, and is never
// wrong about an object that has the same head and other rows.
import { describe, expect, it } from 'vitest';
import { history, type MigrateOptions, type MigrationInput, migrate } from '../../src/index.ts';
import {
  bundle0,
  bundle1,
  dump,
  inObject,
  type Made,
  make,
  runDrizzle0,
  thrown,
  watched,
} from './harness.ts';

/** Texts of its own for each test, as the isolate is one. */
let made = 0;
function fresh(count: number): Made[] {
  made++;
  return Array.from({ length: count }, (_, i) => make(`t${made}_${i}`, i));
}
const plain = (list: readonly Made[]) =>
  Object.fromEntries(list.map(({ sql }, i) => [`m000${i}`, sql]));

/** Wakes an object and says what was found, and what it cost; nothing may be written. */
function wake(ctx: DurableObjectState, input: MigrationInput, options?: MigrateOptions) {
  const before = dump(ctx);
  const { target, rows, seen } = watched(ctx);
  const result = migrate(target, input, options);
  expect(dump(ctx)).toEqual(before);
  return { result, ...rows(), statements: seen.statements.length };
}
const ahead = (...migrations: [key: string, tag: string | null][]) =>
  migrations.map(([key, tag]) => ({ key, tag }));
const tagOf = ({ when, tag }: Made): string =>
  `${new Date(when).toISOString().replace(/\D/g, '').slice(0, 14)}_${tag.slice(5)}`;
const ONE_ROW = { read: 1, written: 0, statements: 1 };

const forms: Record<string, [(list: Made[]) => MigrationInput, (made: Made) => string | null]> = {
  'bundle 0.x': [(list) => bundle0(...list), tagOf],
  'bundle 1.x': [(list) => bundle1(...list), tagOf],
  'plain record': [plain, () => null],
};

describe.each(Object.entries(forms))('with a %s', (_, [form, tag]) => {
  it('the first such object of an isolate reads all rows, and each other one row', async () => {
    const list = fresh(4);
    const older = form(list.slice(0, 2));
    const expected = ahead(['m0002', tag(list[2] as Made)], ['m0003', tag(list[3] as Made)]);
    await inObject((ctx) => {
      migrate(ctx, form(list));
      const first = wake(ctx, older);
      expect(first.result).toMatchObject({ upToDate: true, ahead: expected });
      expect(first.read).toBe(5);
      expect(wake(ctx, older)).toMatchObject({ ...ONE_ROW, result: first.result });
    });
    for (const options of [undefined, { unknown: 'ignore' }, { drift: 'error' }] as const) {
      await inObject((ctx) => {
        migrate(ctx, form(list));
        const other = wake(ctx, older, options);
        expect(other).toMatchObject(ONE_ROW);
        expect(other.result).toMatchObject({ upToDate: true, ahead: expected });
      });
    }
  });

  it('another older code, and code that is older still, find out for themselves', () =>
    inObject((ctx) => {
      const list = fresh(4);
      migrate(ctx, form(list));
      for (const count of [3, 2, 1]) {
        expect(wake(ctx, form(list.slice(0, count))).result.ahead).toHaveLength(4 - count);
        const again = wake(ctx, form(list.slice(0, count)));
        expect(again).toMatchObject(ONE_ROW);
        expect(again.result.ahead).toHaveLength(4 - count);
      }
    }));

  it('the newer code itself goes on as ever', () =>
    inObject((ctx) => {
      const list = fresh(3);
      migrate(ctx, form(list.slice(0, 2)));
      wake(ctx, form(list.slice(0, 1)));
      wake(ctx, form(list.slice(0, 1)));
      expect(migrate(ctx, form(list)).applied).toHaveLength(1);
      expect(wake(ctx, form(list.slice(0, 1))).result.ahead).toHaveLength(2);
    }));
});

it('refuses with ahead: error, whatever the isolate knows', () =>
  inObject((ctx) => {
    const list = fresh(2);
    migrate(ctx, bundle0(...list));
    wake(ctx, bundle0(list[0] as Made));
    expect(wake(ctx, bundle0(list[0] as Made))).toMatchObject(ONE_ROW);
    const error = thrown(() => migrate(ctx, bundle0(list[0] as Made), { ahead: 'error' }));
    expect(error).toMatchObject({ code: 'AHEAD', keys: [tagOf(list[1] as Made)] });
  }));

it('reads all rows again where the option `drizzle` is another one', () =>
  inObject((ctx) => {
    const [one, two] = fresh(2) as [Made, Made];
    migrate(ctx, bundle0(one, two), { drizzle: 'mirror' });
    for (const drizzle of ['mirror', 'retire'] as const) {
      expect(wake(ctx, bundle0(one), { drizzle }).read).toBeGreaterThan(1);
      expect(wake(ctx, bundle0(one), { drizzle })).toMatchObject(ONE_ROW);
    }
  }));

describe('never takes one object for another with the same head', () => {
  it('where only the first has what the older code has, and the newer code lacks', async () => {
    const [a, gone, b] = fresh(3) as [Made, Made, Made];
    const [older, newer] = [bundle0(a, gone), bundle0(a, b)];
    const heads: unknown[] = [];
    await inObject((ctx) => {
      migrate(ctx, older);
      migrate(ctx, newer, { unknown: 'ignore' });
      heads.push(history(ctx).at(-1)?.head);
      // It has all that the older code has, and `b`.
      for (let i = 0; i < 2; i++) {
        expect(wake(ctx, older).result.ahead).toEqual(ahead(['m0002', tagOf(b)]));
        expect(wake(ctx, older).read).toBe(4);
      }
    });
    await inObject((ctx) => {
      migrate(ctx, newer);
      heads.push(history(ctx).at(-1)?.head);
      const before = dump(ctx);
      expect(thrown(() => migrate(ctx, older))).toMatchObject({ code: 'UNKNOWN_MIGRATION' });
      expect(dump(ctx)).toEqual(before);
      // If told to go on, it runs what is missing.
      expect(migrate(ctx, older, { unknown: 'ignore' }).applied).toEqual([
        { key: 'm0001', tag: tagOf(gone) },
      ]);
    });
    expect(heads[0]).toBe(heads[1]);
  });

  it('where only the first ran the text that the older code has', async () => {
    const [a, b] = fresh(2) as [Made, Made];
    const edited = { ...a, sql: `${a.sql} -- edited` };
    await inObject((ctx) => {
      migrate(ctx, bundle0(a));
      migrate(ctx, bundle0(edited, b), { drift: 'ignore' });
      expect(wake(ctx, bundle0(a)).result).toMatchObject({ drift: [] });
      expect(wake(ctx, bundle0(a)).read).toBe(3);
    });
    await inObject((ctx) => {
      migrate(ctx, bundle0(edited, b));
      for (let i = 0; i < 2; i++) {
        const { result, read } = wake(ctx, bundle0(a));
        expect(result.drift).toEqual([{ key: 'm0000', tag: tagOf(a) }]);
        expect(read).toBe(3);
      }
    });
  });

  it('where do-orm has added a row since', () =>
    inObject((ctx) => {
      const list = fresh(2);
      migrate(ctx, plain(list));
      wake(ctx, plain(list.slice(0, 1)));
      expect(wake(ctx, plain(list.slice(0, 1)))).toMatchObject(ONE_ROW);
      ctx.storage.sql.exec('INSERT INTO __migrations (version) VALUES (2)');
      const { result, read } = wake(ctx, plain(list.slice(0, 1)));
      expect(result.ahead).toEqual(ahead(['m0001', null], ['m0002', null]));
      expect(read).toBeGreaterThan(1);
    }));
});

it('an object whose rows stand in another order learns it from one that tells', async () => {
  const list = fresh(4);
  const [a, b, c] = list as [Made, Made, Made];
  const older = bundle0(a, b, c);
  const skipping = (ctx: DurableObjectState) => runDrizzle0(ctx, bundle0(a, c));
  const wakeTwice = async (expected: object) =>
    inObject(async (ctx) => {
      await skipping(ctx);
      await ctx.storage.sync();
      expect(migrate(ctx, bundle0(...list)).outOfOrder).toHaveLength(1);
      wake(ctx, older);
      expect(wake(ctx, older)).toMatchObject(expected);
    });
  await wakeTwice({ read: 5 });
  await inObject((ctx) => {
    migrate(ctx, bundle0(...list));
    expect(wake(ctx, older).read).toBe(5);
  });
  await wakeTwice(ONE_ROW);
});

it('forgets, where there are very many heads, and finds out again', () =>
  inObject((ctx) => {
    const [a, ...rest] = fresh(2) as [Made, Made];
    const newer = (i: number) => bundle0(a, { ...(rest[0] as Made), sql: `SELECT ${made}, ${i}` });
    for (let i = 0; i < 200; i++) {
      ctx.storage.sql.exec('DROP TABLE IF EXISTS __migrations');
      ctx.storage.sql.exec(`DROP TABLE IF EXISTS ${a.tag.slice(5)}`);
      migrate(ctx, newer(i));
      const first = migrate(ctx, bundle0(a));
      expect(first.ahead).toHaveLength(1);
      const { target, rows } = watched(ctx);
      expect(migrate(target, bundle0(a)).ahead).toEqual(first.ahead);
      expect(rows().read).toBe(1);
    }
  }));
