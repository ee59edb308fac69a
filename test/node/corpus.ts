/**
 * Folders of both forms of drizzle-kit, of every prefix, with texts that are easy to get wrong.
 *
 * @module
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface Made {
  /** What stands before the name. */
  readonly prefix: string;
  readonly name: string;
  /** Milliseconds. */
  readonly when: number;
  readonly sql: string;
}

/** A time with milliseconds, which the 1.x form does not keep. */
export const START: number = Date.UTC(2026, 10, 22, 18, 0, 0, 123);

const MINUTE = 60_000;

const TEXTS: Record<string, string> = {
  init: 'CREATE TABLE `notes` (\n\t`id` text PRIMARY KEY NOT NULL\n);\n',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it must not become one.
  one_line: "INSERT INTO notes VALUES ('${id} and `id` and \\n and \\\\ and \\')",
  crlf: 'ALTER TABLE notes ADD a text;\r\n--> statement-breakpoint\r\nALTER TABLE notes ADD b text;\r\n',
  emoji: "INSERT INTO notes (id) VALUES ('naïve 🧭 \u2028 日本');\n",
  spaces: 'CREATE INDEX notes_a ON notes (a);  \n\t \nCREATE INDEX notes_b ON notes (b); ',
  control: "INSERT INTO notes (id) VALUES ('\u0001\u007f\u0085');\r",
  quote_end: "INSERT INTO notes (id) VALUES ('\\'); -- `${",
  custom: '-- Custom SQL migration file, put your code below! --',
  empty: '',
  mark: '\ufeffCREATE TABLE marked (id text);\n',
};

const second = (millis: number): string =>
  new Date(millis).toISOString().replace(/\D/g, '').slice(0, 14);

/** What drizzle-kit 0.x puts before a name, for each value of `migrations.prefix`. */
export const PREFIXES: Record<string, (idx: number, when: number) => string> = {
  index: (idx) => String(idx).padStart(4, '0'),
  timestamp: (_, when) => second(when),
  supabase: (_, when) => second(when),
  unix: (_, when) => String(Math.floor(when / 1000)),
  none: () => '',
};

/** Migrations of every kind of text, under one of the prefixes. */
export const corpus = (prefix = 'index'): Made[] =>
  Object.entries(TEXTS).map(([name, sql], idx) => {
    const when = START + idx * MINUTE;
    return { prefix: PREFIXES[prefix]?.(idx, when) ?? '', name, when, sql };
  });

/** Migrations that each make a table of their name, a minute apart. */
export const tables = (...names: string[]): Made[] =>
  names.map((name, idx) => ({
    prefix: String(idx).padStart(4, '0'),
    name,
    when: START + idx * MINUTE,
    sql: `CREATE TABLE ${name} (id text);\n`,
  }));

/** The name that drizzle-kit 1.x gives a migration. */
export const tagOf = ({ when, name }: Pick<Made, 'when' | 'name'>): string =>
  `${second(when)}_${name}`;

/** The SQL as a Worker gets it. */
export const textOf = ({ sql }: Made): string => sql.replace(/^\ufeff/, '');

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** Writes a folder as drizzle-kit 0.x does. */
export function writeForm0(folder: string, migrations: readonly Made[]): void {
  const entries = migrations.map(({ prefix, name, when }, idx) => ({
    idx,
    version: '6',
    when,
    tag: `${prefix}_${name}`,
    breakpoints: true,
  }));
  const journal = { version: '7', dialect: 'sqlite', entries };
  write(join(folder, 'meta/_journal.json'), JSON.stringify(journal, null, 2));
  for (const { prefix, name, sql } of migrations) write(join(folder, `${prefix}_${name}.sql`), sql);
}

/** Writes a folder as drizzle-kit 1.x does. */
export function writeForm1(folder: string, migrations: readonly Made[]): void {
  write(join(folder, 'migrations.js'), 'export default { migrations: {} }\n');
  for (const migration of migrations) {
    write(join(folder, tagOf(migration), 'migration.sql'), migration.sql);
    write(join(folder, tagOf(migration), 'snapshot.json'), '{}');
  }
}

/** Writes the migrations.js of a 0.x folder, as drizzle-kit does with driver: 'durable-sqlite'. */
export function writeBundle0(folder: string, migrations: readonly Made[]): void {
  const keys = migrations.map((_, idx) => `m${String(idx).padStart(4, '0')}`);
  const imports = migrations.map(
    ({ prefix, name }, idx) => `import ${keys[idx]} from './${prefix}_${name}.sql';\n`,
  );
  write(
    join(folder, 'migrations.js'),
    `import journal from './meta/_journal.json';\n${imports.join('')}\n` +
      `export default { journal, migrations: { ${keys.join(', ')} } }\n`,
  );
}
