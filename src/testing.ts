/**
 * Rehearsals for a team's own tests, in Vitest with `@cloudflare/vitest-plugin` (before: `@cloudflare/vitest-pool-workers`).
 *
 * @module
 */
import * as pool from 'cloudflare:test';
import type { MigrationInput } from './input/migration.ts';
import type { RehearseOptions } from './testing/options.ts';
import { rehearseOn } from './testing/rehearse.ts';
import type { Rehearsal } from './testing/report.ts';
import type { Stage } from './testing/stage.ts';

export type { TableRow, Value } from './testing/contents.ts';
export type { DamagedRow } from './testing/damage.ts';
export type { RehearseOptions } from './testing/options.ts';
export {
  type Cell,
  type Check,
  type Rehearsal,
  RehearsalError,
  type RehearsalErrorCode,
  type RehearsalFailure,
  type RehearsedStart,
} from './testing/report.ts';
export type { LeftBy, Start } from './testing/starts.ts';

/**
 * Ends an instance. Before 0.16.20 the pool has no `evictDurableObject`: there the object aborts itself, which ends the event
 * that asks for it too.
 */
function end(stub: DurableObjectStub): Promise<void> {
  if ('evictDurableObject' in pool) return pool.evictDurableObject(stub);
  return runIn(stub, (ctx) => ctx.abort(ABORTED));
}

const ABORTED = 'drizzle-offramp: the rehearsal ends this instance';

const runIn = <R>(
  stub: DurableObjectStub,
  act: (ctx: DurableObjectState) => R,
): Promise<Awaited<R>> =>
  pool.runInDurableObject(stub, (_instance, ctx) => act(ctx)) as Promise<Awaited<R>>;

/** An object of the class under test; another one whenever it cannot be entered any more. */
function stageOf<T extends Rpc.DurableObjectBranded | undefined>(
  namespace: DurableObjectNamespace<T>,
): Stage {
  let id = namespace.newUniqueId();
  // A stub is of no use any more once a constructor has thrown: each event gets its own.
  const stub = (): DurableObjectStub => namespace.get(id) as unknown as DurableObjectStub;
  return {
    enter: (act) => runIn(stub(), act),
    evict: () =>
      end(stub()).catch((error: Error) => {
        // The runtime may have ended it by itself.
        if (!/not currently running|ends this instance/.test(error.message)) throw error;
      }),
    replace: () => {
      id = namespace.newUniqueId();
    },
  };
}

/**
 * Rehearses the new deploy on every object that the old one can have left: makes an object of your class, at each point
 * of the migrations' history as Drizzle's migrator leaves it, with rows in every table; wakes it, so that your class's
 * own constructor migrates; and checks that it has the schema of a new object, every row, foreign keys that are
 * enforced, and nothing to do in the next wake.
 *
 * ```ts
 * import { env } from 'cloudflare:workers';
 * import { rehearse } from 'drizzle-offramp/testing';
 * import { it } from 'vitest';
 * import migrations from '../drizzle/migrations';
 *
 * it('every object can leave Drizzle', async () => {
 *   await rehearse(env.INBOX, migrations);
 * });
 * ```
 *
 * @param namespace the binding of the class, which must be in the Worker under test (`main`)
 * @param migrations what the class passes to `migrate`
 * @param options rows of your own, and what is allowed to differ
 * @returns the matrix of starts and checks, also as text
 * @throws {RehearsalError} if an object fails, or no row could be made for a table
 * @throws {InputError} if the migrations are wrong
 */
export async function rehearse<T extends Rpc.DurableObjectBranded | undefined>(
  namespace: DurableObjectNamespace<T>,
  migrations: MigrationInput,
  options: RehearseOptions = {},
): Promise<Rehearsal> {
  return await rehearseOn(stageOf(namespace), migrations, options);
}
