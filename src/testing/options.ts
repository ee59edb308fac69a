import type { MigrateOptions } from '../options.ts';
import type { LeftBy, Start } from './starts.ts';

/** What a rehearsal can be told. It needs none of it to start with. */
export interface RehearseOptions {
  /**
   * Puts rows like yours into an object that has its schema of `start` and no row yet; called for every start but a
   * new object. Tables that it leaves empty are filled with rows made from the schema.
   */
  readonly seed?: (ctx: DurableObjectState, start: Start) => void | Promise<void>;
  /** How many rows are made for each table; fewer where its constraints leave no room. The default is 4. */
  readonly rows?: number;
  /** Tables that may stay empty, where neither a row can be made nor `seed` puts one in. */
  readonly empty?: readonly string[];
  /**
   * Who left the objects. The default is `'0.x'` where the migrations have the `when` of a journal, `'1.x'` where they
   * have only the names of 1.x, and `'drizzle-offramp'` for a record without tags.
   */
  readonly leftBy?: LeftBy;
  /** Whether to rehearse on objects in which Drizzle 0.x skipped a migration, where the journal's order allows it. */
  readonly skips?: boolean;
  /** Skipped migrations, by tag or key, that `migrate` may refuse (`SKIPPED_MIGRATION`). */
  readonly refused?: readonly string[];
  /** What migrations change in a way that is not seen from their statements: `table` or `table.column`. */
  readonly changes?: readonly string[];
  /**
   * Has the rehearsal call `migrate` itself, with these options (`{}` will do), for a class that does not do so in its
   * constructor.
   */
  readonly migrate?: MigrateOptions;
  /** The ledger's name, if the class names another one. */
  readonly table?: string;
  /** The name of Drizzle's ledger, if the class names another one. */
  readonly drizzleTable?: string;
}
