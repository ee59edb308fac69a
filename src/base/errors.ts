/**
 * Every error this package throws on purpose. All of them leave the database as it was.
 *
 * - {@link InputError}: what was passed to `migrate` is wrong.
 * - {@link AdoptionError}: what stands in the object's ledgers does not fit the migrations.
 * - {@link MigrationError}: a statement of a migration failed.
 * - {@link ForeignKeyError}: a migration that disables foreign keys cannot run, or broke a reference.
 * - {@link OfframpError} itself, `STORAGE_FAILED`: the database refused what belongs to no migration.
 */

/**
 * What all errors of this package share: a `code` that programs can compare and that never changes. The message starts
 * with it, in brackets: below compatibility date 2026-10 it is all that is left of an error that crosses RPC.
 */
export class OfframpError extends Error {
  /** The class, written out: a minifier gives the class itself another name. */
  override readonly name: string = 'OfframpError';

  /**
   * @param code a constant in capitals, such as `'UNKNOWN_ROW'`
   * @param message what was found, where, and what to do next, without the code
   */
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(`[${code}] ${message}`);
  }

  /** The error as JSON has it: its message too, and all its fields. */
  toJSON(): object {
    return { ...this, message: this.message };
  }
}

/** The code of an {@link InputError}. */
export type InputErrorCode =
  | 'INVALID_TARGET'
  | 'NOT_SQLITE'
  | 'D1_DATABASE'
  | 'INVALID_INPUT'
  | 'MIGRATIONS_FOLDER'
  | 'INVALID_KEY'
  | 'KEY_GAP'
  | 'SQL_NOT_TEXT'
  | 'MISSING_SQL'
  | 'ORPHAN_SQL'
  | 'REPEATED_IDX'
  | 'INVALID_ENTRY'
  | 'INVALID_WHEN'
  | 'INVALID_TAG'
  | 'REPEATED_TAG'
  | 'STALE_FINGERPRINT'
  | 'STALE_BASELINE'
  | 'STATEMENT_TOO_LONG'
  | 'NOT_WRITTEN'
  | 'NOT_SYNCHRONOUS'
  | 'IN_FUNCTION'
  | 'INVALID_TABLE_NAME'
  | 'INVALID_OPTION';

/** The target, the migrations or the options passed to `migrate` are not what it takes. */
export class InputError extends OfframpError {
  override readonly name: string = 'InputError';
  declare readonly code: InputErrorCode;

  /**
   * @param code which check failed
   * @param message what was found and what to pass instead
   * @param key the key, tag or option the message is about, where there is one
   */
  constructor(
    code: InputErrorCode,
    message: string,
    readonly key?: string,
  ) {
    super(code, message);
  }
}

/**
 * Throws an {@link InputError}.
 *
 * @param code which check failed
 * @param message what was found and what to pass instead
 * @param key the key, tag or option the message is about, where there is one
 */
export function refuse(code: InputErrorCode, message: string, key?: string): never {
  throw new InputError(code, message, key);
}

/**
 * Refuses a value that is not what it has to be.
 *
 * @param fits whether it is
 * @param code the code of the error
 * @param name what the value is called
 * @param value the value
 * @param words what it takes
 * @param key the key, tag or option that the value belongs to, where there is one
 * @throws {InputError} if it does not fit
 */
export function check(
  fits: boolean,
  code: InputErrorCode,
  name: string,
  value: unknown,
  words: string,
  key?: string,
): void {
  if (!fits) refuse(code, `${name} is ${show(value)}: it takes ${words}.`, key);
}

/** How much of a value or a failed statement a message repeats, in characters. */
export const PREVIEW = 200;

const preview = (text: string): string =>
  text.length > PREVIEW ? `${text.slice(0, PREVIEW)}…` : text;

/**
 * A value as a message shows it.
 *
 * @param value anything
 */
export function show(value: unknown): string {
  try {
    return preview(
      typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value)),
    );
  } catch {
    return `of type ${typeof value}`;
  }
}

/**
 * The name of a value's type: `Null`, `Array`, `Promise`, `Module` and so on.
 *
 * @param value anything
 */
export const typeOf = (value: unknown): string =>
  Object.prototype.toString.call(value).slice(8, -1);

/** An error of ours for what was thrown, which it keeps; what was thrown itself if it is ours already. */
const ours = (cause: unknown, error: OfframpError): OfframpError =>
  cause instanceof OfframpError ? cause : Object.assign(error, { cause });

const saying = (cause: unknown): string => (cause instanceof Error ? cause.message : show(cause));

/**
 * Reads what was passed in; what a getter or a proxy in it throws is told as ours.
 *
 * @param code the code of the error
 * @param what the name of what is read
 * @param read reads it
 * @throws {InputError} what `read` throws, or that it cannot be read
 */
export function reading<T>(code: InputErrorCode, what: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw ours(cause, new InputError(code, `The ${what} cannot be read: ${saying(cause)}`));
  }
}

/**
 * An error of the storage's, in our words; one of ours as it is.
 *
 * @param cause what was thrown
 * @param table the ledger's name
 * @param drizzleTable the name of Drizzle's ledger
 */
export const asOurs = (cause: unknown, table: string, drizzleTable: string): OfframpError =>
  ours(
    cause,
    new OfframpError(
      'STORAGE_FAILED',
      `The database failed outside of a migration: ${saying(cause)}. Nothing has changed. If ${table} or ` +
        `${drizzleTable} has another owner, name another one with the option \`table\` or \`drizzleTable\`.`,
    ),
  );

/** The code of an {@link AdoptionError}. */
export type AdoptionErrorCode =
  | 'UNKNOWN_ROW'
  | 'UNKNOWN_MIGRATION'
  | 'OTHER_HISTORY'
  | 'AMBIGUOUS_ROW'
  | 'SKIPPED_MIGRATION'
  | 'TOO_FEW_MIGRATIONS'
  | 'NOT_A_LEDGER'
  | 'BROKEN_LEDGER'
  | 'UNKNOWN_SCHEMA'
  | 'AMBIGUOUS_SCHEMA'
  | 'AHEAD'
  | 'DRIFT'
  | 'REPLACED_MIGRATION';

/** The object's own ledgers do not fit the migrations, so nobody can tell what to run. */
export class AdoptionError extends OfframpError {
  override readonly name: string = 'AdoptionError';
  declare readonly code: AdoptionErrorCode;

  /**
   * @param code which rule refused
   * @param message what was found, in which table, and what to do
   * @param table the table the message is about
   * @param keys the keys or tags of the migrations, or the rows, that it is about
   */
  constructor(
    code: AdoptionErrorCode,
    message: string,
    readonly table: string,
    readonly keys: readonly string[] = [],
  ) {
    super(code, message);
  }
}

/** A statement of a migration failed, or its function threw; the whole attempt was rolled back. */
export class MigrationError extends OfframpError {
  override readonly name: string = 'MigrationError';
  /** The number in the migration's key: 7 for `m0007`. */
  declare readonly version: number;
  /** The migration's key, such as `m0007`. */
  declare readonly key: string;
  /** The migration's canonical tag, or null for a record without tags. */
  declare readonly tag: string | null;
  /** The whole statement that failed; of a function the last text that it ran, `''` if it threw before any. */
  declare readonly statement: string;
  /** Which statement of the migration it was, from 0; -1 if a function threw before any. */
  declare readonly statementIndex: number;
  /** What the runtime threw, in SQLite's own words, or what the function threw. */
  declare readonly cause: unknown;
  /** Whether it was a statement of the migration's baseline, which an object without a row begins with. */
  declare readonly isBaseline: boolean;

  /** @param failure the migration, its statement and what was thrown */
  constructor(failure: {
    migration: { key: string; tag: string | null };
    statement: string;
    statementIndex: number;
    appliedBefore: number;
    cause: unknown;
    isBaseline?: boolean;
  }) {
    const { migration, appliedBefore, isBaseline = false, ...rest } = failure;
    const { key, tag } = migration;
    const version = Number(key.slice(1));
    super(
      'MIGRATION_FAILED',
      `${isBaseline ? 'The baseline of' : 'Migration'} ${key} failed${tag === null ? '' : ` (${tag})`}; everything was rolled back.\n` +
        `  Statement ${rest.statementIndex + 1}: ${preview(rest.statement) || 'none'}\n` +
        `  Error: ${saying(rest.cause)}\n` +
        `  State: ${appliedBefore} migration(s) were applied before this attempt`,
    );
    Object.assign(this, { version, key, tag, isBaseline, ...rest });
  }
}

/** A row whose parent is missing, as `PRAGMA foreign_key_check` reports it. */
export interface ForeignKeyViolation {
  /** The table that holds the reference. */
  table: string;
  /** The row, or null in a table WITHOUT ROWID. */
  rowid: number | null;
  /** The table that lacks the row referred to. */
  parent: string;
}

/** A reference that could not be checked. */
export interface UncheckedReference {
  /** The table that holds the reference. */
  table: string;
  /** The table it refers to. */
  parent: string;
  /** Why it could not be checked. */
  reason: string;
}

/** The code of a {@link ForeignKeyError}. */
export type ForeignKeyErrorCode =
  | 'FOREIGN_KEY_VIOLATION'
  | 'FOREIGN_KEYS_AFTER_WRITE'
  | 'FOREIGN_KEYS_IN_TRANSACTION';

/**
 * A pending migration says `PRAGMA foreign_keys=OFF`, and either that cannot be done in this call, or the
 * migrations left rows without their parents. https://www.sqlite.org/foreignkeys.html
 */
export class ForeignKeyError extends OfframpError {
  override readonly name: string = 'ForeignKeyError';
  declare readonly code: ForeignKeyErrorCode;

  /**
   * @param code why it was refused or rolled back
   * @param message what was found and what to pass or fix
   * @param keys the keys of the migrations that disable foreign keys
   * @param violations up to ten of the rows whose parent is missing
   * @param total how many such rows there are in all
   */
  constructor(
    code: ForeignKeyErrorCode,
    message: string,
    readonly keys: readonly string[],
    readonly violations: readonly ForeignKeyViolation[] = [],
    readonly total = 0,
  ) {
    super(code, message);
  }
}
