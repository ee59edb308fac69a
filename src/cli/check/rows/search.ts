// Searches that go by the numbers of rows: a rebuild may number them anew.
import { fold, shown, unquote } from '../../../reader/names.ts';
import { parse } from '../../../reader/parser.ts';
import type { TableFacts } from './facts.ts';
import type { Migrated, Part, SaidOfRows } from './migrated.ts';

/** The table whose rows an FTS5 table finds, folded, and the column that it finds them by: https://www.sqlite.org/fts5.html#external_content_tables */
function contentOf(sql: string): { table: string; rowid: string } | undefined {
  const statement = parse(sql);
  if (statement?.type !== 'CreateVirtualTableStmt' || !/^fts5$/i.test(statement.moduleName.text)) {
    return undefined;
  }
  const options = new Map(
    (statement.args ?? []).flatMap((argument) => {
      const [, name, value] = /^\s*(\w+)\s*=\s*([\s\S]*?)\s*$/.exec(argument) ?? [];
      const text = value?.replace(/^'([\s\S]*)'$/, '$1') ?? '';
      return name === undefined ? [] : [[fold(name), fold(unquote(text))] as const];
    }),
  );
  const table = options.get('content');
  return table ? { table, rowid: options.get('content_rowid') ?? 'rowid' } : undefined;
}

/**
 * Searches whose rows get other numbers.
 *
 * @param migrated the migration
 * @param part the rows
 * @param after the table that they are in
 */
export function findRenumbered(migrated: Migrated, part: Part, after: TableFacts): SaidOfRows[] {
  const { held, values, before, isRebuild } = part;
  if (!isRebuild) return [];
  const number = after.columns.find(({ isRowid }) => isRowid);
  const old = before.columns.find(({ isRowid }) => isRowid);
  const exact = number && values.get(fold(number.name))?.exact;
  const isKept = old === undefined ? values.has('rowid') : exact === fold(old.name);
  if (isKept) return [];
  return migrated.searches().flatMap(({ name, sql }): SaidOfRows[] => {
    const content = contentOf(sql);
    if (content?.table !== fold(after.name)) return [];
    return [
      {
        code: 'REBUILD_RENUMBERS_ROWS',
        severity: 'warning',
        position: held.position,
        message: `${migrated.migration.name} rebuilds ${shown(after.name)} and does not copy its rowid, by which ${shown(name)} finds its rows.`,
        effect: `SQLite numbers the rows anew, so that ${shown(name)} finds others than it should wherever a number was free.`,
        fix: `Copy the rowid too (INSERT INTO … (rowid, …) SELECT rowid, …), or add after the rebuild: INSERT INTO ${shown(name)}(${shown(name)}) VALUES ('rebuild').`,
      },
    ];
  });
}
