import { OfframpError } from '../base/errors.ts';
import type { PlainError } from './commands.ts';

const isPlain = (value: unknown): boolean =>
  value === null || ['string', 'number', 'boolean', 'undefined'].includes(typeof value);

/**
 * An error as plain data.
 *
 * @param error what was thrown
 */
export function toPlain(error: unknown): PlainError {
  if (!(error instanceof Error)) return { name: 'Error', code: '', message: String(error) };
  const { name, message, cause } = error;
  const fields = error instanceof OfframpError ? error.toJSON() : {};
  const plain = { code: '', ...fields, name, message };
  return cause === undefined ? plain : { ...plain, cause: isPlain(cause) ? cause : toPlain(cause) };
}
