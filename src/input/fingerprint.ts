import { sha256 } from '../base/sha256.ts';

/** What a migration is known by, in the code and in the ledger's row. */
export interface Known {
  /** `m` and its number. */
  readonly key: string;
  /** The canonical tag, or null where there is none. */
  readonly tag: string | null;
  /** The SHA-256 of the SQL; null in a row that nobody has completed. */
  readonly checksum: string | null;
}

/**
 * What stands for one migration in a fingerprint: the same migration gives the same line, another one another line.
 *
 * @param known the migration or the row
 */
export const lineOf = ({ key, tag, checksum }: Known): string => `${tag ?? key} ${checksum}\n`;

/**
 * The fingerprint of a whole list: another one if a migration is added, taken away, edited, renamed or moved.
 *
 * @param list the migrations, in the order in which they run
 * @returns the SHA-256 of all lines
 */
export const fingerprintOf = (list: readonly Known[]): string => sha256(list.map(lineOf).join(''));
