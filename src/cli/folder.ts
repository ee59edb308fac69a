// Reads the folder that `drizzle-kit generate` writes, from disk: Node only, and never part of a Worker.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isTimestamp, millisOf } from '../base/time.ts';
import { canonicalTag } from '../input/bundles.ts';
import { type JsonPlaces, placesOf } from './json-lines.ts';

/** What can be wrong with a folder. */
export type ProblemCode =
  | 'INVALID_JSON'
  | 'INVALID_JOURNAL'
  | 'INVALID_ENTRY'
  | 'INVALID_WHEN'
  | 'INVALID_TAG'
  | 'REPEATED_IDX'
  | 'REPEATED_TAG'
  | 'MISSING_FILE'
  | 'EXTRA_FILE'
  | 'NOT_UTF8'
  | 'MIXED_FORMS'
  | 'NO_MIGRATIONS';

/** Something wrong with a folder, and where. */
export interface Problem {
  readonly code: ProblemCode;
  /** The file (or folder) it is about: the folder's path as it was given, and the rest. */
  readonly file: string;
  /** The line in that file, from 1. */
  readonly line: number;
  /** What was found and what to do, without the place. */
  readonly message: string;
}

/** One migration of a folder. */
export interface FolderMigration {
  /** The canonical tag. */
  readonly tag: string;
  /** The name as it stands on disk: the journal's tag, or the folder's name. */
  readonly journalTag: string;
  /** The journal's `when` in milliseconds; null in the 1.x form, which keeps the second only, in the tag. */
  readonly when: number | null;
  /** The journal's `idx`; null in the 1.x form. */
  readonly idx: number | null;
  /** The file of the SQL. */
  readonly file: string;
  /** The line of the journal's entry; 1 in the 1.x form. */
  readonly line: number;
  /** The SQL as a Worker gets it: the file's text as it is, CRLF and all, but without a byte order mark. */
  readonly sql: string;
}

/** A folder of migrations in either form. */
export interface MigrationFolder {
  /** The folder's path as it was given. */
  readonly path: string;
  readonly form: '0.x' | '1.x';
  /** The journal's file; null in the 1.x form. */
  readonly journalFile: string | null;
  /** The migrations in the order in which Drizzle runs them; those that could not be read are left out. */
  readonly migrations: readonly FolderMigration[];
  readonly problems: readonly Problem[];
}

type Report = (code: ProblemCode, file: string, line: number, message: string) => void;

/**
 * Reads SQL as bundlers do: esbuild's text loader and wrangler's Text modules both take a byte order mark away, and so
 * does TextDecoder. The checksum in an object's ledger is that of the text which is left.
 */
function readSql(file: string, report: Report): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    report('NOT_UTF8', file, 1, 'The file is not UTF-8: save it in that encoding.');
    return undefined;
  }
}

const isFile = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;

function readJournal(file: string, report: Report): { entries: unknown[]; places: JsonPlaces } {
  const text = readFileSync(file, 'utf8');
  const places = placesOf(text);
  let journal: unknown;
  try {
    journal = JSON.parse(text);
  } catch (error) {
    const said = (error as Error).message;
    report(
      'INVALID_JSON',
      file,
      places.lineOfError(),
      `The journal is not JSON (${said.split('\n')[0]}): restore it from version control, or end the merge.`,
    );
    return { entries: [], places };
  }
  const entries = (journal as { entries?: unknown } | null)?.entries;
  if (Array.isArray(entries)) return { entries, places };
  report(
    'INVALID_JOURNAL',
    file,
    1,
    'The journal has no list of `entries`: restore it from version control.',
  );
  return { entries: [], places };
}

function readEntry(
  folder: string,
  journalFile: string,
  entry: unknown,
  line: number,
  report: Report,
): FolderMigration | undefined {
  const { idx, when, tag } = (entry ?? {}) as Record<string, unknown>;
  if (typeof tag !== 'string' || !Number.isInteger(idx) || (idx as number) < 0) {
    report(
      'INVALID_ENTRY',
      journalFile,
      line,
      `The entry ${JSON.stringify(entry)} needs an idx (0, 1, …) and a tag: restore it from version control.`,
    );
    return undefined;
  }
  if (!isTimestamp(when)) {
    report(
      'INVALID_WHEN',
      journalFile,
      line,
      `Entry "${tag}" has when: ${JSON.stringify(when)}, which is no time in milliseconds. Restore the value that ` +
        'drizzle-kit wrote: it tells which objects have the migration.',
    );
    return undefined;
  }
  const file = join(folder, `${tag}.sql`);
  if (!isFile(file)) {
    report(
      'MISSING_FILE',
      journalFile,
      line,
      `Entry "${tag}" has no SQL: there is no ${file}. Restore the file, or remove the entry if no object has it.`,
    );
    return undefined;
  }
  const sql = readSql(file, report);
  if (sql === undefined) return undefined;
  return {
    tag: canonicalTag(when, tag),
    journalTag: tag,
    when,
    idx: idx as number,
    file,
    line,
    sql,
  };
}

/** Reports values that two migrations share though each must have its own. */
function reportRepeated(
  migrations: readonly FolderMigration[],
  journalFile: string | null,
  report: Report,
): void {
  const byIdx = new Map<number, FolderMigration>();
  const byTag = new Map<string, FolderMigration>();
  for (const migration of migrations) {
    const { idx, tag, journalTag, file, line } = migration;
    const sameIdx = idx === null ? undefined : byIdx.get(idx);
    if (sameIdx !== undefined) {
      report(
        'REPEATED_IDX',
        journalFile ?? file,
        line,
        `Entries "${sameIdx.journalTag}" (line ${sameIdx.line}) and "${journalTag}" both have idx ${idx}, so ` +
          'migrations.js can hold only one of them. Two branches were merged: give the later one the next free idx.',
      );
    }
    const sameTag = byTag.get(tag);
    if (sameTag !== undefined) {
      report(
        'REPEATED_TAG',
        journalFile ?? file,
        line,
        `"${sameTag.journalTag}" (line ${sameTag.line}) and "${journalTag}" are both "${tag}": made in the same ` +
          'second under the same name. Rename one of them, in the journal and its file.',
      );
    }
    if (idx !== null) byIdx.set(idx, migration);
    byTag.set(tag, migration);
  }
}

/** The folders that drizzle-kit 1.x would take for migrations, and those that look as if they were meant to be. */
function foldersOf(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'meta')
    .map(({ name }) => name)
    .filter(
      (name) =>
        /^\d{14}(_|$)/.test(name) ||
        isFile(join(folder, name, 'migration.sql')) ||
        isFile(join(folder, name, 'snapshot.json')),
    )
    .sort();
}

function readForm0(folder: string, journalFile: string, report: Report): FolderMigration[] {
  const { entries, places } = readJournal(journalFile, report);
  const migrations = entries.flatMap((entry, position) => {
    const line = places.lineOfEntry(position);
    return readEntry(folder, journalFile, entry, line, report) ?? [];
  });
  const known = new Set(entries.map((entry) => `${(entry as { tag?: unknown } | null)?.tag}.sql`));
  for (const name of readdirSync(folder).sort()) {
    if (!name.endsWith('.sql') || known.has(name) || entries.length + known.size === 0) continue;
    report(
      'EXTRA_FILE',
      join(folder, name),
      1,
      'The journal has no entry for this file, so no object gets it. Remove it, or restore its entry.',
    );
  }
  for (const name of foldersOf(folder)) {
    report(
      'MIXED_FORMS',
      join(folder, name),
      1,
      'A folder of drizzle-kit 1.x beside the journal of 0.x: run `drizzle-kit up`, or remove the one that is not used.',
    );
  }
  return migrations;
}

function readForm1(folder: string, report: Report): FolderMigration[] {
  return foldersOf(folder).flatMap((name): FolderMigration[] => {
    const file = join(folder, name, 'migration.sql');
    if (!/^\d{14}(_|$)/.test(name) || Number.isNaN(millisOf(name.slice(0, 14)))) {
      report(
        'INVALID_TAG',
        join(folder, name),
        1,
        `The folder "${name}" does not start with its time, as "20261122175044_kind_aqueduct" does.`,
      );
      return [];
    }
    if (!isFile(file)) {
      report(
        'MISSING_FILE',
        join(folder, name),
        1,
        'The folder has no migration.sql: restore the file, or remove the folder if no object has it.',
      );
      return [];
    }
    const sql = readSql(file, report);
    if (sql === undefined) return [];
    return [{ tag: name, journalTag: name, when: null, idx: null, file, line: 1, sql }];
  });
}

/**
 * Reads the folder that drizzle-kit writes: 0.x (`meta/_journal.json` and `<tag>.sql`) or 1.x
 * (`<YYYYMMDDHHMMSS>_<name>/migration.sql`).
 *
 * @param path the folder
 * @returns what could be read, and all that is wrong with the rest
 * @throws {Error} `ENOENT` or `ENOTDIR` if there is no such folder
 */
export function readFolder(path: string): MigrationFolder {
  const problems: Problem[] = [];
  const report: Report = (code, file, line, message) => {
    problems.push({ code, file, line, message });
  };
  const names = readdirSync(path);
  const journalFile = join(path, 'meta', '_journal.json');
  const form = existsSync(journalFile) ? '0.x' : '1.x';
  const migrations =
    form === '0.x' ? readForm0(path, journalFile, report) : readForm1(path, report);
  // drizzle-kit 1.x writes migrations.js before there is any migration.
  if (form === '1.x' && foldersOf(path).length === 0 && !names.includes('migrations.js')) {
    report(
      'NO_MIGRATIONS',
      path,
      1,
      'There is neither meta/_journal.json (drizzle-kit 0.x) nor a folder such as ' +
        '20261122175044_kind_aqueduct/ (1.x) in it: is it the `out` of drizzle.config.ts?',
    );
  }
  const journal = form === '0.x' ? journalFile : null;
  reportRepeated(migrations, journal, report);
  return { path, form, journalFile: journal, migrations, problems };
}
