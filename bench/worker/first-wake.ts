// The first call of an isolate, many times in one: each copy of the package is a module of its own that has run nothing.
import type { DrizzleBundle0, defineMigrations, MigrationRecord, migrate } from 'drizzle-offramp';
import type { FirstWakeTask } from '../ask.ts';

interface Copy {
  migrate: typeof migrate;
  defineMigrations: typeof defineMigrations;
  bundle0: DrizzleBundle0;
  converted: MigrationRecord;
  carried: string;
}

const copies = new Map<number, Copy>();

/**
 * Evaluates a copy of the package, and makes migrations that no copy has seen, of the same texts.
 *
 * @param number the copy's
 */
export async function load(number: number): Promise<void> {
  // The modules stand beside this one in the runtime, not on disk.
  const [name, texts] = [`./copy-${number}.js`, './long.js'];
  const [copy, long] = await Promise.all([import(name), import(texts)]);
  const { migrate, defineMigrations } = copy;
  const [bundle0, converted, carried] = [long.bundle0(), long.converted(), long.carried];
  copies.set(number, { migrate, defineMigrations, bundle0, converted, carried });
}

/**
 * @param ctx the object's
 * @param number the copy's, which has run nothing yet
 * @param task what it is given
 */
export function firstWake(ctx: DurableObjectState, number: number, task: FirstWakeTask): void {
  const copy = copies.get(number) as Copy;
  if (task === 'bare SELECT') {
    ctx.storage.sql.exec('SELECT 1').one();
  } else if (task === 'bundle 0.x') {
    copy.migrate(ctx, copy.bundle0);
  } else {
    // The module calls `defineMigrations` when it is evaluated, which is part of an isolate's first wake.
    copy.migrate(ctx, copy.defineMigrations(copy.converted, copy.carried));
  }
}
