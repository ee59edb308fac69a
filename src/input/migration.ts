// What goes in: the forms of migrations that people pass, and the one that all of them are read into.
import type { MigrationSql, SqlStorageLike } from '../base/storage.ts';

/** The default export of `migrations.js` as drizzle-kit 0.x writes it. */
export interface DrizzleBundle0 {
  readonly journal: {
    readonly entries: readonly {
      readonly idx: number;
      readonly when: number;
      readonly tag: string;
      readonly breakpoints?: boolean;
    }[];
  };
  readonly migrations: Readonly<Record<string, string>>;
}

/** The default export of `migrations.js` as drizzle-kit 1.x writes it. */
export interface DrizzleBundle1 {
  readonly migrations: Readonly<Record<string, string>>;
}

/** One migration of a record in its long form, as a converted module has it. */
export interface MigrationEntry {
  /** The SQL, with any number of statements; it may be left out where a baseline replaces it. */
  readonly sql?: string;
  /** The canonical tag: the UTC second in 14 digits, `_`, and a name. */
  readonly tag?: string;
  /** The `when` of Drizzle's journal, in milliseconds; it may be left out where the tag came from drizzle-kit 1.x. */
  readonly when?: number;
  /** Earlier values of `when`, in milliseconds, under which objects may know this migration. */
  readonly was?: readonly number[];
  /** The SHA-256 of `sql` in hexadecimal; computed where it is left out, and needed where `sql` is left out. */
  readonly checksum?: string;
  /** The SQL that stands for all migrations up to and with this one. */
  readonly baseline?: string;
}

/** One migration of a record that is a function: for data that SQL alone cannot change. */
export interface FunctionEntry {
  /** The canonical tag: the UTC second in 14 digits, `_`, and a name. */
  readonly tag: string;
  /** The `when` that Drizzle's journal would have, in milliseconds. */
  readonly when?: number;
  /** Earlier values of `when`, in milliseconds, under which objects may know this migration. */
  readonly was?: readonly number[];
  /** What the function is known by, with its tag: its text is no checksum. Another one is drift, as another SQL is. */
  readonly revision: string;
  /** The SQL that stands for all migrations up to and with this one. */
  readonly baseline?: string;
  /**
   * Does the migration, in the transaction of all, before it returns. What it throws rolls back all of them.
   *
   * @param sql the object's `SqlStorage`, until the function returns
   */
  up(sql: MigrationSql): void;
}

/** Migrations by key: `m0000`, `m0001` and so on, without a gap. */
export type MigrationRecord = Readonly<Record<string, string | MigrationEntry | FunctionEntry>>;

/** What `migrate` reads: the default export of drizzle-kit's `migrations.js` (0.x or 1.x), or a record. */
export type MigrationInput = DrizzleBundle0 | DrizzleBundle1 | MigrationRecord;

/** The function of a migration. */
export type Up = (sql: MigrationSql) => unknown;

/** A migration as one of the readers found it, its SQL not yet looked at; null where it has none, and needs none. */
export interface MigrationSource extends Omit<MigrationEntry, 'sql'> {
  readonly key: string;
  readonly sql: unknown;
  readonly up?: Up | undefined;
  readonly revision?: string;
}

/** One migration, whatever it was read from. */
export interface Migration {
  /** `m` and its number, of four digits or more. */
  readonly key: string;
  /** The canonical tag, or null where the input has none. */
  readonly tag: string | null;
  /** The exact `when` of Drizzle's journal in milliseconds, or null where only the second is known. */
  readonly when: number | null;
  /** Earlier values of `when`, in milliseconds. */
  readonly was: readonly number[];
  /** The whole SQL text; null for a function, and where a baseline has replaced it. */
  readonly sql: string | null;
  /** The SHA-256 of `sql` without a byte order mark, in hexadecimal; that of the tag and revision of a function. */
  readonly checksum: string;
  /** The function; undefined where the migration is SQL. */
  readonly up?: Up | undefined;
  /** The revision of the function. */
  readonly revision?: string | undefined;
  /** The SQL that stands for all migrations up to and with this one; undefined where there is none. */
  readonly baseline?: string | undefined;
}

/** Tells from an object's own tables which migrations made them: what `schemas` of `drizzle-offramp/adopt` returns. */
export interface Schemas {
  /**
   * Looks for the object's schema among those that the migrations make.
   *
   * @param sql the object's SQL storage
   * @param migrations the code's migrations
   * @param untracked the option of that name
   * @returns the keys of the migrations that ran; undefined where the object has none of their tables
   * @throws {OfframpError} if it is none of them, or nobody can tell which
   */
  find(
    sql: SqlStorageLike,
    migrations: readonly Migration[],
    untracked: 'match' | { readonly at: string },
  ): readonly string[] | undefined;
}

/** All migrations of one input, in the order in which they run, and the fingerprint of the whole. */
export interface MigrationList {
  readonly migrations: readonly Migration[];
  /** The SHA-256 over every tag (or key) and checksum, in order. */
  readonly fingerprint: string;
  /** The schema after each of them, where the module carries it. */
  readonly schemas?: Schemas | undefined;
}
