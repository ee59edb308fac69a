import { journal } from './history.ts';

export type ClassName = 'Inbox' | 'Archive';

export interface FleetObject {
  className: ClassName;
  name: string;
  /** The journal's entries in each deploy of Drizzle's migrator that woke this object. */
  deploys: number[][];
  /** How much it is filled with. */
  size: number;
}

const upTo = (count: number) => journal.slice(0, count).map(({ idx }) => idx);

/** One object that was last awake when the journal had `count` entries. */
const at = (count: number) => (count === 0 ? [] : [upTo(count)]);

/** A branch with the labels was merged after the next entry had been deployed: Drizzle skips them. */
const LABELS = 4;
const mergedLate = (count: number) => [
  upTo(LABELS + 2).filter((idx) => idx !== LABELS),
  upTo(count),
];

const inboxes: [name: string, deploys: number[][]][] = [
  ['acme', at(0)],
  ['birch', at(0)],
  ['cobalt', at(1)],
  ['delta', at(2)],
  ['ember', at(3)],
  ['fjord', at(4)],
  ['grove', at(5)],
  ['harbor', at(6)],
  ['indigo', at(7)],
  ['juniper', at(7)],
  ['kestrel', at(8)],
  ['lagoon', at(9)],
  ['maple', at(10)],
  ['nimbus', at(11)],
  ['onyx', mergedLate(7)],
  ['pine', mergedLate(11)],
];

const archives: [name: string, deploys: number[][]][] = [
  ['acme', at(0)],
  ['cobalt', at(1)],
  ['ember', at(4)],
  ['harbor', at(6)],
  ['indigo', at(7)],
  ['kestrel', at(8)],
  ['maple', at(10)],
  ['nimbus', at(11)],
];

const objects = (className: ClassName, list: typeof inboxes): FleetObject[] =>
  list.map(([name, deploys], index) => ({ className, name, deploys, size: 1 + (index % 3) }));

export const fleet = [...objects('Inbox', inboxes), ...objects('Archive', archives)];
