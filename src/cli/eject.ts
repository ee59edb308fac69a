// `drizzle-offramp eject`: the last step, a record that people write on.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { collect, findConfigs, findFolders, hasConfig } from './config.ts';
import { compareRecords, type StatesTried } from './eject/compare.ts';
import { functionSourceOf } from './eject/functions.ts';
import { findLeftovers, type Leftover, type Leftovers } from './eject/leftovers.ts';
import { type OutputFile, type RecordForm, renderRecord } from './eject/render.ts';
import { checkShadow, findModule, modulesOf, originOf } from './find-module.ts';
import { type ModuleFile, openModule } from './module.ts';
import { CliError, paint, plural, print, printJson, table, warn } from './output.ts';

/** The options of `eject`, as commander reads them. */
export interface EjectOptions {
  readonly config?: readonly string[];
  readonly out?: string;
  readonly sqlFiles?: boolean;
  readonly plain?: boolean;
  readonly json?: boolean;
}

/** What ejecting comes to, before anything is written. */
export interface Ejection extends StatesTried {
  readonly module: string;
  readonly migrations: number;
  /** How many of them keep a tag. */
  readonly tagged: number;
  readonly files: readonly OutputFile[];
}

/**
 * Makes a record of a module and tries it. Writes nothing.
 *
 * @param module the converted module
 * @param out where the record goes; the module's own path writes over it
 * @param form the record's form
 * @param folder the folder that the module was made from; undefined if nobody knows
 * @throws {CliError} if the record would not do in every object what the module does, or a file is in the way
 */
export function eject(
  module: ModuleFile,
  out: string,
  form: RecordForm,
  folder?: string,
): Ejection {
  const { migrations } = module.list;
  if (
    originOf(module.file, module.source).by === 'eject' &&
    resolve(out) === resolve(module.file)
  ) {
    throw new CliError(
      `${module.file} is ejected already: write on it, with \`drizzle-offramp new <name>\` or by hand. For another form ` +
        'of it name another place with --out.',
    );
  }
  checkShadow(out);
  const functions = functionSourceOf(module, out);
  if (functions !== undefined && form.plain) {
    throw new CliError(
      `${module.file}: ${[...functions.entries.keys()].join(', ')} is a function, which needs its tag. Eject without --plain.`,
    );
  }
  if (form.plain && migrations.some(({ baseline }) => baseline !== undefined)) {
    throw new CliError(
      `${module.file}: it has a baseline, which knows the migrations by their tags. Eject without --plain.`,
    );
  }
  const { record, files } = renderRecord(out, migrations, form, folder, functions);
  for (const { path, text } of files) {
    const isModule = resolve(path) === resolve(module.file);
    if (isModule || !existsSync(path) || readFileSync(path, 'utf8') === text) continue;
    throw new CliError(
      `${path}: there is such a file already, and eject did not write it. Remove it, or name another place with --out.`,
    );
  }
  const { states } = compareRecords(migrations, record);
  const tagged = Object.values(record).filter((entry) => typeof entry !== 'string').length;
  return { module: out, migrations: migrations.length, tagged, files, states };
}

/** The folder that a module was made from: as it says itself, or that of the config which it belongs to. */
async function folderOf(
  { file, source }: ModuleFile,
  configs: readonly string[] = [],
): Promise<string | undefined> {
  const { folder } = originOf(file, source);
  if (folder !== undefined || (configs.length === 0 && !hasConfig())) return folder;
  const places = await findFolders(undefined, configs);
  const at = modulesOf(places).findIndex((module) => resolve(module) === resolve(file));
  return places[at]?.folder;
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

function showLeftovers({ leftovers, mirroring }: Leftovers, tagged: number): void {
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
  if (tagged === 0 && mirroring.length > 0) {
    warn(
      `${list(mirroring)} passes drizzle: 'mirror', which a record without tags cannot serve. Take the option out before ` +
        'you deploy.',
    );
  }
}

/** How the record knows its migrations, in a few words. */
const namesOf = ({ migrations, tagged }: Ejection): string => {
  if (tagged === 0) return 'without tags';
  return tagged === migrations
    ? 'each with its tag'
    : `${tagged} with their tags, the others were written by hand and have none`;
};

const WITHOUT_TAGS = `\
  A migration is known by its number and its SQL alone:
  - Each object must have woken under drizzle-offramp once before you deploy this (\`drizzle-offramp status\` for the local ones): Drizzle's ledger is matched by count, and Drizzle may have skipped a migration.
  - A merge that gives a migration another number and edits its SQL makes it unknown.
  - drizzle: 'mirror' is refused.
  Without --plain each migration keeps its tag, and none of this holds.`;

function show(ejection: Ejection, leftovers: Leftovers): void {
  const { module, migrations, tagged, files, states } = ejection;
  const how = files.length > 1 ? `with ${files.length - 1} .sql files` : 'in one file';
  const names = migrations === 0 ? '' : `, ${namesOf(ejection)}`;
  print(
    `Wrote ${module}: ${plural(migrations, 'migration')} as a record${names}, ${how}.`,
    `Tried in ${plural(states, 'state')} of an object: it does what the converted module did.`,
  );
  showLeftovers(leftovers, tagged);
  if (migrations > 0 && tagged === 0) {
    print('', paint.bold('What this gives up'), WITHOUT_TAGS);
  }
  if (files.length > 1) {
    print(
      '',
      paint.bold('Before you deploy it'),
      '  The bundler must take .sql files as text: the `rules` of wrangler.jsonc stay.',
    );
  }
  print('', paint.bold('The next migration'), `  drizzle-offramp new <name> --module ${module}`);
}

async function run(argument: string | undefined, options: EjectOptions): Promise<void> {
  const file = await findModule(argument, options.config);
  const module = await openModule(file);
  if (module === undefined) throw new CliError(`${file}: there is no such module.`);
  const { out = file, sqlFiles = false, plain = false } = options;
  const folder = await folderOf(module, options.config);
  const configs = await findConfigs();
  const ejection = eject(module, out, { sqlFiles, plain }, folder);
  for (const { path, text } of ejection.files) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  const leftovers = findLeftovers(process.cwd(), folder, configs);
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
    .summary('write the converted module as a record that people write on')
    .description(
      'Writes the converted module as a record { m0000: { tag, when, sql }, … } that people write on, once it has ' +
        'tried that this changes nothing for any object; then tells what can be removed. Removes nothing.',
    )
    .argument(
      '[module]',
      "the converted module (default: migrations.ts beside drizzle-kit's folder, or in src)",
    )
    .option('-c, --config <file>', 'a config of drizzle-kit; repeat it for several', collect)
    .option('-o, --out <file>', 'where the record goes (default: over the converted module)')
    .option(
      '--sql-files',
      'write each SQL text to a .sql file of its own, which the module imports',
    )
    .option('--plain', 'write strings of SQL alone, without tags; says what that gives up')
    .option('--json', 'print the result as JSON')
    .action(run);
}
