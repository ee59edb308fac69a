// Rows that were allowed before and are not after: each is tried with what the first pending migration asks of them, and
// what then fails, is lost or is changed depends on the rows of your objects.
import { quote, type SqlStorageLike, type StorageLike } from '../base/storage.ts';
import type { Migration } from '../input/migration.ts';
import { fold, folded, normalized, shown } from '../reader/names.ts';
import { parse, tokensOf } from '../reader/parser.ts';
import { splitStatements } from '../sql/statements.ts';
import { type FilledTable, literalOf, type StoredRow } from './contents.ts';
import { compareRows, compareSame, type Damage } from './damage.ts';
import { type Demand, demandsOf } from './demands.ts';
import { Follower } from './follow.ts';
import { cellOf } from './kept.ts';
import { groupsOf, toLiteral } from './solve.ts';
import { type Trace, trace } from './trace.ts';
import { candidatesOf } from './values.ts';

/** What a migration does to rows that an object may have, though those of the rehearsal are fine. */
export interface Risk {
  /**
   * `'fails'`: it throws, at every wake. `'loses rows'` and `'changes values'`: in silence. `'reuses ids'`: AUTOINCREMENT
   * starts again.
   */
  readonly effect: 'fails' | 'loses rows' | 'changes values' | 'reuses ids';
  /** The migration, by its tag, or else its key; null where it is not known which. */
  readonly migration: string | null;
  /** The table, by its name before. */
  readonly table: string;
  /** What is found, in a sentence. */
  readonly found: string;
  /** Finds such rows in an object; null where no query can. */
  readonly query: string | null;
}

/** Values that a CHECK may refuse. */
const STRANGE = [
  ...[
    "''",
    '-1',
    '0',
    "'no such value'",
    '1000000000',
    '-1000000000',
    '0.5',
    'NULL',
    "'{'",
    "'A b'",
  ],
  ...["replace(hex(zeroblob(600)), '0', 'x')", "'9'", '1', '2'],
];

/** Values that a new CHECK may refuse: strange ones, and those that the old ones name. */
function strangeFor(table: FilledTable, name: string): string[] {
  const column = table.columns.find((one) => one.name === name);
  const own = column === undefined ? [] : candidatesOf(table, column)(0).slice(0, MOST_OWN);
  const texts = own.flatMap((value) => (value === undefined ? [] : [toLiteral(value)]));
  return [...new Set([...STRANGE, ...texts])];
}

const MOST_OWN = 12;

/** A value that no row is likely to have. */
const nobody = (before: string): string => (before.startsWith('t') ? "'no such row'" : '987654321');

type Change = (sql: SqlStorageLike) => void;

/** Rows that break one demand. */
interface Attempt {
  readonly change: Change;
  readonly rows: string;
  readonly query: string | null;
}

/** The condition that only one row of a table meets. */
function only(table: FilledTable, row: StoredRow): string {
  const key = table.columns.filter(({ key }) => key > 0);
  const telling = key.length > 0 ? key : table.columns.filter(({ generated }) => !generated);
  return telling
    .map(({ name }) => `${quote(name)} IS ${literalOf(cellOf(row, fold(name)))}`)
    .join(' AND ');
}

function attemptsFor(
  table: FilledTable,
  demand: Demand,
  before: readonly FilledTable[],
  partial: readonly string[],
): Attempt[] {
  const names = demand.columns.map(
    (column) => table.columns.find(({ name }) => fold(name) === column)?.name ?? column,
  );
  const list = names.map(quote).join(', ');
  const shownList = names.map(shown).join(', ');
  const from = `FROM ${quote(table.name)}`;
  const [first] = table.rows;
  if (first === undefined) return [];
  const set = (row: StoredRow, values: readonly string[]): Change => {
    const assigned = names.map((name, at) => `${quote(name)} = ${values[at] ?? 'NULL'}`).join(', ');
    return (sql) => {
      sql.exec(`UPDATE ${quote(table.name)} SET ${assigned} WHERE ${only(table, row)}`);
    };
  };
  switch (demand.kind) {
    case 'partner':
      return [
        {
          change: set(
            first,
            names.map(() => 'NULL'),
          ),
          rows: `a row of ${shown(table.name)} has no ${shownList} to JOIN by`,
          query: `SELECT * ${from} WHERE ${names.map((name) => `${quote(name)} IS NULL`).join(' OR ')}`,
        },
      ];
    case 'unique':
      return repeated(table, names, set, demand, partial).map((change) => ({
        change,
        rows: `two rows of ${shown(table.name)} have one ${shownList}`,
        query: `SELECT ${list}, count(*) ${from} GROUP BY ${list} HAVING count(*) > 1`,
      }));
    case 'not null':
      return [
        {
          change: set(first, ['NULL']),
          rows: `a row of ${shown(table.name)} has no ${shownList}`,
          query: `SELECT * ${from} WHERE ${names.map((name) => `${quote(name)} IS NULL`).join(' OR ')}`,
        },
      ];
    case 'reference':
      if (demand.dropped !== undefined) {
        const parent = before.find(({ name }) => fold(name) === demand.dropped);
        const reference = table.references.find(({ columns }) => columns.join() === names.join());
        const to = reference?.to.length ? reference.to : keyOf(parent);
        const [row] = parent?.rows ?? [];
        if (row === undefined) return [];
        return [
          {
            change: set(
              first,
              to.map((column) => literalOf(cellOf(row, fold(column)))),
            ),
            rows: `a row of ${shown(table.name)} refers to ${shown(demand.dropped)}, which is dropped`,
            query: `SELECT * ${from} WHERE ${names.map((name) => `${quote(name)} IS NOT NULL`).join(' AND ')}`,
          },
        ];
      }
      return [
        {
          change: set(
            first,
            names.map((name) => nobody(cellOf(first, fold(name)))),
          ),
          rows: `the ${shownList} of a row of ${shown(table.name)} is that of no parent (${demand.words})`,
          query: orphanQuery(table, names, demand),
        },
      ];
    case 'check': {
      const query = `SELECT * ${from} WHERE NOT (${demand.expression})`;
      return names.flatMap((name) =>
        strangeFor(table, name).map((value) => ({
          change: (sql: SqlStorageLike) => {
            sql.exec(
              `UPDATE ${quote(table.name)} SET ${quote(name)} = ${value} WHERE ${only(table, first)}`,
            );
            const found = [...sql.exec(query)];
            if (found.length === 0) throw new Error('it meets the CHECK');
          },
          rows: `a row of ${shown(table.name)} does not meet ${demand.words}`,
          query,
        })),
      );
    }
    case 'type':
      return retyped(table, names[0] ?? '', demand).map(({ value, rows, where }) => ({
        change: set(first, [value]),
        rows: `a row of ${shown(table.name)} has ${rows} in ${shownList}`,
        query: `SELECT * ${from} WHERE ${where}`,
      }));
  }
}

const keyOf = (table: FilledTable | undefined): string[] =>
  (table?.columns ?? [])
    .filter(({ key }) => key > 0)
    .sort((a, b) => a.key - b.key)
    .map(({ name }) => name);

/** What frees a row from the condition of an index that holds for some rows only. */
const FREEING = ['NULL', '0', '1', "'x'", "'2026-01-01'"];

/** Two rows with equal values; also with values that are equal to a collation or an expression only. */
function repeated(
  table: FilledTable,
  names: readonly string[],
  set: (row: StoredRow, values: readonly string[]) => Change,
  { where }: Demand,
  partial: readonly string[],
): Change[] {
  const whole = table.rows.filter((row) =>
    names.every((name) => cellOf(row, fold(name)) !== 'NULL'),
  );
  const [one, other] = whole.length > 1 ? whole : table.rows;
  if (one === undefined || other === undefined) return [];
  const values = names
    .map((name) => literalOf(cellOf(one, fold(name))))
    .map((value) => (value === 'NULL' ? "'1'" : value));
  const put = (sql: SqlStorageLike, row: StoredRow, column: string, value: string): void => {
    sql.exec(
      `UPDATE ${quote(table.name)} SET ${quote(column)} = ${value} WHERE ${only(table, row)}`,
    );
  };
  const both =
    (each: (value: string) => string, also: Change = () => {}): Change =>
    (sql) => {
      also(sql);
      if (values.some((value) => value === "'1'")) set(one, values)(sql);
      set(other, values.map(each))(sql);
    };
  const isText = values.some((value) => value.startsWith("'"));
  const columnsIn = (condition: string): string[] => {
    const words = new Set(tokensOf(condition).map(({ text }) => folded(text)));
    return table.columns.flatMap(({ name }) => (words.has(fold(name)) ? [name] : []));
  };
  // Under a condition both rows must meet it; under one that holds already neither may.
  const met = where === undefined ? [] : [meeting(table, where, [one, other], columnsIn(where))];
  const free = partial.flatMap(columnsIn).flatMap((column) =>
    FREEING.map(
      (value): Change =>
        (sql) =>
          put(sql, other, column, value),
    ),
  );
  return [
    ...met,
    both((value) => value),
    ...free.map((also) => both((value) => value, also)),
    ...(isText
      ? [
          both((value) => `upper(${value})`),
          both((value) => `lower(${value})`),
          both((value) => `${value} || ' '`),
        ]
      : []),
  ];
}

/** Has rows meet a condition, by values that it names. */
function meeting(
  table: FilledTable,
  where: string,
  rows: readonly StoredRow[],
  columns: readonly string[],
): Change {
  return (sql) => {
    const check = { name: where, sql: where, words: tokensOf(where).map(({ text }) => text) };
    const lists = new Map(
      table.columns
        .filter(({ name }) => columns.includes(name))
        .map((column) => [column.name, [...candidatesOf(table, column, [check])(0), null]]),
    );
    const [group] = groupsOf(sql, table, [check]);
    const solution = group
      ?.solve(lists)
      .find((one) => [...one.values()].some((value) => value !== null));
    if (solution === undefined) throw new Error('nothing is known to meet it');
    const values = [...solution].map(([name, value]) => [name, toLiteral(value)] as const);
    for (const row of rows) {
      const assigned = values.map(([name, value]) => `${quote(name)} = ${value}`).join(', ');
      sql.exec(`UPDATE ${quote(table.name)} SET ${assigned} WHERE ${only(table, row)}`);
    }
    const others = [...rows].slice(1);
    const [first] = rows;
    for (const row of others) {
      // All else that the index is over is equal then, too.
      if (first !== undefined) copyKeys(sql, table, first, row, columns);
    }
  };
}

function copyKeys(
  sql: SqlStorageLike,
  table: FilledTable,
  from: StoredRow,
  to: StoredRow,
  except: readonly string[],
): void {
  for (const { name, key, generated } of table.columns) {
    if (key > 0 || generated || except.includes(name)) continue;
    try {
      sql.exec(
        `UPDATE ${quote(table.name)} SET ${quote(name)} = ${literalOf(cellOf(from, fold(name)))} WHERE ${only(table, to)}`,
      );
    } catch {
      // What must differ differs.
    }
  }
}

function orphanQuery(
  table: FilledTable,
  names: readonly string[],
  { parent }: Demand,
): string | null {
  if (parent === undefined) return null;
  const is = names
    .map((name, at) => `p.${quote(parent.columns[at] ?? '')} = c.${quote(name)}`)
    .join(' AND ');
  const isSet = names.map((name) => `c.${quote(name)} IS NOT NULL`).join(' AND ');
  return (
    `SELECT * FROM ${quote(table.name)} AS c WHERE ${isSet} AND NOT EXISTS ` +
    `(SELECT 1 FROM ${quote(parent.table)} AS p WHERE ${is})`
  );
}

/** What another declared type does not keep: https://www.sqlite.org/datatype3.html#determination_of_column_affinity */
function retyped(
  table: FilledTable,
  name: string,
  { type = '', strict = false }: Demand,
): { value: string; rows: string; where: string }[] {
  const before = table.columns.find((column) => column.name === name)?.type ?? '';
  if (strict && !/TEXT|BLOB|ANY/i.test(type)) {
    const where = `typeof(${quote(name)}) IN ('text', 'blob')`;
    return [{ value: "'no number'", rows: 'a text', where }];
  }
  if (normalized(before) === normalized(type)) return [];
  const isText = /CHAR|CLOB|TEXT/i.test(before);
  const isNumber = !/CHAR|CLOB|TEXT|BLOB/i.test(type) && type !== '';
  const column = quote(name);
  const texts = [
    {
      value: "'00712'",
      rows: "a text that is a number in another spelling, such as '00712',",
      where: `typeof(${column}) = 'text' AND CAST(CAST(${column} AS NUMERIC) AS TEXT) <> ${column}`,
    },
  ];
  const large = {
    value: '9007199254740993',
    rows: 'an integer above 2^53',
    where: `typeof(${column}) = 'integer' AND abs(${column}) > 9007199254740992`,
  };
  return [
    ...(isText && isNumber ? texts : []),
    ...(/REAL|FLOA|DOUB/i.test(type) && /INT/i.test(before) ? [large] : []),
  ];
}

function damagesIn({ tables = [], rows, fates }: Trace, before: readonly FilledTable[]): Damage[] {
  return before.flatMap((table) => {
    const traced = rows.get(fold(table.name)) ?? [];
    const fate = fates.get(fold(table.name));
    if (fate !== undefined && fate.name === undefined) return [];
    const name = fate?.name ?? fold(table.name);
    const after = tables.find((one) => fold(one.name) === name);
    return [...compareRows(table, traced, after, fate).damaged];
  });
}

const firstLines = (message: string): string => {
  if (message.startsWith('[FOREIGN_KEY_VIOLATION]')) return 'FOREIGN KEY constraint failed';
  const cause = /^\s*Error: (.*)$/m.exec(message)?.[1] ?? message.split('\n')[0] ?? '';
  return cause.replace(/: SQLITE_[\s\S]*$/, '').replace(/^\[\w+\] /, '');
};

/** An object before it wakes, as far as risks are about it. */
export interface RiskOptions {
  readonly before: readonly FilledTable[];
  readonly schema: readonly string[];
  readonly except: readonly string[];
}

/**
 * Tries rows that the schema allows and the next migration does not.
 *
 * @param storage the object's storage; all is taken back
 * @param migration the migration that the object would run next
 * @param options the object as it is
 * @returns one risk for each demand that something comes of
 */
export async function risksOf(
  storage: StorageLike,
  migration: Migration,
  options: RiskOptions,
): Promise<Risk[]> {
  const { before, schema } = options;
  const plain = await trace(storage, [migration], options);
  // What goes wrong anyway is told by the rehearsal itself.
  if (plain === undefined || plain.error !== undefined) return [];
  const known = damagesIn(plain, before).length;
  const risks: Risk[] = [...(await seedRisks(storage, migration, options, plain))];
  for (const demand of demandsOf(schema, [splitStatements(migration.sql ?? '')])) {
    const table = before.find(({ name }) => fold(name) === demand.table);
    if (table === undefined || isMet(table, demand)) continue;
    for (const { change, rows, query } of attemptsFor(
      table,
      demand,
      before,
      conditionsOn(table.name, schema),
    )) {
      const tried = await trace(storage, [migration], { ...options, change });
      const found = tried && whatCame(tried, before, known);
      if (found === undefined) continue;
      const { tag, key } = migration;
      risks.push({
        ...found,
        migration: tag ?? key,
        table: table.name,
        found: `${rows}${targetOf(demand)}: ${found.found}`,
        query,
      });
      break;
    }
  }
  return risks;
}

/** Which table asks, where it is another one. */
const targetOf = ({ target, table }: Demand): string =>
  target === undefined || fold(target.name) === table ? '' : ` (for ${shown(target.name)})`;

/** The conditions of the indexes of a table that hold for some rows only. */
const conditionsOn = (table: string, schema: readonly string[]): string[] =>
  schema.flatMap((sql) => {
    const statement = parse(sql);
    if (statement?.type !== 'CreateIndexStmt' || statement.whereClause === undefined) return [];
    if (fold(statement.tblName.text) !== fold(table)) return [];
    const { offset, length } = statement.whereClause.span;
    return [sql.slice(offset, offset + length)];
  });

/** Rows that a migration inserts, and that an object may have already under a name that is unique. */
async function seedRisks(
  storage: StorageLike,
  migration: Migration,
  options: RiskOptions,
  { tables = [] }: Trace,
): Promise<Risk[]> {
  const follower = new Follower(options.schema);
  const risks: Risk[] = [];
  for (const table of options.before) {
    const after = tables.find(({ name }) => fold(name) === fold(table.name));
    const came =
      after === undefined
        ? []
        : compareSame(table, after).filter((one) => one.before === undefined);
    const [seed] = came;
    const [row] = table.rows;
    if (seed?.now === undefined || row === undefined) continue;
    const key = table.columns.filter((column) => column.key > 0).map(({ name }) => fold(name));
    for (const unique of follower.table(table.name)?.uniques ?? []) {
      if (unique.join() === key.join()) continue;
      const { now } = seed;
      const assigned = unique.map(
        (column) => `${quote(column)} = ${literalOf(cellOf(now, column))}`,
      );
      const change: Change = (sql) => {
        sql.exec(
          `UPDATE ${quote(table.name)} SET ${assigned.join(', ')} WHERE ${only(table, row)}`,
        );
      };
      const tried = await trace(storage, [migration], { ...options, change });
      if (tried?.error === undefined) continue;
      const names = unique.map(shown).join(', ');
      const { tag, key: own } = migration;
      const found = `a row of ${shown(table.name)} has the ${names} of one that it inserts: ${firstLines(tried.error.message)}`;
      risks.push({ effect: 'fails', migration: tag ?? own, table: table.name, found, query: null });
    }
  }
  return risks;
}

/** Whether the table asks the same already, as far as that is cheap to tell. */
function isMet(table: FilledTable, { kind, columns }: Demand): boolean {
  const own = table.columns.filter(({ name }) => columns.includes(fold(name)));
  const key = table.columns.filter(({ key }) => key > 0);
  if (kind === 'not null') return own.every(({ notNull }) => notNull);
  if (kind === 'unique') {
    return key.length > 0 && key.every(({ name }) => columns.includes(fold(name)));
  }
  return false;
}

function whatCame(
  tried: Trace,
  before: readonly FilledTable[],
  known: number,
): Pick<Risk, 'effect' | 'found'> | undefined {
  if (tried.error !== undefined) return { effect: 'fails', found: firstLines(tried.error.message) };
  const changed = before.map((table) => ({
    ...table,
    rows: tried.rows.get(fold(table.name))?.map(({ row }) => row) ?? [],
  }));
  const damages = damagesIn(tried, changed);
  if (damages.length <= known) return undefined;
  const gone = damages.filter(({ now }) => now === undefined);
  if (gone.length > 0)
    return { effect: 'loses rows', found: `${gone.length} of them is gone afterwards` };
  const [one] = damages;
  const columns = Object.keys(one?.now ?? {})
    .map(shown)
    .join(', ');
  return { effect: 'changes values', found: `it has another ${columns} afterwards` };
}
