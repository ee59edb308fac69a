import { DurableObject } from 'cloudflare:workers';
import { AdoptionError, type MigrateResult, MigrationError, migrate } from 'drizzle-offramp';
import migrations from './drizzle/migrations.js';

export class Inbox extends DurableObject {
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    try {
      const result: MigrateResult = migrate(ctx, migrations, { skipped: 'error' });
      if (!result.upToDate) console.log(result.applied.map(({ key }) => key).join());
    } catch (error) {
      if (error instanceof MigrationError) console.error(error.key, error.statement);
      if (error instanceof AdoptionError) console.error(error.code, error.keys.join());
      throw error;
    }
  }
}

export class Notes extends DurableObject {
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    migrate(ctx.storage, {
      m0000: 'CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL)',
    });
    // The types are there, and are not `any`.
    // @ts-expect-error
    migrate(ctx.storage, { m0000: 1 });
    // @ts-expect-error
    migrate(env, migrations);
  }
}

export default { fetch: () => new Response() } satisfies ExportedHandler;
