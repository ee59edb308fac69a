// `drizzle-offramp convert`: drizzle-kit's folder as one TypeScript module that needs no bundler rules.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import type { MigrationRecord } from '../input/migration.ts';
import { readMigrations } from '../input/migrations.ts';
import { collect, findFolders, openFolder } from './config.ts';
import type { Proof } from './convert/prove.ts';
import { type Change, reconcile } from './convert/reconcile.ts';
import { schemasOf } from './convert/schemas.ts';
import { isSigned, resign } from './convert/signature.ts';
import { watch } from './convert/watch.ts';
import {
  checkShadow,
  headerOfConverted,
  modulesAlone,
  modulesOf,
  originOf,
  shadowedBy,
} from './find-module.ts';
import type { MigrationFolder, Problem, ProblemCode } from './folder.ts';
import {
  carriedSchemas,
  carriesSchemas,
  carryFingerprint,
  carrySchemas,
  type ModuleFile,
  openModule,
  placeOf,
  renderEntry,
} from './module.ts';
import {
  CliError,
  EXIT,
  NoFolderError,
  note,
  paint,
  plural,
  print,
  printJson,
  warn,
} from './output.ts';
import { editRecord } from './record-source.ts';

/** The options of `convert`, as commander reads them. */
export interface ConvertOptions {
  readonly config?: readonly string[];
  readonly out?: string;
  readonly acceptEdit?: readonly string[];
  readonly check?: boolean;
  readonly force?: boolean;
  readonly untracked?: boolean;
  readonly baseline?: string;
  readonly dropReplaced?: boolean;
  readonly fleet?: string;
  readonly yes?: boolean;
  readonly watch?: boolean;
  readonly json?: boolean;
}

/** What converting one folder comes to. */
export interface Conversion {
  /** The folder's path. */
  readonly folder: string;
  readonly form: MigrationFolder['form'];
  /** The module's path. */
  readonly module: string;
  /** How many migrations the module has afterwards. */
  readonly migrations: number;
  /** How many of these the folder does not have: written by hand, without a tag. */
  readonly byHand: number;
  /** Whether the module is already what converting makes it. */
  readonly upToDate: boolean;
  readonly changes: readonly Pick<Change, 'key' | 'tag' | 'change' | 'stamps'>[];
  /** What is wrong with the folder, but does not make the module wrong. */
  readonly problems: readonly Problem[];
  /** The module's text. */
  readonly text: string;
}

/** Problems that Drizzle has with a folder and a converted module has not. */
const HARMLESS: ReadonlySet<ProblemCode> = new Set(['EXTRA_FILE', 'REPEATED_IDX']);

const showProblem = ({ file, line, message }: Problem): string => `${file}:${line}: ${message}`;

function newModule(file: string, folder: string, added: readonly string[]): string {
  const record = added.length === 0 ? '{}' : `{\n${added.map((text) => `  ${text},\n`).join('')}}`;
  return (
    headerOfConverted(file, folder) +
    "import { defineMigrations } from 'drizzle-offramp';\n\n" +
    `export default defineMigrations(${record});\n`
  );
}

/** Says of each conflict where it is and what can be done. */
function showConflicts(
  module: ModuleFile,
  folder: MigrationFolder,
  conflicts: ReturnType<typeof reconcile>['conflicts'],
): string {
  const lines = conflicts.map(({ key, found }) => {
    const tag = module.list.migrations.find((migration) => migration.key === key)?.tag;
    const name = tag ? `${key} (${tag})` : key;
    if (found === undefined) {
      return (
        `${placeOf(module, key)}: ${name} is no longer in ${folder.path}. Objects have it: restore it there, from ` +
        'version control.'
      );
    }
    return (
      `${found.file}:1: its SQL is not that of ${name} in ${placeOf(module, key)}. Objects that ran it will not run ` +
      `it again: restore it and write a new migration, or pass --accept-edit ${key} if both do the same.`
    );
  });
  return lines.join('\n');
}

function editModule(module: ModuleFile, changes: readonly Change[]): string {
  const standing = new Set(module.record.entries.map(({ key }) => key));
  const changed = new Map<string, string>();
  const added: string[] = [];
  for (const { key, change, entry } of changes) {
    const text = renderEntry(key, entry);
    if (change === 'added') added.push(text);
    else if (standing.has(key)) changed.set(key, text);
    else {
      throw new CliError(
        `${module.file}: ${key} has changed, and it is not written out in the record. Write it there.`,
      );
    }
  }
  return editRecord(module.source, module.record, changed, added);
}

/** The edited module; its baseline says that it stands for the same migrations, be they called or written otherwise now. */
function resigned(standing: ModuleFile, changes: readonly Change[]): string {
  const source = editModule(standing, changes);
  const { migrations } = standing.list;
  if (changes.length === 0 || !isSigned(migrations)) return source;
  const changed = new Map(changes.map(({ key, entry }) => [key, entry]));
  return resign(
    source,
    migrations,
    migrations.map((one) => ({ ...one, ...(changed.get(one.key) as Partial<typeof one>) })),
  );
}

/** A module's text with a first line that says what it is made from. */
function withHeader(source: string, file: string, folder: string): string {
  const { by, folder: from } = originOf(file, source);
  if (by === 'convert' && from === resolve(folder)) return source;
  const header = headerOfConverted(file, folder);
  return (
    (source.includes('\r\n') ? header.replace('\n', '\r\n') : header) +
    source.replace(OTHER_ORIGIN, '')
  );
}

/** The keys of the entries that have their checksum written out. */
const withChecksum = (module: ModuleFile | undefined): Set<string> =>
  new Set(
    Object.entries(module?.entries ?? {})
      .filter(
        ([, entry]) =>
          typeof entry === 'object' && 'checksum' in entry && entry.checksum !== undefined,
      )
      .map(([key]) => key),
  );

/** Lines in which a module says that it was ejected, or made from another folder. */
const OTHER_ORIGIN =
  /^(?:\/\/ (?:Written by `|Ejected from |objects have run: append |A tag is what ).*\r?\n)+/;

/**
 * Refuses to write over a module that was not made from this folder.
 *
 * @throws {CliError} if it was ejected, written by hand, or made from another folder
 */
function checkOrigin({ file, source }: ModuleFile, folder: string): void {
  const origin = originOf(file, source);
  if (origin.by === 'convert' && origin.folder === resolve(folder)) return;
  const found = {
    convert: `it was made from another folder, ${relative('.', origin.folder ?? '').replaceAll('\\', '/')}`,
    eject: 'it was ejected: people write on it, and it needs no folder any more',
    hand: 'its first line does not say that `drizzle-offramp convert` wrote it',
  }[origin.by];
  throw new CliError(
    `${file}: ${found}. Name another module with --out, or pass --force to make it the module of ${folder}.`,
  );
}

/** A module's text with the schemas that its migrations make. */
function withSchemas(source: string, file: string, entries: MigrationRecord): string {
  const text = carrySchemas(
    source,
    schemasOf(readMigrations(entries).migrations, carriedSchemas(source)),
  );
  if (text === undefined) {
    throw new CliError(
      `${file}: --untracked writes into the call of defineMigrations({ … }), and the record is not exported by it.`,
    );
  }
  return text;
}

/** A conflict between folder and module: with `--check` it is a finding, else the command cannot run. */
export class ConvertConflict extends CliError {}

/**
 * Converts a folder into the text of a module. Writes nothing.
 *
 * @param folder the folder
 * @param module the module's path; it need not be there
 * @param accepted keys whose SQL may differ from the module's
 * @param force whether a module may become this folder's that was ejected, or made from another one
 * @param untracked whether the module shall carry the schemas for the option `untracked`; one that does goes on to
 * @throws {CliError} if the folder, or the module that stands there, cannot be read as one
 * @throws {ConvertConflict} if a migration's SQL was edited or a migration was removed
 */
export async function convert(
  folder: MigrationFolder,
  module: string,
  accepted: readonly string[] = [],
  force = false,
  untracked = false,
): Promise<Conversion> {
  const fatal = folder.problems.filter(({ code }) => !HARMLESS.has(code));
  if (fatal.length > 0) throw new CliError(fatal.map(showProblem).join('\n'));
  checkShadow(module);
  const standing = await openModule(module);
  if (standing !== undefined && !force) checkOrigin(standing, folder.path);
  const known = standing?.list.migrations ?? [];
  const unknown = accepted.find((key) => !known.some((migration) => migration.key === key));
  if (unknown !== undefined) {
    throw new CliError(`--accept-edit ${unknown}: there is no ${unknown} in ${module}.`);
  }
  const { changes, conflicts, size } = reconcile(
    known,
    folder.migrations,
    new Set(accepted),
    withChecksum(standing),
    module,
  );
  if (standing !== undefined && conflicts.length > 0) {
    throw new ConvertConflict(showConflicts(standing, folder, conflicts));
  }
  const edited =
    standing === undefined
      ? newModule(
          module,
          folder.path,
          changes.map(({ key, entry }) => renderEntry(key, entry)),
        )
      : withHeader(resigned(standing, changes), module, folder.path);
  const entries = {
    ...standing?.entries,
    ...Object.fromEntries(changes.map(({ key, entry }) => [key, entry])),
  };
  const fingerprinted = carryFingerprint(edited, entries);
  const text =
    untracked || carriesSchemas(edited)
      ? withSchemas(fingerprinted, module, entries)
      : fingerprinted;
  return {
    folder: folder.path,
    form: folder.form,
    module,
    migrations: size,
    byHand: size - folder.migrations.length,
    upToDate: text === standing?.source,
    changes,
    problems: folder.problems,
    text,
  };
}

const MARKS = { added: '+', restamped: '~', edited: '!' } as const;

/** One line for each change, and one for the module. */
function show(
  { module, folder, migrations, byHand, changes, upToDate, text }: Conversion,
  check: boolean,
): void {
  const all =
    `${plural(migrations - byHand, 'migration')} from ${folder}` +
    (byHand > 0 ? `, ${byHand} written by hand` : '');
  if (upToDate) {
    print(`${module} is up to date: ${all}.`);
    return;
  }
  print(check ? `${module} is out of date:` : `Wrote ${module}: ${all}.`);
  for (const { key, tag, change, stamps } of changes) {
    const more = {
      added: '',
      edited: '  its SQL was edited, as accepted',
      restamped: stamps.length === 0 ? '' : `  was ${stamps.join(', ')}`,
    }[change];
    print(
      `  ${paint[change === 'added' ? 'green' : 'yellow'](MARKS[change])} ${key}  ${tag}${more}`,
    );
  }
  if (changes.length === 0 && migrations > 0) {
    print(`  ${paint.yellow('~')} its fingerprint${carriesSchemas(text) ? ' and schemas' : ''}`);
  }
}

/** Folders and their modules; each module is that of one folder. */
async function pairUp(
  folder: string | undefined,
  options: ConvertOptions,
): Promise<{ folder: MigrationFolder; module: string }[]> {
  const places = await findFolders(folder, options.config);
  if (options.out !== undefined && places.length > 1) {
    throw new CliError(
      '--out names one module, and there are several folders: convert them one by one.',
    );
  }
  const modules = options.out === undefined ? modulesOf(places) : [options.out];
  for (const [i, place] of places.entries()) {
    const usual = join(dirname(place.folder), 'migrations.ts');
    const inTheWay = shadowedBy(usual);
    const module = modules[i] as string;
    if (options.out !== undefined || inTheWay === undefined || existsSync(module)) continue;
    note(`${usual} would take the place of ${inTheWay} in imports: ${module} is written instead.`);
  }
  return places.map((place, i) => ({ folder: openFolder(place), module: modules[i] as string }));
}

/** Of several folders that nobody named, those whose modules were not ejected: a team leaves one class at a time. */
function leaveEjected(
  pairs: readonly { folder: MigrationFolder; module: string }[],
  folder: string | undefined,
  { config, force = false }: ConvertOptions,
): typeof pairs {
  if (force || folder !== undefined || config !== undefined) return pairs;
  const isEjected = ({ module }: { module: string }): boolean =>
    existsSync(module) && originOf(module, readFileSync(module, 'utf8')).by === 'eject';
  const ejected = pairs.filter(isEjected);
  if (ejected.length === 0 || ejected.length === pairs.length) return pairs;
  note(`${ejected.map(({ module }) => module).join(', ')}: ejected, and left alone.`);
  return pairs.filter((pair) => !ejected.includes(pair));
}

const toJson = ({ text: _, changes, ...rest }: Conversion, written: boolean): object => ({
  ...rest,
  written,
  changes: changes.map(({ key, tag, change, stamps }) => ({
    key,
    tag,
    change,
    ...(stamps.length > 0 && { was: stamps }),
  })),
});

/** Proves the baselines of the modules that stand, and says what came of it. */
async function proveAll(
  pairs: readonly { readonly folder: MigrationFolder; readonly module: string }[],
  { check = false, json = false }: ConvertOptions,
): Promise<ReadonlyMap<string, Proof>> {
  const proofs = new Map<string, Proof>();
  for (const { folder, module } of pairs) {
    if (!mayHaveBaseline(module)) continue;
    const { proveBaseline } = await import('./convert/prove.ts');
    const proof = await proveBaseline(module, folder.migrations);
    if (proof === undefined) continue;
    proofs.set(module, proof);
    if (!json) showProof(module, proof, check);
  }
  return proofs;
}

/** Converts all folders; writes only once all of them could be converted. */
async function convertAll(folder: string | undefined, options: ConvertOptions): Promise<number> {
  const { check = false, json = false, force = false, acceptEdit } = options;
  const pairs = leaveEjected(await pairUp(folder, options), folder, options);
  const conversions: Conversion[] = [];
  for (const pair of pairs)
    conversions.push(await convert(pair.folder, pair.module, acceptEdit, force, options.untracked));
  for (const conversion of conversions) {
    const { module, upToDate, text, problems } = conversion;
    if (!upToDate && !check) writeModule(module, text);
    for (const problem of problems) if (!json) warn(showProblem(problem));
    if (!json) show(conversion, check);
  }
  const proofs = await proveAll(pairs, options);
  if (json) {
    const toPrint = (it: Conversion): object => {
      const baseline = proofs.get(it.module);
      return { ...toJson(it, !it.upToDate && !check), ...(baseline && { baseline }) };
    };
    printJson({ modules: conversions.map(toPrint) });
  }
  const late = check && conversions.some(({ upToDate }) => !upToDate);
  if (late && !json) print('Run `drizzle-offramp convert`.');
  const isWrong = [...proofs.values()].some(({ problem }) => problem !== undefined);
  return late || (check && isWrong) ? EXIT.found : EXIT.ok;
}

/** Most modules have none, and to prove one takes what else nothing needs. */
const mayHaveBaseline = (module: string): boolean =>
  existsSync(module) && /\bbaseline\b/.test(readFileSync(module, 'utf8'));

/** Says what proving the baseline of a module came to. */
function showProof(module: string, { key, proved, problem }: Proof, check: boolean): void {
  if (problem !== undefined) warn(`${module}: ${problem}`);
  else if (check && proved)
    print(`The baseline of ${key} in ${module} makes what its history makes.`);
  else if (check) {
    note(
      `The baseline of ${key} in ${module} cannot be proved here: SQL that it replaces was dropped, and no folder has it.`,
    );
  }
}

/** Proves the baseline of a module alone: one that was ejected has no folder. */
async function checkModule(file: string, json: boolean): Promise<number> {
  const { proveBaseline } = await import('./convert/prove.ts');
  const proof = await proveBaseline(file, []);
  if (proof === undefined) {
    throw new CliError(
      `${file}: it has no baseline, which is all that --check can prove of a module.`,
    );
  }
  if (json) printJson({ module: file, baseline: proof });
  else showProof(file, proof, true);
  return proof.problem === undefined ? EXIT.ok : EXIT.found;
}

const isModuleFile = (path: string | undefined): path is string =>
  path !== undefined && /\.[cm]?[jt]s$/.test(path) && existsSync(path);

/** The one module whose baseline is meant: its file may be named, as an ejected one has no folder. */
async function moduleForBaseline(
  path: string | undefined,
  options: ConvertOptions,
): Promise<ModuleFile> {
  const files = isModuleFile(path) ? [path] : await modulesFor(path, options);
  const [file] = files;
  if (files.length > 1) {
    throw new CliError(
      `There are several modules: ${files.join(', ')}. Name the one that is meant: convert <module>.`,
    );
  }
  const module = file === undefined ? undefined : await openModule(file);
  if (module === undefined) {
    throw new CliError(
      `${file ?? 'A module'} is not there: only a module can have a baseline. Run \`npx drizzle-offramp convert\` first.`,
    );
  }
  return module;
}

async function modulesFor(
  path: string | undefined,
  options: ConvertOptions,
): Promise<readonly string[]> {
  try {
    return (await pairUp(path, options)).map(({ module }) => module);
  } catch (error) {
    if (!(error instanceof NoFolderError) || path !== undefined) throw error;
    return modulesAlone();
  }
}

async function writeBaseline(path: string | undefined, options: ConvertOptions): Promise<number> {
  const module = await moduleForBaseline(path, options);
  const { addBaseline, LARGE } = await import('./convert/baseline.ts');
  const { text, ...made } = addBaseline(module, options.baseline as string);
  writeModule(module.file, text);
  const { key, tag, replaced, bytes, rows } = made;
  if (options.json) {
    printJson({ module: module.file, baseline: made });
    return EXIT.ok;
  }
  const name = tag === null ? key : `${key} (${tag})`;
  print(
    `Wrote the baseline of ${name} into ${module.file}: ${plural(bytes, 'byte')} with ${plural(rows, 'row')}, for ` +
      `${plural(replaced, 'migration')}.`,
    '  A new object runs it instead of these. Other objects run what they lack, as before.',
  );
  if (bytes > LARGE) {
    warn(
      `The baseline is longer than ${LARGE} bytes, and each Worker that imports it is as much larger.`,
    );
  }
  return EXIT.ok;
}

async function dropSql(path: string | undefined, options: ConvertOptions): Promise<number> {
  const module = await moduleForBaseline(path, options);
  const { dropReplaced } = await import('./convert/baseline.ts');
  const { text, ...change } = dropReplaced(module);
  const { readSwept } = await import('./convert/swept.ts');
  const swept =
    options.fleet === undefined ? undefined : readSwept(options.fleet, module.list.fingerprint);
  if (swept !== undefined && !options.json) print(swept.text);
  if (!swept?.isComplete && !options.yes) {
    throw new CliError(
      `An object that lacks one of the ${plural(change.replaced, 'migration')} up to ${change.key} is refused once the SQL is gone, ` +
        `and ${swept === undefined ? 'no sweep of the fleet was looked at' : 'this sweep does not show that none does'}. ` +
        'Pass --fleet with what `npx drizzle-offramp fleet status --json` prints after a full sweep with this code, or ' +
        '--yes if you know that each object has them.',
    );
  }
  writeModule(module.file, text);
  if (options.json) printJson({ module: module.file, dropped: change });
  else {
    print(
      `Took the SQL of ${plural(change.dropped.length, 'migration')} out of ${module.file}: ${plural(change.bytes, 'byte')} less.`,
    );
  }
  return EXIT.ok;
}

function writeModule(module: string, text: string): void {
  try {
    mkdirSync(dirname(module), { recursive: true });
    writeFileSync(module, text);
    // What cannot be read back (a full disk) must not pass for converted.
    if (readFileSync(module, 'utf8') !== text) throw new Error('it was not written whole');
  } catch (cause) {
    throw new CliError(`${module}: ${(cause as Error).message}`, { cause });
  }
}

/** Which options exclude each other. */
const APART = [
  ['watch', 'check'],
  ['baseline', 'dropReplaced'],
  ['baseline', 'check'],
  ['dropReplaced', 'check'],
  ['baseline', 'watch'],
  ['dropReplaced', 'watch'],
] as const;

const flagOf = (option: string): string =>
  `--${option.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

function checkOptions(options: ConvertOptions): void {
  for (const [one, other] of APART) {
    if (options[one] && options[other]) {
      throw new CliError(`Pass either ${flagOf(one)} or ${flagOf(other)}, not both.`);
    }
  }
  for (const one of ['fleet', 'yes'] as const) {
    if (options[one] && !options.dropReplaced) {
      throw new CliError(`${flagOf(one)} is for --drop-replaced.`);
    }
  }
}

async function run(folder: string | undefined, options: ConvertOptions): Promise<void> {
  checkOptions(options);
  if (options.baseline !== undefined || options.dropReplaced) {
    const act = options.dropReplaced ? dropSql : writeBaseline;
    process.exitCode = await act(folder, options);
    return;
  }
  if (options.watch) {
    const places = await findFolders(folder, options.config);
    return watch(
      places.map((place) => place.folder),
      () => convertAll(folder, options),
    );
  }
  try {
    process.exitCode =
      options.check && isModuleFile(folder)
        ? await checkModule(folder, options.json === true)
        : await convertAll(folder, options);
  } catch (error) {
    if (options.check && error instanceof ConvertConflict) error.exitCode = EXIT.found;
    throw error;
  }
}

/**
 * Adds `convert` to the program.
 *
 * @param program the program
 */
export function register(program: Command): void {
  program
    .command('convert')
    .summary("write drizzle-kit's folder as one TypeScript module")
    .description(
      "Writes drizzle-kit's folder (0.x or 1.x) as one TypeScript module: no .sql imports, so no bundler rules. " +
        'Converting again keeps every key that the module has, and appends what is new.',
    )
    .argument(
      '[folder]',
      'the folder of migrations (default: the `out` of the configs for Durable Objects); with --baseline or ' +
        '--drop-replaced a module too',
    )
    .option('-c, --config <file>', 'a config of drizzle-kit; repeat it for several', collect)
    .option(
      '-o, --out <file>',
      "the module (default: migrations.ts in the folder's parent, or <folder>-migrations.ts)",
    )
    .option('--accept-edit <key>', 'take the edited SQL of this migration; repeatable', collect)
    .option('--check', 'write nothing; exit status 1 if the module is out of date')
    .option('--force', 'convert into a module that was ejected, or made from another folder')
    .option('--untracked', 'write the schemas that the option `untracked` looks up')
    .option(
      '--baseline <migration>',
      'write one script into the module that new objects run in place of all up to this migration',
    )
    .option('--drop-replaced', 'take the SQL out of the module that its baseline replaces')
    .option(
      '--fleet <file>',
      'with --drop-replaced: what `fleet status --json` printed after a full sweep',
    )
    .option('--yes', 'with --drop-replaced: each object has run that SQL, though no sweep shows it')
    .option('--watch', 'convert whenever the folder changes')
    .option('--json', 'print the result as JSON')
    .action(run);
}
