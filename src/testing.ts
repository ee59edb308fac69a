/**
 * Rehearsals for a team's own tests, in Vitest with `@cloudflare/vitest-plugin` (before: `@cloudflare/vitest-pool-workers`).
 *
 * @module
 */
import * as pool from 'cloudflare:test';
import type { MigrationInput } from './input/migration.ts';
import type { RehearseOptions } from './testing/options.ts';
import { rehearseOn } from './testing/rehearse.ts';
import { type Rehearsal, RehearsalError } from './testing/report.ts';
import type { Stage } from './testing/stage.ts';

export type { TableRow, Value } from './testing/contents.ts';
export type { DamagedRow } from './testing/damage.ts';
export type { Unfilled } from './testing/fill.ts';
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
export type { Risk } from './testing/risks.ts';
export type { LeftBy, Start } from './testing/starts.ts';

const ABORTED = 'drizzle-offramp: the rehearsal ends this instance';

const runIn = <R>(
  stub: DurableObjectStub,
  act: (ctx: DurableObjectState) => R,
): Promise<Awaited<R>> =>
  pool.runInDurableObject(stub, (_instance, ctx) => act(ctx)) as Promise<Awaited<R>>;

/** Has an object abort itself, which ends the event that asks for it too. */
const abort = (stub: DurableObjectStub): Promise<void> =>
  runIn(stub, (ctx) => ctx.abort(ABORTED)).catch((error: Error) => {
    if (!error.message.includes(ABORTED)) throw error;
  });

/** Ends an instance. Before 0.16.20 the pool has no `evictDurableObject`. */
function end(stub: () => DurableObjectStub): Promise<void> {
  if (!('evictDurableObject' in pool)) return abort(stub());
  return pool.evictDurableObject(stub()).catch((error: Error) => {
    // A timer of the class may hold it longer than the pool waits.
    if (error.message.includes('Timed out waiting to evict')) return abort(stub());
    // The runtime may have ended it by itself.
    if (!error.message.includes('not currently running')) throw error;
  });
}

/** An object of the class under test; another one whenever it cannot be entered any more. */
function stageOf<T extends Rpc.DurableObjectBranded | undefined>(
  namespace: DurableObjectNamespace<T>,
): Stage {
  let id = namespace.newUniqueId();
  // A stub is of no use any more once a constructor has thrown: each event gets its own.
  const stub = (): DurableObjectStub => namespace.get(id) as unknown as DurableObjectStub;
  return {
    enter: (act) => runIn(stub(), act),
    evict: () => end(stub),
    replace: () => {
      id = namespace.newUniqueId();
    },
  };
}

/** Says what a binding is to who passes none. */
function checkBinding(namespace: unknown): void {
  const { newUniqueId, get } = (namespace ?? {}) as Partial<DurableObjectNamespace>;
  if (typeof newUniqueId === 'function' && typeof get === 'function') return;
  const found = namespace === null ? 'null' : typeof namespace;
  throw new RehearsalError(
    'NO_BINDING',
    `The first argument is no binding of a Durable Object class, but ${found}. A binding is what \`env\` has under a \`name\` of ` +
      '`durable_objects.bindings` in wrangler.jsonc: { "name": "INBOX", "class_name": "Inbox" } makes it env.INBOX. Import env ' +
      "from 'cloudflare:workers' (in an older Workers Vitest integration from 'cloudflare:test'), and let the Worker under test " +
      '(`main`) export the class.',
  );
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
 * @throws {RehearsalError} if an object fails
 * @throws {InputError} if the migrations are wrong
 */
export async function rehearse<T extends Rpc.DurableObjectBranded | undefined>(
  namespace: DurableObjectNamespace<T>,
  migrations: MigrationInput,
  options: RehearseOptions = {},
): Promise<Rehearsal> {
  checkBinding(namespace);
  return await rehearseOn(stageOf(namespace), migrations, options);
}
