declare namespace Cloudflare {
  interface Env {
    DB: D1Database;
    OBJECT: DurableObjectNamespace<import('./worker.ts').TestObject>;
    DEPLOYED: DurableObjectNamespace;
    PLAIN: DurableObjectNamespace<import('./worker.ts').PlainObject>;
    PLAIN_DEPLOYED: DurableObjectNamespace<import('./worker.ts').PlainDeployed>;
  }
}

declare module '*/migrations.js' {
  // biome-ignore lint/suspicious/noExplicitAny: drizzle-kit writes JavaScript without types.
  const bundle: any;
  export default bundle;
}

declare module '*.sql' {
  const sql: string;
  export default sql;
}
