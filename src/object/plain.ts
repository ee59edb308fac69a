import type { PlainError } from './commands.ts';

/** What the runtime writes into an error that crosses RPC. */
const RUNTIMES = ['remote', 'durableObjectId', 'durableObjectReset', 'retryable', 'overloaded'];

/**
 * An error as plain data.
 *
 * @param error what was thrown
 */
export function toPlain(error: unknown): PlainError {
  if (!(error instanceof Error)) return { name: 'Error', code: '', message: String(error) };
  const { name, message, cause } = error;
  const fields = Object.entries(error).filter(([field]) => !RUNTIMES.includes(field));
  const plain = { code: '', ...Object.fromEntries(fields), name, message };
  return cause instanceof Error ? { ...plain, cause: toPlain(cause) } : plain;
}
