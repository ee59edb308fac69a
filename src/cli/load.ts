// Loads a user's own modules (drizzle.config.ts, a module of migrations) in Node, as their bundler would.
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { createJiti } from 'jiti';
import * as adopt from '../adopt.ts';
import * as runtime from '../index.ts';
import { CliError } from './output.ts';
import { toCommonJs } from './plain-module.ts';

/** What drizzle-kit exports to a config: it gives back what it is given, and need not be installed for that. */
const DRIZZLE_KIT = { defineConfig: <T>(config: T): T => config };

/**
 * Stands for a package that takes half a minute to load, and gives a config nothing that is asked of it here: whatever
 * is read, called or made of it is this again, and as a text it is empty.
 */
// biome-ignore lint/complexity/useArrowFunction: an arrow function cannot be called with `new`.
const NOTHING: object = new Proxy(function () {}, {
  get: (_, name) => {
    if (name === 'then') return undefined;
    return name === Symbol.toPrimitive ? () => '' : NOTHING;
  },
  apply: () => NOTHING,
  construct: () => NOTHING,
});

const EXTENSIONS = ['.js', '.mjs', '.cjs', '.ts', '.mts', '.cts', '.json', '.sql'];

/** Without a cache: `--watch` loads a module again and again, and nothing is left on the user's disk. */
const UNCACHED = { fsCache: false, moduleCache: false };
const { cache } = createRequire(import.meta.url);
const plain = createJiti(import.meta.url, UNCACHED);
const jiti = createJiti(import.meta.url, {
  ...UNCACHED,
  extensions: EXTENSIONS,
  // An import gives what the file exports, be it an empty text.
  interopDefault: false,
  virtualModules: {
    'drizzle-offramp': runtime,
    'drizzle-offramp/adopt': adopt,
    'drizzle-kit': DRIZZLE_KIT,
    wrangler: NOTHING as Record<string, unknown>,
    miniflare: NOTHING as Record<string, unknown>,
  },
  transform: (options) => ({
    code: options.filename?.endsWith('.sql')
      ? // A bundler's Text module: the file's text, without a byte order mark.
        `exports.__esModule = true; exports.default = ${JSON.stringify(options.source.replace(/^\ufeff/, ''))};`
      : (toCommonJs(options.source) ?? plain.transform(options)),
  }),
});

/**
 * Loads a module and returns its default export. It may import `drizzle-offramp` and `drizzle-kit`, whether these are
 * installed or not, and `.sql` files as text. Of `wrangler` and `miniflare` it gets nothing.
 *
 * @param file the module: TypeScript, JavaScript or JSON
 * @throws {CliError} if it cannot be loaded; the message names the file, and the line where it is known
 */
export const loadDefault = (file: string): Promise<unknown> =>
  withPlace(file, () => jiti.import(resolve(file), { default: true }));

/**
 * Loads a module and returns all that it exports, by name, as {@link loadDefault} does.
 *
 * @param file the module
 * @throws {CliError} as {@link loadDefault}
 */
export const loadExports = (file: string): Promise<Record<string, unknown>> =>
  withPlace(file, () => jiti.import<Record<string, unknown>>(resolve(file)));

async function withPlace<T>(file: string, load: () => Promise<T>): Promise<T> {
  // jiti leaves JSON to Node, which would give a config as it was before `--watch` saw it change.
  for (const name of Object.keys(cache)) if (name.endsWith('.json')) delete cache[name];
  try {
    return await load();
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause);
    const [first = '', ...rest] = said.split('\n');
    // Babel names the place in a second line: path:line:column.
    const line = rest.map((text) => /:(\d+):\d+\s*$/.exec(text)?.[1]).find(Boolean);
    throw new CliError(`${file}${line === undefined ? '' : `:${line}`}: ${first.trim()}`, {
      cause,
    });
  }
}
