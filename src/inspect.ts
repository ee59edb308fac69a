import { asOurs, type OfframpError } from './base/errors.ts';
import { type MigrateTarget, resolveTarget } from './base/storage.ts';
import type { MigrationInput } from './input/migration.ts';
import { readMigrations } from './input/migrations.ts';
import type { MirrorPlan } from './ledger/mirror.ts';
import { headOf, readHead, readState, type State } from './ledger/state.ts';
import { type MigrateOptions, type ResolvedOptions, resolveOptions } from './options.ts';
import { makePlan, type Plan, wouldWrite } from './plan/plan.ts';
import { type MigrateResult, NO_VIOLATIONS, toResult, UP_TO_DATE } from './plan/result.ts';
import { type ForeignKeyMode, foreignKeyMode } from './run/foreign-keys.ts';

/** One thing that `migrate` would do. */
export interface PlannedAction {
  /** What would be done; `mark up to date` writes down that the object is, and nothing else. */
  readonly action:
    | 'create ledger'
    | 'upgrade ledger'
    | 'adopt'
    | 'keep'
    | 'ignore'
    | 'apply'
    | 'apply baseline'
    | 'apply out of order'
    | 'mirror'
    | 'retire'
    | 'mark up to date';
  /** The migration's key, or null where it is not about one. */
  readonly key: string | null;
  /** The migration's canonical tag, or null. */
  readonly tag: string | null;
  /** Why it would be done, in a sentence. */
  readonly reason: string;
}

/** What `migrate` would do in an object. */
export interface Inspection {
  /** Whether `migrate` would write nothing. */
  readonly upToDate: boolean;
  /** Who keeps a ledger in this object. */
  readonly ledgers: {
    readonly ours: 'none' | 'do-orm' | 'drizzle-offramp';
    readonly drizzle: 'none' | '0.x' | '1.x';
  };
  /** What would be done, in order; empty if it would be refused. */
  readonly actions: readonly PlannedAction[];
  /** What the migrations to run ask of foreign keys. */
  readonly foreignKeys: ForeignKeyMode;
  /** What `migrate` would return, but for `violations`. */
  readonly result: MigrateResult;
  /** What `migrate` would throw before it touched anything. */
  readonly refusal: OfframpError | undefined;
}

const ledgersOf = ({ ledger, drizzle }: State): Inspection['ledgers'] => ({
  ours:
    ledger === undefined ? 'none' : ledger.missing.includes('head') ? 'do-orm' : 'drizzle-offramp',
  drizzle: drizzle?.form ?? 'none',
});

const about = (
  action: PlannedAction['action'],
  reason: string,
  { key, tag }: { key: string | null; tag: string | null } = { key: null, tag: null },
): PlannedAction => ({ action, key, tag, reason });

const ofEntry = (
  { origin, migration, tag }: Plan['entries'][number],
  { drizzleTable, adopt }: ResolvedOptions,
): PlannedAction => {
  if (migration === null) {
    return about(
      'keep',
      `a row of ${drizzleTable} matches no migration, or one that another row matches`,
      { key: null, tag },
    );
  }
  if (origin === 'ignored') {
    return about('ignore', "it was skipped, and the option says 'ignore'", migration);
  }
  if (origin === 'schema') return about('adopt', 'the schema of the object tells so', migration);
  const other = origin === 'adopted' ? adopt?.name : "do-orm's ledger";
  return about('adopt', `${origin === 'drizzle' ? drizzleTable : other} has it`, migration);
};

const ofStep = ({ migration, skipped, isBaseline }: Plan['steps'][number]): PlannedAction =>
  isBaseline
    ? about('apply baseline', 'the object is new: it stands for all up to this one', migration)
    : skipped
      ? about(
          'apply out of order',
          'it was skipped: a later migration is there, this one is not',
          migration,
        )
      : about('apply', 'no ledger has it', migration);

function ofMirror(mirror: MirrorPlan, { drizzleTable }: ResolvedOptions): PlannedAction[] {
  const actions = mirror.rows.map(({ tag }) =>
    about('mirror', `${drizzleTable} lacks its row`, { key: null, tag }),
  );
  if (mirror.create) actions.unshift(about('mirror', `there is no ${drizzleTable}`));
  if (mirror.upgrade || mirror.marks.length > 0) {
    actions.unshift(about('mirror', `${drizzleTable} lacks names or times that Drizzle goes by`));
  }
  return actions;
}

function actionsOf(plan: Plan, { ledger }: State, options: ResolvedOptions): PlannedAction[] {
  const { table, drizzleTable } = options;
  const actions = [
    ...plan.entries.flatMap((entry) =>
      entry.origin === 'baseline' ? [] : ofEntry(entry, options),
    ),
    ...plan.steps.map(ofStep),
    ...(plan.mirror === undefined ? [] : ofMirror(plan.mirror, options)),
  ];
  if (plan.drop) actions.push(about('retire', `${table} has all of ${options.adopt?.name}`));
  if (plan.retire) actions.push(about('retire', `${table} has all of ${drizzleTable}`));
  if (ledger === undefined) actions.unshift(about('create ledger', `there is no ${table}`));
  else if (ledger.missing.length > 0) {
    actions.unshift(about('upgrade ledger', `${table} lacks ${ledger.missing.join(', ')}`));
  }
  if (actions.length === 0)
    actions.push(about('mark up to date', 'the code changed, and asks for nothing'));
  return actions;
}

/**
 * Tells what `migrate` would do, and why, with the planner that it uses. Reads only: no row is written, no table made.
 *
 * ```ts
 * const { upToDate, actions, refusal } = inspect(ctx, migrations);
 * ```
 *
 * @param target the object's `ctx`, `ctx.storage` or a Drizzle database
 * @param input the migrations that `migrate` would be given
 * @param options the options that `migrate` would be given
 * @throws {InputError} if the target, the migrations or the options are wrong
 */
export function inspect(
  target: MigrateTarget,
  input: MigrationInput,
  options?: MigrateOptions,
): Inspection {
  const resolved = resolveTarget(target);
  const list = readMigrations(input);
  const settings = resolveOptions(options);
  const nothing = {
    upToDate: true,
    ledgers: { ours: 'none', drizzle: 'none' },
    actions: [],
    foreignKeys: 'enforced',
    result: UP_TO_DATE,
    refusal: undefined,
  } as const;
  const refusal = (cause: unknown): OfframpError =>
    asOurs(cause, settings.table, settings.drizzleTable);
  try {
    const state = readState(resolved.storage, settings, list);
    const ledgers = ledgersOf(state);
    const head = headOf(list.fingerprint, settings);
    if (readHead(resolved.sql, settings.table) === head) return { ...nothing, ledgers };
    try {
      const plan = makePlan(list.migrations, state, settings);
      const upToDate = !wouldWrite(plan, state, head);
      return {
        upToDate,
        ledgers,
        actions: upToDate ? [] : actionsOf(plan, state, settings),
        foreignKeys: foreignKeyMode(plan.steps),
        result: toResult(plan, upToDate, NO_VIOLATIONS),
        refusal: undefined,
      };
    } catch (cause) {
      return { ...nothing, upToDate: false, ledgers, refusal: refusal(cause) };
    }
  } catch (cause) {
    return { ...nothing, upToDate: false, refusal: refusal(cause) };
  }
}
