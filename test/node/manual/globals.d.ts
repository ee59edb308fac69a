// What a reader of the manual has around a block of code: an object's ctx, migrations, and the call itself.
declare namespace Cloudflare {
  interface Env {
    INBOX: DurableObjectNamespace<
      import('cloudflare:workers').DurableObject & import('drizzle-offramp').WithMigrations
    >;
    MIGRATIONS: AnalyticsEngineDataset;
    FLEET_TOKEN: string;
    VERSION: WorkerVersionMetadata;
  }
}
interface Env extends Cloudflare.Env {}
declare const ctx: DurableObjectState;
declare const env: Env;
declare const migrations: import('drizzle-offramp').DrizzleBundle0;
declare const pluginMigrations: import('drizzle-offramp').MigrationRecord;
declare const migrate: typeof import('drizzle-offramp').migrate;
