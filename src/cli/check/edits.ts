// What was deployed is history: an object remembers it by its time and its text. A change to it is found by comparing
// the folder with what is known of the past: a converted module, or the same folder at a git ref.

import { sha256 } from '../../base/sha256.ts';
import type { MigrationFolder } from '../folder.ts';
import type { Finding } from './finding.ts';
import { type LocatedMigration, nameOf } from './located.ts';

/** A migration as it was. */
export interface PastMigration {
  /** What a person calls it: its key in a module, or its name in the folder. */
  readonly name: string;
  readonly tag: string | null;
  /** In milliseconds, or null where only the second is known. */
  readonly when: number | null;
  readonly sql: string;
}

/** What is known of the past. */
export interface Past {
  /** Where it was read, as messages call it: a file, or a git ref. */
  readonly source: string;
  /** The migrations, in the order in which they ran. */
  readonly migrations: readonly PastMigration[];
}

const suffixOf = (tag: string | null): string | null => tag?.slice(15) ?? null;

type Pairs = Map<PastMigration, LocatedMigration>;

/** Finds each past migration in the folder: by tag, by `when`, and by name and text where it was restamped. */
function pairUp(past: readonly PastMigration[], present: readonly LocatedMigration[]): Pairs {
  const pairs: Pairs = new Map();
  const taken = new Set<LocatedMigration>();
  const rules: ((was: PastMigration, is: LocatedMigration) => boolean)[] = [
    (was, is) => was.tag === is.tag,
    (was, is) => was.when !== null && was.when === is.when,
    (was, is) => suffixOf(was.tag) === suffixOf(is.tag) && was.sql === is.sql,
  ];
  for (const rule of rules) {
    for (const was of past) {
      if (pairs.has(was)) continue;
      const is = present.find((candidate) => !taken.has(candidate) && rule(was, candidate));
      if (is === undefined) continue;
      pairs.set(was, is);
      taken.add(is);
    }
  }
  return pairs;
}

/** The first line in which two texts differ, from 1. */
function differenceAt(a: string, b: string): number {
  const [before, after] = [a.split('\n'), b.split('\n')];
  const line = after.findIndex((text, i) => text !== before[i]);
  return (line < 0 ? after.length : line) + 1;
}

function checkSql(was: PastMigration, is: LocatedMigration, source: string): Finding[] {
  if (sha256(was.sql) === sha256(is.sql)) return [];
  const lineEnds = was.sql.replaceAll('\r\n', '\n') === is.sql.replaceAll('\r\n', '\n');
  return [
    {
      code: 'EDITED_SQL',
      severity: 'error',
      file: is.file,
      line: differenceAt(was.sql, is.sql),
      message: lineEnds
        ? `The line ends of ${nameOf(is)} are others than in ${source}.`
        : `The SQL of ${nameOf(is)} is not that of ${source}.`,
      effect: lineEnds
        ? 'Objects that have it report drift.'
        : 'Objects that have it keep what the old text made, and report drift; new ones get the new text: two schemas.',
      fix: `Restore it from ${source}, and write a new migration with the change.`,
    },
  ];
}

function checkWhen(
  was: PastMigration,
  is: LocatedMigration,
  file: string,
  source: string,
): Finding[] {
  if (was.when === null || is.when === null || was.when === is.when) return [];
  return [
    {
      code: 'RESTAMPED',
      severity: 'error',
      file,
      line: is.line,
      message: `The \`when\` of ${nameOf(is)} is ${is.when}; in ${source} it was ${was.when}.`,
      effect:
        is.when > was.when
          ? "Drizzle's migrator runs it a second time in objects that have nothing newer; drizzle-offramp refuses those that have it."
          : "drizzle-offramp refuses the objects that have it: their ledger's row matches no migration.",
      fix: `Restore ${was.when}; or convert, which keeps the old time under \`was\`.`,
    },
  ];
}

function checkInserted(
  folder: MigrationFolder,
  present: readonly LocatedMigration[],
  known: ReadonlySet<LocatedMigration>,
  source: string,
): Finding[] {
  const last = present.findLastIndex((migration) => known.has(migration));
  return present.slice(0, Math.max(last, 0)).flatMap((migration): Finding[] => {
    if (known.has(migration)) return [];
    const after = nameOf(present[last] as LocatedMigration);
    const silent = folder.form === '0.x';
    return [
      {
        code: 'INSERTED',
        severity: silent ? 'error' : 'warning',
        file: folder.journalFile ?? migration.file,
        line: migration.line,
        message: `${nameOf(migration)} is new since ${source}, and comes before ${after}, which is not.`,
        effect: silent
          ? `Drizzle's migrator skips it for ever, in silence, in each object that has ${after} already.`
          : `Objects that have ${after} run it late, new ones before: the order differs.`,
        fix: 'Move it to the end, with a `when` (or a folder name) later than all others.',
      },
    ];
  });
}

function checkOrder(
  folder: MigrationFolder,
  past: readonly PastMigration[],
  present: readonly LocatedMigration[],
  pairs: Pairs,
  source: string,
): Finding[] {
  const positions = past.flatMap((was) => {
    const is = pairs.get(was);
    return is === undefined ? [] : [{ is, position: present.indexOf(is) }];
  });
  return positions.flatMap(({ is, position }, i): Finding[] => {
    const before = positions.slice(0, i).find((earlier) => earlier.position > position);
    if (before === undefined) return [];
    return [
      {
        code: 'REORDERED',
        severity: 'warning',
        file: folder.journalFile ?? is.file,
        line: is.line,
        message: `${nameOf(is)} came after ${nameOf(before.is)} in ${source}, and now comes before it.`,
        effect: 'New objects run them in the other order than all before.',
        fix: `Restore the order of ${source}.`,
      },
    ];
  });
}

/**
 * Finds what has changed in a history that objects may have.
 *
 * @param folder the folder as it is
 * @param present its migrations with their statements
 * @param past what is known of the past
 * @param ordered whether the past's order is Drizzle's; a converted module keeps its own numbers
 */
export function checkEdits(
  folder: MigrationFolder,
  present: readonly LocatedMigration[],
  { source, migrations }: Past,
  ordered: boolean,
): Finding[] {
  const pairs = pairUp(migrations, present);
  const journal = folder.journalFile ?? folder.path;
  const unread = new Set(folder.problems.map(({ file }) => file));
  return [
    ...migrations.flatMap((was): Finding[] => {
      const is = pairs.get(was);
      if (is !== undefined) {
        return [...checkSql(was, is, source), ...checkWhen(was, is, journal, source)];
      }
      // What could not be read is told already.
      if ([...unread].some((file) => file.endsWith(`${was.tag}/migration.sql`))) return [];
      return [
        {
          code: 'REMOVED',
          severity: 'error',
          file: journal,
          line: 1,
          message: `${was.name}${was.name === was.tag || was.tag === null ? '' : ` (${was.tag})`} of ${source} is gone.`,
          effect:
            'Objects that have it are refused: their ledger has a row that matches no migration.',
          fix: `Restore it from ${source}. To undo what it did, write a new migration.`,
        },
      ];
    }),
    ...checkInserted(folder, present, new Set(pairs.values()), source),
    ...(ordered ? checkOrder(folder, migrations, present, pairs, source) : []),
  ];
}
