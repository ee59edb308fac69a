// What `migrate` goes by where there is a choice.

import type { Adopter, OtherLedger, OtherOptions } from '../ledger/other.ts';

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
  /**
   * A history beside both ledgers: a migrations table of one's own and which migration a row of it stands for, or what a
   * function of `drizzle-offramp/adopt` returns. It is adopted; `drizzle: 'retire'` then drops it, and `'mirror'` keeps it
   * as it is.
   */
  readonly adopt?: OtherLedger | Adopter;
  /**
   * What to do with tables of the migrations in an object without any ledger: `'match'` looks up the object's schema among
   * those that the migrations make, and `{ at: 'm0007' }` says after which migration it stands, which is checked all the
   * same. Without this option the migrations run from the first. Needs a module of `convert --untracked`.
   */
  readonly untracked?: 'match' | { readonly at: string };
}

/** The rules with their defaults; `skipped`, `adopt` and `untracked` have none. */
export type ResolvedRules = Required<Omit<Rules, 'skipped' | keyof OtherOptions>> &
  Pick<Rules, 'skipped'> &
  OtherOptions;
