// Migrations that are functions go into the ejected module as they are written, with what they need around them.
import { dirname, resolve } from 'node:path';
import type { ModuleFile } from '../module.ts';
import { CliError } from '../output.ts';

/** What of a module's source its functions need. */
export interface FunctionSource {
  /** The whole entry of each function, by its key, as it is written. */
  readonly entries: ReadonlyMap<string, string>;
  /** What stands before the record: imports and helpers. */
  readonly before: string;
  /** What stands behind it. */
  readonly behind: string;
}

/** The lines that `convert` writes on its own. */
const HEADER = /^(?:\/\/ Written by `drizzle-offramp convert`.*\r?\n)+/;
const IMPORT = /^import\s*\{\s*defineMigrations\s*,?\s*\}\s*from\s*(['"])drizzle-offramp\1;?\r?\n/m;
const OPENS = /export\s+default\s+(?:defineMigrations\s*\(\s*)?$/;
const CLOSES =
  /^\}\s*(?:,\s*(?:'[^'\n]*'|"[^"\n]*")\s*)?,?\s*\)?(?:\s*satisfies\s+MigrationRecord)?\s*;?[^\S\n]*\n?/;

/**
 * Takes the functions of a module from its source.
 *
 * @param module the module
 * @param out where the record goes
 * @returns undefined if it has no function
 * @throws {CliError} if they cannot be taken along
 */
export function functionSourceOf(
  { file, source, record, list }: ModuleFile,
  out: string,
): FunctionSource | undefined {
  const keys = new Set(list.migrations.flatMap(({ key, up }) => (up ? key : [])));
  if (keys.size === 0) return undefined;
  const entries = new Map(
    record.entries.flatMap(({ key, start, end }) =>
      keys.has(key) ? [[key, source.slice(start, end)] as const] : [],
    ),
  );
  const lost = [...keys].filter((key) => !entries.has(key));
  const [head, tail] = [source.slice(0, record.open), source.slice(record.close)];
  if (lost.length > 0 || !OPENS.test(head)) {
    throw new CliError(
      `${file}: ${lost.length > 0 ? `${lost.join(', ')} is not written out in the record` : 'the record is not exported where it is written'}, ` +
        'so its functions cannot be taken along. Write `export default defineMigrations({ m0000: … })`, each entry in its place.',
    );
  }
  const before = head.replace(OPENS, '').replace(HEADER, '').replace(IMPORT, '').trim();
  if (dirname(resolve(out)) !== dirname(resolve(file)) && /\bfrom\s*['"]\./.test(before)) {
    throw new CliError(
      `${out}: the functions of ${file} import what lies beside it. Name a place in the same folder with --out.`,
    );
  }
  return { entries, before, behind: tail.replace(CLOSES, '').trim() };
}
