// Rows for any schema: parents before children where that can be, a cycle closed afterwards, and where a constraint
// refuses a row another one is tried.

import { quote, type SqlStorageLike } from '../base/storage.ts';
import { type Check, checksOf, folded } from '../reader/names.ts';
import { tokensOf } from '../reader/parser.ts';
import {
  type DeclaredColumn,
  type DeclaredReference,
  type DeclaredTable,
  readTables,
} from './contents.ts';
import type { Demand } from './demands.ts';
import { violationsOf } from './foreign-keys.ts';
import { guard, unguard } from './guards.ts';
import { type Group, groupsOf } from './solve.ts';
import { type Candidate, candidatesOf } from './values.ts';

/** How many rows a table gets, unless told otherwise. */
export const DEFAULT_ROWS = 4;

/** How often another row is tried where a constraint refuses one. */
const ATTEMPTS = 500;

/** How far the serial number of another try is from the first, so that it meets no other row's. */
const FAR = 1000;

/** How many solutions of CHECK constraints are tried before others are looked for. */
const SOLUTIONS = 20;

type Stored = Record<string, unknown>;

/** How often each column was given another value for the same row. */
type Tried = Map<string, number>;

/** A table that could not be given a row, and what SQLite said to the last one that was tried. */
export interface Unfilled {
  readonly table: string;
  readonly reason: string;
}

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

/** Parents first; what closes a cycle comes as it comes. */
function parentsFirst(tables: readonly DeclaredTable[]): DeclaredTable[] {
  const sorted: DeclaredTable[] = [];
  const seen = new Set<DeclaredTable>();
  const visit = (table: DeclaredTable): void => {
    if (seen.has(table)) return;
    seen.add(table);
    for (const reference of table.references) {
      const parent = tables.find(({ name }) => same(name, reference.table));
      if (parent !== undefined) visit(parent);
    }
    sorted.push(table);
  };
  for (const table of tables) visit(table);
  return sorted;
}

const keyOf = (table: DeclaredTable): string[] =>
  table.columns
    .filter(({ key }) => key > 0)
    .sort((a, b) => a.key - b.key)
    .map(({ name }) => name);

const rowsOf = (sql: SqlStorageLike, table: string): Stored[] => [
  ...sql.exec(`SELECT * FROM ${quote(table)}`),
];

/** Pseudo-random, but the same in every run: a failure can be looked at again. */
const mix = (...numbers: number[]): number =>
  numbers.reduce((sum, number) => {
    const mixed = Math.imul(sum ^ (number + 0x9e3779b9), 0x85ebca6b);
    return (mixed ^ (mixed >>> 13)) >>> 0;
  }, 1);

/** Which of a parent's rows a row refers to: two children to each parent first, then one each, then any. */
function pick(count: number, row: number, attempt: number, reference: number): number {
  if (attempt === 0) return (reference === 0 ? Math.floor(row / 2) : row) % count;
  if (attempt === 1) return row % count;
  return mix(row, attempt, reference) % count;
}

/** Fills one table, row by row. */
class Filler {
  readonly #columns: readonly {
    column: DeclaredColumn;
    candidates: (row: number) => Candidate[];
  }[];
  readonly #checks: readonly Check[];
  readonly #groups: readonly Group[];
  readonly #insert = new Map<string, string>();
  #taken = new Map<string, Candidate>();

  constructor(
    private readonly sql: SqlStorageLike,
    private readonly table: DeclaredTable,
    private readonly tables: readonly DeclaredTable[],
    demands: readonly Demand[],
    private readonly offset: number,
  ) {
    this.#checks = [...checksOf(table.sql), ...demands.flatMap(checkOf)];
    this.#columns = table.columns
      .filter(({ generated }) => !generated)
      .map((column) => ({ column, candidates: candidatesOf(table, column, this.#checks) }));
    this.#groups = groupsOf(sql, table, this.#checks);
  }

  /** The rows that a reference can be made to, as they stand now. */
  #parents({ table, to }: DeclaredReference): { rows: Stored[]; columns: readonly string[] } {
    const parent = this.tables.find(({ name }) => same(name, table));
    if (parent === undefined) return { rows: [], columns: to };
    return { rows: rowsOf(this.sql, parent.name), columns: to.length > 0 ? to : keyOf(parent) };
  }

  /** Values for the columns that refer to something; two references that share a column agree on it. */
  #refer(row: number, tried: Tried): Map<string, Candidate> {
    const values = new Map<string, Candidate>();
    for (const [number, reference] of this.table.references.entries()) {
      const { rows, columns } = this.#parents(reference);
      const fitting = rows.filter((parent) =>
        reference.columns.every((column, i) => {
          const set = values.get(column);
          return set === undefined || set === parent[columns[i] ?? ''];
        }),
      );
      const attempt = Math.max(...reference.columns.map((column) => tried.get(column) ?? 0));
      // A row may refer to itself, where all others are taken: `close` sees to it.
      if (same(reference.table, this.table.name) && attempt % 2 === 1) continue;
      const chosen = fitting[pick(fitting.length, row, attempt, number)];
      reference.columns.forEach((column, i) => {
        if (chosen !== undefined) values.set(column, chosen[columns[i] ?? ''] as Candidate);
        else if (!values.has(column) && this.#mayBeEmpty(column)) values.set(column, null);
      });
    }
    return values;
  }

  /** What a column may hold; where it refers to something, what that holds. */
  #listFor(name: string, row: number, chosen: Candidate): readonly Candidate[] {
    const empty = this.#mayBeEmpty(name) ? [null] : [];
    const reference = this.table.references.find(({ columns }) =>
      columns.some((column) => same(column, name)),
    );
    if (reference === undefined) {
      const found = this.#columns.find(({ column }) => same(column.name, name));
      return found?.candidates(row + this.offset) ?? [];
    }
    if (reference.columns.length > 1) return [chosen, ...empty];
    const { rows, columns } = this.#parents(reference);
    return [chosen, ...rows.map((parent) => parent[columns[0] ?? ''] as Candidate), ...empty];
  }

  /** Values for columns that CHECK constraints tie together. */
  #solve(row: number, tried: Tried, values: Map<string, Candidate>): void {
    for (const group of this.#groups) {
      const times = Math.max(...group.columns.map((column) => tried.get(column) ?? 0));
      const round = Math.floor(times / SOLUTIONS);
      const lists = new Map(
        group.columns.map((name) => [
          name,
          this.#listFor(name, row + round * FAR, values.get(name)),
        ]),
      );
      const found = group.solve(lists);
      const solution = found[(times % SOLUTIONS) % Math.max(found.length, 1)];
      for (const [name, value] of solution ?? []) values.set(name, value);
    }
  }

  #mayBeEmpty(name: string): boolean {
    const column = this.table.columns.find((other) => same(other.name, name));
    return column !== undefined && !column.notNull && column.key === 0;
  }

  #put(values: Map<string, Candidate>): void {
    const given = [...values].filter(([, value]) => value !== undefined);
    const names = given.map(([name]) => quote(name)).join(', ');
    const text =
      this.#insert.get(names) ??
      `INSERT INTO ${quote(this.table.name)} ${
        given.length === 0
          ? 'DEFAULT VALUES'
          : `(${names}) VALUES (${given.map(() => '?').join(', ')})`
      }`;
    this.#insert.set(names, text);
    this.sql.exec(text, ...given.map(([, value]) => value));
  }

  /** The columns that SQLite's words can be about. */
  #suspects(reason: string): string[] {
    const checks = this.#checks;
    const check = checks.find(({ name }) => reason.endsWith(`failed: ${name}`));
    const naming = (words: readonly string[]): string[] => {
      const named = new Set(words.map(folded));
      return this.#columns.flatMap(({ column: { name } }) =>
        named.has(name.toLowerCase()) ? [name] : [],
      );
    };
    const blamed = naming(check?.words ?? tokensOf(reason).map(({ text }) => text));
    if (blamed.length > 0) return blamed;
    const checked = naming(checks.flatMap(({ words }) => words));
    return checked.length > 0 ? checked : this.#columns.map(({ column }) => column.name);
  }

  /** Tries rows until one is taken, each time with other values where the last one was refused. */
  #add(row: number): string | undefined {
    const tried: Tried = new Map();
    let reason = '';
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const values = this.#refer(row, tried);
      this.#solve(row, tried, values);
      for (const [at, { column, candidates }] of this.#columns.entries()) {
        if (values.has(column.name)) continue;
        const times = tried.get(column.name) ?? 0;
        const options = candidates(row + this.offset + times * FAR);
        // What a CHECK took in the row before it takes again.
        if (this.#taken.has(column.name)) options.splice(1, 0, this.#taken.get(column.name));
        const isInTurn = times < options.length;
        values.set(column.name, options[isInTurn ? times : mix(row, times, at) % options.length]);
      }
      try {
        this.#put(values);
        this.#taken = values;
        return undefined;
      } catch (error) {
        reason = (error as Error).message.replace(/: SQLITE_[\s\S]*$/, '');
      }
      // One at a time: two that change together may miss each other for ever.
      const suspects = this.#suspects(reason);
      const name = suspects[attempt % suspects.length];
      if (name === undefined) break;
      tried.set(name, (tried.get(name) ?? 0) + 1);
    }
    return reason;
  }

  /** @returns what SQLite said, if the table has got no row */
  fill(count: number): string | undefined {
    for (let row = 0; row < count; row++) {
      const reason = this.#add(row);
      // A CHECK or UNIQUE may leave room for few rows only.
      if (reason !== undefined) return row === 0 ? reason : undefined;
    }
    return undefined;
  }

  /** Makes the references that had no parent yet when their row was added. */
  close(reference: DeclaredReference, number: number): void {
    const { rows: parents, columns } = this.#parents(reference);
    if (parents.length === 0) return;
    const key = keyOf(this.table);
    const isOpen = (row: Stored): boolean =>
      !parents.some((parent) =>
        reference.columns.every((column, i) => row[column] === parent[columns[i] ?? '']),
      );
    const set = reference.columns.map((column) => `${quote(column)} = ?`).join(', ');
    for (const [at, row] of rowsOf(this.sql, this.table.name).entries()) {
      if (!isOpen(row)) continue;
      const telling = key.length > 0 ? key : Object.keys(row);
      const where = telling.map((column) => `${quote(column)} IS ?`).join(' AND ');
      const first = pick(parents.length, at, 0, number);
      for (const parent of [...parents.slice(first), ...parents.slice(0, first)]) {
        try {
          this.sql.exec(
            `UPDATE ${quote(this.table.name)} SET ${set} WHERE ${where}`,
            ...columns.map((column) => parent[column]),
            ...telling.map((column) => row[column]),
          );
          break;
        } catch {
          // A UNIQUE refuses this parent: the next one. What stays open and must not is found by the check at the end.
        }
      }
    }
  }
}

const checkOf = ({ kind, expression }: Demand): Check[] =>
  kind !== 'check' || expression === undefined
    ? []
    : [{ name: expression, sql: expression, words: tokensOf(expression).map(({ text }) => text) }];

/** A table that also asks of its rows what pending migrations ask of them. */
function asking(
  table: DeclaredTable,
  demands: readonly Demand[],
  tables: readonly DeclaredTable[],
): DeclaredTable {
  const named = (name: string): string =>
    table.columns.find((column) => same(column.name, name))?.name ?? name;
  const isAsked = (name: string): boolean =>
    demands.some(
      ({ kind, columns }) => kind === 'not null' && columns.some((one) => same(one, name)),
    );
  const isOf = ({ columns }: DeclaredReference, names: readonly string[]): boolean =>
    columns.length === names.length && columns.every((column, at) => same(column, names[at] ?? ''));
  const left = table.references.filter(
    (one) => !demands.some(({ dropped, columns }) => dropped !== undefined && isOf(one, columns)),
  );
  const references = demands.flatMap(({ kind, columns, parent }): DeclaredReference[] => {
    const isKnown = left.some((one) => isOf(one, columns));
    if (kind !== 'reference' || isKnown) return [];
    const found = tables.find(({ name }) => same(name, parent?.table ?? ''));
    const nobody = { onUpdate: 'NO ACTION', onDelete: 'NO ACTION', columns: columns.map(named) };
    // To a table that is not there yet nothing can refer.
    if (found === undefined || parent === undefined) return [{ ...nobody, table: '', to: [] }];
    const to = parent.columns.map(
      (column) => found.columns.find(({ name }) => same(name, column))?.name ?? column,
    );
    return [{ ...nobody, table: found.name, to }];
  });
  return {
    ...table,
    columns: table.columns.map((column) =>
      isAsked(column.name) ? { ...column, notNull: true } : column,
    ),
    references: [...left, ...references],
  };
}

/** What rows are made by. */
export interface FillOptions {
  /** Tables to leave alone, in lower case. */
  readonly except?: readonly string[];
  /** How many rows a table gets; fewer where its constraints leave no room. */
  readonly count?: number | undefined;
  /** What the rows must meet beside their own schema, where they can. */
  readonly demands?: readonly Demand[];
  /** From which number on the rows of a table are counted, by its name in lower case. */
  readonly offsets?: ReadonlyMap<string, number>;
}

/** Whether a table has no row; a full-text table that cannot be read, as its content lacks a column, is left as it is. */
function isEmpty(sql: SqlStorageLike, table: string): boolean {
  try {
    return [...sql.exec(`SELECT 1 FROM ${quote(table)} LIMIT 1`)].length === 0;
  } catch {
    return false;
  }
}

/**
 * Gives every empty table rows that its schema allows: types, NOT NULL, UNIQUE, CHECK, and references to rows that are
 * there. Must be called inside a transaction.
 *
 * @param sql the object's SQL storage
 * @param options what rows are made by
 * @returns the tables that could not be given a row; they are empty
 */
export function fill(
  sql: SqlStorageLike,
  { except = [], count = DEFAULT_ROWS, demands = [], offsets = new Map() }: FillOptions = {},
): Unfilled[] {
  const of = (table: DeclaredTable): Demand[] =>
    demands.filter((demand) => same(demand.table, table.name));
  const plain = readTables(sql, []);
  const all = plain.map((table) => asking(table, of(table), plain));
  const tables = parentsFirst(all.filter(({ name }) => !except.includes(name.toLowerCase())));
  const empty = tables.filter(({ name }) => isEmpty(sql, name));
  const before = violationsOf(sql).length;
  // In a cycle the first rows come before what they refer to: https://www.sqlite.org/pragma.html#pragma_defer_foreign_keys
  sql.exec('PRAGMA defer_foreign_keys = ON');
  const fillers: { table: DeclaredTable; filler: Filler }[] = [];
  const unfilled: Unfilled[] = [];
  const guards: string[] = [];
  for (const [at, table] of empty.entries()) {
    const offset = offsets.get(table.name.toLowerCase()) ?? 0;
    const asked = of(table);
    const own = guard(sql, table, asked, at);
    let filler = new Filler(sql, table, all, asked, offset);
    let reason = filler.fill(count);
    if (reason === undefined) guards.push(...own);
    else unguard(sql, own);
    if (reason !== undefined && asked.length > 0) {
      // No row meets what is asked: then the rehearsal shows what becomes of one that does not.
      const asItIs = plain.find(({ name }) => name === table.name) ?? table;
      filler = new Filler(sql, asItIs, plain, [], offset);
      reason = filler.fill(count);
    }
    fillers.push({ table, filler });
    if (reason !== undefined) unfilled.push({ table: table.name, reason });
  }
  for (const { table, filler } of fillers) {
    table.references.forEach((reference, number) => {
      filler.close(reference, number);
    });
  }
  unguard(sql, guards);
  unfilled.push(...takeBackOrphans(sql, before, new Set(empty.map(({ name }) => name))));
  sql.exec('PRAGMA defer_foreign_keys = OFF');
  return unfilled;
}

/** Rows whose parent never came cannot be: they, and what refers to them, are deleted again. */
function takeBackOrphans(
  sql: SqlStorageLike,
  before: number,
  filled: ReadonlySet<string>,
): Unfilled[] {
  const emptied = new Set<string>();
  for (let round = 0; round <= filled.size; round++) {
    if (violationsOf(sql).length <= before) break;
    const tables = new Set(violatingTables(sql).filter((table) => filled.has(table)));
    if (tables.size === 0) break;
    for (const table of tables) {
      emptied.add(table);
      sql.exec(`DELETE FROM ${quote(table)}`);
    }
  }
  return Array.from(emptied, (table) => ({ table, reason: 'FOREIGN KEY constraint failed' }));
}

/** Tables with rows that lack what they refer to; none where the schema itself is wrong. */
function violatingTables(sql: SqlStorageLike): string[] {
  try {
    return Array.from(sql.exec('PRAGMA foreign_key_check'), ({ table }) => String(table));
  } catch {
    return [];
  }
}
