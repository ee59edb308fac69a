import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { type Bundle, bundlesIn } from './bundle.ts';
import { acknowledge, readAcknowledgements } from './check/acknowledged.ts';
import { count, type Finding, sortFindings } from './check/finding.ts';
import { checkHistory, type Past } from './check/history.ts';
import {
  changedSince,
  findingsOfBundle,
  findModule,
  folderAtRef,
  moduleAtRef,
  pastOfBundle,
  type Then,
} from './check/past.ts';
import {
  type CheckResult,
  FORMATS,
  type Format,
  summary,
  toGithub,
  toJson,
  toText,
} from './check/report.ts';
import { type AskSchema, checkSchema } from './check/schema.ts';
import { checkSources } from './check/source.ts';
import { checkAlone, ofFolder, ofModule, type Subject, withOwn } from './check/subject.ts';
import { findFolders, openFolder } from './config.ts';
import { modulesAlone } from './find-module.ts';
import type { MigrationFolder } from './folder.ts';
import { EXIT, NoFolderError, note, print, printJson } from './output.ts';

/** What a folder or a module is compared with. */
export interface Pasts {
  /** The converted module, if there is one. */
  readonly module?: Past | undefined;
  /** What the code imports from the folder. */
  readonly bundles?: readonly Past[];
  /** What it was at a git ref, if one was named. */
  readonly base?: Past | undefined;
}

const sameFinding = (a: Finding, b: Finding): boolean =>
  a.code === b.code && a.file === b.file && a.line === b.line;

/** What was changed in a history. */
function checkPasts(subject: Subject, { module, bundles = [], base }: Pasts): Finding[] {
  const edits = [base, module, ...bundles].flatMap((past) =>
    past === undefined ? [] : checkHistory(subject, past),
  );
  return edits.filter((edit, i) => edits.findIndex((other) => sameFinding(edit, other)) === i);
}

/**
 * Runs all checks over a folder that need nothing but it and what it is compared with.
 *
 * @param folder the folder as it was read
 * @param pasts what it is compared with
 * @returns the findings, sorted by file and line
 */
export function checkAll(folder: MigrationFolder, pasts: Pasts = {}): Finding[] {
  const subject = ofFolder(folder);
  return sortFindings([...checkAlone(subject), ...checkPasts(subject, pasts)]);
}

/** What the command was told. */
export interface CheckOptions {
  readonly config?: readonly string[];
  readonly module?: string | false;
  readonly base?: string;
  readonly strict?: boolean;
  readonly schema?: boolean;
  readonly sources?: boolean;
  readonly format?: Format;
  readonly json?: boolean;
}

/** A subject, and what belongs to it. */
interface Checked {
  readonly subject: Subject;
  readonly module: Past | undefined;
  readonly bundles: readonly Past[];
  readonly before: Then | undefined;
  /** What was found by comparing with what is no past: the schema, and what the code imports. */
  readonly schema: readonly Finding[];
}

const isFile = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;

/** When drizzle-kit is asked about the schema: in CI always, as no time of a file says anything there. */
function whenToAsk({ schema }: CheckOptions): AskSchema {
  if (schema !== undefined) return schema ? 'always' : 'never';
  return process.env.CI ? 'always' : 'newer';
}

async function checkModule(file: string, { base }: CheckOptions): Promise<Checked> {
  const before = base === undefined ? undefined : await moduleAtRef(file, base);
  return { subject: await ofModule(file), module: undefined, bundles: [], before, schema: [] };
}

/** The folders that are meant; modules where there is no folder any more. */
async function readFolders(
  folder: string | undefined,
  options: CheckOptions,
): Promise<readonly ({ folder: MigrationFolder; config: string | undefined } | string)[]> {
  try {
    const places = await findFolders(folder, options.config);
    return places.map((place) => ({ folder: openFolder(place), config: place.config }));
  } catch (cause) {
    const isAsked = folder !== undefined || (options.config?.length ?? 0) > 0;
    if (isAsked || !(cause instanceof NoFolderError)) throw cause;
    const modules = modulesAlone();
    if (modules.length === 0) throw cause;
    return modules;
  }
}

/** What the code imports from a folder; says of what could not be read that it was not compared. */
async function readBundles(folder: string): Promise<readonly Bundle[]> {
  const { bundles, notCompared } = await bundlesIn(folder);
  for (const { file, reason } of notCompared) {
    note(`${file}: the code imports it, and it was not compared with ${folder}: ${reason}.`);
  }
  return bundles;
}

async function readChecked(
  path: string | undefined,
  options: CheckOptions,
): Promise<readonly Checked[]> {
  if (path !== undefined && isFile(path)) return [await checkModule(path, options)];
  const found = await readFolders(path, options);
  return Promise.all(
    found.map(async (one): Promise<Checked> => {
      if (typeof one === 'string') return checkModule(one, options);
      const { folder, config } = one;
      const { base } = options;
      const module = await findModule(folder.path, options.module);
      const bundles = options.module === false ? [] : await readBundles(folder.path);
      return {
        subject: await withOwn(ofFolder(folder), module),
        module,
        before: base === undefined ? undefined : await folderAtRef(folder.path, base),
        bundles: bundles.flatMap((bundle) =>
          bundle.list === undefined ? [] : pastOfBundle(bundle),
        ),
        schema: [
          ...(module?.findings ?? []),
          ...bundles.flatMap(findingsOfBundle),
          ...(await checkSchema(folder, config, whenToAsk(options))),
        ],
      };
    }),
  );
}

/** What two findings share that are one: the line may have moved. */
const keyOf = ({ code, file, message }: Finding): string => JSON.stringify([code, file, message]);

/** A finding, and whether it is new since the base. */
interface Dated {
  readonly finding: Finding;
  readonly isNew: boolean;
}

function checkOne({ subject, module, bundles, before, schema }: Checked): Dated[] {
  const old = new Set(before?.findings.map(keyOf));
  const compared = [...checkPasts(subject, { module, bundles, base: before?.past }), ...schema];
  return [
    ...checkAlone(subject).map((finding) => ({ finding, isNew: !old.has(keyOf(finding)) })),
    // What was changed was not there before.
    ...compared.map((finding) => ({ finding, isNew: true })),
  ];
}

/** How the sources call the migrator; new is what stands in a file that was changed. */
function checkCalls(all: readonly Checked[], { base, sources }: CheckOptions): Dated[] {
  if (sources === false) return [];
  const folders = all.map(({ subject }) => subject.path).filter((path) => !isFile(path));
  const found = checkSources('.', folders);
  if (base === undefined || found.length === 0) {
    return found.map((finding) => ({ finding, isNew: true }));
  }
  const changed = changedSince(base);
  return found.map((finding) => ({ finding, isNew: changed.has(resolve(finding.file)) }));
}

/** Whether what an acknowledgement names was read: all of it, unless only a part of the project was asked for. */
function isRead(all: readonly Checked[], isPart: boolean): (place: string) => boolean {
  if (!isPart) return () => true;
  const names = new Set(
    all.flatMap(({ subject: { migrations } }) =>
      migrations.flatMap(({ name, file }) => [name, file]),
    ),
  );
  return (place) => names.has(place);
}

/**
 * Reads the folders or the module and runs all checks.
 *
 * @param path a folder or a module passed as an argument
 * @param options what the command was told
 * @throws {CliError} if a folder, a config, a module, a git ref or the acknowledgements cannot be read
 */
export async function check(path: string | undefined, options: CheckOptions): Promise<CheckResult> {
  const acknowledgements = readAcknowledgements();
  const all = await readChecked(path, options);
  const isPart = path !== undefined || (options.config?.length ?? 0) > 0;
  const dated = [...all.flatMap(checkOne), ...checkCalls(all, options)];
  const found = dated.map(({ finding }) => finding);
  const { open, stale, acknowledged } = acknowledge(found, acknowledgements, isRead(all, isPart));
  const isNew = new Set(dated.filter((one) => one.isNew).map(({ finding }) => finding));
  return {
    folders: all.map(({ subject }) => subject.path),
    migrations: all.reduce((sum, { subject }) => sum + subject.migrations.length, 0),
    findings: sortFindings([...open.filter((finding) => isNew.has(finding)), ...stale]),
    acknowledged,
    known: open.filter((finding) => !isNew.has(finding)).length,
    base: options.base,
  };
}

const collect = (value: string, before: string[] = []): string[] => [...before, value];

/**
 * Adds the command `check`.
 *
 * @param program the program
 */
export function register(program: Command): void {
  program
    .command('check')
    .description('find what would go wrong in a fleet, before the deploy')
    .argument(
      '[path]',
      'the folder of migrations, or a module; without it, that of drizzle.config.ts, or the module once there is no config',
    )
    .option('-c, --config <file>', 'a config of drizzle-kit; repeat it for several', collect)
    .option(
      '--module <file>',
      "the converted module to compare with (default: migrations.ts in the folder's parent)",
    )
    .option('--no-module', 'compare with no module')
    .option(
      '--base <ref>',
      'a git ref, such as origin/main: compare with it, and show what is new since',
    )
    .option('--strict', 'exit with 1 for warnings, and for what depends on data, too')
    .option(
      '--schema',
      'ask drizzle-kit whether the schema has changed (default: in CI, or where its file is newer)',
    )
    .option('--no-schema', 'do not ask drizzle-kit')
    .option('--no-sources', 'do not read how the sources call the migrator')
    .addOption(new Option('--format <format>', 'how to print').choices(FORMATS).default('text'))
    .option('--json', 'the same as --format json')
    .action(async (path: string | undefined, options: CheckOptions) => {
      const result = await check(path, options);
      const format = options.json === true ? 'json' : options.format;
      if (format === 'json') printJson(toJson(result));
      else if (format === 'text') print(toText(result));
      else {
        const root = process.env.GITHUB_WORKSPACE ?? process.cwd();
        print(...toGithub(result, root), summary(result));
      }
      const severities =
        options.strict === true ? (['error', 'warning', 'data'] as const) : (['error'] as const);
      const found = severities.some((severity) => count(result.findings, severity) > 0);
      process.exitCode = found ? EXIT.found : EXIT.ok;
    });
}
