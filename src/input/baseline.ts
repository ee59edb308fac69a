import { fingerprintOf } from './fingerprint.ts';
import type { Migration } from './migration.ts';

/** What a baseline's first line starts with; the fingerprint of what it stands for follows. */
const HEADER = '-- drizzle-offramp baseline ';

/**
 * The first line of a baseline: it says what the baseline was made of, so that it never stands for other migrations.
 *
 * @param replaced all migrations that it stands for
 */
export const baselineHeader = (replaced: readonly Migration[]): string =>
  `${HEADER}${fingerprintOf(replaced)}`;

/**
 * The migrations that the last baseline of a list stands for: all up to and with the one that has it.
 *
 * @param migrations all migrations, in the order in which they run
 * @returns none if there is no baseline
 */
export const replacedBy = (migrations: readonly Migration[]): readonly Migration[] =>
  migrations.slice(0, migrations.findLastIndex(({ baseline }) => baseline !== undefined) + 1);

/**
 * Whether a baseline was made of just these migrations.
 *
 * @param replaced what {@link replacedBy} found
 */
export const isCurrent = (replaced: readonly Migration[]): boolean =>
  replaced.at(-1)?.baseline?.startsWith(`${baselineHeader(replaced)}\n`) ?? true;
