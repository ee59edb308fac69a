// What pending migrations do to each table by their own statements, so that all else can be told to be damage. What the
// reader does not understand it does not excuse: rows and values that then differ are damage until `changes` lists them.
import type { Loss, Value } from '../reader/model.ts';
import { fold, same } from '../reader/names.ts';
import { type Effects, type Holder, Reader, type TableEffect } from '../reader/reader.ts';
import { LOOKED_UP } from '../reader/select.ts';
import type { FilledTable } from './contents.ts';

/** What becomes of one table that an object has before. */
export interface Fate {
  /** Its name afterwards; undefined if it is dropped. */
  name: string | undefined;
  /** The name afterwards of each column that has another one, by the old one; all folded. */
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
  [...fates].find(([name]) => same(name, table))?.[1];

const untouched = (name: string): Fate => ({
  name: fold(name),
  renamed: new Map(),
  changed: new Set(),
  losesRows: false,
  rebuilt: false,
});

/**
 * The statements that drop a table whose rows are elsewhere by then. What foreign keys do at such a drop nobody asked
 * for; what they do at a DELETE, or where a table is dropped for good, is part of what was asked.
 */
const rebuildsOf = ({ tables }: Effects): Set<number> =>
  new Set(
    [...tables.values()].flatMap(({ dropped, holders, replacement }) =>
      dropped !== undefined && (holders.some(isCopy) || replacement !== undefined) ? [dropped] : [],
    ),
  );

const isCopy = ({ held }: Holder): boolean => !held.losses.some(({ cause }) => cause === LOOKED_UP);

function fateFrom(effect: TableEffect, rebuilds: ReadonlySet<number>): Fate {
  const fate = untouched(effect.name);
  const { dropped, replacement } = effect;
  const [holder] = effect.holders.filter(isCopy);
  fate.rebuilt = dropped !== undefined;
  if (holder === undefined) {
    fate.name = replacement === undefined ? undefined : fold(replacement.name);
    return fate;
  }
  fate.name = fold(holder.table.name);
  const { losses, values } = holder.held;
  fate.losesRows = losses.some((loss: Loss) => !loss.enforced || !rebuilds.has(loss.position));
  const isAsItWas = ({ emptied }: Value): boolean => emptied === undefined || rebuilds.has(emptied);
  const changed = new Set<string>();
  const sources = new Set([...values.values()].flatMap((value) => [...value.sources]));
  for (const column of effect.columns ?? []) {
    const name = fold(column.name);
    const own = values.get(name);
    const copies = [...values].filter(([, value]) => value.exact === name);
    const [now] = own?.exact === name ? [[name, own] as const] : copies;
    if (now !== undefined && isAsItWas(now[1])) {
      if (now[0] !== name) fate.renamed.set(name, now[0]);
    } else if (own !== undefined || now !== undefined || sources.has(name)) {
      changed.add(name);
    }
  }
  // A virtual table's columns only its module knows; what is set in it is seen all the same.
  if (effect.columns === undefined) for (const name of values.keys()) changed.add(name);
  fate.changed = changed;
  return fate;
}

/**
 * What statements do to each table, by its name before.
 *
 * @param tables the tables before
 * @param schema the SQL of all that is there before
 * @param statements the statements that will run, in order
 */
export function fatesOf(
  tables: readonly FilledTable[],
  schema: readonly string[],
  statements: readonly string[],
): Map<string, Fate> {
  const reader = new Reader(schema);
  statements.forEach((statement, position) => {
    reader.follow(statement, position);
  });
  const effects = reader.effects();
  const rebuilds = rebuildsOf(effects);
  return new Map(
    tables.map(({ name }) => {
      const effect = effects.tables.get(fold(name));
      return [name, effect === undefined ? untouched(name) : fateFrom(effect, rebuilds)];
    }),
  );
}
