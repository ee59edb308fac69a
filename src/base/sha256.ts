import { softwareSha256 } from './software-sha256.ts';

type Hash = (text: string) => string;

/** The part of Node's `process` and `node:crypto` that is used here. */
interface Platform {
  readonly process: {
    getBuiltinModule(name: 'node:crypto'): { hash(name: 'sha256', text: string): string };
  };
}

/**
 * Finds the platform's. A Worker has one that need not be awaited only with Node's modules, and an import of one that
 * is not there would keep the Worker from starting: so it is asked for, and tried, as a bundler may have put something
 * else in its place.
 */
function findSha256(): Hash {
  try {
    const { hash } = (globalThis as unknown as Platform).process.getBuiltinModule('node:crypto');
    hash('sha256', '');
    return (text) => hash('sha256', text);
  } catch {
    return softwareSha256;
  }
}

/**
 * The SHA-256 of a text in UTF-8, as `sha256sum` prints it for a file of that text: by the platform where it can, else
 * by our own code, which takes several times as long.
 *
 * @param text any text
 * @returns 64 hexadecimal digits in lower case
 */
export const sha256: Hash = findSha256();
