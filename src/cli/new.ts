// `drizzle-offramp new`: the next migration, which a person writes.
import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { keyOf } from '../base/key.ts';
import { millisOf, secondOf } from '../base/time.ts';
import type { MigrationEntry, MigrationList } from '../input/migration.ts';
import { UNWRITTEN } from '../input/unwritten.ts';
import { collect } from './config.ts';
import { findModule } from './find-module.ts';
import { string, template } from './literal.ts';
import { carryFingerprint, type ModuleFile, openModule, renderEntry } from './module.ts';
import { CliError, print, printJson } from './output.ts';
import { editRecord } from './record-source.ts';

/** The options of `new`, as commander reads them. */
export interface NewOptions {
  readonly module?: string;
  readonly config?: readonly string[];
  readonly function?: boolean;
  readonly json?: boolean;
}

/** The next migration: what must be written where. */
export interface NextMigration {
  readonly key: string;
  /** Its tag; null in a record of strings alone. */
  readonly tag: string | null;
  /** The module's new text. */
  readonly text: string;
  /** The file for its SQL, where the module imports its SQL from files. */
  readonly sqlFile: { readonly path: string; readonly text: string } | undefined;
}

/** What stands where the SQL goes; `migrate` refuses it, so that no object runs it before it is written. */
const STUB = `${UNWRITTEN} write the SQL in place of this line. Until then migrate throws NOT_WRITTEN.\n`;

/** The entry of a function that nobody has written yet; `migrate` refuses it, too. */
function functionStub(key: string, { tag, when }: Pick<MigrationEntry, 'tag' | 'when'>): string {
  const lines = [
    `tag: ${string(tag as string)},`,
    ...(when === undefined ? [] : [`when: ${when},`]),
    `revision: ${string(`${UNWRITTEN} write the function, then put 1 here.`)},`,
    'up(sql) {',
    "  // for (const row of sql.exec('SELECT …')) sql.exec('UPDATE … WHERE id = ?', row.id);",
    '},',
  ];
  return `${key}: {\n${lines.map((line) => `    ${line}\n`).join('')}  }`;
}

/**
 * What an object will know the next migration by.
 *
 * It was made now, but after the last one: a clock may have been wrong, or two made in one second. The exact time goes
 * with it where all others have theirs, as Drizzle 0.x goes by it in a ledger that is mirrored.
 *
 * @param migrations those that the module has
 * @param name the next one's name
 * @param now the time, in milliseconds
 * @returns nothing for a record of strings alone: with one tag in it, Drizzle's ledger could not be matched by count
 */
export function namesOfNext(
  { migrations }: MigrationList,
  name: string,
  now: number,
): Pick<MigrationEntry, 'tag' | 'when'> {
  const tags = migrations.flatMap(({ tag }) => tag ?? []);
  if (tags.length === 0 && migrations.length > 0) return {};
  const latest = Math.max(...tags.map((tag) => millisOf(tag.slice(0, 14))));
  const when = secondOf(now) > secondOf(Math.max(latest, 0)) ? now : latest + 1000 + (now % 1000);
  const exact =
    migrations.some((one) => one.when !== null) &&
    migrations.every((one) => one.tag === null || one.when !== null);
  return { tag: `${secondOf(when)}_${name}`, ...(exact && { when }) };
}

/** The last import of a `.sql` file: the whole statement and its path. */
function lastSqlImport(source: string): { end: number; path: string } | undefined {
  const imports = source.matchAll(/^import\s+\w+\s+from\s+(['"])(.+\.sql)\1;?/gm);
  const last = [...imports].at(-1);
  return last && { end: last.index + last[0].length, path: last[2] as string };
}

/**
 * Appends a migration to a module: in a module that imports `.sql` files a file and its import, else an entry.
 *
 * @param module the module
 * @param name what the migration does, in letters, digits, `_` and `-`
 * @param now the time, in milliseconds
 * @param isFunction whether it is a function
 * @throws {CliError} if the name is none, its file is there already, or a function would have no tag
 */
export function appendMigration(
  module: ModuleFile,
  name: string,
  now: number,
  isFunction = false,
): NextMigration {
  if (!/^[A-Za-z][\w-]*$/.test(name)) {
    throw new CliError(
      `"${name}" is no name for a migration: a letter, then letters, digits, _ and -, such as add_tags.`,
    );
  }
  const key = keyOf(module.list.migrations.length);
  const names = namesOfNext(module.list, name, now);
  const { tag = null } = names;
  const entryOf = (sql: string): string => {
    if (tag !== null) return renderEntry(key, { ...names, sql: '' }, sql);
    return sql === key ? key : `// ${name}\n  ${key}: ${sql}`;
  };
  if (isFunction) {
    if (tag === null) {
      throw new CliError(
        `${module.file}: its migrations have no tags, and a function needs one. With one tag among them Drizzle's ` +
          'ledger is no longer matched by count: give them their tags first, or write the migration in SQL.',
      );
    }
    const edited = editRecord(module.source, module.record, new Map(), [functionStub(key, names)]);
    const entry = { tag, revision: '1', up: () => {} };
    const text = carryFingerprint(edited, { ...module.entries, [key]: entry });
    return { key, tag, text, sqlFile: undefined };
  }
  const imported = lastSqlImport(module.source);
  if (imported === undefined) {
    const entry = entryOf(template(STUB));
    const edited = editRecord(module.source, module.record, new Map(), [entry]);
    const text = carryFingerprint(edited, { ...module.entries, [key]: '' });
    return { key, tag, text, sqlFile: undefined };
  }
  const path = `${imported.path.slice(0, imported.path.lastIndexOf('/'))}/${key}_${name}.sql`;
  const file = join(dirname(module.file), path);
  if (existsSync(file))
    throw new CliError(`${file}: there is such a file already. Remove it, or name it otherwise.`);
  const eol = module.source.includes('\r\n') ? '\r\n' : '\n';
  const edited = editRecord(module.source, module.record, new Map(), [entryOf(key)]);
  return {
    key,
    tag,
    text: `${edited.slice(0, imported.end)}${eol}import ${key} from ${string(path)};${edited.slice(imported.end)}`,
    sqlFile: { path: file, text: STUB },
  };
}

async function run(name: string, options: NewOptions): Promise<void> {
  const file = await findModule(options.module, options.config);
  const module = await openModule(file);
  if (module === undefined) throw new CliError(`${file}: there is no such module.`);
  const { key, tag, text, sqlFile } = appendMigration(module, name, Date.now(), options.function);
  // The SQL first: a module never imports a file that is not there.
  if (sqlFile !== undefined) writeFileSync(sqlFile.path, sqlFile.text, { flag: 'wx' });
  writeFileSync(file, text);
  if (options.json) return printJson({ module: file, key, tag, sqlFile: sqlFile?.path ?? null });
  print(
    `Added ${tag === null ? key : `${key} (${tag})`} to ${file}${sqlFile === undefined ? '' : `, with ${sqlFile.path}`}.`,
    `Write its ${options.function ? 'function' : 'SQL'} there: until then migrate refuses it, in every object.`,
  );
}

/**
 * Adds `new` to the program.
 *
 * @param program the program
 */
export function register(program: Command): void {
  program
    .command('new')
    .summary('append a migration that you write yourself')
    .description(
      'Appends the next key to a module of migrations, with a place for its SQL, or for its function.',
    )
    .argument('<name>', 'what the migration does, such as add_tags')
    .option(
      '-m, --module <file>',
      "the module (default: migrations.ts beside drizzle-kit's folder, or in src)",
    )
    .option('-c, --config <file>', 'a config of drizzle-kit', collect)
    .option('-f, --function', 'a function instead of SQL, for data that SQL alone cannot change')
    .option('--json', 'print the result as JSON')
    .action(run);
}
