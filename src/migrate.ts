import { applyPlan } from './apply.ts';
import { type DrizzleRow, readDrizzleLedger } from './drizzle/ledger.ts';
import type { ForeignKeyViolation } from './errors.ts';
import { foreignKeyMode, transact } from './foreign-keys.ts';
import { type LedgerRow, readLedger, SELECT_HEAD, selectHead } from './ledger.ts';
import { type Migration, type MigrationInput, readMigrations } from './migrations.ts';
import { type MigrateOptions, type ResolvedOptions, resolveOptions } from './options.ts';
import { makePlan, type Plan, type State } from './plan.ts';
import { type MigrateTarget, notSqlite, type ResolvedTarget, resolveTarget } from './target.ts';

/** A migration by its names. */
export type MigrationRef = Pick<Migration, 'key' | 'tag'>;

/** What a call of `migrate` found and did. */
export interface MigrateResult {
  /** Whether there was nothing to do: nothing was written, and all that follows is empty. */
  readonly upToDate: boolean;
  /** Migrations that were taken over from Drizzle's or do-orm's ledger without running them. */
  readonly adopted: readonly MigrationRef[];
  /** Migrations that were run, in order. */
  readonly applied: readonly MigrationRef[];
  /** Those of `applied` that were passed over before: a later migration was there already. */
  readonly healed: readonly MigrationRef[];
  /** Skipped migrations that were written off (`skipped: 'ignore'`). */
  readonly ignored: readonly MigrationRef[];
  /** Rows of Drizzle's ledger that match no migration and were kept (`unknown: 'ignore'`). */
  readonly unknown: readonly DrizzleRow[];
  /** Migrations of the object that this code does not know: an older version of the code runs on a newer object. */
  readonly ahead: readonly LedgerRow[];
  /** Applied migrations whose SQL has changed since. */
  readonly drift: readonly MigrationRef[];
  /** Rows that lacked their parent before a rebuild, and still do. */
  readonly violations: readonly ForeignKeyViolation[];
}

const UP_TO_DATE: MigrateResult = Object.freeze({
  upToDate: true,
  adopted: [],
  applied: [],
  healed: [],
  ignored: [],
  unknown: [],
  ahead: [],
  drift: [],
  violations: [],
});

/** Keeps events away until `restore` is done; undefined where nothing can. */
export type Hold = (restore: () => Promise<void>) => void;

const readHead = ({ sql }: ResolvedTarget, statement: string): unknown => {
  try {
    for (const { head } of sql.exec(statement)) return head;
  } catch {
    // No ledger yet, or one of do-orm's: the long way finds out, and meets any other error again.
  }
  return undefined;
};

function readState({ sql }: ResolvedTarget, { table, drizzleTable }: ResolvedOptions): State {
  try {
    return { ledger: readLedger(sql, table), drizzle: readDrizzleLedger(sql, drizzleTable) };
  } catch (cause) {
    // https://developers.cloudflare.com/durable-objects/reference/durable-objects-migrations/
    if (cause instanceof Error && cause.message.startsWith('SQL is not enabled'))
      throw notSqlite(cause);
    throw cause;
  }
}

const isEmpty = ({ sql }: ResolvedTarget, { table, drizzleTable }: ResolvedOptions): boolean => {
  const tables = sql.exec(
    "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name NOT IN (?, ?) AND name NOT GLOB '_cf_*' LIMIT 1",
    table,
    drizzleTable,
  );
  return [...tables].length === 0;
};

/** Whether carrying the plan out would write anything. */
const writes = (plan: Plan, { ledger }: State, head: string): boolean =>
  !plan.standStill &&
  (ledger === undefined ||
    ledger.missing.length > 0 ||
    plan.entries.length > 0 ||
    plan.steps.length > 0 ||
    plan.retire ||
    (ledger.rows.length > 0 && ledger.rows.at(-1)?.head !== head));

const ref = ({ key, tag }: Migration): MigrationRef => ({ key, tag });

/**
 * The way through, for `migrate` and for the drop-in, which differ only in how they keep events away.
 *
 * @param target the object
 * @param input the migrations in any form
 * @param options what `migrate` was told
 * @param hold keeps events away; undefined where nothing can
 */
export function migrateTarget(
  target: ResolvedTarget,
  input: unknown,
  options: MigrateOptions | undefined,
  hold: Hold | undefined,
): MigrateResult {
  const { migrations, fingerprint } = readMigrations(input);
  const resolved = resolveOptions(options);
  const { table, drizzle, drizzleTable } = resolved;
  const head = `${fingerprint} ${drizzle} ${drizzleTable}`;
  if (readHead(target, options?.table === undefined ? SELECT_HEAD : selectHead(table)) === head) {
    return UP_TO_DATE;
  }

  const state = readState(target, resolved);
  const plan = makePlan(migrations, state, resolved);
  let violations: readonly ForeignKeyViolation[] = [];
  const upToDate = !writes(plan, state, head);
  if (!upToDate) {
    const mode = foreignKeyMode(plan.steps, () => isEmpty(target, resolved));
    violations = transact(target, plan.steps, mode, hold, () =>
      applyPlan(target.sql, plan, state, head, mode, resolved),
    );
    if (plan.drift.length > 0 && resolved.drift === 'warn') {
      const keys = plan.drift.map(({ key }) => key).join(', ');
      console.warn(
        `drizzle-offramp: the SQL of ${keys} has changed since this object ran it (drift).`,
      );
    }
  }
  const entered = (origins: string[]): MigrationRef[] =>
    plan.entries.flatMap(({ migration, origin }) =>
      migration !== null && origins.includes(origin) ? [ref(migration)] : [],
    );
  return {
    upToDate,
    adopted: entered(['drizzle', 'do-orm']),
    applied: plan.steps.map(({ migration }) => ref(migration)),
    healed: plan.steps.filter(({ skipped }) => skipped).map(({ migration }) => ref(migration)),
    ignored: entered(['ignored']),
    unknown: plan.unknown,
    ahead: plan.ahead,
    drift: plan.drift.map(ref),
    violations,
  };
}

/**
 * Brings a Durable Object level with the migrations: adopts what Drizzle's migrator or do-orm left, runs what is
 * missing, all in one transaction, and writes down what was done. With nothing to do it reads one row and returns.
 *
 * Synchronous: call it first in the constructor, without `blockConcurrencyWhile`.
 *
 * ```ts
 * import { migrate } from 'drizzle-offramp';
 * import migrations from '../drizzle/migrations';
 *
 * export class Inbox extends DurableObject {
 *   constructor(ctx: DurableObjectState, env: Env) {
 *     super(ctx, env);
 *     migrate(ctx, migrations);
 *   }
 * }
 * ```
 *
 * @param target the object's `ctx`; or `ctx.storage` or a Drizzle database, with which a table rebuild is refused
 * @param input the default export of drizzle-kit's `migrations.js` (0.x or 1.x), or a record `{ m0000: 'SQL', … }`
 * @param options what to do where there is a choice
 * @returns what was found and done
 * @throws {InputError} if the target, the migrations or the options are wrong
 * @throws {AdoptionError} if what stands in the object's ledgers does not fit the migrations
 * @throws {MigrationError} if a statement fails
 * @throws {ForeignKeyError} if foreign keys cannot be switched off for a rebuild, or one lost a row that is needed
 */
export function migrate(
  target: MigrateTarget,
  input: MigrationInput,
  options?: MigrateOptions,
): MigrateResult {
  const resolved = resolveTarget(target);
  const { state } = resolved;
  const hold: Hold | undefined =
    state &&
    ((restore) => {
      // Its rejection resets the object by itself; nobody else needs to hear of it.
      state.blockConcurrencyWhile(restore).catch(() => {});
    });
  return migrateTarget(resolved, input, options, hold);
}
