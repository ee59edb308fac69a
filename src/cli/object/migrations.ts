// The local migrations that a deployed object is asked about.
import { statSync } from 'node:fs';
import type { MigrationInput } from '../../input/migration.ts';
import { readMigrations } from '../../input/migrations.ts';
import { openFolder } from '../config.ts';
import { loadDefault } from '../load.ts';
import { CliError } from '../output.ts';
import { toBundle } from '../status/source.ts';

/** What crosses the network as it is: texts, numbers, and objects and lists of these. */
const isPlain = (value: unknown): boolean =>
  ['string', 'number', 'boolean', 'undefined'].includes(typeof value) ||
  value === null ||
  (typeof value === 'object' && Object.values(value).every(isPlain));

/** Migrations without their functions: the tag and the revision stand for that of the code that answers. */
function withoutFunctions(input: unknown): unknown {
  if (typeof input !== 'object' || input === null) return input;
  return Object.fromEntries(
    Object.entries(input).map(([key, entry]: [string, unknown]) => {
      if (typeof entry !== 'object' || entry === null || !('revision' in entry))
        return [key, entry];
      const { up: _, ...rest } = entry as { up?: unknown };
      return [key, rest];
    }),
  );
}

/**
 * Reads migrations that are to be sent.
 *
 * @param path a folder of drizzle-kit's, or a module that exports migrations
 * @throws {CliError} if there are none, the runtime would refuse them, or they cannot be sent
 */
export async function readLocal(path: string): Promise<MigrationInput> {
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  return toSendable(path, isFolder ? readFolder(path) : await loadDefault(path));
}

/**
 * Takes migrations that are to be sent.
 *
 * @param path where they stand
 * @param input what stands there
 * @throws {CliError} if the runtime would refuse them, or they cannot be sent
 */
export function toSendable(path: string, input: unknown): MigrationInput {
  const sent = withoutFunctions(input);
  if (!isPlain(sent)) {
    throw new CliError(
      `${path}: it has functions that are no migrations, which cannot be sent. Deploy the code, to a part of the objects or to a version of its own, ` +
        'and have the code that answers run its own.',
    );
  }
  try {
    readMigrations(input);
  } catch (cause) {
    throw new CliError(`${path}: ${(cause as Error).message}`, { cause });
  }
  return sent as MigrationInput;
}

function readFolder(path: string): MigrationInput {
  const folder = openFolder({ folder: path, config: undefined });
  // A file that nobody asks for is no reason not to ask an object.
  const [problem] = folder.problems.filter(({ code }) => code !== 'EXTRA_FILE');
  if (problem !== undefined) {
    throw new CliError(`${problem.file}:${problem.line}: ${problem.message}`);
  }
  return toBundle(folder);
}
