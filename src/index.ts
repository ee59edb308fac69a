/**
 * Migrations for Cloudflare Durable Objects with SQLite: takes over from Drizzle's migrator, one object at a time.
 *
 * @module
 */

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
  type UncheckedReference,
} from './base/errors.ts';
export type {
  DrizzleDatabaseLike,
  KeyValueLike,
  MigrateTarget,
  MigrationCursor,
  MigrationSql,
  SqlStorageLike,
  StateLike,
  StorageLike,
} from './base/storage.ts';
export type { MigrateEvent, MigrateSummary } from './events.ts';
export { history } from './history.ts';
export { defineMigrations } from './input/define.ts';
export type {
  DrizzleBundle0,
  DrizzleBundle1,
  FunctionEntry,
  MigrationEntry,
  MigrationInput,
  MigrationRecord,
} from './input/migration.ts';
export { type Inspection, inspect, type PlannedAction } from './inspect.ts';
export type { DrizzleRow, HistoryRow, LedgerRow, Origin } from './ledger/row.ts';
export { migrate, migrateAsync } from './migrate.ts';
export { type History, migrateAll, migrateAllAsync } from './migrate-all.ts';
export { CommandError, type CommandErrorCode } from './object/command-error.ts';
export type {
  FittingRepair,
  ForgetRepair,
  HistoryAnswer,
  HistoryCommand,
  InspectAnswer,
  InspectCommand,
  InstanceFacts,
  MigrationRepair,
  MigrationsAnswer,
  MigrationsCommand,
  ObjectCounts,
  ObjectState,
  PlainError,
  PreflightAnswer,
  PreflightCommand,
  Repair,
  RepairAnswer,
  RepairCommand,
  RepairRecord,
  RowCounts,
  RowInQuestion,
  RowName,
  Stays,
  WithMigrations,
  Woke,
} from './object/commands.ts';
export type { ObjectRef, WithMigrationsOptions } from './object/object-ref.ts';
export {
  type MigrationsRouteOptions,
  migrationsRoute,
  type NamespaceLike,
} from './object/route.ts';
export {
  type ClassWithMigrations,
  type ObjectClass,
  withMigrations,
} from './object/with-migrations.ts';
export type { MigrateOptions } from './options.ts';
export type { MigrateResult, MigrationRef } from './plan/result.ts';
export {
  type Rewind,
  RewindError,
  type RewindErrorCode,
  type RewindOptions,
  type RewindTarget,
  rewind,
} from './rewind.ts';
