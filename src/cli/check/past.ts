import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import type { Migration } from '../../input/migration.ts';
import { readMigrations } from '../../input/migrations.ts';
import type { Bundle } from '../bundle.ts';
import { defaultModule, originOf } from '../find-module.ts';
import { readFolder } from '../folder.ts';
import { loadDefault } from '../load.ts';
import { CliError } from '../output.ts';
import { checkBaseline } from './baseline.ts';
import type { Finding } from './finding.ts';
import type { Past } from './history.ts';
import { checkAlone, ofFolder, ofModule, type Subject } from './subject.ts';

const WHERE_EJECTED =
  'It was ejected, and objects run what it says: write what is missing with `drizzle-offramp new`, or remove it from ' +
  'the folder.';

/** Migrations as a past: of those whose SQL a baseline has replaced, the checksum of it. */
const asPast = (migrations: readonly Migration[]): Past['migrations'] =>
  migrations.map(({ key, tag, when, sql, up, revision, checksum }) => ({
    name: key,
    tag,
    when,
    sql: sql ?? '',
    up,
    revision,
    ...(sql === null && up === undefined && { replaced: checksum }),
  }));

/**
 * What the code imports from a folder, as a past to compare the folder with.
 *
 * @param bundle the bundle
 */
export const pastOfBundle = ({ file, list }: Bundle): Past => ({
  source: file,
  isModule: true,
  whereStale:
    'Write that file anew from the folder, as it was written before: objects run what it says.',
  migrations: asPast(list?.migrations ?? []),
});

/**
 * What is found where the runtime refuses a bundle.
 *
 * @param bundle the bundle
 */
export const findingsOfBundle = ({ file, refusal }: Bundle): Finding[] =>
  refusal === undefined
    ? []
    : [
        {
          code: refusal.code,
          severity: 'error',
          file,
          line: 1,
          message: refusal.message.replace(/^\[\w+\] /, ''),
          effect: 'drizzle-offramp refuses the whole bundle, so that no object wakes.',
          fix: null,
        },
      ];

/**
 * Reads a converted module.
 *
 * @param file the module
 * @throws {CliError} if it cannot be loaded, or its default export is no list of migrations
 */
export async function readModule(file: string): Promise<Past> {
  const input = await loadDefault(file);
  try {
    const { migrations } = readMigrations(input);
    const entries = Object.entries(input as object);
    const converted = new Set(
      entries.filter(([, entry]) => entry?.checksum !== undefined).map(([key]) => key),
    );
    const isEjected = originOf(file, readFileSync(file, 'utf8')).by === 'eject';
    return {
      source: file,
      isModule: true,
      isEjected,
      ...(isEjected && { whereStale: WHERE_EJECTED }),
      findings: checkBaseline(file, migrations),
      // The folder has none that was written by hand: beside converted ones that is an entry without a checksum.
      migrations: asPast(
        migrations.filter(({ key, up }) => up || converted.size === 0 || converted.has(key)),
      ),
    };
  } catch (cause) {
    throw new CliError(`${file}: ${(cause as Error).message}`, { cause });
  }
}

const NOT_OURS =
  'If it is no module of migrations, name another with --module, or pass --no-module.';

/**
 * Reads the module that was named, or the one that stands where `convert` writes it.
 *
 * @param folder the folder of migrations
 * @param named what `--module` said, or false for `--no-module`
 * @returns undefined if there is none, or none is wanted
 * @throws {CliError} as {@link readModule}
 */
export async function findModule(
  folder: string,
  named: string | false | undefined,
): Promise<Past | undefined> {
  const file = named ?? defaultModule(folder);
  if (file === false || (named === undefined && !existsSync(file))) return undefined;
  try {
    return await readModule(file);
  } catch (cause) {
    if (named !== undefined || !(cause instanceof CliError)) throw cause;
    throw new CliError(`${cause.message} ${NOT_OURS}`, { cause });
  }
}

function git(cwd: string, args: readonly string[], input = '', index?: string): string {
  const env = index === undefined ? process.env : { ...process.env, GIT_INDEX_FILE: index };
  return execFileSync('git', args, {
    cwd,
    env,
    input,
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
    stdio: 'pipe',
  });
}

/** A subject as it was, and how its paths are told from those of now. */
export interface Then {
  readonly past: Past;
  /** What `check` found in it, with the paths that these things have now. */
  readonly findings: readonly Finding[];
}

/**
 * Reads files as they were at a git ref. They come out as git would check them out, with the line ends that the
 * repository's attributes ask for; the work tree and the index are not touched.
 *
 * @param cwd a folder in the repository
 * @param ref a branch, a tag or a commit
 * @param patterns what to read, as git's path specifications, from `cwd`
 * @param use gets the folder in which `cwd` stands as it was; the folder is gone afterwards
 * @throws {CliError} if git does not know the ref, or the folder is in no repository
 */
export async function atRef<T>(
  cwd: string,
  ref: string,
  patterns: readonly string[],
  use: (folder: string) => Promise<T> | T,
): Promise<T> {
  const temporary = mkdtempSync(join(tmpdir(), 'drizzle-offramp-'));
  try {
    const index = join(temporary, 'index');
    const files = join(temporary, 'files');
    let prefix = '';
    try {
      prefix = git(cwd, ['rev-parse', '--show-prefix']).replace(/\n$/, '');
      const commit = git(cwd, [
        'rev-parse',
        '--verify',
        '--quiet',
        '--end-of-options',
        `${ref}^{commit}`,
      ]);
      git(cwd, ['read-tree', commit.trim()], '', index);
      const names = git(cwd, ['ls-files', '-z', '--full-name', '--', ...patterns], '', index);
      mkdirSync(join(files, prefix), { recursive: true });
      const top = git(cwd, ['rev-parse', '--show-toplevel']).replace(/\n$/, '');
      git(top, ['checkout-index', '-z', '--stdin', `--prefix=${files}/`], names, index);
    } catch (cause) {
      const said = String(
        (cause as { stderr?: unknown }).stderr ?? (cause as Error).message,
      ).trim();
      throw new CliError(
        `${cwd}: git cannot tell what it was at ${ref}${said === '' ? ': there is no such commit. In CI, fetch it first.' : `: ${said}`}`,
        { cause },
      );
    }
    return await use(join(files, prefix).replace(/[\\/]$/, ''));
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

const pastOf = ({ migrations }: Pick<Subject, 'migrations'>, source: string): Past => ({
  source,
  isModule: false,
  migrations: migrations.map(({ name, tag, when, sql }) => ({ name, tag, when, sql })),
});

/** Findings of a subject as it was, as if it stood where it stands now. */
const movedFrom = (findings: readonly Finding[], then: string, now: string): Finding[] =>
  findings.map((finding) => ({
    ...finding,
    file: finding.file.replace(then, now),
    message: finding.message.replaceAll(then, now),
  }));

/**
 * Reads a folder as it was at a git ref.
 *
 * @param folder the folder of migrations
 * @param ref a branch, a tag or a commit
 * @returns no migrations if the folder was not there yet
 * @throws {CliError} if git does not know the ref, or the folder is in no repository
 */
export const folderAtRef = (folder: string, ref: string): Promise<Then> =>
  atRef(resolve(folder), ref, ['.'], (path) => {
    const then = ofFolder(readFolder(path));
    const findings = then.migrations.length === 0 ? [] : checkAlone(then);
    return { past: pastOf(then, ref), findings: movedFrom(findings, then.path, folder) };
  });

/**
 * Reads a module, and the SQL files that it can import, as they were at a git ref.
 *
 * @param file the module
 * @param ref a branch, a tag or a commit
 * @returns no migrations if the module was not there yet
 * @throws {CliError} if git does not know the ref, or the module is in no repository
 */
export const moduleAtRef = (file: string, ref: string): Promise<Then> =>
  atRef(resolve(dirname(file)), ref, [basename(file), '*.sql'], async (path) => {
    const there = join(path, basename(file));
    if (!existsSync(there)) return { past: pastOf({ migrations: [] }, ref), findings: [] };
    const then = await ofModule(there);
    return { past: pastOf(then, ref), findings: movedFrom(checkAlone(then), path, dirname(file)) };
  });

/**
 * The files that were changed since a git ref, or are new and not yet in git, as absolute paths.
 *
 * @param ref a branch, a tag or a commit
 * @throws {Error} what git says
 */
export function changedSince(ref: string): Set<string> {
  const cwd = process.cwd();
  const top = git(cwd, ['rev-parse', '--show-toplevel']).replace(/\n$/, '');
  const changed = git(cwd, ['diff', '--name-only', '-z', '--end-of-options', ref]);
  const fresh = git(top, ['ls-files', '--others', '--exclude-standard', '-z', '--full-name']);
  const names = [...changed.split('\0'), ...fresh.split('\0')].filter((name) => name !== '');
  return new Set(names.map((name) => join(top, name)));
}
