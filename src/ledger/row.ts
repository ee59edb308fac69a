// The rows of a ledger, ours and Drizzle's, as they are read.

/** What a row of any ledger tells of the migration it stands for. */
export interface HistoryRow {
  /** The canonical tag, which is the name in a ledger of Drizzle 1.x. */
  readonly tag: string | null;
  /** Drizzle's `when`, in milliseconds. */
  readonly created_at: number | null;
  /** The SHA-256 of the SQL. */
  readonly checksum: string | null;
}

/** How a migration came into the ledger. */
export type Origin =
  | 'applied'
  | 'drizzle'
  | 'baseline'
  | 'do-orm'
  | 'adopted'
  | 'schema'
  | 'ignored'
  | 'repair';

/** A row of the ledger. Everything but `version` may be null: do-orm writes nothing else. */
export interface LedgerRow extends HistoryRow {
  /** 0, 1, 2 and so on: the order in which this object got its migrations. */
  readonly version: number;
  /** When it was applied or adopted, in milliseconds since 1970. */
  readonly applied_at: number | null;
  readonly origin: Origin | null;
  /** On the last row: the fingerprint of the list and of the options that the object is up to date with. */
  readonly head: string | null;
}

/** The ledger as it stands in an object. */
export interface Ledger {
  readonly rows: readonly LedgerRow[];
  /** Columns of ours that the table lacks: all but `version` in a ledger of do-orm's. */
  readonly missing: readonly (keyof LedgerRow)[];
}

/** Which of Drizzle's migrators a ledger is written for: 0.x goes by the newest `created_at`, 1.x by name. */
export type LedgerForm = '0.x' | '1.x';

/**
 * A row of Drizzle's ledger. The tag is the `name` of 1.x; 0.x has none. `created_at` is exact in 0.x and known to the
 * second in 1.x. The checksum is the `hash`, which Drizzle's migrator for Durable Objects leaves empty.
 */
export interface DrizzleRow extends HistoryRow {
  /** SQLite's number of the row. */
  readonly rowid: number;
}

/** Drizzle's ledger as it stands in an object, its rows in the order in which they were written. */
export interface DrizzleLedger {
  /** `1.x` has names. */
  readonly form: LedgerForm;
  readonly rows: readonly DrizzleRow[];
  /** Rows that `mirror` wrote beside those of the same migrations. */
  readonly extras: readonly DrizzleRow[];
  /** Rows whose time is no number, though it can be read. */
  readonly odd: ReadonlySet<DrizzleRow>;
}
