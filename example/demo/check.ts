import { isDeepStrictEqual } from 'node:util';
import { compare } from './compare.ts';
import { fleet } from './fleet.ts';
import { journal, readLedger } from './history.ts';
import { type Contents, DRIZZLE_LEDGER } from './storage.ts';

const nameOf = (object: number): string => `${fleet[object]?.className} ${fleet[object]?.name}`;

/** The names of all that migrations make. */
const shapeOf = ({ tables, indexes }: Contents): string[] => [
  ...[...tables].map(([name, { columns }]) => `${name} (${columns.toSorted().join(', ')})`),
  ...indexes,
];

/** What is wrong after the first wake of every object (`after`) or the second (`again`). */
export function faultsOf(before: Contents[], after: Contents[], again: Contents[]): string[] {
  const faults = compare(before, after)
    .filter(({ missing }) => missing > 0)
    .map(
      ({ object, table, column, before, missing }) =>
        `${nameOf(object)}: ${missing} of ${before} ${column ? `references of ${column}` : 'rows'}` +
        ` are missing in ${table}`,
    );
  const fresh = before.findIndex(({ tables }) => tables.size === 0);
  const shape = shapeOf(after[fresh] as Contents);
  for (const [object, contents] of after.entries()) {
    const { adopted, applied } = readLedger(contents);
    const fault = (what: string) => faults.push(`${nameOf(object)}: ${what}`);
    if (contents.drizzleLedger) fault(`${DRIZZLE_LEDGER} still stands`);
    if (adopted.length + applied.length !== journal.length) fault('its ledger is not complete');
    if (!isDeepStrictEqual(shapeOf(contents), shape))
      fault('its schema is not that of a new object');
    if (!isDeepStrictEqual(contents, again[object])) fault('the second wake changed something');
  }
  return faults;
}
