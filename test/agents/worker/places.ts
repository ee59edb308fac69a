// Where the users of a base class call, and with what.

import type { DrizzleBundle0 } from 'drizzle-offramp';
import { migrate, migrateAsync } from 'drizzle-offramp';
import { migrate as dropIn } from 'drizzle-offramp/durable-sqlite/migrator';
import { drizzle } from 'drizzle-orm/durable-sqlite';

type Ctx = DurableObjectState;

/** What one deploy does in a class. */
export interface Deploy {
  /** Before `super(ctx, env)`. */
  before?(ctx: Ctx): void;
  /** After it. */
  after?(ctx: Ctx): void;
  /** In `onStart`. */
  start?(ctx: Ctx): unknown;
  /** In a method, in `onRequest`, and in nothing else. */
  method?(ctx: Ctx): unknown;
  /** What `withMigrations` around the class is given. */
  around?: DrizzleBundle0;
}

const db = (ctx: Ctx) => drizzle(ctx.storage, { logger: false });

/** Every place, by the words that the tests print. */
export const places: Record<string, (m: DrizzleBundle0) => Deploy> = {
  'migrate(ctx) before super': (m) => ({ before: (ctx) => void migrate(ctx, m) }),
  'migrate(ctx.storage) before super': (m) => ({ before: (ctx) => void migrate(ctx.storage, m) }),
  'drop-in before super, not awaited': (m) => ({ before: (ctx) => void dropIn(db(ctx), m) }),

  'migrate(ctx) after super': (m) => ({ after: (ctx) => void migrate(ctx, m) }),
  'migrate(ctx.storage) after super': (m) => ({ after: (ctx) => void migrate(ctx.storage, m) }),
  'drop-in after super, not awaited': (m) => ({ after: (ctx) => void dropIn(db(ctx), m) }),
  'drop-in after super, in an async method, not awaited': (m) => ({
    after: (ctx) => void (async () => void dropIn(db(ctx), m))(),
  }),
  'drop-in after super, its error caught': (m) => ({
    after: (ctx) =>
      void (async () => {
        try {
          await dropIn(db(ctx), m);
        } catch {}
      })(),
  }),
  'migrate(ctx) after super, its error caught': (m) => ({
    after: (ctx) => {
      try {
        migrate(ctx, m);
      } catch {}
    },
  }),

  'migrate(ctx) in blockConcurrencyWhile after super': (m) => ({
    after: (ctx) => void ctx.blockConcurrencyWhile(async () => void migrate(ctx, m)),
  }),
  'migrateAsync(ctx) in blockConcurrencyWhile after super': (m) => ({
    after: (ctx) => void ctx.blockConcurrencyWhile(() => migrateAsync(ctx, m)),
  }),
  'migrateAsync(ctx.storage) in blockConcurrencyWhile after super': (m) => ({
    after: (ctx) => void ctx.blockConcurrencyWhile(() => migrateAsync(ctx.storage, m)),
  }),
  'migrateAsync(ctx) after super, not awaited': (m) => ({
    after: (ctx) => void migrateAsync(ctx, m),
  }),
  'drop-in in blockConcurrencyWhile after super': (m) => ({
    after: (ctx) => void ctx.blockConcurrencyWhile(async () => void (await dropIn(db(ctx), m))),
  }),
  'drop-in in blockConcurrencyWhile after super, not awaited': (m) => ({
    after: (ctx) => void ctx.blockConcurrencyWhile(async () => void dropIn(db(ctx), m)),
  }),

  'migrateAsync(ctx) in onStart': (m) => ({ start: (ctx) => migrateAsync(ctx, m) }),
  'migrateAsync(ctx.storage) in onStart': (m) => ({ start: (ctx) => migrateAsync(ctx.storage, m) }),
  'migrate(ctx) in onStart': (m) => ({ start: (ctx) => void migrate(ctx, m) }),
  'drop-in in onStart': (m) => ({ start: (ctx) => dropIn(db(ctx), m) }),
  'drop-in in onStart, not awaited': (m) => ({ start: (ctx) => void dropIn(db(ctx), m) }),

  'migrateAsync(ctx) in a method': (m) => ({ method: (ctx) => migrateAsync(ctx, m) }),
  'migrateAsync(ctx.storage) in a method': (m) => ({
    method: (ctx) => migrateAsync(ctx.storage, m),
  }),
  'migrate(ctx) in a method': (m) => ({ method: (ctx) => void migrate(ctx, m) }),
  'drop-in in a method': (m) => ({ method: (ctx) => dropIn(db(ctx), m) }),
  'withMigrations around the class': (m) => ({ around: m }),

  'drop-in in a method, not awaited': (m) => ({ method: (ctx) => void dropIn(db(ctx), m) }),
};
