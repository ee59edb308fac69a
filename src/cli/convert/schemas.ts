// The schema after each migration of a list, as they make it in an empty database.
import { printOf, readSchemas, writeSchemas } from '../../adopt/schemas.ts';
import { namesOf, structureOf } from '../../adopt/structure.ts';
import type { SqlStorageLike } from '../../base/storage.ts';
import type { Migration } from '../../input/migration.ts';
import { runFunction } from '../../run/function.ts';
import { splitStatements } from '../../sql/statements.ts';
import { openDatabase } from '../database.ts';
import { CliError } from '../output.ts';

/** The schemas of a list of migrations. */
export interface Structures {
  /** The tables and views that the migrations ever make, in lower case. */
  readonly names: ReadonlySet<string>;
  /** The structure after each of them; undefined before a baseline whose earlier SQL was dropped. */
  readonly points: readonly (readonly string[] | undefined)[];
}

/** Runs a migration; the baseline where its own SQL was dropped. */
function run(sql: SqlStorageLike, migration: Migration): boolean {
  const { up, baseline, sql: text } = migration;
  if (up) {
    const fail = (cause: unknown): never => {
      throw cause;
    };
    runFunction(sql, { migration, up }, [], () => {}, fail);
  }
  const own = up ? '' : (text ?? baseline);
  for (const statement of splitStatements(own ?? '')) sql.exec(statement);
  return own !== undefined;
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
        if (!run(sql, migration)) return undefined;
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
 * @param before what the module carries now: it knows the schemas of which the SQL was dropped
 * @throws {CliError} if one of them fails in an empty database
 */
export function schemasOf(migrations: readonly Migration[], before = ''): string {
  const { names, points } = structuresOf(migrations);
  const known = readSchemas(before);
  const prints = points.map((point, at) => {
    const print = point ? printOf(point) : known.prints[at];
    if (print !== undefined) return print;
    throw new CliError(
      `The SQL of ${migrations[at]?.key} was dropped, so that nobody can tell the schema after it.`,
    );
  });
  const isDropped = points.includes(undefined);
  const all = new Set([...(isDropped ? known.names : []), ...names]);
  return writeSchemas(migrations, prints, [...all].sort());
}
