import { isPageMessage, ledgerOf, type PageMessage } from './messages.ts';
import { type FleetNamespace, wakePage } from './wake.ts';

/** The part of a batch that is used here. */
export interface BatchLike {
  readonly messages: readonly {
    readonly body: unknown;
    ack(): void;
    retry(options?: { delaySeconds?: number }): void;
  }[];
}

/** Seconds before a message comes again whose page could not be reported. */
const RETRY = 10;

async function work(message: PageMessage, env: object): Promise<void> {
  const { ledger: binding, class: name, run, page } = message;
  const namespace = (env as Record<string, FleetNamespace | undefined>)[name];
  // A stub is of no use any more once a call has failed.
  const ledger = () => ledgerOf(env, binding, name);
  const taken = await ledger()?.take(run, page);
  if (!taken) return;
  if (namespace === undefined) throw new Error(`env has no binding ${name}`);
  const seen = await wakePage(namespace, taken.objects, taken.task, taken.atOnce);
  await ledger()?.report(run, page, seen);
}

/**
 * Works through the pages of a batch, if it is one of a fleet's. Call it in your Worker's `queue`:
 *
 * ```ts
 * async queue(batch: MessageBatch, env: Env): Promise<void> {
 *   if (await fleetQueue(batch, env)) return;
 *   …
 * }
 * ```
 *
 * @param batch what the queue brings
 * @param env the Worker's `env`
 * @returns whether its messages were pages of a fleet; if not, nothing was done
 */
export async function fleetQueue(batch: BatchLike, env: object): Promise<boolean> {
  if (!batch.messages.every(({ body }) => isPageMessage(body))) return false;
  await Promise.all(
    batch.messages.map(async (message) => {
      try {
        await work(message.body as PageMessage, env);
        message.ack();
      } catch (error) {
        console.error('drizzle-offramp: a page comes again', error);
        message.retry({ delaySeconds: RETRY });
      }
    }),
  );
  return true;
}
