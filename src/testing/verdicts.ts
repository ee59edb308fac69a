// From what was read before and after to the cells of the matrix; pure.
import type { Migration } from '../input/migration.ts';
import { fold } from '../reader/names.ts';
import { splitStatements } from '../sql/statements.ts';
import type { FilledTable } from './contents.ts';
import { compareRows, type DamagedRow } from './damage.ts';
import { type Fate, fateOf, fatesOf } from './fate.ts';
import type { After, Before } from './look.ts';
import type { Cost } from './meter.ts';
import type { RehearseOptions } from './options.ts';
import { type Cell, type Check, damageText, listed, messageOf, nameOf } from './report.ts';
import type { FullStart } from './starts.ts';
import { differences, type Structure } from './structure.ts';

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
 * @param rows the rows that are gone or changed
 */
export const failed = (found: string, fix: string, rows: readonly DamagedRow[] = []): Cell => ({
  status: 'failed',
  found,
  fix,
  rows,
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
  const key = /\[MIGRATION_FAILED\] Migration (m\d+) /.exec(message)?.[1];
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
 * Whether the object is level with the migrations.
 *
 * @param after the object
 * @param thrown what `migrate` throws in it, if it does
 */
export function ofLevel({ inspection }: After, thrown?: string): Cell {
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
    /^(adopt|apply|heal)$/.test(action) ? `${action} ${count}` : action,
  );
  const says =
    open.join() === 'mark up to date'
      ? 'The class is level with other migrations than these, or by other options.'
      : `The class woke, and drizzle-offramp has not brought it level: it would still ${open.join(', ')}.`;
  return failed(
    refusal === undefined
      ? says
      : `The class woke, and drizzle-offramp would refuse it: ${refusal.message}`,
    "Call drizzle-offramp's migrate(ctx, migrations) in the class's constructor, with the migrations that this test " +
      'has; or, where the class calls it elsewhere, pass `migrate: {}` to the rehearsal.',
  );
}

/**
 * Whether the object has the schema that it should have.
 *
 * @param after the object
 * @param wanted that schema; undefined if nobody knows it
 * @param isNew whether the object was a new one: a class may make tables of its own, but every object must have them
 */
export function ofSchema(
  { structure }: After,
  wanted: Structure | undefined,
  isNew: boolean,
): Cell {
  if (wanted === undefined) return NOTHING;
  const lines = differences(structure, wanted, isNew ? undefined : 'is not in a new object');
  if (lines.length === 0) return OK;
  return failed(
    lines.join('\n'),
    'All objects of a class must have one schema. Bring this one up to it with a new migration, or correct the one that leaves it ' +
      'behind if no object has it yet.',
  );
}

/** What the option `changes` lists may change. */
function allow(fates: ReadonlyMap<string, Fate>, changes: readonly string[]): void {
  for (const change of changes.map(fold)) {
    for (const [name, fate] of fates) {
      const tables = [fold(name), ...(fate.name === undefined ? [] : [fate.name])];
      // A name can hold a dot itself, so the table's is looked for, not the dot.
      const table = tables.find((one) => change === one || change.startsWith(`${one}.`));
      if (table === undefined) continue;
      const column = change.slice(table.length + 1);
      if (column === '') Object.assign(fate, { changed: 'all', losesRows: true });
      else if (fate.changed !== 'all') fate.changed.add(column);
    }
  }
}

function compare(
  tables: readonly FilledTable[],
  after: After,
  fates: ReadonlyMap<string, Fate>,
  fix: string,
): Cell {
  const damaged: DamagedRow[] = [];
  const texts: string[] = [];
  let rows = 0;
  for (const table of tables) {
    const fate = fates.get(table.name);
    if (fate?.name === undefined) continue;
    const now = after.tables.find(({ name }) => fold(name) === fate.name);
    const compared = compareRows(table, now ?? { ...table, rows: [] }, fate);
    rows += compared.rows;
    if (compared.damaged.length === 0) continue;
    damaged.push(...compared.damaged);
    texts.push(damageText(table.name, compared.rows, compared.damaged));
  }
  if (damaged.length > 0) return failed(texts.join('\n'), fix, damaged);
  return rows === 0 ? NOTHING : { status: 'ok', rows };
}

/**
 * Both checks about rows: of tables that are rebuilt and those that refer to them, and of all others.
 *
 * @param start what the new code had to run
 * @param before the object before
 * @param after the object after
 * @param changes the option
 */
export function ofRows(
  { pending }: FullStart,
  before: Before,
  after: After,
  changes: readonly string[],
): Pick<Cells, 'rows' | 'rebuilds'> {
  const statements = pending.flatMap(({ sql }) => splitStatements(sql));
  const fates = fatesOf(before.tables, before.schema, statements);
  allow(fates, changes);
  const isReplaced = (name: string): boolean => {
    const fate = fateOf(fates, name);
    return fate !== undefined && (fate.rebuilt || fate.name === undefined);
  };
  const rebuilds = before.tables.filter(
    ({ name, references }) => isReplaced(name) || references.some(({ table }) => isReplaced(table)),
  );
  return {
    rows: compare(
      before.tables.filter((table) => !rebuilds.includes(table)),
      after,
      fates,
      'No pending migration says that these rows change. Look for a cascade, a trigger, or what the class itself does ' +
        'when it wakes; list what changes on purpose under `changes`.',
    ),
    rebuilds: compare(
      rebuilds,
      after,
      fates,
      'A rebuild that runs while foreign keys are enforced takes away what refers to the table: have ' +
        "drizzle-offramp's migrate(ctx, migrations) run it, first in the constructor. If its INSERT … SELECT leaves out " +
        'a column or a row, correct that; list what changes on purpose under `changes`.',
    ),
  };
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
  return failed(
    found.join('\n'),
    "Take any PRAGMA foreign_keys of the class's own out: in a Durable Object it stays off. Let drizzle-offramp's " +
      'migrate(ctx, migrations) switch it.',
  );
}

/** What was seen in a wake with nothing to do. */
export interface SecondWake {
  readonly structure: Structure;
  readonly ledgers: string;
  /** What `migrate` reads and writes then. */
  readonly cost: Cost;
}

/**
 * Whether a wake with nothing to do does nothing: https://developers.cloudflare.com/durable-objects/platform/pricing/
 *
 * @param first the object after the first wake
 * @param second the object after the second
 */
export function ofSecondWake(first: After, { structure, ledgers, cost }: SecondWake): Cell {
  const found = [
    ...(ledgers === first.ledgers ? [] : ['The second wake changed a ledger.']),
    ...differences(structure, first.structure, 'is new').map(
      (change) => `After the second wake ${change}.`,
    ),
    ...(cost.read <= 1 && cost.written === 0
      ? []
      : [
          `migrate read ${cost.read} rows and wrote ${cost.written}; it needs to read 1 and write none.`,
        ]),
  ];
  if (found.length === 0) return OK;
  return failed(
    found.join('\n'),
    'Call `migrate` once in the constructor, always with the same migrations and options.',
  );
}
