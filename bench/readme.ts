// The README's part: ratios and rows, never times.
import { COMPARED_AT } from './budgets.ts';
import {
  type Contender,
  DO_ORM,
  DRIZZLE_0,
  DRIZZLE_1,
  DURABLE_UTILS,
  FLOOR,
  INLINE,
  isOurs,
  OURS,
} from './contenders.ts';
import type { Results, Timing } from './results.ts';
import { medianOf } from './statistics.ts';

const OWN = 'drizzle-offramp';
/** Ours in all forms that are the same object on each wake stand in one line, by the dearest. */
const CONSTANT: readonly Contender[] = OURS.filter((form) => form !== INLINE);

export interface Line {
  title: string;
  contenders: readonly Contender[];
  /** What it is called among the bundles. */
  bundle?: string;
}

/** Whom charts and README show. */
export const LINES: readonly Line[] = [
  { title: 'a bare SELECT', contenders: [FLOOR] },
  { title: OWN, contenders: CONSTANT, bundle: OWN },
  { title: 'drizzle-offramp, inline record', contenders: [INLINE], bundle: OWN },
  { title: 'durable-utils 0.3.5', contenders: [DURABLE_UTILS], bundle: DURABLE_UTILS },
  { title: 'do-orm (double)', contenders: [DO_ORM] },
  { title: 'Drizzle 0.45.4', contenders: [DRIZZLE_0], bundle: DRIZZLE_0 },
  { title: 'Drizzle 1.0.0-rc.5', contenders: [DRIZZLE_1], bundle: DRIZZLE_1 },
];

/**
 * The ratio of a line: of the dearest of its contenders.
 *
 * @param cells the timings of one kind
 * @param line who
 * @param size how many migrations
 * @param pick which of several counts, if not the dearest
 */
export const ratioOf = (
  cells: readonly Timing<string>[],
  { contenders }: Line,
  size: number,
  pick: (ratios: number[]) => number = (ratios) => Math.max(...ratios),
): number | undefined => {
  const ratios = cells
    .filter((cell) => cell.size === size && (contenders as string[]).includes(cell.contender))
    .map(({ ratio }) => ratio.median);
  return ratios.length === 0 ? undefined : pick(ratios);
};

/** Rows read on a wake with nothing to do. */
export const rowsOf = ({ rows }: Results, { contenders }: Line, size: number): number =>
  Math.max(
    ...rows
      .filter(
        ({ what, contender, size: n }) =>
          what === 'nothing to do' && n === size && (contenders as string[]).includes(contender),
      )
      .map(({ read }) => read),
  );

const times = (ratio: number | undefined): string => {
  if (ratio === undefined) return '';
  return `${ratio < 10 ? ratio.toFixed(ratio < 2 ? 2 : 1) : Math.round(ratio)}×`;
};

/** What was measured, on what, and what the bytes are. */
function notes({ machine, bundles }: Results): string {
  const sizeOf = (name: string) => bundles.find(({ what }) => what === name);
  const kilobytes = (bytes = 0) => `${(bytes / 1000).toFixed(1)} KB`;
  const ours = sizeOf(OWN);
  const beside = [DRIZZLE_0, DRIZZLE_1].map((name) =>
    kilobytes(sizeOf(`${name}, beside its drizzle()`)?.gzipped),
  );
  return (
    `Of our ${kilobytes(ours?.gzipped)}, ${kilobytes(ours?.errorText?.gzipped)} are the messages of errors. In a Worker ` +
    `that queries with \`drizzle()\`, Drizzle's migrator adds no more than ${beside.join(' (0.45.4) or ')} (1.0.0-rc.5).\n\n` +
    `Measured on ${machine.date} with workerd ${machine.workerd} under Miniflare ${machine.miniflare}, on ` +
    `${machine.cores} cores of an ${machine.cpu}, ${machine.os}, Node ${machine.node}.`
  );
}

/**
 * What the README has from a run, as markdown.
 *
 * @param results what was measured
 */
export function readmePart(results: Results): string {
  const { warm, cold, fresh, bundles, sizes } = results;
  const head = [
    '',
    ...sizes.map((size) => `check, ${size.toLocaleString('en-US')}`),
    `rows, ${COMPARED_AT}`,
    `cold wake, ${COMPARED_AT}`,
    `fresh object, ${COMPARED_AT}`,
    'gzipped',
  ];
  const lines = LINES.map((line) => {
    const bytes = bundles.find(({ what }) => what === line.bundle)?.gzipped;
    const isFloor = line.contenders.includes(FLOOR);
    const cells = [
      line.title,
      ...sizes.map((size) => times(ratioOf(warm, line, size))),
      rowsOf(results, line, COMPARED_AT).toLocaleString('en-US'),
      isFloor ? '1.00×' : times(ratioOf(cold, line, COMPARED_AT, medianOf)),
      times(ratioOf(fresh, line, COMPARED_AT, medianOf)),
      bytes === undefined ? '' : `${(bytes / 1000).toFixed(1)} KB`,
    ];
    const bold = line.contenders.some(isOurs);
    return cells.map((cell, i) => (bold && i === 0 ? `**${cell}**` : cell));
  });
  const rule = head.map((_, i) => (i === 0 ? '---' : '--:'));
  const table = [head, rule, ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
  return `${table}\n\n${notes(results)}`;
}
