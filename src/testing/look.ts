// All that a rehearsal reads in an object, before the new code wakes it and after.
import type { OfframpError } from '../base/errors.ts';
import type { SqlStorageLike, StateLike } from '../base/storage.ts';
import { firstRow, quote } from '../base/storage.ts';
import type { MigrationInput } from '../input/migration.ts';
import { type Inspection, inspect } from '../inspect.ts';
import { selectHead } from '../ledger/ledger.ts';
import type { MigrateOptions } from '../options.ts';
import { type FilledTable, readContents } from './contents.ts';
import { areEnforced, violationsOf } from './foreign-keys.ts';
import { type Hanging, readHanging } from './hanging.ts';
import { type Structure, structureOf } from './structure.ts';

/** The names of both ledgers. */
export interface LedgerNames {
  readonly table: string;
  readonly drizzleTable: string;
}

/** An object before the new code wakes it. */
export interface Before {
  readonly tables: readonly FilledTable[];
  /** The SQL of its tables, indexes, views and triggers, in the order in which they were created. */
  readonly schema: readonly string[];
  readonly hanging: Hanging;
  /** Rows that lack what they refer to, as text. */
  readonly violations: readonly string[];
  /** What `migrate` may refuse it for. */
  readonly refusals: readonly OfframpError[];
}

/** An object after the new code has woken it, in a later event. */
export interface After {
  readonly tables: readonly FilledTable[];
  readonly structure: Structure;
  readonly hanging: Hanging;
  readonly violations: readonly string[];
  /** Whether foreign keys are. */
  readonly enforced: boolean;
  /** Both ledgers, row by row. */
  readonly ledgers: string;
  readonly inspection: Inspection;
  /** The options under which the object is up to date. */
  readonly options: MigrateOptions;
}

/**
 * Both ledgers, row by row, as a text that can be compared.
 *
 * @param sql the object's SQL storage
 * @param names the ledgers' names
 */
export function ledgersOf(sql: SqlStorageLike, names: LedgerNames): string {
  const tables = Array.from(
    sql.exec("SELECT name FROM sqlite_master WHERE type = 'table'"),
    ({ name }) => name,
  );
  const present = Object.values(names).filter((name) => tables.includes(name));
  return JSON.stringify(
    present.map((name) => [...sql.exec(`SELECT rowid, * FROM ${quote(name)} ORDER BY rowid`)]),
  );
}

// What the last row of a ledger says: a fingerprint, what becomes of Drizzle's ledger, and its name.
const HEAD = /^[0-9a-f]{64} (retire|mirror) /;

/**
 * What the ledger says that `migrate` was told to do with Drizzle's.
 *
 * @param sql the object's SQL storage
 * @param table the ledger's name
 * @returns undefined if there is no ledger, or it does not say
 */
export function drizzleOf(sql: SqlStorageLike, table: string): 'retire' | 'mirror' | undefined {
  const has = [...sql.exec("SELECT 1 FROM pragma_table_info(?) WHERE name = 'head'", table)];
  if (has.length === 0) return undefined;
  const head = firstRow(sql.exec(selectHead(table)))?.head;
  return HEAD.exec(String(head))?.[1] as 'retire' | 'mirror' | undefined;
}

/**
 * The SQL of what an object has, in the order in which it was created.
 *
 * @param sql the object's SQL storage
 */
export const schemaOf = (sql: SqlStorageLike): string[] =>
  Array.from(
    sql.exec('SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid'),
    (row) => String(row.sql),
  );

/**
 * Reads an object before the new code wakes it.
 *
 * @param ctx the object
 * @param input the migrations
 * @param names the ledgers' names
 */
export function lookBefore(ctx: StateLike, input: MigrationInput, names: LedgerNames): Before {
  const { sql } = ctx.storage;
  return {
    tables: readContents(sql, Object.values(names)),
    hanging: readHanging(sql, Object.values(names)),
    schema: schemaOf(sql),
    violations: violationsOf(sql),
    refusals: [{}, { skipped: 'error' } as const].flatMap(
      (options) => inspect(ctx, input, { ...names, ...options }).refusal ?? [],
    ),
  };
}

/**
 * Reads an object after the new code has woken it.
 *
 * @param ctx the object
 * @param input the migrations
 * @param names the ledgers' names
 * @param given the options that `migrate` was called with; undefined where only the class knows
 */
export function lookAfter(
  ctx: StateLike,
  input: MigrationInput,
  names: LedgerNames,
  given: MigrateOptions | undefined,
): After {
  const { sql } = ctx.storage;
  // Whether the class mirrors or retires only its own call knows; the ledger tells which it was.
  const candidates =
    given === undefined ? (['retire', 'mirror'] as const).map((drizzle) => ({ drizzle })) : [given];
  const inspected = candidates.map((candidate) => {
    const { onEvent: _, ...options }: MigrateOptions = { ...candidate, ...names };
    return { options, inspection: inspect(ctx, input, options) };
  });
  const upToDate = inspected.find(({ inspection }) => inspection.upToDate) ?? inspected[0];
  const except = Object.values(names);
  return {
    tables: readContents(sql, except),
    structure: structureOf(sql, except),
    hanging: readHanging(sql, except),
    violations: violationsOf(sql),
    enforced: areEnforced(sql),
    ledgers: ledgersOf(sql, names),
    ...(upToDate as { options: MigrateOptions; inspection: Inspection }),
  };
}
