import { typeOf } from '../base/errors.ts';

/** A bundle, its journal, the entries, an entry, its list `was`: no input is deeper. */
export const DEPTH = 5;

/**
 * Freezes an input once it is known by its identity: a later change would be passed over in silence, and so throws
 * instead. To compare all of it on each wake would cost more than all the rest of that wake.
 *
 * @param value an input, or a part of one
 * @param depth how deep to go
 * @returns the value
 */
export function freeze<T>(value: T, depth = DEPTH): T {
  if (typeof value === 'object' && value !== null && depth > 0) {
    // A module's namespace cannot be frozen, and its exports are constants anyway.
    if (typeOf(value) !== 'Module') Object.freeze(value);
    for (const part of Object.values(value)) freeze(part, depth - 1);
  }
  return value;
}
