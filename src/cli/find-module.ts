// Which module belongs to which folder: a module says in its first lines where it was made from.
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { globSync } from 'tinyglobby';
import { type FolderPlace, findFolders, hasConfig } from './config.ts';
import { CliError } from './output.ts';

/** Where a module is looked for once there is no config of drizzle-kit any more. */
const PLACES = ['migrations.ts', 'src/migrations.ts', 'migrations.js', 'src/migrations.js'];

/** Who wrote a module, and from which folder. */
export interface Origin {
  /** `hand`: neither command says that it did. */
  readonly by: 'convert' | 'eject' | 'hand';
  /** The folder's absolute path; undefined where the module does not say it. */
  readonly folder: string | undefined;
}

const CONVERTED = /^\/\/ Written by `drizzle-offramp convert` from (.+?)\. Keys never change/m;
const EJECTED = /^\/\/ (?:Ejected from (.+?)|Written) by `drizzle-offramp eject`/m;

/**
 * What a module says of its origin.
 *
 * @param file the module's path
 * @param source its text
 */
export function originOf(file: string, source: string): Origin {
  const converted = CONVERTED.exec(source);
  const found = converted ?? EJECTED.exec(source);
  if (found === null) return { by: 'hand', folder: undefined };
  const folder = found[1] === undefined ? undefined : resolve(dirname(file), found[1]);
  return { by: converted === null ? 'eject' : 'convert', folder };
}

/** A path from a module to a folder, with slashes and meant as one. */
function wayTo(file: string, folder: string): string {
  const path = relative(dirname(resolve(file)), resolve(folder)).replaceAll('\\', '/') || '.';
  return path.startsWith('.') ? path : `./${path}`;
}

/**
 * The first line of a module that `convert` writes.
 *
 * @param file the module's path
 * @param folder the folder that it is made from
 */
export const headerOfConverted = (file: string, folder: string): string =>
  `// Written by \`drizzle-offramp convert\` from ${wayTo(file, folder)}. Keys never change; convert again after ` +
  '`drizzle-kit generate`.\n';

/**
 * The start of the first line of a module that `eject` writes.
 *
 * @param file the module's path
 * @param folder the folder that it was made from; undefined if nobody knows
 */
export const headerOfEjected = (file: string, folder: string | undefined): string =>
  folder === undefined
    ? '// Written by `drizzle-offramp eject`'
    : `// Ejected from ${wayTo(file, folder)} by \`drizzle-offramp eject\``;

/** What a module that stands on disk says of its origin. */
const originOnDisk = (file: string): Origin | undefined =>
  existsSync(file) ? originOf(file, readFileSync(file, 'utf8')) : undefined;

/** A path without the extension that an import may leave out. */
const bareOf = (path: string): string => path.replace(/\.[cm]?[jt]sx?$/, '');

const ENDS = ['.ts', '.tsx', '.mts', '.cts', '.js', '.jsx', '.mjs', '.cjs'];

/**
 * What imports lead to now that would lead to a new module instead: a folder with an index, or a file with another
 * extension.
 *
 * @param file the module's path
 * @returns its path; undefined if there is none, or the module is there already
 */
export function shadowedBy(file: string): string | undefined {
  if (existsSync(file)) return undefined;
  const bare = bareOf(file);
  return [...ENDS.map((end) => bare + end), ...ENDS.map((end) => join(bare, `index${end}`))].find(
    (path) => existsSync(path),
  );
}

/**
 * Refuses to write a module that imports of something else would lead to.
 *
 * @param file the module's path
 * @throws {CliError} as {@link shadowedBy} finds it
 */
export function checkShadow(file: string): void {
  const inTheWay = shadowedBy(file);
  if (inTheWay === undefined) return;
  throw new CliError(
    `${file}: imports of ${inTheWay} would lead to this module instead. Name another place with --out.`,
  );
}

/**
 * The module of a folder, unless an option says otherwise: one beside the folder that says it was made from it, else
 * `migrations.ts`; named by the folder where that is another folder's, or imports of something else would lead to it.
 *
 * @param folder the folder's path
 * @param others the other folders that the command is about
 * @returns its path; the file need not be there
 */
export function defaultModule(folder: string, others: readonly string[] = []): string {
  const parent = dirname(folder);
  const common = join(parent, 'migrations.ts');
  const own = join(parent, `${basename(folder)}-migrations.ts`);
  const isOwn = (file: string): boolean => originOnDisk(file)?.folder === resolve(folder);
  if (isOwn(common)) return common;
  const isAlone = others.every(
    (other) => resolve(other) === resolve(folder) || dirname(other) !== parent,
  );
  const isTaken = originOnDisk(common)?.folder !== undefined || shadowedBy(common) !== undefined;
  return !isAlone || isTaken || existsSync(own) ? own : common;
}

/**
 * {@link defaultModule} for each of several folders.
 *
 * @param places the folders
 */
export const modulesOf = (places: readonly FolderPlace[]): string[] => {
  const folders = places.map(({ folder }) => folder);
  return folders.map((folder) => defaultModule(folder, folders));
};

/** The modules that stand where people put them; where none does, those that say that a command wrote them. */
function standingModules(): string[] {
  const found = PLACES.filter((file) => existsSync(file));
  return found.length > 0 ? found : writtenModules();
}

/**
 * The modules of this project that say in their first lines that `convert` or `eject` wrote them.
 *
 * @param by who must have written them; either if undefined
 * @returns their paths from the current directory, sorted
 */
export const writtenModules = (by?: Origin['by']): string[] =>
  globSync('**/*.{ts,mts,js,mjs}', { ignore: ['**/node_modules/**', '**/dist/**', '**/.*/**'] })
    .filter((file) => {
      const origin = originOf(file, readFileSync(file, 'utf8')).by;
      return by === undefined ? origin !== 'hand' : origin === by;
    })
    .sort();

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
  const named = configs.length > 0 || hasConfig();
  const places = named ? await findFolders(undefined, configs) : [];
  const ofFolders = modulesOf(places);
  const candidates = configs.length > 0 ? ofFolders : [...ofFolders, ...PLACES];
  const known = [...new Set(candidates)].filter((file) => existsSync(file));
  const found = known.length > 0 || configs.length > 0 ? known : standingModules();
  const [first, ...others] = found;
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

/**
 * The modules of a project without a folder: all that were ejected, or else the one that stands where people put it.
 *
 * @returns none if there is none, or it is not clear which is meant
 */
export function modulesAlone(): string[] {
  const ejected = writtenModules('eject');
  if (ejected.length > 0) return ejected;
  const found = standingModules();
  return found.length === 1 ? found : [];
}
