// What the code itself imports from a folder of drizzle-kit's: migrations.js, or a file of the team's with the texts in it.
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { OfframpError } from '../base/errors.ts';
import type { MigrationInput, MigrationList } from '../input/migration.ts';
import { readMigrations } from '../input/migrations.ts';
import { loadExports } from './load.ts';
import { CliError } from './output.ts';
import { isFile, isInside, readSources, type Source } from './sources.ts';

/** A bundle that code imports from a folder. */
export interface Bundle {
  readonly file: string;
  readonly input: MigrationInput;
  /** What the runtime reads it into; undefined if it refuses it. */
  readonly list: MigrationList | undefined;
  /** Why the runtime refuses it. */
  readonly refusal: OfframpError | undefined;
}

/** What was found of them. */
export interface Bundles {
  readonly bundles: readonly Bundle[];
  /** Files that code imports from the folder and nobody could compare, each with the reason. */
  readonly notCompared: readonly { readonly file: string; readonly reason: string }[];
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

/** Whether a value is what drizzle-kit's `migrations.js` exports: with a journal, or with texts by their tags. */
const isBundle = (value: unknown): value is MigrationInput =>
  isObject(value) &&
  isObject(value.migrations) &&
  (isObject(value.journal) ||
    Object.entries(value.migrations).every(
      ([key, text]) => /^\d{14}/.test(key) && typeof text === 'string',
    ));

/** The default export if it is one (which is all there is where that needed no compiler), else a named one. */
const bundleOf = (exported: Record<string, unknown>): MigrationInput | undefined =>
  [exported, exported.default, ...Object.values(exported)].find(isBundle);

function readBundle(file: string, input: MigrationInput): Bundle {
  try {
    return { file, input, list: readMigrations(input), refusal: undefined };
  } catch (error) {
    if (!(error instanceof OfframpError)) throw error;
    return { file, input, list: undefined, refusal: error };
  }
}

/**
 * Loads the files of a folder that code outside of it imports.
 *
 * @param folder the folder of migrations
 * @param sources the project's sources
 */
export async function bundlesIn(
  folder: string,
  sources: readonly Source[] = readSources('.'),
): Promise<Bundles> {
  const paths = sources
    .filter(({ file }) => !isInside(folder, resolve(file)))
    .flatMap(({ imports }) => imports.flatMap(({ path }) => path ?? []))
    .filter((path) => isInside(folder, path));
  const files = readdirSync(folder)
    .filter((name) => /\.[cm]?[jt]sx?$/.test(name) && !/\.d\.[cm]?ts$/.test(name))
    .map((name) => join(folder, name))
    .filter((file) => paths.some((path) => isFile(file, path)));
  const bundles: Bundle[] = [];
  const notCompared: { file: string; reason: string }[] = [];
  for (const file of files) {
    try {
      const input = bundleOf(await loadExports(file));
      if (input !== undefined) bundles.push(readBundle(file, input));
      else notCompared.push({ file, reason: 'it exports no { journal, migrations }' });
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      notCompared.push({ file, reason: error.message });
    }
  }
  return { bundles, notCompared };
}
