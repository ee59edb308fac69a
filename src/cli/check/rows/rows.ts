// What of a migration depends on the rows of an object: which rows make it throw, or are lost or changed in silence,
// each with the query that finds them before the migration runs.
import { findMistyped, findNulls, findRefused } from './constraints.ts';
import { findLostDefinition } from './definition.ts';
import { findDuplicates } from './keys.ts';
import type { Migrated, SaidOfRows } from './migrated.ts';
import { findFired, findMovedReferences, findRecreated } from './recreated.ts';
import { findOrphans } from './references.ts';
import { findRenumbered } from './search.ts';
import { findMalformed, findSeeds } from './statements.ts';
import { findChanged, findOverwritten } from './values.ts';

const OF_EACH = [
  findNulls,
  findRefused,
  findMistyped,
  findOrphans,
  findChanged,
  findOverwritten,
  findLostDefinition,
  findRenumbered,
];

const OF_ALL = [findMalformed, findSeeds, findRecreated, findMovedReferences, findFired];

/**
 * What of a migration depends on the rows of an object.
 *
 * @param migrated the migration, and the schemas around it
 */
export function checkRows(migrated: Migrated): SaidOfRows[] {
  const found = migrated.effects.touched.flatMap((table): SaidOfRows[] => {
    if (migrated.reader.held(table).length === 0) return [];
    const after = migrated.is(table.name);
    if (after === undefined) return [];
    const parts = migrated.partsOf(table, after);
    return [
      ...parts.flatMap((part) => OF_EACH.flatMap((find) => find(migrated, part, after))),
      ...findDuplicates(migrated, parts, after),
    ];
  });
  const said = [...found, ...OF_ALL.flatMap((find) => find(migrated))];
  // A table that stands twice in a copy gives the same to say twice.
  return said.filter(({ message }, i) => said.findIndex((one) => one.message === message) === i);
}
