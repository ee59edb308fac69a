import type { Migration, MigrationInput } from '../input/migration.ts';
import { readMigrations } from '../input/migrations.ts';
import { CommandError } from './command-error.ts';

/** A function as it is named where it cannot be sent. */
const nameOf = ({ tag, revision }: Partial<Migration>): string => `${tag} ${revision}`;

function functionsOf(own: MigrationInput): Map<string, Migration['up']> {
  try {
    const { migrations } = readMigrations(own);
    return new Map(migrations.map((migration) => [nameOf(migration), migration.up]));
  } catch {
    // The code's own migrations may be what is wrong with the object.
    return new Map();
  }
}

/**
 * Puts functions into migrations that were sent: a function cannot be, so that its tag and its revision stand for the
 * function of the code that answers.
 *
 * @param sent what was sent
 * @param own the migrations of the code that answers
 * @throws {CommandError} if that code lacks a function, or has another revision of it
 */
export function withOwnFunctions(sent: MigrationInput, own: MigrationInput): MigrationInput {
  const entries = Object.entries(typeof sent === 'object' && sent !== null ? sent : {});
  const isFunction = (entry: unknown): entry is Partial<Migration> =>
    typeof entry === 'object' && entry !== null && 'revision' in entry;
  if (!entries.some(([, entry]) => isFunction(entry))) return sent;
  const functions = functionsOf(own);
  return Object.fromEntries(
    entries.map(([key, entry]) => {
      if (!isFunction(entry)) return [key, entry];
      const up = functions.get(nameOf(entry));
      if (up) return [key, { ...entry, up }];
      throw new CommandError(
        'INVALID_COMMAND',
        `${key} (${entry.tag}) is a function, which cannot be sent, and the code that answers has none of that tag and ` +
          'revision. Deploy it, and ask without `migrations`.',
      );
    }),
  );
}
