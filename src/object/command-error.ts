import { OfframpError } from '../base/errors.ts';
import type { FittingRepair } from './commands.ts';

/** The code of a {@link CommandError}. */
export type CommandErrorCode = 'INVALID_COMMAND' | 'INVALID_REPAIR' | 'NOT_TRIED';

/** A command that `__migrations` does not take, or a repair that does not fit the object; nothing was changed. */
export class CommandError extends OfframpError {
  override readonly name: string = 'CommandError';
  declare readonly code: CommandErrorCode;

  /**
   * @param code `INVALID_COMMAND`: there is no such command. `INVALID_REPAIR`: the repair does not fit the object.
   * `NOT_TRIED`: a preflight cannot run a statement without ending more than itself
   * @param message what was found and what fits
   * @param fits the repairs that fit
   */
  constructor(
    code: CommandErrorCode,
    message: string,
    readonly fits: readonly FittingRepair[] = [],
  ) {
    super(code, message);
  }
}
