// How the schema of an object differs from the nearest one of the history.
import { structureOf } from '../../adopt/structure.ts';
import type { SqlStorageLike } from '../../base/storage.ts';
import type { Migration } from '../../input/migration.ts';
import { structuresOf } from '../convert/schemas.ts';
import { CliError, plural } from '../output.ts';

/** What one list has and another lacks. */
const without = (lines: readonly string[], others: readonly string[]): string[] => {
  const known = new Set(others);
  return lines.filter((line) => !known.has(line));
};

/**
 * Tells how the tables of an object that has no ledger differ from those of the history.
 *
 * @param sql the object's SQL storage
 * @param migrations the migrations
 * @returns lines that name the nearest point of the history and each difference; '' where nobody can tell
 */
export function nearestSchema(sql: SqlStorageLike, migrations: readonly Migration[]): string {
  try {
    const { names, points } = structuresOf(migrations);
    const found = structureOf(sql, names);
    const distances = points.flatMap((point, at) => {
      if (point === undefined) return [];
      const lacks = without(point, found);
      const more = without(found, point);
      return [{ key: migrations[at]?.key, lacks, more, count: lacks.length + more.length }];
    });
    const least = Math.min(...distances.map(({ count }) => count));
    const nearest = distances.filter(({ count }) => count === least);
    const [first] = nearest;
    if (first === undefined || least === 0) return '';
    const lines = [
      ...first.lacks.map((line) => `\n    lacks ${line}`),
      ...first.more.map((line) => `\n    has   ${line}`),
    ];
    const keys = nearest.map(({ key }) => key).join(', ');
    return `\n  The nearest is the schema after ${keys}, with ${plural(least, 'difference')}:${lines.join('')}`;
  } catch (error) {
    if (error instanceof CliError) return `\n  ${error.message}`;
    throw error;
  }
}
