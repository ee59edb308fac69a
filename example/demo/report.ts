import { styleText } from 'node:util';
import Table from 'cli-table3';
import { type Count, countRows } from './compare.ts';
import { fleet } from './fleet.ts';
import { lastOf, readLedger } from './history.ts';
import type { Contents } from './storage.ts';

const number = (value: number): string => value.toLocaleString('en-US');

// A rule below the head is all the lines these tables need; so they fit into 100 columns.
const bare = Object.fromEntries(
  ['top', 'bottom', 'left', 'right']
    .flatMap((side) => [side, `${side}-mid`, `${side}-left`, `${side}-right`])
    .map((name) => [name, '']),
);
const chars = { ...bare, middle: '  ', mid: '─', 'mid-mid': '──' };

const tableOf = (columns: [head: string, align: 'left' | 'right'][]) =>
  new Table({
    head: columns.map(([head]) => styleText('bold', head)),
    colAligns: columns.map(([, align]) => align),
    chars,
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 0 },
  });

/** One line an object: where it stood, what the new deploy did, and its rows. */
export function fleetTable(before: Contents[], after: Contents[]): string {
  const table = tableOf([
    ['Object', 'left'],
    ['Class', 'left'],
    ['Before', 'left'],
    ['Adopted', 'right'],
    ['Applied', 'left'],
    ['Rows', 'right'],
    ['Rows after', 'right'],
    ['Old ledger', 'left'],
  ]);
  for (const [index, { name, className }] of fleet.entries()) {
    const old = before[index] as Contents;
    const now = after[index] as Contents;
    const { adopted, applied, healed } = readLedger(now);
    const marks = healed.map(({ tag }) => styleText('yellow', `${tag.slice(0, 4)} healed`));
    table.push([
      name,
      className,
      lastOf(old)?.tag ?? styleText('dim', 'new'),
      adopted.length,
      [applied.length, ...marks].join(', '),
      number(countRows(old)),
      number(countRows(now)),
      now.drizzleLedger ? styleText('red', 'still there') : styleText('green', 'gone'),
    ]);
  }
  return table.toString();
}

const sum = (counts: Count[], of: 'before' | 'after' | 'missing'): number =>
  counts.reduce((total, count) => total + count[of], 0);

const rowsOnly = (counts: Count[]) => counts.filter(({ column }) => !column);
const referencesOnly = (counts: Count[]) => counts.filter(({ column }) => column);

/** The rows of every table, and the references that were emptied, after ours and after Drizzle's migrator. */
export function childrenTable(ours: Count[], drizzles: Count[]): string {
  const table = tableOf([
    ['In all objects', 'left'],
    ['Before', 'right'],
    ['drizzle-offramp', 'right'],
    ["Drizzle's migrator", 'right'],
    ['Lost', 'right'],
  ]);
  const titleOf = ({ table, column }: Count) => (column ? `${table}.${column} set` : table);
  for (const title of new Set(ours.map(titleOf).sort())) {
    const own = ours.filter((count) => titleOf(count) === title);
    const drizzle = drizzles.filter((count) => titleOf(count) === title);
    // References matter where the row stayed and its reference did not.
    if (own[0]?.column && sum([...own, ...drizzle], 'missing') === 0) continue;
    const lost = sum(drizzle, 'missing');
    table.push([
      title,
      number(sum(own, 'before')),
      number(sum(own, 'after')),
      number(sum(drizzle, 'after')),
      lost ? styleText('red', number(lost)) : 0,
    ]);
  }
  return table.toString();
}

export function summary(
  before: Contents[],
  after: Contents[],
  ours: Count[],
  drizzles: Count[],
): string {
  const missing = number(sum(rowsOnly(ours), 'missing'));
  const deleted = number(sum(rowsOnly(drizzles), 'missing'));
  const emptied = number(sum(referencesOnly(drizzles), 'missing'));
  return (
    `${fleet.length} objects, ${number(countRows(...before))} rows before, ` +
    `${number(countRows(...after))} after, ${missing} missing; ` +
    `Drizzle's migrator would have deleted ${deleted} and emptied ${emptied} references.`
  );
}
