import { Container } from '@cloudflare/containers';
import { type InspectAnswer, type MigrationsCommand, withMigrations } from 'drizzle-offramp';

const FIRST = { m0000: 'CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (1)' };
const FAILING = { ...FIRST, m0001: 'INSERT INTO nowhere VALUES (1)' };

/** What the next objects are built with. */
let deployed = FIRST;
/** What each constructor found. */
const built: unknown[] = [];

class Box extends Container {
  override defaultPort = 8080;

  constructor(ctx: DurableObjectState<object>, env: Cloudflare.Env) {
    super(ctx, env);
    built.push(this.ctx.storage.sql.exec('SELECT x FROM a').toArray());
  }

  names(): unknown[] {
    return this.ctx.storage.sql
      .exec(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB '_cf_*' AND name NOT GLOB '__mini*' ORDER BY name",
      )
      .toArray()
      .map(({ name }) => name);
  }

  /** `withMigrations` leaves a method of this kind to `wrangler dev`, also where the class is not built. */
  __miniflare_end(): void {
    this.ctx.abort('ended');
  }
}

/** The class as the deploy has it. */
export const TestBox = new Proxy(Box, {
  construct: (target, args, newTarget) =>
    Reflect.construct(withMigrations(target, deployed), args, newTarget),
});

interface Stub {
  fetch(url: string): Promise<Response>;
  names(): Promise<unknown[]>;
  __miniflare_end(): Promise<void>;
  __migrations(command: MigrationsCommand): Promise<unknown>;
}

interface Env {
  BOX: {
    idFromName(name: string): { toString(): string };
    idFromString(id: string): object;
    get(id: object): Stub;
  };
}

/** Looks at what is new, then at what is there, then at what is refused. */
async function run({ BOX }: Env): Promise<unknown> {
  const id = BOX.idFromName('box');
  const byName = () => BOX.get(id);
  const byId = () => BOX.get(BOX.idFromString(id.toString()));
  const look = (stub: Stub) =>
    stub.__migrations({ do: 'inspect', release: true }) as Promise<InspectAnswer>;
  const end = () =>
    byName()
      .__miniflare_end()
      .catch(() => {});
  const unused = await look(BOX.get(BOX.idFromName('never used')));
  const names = await byName().names();
  await end();
  const woken = await look(byId());
  await end();
  deployed = FAILING;
  const refused = await look(byName());
  const preflight = await byName().__migrations({ do: 'preflight', migrations: FIRST });
  const response = await byName().fetch('http://box/');
  await response.text();
  return {
    built,
    names,
    unused: [unused.state, unused.made, unused.instance.stays],
    woken: [woken.state, woken.name, woken.instance.stays],
    refused: [refused.state, refused.refusal?.code, (preflight as { outcome: string }).outcome],
    status: response.status,
  };
}

export default {
  async fetch(_request: Request, env: Env): Promise<Response> {
    return Response.json(await run(env));
  },
};
