// An instance that ends itself: nothing comes between the last thing that it does and its end, so that no event is answered
// by an instance that knows less than what is stored by then.
import { type ObjectContext, wait } from './runtime.ts';

/** How long an answer is given to leave before the instance ends, in milliseconds. */
export const ON_ITS_WAY = 5;

/** What comes of the last thing that an instance does. */
export interface Last<T> {
  readonly answer: T;
  /** Why the instance ends; undefined if it goes on. */
  readonly why: string | undefined;
}

/**
 * Does something while all other events wait, and ends the instance once the answer is on its way. Those that waited are
 * told to come again, and the next one is answered by a new instance.
 *
 * @param ctx the object's state
 * @param run does it; what it wrote must be stored by then, as the end of an instance forgets what is not
 * @throws what `run` throws; the instance goes on then
 */
export function endAfter<T>(ctx: ObjectContext, run: () => Promise<Last<T>>): Promise<T> {
  return new Promise((resolve, reject) => {
    const last = async (): Promise<void> => {
      const { answer, why } = await run();
      resolve(answer);
      if (why === undefined) return;
      await wait(ON_ITS_WAY);
      ctx.abort(`drizzle-offramp: ${why}. Call it once more.`);
    };
    // What is thrown in there would reset the object.
    void ctx.blockConcurrencyWhile(() => last().catch(reject));
  });
}

/**
 * Whether an error says that the instance ended itself before it began with the call.
 *
 * @param error what was thrown
 */
export const hasEnded = (error: unknown): boolean =>
  error instanceof Error && /\bdrizzle-offramp: .*\. Call it once more\.$/.test(error.message);
