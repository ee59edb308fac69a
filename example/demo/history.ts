import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Contents, Row } from './storage.ts';

interface Entry {
  idx: number;
  when: number;
  tag: string;
}

const file = join(import.meta.dirname, '../../drizzle/meta/_journal.json');

/** The entries of drizzle-kit's journal. */
export const journal: Entry[] = JSON.parse(readFileSync(file, 'utf8')).entries;

/** Both ledgers keep the `when` of a journal's entry. */
const entriesOf = (rows: Row[] = []): Entry[] => {
  const whens = rows.map((row) => Number(row.created_at));
  return journal.filter(({ when }) => whens.includes(when));
};

/** The last migration in Drizzle's ledger. */
export const lastOf = ({ drizzleLedger }: Contents): Entry | undefined =>
  entriesOf(drizzleLedger).at(-1);

/** What the ledger says of how each migration came to an object. */
export function readLedger({ ledger = [] }: Contents) {
  const adopted = entriesOf(ledger.filter(({ origin }) => origin === 'drizzle'));
  const applied = entriesOf(ledger.filter(({ origin }) => origin === 'applied'));
  const last = adopted.at(-1)?.idx ?? -1;
  return { adopted, applied, outOfOrder: applied.filter(({ idx }) => idx < last) };
}
