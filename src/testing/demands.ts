// What pending migrations ask of the rows that are there: uniqueness, CHECKs, values, parents, types. A row that the schema
// allows and the next one does not is what makes a migration throw, or lose it in silence.
import type { Table } from '../reader/model.ts';
import { checksOf, fold, folded, shown } from '../reader/names.ts';
import { type AstNode, nodesOf, parse, tokensOf } from '../reader/parser.ts';
import { type Copied, type Followed, Follower } from './follow.ts';

/** What a migration asks of the rows of a table that is there. */
export interface Demand {
  readonly kind: 'unique' | 'check' | 'not null' | 'reference' | 'type' | 'partner';
  /** The migration that asks for it, by its place among those that are pending. */
  readonly migration: number;
  /** The table as it was at first, folded. */
  readonly table: string;
  /** Its columns as they were at first, folded. */
  readonly columns: readonly string[];
  /** In SQL's words. */
  readonly words: string;
  /** Of a CHECK its expression, by the columns as they were at first. */
  readonly expression?: string;
  /** Of a reference the parent as it was at first, folded, and its columns; undefined if the parent is a new table. */
  readonly parent?: { readonly table: string; readonly columns: readonly string[] } | undefined;
  /** Of a reference the parent that is dropped, folded, so that nothing may refer to it any more. */
  readonly dropped?: string;
  /** Of a type the new one, and whether the table takes no other. */
  readonly type?: string;
  readonly strict?: boolean;
  /** Of uniqueness the condition under which it holds, by the columns as they were at first. */
  readonly where?: string;
  /** The table that asks, where it is not the one that the rows are in. */
  readonly target?: Table;
}

/** Demands without the migration. */
type Asked = Omit<Demand, 'migration'>;

const namesIn = (nodes: readonly AstNode[]): string[] => [
  ...new Set(
    nodes
      .flatMap((node) => [...nodesOf(node)])
      .flatMap((node) =>
        node.type === 'Id'
          ? [fold(node.name)]
          : node.type === 'QualifiedExpr'
            ? [fold(node.column.text)]
            : [],
      ),
  ),
];

/**
 * An expression of one table with other names for its columns.
 *
 * @param expression the expression
 * @param columns what each of the table's columns is called now, by its folded name; undefined for one without a new name
 * @returns undefined if it names a column that has none
 */
export function renamed(
  expression: string,
  columns: ReadonlyMap<string, string | undefined>,
): string | undefined {
  const tokens = tokensOf(expression).map(({ text }) => text);
  const parts: string[] = [];
  for (const [at, token] of tokens.entries()) {
    const isQualifier = tokens[at + 1] === '.' || token === '.';
    const name = folded(token);
    const isColumn = tokens[at + 1] !== '(' && !token.startsWith("'") && columns.has(name);
    if (isQualifier) continue;
    if (isColumn && columns.get(name) === undefined) return undefined;
    parts.push(isColumn ? (columns.get(name) ?? token) : token);
  }
  return parts.join(' ');
}

const quotedOr = (name: string | undefined): string | undefined =>
  name === undefined ? undefined : quoted(name);

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** What the definition of a table asks of rows that are copied into it. */
class Definition {
  readonly #names: ReadonlyMap<string, string>;

  constructor(
    private readonly follower: Follower,
    private readonly table: Table,
    private readonly origin: string,
  ) {
    this.#names = follower.carried(table).get(origin) ?? new Map();
  }

  /** Columns as they were at first; undefined if one of them is new. */
  #first(columns: readonly string[]): string[] | undefined {
    const found = columns.map((column) => this.#names.get(column));
    return found.includes(undefined) || found.length === 0 ? undefined : (found as string[]);
  }

  #asked(
    kind: Demand['kind'],
    columns: readonly string[],
    words: string,
    more: Partial<Asked> = {},
  ): Asked[] {
    const first = this.#first(columns);
    return first === undefined
      ? []
      : [{ kind, table: this.origin, columns: first, words, ...more }];
  }

  asked(): Asked[] {
    const { uniques, columns, references } = this.table;
    return [
      ...uniques.flatMap((unique) =>
        this.#asked('unique', unique, `UNIQUE (${unique.join(', ')})`),
      ),
      ...(columns ?? []).flatMap((column) =>
        column.notNull || (this.#isKeyed() && this.table.key.includes(fold(column.name)))
          ? this.#asked('not null', [fold(column.name)], `NOT NULL of ${column.name}`)
          : [],
      ),
      ...references.flatMap((reference) =>
        this.#asked(
          'reference',
          reference.columns,
          `FOREIGN KEY (${reference.columns.join(', ')}) to ${reference.parent}`,
          { parent: this.parentOf(reference.parent, reference.to) },
        ),
      ),
      ...this.#checks(),
      ...this.#types(),
    ];
  }

  /** What stands behind the columns of the CREATE TABLE, in lower case. */
  #end(): string {
    const sql = this.follower.definitionOf(this.table)?.sql ?? '';
    return sql.slice(sql.lastIndexOf(')') + 1).toLowerCase();
  }

  /** Whether it has no rowid, so that its key is never NULL: https://www.sqlite.org/withoutrowid.html */
  #isKeyed(): boolean {
    return /\bwithout\s+rowid\b/.test(this.#end());
  }

  /** The parent of a reference as it was at first. */
  parentOf(name: string, to: readonly string[]): Demand['parent'] {
    const parent = this.follower.table(name);
    if (parent === undefined) return undefined;
    const [origin, names] = [...this.follower.carried(parent)][0] ?? [];
    const columns = (to.length > 0 ? to : parent.key).map((column) => names?.get(column));
    if (origin === undefined || columns.includes(undefined)) return undefined;
    return { table: origin, columns: columns as string[] };
  }

  #checks(): Asked[] {
    const definition = this.follower.definitionOf(this.table);
    const all = this.table.columns?.map((column) => fold(column.name)) ?? [];
    return checksOf(definition?.sql ?? '').flatMap(({ sql, words }) => {
      const named = new Set(words.map(folded));
      const columns = all.filter((column) => named.has(column));
      const expression = renamed(
        sql,
        new Map(
          all.map((column) => {
            const first = this.#names.get(column);
            return [column, first === undefined ? undefined : quoted(first)];
          }),
        ),
      );
      if (expression === undefined) return [];
      const plain = renamed(sql, new Map(all.map((column) => [column, shown(column)]))) ?? sql;
      return this.#asked('check', columns, `CHECK (${plain})`, { expression });
    });
  }

  #types(): Asked[] {
    const body = this.follower.definitionOf(this.table)?.statement.body;
    if (body?.type !== 'ColumnsAndConstraintsCreateTableBody') return [];
    return body.columns.flatMap(({ colName, colType }) =>
      this.#asked(
        'type',
        [fold(colName.text)],
        `${colType?.name ?? 'no type'} of ${colName.text}`,
        {
          type: colType?.name ?? '',
          strict: /\bstrict\b/.test(this.#end()),
        },
      ),
    );
  }
}

/** What a copy asks: the table that it is made into, and the SELECT itself. */
function askedByCopy(
  follower: Follower,
  { target, origin, distinct, joins, sources }: Copied,
): Asked[] {
  const carried = follower.carried(target).get(origin) ?? new Map<string, string>();
  const columns = [...carried.values()];
  const isLeft = sources.every((source) => follower.all().includes(source));
  const other: Asked[] = [];
  if (distinct && columns.length > 0) {
    other.push({ kind: 'unique', table: origin, columns, words: 'DISTINCT' });
  }
  if (joins) {
    const references = sources.flatMap(({ references: all }) => all.map(({ columns: own }) => own));
    for (const own of references) {
      const first = own
        .map((column) => carried.get(column))
        .filter((column) => column !== undefined);
      if (first.length === own.length) {
        other.push({ kind: 'partner', table: origin, columns: first, words: 'JOIN' });
      }
    }
  }
  // Rows of a table that stays are not lost, and ask nothing but what makes the statement throw.
  return [
    ...new Definition(follower, target, origin).asked().map((one) => ({ ...one, target })),
    ...(isLeft ? other : []),
  ];
}

/** What an UPDATE asks: values that become equal, or have no parent. */
function askedByUpdate(follower: Follower, { statement }: Followed): Asked[] {
  if (statement?.type !== 'UpdateStmt') return [];
  const table = follower.table(statement.tblName.objName.text);
  if (table === undefined) return [];
  const set = new Set(
    statement.sets.flatMap(({ colNames }) => colNames.map(({ text }) => fold(text))),
  );
  return [...follower.carried(table)].flatMap(([origin, names]): Asked[] => {
    const uniques = table.uniques.filter((unique) => unique.some((column) => set.has(column)));
    const references = table.references.filter(({ columns }) =>
      columns.every((column) => set.has(column)),
    );
    return [
      ...uniques.flatMap((unique): Asked[] => {
        const columns = unique.map((column) => names.get(column));
        if (columns.includes(undefined)) return [];
        const words = `UNIQUE (${unique.join(', ')})`;
        return [{ kind: 'unique', table: origin, columns: columns as string[], words }];
      }),
      ...references.flatMap((reference): Asked[] => {
        const columns = reference.columns.map((column) => follower.sourceOf(table, column, origin));
        if (columns.includes(undefined)) return [];
        const words = `FOREIGN KEY (${reference.columns.join(', ')}) to ${reference.parent}`;
        const parent = new Definition(follower, table, origin).parentOf(
          reference.parent,
          reference.to,
        );
        return [{ kind: 'reference', table: origin, columns: columns as string[], words, parent }];
      }),
    ];
  });
}

/** What a new UNIQUE index asks of the rows of its table. */
function askedByIndex(follower: Follower, sql: string): Asked[] {
  const statement = parse(sql);
  if (statement?.type !== 'CreateIndexStmt' || !statement.unique) return [];
  const table = follower.table(statement.tblName.text);
  if (table === undefined) return [];
  const own = new Set(table.columns?.map(({ name }) => fold(name)));
  const where = statement.whereClause === undefined ? [] : [statement.whereClause];
  const named = namesIn([...statement.columns.map(({ expr }) => expr as AstNode), ...where]);
  return [...follower.carried(table)].flatMap(([origin, names]): Asked[] => {
    const columns = named.filter((name) => own.has(name)).map((name) => names.get(name));
    if (columns.length === 0 || columns.includes(undefined)) return [];
    const words = `UNIQUE INDEX ${statement.idxName.objName.text}`;
    const condition = statement.whereClause;
    const first = new Map([...own].map((name) => [name, quotedOr(names.get(name))]));
    const where =
      condition &&
      renamed(
        sql.slice(condition.span.offset, condition.span.offset + condition.span.length),
        first,
      );
    const more = where === undefined ? {} : { where };
    return [{ kind: 'unique', table: origin, columns: columns as string[], words, ...more }];
  });
}

/**
 * What migrations ask of the rows that are there.
 *
 * @param schema the SQL of what is there, as sqlite_master has it, in its order
 * @param migrations the statements of each migration that will run, in order
 * @returns also what the schema asks of them already
 */
export function demandsOf(
  schema: readonly string[],
  migrations: readonly (readonly string[])[],
): Demand[] {
  const follower = new Follower(schema);
  const found = new Map<string, Demand>();
  const drops: Demand[] = [];
  let position = 0;
  migrations.forEach((statements, migration) => {
    for (const sql of statements) {
      const followed = follower.step(sql, position++, migration);
      const { copies } = followed;
      drops.push(...askedByDrop(follower, followed).map((one) => ({ ...one, migration })));
      const asked = [
        ...copies.flatMap((copy) => askedByCopy(follower, copy)),
        ...askedByIndex(follower, sql),
        ...askedByUpdate(follower, followed),
      ];
      for (const one of asked) {
        const key = JSON.stringify([one.kind, one.table, one.columns, one.expression ?? one.type]);
        if (!found.has(key)) found.set(key, { ...one, migration });
      }
    }
  });
  const fates = follower.fates();
  for (const one of drops) {
    // What comes back under its name, as in a rebuild, is no loss to those that refer to it.
    if (fates.get(one.dropped ?? '')?.name !== undefined) continue;
    found.set(JSON.stringify(['dropped', one.table, one.columns]), one);
  }
  return [...found.values()];
}

/** What it asks of the rows that refer to a table that it is dropped. */
function askedByDrop(follower: Follower, { statement }: Followed): Asked[] {
  if (statement?.type !== 'DropTableStmt') return [];
  const parent = fold(statement.tblName.objName.text);
  return follower.all().flatMap((table) =>
    table.references
      .filter((reference) => reference.parent === parent)
      .flatMap(({ columns }) =>
        [...follower.carried(table)].flatMap(([origin, names]): Asked[] => {
          const first = columns.map((column) => names.get(column));
          if (first.includes(undefined)) return [];
          const words = `no reference to ${parent}`;
          return [
            {
              kind: 'reference',
              table: origin,
              columns: first as string[],
              words,
              dropped: parent,
            },
          ];
        }),
      ),
  );
}
