// Makes an object as a runner leaves it, without that runner being installed.

import { quote, runStatement, type SqlStorageLike, type StateLike } from '../base/storage.ts';
import { millisOf } from '../base/time.ts';
import { replacedBy } from '../input/baseline.ts';
import { entryOf } from '../input/entry.ts';
import type { Migration, MigrationRecord } from '../input/migration.ts';
import { insertRows, prepareLedger } from '../ledger/ledger.ts';
import { migrate } from '../migrate.ts';
import { createdAt } from '../plan/plan.ts';
import { isDropped } from './baselines.ts';
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

/**
 * What makes the schema that an object has: the SQL of its migrations, with the baseline in place of what was dropped;
 * undefined where that is not enough.
 */
function textsOf(applied: readonly Migration[]): string[] | undefined {
  const replaced = applied.some(isDropped) ? replacedBy(applied) : [];
  const baseline = replaced.at(-1)?.baseline;
  const rest = applied.slice(replaced.length);
  if (rest.some(isDropped)) return undefined;
  return [...(baseline === undefined ? [] : [baseline]), ...rest.map(({ sql }) => sql ?? '')];
}

function leaveAsDrizzle(
  { storage }: StateLike,
  applied: readonly Migration[],
  texts: readonly string[],
  form: '0.x' | '1.x',
  drizzleTable: string,
): void {
  const { sql } = storage;
  const table = quote(drizzleTable);
  const ofFunction = applied.find(({ up }) => up !== undefined);
  if (ofFunction !== undefined) {
    throw new TypeError(`Drizzle has no functions, so it cannot have run ${ofFunction.key}`);
  }
  storage.transactionSync(() => {
    const columns = COLUMNS[form].join(',\n\t\t\t\t\t');
    sql.exec(`CREATE TABLE IF NOT EXISTS ${table} (\n\t\t\t\t\t${columns}\n\t\t\t\t)`);
    for (const text of texts) {
      for (const piece of text.split(BREAKPOINT)) runStatement(sql, piece);
    }
    for (const migration of applied) writeRow(sql, table, form, migration);
  });
}

/** The ledger alone: nobody has the SQL any more that made the rest. */
function leaveLedger({ storage }: StateLike, applied: readonly Migration[], table: string): void {
  const { sql } = storage;
  prepareLedger(sql, table, undefined);
  const rows = applied.map(({ tag, checksum, ...one }, version) => ({
    ...{ version, tag, checksum, created_at: createdAt({ tag, checksum, ...one }) },
    ...{ applied_at: Date.now(), origin: 'applied' as const, head: null },
  }));
  insertRows(sql, table, rows);
}

const asRecord = (applied: readonly Migration[]): MigrationRecord =>
  Object.fromEntries(applied.map((migration) => [migration.key, entryOf(migration)]));

/**
 * Makes an empty object into one that a runner has left: the schema, and the runner's ledger. Where the SQL was dropped that
 * makes the schema, it has the ledger alone.
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
  const texts = textsOf(applied);
  if (leftBy !== 'drizzle-offramp') {
    leaveAsDrizzle(ctx, applied, texts ?? [], leftBy, tables.drizzleTable);
  } else if (texts === undefined) leaveLedger(ctx, applied, tables.table);
  else migrate(ctx, asRecord(applied), tables);
}
