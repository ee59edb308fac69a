import { DEPTH } from './freeze.ts';

/** What stands around the parts of an object; no input has these. */
const START = Symbol('start');
const END = Symbol('end');

/**
 * Adds an input's keys and values to a list, in order. Two inputs with the same list have the same migrations.
 *
 * @param value an input, or an object in one
 * @param parts the list
 * @param depth how deep to go
 * @returns false where not all of it can be seen: something in it is of a class, or deeper than any input
 */
export function addParts(value: object, parts: unknown[], depth = DEPTH): boolean {
  const prototype = Object.getPrototypeOf(value);
  if (![Object.prototype, Array.prototype, null].includes(prototype) || depth === 0) return false;
  parts.push(START);
  for (const key in value) {
    const part: unknown = value[key as never];
    parts.push(key);
    if (typeof part !== 'object' || part === null) parts.push(part);
    else if (!addParts(part, parts, depth - 1)) return false;
  }
  parts.push(END);
  return true;
}
