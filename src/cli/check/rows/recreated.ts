// Triggers and views that are there again after a rebuild, and do not do what they did.
import type { SqlStorageLike } from '../../../base/storage.ts';
import type { Fired } from '../../../reader/catalogue.ts';
import { fold, listOf, normalized, shown } from '../../../reader/names.ts';
import { nodesOf, parse } from '../../../reader/parser.ts';
import type { Migrated, SaidOfRows } from './migrated.ts';

interface Thing {
  readonly name: string;
  readonly table: string;
  readonly sql: string;
}

function thingsOf(database: SqlStorageLike, type: 'trigger' | 'view'): Map<string, Thing> {
  const found = database.exec('SELECT name, tbl_name, sql FROM sqlite_master WHERE type = ?', type);
  return new Map(
    Array.from(found, ({ name, tbl_name, sql }) => [
      fold(String(name)),
      { name: String(name), table: fold(String(tbl_name)), sql: String(sql) },
    ]),
  );
}

const columnsOf = (database: SqlStorageLike, view: string): string[] => {
  try {
    const found = database.exec('SELECT name FROM pragma_table_info(?)', view);
    return Array.from(found, ({ name }) => String(name));
  } catch {
    // It cannot be used, which is told.
    return [];
  }
};

const isCreated = (sql: string, name: string): boolean => {
  const tree = parse(sql);
  const created =
    tree?.type === 'CreateTriggerStmt'
      ? tree.triggerName
      : tree?.type === 'CreateViewStmt'
        ? tree.viewName
        : undefined;
  return created !== undefined && fold(created.objName.text) === name;
};

/**
 * What is there again and not as it was: triggers of tables that are rebuilt, and views that lack columns.
 *
 * @param migrated the migration
 */
export function findRecreated(migrated: Migrated): SaidOfRows[] {
  const { migration, effects } = migrated;
  const created = (name: string): number | undefined => {
    const place = migration.statements.findLastIndex(({ statement }) => isCreated(statement, name));
    return place < 0 ? undefined : place;
  };
  if (!migration.statements.some(({ statement }) => /^create\s+(?:trigger|view)/i.test(statement)))
    return [];
  const [before, after] = migrated.databases();
  const rebuilt = new Set(
    [...effects.tables.values()].flatMap(({ name, replacement }) =>
      replacement === undefined ? [] : [fold(name)],
    ),
  );
  const olds = thingsOf(before, 'trigger');
  const triggers = [...thingsOf(after, 'trigger')].flatMap(([key, now]): SaidOfRows[] => {
    const old = olds.get(key);
    const position = created(key);
    if (old === undefined || position === undefined || !rebuilt.has(now.table)) return [];
    if (normalized(old.sql, false) === normalized(now.sql, false)) return [];
    return [
      {
        code: 'CHANGES_TRIGGER',
        severity: 'warning',
        position,
        message: `${migration.name} rebuilds ${shown(now.table)}, and creates the trigger ${shown(now.name)} in another form than it had.`,
        effect: 'From then on it does something else than before, or at other times.',
        fix: 'If that is not what you want, create it as it was.',
      },
    ];
  });
  const views = thingsOf(before, 'view');
  const lacking = [...thingsOf(after, 'view')].flatMap(([key, { name }]): SaidOfRows[] => {
    const position = created(key);
    if (!views.has(key) || position === undefined) return [];
    const now = new Set(columnsOf(after, name).map(fold));
    const lost =
      now.size === 0 ? [] : columnsOf(before, name).filter((column) => !now.has(fold(column)));
    if (lost.length === 0) return [];
    return [
      {
        code: 'CHANGES_VIEW',
        severity: 'warning',
        position,
        message: `${migration.name} creates the view ${shown(name)} again without ${listOf(lost.map(shown))}.`,
        effect: 'Each query that reads them from it throws ("no such column").',
        fix: 'If that is not what you want, create it with them.',
      },
    ];
  });
  return [...triggers, ...lacking];
}

/** What a trigger does to rows of tables, and whether it can refuse what sets it off. */
function actsOf(migrated: Migrated, { statement }: Fired['trigger']): string[] {
  const acts = statement.commands.flatMap((command): string[] => {
    if (command.type === 'UpdateTriggerCmd') {
      const table = migrated.was(command.tblName.objName.text);
      const columns = command.sets.flatMap(({ colNames }) =>
        colNames.map(({ text }) => shown(text)),
      );
      return table === undefined ? [] : [`sets ${listOf(columns)} of ${shown(table.name)}`];
    }
    if (command.type === 'DeleteTriggerCmd') {
      const table = migrated.was(command.tblName.objName.text);
      return table === undefined ? [] : [`deletes rows of ${shown(table.name)}`];
    }
    const raises = [...nodesOf(command)].some(({ type }) => type === 'RaiseExpr');
    return raises ? ['can refuse it (RAISE)'] : [];
  });
  return [...new Set(acts)];
}

/**
 * Triggers that the migration's own statements set off, as far as they change or refuse rows.
 *
 * @param migrated the migration
 */
export const findFired = (migrated: Migrated): SaidOfRows[] =>
  migrated.effects.fired.flatMap(({ position, trigger, old }): SaidOfRows[] => {
    const acts = old ? actsOf(migrated, trigger) : [];
    if (acts.length === 0) return [];
    return [
      {
        code: 'FIRES_TRIGGER',
        severity: 'data',
        position,
        message: `${migrated.migration.name} sets off the trigger ${shown(trigger.name)} of ${shown(trigger.table)}, which ${listOf(acts)}.`,
        effect:
          'It happens in each object, for each row that the statement writes, as if a user had written it.',
        fix: 'If that is not what you want, drop the trigger before the statement, and create it again after it.',
      },
    ];
  });

/**
 * References that went along with a table that was renamed, while another table has its name now.
 *
 * @param migrated the migration
 */
export function findMovedReferences(migrated: Migrated): SaidOfRows[] {
  const { migration, effects, reader } = migrated;
  return effects.touched.flatMap((table): SaidOfRows[] =>
    table.references.flatMap((reference): SaidOfRows[] => {
      const parent = reader.table(reference.parent);
      const then = parent?.origin;
      if (parent === undefined || then === undefined || then === fold(parent.name)) return [];
      if (reader.table(then) === undefined || table.origin === undefined) return [];
      return [
        {
          code: 'REFERENCE_MOVED',
          severity: 'warning',
          position: migrated.placeOf((sql) => /\brename\b/i.test(sql)),
          message: `After ${migration.name} ${shown(table.name)} refers to ${shown(parent.name)}, as ${shown(then)} is called now, and not to the new ${shown(then)}.`,
          effect: `Rows of ${shown(table.name)} for new rows of ${shown(then)} throw ("FOREIGN KEY constraint failed"), and those of deleted ones stay.`,
          fix: 'Create the new table under another name, copy, drop the old one, and rename the new one.',
        },
      ];
    }),
  );
}
