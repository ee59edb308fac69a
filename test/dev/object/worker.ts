// biome-ignore-all lint/complexity/noThisInStatic: that is what is tested.
// Objects of classes that went through withMigrations, as the runtime builds them: no test pool is around them.
import { DurableObject, RpcTarget } from 'cloudflare:workers';
import { type MigrationInput, migrationsRoute, withMigrations } from '../../../src/index.ts';

interface Env {
  INBOX: DurableObjectNamespace;
  BROKEN: DurableObjectNamespace;
  BOX: DurableObjectNamespace;
  BARE: DurableObjectNamespace;
  TOKEN: string;
}

class Door extends RpcTarget {
  open(): string {
    return 'open';
  }
}

class Plain extends DurableObject<Env> {
  static readonly #kind = 'plain';
  static kind(): string {
    return this.#kind;
  }

  field = 41;
  #secret = 41;

  get door(): Door {
    return new Door();
  }

  answer(): number {
    return ++this.#secret + this.field - 41;
  }

  sql(query: string): Record<string, SqlStorageValue>[] {
    return this.ctx.storage.sql.exec(query).toArray();
  }

  /** Writes in the middle of an event that goes on. */
  async slowly(milliseconds: number): Promise<string> {
    await scheduler.wait(milliseconds);
    return 'done';
  }

  setAlarm(milliseconds: number): Promise<void> {
    return this.ctx.storage.setAlarm(Date.now() + milliseconds);
  }

  /** How far the alarm is away, in milliseconds. */
  async alarmIn(): Promise<number | null> {
    const alarm = await this.ctx.storage.getAlarm();
    return alarm === null ? null : alarm - Date.now();
  }

  async clear(): Promise<void> {
    await this.ctx.storage.deleteAlarm();
    await this.ctx.storage.deleteAll();
  }

  evict(): void {
    this.ctx.abort('evicted');
  }

  override alarm(): void {
    this.ctx.storage.sql.exec('CREATE TABLE IF NOT EXISTS rang (x)');
  }

  override fetch(request: Request): Response {
    if (request.headers.get('Upgrade') !== 'websocket') return new Response('built');
    const [client, server] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket];
    this.ctx.acceptWebSocket(server);
    return new Response(null, { status: 101, webSocket: client });
  }

  override webSocketMessage(socket: WebSocket, message: string): void {
    socket.send(`heard ${message}`);
  }
}

@withMigrations({ m0000: 'CREATE TABLE a (x)' })
export class Inbox extends Plain {}

export const Broken = withMigrations(class Broken extends Plain {}, {
  m0000: 'CREATE TABLE a (x); SELECT nothing',
});

/** What is deployed to an object, by its name. */
const on = new Map<string, new (ctx: DurableObjectState, env: Env) => object>();

/** Builds an object of whatever class is deployed to it. */
export const Box = new Proxy(class Box extends Plain {}, {
  construct: (_target, [ctx, env]) => Reflect.construct(on.get(ctx.id.name) ?? Plain, [ctx, env]),
});

/** A class without migrations. */
export class Bare extends DurableObject<Env> {}

/** A class that makes something in its constructor, some of it later. */
class Eager extends Plain {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.storage.sql.exec('CREATE TABLE eager (x); INSERT INTO eager VALUES (1)');
    void ctx.blockConcurrencyWhile(async () => {
      await scheduler.wait(20);
      await ctx.storage.put('eager', 1);
      await ctx.storage.setAlarm(Date.now() + 60_000);
    });
  }
}

const CLASSES: Record<string, typeof Plain> = { Plain, Eager };

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const answer = await migrationsRoute(request, env, { token: env.TOKEN });
    if (answer) return answer;
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === '/deploy') {
      const { name, of, migrations } = await request.json<{
        name: string;
        of: string;
        migrations?: MigrationInput;
      }>();
      const Class = class extends (CLASSES[of] as typeof Plain) {};
      on.set(name, migrations ? withMigrations(Class, migrations) : Class);
      return Response.json(null);
    }
    const [, binding = '', name = '', method = ''] = pathname.split('/');
    const namespace = env[binding as 'BOX'];
    if (namespace === undefined) return new Response('Not found', { status: 404 });
    const stub = namespace.getByName(name);
    if (method === 'fetch') return stub.fetch(request);
    const args = JSON.parse(searchParams.get('args') ?? '[]');
    try {
      // biome-ignore lint/suspicious/noExplicitAny: any method of any class.
      const target = stub as any;
      const value =
        method === 'door'
          ? await (args[0] ? target.door.open() : target.door)
          : await target[method](...args);
      return Response.json({ value: value ?? null });
    } catch (error) {
      const {
        name: type,
        message,
        code,
        remote,
        durableObjectReset,
      } = error as Error & Record<string, unknown>;
      return Response.json({ error: { type, message, code, remote, durableObjectReset } });
    }
  },
} satisfies ExportedHandler<Env>;
