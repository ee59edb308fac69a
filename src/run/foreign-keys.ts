// A table rebuild drops a parent and puts a copy in its place. With foreign keys enforced, dropping the parent first
// deletes its rows, and with them the rows of every child that cascades (https://www.sqlite.org/lang_droptable.html).
// PRAGMA foreign_keys does nothing while a transaction is open (https://www.sqlite.org/pragma.html#pragma_foreign_keys),
// and in a Durable Object one is open from a turn's first write until after the turn. So the switch is thrown before
// the first write, and thrown back once storage.sync() says that all is committed.
import { ForeignKeyError, type ForeignKeyViolation } from '../base/errors.ts';
import {
  firstRow,
  type ResolvedTarget,
  type SqlStorageLike,
  type StorageLike,
} from '../base/storage.ts';
import type { Step } from '../plan/plan.ts';
import { addsNoRows, pragmaSwitch, replacesTable } from '../sql/statements.ts';

/** How many violations a message lists; the rest are counted. */
export const LISTED_VIOLATIONS = 10;

/** How often the switch is thrown back before giving up: somebody else's write may open the next transaction. */
const RESTORE_ATTEMPTS = 100;

/**
 * What the pending migrations ask of foreign keys: `'enforced'` (nothing), `'checked'` (a check before the end, as
 * violations may be deferred to a commit that would reset the object) or `'off'`.
 */
export type ForeignKeyMode = 'enforced' | 'checked' | 'off';

const sets = (statement: string, name: string, on: boolean): boolean => {
  const found = pragmaSwitch(statement);
  return found?.name === name && found.on === on;
};

const defers = ({ statements }: Step): boolean =>
  statements.some((statement) => sets(statement, 'defer_foreign_keys', true));

/** Deferring does not stop a cascade, and dropping a table leaves a debt that no later statement pays back. */
const needsOff = (step: Step): boolean =>
  step.statements.some((statement) => sets(statement, 'foreign_keys', false)) ||
  (defers(step) && step.statements.some(replacesTable));

/**
 * Tells what the pending migrations need.
 *
 * @param steps the migrations to run, in order
 * @param isEmpty asks whether the object has no table of its own yet; called only if the answer depends on it
 */
export function foreignKeyMode(steps: readonly Step[], isEmpty: () => boolean): ForeignKeyMode {
  const last = steps.findLastIndex(needsOff);
  if (last >= 0) {
    // Where no row can be, none can be lost.
    const rowless = steps
      .slice(0, last + 1)
      .every(({ statements }) => statements.every(addsNoRows));
    if (!rowless || !isEmpty()) return 'off';
  }
  return steps.some(defers) ? 'checked' : 'enforced';
}

/**
 * Whether a statement is left to this file: inside a transaction `PRAGMA foreign_keys` does nothing.
 *
 * @param statement one statement
 * @param mode what {@link foreignKeyMode} said
 */
export function isHandledHere(statement: string, mode: ForeignKeyMode): boolean {
  const name = pragmaSwitch(statement)?.name;
  return name === 'foreign_keys' || (name === 'defer_foreign_keys' && mode === 'off');
}

const isOn = (sql: SqlStorageLike): boolean =>
  firstRow(sql.exec('PRAGMA foreign_keys'))?.foreign_keys === 1;

// https://www.sqlite.org/pragma.html#pragma_foreign_key_check
const check = (sql: SqlStorageLike): ForeignKeyViolation[] =>
  Array.from(sql.exec('PRAGMA foreign_key_check'), ({ table, rowid, parent }) => ({
    table,
    rowid,
    parent,
  })) as ForeignKeyViolation[];

const rootPages = (sql: SqlStorageLike): Map<unknown, unknown> =>
  new Map(
    Array.from(sql.exec("SELECT name, rootpage FROM sqlite_master WHERE type = 'table'"), (row) => [
      row.name,
      row.rootpage,
    ]),
  );

/** The violations that were not there before: row by row, and by number in a table that was rebuilt meanwhile. */
function newViolations(
  sql: SqlStorageLike,
  before: readonly ForeignKeyViolation[],
  pages: ReadonlyMap<unknown, unknown>,
): ForeignKeyViolation[] {
  const after = check(sql);
  if (before.length === 0) return after;
  const credit = new Map<string, number>();
  const count = (key: string, by: number): number => {
    const left = (credit.get(key) ?? 0) + by;
    credit.set(key, left);
    return left;
  };
  for (const { table, rowid } of before) {
    count(table, 1);
    count(`${table} ${rowid}`, 1);
  }
  const now = rootPages(sql);
  const placed = after.map((violation) => {
    const page = now.get(violation.table);
    const renamed = pages.has(violation.table)
      ? undefined
      : [...pages].find(([, old]) => old === page)?.[0];
    const name = (renamed ?? violation.table) as string;
    return { violation, name, stayed: pages.get(name) === page };
  });
  // A copied row may have another rowid, where the table has no INTEGER PRIMARY KEY. One that stayed where it was comes
  // first, and counts for its table too: else a new table of the old name could hide a new violation behind it.
  const inTurn = [...placed.filter(({ stayed }) => stayed), ...placed.filter((row) => !row.stayed)];
  const old = new Set(
    inTurn.filter(
      ({ violation: { rowid }, name, stayed }) =>
        !(stayed && count(`${name} ${rowid}`, -1) < 0) && count(name, -1) >= 0,
    ),
  );
  return placed.filter((row) => !old.has(row)).map(({ violation }) => violation);
}

const listed = (violations: readonly ForeignKeyViolation[]): string =>
  violations
    .slice(0, LISTED_VIOLATIONS)
    .map(({ table, rowid, parent }) => `\n  ${table} row ${rowid} has no ${parent}`)
    .join('') +
  (violations.length > LISTED_VIOLATIONS
    ? `\n  and ${violations.length - LISTED_VIOLATIONS} more`
    : '');

/**
 * Runs the pending migrations in one transaction, with foreign keys as they ask.
 *
 * @param target the object
 * @param steps the migrations that `run` runs
 * @param mode what {@link foreignKeyMode} said
 * @param hold keeps events away until a promise is settled; undefined if nothing can
 * @param run applies the plan
 * @returns the violations that were there before and still are
 * @throws {ForeignKeyError} if foreign keys cannot be switched off here, or a row has lost its parent
 */
export function transact(
  { storage, sql }: ResolvedTarget,
  steps: readonly Step[],
  mode: ForeignKeyMode,
  hold: ((restore: () => Promise<void>) => void) | undefined,
  run: () => void,
): ForeignKeyViolation[] {
  if (mode === 'enforced') {
    storage.transactionSync(run);
    return [];
  }
  const keys = steps.filter((step) => (mode === 'off' ? needsOff(step) : defers(step)));
  const names = keys.map(({ migration }) => migration.key);
  const restore = mode === 'off' ? switchOff(storage, sql, names, hold) : () => {};
  try {
    return storage.transactionSync(() => {
      const before = check(sql);
      const pages = before.length > 0 ? rootPages(sql) : new Map();
      run();
      const violations = newViolations(sql, before, pages);
      if (violations.length > 0) {
        throw new ForeignKeyError(
          'FOREIGN_KEY_VIOLATION',
          `After the migrations ${violations.length} row(s) lack the row they refer to, so everything was rolled ` +
            `back; ${names.join(', ')} ran without foreign keys enforced.${listed(violations)}\n` +
            'Delete or mend these rows in the migration that removes their parents.',
          names,
          violations.slice(0, LISTED_VIOLATIONS),
          violations.length,
        );
      }
      if (mode === 'checked') sql.exec('PRAGMA defer_foreign_keys = OFF');
      return before;
    });
  } finally {
    restore();
  }
}

/** SQLite does not say why a transaction is open; whether this instance has written a row yet tells it in a constructor. */
function transactionIsOpen(
  sql: SqlStorageLike,
  says: string,
  keys: readonly string[],
): ForeignKeyError {
  // https://www.sqlite.org/lang_corefunc.html#total_changes
  const counter = firstRow(sql.exec('SELECT total_changes() AS written'));
  const open = `${says}, which does nothing while a transaction is open, and one is: `;
  return counter?.written === 0
    ? new ForeignKeyError(
        'FOREIGN_KEYS_IN_TRANSACTION',
        `${open}no row was written yet, so this call stands inside transactionSync() or transaction() (or after a ` +
          'CREATE of the same turn). Call migrate(ctx, migrations) outside of it, first in the constructor.',
        keys,
      )
    : new ForeignKeyError(
        'FOREIGN_KEYS_AFTER_WRITE',
        `${open}something was written before this call, and its transaction stays open until the turn ends (after the ` +
          'constructor it can also be a transaction around this call). Call migrate(ctx, migrations) first in the ' +
          'constructor, before any write.',
        keys,
      );
}

/** Switches enforcement off and returns what switches it on again, if it was on. */
function switchOff(
  storage: StorageLike,
  sql: SqlStorageLike,
  keys: readonly string[],
  hold: ((restore: () => Promise<void>) => void) | undefined,
): () => void {
  const says = `${keys.join(', ')} rebuilds a table with PRAGMA foreign_keys=OFF`;
  if (hold === undefined) {
    throw new ForeignKeyError(
      'FOREIGN_KEYS_STORAGE_ONLY',
      `${says}, and with storage alone no event can be kept waiting until foreign keys are enforced again. Pass the ` +
        "Durable Object's `ctx` instead: migrate(ctx, migrations).",
      keys,
    );
  }
  if (!isOn(sql)) return () => {};
  sql.exec('PRAGMA foreign_keys = OFF');
  if (isOn(sql)) throw transactionIsOpen(sql, says, keys);
  return () =>
    hold(async () => {
      for (let attempt = 0; attempt < RESTORE_ATTEMPTS; attempt++) {
        await storage.sync();
        sql.exec('PRAGMA foreign_keys = ON');
        if (isOn(sql)) return;
      }
      // A rejection here resets the object, and a new instance starts with foreign keys enforced.
      throw new Error(`foreign keys are still not enforced after ${RESTORE_ATTEMPTS} attempts`);
    });
}
