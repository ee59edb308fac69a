import { OfframpError } from './base/errors.ts';
import type { SqlStorageLike, StorageLike } from './base/storage.ts';
import { history } from './history.ts';
import type { MigrationInput } from './input/migration.ts';
import { readMigrations } from './input/migrations.ts';
import type { LedgerRow } from './ledger/row.ts';
import type { MigrateOptions } from './options.ts';

/** How long the platform keeps bookmarks, in days. */
export const BOOKMARK_DAYS = 30;

/** The part of `ctx` that a restore needs: https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/#point-in-time-recovery */
export interface RewindTarget {
  readonly storage: StorageLike & {
    readonly sql: SqlStorageLike;
    getBookmarkForTime(timestamp: number | Date): Promise<string>;
    onNextSessionRestoreBookmark(bookmark: string): Promise<string>;
  };
}

/** A restore that is armed: it happens when the object starts next. */
export interface Rewind {
  /** The moment that the object goes back to, in milliseconds since 1970. */
  readonly time: number;
  /** The bookmark of that moment. */
  readonly bookmark: string;
  /** The bookmark that undoes the restore: pass it to `onNextSessionRestoreBookmark` in the restored object. */
  readonly undo: string;
  /** The migrations that the object will lack again, in the order in which it got them. */
  readonly undone: readonly LedgerRow[];
  /** What will be lost, in a sentence. */
  readonly lost: string;
}

/** The code of a {@link RewindError}. */
export type RewindErrorCode = 'NOT_APPLIED' | 'ADOPTED' | 'TOO_OLD' | 'NO_BOOKMARKS';

/** The object cannot go back to before that migration; nothing was armed. */
export class RewindError extends OfframpError {
  override readonly name: string = 'RewindError';
  declare readonly code: RewindErrorCode;

  /**
   * @param code why not
   * @param message what was found and what to do
   * @param migration the key or tag that was asked for
   * @param cause what the runtime threw, if it did
   */
  constructor(
    code: RewindErrorCode,
    message: string,
    readonly migration: string,
    override readonly cause?: unknown,
  ) {
    super(code, message);
  }
}

/** What {@link rewind} can be told. */
export interface RewindOptions extends Pick<MigrateOptions, 'table'> {
  /** The migrations, so that a key finds its tag; without them a key means the number of the ledger's row. */
  readonly migrations?: MigrationInput;
}

/** A bookmark of a time in milliseconds covers what was committed in that millisecond. */
const BEFORE = 1;
const DAY = 24 * 60 * 60 * 1000;

function findRow(rows: readonly LedgerRow[], migration: string, input?: MigrationInput): LedgerRow {
  const known = input && readMigrations(input).migrations.find(({ key }) => key === migration);
  const number = /^m\d{4,}$/.test(migration) ? Number(migration.slice(1)) : undefined;
  const tag = known?.tag ?? (number === undefined ? migration : undefined);
  const row = rows.find((candidate) =>
    tag === undefined ? candidate.version === number : candidate.tag === tag,
  );
  if (row === undefined || row.origin === 'ignored' || row.origin === 'repair') {
    throw new RewindError(
      'NOT_APPLIED',
      `${migration} was not applied in this object, so there is nothing to go back to. See history(ctx).`,
      migration,
    );
  }
  if (row.origin === 'baseline') {
    throw new RewindError(
      'NOT_APPLIED',
      `${migration} came with the baseline that this object began with, so there is nothing to go back to. See history(ctx).`,
      migration,
    );
  }
  if (row.origin !== 'applied' || row.applied_at === null) {
    throw new RewindError(
      'ADOPTED',
      `${migration} was adopted: it had been applied before drizzle-offramp kept the ledger, and nobody wrote down when. ` +
        'Use getBookmarkForTime() with a time you know.',
      migration,
    );
  }
  return row;
}

/**
 * Arms a restore of the whole object to just before a migration was applied in it, by the platform's point-in-time
 * recovery. The restore happens when the object starts next, so end this instance with `ctx.abort()`; before that,
 * deploy code that lacks the migration, or the next wake applies it again.
 *
 * ```ts
 * const { lost } = await rewind(ctx, 'm0007', { migrations });
 * console.warn(lost);
 * ctx.abort();
 * ```
 *
 * @param ctx the object's `ctx`
 * @param migration the migration's key or canonical tag
 * @param options the migrations, and the ledger's name where it is another
 * @returns what was armed, and what will be lost
 * @throws {RewindError} if it was not applied here, is too long ago, or the runtime has no bookmarks (local development)
 */
export async function rewind(
  ctx: RewindTarget,
  migration: string,
  options: RewindOptions = {},
): Promise<Rewind> {
  const { migrations, ...where } = options;
  const rows = history(ctx.storage, where);
  const applied_at = findRow(rows, migration, migrations).applied_at as number;
  const time = applied_at - BEFORE;
  if (Date.now() - time > BOOKMARK_DAYS * DAY) {
    throw new RewindError(
      'TOO_OLD',
      `${migration} was applied on ${new Date(applied_at).toISOString()}, and bookmarks are kept for ${BOOKMARK_DAYS} ` +
        'days. Write a new migration that undoes it.',
      migration,
    );
  }
  try {
    const bookmark = await ctx.storage.getBookmarkForTime(time);
    const undo = await ctx.storage.onNextSessionRestoreBookmark(bookmark);
    const undone = rows.filter((row) => (row.applied_at ?? 0) >= applied_at);
    return {
      time,
      bookmark,
      undo,
      undone,
      lost:
        `Everything this object wrote since ${new Date(time).toISOString()} will be lost, key-value data and ` +
        `${undone.length} migration(s) included: ${undone.map(({ tag, version }) => tag ?? `version ${version}`).join(', ')}.`,
    };
  } catch (cause) {
    throw new RewindError(
      'NO_BOOKMARKS',
      `The runtime gave no bookmark for ${new Date(time).toISOString()}: ` +
        `${cause instanceof Error ? cause.message : String(cause)} Point-in-time recovery works only deployed, not in ` +
        'local development; nothing was armed.',
      migration,
      cause,
    );
  }
}
