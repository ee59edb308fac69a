// An instance that was woken by its id does not know its name, in calls by name too. So one that only a look has woken is
// ended after the look, if nothing else uses it: the next call gets an instance that knows its name.
import type { Stays } from './commands.ts';
import { ON_ITS_WAY } from './ending.ts';
import { type ObjectContext, SOON, wait, writtenBy } from './runtime.ts';
import { Watch } from './watch.ts';

/** An instance that was woken by its id. */
export class Nameless {
  private readonly ctx: ObjectContext;
  private readonly watch: Watch;
  /** What it had written when it was constructed. */
  private written: number | undefined;
  /** Looks under way. */
  private asking = 0;
  /** Whether it is to end when no look is under way, and the number of the last one that was answered. */
  private isLeaving = false;
  private answered = 0;

  /**
   * Watches an instance from the end of its construction on.
   *
   * @param ctx the object's state
   * @param instance what was built
   * @param watch who watches it already
   */
  constructor(ctx: ObjectContext, instance: object, watch?: Watch) {
    this.ctx = ctx;
    this.watch = watch ?? new Watch(ctx, instance, () => this.note());
    if (watch !== undefined) void ctx.blockConcurrencyWhile(async () => this.note());
  }

  private note(): void {
    try {
      this.written = writtenBy(this.ctx.storage.sql);
    } catch {
      // Then it is as one that is used: what is thrown in a block would reset the object.
    }
  }

  /**
   * Runs what writes and leaves nothing, so that it does not count.
   *
   * @param run what to run
   */
  without<T>(run: () => T): T {
    const isAsNoted = this.written === writtenBy(this.ctx.storage.sql);
    try {
      return run();
    } finally {
      if (isAsNoted) this.note();
    }
  }

  /** Why it cannot end now, as far as can be told at once. */
  private reason(): Stays | null {
    if (!this.watch.isWatching) return 'unwatched';
    if (!this.watch.isUntouched) return 'used';
    const { container } = this.ctx;
    if (container?.running === true) return 'used';
    if (this.ctx.getWebSockets().length > 0) return 'sockets';
    return this.written === writtenBy(this.ctx.storage.sql) ? null : 'used';
  }

  /**
   * Whether it can end, and has it end once the answer is on its way, unless something else comes before that. Nothing is
   * kept waiting meanwhile.
   *
   * @returns why it goes on; null if it ends
   */
  async leave(): Promise<Stays | null> {
    const reason = this.reason();
    if (reason !== null) return reason;
    const alarm = await this.ctx.storage.getAlarm();
    if (alarm !== null && alarm < Date.now() + SOON) return 'alarm';
    this.isLeaving = true;
    return null;
  }

  /**
   * Answers a look. The instance does not end while one is under way.
   *
   * @param run makes the answer
   */
  async while<T>(run: () => Promise<T>): Promise<T> {
    this.asking++;
    try {
      return await run();
    } finally {
      this.asking--;
      this.answered++;
      if (this.isLeaving) void this.end(this.answered);
    }
  }

  private async end(answered: number): Promise<void> {
    const { ctx } = this;
    // The end of an instance forgets what is not stored yet.
    await ctx.storage.sync();
    await wait(ON_ITS_WAY);
    // From here to the end nothing is awaited, so that nothing comes in between.
    if (this.asking > 0 || answered !== this.answered || this.reason() !== null) return;
    ctx.abort(
      'drizzle-offramp: the instance was woken by its id and has ended, so that the next one knows its name. Call it once more.',
    );
  }
}
