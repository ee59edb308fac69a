import { createHash } from 'node:crypto';

/**
 * A number from 0 up to 1 that depends on the seed and on what it is for, and not on what was drawn before: so kill 17
 * waits as long in a replay, however many rounds came before it.
 */
export const draw = (seed: number, what: string): number =>
  createHash('sha256').update(`${seed} ${what}`).digest().readUInt32BE() / 2 ** 32;

/** A list in a drawn order. */
export const shuffle = <T>(seed: number, what: string, list: readonly T[]): T[] =>
  list
    .map((value, index) => ({ value, place: draw(seed, `${what} ${index}`) }))
    .sort((a, b) => a.place - b.place)
    .map(({ value }) => value);
