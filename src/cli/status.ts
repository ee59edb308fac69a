// `drizzle-offramp status`: where each local object stands, and what its next wake will do.
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { MigrateOptions } from '../options.ts';
import { collect } from './config.ts';
import { EXIT, print, printJson, showProgress } from './output.ts';
import {
  drizzleOf,
  inspectObject,
  type ObjectState,
  type ObjectStatus,
} from './status/inspect-object.ts';
import { DEFAULT_STATE, findNames, findObjects, type ObjectFile } from './status/objects.ts';
import { type FleetStatus, isBad, STATES, toJson, toText } from './status/report.ts';
import { type SourceOptions, Sources } from './status/source.ts';

/** The options of `migrate` that a plan depends on. */
type PlanOptions = Pick<
  MigrateOptions,
  'drizzle' | 'skipped' | 'unknown' | 'ahead' | 'drift' | 'table' | 'drizzleTable' | 'untracked'
>;

/** What the command was told. */
export interface StatusOptions extends SourceOptions, PlanOptions {
  readonly class?: readonly string[];
  /** The states of the objects to list; all if there is none. */
  readonly only?: readonly ObjectState[];
  readonly json?: boolean;
}

/**
 * What `migrate` is told to do with Drizzle's ledger: as the command was told, or as the object's own ledger says, the
 * others of its class where all say the same, or the Worker's sources.
 */
function drizzleOfAll(
  files: readonly ObjectFile[],
  options: PlanOptions,
  isMirroring: (className: string) => boolean,
): (file: ObjectFile) => 'retire' | 'mirror' {
  const { drizzle } = options;
  if (drizzle !== undefined) return () => drizzle;
  const own = new Map(files.map((file) => [file, drizzleOf(file.file, options)]));
  return (file) => {
    const known = own.get(file);
    if (known !== undefined) return known;
    const others = files.filter(({ className }) => className === file.className);
    const said = new Set(others.flatMap((other) => own.get(other) ?? []));
    const [first, ...more] = said;
    if (first === undefined) return isMirroring(file.className) ? 'mirror' : 'retire';
    return more.length > 0 ? 'retire' : first;
  };
}

/**
 * Inspects every local object.
 *
 * @param path a folder above the objects' files, or a file
 * @param options what the command was told
 * @throws {CliError} if there is nothing at the path, or the migrations cannot be read
 */
export async function status(path: string, options: StatusOptions): Promise<FleetStatus> {
  const { folder, config, module, class: classes, only: _, json: __, ...plan } = options;
  const sources = await Sources.find({
    ...(folder === undefined ? {} : { folder }),
    ...(config === undefined ? {} : { config }),
    ...(module === undefined ? {} : { module }),
  });
  const files = await findObjects(path, classes);
  const ofClass = await sources.ofClasses([...new Set(files.map(({ className }) => className))]);
  const names = findNames(files);
  const drizzle = drizzleOfAll(files, plan, (name) => sources.isMirroring(name));
  const objects: ObjectStatus[] = [];
  for (const file of files) {
    const untracked = plan.untracked ?? sources.untrackedOf(file.className);
    objects.push(
      await inspectObject(file, {
        name: names.get(file.id) ?? null,
        source: ofClass.get(file.className) ?? '',
        adopts: sources.isAdopting(file.className),
        options: { ...plan, ...(untracked && { untracked }), drizzle: drizzle(file) },
      }),
    );
    // Each is copied and migrated, which takes some milliseconds.
    showProgress(objects.length, files.length);
  }
  return {
    path,
    sources: [...new Set(ofClass.values())].filter((one) => typeof one !== 'string'),
    objects,
    isSwapped: files.some(({ className }) => sources.isSwapped(className)),
  };
}

/**
 * Adds the command `status`.
 *
 * @param program the program
 */
export function register(program: Command): void {
  program
    .command('status')
    .description('tell where each local object stands, and what its next wake will do')
    .argument('[path]', 'the folder that wrangler persists to', DEFAULT_STATE)
    .option('-c, --config <file>', 'a config of drizzle-kit', collect)
    .option('--folder <folder>', 'the folder of migrations, without a config')
    .option(
      '--module <file>',
      "the module of migrations (default: the folder's, unless the Worker imports the folder)",
    )
    .option('--no-module', 'compare with the folder, even if there is a module')
    .option('--class <name>', 'only objects of this class; repeatable', collect)
    .addOption(
      new Option('--only <state>', 'list only objects in this state; repeatable')
        .choices(STATES)
        .argParser((value: string, before: string[] = []) => {
          if (STATES.includes(value as ObjectState)) return [...before, value];
          throw new InvalidArgumentError(`Allowed choices are ${STATES.join(', ')}.`);
        }),
    )
    .addOption(
      new Option('--drizzle <what>', 'as the option of migrate').choices(['retire', 'mirror']),
    )
    .addOption(
      new Option('--skipped <what>', 'as the option of migrate').choices([
        'apply',
        'ignore',
        'error',
      ]),
    )
    .addOption(
      new Option('--unknown <what>', 'as the option of migrate').choices(['error', 'ignore']),
    )
    .addOption(
      new Option('--ahead <what>', 'as the option of migrate').choices(['report', 'error']),
    )
    .addOption(
      new Option('--drift <what>', 'as the option of migrate').choices(['warn', 'error', 'ignore']),
    )
    .option(
      '--untracked <what>',
      'as the option of migrate: match, or the key that stands there as at',
      (value: string) => (value === 'match' ? value : { at: value }),
    )
    .option('--table <name>', 'as the option of migrate')
    .option('--drizzle-table <name>', 'as the option of migrate')
    .option('--json', 'print JSON')
    .action(async (path: string, options: StatusOptions) => {
      const fleet = await status(path, options);
      if (options.json === true) printJson(toJson(fleet, options.only));
      else print(toText(fleet, options.only));
      const bad = fleet.objects.some(isBad);
      process.exitCode = bad ? EXIT.found : EXIT.ok;
    });
}
