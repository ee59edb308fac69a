// A migration that is a function, run in the database in memory as it runs in an object.
import type { SqlStorageLike } from '../../base/storage.ts';
import type { Migration } from '../../input/migration.ts';
import { DEFAULT_OPTIONS } from '../../options.ts';
import { runFunction } from '../../run/function.ts';
import type { Finding } from './finding.ts';
import type { LocatedMigration } from './located.ts';
import { judgeStatement } from './statements.ts';

const { table, drizzleTable } = DEFAULT_OPTIONS;

/** What changes the schema; the rest changes rows, and no row of any object is here. */
const DEFINES = /^(?:create|alter|drop)\b/i;

/**
 * Runs the function of a migration.
 *
 * @param sql the database
 * @param migration the migration
 * @returns the statements by which it changed the schema
 * @throws what the function throws, or what it was refused
 */
export function runIn(sql: SqlStorageLike, { name, tag, up }: LocatedMigration): string[] {
  const defined: string[] = [];
  const migration = { key: name, tag } as Migration;
  runFunction(
    sql,
    { migration, up },
    [table, drizzleTable],
    (statement) => {
      const verdict = judgeStatement(statement);
      if (verdict?.severity === 'error') throw new Error(verdict.message);
      if (DEFINES.test(statement)) defined.push(statement);
    },
    (cause) => {
      throw cause;
    },
  );
  return defined;
}

/**
 * A function that throws where there is no row yet.
 *
 * @param migration the migration
 * @param cause what it threw
 */
export const failed = (migration: LocatedMigration, cause: unknown): Finding => ({
  code: 'FUNCTION_FAILED',
  severity: 'error',
  file: migration.file,
  line: migration.firstLine,
  message: `The function ${migration.name} throws: ${(cause instanceof Error ? cause.message : String(cause)).replace(/\.$/, '')}.`,
  effect:
    `A new object that runs the history throws here, in ${migration.name}, at every wake. Nothing after it was ` +
    'rehearsed.',
  fix: 'Let the function do its work where its tables are empty, too; it is run in Node here, and in the Worker there.',
});
