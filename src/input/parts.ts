import { DEPTH } from './freeze.ts';

/** What stands before an object's number of keys, and those; no input has this. */
const START = Symbol();

/** What stands for a function: a migration's is told by its revision, and is another one each time it is written. */
export const FUNCTION = Symbol();

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
  if (depth === 0 || ![Object.prototype, Array.prototype, null].includes(prototype)) return false;
  const keys = Object.keys(value);
  parts.push(START, keys.length);
  for (const key of keys) {
    const part: unknown = value[key as never];
    parts.push(key);
    if (typeof part === 'function') parts.push(FUNCTION);
    else if (typeof part !== 'object' || part === null) parts.push(part);
    else if (!addParts(part, parts, depth - 1)) return false;
  }
  return true;
}

/**
 * Whether two lists are the same.
 *
 * @param some what {@link addParts} made of one input
 * @param others what it made of another
 */
export function isSame(some: readonly unknown[], others: readonly unknown[]): boolean {
  // A loop: `every` takes twice as long where it is used for much else.
  for (let at = 0; at < some.length; at++) if (some[at] !== others[at]) return false;
  return some.length === others.length;
}
