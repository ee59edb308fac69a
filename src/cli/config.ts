// Which folders of migrations a command is about: as drizzle-kit finds them.
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type MigrationFolder, readFolder } from './folder.ts';
import { loadDefault } from './load.ts';
import { CliError } from './output.ts';

/** The names drizzle-kit looks for, in its order. */
export const CONFIG_NAMES = ['drizzle.config.ts', 'drizzle.config.js', 'drizzle.config.json'];

/** drizzle-kit's default for `out`. */
const DEFAULT_OUT = './drizzle';

/** A folder of migrations and the config that named it. */
export interface FolderPlace {
  /** The folder's path, from the current directory or absolute. */
  readonly folder: string;
  /** The config's path; undefined where the folder was an argument. */
  readonly config: string | undefined;
}

async function readConfig(config: string): Promise<FolderPlace> {
  if (!existsSync(config)) throw new CliError(`${config}: there is no such file.`);
  const content = await loadDefault(config);
  const out = (content as { out?: unknown } | null)?.out ?? DEFAULT_OUT;
  if (typeof content !== 'object' || content === null || typeof out !== 'string') {
    throw new CliError(
      `${config}: it must export a config, with \`out\` (if any) a path: export default defineConfig({ out: './drizzle' }).`,
    );
  }
  // Like drizzle-kit: `out` counts from the current directory, not from the config.
  return { folder: join(out), config };
}

/**
 * Finds the folders of migrations: the one that was passed, or those of the configs, or that of the config which
 * drizzle-kit would take.
 *
 * @param folder a folder passed as an argument
 * @param configs what `--config` named
 * @throws {CliError} if a config cannot be read or there is none
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
  const found = configs.length > 0 ? configs : CONFIG_NAMES.filter(existsSync).slice(0, 1);
  if (found.length === 0) {
    throw new CliError(
      `There is none of ${CONFIG_NAMES.join(', ')} here. Name the folder of migrations, or a config with --config.`,
    );
  }
  return Promise.all(found.map(readConfig));
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
  throw new CliError(
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
