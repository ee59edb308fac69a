// Runs migrations on the rows of an object, statement by statement, takes all back, and tells what each statement did to
// each row: the rows that it deletes, the columns that it sets. All else that is lost is damage.

import { MigrationError } from '../base/errors.ts';
import { runStatement, type SqlStorageLike, type StorageLike } from '../base/storage.ts';
import type { Migration } from '../input/migration.ts';
import { fold } from '../reader/names.ts';
import type { Stmt } from '../reader/parser.ts';
import { enforcedAgain } from '../run/enforcement.ts';
import { foreignKeyMode, transact } from '../run/foreign-keys.ts';
import { runFunction } from '../run/function.ts';
import { writeOut } from '../run/transaction.ts';
import { splitStatements } from '../sql/statements.ts';
import {
  type FilledTable,
  readContents,
  readTables,
  type StoredRow,
  withRows,
} from './contents.ts';
import { type Copied, type Fate, Follower } from './follow.ts';
import { violationsOf } from './foreign-keys.ts';
import { isKept } from './kept.ts';

/** A row as it was before. */
export interface Traced {
  readonly row: StoredRow;
  /** What told it from the others of its table. */
  readonly id: string;
  /** Whether a statement took it: a DELETE, and what foreign keys and triggers do then. */
  taken: boolean;
  /** Tables into which a SELECT that picks rows did not take it. */
  readonly leftOut: Set<unknown>;
  /** Columns, folded, that a statement set in it. */
  readonly set: Set<string>;
  /** Columns, folded, that a copy left out: what stands there afterwards is not what stood there. */
  readonly forgotten: Set<string>;
}

/** What migrations do to the rows of an object. */
export interface Trace {
  /** The tables with their rows afterwards; undefined if a statement throws. */
  readonly tables: readonly FilledTable[] | undefined;
  /** What is thrown. */
  readonly error: Error | undefined;
  /** The rows of each table before, by its name. */
  readonly rows: ReadonlyMap<string, readonly Traced[]>;
  /** What becomes of each table that a statement was about, by its name before, folded. */
  readonly fates: ReadonlyMap<string, Fate>;
}

/** What is thrown out of a transaction, so that nothing of it stays. */
const TAKEN_BACK = new Error('taken back');

/** Whether a statement may change or delete rows that are there. */
function mayChange(statement: Stmt | undefined, follower: Follower): boolean {
  if (statement === undefined) return true;
  if (statement.type !== 'InsertStmt')
    return /^(Update|Delete|DropTable)Stmt$/.test(statement.type);
  const { body, orConflict, tblName } = statement;
  const table = follower.table(tblName.objName.text);
  return (
    orConflict !== undefined ||
    (body.type === 'SelectInsertBody' && body.upsert !== undefined) ||
    table === undefined ||
    table.conflict !== undefined ||
    follower.fires(table)
  );
}

/** Follows the rows of one run. */
class Tracing {
  readonly #follower: Follower;
  /** The tables as they are now, by their folded names. */
  #now: Map<string, FilledTable>;
  readonly rows: Map<string, Traced[]>;

  constructor(
    private readonly sql: SqlStorageLike,
    before: readonly FilledTable[],
    schema: readonly string[],
    private readonly except: readonly string[],
    private readonly enforced: boolean,
  ) {
    this.#follower = new Follower(schema);
    this.#now = new Map(before.map((table) => [fold(table.name), table]));
    this.rows = new Map(
      before.map(({ name, rows, ids }) => [
        fold(name),
        rows.map((row, at) => ({
          row,
          id: ids[at] ?? '',
          taken: false,
          leftOut: new Set(),
          set: new Set(),
          forgotten: new Set(),
        })),
      ]),
    );
  }

  fates(): Map<string, Fate> {
    return this.#follower.fates();
  }

  /** Runs a statement, and looks at what it did. */
  run(text: string, position: number, migration: number): void {
    const carried = this.#carriers();
    const { statement, copies } = this.#follower.step(text, position, migration);
    const there = new Map(copies.map((copy) => [copy, this.#rowsIn(copy)]));
    const sizes = copies.map(({ target }) => this.#now.get(fold(target.name))?.rows.length ?? 0);
    const picked = copies.some(({ picks, skips }) => picks && skips)
      ? this.#count(text, statement)
      : 0;
    runStatement(this.sql, text);
    if (mayChange(statement, this.#follower)) this.#compare(statement, carried);
    this.#readAgain(statement, copies);
    copies.forEach((copy, at) => {
      this.#leave(copy, (sizes[at] ?? 0) + picked, there.get(copy) ?? new Set());
    });
  }

  /**
   * Runs a function, and looks at what is there then. What it did to rows nobody knows, so that all of it is damage unless
   * it is listed.
   */
  runFunction(
    run: (look: (statement: string) => void) => void,
    position: number,
    migration: number,
  ): void {
    run((statement) => {
      if (/^(create|alter|drop)\b/i.test(statement)) {
        this.#follower.step(statement, position, migration);
      }
    });
    this.#now = new Map(
      readContents(this.sql, this.except).map((table) => [fold(table.name), table]),
    );
  }

  /** The rows of a copy's origin that stand in any of the tables that it may be made from. */
  #rowsIn({ sources, origin }: Copied): Set<Traced> {
    const found = new Set<Traced>();
    for (const source of sources) {
      const { rows = [] } = this.#now.get(fold(source.name)) ?? {};
      const columns = this.#follower.carried(source).get(origin) ?? new Map();
      for (const traced of this.rows.get(origin) ?? []) {
        if (rows.some((row) => isKept(traced.row, row, columns, notKept(traced))))
          found.add(traced);
      }
    }
    return found;
  }

  /** How many rows the SELECT of a copy gives. */
  #count(text: string, statement: Stmt | undefined): number {
    if (statement?.type !== 'InsertStmt' || statement.body.type !== 'SelectInsertBody') return 0;
    const { offset, length } = statement.body.select.span;
    const query = `SELECT count(*) AS count FROM (${text.slice(offset, offset + length)})`;
    return Number([...this.sql.exec(query)][0]?.count);
  }

  #carriers(): Map<string, ReadonlyMap<string, ReadonlyMap<string, string>>> {
    return new Map(
      this.#follower
        .all()
        .map((table) => [fold(table.name), new Map(this.#follower.carried(table))]),
    );
  }

  /** A table that a statement of its own changed: its definition, its name or its rows. */
  #readAgain(statement: Stmt | undefined, copies: readonly Copied[]): void {
    const names = new Set(copies.map(({ target }) => fold(target.name)));
    if (statement?.type === 'AlterTableStmt') {
      const old = fold(statement.tblName.objName.text);
      const { body } = statement;
      this.#now.delete(old);
      names.add(body.type === 'RenameToAlterTableBody' ? fold(body.name.text) : old);
    } else if (statement?.type === 'CreateTableStmt') {
      names.add(fold(statement.tblName.objName.text));
    }
    if (names.size === 0) return;
    for (const table of readTables(this.sql, this.except, [...names])) {
      this.#now.set(fold(table.name), withRows(this.sql, table));
    }
  }

  /** What of the rows that were there a statement deleted or changed. */
  #compare(
    statement: Stmt | undefined,
    carried: ReadonlyMap<string, ReadonlyMap<string, ReadonlyMap<string, string>>>,
  ): void {
    let asked = true;
    if (statement?.type === 'DropTableStmt') {
      const name = fold(statement.tblName.objName.text);
      const table = this.#now.get(name);
      this.#now.delete(name);
      if (table === undefined || !this.enforced) return;
      // What foreign keys do at the end of a rebuild nobody asked for.
      asked = ![...(carried.get(name)?.keys() ?? [])].some((one) => this.#follower.isRebuilt(one));
    }
    const setsIds = statement?.type === 'UpdateStmt';
    for (const [name, before] of this.#now) {
      if (before.rows.length === 0) continue;
      const after = withRows(this.sql, before);
      this.#now.set(name, after);
      if (asked) this.#attribute(before, after, carried.get(name) ?? new Map(), setsIds);
    }
  }

  #attribute(
    before: FilledTable,
    after: FilledTable,
    carried: ReadonlyMap<string, ReadonlyMap<string, string>>,
    setsIds: boolean,
  ): void {
    const now = new Map(after.ids.map((id, at) => [id, after.rows[at]]));
    const then = new Set(before.ids);
    const fresh = after.rows.filter((_, at) => !then.has(after.ids[at] ?? ''));
    before.rows.forEach((row, at) => {
      // An UPDATE of the key gives the row another id.
      const found = now.get(before.ids[at] ?? '') ?? (setsIds ? fresh.shift() : undefined);
      const set = Object.keys(row).filter((column) => found?.[column] !== row[column]);
      if (set.length === 0) return;
      for (const [origin, columns] of carried) {
        const traced = this.#find(origin, columns, row);
        if (traced === undefined) continue;
        if (found === undefined) {
          traced.taken = true;
          continue;
        }
        this.#note(traced, origin, columns, before.name, set);
      }
    });
  }

  /** Columns that a statement set in a row. What carries nothing of the row says nothing of it. */
  #note(
    traced: Traced,
    origin: string,
    columns: ReadonlyMap<string, string>,
    name: string,
    set: readonly string[],
  ): void {
    const table = this.#follower.table(name);
    for (const one of set.map(fold)) {
      const first = columns.get(one);
      if (first === undefined) continue;
      if (table !== undefined && this.#follower.isMadeOf(table, one, origin, first)) {
        traced.forgotten.delete(first);
      }
      traced.set.add(first);
    }
  }

  /** The row of a table at first that stands in a table now. */
  #find(origin: string, columns: ReadonlyMap<string, string>, row: StoredRow): Traced | undefined {
    return this.rows
      .get(origin)
      ?.find((traced) => !traced.taken && isKept(traced.row, row, columns, notKept(traced)));
  }

  /** Rows that a SELECT did not pick, and columns that a copy left out. */
  #leave(
    { target, origin, picks, skips, sources, forgotten }: Copied,
    size: number,
    there: ReadonlySet<Traced>,
  ): void {
    const now = this.#now.get(fold(target.name));
    if (now === undefined) return;
    const columns = this.#follower.carried(target).get(origin) ?? new Map();
    // Whether it was the SELECT that left a row out, or a constraint, shows only where all that it gave is there.
    const isPicked = picks && (!skips || now.rows.length === size);
    for (const traced of this.rows.get(origin) ?? []) {
      for (const column of forgotten) if (!traced.set.has(column)) traced.forgotten.add(column);
      // What was left out of the one is not in what is copied from it.
      const isOut = sources.length > 0 && sources.every((source) => traced.leftOut.has(source));
      if (!(isPicked && there.has(traced)) && !isOut) continue;
      const isThere = now.rows.some((row) => isKept(traced.row, row, columns, notKept(traced)));
      if (!isThere) traced.leftOut.add(target);
    }
  }
}

const notKept = ({ set, forgotten }: Traced): ReadonlySet<string> =>
  new Set([...set, ...forgotten]);

/** What migrations are tried on. */
export interface TraceOptions {
  /** The tables with their rows. */
  readonly before: readonly FilledTable[];
  /** The SQL of all that is there before. */
  readonly schema: readonly string[];
  /** Tables that are not looked at. */
  readonly except: readonly string[];
  /** Changes rows before the migrations run; what it throws means that no such rows can be there. */
  readonly change?: (sql: SqlStorageLike) => void;
}

/**
 * Runs migrations as `migrate` does, and takes all back.
 *
 * @param storage the object's storage
 * @param migrations the migrations to run, in order
 * @param options the object as it is
 * @returns undefined if the change is refused
 */
export async function trace(
  storage: StorageLike,
  migrations: readonly Migration[],
  { before, schema, except, change }: TraceOptions,
): Promise<Trace | undefined> {
  const { sql } = storage;
  const steps = migrations.map((migration) => ({
    migration,
    statements: splitStatements(migration.sql ?? ''),
    up: migration.up,
    skipped: false,
    isBaseline: false,
  }));
  const enforced = foreignKeyMode(steps) !== 'off';
  let tracing = new Tracing(sql, before, schema, except, enforced);
  let tables: FilledTable[] | undefined;
  let isRefused = false;
  const undone: StorageLike = {
    sql,
    transaction: (closure) => storage.transaction(closure),
    transactionSync: (closure) =>
      storage.transactionSync(() => {
        try {
          closure();
          tables = readContents(sql, except);
        } finally {
          writeOut(storage);
        }
        throw TAKEN_BACK;
      }),
  };
  const apply = (look: (statement: string) => void = () => {}): void => {
    const changed = change === undefined ? before : changedBy(change, sql, before);
    isRefused = changed === undefined;
    if (changed === undefined) throw TAKEN_BACK;
    tracing = new Tracing(sql, changed, schema, except, enforced);
    let position = 0;
    for (const [number, step] of steps.entries()) {
      const { migration, statements } = step;
      const fail = (cause: unknown, statement: string, statementIndex: number): never => {
        throw new MigrationError({ migration, statement, statementIndex, appliedBefore: 0, cause });
      };
      if (step.up) {
        const run = (see: (statement: string) => void): void => {
          const both = (statement: string): void => {
            look(statement);
            see(statement);
          };
          runFunction(sql, step, except, both, fail);
        };
        tracing.runFunction(run, position++, number);
      }
      for (const [statementIndex, statement] of statements.entries()) {
        look(statement);
        try {
          tracing.run(statement, position++, number);
        } catch (cause) {
          fail(cause, statement, statementIndex);
        }
      }
    }
  };
  let error: Error | undefined;
  // Foreign keys can be disabled only where no transaction is open.
  await storage.transaction(async () => {});
  try {
    transact(undone, steps, apply);
  } catch (thrown) {
    if (thrown !== TAKEN_BACK) error = thrown as Error;
  }
  await enforcedAgain(undone);
  if (isRefused) return undefined;
  const { rows } = tracing;
  return { tables: error === undefined ? tables : undefined, error, rows, fates: tracing.fates() };
}

function changedBy(
  change: (sql: SqlStorageLike) => void,
  sql: SqlStorageLike,
  before: readonly FilledTable[],
): FilledTable[] | undefined {
  const violations = violationsOf(sql);
  try {
    change(sql);
  } catch {
    return undefined;
  }
  // With foreign keys disabled nothing else tells that no such row can be there.
  if (violationsOf(sql).length > violations.length) return undefined;
  return before.map((table) => withRows(sql, table));
}
