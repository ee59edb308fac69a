// From a folder and the module that was converted from it before to the module's next entries. Pure.
import { createHash } from 'node:crypto';
import { AdoptionError } from '../../base/errors.ts';
import { keyOf } from '../../base/key.ts';
import { millisOf, secondOf } from '../../base/time.ts';
import type { MigrationEntry, MigrationList } from '../../input/migration.ts';
import { matchByIdentity } from '../../ledger/match.ts';
import type { FolderMigration } from '../folder.ts';
import { CliError } from '../output.ts';

type Known = MigrationList['migrations'][number];

/** Something that converting changes in the module. */
export interface Change {
  readonly key: string;
  readonly tag: string;
  /** `edited` is in the SQL, and was accepted; `restamped` is another `when` or tag. */
  readonly change: 'added' | 'restamped' | 'edited';
  /** The entry to write. */
  readonly entry: MigrationEntry;
  /** The values of `when` (in milliseconds) that this change adds to `was`. */
  readonly stamps: readonly number[];
}

/** Something for which there is no right entry, so that the user must decide. */
export interface Conflict {
  readonly key: string;
  readonly code: 'EDITED' | 'REMOVED';
  /** The folder's migration; undefined if it has none any more. */
  readonly found: FolderMigration | undefined;
}

/** How folder and module compare. */
export interface Reconciliation {
  readonly changes: readonly Change[];
  readonly conflicts: readonly Conflict[];
  /** How many migrations the module has afterwards. */
  readonly size: number;
}

/** The SHA-256 of a text, as the runtime computes it, by faster means. */
const checksumOf = (sql: string): string => createHash('sha256').update(sql).digest('hex');

/**
 * Finds each known migration in the folder, as `migrate` would: what the folder has stands for the ledger of an object
 * in which Drizzle ran all of it.
 */
function pairAll(
  known: readonly Known[],
  found: readonly FolderMigration[],
  module: string,
): Map<Known, FolderMigration> {
  const rows = found.map((migration) => ({
    tag: migration.tag,
    created_at: migration.when ?? millisOf(migration.tag.slice(0, 14)),
    checksum: checksumOf(migration.sql),
    migration,
  }));
  // Without a tag it is known by its text alone, and its key is no tag of anything.
  const named = new Map<Known, Known>(
    known.map((one) => [{ ...one, tag: one.tag ?? one.key }, one]),
  );
  try {
    const matches = matchByIdentity(rows, [...named.keys()], module);
    return new Map(
      Array.from(matches, ([{ migration }, match]) => [named.get(match) as Known, migration]),
    );
  } catch (cause) {
    if (!(cause instanceof AdoptionError)) throw cause;
    throw new CliError(cause.message, { cause });
  }
}

/** The entry of a migration that the module has: its `when` stays while its second does, an old one goes to `was`. */
function restamp(known: Known, { tag, when, sql }: FolderMigration): MigrationEntry {
  const second = tag.slice(0, 14);
  const sameSecond = known.when !== null && secondOf(known.when) === second;
  const next = when ?? (sameSecond ? known.when : null);
  const old = known.when ?? (known.tag === null ? null : millisOf(known.tag.slice(0, 14)));
  // The second of a tag says nothing that the new exact `when` does not.
  const said = old !== null && (known.when !== null || known.tag?.slice(0, 14) !== second);
  const moved = said && old !== next ? [old] : [];
  const was = [...new Set([...known.was, ...moved])].filter((stamp) => stamp !== next);
  return {
    tag,
    ...(next !== null && { when: next }),
    ...(was.length > 0 && { was }),
    checksum: checksumOf(sql),
    ...(known.baseline !== undefined && { baseline: known.baseline }),
    // What a baseline has replaced stays away.
    ...(known.sql !== null && { sql }),
  };
}

const isSame = (known: Known, entry: MigrationEntry, written: boolean): boolean =>
  written &&
  known.tag === entry.tag &&
  known.when === (entry.when ?? null) &&
  known.checksum === entry.checksum &&
  known.was.join() === (entry.was ?? []).join();

/** Whether the folder's text is another; where a baseline has replaced the module's, its checksum tells. */
const isEdited = ({ sql, checksum }: Known, found: FolderMigration): boolean =>
  sql === null ? checksumOf(found.sql) !== checksum : found.sql !== sql;

/**
 * Decides what converting a folder changes in a module. Keys that the module has stay, new ones are appended in the
 * folder's order, and functions, and entries without a checksum that the folder does not know (written by hand), are
 * left alone.
 *
 * @param known what the module has; empty for a new one
 * @param found the folder's migrations, in order
 * @param accepted keys whose SQL may change
 * @param checksummed keys whose entries have their checksum written out
 * @param module the module's path, for messages
 * @throws {CliError} if nobody can tell which of two migrations the folder means
 */
export function reconcile(
  known: readonly Known[],
  found: readonly FolderMigration[],
  accepted: ReadonlySet<string>,
  checksummed: ReadonlySet<string>,
  module: string,
): Reconciliation {
  const pairs = pairAll(known, found, module);
  const changes: Change[] = [];
  const conflicts: Conflict[] = [];
  for (const migration of known) {
    const { key } = migration;
    const pair = pairs.get(migration);
    if (pair === undefined) {
      // Whoever writes one by hand, or has `new` do it, writes no checksum.
      const isConverted = migration.tag !== null && checksummed.has(key);
      if (isConverted) conflicts.push({ key, code: 'REMOVED', found: undefined });
      continue;
    }
    // Who wrote a function in its place keeps it, and the name in the folder.
    if (migration.up) continue;
    const edited = isEdited(migration, pair);
    if (edited && !accepted.has(key)) {
      conflicts.push({ key, code: 'EDITED', found: pair });
      continue;
    }
    const entry = restamp(migration, pair);
    if (!edited && isSame(migration, entry, checksummed.has(key))) continue;
    const stamps = (entry.was ?? []).filter((stamp) => !migration.was.includes(stamp));
    const change = edited ? 'edited' : 'restamped';
    changes.push({ key, tag: pair.tag, change, entry, stamps });
  }
  const paired = new Set(pairs.values());
  let size = known.length;
  for (const migration of found) {
    if (paired.has(migration)) continue;
    const { tag, when, sql } = migration;
    const entry = { tag, ...(when !== null && { when }), checksum: checksumOf(sql), sql };
    changes.push({ key: keyOf(size++), tag, change: 'added', entry, stamps: [] });
  }
  return { changes, conflicts, size };
}
