import { MigrationError } from '../base/errors.ts';
import { runStatement, type StorageLike } from '../base/storage.ts';
import { retireDrizzleLedger } from '../ledger/drizzle.ts';
import { completeRow, insertRows, prepareLedger, updateHead } from '../ledger/ledger.ts';
import { applyMirror } from '../ledger/mirror.ts';
import type { LedgerRow } from '../ledger/row.ts';
import type { State, TableNames } from '../ledger/state.ts';
import { createdAt, type Plan } from '../plan/plan.ts';
import { runFunction } from './function.ts';

/** A storage, or its SQL alone. */
type Applied = Pick<StorageLike, 'sql'> & Partial<Pick<StorageLike, 'transactionSync'>>;

/**
 * Makes the tables and indexes that a baseline begins with in one call, which takes less than one for each.
 *
 * @returns how many statements these were; 0 if one fails, or all are too long for a call: then each is run alone
 */
function makeAtOnce(storage: Applied, statements: readonly string[]): number {
  const other = statements.findIndex((text) => !/^create (table|unique|index)\b/i.test(text));
  const first = other < 0 ? statements : statements.slice(0, other);
  if (!storage.transactionSync || first.length === 0) return 0;
  try {
    storage.transactionSync(() => storage.sql.exec(first.join(';\n')));
    return first.length;
  } catch {
    return 0;
  }
}

/**
 * Carries out a plan. Must be called inside one transaction.
 *
 * @param storage the object's storage; with its SQL alone each statement is a call
 * @param plan what must happen
 * @param state what stood in the object when the plan was made
 * @param head what the last row says afterwards
 * @param options the names of the ledgers
 * @param look sees each statement of a migration before it runs
 * @throws {MigrationError} if a statement of a migration fails, or its function throws
 */
export function applyPlan(
  storage: Applied,
  plan: Plan,
  { ledger }: State,
  head: string,
  { table, drizzleTable }: TableNames,
  look: (statement: string) => void,
): void {
  const { sql } = storage;
  const applied_at = Date.now();
  const rows = ledger?.rows ?? [];
  const last = plan.size - 1;
  const added: LedgerRow[] = [];
  const add = (row: Pick<LedgerRow, 'tag' | 'checksum' | 'created_at' | 'origin'>): void => {
    const version = rows.length + added.length;
    added.push({ ...row, version, applied_at, head: version === last ? head : null });
  };
  prepareLedger(sql, table, ledger);
  for (const { version, tag, checksum, created_at, origin } of plan.entries) {
    const row = { tag, checksum, created_at, origin };
    if (version === undefined) add(row);
    else {
      const isLast = version === last;
      completeRow(sql, table, { ...row, version, applied_at, head: isLast ? head : null });
    }
  }
  for (const step of plan.steps) {
    const { migration, statements, isBaseline } = step;
    const fail = (cause: unknown, statement: string, statementIndex: number): never => {
      const { appliedBefore } = plan;
      throw new MigrationError({
        migration,
        statement,
        statementIndex,
        appliedBefore,
        cause,
        isBaseline,
      });
    };
    if (step.up) runFunction(sql, step, [table, drizzleTable], look, fail);
    const made = isBaseline ? makeAtOnce(storage, statements) : 0;
    statements.forEach((statement, statementIndex) => {
      look(statement);
      if (statementIndex < made) return;
      try {
        runStatement(sql, statement);
      } catch (cause) {
        fail(cause, statement, statementIndex);
      }
    });
    // Its rows stand among the entries.
    if (isBaseline) continue;
    const { tag, checksum } = migration;
    add({ tag, checksum, created_at: createdAt(migration), origin: 'applied' });
  }
  insertRows(sql, table, added);
  if (last >= 0 && last < rows.length && rows[last]?.head !== head)
    updateHead(sql, table, last, head);
  plan.drop?.();
  if (plan.retire) retireDrizzleLedger(sql, drizzleTable);
  if (plan.mirror !== undefined) applyMirror(sql, drizzleTable, plan.mirror);
}
