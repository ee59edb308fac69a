import { asOurs, type OfframpError } from '../base/errors.ts';
import type { StateLike } from '../base/storage.ts';
import type { MigrationInput } from '../input/migration.ts';
import { readMigrations } from '../input/migrations.ts';
import { type Inspection, inspect } from '../inspect.ts';
import { readHead, readState } from '../ledger/state.ts';
import { type MigrateOptions, resolveOptions } from '../options.ts';
import type { InspectAnswer, ObjectState, PlainError } from './commands.ts';
import { type Findings, find, isOurs, nearestTo, toRef } from './findings.ts';
import { toPlain } from './plain.ts';
import { fittingRepairs } from './repair.ts';

/** A list of migrations as `withMigrations` was given it. */
export interface List {
  readonly input: MigrationInput;
  readonly options: MigrateOptions | undefined;
}

/** Why a class is not built: what was thrown, and as plain data, before RPC writes into it. */
export interface Failure {
  readonly error: OfframpError;
  readonly plain: PlainError;
}

/** What `look` says of the migrations and the object; the rest of the answer is about the instance. */
export type Look = Omit<
  InspectAnswer,
  'id' | 'name' | 'built' | 'woke' | 'made' | 'empty' | 'instance'
>;

const NOTHING: Omit<Look, 'state' | 'refusal'> = {
  drizzle: 'none',
  ours: 'none',
  fingerprint: null,
  head: null,
  counts: { migrations: 0, ledger: 0, drizzle: 0, pending: 0, ahead: 0, unknown: 0, drift: 0 },
  actions: [],
  foreignKeys: 'enforced',
  pending: [],
  drift: [],
  rows: [],
  repairs: [],
};

function stateOf({ upToDate, result }: Inspection, refusal: OfframpError | undefined): ObjectState {
  if (refusal !== undefined) return 'refused';
  if (!upToDate) return 'pending';
  return result.ahead.length > 0 ? 'ahead' : 'up-to-date';
}

/** What a ledger is asked for may be no ledger; that is told by the refusal. */
function tryToFind({ storage }: StateLike, { input, options }: List): Findings | undefined {
  const settings = resolveOptions(options);
  try {
    const list = readMigrations(input);
    return find(list.migrations, readState(storage, settings, list), settings);
  } catch {
    return undefined;
  }
}

/** Migrations that the object lacks, of those whose time is nearest to a row in question. */
function suspectsOf(findings: Findings): string[] {
  const { rows, comparison } = findings;
  const lacking = comparison?.open.map(({ key }) => key) ?? [];
  const nearest = rows.flatMap((row) => nearestTo(row, findings).map(({ key }) => key));
  return nearest.filter((key) => lacking.includes(key));
}

/**
 * Looks at an object with the planner that `migrate` uses.
 *
 * @param ctx the object
 * @param list the migrations and options of the code that answers
 * @param failure why the class is not built, if it is not
 */
export function look(ctx: StateLike, list: List, failure?: Failure): Look {
  const { input, options } = list;
  let inspection: Inspection;
  try {
    inspection = inspect(ctx, input, options);
  } catch (cause) {
    // The migrations, the options or the class itself are wrong.
    const refusal = asOurs(cause, '', '');
    return { ...NOTHING, state: 'refused', refusal: toPlain(refusal) };
  }
  const settings = resolveOptions(options);
  const { migrations, fingerprint } = readMigrations(input);
  const { ledgers, actions, foreignKeys } = inspection;
  const refusal = inspection.refusal ?? failure?.error;
  const findings = tryToFind(ctx, list);
  const { open = [], ahead = [], unknown = [], drift = [] } = findings?.comparison ?? {};
  const head = readHead(ctx.storage.sql, settings.table);
  return {
    state: stateOf(inspection, refusal),
    refusal: inspection.refusal ? toPlain(inspection.refusal) : (failure?.plain ?? null),
    drizzle: ledgers.drizzle,
    ours: ledgers.ours,
    fingerprint,
    head: typeof head === 'string' ? head : null,
    counts: {
      migrations: migrations.length,
      ledger: findings?.state.ledger?.rows.length ?? 0,
      drizzle: findings?.state.drizzle?.rows.length ?? 0,
      pending: open.length,
      ahead: ahead.length,
      unknown: unknown.length,
      drift: drift.length,
    },
    actions,
    foreignKeys,
    pending: open.map(toRef),
    drift: drift.map(toRef),
    rows: (findings?.rows ?? []).map((row) => ({
      table: isOurs(row) ? settings.table : settings.drizzleTable,
      version: isOurs(row) ? row.version : null,
      tag: row.tag,
      created_at: row.created_at,
      checksum: row.checksum,
      nearest: findings ? nearestTo(row, findings) : [],
    })),
    repairs: findings ? fittingRepairs(findings, settings, refusal, suspectsOf(findings)) : [],
  };
}
