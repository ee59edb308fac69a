// `drizzle-offramp new`: the next migration, written by hand.
import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { keyOf } from '../base/key.ts';
import { collect } from './config.ts';
import { findModule } from './find-module.ts';
import { string } from './literal.ts';
import { carryFingerprint, type ModuleFile, openModule } from './module.ts';
import { CliError, print, printJson } from './output.ts';
import { editRecord } from './record-source.ts';

/** The options of `new`, as commander reads them. */
export interface NewOptions {
  readonly module?: string;
  readonly config?: readonly string[];
  readonly json?: boolean;
}

/** The next migration: what must be written where. */
export interface NextMigration {
  readonly key: string;
  /** The module's new text. */
  readonly text: string;
  /** The file for its SQL, where the module imports its SQL from files. */
  readonly sqlFile: { readonly path: string; readonly text: string } | undefined;
}

const STUB = 'Write the SQL here before you deploy; each statement ends in a semicolon.';

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
 * @throws {CliError} if the name is none, or its file is there already
 */
export function appendMigration(module: ModuleFile, name: string): NextMigration {
  if (!/^[A-Za-z][\w-]*$/.test(name)) {
    throw new CliError(
      `"${name}" is no name for a migration: a letter, then letters, digits, _ and -, such as add_tags.`,
    );
  }
  const key = keyOf(module.list.migrations.length);
  const imported = lastSqlImport(module.source);
  if (imported === undefined) {
    const entry = `// ${name}\n  ${key}: \`\n-- ${STUB}\n\``;
    const edited = editRecord(module.source, module.record, new Map(), [entry]);
    const text = carryFingerprint(edited, { ...module.entries, [key]: '' });
    return { key, text, sqlFile: undefined };
  }
  const path = `${imported.path.slice(0, imported.path.lastIndexOf('/'))}/${key}_${name}.sql`;
  const file = join(dirname(module.file), path);
  if (existsSync(file))
    throw new CliError(`${file}: there is such a file already. Remove it, or name it otherwise.`);
  const eol = module.source.includes('\r\n') ? '\r\n' : '\n';
  const edited = editRecord(module.source, module.record, new Map(), [key]);
  return {
    key,
    text: `${edited.slice(0, imported.end)}${eol}import ${key} from ${string(path)};${edited.slice(imported.end)}`,
    sqlFile: { path: file, text: `-- ${name}: ${STUB[0]?.toLowerCase()}${STUB.slice(1)}\n` },
  };
}

async function run(name: string, options: NewOptions): Promise<void> {
  const file = await findModule(options.module, options.config);
  const module = await openModule(file);
  if (module === undefined) throw new CliError(`${file}: there is no such module.`);
  const { key, text, sqlFile } = appendMigration(module, name);
  // The SQL first: a module never imports a file that is not there.
  if (sqlFile !== undefined) writeFileSync(sqlFile.path, sqlFile.text, { flag: 'wx' });
  writeFileSync(file, text);
  if (options.json) return printJson({ module: file, key, sqlFile: sqlFile?.path ?? null });
  print(
    `Added ${key} to ${file}${sqlFile === undefined ? '' : `, with ${sqlFile.path}`}.`,
    'Write its SQL before you deploy: an object that ran it will not run it again.',
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
    .description('Appends the next key to a module of migrations, with a place for its SQL.')
    .argument('<name>', 'what the migration does, such as add_tags')
    .option(
      '-m, --module <file>',
      "the module (default: migrations.ts beside drizzle-kit's folder, or in src)",
    )
    .option('-c, --config <file>', 'a config of drizzle-kit', collect)
    .option('--json', 'print the result as JSON')
    .action(run);
}
