// What the runtime refuses, told from a statement alone. Each rule was seen on workerd; a test asks it again.
import { excessBytes, MAX_STATEMENT_BYTES, splitStatements, words } from '../../sql/statements.ts';
import type { Finding } from './finding.ts';
import { type Located, type LocatedMigration, nameOf } from './located.ts';
import { unquote } from './names.ts';

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

const error = (code: string, message: string, wayOut: string, effect = BRING_DOWN): Verdict => ({
  code,
  severity: 'error',
  message,
  effect,
  wayOut,
});

/** Statements that are refused by their first word. */
const REFUSED: Readonly<Record<string, string>> = {
  BEGIN: 'Remove it: each wake runs all pending migrations in one transaction.',
  COMMIT: 'Remove it: each wake runs all pending migrations in one transaction.',
  END: 'Remove it: each wake runs all pending migrations in one transaction.',
  ROLLBACK: 'Remove it: what throws is rolled back.',
  SAVEPOINT: 'Remove it: each wake runs all pending migrations in one transaction.',
  RELEASE: 'Remove it: each wake runs all pending migrations in one transaction.',
  VACUUM: 'Remove it: it cannot run in a transaction, and every write of an object is in one.',
  ATTACH: 'Remove it: an object has one database.',
  DETACH: 'Remove it: an object has one database.',
};

const TEMPORARY =
  /^CREATE (TEMP|TEMPORARY) |^CREATE (TABLE|VIEW|TRIGGER) (IF NOT EXISTS )?TEMP \. /;
const RESERVED = /^CREATE (?:TABLE|VIEW|UNIQUE INDEX|INDEX|TRIGGER) (?:IF NOT EXISTS )?(_CF_\S*) /;
const FUNCTIONS = new Set(['SQLITE_VERSION', 'SQLITE_SOURCE_ID', 'LOAD_EXTENSION']);

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

function judgePragma(statement: string): Verdict | undefined {
  const [, ...rest] = words(statement).map(unquote);
  const [name = '', equals, ...value] = rest[1] === '.' ? rest.slice(2) : rest;
  const takes = Object.hasOwn(PRAGMAS, name.toLowerCase())
    ? PRAGMAS[name.toLowerCase()]
    : undefined;
  const argument = equals === undefined ? undefined : value.filter((word) => word !== ')').join('');
  const pragma = `PRAGMA ${name.toLowerCase()}`;
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

function judgeWords(all: readonly string[]): Verdict | undefined {
  const [first = ''] = all;
  const way = Object.hasOwn(REFUSED, first) ? REFUSED[first] : undefined;
  if (way !== undefined) {
    return error('REFUSED_STATEMENT', `${first} is refused in a Durable Object.`, way);
  }
  const text = `${all.slice(0, 8).join(' ')} `;
  if (TEMPORARY.test(text)) {
    return error(
      'REFUSED_STATEMENT',
      'Temporary tables, views and triggers are not authorized in a Durable Object.',
      'Make an ordinary table and drop it in the same migration.',
    );
  }
  const reserved = RESERVED.exec(text)?.[1];
  if (reserved !== undefined) {
    return error(
      'REFUSED_STATEMENT',
      `${reserved.toLowerCase()} is a name that the runtime keeps for itself.`,
      'Choose a name that does not start with _cf_.',
    );
  }
  const called = all.find((word, i) => FUNCTIONS.has(word) && all[i + 1] === '(');
  if (called === undefined) return undefined;
  return error(
    'REFUSED_STATEMENT',
    `The function ${called.toLowerCase()}() is not authorized in a Durable Object.`,
    'Write the value, or do without.',
  );
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
  return /^pragma\b/i.test(statement) ? judgePragma(statement) : judgeWords(words(statement));
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
  const name = nameOf(migration);
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
      wayOut: whole
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
    ...checkEmpty(migration),
    ...migration.statements.flatMap(({ statement, line }: Located): Finding[] => {
      const verdict = judgeStatement(statement);
      return verdict === undefined ? [] : [{ ...verdict, file: migration.file, line }];
    }),
  ]);
