import { type Inputs, inputs } from 'bench:inputs';
import { DurableObject } from 'cloudflare:workers';
import { migrate, migrateAsync, withMigrations } from 'drizzle-offramp';
import type { Ask, FirstWakeTask, Rows } from '../ask.ts';
import { isAsync, type Job, WRAPPED } from '../contenders.ts';
import { PLAYS, type Rebuilder, SCHEMA, type Scene } from '../scenes.ts';
import { prepare } from './calls.ts';
import { counted } from './counted.ts';
import { firstWake, load } from './first-wake.ts';

export interface Env {
  OBJECT: DurableObjectNamespace<Bench>;
}

/** What the next objects do in their constructors; it stands for a deploy. */
let deploy: { job: Job; size: number; count: boolean } | undefined;
/** How many objects have been made, so that a wake which was none is noticed. */
let woken = 0;

class Bench extends DurableObject<Env> {
  #rows: () => Rows = () => ({ read: 0, written: 0 });

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    woken++;
    if (deploy === undefined) return;
    const { job, size, count } = deploy;
    let target = ctx;
    if (count) ({ ctx: target, rows: this.#rows } = counted(ctx));
    const call = prepare(target, job, size);
    if (isAsync(job)) ctx.blockConcurrencyWhile(async () => call());
    else call();
  }

  /** Any event. */
  ping(): void {}

  /** Calls a contender again and again; whatever it returns is awaited, for all alike. */
  async loop(job: Job, size: number, times: number): Promise<void> {
    const call = prepare(this.ctx, job, size);
    for (let i = 0; i < times; i++) await call();
  }

  /** The rows that the constructor cost. */
  rows(): Rows {
    return this.#rows();
  }

  /** Makes the tables of a scene, and its rows. */
  async fill(scene: Scene): Promise<void> {
    await migrateAsync(this.ctx, { m0000: SCHEMA });
    const { storage } = this.ctx;
    await storage.sync();
    storage.sql.exec('PRAGMA foreign_keys = OFF');
    storage.sql.exec(PLAYS[scene].fill);
  }

  /** Runs a scene, and tells the rows that it cost. */
  rebuild(scene: Scene, by: Rebuilder): Rows {
    const { ctx, rows } = counted(this.ctx);
    const { statements } = PLAYS[scene];
    if (by === 'drizzle-offramp') {
      migrate(ctx, { m0000: SCHEMA, m0001: statements.join(';') });
    } else {
      ctx.storage.sql.exec('PRAGMA foreign_keys=OFF');
      ctx.storage.transactionSync(() => {
        for (const statement of statements) ctx.storage.sql.exec(statement);
      });
    }
    return rows();
  }

  /** How many tables and indexes the migrations made. */
  made(): number {
    const query = "SELECT count(*) AS n FROM sqlite_master WHERE tbl_name GLOB 't[0-9]*'";
    return this.ctx.storage.sql.exec<{ n: number }>(query).one().n;
  }

  /** The first call of a fresh copy of the package. */
  firstWake(copy: number, task: FirstWakeTask): void {
    firstWake(this.ctx, copy, task);
  }

  evict(): void {
    this.ctx.abort('evicted');
  }
}

const wrapped = new Map<number, typeof Bench>();

/** The class behind `withMigrations`, for each number of migrations. */
function wrappedOf(size: number): typeof Bench {
  const Class =
    wrapped.get(size) ??
    (withMigrations(class extends Bench {}, (inputs[size] as Inputs).record) as typeof Bench);
  wrapped.set(size, Class);
  return Class;
}

export const BenchObject = new Proxy(Bench, {
  construct(target, args) {
    const Class = deploy?.job === WRAPPED ? wrappedOf(deploy.size) : target;
    return Reflect.construct(Class, args);
  },
});

async function answer(request: Ask, { OBJECT }: Env): Promise<unknown> {
  switch (request.do) {
    case 'wake': {
      const before = woken;
      deploy = { ...request, count: false };
      for (const object of request.objects) {
        const id = OBJECT.idFromName(object);
        await OBJECT.get(request.byId ? OBJECT.idFromString(id.toString()) : id).ping();
      }
      deploy = undefined;
      if (woken - before !== request.objects.length) throw new Error('an object was awake already');
      return null;
    }
    case 'evict':
      for (const object of request.objects) {
        await OBJECT.getByName(object)
          .evict()
          .catch((error: Error) => {
            if (error.message !== 'evicted') throw error;
          });
      }
      return null;
    case 'loop':
      await OBJECT.getByName(request.object).loop(request.job, request.size, request.times);
      return null;
    case 'rows': {
      deploy = { ...request, count: true };
      const rows = await OBJECT.getByName(request.object).rows();
      deploy = undefined;
      return rows;
    }
    case 'made':
      return OBJECT.getByName(request.object).made();
    case 'fill':
      await OBJECT.getByName(request.object).fill(request.scene);
      return null;
    case 'rebuild':
      return OBJECT.getByName(request.object).rebuild(request.scene, request.by);
    case 'load':
      await load(request.copy);
      return null;
    case 'firstWake':
      await OBJECT.getByName(request.object).firstWake(request.copy, request.task);
      return null;
  }
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    try {
      return Response.json(await answer(await request.json(), env));
    } catch (error) {
      return new Response(String((error as Error).stack), { status: 500 });
    }
  },
};
