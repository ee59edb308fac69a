import { MigrationError } from '../base/errors.ts';
import { quote, type SqlStorageLike } from '../base/storage.ts';
import type { Migration, MigrationInput } from '../input/migration.ts';
import { readMigrations } from '../input/migrations.ts';
import { DEFAULT_DRIZZLE_TABLE } from '../ledger/drizzle.ts';
import { DEFAULT_TABLE } from '../ledger/ledger.ts';
import { migrate, migrateAsync } from '../migrate.ts';
import type { MigrateOptions } from '../options.ts';
import { fold } from '../reader/names.ts';
import { parse } from '../reader/parser.ts';
import { enforcedAgain } from '../run/enforcement.ts';
import { splitStatements } from '../sql/statements.ts';
import {
  type BaselineDifferences,
  compareExactly,
  type Exact,
  historyOf,
  isDropped,
  readExactly,
} from './baselines.ts';
import { Changes, Names } from './changes.ts';
import {
  type FilledTable,
  literalOf,
  readContents,
  readTables,
  type StoredRow,
} from './contents.ts';
import { demandsOf } from './demands.ts';
import { fill, type Unfilled } from './fill.ts';
import { areEnforced, violationsOf } from './foreign-keys.ts';
import { leave } from './leave.ts';
import {
  type After,
  type Before,
  drizzleOf,
  type LedgerNames,
  ledgersOf,
  lookAfter,
  lookBefore,
  schemaOf,
} from './look.ts';
import { metered } from './meter.ts';
import { checkNames, checkOptions, type RehearseOptions, usualRunner } from './options.ts';
import {
  type Cell,
  CHECKS,
  failureOf,
  matrixOf,
  messageOf,
  nameOf,
  type Rehearsal,
  RehearsalError,
  type RehearsedStart,
  riskText,
} from './report.ts';
import { type Risk, risksOf } from './risks.ts';
import type { Stage } from './stage.ts';
import { type FullStart, type LeftBy, startsOf } from './starts.ts';
import { type Structure, structureOf } from './structure.ts';
import { type Trace, trace } from './trace.ts';
import {
  type Cells,
  failed,
  NOTHING,
  type OwnRows,
  ofBaseline,
  ofForeignKeys,
  ofNewRows,
  ofRows,
  ofSchema,
  ofSecondWake,
  ofThrown,
  ofUpToDate,
  risksOfRebuilds,
  type SecondWake,
} from './verdicts.ts';

const cellsWith = (cells: Partial<Cells>): Cells => ({
  ...(Object.fromEntries(CHECKS.map((check) => [check, NOTHING])) as Cells),
  ...cells,
});

/** An object that stands at a start. */
interface Standing {
  readonly before: Before;
  /** What the migrations do by themselves; first all of them, then those without what Drizzle skipped. */
  readonly traces: readonly Trace[];
  readonly empty: readonly Unfilled[];
  readonly risks: readonly Risk[];
}

/** Whether an object stands there; if not, why. */
type Prepared = Standing | { readonly impossible: string };

/** What is found in one start. */
type Found = Pick<RehearsedStart, 'cells' | 'empty'>;

/** A row of a migration's own INSERT is in the way of one that was made up: the table, in lower case. */
interface Collision {
  readonly table: string;
  readonly risk: Risk;
}

/** From which number on rows are counted where those of a migration are in the way. */
const FAR = 1000;

/** How many tables can be given other rows, one after the other. */
const COLLISIONS = 20;

/** The table into which a statement puts rows of its own, folded. */
function insertedInto(sql: string): string | undefined {
  const statement = parse(sql);
  return statement?.type === 'InsertStmt' ? fold(statement.tblName.objName.text) : undefined;
}

/** Whether the object lacks migrations whose SQL was dropped: `migrate` must refuse it. */
const lacksDropped = ({ applied, pending }: FullStart): boolean =>
  applied.length > 0 && pending.some(isDropped);

/** Rows of AUTOINCREMENT tables were deleted, as in any object: the counter is above what is there. */
function raiseCounters(sql: SqlStorageLike): void {
  const has =
    [...sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'")].length > 0;
  if (has) sql.exec('UPDATE sqlite_sequence SET seq = seq + 1');
}

/** SQLite does not say which rows are in the way of a statement that takes their parents. */
function withReferring(cell: Cell, { before, traces }: Standing): Cell {
  const error = traces[0]?.error;
  const isAbout = cell.status === 'failed' && /FOREIGN KEY constraint failed/.test(cell.found);
  if (!isAbout || !(error instanceof MigrationError)) return cell;
  const target = targetOf(error.statement);
  const referring = before.tables.filter(({ references }) =>
    references.some(({ table }) => fold(table) === target),
  );
  if (target === undefined || referring.length === 0) return cell;
  const names = referring.map(({ name }) => name).join(', ');
  return { ...cell, found: `${cell.found}\n  To ${target} rows of these tables refer: ${names}` };
}

/** The table that a statement takes rows from, or changes, folded. */
function targetOf(sql: string): string | undefined {
  const statement = parse(sql);
  if (
    statement === undefined ||
    !('tblName' in statement) ||
    !/^(Delete|Update|DropTable|Insert)/.test(statement.type)
  )
    return undefined;
  const { tblName } = statement as { tblName?: { objName?: { text: string } } };
  return tblName?.objName === undefined ? undefined : fold(tblName.objName.text);
}

/** The class has put its rows into an object when it was new, as far as there is room for them. */
function putOwn(sql: SqlStorageLike, name: string, rows: readonly StoredRow[]): void {
  const [table] = readTables(sql, [], [name]);
  if (table === undefined) return;
  const key = table.columns.filter((column) => column.key > 0);
  const counts = key.length === 1 && /^integer$/i.test(key[0]?.type ?? '') ? key : [];
  for (const row of rows) {
    const columns = table.columns.filter((one) => !one.generated && one.name in row);
    for (const used of [columns, columns.filter((one) => !counts.includes(one))]) {
      const names = used.map((one) => quote(one.name)).join(', ');
      const values = used.map((one) => literalOf(row[one.name] ?? 'NULL')).join(', ');
      if (
        used.length > 0 &&
        isTaken(sql, `INSERT INTO ${quote(table.name)} (${names}) VALUES (${values})`)
      )
        break;
    }
  }
}

function isTaken(sql: SqlStorageLike, statement: string): boolean {
  try {
    sql.exec(statement);
    return true;
  } catch {
    return false;
  }
}

/** Where the migrations insert rows whose keys others may have. */
function collisionOf({ error, rows }: Trace): Collision | undefined {
  if (!(error instanceof MigrationError)) return undefined;
  const { statement, cause, tag, key } = error;
  const says = messageOf(cause);
  const target = insertedInto(statement);
  if (target === undefined || !/UNIQUE constraint failed/.test(says)) return undefined;
  if ((rows.get(target) ?? []).length === 0) return undefined;
  const found = `${target} has a row already that it inserts: ${says.replace(/: SQLITE_[\s\S]*$/, '')}`;
  return {
    table: target,
    risk: { effect: 'fails', migration: tag ?? key, table: target, found, query: null },
  };
}

/** One rehearsal: all that its steps share. */
class Rehearsing {
  readonly #migrations: readonly Migration[];
  readonly #leftBy: LeftBy;
  readonly #names: LedgerNames;
  readonly #changes: Changes;
  /** What any of the objects had. */
  readonly #seen = new Names();
  /** The schema of a new object: as `migrate` makes it, and once a new object has woken as the class has it. */
  #wanted: Structure | undefined;
  /** The rows of a new object, as `migrate` makes it. */
  #made: readonly FilledTable[] | undefined;
  /** The rows that the class itself puts into the tables of a new object. */
  #own: OwnRows = new Map();
  /** Whether that is what the class makes of a new object. */
  #isSeen = false;
  /** Those of the options `refused` and `failing` for which an object was refused, or failed. */
  readonly #accepted = new Set<string>();
  readonly #risks = new Map<string, Risk>();
  /** Where the baseline makes something else than the history. */
  #differences: BaselineDifferences = { schema: [], rows: [] };
  /** Why no object of the class can be made. */
  #unmade: Cell | undefined;

  constructor(
    private readonly stage: Stage,
    private readonly input: MigrationInput,
    private readonly options: RehearseOptions,
  ) {
    this.#migrations = readMigrations(input).migrations;
    const { table, drizzleTable } = { ...options.migrate, ...options };
    this.#names = {
      table: table ?? DEFAULT_TABLE,
      drizzleTable: drizzleTable ?? DEFAULT_DRIZZLE_TABLE,
    };
    checkOptions(options, this.#migrations);
    this.#changes = new Changes(options.changes ?? []);
    this.#leftBy = options.leftBy ?? usualRunner(this.#migrations);
  }

  /** The tables that nobody looks at. */
  get #except(): string[] {
    return Object.values(this.#names);
  }

  async run(): Promise<Rehearsal> {
    const starts: RehearsedStart[] = [];
    for (const start of this.#starts()) {
      const found =
        this.#unmade === undefined
          ? await this.#rehearse(start)
          : { cells: cellsWith({}), empty: [] };
      starts.push({ start, ...found });
    }
    if (this.#unmade === undefined) checkNames(this.options, this.#seen);
    const risks = [...this.#risks.values()];
    const text = matrixOf(this.#leftBy, starts, risks);
    const rehearsal: Rehearsal = { leftBy: this.#leftBy, starts, risks, text };
    const failure = failureOf(rehearsal);
    if (failure !== undefined) throw failure;
    this.#checkAccepted(rehearsal);
    const { risks: policy = 'warn' } = this.options;
    if (risks.length > 0 && policy === 'error') {
      const message =
        `Nothing is certainly wrong, but ${risks.length} ${risks.length === 1 ? 'thing depends' : 'things depend'} on the rows ` +
        `of your objects.\n\n${text}`;
      throw new RehearsalError('HAS_RISKS', message, [], rehearsal);
    }
    if (risks.length > 0 && policy === 'warn') console.warn(`drizzle-offramp: ${riskText(risks)}`);
    return rehearsal;
  }

  #starts(): FullStart[] {
    const { skips = true, from } = this.options;
    const isFrom = ({ key, tag }: Migration): boolean => key === from || tag === from;
    return startsOf(this.#migrations, this.#leftBy, skips).filter(
      ({ applied }) => from === undefined || applied.length === 0 || applied.some(isFrom),
    );
  }

  /** What was listed and did not happen would hide the next that does. */
  #checkAccepted(rehearsal: Rehearsal): void {
    const unused = (names: readonly string[] = []): string =>
      names.filter((name) => !this.#accepted.has(name)).join(', ');
    const [refused, failing] = [unused(this.options.refused), unused(this.options.failing)];
    if (refused !== '') {
      const message =
        `The option \`refused\` lists ${refused}, but \`migrate\` refused no object for it: take it out, so that the next ` +
        `refusal is seen.\n\n${rehearsal.text}`;
      throw new RehearsalError('NOT_REFUSED', message, [], rehearsal);
    }
    if (failing === '') return;
    const message =
      `The option \`failing\` lists ${failing}, but it failed in no object: take it out, so that the next failure is ` +
      `seen.\n\n${rehearsal.text}`;
    throw new RehearsalError('NOT_FAILING', message, [], rehearsal);
  }

  async #rehearse(start: FullStart): Promise<Found> {
    let prepared: Prepared;
    try {
      prepared = await this.#prepare(start);
    } catch (error) {
      if (error instanceof RehearsalError) throw error;
      // Preparing throws nothing else, so it was the constructor.
      this.#unmade = failed(
        `The class cannot make a new object: ${messageOf(error)}`,
        'Every rehearsal begins with a new object of the class, so fix this first.',
      );
      return { cells: cellsWith({ migrates: this.#unmade }), empty: [] };
    }
    if ('impossible' in prepared) {
      const migrates: Cell = { status: 'impossible', found: prepared.impossible };
      return { cells: cellsWith({ migrates }), empty: [] };
    }
    this.#seen.see(prepared.before.tables, prepared.before.hanging.entries);
    for (const risk of prepared.risks) this.#note(risk);
    return { cells: await this.#wakeAndLook(start, prepared), empty: prepared.empty };
  }

  /** Keeps a risk, once, unless it is listed as known. */
  #note(risk: Risk): void {
    const migration = this.#migrations.find((one) => nameOf(one) === risk.migration);
    const known = this.options.failing?.find(
      (name) => name === migration?.key || name === migration?.tag,
    );
    if (risk.effect === 'fails' && known !== undefined) this.#accepted.add(known);
    else if (!this.#changes.has(risk.table)) this.#risks.set(`${risk.effect} ${risk.found}`, risk);
  }

  /** Makes the object into one that stands at this start, whatever it was before. */
  async #prepare(start: FullStart): Promise<Prepared> {
    const outcome = await this.stage.enter(async (ctx) => {
      try {
        await this.#empty(ctx);
        if (start.applied.length === 0) {
          const made = await this.#madeByMigrate(ctx, this.input);
          this.#wanted = made?.structure;
          this.#made = made?.exact.tables;
          await this.#empty(ctx);
          if (made !== undefined) await this.#compareWithHistory(ctx, made.exact);
        }
        if (lacksDropped(start)) return this.#standWithout(ctx, start);
        return await this.#stand(ctx, start);
      } catch (error) {
        return { error };
      }
    });
    // Thrown inside the object, it would come out as an error of another class.
    if (!('error' in outcome)) return outcome;
    const { error } = outcome;
    if (error instanceof RehearsalError) throw error;
    const message = `No object could be made that stands at ${start.name.trim()}: ${messageOf(error)}`;
    throw Object.assign(new RehearsalError('CANNOT_PREPARE', message), { cause: error });
  }

  /** Makes an empty object into one that has no more than the ledger of this start. */
  #standWithout(ctx: DurableObjectState, start: FullStart): Prepared {
    try {
      leave(ctx, start.applied, this.#leftBy, this.#names);
    } catch (error) {
      return { impossible: messageOf(error) };
    }
    const before = lookBefore(ctx, this.input, this.#names);
    return { before, traces: [], empty: [], risks: [] };
  }

  /** Makes an empty object into one that stands at this start, with rows. */
  async #stand(ctx: DurableObjectState, start: FullStart): Promise<Prepared> {
    const offsets = new Map<string, number>();
    const unfilled = new Set<string>();
    const risks: Risk[] = [];
    for (let round = 0; ; round++) {
      if (round > 0) await this.#empty(ctx);
      try {
        leave(ctx, start.applied, this.#leftBy, this.#names);
      } catch (error) {
        return { impossible: messageOf(error) };
      }
      await enforcedAgain(ctx.storage);
      const empty = start.applied.length > 0 ? await this.#fill(ctx, start, offsets, unfilled) : [];
      const before = lookBefore(ctx, this.input, this.#names);
      const isNew = start.applied.length === 0;
      const first = isNew ? undefined : await this.#trace(ctx, before, start.pending);
      const collision = first && collisionOf(first);
      if (collision !== undefined && round < COLLISIONS && !unfilled.has(collision.table)) {
        if (!offsets.has(collision.table)) risks.push(collision.risk);
        else unfilled.add(collision.table);
        offsets.set(collision.table, FAR);
        continue;
      }
      const traces = first === undefined ? [] : [first];
      if (start.skipped.length > 0) {
        const others = start.pending.filter((one) => !start.skipped.includes(one));
        const second = await this.#trace(ctx, before, others);
        if (second !== undefined) traces.push(second);
      }
      risks.push(...(await this.#risksAt(ctx, before, start, first)));
      return { before, traces, empty, risks };
    }
  }

  async #risksAt(
    ctx: DurableObjectState,
    before: Before,
    start: FullStart,
    first: Trace | undefined,
  ): Promise<Risk[]> {
    const [next] = start.pending;
    const isPlain = start.skipped.length === 0 && start.applied.length > 0;
    if (next === undefined || !isPlain || first?.error !== undefined) return [];
    const { tables, schema } = before;
    return risksOf(ctx.storage, next, { before: tables, schema, except: this.#except });
  }

  #trace(
    ctx: DurableObjectState,
    { tables, schema }: Before,
    migrations: readonly Migration[],
  ): Promise<Trace | undefined> {
    return trace(ctx.storage, migrations, { before: tables, schema, except: this.#except });
  }

  async #empty({ storage }: DurableObjectState): Promise<void> {
    await storage.deleteAlarm();
    await storage.deleteAll();
    await storage.sync();
    // The class may have left them off, and an object that wakes has them on.
    storage.sql.exec('PRAGMA foreign_keys = ON');
  }

  /** A new object by `migrate` alone; none if the migrations cannot make one, which the first start then shows. */
  async #madeByMigrate(
    ctx: DurableObjectState,
    input: MigrationInput,
  ): Promise<{ structure: Structure; exact: Exact } | undefined> {
    const { sql } = ctx.storage;
    try {
      migrate(ctx, input, this.#names);
      return {
        structure: structureOf(sql, this.#except),
        exact: readExactly(ctx, this.#except),
      };
    } catch {
      return undefined;
    } finally {
      await enforcedAgain(ctx.storage);
    }
  }

  /** Runs the history that a baseline stands for, while its SQL is there, and compares. */
  async #compareWithHistory(ctx: DurableObjectState, made: Exact): Promise<void> {
    const history = historyOf(this.#migrations);
    if (history === undefined) return;
    const byHistory = await this.#madeByMigrate(ctx, history);
    await this.#empty(ctx);
    if (byHistory !== undefined) this.#differences = compareExactly(byHistory.exact, made);
  }

  async #fill(
    ctx: DurableObjectState,
    start: FullStart,
    offsets: ReadonlyMap<string, number>,
    unfilled: ReadonlySet<string>,
  ): Promise<Unfilled[]> {
    const at = start.name.trim();
    try {
      await this.options.seed?.(ctx, start);
    } catch (error) {
      const message = `\`seed\` threw at ${at}: ${messageOf(error)}`;
      throw Object.assign(new RehearsalError('SEED_FAILED', message), { cause: error });
    }
    const { sql } = ctx.storage;
    const pending = start.pending.map((migration) => splitStatements(migration.sql ?? ''));
    const options = {
      except: [...this.#except, ...(this.options.empty ?? []), ...unfilled].map(fold),
      count: this.options.rows,
      demands: demandsOf(schemaOf(sql), pending),
      offsets,
    };
    return ctx.storage.transactionSync(() => {
      const found = fill(sql, options);
      for (const [table, rows] of this.#own) putOwn(sql, table, rows);
      raiseCounters(sql);
      return found;
    });
  }

  async #wakeAndLook(start: FullStart, standing: Standing): Promise<Cells> {
    const { before } = standing;
    let woken: { enforced: boolean; given: MigrateOptions | undefined };
    try {
      woken = await this.#wake();
    } catch (error) {
      this.stage.replace();
      const { cell, accepted } = ofThrown(
        error,
        before,
        this.#migrations,
        this.options,
        start.pending,
      );
      for (const name of accepted) this.#accepted.add(name);
      return cellsWith({ migrates: withReferring(cell, standing) });
    }
    const { enforced, given } = woken;
    const seen = await this.stage.enter((ctx) => lookAfter(ctx, this.input, this.#names, given));
    const after = { ...seen, enforced: enforced && seen.enforced };
    this.#seen.see(after.tables, after.hanging.entries);
    const thrown = after.inspection.upToDate ? undefined : await this.#thrown(after);
    // There is no more than a ledger in it.
    if (lacksDropped(start)) return cellsWith({ migrates: ofUpToDate(after, thrown) });
    const cells = cellsWith({
      migrates: ofUpToDate(after, thrown),
      ...this.#compare(start, standing, after),
      'foreign keys': ofForeignKeys(before, after),
    });
    if (start.applied.length === 0 && cells.schema.status === 'ok') {
      this.#wanted = after.structure;
      this.#isSeen = true;
    }
    if (cells.migrates.status === 'ok') cells['second wake'] = await this.#wakeAgain(after);
    return cells;
  }

  /** What the object has, against what it should have. */
  #compare(
    start: FullStart,
    { before, traces }: Standing,
    after: After,
  ): Pick<Cells, 'schema' | 'rows' | 'rebuilds'> {
    const isNew = start.applied.length === 0;
    // What the class makes beside the migrations a new object shows, if it came so far.
    const isFirst = isNew || !this.#isSeen;
    const hasIgnored = after.ledgers.includes('"origin":"ignored"');
    const known = hasIgnored ? traces.slice(1) : traces.slice(0, 1);
    const [trace] = after.inspection.upToDate ? known : [];
    const schema = ofSchema(
      start,
      isNew ? undefined : before,
      after,
      this.#wanted,
      isFirst,
      trace,
      this.#changes,
    );
    if (isNew) {
      const { cell, own } = ofNewRows(this.#made ?? [], after, this.#changes);
      this.#own = own;
      const differences = this.#differences;
      return {
        schema: ofBaseline(differences.schema, this.#migrations) ?? schema,
        rows: ofBaseline(differences.rows, this.#migrations) ?? cell,
        rebuilds: NOTHING,
      };
    }
    if (trace !== undefined) {
      for (const risk of risksOfRebuilds(start, before, after, trace, this.#changes)) {
        this.#note(risk);
      }
    }
    const expected = { traces: known, own: this.#own };
    return { schema, ...ofRows(start, before, after, expected, this.#changes) };
  }

  /**
   * A new instance: its constructor migrates, or the rehearsal does. Resolves with whether foreign keys were enforced in the
   * very first event, and with the options of the rehearsal's own call.
   */
  async #wake(): Promise<{ enforced: boolean; given: MigrateOptions | undefined }> {
    const { migrate: options } = this.options;
    await this.stage.evict();
    return this.stage.enter(async (ctx) => {
      const enforced = areEnforced(ctx.storage.sql);
      if (options === undefined) return { enforced, given: undefined };
      // Where the class has migrated already, its own call said what becomes of Drizzle's ledger.
      const drizzle = drizzleOf(ctx.storage.sql, this.#names.table);
      const given = { ...(drizzle === undefined ? {} : { drizzle }), ...options };
      await migrateAsync(ctx, this.input, { ...given, ...this.#names });
      return { enforced, given };
    });
  }

  /** What `migrate` throws in an object that the class did not bring up to date: the class may have caught it. */
  #thrown({ options }: After): Promise<string | undefined> {
    return this.stage.enter(async (ctx) => {
      try {
        await migrateAsync(ctx, this.input, options);
        return undefined;
      } catch (error) {
        return messageOf(error);
      }
    });
  }

  async #wakeAgain(first: After): Promise<Cell> {
    await this.stage.evict();
    let second: SecondWake;
    try {
      second = await this.stage.enter((ctx) => {
        const { sql } = ctx.storage;
        const enforced = areEnforced(sql);
        const tables = readContents(sql, this.#except);
        const structure = structureOf(sql, this.#except);
        const violations = violationsOf(sql);
        const ledgers = ledgersOf(sql, this.#names);
        const { target, cost } = metered(ctx);
        migrate(target, this.input, first.options);
        return { enforced, tables, structure, violations, ledgers, cost: cost() };
      });
    } catch (error) {
      this.stage.replace();
      return failed(
        messageOf(error),
        'The first wake went well: see what the class does in the second.',
      );
    }
    const isOwn = (table: string): boolean =>
      this.#made?.every(({ name }) => fold(name) !== fold(table)) ?? false;
    return ofSecondWake(first, second, this.#migrations.length, this.#changes, isOwn);
  }
}

/**
 * Rehearses every start in one object.
 *
 * @param stage the object; all that it holds is deleted
 * @param input the migrations that the class is given
 * @param options what to rehearse with
 * @throws {RehearsalError} if an object fails
 */
export const rehearseOn = async (
  stage: Stage,
  input: MigrationInput,
  options: RehearseOptions = {},
): Promise<Rehearsal> => {
  // Whoever called has the promise before it can reject: a runner may count one that nobody has yet as unhandled.
  await undefined;
  return await new Rehearsing(stage, input, options).run();
};
