// What a statement does to tables, told from its words alone, and whether it may run after another one that comes
// later. Whatever is not understood is taken for more than it may be, so that the answer is no.
import { words } from './statements.ts';

/** What is known of one statement. All names are in capitals and without quotes. */
export interface Effect {
  /** The statement itself. */
  readonly text: string;
  /** `change` is whatever changes rows, and all that is not understood. */
  readonly kind:
    | 'table'
    | 'view'
    | 'index'
    | 'trigger'
    | 'column'
    | 'insert'
    | 'rewrite'
    | 'change'
    | 'none';
  /** The table, view, index or trigger that it is about; `''` where that is not known. */
  readonly name: string;
  /** The table that it writes into or builds on; that of a column, an index or a trigger. */
  readonly table: string;
  /** All words of the statement: whatever has a name in it is among them. */
  readonly names: ReadonlySet<string>;
  /** The same in order, each with a space behind it. */
  readonly outline: string;
}

const SCHEMA = '(?:\\S+ \\. )?';
const CREATED = `(?:IF NOT EXISTS )?${SCHEMA}(?<name>\\S+) `;
const INTO = `INTO ${SCHEMA}(?<table>\\S+) `;
const INSERT = `(?:INSERT|REPLACE) (?:OR \\S+ )?${INTO}`;

/** The kinds of statements; the first form that fits decides. */
const FORMS = (
  [
    ['table', `CREATE (?:VIRTUAL )?TABLE ${CREATED}`],
    ['view', `CREATE VIEW ${CREATED}`],
    ['index', `CREATE (?:UNIQUE )?INDEX ${CREATED}ON (?<table>\\S+) `],
    ['trigger', `CREATE TRIGGER ${CREATED}.*? ON (?<table>\\S+) `],
    ['column', `ALTER TABLE ${SCHEMA}(?<table>\\S+) ADD (?:COLUMN )?(?<name>\\S+) `],
    ['rewrite', `ALTER TABLE ${SCHEMA}(?<table>\\S+) RENAME TO (?<name>\\S+) `],
    ['rewrite', `ALTER TABLE ${SCHEMA}(?<table>\\S+) `],
    ['rewrite', `DROP \\S+ (?:IF EXISTS )?${SCHEMA}(?<table>\\S+) `],
    ['change', `(?:REPLACE|INSERT OR REPLACE) ${INTO}`],
    ['insert', INSERT],
    ['none', '(?:PRAGMA|SELECT|ANALYZE|REINDEX|VACUUM|EXPLAIN) '],
    ['change', `(?:UPDATE (?:OR \\S+ )?|DELETE FROM )${SCHEMA}(?<table>\\S+) `],
    ['change', ''],
  ] as const
).map(([kind, form]) => [kind, new RegExp(`^${form}`)] as const);

/**
 * Reads what a statement does.
 *
 * @param text one statement
 */
export function effectOf(text: string): Effect {
  const all = words(text).map((word) =>
    /^["'`[]/.test(word) ? word.slice(1, -1).replace(/\s/g, '_') : word,
  );
  const outline = `${all.join(' ')} `;
  // The last form fits everything.
  const [kind, form] = FORMS.find(([, one]) => one.test(outline)) as (typeof FORMS)[number];
  const { name, table = name ?? '' } = form.exec(outline)?.groups ?? {};
  return { text, kind, name: name ?? table, table, names: new Set(all), outline };
}

const has = (pattern: RegExp, { outline }: Effect): boolean => pattern.test(outline);

/** Whether it inserts, changes or deletes rows; dropping a table deletes them first, as far as others refer to them. */
const writesRows = (effect: Effect): boolean =>
  effect.kind === 'insert' || effect.kind === 'change' || has(/^DROP TABLE /, effect);

const shares = (some: ReadonlySet<string>, others: ReadonlySet<string>): boolean =>
  [...some].some((name) => others.has(name));

/** The tables that refer to others, as far as a statement says. A rebuilt table is created under `__new_` and its name. */
const parentsIn = ({ kind, table, outline }: Effect): { child: string; parent: string }[] =>
  kind === 'table' || kind === 'column'
    ? Array.from(outline.matchAll(/ REFERENCES (\S+)/g), ([, parent = '']) => ({
        child: table.replace(/^__NEW_/, ''),
        parent,
      }))
    : [];

/**
 * The tables into which a statement may write: its own, and those to which triggers and foreign keys carry it on.
 *
 * @param effect what it does
 * @param all what all migrations do
 */
function written({ table, names, kind }: Effect, all: readonly Effect[]): ReadonlySet<string> {
  const found = new Set(table === '' ? names : [table]);
  const triggers = all.filter((other) => other.kind === 'trigger');
  const keys = kind === 'insert' ? [] : all.flatMap(parentsIn);
  for (let before = 0; before < found.size; ) {
    before = found.size;
    for (const trigger of triggers) {
      if (found.has(trigger.table)) for (const name of trigger.names) found.add(name);
    }
    for (const { child, parent } of keys) if (found.has(parent)) found.add(child);
  }
  return found;
}

const LIST = new RegExp(`^${INSERT}\\( ([^()]*)\\)`);
/** Whether an INSERT names its table again, so that it may read what is there. */
const readsItself = ({ outline, table }: Effect): boolean => outline.split(` ${table} `).length > 2;

const isPlain = (insert: Effect): boolean => !has(/^INSERT OR IGNORE | ON CONFLICT /, insert);

/** Whether an INSERT says the key of each row, so that SQLite does not count on from the rows that are there. */
function saysKey(insert: Effect, all: readonly Effect[]): boolean {
  const made = all.filter(
    ({ kind, name }) => kind === 'table' && name.replace(/^__NEW_/, '') === insert.table,
  );
  const columns = LIST.exec(insert.outline)?.[2];
  return (
    made.length > 0 &&
    made.every((definition) => {
      if (!has(/^CREATE TABLE /, definition)) return false;
      // https://www.sqlite.org/lang_createtable.html#rowid
      const key =
        / (\S+) INTEGER (?:[^,]* )?PRIMARY KEY /.exec(definition.outline)?.[1] ??
        / PRIMARY KEY \( (\S+) /.exec(definition.outline)?.[1];
      if (key === undefined) return true;
      const isFirst = (columns ?? definition.outline.replace(/^[^(]*\( /, '')).startsWith(
        `${key} `,
      );
      const isNull = isFirst ? /(\(|SELECT) NULL / : / NULL /;
      return (
        ` ${columns ?? key} `.includes(` ${key} `) &&
        !has(isNull, insert) &&
        !has(/ DEFAULT VALUES /, insert)
      );
    })
  );
}

/** A table of what a query finds. */
const COPY = / AS (SELECT|WITH|VALUES) /;

/**
 * Whether a statement only adds: creates a table, an index, a view or a trigger, adds a column, or inserts rows that
 * say their keys, without more that happens by a trigger.
 *
 * @param effect what it does
 * @param all what all migrations do
 */
export const onlyAdds = (effect: Effect, all: readonly Effect[]): boolean =>
  effect.kind === 'insert'
    ? !has(/ DO UPDATE /, effect) &&
      !readsItself(effect) &&
      saysKey(effect, all) &&
      !all.some(({ kind, table }) => kind === 'trigger' && table === effect.table)
    : !/rewrite|change|none/.test(effect.kind) && !(effect.kind === 'table' && has(COPY, effect));

/**
 * Whether a statement goes by the order of a table's columns.
 *
 * @param effect what it does
 * @param table the table
 */
export const goesByOrder = (effect: Effect, table: string): boolean =>
  effect.names.has(table) &&
  (has(/ \* /, effect) || (has(/^(INSERT|REPLACE) /, effect) && !LIST.test(effect.outline)));

/** {@link standsAgainst} for an INSERT, and where the other statement may have written. */
function meetsInsert(
  late: Effect,
  ran: Effect,
  wrote: ReadonlySet<string>,
  all: readonly Effect[],
): boolean {
  const { table } = late;
  const { kind } = ran;
  const names = ran.names.has(table);
  if (names && !isPlain(late)) return true;
  // A table that has a trigger takes no late row at all.
  if (kind === 'none' || kind === 'view' || kind === 'trigger' || kind === 'index') return false;
  if (kind === 'table') return names && (ran.name === table || COPY.test(ran.outline));
  const reads = has(/ SELECT /, late) ? late.names : new Set([table]);
  if (kind === 'column') return reads.has(ran.table) && goesByOrder(late, ran.table);
  if (kind === 'insert' && ran.table === table) {
    return [late, ran].some((one) => !isPlain(one) || readsItself(one) || !saysKey(one, all));
  }
  return names || reads.has(ran.table) || shares(wrote, reads);
}

/**
 * Whether a statement comes to something else where it runs after another one than where it runs before it.
 *
 * The order of columns in a table does not count; a statement that goes by it stands against any new column.
 *
 * @param late a statement that only adds
 * @param ran a statement that ran before it, and comes after it
 * @param all what all migrations do
 */
export function standsAgainst(late: Effect, ran: Effect, all: readonly Effect[]): boolean {
  const { kind, name, table, names } = late;
  const wrote: ReadonlySet<string> = writesRows(ran) ? written(ran, all) : new Set();
  if (kind === 'insert') return meetsInsert(late, ran, wrote, all);
  // A new name is carried into all that refers to the old one.
  if (names.has(ran.table) && has(/^ALTER TABLE .* RENAME /, ran)) return true;
  const rewrites = ran.kind === 'rewrite' && (names.has(ran.table) || names.has(ran.name));
  if (kind === 'column') {
    return (
      goesByOrder(ran, table) ||
      (ran.names.has(table) && (rewrites || ran.names.has(name) || ran.table === ''))
    );
  }
  // The other one was written for an object that has it, or for one that does not.
  if (ran.names.has(name)) return true;
  if (kind === 'index') return rewrites || (has(/^CREATE UNIQUE /, late) && wrote.has(table));
  return (
    (kind !== 'table' && rewrites) ||
    (kind === 'trigger' && (wrote.has(table) || (ran.kind === kind && ran.table === table)))
  );
}

/**
 * Whether a drop of a table, as a rebuild has it, takes away what another statement added to that table, since it was
 * written before.
 *
 * @param drop a statement
 * @param migration all statements of its migration
 * @param added a statement that was made later
 */
export const losesWhatWasAdded = (
  drop: Effect,
  migration: readonly Effect[],
  added: Effect,
): boolean =>
  has(/^DROP TABLE /, drop) &&
  drop.table === added.table &&
  (added.kind === 'column' || added.kind === 'index' || added.kind === 'trigger') &&
  !migration.some(({ names }) => names.has(added.name));
