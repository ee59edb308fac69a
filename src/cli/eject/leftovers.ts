// What a project can do without once its migrations are ejected. Only looks; removes nothing.
import { existsSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { globSync } from 'tinyglobby';
import { CONFIG_NAMES } from '../config.ts';

/** Something that was there for Drizzle. */
export interface Leftover {
  readonly what: string;
  /** What it is: a folder, a file, or a package. */
  readonly kind: 'folder' | 'config' | 'package';
  /** Files that still need it; it can be removed if there is none. */
  readonly usedBy: readonly string[];
}

/** What was found in a project. */
export interface Leftovers {
  readonly leftovers: readonly Leftover[];
  /** Sources that ask `migrate` to keep Drizzle's ledger in sync, which it refuses without tags. */
  readonly mirroring: readonly string[];
}

interface Source {
  readonly file: string;
  readonly text: string;
  /** What it imports, as written. */
  readonly specifiers: readonly string[];
}

const SPECIFIER = /\b(?:from|import|require)\s*\(?\s*(['"])([^'"\n]+)\1/g;

function readSources(cwd: string, folders: readonly string[]): Source[] {
  const files = globSync('**/*.{ts,tsx,mts,cts,js,jsx,mjs,cjs}', {
    cwd,
    ignore: [
      '**/node_modules/**',
      '**/dist/**',
      '**/.*/**',
      ...folders.map((folder) => `${relative(cwd, resolve(cwd, folder)).replaceAll('\\', '/')}/**`),
    ],
  });
  return files.sort().map((file) => {
    const text = readFileSync(join(cwd, file), 'utf8');
    return {
      file,
      text,
      specifiers: Array.from(text.matchAll(SPECIFIER), (found) => found[2] ?? ''),
    };
  });
}

/** The packages that a project asks for. */
function packagesOf(cwd: string): Set<string> {
  const file = join(cwd, 'package.json');
  if (!existsSync(file)) return new Set();
  const { dependencies, devDependencies } = JSON.parse(readFileSync(file, 'utf8')) as Record<
    string,
    object | undefined
  >;
  return new Set(Object.keys({ ...dependencies, ...devDependencies }));
}

const isOf = (name: string, specifier: string): boolean =>
  specifier === name || specifier.startsWith(`${name}/`);

/** Whether a module's relative import leads into a folder. */
function leadsInto(cwd: string, folder: string, file: string, specifier: string): boolean {
  if (!specifier.startsWith('.')) return false;
  const path = relative(resolve(cwd, folder), resolve(cwd, file, '..', specifier));
  return !path.startsWith('..');
}

/**
 * Looks for what was there for Drizzle and who still needs it.
 *
 * @param cwd the project's folder
 * @param folders drizzle-kit's folders
 * @param configs its configs, as far as they are known; those of the usual names are looked for
 */
export function findLeftovers(
  cwd: string,
  folders: readonly string[],
  configs: readonly string[],
): Leftovers {
  const sources = readSources(cwd, folders);
  const present = new Set(
    [...configs, ...CONFIG_NAMES].filter((name) => existsSync(join(cwd, name))),
  );
  const isConfig = ({ file }: Source): boolean => present.has(file);
  const users = (uses: (source: Source, specifier: string) => boolean): string[] =>
    sources
      .filter((source) => !isConfig(source))
      .filter((source) => source.specifiers.some((specifier) => uses(source, specifier)))
      .map(({ file }) => file);
  const packages = packagesOf(cwd);
  const leftovers: Leftover[] = [
    ...folders
      .filter((folder) => existsSync(join(cwd, folder)))
      .map(
        (folder): Leftover => ({
          what: folder,
          kind: 'folder',
          usedBy: users(({ file }, specifier) => leadsInto(cwd, folder, file, specifier)),
        }),
      ),
    ...[...present].map((what): Leftover => ({ what, kind: 'config', usedBy: [] })),
    ...['drizzle-kit', 'drizzle-orm']
      .filter((name) => packages.has(name))
      .map(
        (what): Leftover => ({
          what,
          kind: 'package',
          usedBy: users((_, specifier) => isOf(what, specifier)),
        }),
      ),
  ];
  const mirroring = sources
    .filter(({ text }) => /\bdrizzle:\s*['"]mirror['"]/.test(text))
    .map(({ file }) => file);
  return { leftovers, mirroring };
}
