import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CONFIG_NAMES, findFolders } from './config.ts';
import { CliError } from './output.ts';

/** Where a module is looked for once there is no config of drizzle-kit any more. */
const PLACES = ['migrations.ts', 'src/migrations.ts', 'migrations.js', 'src/migrations.js'];

/**
 * Where the module of a folder stands unless an option says otherwise.
 *
 * @param folder the folder's path
 */
export const defaultModule = (folder: string): string => join(dirname(folder), 'migrations.ts');

/**
 * Finds the module of migrations that a command is about: the one that was passed, that of the configs' folder, or one
 * that stands where people put it.
 *
 * @param module a module passed as an argument or option
 * @param configs what `--config` named
 * @throws {CliError} if there is none, or several
 */
export async function findModule(
  module: string | undefined,
  configs: readonly string[] = [],
): Promise<string> {
  if (module !== undefined) {
    if (existsSync(module)) return module;
    throw new CliError(
      `${module}: there is no such module. \`drizzle-offramp convert\` writes one.`,
    );
  }
  const named = configs.length > 0 || CONFIG_NAMES.some((name) => existsSync(name));
  const places = named ? await findFolders(undefined, configs) : [];
  const candidates = [...places.map(({ folder }) => defaultModule(folder)), ...PLACES];
  const found = [...new Set(candidates)].filter((file) => existsSync(file));
  const [first, ...others] = configs.length > 0 ? found.slice(0, places.length) : found;
  if (first === undefined) {
    throw new CliError(
      `There is no module of migrations at ${[...new Set(candidates)].join(', ')}: name it, or write one with ` +
        '`drizzle-offramp convert`.',
    );
  }
  if (others.length > 0) {
    throw new CliError(
      `There are several modules of migrations: ${found.join(', ')}. Name one of them.`,
    );
  }
  return first;
}
