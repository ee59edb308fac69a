// From what was read before and after to the cells of the matrix; pure.
import type { Migration } from '../input/migration.ts';
import { fold } from '../reader/names.ts';
import { splitStatements } from '../sql/statements.ts';
import type { Changes } from './changes.ts';
import { type FilledTable, type StoredRow, textOf } from './contents.ts';
import { compareRows, compareSame, type Damage, damagedRow } from './damage.ts';
import type { Fate } from './follow.ts';
import { askedBy, fallenCounters, type Hanging, lostOf } from './hanging.ts';
import type { After, Before } from './look.ts';
import type { Cost } from './meter.ts';
import type { RehearseOptions } from './options.ts';
import { type Cell, type Check, damageText, listed, messageOf, nameOf } from './report.ts';
import type { Risk } from './risks.ts';
import type { FullStart } from './starts.ts';
import { differences, type Structure } from './structure.ts';
import type { Trace } from './trace.ts';
import { volatileIn } from './volatile.ts';

/** The cells of one start. */
export type Cells = Record<Check, Cell>;

/** All is well. */
export const OK: Cell = { status: 'ok' };
/** There was nothing to look at. */
export const NOTHING: Cell = { status: 'nothing' };

/**
 * A check that failed.
 *
 * @param found what was found
 * @param fix what to do about it
 * @param damages the rows that are gone, that changed, or that came
 */
export const failed = (found: string, fix: string, damages: readonly Damage[] = []): Cell => ({
  status: 'failed',
  found,
  fix,
  rows: damages.map(damagedRow),
});

/** A wake that threw, and the migrations that it was refused for, each with the name under which that is accepted. */
export interface Refusal {
  readonly cell: Cell;
  readonly accepted: readonly string[];
}

/** What to do about a migration that threw on rows; with its name, that it may be listed. */
const fixOfRows = (name?: string): string =>
  'Fix what it names. If only the rows are to blame that were made up here, give rows like yours with `seed`' +
  (name === undefined
    ? '.'
    : `; if no object with such rows can stand there, pass failing: ['${name}'] to the rehearsal.`);

/** The migrations that an error says to have failed: one, or any of those that leave rows without their parent. */
function failedIn(message: string, pending: readonly Migration[]): readonly Migration[] {
  if (message.includes('[FOREIGN_KEY_VIOLATION]')) return pending;
  const key = /\[MIGRATION_FAILED\] (?:Migration|The baseline of) (m\d+) /.exec(message)?.[1];
  return pending.filter((migration) => migration.key === key);
}

/**
 * What a wake that threw comes to: a refusal may be what the team wants.
 *
 * @param error what was thrown
 * @param before the object
 * @param migrations all migrations
 * @param options what may be refused, and what may fail
 * @param pending what the object had to run
 */
export function ofThrown(
  error: unknown,
  { refusals }: Before,
  migrations: readonly Migration[],
  { refused = [], failing = [] }: Pick<RehearseOptions, 'refused' | 'failing'>,
  pending: readonly Migration[],
): Refusal {
  const message = messageOf(error);
  const broken = failedIn(message, pending);
  if (broken.length > 0) {
    const accepted = broken.flatMap(
      ({ key, tag }) => failing.find((name) => name === key || name === tag) ?? [],
    );
    // A new object has no rows that could be to blame.
    const isNew = pending.length === migrations.length;
    if (accepted.length > 0 && !isNew) {
      return { cell: { status: 'failing', found: message }, accepted };
    }
    const [first] = broken;
    const names = broken.length === 1 && first !== undefined && !isNew ? nameOf(first) : undefined;
    return { cell: failed(message, fixOfRows(names)), accepted: [] };
  }
  // An error of a constructor comes out of the object as a copy of another class.
  const refusal = refusals.find((one) => message.includes(one.message));
  // Nobody has the SQL any more, so that there is nothing else to do.
  if (refusal?.code === 'REPLACED_MIGRATION') {
    return { cell: { status: 'refused', found: message }, accepted: [] };
  }
  if (refusal?.code !== 'SKIPPED_MIGRATION' || !('keys' in refusal)) {
    return { cell: failed(message, fixOfRows()), accepted: [] };
  }
  const keys = refusal.keys as readonly string[];
  const skipped = migrations.filter(({ key }) => keys.includes(key));
  const accepted = skipped.flatMap(
    ({ key, tag }) => refused.find((name) => name === key || name === tag) ?? [],
  );
  if (accepted.length === skipped.length) {
    return { cell: { status: 'refused', found: message }, accepted };
  }
  const names = skipped.map((migration) => `'${nameOf(migration)}'`).join(', ');
  const fix =
    `Do what the message says; or, if such objects shall be refused, pass refused: [${names}] to the rehearsal, or ` +
    'skips: false if there are none.';
  return { cell: failed(message, fix), accepted };
}

/**
 * What a baseline makes that the history does not.
 *
 * @param found where they differ
 * @param migrations all migrations
 * @returns undefined if they do not
 */
export function ofBaseline(
  found: readonly string[],
  migrations: readonly Migration[],
): Cell | undefined {
  const last = migrations.findLast(({ baseline }) => baseline !== undefined);
  if (found.length === 0 || last === undefined) return undefined;
  return failed(
    `The baseline of ${nameOf(last)} makes another new object than the history does.\n${found.join('\n')}`,
    `Run \`npx drizzle-offramp convert --baseline ${last.key}\` again.`,
  );
}

/**
 * Whether the object is up to date with the migrations.
 *
 * @param after the object
 * @param thrown what `migrate` throws in it, if it does
 */
export function ofUpToDate({ inspection }: After, thrown?: string): Cell {
  if (inspection.upToDate) return OK;
  if (thrown !== undefined && inspection.refusal === undefined) {
    return failed(
      `The class woke without its migrations. What migrate throws in this object:\n${thrown}`,
      'Let out of the constructor what migrate throws: the class catches it, or does not call migrate. ' +
        fixOfRows(),
    );
  }
  const { refusal, actions } = inspection;
  const counts = new Map<string, number>();
  for (const { action } of actions) counts.set(action, (counts.get(action) ?? 0) + 1);
  const open = [...counts].map(([action, count]) =>
    /^(adopt|apply|apply out of order)$/.test(action) ? `${action} ${count}` : action,
  );
  const says =
    open.join() === 'mark up to date'
      ? 'The object is up to date with other migrations than these, or by other options.'
      : `The class woke, but the object is not up to date: migrate would still ${open.join(', ')}.`;
  return failed(
    refusal === undefined
      ? says
      : `The class woke, but migrate would refuse the object: ${refusal.message}`,
    "Call drizzle-offramp's migrate(ctx, migrations) in the class's constructor, with the migrations that this test " +
      'has; or, where the class calls it elsewhere, pass `migrate: {}` to the rehearsal.',
  );
}

const NOTHING_BEFORE: Hanging = {
  entries: [],
  broken: new Map(),
  counters: new Map(),
  indexes: new Map(),
};

/** What the statements of an object's pending migrations say. */
const statementsOf = ({ pending }: FullStart): string[] =>
  pending.flatMap(({ sql }) => splitStatements(sql ?? ''));

/**
 * Whether the object has the schema that it should have: that of a new object, and all that it had before and that no
 * statement drops.
 *
 * @param start what the new code had to run
 * @param before the object before; undefined if it was a new one
 * @param after the object after
 * @param wanted the schema of a new object; undefined if nobody knows it
 * @param isFirst whether the object tells what the class makes of a new one: it may make tables of its own
 * @param trace what the migrations do by themselves, if that is known
 * @param changes what changes on purpose
 */
export function ofSchema(
  start: FullStart,
  before: Before | undefined,
  after: After,
  wanted: Structure | undefined,
  isFirst: boolean,
  trace: Trace | undefined,
  changes: Changes,
): Cell {
  const { structure, hanging } = after;
  const was = before?.hanging ?? NOTHING_BEFORE;
  const fates = trace?.fates ?? new Map<string, Fate>();
  const asked = askedBy(statementsOf(start));
  const isLost = trace !== undefined || start.pending.length === 0;
  const lost = isLost ? lostOf(was, hanging, fates, asked, changes) : [];
  const broken = [...hanging.broken].flatMap(([thing, says]) =>
    was.broken.has(thing) ? [] : [`${thing} cannot be used any more: ${says}`],
  );
  const other =
    wanted === undefined
      ? []
      : differences(structure, wanted, isFirst ? undefined : 'is not in a new object');
  if (other.length + lost.length + broken.length === 0) return wanted === undefined ? NOTHING : OK;
  const fixes = [
    ...(other.length > 0
      ? [
          'All objects of a class must have one schema. Bring this one up to it with a new migration, or correct the one that ' +
            'leaves it behind if no object has it yet.',
        ]
      : []),
    ...(lost.length + broken.length > 0
      ? [
          'DROP TABLE takes along what hangs on a table, in a rebuild too: create it again in the same migration. What goes on ' +
            'purpose drop by its name, or list it under `changes`.',
        ]
      : []),
  ];
  return failed([...other, ...lost, ...broken].join('\n'), fixes.join(' '));
}

/**
 * Counters that start again.
 *
 * @param start what the new code had to run
 * @param before the object before
 * @param after the object after
 * @param trace what the migrations do by themselves
 * @param changes what changes on purpose
 */
export function risksOfRebuilds(
  start: FullStart,
  before: Before,
  after: After,
  trace: Trace,
  changes: Changes,
): Risk[] {
  const migrationOf = (table: string): string | null => {
    const found = start.pending.find(({ sql }) =>
      splitStatements(sql ?? '').some(
        (statement) => /^drop\s+table\b/i.test(statement) && fold(statement).includes(table),
      ),
    );
    return found === undefined ? null : nameOf(found);
  };
  const fallen = fallenCounters(before.hanging, after.hanging, trace.fates).filter(
    (table) => !changes.has(table),
  );
  return [
    ...fallen.map((table): Risk => {
      const found = `ids of deleted rows of ${table} are given again: after a rebuild AUTOINCREMENT counts from the rows that are left`;
      const query = `SELECT seq FROM sqlite_sequence WHERE name = '${table}' AND seq > (SELECT max(rowid) FROM "${table}")`;
      return { effect: 'reuses ids', migration: migrationOf(table), table, found, query };
    }),
  ];
}

/** Rows that a class puts into its tables, by their folded names. */
export type OwnRows = ReadonlyMap<string, readonly StoredRow[]>;

/** What is known of the rows that an object should have. */
export interface Expected {
  /** What the migrations do by themselves: all of them, and those that `migrate` does not pass over. */
  readonly traces: readonly Trace[];
  /** The rows that the class itself puts into each table of a new object, by its folded name. */
  readonly own: OwnRows;
}

/** What is damaged of one table. */
interface TableDamage {
  readonly table: FilledTable;
  readonly damaged: readonly Damage[];
  readonly rows: number;
  readonly rebuilt: boolean;
}

/** Takes out what changes on purpose. */
function unasked(
  damaged: readonly Damage[],
  names: readonly (string | undefined)[],
  changes: Changes,
): Damage[] {
  if (changes.has(...names)) return [];
  return damaged.flatMap((one) => {
    if (one.before === undefined || one.now === undefined) return [one];
    const now = Object.fromEntries(
      Object.entries(one.now).filter(([column]) => !changes.hasColumn(names, column)),
    );
    return Object.keys(now).length === 0 ? [] : [{ ...one, now }];
  });
}

/** All but the rows that came and that the class puts into a new object just as they are. */
const withoutOwn = (damaged: readonly Damage[], own: readonly StoredRow[] = []): Damage[] => {
  const known = new Set(own.map(textOf));
  return damaged.filter(({ before, now }) => before !== undefined || !known.has(textOf(now ?? {})));
};

function damageBy(
  trace: Trace | undefined,
  start: FullStart,
  before: Before,
  after: After,
  changes: Changes,
  own: Expected['own'],
): TableDamage[] {
  const fates = trace?.fates ?? new Map<string, Fate>();
  const expected = trace?.tables ?? after.tables;
  const mayDiffer = volatileIn([
    ...statementsOf(start),
    ...after.hanging.entries.flatMap(({ type, sql }) => (type === 'trigger' ? [sql] : [])),
  ]);
  const isReplaced = (name: string): boolean => {
    const fate = fates.get(fold(name));
    return fate !== undefined && (fate.rebuilt || fate.name === undefined);
  };
  const find = (tables: readonly FilledTable[], name: string): FilledTable | undefined =>
    tables.find((table) => fold(table.name) === name);
  const seen = new Set<string>();
  const ofBefore = before.tables.flatMap((table): TableDamage[] => {
    const fate = fates.get(fold(table.name));
    if (fate !== undefined && fate.name === undefined) return [];
    const name = fate?.name ?? fold(table.name);
    seen.add(name);
    const traced =
      trace?.rows.get(fold(table.name)) ??
      table.rows.map((row, at) => ({
        ...{ row, id: table.ids[at] ?? '', taken: false },
        ...{ leftOut: new Set<unknown>(), set: new Set<string>(), forgotten: new Set<string>() },
      }));
    const wanted = find(expected, name);
    const { rows, damaged } = compareRows(table, traced, wanted, fate);
    const names = [table.name, name];
    const now = find(after.tables, name);
    const same =
      trace === undefined ||
      wanted === undefined ||
      (now === undefined && !after.inspection.upToDate)
        ? []
        : compareSame(wanted, now, mayDiffer);
    return [
      {
        table,
        rows,
        damaged: unasked([...damaged, ...withoutOwn(same, own.get(name))], names, changes),
        rebuilt: isReplaced(table.name) || table.references.some((one) => isReplaced(one.table)),
      },
    ];
  });
  const ofOthers = (trace === undefined ? [] : expected).flatMap((table): TableDamage[] => {
    const name = fold(table.name);
    const now = find(after.tables, name);
    if (seen.has(name) || now === undefined) return [];
    const same = withoutOwn(compareSame(table, now, mayDiffer), own.get(name));
    return [{ table, rows: 0, damaged: unasked(same, [name], changes), rebuilt: false }];
  });
  return [...ofBefore, ...ofOthers];
}

const countIn = (damages: readonly TableDamage[]): number =>
  damages.reduce((sum, { damaged }) => sum + damaged.length, 0);

function cellOfRows(damages: readonly TableDamage[], fix: string): Cell {
  const bad = damages.filter(({ damaged }) => damaged.length > 0);
  const rows = damages.reduce((sum, one) => sum + one.rows, 0);
  if (bad.length === 0) return rows === 0 ? NOTHING : { status: 'ok', rows };
  return failed(
    bad.map((one) => damageText(one.table.name, one.rows, one.damaged)).join('\n'),
    fix,
    bad.flatMap(({ damaged }) => damaged),
  );
}

/**
 * Both checks about rows: of tables that are rebuilt and those that refer to them, and of all others.
 *
 * @param start what the new code had to run
 * @param before the object before
 * @param after the object after
 * @param expected what is known of its rows
 * @param changes what changes on purpose
 */
export function ofRows(
  start: FullStart,
  before: Before,
  after: After,
  { traces, own }: Expected,
  changes: Changes,
): Pick<Cells, 'rows' | 'rebuilds'> {
  // An object that the class has not brought up to date may be what it was.
  const known = traces.filter(({ tables }) => tables !== undefined);
  const all = [...known, ...(after.inspection.upToDate && known.length > 0 ? [] : [undefined])];
  const [least = []] = all
    .map((trace) => damageBy(trace, start, before, after, changes, own))
    .sort((a, b) => countIn(a) - countIn(b));
  return {
    rows: cellOfRows(
      least.filter(({ rebuilt }) => !rebuilt),
      'No pending migration says that these rows change. Look for a cascade, a trigger or a function, or what the class itself does ' +
        'when it wakes; list what changes on purpose under `changes`.',
    ),
    rebuilds: cellOfRows(
      least.filter(({ rebuilt }) => rebuilt),
      'A rebuild that runs while foreign keys are enforced takes away what refers to the table: have ' +
        "drizzle-offramp's migrate(ctx, migrations) run it, first in the constructor. If its INSERT … SELECT leaves out " +
        'a column or a row, correct that; list what changes on purpose under `changes`.',
    ),
  };
}

/**
 * Rows of a new object that came twice: a row of a migration that is there once more.
 *
 * @param made the tables as the migrations make them
 * @param after the object
 * @param changes what changes on purpose
 */
export function ofNewRows(
  made: readonly FilledTable[],
  after: After,
  changes: Changes,
): { cell: Cell; own: OwnRows } {
  const own = new Map<string, readonly StoredRow[]>();
  const texts: string[] = [];
  const damages: Damage[] = [];
  for (const table of after.tables) {
    const was = made.find(({ name }) => fold(name) === fold(table.name));
    if (was === undefined) continue;
    const came = compareSame(was, table).filter(({ before }) => before === undefined);
    own.set(
      fold(table.name),
      came.flatMap(({ now }) => (now === undefined ? [] : [now])),
    );
    const keys = new Set(table.columns.flatMap(({ key, name }) => (key > 0 ? [name] : [])));
    const told = (row: Damage['now']): string =>
      JSON.stringify(Object.entries(row ?? {}).filter(([name]) => !keys.has(name)));
    const known = new Set(was.rows.map(told));
    const hasMore = table.columns.some(({ key }) => key === 0);
    const twice = unasked(
      came.filter(({ now }) => hasMore && known.has(told(now))),
      [table.name],
      changes,
    );
    if (twice.length === 0) continue;
    damages.push(...twice);
    texts.push(damageText(table.name, was.rows.length, twice));
  }
  const fix =
    'A migration put these rows there, and they came once more: run each migration once, by migrate alone. List what is meant ' +
    'under `changes`.';
  return { cell: texts.length === 0 ? NOTHING : failed(texts.join('\n'), fix, damages), own };
}

/**
 * Whether foreign keys are enforced, and no row has lost what it refers to.
 *
 * @param before the object before
 * @param after the object after
 */
export function ofForeignKeys(before: Before, { violations, enforced }: After): Cell {
  const old = [...before.violations];
  const fresh = violations.filter((violation) => {
    const known = old.indexOf(violation);
    if (known >= 0) old.splice(known, 1);
    return known < 0;
  });
  const found = [
    ...(enforced ? [] : ['They are not enforced in the event after the wake.']),
    ...(fresh.length > 0 ? [`References without their row: ${listed(fresh)}`] : []),
  ];
  if (found.length === 0) return OK;
  const mismatch = fresh.find((violation) => violation.includes('foreign key mismatch'));
  if (mismatch !== undefined) {
    return failed(
      mismatch,
      'Each write to these tables throws. Let the reference name the primary key of the other table, or columns that are UNIQUE ' +
        'together.',
    );
  }
  return failed(
    found.join('\n'),
    "Take any PRAGMA foreign_keys of the class's own out: in a Durable Object it stays off. Let drizzle-offramp's " +
      'migrate(ctx, migrations) disable and enable them.',
  );
}

/** What was seen in a wake with nothing to do. */
export interface SecondWake {
  readonly tables: readonly FilledTable[];
  readonly structure: Structure;
  readonly violations: readonly string[];
  /** Whether foreign keys are enforced in its first event. */
  readonly enforced: boolean;
  readonly ledgers: string;
  /** What `migrate` reads and writes then. */
  readonly cost: Cost;
}

/** How the rows of two wakes differ. */
function changedBetween(first: After, second: SecondWake, changes: Changes): Damage[][] {
  const names = new Set([...first.tables, ...second.tables].map(({ name }) => name));
  return [...names].flatMap((name) => {
    const [was, now] = [first, second].map(({ tables }) => tables.find((one) => one.name === name));
    const damaged = was === undefined ? [] : unasked(compareSame(was, now), [name], changes);
    return damaged.length === 0 ? [] : [damaged];
  });
}

/**
 * Whether a wake with nothing to do does nothing: https://developers.cloudflare.com/durable-objects/platform/pricing/
 *
 * @param first the object after the first wake
 * @param second the object after the second
 * @param count how many migrations there are
 * @param changes what changes on purpose
 * @param isOwn whether a table is the class's own affair, as no migration created it
 */
export function ofSecondWake(
  first: After,
  second: SecondWake,
  count: number,
  changes: Changes,
  isOwn: (table: string) => boolean,
): Cell {
  const { structure, ledgers, cost, enforced, violations } = second;
  const damages = changedBetween(first, second, changes).filter(
    ([one]) => one !== undefined && !isOwn(one.table),
  );
  // Without a migration there is no row that could say that the object is up to date.
  const most = count === 0 ? ROWS_WITHOUT_MIGRATIONS : 1;
  const found = [
    ...(ledgers === first.ledgers ? [] : ['The second wake changed a ledger.']),
    ...differences(structure, first.structure, 'is new', 'after the first wake').map(
      (change) => `After the second wake ${change}.`,
    ),
    ...damages.map(
      (damaged) =>
        `The second wake changed rows. ${damageText(damaged[0]?.table ?? '', rowsIn(first, damaged), damaged)}`,
    ),
    ...(enforced ? [] : ['Foreign keys are not enforced after the second wake.']),
    ...(violations.length > first.violations.length
      ? [`After the second wake there are references without their row: ${listed(violations)}`]
      : []),
    ...(cost.read <= most && cost.written === 0
      ? []
      : [
          `migrate read ${cost.read} rows and wrote ${cost.written}; it needs to read ${most} and write none.`,
        ]),
  ];
  if (found.length === 0) return OK;
  const isMigrate = ledgers !== first.ledgers || cost.read > most || cost.written > 0;
  return failed(
    found.join('\n'),
    isMigrate
      ? 'Call `migrate` once in the constructor, always with the same migrations and options.'
      : 'See what the class does whenever it wakes; list what changes on purpose under `changes`.',
    damages.flat(),
  );
}

const ROWS_WITHOUT_MIGRATIONS = 2;

const rowsIn = ({ tables }: After, [first]: readonly Damage[]): number =>
  tables.find(({ name }) => name === first?.table)?.rows.length ?? 0;
