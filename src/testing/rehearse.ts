import { DEFAULT_DRIZZLE_TABLE } from '../drizzle/ledger.ts';
import type { OfframpError } from '../errors.ts';
import { type Inspection, inspect } from '../inspect.ts';
import { DEFAULT_TABLE, quote } from '../ledger.ts';
import { migrate } from '../migrate.ts';
import { type Migration, type MigrationInput, readMigrations } from '../migrations.ts';
import type { MigrateOptions } from '../options.ts';
import { splitStatements } from '../sql.ts';
import type { SqlStorageLike } from '../target.ts';
import { type FilledTable, readContents } from './contents.ts';
import { compareRows, type DamagedRow } from './damage.ts';
import { type Fate, fatesOf } from './fate.ts';
import { fill } from './fill.ts';
import { leave } from './leave.ts';
import { type Cost, metered } from './meter.ts';
import type { RehearseOptions } from './options.ts';
import {
  type Cell,
  CHECKS,
  type Check,
  damageText,
  failureOf,
  listed,
  matrixOf,
  nameOf,
  type Rehearsal,
  RehearsalError,
  type RehearsedStart,
} from './report.ts';
import type { Stage } from './stage.ts';
import { type FullStart, type LeftBy, startsOf } from './starts.ts';
import { differences, type Structure, structureOf } from './structure.ts';

const OK: Cell = { status: 'ok' };
const NOTHING: Cell = { status: 'nothing' };

const failed = (found: string, wayOut: string, rows: readonly DamagedRow[] = []): Cell => ({
  status: 'failed',
  found,
  wayOut,
  rows,
});

type Cells = Record<Check, Cell>;

const cellsWith = (cells: Partial<Cells>): Cells => ({
  ...(Object.fromEntries(CHECKS.map((check) => [check, NOTHING])) as Cells),
  ...cells,
});

/** A violation of a foreign key, as text. */
const violationsOf = (sql: SqlStorageLike): string[] =>
  Array.from(
    sql.exec('PRAGMA foreign_key_check'),
    ({ table, rowid, parent }) => `${table} row ${rowid} has no ${parent}`,
  );

/** An object before the new code wakes it. */
interface Before {
  readonly tables: readonly FilledTable[];
  readonly triggers: readonly string[];
  readonly violations: readonly string[];
  /** What `migrate` may refuse it for. */
  readonly refusals: readonly OfframpError[];
}

/** An object after the new code has woken it, in a later event. */
interface After {
  readonly tables: readonly FilledTable[];
  readonly structure: Structure;
  readonly violations: readonly string[];
  readonly enforced: boolean;
  readonly ledgers: string;
  readonly inspection: Inspection;
  /** The options under which the object is level. */
  readonly options: MigrateOptions;
}

/** Whether an object stands there; if not, why. */
type Prepared = { readonly before: Before } | { readonly impossible: string };

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/** One rehearsal: everything that its parts share. */
class Rehearsing {
  readonly #migrations: readonly Migration[];
  readonly #leftBy: LeftBy;
  readonly #tables: { readonly table: string; readonly drizzleTable: string };
  /** The schema of a new object: as `migrate` makes it, and once a new object has woken as the class has it. */
  #wanted: Structure | undefined;
  readonly #refused = new Set<string>();

  constructor(
    private readonly stage: Stage,
    private readonly input: MigrationInput,
    private readonly options: RehearseOptions,
  ) {
    this.#migrations = readMigrations(input).migrations;
    const { table, drizzleTable } = { ...options.migrate, ...options };
    this.#tables = {
      table: table ?? DEFAULT_TABLE,
      drizzleTable: drizzleTable ?? DEFAULT_DRIZZLE_TABLE,
    };
    this.#leftBy = options.leftBy ?? this.#usualRunner();
    this.#check();
  }

  #usualRunner(): LeftBy {
    if (this.#migrations.some(({ tag }) => tag === null)) return 'drizzle-offramp';
    return this.#migrations.every(({ when }) => when !== null) ? '0.x' : '1.x';
  }

  #check(): void {
    const known = this.#migrations.flatMap(({ key, tag }) => [key, tag]);
    const stranger = this.options.refused?.find((name) => !known.includes(name));
    if (stranger !== undefined) {
      throw new RehearsalError(
        'INVALID_OPTION',
        `The option \`refused\` names "${stranger}", which is no migration: give its tag, as the matrix has it, or its key.`,
      );
    }
    if (this.#leftBy !== 'drizzle-offramp' && this.#usualRunner() === 'drizzle-offramp') {
      throw new RehearsalError(
        'INVALID_OPTION',
        "These migrations have no tags, so nobody knows what Drizzle's ledger says of them. Leave the option `leftBy` " +
          "out, or pass drizzle-kit's migrations.js or a converted module.",
      );
    }
  }

  get #except(): string[] {
    return Object.values(this.#tables);
  }

  async run(): Promise<Rehearsal> {
    const starts = startsOf(this.#migrations, this.#leftBy, this.options.skips ?? true);
    const rehearsed: RehearsedStart[] = [];
    let unmade: Cell | undefined;
    for (const start of starts) {
      const cells =
        unmade === undefined ? await this.#rehearse(start) : cellsWith({ migrates: NOTHING });
      if ('unmade' in cells) {
        unmade = cells.unmade;
        rehearsed.push({ start, cells: cellsWith({ migrates: unmade }) });
      } else rehearsed.push({ start, cells });
    }
    const text = matrixOf(this.#leftBy, rehearsed);
    const rehearsal: Rehearsal = { leftBy: this.#leftBy, starts: rehearsed, text };
    const failure = failureOf(rehearsal);
    if (failure !== undefined) throw failure;
    const accepted = this.options.refused?.filter((name) => !this.#refused.has(name)) ?? [];
    if (accepted.length > 0) {
      throw new RehearsalError(
        'NOT_REFUSED',
        `The option \`refused\` lists ${accepted.join(', ')}, but \`migrate\` refused no object for it: take it out, so ` +
          `that the next refusal is seen.\n\n${text}`,
        [],
        rehearsal,
      );
    }
    return rehearsal;
  }

  async #rehearse(start: FullStart): Promise<Cells | { unmade: Cell }> {
    let prepared: Prepared;
    try {
      prepared = await this.#prepare(start);
    } catch (error) {
      if (error instanceof RehearsalError) throw error;
      // The function that prepares throws nothing else, so it was the constructor.
      this.stage.replace();
      return {
        unmade: failed(
          `The class cannot make a new object: ${messageOf(error)}`,
          'Every rehearsal begins with a new object of the class, so mend this first.',
        ),
      };
    }
    if ('impossible' in prepared) {
      return cellsWith({ migrates: { status: 'impossible', found: prepared.impossible } });
    }
    return this.#wakeAndLook(start, prepared.before);
  }

  /** Makes the object into one that stands at this start, whatever it was before. */
  async #prepare(start: FullStart): Promise<Prepared> {
    const outcome = await this.stage.enter(async (ctx) => {
      try {
        await this.#empty(ctx);
        if (this.#wanted === undefined) {
          this.#wanted = await this.#madeByMigrate(ctx);
          await this.#empty(ctx);
        }
        try {
          leave(ctx, start.applied, this.#leftBy, this.#tables);
        } catch (error) {
          return { impossible: messageOf(error) };
        }
        await ctx.storage.sync();
        if (start.applied.length > 0) await this.#fill(ctx, start);
        return { before: this.#look(ctx) };
      } catch (error) {
        return { error };
      }
    });
    // The runtime would hand it on as an error of another class.
    if ('error' in outcome) throw outcome.error;
    return outcome;
  }

  async #empty({ storage }: DurableObjectState): Promise<void> {
    await storage.deleteAlarm();
    await storage.deleteAll();
    await storage.sync();
    // The class may have left them off, and an object that wakes has them on.
    storage.sql.exec('PRAGMA foreign_keys = ON');
  }

  /** The schema of a new object; none if the migrations cannot make one, which the first start then shows. */
  async #madeByMigrate(ctx: DurableObjectState): Promise<Structure | undefined> {
    try {
      migrate(ctx, this.input, this.#tables);
      return structureOf(ctx.storage.sql, this.#except);
    } catch {
      return undefined;
    } finally {
      await ctx.blockConcurrencyWhile(() => ctx.storage.sync());
    }
  }

  async #fill(ctx: DurableObjectState, start: FullStart): Promise<void> {
    const at = start.name.trim();
    try {
      await this.options.seed?.(ctx, start);
    } catch (error) {
      throw Object.assign(
        new RehearsalError('SEED_FAILED', `\`seed\` threw at ${at}: ${messageOf(error)}`),
        { cause: error },
      );
    }
    const except = [...this.#except, ...(this.options.empty ?? [])];
    ctx.storage.transactionSync(() => {
      const unfilled = fill(
        ctx.storage.sql,
        except.map((table) => table.toLowerCase()),
        this.options.rows,
      );
      if (unfilled.length === 0) return;
      const tables = unfilled.map(({ table, reason }) => `\n  ${table}: ${reason}`).join('');
      throw new RehearsalError(
        'CANNOT_FILL',
        `At ${at} no row could be made for:${tables}\nPut rows into them with the option \`seed\`, or list them under ` +
          '`empty` if they have none in your objects either.',
      );
    });
  }

  #look(ctx: DurableObjectState): Before {
    const { sql } = ctx.storage;
    const refusals = [{}, { skipped: 'error' } as const].flatMap(
      (options) => inspect(ctx, this.input, { ...this.#tables, ...options }).refusal ?? [],
    );
    return {
      tables: readContents(sql, this.#except),
      triggers: Array.from(
        sql.exec("SELECT sql FROM sqlite_master WHERE type = 'trigger'"),
        (row) => String(row.sql),
      ),
      violations: violationsOf(sql),
      refusals,
    };
  }

  async #wakeAndLook(start: FullStart, before: Before): Promise<Cells> {
    try {
      await this.#wake();
    } catch (error) {
      this.stage.replace();
      return cellsWith({ migrates: this.#refusal(before, error) });
    }
    const after = await this.stage.enter((ctx) => this.#lookAgain(ctx));
    const cells = cellsWith({
      migrates: this.#level(after),
      schema: this.#schema(start, after),
      ...this.#rows(start, before, after),
      'foreign keys': this.#foreignKeys(before, after),
    });
    if (cells.migrates.status === 'ok') cells['second wake'] = await this.#wakeAgain(after);
    return cells;
  }

  /** A new instance: its constructor migrates, or the rehearsal does. */
  async #wake(): Promise<void> {
    const { migrate: options } = this.options;
    await this.stage.evict();
    await this.stage.enter(async (ctx) => {
      if (options === undefined) return;
      await ctx.storage.sync();
      migrate(ctx, this.input, { ...options, ...this.#tables });
    });
  }

  #ledgers(sql: SqlStorageLike): string {
    const names = new Set(
      Array.from(
        sql.exec("SELECT name FROM sqlite_master WHERE type = 'table'"),
        ({ name }) => name,
      ),
    );
    return JSON.stringify(
      this.#except
        .filter((name) => names.has(name))
        .map((name) => [name, ...sql.exec(`SELECT rowid, * FROM ${quote(name)} ORDER BY rowid`)]),
    );
  }

  #lookAgain(ctx: DurableObjectState): After {
    const { sql } = ctx.storage;
    // Whether the class mirrors or retires only its own call knows; the ledger tells which it was.
    const candidates: MigrateOptions[] =
      this.options.migrate === undefined
        ? [{ drizzle: 'retire' }, { drizzle: 'mirror' }]
        : [this.options.migrate];
    const inspected = candidates.map((candidate) => {
      const { onEvent: _, ...options } = { ...candidate, ...this.#tables };
      return { options, inspection: inspect(ctx, this.input, options) };
    });
    const found = inspected.find(({ inspection }) => inspection.upToDate) ?? inspected[0];
    return {
      tables: readContents(sql, this.#except),
      structure: structureOf(sql, this.#except),
      violations: violationsOf(sql),
      enforced: [...sql.exec('PRAGMA foreign_keys')][0]?.foreign_keys === 1,
      ledgers: this.#ledgers(sql),
      ...(found as { options: MigrateOptions; inspection: Inspection }),
    };
  }

  /** The wake has thrown: as it may, or not. */
  #refusal({ refusals }: Before, error: unknown): Cell {
    const message = messageOf(error);
    const refusal = refusals.find((one) => message.includes(one.message));
    const keys = refusal !== undefined && 'keys' in refusal ? (refusal.keys as string[]) : [];
    const refused = this.#migrations.filter(({ key }) => keys.includes(key));
    if (refusal?.code !== 'SKIPPED_MIGRATION') {
      return failed(
        message,
        'Mend what it names. If only the rows are to blame that were made up here, give rows like yours with `seed`.',
      );
    }
    const accepted = refused.map(({ key, tag }) =>
      this.options.refused?.find((name) => name === key || name === tag),
    );
    for (const name of accepted) if (name !== undefined) this.#refused.add(name);
    if (!accepted.includes(undefined)) return { status: 'refused', found: message };
    const names = refused.map((migration) => `'${nameOf(migration)}'`).join(', ');
    return failed(
      message,
      `Do what the message says; or, if such objects shall be refused, pass refused: [${names}] to the rehearsal, or ` +
        'skips: false if there are none.',
    );
  }

  #level({ inspection }: After): Cell {
    if (inspection.upToDate) return OK;
    const { refusal, actions } = inspection;
    const counts = new Map<string, number>();
    for (const { action } of actions) counts.set(action, (counts.get(action) ?? 0) + 1);
    const open = [...counts].map(([action, count]) =>
      /^(adopt|apply|heal)$/.test(action) ? `${action} ${count}` : action,
    );
    const says =
      open.join() === 'level'
        ? 'The class is level with other migrations than these, or by other options.'
        : `The class woke, and drizzle-offramp has not brought it level: it would still ${open.join(', ')}.`;
    return failed(
      refusal === undefined
        ? says
        : `The class woke, and drizzle-offramp would refuse it: ${refusal.message}`,
      "Call drizzle-offramp's migrate(ctx, migrations) in the class's constructor, with the migrations that this test " +
        'has; or, where the class calls it elsewhere, pass `migrate: {}` to the rehearsal.',
    );
  }

  #schema({ applied }: FullStart, { structure }: After): Cell {
    if (this.#wanted === undefined) return NOTHING;
    const isNew = applied.length === 0;
    // A class may make tables of its own beside the migrations; every object of it must then have them.
    const extra = isNew ? undefined : 'is not in a new object';
    const lines = differences(structure, this.#wanted, extra);
    if (isNew && lines.length === 0) this.#wanted = structure;
    if (lines.length === 0) return OK;
    return failed(
      lines.join('\n'),
      'All objects of a class must have one schema. Level this one with a new migration, or mend the one that leaves it ' +
        'behind if no object has it yet.',
    );
  }

  /** Both checks about rows: of tables that are rebuilt and those that refer to them, and of all others. */
  #rows(start: FullStart, before: Before, after: After): Pick<Cells, 'rows' | 'rebuilds'> {
    const statements = start.pending.flatMap(({ sql }) => splitStatements(sql));
    const fates = fatesOf(before.tables, before.triggers, statements);
    this.#allow(fates);
    const isReplaced = (name: string): boolean => {
      const fate = fates.get(name);
      return fate !== undefined && (fate.rebuilt || fate.name === undefined);
    };
    const rebuilds = before.tables.filter(
      ({ name, references }) =>
        isReplaced(name) || references.some(({ table }) => isReplaced(table)),
    );
    const rest = before.tables.filter((table) => !rebuilds.includes(table));
    return {
      rows: this.#compare(
        rest,
        after,
        fates,
        'No pending migration says that these rows change. Look for a cascade, a trigger, or what the class itself does ' +
          'when it wakes; list what changes on purpose under `changes`.',
      ),
      rebuilds: this.#compare(
        rebuilds,
        after,
        fates,
        'A rebuild that runs while foreign keys are enforced takes away what refers to the table: have ' +
          "drizzle-offramp's migrate(ctx, migrations) run it, first in the constructor. If its INSERT … SELECT leaves out " +
          'a column or a row, mend that; list what changes on purpose under `changes`.',
      ),
    };
  }

  #allow(fates: Map<string, Fate>): void {
    for (const change of this.options.changes ?? []) {
      const [table = '', column] = change.toLowerCase().split('.');
      for (const [name, fate] of fates) {
        if (name.toLowerCase() !== table && fate.name !== table) continue;
        if (column === undefined) Object.assign(fate, { changed: 'all', losesRows: true });
        else if (fate.changed !== 'all') fate.changed.add(column);
      }
    }
  }

  #compare(
    tables: readonly FilledTable[],
    after: After,
    fates: ReadonlyMap<string, Fate>,
    wayOut: string,
  ): Cell {
    const damaged: DamagedRow[] = [];
    const texts: string[] = [];
    let rows = 0;
    for (const table of tables) {
      const fate = fates.get(table.name);
      if (fate?.name === undefined) continue;
      const now = after.tables.find(({ name }) => name.toLowerCase() === fate.name);
      const compared = compareRows(table, now ?? { ...table, rows: [] }, fate);
      rows += compared.rows;
      if (compared.damaged.length === 0) continue;
      damaged.push(...compared.damaged);
      texts.push(damageText(table.name, compared.rows, compared.damaged));
    }
    if (damaged.length > 0) return failed(texts.join('\n'), wayOut, damaged);
    return rows === 0 ? NOTHING : { status: 'ok', rows };
  }

  #foreignKeys(before: Before, { violations, enforced }: After): Cell {
    const old = [...before.violations];
    const fresh = violations.filter((violation) => {
      const known = old.indexOf(violation);
      if (known >= 0) old.splice(known, 1);
      return known < 0;
    });
    const found = [
      ...(enforced ? [] : ['They are not enforced in the event after the wake.']),
      ...(fresh.length > 0
        ? [`${fresh.length} rows lack what they refer to: ${listed(fresh)}`]
        : []),
    ];
    if (found.length === 0) return OK;
    return failed(
      found.join('\n'),
      "Take any PRAGMA foreign_keys of the class's own out: in a Durable Object it stays off. Let drizzle-offramp's " +
        'migrate(ctx, migrations) switch it.',
    );
  }

  /** The wake with nothing to do. */
  async #wakeAgain({ structure, ledgers, options }: After): Promise<Cell> {
    await this.stage.evict();
    let seen: { cost: Cost; changes: string[]; ledgers: string };
    try {
      seen = await this.stage.enter((ctx) => {
        const { sql } = ctx.storage;
        const { target, cost } = metered(ctx);
        const now = { ledgers: this.#ledgers(sql), structure: structureOf(sql, this.#except) };
        migrate(target, this.input, options);
        return {
          cost: cost(),
          ledgers: now.ledgers,
          changes: differences(now.structure, structure, 'is new'),
        };
      });
    } catch (error) {
      this.stage.replace();
      return failed(
        messageOf(error),
        'The first wake went well: see what the class does in the second.',
      );
    }
    const { cost, changes } = seen;
    const found = [
      ...(seen.ledgers === ledgers ? [] : ['The second wake changed a ledger.']),
      ...changes.map((change) => `After the second wake ${change}.`),
      ...(cost.read <= 1 && cost.written === 0
        ? []
        : [
            `migrate read ${cost.read} rows and wrote ${cost.written}; it needs to read 1 and write none.`,
          ]),
    ];
    if (found.length === 0) return OK;
    return failed(
      found.join('\n'),
      'Call `migrate` once in the constructor, always with the same migrations and options.',
    );
  }
}

/**
 * Rehearses every start in one object.
 *
 * @param stage the object; all that it holds is deleted
 * @param input the migrations that the class is given
 * @param options what to rehearse with
 * @throws {RehearsalError} if an object would not come through
 */
export const rehearseOn = async (
  stage: Stage,
  input: MigrationInput,
  options: RehearseOptions = {},
): Promise<Rehearsal> => new Rehearsing(stage, input, options).run();
