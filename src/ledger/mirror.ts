import type { SqlStorageLike } from '../base/storage.ts';
import { quote } from '../base/storage.ts';
import { millisOf } from '../base/time.ts';
import type { Migration } from '../input/migration.ts';
import type { Matches } from './match.ts';
import type { DrizzleLedger, DrizzleRow, LedgerForm, LedgerRow } from './row.ts';

/** A row that Drizzle's migrator would have written. */
interface MirrorRow {
  /** The name, which 0.x does not write. */
  readonly tag: string | null;
  readonly created_at: number;
}

/** What must be done so that Drizzle's ledger says what ours says. */
export interface MirrorPlan {
  readonly form: LedgerForm;
  /** Whether the table must be made. */
  readonly create: boolean;
  /** Whether a 0.x table must get the columns of 1.x. */
  readonly upgrade: boolean;
  /** Rows of a 1.x ledger without a name, which 1.x would not recognise, or with a time too early for 0.x. */
  readonly marks: readonly (MirrorRow & { readonly rowid: number })[];
  /** Rows that are missing. */
  readonly rows: readonly MirrorRow[];
}

/** Where only the second is known, its end is written: a 0.x deploy then takes none of it for newer, and 1.x goes by name. */
const lastOfSecond = (tag: string): number => millisOf(tag.slice(0, 14)) + 999;

/**
 * Decides what Drizzle's ledger lacks. A ledger that stands keeps its form, but for a 0.x one beside a 1.x bundle.
 *
 * @param migrations all migrations; each is in our ledger once the plan is carried out
 * @param own the rows of our ledger
 * @param ours which migration each of these stands for; those that stand for none another deploy may know
 * @param ledger Drizzle's ledger as it stands
 * @param theirs which migration each of its rows stands for
 */
export function planMirror(
  migrations: readonly Migration[],
  own: readonly LedgerRow[],
  ours: Matches<LedgerRow>,
  ledger: DrizzleLedger | undefined,
  theirs: Matches<DrizzleRow>,
): MirrorPlan {
  const tagged = migrations.filter(({ tag }) => tag !== null);
  const wanted = tagged.every(({ when }) => when !== null) ? '0.x' : '1.x';
  const form = ledger?.form === '1.x' ? '1.x' : wanted;
  // 0.x goes by the millisecond, which a 1.x folder has lost and our ledger may still know.
  const known = new Map([...ours].map(([row, migration]) => [migration, row.created_at]));
  const rowOf = (migration: Migration): MirrorRow => {
    const tag = migration.tag as string;
    const noted = known.get(migration) ?? 0;
    const created_at = migration.when ?? (noted % 1000 > 0 ? noted : lastOfSecond(tag));
    return { tag, created_at };
  };
  const newest = Math.max(...tagged.map((migration) => rowOf(migration).created_at));
  const marks: (MirrorRow & { rowid: number })[] = [];
  const present = new Set<Migration>();
  for (const [{ rowid, tag, created_at }, migration] of theirs) {
    const wanted = rowOf(migration);
    const says =
      form === '1.x' ? (tag ?? wanted.tag) === wanted.tag : created_at === migration.when;
    if (!says) continue;
    present.add(migration);
    // 1.x writes the start of the second, and 0.x would take its own last migration for a newer one.
    const isEarly = wanted.created_at === newest && (created_at ?? 0) % 1000 === 0;
    const time = isEarly ? newest : (created_at ?? wanted.created_at);
    if (form === '1.x' && (tag === null || time !== created_at)) {
      marks.push({ rowid, tag: wanted.tag, created_at: time });
    }
  }
  const missing = tagged.filter((migration) => !present.has(migration)).map(rowOf);
  const others = own.flatMap((row): MirrorRow[] => {
    const { tag, created_at } = row;
    const stands = ledger?.rows.some((theirRow) => theirRow.created_at === created_at);
    return ours.has(row) || created_at === null || stands ? [] : [{ tag, created_at }];
  });
  return {
    form,
    create: ledger === undefined,
    upgrade: ledger !== undefined && ledger.form !== form,
    marks,
    rows: [...missing, ...others].sort((a, b) => a.created_at - b.created_at),
  };
}

/**
 * Whether a plan asks for any change.
 *
 * @param plan what {@link planMirror} decided
 */
export const mirrorChanges = ({ create, upgrade, marks, rows }: MirrorPlan): boolean =>
  create || upgrade || marks.length > 0 || rows.length > 0;

/**
 * Brings Drizzle's ledger level with ours, with the very rows that Drizzle's migrator would have written.
 *
 * @param sql the object's SQL storage
 * @param table the name of Drizzle's ledger
 * @param plan what {@link planMirror} decided
 */
export function applyMirror(sql: SqlStorageLike, table: string, plan: MirrorPlan): void {
  const name = quote(table);
  if (plan.create) {
    // The columns as drizzle-orm/durable-sqlite/migrator makes them.
    const columns = { '0.x': 'id SERIAL PRIMARY KEY', '1.x': 'id INTEGER PRIMARY KEY' }[plan.form];
    const more = plan.form === '1.x' ? ', name text, applied_at TEXT' : '';
    sql.exec(`CREATE TABLE ${name} (${columns}, hash text NOT NULL, created_at numeric${more})`);
  }
  if (plan.upgrade) {
    sql.exec(`ALTER TABLE ${name} ADD COLUMN name text`);
    sql.exec(`ALTER TABLE ${name} ADD COLUMN applied_at TEXT`);
  }
  for (const { rowid, tag, created_at } of plan.marks) {
    sql.exec(`UPDATE ${name} SET name = ?, created_at = ? WHERE rowid = ?`, tag, created_at, rowid);
  }
  for (const { tag, created_at } of plan.rows) {
    if (plan.form === '0.x') {
      sql.exec(`INSERT INTO ${name} (hash, created_at) VALUES ('', ?)`, created_at);
    } else {
      sql.exec(
        `INSERT INTO ${name} (hash, created_at, name, applied_at) VALUES ('', ?, ?, ?)`,
        created_at,
        tag,
        new Date().toISOString(),
      );
    }
  }
}
