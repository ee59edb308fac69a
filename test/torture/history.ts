import { secondOf } from '../../src/base/time.ts';
import type { DrizzleBundle0, DrizzleBundle1 } from '../../src/index.ts';
import { draw, shuffle } from './draw.ts';

interface Migration {
  name: string;
  when: number;
  sql: string;
}

/** The migrations of one class, and how they came to be deployed. */
export interface History {
  migrations: Migration[];
  /** How many Drizzle's migrators have run. */
  base: number;
  /** Index of one that came from a branch which was merged late. */
  late: number;
  /** How many each deploy of ours has. */
  deploys: number[];
}

const START = Date.UTC(2026, 0, 5, 9, 30, 7, 123);
const BASE = 6;
const LATE = 3;
const DEPLOYS = 4;

/** The numbers from 1 to a count as a table `n(i)`. */
const numbers = (count: number): string =>
  `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})`;

const insert = (table: string, columns: string, values: string, count: number): string =>
  `INSERT INTO ${table} (${columns}) ${numbers(count)} SELECT ${values} FROM n;`;

const text = (what: string): string => `'${what} ' || i || '; and what it says'`;

/** Writes migrations as drizzle-kit does, and keeps in mind what a rebuild must copy. */
class Author {
  readonly migrations: Migration[] = [];
  private readonly parentColumns = ['id integer PRIMARY KEY NOT NULL', 'name text NOT NULL'];
  private readonly seed: number;
  private readonly rows: number;

  constructor(seed: number, rows: number) {
    this.seed = seed;
    this.rows = rows;
  }

  private count(what: string): number {
    return Math.ceil(this.rows * (0.5 + draw(this.seed, `rows of ${what}`)));
  }

  /** Each migration also writes into a log, where running one twice would show. */
  private write(name: string, ...statements: string[]): void {
    const index = this.migrations.length;
    const log = `INSERT INTO log (id) VALUES (${index});`;
    this.migrations.push({
      name,
      when: START + index * 3_600_000,
      sql: [...statements, log].join('\n--> statement-breakpoint\n'),
    });
  }

  base(): void {
    const reference = 'REFERENCES parents(id) ON DELETE';
    this.write(
      'init',
      'CREATE TABLE log (id integer NOT NULL);',
      `CREATE TABLE parents (${this.parentColumns.join(', ')});`,
      `CREATE TABLE cascading (id integer PRIMARY KEY NOT NULL, parent integer NOT NULL ${reference} CASCADE, body text NOT NULL);`,
      `CREATE TABLE emptied (id integer PRIMARY KEY NOT NULL, parent integer ${reference} SET NULL, body text NOT NULL);`,
      'CREATE INDEX parents_name ON parents (name);',
    );
    const parents = this.count('parents');
    const parent = `1 + i % ${parents}`;
    this.write(
      'fill',
      insert('parents', 'id, name', `i, ${text('parent')}`, parents),
      insert('cascading', 'id, parent, body', `i, ${parent}, ${text('child')}`, this.rows),
      insert('emptied', 'id, parent, body', `i, ${parent}, ${text('child')}`, this.rows),
    );
    this.addColumn();
    // It runs out of order where Drizzle skipped it, so its rows are plain ones.
    const labels = Array.from({ length: 100 }, (_, i) => `(${i + 1}, 'label ${i + 1}')`);
    this.write(
      'labels',
      'CREATE TABLE labels (id integer PRIMARY KEY NOT NULL, name text NOT NULL);',
      `INSERT INTO labels (id, name) VALUES ${labels.join(', ')};`,
      'CREATE INDEX labels_name ON labels (name);',
    );
    this.write(
      'events',
      'CREATE TABLE events (id text PRIMARY KEY NOT NULL, body text NOT NULL) WITHOUT ROWID;',
    );
    this.insertAndUpdate();
  }

  addColumn(): void {
    const index = this.migrations.length;
    this.parentColumns.push(`added_${index} text`);
    this.write('add_column', `ALTER TABLE parents ADD added_${index} text;`);
  }

  createIndex(): void {
    const index = this.migrations.length;
    this.write('create_index', `CREATE INDEX index_${index} ON cascading (body, id);`);
  }

  /** Long: a kill lands inside. */
  insertAndUpdate(): void {
    const index = this.migrations.length;
    const count = this.count(`migration ${index}`);
    this.write(
      'insert_and_update',
      insert('events', 'id, body', `'${index}-' || i, ${text('event')}`, count),
      `UPDATE cascading SET body = body || ' ${index}';`,
      `UPDATE emptied SET body = '${index} ' || body WHERE id % 2 = ${index % 2};`,
    );
  }

  /** As drizzle-kit rebuilds a table; enforced foreign keys would delete and empty the children. */
  rebuild(): void {
    const index = this.migrations.length;
    const names = this.parentColumns.map((column) => column.split(' ')[0]).join(', ');
    this.parentColumns.push(`rebuilt_${index} integer DEFAULT ${index} NOT NULL`);
    this.write(
      'rebuild',
      'PRAGMA foreign_keys=OFF;',
      `CREATE TABLE __new_parents (${this.parentColumns.join(', ')});`,
      `INSERT INTO __new_parents (${names}) SELECT ${names} FROM parents;`,
      'DROP TABLE parents;',
      'ALTER TABLE __new_parents RENAME TO parents;',
      'PRAGMA foreign_keys=ON;',
      'CREATE INDEX parents_name ON parents (name);',
    );
  }

  deploy(number: number): void {
    const changes = [
      () => this.rebuild(),
      () => this.insertAndUpdate(),
      number % 2 === 0 ? () => this.addColumn() : () => this.createIndex(),
    ];
    for (const change of shuffle(this.seed, `deploy ${number}`, changes)) change();
  }
}

/**
 * Makes up a history.
 *
 * @param seed what it depends on
 * @param rows about how many rows a long migration writes
 */
export function makeHistory(seed: number, rows: number): History {
  const author = new Author(seed, rows);
  const { migrations } = author;
  author.base();
  const deploys = Array.from({ length: DEPLOYS }, (_, number) => {
    author.deploy(number);
    return migrations.length;
  });
  return { migrations, base: BASE, late: LATE, deploys };
}

const pad = (index: number): string => String(index).padStart(4, '0');

/** Rows of a user's, so many that a change to all of them is more than SQLite keeps in memory until the commit. */
export const MANY_ROWS = insert(
  'cascading',
  'id, parent, body',
  "1000000 + i, 1, printf('%.2000c', 'x')",
  1500,
);

/** A bundle as drizzle-kit 0.x writes it, of some of the migrations. */
export function bundle0({ migrations }: History, count: number, without?: number): DrizzleBundle0 {
  const entries = migrations
    .slice(0, count)
    .map(({ name, when }, idx) => {
      return { idx, when, tag: `${pad(idx)}_${name}`, breakpoints: true };
    })
    .filter(({ idx }) => idx !== without);
  return {
    journal: { entries },
    migrations: Object.fromEntries(
      entries.map(({ idx }) => [`m${pad(idx)}`, migrations[idx]?.sql ?? '']),
    ),
  };
}

/** The bundle that `drizzle-kit up` makes of the first migrations. */
export const bundle1 = ({ migrations }: History, count: number): DrizzleBundle1 => ({
  migrations: Object.fromEntries(
    migrations.slice(0, count).map(({ name, when, sql }) => [`${secondOf(when)}_${name}`, sql]),
  ),
});
