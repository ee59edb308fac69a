// SQLite cannot change a column in place, so drizzle-kit makes a new table, copies, drops the old one and renames:
// https://www.sqlite.org/lang_altertable.html#otheralter
import { pragmaSwitch, words } from '../../sql/statements.ts';
import { type Copy, nameAt, readCopy } from './copy.ts';
import type { Finding } from './finding.ts';
import { type LocatedMigration, nameOf } from './located.ts';
import { listOf, unquote } from './names.ts';
import type { Column, Observer, Rehearsal } from './rehearsal.ts';

/** A table that is dropped and replaced by another of its name. */
interface Rebuild {
  /** The table, in capitals. */
  readonly table: string;
  /** The new table before it takes the name, in capitals. */
  readonly replacement: string;
  /** The place of the DROP. */
  readonly drop: number;
  /** The place of the copy, or -1 where nothing is copied. */
  readonly copy: number;
}

/** Finds the rebuild whose DROP stands at a place of a migration. */
function rebuildAt({ statements }: LocatedMigration, drop: number): Rebuild | undefined {
  const all = words(statements[drop]?.statement ?? '');
  if (all[0] !== 'DROP' || all[1] !== 'TABLE') return undefined;
  const table = nameAt(all, all[2] === 'IF' ? 4 : 2);
  const rename = statements
    .slice(drop + 1)
    .map(({ statement }) => words(statement))
    .find(
      (later) =>
        later[0] === 'ALTER' &&
        later.at(-3) === 'RENAME' &&
        nameAt(later, later.length - 1) === table,
    );
  if (rename === undefined) return undefined;
  const replacement = nameAt(rename, 2);
  const copy = statements.findIndex(({ statement }, position) => {
    const found = position < drop ? readCopy(statement) : undefined;
    return found?.source === table && found.target === replacement;
  });
  return { table, replacement, drop, copy };
}

/** The tables that a DROP with foreign keys enforced would change, each by its own name. */
interface Reach {
  readonly deleted: readonly string[];
  readonly emptied: readonly string[];
  readonly blocking: readonly string[];
}

function reachOf(table: string, rehearsal: Rehearsal): Reach {
  const deleted = new Set<string>();
  const emptied = new Set<string>();
  const blocking = new Set<string>();
  const visit = (parent: string): void => {
    for (const child of rehearsal.childrenOf(parent)) {
      if (child.onDelete === 'SET NULL' || child.onDelete === 'SET DEFAULT') {
        emptied.add(child.table);
      } else if (child.onDelete !== 'CASCADE') {
        blocking.add(child.table);
      } else if (!deleted.has(child.table)) {
        deleted.add(child.table);
        visit(child.table);
      }
    }
  };
  visit(table);
  return {
    deleted: [...deleted],
    emptied: [...emptied].filter((name) => !deleted.has(name)),
    blocking: [...blocking].filter((name) => !deleted.has(name)),
  };
}

/** Whether drizzle-offramp runs the migration with foreign keys off: the rule is that of `foreign-keys.ts`. */
const isKept = ({ statements }: LocatedMigration): boolean =>
  statements.some(({ statement }) => {
    const found = pragmaSwitch(statement);
    return (
      (found?.name === 'foreign_keys' && !found.on) ||
      (found?.name === 'defer_foreign_keys' && found.on)
    );
  });

function checkChildren(
  migration: LocatedMigration,
  { drop }: Rebuild,
  table: string,
  { deleted, emptied, blocking }: Reach,
): Finding[] {
  if (deleted.length + emptied.length + blocking.length === 0) return [];
  const kept = isKept(migration);
  const losses = [
    ...(deleted.length > 0 ? [`deletes every row of ${listOf(deleted)}`] : []),
    ...(emptied.length > 0 ? [`empties the references in ${listOf(emptied)}`] : []),
  ];
  // A child that forbids it makes the DROP throw before anything else can be lost.
  const does =
    blocking.length > 0
      ? `throws where ${blocking.join(' or ')} has a row that refers to it`
      : `${losses.join(' and ')}, without an error`;
  const children = listOf([...deleted, ...emptied, ...blocking]);
  return [
    {
      code: kept ? 'REBUILD_WITH_CHILDREN' : 'REBUILD_WITH_FOREIGN_KEYS_ON',
      severity: kept ? 'warning' : 'error',
      file: migration.file,
      line: migration.statements[drop]?.line ?? 1,
      message: `${nameOf(migration)} rebuilds ${table}, to which rows of ${children} refer.`,
      effect: kept
        ? `Drizzle's migrator ${does}; drizzle-offramp keeps them all: it runs this with foreign keys off.`
        : `Dropping ${table} ${does}, with Drizzle's migrator and with drizzle-offramp.`,
      wayOut: kept
        ? 'Swap the call of the migrator before you deploy this migration.'
        : 'Begin the migration with PRAGMA foreign_keys=OFF; which drizzle-offramp obeys.',
    },
  ];
}

const same = (column: Column, name: string): boolean => column.name.toUpperCase() === name;

function checkRows(
  migration: LocatedMigration,
  { drop, copy }: Rebuild,
  table: string,
  found: Copy | undefined,
): Finding[] {
  if (found !== undefined && found.filter === undefined) return [];
  return [
    {
      code: found === undefined ? 'REBUILD_WITHOUT_COPY' : 'REBUILD_FILTERS_ROWS',
      severity: 'warning',
      file: migration.file,
      line: migration.statements[found === undefined ? drop : copy]?.line ?? 1,
      message:
        found === undefined
          ? `${nameOf(migration)} replaces ${table} and copies no row of it.`
          : `${nameOf(migration)} rebuilds ${table} and copies only some rows (${found.filter}).`,
      effect:
        found === undefined
          ? `Each object loses all rows of ${table}.`
          : `Each object loses the rows of ${table} that the copy leaves out.`,
      wayOut:
        'If that is not what you want, copy every row: INSERT INTO … SELECT … FROM …, with nothing after it.',
    },
  ];
}

/** The column that a value is, if it is nothing else than one: `c`, `"c"` or `t.c`. */
const plainColumn = (value: readonly string[]): string | undefined =>
  value.length === 1 || (value.length === 3 && value[1] === '.')
    ? unquote(value.at(-1) ?? '').toUpperCase()
    : undefined;

function checkColumns(
  migration: LocatedMigration,
  { copy }: Rebuild,
  table: string,
  { columns, values }: Copy,
  before: readonly Column[],
  after: readonly Column[],
): Finding[] {
  const writable = after.filter(({ generated }) => !generated);
  const filled = columns ?? writable.map(({ name }) => name.toUpperCase());
  const all = values.some((value) => value.at(-1) === '*');
  const used = new Set(values.flat().map((word) => unquote(word).toUpperCase()));
  const name = nameOf(migration);
  const lost = before.filter(
    (column) => !column.generated && !all && !used.has(column.name.toUpperCase()),
  );
  const unfilled = writable.filter(
    ({ name, notNull, fallback, primaryKey }) =>
      notNull && fallback === null && !primaryKey && !filled.includes(name.toUpperCase()),
  );
  const narrowed = writable.filter((column) => {
    const value = values[filled.findIndex((name) => same(column, name))];
    const source = all ? column.name.toUpperCase() : plainColumn(value ?? []);
    return (
      column.notNull &&
      before.some((old) => same(old, source ?? '') && !old.notNull && !old.primaryKey)
    );
  });
  const about = (
    found: readonly Column[],
    finding: (names: string) => Omit<Finding, 'file' | 'line'>,
  ): Finding[] =>
    found.length === 0
      ? []
      : [
          {
            ...finding(listOf(found.map((column) => column.name))),
            file: migration.file,
            line: migration.statements[copy]?.line ?? 1,
          },
        ];
  return [
    ...about(lost, (names) => ({
      code: 'REBUILD_DROPS_COLUMN',
      severity: 'warning',
      message: `${name} rebuilds ${table} and does not copy ${names}.`,
      effect: `Each object loses the values of ${names} in every row, and no later deploy brings them back.`,
      wayOut:
        'Copy the column; or, to be able to go back, stop using it now and drop it in a later migration.',
    })),
    ...about(unfilled, (names) => ({
      code: 'NOT_NULL_WITHOUT_DEFAULT',
      severity: 'error',
      message: `${name} rebuilds ${table} with ${names}, NOT NULL and without a default, and the copy does not fill it.`,
      effect: `Each object with a row in ${table} throws ("NOT NULL constraint failed") at every wake.`,
      wayOut: 'Give it a DEFAULT, or name it in the copy with a value.',
    })),
    ...about(narrowed, (names) => ({
      code: 'REBUILD_NOT_NULL',
      severity: 'warning',
      message: `${name} makes ${names} of ${table} NOT NULL, and copies it as it is.`,
      effect: `Each object with a NULL there throws ("NOT NULL constraint failed") at every wake.`,
      wayOut: `Fill it first (UPDATE ${table} SET … WHERE … IS NULL), or copy coalesce(…, …).`,
    })),
  ];
}

/** Finds rebuilds that lose rows, columns or the rows of other tables. */
export const rebuilds: Observer = {
  before(migration, position, rehearsal): Finding[] {
    const findings: Finding[] = [];
    const here = rebuildAt(migration, position);
    const nameOfTable = (name: string): string =>
      rehearsal.tables().find((table) => table.toUpperCase() === name) ?? name.toLowerCase();
    if (here !== undefined) {
      const table = nameOfTable(here.table);
      findings.push(...checkChildren(migration, here, table, reachOf(table, rehearsal)));
      if (here.copy < 0) findings.push(...checkRows(migration, here, table, undefined));
    }
    const copy = readCopy(migration.statements[position]?.statement ?? '');
    if (copy === undefined) return findings;
    const drop = migration.statements.findIndex(
      (_, i) => rebuildAt(migration, i)?.copy === position,
    );
    const rebuild = rebuildAt(migration, drop);
    if (rebuild === undefined) return findings;
    const table = nameOfTable(copy.source);
    const before = rehearsal.columnsOf(table);
    const after = rehearsal.columnsOf(nameOfTable(copy.target));
    return [
      ...findings,
      ...checkRows(migration, rebuild, table, copy),
      ...checkColumns(migration, rebuild, table, copy, before, after),
    ];
  },
};
