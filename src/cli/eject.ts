// `drizzle-offramp eject`: the last step, a plain record that people write on.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import type { Migration, MigrationRecord } from '../input/migration.ts';
import { CONFIG_NAMES, collect, findFolders } from './config.ts';
import { findLeftovers, type Leftover, type Leftovers } from './eject/leftovers.ts';
import { type Rehearsal, rehearse } from './eject/rehearse.ts';
import { findModule } from './find-module.ts';
import { string, template } from './literal.ts';
import { type ModuleFile, openModule } from './module.ts';
import { CliError, paint, plural, print, printJson, table, warn } from './output.ts';

/** The options of `eject`, as commander reads them. */
export interface EjectOptions {
  readonly config?: readonly string[];
  readonly out?: string;
  readonly sqlFiles?: boolean;
  readonly json?: boolean;
}

/** A file to write. */
export interface OutputFile {
  readonly path: string;
  readonly text: string;
}

const HEADER =
  '// Migrations of the Durable Object, in the order in which they run. Never change one that objects have run:\n' +
  '// append the next, with `drizzle-offramp new <name>` or by hand.\n';

const TYPE = "import type { MigrationRecord } from 'drizzle-offramp';\n";

const isTypeScript = (path: string): boolean => /\.[cm]?ts$/.test(path);

/** The name of a migration's file: its key and what Drizzle called it. */
const fileOf = ({ key, tag }: Migration): string => {
  const name = tag?.slice('YYYYMMDDHHMMSS_'.length).replaceAll(/[^\w.-]+/g, '_') ?? '';
  return `${key}${name === '' ? '' : `_${name}`}.sql`;
};

/** The entry of one migration in a plain record. */
function entryOf({ key, tag, sql }: Migration): string {
  const comment = tag === null ? '' : `  // ${tag.replaceAll(/\s+/g, ' ')}\n`;
  return `${comment}  ${key}: ${template(sql)},\n`;
}

/**
 * Writes migrations as a plain record.
 *
 * @param out the module's path
 * @param migrations the migrations in order
 * @param sqlFiles whether each SQL text goes to a file of its own, which the module imports
 * @returns the files to write, the module last
 */
export function renderPlain(
  out: string,
  migrations: readonly Migration[],
  sqlFiles: boolean,
): OutputFile[] {
  const typed = isTypeScript(out);
  const folder = basename(out).replace(/\.\w+$/, '');
  const files = sqlFiles
    ? migrations.map(
        (migration): OutputFile => ({
          path: join(dirname(out), folder, fileOf(migration)),
          text: migration.sql,
        }),
      )
    : [];
  const imports = files.map(({ path }, i) => {
    const from = string(`./${folder}/${basename(path)}`);
    return `import ${migrations[i]?.key} from ${from};\n`;
  });
  const entries = sqlFiles
    ? migrations.map(({ key }) => `  ${key},\n`)
    : migrations.map((migration) => entryOf(migration));
  const text =
    `${HEADER}${typed ? TYPE : ''}${imports.join('')}\n` +
    `export default {\n${entries.join('')}}${typed ? ' satisfies MigrationRecord' : ''};\n`;
  return [...files, { path: out, text }];
}

/** What ejecting comes to, before anything is written. */
export interface Ejection extends Rehearsal {
  readonly module: string;
  readonly migrations: number;
  readonly files: readonly OutputFile[];
}

/**
 * Makes a plain record of a module and tries it. Writes nothing.
 *
 * @param module the converted module
 * @param out where the plain record goes; the module's own path writes over it
 * @param sqlFiles whether each SQL text goes to a file of its own
 * @throws {CliError} if the record would not do in every object what the module does, or a file is in the way
 */
export function eject(module: ModuleFile, out: string, sqlFiles: boolean): Ejection {
  const { migrations } = module.list;
  const plain: MigrationRecord = Object.fromEntries(migrations.map(({ key, sql }) => [key, sql]));
  const files = renderPlain(out, migrations, sqlFiles);
  for (const { path, text } of files) {
    const isModule = resolve(path) === resolve(module.file);
    if (isModule || !existsSync(path) || readFileSync(path, 'utf8') === text) continue;
    throw new CliError(
      `${path}: there is such a file already, and eject did not write it. Remove it, or name another place with --out.`,
    );
  }
  const { states } = rehearse(migrations, plain);
  return { module: out, migrations: migrations.length, files, states };
}

/** The folders and configs of drizzle-kit, none if there is no config any more. */
async function drizzlePlaces(
  configs: readonly string[] = [],
): Promise<{ folders: string[]; configs: string[] }> {
  const named = configs.length > 0 || CONFIG_NAMES.some((name) => existsSync(name));
  const places = named ? await findFolders(undefined, configs) : [];
  return {
    folders: places.map(({ folder }) => folder),
    configs: places.flatMap(({ config }) => config ?? []),
  };
}

/** How many files are named before the rest is counted. */
const LISTED = 3;

const list = (files: readonly string[]): string =>
  files.slice(0, LISTED).join(', ') +
  (files.length > LISTED ? ` and ${files.length - LISTED} more` : '');

const sayLeftover = ({ what, kind, usedBy }: Leftover): string[] => [
  what,
  {
    folder: 'folder of drizzle-kit',
    config: 'config of drizzle-kit',
    package: 'in package.json',
  }[kind],
  usedBy.length === 0 ? '' : `used by ${list(usedBy)}`,
];

function showLeftovers({ leftovers, mirroring }: Leftovers): void {
  const section = (title: string, items: readonly Leftover[]): void => {
    if (items.length === 0) return;
    const rows = table([], items.map(sayLeftover));
    print('', paint.bold(title), rows.replaceAll(/^/gm, '  '));
  };
  section(
    'Can be removed',
    leftovers.filter(({ usedBy }) => usedBy.length === 0),
  );
  section(
    'Still in use',
    leftovers.filter(({ usedBy }) => usedBy.length > 0),
  );
  if (mirroring.length > 0) {
    warn(
      `${list(mirroring)} passes drizzle: 'mirror', which a plain record cannot serve: it has no tags. Take the option ` +
        'out before you deploy.',
    );
  }
}

function show({ module, migrations, files, states }: Ejection, leftovers: Leftovers): void {
  const how = files.length > 1 ? `with ${files.length - 1} .sql files` : 'in one file';
  print(
    `Wrote ${module}: ${plural(migrations, 'migration')} as a plain record, ${how}.`,
    `Tried in ${plural(states, 'state')} of an object: it does what the converted module did.`,
  );
  showLeftovers(leftovers);
  print(
    '',
    paint.bold('Before you deploy it'),
    '  Each object must have woken under drizzle-offramp once (`drizzle-offramp status` for the local ones): a plain',
    "  record is matched with Drizzle's ledger by count, and Drizzle may have skipped a migration.",
  );
  if (files.length > 1) {
    print('  The bundler must take .sql files as text: the `rules` of wrangler.jsonc stay.');
  }
  print('', paint.bold('The next migration'), `  drizzle-offramp new <name> --module ${module}`);
}

async function run(argument: string | undefined, options: EjectOptions): Promise<void> {
  const file = await findModule(argument, options.config);
  const module = await openModule(file);
  if (module === undefined) throw new CliError(`${file}: there is no such module.`);
  const ejection = eject(module, options.out ?? file, options.sqlFiles ?? false);
  for (const { path, text } of ejection.files) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  const { folders, configs } = await drizzlePlaces(options.config);
  const leftovers = findLeftovers(process.cwd(), folders, configs);
  if (!options.json) return show(ejection, leftovers);
  const { files, ...rest } = ejection;
  printJson({
    ...rest,
    files: files.map(({ path }) => relative('.', path).replaceAll('\\', '/')),
    removable: leftovers.leftovers.filter(({ usedBy }) => usedBy.length === 0).map((it) => it.what),
    inUse: leftovers.leftovers.filter(({ usedBy }) => usedBy.length > 0),
    mirroring: leftovers.mirroring,
  });
}

/**
 * Adds `eject` to the program.
 *
 * @param program the program
 */
export function register(program: Command): void {
  program
    .command('eject')
    .summary('write the converted module as a plain record of SQL')
    .description(
      'Writes the converted module as a plain record { m0000: SQL, … } that people write on, once it has tried that ' +
        'this changes nothing for any object; then tells what can be removed. Removes nothing.',
    )
    .argument(
      '[module]',
      "the converted module (default: migrations.ts beside drizzle-kit's folder, or in src)",
    )
    .option('-c, --config <file>', 'a config of drizzle-kit; repeat it for several', collect)
    .option('-o, --out <file>', 'where the plain record goes (default: over the converted module)')
    .option(
      '--sql-files',
      'write each SQL text to a .sql file of its own, which the module imports',
    )
    .option('--json', 'print the result as JSON')
    .action(run);
}
