// What wrangler's config says of D1: whose migrations a folder holds where drizzle-kit's config does not say it.
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parse } from 'jsonc-parser';
import { globSync } from 'tinyglobby';

/** wrangler's default for `migrations_dir`. */
const DEFAULT_DIR = 'migrations';

/** A D1 database in a config of wrangler. */
interface D1 {
  readonly migrations_dir?: unknown;
  readonly migrations_pattern?: unknown;
}

/** What is asked of a config of wrangler. */
interface WranglerConfig {
  readonly d1_databases?: unknown;
  readonly env?: Readonly<Record<string, WranglerConfig | null>>;
}

function fromJson(text: string): D1[] {
  const config = (parse(text) ?? {}) as WranglerConfig;
  return [config, ...Object.values(config.env ?? {})].flatMap((one) =>
    Array.isArray(one?.d1_databases) ? (one.d1_databases as D1[]) : [],
  );
}

/** Of TOML as much as a database needs: tables of their own, or written in one line each. */
function fromToml(text: string): D1[] {
  const lines = text.replaceAll(/^\s*#.*$/gm, '');
  const tables = lines.split(/^(?=\s*\[)/m).filter((one) => /^\s*\[\[.*\bd1_databases\b/.test(one));
  const inline = Array.from(
    lines.matchAll(/^\s*d1_databases\s*=\s*\[([\s\S]*?)\]/gm),
    ([, list = '']) => list.match(/\{[^}]*\}/g) ?? [],
  ).flat();
  const textOf = (source: string, name: string): string | undefined =>
    new RegExp(`\\b${name}\\s*=\\s*(["'])(.*?)\\1`).exec(source)?.[2];
  return [...tables, ...inline].map((source) => ({
    migrations_dir: textOf(source, 'migrations_dir'),
    migrations_pattern: textOf(source, 'migrations_pattern'),
  }));
}

/**
 * The folders of migrations that wrangler runs on D1.
 *
 * @param cwd the folder of wrangler's configs
 * @returns their absolute paths; none where no config there has a D1 database
 */
export function foldersOfD1(cwd: string): string[] {
  const files = globSync('wrangler*.{json,jsonc,toml}', { cwd, expandDirectories: false });
  return files.flatMap((name) => {
    const file = join(cwd, name);
    const text = readFileSync(file, 'utf8');
    const databases = name.endsWith('.toml') ? fromToml(text) : fromJson(text);
    return databases.map(({ migrations_dir: dir, migrations_pattern: pattern }) => {
      // A pattern such as drizzle/*/migration.sql names the folder before its first star.
      const fixed =
        typeof pattern === 'string' ? /^[^*]*(?=\/[^/]*\*)/.exec(pattern)?.[0] : undefined;
      return resolve(dirname(file), fixed ?? (typeof dir === 'string' ? dir : DEFAULT_DIR));
    });
  });
}
