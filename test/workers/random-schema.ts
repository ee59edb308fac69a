// Random migrations over tables with foreign keys, in the SQL that drizzle-kit 0.31 writes. Each change is made against
// the tables as the journal's entries before it left them.
import fc from 'fast-check';
import { type Entry, OPENING, journalOf as placeInJournal, type Stamp, stamp } from './journal.ts';

const ACTIONS = ['cascade', 'set null', 'no action', 'restrict'] as const;
type Action = (typeof ACTIONS)[number];

interface Column {
  readonly name: string;
  readonly type: 'integer' | 'text';
  readonly notNull: boolean;
  readonly fallback?: string;
  readonly references?: { readonly table: string; readonly action: Action };
}

interface Table {
  readonly name: string;
  columns: Column[];
  readonly indexes: { name: string; unique: boolean; columns: string[] }[];
  /** The tables that it refers to or referred to once. */
  readonly parents: Set<string>;
  /** The numbers of the migrations that changed it: what comes later needs them. */
  readonly touchedBy: number[];
}

/** A reference of a table to be made; a parent that is not there yet is the table itself. */
interface DraftReference {
  readonly parent: number;
  readonly action: Action;
  readonly notNull: boolean;
}

export interface SchemaDraft extends Stamp {
  readonly change: keyof typeof CHANGES;
  /** Which table, and which of its columns, by number. */
  readonly table: number;
  readonly column: number;
  readonly reference: DraftReference;
}

export interface SchemaMigration extends Entry {
  /** Its statements, as they stand between the breakpoints. */
  readonly statements: readonly string[];
  readonly isAdditive: boolean;
  /** The tables that it touches, and all that these refer to. */
  readonly touches: readonly string[];
  /** The column or index that it adds to a table, if it does. */
  readonly adds: { readonly table: string; readonly name: string } | undefined;
  /** The table that it rebuilds, if it does. */
  readonly rebuilds: string | undefined;
}

export const REBUILD_START = 'PRAGMA foreign_keys=OFF';
export const REBUILD_END = 'PRAGMA foreign_keys=ON';

const columnSql = ({ name, type, notNull, fallback }: Column): string =>
  `\`${name}\` ${type}${name === 'id' ? ' PRIMARY KEY' : ''}` +
  `${fallback === undefined ? '' : ` DEFAULT ${fallback}`}${notNull ? ' NOT NULL' : ''}`;

const createTable = ({ columns }: Table, name: string): string => {
  const keys = columns.flatMap((column) =>
    column.references === undefined
      ? []
      : `FOREIGN KEY (\`${column.name}\`) REFERENCES \`${column.references.table}\`(\`id\`) ` +
        `ON UPDATE no action ON DELETE ${column.references.action}`,
  );
  return `CREATE TABLE \`${name}\` (\n\t${[...columns.map(columnSql), ...keys].join(',\n\t')}\n)`;
};

const createIndex = (table: string, { name, unique, columns }: Table['indexes'][number]): string =>
  `CREATE ${unique ? 'UNIQUE ' : ''}INDEX \`${name}\` ON \`${table}\` (${columns.map((column) => `\`${column}\``).join(',')})`;

/** A table's rebuild, statement by statement as drizzle-kit has it. */
function rebuild(table: Table, kept: readonly Column[]): string[] {
  const list = kept.map(({ name }) => `"${name}"`).join(', ');
  const copy = `__new_${table.name}`;
  return [
    REBUILD_START,
    createTable(table, copy),
    `INSERT INTO \`${copy}\`(${list}) SELECT ${list} FROM \`${table.name}\``,
    `DROP TABLE \`${table.name}\``,
    `ALTER TABLE \`${copy}\` RENAME TO \`${table.name}\``,
    REBUILD_END,
    ...table.indexes.map((index) => createIndex(table.name, index)),
  ];
}

const referenceTo = (
  tables: readonly Table[],
  self: string,
  name: string,
  { parent, action, notNull }: DraftReference,
): Column => {
  const table = tables[parent % (tables.length + 1)]?.name ?? self;
  const canBeNull = action === 'set null' || table === self;
  return { name, type: 'integer', notNull: notNull && !canBeNull, references: { table, action } };
};

const isOwn = ({ name }: Column): boolean => name === 'id' || name === 'name';

interface Made {
  readonly statements: string[];
  readonly isAdditive: boolean;
  readonly adds?: SchemaMigration['adds'];
  readonly rebuilds?: string;
}

type Make = (tables: Table[], table: Table, draft: SchemaDraft, number: number) => Made;

const additive = (...statements: string[]): Made => ({ statements, isAdditive: true });
const other = (...statements: string[]): Made => ({ statements, isAdditive: false });

function newTable(tables: Table[], name: string, references: readonly DraftReference[]): Table {
  const table: Table = {
    name,
    columns: [
      { name: 'id', type: 'integer', notNull: true },
      { name: 'name', type: 'text', notNull: false },
      ...references.map((one, i) => referenceTo(tables, name, `ref_${i}`, one)),
    ],
    indexes: [],
    parents: new Set(),
    touchedBy: [],
  };
  tables.push(table);
  return table;
}

/** Rebuilds with other columns: what the column numbered by the draft becomes is told by `change`. */
function rebuildWith(
  table: Table,
  number: number,
  change: (column: Column) => Column | undefined,
): Made {
  const candidates = table.columns.filter((column) => !isOwn(column));
  const picked = candidates[number % candidates.length];
  const next = picked && change(picked);
  table.columns = table.columns.flatMap((column) =>
    column === picked ? (next === undefined ? [] : [next]) : [column],
  );
  for (const index of table.indexes.splice(0)) {
    const stands = index.columns.every((name) => table.columns.some((one) => one.name === name));
    if (stands) table.indexes.push(index);
  }
  return { ...other(...rebuild(table, table.columns)), rebuilds: table.name };
}

const CHANGES = {
  'creates a table': (tables, _, { reference, column }, number) => {
    const second = { ...reference, parent: column, action: ACTIONS[column % 4] as Action };
    const table = newTable(
      tables,
      `t${number}`,
      column % 2 === 0 ? [reference] : [reference, second],
    );
    table.touchedBy.push(number);
    return additive(createTable(table, table.name));
  },
  'adds a column': (_, table, { column }, number) => {
    const name = `added_${number}`;
    const added: Column =
      column % 2 === 0
        ? { name, type: 'text', notNull: false }
        : { name, type: 'text', notNull: true, fallback: "'—;'" };
    table.columns = [...table.columns, added];
    const adds = { table: table.name, name };
    return { ...additive(`ALTER TABLE \`${table.name}\` ADD ${columnSql(added)}`), adds };
  },
  'adds a reference': (tables, table, { reference }, number) => {
    const added = referenceTo(tables, table.name, `ref_${number}`, {
      ...reference,
      notNull: false,
    });
    table.columns = [...table.columns, added];
    const statement =
      `ALTER TABLE \`${table.name}\` ADD ${columnSql(added)} REFERENCES ${added.references?.table}(id) ` +
      `ON DELETE ${added.references?.action}`;
    return { ...additive(statement), adds: { table: table.name, name: added.name } };
  },
  'adds an index': (_, table, { column }, number) => {
    const picked = table.columns[column % table.columns.length] as Column;
    const index = { name: `i${number}`, unique: column % 3 === 0, columns: [picked.name, 'id'] };
    table.indexes.push(index);
    const adds = { table: table.name, name: index.name };
    return { ...additive(createIndex(table.name, index)), adds };
  },
  'inserts rows': (_, table, { column }, number) => {
    const needed = table.columns.filter(({ name, notNull, fallback }) => {
      return name !== 'id' && notNull && fallback === undefined;
    });
    const names = ['id', 'name', ...needed.map(({ name }) => name)];
    const values = needed.map(
      ({ references }) => `(SELECT min("id") FROM \`${references?.table}\`)`,
    );
    const row = (id: number) => [id, `'of ${number}'`, ...values].join(', ');
    const ids = Array.from({ length: 1 + (column % 2) }, (_, i) => 1000 * number + i);
    const start = `INSERT INTO \`${table.name}\`(${names.join(', ')})`;
    return needed.length === 0
      ? additive(`${start} VALUES ${ids.map((id) => `(${row(id)})`).join(', ')}`)
      : other(`${start} ${ids.map((id) => `SELECT ${row(id)}`).join(' UNION ALL ')}`);
  },
  'drops a column': (_, table, { column }) => rebuildWith(table, column, () => undefined),
  'makes a column required': (_, table, { column }) =>
    rebuildWith(table, column, (old) =>
      old.type === 'text'
        ? { ...old, notNull: true, fallback: "''" }
        : { ...old, notNull: old.references?.table !== table.name },
    ),
  'changes what a reference does': (_, table, { column, reference: { action } }) =>
    rebuildWith(table, column, (old) =>
      old.references === undefined
        ? { ...old, notNull: false }
        : {
            ...old,
            notNull: old.notNull && action !== 'set null',
            references: { ...old.references, action },
          },
    ),
  'updates rows': (_, table, __, number) =>
    other(
      `UPDATE \`${table.name}\` SET name = coalesce(name, '') || '+${number}' WHERE id % 2 = 1`,
    ),
  'deletes rows': (_, table, { column }) =>
    other(`DELETE FROM \`${table.name}\` WHERE id % 4 = ${column % 4}`),
} satisfies Record<string, Make>;

const reference: fc.Arbitrary<DraftReference> = fc.record({
  parent: fc.nat(5),
  action: fc.constantFrom(...ACTIONS),
  notNull: fc.boolean(),
});

const draft: fc.Arbitrary<SchemaDraft> = fc.record({
  change: fc.constantFrom(...(Object.keys(CHANGES) as (keyof typeof CHANGES)[])),
  table: fc.nat(5),
  column: fc.nat(11),
  reference,
  ...stamp,
});

/** What fast-check makes up of a schema's life. */
export interface SchemaLife {
  /** The references of each of the tables that the first migration makes. */
  readonly tables: readonly (readonly DraftReference[])[];
  readonly drafts: readonly SchemaDraft[];
}

export const schemaLife: fc.Arbitrary<SchemaLife> = fc.record({
  tables: fc.array(fc.array(reference, { maxLength: 2 }), { minLength: 2, maxLength: 3 }),
  drafts: fc.array(draft, { minLength: 1, maxLength: 7 }),
});

/** Each migration says that it ran, in a table that takes it once. */
const withMark = (number: number, made: Made, touches: readonly string[]) => {
  const statements = [...made.statements, `INSERT INTO \`runs\`(migration) VALUES (${number})`];
  const { isAdditive, adds, rebuilds } = made;
  const sql = statements.join(';--> statement-breakpoint\n');
  return { statements, isAdditive, adds, rebuilds, touches, sql };
};

/** A table and all that it refers to, or did so far. */
function withParents(tables: readonly Table[], name: string): string[] {
  for (const { columns, parents } of tables) {
    for (const { references } of columns) if (references) parents.add(references.table);
  }
  const found = new Set([name]);
  for (const one of found) {
    for (const parent of tables.find((table) => table.name === one)?.parents ?? []) {
      found.add(parent);
    }
  }
  return [...found];
}

/** The journal of a schema's life, as it stands after the last deploy. */
export function schemaJournal({ tables: first, drafts }: SchemaLife): SchemaMigration[] {
  const tables: Table[] = [];
  for (const [i, references] of first.entries()) newTable(tables, `t0_${i}`, references);
  for (const { touchedBy } of tables) touchedBy.push(0);
  const opened = [
    'CREATE TABLE `runs` (`migration` integer PRIMARY KEY NOT NULL)',
    ...tables.map((table) => createTable(table, table.name)),
  ];
  const opening = { ...OPENING, ...withMark(0, other(...opened), []) };
  const needed = new Map<number, number[]>();
  return placeInJournal<SchemaDraft, SchemaMigration>(
    opening,
    drafts,
    (made, number) => {
      const table = tables[made.table % tables.length] as Table;
      const make: Make = CHANGES[made.change];
      const before = withParents(tables, table.name);
      const parts = make(tables, table, made, number);
      const changed = tables.find(({ touchedBy }) => touchedBy.includes(number)) ?? table;
      const parents = changed.columns.flatMap(({ references }) =>
        tables.filter(({ name }) => name === references?.table),
      );
      needed.set(
        number,
        [...changed.touchedBy, ...parents.map(({ touchedBy }) => touchedBy[0] ?? 0)].filter(
          (other) => other !== number,
        ),
      );
      if (changed === table) table.touchedBy.push(number);
      return withMark(number, parts, [...before, ...withParents(tables, changed.name)]);
    },
    (number) => needed.get(number) ?? [],
  );
}
