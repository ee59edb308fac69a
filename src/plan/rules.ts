// What `migrate` goes by where there is a choice.

/** What the planner needs to know of the options. */
export interface Rules {
  /**
   * What becomes of Drizzle's ledger: `'retire'` (the default) drops it once the object is adopted; `'mirror'` keeps it
   * in sync, and creates it where it is gone, so that a deploy with Drizzle's migrator can come back.
   */
  readonly drizzle?: 'retire' | 'mirror';
  /**
   * What to do with a migration that was never applied though a later one was. Without this option it is applied if the
   * object then has what a new one has, and refused otherwise: `'apply'` applies any, `'ignore'` never applies it in this
   * object, `'error'` refuses any.
   */
  readonly skipped?: 'apply' | 'ignore' | 'error';
  /**
   * What to do where an object has a migration that the code lacks and cannot just stand still: `'error'` (the
   * default) refuses, `'ignore'` keeps the row and goes on, unless it has nothing in common with the code.
   */
  readonly unknown?: 'error' | 'ignore';
  /**
   * What to do where the object is ahead of this code, as after a deploy was rolled back: `'report'` (the default) runs
   * and changes nothing, `'error'` refuses.
   */
  readonly ahead?: 'report' | 'error';
  /** What to do where the SQL of an applied migration has changed since: `'warn'` (the default) on the console, once. */
  readonly drift?: 'warn' | 'error' | 'ignore';
  /** The ledger's name. The default is `__migrations`. */
  readonly table?: string;
  /** The name of Drizzle's ledger. The default is `__drizzle_migrations`. */
  readonly drizzleTable?: string;
}

/** The rules with their defaults; `skipped` has none. */
export type ResolvedRules = Required<Omit<Rules, 'skipped'>> & Pick<Rules, 'skipped'>;
