// Migrations as a record that people write on.
import { basename, dirname, join } from 'node:path';
import { entryOf } from '../../input/entry.ts';
import type {
  FunctionEntry,
  Migration,
  MigrationEntry,
  MigrationRecord,
} from '../../input/migration.ts';
import { headerOfEjected } from '../find-module.ts';
import { string, template } from '../literal.ts';
import { renderEntry } from '../module.ts';
import type { FunctionSource } from './functions.ts';

/** The forms that a record can have. */
export interface RecordForm {
  /** Whether each SQL text goes to a file of its own, which the module imports. */
  readonly sqlFiles: boolean;
  /** Whether the entries are strings alone, without tags. */
  readonly plain: boolean;
}

/** A file to write. */
export interface OutputFile {
  readonly path: string;
  readonly text: string;
}

/** A record, and the files that it is written as. */
export interface Rendered {
  readonly record: MigrationRecord;
  /** The files, the module last. */
  readonly files: readonly OutputFile[];
}

/** How a record starts: lines that `convert --force` takes away again. */
const HEADER =
  ': migrations in the order in which they run. Never change one that\n' +
  '// objects have run: append the next, with `drizzle-offramp new <name>` or by hand.\n';

const TAGS =
  '// A tag is what an object knows a migration by: it stays, whatever number a merge gives the migration.\n';

const TYPE = "import type { MigrationRecord } from 'drizzle-offramp';\n";

/** The name of a migration's file: its key and what Drizzle called it. */
const fileOf = ({ key, tag }: Migration): string => {
  const name = tag?.slice('YYYYMMDDHHMMSS_'.length).replaceAll(/[^\w.-]+/g, '_') ?? '';
  return `${key}${name === '' ? '' : `_${name}`}.sql`;
};

/**
 * What a record says of a migration: its names and its SQL, or its function. The checksum goes, as nobody writes one by
 * hand.
 */
function recordEntryOf(
  migration: Migration,
  plain: boolean,
): MigrationEntry | FunctionEntry | string {
  const { tag, when, was, sql, baseline } = migration;
  if (sql === null) return entryOf(migration);
  if (tag === null || plain) return sql;
  return {
    tag,
    ...(when !== null && { when }),
    ...(was.length > 0 && { was }),
    ...(baseline !== undefined && { baseline }),
    sql,
  };
}

/** What is written for the SQL of a migration; undefined where a baseline has replaced it. */
const textOf = ({ key, sql }: Migration, sqlFiles: boolean): string | undefined =>
  sql === null ? undefined : sqlFiles ? key : template(sql);

/** The lines of one entry. */
function linesOf(
  key: string,
  entry: MigrationEntry | FunctionEntry | string,
  text: string | undefined,
  functions: FunctionSource | undefined,
): string {
  const written = functions?.entries.get(key);
  if (written !== undefined) return `  ${written},\n`;
  if (typeof entry !== 'string') return `  ${renderEntry(key, entry, text)},\n`;
  return text === key ? `  ${key},\n` : `  ${key}: ${text},\n`;
}

/**
 * Writes migrations as a record.
 *
 * @param out the module's path
 * @param migrations the migrations in order
 * @param form the record's form
 * @param folder the folder that the module was made from; undefined if nobody knows
 * @param functions what the module's functions are written as, if it has any
 */
export function renderRecord(
  out: string,
  migrations: readonly Migration[],
  { sqlFiles, plain }: RecordForm,
  folder?: string,
  functions?: FunctionSource,
): Rendered {
  const typed = /\.[cm]?ts$/.test(out);
  const name = basename(out).replace(/\.\w+$/, '');
  const inFiles = sqlFiles ? migrations.filter(({ sql }) => sql !== null) : [];
  const files = inFiles.map(
    (migration): OutputFile => ({
      path: join(dirname(out), name, fileOf(migration)),
      text: migration.sql as string,
    }),
  );
  const imports = files.map(({ path }, i) => {
    const from = string(`./${name}/${basename(path)}`);
    return `import ${inFiles[i]?.key} from ${from};\n`;
  });
  const record: Record<string, MigrationEntry | FunctionEntry | string> = {};
  let lines = '';
  let hasTags = false;
  for (const migration of migrations) {
    const { key, tag } = migration;
    const entry = recordEntryOf(migration, plain);
    record[key] = entry;
    hasTags ||= typeof entry !== 'string';
    // Strings still tell people what Drizzle called them.
    if (plain && tag !== null && !sqlFiles) lines += `  // ${tag.replaceAll(/\s+/g, ' ')}\n`;
    lines += linesOf(key, entry, textOf(migration, sqlFiles), functions);
  }
  const text =
    `${headerOfEjected(out, folder)}${HEADER}${hasTags ? TAGS : ''}${typed ? TYPE : ''}${imports.join('')}` +
    `${functions?.before ? `${functions.before}\n` : ''}\n` +
    `export default {\n${lines}}${typed ? ' satisfies MigrationRecord' : ''};\n` +
    `${functions?.behind ? `\n${functions.behind}\n` : ''}`;
  return { record, files: [...files, { path: out, text }] };
}
