import { DurableObject } from 'cloudflare:workers';

/** What the next objects do in their constructors: tests set it, and it stands for a deploy. */
export const deploy: { construct?: ((ctx: DurableObjectState) => unknown) | undefined } = {};

export class TestObject extends DurableObject {
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    deploy.construct?.(ctx);
  }

  /** Runs SQL in an event of its own. */
  query(sql: string): Record<string, SqlStorageValue>[] {
    return this.ctx.storage.sql.exec(sql).toArray();
  }
}

export default { fetch: () => new Response('promises') };
