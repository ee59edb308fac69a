// The sources of a project and what they import, found by their text: enough to tell who uses what.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { parse } from 'jsonc-parser';
import { globSync } from 'tinyglobby';

/** An import as it is written, and the file or folder that it leads to. */
export interface Import {
  readonly specifier: string;
  /** The absolute path as far as the specifier says it: an extension may be left out. Undefined for a package. */
  readonly path: string | undefined;
  /** What stands between `import` and `from`. */
  readonly names: string;
}

/** A source file of a project. */
export interface Source {
  /** Its path from the project's folder, with slashes. */
  readonly file: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

/** Leads a specifier that is no path to one, as tsconfig.json and package.json say. */
type Alias = (specifier: string) => string | undefined;

const IMPORT =
  /\b(?:(?:import|export)\b([^'"`;()]*?)\bfrom|import|require|glob|URL)\s*\(?\s*\[?\s*(['"`])([^'"`\n]+)\2/g;

/** A pattern with one star, such as `@/*`, and where it leads. */
function aliasOf(pattern: string, target: string, base: string): Alias {
  const [start = '', end] = pattern.split('*');
  return (specifier) => {
    if (end === undefined) return specifier === pattern ? resolve(base, target) : undefined;
    if (!specifier.startsWith(start) || !specifier.endsWith(end)) return undefined;
    const middle = specifier.slice(start.length, specifier.length - end.length);
    return resolve(base, target.replace('*', middle));
  };
}

/** The aliases of a tsconfig.json, and of those that it extends by a path. */
function aliasesOf(file: string, seen = new Set<string>()): Alias[] {
  if (seen.has(file) || !existsSync(file)) return [];
  seen.add(file);
  const config = (parse(readFileSync(file, 'utf8')) ?? {}) as {
    extends?: string | string[];
    compilerOptions?: { baseUrl?: string; paths?: Record<string, string[]> };
  };
  const { baseUrl, paths = {} } = config.compilerOptions ?? {};
  const base = resolve(dirname(file), baseUrl ?? '.');
  const own = Object.entries(paths).flatMap(([pattern, targets]) =>
    targets.map((target) => aliasOf(pattern, target, base)),
  );
  const bare: Alias = (specifier) => {
    const path = resolve(base, specifier);
    return ['', '.ts', '.tsx', '.js', '/index.ts'].some((end) => existsSync(path + end))
      ? path
      : undefined;
  };
  const parents = [config.extends ?? []].flat().filter((parent) => parent.startsWith('.'));
  return [
    ...own,
    ...(baseUrl === undefined ? [] : [bare]),
    ...parents.flatMap((parent) => {
      const path = resolve(dirname(file), parent);
      return aliasesOf(path.endsWith('.json') ? path : `${path}.json`, seen);
    }),
  ];
}

/** The aliases of package.json's `imports`, which all start with `#`. */
function importsOf(cwd: string): Alias[] {
  const { imports = {} } = readManifest(cwd);
  return Object.entries(imports).flatMap(([pattern, target]) =>
    typeof target === 'string' ? [aliasOf(pattern, target, cwd)] : [],
  );
}

/** What is asked of a package.json here. */
export interface Manifest {
  readonly scripts?: Readonly<Record<string, string>>;
  readonly imports?: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/**
 * Reads a project's package.json.
 *
 * @param cwd the project's folder
 * @returns nothing in it if there is none
 */
export function readManifest(cwd: string): Manifest {
  const file = join(cwd, 'package.json');
  return existsSync(file) ? ((parse(readFileSync(file, 'utf8')) ?? {}) as Manifest) : {};
}

/**
 * Reads all sources of a project.
 *
 * @param cwd the project's folder
 * @param ignored folders that hold none
 */
export function readSources(cwd: string, ignored: readonly string[] = []): Source[] {
  const aliases = [
    ...globSync(['tsconfig*.json', 'jsconfig.json'], { cwd }).flatMap((name) =>
      aliasesOf(join(cwd, name)),
    ),
    ...importsOf(cwd),
  ];
  const pathOf = (file: string, specifier: string): string | undefined => {
    const bare = specifier.replace(/\?.*$/, '');
    if (bare.startsWith('.')) return resolve(cwd, dirname(file), bare);
    for (const alias of aliases) {
      const path = alias(bare);
      if (path !== undefined) return path;
    }
    return undefined;
  };
  const files = globSync('**/*.{ts,tsx,mts,cts,js,jsx,mjs,cjs}', {
    cwd,
    ignore: [
      '**/node_modules/**',
      '**/dist/**',
      '**/.*/**',
      ...ignored.map((folder) => `${relative(cwd, resolve(cwd, folder)).replaceAll('\\', '/')}/**`),
    ],
  });
  return files.sort().map((file) => {
    const text = readFileSync(join(cwd, file), 'utf8');
    const imports = Array.from(text.matchAll(IMPORT), ([, names = '', , specifier = '']) => ({
      specifier,
      path: pathOf(file, specifier),
      names,
    }));
    return { file, text, imports };
  });
}

/**
 * Whether a path leads into a folder, or is the folder.
 *
 * @param folder the folder
 * @param path an absolute path
 */
export function isInside(folder: string, path: string): boolean {
  const way = relative(resolve(folder), path);
  return way !== '..' && !way.startsWith('../') && !way.startsWith('..\\');
}

/**
 * Whether an import's path leads to a file, with its extension or without.
 *
 * @param file the file
 * @param path an absolute path
 */
export function isFile(file: string, path: string): boolean {
  const bare = (name: string): string => name.replace(/\.[cm]?[jt]sx?$/, '');
  return bare(resolve(file)) === bare(path) || bare(resolve(file)) === join(path, 'index');
}
