// The schema after each migration of a list, as they make it in an empty database.
import { printOf, writeSchemas } from '../../adopt/schemas.ts';
import { namesOf, structureOf } from '../../adopt/structure.ts';
import type { Migration } from '../../input/migration.ts';
import { splitStatements } from '../../sql/statements.ts';
import { openDatabase } from '../database.ts';
import { CliError } from '../output.ts';

/** The schemas of a list of migrations. */
export interface Structures {
  /** The tables and views that the migrations ever make, in lower case. */
  readonly names: ReadonlySet<string>;
  /** The structure after each of them. */
  readonly points: readonly (readonly string[])[];
}

/**
 * Runs migrations one by one in an empty database, and reads the structure after each.
 *
 * @param migrations the migrations
 * @throws {CliError} if one of them fails there
 */
export function structuresOf(migrations: readonly Migration[]): Structures {
  const names = new Set<string>();
  const { sql, close } = openDatabase(':memory:');
  try {
    // A rebuild says so itself where it must, and there are no rows here to lose.
    sql.exec('PRAGMA foreign_keys = OFF');
    const points = migrations.map((migration) => {
      try {
        for (const statement of splitStatements(migration.sql ?? '')) sql.exec(statement);
      } catch (cause) {
        throw new CliError(
          `${migration.key} cannot be run in an empty database, so that nobody can tell the schema after it: ` +
            (cause as Error).message,
          { cause },
        );
      }
      for (const name of namesOf(sql)) names.add(name);
      // A table that comes later is in no object that stands here.
      return structureOf(sql, names);
    });
    return { names, points };
  } finally {
    close();
  }
}

/**
 * The schemas that a module of these migrations carries.
 *
 * @param migrations the migrations
 * @throws {CliError} if one of them fails in an empty database
 */
export function schemasOf(migrations: readonly Migration[]): string {
  const { names, points } = structuresOf(migrations);
  return writeSchemas(migrations, points.map(printOf), [...names].sort());
}
