// Names of objects, which no listing has: a file with one on each line.
import { readFileSync } from 'node:fs';
import { CliError } from '../output.ts';
import { askAgain, type FleetPlace } from './ask.ts';

/** Names in one request. */
const AT_ONCE = 10_000;

/**
 * Reads a file of names.
 *
 * @param file the file: UTF-8, a name on each line; empty lines count for nothing
 * @returns each name once
 * @throws {CliError} if the file cannot be read, is not UTF-8 or has no name
 */
export function readNamesFile(file: string): string[] {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
  } catch (cause) {
    throw new CliError(`${file}: ${(cause as Error).message}.`, { cause });
  }
  const names = [...new Set(text.split(/\r?\n/).filter((name) => name !== ''))];
  if (names.length === 0) throw new CliError(`${file}: it has no name. It takes one on each line.`);
  return names;
}

/**
 * Learns the ids of the names in a file from the Worker, which alone can tell them.
 *
 * @param file the file
 * @param place the fleet
 * @param signal ends it
 * @returns the names by id
 * @throws {CliError} as {@link readNamesFile}
 */
export async function readNames(
  file: string,
  place: FleetPlace,
  signal: AbortSignal,
): Promise<Map<string, string>> {
  const names = readNamesFile(file);
  const byId = new Map<string, string>();
  for (let i = 0; i < names.length; i += AT_ONCE) {
    const some = names.slice(i, i + AT_ONCE);
    const { ids } = await askAgain(place, { do: 'ids', names: some }, signal);
    for (const [j, id] of ids.entries()) byId.set(id, some[j] as string);
  }
  return byId;
}
