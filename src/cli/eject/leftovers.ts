// What a project can do without once its migrations are ejected. Only looks; removes nothing.
import { existsSync, readFileSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { globSync } from 'tinyglobby';
import type { Config } from '../config.ts';
import { isFile, isInside, readManifest, readSources, type Source } from '../sources.ts';

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

/** A text outside the sources that may name a file or run a program. */
interface Mention {
  /** Who says it, such as `package.json (db:generate)`. */
  readonly by: string;
  readonly text: string;
}

/** The scripts of package.json, and what CI and wrangler are told. */
function readMentions(cwd: string): Mention[] {
  const { scripts = {} } = readManifest(cwd);
  const files = globSync(['.github/workflows/*.{yml,yaml}', 'wrangler*.{jsonc,json,toml}'], {
    cwd,
    dot: true,
  }).sort();
  return [
    ...Object.entries(scripts).map(([name, text]) => ({ by: `package.json (${name})`, text })),
    ...files.map((by) => ({ by, text: readFileSync(join(cwd, by), 'utf8') })),
  ];
}

/** Whether a text names a path, and not one that only starts or ends like it. */
function names(text: string, path: string): boolean {
  const escaped = path.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`(?<![\\w./-])(?:\\./)?${escaped}(?![\\w.-])`).test(text);
}

/** A command that takes drizzle-kit's default config. */
const DEFAULT_RUN =
  /\bdrizzle-kit\s+(?:generate|push|migrate|check|up|studio|pull|drop|export)\b(?![^&|;\n]*--config)/;

const isOf = (name: string, specifier: string): boolean =>
  specifier === name || specifier.startsWith(`${name}/`);

/**
 * Looks for what was there for Drizzle and who still needs it.
 *
 * @param cwd the project's folder
 * @param folder drizzle-kit's folder that the ejected module was made from; undefined if nobody knows
 * @param configs all of its configs that stand here
 */
export function findLeftovers(
  cwd: string,
  folder: string | undefined,
  configs: readonly Config[],
): Leftovers {
  const path = folder === undefined ? undefined : resolve(cwd, folder);
  const left = configs.filter(
    (config) => resolve(cwd, config.folder) === path && config.isDurable !== false,
  );
  const others = configs.filter((config) => !left.includes(config));
  const sources = readSources(
    cwd,
    configs.map((config) => config.folder).concat(folder ?? []),
  ).filter(({ file }) => !configs.some(({ config }) => config === file));
  const mentions = readMentions(cwd);
  const importers = (uses: (one: Source['imports'][number]) => boolean): string[] =>
    sources.filter(({ imports }) => imports.some(uses)).map(({ file }) => file);
  const naming = (says: (text: string) => boolean): string[] =>
    mentions.filter(({ text }) => says(text)).map(({ by }) => by);
  const configsThat = (uses: (config: Config) => boolean): string[] =>
    others.filter(uses).map(({ config }) => config);

  const leftovers: Leftover[] = [];
  if (path !== undefined && existsSync(path)) {
    const what = relative(cwd, path).replaceAll('\\', '/');
    leftovers.push({
      what,
      kind: 'folder',
      usedBy: [
        ...importers((one) =>
          one.path === undefined
            ? // An alias of the bundler's own may lead there.
              one.specifier.split('/').includes(basename(path))
            : isInside(path, one.path),
        ),
        ...configsThat((config) => resolve(cwd, config.folder) === path),
        ...naming((text) => names(text, what)),
      ],
    });
  }
  for (const { config } of left) {
    const isDefault = config.startsWith('drizzle.config.');
    leftovers.push({
      what: config,
      kind: 'config',
      usedBy: [
        ...importers((one) => one.path !== undefined && isFile(join(cwd, config), one.path)),
        ...naming((text) => names(text, config) || (isDefault && DEFAULT_RUN.test(text))),
      ],
    });
  }
  const { dependencies, devDependencies } = readManifest(cwd);
  for (const name of ['drizzle-kit', 'drizzle-orm']) {
    if (!Object.hasOwn({ ...dependencies, ...devDependencies }, name)) continue;
    leftovers.push({
      what: name,
      kind: 'package',
      usedBy: [
        ...importers(({ specifier }) => isOf(name, specifier)),
        ...(name === 'drizzle-kit' ? configsThat(() => true) : []),
        ...naming((text) => names(text, name)),
      ],
    });
  }
  const mirroring = sources
    .filter(({ text }) => /\bdrizzle:\s*['"]mirror['"]/.test(text))
    .map(({ file }) => file);
  return { leftovers, mirroring };
}
