// What a statement does to tables, told from its words alone, and whether it may run after another one that comes
// later. Whatever is not understood is taken for more than it may be, so that the answer is no.
import { namesIn, words } from './statements.ts';

/** The kinds of statements that are told apart; the first form that fits decides, and `change` is all the rest. */
const FORMS = {
  table: /^CREATE (?:VIRTUAL )?TABLE (?<name>\S+) /,
  view: /^CREATE VIEW (?<name>\S+) /,
  index: /^CREATE (?:UNIQUE )?INDEX (?<name>\S+) ON (?<table>\S+) /,
  trigger: /^CREATE TRIGGER (?<name>\S+) .*? ON (?<table>\S+) /,
  column: /^ALTER TABLE (?<table>\S+) ADD (?:COLUMN )?(?<name>\S+) /,
  rewrite: /^(?:ALTER TABLE|DROP \S+) (?<table>\S+) (?:RENAME TO (?<name>\S+) )?/,
  insert: /^INSERT INTO (?<table>\S+) /,
  none: /^(?:PRAGMA|SELECT) /,
  change: /^(?:(?:REPLACE|INSERT OR \S+) INTO|UPDATE(?: OR \S+)?|DELETE FROM) (?<table>\S+) /,
};

/** What is known of one statement. All names are in capitals and without quotes. */
export interface Effect {
  /** The statement itself. */
  readonly text: string;
  /** Its words as they are written. */
  readonly written: readonly string[];
  readonly kind: keyof typeof FORMS;
  /** The table, view, index, trigger or column that it is about; `''` where that is not known. */
  readonly name: string;
  /** The table that it writes into or builds on; that of a column, an index or a trigger. */
  readonly table: string;
  /** The same words without quotes. */
  readonly all: readonly string[];
  /** The set of them: whatever has a name in it is among them. */
  readonly names: ReadonlySet<string>;
  /** The same in order, each with a space behind it, without schemas and IF EXISTS. */
  readonly outline: string;
}

/**
 * Reads what a statement does.
 *
 * @param text one statement
 */
export function effectOf(text: string): Effect {
  const written = words(text);
  // A text or a name of one sign is no sign.
  const all = namesIn(text).map((word, i) =>
    word === written[i] ? word : word.replace(/\s|^[(),.*;]$/g, '_'),
  );
  const outline = `${all.join(' ')} `
    .replace(/ IF (NOT )?EXISTS /, ' ')
    .replace(/[^ (,]+ \. /g, '');
  const kinds = Object.keys(FORMS) as Effect['kind'][];
  const kind = kinds.find((one) => FORMS[one].test(outline)) ?? 'change';
  const { name, table = name ?? '' } = FORMS[kind].exec(outline)?.groups ?? {};
  return { text, written, all, kind, name: name ?? table, table, names: new Set(all), outline };
}

/** Whether it defines what is read as a table and has its rows from others: a view, or a search of a table. */
const isView = ({ outline }: Effect): boolean => /^CREATE (VIEW|VIRTUAL) /.test(outline);

/** The same with the words of all views that it names, and of those that they name, and with all names of their tables. */
function withViews<T extends Pick<Effect, 'names' | 'outline'>>(
  effect: T,
  all: readonly Effect[],
): T {
  const names = new Set(effect.names);
  let { outline } = effect;
  // The set grows while it is gone through.
  for (const name of names) {
    for (const other of all) {
      if (isView(other) && other.name === name) {
        outline += other.outline;
        for (const one of other.names) names.add(one);
      } else if (other.kind === 'rewrite' && (other.name === name || other.table === name)) {
        names.add(other.table).add(other.name);
      }
    }
  }
  return { ...effect, names, outline };
}

/** All names of a table: it may have been renamed, and a rebuilt one was created under `__new_` and its name. */
const namesOf = (table: string, all: readonly Effect[]): ReadonlySet<string> =>
  withViews({ names: new Set([table]), outline: '' }, all).names;

const COPY = / AS (SELECT|WITH|VALUES) /;
// Numbers and texts, each written as `?`.
const PLAIN_ROWS = / VALUES \( (?:[-+.,?() X]|NULL|TRUE|FALSE)*$/;

/**
 * Whether a statement only adds: creates a table, an index, a view or a trigger, adds a column, or inserts plain rows
 * that say their keys, so that SQLite does not count on from the rows that are there, and no trigger does more. A column
 * of a table into which a trigger inserts by the order of columns does more.
 *
 * @param effect what it does
 * @param all what all migrations do
 */
export function onlyAdds(
  { kind, table, written, outline }: Effect,
  all: readonly Effect[],
): boolean {
  const triggers = all.filter((effect) => effect.kind === 'trigger');
  if (kind === 'table') return !COPY.test(outline);
  if (kind === 'column') return !triggers.some((trigger) => goesByOrder(trigger, table, all));
  if (kind !== 'insert') return /view|index|trigger/.test(kind);
  const named = namesOf(table, all);
  const made = all.filter((effect) => effect.kind === 'table' && named.has(effect.name));
  const rows = written.map((word) => (/^['\d]/.test(word) ? '?' : word));
  const list = / INTO \S+ (\( [^()]*)/.exec(outline)?.[1];
  const saysKey = ({ outline: definition }: Effect): boolean => {
    if (definition.startsWith('CREATE VIRTUAL ')) return false;
    // https://www.sqlite.org/lang_createtable.html#rowid
    const [, ...keys] =
      / (\S+) INTEGER (?:[^,]* )?PRIMARY KEY | PRIMARY KEY \( (\S+) /.exec(definition) ?? [];
    const key = keys.find(Boolean);
    return !key || (!/ NULL /.test(outline) && (list ?? ` ${key} `).includes(` ${key} `));
  };
  return (
    !/ SELECT /.test(outline) &&
    PLAIN_ROWS.test(rows.join(' ')) &&
    made.length > 0 &&
    made.every(saysKey) &&
    !triggers.some((trigger) => named.has(trigger.table))
  );
}

/**
 * Whether a statement goes by the columns that a table has, or by their order: `*` (but not `count(*)`), a natural join,
 * an insert without a list of columns.
 *
 * @param effect what it does
 * @param table the table
 * @param all what all migrations do
 */
export function goesByOrder(effect: Effect, table: string, all: readonly Effect[]): boolean {
  const { names, outline } = withViews(effect, all);
  return names.has(table) && /(?<!\() \* | NATURAL | INTO \S+ [^(]/.test(outline);
}

/** Whether a statement may write into a table, be it by a trigger or a foreign key that carries it on. */
function mayWrite({ kind, table: from, outline }: Effect, to: string, all: readonly Effect[]) {
  if (!/insert|change/.test(kind) && !outline.startsWith('DROP TABLE ')) return false;
  const tables = new Set([to]);
  // The set grows while it is gone through.
  for (const table of tables) {
    for (const effect of all) {
      const { kind: form, name, table: own, names } = effect;
      const passesOn = /rewrite|trigger/.test(form) || isView(effect);
      if (passesOn && names.has(table)) tables.add(own).add(name);
      if (!/table|column/.test(form) || own !== table) continue;
      for (const [, parent = ''] of effect.outline.matchAll(/ REFERENCES (\S+)/g)) {
        tables.add(parent);
      }
    }
  }
  return from === '' || tables.has(from);
}

/**
 * Whether a statement comes to something else where it runs after another one than where it runs before it.
 *
 * The order of columns in a table does not count; a statement that goes by it stands against any new column.
 *
 * @param late a statement that only adds
 * @param other a statement that ran before it, and comes after it
 * @param all what all migrations do
 */
export function standsAgainst(late: Effect, other: Effect, all: readonly Effect[]): boolean {
  const { kind, name, table, names } = late;
  const ran = withViews(other, all);
  // A new name is carried into all that refers to the old one.
  if (names.has(ran.table) && /^ALTER TABLE .* RENAME /.test(ran.outline)) return true;
  const rewrites = ran.kind === 'rewrite' && (names.has(ran.table) || names.has(ran.name));
  if (kind === 'column') {
    return (
      goesByOrder(ran, table, all) ||
      (ran.names.has(table) && (rewrites || ran.names.has(name) || ran.table === ''))
    );
  }
  // Rows that say their keys do not mind what is added beside them.
  if (kind === 'insert' && (ran.kind === kind || ran.name !== table) && onlyAdds(ran, all)) {
    return ran.kind === 'column' && goesByOrder(late, ran.table, all);
  }
  return (
    // The other one was written for an object that has it, or for one that does not.
    ran.names.has(name) ||
    (kind !== 'table' && rewrites) ||
    (kind === 'trigger' && ran.kind === kind && ran.table === table) ||
    (/^(INSERT|CREATE UNIQUE|CREATE TRIGGER) /.test(late.outline) && mayWrite(ran, table, all))
  );
}

/** The columns that a CREATE TABLE defines or an INSERT lists: what stands first, or behind a comma, in its parentheses. */
function columnsOf({ written, all, outline }: Effect): readonly string[] {
  // Whatever a query defines is not known.
  if (COPY.test(outline)) return ['*'];
  let depth = 0;
  return all.filter((_, i) => {
    const word = written[i] as string;
    const isFirst = depth === 1 && /^[(,]$/.test(written[i - 1] as string);
    if (word === '(') depth++;
    // It stays below where the first parenthesis is closed.
    if (word === ')' && --depth === 0) depth = -1e9;
    return isFirst && !/^(CONSTRAINT|PRIMARY|UNIQUE|CHECK|FOREIGN)$/.test(word);
  });
}

/**
 * Whether a drop of a table, as a rebuild has it, takes away what another statement added to that table, since it was
 * written before.
 *
 * @param drop a statement
 * @param migration all statements of its migration
 * @param added a statement that was made later
 * @param applied all statements that ran, in order
 */
export function losesWhatWasAdded(
  { table, outline }: Effect,
  migration: readonly Effect[],
  added: Effect,
  applied: readonly Effect[],
): boolean {
  if (!outline.startsWith('DROP TABLE ') || !namesOf(table, applied).has(added.table)) return false;
  if (/index|trigger/.test(added.kind)) {
    return !migration.some(({ kind, name }) => kind === added.kind && name === added.name);
  }
  // Who rebuilds a table knows how it was created at first.
  const isFirst = applied.find(({ names }) => names.has(table)) === added;
  const built = namesOf(table, migration);
  const renamed = / RENAME (?:COLUMN )?\S+ TO (\S+)/.exec(added.outline)?.[1];
  const columns =
    added.kind === 'table' ? columnsOf(added) : [added.kind === 'column' ? added.name : renamed];
  return columns.some(
    (column) =>
      column &&
      !isFirst &&
      // It defines it, and copies it.
      !['table', 'insert'].every((form) =>
        migration.some(
          (one) => one.kind === form && built.has(one.table) && columnsOf(one).includes(column),
        ),
      ),
  );
}
