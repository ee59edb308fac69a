// Which folders of migrations a command is about: those whose configs are for Durable Objects.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { globSync } from 'tinyglobby';
import { type MigrationFolder, readFolder } from './folder.ts';
import { loadDefault } from './load.ts';
import { CliError, NoFolderError, note } from './output.ts';
import { findRecord } from './record-source.ts';
import { foldersOfD1 } from './wrangler.ts';

/** The names drizzle-kit looks for, of which it takes the first. */
const DEFAULT_NAMES = ['drizzle.config.ts', 'drizzle.config.js', 'drizzle.config.json'];

/** The names that people give to those which they pass to drizzle-kit by `--config`. */
const NAMES = 'drizzle*.config.*';

/** drizzle-kit's default for `out`. */
const DEFAULT_OUT = './drizzle';

/** A folder of migrations and the config that named it. */
export interface FolderPlace {
  /** The folder's path, from the current directory or absolute. */
  readonly folder: string;
  /** The config's path; undefined where the folder was an argument. */
  readonly config: string | undefined;
}

/** A config of drizzle-kit. */
export interface Config extends FolderPlace {
  readonly config: string;
  /** Its driver, or its dialect; undefined where it says neither. */
  readonly database: string | undefined;
  /** Whether its migrations are a Durable Object's; undefined if nothing says so or otherwise. */
  readonly isDurable: boolean | undefined;
  /** Whether wrangler's config has a D1 database, which it may be for as well. */
  readonly besideD1?: boolean;
}

/** What is asked of a config. */
interface Settings {
  readonly out?: unknown;
  readonly driver?: unknown;
  readonly dialect?: unknown;
}

/**
 * Reads what a config says without running it: it may import wrangler, which takes half a minute, or look for a database
 * that is not there yet.
 *
 * @param source the config's text
 * @returns undefined if it has to be run to tell
 */
export function readStatically(source: string): Settings | undefined {
  const record = findRecord(source);
  if (record === undefined) return undefined;
  const settings: Record<string, unknown> = {};
  for (const { key, start, end } of record.entries) {
    if (key.startsWith('.') || key.startsWith('[')) return undefined;
    if (!['out', 'driver', 'dialect'].includes(key)) continue;
    const value = /^\s*['"]?\w+['"]?\s*:\s*(['"`])([^'"`\\$]*)\1(?:\s+as\s+const)?\s*$/.exec(
      source.slice(start, end),
    );
    if (value === null) return undefined;
    settings[key] = value[2];
  }
  return settings;
}

/**
 * The folder that `out` names. drizzle-kit takes it from the directory it runs in, which may be this one, or in a
 * monorepo the config's.
 */
function folderOf(config: string, out: string): string {
  const [here, there] = [join(out), isAbsolute(out) ? out : join(dirname(config), out)];
  if (resolve(here) === resolve(there) || !existsSync(there)) return here;
  if (!existsSync(here)) return there;
  throw new CliError(
    `${config}: its \`out\` is ${here} from here, and ${there} from the config's folder, and both are there. Name the ` +
      'folder of migrations.',
  );
}

async function readConfig(config: string): Promise<Config> {
  if (!existsSync(config)) throw new CliError(`${config}: there is no such file.`);
  const isJson = config.endsWith('.json');
  const content =
    (isJson ? undefined : readStatically(readFileSync(config, 'utf8'))) ??
    (await loadDefault(config));
  const { out = DEFAULT_OUT, driver, dialect } = (content ?? {}) as Settings;
  if (typeof content !== 'object' || content === null || typeof out !== 'string') {
    throw new CliError(
      `${config}: it must export a config, with \`out\` (if any) a path: export default defineConfig({ out: './drizzle' }).`,
    );
  }
  const folder = folderOf(config, out);
  const database = [driver, dialect].find((it): it is string => typeof it === 'string');
  // Drivers are often wrong; only for Durable Objects is there a migrations.js.
  const isDurable =
    driver === 'durable-sqlite' || existsSync(join(folder, 'migrations.js'))
      ? true
      : driver === undefined && (dialect === undefined || dialect === 'sqlite')
        ? undefined
        : false;
  const d1 = isDurable === undefined ? [...foldersOfD1('.'), ...foldersOfD1(dirname(config))] : [];
  if (d1.includes(resolve(folder))) {
    return { folder, config, database: "D1, as wrangler's config says", isDurable: false };
  }
  return { folder, config, database, isDurable, besideD1: d1.length > 0 };
}

/** The configs that stand here, of drizzle-kit's default names the first. */
function namesOfConfigs(): string[] {
  const [first] = DEFAULT_NAMES.filter((name) => existsSync(name));
  const others = globSync(NAMES, { cwd: '.', expandDirectories: false })
    .filter((name) => /\.(?:[cm]?[jt]s|json)$/.test(name) && !name.endsWith('.d.ts'))
    .filter((name) => !DEFAULT_NAMES.includes(name))
    .sort();
  return [...(first === undefined ? [] : [first]), ...others];
}

/** Whether there is any config of drizzle-kit here. */
export const hasConfig = (): boolean => namesOfConfigs().length > 0;

/**
 * Reads all configs that stand here.
 *
 * @throws {CliError} if none of them can be read
 */
export async function findConfigs(): Promise<Config[]> {
  const read = await Promise.allSettled(namesOfConfigs().map(readConfig));
  const configs = read.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const [failed] = read.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
  // What cannot be read is another database's, if there is one for Durable Objects.
  if (failed !== undefined && !configs.some(({ isDurable }) => isDurable)) throw failed;
  return configs;
}

const show = ({ config, database }: Config): string =>
  database === undefined ? config : `${config} (${database})`;
const list = (configs: readonly Config[]): string => configs.map(show).join(', ');

/** Those of the configs that are for Durable Objects. */
function choose(configs: readonly Config[]): Config[] {
  const durable = configs.filter(({ isDurable }) => isDurable);
  const open = configs.filter(({ isDurable }) => isDurable === undefined);
  const chosen = durable.length > 0 ? durable : open;
  if (chosen.length === 0) {
    const [only, ...more] = configs;
    throw new NoFolderError(
      `${list(configs)}: ${more.length > 0 ? 'none of them is' : 'it is not'} for Durable Objects, by ` +
        `its driver ("durable-sqlite") or by a migrations.js in its \`out\`. Name ${more.length > 0 ? 'the one that is' : 'it'} ` +
        `with --config${more.length > 0 ? '' : ` ${only?.config} if it is`}, or the folder of migrations.`,
    );
  }
  if (durable.length === 0 && chosen.length > 1) {
    throw new CliError(
      `There are several configs, and nothing says which of them is for Durable Objects: ${list(chosen)}. Name it with ` +
        '--config, or set driver: "durable-sqlite" in it.',
    );
  }
  const [first] = chosen;
  const isD1s = configs.some(({ database }) => database?.toLowerCase().startsWith('d1') === true);
  if (durable.length === 0 && first?.besideD1 === true && !isD1s) {
    throw new NoFolderError(
      `${list(chosen)}: nothing says whether it is for Durable Objects or for the D1 database of wrangler's config. Name it ` +
        `with --config ${first.config} if it is, or set driver: "durable-sqlite" in it.`,
    );
  }
  const others = configs.filter((config) => !chosen.includes(config));
  if (others.length > 0) {
    note(
      `${chosen.map(({ config }) => config).join(', ')} ${chosen.length > 1 ? 'are' : 'is'} for Durable Objects, and not ` +
        `${list(others)}. Name others with --config.`,
    );
  }
  return chosen;
}

/**
 * Finds the folders of migrations: the one that was passed, or those of the configs that were named, or those of the
 * configs here that are for Durable Objects.
 *
 * @param folder a folder passed as an argument
 * @param configs what `--config` named
 * @returns each folder once
 * @throws {CliError} if a config cannot be read, there is none, or it is not clear which is meant
 */
export async function findFolders(
  folder: string | undefined,
  configs: readonly string[] = [],
): Promise<FolderPlace[]> {
  if (folder !== undefined) {
    if (configs.length > 0) {
      throw new CliError('Pass either a folder or --config, not both.');
    }
    return [{ folder, config: undefined }];
  }
  if (configs.length > 0) return Promise.all(configs.map(readConfig));
  const found = await findConfigs();
  if (found.length === 0) {
    throw new NoFolderError(
      `There is none of ${DEFAULT_NAMES.join(', ')} here, nor another ${NAMES}. Name the folder of migrations, or a ` +
        'config with --config.',
    );
  }
  const chosen = choose(found);
  return chosen.filter(
    (place, i) => chosen.findIndex((other) => other.folder === place.folder) === i,
  );
}

/**
 * Reads a folder, and says in a sentence what is wrong if there is none.
 *
 * @param place where it is and who says so
 * @throws {CliError} if there is no such folder
 */
export function openFolder({ folder, config }: FolderPlace): MigrationFolder {
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found?.isDirectory()) return readFolder(folder);
  const who = config === undefined ? folder : `${config}: its \`out\`, ${folder},`;
  throw new NoFolderError(
    found === undefined
      ? `${who} does not exist. Run \`drizzle-kit generate\`, or name another folder.`
      : `${who} is not a folder.`,
  );
}

/**
 * Reads an option that can be repeated, as commander asks for it.
 *
 * @param value the option's next value
 * @param previous those before it
 */
export const collect = (value: string, previous: readonly string[] = []): string[] => [
  ...previous,
  value,
];
