// What a case of the list is: a defect or something innocent that looks like one, as data.
import type { DurableObjectState } from '@cloudflare/workers-types';

/** Who should see a defect. */
export type Tool = 'check' | 'rehearse';

/** What the constructor of a case's class can call. */
export interface Calls {
  migrations: never;
  migrate: typeof import('../../src/index.ts').migrate;
  migrateAsync: typeof import('../../src/index.ts').migrateAsync;
  dropIn: (db: unknown, migrations: unknown, options?: object) => Promise<void>;
  drizzle: (storage: unknown) => never;
  drizzleMigrate: (db: never, migrations: never) => Promise<void>;
  /** The bundle without its last migrations. */
  first: (count: number) => never;
}

/** What a history is, and how it is shown that rows are lost by it or not. */
export interface History {
  /** In a sentence, what is wrong; of something innocent, what it is. */
  readonly what: string;
  /** The SQL of each migration. */
  readonly history: readonly string[];
  /** Which drizzle-kit wrote it; 0.x if nothing is said. */
  readonly form?: '1.x';
  /** The minute at which each migration was made; one after the other if nothing is said. */
  readonly minutes?: readonly number[];
  /** How many migrations the object of the proof has before; all but the last if nothing is said. */
  readonly has?: number;
  /** The rows of the object of the proof. */
  readonly rows?: string;
  /** A question whose answer before differs from that after, or two questions; of something innocent the answers are equal. */
  readonly asks?: string | readonly [string, string];
  /** What the application does before each question; what it throws is the answer. */
  readonly next?: string;
  /** What the constructor does, where that is the point; `migrate(ctx, migrations)` if nothing is said. */
  readonly construct?: (ctx: DurableObjectState, calls: Calls) => unknown;
  /** The deploys with Drizzle's migrator that the object of the proof has seen, by their number of migrations. Only with `construct`. */
  readonly deploys?: readonly number[];
  /** How many times the object of the proof wakes; once if nothing is said. Only with `construct`. */
  readonly wakes?: number;
  /** The options of the rehearsal, where they are the point. */
  readonly options?: {
    readonly [option in 'changes' | 'empty' | 'failing' | 'refused']?: readonly string[];
  };
  /** Changes the files that `check` sees, as they lie in the project. */
  readonly files?: Readonly<Record<string, string | undefined>>;
}

/** Something that loses or changes what an object has, or makes objects fail. */
export interface Defect extends History {
  /** What the pending migrations throw in the object of the proof. */
  readonly fails?: string;
  /** What the application gets to see afterwards, for `next` or `asks`. */
  readonly breaks?: string;
  /** Only the runtime throws; it is shown there. */
  readonly inRuntime?: true;
  /** Words that are in what is said of it: a finding of `check`, a failure of the rehearsal. */
  readonly names: string | { readonly [tool in Tool]: string };
  /** Whether it depends on the rows: then it is enough that it is named, in a rehearsal that passes too. */
  readonly depends?: true;
  /** Who should see it; both if nothing is said. */
  readonly by?: Tool;
  /** What is known to be missed today, and why. */
  readonly missed?: { readonly [tool in Tool]?: string };
}

/** Something that looks like a defect and loses nothing. */
export interface Innocent extends History {
  /** Codes of findings of `check` that are true: that Drizzle's migrator would lose rows, for instance. */
  readonly says?: string;
  /** Who should be silent; both if nothing is said. */
  readonly by?: Tool;
  /** What is known to be said wrongly today, and why. */
  readonly false?: { readonly [tool in Tool]?: string };
}

export interface Made {
  tag: string;
  when: number;
  sql: string;
}

/** Names that say nothing, so that no tool can be right by naming a migration. */
const NAMES = ['alpha', 'bravo', 'charlie', 'delta', 'echo', 'foxtrot', 'golf', 'hotel'];

const WHEN = Date.UTC(2026, 4, 4, 9, 0, 0, 321);

/** The migrations of a case with the names and times that drizzle-kit gives them. */
export const madeOf = ({ history, minutes }: History): Made[] =>
  history.map((sql, i) => ({
    tag: `000${i}_${NAMES[i]}`,
    when: WHEN + (minutes?.[i] ?? i) * 60_000,
    sql,
  }));

/** The folder name of drizzle-kit 1.x. */
export const folderOf = ({ when, tag }: Made): string =>
  `${new Date(when).toISOString().slice(0, 19).replace(/\D/g, '')}_${tag.slice(5)}`;

/** The bundle of a case's first migrations, all of them if nothing is said. */
export function bundleOf(history: History, count = history.history.length) {
  const made = madeOf(history).slice(0, count);
  if (history.form === '1.x') {
    return { migrations: Object.fromEntries(made.map((one) => [folderOf(one), one.sql])) };
  }
  return {
    journal: {
      entries: made.map(({ tag, when }, idx) => ({ idx, when, tag, breakpoints: true })),
    },
    migrations: Object.fromEntries(made.map(({ sql }, i) => [`m000${i}`, sql])),
  };
}

const BREAK = ';--> statement-breakpoint\n';

/** Statements as drizzle-kit puts them into one file. */
export const sql = (...statements: string[]): string => `${statements.join(BREAK)};`;

const quoted = (names: string, quote: string): string =>
  names
    .split(' ')
    .map((name) => quote + name + quote)
    .join(', ');

/**
 * A rebuild as drizzle-kit 0.x writes it.
 *
 * @param table the table's name
 * @param columns what stands in the parentheses of its new CREATE TABLE
 * @param copied the names of the columns that are copied, with spaces between
 * @param after statements that follow
 */
export const rebuild = (
  table: string,
  columns: string,
  copied: string,
  ...after: string[]
): string =>
  rebuildBy(
    table,
    `(${columns})`,
    `INSERT INTO \`__new_${table}\`(${quoted(copied, '"')}) SELECT ${quoted(copied, '"')} FROM \`${table}\``,
    ...after,
  );

/** A rebuild as drizzle-kit 1.x writes it. */
export const rebuild1 = (
  table: string,
  columns: string,
  copied: string,
  ...after: string[]
): string =>
  rebuildBy(
    table,
    `(${columns})`,
    `INSERT INTO \`__new_${table}\`(${quoted(copied, '`')}) SELECT ${quoted(copied, '`')} FROM \`${table}\``,
    ...after,
  );

/** A rebuild whose copy was edited by hand. `definition` has its parentheses, and what stands behind them. */
export const rebuildBy = (
  table: string,
  definition: string,
  copy: string,
  ...after: string[]
): string =>
  sql(
    'PRAGMA foreign_keys=OFF',
    `CREATE TABLE \`__new_${table}\` ${definition}`,
    copy,
    `DROP TABLE \`${table}\``,
    `ALTER TABLE \`__new_${table}\` RENAME TO \`${table}\``,
    'PRAGMA foreign_keys=ON',
    ...after,
  );
