// A look at an object that has nothing must leave nothing, but waking it runs its migrations and its constructor. What these
// made is taken back, if nothing else can have used it. This is the one place that deletes, so in doubt it does not.
import { firstRow } from '../base/storage.ts';
import { endAfter } from './ending.ts';
import { type ObjectContext, SOON, schemaOf, wait, writtenBy } from './runtime.ts';
import { Watch } from './watch.ts';

/** How long events that wait already are given to come first, in milliseconds. */
const OTHERS_FIRST = 5;

/** Whether an object has neither table nor key, as far as can be told at once. */
function hasNothing({ storage }: ObjectContext): boolean {
  if (schemaOf(storage.sql) !== '[]') return false;
  const keys = storage.kv?.list({ limit: 1 });
  return keys !== undefined && [...keys].length === 0;
}

/** What shows that something has been written. */
interface Trace {
  /** Rows that this instance has written, keys and the alarm among them. */
  readonly written: number;
  readonly schema: string;
}

const traceOf = ({ storage }: ObjectContext): Trace => ({
  written: writtenBy(storage.sql),
  schema: schemaOf(storage.sql),
});

const isSame = (one: Trace, other: Trace): boolean =>
  one.written === other.written && one.schema === other.schema;

/** Whether `wrangler dev` has written the object's name into it. */
const hasLocalName = ({ storage }: ObjectContext): boolean =>
  firstRow(storage.sql.exec("SELECT 1 FROM sqlite_master WHERE name = '__miniflare_do_name'")) !==
  undefined;

/** An object that was empty when this instance began, and of which nothing is known yet but what made it. */
export class Untouched {
  private watch: Watch | undefined;
  private readonly hadNoAlarm: Promise<boolean>;
  private noted: { readonly alarm: number | null; readonly trace: Trace } | undefined;
  private ready: Promise<void> | undefined;
  private taking: Promise<boolean> | undefined;
  private readonly ctx: ObjectContext;

  private constructor(ctx: ObjectContext) {
    this.ctx = ctx;
    this.hadNoAlarm = ctx.storage.getAlarm().then(
      (alarm) => alarm === null,
      () => false,
    );
  }

  /**
   * Looks whether an object is empty. Must be called before anything is written.
   *
   * @param ctx the object's state
   * @returns undefined where it is not, or nobody can tell
   */
  static of(ctx: ObjectContext): Untouched | undefined {
    try {
      return hasNothing(ctx) ? new Untouched(ctx) : undefined;
    } catch {
      return undefined;
    }
  }

  /**
   * Watches the object from the end of its construction on.
   *
   * @param instance what was built
   */
  watchOver(instance: object): Watch {
    const watch = new Watch(this.ctx, instance, () => this.note());
    this.watch = watch;
    if (!watch.isWatching) return watch;
    // The class that `wrangler dev` puts around this one has one more.
    this.ready = Promise.resolve().then(() =>
      this.ctx.blockConcurrencyWhile(async () => this.noteLocalName()),
    );
    return watch;
  }

  /** Notes how the object is now. */
  private async note(): Promise<void> {
    try {
      const alarm = await this.ctx.storage.getAlarm();
      this.noted = { alarm, trace: traceOf(this.ctx) };
    } catch {
      // Then nothing is taken back.
    }
  }

  /** Takes into account that `wrangler dev` writes the object's name into it, and nothing else. */
  private noteLocalName(): void {
    if (!this.noted || !hasLocalName(this.ctx)) return;
    const trace = traceOf(this.ctx);
    const { written, schema } = this.noted.trace;
    if (isSame(trace, { written: written + 1, schema })) this.noted = { ...this.noted, trace };
  }

  /**
   * Runs what writes and leaves nothing, so that it does not count.
   *
   * @param run what to run
   */
  without<T>(run: () => T): T {
    const { noted } = this;
    const isAsNoted = noted && isSame(noted.trace, traceOf(this.ctx));
    try {
      return run();
    } finally {
      if (isAsNoted) this.noted = { ...noted, trace: traceOf(this.ctx) };
    }
  }

  /** Whether it is empty without anything being taken back, as where the class was not built. */
  isEmpty(): boolean {
    return hasNothing(this.ctx);
  }

  /** Whether nothing has used the object since {@link note}. */
  private isAsNoted(): boolean {
    return (
      this.watch?.isUntouched === true &&
      this.noted !== undefined &&
      isSame(this.noted.trace, traceOf(this.ctx)) &&
      this.ctx.getWebSockets().length === 0 &&
      this.ctx.container?.running !== true
    );
  }

  /**
   * Takes back what the construction made, and ends the instance once the answer is on its way; does nothing if the
   * object was used. An event that comes just then is told to come again.
   *
   * @returns whether the object is empty again
   */
  takeBack(): Promise<boolean> {
    this.taking ??= this.tryToTakeBack().finally(() => {
      this.taking = undefined;
    });
    return this.taking;
  }

  private async tryToTakeBack(): Promise<boolean> {
    await this.ready;
    const { noted } = this;
    if (!this.isAsNoted()) return false;
    if (typeof noted?.alarm === 'number' && noted.alarm < Date.now() + SOON) return false;
    await wait(OTHERS_FIRST);
    const { ctx } = this;
    return endAfter(ctx, async () => {
      const isFresh = await this.hadNoAlarm;
      const alarm = await ctx.storage.getAlarm();
      // From the last look to the deletion nothing is awaited, so that nothing comes in between.
      if (!isFresh || alarm !== this.noted?.alarm || !this.isAsNoted()) {
        return { answer: false, why: undefined };
      }
      await Promise.all([ctx.storage.deleteAlarm(), ctx.storage.deleteAll()]);
      await ctx.storage.sync();
      return { answer: true, why: 'the object was empty, and is empty again' };
    });
  }
}
