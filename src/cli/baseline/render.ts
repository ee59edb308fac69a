// What a database holds, as statements that make it.
import { quote } from '../../base/storage.ts';
import type { Filled, Made, Snapshot } from './snapshot.ts';

/** A statement is kept below what the runtime takes (100,000 bytes), as are others of drizzle-kit's. */
const MAX_BYTES = 90_000;
/** Above some 21,490 values in one statement the runtime answers SQLITE_NOMEM. */
const MAX_VALUES = 20_000;

const text = (value: string): string => `'${value.replaceAll("'", "''")}'`;
const bytesOf = (statement: string): number => Buffer.byteLength(statement);

/** The rows of a table, as many in a statement as the runtime takes. */
function insertsOf({ table, columns, rows }: Filled): string[] {
  const start = `INSERT INTO ${quote(table.name)} (${columns.map(quote).join(', ')}) VALUES\n`;
  const most = Math.floor(MAX_VALUES / (columns.length + 1));
  const statements: string[] = [];
  let places: string[] = [];
  let bytes = bytesOf(start);
  const end = () => {
    if (places.length > 0) statements.push(start + places.join(',\n'));
    places = [];
    bytes = bytesOf(start);
  };
  for (const row of rows) {
    const place = `(${row.join(', ')})`;
    const more = bytesOf(place) + 2;
    if (places.length === most || bytes + more > MAX_BYTES) end();
    places.push(place);
    bytes += more;
  }
  end();
  return statements;
}

/** Tables so that each comes after those that it refers to, as far as they do not refer to each other. */
function parentsFirst(
  filled: readonly Filled[],
  parentsOf: (table: string) => readonly string[],
): Filled[] {
  const byName = new Map(filled.map((one) => [one.table.name.toLowerCase(), one]));
  const sorted = new Set<Filled>();
  const under = new Set<string>();
  const visit = (name: string): void => {
    const one = byName.get(name);
    if (one === undefined || under.has(name)) return;
    under.add(name);
    for (const parent of parentsOf(one.table.name)) visit(parent.toLowerCase());
    sorted.add(one);
  };
  for (const name of byName.keys()) visit(name);
  return [...sorted];
}

/**
 * Writes the statements that make what a database holds: tables, indexes, rows, views, virtual tables with theirs, what
 * AUTOINCREMENT has counted to, and triggers last, so that none is fired by the rows. An index comes before the rows, as a
 * reference may need it; it also reads two rows less for each row, and writes as many.
 *
 * @param snapshot what it holds
 * @param parentsOf the tables that a table refers to
 * @returns the statements in order
 */
export function renderSnapshot(
  { made, filled, sequences, texts, isAnalyzed }: Snapshot,
  parentsOf: (table: string) => readonly string[],
): string[] {
  const of = (type: Made['type'], isVirtual = false): string[] =>
    made
      .filter((one) => one.type === type && (one.module !== undefined) === isVirtual)
      .map(({ sql }) => sql);
  const isVirtual = ({ table }: Filled): boolean => table.module !== undefined;
  const settings = [...texts].flatMap(([name, { settings: own }]) =>
    own.map(
      ({ key, value }) =>
        `INSERT INTO ${quote(name)} (${quote(name)}, rank) VALUES (${text(key)}, ${value})`,
    ),
  );
  const indexed = [...texts].flatMap(([name, { content, words }]) =>
    content === 'external' && words.length > 0
      ? [`INSERT INTO ${quote(name)} (${quote(name)}) VALUES ('rebuild')`]
      : [],
  );
  // A history may have set a counter back, or taken it away.
  const counting = filled.flatMap(({ table: { name, sql } }) =>
    /\bautoincrement\b/i.test(sql) ? name : [],
  );
  const counted = [
    ...[...new Set([...counting, ...sequences.map(({ name }) => name)])].map(
      (name) => `DELETE FROM sqlite_sequence WHERE name = ${text(name)}`,
    ),
    ...sequences.map(
      ({ name, seq }) => `INSERT INTO sqlite_sequence (name, seq) VALUES (${text(name)}, ${seq})`,
    ),
  ];
  return [
    ...of('table'),
    ...of('index'),
    ...parentsFirst(
      filled.filter((one) => !isVirtual(one)),
      parentsOf,
    ).flatMap(insertsOf),
    ...of('view'),
    ...of('table', true),
    ...settings,
    ...filled.filter(isVirtual).flatMap(insertsOf),
    ...indexed,
    ...counted,
    ...(isAnalyzed ? ['ANALYZE'] : []),
    ...of('trigger'),
  ];
}
