// What pending migrations do to each table by their own statements, so that all else can be told to be damage. Where a
// statement says more than is understood here, the table it writes is compared less closely, never more.
import { indexOutside, splitAtCommas } from '../sql/nesting.ts';
import { lexemes, splitStatements } from '../sql/statements.ts';
import type { FilledTable, Reference } from './contents.ts';
import { folded } from './names.ts';

/** What becomes of one table that an object has before. */
export interface Fate {
  /** Its name afterwards; undefined if it is dropped. */
  name: string | undefined;
  /** The name afterwards of each column that was renamed, by the old one; all in lower case. */
  renamed: Map<string, string>;
  /** Columns, by their old names, whose values the migrations change; `'all'` if they may change any. */
  changed: Set<string> | 'all';
  /** Whether the migrations may delete rows of it. */
  losesRows: boolean;
  /** Whether it is replaced by a copy. */
  rebuilt: boolean;
}

/**
 * What becomes of a table, by its name before in any case.
 *
 * @param fates what becomes of each
 * @param table the table's name before
 */
export const fateOf = (fates: ReadonlyMap<string, Fate>, table: string): Fate | undefined =>
  [...fates].find(([name]) => name.toLowerCase() === table.toLowerCase())?.[1];

/** A table that is being made out of another: of each of its columns, the one that it is copied from. */
interface Copy {
  readonly from: Fate;
  /** From the old column to the new one. */
  readonly columns: ReadonlyMap<string, string>;
  /** New columns that are computed. */
  readonly computed: ReadonlySet<string>;
  readonly isWhole: boolean;
}

interface Trigger {
  readonly event: string;
  readonly table: string;
  readonly body: readonly string[];
}

const upper = (lexeme: string | undefined): string => lexeme?.toUpperCase() ?? '';

/** The name that stands at a place, without its schema, and where the rest begins. */
function nameAt(words: readonly string[], at: number): { name: string; next: number } {
  const qualified = words[at + 1] === '.';
  const place = qualified ? at + 2 : at;
  return { name: folded(words[place] ?? ''), next: place + 1 };
}

/** The column that an expression is, if it is nothing but a column. */
function plainColumn(expression: readonly string[]): string | undefined {
  if (expression.length !== 1 && !(expression.length === 3 && expression[1] === '.')) {
    return undefined;
  }
  const last = expression.at(-1) as string;
  return /^["`[]|^[\p{L}_]/u.test(last) ? folded(last) : undefined;
}

function readTrigger(words: readonly string[]): { name: string; trigger: Trigger } | undefined {
  const on = words.findIndex((word) => upper(word) === 'ON');
  const begin = words.findIndex((word) => upper(word) === 'BEGIN');
  const event = words.slice(0, on).find((word) => /^(INSERT|UPDATE|DELETE)$/i.test(word));
  if (on < 0 || begin < 0 || event === undefined) return undefined;
  const first = words.findIndex((word) => upper(word) === 'TRIGGER') + 1;
  const { name } = nameAt(words, upper(words[first]) === 'IF' ? first + 3 : first);
  const table = nameAt(words, on + 1).name;
  return { name, trigger: { event: upper(event), table, body: words.slice(begin + 1, -1) } };
}

/** Follows tables through statements. */
class Follower {
  readonly fates: Map<string, Fate>;
  readonly #copies = new Map<string, Copy>();
  readonly #triggers = new Map<string, Trigger>();
  readonly #references: { readonly child: string; readonly reference: Reference }[];

  constructor(tables: readonly FilledTable[], triggers: readonly string[]) {
    this.fates = new Map(
      tables.map(({ name }) => [
        name,
        {
          name: name.toLowerCase(),
          renamed: new Map(),
          changed: new Set(),
          losesRows: false,
          rebuilt: false,
        },
      ]),
    );
    this.#references = tables.flatMap(({ name, references }) =>
      references.map((reference) => ({ child: name, reference })),
    );
    for (const trigger of triggers) this.follow(trigger);
  }

  #called(name: string): Fate | undefined {
    return [...this.fates.values()].find((fate) => fate.name === name);
  }

  /** The old name of a column, by the one it has now. */
  #oldName(fate: Fate, column: string): string {
    return [...fate.renamed].find(([, now]) => now === column)?.[0] ?? column;
  }

  follow(statement: string): void {
    const words = lexemes(statement);
    const verb = upper(words[0]);
    if (verb === 'CREATE') this.#create(words);
    else if (verb === 'DROP') this.#drop(words);
    else if (verb === 'ALTER') this.#alter(words);
    else this.#write(words, []);
  }

  /** What creates only adds; but a trigger acts later. */
  #create(words: readonly string[]): void {
    if (!words.slice(1, 3).some((word) => upper(word) === 'TRIGGER')) return;
    const found = readTrigger(words);
    if (found !== undefined) this.#triggers.set(found.name, found.trigger);
  }

  #drop(words: readonly string[]): void {
    const { name } = nameAt(words, upper(words[2]) === 'IF' ? 4 : 2);
    if (upper(words[1]) === 'TRIGGER') this.#triggers.delete(name);
    if (upper(words[1]) !== 'TABLE') return;
    const fate = this.#called(name);
    if (fate === undefined) return;
    fate.name = undefined;
    const copy = [...this.#copies].find(([, { from }]) => from === fate);
    if (copy !== undefined) this.#replace(fate, ...copy);
    else this.#affectChildren(fate, 'onDelete');
  }

  /** The copy stands for the table from now on. */
  #replace(fate: Fate, name: string, { columns, computed, isWhole }: Copy): void {
    this.#copies.delete(name);
    const renamed = new Map<string, string>();
    for (const [old, now] of columns) {
      const first = this.#oldName(fate, old);
      if (first === now) continue;
      renamed.set(first, now);
      if (!columns.has(now)) this.#takeOver(fate, now);
    }
    fate.name = name;
    fate.renamed = renamed;
    fate.rebuilt = true;
    if (!isWhole) fate.losesRows = true;
    for (const column of computed) {
      if (fate.changed !== 'all') fate.changed.add(this.#oldName(fate, column));
    }
  }

  #alter(words: readonly string[]): void {
    const { name, next } = nameAt(words, 2);
    const fate = this.#called(name);
    const copy = this.#copies.get(name);
    if (upper(words[next]) !== 'RENAME') return;
    if (upper(words[next + 1]) === 'TO') {
      const now = folded(words[next + 2] ?? '');
      if (fate !== undefined) fate.name = now;
      if (copy !== undefined) {
        this.#copies.delete(name);
        this.#copies.set(now, copy);
      }
      return;
    }
    const column = upper(words[next + 1]) === 'COLUMN' ? next + 2 : next + 1;
    const now = folded(words[column + 2] ?? '');
    if (fate === undefined) return;
    const first = this.#oldName(fate, folded(words[column] ?? ''));
    fate.renamed.set(first, now);
    if (first !== now) this.#takeOver(fate, now);
  }

  /** A column gets the name of one that was there before: that one has gone another way, or another column is in its place. */
  #takeOver(fate: Fate, column: string): void {
    if (fate.changed !== 'all' && !fate.renamed.has(column)) fate.changed.add(column);
  }

  /** INSERT, UPDATE, DELETE and REPLACE, also behind WITH; and what triggers and references do then. */
  #write(words: readonly string[], within: readonly Trigger[]): void {
    const at = indexOutside(words, /^(INSERT|UPDATE|DELETE|REPLACE)$/i);
    const verb = upper(words[at]);
    if (at < 0) return;
    const into = indexOutside(words, verb === 'UPDATE' ? /^UPDATE$/i : /^(INTO|FROM)$/i, at);
    const conflict = upper(words[into + 1]) === 'OR';
    const { name, next } = nameAt(words, conflict ? into + 3 : into + 1);
    const updates = /\bDO UPDATE\b/i.test(words.slice(next).join(' '));
    const replaces =
      verb === 'REPLACE' || words.slice(at, next).some((it) => upper(it) === 'REPLACE');
    if (verb === 'UPDATE') this.#update(name, words, next);
    else if (verb === 'DELETE') this.#delete(name);
    else this.#insert(name, words, next, { replaces, updates });
    for (const trigger of this.#triggers.values()) {
      const isItsEvent =
        trigger.event === verb || replaces || (updates && trigger.event === 'UPDATE');
      const fires = trigger.table === name && isItsEvent;
      if (!fires || within.includes(trigger)) continue;
      for (const statement of splitStatements(trigger.body.join(' '))) {
        this.#write(lexemes(statement), [...within, trigger]);
      }
    }
  }

  #update(name: string, words: readonly string[], next: number): void {
    const fate = this.#called(name);
    if (fate === undefined || fate.changed === 'all') return;
    const set = indexOutside(words, /^SET$/i, next);
    const end = indexOutside(words, /^(WHERE|FROM|RETURNING|ORDER|LIMIT)$/i, set);
    for (const item of splitAtCommas(words.slice(set + 1, end < 0 ? undefined : end))) {
      const target = item.slice(0, item.indexOf('='));
      for (const column of target.filter((word) => !/^[(),]$/.test(word))) {
        fate.changed.add(this.#oldName(fate, folded(column)));
      }
    }
    // Changing a key moves what refers to it.
    this.#affectChildren(fate, 'onUpdate');
  }

  #delete(name: string): void {
    const fate = this.#called(name);
    if (fate === undefined) return;
    fate.losesRows = true;
    this.#affectChildren(fate, 'onDelete');
  }

  /** What deleting rows, or changing their keys, does to the rows that refer to them. */
  #affectChildren(parent: Fate, by: 'onUpdate' | 'onDelete', seen = new Set([parent])): void {
    for (const { child, reference } of this.#references) {
      const fate = this.fates.get(child) as Fate;
      if (fateOf(this.fates, reference.table) !== parent) continue;
      if (/^(NO ACTION|RESTRICT)$/i.test(reference[by])) continue;
      if (by === 'onDelete' && reference[by] === 'CASCADE') fate.losesRows = true;
      if (fate.changed !== 'all') {
        for (const column of reference.columns) fate.changed.add(column.toLowerCase());
      }
      if (!seen.has(fate)) this.#affectChildren(fate, by, new Set([...seen, fate]));
    }
  }

  #insert(
    name: string,
    words: readonly string[],
    next: number,
    { replaces, updates }: { replaces: boolean; updates: boolean },
  ): void {
    const fate = this.#called(name);
    if (fate !== undefined) {
      if (replaces) fate.losesRows = true;
      if (replaces || updates) fate.changed = 'all';
      return;
    }
    const copy = this.#readCopy(words, next);
    if (copy !== undefined) this.#copies.set(name, copy);
  }

  /** `(a, b) SELECT a, b FROM old`, as drizzle-kit copies a table. */
  #readCopy(words: readonly string[], next: number): Copy | undefined {
    const select = indexOutside(words, /^SELECT$/i, next);
    const from = indexOutside(words, /^FROM$/i, select);
    if (select < 0 || from < 0) return undefined;
    const { name, next: end } = nameAt(words, from + 1);
    const fate = this.#called(name);
    if (fate === undefined) return undefined;
    const expressions = splitAtCommas(words.slice(select + 1, from));
    const listed =
      words[next] === '(' ? splitAtCommas(words.slice(next + 1, select - 1)) : undefined;
    const targets = listed?.map((column) => folded(column[0] ?? ''));
    const columns = new Map<string, string>();
    const computed = new Set<string>();
    expressions.forEach((expression, i) => {
      const source = plainColumn(expression);
      const target = targets === undefined ? source : targets[i];
      if (target === undefined) return;
      if (source === undefined) computed.add(target);
      else columns.set(source, target);
    });
    return { from: fate, columns, computed, isWhole: end >= words.length };
  }
}

/**
 * What statements do to each table, by its name before.
 *
 * @param tables the tables before
 * @param triggers the SQL of the triggers before
 * @param statements the statements that will run, in order
 */
export function fatesOf(
  tables: readonly FilledTable[],
  triggers: readonly string[],
  statements: readonly string[],
): Map<string, Fate> {
  const follower = new Follower(tables, triggers);
  for (const statement of statements) follower.follow(statement);
  return follower.fates;
}
