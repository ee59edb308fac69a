// A baseline in a rehearsal: what it makes of a new object, against what the history makes of one.
import { quote, type StateLike, type StorageLike } from '../base/storage.ts';
import { entryOf } from '../input/entry.ts';
import type { Migration, MigrationRecord } from '../input/migration.ts';
import { writeOut } from '../run/transaction.ts';
import { type FilledTable, readContents, type StoredRow, textOf } from './contents.ts';

/** All that an object holds, exactly. */
export interface Exact {
  /** The SQL of tables, indexes, views and triggers, by name. */
  readonly texts: ReadonlyMap<string, string>;
  readonly tables: readonly FilledTable[];
  /** What AUTOINCREMENT has counted to, by table. */
  readonly counters: ReadonlyMap<string, string>;
  /** The words of each full-text table, with their places. */
  readonly words: ReadonlyMap<string, string>;
}

/** Where a baseline makes something else than the history, each as a sentence. */
export interface BaselineDifferences {
  /** In texts. */
  readonly schema: readonly string[];
  /** In rows, counters and words. */
  readonly rows: readonly string[];
}

/** Whether the SQL of a migration was dropped, as a baseline replaces it. */
export const isDropped = ({ sql, up }: Migration): boolean => sql === null && up === undefined;

/**
 * The whole history as a record, without its baseline.
 *
 * @param migrations all migrations
 * @returns undefined if there is no baseline, or SQL that it replaces was dropped
 */
export function historyOf(migrations: readonly Migration[]): MigrationRecord | undefined {
  const hasBaseline = migrations.some(({ baseline }) => baseline !== undefined);
  if (!hasBaseline || migrations.some(isDropped)) return undefined;
  return Object.fromEntries(
    migrations.map((one) => [one.key, entryOf({ ...one, baseline: undefined })]),
  );
}

const UNDONE = Symbol();

/** The words of a full-text table, which only a table beside it tells: it is made, and taken back. */
function wordsOf(storage: StorageLike, name: string): string {
  const { sql } = storage;
  const beside = quote(`${name}_drizzle_offramp_words`);
  const table = `'${name.replaceAll("'", "''")}'`;
  let words: string[] = [];
  try {
    storage.transactionSync(() => {
      sql.exec(`CREATE VIRTUAL TABLE ${beside} USING fts5vocab(${table}, 'instance')`);
      const each = `quote(term) || ' ' || doc || ' ' || quote(col) || ' ' || quote("offset")`;
      words = Array.from(sql.exec(`SELECT ${each} AS word FROM ${beside}`), ({ word }) =>
        String(word),
      );
      writeOut(storage);
      throw UNDONE;
    });
  } catch (error) {
    if (error !== UNDONE) throw error;
  }
  return words.sort().join('\n');
}

/**
 * Reads all that an object holds.
 *
 * @param ctx the object
 * @param except tables to leave out: the ledgers
 */
export function readExactly({ storage }: StateLike, except: readonly string[]): Exact {
  const { sql } = storage;
  const made = [
    ...sql.exec(
      "SELECT name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT GLOB '_cf_*' AND name NOT GLOB '__miniflare_*'",
    ),
  ].filter(({ tbl_name }) => !except.includes(String(tbl_name)));
  const isCounted = made.some(({ name }) => name === 'sqlite_sequence');
  const counters = isCounted
    ? [...sql.exec('SELECT name, quote(seq) AS seq FROM sqlite_sequence')]
    : [];
  const tables = readContents(sql, except);
  const fullTexts = tables.filter(
    (one) => one.isVirtual && /\bUSING\s+["'`[]?fts5\b/i.test(one.sql),
  );
  return {
    texts: new Map(made.map((one) => [String(one.name), String(one.sql)])),
    tables,
    counters: new Map(counters.map(({ name, seq }) => [String(name), String(seq)])),
    words: new Map(fullTexts.map(({ name }) => [name, wordsOf(storage, name)])),
  };
}

const shown = (row: StoredRow | undefined): string => (row === undefined ? 'nothing' : textOf(row));

function differingRows(
  table: string,
  some: FilledTable | undefined,
  others: FilledTable | undefined,
): string[] {
  const rowsById = (one: FilledTable | undefined): Map<string, StoredRow> =>
    new Map((one?.rows ?? []).map((row, at) => [one?.ids[at] ?? '', row]));
  const [mine, theirs] = [rowsById(some), rowsById(others)];
  const ids = [...new Set([...mine.keys(), ...theirs.keys()])];
  const differing = ids.filter((id) => shown(mine.get(id)) !== shown(theirs.get(id)));
  const [first] = differing;
  if (first === undefined) return [];
  return [
    `${table}: ${differing.length} row(s) differ, such as ${shown(theirs.get(first))} by the baseline where the history ` +
      `has ${shown(mine.get(first))}`,
  ];
}

/** The names under which two maps differ. */
const differing = (
  some: ReadonlyMap<string, string>,
  others: ReadonlyMap<string, string>,
): string[] =>
  [...new Set([...some.keys(), ...others.keys()])].filter(
    (name) => some.get(name) !== others.get(name),
  );

/**
 * Compares a new object that began with a baseline with one that ran the whole history.
 *
 * @param history what the history made
 * @param baseline what the baseline and the rest made
 */
export function compareExactly(history: Exact, baseline: Exact): BaselineDifferences {
  const named = (one: Exact): Map<string, FilledTable> =>
    new Map(one.tables.map((table) => [table.name, table]));
  const [mine, theirs] = [named(history), named(baseline)];
  const both = [...mine.keys()].filter((name) => theirs.has(name));
  const by = (what: string, name: string, from: (one: Exact) => ReadonlyMap<string, string>) =>
    `${name}: ${what} ${from(baseline).get(name) ?? 'nothing'} by the baseline, and ${from(history).get(name) ?? 'nothing'} by ` +
    'the history';
  return {
    schema: differing(history.texts, baseline.texts).map((name) =>
      by('it is', name, (one) => one.texts),
    ),
    rows: [
      ...both.flatMap((name) => differingRows(name, mine.get(name), theirs.get(name))),
      ...differing(history.counters, baseline.counters).map((name) =>
        by('AUTOINCREMENT has counted to', name, (one) => one.counters),
      ),
      ...differing(history.words, baseline.words).map(
        (name) => `${name}: it finds other words by the baseline than by the history`,
      ),
    ],
  };
}
