import type { Migration, MigrationInput } from '../input/migration.ts';
import { readMigrations } from '../input/migrations.ts';
import { DEFAULT_DRIZZLE_TABLE } from '../ledger/drizzle.ts';
import { DEFAULT_TABLE } from '../ledger/ledger.ts';
import { migrate, migrateAsync } from '../migrate.ts';
import type { MigrateOptions } from '../options.ts';
import { enforcedAgain } from '../run/enforcement.ts';
import { fill } from './fill.ts';
import { leave } from './leave.ts';
import {
  type After,
  areEnforced,
  type Before,
  drizzleOf,
  type LedgerNames,
  ledgersOf,
  lookAfter,
  lookBefore,
} from './look.ts';
import { metered } from './meter.ts';
import { checkOptions, type RehearseOptions, usualRunner } from './options.ts';
import {
  type Cell,
  CHECKS,
  failureOf,
  matrixOf,
  messageOf,
  type Rehearsal,
  RehearsalError,
  type RehearsedStart,
} from './report.ts';
import type { Stage } from './stage.ts';
import { type FullStart, type LeftBy, startsOf } from './starts.ts';
import { type Structure, structureOf } from './structure.ts';
import {
  type Cells,
  failed,
  NOTHING,
  ofForeignKeys,
  ofLevel,
  ofRows,
  ofSchema,
  ofSecondWake,
  ofThrown,
  type SecondWake,
} from './verdicts.ts';

const cellsWith = (cells: Partial<Cells>): Cells => ({
  ...(Object.fromEntries(CHECKS.map((check) => [check, NOTHING])) as Cells),
  ...cells,
});

/** Whether an object stands there; if not, why. */
type Prepared = { readonly before: Before } | { readonly impossible: string };

/** One rehearsal: all that its steps share. */
class Rehearsing {
  readonly #migrations: readonly Migration[];
  readonly #leftBy: LeftBy;
  readonly #names: LedgerNames;
  /** The schema of a new object: as `migrate` makes it, and once a new object has woken as the class has it. */
  #wanted: Structure | undefined;
  /** Whether that is what the class makes of a new object. */
  #isSeen = false;
  /** Those of the options `refused` and `failing` for which an object was refused, or failed. */
  readonly #accepted = new Set<string>();
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
    this.#leftBy = options.leftBy ?? usualRunner(this.#migrations);
  }

  async run(): Promise<Rehearsal> {
    const starts: RehearsedStart[] = [];
    for (const start of startsOf(this.#migrations, this.#leftBy, this.options.skips ?? true)) {
      const cells = this.#unmade === undefined ? await this.#rehearse(start) : cellsWith({});
      starts.push({ start, cells });
    }
    const text = matrixOf(this.#leftBy, starts);
    const rehearsal: Rehearsal = { leftBy: this.#leftBy, starts, text };
    const failure = failureOf(rehearsal);
    if (failure !== undefined) throw failure;
    const unused = (names: readonly string[] = []): string =>
      names.filter((name) => !this.#accepted.has(name)).join(', ');
    const [refused, failing] = [unused(this.options.refused), unused(this.options.failing)];
    if (refused !== '') {
      const message =
        `The option \`refused\` lists ${refused}, but \`migrate\` refused no object for it: take it out, so that the next ` +
        `refusal is seen.\n\n${text}`;
      throw new RehearsalError('NOT_REFUSED', message, [], rehearsal);
    }
    if (failing === '') return rehearsal;
    const message =
      `The option \`failing\` lists ${failing}, but it failed in no object: take it out, so that the next failure is ` +
      `seen.\n\n${text}`;
    throw new RehearsalError('NOT_FAILING', message, [], rehearsal);
  }

  async #rehearse(start: FullStart): Promise<Cells> {
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
      return cellsWith({ migrates: this.#unmade });
    }
    if ('before' in prepared) return this.#wakeAndLook(start, prepared.before);
    return cellsWith({ migrates: { status: 'impossible', found: prepared.impossible } });
  }

  /** Makes the object into one that stands at this start, whatever it was before. */
  async #prepare(start: FullStart): Promise<Prepared> {
    const outcome = await this.stage.enter(async (ctx) => {
      try {
        await this.#empty(ctx);
        if (start.applied.length === 0) {
          this.#wanted = await this.#madeByMigrate(ctx);
          await this.#empty(ctx);
        }
        try {
          leave(ctx, start.applied, this.#leftBy, this.#names);
        } catch (error) {
          return { impossible: messageOf(error) };
        }
        await enforcedAgain(ctx.storage);
        if (start.applied.length > 0) await this.#fill(ctx, start);
        return { before: lookBefore(ctx, this.input, this.#names) };
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
      migrate(ctx, this.input, this.#names);
      return structureOf(ctx.storage.sql, Object.values(this.#names));
    } catch {
      return undefined;
    } finally {
      await enforcedAgain(ctx.storage);
    }
  }

  async #fill(ctx: DurableObjectState, start: FullStart): Promise<void> {
    const at = start.name.trim();
    try {
      await this.options.seed?.(ctx, start);
    } catch (error) {
      const message = `\`seed\` threw at ${at}: ${messageOf(error)}`;
      throw Object.assign(new RehearsalError('SEED_FAILED', message), { cause: error });
    }
    const except = [...Object.values(this.#names), ...(this.options.empty ?? [])];
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

  async #wakeAndLook(start: FullStart, before: Before): Promise<Cells> {
    const { changes = [] } = this.options;
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
      return cellsWith({ migrates: cell });
    }
    const { enforced, given } = woken;
    const seen = await this.stage.enter((ctx) => lookAfter(ctx, this.input, this.#names, given));
    const after = { ...seen, enforced: enforced && seen.enforced };
    const thrown = after.inspection.upToDate ? undefined : await this.#thrown(after);
    const isNew = start.applied.length === 0;
    const cells = cellsWith({
      migrates: ofLevel(after, thrown),
      // What the class makes beside the migrations a new object shows, if it came so far.
      schema: ofSchema(after, this.#wanted, isNew || !this.#isSeen),
      ...ofRows(start, before, after, changes),
      'foreign keys': ofForeignKeys(before, after),
    });
    if (isNew && cells.schema.status === 'ok') {
      this.#wanted = after.structure;
      this.#isSeen = true;
    }
    if (cells.migrates.status === 'ok') cells['second wake'] = await this.#wakeAgain(after);
    return cells;
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
        const structure = structureOf(sql, Object.values(this.#names));
        const ledgers = ledgersOf(sql, this.#names);
        const { target, cost } = metered(ctx);
        migrate(target, this.input, first.options);
        return { structure, ledgers, cost: cost() };
      });
    } catch (error) {
      this.stage.replace();
      return failed(
        messageOf(error),
        'The first wake went well: see what the class does in the second.',
      );
    }
    return ofSecondWake(first, second);
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
