// What was tried, with what outcome: results.json, which the script writes and the manual's table is made from.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What became of one row. */
export interface Result {
  /** What the table calls the package, or what stands in its place. */
  readonly name: string;
  readonly version: string;
  /** What it was tried beside, as far as it matters. */
  readonly beside: string;
  /** `works`, or what went wrong. */
  readonly outcome: string;
  /** The day on which it was tried, in UTC. */
  readonly date: string;
  /** The version of drizzle-offramp. */
  readonly package: string;
  /** The last commit that changed what is packed; with a `+` if there were changes that nobody had committed. */
  readonly commit: string;
}

const file = join(import.meta.dirname, 'results.json');

/** All results so far. */
export const readResults = (): Result[] => JSON.parse(readFileSync(file, 'utf8')) as Result[];

/**
 * Writes all results.
 *
 * @param results in the order of the table
 */
export const writeResults = (results: readonly Result[]): void =>
  writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
