// Random migrations whose effects are known: what the trace calls damage is what they lose without saying so, row by row
// and column by column, and SQLite itself runs every statement.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { openDatabase } from '../../src/cli/database.ts';
import { defineMigrations } from '../../src/index.ts';
import { readMigrations } from '../../src/input/migrations.ts';
import { fold } from '../../src/reader/names.ts';
import { readContents } from '../../src/testing/contents.ts';
import { compareRows } from '../../src/testing/damage.ts';
import { schemaOf } from '../../src/testing/look.ts';
import { trace } from '../../src/testing/trace.ts';

const COLUMNS = ['a', 'b', 'c'];
const COUNT = 5;

/** A column as it is now, and which of the first ones it carries. */
interface Column {
  name: string;
  carries: string | undefined;
}

/** A row of the beginning. */
interface Row {
  /** Whether a statement took it. */
  taken: boolean;
  lost: boolean;
  /** Columns of the beginning that a statement set in it. */
  set: Set<string>;
  /** Columns of the beginning that a copy left out, though nothing had set them in it. */
  forgotten: Set<string>;
}

class Model {
  table = 't';
  columns: Column[] = COLUMNS.map((name) => ({ name, carries: name }));
  readonly rows: Row[] = Array.from({ length: COUNT }, () => ({
    taken: false,
    lost: false,
    set: new Set<string>(),
    forgotten: new Set<string>(),
  }));
  readonly statements: string[] = [];
  #names = 0;

  fresh(): string {
    return `n${this.#names++}`;
  }

  column(number: number): Column {
    return this.columns[number % this.columns.length] as Column;
  }

  /** Rows of the beginning that a statement reaches with `id <= limit`. */
  upTo(limit: number): Row[] {
    return this.rows.filter((row, at) => at < limit && !row.taken && !row.lost);
  }

  rebuild(
    columns: readonly Column[],
    list: readonly string[],
    values: readonly string[],
    rest = '',
  ): void {
    const target = this.fresh();
    this.statements.push(
      'PRAGMA foreign_keys=OFF',
      `CREATE TABLE ${target} (id INTEGER PRIMARY KEY, ${columns.map(({ name }) => `${name} TEXT`).join(', ')})`,
      `INSERT INTO ${target} (id, ${list.join(', ')}) SELECT id, ${values.join(', ')} FROM ${this.table}${rest}`,
      `DROP TABLE ${this.table}`,
      `ALTER TABLE ${target} RENAME TO ${this.table}`,
    );
    this.columns = [...columns];
  }
}

const named = (columns: readonly Column[]): string[] => columns.map(({ name }) => name);

/** Each does something to the table, and says in the model what that means. */
const STEPS: ((model: Model, number: number) => void)[] = [
  (model) => {
    const name = model.fresh();
    model.statements.push(`ALTER TABLE ${model.table} ADD ${name} TEXT DEFAULT 'new'`);
    model.columns.push({ name, carries: undefined });
  },
  (model, number) => {
    const column = model.column(number);
    const name = model.fresh();
    model.statements.push(`ALTER TABLE ${model.table} RENAME COLUMN ${column.name} TO ${name}`);
    column.name = name;
  },
  (model, number) => {
    if (model.columns.length < 2) return;
    const column = model.column(number);
    model.statements.push(`ALTER TABLE ${model.table} DROP COLUMN ${column.name}`);
    model.columns = model.columns.filter((one) => one !== column);
  },
  (model) => {
    const name = model.fresh();
    model.statements.push(`ALTER TABLE ${model.table} RENAME TO ${name}`);
    model.table = name;
  },
  (model, number) => {
    const limit = number % (COUNT + 1);
    const column = model.column(number);
    model.statements.push(`UPDATE ${model.table} SET ${column.name} = 'set' WHERE id <= ${limit}`);
    for (const { set } of model.upTo(limit)) if (column.carries) set.add(column.carries);
  },
  (model, number) => {
    const limit = number % 3;
    model.statements.push(`DELETE FROM ${model.table} WHERE id <= ${limit}`);
    for (const row of model.upTo(limit)) row.taken = true;
  },
  (model, number) => {
    const column = model.column(number);
    const id = (number % COUNT) + 1;
    model.statements.push(
      `INSERT INTO ${model.table} (id, ${column.name}) SELECT ${id}, 'up' WHERE EXISTS (SELECT 1 FROM ${model.table} WHERE id = ${id}) ` +
        `ON CONFLICT DO UPDATE SET ${column.name} = excluded.${column.name}`,
    );
    const row = model.rows[id - 1] as Row;
    if (!row.taken && !row.lost && column.carries) row.set.add(column.carries);
  },
  (model) => model.rebuild(model.columns, named(model.columns), named(model.columns)),
  // A rebuild that renames a column, and one that leaves one out of both.
  (model, number) => {
    const column = model.column(number);
    const columns = model.columns.map((one) =>
      one === column ? { ...one, name: model.fresh() } : one,
    );
    model.rebuild(columns, named(columns), named(model.columns));
  },
  (model, number) => {
    if (model.columns.length < 2) return;
    const columns = model.columns.filter((one) => one !== model.column(number));
    model.rebuild(columns, named(columns), named(columns));
  },
  (model, number) => {
    const limit = number % 3;
    const names = named(model.columns);
    model.rebuild(model.columns, names, names, ` WHERE id > ${limit}`);
    for (const row of model.upTo(limit)) row.taken = true;
  },
  // What loses: a column that the copy forgets, rows that a JOIN has no partner for, one column in the place of another.
  (model, number) => {
    if (model.columns.length < 2) return;
    const column = model.column(number);
    const others = model.columns.filter((one) => one !== column);
    const columns = model.columns.map((one) => ({ ...one }));
    model.rebuild(columns, named(others), named(others));
    for (const { set, forgotten } of model.rows) {
      if (column.carries && !set.has(column.carries)) forgotten.add(column.carries);
    }
  },
  (model, number) => {
    const limit = number % 3;
    const some = model.fresh();
    const names = named(model.columns);
    model.statements.push(
      `CREATE TABLE ${some} AS SELECT id AS other FROM ${model.table} WHERE id > ${limit}`,
    );
    model.rebuild(model.columns, names, names, ` JOIN ${some} ON id = other`);
    for (const row of model.upTo(limit)) row.lost = true;
  },
];

interface Expected {
  gone: string[];
  changed: string[];
}

function expectedOf(model: Model): Expected {
  const gone: string[] = [];
  const changed: string[] = [];
  model.rows.forEach(({ taken, lost, forgotten }, at) => {
    if (taken) return;
    if (lost) gone.push(String(at + 1));
    else {
      for (const column of COLUMNS) {
        const isThere = model.columns.some(({ carries }) => carries === column);
        if (isThere && forgotten.has(column)) {
          changed.push(`${at + 1} ${column}`);
        }
      }
    }
  });
  return { gone, changed };
}

it(
  'is just what nobody asked for',
  () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(STEPS.length - 1), fc.nat(60)), { minLength: 1, maxLength: 8 }),
        async (steps) => {
          const model = new Model();
          for (const [step, number] of steps) STEPS[step]?.(model, number);
          if (model.statements.length === 0) return;
          const database = openDatabase(':memory:');
          database.sql.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT, c TEXT)');
          for (let id = 1; id <= COUNT; id++) {
            database.sql.exec(`INSERT INTO t VALUES (${id}, 'a${id}', 'b${id}', 'c${id}')`);
          }
          const { migrations } = readMigrations(
            defineMigrations({ m0000: model.statements.join(';\n') }),
          );
          const before = readContents(database.sql, []);
          const traced = await trace(database, migrations, {
            before,
            schema: schemaOf(database.sql),
            except: [],
          });
          expect(traced?.error).toBeUndefined();
          const fate = traced?.fates.get('t');
          const after = traced?.tables?.find(({ name }) => fold(name) === (fate?.name ?? 't'));
          const [table] = before;
          if (table === undefined) throw new Error('there is no table');
          const { damaged } = compareRows(table, traced?.rows.get('t') ?? [], after, fate);
          const found: Expected = { gone: [], changed: [] };
          for (const { before: row, now } of damaged) {
            if (now === undefined) found.gone.push(String(row?.id));
            else found.changed.push(...Object.keys(now).map((column) => `${row?.id} ${column}`));
          }
          expect(found).toEqual(expectedOf(model));
          database.close();
        },
      ),
      { numRuns: 200 },
    ),
  60_000,
);
