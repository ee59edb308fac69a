import { isCurrent, replacedBy } from '../../input/baseline.ts';
import type { Migration } from '../../input/migration.ts';
import type { Finding } from './finding.ts';

/**
 * What is wrong with the baseline of a module.
 *
 * @param file the module
 * @param migrations its migrations
 */
export function checkBaseline(file: string, migrations: readonly Migration[]): Finding[] {
  const replaced = replacedBy(migrations);
  const last = replaced.at(-1);
  if (last === undefined || isCurrent(replaced)) return [];
  return [
    {
      code: 'STALE_BASELINE',
      severity: 'error',
      file,
      line: 1,
      message: `The baseline of ${last.key} was made of other migrations than those up to it.`,
      effect:
        'Each new object throws (STALE_BASELINE). Objects that have a migration already go on.',
      fix: `Run \`drizzle-offramp convert --baseline ${last.key}\` again.`,
    },
  ];
}
