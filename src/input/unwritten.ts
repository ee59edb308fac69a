import { refuse } from '../base/errors.ts';

/** What the line starts with that `drizzle-offramp new` leaves where the SQL goes. */
export const UNWRITTEN = '-- drizzle-offramp new:';

/** That line alone, with white space around it. */
const STUB = new RegExp(`^\\s*${UNWRITTEN}.*\\s*$`);

/**
 * Refuses a migration that `drizzle-offramp new` made and nobody wrote: an object that ran it would not run the SQL that
 * is written there a minute later. Any other text, be it a comment alone, was meant.
 *
 * @param key the migration's key
 * @param sql its SQL
 * @throws {InputError} if the text is that one line
 */
export function checkWritten(key: string, sql: string): void {
  if (STUB.test(sql)) {
    refuse('NOT_WRITTEN', `${key} is not written yet. Write it, or remove ${key}.`, key);
  }
}
