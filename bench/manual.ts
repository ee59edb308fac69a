// The manual's part, docs/why/cost.md: ratios and rows, never times but of one first wake.
import { COMPARED_AT, checkBudgets } from './budgets.ts';
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

/** Whom charts and manual show. */
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

/** What was aimed at, and what came out. */
const budgetTable = (results: Results): string =>
  [
    ['budget', 'limit', 'measured', ''],
    ['---', '---', '---', '---'],
    ...checkBudgets(results).map(({ what, limit, measured, met }) => [
      what,
      limit,
      measured,
      met ? 'met' : '**missed**',
    ]),
  ]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');

/**
 * What the manual has from a run, as markdown.
 *
 * @param results what was measured
 */
export function manualPart(results: Results): string {
  const { warm, cold, fresh, bundles, sizes } = results;
  const head = [
    '',
    ...sizes.map((size) => `nothing to do, ${size.toLocaleString('en-US')}`),
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
  return `${table}\n\n${notes(results)}\n\nWhat was aimed at:\n\n${budgetTable(results)}`;
}

/** Where the part stands in the page. */
const PART = /(<!-- bench -->\n)[\s\S]*?(<!-- \/bench -->)/;

/**
 * A page with the part of a run in it.
 *
 * @param page the page's text, with the marks `<!-- bench -->` and `<!-- /bench -->`
 * @param results what was measured
 */
export const withManualPart = (page: string, results: Results): string =>
  page.replace(PART, (_, start, end) => `${start}\n${manualPart(results)}\n\n${end}`);
