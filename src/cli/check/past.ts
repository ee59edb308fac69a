import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { readMigrations } from '../../input/migrations.ts';
import { defaultModule } from '../find-module.ts';
import { readFolder } from '../folder.ts';
import { loadDefault } from '../load.ts';
import { CliError } from '../output.ts';
import type { Past } from './history.ts';

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
    return {
      source: file,
      isModule: true,
      migrations: migrations.map(({ key, tag, when, sql }) => ({ name: key, tag, when, sql })),
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

/**
 * Reads a folder as it was at a git ref. The files come out as git would check them out, with the line ends that the
 * repository's attributes ask for; the work tree and the index are not touched.
 *
 * @param folder the folder of migrations
 * @param ref a branch, a tag or a commit
 * @returns no migrations if the folder was not there yet
 * @throws {CliError} if git does not know the ref, or the folder is in no repository
 */
export function readBase(folder: string, ref: string): Past {
  const temporary = mkdtempSync(join(tmpdir(), 'drizzle-offramp-'));
  try {
    const cwd = resolve(folder);
    const index = join(temporary, 'index');
    const files = join(temporary, 'files');
    const prefix = git(cwd, ['rev-parse', '--show-prefix']).replace(/\n$/, '');
    const commit = git(cwd, [
      'rev-parse',
      '--verify',
      '--quiet',
      '--end-of-options',
      `${ref}^{commit}`,
    ]);
    git(cwd, ['read-tree', commit.trim()], '', index);
    const names = git(cwd, ['ls-files', '-z', '--full-name', '--', '.'], '', index);
    mkdirSync(join(files, prefix), { recursive: true });
    const top = git(cwd, ['rev-parse', '--show-toplevel']).replace(/\n$/, '');
    git(top, ['checkout-index', '-z', '--stdin', `--prefix=${files}/`], names, index);
    const { migrations } = readFolder(join(files, prefix));
    return {
      source: ref,
      isModule: false,
      migrations: migrations.map(({ journalTag, tag, when, sql }) => ({
        name: journalTag,
        tag,
        when,
        sql,
      })),
    };
  } catch (cause) {
    const said = String((cause as { stderr?: unknown }).stderr ?? (cause as Error).message).trim();
    throw new CliError(
      `${folder}: git cannot tell what it was at ${ref}${said === '' ? ': there is no such commit. In CI, fetch it first.' : `: ${said}`}`,
      { cause },
    );
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}
