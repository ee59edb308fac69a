// Makes an object as a runner leaves it, without that runner being installed.

import { quote, runStatement, type SqlStorageLike, type StateLike } from '../base/storage.ts';
import { millisOf } from '../base/time.ts';
import { entryOf } from '../input/entry.ts';
import type { Migration, MigrationRecord } from '../input/migration.ts';
import { migrate } from '../migrate.ts';
import { createdAt } from '../plan/plan.ts';
import type { LeftBy } from './starts.ts';

/** What drizzle-kit writes between two statements; Drizzle's migrators run each piece as it stands. */
const BREAKPOINT = '--> statement-breakpoint';

// Drizzle's own words and white space: drizzle-orm/durable-sqlite/migrator.js of 0.45 and of 1.0.0-rc.5.
const COLUMNS = {
  '0.x': ['id SERIAL PRIMARY KEY', 'hash text NOT NULL', 'created_at numeric'],
  '1.x': [
    'id INTEGER PRIMARY KEY',
    'hash text NOT NULL',
    'created_at numeric',
    'name text',
    'applied_at TEXT',
  ],
};

function writeRow(sql: SqlStorageLike, table: string, form: '0.x' | '1.x', one: Migration): void {
  if (form === '0.x') {
    sql.exec(`INSERT INTO ${table} ("hash", "created_at") VALUES ('', ?)`, createdAt(one));
    return;
  }
  sql.exec(
    `INSERT INTO ${table} ("hash", "created_at", "name", "applied_at") VALUES ('', ?, ?, ?)`,
    one.tag === null ? null : millisOf(one.tag.slice(0, 14)),
    one.tag,
    new Date().toISOString(),
  );
}

function leaveAsDrizzle(
  { storage }: StateLike,
  applied: readonly Migration[],
  form: '0.x' | '1.x',
  drizzleTable: string,
): void {
  const { sql } = storage;
  const table = quote(drizzleTable);
  storage.transactionSync(() => {
    const columns = COLUMNS[form].join(',\n\t\t\t\t\t');
    sql.exec(`CREATE TABLE IF NOT EXISTS ${table} (\n\t\t\t\t\t${columns}\n\t\t\t\t)`);
    for (const migration of applied) {
      const { sql: text, key } = migration;
      if (text === null)
        throw new TypeError(`Drizzle has no functions, so it cannot have run ${key}`);
      for (const piece of text.split(BREAKPOINT)) runStatement(sql, piece);
      writeRow(sql, table, form, migration);
    }
  });
}

const asRecord = (applied: readonly Migration[]): MigrationRecord =>
  Object.fromEntries(applied.map((migration) => [migration.key, entryOf(migration)]));

/**
 * Makes an empty object into one that a runner has left: the schema, and the runner's ledger.
 *
 * @param ctx the object, with nothing in it and nothing written in this turn
 * @param applied the migrations it has, in the order in which it got them; with none it stays empty
 * @param leftBy the runner
 * @param tables the ledgers' names
 * @throws what the runner throws
 */
export function leave(
  ctx: StateLike,
  applied: readonly Migration[],
  leftBy: LeftBy,
  tables: { readonly table: string; readonly drizzleTable: string },
): void {
  if (applied.length === 0) return;
  if (leftBy === 'drizzle-offramp') migrate(ctx, asRecord(applied), tables);
  else leaveAsDrizzle(ctx, applied, leftBy, tables.drizzleTable);
}
