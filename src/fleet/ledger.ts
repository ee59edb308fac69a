import { DurableObject } from 'cloudflare:workers';
import { OfframpError } from '../base/errors.ts';
import { migrate } from '../migrate.ts';
import { expect, FleetError } from './errors.ts';
import type { Answered, Assignment, LedgerCall, PageMessage } from './messages.ts';
import { pagesAtOnce, perPage, readResume, readStart } from './options.ts';
import { Pace } from './pace.ts';
import type {
  FailuresAnswer,
  FeedAnswer,
  FeedCommand,
  FleetReport,
  ListCommand,
  ResumeCommand,
  RetryCommand,
  StatusAnswer,
} from './protocol.ts';
import { Rounds } from './rounds.ts';
import { reportOf, statusOf } from './status.ts';
import { countsOf, type Page, type Run, Store, throughOf } from './store.ts';
import { TABLES } from './tables.ts';
import { type FleetNamespace, type PageObject, type Seen, type Task, wakePage } from './wake.ts';

/** Milliseconds before what there is to do is done: other requests come first. */
const PAUSE = 20;
/** Milliseconds and objects after which an alarm ends and the next one goes on: far below what an invocation may take. */
const TURN = 10_000;
const TURN_OBJECTS = 3_000;
/** Milliseconds after which an alarm is sure to come, should the object be ended in the middle of one. */
const WATCHDOG = 60_000;
/** Milliseconds before the ledger goes on after an error, such as a queue that takes no message. */
const AFTER_ERROR = 5_000;
/** Milliseconds in which a message reaches a consumer; then it is sent again. The queue may be paused. */
const DELIVERY = 600_000;
/** Milliseconds after which a run that waits because of its rate is looked at again. */
const LONGEST_WAIT = 500;
/** Messages that a queue takes at once. */
const BATCH = 100;
const MOST_FAILURES = 1_000;

/** A queue, as far as it is used here. */
interface Pages {
  sendBatch(messages: { body: PageMessage }[]): Promise<unknown>;
}

/**
 * The ledger of a fleet, one object for each class that is swept: runs, pages and their results, objects that failed. It
 * works through the pages itself, by its alarms, or sends them to a queue. Export it from your Worker, and bind it:
 *
 * ```ts
 * export { FleetLedger } from 'drizzle-offramp/fleet';
 * ```
 *
 * Its methods are for {@link fleetRoute} and {@link fleetQueue}.
 */
export class FleetLedger extends DurableObject<object> {
  private readonly store: Store;
  private readonly pace = new Pace();
  /** Whether this instance has looked after what an earlier one left. */
  private hasBegun = false;
  /** What keeps it from going on. */
  private trouble: string | undefined;
  /** Whether an alarm is under way. */
  private isTurning = false;

  /**
   * @param ctx the object's state
   * @param env the Worker's `env`, which has the bindings of the classes and the queue
   */
  constructor(ctx: DurableObjectState, env: object) {
    super(ctx, env);
    migrate(ctx, TABLES);
    this.store = new Store(ctx.storage.sql);
  }

  /** A command of a client. */
  async ask(call: LedgerCall): Promise<Answered<unknown>> {
    try {
      await this.begin();
      return { answer: await this.answer(call) };
    } catch (error) {
      if (error instanceof OfframpError) return { error: JSON.parse(JSON.stringify(error)) };
      throw error;
    }
  }

  /** The page of a message; null if there is nothing to do for it. */
  async take(run: number, page: number): Promise<Assignment | null> {
    await this.begin();
    const found = this.store.run(run);
    if (found?.state !== 'running') return null;
    const taken = this.store.takePage(found, page, Date.now());
    return taken === undefined
      ? null
      : { ...taken, task: this.taskOf(found), atOnce: perPage(found.options) };
  }

  /** What became of a page. */
  async report(run: number, page: number, seen: readonly Seen[]): Promise<void> {
    await this.begin();
    this.settle(run, page, seen);
    await this.goOn();
  }

  /** Works through pages, or sees to it that consumers do. */
  override async alarm(): Promise<void> {
    let pause = PAUSE;
    try {
      await this.begin();
      const run = this.running();
      if (run?.options.engine === 'alarm') {
        await this.turn(run);
        this.trouble = undefined;
      }
    } catch (error) {
      // An alarm that throws is tried a few times only.
      this.note('The ledger failed, and goes on', error);
      pause = AFTER_ERROR;
    }
    await this.goOn(pause);
  }

  /** Tells whoever looks what keeps the ledger from going on. */
  private note(what: string, error: unknown): void {
    this.trouble = `${what}: ${error instanceof Error ? error.message : error}`;
    console.error(`drizzle-offramp: ${this.trouble}`);
  }

  /** What an earlier instance had under way is not under way any more. */
  private async begin(): Promise<void> {
    if (this.hasBegun) return;
    this.hasBegun = true;
    const run = this.running();
    if (run === undefined) return;
    this.reopen(run);
    await this.goOn();
  }

  /** Opens the pages that this ledger had under way itself, or that may be in a queue still: a page may run twice. */
  private reopen({ run, options }: Run): void {
    if (options.engine === 'alarm') this.store.reopen(run);
    else this.store.reopenLost(run, Number.POSITIVE_INFINITY, 0);
  }

  /** Changes the ledger, whole or not at all. */
  private atOnce<T>(change: () => T): T {
    return this.ctx.storage.transactionSync(change);
  }

  private running(): Run | undefined {
    const run = this.store.run();
    return run?.state === 'running' ? run : undefined;
  }

  private taskOf({ run, mode, fingerprint, options }: Run): Task {
    const { withMigrations, timeout } = options;
    const migrations = mode === 'preflight' ? this.store.migrations(run) : null;
    return { mode, fingerprint, migrations, withMigrations, timeout };
  }

  /** Writes down what became of a page, and what that means for the run. */
  private settle(number: number, page: number, seen: readonly Seen[]): void {
    const now = Date.now();
    const run = this.store.run(number);
    const settled = run && this.atOnce(() => this.store.report(run, page, seen, now));
    if (run === undefined || settled === undefined) return;
    this.pace.note(settled, now);
    const counts = countsOf(this.store.tallies(run.run), this.store.listings(run.run));
    this.store.sample(run.run, counts, now, false);
    const { maxFailures } = run.options;
    if (maxFailures === null || run.state !== 'running') return;
    const share = counts.failed / (counts.failed + throughOf(counts));
    if (counts.failed > maxFailures.count && share > maxFailures.share) {
      this.store.change(run.run, { state: 'stopped', stoppedBy: 'failures' });
    }
  }

  /** Ends a run if nothing is left to do in it. */
  private endIfDone(run: Run): boolean {
    const listings = this.store.listings(run.run);
    const isDone =
      listings.every(({ completeAt }) => completeAt !== null) &&
      !this.store.hasPages(run.run, 'open', 'given') &&
      this.store.nextDue(run.run) === undefined;
    if (!isDone) return false;
    const now = Date.now();
    this.store.sample(run.run, countsOf(this.store.tallies(run.run), listings), now, true);
    this.store.change(run.run, { state: 'done', finishedAt: now });
    return true;
  }

  /** Gives out what can be given out now, and sets the alarm for the rest. */
  private async goOn(pause = PAUSE): Promise<void> {
    const run = this.running();
    if (run === undefined || this.endIfDone(run)) return;
    // The alarm that is under way sees to it when it ends.
    if (this.isTurning) return;
    const at = run.options.engine === 'alarm' ? this.nextTurn(run) : await this.send(run);
    if (at === undefined) await this.ctx.storage.deleteAlarm();
    else await this.ctx.storage.setAlarm(Math.max(at, Date.now() + pause));
  }

  /** When the engine `alarm` has something to do; undefined if not before a client comes. */
  private nextTurn({ run }: Run): number | undefined {
    const due = this.store.hasPages(run, 'open') ? 0 : this.store.nextDue(run);
    return due === undefined ? undefined : Math.max(due, this.pace.freeAt);
  }

  /** Takes the next page, unless there were too many a moment ago. */
  private takeNext(run: Run): Page | undefined {
    const page = this.atOnce(() => this.store.take(run, Date.now()));
    if (page) this.pace.spend(page.objects.length, run.options.rate, Date.now());
    return page;
  }

  /** One alarm of the engine `alarm`. */
  private async turn({ run: number }: Run): Promise<void> {
    this.isTurning = true;
    // Should the object be ended now, this alarm comes; goOn sets another one.
    void this.ctx.storage.setAlarm(Date.now() + WATCHDOG);
    const until = Date.now() + TURN;
    const rounds = new Rounds();
    let objects = 0;
    try {
      while (!rounds.hasFailed && Date.now() < until && objects < TURN_OBJECTS) {
        // A client may have stopped it, or changed how it goes.
        const run = this.running();
        if (run?.run !== number) break;
        const wait = this.pace.freeAt - Date.now();
        if (wait > 0 && rounds.isIdle) {
          if (Date.now() + wait >= until) break;
          await scheduler.wait(Math.min(wait, LONGEST_WAIT));
          continue;
        }
        const atOnce = pagesAtOnce(run.options);
        rounds.begin(atOnce, () => {
          const page = this.pace.freeAt <= Date.now() ? this.takeNext(run) : undefined;
          objects += page?.objects.length ?? 0;
          return page && this.work(run, page);
        });
        if (rounds.isIdle) break;
        await rounds.end(atOnce);
      }
      await rounds.over();
    } finally {
      this.isTurning = false;
    }
  }

  private async work(run: Run, page: Page): Promise<void> {
    const namespace = (this.env as Record<string, FleetNamespace | undefined>)[run.class];
    if (namespace === undefined) throw new Error(`env has no binding ${run.class}`);
    try {
      const atOnce = perPage(run.options);
      this.settle(
        run.run,
        page.page,
        await wakePage(namespace, page.objects, this.taskOf(run), atOnce),
      );
    } catch (error) {
      this.store.giveBack(page.page);
      throw error;
    }
  }

  /** Sends pages to the queue; returns when to look again. */
  private async send(run: Run): Promise<number> {
    const now = Date.now();
    this.store.reopenLost(run.run, now - DELIVERY, now - run.options.lease);
    const pages: Page[] = [];
    let room = pagesAtOnce(run.options) - this.store.underWay(run.run);
    for (; room > 0 && pages.length < BATCH && this.pace.freeAt <= now; room--) {
      const page = this.takeNext(run);
      if (page === undefined) break;
      pages.push(page);
    }
    if (pages.length > 0 && !(await this.sendPages(run, pages))) return now + AFTER_ERROR;
    const lease = now + Math.min(run.options.lease, WATCHDOG);
    // Without room the next page that is reported makes some.
    if (room === 0) return lease;
    const next = this.store.hasPages(run.run, 'open')
      ? this.pace.freeAt
      : this.store.nextDue(run.run);
    return Math.min(next ?? lease, lease);
  }

  private async sendPages(run: Run, pages: readonly Page[]): Promise<boolean> {
    const { ledger, queue } = run.bindings;
    try {
      const binding = (this.env as Record<string, Pages | undefined>)[queue ?? ''];
      if (binding === undefined) throw new Error(`env has no binding ${queue}`);
      await binding.sendBatch(
        pages.map(({ page }) => ({
          body: { drizzleOfframp: 'page', ledger, class: run.class, run: run.run, page },
        })),
      );
      this.trouble = undefined;
      return true;
    } catch (error) {
      this.note('The queue took no pages, and they are sent again', error);
      for (const { page } of pages) this.store.giveBack(page);
      return false;
    }
  }

  private answer({ class: name, ledger, queue, command }: LedgerCall): unknown {
    switch (command?.do) {
      case 'start':
        return this.start(name, { ledger, queue }, command);
      case 'feed':
        return this.feed(command);
      case 'list':
        return this.list(command);
      case 'stop':
        return this.stop(this.find(command.run));
      case 'resume':
        return this.resume(command);
      case 'retry':
        return this.retry(command);
      case 'failures':
        return this.failures(command);
      case 'report':
        return this.fullReport(this.find(command.run));
      case 'status':
        return this.status(command.run === undefined ? this.store.run() : this.find(command.run));
      default:
        throw new FleetError(
          'INVALID_COMMAND',
          'There is no such command. There are start, feed, list, stop, resume, retry, status, failures, report and ids.',
        );
    }
  }

  private find(number: unknown): Run {
    const run =
      number === undefined || Number.isInteger(number)
        ? this.store.run(number as number | undefined)
        : undefined;
    if (run) return run;
    const what = number === undefined ? 'no run yet' : `no run ${JSON.stringify(number)}`;
    throw new FleetError('NO_RUN', `There is ${what}. Begin one with start.`);
  }

  /** The newest run, which alone can be changed: what an older one would need is forgotten. */
  private newest(number: unknown): Run {
    const run = this.find(number);
    const newest = this.store.run() as Run;
    if (run.run === newest.run) return run;
    throw new FleetError(
      'NO_RUN',
      `Run ${run.run} is over: run ${newest.run} has begun since. Only the newest can be changed.`,
    );
  }

  private status(run: Run | undefined): StatusAnswer {
    const now = Date.now();
    if (run === undefined) return { run: null };
    const status = statusOf(this.store, run, this.pace.perSecond(now), now);
    const { trouble } = this;
    return { run: trouble === undefined ? status : { ...status, trouble } };
  }

  /** The status once all that was changed is stored and goes on. */
  private async going(number: number): Promise<StatusAnswer> {
    await this.goOn();
    return this.status(this.store.run(number));
  }

  private start(
    name: string,
    bindings: { ledger: string; queue: string | null },
    command: LedgerCall['command'],
  ): Promise<StatusAnswer> {
    const wanted = readStart(command);
    if (wanted.options.engine === 'queue' && bindings.queue === null) {
      throw new FleetError(
        'NO_QUEUE',
        'The Worker has no binding of a queue. Bind one as FLEET_QUEUE, or use the engine "alarm".',
      );
    }
    const before = this.running();
    if (before) {
      throw new FleetError(
        'RUN_UNDER_WAY',
        `Run ${before.run} goes on. Wait until it is done, or stop it.`,
        { run: before.run },
      );
    }
    this.pace.forget();
    this.trouble = undefined;
    return this.going(this.atOnce(() => this.store.start(wanted, name, bindings, Date.now())));
  }

  private async feed(command: FeedCommand): Promise<FeedAnswer> {
    const run = this.newest(command.run);
    const listing = this.store.listings(run.run).find((one) => one.listing === command.listing);
    if (listing === undefined) {
      throw new FleetError('NO_RUN', `Run ${run.run} has no listing ${command.listing}.`);
    }
    const { after, complete = false } = command;
    expect(after === null || typeof after === 'string', '`after` takes an id, or null.');
    expect(typeof complete === 'boolean', '`complete` takes true or false.');
    if (after !== null && (listing.last === null || after > listing.last)) {
      throw new FleetError(
        'GAP',
        `The listing has come to ${listing.last ?? 'no object'}, and these are the objects after ${after}. ` +
          'List those between them too, so that none is left out.',
        { last: listing.last },
      );
    }
    const isOver = listing.completeAt !== null;
    const objects = isOver ? [] : (command.objects as readonly PageObject[]);
    const found = this.atOnce(() => this.store.feed(run, listing, objects, complete, Date.now()));
    await this.goOn();
    const now = this.store.listings(run.run).find((one) => one.listing === command.listing);
    const isStopped = this.store.run(run.run)?.state === 'stopped';
    return { found, listing: now ?? listing, stopped: isStopped };
  }

  private list(command: ListCommand): Promise<StatusAnswer> {
    const run = this.newest(command.run);
    const open = this.store.listings(run.run).find(({ completeAt }) => completeAt === null);
    expect(
      open === undefined,
      `Listing ${open?.listing} of run ${run.run} is not complete: list it to the end first.`,
    );
    this.store.openListing(run.run, Date.now());
    if (run.state === 'done') this.setRunning(run);
    return this.going(run.run);
  }

  private setRunning(run: Run): void {
    this.store.change(run.run, { state: 'running', stoppedBy: null, finishedAt: null });
    // Messages that came while it was stopped were passed over. Pages of an alarm are under way still.
    if (run.options.engine === 'queue') this.reopen(run);
  }

  private stop(found: Run): StatusAnswer {
    const run = this.newest(found.run);
    if (run.state === 'running') {
      this.store.change(run.run, { state: 'stopped', stoppedBy: 'asked' });
    }
    return this.status(this.store.run(run.run));
  }

  private resume(command: ResumeCommand): Promise<StatusAnswer> {
    const run = this.newest(command.run);
    this.store.change(run.run, { options: readResume(run.options, command) });
    if (command.rate !== undefined) this.pace.freeAt = 0;
    if (run.state === 'stopped') this.setRunning(run);
    return this.going(run.run);
  }

  private retry(command: RetryCommand): Promise<StatusAnswer> {
    const run = this.newest(command.run);
    const { code } = command;
    expect(code === undefined || typeof code === 'string', '`code` takes a text.');
    this.atOnce(() => this.store.retry(run.run, code, Date.now()));
    if (run.state !== 'running') this.setRunning(run);
    return this.going(run.run);
  }

  private failures(command: LedgerCall['command']): FailuresAnswer {
    const run = this.find(command.run);
    const { code, after = '', limit = MOST_FAILURES } = command;
    expect(code === undefined || typeof code === 'string', '`code` takes a text.');
    expect(typeof after === 'string', '`after` takes an id.');
    expect(
      Number.isInteger(limit) && limit > 0 && limit <= MOST_FAILURES,
      `\`limit\` takes a whole number from 1 to ${MOST_FAILURES}.`,
    );
    const failures = this.store.failures(run.run, code, after, limit);
    return { failures, next: failures.length < limit ? null : (failures.at(-1)?.id ?? null) };
  }

  private fullReport(run: Run): FleetReport {
    const now = Date.now();
    return reportOf(this.store, run, this.pace.perSecond(now), now);
  }
}
