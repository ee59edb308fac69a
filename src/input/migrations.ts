import { reading } from '../base/errors.ts';
import { freeze } from './freeze.ts';
import type { MigrationList } from './migration.ts';
import { addParts, FUNCTION, isSame } from './parts.ts';
import { read } from './read.ts';

/** The lists of inputs that cannot change any more. */
const lists = new WeakMap<object, MigrationList>();

/** How many are kept of those that are written anew on each wake: one a class is enough. */
const RECENT = 8;
const recent: { parts: readonly unknown[]; list: MigrationList }[] = [];

/**
 * Gives an input the list that it is known by from now on.
 *
 * @param input the input, which must not change any more
 * @param list its list
 */
export const remember = (input: object, list: MigrationList): void => {
  lists.set(input, list);
};

/**
 * Reads any input into migrations. The constant of a module is read once an isolate, frozen, and known by its identity.
 * What is written anew on each wake is known by its keys and values.
 *
 * @param input what was passed to `migrate`
 * @throws {InputError} if it is none of the three forms, or one of them with something wrong in it
 */
export function readMigrations(input: unknown): MigrationList {
  return (
    lists.get(input as object) ?? reading('INVALID_INPUT', 'migrations', () => readAnew(input))
  );
}

function readAnew(input: unknown): MigrationList {
  const parts: unknown[] = [];
  const isWhole = typeof input === 'object' && input !== null && addParts(input, parts);
  const known = isWhole && recent.find((one) => isSame(one.parts, parts));
  if (known && !parts.includes(FUNCTION)) return known.list;
  // A function that is written anew may see another object's `this` than the one that is known.
  if (known) {
    return {
      fingerprint: known.list.fingerprint,
      get migrations() {
        return read(input).migrations;
      },
    };
  }
  const list = read(input);
  freeze(input);
  remember(input as object, list);
  if (isWhole) recent.unshift({ parts, list });
  recent.splice(RECENT);
  return list;
}
