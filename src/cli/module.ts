// A module of migrations on disk: what it exports, and how its entries are written.
import { existsSync, readFileSync } from 'node:fs';
import { OfframpError } from '../base/errors.ts';
import type { MigrationEntry, MigrationList, MigrationRecord } from '../input/migration.ts';
import { readMigrations } from '../input/migrations.ts';
import { string, template } from './literal.ts';
import { loadDefault } from './load.ts';
import { CliError } from './output.ts';
import { findRecord, type RecordSource } from './record-source.ts';

/** A module as it stands on disk. */
export interface ModuleFile {
  /** Its path as it was given. */
  readonly file: string;
  readonly source: string;
  /** Where the entries stand in the source. */
  readonly record: RecordSource;
  /** What it exports. */
  readonly entries: MigrationRecord;
  /** What the runtime reads that into. */
  readonly list: MigrationList;
}

/**
 * Loads a module of migrations.
 *
 * @param file its path
 * @returns undefined if there is no such file
 * @throws {CliError} if it exports something else, or the runtime would refuse it
 */
export async function openModule(file: string): Promise<ModuleFile | undefined> {
  if (!existsSync(file)) return undefined;
  const source = readFileSync(file, 'utf8');
  const record = findRecord(source);
  const entries = await loadDefault(file);
  if (record === undefined || typeof entries !== 'object' || entries === null) {
    throw new CliError(
      `${file}: it does not export a record of migrations by default, written out as { m0000: … }. Name another ` +
        'module if this one is something else.',
    );
  }
  try {
    // A copy carries no fingerprint: what the entries say counts here, and `convert` mends the rest.
    const list = readMigrations({ ...entries });
    return { file, source, record, entries: entries as MigrationRecord, list };
  } catch (cause) {
    if (!(cause instanceof OfframpError)) throw cause;
    throw new CliError(`${file}: ${cause.message}`, { cause });
  }
}

/**
 * The line of an offset, from 1.
 *
 * @param source a text
 * @param offset an offset into it
 */
export const lineAt = (source: string, offset: number): number =>
  source.slice(0, offset).split('\n').length;

/**
 * Where an entry of a module stands, as `file:line`.
 *
 * @param module the module
 * @param key the entry's key
 */
export function placeOf({ file, source, record }: ModuleFile, key: string): string {
  const entry = record.entries.find((candidate) => candidate.key === key);
  return entry === undefined ? file : `${file}:${lineAt(source, entry.start)}`;
}

/**
 * Writes an entry in its long form, without the comma behind it.
 *
 * @param key the entry's key
 * @param entry the entry
 * @param text what is written for its SQL: a template of it, unless it stands elsewhere under a name
 */
export function renderEntry(
  key: string,
  { tag, when, was, checksum, sql, baseline }: MigrationEntry,
  text = sql === undefined ? undefined : template(sql),
): string {
  const lines = [
    tag === undefined ? '' : `tag: ${string(tag)},`,
    when === undefined ? '' : `when: ${when},`,
    was === undefined || was.length === 0 ? '' : `was: [${was.join(', ')}],`,
    checksum === undefined ? '' : `checksum: ${string(checksum)},`,
    baseline === undefined ? '' : `baseline: ${template(baseline)},`,
    text === undefined ? '' : `sql: ${text},`,
  ];
  const fields = lines.filter((line) => line !== '').map((line) => `    ${line}\n`);
  return `${key}: {\n${fields.join('')}  }`;
}

/** The call that takes a record, up to the record. */
const CALL = /\bdefineMigrations\s*\(\s*$/;
/** What may stand between a record and the end of the call: the key and the fingerprint that it carries, and its schemas. */
const CARRIED =
  /^\s*(?:,\s*(?:'[^'\n]*'|"[^"\n]*"|`[^`\n]*`|undefined)\s*)?(,\s*schemas\s*\(\s*(?:'[^'\n]*'|"[^"\n]*"|`[^`\n]*`)\s*,?\s*\)\s*)?,?\s*\)/;

const behindRecord = (source: string): RegExpExecArray | null => {
  const record = findRecord(source);
  const end = (record?.close ?? source.length) + 1;
  return CALL.test(source.slice(0, record?.open)) ? CARRIED.exec(source.slice(end)) : null;
};

/**
 * Whether a module carries the schemas that its migrations make.
 *
 * @param source the module's text
 */
export const carriesSchemas = (source: string): boolean => behindRecord(source)?.[1] !== undefined;

/**
 * What stands for the schemas in a module.
 *
 * @param source the module's text
 * @returns undefined where it carries none
 */
export const carriedSchemas = (source: string): string | undefined =>
  /['"`]([^'"`]*)/.exec(behindRecord(source)?.[1] ?? '')?.[1];

const IMPORT = /^import\s[^;]*?from\s+(['"])drizzle-offramp\1;?[^\n]*\n/m;

/**
 * Writes what stands for the schemas that a module's migrations make, behind its fingerprint, and the import for it.
 *
 * @param source the module's text
 * @param text what stands for them
 * @returns undefined where the record is not exported by `defineMigrations({…})`
 */
export function carrySchemas(source: string, text: string): string | undefined {
  const found = behindRecord(source);
  if (found === null) return undefined;
  const end = (findRecord(source)?.close ?? 0) + 1;
  const [all, kept] = found;
  const first = /^\s*,\s*(?!schemas\b)([^,)]+?)\s*[,)]/.exec(all)?.[1] ?? 'undefined';
  const written = `${source.slice(0, end)}, ${first}, schemas(${string(text)}))${source.slice(end + all.length)}`;
  if (kept !== undefined) return written;
  return written.replace(
    IMPORT,
    (line) => `${line}import { schemas } from 'drizzle-offramp/adopt';\n`,
  );
}

/**
 * Writes the last key and the fingerprint of the whole behind the record, as the second argument of
 * `defineMigrations`; takes it away where an entry without a checksum, as a person writes it, may still change. A
 * record that is exported without that call stays as it is.
 *
 * @param source the module's text
 * @param entries what its record comes to
 * @throws {InputError} if the runtime would refuse the record
 */
export function carryFingerprint(source: string, entries: MigrationRecord): string {
  const record = findRecord(source);
  const end = (record?.close ?? source.length) + 1;
  const found = behindRecord(source);
  if (found === null) return source;
  const { migrations, fingerprint } = readMigrations(entries);
  const isSettled = Object.values(entries).every(
    (entry) => typeof entry === 'object' && 'checksum' in entry && entry.checksum !== undefined,
  );
  const last = migrations.at(-1);
  const kept = found[1]?.trimEnd() ?? '';
  const none = kept === '' ? '' : ', undefined';
  const carried = last !== undefined && isSettled ? `, '${last.key} ${fingerprint}'` : none;
  return source.slice(0, end) + source.slice(end).replace(CARRIED, () => `${carried}${kept})`);
}
