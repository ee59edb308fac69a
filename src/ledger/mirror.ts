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

/** A row with a name and a time as 1.x and 0.x must find them; the row itself if they do. */
function asNamed(
  row: DrizzleRow,
  migration: Migration,
  tags: ReadonlySet<string | null>,
  exact: number,
  newest: number,
): Pick<DrizzleRow, 'tag' | 'created_at'> {
  // 1.x may have named it after another migration. A name that none has is an older one, and an older deploy goes by it.
  const tag = row.tag === null || tags.has(row.tag) ? migration.tag : row.tag;
  // 1.x writes the start of the second, and 0.x would take its own last migration for a newer one.
  const isEarly = exact === newest && (row.created_at ?? 0) % 1000 === 0;
  const created_at = isEarly ? newest : (row.created_at ?? exact);
  return tag === row.tag && created_at === row.created_at ? row : { tag, created_at };
}

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

/** When each migration was made, in milliseconds, so that 0.x takes none of them for newer than it is. */
function exactTimes(
  tagged: readonly Migration[],
  ours: Matches<LedgerRow>,
): ReadonlyMap<Migration, number> {
  // A 1.x folder has lost the milliseconds, and our ledger may still know them. Else the end of the second is safe.
  const noted = new Map([...ours].map(([row, migration]) => [migration, row.created_at ?? 0]));
  return new Map(
    tagged.map((migration) => {
      const time = noted.get(migration) ?? 0;
      const inSecond = time % 1000 > 0 ? time : startOf(migration) + 999;
      return [migration, migration.when ?? inSecond];
    }),
  );
}

/** The rows of migrations that no row is told of. */
function missingRows(
  tagged: readonly Migration[],
  theirs: Matches<DrizzleRow>,
  told: ReadonlySet<Migration>,
  ledger: DrizzleLedger | undefined,
  isNamed: boolean,
  timeOf: (migration: Migration) => number,
): MirrorRow[] {
  const present = new Set(theirs.values());
  const extras = new Set(ledger?.extras.flatMap(({ tag, created_at }) => [tag, created_at]));
  const names = new Set(ledger?.rows.map(({ tag }) => tag));
  // Drizzle 1.x with a folder of 0.x names its rows after the keys.
  const isKeyed = tagged.some(({ key }) => names.has(key));
  return tagged.flatMap((migration): MirrorRow[] => {
    const { key, tag } = migration;
    const created_at = timeOf(migration);
    const isExtra = present.has(migration);
    const isTold = told.has(migration) || (isExtra && extras.has(isNamed ? tag : created_at));
    const byKey = isKeyed && !names.has(key) && !extras.has(key);
    return [
      ...(isTold ? [] : [{ tag, created_at, isExtra }]),
      ...(byKey ? [{ tag: key, created_at, isExtra: true }] : []),
    ];
  });
}

/** Rows of ours that this code does not know, but another deploy may. */
function unknownHere(
  own: readonly LedgerRow[],
  ours: Matches<LedgerRow>,
  standing: readonly DrizzleRow[],
): MirrorRow[] {
  const times = new Set(standing.map(({ created_at }) => created_at));
  return own.flatMap((row): MirrorRow[] => {
    const { tag, created_at } = row;
    return ours.has(row) || created_at === null || times.has(created_at)
      ? []
      : [{ tag, created_at, isExtra: false }];
  });
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
  const tagged = migrations.filter(({ tag }) => tag !== null);
  const tags = new Set(tagged.map(({ tag }) => tag));
  const reader = readerOf(tagged, ledger, theirs);
  const isNamed = reader === '1.x';
  const form = isNamed ? '1.x' : '0.x';
  const times = exactTimes(tagged, ours);
  const exact = (migration: Migration): number => times.get(migration) as number;
  const newest = Math.max(-1, ...times.values());
  const timeOf = reader === 'beta' ? startOf : exact;
  const standing = [...(ledger?.rows ?? []), ...(ledger?.extras ?? [])];
  const next = (row: DrizzleRow, migration: Migration) =>
    isNamed ? asNamed(row, migration, tags, exact(migration), newest) : row;
  const marks = standing.flatMap((row) => {
    const migration = theirs.get(row);
    const right = migration === undefined ? row : next(row, migration);
    return right !== row || ledger?.odd.has(row) ? [{ ...row, ...right }] : [];
  });
  const isTold = (row: DrizzleRow, migration: Migration): boolean =>
    isNamed ? next(row, migration).tag === migration.tag : row.created_at === timeOf(migration);
  const told = new Set([...theirs].filter((pair) => isTold(...pair)).map(([, one]) => one));
  const rows = [
    ...missingRows(tagged, theirs, told, ledger, isNamed, timeOf),
    ...unknownHere(own, ours, standing),
  ];
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
  // A number that is bound is a float to SQLite, and in a column of texts it would be written as one.
  for (const { rowid, tag, created_at } of plan.marks) {
    const names = plan.form === '1.x' ? [tag] : [];
    const more = names.map(() => ', name = ?').join('');
    sql.exec(
      `UPDATE ${name} SET created_at = ${created_at}${more} WHERE rowid = ${rowid}`,
      ...names,
    );
  }
  for (const { tag, created_at, isExtra } of plan.rows) {
    const hash = isExtra ? EXTRA : '';
    if (plan.form === '0.x') {
      sql.exec(`INSERT INTO ${name} (hash, created_at) VALUES (?, ${created_at})`, hash);
    } else {
      sql.exec(
        `INSERT INTO ${name} (hash, created_at, name, applied_at) VALUES (?, ${created_at}, ?, ?)`,
        hash,
        tag,
        new Date().toISOString(),
      );
    }
  }
}
