// What a migration takes away from the rows and the schema of an object, as the reader tells it from the statements.

import { quote } from '../../base/storage.ts';
import type { Copy, Gone } from '../../reader/catalogue.ts';
import type { Held, Loss } from '../../reader/model.ts';
import { fold, listOf } from '../../reader/names.ts';
import { parse } from '../../reader/parser.ts';
import type { Reach, TableThen } from '../../reader/reach.ts';
import type { Effects, Reader, TableEffect } from '../../reader/reader.ts';
import { LOOKED_UP } from '../../reader/select.ts';
import type { Finding, Severity } from './finding.ts';
import { disablesForeignKeys, type LocatedMigration } from './located.ts';
import { forbidsAsMuch, forbidsMore, servesAs } from './rows/facts.ts';
import type { Migrated, SaidOfRows } from './rows/migrated.ts';

/** What a finding says, and of which statement. */
interface Said extends Omit<Finding, 'file' | 'line'> {
  readonly position: number;
}

const names = (tables: readonly TableThen[]): string => listOf(tables.map(({ name }) => name));

/** What a migration's own statements do to rows, whether foreign keys are enforced or not. */
const certain = (losses: readonly Loss[]): Loss[] => losses.filter(({ enforced }) => !enforced);

const isWholeLoss = ({ all, cause }: Loss): boolean => all || cause === LOOKED_UP;

/** All that is known when the findings of one migration are made. */
class Findings {
  readonly #name: string;
  readonly #disabled: boolean;
  readonly #statements: readonly string[];

  constructor(
    migration: LocatedMigration,
    private readonly effects: Effects,
    private readonly reader: Reader,
    private readonly rows: readonly SaidOfRows[],
    private readonly migrated: Migrated,
    private readonly broken: ReadonlySet<string>,
  ) {
    this.#name = migration.name;
    this.#statements = migration.statements.map(({ statement }) => statement);
    this.#disabled = disablesForeignKeys(migration);
  }

  all(): Said[] {
    return [
      ...this.effects.reaches.flatMap((reach) => this.#ofReach(reach)),
      ...[...this.effects.tables.values()].flatMap((table) => this.#ofTable(table)),
      ...this.effects.copies.flatMap((copy) => this.#ofCopy(copy)),
      ...this.effects.gone.flatMap((gone) => this.#ofGone(gone)),
      ...this.effects.unread.map((position) => this.#ofUnread(position)),
      ...this.#ofCounters(),
    ];
  }

  /** SQLite takes it, and the parser does not: better said than passed over. */
  #ofUnread(position: number): Said {
    return {
      code: 'NOT_UNDERSTOOD',
      severity: 'warning',
      position,
      message: `${this.#name} has a statement that is not understood here, although SQLite takes it.`,
      effect: 'Nobody has looked at what it takes away from objects.',
      fix: 'Look at it yourself, and tell drizzle-offramp of it, so that it is understood.',
    };
  }

  /** Whether a table of that name is there afterwards that is not the one of before. */
  #isRebuilt(table: TableEffect | undefined): boolean {
    return table?.replacement !== undefined;
  }

  #losesAll({ holders }: TableEffect): boolean {
    return holders.every(({ held }) => certain(held.losses).some(isWholeLoss));
  }

  #keepsRows({ holders }: TableEffect): boolean {
    return holders.some(({ held }) => certain(held.losses).length === 0);
  }

  /** Children that had rows before, and that the migration does not throw away itself. */
  #remaining(children: readonly TableThen[]): TableThen[] {
    return children.filter(({ origin }) => {
      const effect = this.effects.tables.get(origin ?? '');
      return origin !== undefined && (effect === undefined || !this.#losesAll(effect));
    });
  }

  /** Children that refer, at the end, to a table that is not there any more. */
  #orphaned(children: readonly TableThen[], parent: string): TableThen[] {
    if (this.reader.table(parent) !== undefined) return [];
    return children.filter(({ origin, name }) => {
      const now =
        this.effects.tables.get(origin ?? '')?.holders[0]?.table ?? this.reader.table(name);
      return now?.references.some((reference) => reference.parent === fold(parent)) ?? false;
    });
  }

  #ofReach(reach: Reach): Said[] {
    const { position, cause, table } = reach;
    if (table.origin === undefined) return [];
    const [deleted, emptied, blocking] = [reach.deleted, reach.emptied, reach.blocking].map(
      (children) => this.#remaining(children),
    ) as [TableThen[], TableThen[], TableThen[]];
    const losses = [
      ...(deleted.length > 0 ? [`deletes every row of ${names(deleted)} that refers to it`] : []),
      ...(emptied.length > 0 ? [`empties the references in ${names(emptied)}`] : []),
    ];
    const taken = losses.join(' and ');
    if (cause !== 'DROP TABLE') {
      const moved = this.#remaining(reach.moved);
      return this.#changedParent(reach, { deleted, emptied, moved, blocking });
    }
    const children = [...deleted, ...emptied, ...blocking];
    if (children.length === 0) return [];
    // A child that forbids it makes the DROP throw before anything else can be lost.
    const does =
      blocking.length > 0
        ? `throws where ${blocking.map(({ name }) => name).join(' or ')} has a row that refers to it`
        : `${taken}, without an error`;
    const isRebuilt = this.#isRebuilt(this.effects.tables.get(table.origin));
    return [
      isRebuilt
        ? this.#rebuiltParent(position, table, children, does)
        : this.#droppedParent(position, table.name, children, does),
    ];
  }

  /** What becomes of rows that refer to rows which are deleted, replaced or get another key. */
  #changedParent(
    { position, cause, table }: Reach,
    {
      deleted,
      emptied,
      moved,
      blocking,
    }: Pick<Reach, 'deleted' | 'emptied' | 'moved' | 'blocking'>,
  ): Said[] {
    const taken = [
      ...(deleted.length > 0 ? [`deletes the rows of ${names(deleted)} that refer to them`] : []),
      ...(emptied.length > 0 ? [`empties the references in ${names(emptied)}`] : []),
    ];
    const enforced = [
      ...(taken.length > 0 ? [`SQLite ${taken.join(' and ')}, without an error`] : []),
      ...(blocking.length > 0
        ? [`the statement throws where ${names(blocking)} has a row that refers to one of them`]
        : []),
    ];
    const children = [...new Set([...deleted, ...emptied, ...moved, ...blocking])];
    if (children.length === 0 || (!this.#disabled && enforced.length === 0)) return [];
    const does = { DELETE: 'deletes', REPLACE: 'replaces', UPDATE: 'changes the keys of' }[
      cause as Exclude<Reach['cause'], 'DROP TABLE'>
    ];
    const sentence = enforced.join('; ');
    const effect = this.#disabled
      ? `${sentence === '' ? '' : `With Drizzle's migrator ${sentence}. `}drizzle-offramp runs this with foreign keys ` +
        `disabled, and refuses each object (FOREIGN_KEY_VIOLATION) in which a row of ${names(children)} is left without its parent.`
      : `${sentence[0]?.toUpperCase()}${sentence.slice(1)}.`;
    return [
      {
        code: 'CHANGES_CHILDREN',
        severity: 'warning',
        position,
        message: `${this.#name} ${does} rows of ${table.name}, to which rows of ${names(children)} refer.`,
        effect,
        fix: 'If that is not what you want, change the rows that refer to them first.',
      },
    ];
  }

  /** Whether each row that a child refers to is found in the new table, under the same key. */
  #keepsParents(table: TableThen, children: readonly TableThen[]): boolean {
    const effect = this.effects.tables.get(table.origin ?? '');
    const holder = effect?.holders.find((one) => one.table === effect.replacement);
    if (effect === undefined || holder === undefined) return false;
    if (certain(holder.held.losses).length > 0) return false;
    return children.every((child) => {
      const before = this.effects.tables.get(child.origin ?? '');
      const references = before?.references ?? this.reader.table(child.name)?.references ?? [];
      return references
        .filter(({ parent }) => parent === table.origin)
        .flatMap(({ to }) => (to.length > 0 ? to : effect.key))
        .every((column) => holder.held.values.get(column)?.exact === column);
    });
  }

  #rebuiltParent(
    position: number,
    table: TableThen,
    children: readonly TableThen[],
    does: string,
  ): Said {
    const message = `${this.#name} rebuilds ${table.name}, to which rows of ${names(children)} refer.`;
    if (!this.#disabled) {
      return {
        code: 'REBUILD_WITH_FOREIGN_KEYS_ON',
        severity: 'error',
        position,
        message,
        effect: `Dropping ${table.name} ${does}, with Drizzle's migrator and with drizzle-offramp.`,
        fix: 'Begin the migration with PRAGMA foreign_keys=OFF, which drizzle-offramp obeys.',
      };
    }
    const code = 'REBUILD_WITH_CHILDREN';
    const theirs = `Drizzle's migrator ${does}.`;
    const isBroken = children.some(({ name }) => this.broken.has(fold(name)));
    if (!isBroken && this.#keepsParents(table, children)) {
      return {
        code,
        severity: 'warning',
        position,
        message,
        effect: `${theirs} drizzle-offramp keeps them all: it runs this with foreign keys disabled.`,
        fix: "Replace Drizzle's migrator by drizzle-offramp before you deploy this migration, or with it.",
      };
    }
    if (isBroken) {
      return {
        code,
        severity: 'warning',
        position,
        message,
        effect: `${theirs} drizzle-offramp runs this with foreign keys disabled; what refers to ${table.name} refers to nothing afterwards.`,
        fix: 'See REFERENCE_BROKEN.',
      };
    }
    const effect = this.effects.tables.get(table.origin ?? '');
    // Where only some rows are left out it depends on which.
    const isSure = effect === undefined || this.#losesAll(effect) || this.#keepsRows(effect);
    return {
      code,
      severity: isSure ? 'error' : 'warning',
      position,
      message,
      effect:
        `${theirs} drizzle-offramp runs this with foreign keys disabled, and refuses each object (FOREIGN_KEY_VIOLATION) ` +
        'in which a row is left without its parent: the copy does not take all rows, or not their keys.',
      fix: `Copy every row of ${table.name} with its key, or change the rows that refer to it first.`,
    };
  }

  #droppedParent(
    position: number,
    table: string,
    children: readonly TableThen[],
    does: string,
  ): Said {
    const orphaned = this.#orphaned(children, table);
    const message = `${this.#name} drops ${table}, to which rows of ${names(children)} refer.`;
    const fix = `Delete or change the rows that refer to ${table} first, or rebuild their tables without the reference.`;
    if (!this.#disabled) {
      const effect = `Dropping ${table} ${does}, with Drizzle's migrator and with drizzle-offramp.`;
      return { code: 'DROPS_PARENT', severity: 'error', position, message, effect, fix };
    }
    const ours =
      orphaned.length === 0
        ? 'drizzle-offramp keeps them: it runs this with foreign keys disabled.'
        : `drizzle-offramp runs this with foreign keys disabled, and refuses each object (FOREIGN_KEY_VIOLATION) in which ` +
          `${orphaned.map(({ name }) => name).join(' or ')} has a row that refers to it.`;
    const severity: Severity = orphaned.length === 0 ? 'warning' : 'error';
    const effect = `Drizzle's migrator ${does}. ${ours}`;
    return { code: 'DROPS_PARENT', severity, position, message, effect, fix };
  }

  #ofTable(table: TableEffect): Said[] {
    // What only finds the rows of another table can be made again from them.
    if (table.derived) return table.replacement?.filled === false ? this.#ofRows(table) : [];
    const rows = this.#ofRows(table);
    const counter = this.#ofCounter(table);
    if (this.#losesAll(table)) return rows;
    return [...rows, ...this.#ofColumns(table), ...counter];
  }

  #ofRows(table: TableEffect): Said[] {
    const { name, dropped, holders } = table;
    if (this.#keepsRows(table)) return [];
    const losses = holders.map(({ held }) => certain(held.losses));
    const copied =
      'Copy every row: INSERT INTO … SELECT … FROM …, with nothing after it that leaves rows out.';
    if (this.#losesAll(table)) {
      if (dropped === undefined) return this.#deleted(table, losses.flat());
      const isRebuilt = this.#isRebuilt(table);
      const deleted = losses.flat().filter(({ cause, all }) => cause === 'DELETE' && all);
      // The copy is not to blame.
      if (isRebuilt && deleted.length > 0) return this.#deleted(table, deleted);
      return [
        {
          code: isRebuilt ? 'REBUILD_WITHOUT_COPY' : 'DROPS_TABLE',
          severity: 'warning',
          position: dropped,
          message: isRebuilt
            ? `${this.#name} replaces ${name} and copies no row of it.`
            : `${this.#name} drops ${name}.`,
          effect: `Each object loses all rows of ${name}, and no later deploy brings them back.`,
          fix: isRebuilt
            ? `If that is not what you want: ${copied}`
            : 'If you may have to go back, stop using it now and drop it in a later migration.',
        },
      ];
    }
    const best = losses[0] ?? [];
    const left = best.filter(({ cause }) => cause !== 'DELETE');
    if (left.length === 0) return this.#deleted(table, best);
    const causes = listOf([...new Set(left.map(({ cause }) => cause))]);
    // It is told already, with the rows that it is about.
    if (this.rows.some(({ silent }) => silent === holders[0]?.held)) return [];
    const into = this.#isRebuilt(table) ? `rebuilds ${name} and copies` : `copies of ${name}`;
    return [
      {
        code: 'REBUILD_FILTERS_ROWS',
        severity: 'warning',
        position: left[0]?.position ?? 0,
        message: `${this.#name} ${into} only some rows (${causes}).`,
        effect: `Each object loses the rows of ${name} that are left out.`,
        fix: `If that is not what you want: ${copied}`,
      },
    ];
  }

  #deleted({ name }: TableEffect, losses: readonly Loss[]): Said[] {
    const [first] = losses;
    if (first === undefined) return [];
    const all = losses.some((loss) => loss.all);
    const verb = first.cause === 'DELETE' ? 'deletes' : 'replaces';
    return [
      {
        code: 'DELETES_ROWS',
        severity: 'warning',
        position: first.position,
        message: `${this.#name} ${verb} ${all ? 'all rows' : 'rows'} of ${name}.`,
        effect: `Each object loses ${all ? 'them' : 'those'}, and no later deploy brings them back.`,
        fix: 'If you may have to go back, copy them into another table first.',
      },
    ];
  }

  /** Columns whose values are in no table any more. */
  #ofColumns(table: TableEffect): Said[] {
    const { name, columns = [], holders, droppedColumns } = table;
    const isWhole = this.#keepsRows(table);
    const kept = new Set(holders.flatMap(({ held }) => keptBy(held, isWhole)));
    const lost = columns.filter(
      ({ name: column, generated }) => !generated && !kept.has(fold(column)),
    );
    const best = holders[0];
    const dropped = lost.filter((column) => droppedColumns.has(fold(column.name)));
    const left = lost.filter((column) => !dropped.includes(column) && best?.held.copied === true);
    const later = 'To be able to go back, stop using it now and drop it in a later migration.';
    return [
      ...dropped.map((column): Said => {
        return {
          code: 'DROPS_COLUMN',
          severity: 'warning',
          position: droppedColumns.get(fold(column.name)) ?? 0,
          message: `${this.#name} drops the column ${column.name} of ${name}.`,
          effect: `Each object loses its values in every row, and no later deploy brings them back.`,
          fix: later,
        };
      }),
      ...(left.length === 0
        ? []
        : [
            {
              code: 'REBUILD_DROPS_COLUMN',
              severity: 'warning' as const,
              position: best?.held.position ?? 0,
              message: `${this.#name} ${this.#isRebuilt(table) ? 'rebuilds' : 'copies'} ${name} and does not copy ${listOf(left.map((column) => column.name))}.`,
              effect: `Each object loses the values of ${listOf(left.map((column) => column.name))} in every row, and no later deploy brings them back.`,
              fix: `Copy the column. ${later}`,
            },
          ]),
    ];
  }

  /** https://www.sqlite.org/autoinc.html: the counter goes with the old table, and the new one counts from the rows it has. */
  #ofCounter({ name, autoincrement, holders, key }: TableEffect): Said[] {
    const [best] = holders;
    if (!autoincrement || best?.held.copied !== true || this.effects.counted) return [];
    const keeps = best.table.autoincrement;
    const text = `'${name.replaceAll("'", "''")}'`;
    return [
      {
        code: 'REBUILD_RESETS_AUTOINCREMENT',
        severity: 'data',
        position: best.held.position,
        message: keeps
          ? `${this.#name} rebuilds ${name}, and its AUTOINCREMENT counts from the copied rows.`
          : `${this.#name} rebuilds ${name} without its AUTOINCREMENT.`,
        effect: `Where the rows with the highest numbers were deleted, new rows get their numbers again.`,
        fix: keeps
          ? `If anything outside knows those numbers, add after the copy: UPDATE sqlite_sequence SET seq = (SELECT seq FROM sqlite_sequence WHERE name = ${text}) WHERE name = '${this.#targetOf(best.held.position).replaceAll("'", "''")}'.`
          : 'If anything outside knows those numbers, keep it.',
        ...this.migrated.checked(
          `SELECT seq FROM sqlite_sequence WHERE name = ${text} AND seq > (SELECT coalesce(max(${quote(key[0] ?? 'rowid')}), 0) FROM ${quote(name)})`,
        ),
      },
    ];
  }

  /** The counters of AUTOINCREMENT, deleted by hand. */
  #ofCounters(): Said[] {
    return this.#statements.flatMap((statement, position): Said[] => {
      const tree = parse(statement);
      if (tree?.type !== 'DeleteStmt' || fold(tree.tblName.objName.text) !== 'sqlite_sequence')
        return [];
      return [
        {
          code: 'RESETS_AUTOINCREMENT',
          severity: 'warning',
          position,
          message: `${this.#name} deletes from sqlite_sequence, the counters of AUTOINCREMENT.`,
          effect: 'The numbers of rows that were deleted are given to new rows.',
          fix: 'If anything outside knows those numbers, leave the counters as they are.',
        },
      ];
    });
  }

  #targetOf(position: number): string {
    return this.effects.copies.find((copy) => copy.position === position)?.target ?? '…';
  }

  #ofCopy({ position, target, columns, held, skips }: Copy): Said[] {
    const source = this.effects.tables.get(held.origin);
    if (skips || held.losses.some(({ cause }) => cause === LOOKED_UP)) return [];
    const from = source?.name ?? this.reader.table(held.origin)?.name ?? held.origin;
    const isRebuild = source?.holders.some(
      (holder) => holder.held.position === position && holder.table === source.replacement,
    );
    const writable = columns.filter(({ generated, isRowid }) => !generated && !isRowid);
    const unfilled = writable.filter(
      ({ name, notNull, hasDefault }) => notNull && !hasDefault && !held.values.has(fold(name)),
    );
    const list = (found: readonly { readonly name: string }[]): string =>
      listOf(found.map(({ name }) => name));
    const throws = (where: string): string =>
      `Each object ${where} throws ("NOT NULL constraint failed") at every wake.`;
    const into = isRebuild ? `rebuilds ${from}` : `copies ${from} into ${target}`;
    return [
      ...(unfilled.length === 0
        ? []
        : [
            {
              code: 'NOT_NULL_WITHOUT_DEFAULT',
              severity: 'error' as const,
              position,
              message: `${this.#name} ${into}, where ${list(unfilled)} is NOT NULL without a default, and the copy does not fill it.`,
              effect: throws(`with a row in ${from}`),
              fix: 'Give it a DEFAULT, or name it in the copy with a value.',
            },
          ]),
    ];
  }

  #triggerOfView(name: string, view: string, position: number): Said {
    return {
      code: 'DROPS_TRIGGER',
      severity: 'warning',
      position,
      message: `${this.#name} drops the view ${view}, and with it the trigger ${name}.`,
      effect: `From then on nothing of what it does happens when ${view} is written; what wrote through it throws.`,
      fix: 'Create it again in the same migration, after the view.',
    };
  }

  /** An index that is dropped by its name is meant to go, but where it is UNIQUE it does more than find rows. */
  #droppedIndex(name: string, from: string, on: string, position: number): Said[] {
    const old = this.migrated
      .was(from)
      ?.indexes.find((one) => fold(one.index ?? '') === fold(name));
    const keys = this.migrated.is(on)?.keys ?? [];
    if (old?.unique !== true || keys.some((key) => forbidsAsMuch(key, old))) return [];
    return [
      {
        code: 'DROPS_UNIQUE',
        severity: 'warning',
        position,
        message: `${this.#name} drops the index ${name} of ${on}, which was UNIQUE.`,
        effect: 'From then on rows can repeat what it kept apart.',
        fix: 'If that is not what you want, create it again in the same migration.',
      },
    ];
  }

  /** Whether something of another name does the same. */
  #isReplaced(kind: Gone['kind'], name: string, from: string, on: string): boolean {
    if (kind === 'trigger') return this.migrated.hasTriggerLike(name, on);
    // Whoever drops it by its name as well has meant it.
    const isAsked = this.#statements.some((statement) => {
      const tree = parse(statement);
      return tree?.type === 'DropIndexStmt' && fold(tree.idxName.objName.text) === fold(name);
    });
    const old = this.migrated
      .was(from)
      ?.indexes.find((one) => fold(one.index ?? '') === fold(name));
    const table = this.migrated.is(on);
    const now = table?.indexes ?? [];
    if (isAsked || old === undefined) return isAsked;
    const columns = new Set(table?.columns.map((column) => fold(column.name)));
    // It cannot be created again on a column that is gone.
    const isGone = old.parts.some(({ column }) => column !== undefined && !columns.has(column));
    return now.some((index) => servesAs(index, old) || (isGone && forbidsMore(index, old)));
  }

  #ofGone({ kind, name, table, position, asked }: Gone): Said[] {
    if (kind === 'view') {
      return [
        {
          code: 'DROPS_VIEW',
          severity: 'warning',
          position,
          message: `${this.#name} drops the view ${name}.`,
          effect: 'Each query that reads it throws.',
          fix: 'If it was only dropped for a rebuild, create it again in the same migration.',
        },
      ];
    }
    // With its table gone for good, nothing is left that it could be missed on.
    const on =
      this.effects.tables.get(table.origin ?? '')?.holders[0]?.table ??
      this.reader.table(table.name);
    const view = kind === 'trigger' && this.reader.view(table.name) !== undefined;
    if (view) return [this.#triggerOfView(name, table.name, position)];
    if (on === undefined) return [];
    if (kind === 'index' && asked) return this.#droppedIndex(name, table.name, on.name, position);
    if (this.#isReplaced(kind, name, table.origin ?? table.name, on.name)) return [];
    const does = asked ? 'drops' : `rebuilds ${on.name}, and the old table takes along`;
    return [
      {
        code: kind === 'trigger' ? 'DROPS_TRIGGER' : 'REBUILD_DROPS_INDEX',
        severity: 'warning',
        position,
        message: `${this.#name} ${does} the ${kind} ${name}${asked ? ` of ${on.name}` : ''}.`,
        effect:
          kind === 'trigger'
            ? `From then on nothing of what it does happens when ${on.name} is written.`
            : 'Queries that it made fast are slow, and where it is UNIQUE rows can repeat.',
        fix: 'Create it again in the same migration, after the rebuild.',
      },
    ];
  }
}

/** The columns of which rows hold all values, in whatever form. */
const keptBy = ({ values, losses }: Held, isWhole: boolean): string[] =>
  [...values.values()].flatMap(({ exact, keeps, sources, updated }) => {
    const own = keeps ?? (exact !== undefined ? [exact] : updated === undefined ? sources : []);
    return [...own].filter((column) =>
      certain(losses).every(
        ({ cause, by }) =>
          !isWhole ||
          cause !== 'WHERE' ||
          by === undefined ||
          [...by.names].every((name) => name === column),
      ),
    );
  });

/**
 * What a migration takes away.
 *
 * @param migration the migration
 * @param effects what the reader says that it does
 * @param reader the schema after it
 * @param rows what depends on the rows of an object
 * @param migrated the schemas around it
 * @param broken tables that refer, after it, to what is not there or is no key, folded
 */
export const checkEffects = (
  migration: LocatedMigration,
  effects: Effects,
  reader: Reader,
  rows: readonly SaidOfRows[],
  migrated: Migrated,
  broken: ReadonlySet<string>,
): Finding[] =>
  [...new Findings(migration, effects, reader, rows, migrated, broken).all(), ...rows].map(
    ({ position, code, severity, message, effect, fix, query }) => ({
      code,
      severity,
      file: migration.file,
      line: migration.statements[position]?.line ?? 1,
      message,
      effect,
      fix,
      ...(query !== undefined && { query }),
    }),
  );
