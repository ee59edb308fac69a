import { DurableObject } from 'cloudflare:workers';
import migrations from '../../../drizzle/migrations.js';
import { rehearseOn } from '../../../src/testing/rehearse.ts';
import type { Stage } from '../../../src/testing/stage.ts';

/**
 * An object that is rehearsed on from inside. In a test `drizzle-offramp/testing` evicts it between the wakes; here one
 * instance goes through all of them, and the rehearsal calls `migrate` where a constructor would.
 */
class RehearsalObject extends DurableObject {
  /** The matrix, or what went wrong. */
  async rehearse(): Promise<{ text: string; failed: boolean }> {
    const { ctx } = this;
    const stage: Stage = {
      async enter(act) {
        const result = await act(ctx);
        // What `migrate` holds back until foreign keys are on again is done before the next event.
        await ctx.blockConcurrencyWhile(() => ctx.storage.sync());
        return result;
      },
      evict: () => ctx.storage.sync(),
      replace() {},
    };
    try {
      const { text } = await rehearseOn(stage, migrations, { migrate: {} });
      return { text, failed: false };
    } catch (error) {
      return { text: (error as Error).message, failed: true };
    }
  }
}

export class Inbox extends RehearsalObject {}
export class Archive extends RehearsalObject {}

export default {};
