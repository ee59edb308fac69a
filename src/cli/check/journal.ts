// What the order and the times of a 0.x journal mean for Drizzle's migrator, which runs an entry only if its `when` is
// greater than the newest that the object has.

import { secondOf } from '../../base/time.ts';
import type { State } from '../../ledger/state.ts';
import type { MigrationFolder } from '../folder.ts';
import type { Finding } from './finding.ts';
import type { LocatedMigration } from './located.ts';
import { ask, keeping, stateOf } from './states.ts';

type Entry = LocatedMigration & { readonly when: number };

const time = (when: number): string => new Date(when).toISOString();

/** What the planner says of an object in which Drizzle skipped an entry, and has all others. */
function fixOfSkipped(entries: readonly Entry[], entry: Entry, all: State | undefined): string {
  const first = 'If no object has it yet, set its `when` in the journal above all others. Else ';
  const place = entries.indexOf(entry);
  const state = all === undefined ? undefined : keeping(all, (other) => other !== place);
  const verdict = state === undefined ? undefined : ask(entries, state);
  if (verdict?.refused !== undefined) {
    return (
      `${first}write a new migration with what it should have done: drizzle-offramp refuses an object (${verdict.refused}) in ` +
      `which ${entry.name} was skipped.`
    );
  }
  return verdict?.runs.includes(place)
    ? `${first}let drizzle-offramp run: it applies ${entry.name} out of order in each object that lacks it.`
    : `${first}write a new migration with what it should have done.`;
}

function checkOrder(file: string, entries: readonly Entry[]): Finding[] {
  const findings: Finding[] = [];
  let newest: Entry | undefined;
  let all: State | undefined;
  for (const entry of entries) {
    const { name } = entry;
    const { line } = entry.entry;
    if (newest === undefined || entry.when > newest.when) {
      newest = entry;
      continue;
    }
    const other = newest.name;
    all ??= stateOf(entries, '0.x');
    const equal = entry.when === newest.when;
    findings.push({
      code: equal ? 'EQUAL_WHEN' : 'OUT_OF_ORDER',
      severity: 'error',
      file,
      line,
      message: equal
        ? `${name} has the same \`when\` as ${other}: ${entry.when}.`
        : `${name} (${time(entry.when)}) comes after ${other} (${time(newest.when)}), but its \`when\` is earlier.`,
      effect: `Drizzle's migrator skips ${name} for ever, in silence, in each object that has ${other} already.`,
      fix: fixOfSkipped(entries, entry, all),
    });
  }
  return findings;
}

function checkSeconds(file: string, entries: readonly Entry[]): Finding[] {
  const first = new Map<string, Entry>();
  return entries.flatMap((entry): Finding[] => {
    const second = secondOf(entry.when);
    const twin = first.get(second);
    if (twin === undefined) first.set(second, entry);
    // An equal `when` is told already.
    if (twin === undefined || twin.when === entry.when) return [];
    return [
      {
        code: 'SAME_SECOND',
        severity: 'warning',
        file,
        line: entry.entry.line,
        message: `${twin.name} and ${entry.name} were made in the same second.`,
        effect:
          '`drizzle-kit up` sorts them by name, so they can change places, and Drizzle 1.x throws when it upgrades the ' +
          'ledger of an object that has both.',
        fix: 'Keep the journal until all objects are adopted by drizzle-offramp, which tells them apart by the milliseconds.',
      },
    ];
  });
}

function checkGaps(file: string, migrations: readonly LocatedMigration[]): Finding[] {
  return migrations.flatMap((migration, position): Finding[] => {
    const previous = position === 0 ? -1 : migrations[position - 1]?.idx;
    const {
      idx,
      entry: { line },
    } = migration;
    if (idx === null || previous === null || previous === undefined || idx === previous + 1) {
      return [];
    }
    return [
      {
        code: 'IDX_GAP',
        severity: 'warning',
        file,
        line,
        message: `${migration.name} has idx ${idx} where ${previous + 1} was expected.`,
        effect:
          'An entry was removed or two branches were numbered apart. drizzle-offramp refuses an object (UNKNOWN_ROW) that ' +
          'ran a removed one with Drizzle.',
        fix: 'Bring the removed entry back from version control, or number on from the last.',
      },
    ];
  });
}

/**
 * Checks the journal of a 0.x folder: order, equal times, and numbers. A 1.x folder has none, and passes.
 *
 * @param folder the folder as it was read
 * @param migrations its migrations with their statements, in the journal's order
 */
export function checkJournal(
  { journalFile }: Pick<MigrationFolder, 'journalFile'>,
  migrations: readonly LocatedMigration[],
): Finding[] {
  if (journalFile === null) return [];
  const entries = migrations.filter((migration): migration is Entry => migration.when !== null);
  return [
    ...checkOrder(journalFile, entries),
    ...checkSeconds(journalFile, entries),
    ...checkGaps(journalFile, migrations),
  ];
}
