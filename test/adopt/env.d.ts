declare namespace Cloudflare {
  interface Env {
    OBJECT: DurableObjectNamespace;
  }
}

// Of these packages only some files are here.
declare module 'alchemy/AlchemyFormat' {
  import type { Effect } from 'effect/Effect';
  export function applyAlchemyFormat(options: {
    executor: {
      dialect: 'sqlite';
      query(sql: string): Effect<Record<string, unknown>[]>;
      batch(statements: readonly string[]): Effect<void>;
    };
    table: string;
    records: readonly {
      name: string;
      hash: string;
      createdAtMillis?: number;
      statements: readonly string[];
    }[];
  }): Effect<void, Error>;
}
declare module 'rwsdk/SqliteDurableObject' {
  export class SqliteDurableObject {
    constructor(ctx: DurableObjectState, env: unknown, migrations: object);
    initialize(): Promise<void>;
  }
}
