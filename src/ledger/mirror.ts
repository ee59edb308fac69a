import type { SqlStorageLike } from '../base/storage.ts';
import { millisOf } from '../base/time.ts';
import type { Migration } from '../input/migration.ts';
import { EXTRA } from './drizzle.ts';
import { quote } from './ledger.ts';
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

/** When a migration was made, in milliseconds, as 0.x must not take it for newer than what the object has. */
const exactTime = (migration: Migration, noted = 0): number =>
  // A 1.x folder has lost the milliseconds, and our ledger may still know them. Else the end of the second is safe.
  migration.when ?? (noted % 1000 > 0 ? noted : startOf(migration) + 999);

/** The name that a row of Drizzle's should bear: 1.x may have named it after another migration, or not at all. */
const nameFor = (
  { tag }: DrizzleRow,
  migration: Migration | undefined,
  tags: ReadonlySet<string | null>,
): string | null =>
  // A name that no migration has is an older name of this one, and an older deploy goes by it.
  migration !== undefined && (tag === null || tags.has(tag)) ? migration.tag : tag;

/** Which migrations have a row that Drizzle recognises, and which rows must be changed for that. */
function recognised(
  standing: readonly DrizzleRow[],
  isNamed: boolean,
  tagged: readonly Migration[],
  theirs: Matches<DrizzleRow>,
  odd: ReadonlySet<DrizzleRow> | undefined,
) {
  const tags = new Set(tagged.map(({ tag }) => tag));
  const marks: MirrorPlan['marks'][number][] = [];
  const told = new Set<Migration>();
  for (const row of standing) {
    const migration = theirs.get(row);
    const tag = isNamed ? nameFor(row, migration, tags) : row.tag;
    if (tag !== row.tag || odd?.has(row)) marks.push({ ...row, tag });
    if (migration && (isNamed ? tag === migration.tag : row.created_at === migration.when)) {
      told.add(migration);
    }
  }
  return { marks, told };
}

/** Rows of ours that this code does not know, but another deploy may. */
function unknownHere(
  own: readonly LedgerRow[],
  ours: Matches<LedgerRow>,
  standing: readonly DrizzleRow[],
): MirrorRow[] {
  const said = new Set(standing.flatMap(({ tag, created_at }) => [tag, created_at]));
  return own.flatMap((row): MirrorRow[] => {
    const { tag, created_at } = row;
    const stands = said.has(created_at) || (tag !== null && said.has(tag));
    return ours.has(row) || created_at === null || stands
      ? []
      : [{ tag, created_at, isExtra: false }];
  });
}

/**
 * Decides what Drizzle's ledger lacks. A ledger that stands keeps its form, but for a 0.x one beside a 1.x bundle.
 *
 * 0.x goes by the newest time, in milliseconds; 1.0.0-beta.2 to beta.14 by each second; 1.x from there on by name. So a
 * ledger with names has the rows of 1.x, and one more where 0.x would take its last migration for newer.
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
  const isNamed =
    ledger?.form === '1.x' ||
    tagged.some(({ when }) => when === null) ||
    [...theirs].some(
      ([row, one]) => row.created_at !== one.when && row.created_at === startOf(one),
    );
  const form = isNamed ? '1.x' : '0.x';
  const standing = [...(ledger?.rows ?? []), ...(ledger?.extras ?? [])];
  const { marks, told } = recognised(standing, isNamed, tagged, theirs, ledger?.odd);
  const said = new Set(ledger?.extras.map((row) => (isNamed ? row.tag : row.created_at)));
  const present = new Set(theirs.values());
  const noted = new Map([...ours].map(([row, migration]) => [migration, row.created_at ?? 0]));
  const names = new Set(standing.map(({ tag }) => tag));
  const isKeyed = isNamed && tagged.some(({ key }) => names.has(key));
  const rows: MirrorRow[] = [];
  let newest: MirrorRow = { tag: null, created_at: -1, isExtra: true };
  for (const migration of tagged) {
    const { key, tag } = migration;
    const exact = exactTime(migration, noted.get(migration));
    if (exact > newest.created_at) newest = { ...newest, tag, created_at: exact };
    // Drizzle 1.x with a folder of 0.x names its rows after the keys.
    if (isKeyed && !names.has(key)) rows.push({ tag: key, created_at: exact, isExtra: true });
    const isExtra = present.has(migration);
    if (told.has(migration) || (isExtra && said.has(isNamed ? tag : exact))) continue;
    rows.push({ tag, created_at: isNamed ? startOf(migration) : exact, isExtra });
  }
  rows.push(...unknownHere(own, ours, standing));
  if ([...standing, ...rows].every((row) => (row.created_at ?? 0) < newest.created_at)) {
    rows.push(newest);
  }
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
