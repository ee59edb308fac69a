// What was measured of fleets, and how the manual shows it.
import type { FleetEngine } from '../../src/fleet/protocol.ts';
import type { RowCounts } from '../../src/object/commands.ts';

/** The kinds of objects whose rows are measured. */
export const KINDS = ['behind', 'drizzle', 'fresh', 'unknown', 'fails', 'deleted'] as const;

/** What figures.json holds: `measure.ts` writes the rows and the ledger, `npm run torture` prints the sweeps. */
export interface FleetFigures {
  /** Rows of one object in a first sweep and in a second, what is read to answer included. */
  readonly rows: Readonly<
    Record<(typeof KINDS)[number], { readonly first: RowCounts; readonly second: RowCounts }>
  >;
  readonly ledger: {
    readonly pagesPerSecond: number;
    readonly rowsReadPerPage: number;
    readonly rowsWrittenPerPage: number;
  };
  readonly sweeps: readonly {
    readonly engine: FleetEngine;
    readonly objects: number;
    readonly kills: number;
    readonly perSecond: number;
    readonly megabytes: number;
  }[];
}

const WORDS: Readonly<Record<(typeof KINDS)[number], string>> = {
  behind: "Drizzle's, two migrations behind: adopted, and migrated",
  drizzle: "Drizzle's, nothing pending: adopted",
  fresh: 'without a ledger: all migrations run',
  unknown: "Drizzle's, and refused for an unknown row",
  fails: "Drizzle's, and the last migration fails: rolled back",
  deleted: 'deleted: its tables are made and taken back',
};

const whole = (value: number): string => Math.round(value).toLocaleString('en-US');

const tableOf = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map((_, column) => (column === 0 ? '---' : '--:')), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');

/**
 * What the manual has of the figures, as markdown.
 *
 * @param figures what was measured
 */
export function manualPart({ rows, ledger, sweeps }: FleetFigures): string {
  const both = ({ read, written }: RowCounts): string => `${whole(read)} / ${whole(written)}`;
  return [
    tableOf(
      ['rows read / written of an object', 'first sweep', 'second sweep'],
      KINDS.map((kind) => [WORDS[kind], both(rows[kind].first), both(rows[kind].second)]),
    ),
    tableOf(
      ['all objects in one process', 'objects', 'killed', 'objects a second', 'memory'],
      sweeps.map(({ engine, objects, kills, perSecond, megabytes }) => [
        `\`${engine}\``,
        whole(objects),
        kills === 0 ? 'no' : `${kills} times`,
        whole(perSecond),
        `${whole(megabytes)} MB`,
      ]),
    ),
    `One ledger alone, without waking an object: ${whole(ledger.pagesPerSecond)} pages of 50 a second given out and written down, ` +
      `with ${whole(ledger.rowsReadPerPage)} rows read and ${whole(ledger.rowsWrittenPerPage)} written for a page.`,
  ].join('\n\n');
}

const PART = /(<!-- fleet figures -->\n)[\s\S]*?(<!-- \/fleet figures -->)/;

/**
 * A page with these figures in it.
 *
 * @param page the page's text, with the marks `<!-- fleet figures -->` and `<!-- /fleet figures -->`
 * @param figures what was measured
 */
export const withFigures = (page: string, figures: FleetFigures): string =>
  page.replace(PART, (_, start, end) => `${start}\n${manualPart(figures)}\n\n${end}`);
