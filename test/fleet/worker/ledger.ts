// A ledger alone: what it takes to give out pages and to write down what became of them, without waking an object.
import { DurableObject } from 'cloudflare:workers';
import { FleetLedger } from 'drizzle-offramp/fleet';
import type { LedgerCall, LedgerCalls } from '../../../src/fleet/messages.ts';
import type { FeedAnswer, FleetCommand, StatusAnswer } from '../../../src/fleet/protocol.ts';
import type { Seen } from '../../../src/fleet/wake.ts';
import type { RowCounts } from '../../../src/object/commands.ts';
import { RowMeter } from '../../../src/object/row-meter.ts';

export class MeteredLedger extends FleetLedger {
  private readonly meter = new RowMeter();

  constructor(ctx: DurableObjectState, env: object) {
    super(ctx, env);
    this.meter.start(ctx.storage.sql);
  }

  /** Rows since the last time that it was asked. */
  rows(): RowCounts {
    const rows = this.meter.end();
    this.meter.start(this.ctx.storage.sql);
    return rows;
  }
}

export class Cheap extends DurableObject {}

interface Env {
  FLEET: DurableObjectNamespace<MeteredLedger>;
  CHEAP: DurableObjectNamespace<Cheap>;
}

/** Consumers at the same time. */
const CONSUMERS = 20;
const PAGE = 50;
const FED = 5_000;

function seenOf(id: string, fingerprint: string, wokeAt: number): Seen {
  const rows = { wake: { read: 115, written: 16 }, answer: { read: 25, written: 0 } };
  return {
    ...{ id, name: null, drizzle: 'none', migrations: 11, fingerprint },
    woke: { adopted: 9, applied: 2, drizzleLedger: 'retired' },
    instance: { wokeAt, rows, stays: null },
    kind: 'through',
    outcome: 'up-to-date',
  };
}

export default {
  async fetch(request: Request, { FLEET, CHEAP }: Env): Promise<Response> {
    const { searchParams } = new URL(request.url);
    const ledger = FLEET.getByName('CHEAP') as unknown as LedgerCalls & Pick<MeteredLedger, 'rows'>;
    const ask = async <T>(command: FleetCommand): Promise<T> => {
      const call: LedgerCall = { class: 'CHEAP', ledger: 'FLEET', queue: 'FLEET_QUEUE', command };
      const answered = await ledger.ask(call);
      if ('error' in answered) throw new Error(answered.error.message);
      return answered.answer as T;
    };
    const pages = Number(searchParams.get('pages'));
    if (searchParams.has('feed')) {
      const ids = Array.from({ length: pages * PAGE }, () => CHEAP.newUniqueId().toString()).sort();
      // It takes long enough for the ledger to be ended meanwhile.
      await ledger.rows();
      const { run } = await ask<StatusAnswer>({ do: 'start', engine: 'queue', pageSize: PAGE });
      for (let at = 0; at < ids.length; at += FED) {
        const objects = ids.slice(at, at + FED).map((id) => ({ id, name: null })) as never;
        const after = ids[at - 1] ?? null;
        const place = { run: run?.run ?? 0, listing: 1, after, complete: at + FED >= ids.length };
        await ask<FeedAnswer>({ do: 'feed', ...place, objects });
      }
      return Response.json({ run: run?.run, rows: await ledger.rows() });
    }
    const run = Number(searchParams.get('run'));
    let next = 1;
    const consume = async (): Promise<void> => {
      while (next <= pages) {
        const page = next++;
        const taken = await ledger.take(run, page);
        if (taken === null) continue;
        const now = Date.now();
        await ledger.report(
          run,
          page,
          taken.objects.map(({ id }) => seenOf(id, 'f'.repeat(64), now)),
        );
      }
    };
    await Promise.all(Array.from({ length: CONSUMERS }, consume));
    const { run: status } = await ask<StatusAnswer>({ do: 'status' });
    return Response.json({
      objects: status?.counts.outcomes['up-to-date'],
      rows: await ledger.rows(),
    });
  },
};
