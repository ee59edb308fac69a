// A statement that rolls back by itself takes away the transaction that a trial is about to roll back, and the runtime then
// ends the instance with "internal error". So such a statement is not run in a trial.
// https://www.sqlite.org/lang_conflict.html
import type { SqlStorageLike } from '../base/storage.ts';
import type { ResolvedOptions } from '../options.ts';
import { namesTable, words } from '../sql/statements.ts';
import { aroundExec } from './around-exec.ts';
import { CommandError } from './command-error.ts';

const CHANGES = ['INSERT', 'UPDATE', 'DELETE', 'REPLACE'];

/** Whether some words follow each other in a text. */
const says = (text: string, ...wanted: string[]): boolean => {
  const all = words(text);
  return all.some((_, at) => wanted.every((word, index) => all[at + index] === word));
};

/** Whether a table or a trigger may roll back by itself when rows are changed. */
const rollsBack = (schema: string): boolean =>
  says(schema, 'CONFLICT', 'ROLLBACK') || says(schema, 'RAISE', '(', 'ROLLBACK');

/** What in the object may roll back when rows are changed: a table or a trigger; undefined if nothing. */
function culpritIn(exec: SqlStorageLike['exec']): string | undefined {
  for (const { type, name, sql } of exec(
    "SELECT type, name, sql FROM sqlite_master WHERE sql LIKE '%rollback%'",
  )) {
    if (rollsBack(String(sql))) return `the ${type} ${name}`;
  }
  return undefined;
}

/** Keeps statements from being run that may roll back by themselves. */
export class RollbackGuard {
  /** Why one was not run. */
  refusal: CommandError | undefined;
  private readonly sql: SqlStorageLike;
  private readonly ledgers: readonly string[];

  /**
   * @param sql the object's SQL storage
   * @param options the resolved options: the ledgers' own statements are harmless
   */
  constructor(sql: SqlStorageLike, { table, drizzleTable }: ResolvedOptions) {
    this.sql = sql;
    this.ledgers = [table, drizzleTable];
  }

  /**
   * Runs migrations.
   *
   * @param run runs them
   */
  around<T>(run: () => T): T {
    const exec: SqlStorageLike['exec'] = (...query) => Reflect.apply(plain, this.sql, query);
    const plain = this.sql.exec;
    const stop = aroundExec(this.sql, (runStatement, query) => {
      this.check(query, exec);
      return runStatement();
    });
    try {
      return run();
    } finally {
      stop();
    }
  }

  private check(query: string, exec: SqlStorageLike['exec']): void {
    const found = words(query);
    if (found[0] === 'CREATE' || !CHANGES.some((word) => found.includes(word))) return;
    if (this.ledgers.some((table) => namesTable(query, table))) return;
    const culprit = says(query, 'OR', 'ROLLBACK') ? 'it' : culpritIn(exec);
    if (culprit === undefined) return;
    const text = query.trim();
    this.refusal ??= new CommandError(
      'NOT_TRIED',
      `This statement was not run, as ${culprit} may say ROLLBACK, which ends more than a trial: ` +
        `${text.length > 200 ? `${text.slice(0, 200)}…` : text}\n` +
        'Nothing was changed. In a migration ABORT does the same, as all is rolled back when a statement fails: say that instead, or ' +
        'try the migrations on a copy of the object.',
    );
    throw this.refusal;
  }
}
