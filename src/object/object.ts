// The migrations of one instance of an object: what came of them, and the answers to `__migrations`.
import { OfframpError } from '../base/errors.ts';
import type { StorageLike } from '../base/storage.ts';
import { telling } from '../events.ts';
import { readMigrations } from '../input/migrations.ts';
import { readDrizzleLedger } from '../ledger/drizzle.ts';
import { readLedger } from '../ledger/ledger.ts';
import { readState } from '../ledger/state.ts';
import { migrateUntold } from '../migrate.ts';
import { resolveOptions } from '../options.ts';
import { afterOpenTransaction } from '../run/enforcement.ts';
import { transact } from '../run/foreign-keys.ts';
import { CommandError } from './command-error.ts';
import type {
  HistoryAnswer,
  InspectAnswer,
  MigrationsAnswer,
  MigrationsCommand,
  PreflightAnswer,
  PreflightCommand,
  Repair,
  RepairAnswer,
  RepairCommand,
} from './commands.ts';
import { find, toRef } from './findings.ts';
import { type Failure, type List, look } from './look.ts';
import { toPlain } from './plain.ts';
import { preflight } from './preflight.ts';
import { applyChange, type Fitting, rowsBefore, workOut } from './repair.ts';
import { readRepairs, writeRepair } from './repairs-table.ts';
import { rolledBack } from './rolled-back.ts';
import { type ObjectContext, wait } from './runtime.ts';
import { Untouched } from './untouched.ts';

/** How long an answer is given to leave before the instance ends, in milliseconds. */
const ON_ITS_WAY = 5;

/** One instance of an object, from before its class is built on. */
export class MigratedObject {
  /** Why the class is not built. */
  failure: Failure | undefined;
  /** The list that is asked about: the one that failed, else the class's own. */
  private list: List;
  private untouched: Untouched | undefined;
  private readonly ctx: ObjectContext;

  /**
   * Migrates the object.
   *
   * @param ctx the object's state
   * @param lists the migrations of its base classes and at last its own
   */
  constructor(ctx: ObjectContext, lists: readonly List[]) {
    this.ctx = ctx;
    this.list = lists.at(-1) as List;
    let isFirst = true;
    const before = (head: unknown): void => {
      if (isFirst && head === undefined) this.untouched = Untouched.of(ctx);
      isFirst = false;
    };
    for (const list of lists) {
      const { input, options } = list;
      try {
        telling(options, () => migrateUntold(ctx, input, options, before));
        isFirst = false;
      } catch (error) {
        if (!(error instanceof OfframpError)) throw error;
        this.list = list;
        this.failure = { error, plain: toPlain(error) };
        console.error(`drizzle-offramp: this object was not constructed. ${error.message}`);
        return;
      }
    }
  }

  /**
   * Hears of the object that the runtime gets.
   *
   * @param instance an object of the class, or one that stands in
   */
  built(instance: object): void {
    this.untouched?.watch(instance);
  }

  /**
   * Answers a command.
   *
   * @param command what was asked, right or wrong
   * @throws {CommandError} for one that there is not, or a repair that does not fit
   */
  answer<Command extends MigrationsCommand>(command: Command): Promise<MigrationsAnswer<Command>>;
  async answer(command: MigrationsCommand): Promise<MigrationsAnswer> {
    switch (command?.do) {
      case 'inspect':
        return this.inspect();
      case 'history':
        return this.history();
      case 'preflight':
        return this.preflight(command);
      case 'repair':
        return this.repair(command);
      default:
        throw new CommandError(
          'INVALID_COMMAND',
          "There is no such command. `do` takes 'inspect', 'history', 'preflight' or 'repair'.",
        );
    }
  }

  private look(
    of: Partial<Pick<InspectAnswer, 'made' | 'empty'>>,
    failure?: Failure,
  ): InspectAnswer {
    const { id } = this.ctx;
    return {
      id: id.toString(),
      name: id.name ?? null,
      ...look(this.ctx, this.list, failure),
      built: this.failure === undefined,
      made: false,
      empty: false,
      ...of,
    };
  }

  private async inspect(): Promise<InspectAnswer> {
    const { failure } = this;
    if (await this.isEmpty()) {
      const answer = this.look({ empty: true }, failure);
      return answer.refusal ? answer : { ...answer, state: 'empty' };
    }
    return this.look({ made: this.untouched !== undefined }, failure);
  }

  private async history(): Promise<HistoryAnswer> {
    const { sql } = this.ctx.storage;
    const { table, drizzleTable } = resolveOptions(this.list.options);
    const answer = {
      empty: false,
      rows: readLedger(sql, table)?.rows ?? [],
      drizzle: readDrizzleLedger(sql, drizzleTable)?.rows ?? [],
      repairs: readRepairs(sql, table),
    };
    const empty = await this.isEmpty();
    return empty ? { ...answer, empty, rows: [] } : answer;
  }

  private async preflight({ migrations }: PreflightCommand): Promise<PreflightAnswer> {
    const { input, options } = this.list;
    const { untouched } = this;
    const answer = await preflight(this.ctx.storage, migrations ?? input, options, (run) =>
      untouched ? untouched.without(run) : run(),
    );
    await this.isEmpty();
    return answer;
  }

  /** Whether the object has nothing; what only its construction made is taken back. */
  private async isEmpty(): Promise<boolean> {
    const { untouched } = this;
    if (untouched === undefined) return false;
    return this.failure ? untouched.isEmpty() : untouched.takeBack();
  }

  private async repair(command: RepairCommand): Promise<RepairAnswer> {
    checkRepair(command);
    const { storage } = this.ctx;
    const { dryRun = false } = command;
    const answer = await this.repairIn(dryRun ? rolledBack(storage) : storage, command);
    if (!dryRun) {
      this.untouched?.touch();
      await storage.sync();
      void this.end('the object was repaired, and is built anew');
    }
    return answer;
  }

  /** Repairs in one transaction, and keeps other events waiting. */
  private repairIn(storage: StorageLike, command: RepairCommand): Promise<RepairAnswer> {
    return afterOpenTransaction(storage, () => {
      const { sql } = storage;
      const options = resolveOptions(this.list.options);
      const { migrations } = readMigrations(this.list.input);
      const state = readState(sql, options);
      const fitting = workOut(command.repair, find(migrations, state, options), options);
      if (typeof fitting === 'string') throw this.misfit(command.repair, fitting);
      const steps = fitting.change.first?.steps ?? [];
      let answer: RepairAnswer | undefined;
      transact(storage, steps, (see = () => {}) => {
        applyChange(sql, fitting, state, options, see);
        answer = this.write(command, fitting, options.table);
      });
      return answer as unknown as RepairAnswer;
    });
  }

  private misfit(repair: Repair, why: string): CommandError {
    const { repairs } = this.look({}, this.failure);
    const fits = repairs.map((one) => `\n  ${JSON.stringify(one.repair)}: ${one.effect}`);
    return new CommandError(
      'INVALID_REPAIR',
      `${JSON.stringify(repair)} does not fit: ${why} Nothing was changed. ` +
        (fits.length > 0 ? `What fits:${fits.join('')}` : 'No repair is called for.'),
      repairs,
    );
  }

  /** Writes a repair down, and looks at what has become of the object. */
  private write(
    { repair, by, reason, dryRun = false }: RepairCommand,
    { change }: Fitting,
    table: string,
  ): RepairAnswer {
    const { sql } = this.ctx.storage;
    const earlier = readRepairs(sql, table);
    const record = {
      id: (earlier.at(-1)?.id ?? 0) + 1,
      at: Date.now(),
      by,
      reason,
      repair,
      before: rowsBefore(change),
    };
    writeRepair(sql, table, record);
    // What this instance failed of may be gone: the next one tries again.
    const ran = (change.first?.steps ?? []).map(({ migration }) => toRef(migration));
    return { repaired: !dryRun, record, ran, after: this.look({}) };
  }

  /** Ends the instance once the answer is on its way, so that the next call builds the object anew. */
  private async end(why: string): Promise<void> {
    await wait(ON_ITS_WAY);
    this.ctx.abort(`drizzle-offramp: ${why}. Call it once more.`);
  }
}

const KINDS = ['mark-applied', 'mark-unapplied', 'accept'];
const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** Refuses a command that does not say what to repair, or who asks and why. */
function checkRepair({ repair, by, reason }: RepairCommand): void {
  const refuse = (message: string): never => {
    throw new CommandError('INVALID_COMMAND', message);
  };
  const given = (repair ?? {}) as Partial<Record<string, unknown>> & Partial<Repair>;
  if (given.kind === 'forget') {
    const { version, created_at, tag } = given as Record<string, unknown>;
    const isNamed = version !== undefined || created_at !== undefined || tag !== undefined;
    if (!isNamed) refuse('A row to forget is named by `version`, `created_at` or `tag`.');
  } else if (KINDS.includes(given.kind as string)) {
    if (!isText((given as { migration?: unknown }).migration)) {
      refuse(`A repair of kind '${given.kind}' takes \`migration\`: a key or a tag.`);
    }
  } else refuse(`There is no such repair. \`kind\` takes 'forget', '${KINDS.join("', '")}'.`);
  if (!isText(by) || !isText(reason)) {
    refuse('A repair is written down with who asked for it and why: `by` and `reason` are texts.');
  }
}
