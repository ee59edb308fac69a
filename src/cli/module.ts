// A module of migrations on disk: what it exports, and how its entries are written.
import { existsSync, readFileSync } from 'node:fs';
import { OfframpError } from '../errors.ts';
import {
  type MigrationEntry,
  type MigrationList,
  type MigrationRecord,
  readMigrations,
} from '../migrations.ts';
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
    const list = readMigrations(entries);
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
 */
export function renderEntry(
  key: string,
  { tag, when, was, checksum, sql }: MigrationEntry,
): string {
  const lines = [
    tag === undefined ? '' : `tag: ${string(tag)},`,
    when === undefined ? '' : `when: ${when},`,
    was === undefined || was.length === 0 ? '' : `was: [${was.join(', ')}],`,
    checksum === undefined ? '' : `checksum: ${string(checksum)},`,
    `sql: ${template(sql)},`,
  ];
  const fields = lines.filter((line) => line !== '').map((line) => `    ${line}\n`);
  return `${key}: {\n${fields.join('')}  }`;
}

/**
 * The key of a migration.
 *
 * @param number its number, from 0
 */
export const keyOf = (number: number): string => `m${String(number).padStart(4, '0')}`;
