import { styleText } from 'node:util';
import Table from 'cli-table3';
import { countRows } from './compare.ts';
import type { Figures } from './figures.ts';
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
    const { adopted, applied, outOfOrder } = readLedger(now);
    const marks = outOfOrder.map(({ tag }) =>
      styleText('yellow', `${tag.slice(0, 4)} out of order`),
    );
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

/** The rows of every table, and the references that were emptied, after ours and after Drizzle's migrator. */
export function childrenTable({ lines }: Figures): string {
  const table = tableOf([
    ['In all objects', 'left'],
    ['Before', 'right'],
    ['drizzle-offramp', 'right'],
    ["Drizzle's migrator", 'right'],
    ['Lost', 'right'],
  ]);
  for (const { name, before, ours, drizzle, lost } of lines) {
    const title = name.includes('.') ? `${name} set` : name;
    const shown = lost ? styleText('red', number(lost)) : 0;
    table.push([title, number(before), number(ours), number(drizzle), shown]);
  }
  return table.toString();
}

export const summary = (figures: Figures): string =>
  `${figures.objects} objects, ${number(figures.before)} rows before, ` +
  `${number(figures.after)} after, ${number(figures.missing)} missing; ` +
  `Drizzle's migrator would have deleted ${number(figures.deleted)} and emptied ${number(figures.emptied)} references.`;
