import { OfframpError } from '../base/errors.ts';
import type { FleetErrorCode } from './protocol.ts';

/** The HTTP status of each code. */
export const STATUS: Readonly<Record<FleetErrorCode, number>> = {
  INVALID_COMMAND: 400,
  INVALID_OBJECTS: 400,
  GAP: 409,
  RUN_UNDER_WAY: 409,
  NO_RUN: 404,
  UNKNOWN_CLASS: 404,
  UNKNOWN_PATH: 404,
  INVALID_METHOD: 405,
  NO_QUEUE: 501,
  NO_LEDGER: 501,
  LEDGER_FAILED: 502,
};

/** A command that a fleet does not take; nothing was changed. */
export class FleetError extends OfframpError {
  override readonly name: string = 'FleetError';
  declare readonly code: FleetErrorCode;

  /**
   * @param code what is wrong
   * @param message what was found and what to do
   * @param fields what a program wants to know of it
   */
  constructor(
    code: FleetErrorCode,
    message: string,
    fields: Readonly<Record<string, unknown>> = {},
  ) {
    super(code, message);
    Object.assign(this, fields);
  }
}

/**
 * Refuses a command whose value is not what it takes.
 *
 * @param fits whether it is
 * @param message what was found and what it takes
 * @throws {FleetError} if it is not
 */
export function expect(fits: boolean, message: string): asserts fits {
  if (!fits) throw new FleetError('INVALID_COMMAND', message);
}
