// What the runtime refuses, told from a statement alone. Each rule was seen on workerd; a test asks it again.
import { fold } from '../../reader/names.ts';
import {
  nodesOf,
  type PragmaStmt,
  parse,
  type QualifiedName,
  type Stmt,
} from '../../reader/parser.ts';
import { excessBytes, MAX_STATEMENT_BYTES, splitStatements } from '../../sql/statements.ts';
import type { Finding } from './finding.ts';
import type { Located, LocatedMigration } from './located.ts';

/** What a finding about a statement says, without where it stands. */
type Verdict = Omit<Finding, 'file' | 'line'>;

/** What a pragma may be given: nothing, a switch or nothing, a number or nothing, a name and nothing else, or any. */
type Argument = 'none' | 'switch' | 'number' | 'name' | 'any';

/**
 * The pragmas that the runtime lets through and what each may be given: ALLOWED_PRAGMAS in
 * https://github.com/cloudflare/workerd/blob/main/src/workerd/util/sqlite.c%2B%2B, and the documented part of them in
 * https://developers.cloudflare.com/d1/sql-api/sql-statements/#compatible-pragma-statements
 */
const PRAGMAS: Readonly<Record<string, Argument>> = {
  data_version: 'none',
  page_size: 'none',
  case_sensitive_like: 'switch',
  defer_foreign_keys: 'switch',
  foreign_keys: 'switch',
  ignore_check_constraints: 'switch',
  legacy_alter_table: 'switch',
  recursive_triggers: 'switch',
  reverse_unordered_selects: 'switch',
  foreign_key_check: 'any',
  foreign_key_list: 'name',
  index_info: 'name',
  index_list: 'name',
  index_xinfo: 'name',
  optimize: 'number',
  quick_check: 'any',
  table_info: 'name',
  table_list: 'any',
  table_xinfo: 'name',
};

const BRING_DOWN =
  'The statement throws in every object, so that no object wakes from the deploy on: nothing of the migration stands.';

const error = (code: string, message: string, fix: string, effect = BRING_DOWN): Verdict => ({
  code,
  severity: 'error',
  message,
  effect,
  fix,
});

const IN_ONE_TRANSACTION = 'Remove it: each wake runs all pending migrations in one transaction.';
const ONE_DATABASE = 'Remove it: an object has one database.';

/** Statements that are refused whatever they say. */
const REFUSED: Readonly<Partial<Record<Stmt['type'], string>>> = {
  BeginStmt: IN_ONE_TRANSACTION,
  CommitStmt: IN_ONE_TRANSACTION,
  RollbackStmt: 'Remove it: what throws is rolled back.',
  SavepointStmt: IN_ONE_TRANSACTION,
  ReleaseStmt: IN_ONE_TRANSACTION,
  VacuumStmt: 'Remove it: it cannot run in a transaction, and every write of an object is in one.',
  AttachStmt: ONE_DATABASE,
  DetachStmt: ONE_DATABASE,
};

const FUNCTIONS = new Set(['sqlite_version', 'sqlite_source_id', 'load_extension']);

/** What an argument looks like that is let through. */
const FITS: Readonly<Record<Argument, RegExp>> = {
  none: /^(?!)/,
  switch: /^[+-]?(?:\d+|ON|OFF|YES|NO|TRUE|FALSE)$/,
  number: /^[+-]?\w*\d$/,
  name: /./,
  any: /^/,
};
const WAYS: Readonly<Record<Argument, string>> = {
  none: 'It can only be read there: remove it.',
  switch: 'Give it ON or OFF.',
  number: 'Give it a number, or nothing.',
  name: 'Give it the name of a table or an index.',
  any: '',
};

function judgePragma({ name: { objName }, body }: PragmaStmt, text: string): Verdict | undefined {
  const name = fold(objName.text);
  const takes = Object.hasOwn(PRAGMAS, name) ? PRAGMAS[name] : undefined;
  const span = body?.value.span;
  const argument =
    span &&
    text
      .slice(span.offset, span.offset + span.length)
      .replace(/^(["'`[])([\s\S]*)["'`\]]$/, '$2')
      .toUpperCase();
  const pragma = `PRAGMA ${name}`;
  if (takes === undefined) {
    return error(
      'UNAUTHORIZED_PRAGMA',
      `${pragma} is not authorized in a Durable Object.`,
      'Remove it. Where it kept a version, keep that in a table.',
    );
  }
  if (takes !== 'name' && argument === undefined) return undefined;
  if (FITS[takes].test(argument ?? '')) return undefined;
  return error(
    'UNAUTHORIZED_PRAGMA',
    `${pragma} ${argument === undefined ? 'alone' : `with ${argument}`} is not authorized in a Durable Object.`,
    WAYS[takes],
  );
}

/** The name of what a statement creates or renames a table to, and whether that is temporary. */
function createdBy(
  statement: Stmt,
): { name: Pick<QualifiedName, 'objName'>; isTemporary: boolean } | undefined {
  const temporary = (name: QualifiedName, flag: boolean) => ({
    name,
    isTemporary: flag || fold(name.dbName?.text ?? '') === 'temp',
  });
  switch (statement.type) {
    case 'CreateTableStmt':
      return temporary(statement.tblName, statement.temporary);
    case 'CreateViewStmt':
      return temporary(statement.viewName, statement.temporary);
    case 'CreateTriggerStmt':
      return temporary(statement.triggerName, statement.temporary);
    case 'CreateVirtualTableStmt':
      return temporary(statement.tblName, false);
    case 'CreateIndexStmt':
      return { name: statement.idxName, isTemporary: false };
    case 'AlterTableStmt':
      return statement.body.type === 'RenameToAlterTableBody'
        ? { name: { objName: statement.body.name }, isTemporary: false }
        : undefined;
  }
  return undefined;
}

function judgeTree(statement: Stmt, text: string): Verdict | undefined {
  if (statement.type === 'PragmaStmt') return judgePragma(statement, text);
  const way = REFUSED[statement.type];
  if (way !== undefined) {
    const first = /^\w+/.exec(text)?.[0].toUpperCase();
    return error('REFUSED_STATEMENT', `${first} is refused in a Durable Object.`, way);
  }
  const created = createdBy(statement);
  if (created?.isTemporary) {
    return error(
      'REFUSED_STATEMENT',
      'Temporary tables, views and triggers are not authorized in a Durable Object.',
      'Create an ordinary table and drop it in the same migration.',
    );
  }
  const name = created?.name.objName.text ?? '';
  if (/^_cf_/i.test(name)) {
    return error(
      'REFUSED_STATEMENT',
      `${name} is a name that the runtime keeps for itself.`,
      'Choose a name that does not start with _cf_.',
    );
  }
  for (const node of nodesOf(statement)) {
    if (node.type !== 'FunctionCallExpr' || !FUNCTIONS.has(fold(node.name.name))) continue;
    return error(
      'REFUSED_STATEMENT',
      `The function ${fold(node.name.name)}() is not authorized in a Durable Object.`,
      'Write the value, or do without.',
    );
  }
  return undefined;
}

/**
 * Whether the runtime refuses a statement, whatever is in the object.
 *
 * @param statement one statement
 * @returns what to say about it, or undefined if nothing is known against it
 */
export function judgeStatement(statement: string): Verdict | undefined {
  const bytes = excessBytes(statement);
  if (bytes > 0) {
    return error(
      'STATEMENT_TOO_LONG',
      `The statement has ${bytes} bytes; the runtime takes ${MAX_STATEMENT_BYTES}.`,
      'Split it, for instance into several INSERTs of fewer rows.',
    );
  }
  const tree = parse(statement);
  return tree === undefined ? undefined : judgeTree(tree, statement);
}

const BREAKPOINT = '--> statement-breakpoint';

/** Drizzle's migrator gives the runtime each text between two breakpoints, be there a statement in it or not. */
function emptyChunks({ sql }: LocatedMigration): number[] {
  let line = 1;
  return sql.split(BREAKPOINT).flatMap((chunk) => {
    const start = line;
    line += chunk.split('\n').length - 1;
    return splitStatements(chunk).length === 0 ? [start] : [];
  });
}

function checkEmpty(migration: LocatedMigration): Finding[] {
  const { statements, file } = migration;
  const name = migration.name;
  const whole = statements.length === 0;
  return emptyChunks(migration)
    .slice(0, whole ? 1 : undefined)
    .map((line) => ({
      code: whole ? 'EMPTY_MIGRATION' : 'EMPTY_STATEMENT',
      severity: 'warning',
      file,
      line,
      message: whole
        ? `${name} has no statement.`
        : `${name} has no statement before or after a breakpoint.`,
      effect:
        `Drizzle's migrator throws ("SQL code did not contain a statement") in every object, and the cause is lost. ` +
        'drizzle-offramp goes on.',
      fix: whole
        ? 'Write its SQL before you deploy it: an object that has run it never runs it again.'
        : 'Remove the breakpoint.',
    }));
}

/**
 * Checks each statement by itself.
 *
 * @param migrations the migrations with their statements
 */
export const checkStatements = (migrations: readonly LocatedMigration[]): Finding[] =>
  migrations.flatMap((migration) => [
    ...(migration.up ? [] : checkEmpty(migration)),
    ...migration.statements.flatMap(({ statement, line }: Located): Finding[] => {
      const verdict = judgeStatement(statement);
      return verdict === undefined ? [] : [{ ...verdict, file: migration.file, line }];
    }),
  ]);
