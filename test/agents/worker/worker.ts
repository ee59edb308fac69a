import { Agent, getAgentByName } from 'agents';
import { Agent as Agent02 } from 'agents-0.2';
import {
  type InspectAnswer,
  type MigrationsCommand,
  migrate,
  type ObjectClass,
  type PreflightAnswer,
  withMigrations,
} from 'drizzle-offramp';
import { drizzle } from 'drizzle-orm/durable-sqlite';
import { migrate as drizzleMigrate } from 'drizzle-orm/durable-sqlite/migrator';
import { getServerByName, Server } from 'partyserver';
import { ALL, FAILING, FILL, FIRST, SEEDED } from './histories.ts';
import { type Deploy, places } from './places.ts';
import type { Guarded, Look, Outcome } from './protocol.ts';

// The base classes print what onStart throws, and wrangler looks up each line of it in a source map of megabytes.
console.error = () => {};

const BINDINGS: Record<string, string> = {
  'agents 0.32': 'AGENT',
  'agents 0.2.35': 'AGENT_0_2',
  partyserver: 'PARTY',
};

/** What is deployed to an object; nothing if it is not in here. */
const deploys = new Map<string, Deploy>();
const deployOf = ({ id }: DurableObjectState): Deploy =>
  deploys.get(id.name ?? '') ?? deploys.get(id.toString()) ?? {};

/** What an event finds as its first act: enforcement, and the rows. */
function look({ storage: { sql } }: DurableObjectState): Look {
  const [row] = sql.exec('PRAGMA foreign_keys').toArray();
  const count = (table: string): number => {
    try {
      return sql.exec(`SELECT count(*) AS n FROM ${table}`).one().n as number;
    } catch {
      return -1;
    }
  };
  const rows = [count('p'), count('c'), count('g')];
  let orphan: string;
  try {
    sql.exec('INSERT INTO c (id, p) VALUES (-1, -1)').toArray();
    orphan = 'taken';
    sql.exec('DELETE FROM c WHERE id = -1').toArray();
  } catch (error) {
    orphan = (error as Error).message.includes('FOREIGN KEY')
      ? 'refused'
      : (error as Error).message;
  }
  return { enforced: row?.foreign_keys === 1, orphan, rows };
}

/** The classes under test: a base class, and what a deploy does in it. */
// biome-ignore lint/suspicious/noExplicitAny: the three base classes have nothing else in common.
const withDeploys = (Base: new (ctx: DurableObjectState, env: any) => any) =>
  class extends Base {
    constructor(ctx: DurableObjectState, env: Env) {
      deployOf(ctx).before?.(ctx);
      super(ctx, env);
      deployOf(ctx).after?.(ctx);
    }

    onStart(): unknown {
      return deployOf(this.ctx).start?.(this.ctx);
    }

    async onRequest(): Promise<Response> {
      const { method } = deployOf(this.ctx);
      if (method) await method(this.ctx);
      return Response.json(look(this.ctx));
    }

    async call(): Promise<Look> {
      const { method } = deployOf(this.ctx);
      const pending = method?.(this.ctx);
      // A method that migrates without await goes on in the same turn.
      if (pending !== undefined) await pending;
      return look(this.ctx);
    }

    /** The name that this instance has. */
    ownName(): string | null {
      return this.ctx.id.name ?? null;
    }

    /** Runs SQL in an event of its own. */
    query(...statements: string[]): unknown[] {
      return statements.flatMap((text) => this.ctx.storage.sql.exec(text).toArray());
    }

    /** `withMigrations` leaves a method of this kind to `wrangler dev`, also where the class is not built. */
    __miniflare_evict(): void {
      this.ctx.abort('evicted');
    }
  };

/** Builds an object of a class, or of what `withMigrations` made of it, as its deploy says. */
const deployable = <Class extends ObjectClass>(Base: Class): Class =>
  new Proxy(Base, {
    construct(target, args, newTarget) {
      const { around } = deployOf(args[0]);
      return Reflect.construct(around ? withMigrations(target, around) : target, args, newTarget);
    },
  });

export const TestAgent = deployable(class TestAgent extends withDeploys(Agent) {});
export const TestAgent02 = deployable(class TestAgent02 extends withDeploys(Agent02) {});
export const TestParty = deployable(class TestParty extends withDeploys(Server) {});

interface Stub {
  fetch(request: Request): Promise<Response>;
  call(): Promise<Look>;
  query(...statements: string[]): Promise<Record<string, unknown>[]>;
  ownName(): Promise<string | null>;
  __miniflare_evict(): Promise<void>;
  __migrations(command: MigrationsCommand): Promise<unknown>;
}
type Env = Record<
  string,
  {
    getByName(name: string): Stub;
    idFromName(name: string): { toString(): string };
    idFromString(id: string): object;
    get(id: object): Stub;
  }
>;

/** One request as partyserver and Agents route it. */
const request = (name: string) =>
  new Request('http://object/', {
    headers: { 'x-partykit-room': name, 'x-partykit-namespace': 'test' },
  });

async function run(
  env: Env,
  base: string,
  place: string,
  kind: string,
  by: string,
  count: number,
): Promise<Outcome> {
  const name = `${kind}-${crypto.randomUUID()}`;
  const get = () => env[BINDINGS[base] ?? '']?.getByName(name) as Stub;
  const evict = () =>
    get()
      .__miniflare_evict()
      .catch(() => {});
  if (kind.startsWith('old')) {
    const first =
      kind === 'old, of Drizzle'
        ? (ctx: DurableObjectState) =>
            void ctx.blockConcurrencyWhile(() =>
              drizzleMigrate(drizzle(ctx.storage), FIRST as never),
            )
        : (ctx: DurableObjectState) =>
            void ctx.blockConcurrencyWhile(async () => void migrate(ctx, FIRST));
    deploys.set(name, { after: first });
    await (await get().fetch(request(name))).text();
    await get().query(...FILL);
    await evict();
  }
  const deploy = places[place];
  if (!deploy) throw new Error(`no place ${place}`);
  deploys.set(
    name,
    deploy(kind === 'new, with rows' ? SEEDED : kind.endsWith('failing') ? FAILING : ALL),
  );
  const event = async (): Promise<Look> => {
    if (by === 'rpc') return get().call();
    const response = await get().fetch(request(name));
    const text = await response.text();
    if (response.status !== 200) throw new Error(text);
    return JSON.parse(text);
  };
  const seen = (sent: Promise<Look>) =>
    sent.catch((error: Error) => ({
      error: String(error.message).split('\n    at ')[0] as string,
    }));
  const events = await Promise.all(Array.from({ length: count }, () => seen(event())));
  await evict();
  const again = await seen(event());
  // What is there for an instance that does nothing.
  deploys.delete(name);
  await evict();
  const rowsOf = async (table: string): Promise<number> => {
    const [found] = await get().query(`SELECT 1 FROM sqlite_master WHERE name = '${table}'`);
    if (found === undefined) return -1;
    return (await get().query(`SELECT count(*) AS n FROM ${table}`))[0]?.n as number;
  };
  const kept = [await rowsOf('p'), await rowsOf('c'), await rowsOf('g')];
  return { events, again, kept, applied: await rowsOf('__migrations') };
}

/** An object with rows whose next deploy fails in it. */
async function refused(env: Env, base: string): Promise<Guarded> {
  const name = crypto.randomUUID();
  const namespace = env[BINDINGS[base] ?? ''] as Env[string];
  const get = () => namespace.getByName(name);
  const evict = () =>
    get()
      .__miniflare_evict()
      .catch(() => {});
  deploys.set(name, { around: FIRST });
  await (await get().fetch(request(name))).text();
  await get().query(...FILL);
  await evict();
  deploys.set(name, { around: FAILING });
  const byName = (base === 'agents 0.32' ? getAgentByName : getServerByName) as unknown as (
    from: Env[string],
    name: string,
  ) => Promise<Stub>;
  const asked = await byName(namespace, name)
    .then(
      (stub) => stub.call().then(String),
      (error: Error) => error,
    )
    .catch((error: Error) => error);
  const inspected = (await get().__migrations({ do: 'inspect' })) as InspectAnswer;
  const preflight = (await get().__migrations({ do: 'preflight' })) as PreflightAnswer;
  const response = await get().fetch(request(name));
  await response.text();
  const { state, built, refusal, pending } = inspected;
  const repair = { kind: 'mark-applied', migration: 'm0002' } as const;
  const { after } = (await get().__migrations({
    do: 'repair',
    repair,
    by: 'ada',
    reason: 'a test',
  })) as {
    after: InspectAnswer;
  };
  if (after.refusal) throw new Error(after.refusal.message);
  await scheduler.wait(50);
  const found = await get().call();
  return {
    asked: asked instanceof Error ? asked.message : asked,
    inspected: { state, built, code: refusal?.code, pending: pending.length },
    preflight: preflight.outcome,
    status: response.status,
    kept: found.rows,
    built: found,
  };
}

/** A new object that is looked at. */
async function empty(env: Env, base: string): Promise<{ state: string; tables: unknown[] }> {
  const name = crypto.randomUUID();
  const get = () => env[BINDINGS[base] ?? '']?.getByName(name) as Stub;
  deploys.set(name, { around: ALL });
  const { state } = (await get().__migrations({ do: 'inspect' })) as InspectAnswer;
  await scheduler.wait(50);
  // What is there for a class that its base class has not begun to fill.
  deploys.set(name, { around: FAILING, before: () => {} });
  const { ours } = (await get().__migrations({ do: 'inspect' })) as InspectAnswer;
  return { state, tables: ours === 'none' ? [] : [ours] };
}

/** An object that is looked at by its id: why its instance stays, and the name that the next call by name finds. */
async function byId(env: Env, base: string): Promise<{ stays: string | null; found: boolean }> {
  const name = crypto.randomUUID();
  const namespace = env[BINDINGS[base] ?? ''] as Env[string];
  const id = namespace.idFromName(name).toString();
  for (const key of [name, id]) deploys.set(key, { around: ALL });
  await (await namespace.getByName(name).fetch(request(name))).text();
  await namespace
    .getByName(name)
    .__miniflare_evict()
    .catch(() => {});
  const look = namespace.get(namespace.idFromString(id)).__migrations({
    ...{ do: 'inspect', release: true },
  } as MigrationsCommand);
  const { stays } = ((await look) as InspectAnswer).instance;
  await scheduler.wait(200);
  return { stays, found: (await namespace.getByName(name).ownName()) === name };
}

export default {
  async fetch(incoming: Request, env: Env): Promise<Response> {
    const { searchParams } = new URL(incoming.url);
    const word = (name: string) => searchParams.get(name) ?? '';
    if (word('place') === '') return Response.json(Object.keys(places));
    if (word('place') === 'refused') return Response.json(await refused(env, word('base')));
    if (word('place') === 'by id') return Response.json(await byId(env, word('base')));
    if (word('place') === 'empty') return Response.json(await empty(env, word('base')));
    return Response.json(
      await run(env, word('base'), word('place'), word('kind'), word('by'), Number(word('events'))),
    );
  },
};
