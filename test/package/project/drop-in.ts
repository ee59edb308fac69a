import { DurableObject } from 'cloudflare:workers';
import { migrate } from 'drizzle-offramp/durable-sqlite/migrator';
import { type DrizzleSqliteDODatabase, drizzle } from 'drizzle-orm/durable-sqlite';
import migrations from './drizzle/migrations.js';

export class Inbox extends DurableObject {
  /** As in Drizzle's manual. What `drizzle()` returns has a type that says more. */
  readonly db: DrizzleSqliteDODatabase;

  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    const db = drizzle(ctx.storage, { logger: false });
    this.db = db;
    ctx.blockConcurrencyWhile(async () => {
      await migrate(db, migrations);
      await migrate(this.db, migrations);
    });
  }
}

export class Notes extends Inbox {}

export default { fetch: () => new Response() } satisfies ExportedHandler;
