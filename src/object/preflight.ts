import { OfframpError } from '../base/errors.ts';
import { resolveTarget, type StorageLike } from '../base/storage.ts';
import { FAILURES } from '../events.ts';
import { readMigrations } from '../input/migrations.ts';
import { migrateUntold } from '../migrate.ts';
import { type MigrateOptions, resolveOptions } from '../options.ts';
import type { MigrateResult } from '../plan/result.ts';
import { afterOpenTransaction } from '../run/enforcement.ts';
import type { PreflightAnswer } from './commands.ts';
import { toPlain } from './plain.ts';
import { RollbackGuard } from './rollback-guard.ts';
import { rolledBack } from './rolled-back.ts';

/**
 * Runs migrations on the rows of an object as `migrate` does, and rolls all of it back. Events wait meanwhile.
 *
 * @param storage the object's storage
 * @param input the migrations
 * @param options the options that `migrate` would be given
 * @param around calls what runs them
 */
export async function preflight(
  storage: StorageLike,
  input: unknown,
  options: MigrateOptions | undefined,
  around: (run: () => MigrateResult) => MigrateResult,
): Promise<Omit<PreflightAnswer, 'empty' | 'instance'>> {
  let fingerprint: string | null = null;
  let guard: RollbackGuard | undefined;
  const refused = (error: OfframpError) =>
    ({ outcome: 'refused', result: null, error: toPlain(error), fingerprint }) as const;
  try {
    fingerprint = readMigrations(input).fingerprint;
    const { sql } = resolveTarget({ storage });
    const trial = { storage: rolledBack(storage) };
    const rollbacks = new RollbackGuard(sql, resolveOptions(options));
    guard = rollbacks;
    const result = await afterOpenTransaction(trial.storage, () =>
      around(() => rollbacks.around(() => migrateUntold(trial, input, options))),
    );
    // A function may have caught it.
    if (guard.refusal) return refused(guard.refusal);
    return { outcome: result.upToDate ? 'nothing' : 'migrated', result, error: null, fingerprint };
  } catch (error) {
    if (guard?.refusal) return refused(guard.refusal);
    if (!(error instanceof OfframpError)) throw error;
    const outcome = FAILURES.includes(error.code) ? 'failed' : 'refused';
    return { outcome, result: null, error: toPlain(error), fingerprint };
  }
}
