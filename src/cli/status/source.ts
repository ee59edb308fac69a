import { existsSync } from 'node:fs';
import { keyOf } from '../../base/key.ts';
import type { MigrationInput } from '../../input/migration.ts';
import { readMigrations } from '../../input/migrations.ts';
import { CONFIG_NAMES, findFolders, openFolder } from '../config.ts';
import { defaultModule, findModule } from '../find-module.ts';
import { type MigrationFolder, readFolder } from '../folder.ts';
import { loadDefault } from '../load.ts';
import { CliError } from '../output.ts';

/** The migrations that objects are compared with, and where they came from. */
export interface Source {
  readonly kind: 'module' | 'folder';
  /** The file or the folder. */
  readonly path: string;
  /** drizzle-kit's folder; undefined if there is none any more. */
  readonly folder: string | undefined;
  readonly input: MigrationInput;
}

/**
 * A folder as the bundle that drizzle-kit's `migrations.js` exports, which is what the Worker passes.
 *
 * @param folder the folder as it was read
 */
export function toBundle({ form, migrations }: MigrationFolder): MigrationInput {
  if (form === '1.x') {
    return { migrations: Object.fromEntries(migrations.map(({ tag, sql }) => [tag, sql])) };
  }
  return {
    journal: {
      entries: migrations.map(({ idx, when, journalTag }) => ({
        idx: idx as number,
        when: when as number,
        tag: journalTag,
      })),
    },
    migrations: Object.fromEntries(migrations.map(({ idx, sql }) => [keyOf(idx as number), sql])),
  };
}

/** What the command was told about the migrations. */
export interface SourceOptions {
  readonly folder?: string;
  readonly config?: readonly string[];
  readonly module?: string | false;
}

function checked(path: string, input: unknown): MigrationInput {
  try {
    readMigrations(input);
    return input as MigrationInput;
  } catch (cause) {
    throw new CliError(`${path}: ${(cause as Error).message}`, { cause });
  }
}

async function fromModule(path: string, folder: string | undefined): Promise<Source> {
  return { kind: 'module', path, folder, input: checked(path, await loadDefault(path)) };
}

/**
 * Finds the migrations that the Worker would be deployed with: the module that was named, the one that `convert` writes
 * where it stands, or else the folder.
 *
 * @param options what the command was told
 * @throws {CliError} if they cannot be read, or there is more than one folder
 */
export async function findSource({ folder, config, module }: SourceOptions): Promise<Source> {
  // Who has ejected has a module and nothing else.
  const alone = folder === undefined && config === undefined;
  if (alone && (typeof module === 'string' || !CONFIG_NAMES.some((name) => existsSync(name)))) {
    return fromModule(await findModule(module === false ? undefined : module), undefined);
  }
  const places = await findFolders(folder, config);
  const [place] = places;
  if (place === undefined || places.length > 1) {
    throw new CliError(
      'Objects are compared with one history: name one config, and its classes with --class.',
    );
  }
  const file = module ?? defaultModule(place.folder);
  if (file !== false && (module !== undefined || existsSync(file))) {
    return fromModule(file, existsSync(place.folder) ? place.folder : undefined);
  }
  const found = openFolder(place);
  const [problem] = found.problems.filter(({ code }) => code !== 'EXTRA_FILE');
  if (problem !== undefined) {
    throw new CliError(`${problem.file}:${problem.line}: ${problem.message}`);
  }
  return {
    kind: 'folder',
    path: place.folder,
    folder: place.folder,
    input: checked(place.folder, toBundle(readFolder(place.folder))),
  };
}
