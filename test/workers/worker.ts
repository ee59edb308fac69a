import { DurableObject } from 'cloudflare:workers';
import { withMigrations } from '../../src/index.ts';

export { Archive, Inbox } from '../../example/worker.ts';

/** What the next objects do in their constructors: tests set it, and it stands for a deploy. */
export const deploy: { construct?: ((ctx: DurableObjectState) => void) | undefined } = {};

export class TestObject extends DurableObject {
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    deploy.construct?.(ctx);
  }

  /** Runs SQL in an event of its own. */
  query(sql: string): Record<string, SqlStorageValue>[] {
    return this.ctx.storage.sql.exec(sql).toArray();
  }

  /** What SQLite says to SQL in an event of its own, or undefined if it takes it. */
  refusal(sql: string): string | undefined {
    try {
      this.ctx.storage.sql.exec(sql);
    } catch (error) {
      return (error as Error).message;
    }
    return undefined;
  }
}

/** The class that the next objects of `DEPLOYED` are of: tests set it, and it stands for a deploy. */
export const deployed: {
  Class?: (new (ctx: DurableObjectState, env: Cloudflare.Env) => object) | undefined;
} = {};

function Deployable(): void {}
// The pool looks for each method on the prototype of what the Worker exports.
Deployable.prototype = new Proxy({}, { has: () => true });

/** Builds an object of {@link deployed}. */
export const DeployedObject = new Proxy(Deployable, {
  construct(_target, args) {
    if (deployed.Class === undefined) throw new Error('nothing is deployed');
    return Reflect.construct(deployed.Class, args);
  },
});

/** A class that was declared with `new_classes`: it has no SQLite storage. */
export class PlainObject extends DurableObject {}

/** The same, behind `withMigrations`. */
export const PlainDeployed = withMigrations(
  class PlainDeployed extends DurableObject {
    hello(): string {
      return 'hello';
    }

    override alarm() {}
  },
  { m0000: 'CREATE TABLE a (x)' },
);
export type PlainDeployed = InstanceType<typeof PlainDeployed>;

export default { fetch: () => new Response('drizzle-offramp tests') };
