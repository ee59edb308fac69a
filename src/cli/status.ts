import { SingleBar } from 'cli-progress';
import { type Command, Option } from 'commander';
import type { MigrateOptions } from '../options.ts';
import { EXIT, print, printJson } from './output.ts';
import { inspectObject, type ObjectStatus } from './status/inspect-object.ts';
import { DEFAULT_STATE, findNames, findObjects } from './status/objects.ts';
import { type FleetStatus, toJson, toText } from './status/report.ts';
import { findSource, type SourceOptions } from './status/source.ts';

/** The options of `migrate` that a plan depends on. */
type PlanOptions = Pick<
  MigrateOptions,
  'drizzle' | 'skipped' | 'unknown' | 'ahead' | 'drift' | 'table' | 'drizzleTable'
>;

/** What the command was told. */
export interface StatusOptions extends SourceOptions, PlanOptions {
  readonly class?: readonly string[];
  readonly json?: boolean;
}

/**
 * Inspects every local object.
 *
 * @param path a folder above the objects' files, or a file
 * @param options what the command was told
 * @param progress hears how many of how many objects are done
 * @throws {CliError} if there is nothing at the path, or the migrations cannot be read
 */
export async function status(
  path: string,
  options: StatusOptions,
  progress: (done: number, total: number) => void = () => {},
): Promise<FleetStatus> {
  const { folder, config, module, class: classes, json: _, ...plan } = options;
  const source = await findSource({
    ...(folder === undefined ? {} : { folder }),
    ...(config === undefined ? {} : { config }),
    ...(module === undefined ? {} : { module }),
  });
  const files = await findObjects(path, classes);
  const names = findNames(files);
  const objects: ObjectStatus[] = [];
  for (const file of files) {
    objects.push(inspectObject(file, names.get(file.id) ?? null, source.input, plan));
    progress(objects.length, files.length);
  }
  return { path, source, objects };
}

/** A bar on stderr, if that is a terminal. */
function progressBar(): { tell: (done: number, total: number) => void; stop: () => void } {
  if (!process.stderr.isTTY) return { tell: () => {}, stop: () => {} };
  const bar = new SingleBar({
    format: '{bar} {value} of {total} objects',
    stream: process.stderr,
    clearOnComplete: true,
    hideCursor: true,
  });
  let started = false;
  return {
    tell(done, total) {
      if (!started) bar.start(total, 0);
      started = true;
      bar.update(done);
    },
    stop: () => bar.stop(),
  };
}

const collect = (value: string, before: string[] = []): string[] => [...before, value];

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
      "the module of migrations (default: migrations.ts in the folder's parent)",
    )
    .option('--no-module', 'compare with the folder, even if there is a module')
    .option('--class <name>', 'only objects of this class; repeatable', collect)
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
    .option('--table <name>', 'as the option of migrate')
    .option('--drizzle-table <name>', 'as the option of migrate')
    .option('--json', 'print JSON')
    .action(async (path: string, options: StatusOptions) => {
      const bar = progressBar();
      try {
        const fleet = await status(path, options, bar.tell);
        bar.stop();
        if (options.json === true) printJson(toJson(fleet));
        else print(toText(fleet));
        const bad = fleet.objects.some(
          ({ state }) => state === 'refused' || state === 'unreadable',
        );
        process.exitCode = bad ? EXIT.found : EXIT.ok;
      } finally {
        bar.stop();
      }
    });
}
