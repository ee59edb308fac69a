// What is checked: a folder of drizzle-kit's, or a module of migrations, such as an ejected record.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { replacedBy } from '../../input/baseline.ts';
import type { Migration } from '../../input/migration.ts';
import { readMigrations } from '../../input/migrations.ts';
import type { MigrationFolder } from '../folder.ts';
import { loadDefault } from '../load.ts';
import { CliError } from '../output.ts';
import { findRecord } from '../record-source.ts';
import { checkBaseline } from './baseline.ts';
import { checkBranches } from './branches.ts';
import type { Finding } from './finding.ts';
import type { Past, Present } from './history.ts';
import { checkJournal } from './journal.ts';
import { type LocatedMigration, locateAll, locateStatements } from './located.ts';
import { checkFolder } from './problems.ts';
import { rehearse } from './rehearsal.ts';
import { checkStatements } from './statements.ts';

/** Something to check, as it was read. */
export interface Subject extends Present {
  /** Its path, as messages have it. */
  readonly path: string;
  /** What was found while it was read. */
  readonly problems: readonly Finding[];
  /** The journal of 0.x, if there is one. */
  readonly journalFile: string | null;
}

/**
 * A folder to check.
 *
 * @param folder the folder as it was read
 */
export const ofFolder = (folder: MigrationFolder): Subject => ({
  path: folder.path,
  migrations: locateAll(folder.migrations, folder.journalFile),
  form: folder.form,
  list: folder.journalFile ?? folder.path,
  unread: new Set(folder.problems.map(({ file }) => file)),
  problems: checkFolder(folder.problems),
  journalFile: folder.journalFile,
});

const lineAt = (text: string, offset: number): number => text.slice(0, offset).split('\n').length;

/** Where the SQL of a migration stands: in a file that the module imports, or in the module itself. */
interface Place {
  readonly file: string;
  readonly line: number;
  /** The line of the module that the entry starts in. */
  readonly start: number;
  /** Whether the lines of the text are lines of the file. */
  readonly byLine: boolean;
}

/** Finds where each migration's SQL stands in a module's source. */
function placesIn(file: string, source: string): Map<string, Place> {
  const places = new Map<string, Place>();
  for (const { key, start, end } of findRecord(source)?.entries ?? []) {
    const text = source.slice(start, end);
    const name = /(?:^|:)\s*(\w+)\s*$/.exec(text.replace(/,?\s*\}\s*$/, ''))?.[1];
    const from =
      name === undefined
        ? undefined
        : new RegExp(`import\\s+${name}\\s+from\\s+(['"])([^'"\\n]+)\\1`).exec(source)?.[2];
    const sqlFile = from?.replace(/\?\w+$/, '');
    if (sqlFile !== undefined && existsSync(join(dirname(file), sqlFile))) {
      const line = lineAt(source, start);
      places.set(key, { file: join(dirname(file), sqlFile), line: 1, start: line, byLine: true });
      continue;
    }
    const template = text.indexOf('`');
    const offset = start + Math.max(template, 0);
    places.set(key, {
      file,
      line: lineAt(source, offset),
      start: lineAt(source, start),
      byLine: template >= 0,
    });
  }
  return places;
}

/** Migrations as a new object runs them: where SQL was dropped, the baseline in place of all that it replaces. */
function runnable(migrations: readonly Migration[]): Migration[] {
  const isGone = migrations.some(({ sql, up }) => sql === null && up === undefined);
  const replaced = isGone ? replacedBy(migrations) : [];
  const last = replaced.at(-1);
  const rest = migrations.slice(replaced.length);
  return last ? [{ ...last, sql: last.baseline ?? null, up: undefined }, ...rest] : rest;
}

/**
 * A module to check.
 *
 * @param file its path
 * @throws {CliError} if it cannot be loaded, or its default export is no list of migrations
 */
export async function ofModule(file: string): Promise<Subject> {
  const input = await loadDefault(file);
  const source = readFileSync(file, 'utf8');
  const places = placesIn(file, source);
  try {
    const { migrations } = readMigrations(input);
    const hasTimes = migrations.some(({ when }) => when !== null);
    return {
      path: file,
      form: hasTimes ? '0.x' : '1.x',
      list: file,
      unread: new Set(),
      problems: checkBaseline(file, migrations),
      journalFile: null,
      migrations: runnable(migrations).map(
        ({ key, tag, when, sql, up, revision }): LocatedMigration => {
          const found = places.get(key) ?? { file, line: 1, start: 1, byLine: false };
          const place = up ? { file, line: found.start, byLine: false } : found;
          const located = locateStatements(sql ?? '', place.line);
          return {
            name: key,
            tag,
            when,
            idx: null,
            file: place.file,
            entry: { file, line: places.get(key)?.line ?? 1 },
            sql: sql ?? '',
            ...(up && { up, revision }),
            firstLine: place.line,
            statements: place.byLine
              ? located
              : located.map(({ statement }) => ({ statement, line: place.line })),
          };
        },
      ),
    };
  } catch (cause) {
    throw new CliError(`${file}: ${(cause as Error).message}`, { cause });
  }
}

/**
 * A folder with what its module has beyond it, as objects run both: functions in their places, and whatever comes after
 * the folder in a module that was ejected from it.
 *
 * @param subject the folder
 * @param module the module of that folder, if there is one
 * @throws {CliError} as {@link ofModule}
 */
export async function withOwn(subject: Subject, module: Past | undefined): Promise<Subject> {
  if (module === undefined) return subject;
  const isEjected = module.isEjected === true;
  if (!isEjected && !module.migrations.some(({ up }) => up)) return subject;
  const { migrations } = await ofModule(module.source);
  const isSame = (one: LocatedMigration, { tag, when, sql }: LocatedMigration): boolean =>
    (one.up === undefined && sql === one.sql) ||
    (tag !== null && tag === one.tag) ||
    (when !== null && when === one.when);
  const placeOf = (one: LocatedMigration): number =>
    subject.migrations.findIndex((other) => isSame(one, other));
  const last = migrations.findLastIndex((one) => placeOf(one) >= 0);
  const merged = [...subject.migrations];
  let after = -1;
  for (const [at, one] of migrations.entries()) {
    const place = placeOf(one);
    const own = place < 0 && (one.up !== undefined || (isEjected && at > last));
    if (own) merged.splice(after + 1, 0, one);
    const now = own ? after + 1 : merged.indexOf(subject.migrations[place] as LocatedMigration);
    // A function that stands where the folder has an empty text is what objects run.
    if (place >= 0 && one.up && now >= 0) merged[now] = one;
    after = Math.max(after, now);
  }
  return { ...subject, migrations: merged };
}

/**
 * All that is found in a subject by itself, compared with nothing.
 *
 * @param subject what is checked
 */
export const checkAlone = (subject: Subject): Finding[] => [
  ...subject.problems,
  ...checkJournal(
    subject,
    subject.migrations.filter(({ entry }) => entry.file === subject.list || !subject.journalFile),
  ),
  ...(subject.form === '1.x' && subject.path === subject.list && subject.problems.length === 0
    ? checkBranches(subject.migrations)
    : []),
  ...checkStatements(subject.migrations),
  ...rehearse(subject.migrations),
];
