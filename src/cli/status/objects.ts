// Where Miniflare, and so wrangler, keeps the local objects: do/<script>-<Class>/<id>.sqlite below its state, and beside
// them a metadata.sqlite with the alarms of the class.
import { statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { glob } from 'tinyglobby';
import { CliError } from '../output.ts';
import { openObject } from './open.ts';

/** Where wrangler keeps its local state, from the folder it runs in. */
export const DEFAULT_STATE = '.wrangler/state';

/** The file of a local object. */
export interface ObjectFile {
  readonly file: string;
  /** The class's name. */
  readonly className: string;
  /** The object's id: 64 hexadecimal digits. */
  readonly id: string;
  /** The size of the database with what is not yet written back into it, in bytes. */
  readonly bytes: number;
}

const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

/** The name of a class is no script's: it has no hyphen. */
const classOf = (folder: string): string => basename(folder).split('-').at(-1) as string;

/**
 * Finds the files of local objects.
 *
 * @param path a folder at any height above the files, or a file
 * @param classes the names of classes to look at; all if there are none
 * @returns the files by class and id; none where wrangler keeps its state and has no object yet
 * @throws {CliError} if there is nothing at the path, or no object of a class
 */
export async function findObjects(
  path: string,
  classes: readonly string[] = [],
): Promise<ObjectFile[]> {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) {
    throw new CliError(
      `${path} does not exist. Run \`wrangler dev\` first, or name the folder that it persists to.`,
    );
  }
  const files = found.isFile()
    ? [path]
    : (await glob('**/*.sqlite', { cwd: path, dot: true, expandDirectories: false })).map((name) =>
        join(path, name),
      );
  const objects = files
    .filter((file) => /^[0-9a-f]{64}\.sqlite$/.test(basename(file)))
    .filter((file) => basename(dirname(dirname(resolve(file)))) === 'do' || found.isFile())
    .map((file) => ({
      file,
      className: classOf(dirname(resolve(file))),
      id: basename(file, '.sqlite'),
      bytes: sizeOf(file) + sizeOf(`${file}-wal`),
    }))
    .toSorted((a, b) => (a.className + a.id < b.className + b.id ? -1 : 1));
  if (objects.length === 0 && path !== DEFAULT_STATE) {
    throw new CliError(
      `There is no object in ${path}: name the folder that wrangler persists to, one below it, or an object's .sqlite file.`,
    );
  }
  const there = new Set(objects.map(({ className }) => className));
  const unknown = classes.filter((name) => !there.has(name));
  if (unknown.length > 0) {
    throw new CliError(
      `There is no object of ${unknown.join(', ')} below ${path}: ` +
        (there.size > 0 ? `there are some of ${[...there].join(', ')}.` : 'there is none at all.'),
    );
  }
  return objects.filter(({ className }) => classes.length === 0 || classes.includes(className));
}

/**
 * The names of objects, by id. An id does not tell its name; the runtime writes it beside the files only with an alarm.
 *
 * @param files the objects' files
 */
export function findNames(files: readonly ObjectFile[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const folder of new Set(files.map(({ file }) => dirname(file)))) {
    try {
      const metadata = openObject(join(folder, 'metadata.sqlite'));
      try {
        for (const row of metadata.sql.exec('SELECT actor_id, actor_name FROM _cf_ALARM')) {
          if (typeof row.actor_name === 'string') names.set(String(row.actor_id), row.actor_name);
        }
      } finally {
        metadata.close();
      }
    } catch {
      // Older runtimes keep no such file, or no names in it.
    }
  }
  return names;
}
