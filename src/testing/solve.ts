// Values that meet CHECK constraints together: SQLite itself is asked which of the candidates of several columns go with
// each other.
import type { SqlStorageLike } from '../base/storage.ts';
import { type Check, fold, folded } from '../reader/names.ts';
import type { DeclaredTable } from './contents.ts';
import { renamed } from './demands.ts';
import type { Candidate } from './values.ts';

/** Columns that CHECK constraints tie together. */
export interface Group {
  /** Their names as they are declared. */
  readonly columns: readonly string[];
  /**
   * Values that meet all constraints of the group.
   *
   * @param lists what each column may hold, the best first
   */
  solve(lists: ReadonlyMap<string, readonly Candidate[]>): ReadonlyMap<string, Candidate>[];
}

/** How many combinations SQLite may have to try. */
const MOST_TRIED = 20_000;
/** How many combinations are taken. */
const MOST_TAKEN = 100;

/**
 * A value as SQL writes it.
 *
 * @param value the value; undefined is NULL
 */
export function toLiteral(value: Candidate): string {
  if (value === null || value === undefined) return 'NULL';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`;
  return `X'${Array.from(new Uint8Array(value), (byte) => byte.toString(16).padStart(2, '0')).join('')}'`;
}

const isJson = (value: Candidate): boolean => {
  if (typeof value !== 'string') return true;
  try {
    JSON.parse(value);
    return true;
  } catch {
    return false;
  }
};

/** Whether a column is read as JSON, so that any other text makes the whole query throw. */
const isReadAsJson = (column: string, checks: readonly Check[]): boolean =>
  checks.some(({ words }) =>
    words.some((word, at) => {
      if (!/^jsonb?_?(?!valid)\w*$/i.test(word) || words[at + 1] !== '(') return false;
      const name = words[at + 3] === '.' ? words[at + 4] : words[at + 2];
      return folded(name ?? '') === column;
    }),
  );

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

class Columns implements Group {
  readonly #conditions: readonly string[];

  constructor(
    private readonly sql: SqlStorageLike,
    readonly columns: readonly string[],
    private readonly checks: readonly Check[],
  ) {
    const names = new Map(columns.map((name) => [fold(name), quoted(name)]));
    this.#conditions = checks.flatMap((check) => renamed(check.sql, names) ?? []);
  }

  solve(lists: ReadonlyMap<string, readonly Candidate[]>): ReadonlyMap<string, Candidate>[] {
    const most = Math.floor(MOST_TRIED ** (1 / this.columns.length));
    const taken = this.columns.map((name) => {
      const needsJson = isReadAsJson(fold(name), this.checks);
      const fitting = (lists.get(name) ?? []).filter(
        (value) => value !== undefined && (!needsJson || isJson(value)),
      );
      const byText = new Map(fitting.map((value) => [toLiteral(value), value]));
      return [...byText].slice(0, most);
    });
    if (taken.some((values) => values.length === 0)) return [];
    const from = taken.map((values, at) => {
      const rows = values.map(([text], i) => `(${text}, ${i})`).join(', ');
      return `(SELECT column1 AS ${quoted(this.columns[at] ?? '')}, column2 AS n${at} FROM (VALUES ${rows}))`;
    });
    const numbers = this.columns.map((_, at) => `n${at}`);
    const where = this.#conditions.map((condition) => `(${condition}) IS NOT 0`).join(' AND ');
    try {
      const found = this.sql.exec(
        `SELECT ${numbers.join(', ')} FROM ${from.join(', ')} WHERE ${where} ORDER BY ${numbers.join(' + ')} LIMIT ${MOST_TAKEN}`,
      );
      return Array.from(
        found,
        (row) =>
          new Map(this.columns.map((name, at) => [name, taken[at]?.[Number(row[`n${at}`])]?.[1]])),
      );
    } catch {
      // A CHECK that throws on one candidate throws for all: then they are tried one by one.
      return [];
    }
  }
}

/**
 * The groups of columns that CHECK constraints tie together.
 *
 * @param sql the object's SQL storage
 * @param table the table
 * @param checks the constraints that its rows must meet
 */
export function groupsOf(
  sql: SqlStorageLike,
  table: DeclaredTable,
  checks: readonly Check[],
): Group[] {
  let groups: { columns: Set<string>; checks: Check[] }[] = [];
  const generated = new Set(
    table.columns.flatMap((one) => (one.generated ? [fold(one.name)] : [])),
  );
  for (const check of checks) {
    const words = new Set(check.words.map(folded));
    if ([...generated].some((name) => words.has(name))) continue;
    const own = table.columns.flatMap(({ name }) => (words.has(fold(name)) ? [name] : []));
    if (own.length === 0) continue;
    const tied = groups.filter(({ columns }) => own.some((name) => columns.has(name)));
    groups = [
      ...groups.filter((group) => !tied.includes(group)),
      {
        columns: new Set([...tied.flatMap(({ columns }) => [...columns]), ...own]),
        checks: [...tied.flatMap((group) => group.checks), check],
      },
    ];
  }
  return groups.map((group) => new Columns(sql, [...group.columns], group.checks));
}
