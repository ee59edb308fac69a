import { DurableObject, env } from 'cloudflare:workers';
import { migrate, withMigrations } from 'drizzle-offramp';
import { FleetLedger, fleetQueue, fleetRoute } from 'drizzle-offramp/fleet';
import migrations from '../../../drizzle/migrations.js';
import { readMigrations } from '../../../src/input/migrations.ts';
import type { Kind } from '../kinds.ts';
import { Seeded } from './seeded.ts';

export { FleetLedger };

interface Env {
  /** `seed`: objects are made. `old`: code that lacks the last two migrations. `live`: all of them. */
  DEPLOY: 'seed' | 'old' | 'live';
  TOKEN: string;
  INBOX: DurableObjectNamespace<Seeded>;
  ODD: DurableObjectNamespace;
  BARE: DurableObjectNamespace;
}

const { DEPLOY } = env as unknown as Env;

const count = migrations.journal.entries.length - (DEPLOY === 'old' ? 2 : 0);
const deployed = {
  journal: { ...migrations.journal, entries: migrations.journal.entries.slice(0, count) },
  migrations: Object.fromEntries(Object.entries(migrations.migrations).slice(0, count)),
};

class Plain extends DurableObject {
  private readonly builtAs = this.ctx.id.name ?? null;

  /** The name that it had when it was built. */
  ownName(): string | null {
    return this.builtAs;
  }

  /** Ends the instance, as the runtime does after a while. */
  end(): void {
    this.ctx.abort('ended');
  }
}

export const Inbox = DEPLOY === 'seed' ? Seeded : withMigrations(Plain, deployed);

/** A class that did not go through `withMigrations`. */
export class Archive extends DurableObject {
  constructor(ctx: DurableObjectState, env: object) {
    super(ctx, env);
    if (DEPLOY !== 'seed') migrate(ctx, deployed);
  }

  make(): void {
    this.ctx.storage.kv.put('made', 1);
  }
}

/** A class that takes no calls by RPC. */
export class Bare {
  private readonly built: number;

  constructor() {
    this.built = Date.now();
  }

  fetch(): Response {
    return Response.json(this.built);
  }
}

const tries = new Map<string, number>();

/** Objects that do what their name says when they are built. */
export class Odd extends DurableObject {
  constructor(ctx: DurableObjectState, env: object) {
    super(ctx, env);
    const how = ctx.storage.kv.get<string>('how');
    if (DEPLOY === 'seed' || how === undefined) return;
    const id = ctx.id.toString();
    const tried = (tries.get(id) ?? 0) + 1;
    tries.set(id, tried);
    switch (how) {
      case 'throws':
        throw new Error('It is Monday');
      case 'code':
        throw Object.assign(new Error('[OUT_OF_PAPER] No paper'), { code: 'OUT_OF_PAPER' });
      case 'once':
        if (tried < 3) throw new Error('Network connection lost.');
        return;
      case 'overloaded':
        throw new Error('Durable Object is overloaded. Too many requests queued.');
      case 'hangs':
        void ctx.blockConcurrencyWhile(() => scheduler.wait(3_000));
    }
  }

  make(how: string): void {
    this.ctx.storage.kv.put('how', how);
  }
}

interface SeedRequest {
  class: 'INBOX' | 'ARCHIVE' | 'ODD';
  objects: [name: string, kind: Kind][];
}

/** Objects that are made at once. */
const AT_ONCE = 50;

async function seed(request: Request, all: Env): Promise<Response> {
  const { class: name, objects } = await request.json<SeedRequest>();
  const namespace = all[name as 'INBOX'];
  const ids: string[] = [];
  for (let at = 0; at < objects.length; at += AT_ONCE) {
    await Promise.all(
      objects.slice(at, at + AT_ONCE).map(([object, kind]) => {
        const id = namespace.idFromName(object);
        ids.push(id.toString());
        return namespace.get(id).make(kind);
      }),
    );
  }
  return Response.json(ids);
}

export default {
  async fetch(request: Request, all: Env): Promise<Response> {
    const answer = await fleetRoute(request, all, {
      token: all.TOKEN,
      classes: { INBOX: { migrations: deployed }, ARCHIVE: {}, ODD: {}, BARE: {} },
    });
    if (answer) return answer;
    const url = new URL(request.url);
    switch (url.pathname) {
      case '/seed':
        return seed(request, all);
      case '/bare': {
        const id = all.BARE.idFromName('one');
        await all.BARE.get(id).fetch(request);
        return Response.json([id.toString()]);
      }
      case '/bundle':
        return Response.json(migrations);
      case '/live':
        return Response.json({ fingerprint: readMigrations(migrations).fingerprint });
      case '/name': {
        const stub = all.INBOX.getByName(url.searchParams.get('name') ?? '');
        return Response.json(await (stub as unknown as Plain).ownName());
      }
      case '/end': {
        const stub = all.INBOX.getByName(url.searchParams.get('name') ?? '');
        await (stub as unknown as { end(): Promise<void> }).end().catch(() => {});
        return Response.json(null);
      }
      default:
        return new Response('Not found', { status: 404 });
    }
  },
  async queue(batch: MessageBatch, all: Env): Promise<void> {
    if (!(await fleetQueue(batch, all))) throw new Error('It is no page');
  },
};
