import { DurableObject } from 'cloudflare:workers';
import { drizzle as drizzle0 } from 'drizzle-orm/durable-sqlite';
import { migrate as migrate0 } from 'drizzle-orm/durable-sqlite/migrator';
import { drizzle as drizzle1 } from 'drizzle-orm-1/durable-sqlite';
import { migrate as migrate1 } from 'drizzle-orm-1/durable-sqlite/migrator';
import { migrate } from '../../../src/index.ts';
import type { Deploy, Report, Step, Request as TortureRequest } from '../protocol.ts';
import { migrateByStatement } from './by-statement.ts';

interface Env {
  DEPLOY: Deploy;
  OBJECT: DurableObjectNamespace<TortureObject>;
}

export class TortureObject extends DurableObject<Env> {
  private applied = 0;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const { runner, bundle, drizzle } = env.DEPLOY;
    if (runner === 'offramp') {
      this.applied = migrate(ctx, bundle, { drizzle }).applied.length;
    } else if (runner === 'statements') {
      migrateByStatement(ctx, bundle, { drizzle });
    } else if (runner === 'drizzle') {
      ctx.blockConcurrencyWhile(() => migrate0(drizzle0(ctx.storage), bundle as never));
    }
  }

  /** What an event finds. */
  look(): Omit<Report, 'name'> {
    const all = (query: string) => this.ctx.storage.sql.exec(query).toArray();
    return {
      applied: this.applied,
      foreignKeys: Number(all('PRAGMA foreign_keys')[0]?.foreign_keys),
      violations: all('PRAGMA foreign_key_check').length,
    };
  }

  /** Brings a new object into a state that deploys before the torture have left. */
  async prepare(steps: Step[]): Promise<void> {
    const { storage } = this.ctx;
    for (const step of steps) {
      if (step.migrator === 'none') storage.sql.exec(step.sql);
      else if (step.migrator === 'ours') migrate(this.ctx, step.bundle, { drizzle: step.drizzle });
      else if (step.migrator === 'drizzle 1.0')
        migrate1(drizzle1(storage as never), step.bundle as never);
      else await migrate0(drizzle0(storage), step.bundle as never);
      await storage.sync();
    }
  }
}

async function wake(env: Env, name: string, steps: Step[] | undefined): Promise<Report> {
  const stub = env.OBJECT.getByName(name);
  try {
    if (steps !== undefined) await stub.prepare(steps);
    return { name, ...(await stub.look()) };
  } catch (error) {
    return { name, error: String(error) };
  }
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const { names, lanes, steps } = await request.json<TortureRequest>();
    if (new URL(request.url).pathname === '/ids') {
      return Response.json(names.map((name) => env.OBJECT.idFromName(name).toString()));
    }
    const encoder = new TextEncoder();
    const lines = new ReadableStream({
      async start(controller) {
        const tell = (report: Report) =>
          controller.enqueue(encoder.encode(`${JSON.stringify(report)}\n`));
        const queue = names.values();
        const lane = async () => {
          for (const name of queue) tell(await wake(env, name, steps));
        };
        await Promise.all(Array.from({ length: lanes ?? names.length }, lane));
        controller.close();
      },
    });
    return new Response(lines);
  },
};
