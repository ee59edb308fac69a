import { quote, type SqlStorageLike } from '../base/storage.ts';
import { millisOf } from '../base/time.ts';
import type { Migration } from '../input/migration.ts';
import { EXTRA } from './drizzle.ts';
import type { Matches } from './pair.ts';
import type { DrizzleLedger, DrizzleRow, LedgerForm, LedgerRow } from './row.ts';

/** A row that Drizzle's migrator would have written. */
interface MirrorRow {
  /** The name, which 0.x does not write. */
  readonly tag: string | null;
  readonly created_at: number;
  /** Whether its migration has a row already: it is one more, for another version of Drizzle. */
  readonly isExtra: boolean;
}

/** What must be done so that Drizzle's ledger says what ours says. */
export interface MirrorPlan {
  readonly form: LedgerForm;
  /** Whether the table must be made. */
  readonly create: boolean;
  /** Whether a 0.x table must get the columns of 1.x. */
  readonly upgrade: boolean;
  /** Rows whose name or time a version of Drizzle would not recognise. */
  readonly marks: readonly Pick<DrizzleRow, 'rowid' | 'tag' | 'created_at'>[];
  /** Rows that are missing. */
  readonly rows: readonly MirrorRow[];
}

const startOf = ({ tag }: Migration): number => millisOf((tag as string).slice(0, 14));

const NO_LEDGER = { rows: [], extras: [], odd: new Set<DrizzleRow>() };

/** What a version of Drizzle goes by, which is also what it writes. */
type Reader = '0.x' | 'beta' | '1.x';

/** A ledger that stands keeps its form, but for a 0.x one beside a 1.x bundle. */
function readerOf(
  tagged: readonly Migration[],
  ledger: DrizzleLedger | undefined,
  theirs: Matches<DrizzleRow>,
): Reader {
  if (ledger?.form === '1.x') return '1.x';
  // 1.0.0-beta.2 to beta.14 write no name and the whole second, and find by that what they ran.
  const isWhole = ledger?.rows.every(({ created_at }) => (created_at ?? 1) % 1000 === 0);
  if (isWhole && [...theirs].some(([row, { when }]) => row.created_at !== when)) return 'beta';
  return tagged.every(({ when }) => when !== null) ? '0.x' : '1.x';
}

/**
 * Decides what Drizzle's ledger lacks.
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
  const { rows: listed, extras, odd } = ledger ?? NO_LEDGER;
  const standing = [...listed, ...extras];
  const tagged = migrations.filter(({ tag }) => tag !== null);
  const reader = readerOf(tagged, ledger, theirs);
  const isNamed = reader === '1.x';
  const form = isNamed ? '1.x' : '0.x';

  // A 1.x folder has lost the milliseconds, and our ledger may still know them. Else the end of the second is safe: 0.x
  // must take no migration for newer than it is.
  const noted = new Map([...ours].map(([row, migration]) => [migration, row.created_at ?? 0]));
  const exact = (migration: Migration): number => {
    const time = noted.get(migration) ?? 0;
    return migration.when ?? (time % 1000 > 0 ? time : startOf(migration) + 999);
  };
  const newest = Math.max(-1, ...tagged.map(exact));
  const timeOf = reader === 'beta' ? startOf : exact;

  const tags = new Set(tagged.map(({ tag }) => tag));
  /** A row with a name and a time as 1.x and 0.x must find them. */
  const corrected = (row: DrizzleRow): DrizzleRow => {
    const migration = theirs.get(row);
    if (!isNamed || migration === undefined) return row;
    const { tag, created_at: time } = row;
    // 1.x writes the start of the second, and 0.x would take its own last migration for a newer one.
    const isEarly = exact(migration) === newest && (time ?? 0) % 1000 === 0;
    return {
      ...row,
      // 1.x may have named it after another migration. A name that none has is an older one, and an older deploy goes by it.
      tag: tag === null || tags.has(tag) ? migration.tag : tag,
      created_at: isEarly ? newest : (time ?? exact(migration)),
    };
  };
  const marks = standing.flatMap((row) => {
    const right = corrected(row);
    const isRight = right.tag === row.tag && right.created_at === row.created_at && !odd.has(row);
    return isRight ? [] : [right];
  });

  const isTold = ([row, migration]: readonly [DrizzleRow, Migration]): boolean =>
    isNamed ? corrected(row).tag === migration.tag : row.created_at === timeOf(migration);
  const told = new Set([...theirs].filter(isTold).map(([, migration]) => migration));
  const present = new Set(theirs.values());
  const spare = new Set<unknown>(extras.flatMap(({ tag, created_at }) => [tag, created_at]));
  const names = new Set(listed.map(({ tag }) => tag));
  // Drizzle 1.x with a folder of 0.x names its rows after the keys.
  const isKeyed = tagged.some(({ key }) => names.has(key));
  const rows: MirrorRow[] = [];
  for (const migration of tagged) {
    const { key, tag } = migration;
    const created_at = timeOf(migration);
    const isExtra = present.has(migration);
    if (!told.has(migration) && !(isExtra && spare.has(isNamed ? tag : created_at))) {
      rows.push({ tag, created_at, isExtra });
    }
    if (isKeyed && !names.has(key) && !spare.has(key)) {
      rows.push({ tag: key, created_at, isExtra: true });
    }
  }
  // Rows of ours that this code does not know, but another deploy may.
  const times = new Set(standing.map(({ created_at }) => created_at));
  const others = own.filter((row) => !ours.has(row) && !times.has(row.created_at));
  for (const { tag, created_at } of others) {
    if (created_at !== null) rows.push({ tag, created_at, isExtra: false });
  }
  const isOld = [...standing, ...rows].every((row) => (row.created_at ?? 0) < newest);
  if (reader === 'beta' && isOld) rows.push({ tag: null, created_at: newest, isExtra: true });
  return {
    form,
    create: ledger === undefined,
    upgrade: ledger !== undefined && ledger.form !== form,
    marks,
    rows: rows.sort((a, b) => a.created_at - b.created_at),
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
 * Brings Drizzle's ledger in sync with ours, with the very rows that Drizzle's migrator would have written.
 *
 * @param sql the object's SQL storage
 * @param table the name of Drizzle's ledger
 * @param plan what {@link planMirror} decided
 */
export function applyMirror(sql: SqlStorageLike, table: string, plan: MirrorPlan): void {
  const name = quote(table);
  const isNamed = plan.form === '1.x';
  if (plan.create) {
    // The columns as drizzle-orm/durable-sqlite/migrator makes them.
    sql.exec(
      `CREATE TABLE ${name} (id ${isNamed ? 'INTEGER' : 'SERIAL'} PRIMARY KEY, hash text NOT NULL, created_at numeric` +
        `${isNamed ? ', name text, applied_at TEXT' : ''})`,
    );
  }
  if (plan.upgrade) {
    sql.exec(`ALTER TABLE ${name} ADD COLUMN name text`);
    sql.exec(`ALTER TABLE ${name} ADD COLUMN applied_at TEXT`);
  }
  // A number that is bound is a float to SQLite, and in a column of texts it would be written as one.
  for (const { rowid, tag, created_at } of plan.marks) {
    sql.exec(
      `UPDATE ${name} SET created_at = ${created_at}${isNamed ? ', name = ?' : ''} WHERE rowid = ${rowid}`,
      ...(isNamed ? [tag] : []),
    );
  }
  for (const { tag, created_at, isExtra } of plan.rows) {
    sql.exec(
      `INSERT INTO ${name} (hash, created_at${isNamed ? ', name, applied_at' : ''}) VALUES (?, ${created_at}` +
        `${isNamed ? ', ?, ?' : ''})`,
      isExtra ? EXTRA : '',
      ...(isNamed ? [tag, new Date().toISOString()] : []),
    );
  }
}
