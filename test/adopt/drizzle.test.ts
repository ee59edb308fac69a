// Every version of drizzle-orm from the first that we take to the newest, and its second driver for Durable Objects: the
// real migrator, ours with mirror, the real migrator again, on with it, ours again.
import * as SqliteClient from '@effect/sql-sqlite-do/SqliteClient';
import { drizzle as drizzleRc } from 'drizzle-orm/durable-sqlite';
import { migrate as migrateRc } from 'drizzle-orm/durable-sqlite/migrator';
import * as EffectDrizzle from 'drizzle-orm/effect-sqlite-do';
import { migrate as migrateEffect } from 'drizzle-orm/effect-sqlite-do/migrator';
import { drizzle as drizzle37 } from 'drizzle-orm-0.37/durable-sqlite';
import { migrate as migrate37 } from 'drizzle-orm-0.37/durable-sqlite/migrator';
import { drizzle as drizzle40 } from 'drizzle-orm-0.40/durable-sqlite';
import { migrate as migrate40 } from 'drizzle-orm-0.40/durable-sqlite/migrator';
import { drizzle as drizzle44 } from 'drizzle-orm-0.44/durable-sqlite';
import { migrate as migrate44 } from 'drizzle-orm-0.44/durable-sqlite/migrator';
import { drizzle as drizzle45 } from 'drizzle-orm-0.45/durable-sqlite';
import { migrate as migrate45 } from 'drizzle-orm-0.45/durable-sqlite/migrator';
import * as Effect from 'effect/Effect';
import { describe, expect, it } from 'vitest';
import { type DrizzleBundle0, type DrizzleBundle1, migrate } from '../../src/index.ts';
import { fill, inObject, rows, SQL, tables } from './harness.ts';

const FOUR = [...SQL, 'CREATE TABLE tags (id integer PRIMARY KEY NOT NULL)'];
const NAMES = ['users', 'posts', 'strict', 'tags'];
const WHEN = Date.UTC(2026, 10, 1, 0, 0, 0, 123);
const DAY = 86_400_000;
// drizzle-kit writes this between two statements.
const textOf = (sql: string): string => sql.replaceAll(';\n', ';\n--> statement-breakpoint\n');

const bundle0 = (count: number): DrizzleBundle0 => ({
  journal: {
    entries: NAMES.slice(0, count).map((name, idx) => ({
      idx,
      when: WHEN + idx * DAY,
      tag: `000${idx}_${name}`,
      breakpoints: true,
    })),
  },
  migrations: Object.fromEntries(
    FOUR.slice(0, count).map((sql, idx) => [`m000${idx}`, textOf(sql)]),
  ),
});

const bundle1 = (count: number): DrizzleBundle1 => ({
  migrations: Object.fromEntries(
    FOUR.slice(0, count).map((sql, at) => [`2026110${at + 1}000000_${NAMES[at]}`, textOf(sql)]),
  ),
});

const withEffect = (ctx: DurableObjectState, bundle: DrizzleBundle1): Promise<unknown> =>
  Effect.runPromise(
    Effect.gen(function* () {
      const db = yield* EffectDrizzle.makeWithDefaults({ storage: ctx.storage } as never);
      return yield* migrateEffect(db, bundle as never) as unknown as Effect.Effect<void>;
    }).pipe(
      Effect.provide(SqliteClient.layer({ storage: ctx.storage })),
    ) as unknown as Effect.Effect<void>,
  );

type Bundle = (count: number) => DrizzleBundle0 | DrizzleBundle1;
type Run = (ctx: DurableObjectState, bundle: never) => unknown;

const VERSIONS: readonly [name: string, bundle: Bundle, run: Run][] = [
  ['0.37.0', bundle0, ({ storage }, bundle) => migrate37(drizzle37(storage), bundle)],
  ['0.40.1', bundle0, ({ storage }, bundle) => migrate40(drizzle40(storage), bundle)],
  ['0.44.7', bundle0, ({ storage }, bundle) => migrate44(drizzle44(storage), bundle)],
  ['0.45.4', bundle0, ({ storage }, bundle) => migrate45(drizzle45(storage), bundle)],
  ['1.0.0-rc.5', bundle1, ({ storage }, bundle) => migrateRc(drizzleRc(storage as never), bundle)],
  ['1.0.0-rc.5, effect-sqlite-do', bundle1, withEffect],
];

const drizzleRows = (ctx: DurableObjectState): number =>
  rows(ctx, 'SELECT count(*) AS n FROM __drizzle_migrations')[0]?.n as number;

describe.each(VERSIONS)('drizzle-orm %s', (_, bundle, run) => {
  it('is adopted, mirrored, goes on by itself, and is adopted again', () =>
    inObject(async (ctx) => {
      const drizzle = async (count: number): Promise<void> => {
        await run(ctx, bundle(count) as never);
        await ctx.storage.sync();
      };
      await drizzle(2);
      fill(ctx);
      await ctx.storage.sync();
      const mirror = { drizzle: 'mirror' } as const;
      const first = migrate(ctx, bundle(3), mirror);
      expect(first.adopted.map(({ key }) => key)).toEqual(['m0000', 'm0001']);
      expect(first.applied.map(({ key }) => key)).toEqual(['m0002']);
      await ctx.storage.sync();
      // The rebuild has kept the row that Drizzle's own migrator deletes.
      expect(rows(ctx, 'SELECT * FROM posts')).toEqual([{ id: 1, user: 1 }]);
      expect(drizzleRows(ctx)).toBe(3);

      await drizzle(3);
      expect(drizzleRows(ctx)).toBe(3);
      expect(rows(ctx, 'SELECT * FROM posts')).toEqual([{ id: 1, user: 1 }]);
      await drizzle(4);
      expect(drizzleRows(ctx)).toBe(4);
      expect(tables(ctx)).toContain('tags');

      const second = migrate(ctx, bundle(4), mirror);
      expect(second.adopted.map(({ key }) => key)).toEqual(['m0003']);
      expect(second.applied).toEqual([]);
      expect(drizzleRows(ctx)).toBe(4);
      expect(migrate(ctx, bundle(4)).drizzleLedger).toBe('retired');
      expect(tables(ctx)).toEqual(['__migrations', 'posts', 'tags', 'users']);
    }));

  it('finds a whole history that ours alone has made', () =>
    inObject(async (ctx) => {
      migrate(ctx, bundle(3), { drizzle: 'mirror' });
      fill(ctx);
      await ctx.storage.sync();
      await run(ctx, bundle(4) as never);
      expect(rows(ctx, 'SELECT * FROM posts')).toEqual([{ id: 1, user: 1 }]);
      expect(drizzleRows(ctx)).toBe(4);
    }));
});

const PAIRS = VERSIONS.flatMap(([name, bundle, run]) =>
  VERSIONS.filter(([other]) => other !== name).map(
    ([other, otherBundle, otherRun]) => [name, other, bundle, run, otherBundle, otherRun] as const,
  ),
);

it.each(PAIRS)('from %s over ours to %s', (_, __, bundle, run, otherBundle, otherRun) =>
  inObject(async (ctx) => {
    await run(ctx, bundle(2) as never);
    fill(ctx);
    await ctx.storage.sync();
    expect(migrate(ctx, otherBundle(3), { drizzle: 'mirror' }).adopted).toHaveLength(2);
    await ctx.storage.sync();
    await otherRun(ctx, otherBundle(4) as never);
    await ctx.storage.sync();
    expect(rows(ctx, 'SELECT * FROM posts')).toEqual([{ id: 1, user: 1 }]);
    // And the first version once more, which knows three of the four.
    await run(ctx, bundle(3) as never);
    expect(rows(ctx, 'SELECT * FROM posts')).toEqual([{ id: 1, user: 1 }]);
    expect(tables(ctx)).toEqual(['__drizzle_migrations', '__migrations', 'posts', 'tags', 'users']);
  }),
);
