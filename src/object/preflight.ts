import { OfframpError } from '../base/errors.ts';
import type { StorageLike } from '../base/storage.ts';
import { FAILURES } from '../events.ts';
import { readMigrations } from '../input/migrations.ts';
import { migrateUntold } from '../migrate.ts';
import type { MigrateOptions } from '../options.ts';
import type { MigrateResult } from '../plan/result.ts';
import { afterOpenTransaction } from '../run/enforcement.ts';
import type { PreflightAnswer } from './commands.ts';
import { toPlain } from './plain.ts';
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
  try {
    fingerprint = readMigrations(input).fingerprint;
    const trial = { storage: rolledBack(storage) };
    const result = await afterOpenTransaction(trial.storage, () =>
      around(() => migrateUntold(trial, input, options)),
    );
    return { outcome: result.upToDate ? 'nothing' : 'migrated', result, error: null, fingerprint };
  } catch (error) {
    if (!(error instanceof OfframpError)) throw error;
    const outcome = FAILURES.includes(error.code) ? 'failed' : 'refused';
    return { outcome, result: null, error: toPlain(error), fingerprint };
  }
}
