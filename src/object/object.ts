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
import type { MigrateResult } from '../plan/result.ts';
import { afterOpenTransaction } from '../run/enforcement.ts';
import { transact } from '../run/foreign-keys.ts';
import { checkCommand } from './check-command.ts';
import { CommandError } from './command-error.ts';
import type {
  HistoryAnswer,
  HistoryCommand,
  InspectAnswer,
  InspectCommand,
  InstanceFacts,
  MigrationsAnswer,
  MigrationsCommand,
  PreflightAnswer,
  PreflightCommand,
  Repair,
  RepairAnswer,
  RepairCommand,
  RowCounts,
  Stays,
  Woke,
} from './commands.ts';
import { endAfter } from './ending.ts';
import { find, toRef } from './findings.ts';
import { type Failure, type List, look } from './look.ts';
import { Nameless } from './nameless.ts';
import { hearing, objectRef } from './object-ref.ts';
import { toPlain } from './plain.ts';
import { preflight } from './preflight.ts';
import { applyChange, type Fitting, rowsBefore, workOut } from './repair.ts';
import { readRepairs, writeRepair } from './repairs-table.ts';
import { rolledBack } from './rolled-back.ts';
import { RowMeter, sumOf } from './row-meter.ts';
import type { ObjectContext } from './runtime.ts';
import { withOwnFunctions } from './sent.ts';
import { Untouched } from './untouched.ts';

const NO_ROWS: RowCounts = { read: 0, written: 0 };

/** One instance of an object, from before its class is built on. */
export class MigratedObject {
  /** Why the class is not built. */
  failure: Failure | undefined;
  /** The list that is asked about: the one that failed, else the class's own. */
  private list: List;
  private untouched: Untouched | undefined;
  private nameless: Nameless | undefined;
  /** What the construction did, when, and what it cost. */
  private woke: Woke | null = null;
  private readonly wokeAt = Date.now();
  /** How many lists have been checked, which reads a row each, and what was read and written beyond that. */
  private checks = 0;
  private rowsBeyond = NO_ROWS;
  private readonly ctx: ObjectContext;

  /**
   * Migrates the object.
   *
   * @param ctx the object's state
   * @param lists the migrations of its base classes and at last its own
   * @param className what its class is called
   */
  constructor(ctx: ObjectContext, lists: readonly List[], className: string) {
    this.ctx = ctx;
    this.list = lists.at(-1) as List;
    let isFirst = true;
    let meter: RowMeter | undefined;
    const before = (head: unknown): void => {
      if (isFirst && head === undefined) this.untouched = Untouched.of(ctx);
      isFirst = false;
      meter ??= new RowMeter();
      meter.start(ctx.storage.sql);
    };
    for (const list of lists) {
      const { input, options } = list;
      try {
        this.note(
          telling(hearing(options, ctx, className), () =>
            migrateUntold(ctx, input, options, before),
          ),
        );
        isFirst = false;
      } catch (error) {
        if (!(error instanceof OfframpError)) throw error;
        this.list = list;
        this.woke = null;
        this.failure = { error, plain: toPlain(error) };
        const { id, name } = objectRef(ctx, className);
        const which = [className, id, ...(name === null ? [] : [`(${name})`])].join(' ').trim();
        console.error(
          `drizzle-offramp: this object was not constructed: ${which}. ${error.message}`,
        );
        return;
      } finally {
        this.checks++;
        if (meter) this.rowsBeyond = sumOf(this.rowsBeyond, meter.end());
      }
    }
  }

  private note(result: MigrateResult): void {
    if (result.upToDate) return;
    this.woke = {
      adopted: (this.woke?.adopted ?? 0) + result.adopted.length,
      applied: (this.woke?.applied ?? 0) + result.applied.length,
      drizzleLedger: result.drizzleLedger ?? this.woke?.drizzleLedger ?? null,
    };
  }

  /**
   * Hears of the object that the runtime gets.
   *
   * @param instance an object of the class, or one that stands in
   */
  built(instance: object): void {
    const { ctx } = this;
    const watch = this.untouched?.watchOver(instance);
    if (ctx.id.name === undefined) this.nameless = new Nameless(ctx, instance, watch);
  }

  /**
   * Answers a command.
   *
   * @param command what was asked, right or wrong
   * @throws {CommandError} for one that there is not, or a repair that does not fit
   */
  answer<Command extends MigrationsCommand>(command: Command): Promise<MigrationsAnswer<Command>>;
  async answer(given: MigrationsCommand): Promise<MigrationsAnswer> {
    const command = checkCommand(given);
    const { nameless } = this;
    return nameless ? nameless.while(() => this.reply(command)) : this.reply(command);
  }

  private reply(command: MigrationsCommand): Promise<MigrationsAnswer> {
    switch (command.do) {
      case 'inspect':
        return this.inspect(command);
      case 'history':
        return this.history(command);
      case 'preflight':
        return this.preflight(command);
      case 'repair':
        return this.repair(command);
    }
  }

  /** What there is to say of this instance, which may end after that. */
  private async facts(
    { release = false }: { readonly release?: boolean },
    answer: RowCounts,
    hasEnded: boolean,
  ): Promise<InstanceFacts> {
    const { wokeAt, rowsOfWake: wake } = this;
    const stays = hasEnded ? null : release ? await this.leave() : 'not-asked';
    return { wokeAt, rows: { wake, answer }, stays };
  }

  private get rowsOfWake(): RowCounts {
    return sumOf(this.rowsBeyond, { read: this.checks, written: 0 });
  }

  private async leave(): Promise<Stays | null> {
    if (this.ctx.id.name !== undefined) return 'named';
    return this.nameless ? this.nameless.leave() : 'refused';
  }

  /** A class that was declared under `new_classes` has no SQLite. */
  private get hasSql(): boolean {
    try {
      return typeof this.ctx.storage.sql.exec === 'function';
    } catch {
      return false;
    }
  }

  /** Counts the rows of what runs at once. */
  private metered<T>(run: () => T, counted: (rows: RowCounts) => void): T {
    const meter = new RowMeter();
    try {
      if (this.hasSql) meter.start(this.ctx.storage.sql);
      return run();
    } finally {
      counted(meter.end());
    }
  }

  private look(
    of: Partial<Pick<InspectAnswer, 'made' | 'empty'>>,
    failure?: Failure,
  ): InspectAnswer {
    const { id } = this.ctx;
    const { wokeAt, rowsOfWake: wake } = this;
    let answer = NO_ROWS;
    const found = this.metered(
      () => look(this.ctx, this.list, failure),
      (rows) => {
        answer = rows;
      },
    );
    return {
      id: id.toString(),
      name: id.name ?? null,
      ...found,
      built: this.failure === undefined,
      woke: this.woke,
      made: false,
      empty: false,
      instance: { wokeAt, rows: { wake, answer }, stays: 'not-asked' },
      ...of,
    };
  }

  private async inspect(command: InspectCommand): Promise<InspectAnswer> {
    const { failure } = this;
    const empty = await this.isEmpty();
    const answer = this.look(
      empty ? { empty } : { made: this.untouched !== undefined },
      this.failure,
    );
    const { rows } = answer.instance;
    const instance = await this.facts(command, rows.answer, empty && !failure);
    // What it did was taken back.
    const taken = empty && !answer.refusal ? ({ state: 'empty', woke: null } as const) : {};
    return { ...answer, instance, ...taken };
  }

  /** The object's storage, where there is a ledger to be asked for. */
  private get storage(): ObjectContext['storage'] {
    if (this.failure?.error.code === 'NOT_SQLITE') throw this.failure.error;
    return this.ctx.storage;
  }

  private async history(command: HistoryCommand): Promise<HistoryAnswer> {
    const { sql } = this.storage;
    const { table, drizzleTable } = resolveOptions(this.list.options);
    let counted = NO_ROWS;
    const read = () => ({
      rows: readLedger(sql, table)?.rows ?? [],
      drizzle: readDrizzleLedger(sql, drizzleTable)?.rows ?? [],
      repairs: readRepairs(sql, table),
    });
    const answer = this.metered(read, (rows) => {
      counted = rows;
    });
    const empty = await this.isEmpty();
    const instance = await this.facts(command, counted, empty && !this.failure);
    return { empty, ...answer, ...(empty ? { rows: [] } : {}), instance };
  }

  private async preflight(command: PreflightCommand): Promise<PreflightAnswer> {
    const { input, options } = this.list;
    const { untouched, nameless } = this;
    const { migrations } = command;
    const given = migrations === undefined ? input : withOwnFunctions(migrations, input);
    let counted = NO_ROWS;
    const answer = await preflight(this.ctx.storage, given, options, (run) => {
      const counting = () =>
        this.metered(run, (rows) => {
          counted = rows;
        });
      const named = () => (nameless ? nameless.without(counting) : counting());
      return untouched ? untouched.without(named) : named();
    });
    const empty = await this.isEmpty();
    const instance = await this.facts(command, counted, empty && !this.failure);
    return { ...answer, empty, instance };
  }

  /** Whether the object has nothing; what only its construction made is taken back. */
  private async isEmpty(): Promise<boolean> {
    const { untouched } = this;
    if (untouched === undefined) return false;
    return this.failure ? untouched.isEmpty() : untouched.takeBack();
  }

  private async repair(command: RepairCommand): Promise<RepairAnswer> {
    const { storage } = this;
    if (command.dryRun) return this.repairIn(rolledBack(storage), command);
    return endAfter(this.ctx, async () => {
      const answer = await this.repairIn(storage, command);
      await storage.sync();
      return { answer, why: 'the object was repaired, and is built anew' };
    });
  }

  /** Repairs in one transaction, and keeps other events waiting. */
  private repairIn(storage: StorageLike, command: RepairCommand): Promise<RepairAnswer> {
    return afterOpenTransaction(storage, () => {
      const { sql } = storage;
      const options = resolveOptions(this.list.options);
      const list = readMigrations(this.list.input);
      const { migrations } = list;
      const state = readState(storage, options, list);
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
    const fits = repairs.map(
      ({ repair: one, effect, leaves }) =>
        `\n  ${JSON.stringify(one)}: ${effect}${leaves === null ? '' : ` It is still refused then: ${leaves}.`}`,
    );
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
    return { repaired: !dryRun, record, effect: change.effect, ran, after: this.look({}) };
  }
}
