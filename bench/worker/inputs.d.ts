declare module 'bench:inputs' {
  import type { DrizzleBundle0, DrizzleBundle1, MigrationRecord } from 'drizzle-offramp';
  import type { SQLSchemaMigration } from 'durable-utils/sql-migrations';

  /** The same migrations in each form. */
  export interface Inputs {
    bundle0: DrizzleBundle0;
    bundle1: DrizzleBundle1;
    record: Record<string, string>;
    converted: MigrationRecord;
    /** The converted module with a baseline at its last migration. */
    based: MigrationRecord;
    inline: () => Record<string, string>;
    durableUtils: SQLSchemaMigration[];
    statements: string[];
  }

  /** By the number of migrations. */
  export const inputs: Record<number, Inputs>;
}
