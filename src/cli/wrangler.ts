// What wrangler's config says: of D1, whose migrations a folder holds where drizzle-kit's config does not say it; and of a Worker,
// what it is called and which classes its bindings have.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parse } from 'jsonc-parser';
import { globSync } from 'tinyglobby';
import { CliError } from './output.ts';

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

/** A binding of a class of Durable Objects. */
export interface ClassBinding {
  /** Its name in `env`. */
  readonly name: string;
  readonly className: string;
  /** The Worker that has the class, if it is another one. */
  readonly script: string | undefined;
}

/** What a config of wrangler says of its Worker. */
export interface Worker {
  /** The config's path. */
  readonly config: string;
  readonly name: string | undefined;
  readonly accountId: string | undefined;
  readonly bindings: readonly ClassBinding[];
}

/** The names that wrangler looks for, of which it takes the first. */
const CONFIGS = ['wrangler.json', 'wrangler.jsonc', 'wrangler.toml'];

/** What is asked of a config, or of one of its environments, here. */
interface WorkerConfig {
  readonly name?: unknown;
  readonly account_id?: unknown;
  readonly durable_objects?: { readonly bindings?: unknown };
  readonly env?: Readonly<Record<string, WorkerConfig | undefined>>;
}

/** A part of a config as it is put together. */
interface WorkerPart {
  name?: string | undefined;
  account_id?: string | undefined;
  readonly durable_objects: { readonly bindings: object[] };
}

/** Of TOML as much as a Worker needs: tables of their own, or bindings that are written in one line each. */
function workerFromToml(text: string): WorkerConfig {
  const textOf = (source: string, name: string): string | undefined =>
    new RegExp(`(?:^|[{,\\s])${name}\\s*=\\s*(["'])(.*?)\\1`, 'm').exec(source)?.[2];
  const bindingOf = (source: string): object => ({
    name: textOf(source, 'name'),
    class_name: textOf(source, 'class_name'),
    script_name: textOf(source, 'script_name'),
  });
  const newPart = (): WorkerPart => ({ durable_objects: { bindings: [] } });
  const all = newPart();
  const env: Record<string, WorkerPart> = {};
  const partOf = (name: string | undefined): WorkerPart => {
    if (name === undefined) return all;
    const part = env[name] ?? newPart();
    env[name] = part;
    return part;
  };
  for (const table of text.replaceAll(/^\s*#.*$/gm, '').split(/^(?=\s*\[)/m)) {
    const path = /^\s*\[{1,2}([^\]]*)\]/.exec(table)?.[1]?.trim() ?? '';
    const [, name, below] = /^env\.([^.]+)\.?(.*)$/.exec(path) ?? [];
    const part = partOf(name);
    const { bindings } = part.durable_objects;
    const rest = below ?? path;
    if (rest === 'durable_objects.bindings') bindings.push(bindingOf(table));
    else bindings.push(...(table.match(/\{[^{}]*\bclass_name\b[^{}]*\}/g) ?? []).map(bindingOf));
    if (rest === '') {
      const own = table.replaceAll(/\{[^{}]*\}/g, '');
      part.name ??= textOf(own, 'name');
      part.account_id ??= textOf(own, 'account_id');
    }
  }
  return { ...all, env };
}

const textOrNone = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

function toBinding(value: unknown): ClassBinding[] {
  const binding = (value ?? {}) as Record<string, unknown>;
  const [name, className] = [textOrNone(binding.name), textOrNone(binding.class_name)];
  if (name === undefined || className === undefined) return [];
  return [{ name, className, script: textOrNone(binding.script_name) }];
}

/**
 * Reads what wrangler's config says of its Worker.
 *
 * @param file the config; without it, the one that wrangler takes in the current folder
 * @param environment an environment of it
 * @returns undefined if none was named and there is none here
 * @throws {CliError} if the named one is not there, or has no such environment
 */
export function readWorker(
  file: string | undefined,
  environment: string | undefined,
): Worker | undefined {
  const config = file ?? CONFIGS.find((name) => existsSync(name));
  if (config === undefined) {
    if (environment === undefined) return undefined;
    throw new CliError(`--env ${environment}: there is none of ${CONFIGS.join(', ')} here.`);
  }
  if (!existsSync(config)) throw new CliError(`${config}: there is no such file.`);
  const text = readFileSync(config, 'utf8');
  const all = config.endsWith('.toml')
    ? workerFromToml(text)
    : ((parse(text) ?? {}) as WorkerConfig);
  const chosen = environment === undefined ? all : all.env?.[environment];
  if (chosen === undefined) {
    throw new CliError(
      `--env ${environment}: ${config} has no such environment. It has ${Object.keys(all.env ?? {}).join(', ') || 'none'}.`,
    );
  }
  const name = textOrNone(all.name);
  const bindings = chosen.durable_objects?.bindings;
  return {
    config,
    // wrangler calls the Worker of an environment so, unless that has a name of its own.
    name:
      environment === undefined
        ? name
        : (textOrNone(chosen.name) ?? (name === undefined ? undefined : `${name}-${environment}`)),
    accountId: textOrNone(chosen.account_id) ?? textOrNone(all.account_id),
    bindings: Array.isArray(bindings) ? bindings.flatMap(toBinding) : [],
  };
}
