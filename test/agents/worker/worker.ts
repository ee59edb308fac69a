import { DurableObject } from 'cloudflare:workers';
import { Agent } from 'agents';
import { Agent as Agent02 } from 'agents-0.2';
import { migrate } from 'drizzle-offramp';
import { drizzle } from 'drizzle-orm/durable-sqlite';
import { migrate as drizzleMigrate } from 'drizzle-orm/durable-sqlite/migrator';
import { Server } from 'partyserver';
import { ALL, FAILING, FILL, FIRST, SEEDED } from './histories.ts';
import { type Deploy, places } from './places.ts';
import type { Look, Outcome } from './protocol.ts';

// The base classes print what onStart throws, and wrangler looks up each line of it in a source map of megabytes.
console.error = () => {};

/** What is deployed to an object; nothing if it is not in here. */
const deploys = new Map<string, Deploy>();
const deployOf = (ctx: DurableObjectState): Deploy => deploys.get(ctx.id.name as string) ?? {};

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

    /** Runs SQL in an event of its own. */
    query(...statements: string[]): unknown[] {
      return statements.flatMap((text) => this.ctx.storage.sql.exec(text).toArray());
    }

    evict(): void {
      this.ctx.abort('evicted');
    }
  };

/** The base class of most: it does nothing, and calls nothing. */
class Plain extends DurableObject {
  onStart(): unknown {
    return undefined;
  }

  #started = false;

  override async fetch(): Promise<Response> {
    if (!this.#started) {
      await this.ctx.blockConcurrencyWhile(async () => {
        await this.onStart();
      });
      this.#started = true;
    }
    return this.onRequest();
  }

  onRequest(): Promise<Response> {
    throw new Error('not here');
  }
}

export class TestAgent extends withDeploys(Agent) {}
export class TestAgent02 extends withDeploys(Agent02) {}
export class TestParty extends withDeploys(Server) {}
export class TestPlain extends withDeploys(Plain) {}

interface Stub {
  fetch(request: Request): Promise<Response>;
  call(): Promise<Look>;
  query(...statements: string[]): Promise<Record<string, unknown>[]>;
  evict(): Promise<void>;
}
type Env = Record<string, { getByName(name: string): Stub }>;

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
): Promise<Outcome> {
  const name = `${kind}-${crypto.randomUUID()}`;
  const get = () => env[base]?.getByName(name) as Stub;
  const evict = () =>
    get()
      .evict()
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
  const ended = await Promise.allSettled(Array.from({ length: 31 }, event));
  const looks: Record<string, number> = {};
  for (const [index, end] of ended.entries()) {
    const text =
      end.status === 'rejected'
        ? `error: ${end.reason instanceof Error ? end.reason.message : end.reason}`
        : JSON.stringify(end.value);
    const key = `${index === 0 ? 'first' : 'later'} ${text.split('\n    at ')[0]}`;
    looks[key] = (looks[key] ?? 0) + 1;
  }
  // What is there for the next instance, which does nothing.
  deploys.delete(name);
  await evict();
  const after = await get().query("SELECT name FROM sqlite_master WHERE type = 'table'");
  const has = (table: string) => after.some((row) => row.name === table);
  const kept: unknown[] = [];
  for (const table of ['p', 'c', 'g']) {
    kept.push(has(table) ? (await get().query(`SELECT count(*) AS n FROM ${table}`))[0]?.n : -1);
  }
  return {
    looks,
    kept: kept as number[],
    base: after.map((row) => row.name as string).filter((table) => /^cf_/.test(table)).length,
    applied: has('__migrations')
      ? ((await get().query('SELECT count(*) AS n FROM __migrations'))[0]?.n as number)
      : -1,
  };
}

export default {
  async fetch(incoming: Request, env: Env): Promise<Response> {
    const { searchParams } = new URL(incoming.url);
    const word = (name: string) => searchParams.get(name) ?? '';
    if (word('place') === '') return Response.json(Object.keys(places));
    return Response.json(await run(env, word('base'), word('place'), word('kind'), word('by')));
  },
};
