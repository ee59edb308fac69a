/**
 * Migrations for Cloudflare Durable Objects with SQLite: takes over from Drizzle's migrator, one object at a time.
 *
 * @module
 */
export type { DrizzleBundle0, DrizzleBundle1 } from './drizzle/bundle.ts';
export type { DrizzleRow } from './drizzle/ledger.ts';
export {
  AdoptionError,
  type AdoptionErrorCode,
  ForeignKeyError,
  type ForeignKeyErrorCode,
  type ForeignKeyViolation,
  InputError,
  type InputErrorCode,
  MigrationError,
  OfframpError,
} from './errors.ts';
export { history } from './history.ts';
export { type Inspection, inspect, type PlannedAction } from './inspect.ts';
export type { LedgerRow, Origin } from './ledger.ts';
export type { HistoryRow } from './match.ts';
export { migrate } from './migrate.ts';
export {
  defineMigrations,
  type MigrationEntry,
  type MigrationInput,
  type MigrationRecord,
} from './migrations.ts';
export type { MigrateOptions } from './options.ts';
export type { MigrateEvent, MigrateResult, MigrationRef } from './result.ts';
export {
  type Rewind,
  RewindError,
  type RewindErrorCode,
  type RewindOptions,
  type RewindTarget,
  rewind,
} from './rewind.ts';
export type {
  DrizzleDatabaseLike,
  MigrateTarget,
  SqlStorageLike,
  StateLike,
  StorageLike,
} from './target.ts';
