// The results for a terminal.

import { styleText } from 'node:util';
import Table from 'cli-table3';
import { checkBudgets } from './budgets.ts';
import type { Results, RowCount, Timing } from './results.ts';
import type { Spread } from './statistics.ts';

const number = (value: number): string => Math.round(value).toLocaleString('en-US');

/** Three digits, and the unit that fits. */
function time(microseconds: number): string {
  const [value, unit] = microseconds >= 1000 ? [microseconds / 1000, 'ms'] : [microseconds, 'µs'];
  return `${value.toPrecision(value < 100 ? 3 : Math.ceil(Math.log10(value + 1)))} ${unit}`;
}

const ratio = ({ median, low, high }: Spread): string =>
  `${median.toFixed(2)}× ${styleText('dim', `${low.toFixed(2)}–${high.toFixed(2)}`)}`;

const bare = Object.fromEntries(
  ['top', 'bottom', 'left', 'right']
    .flatMap((side) => [side, `${side}-mid`, `${side}-left`, `${side}-right`])
    .map((name) => [name, '']),
);
const chars = { ...bare, middle: '   ', mid: '─', 'mid-mid': '───' };

function tableOf(title: string, head: readonly string[], rows: readonly string[][]): string {
  const table = new Table({
    head: head.map((text) => styleText('bold', text)),
    colAligns: head.map((_, column) => (column === 0 ? 'left' : 'right')),
    chars,
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 0 },
  });
  table.push(...rows);
  return `${styleText('bold', title)}\n\n${table.toString()}`;
}

/** One row a name, one column a size. */
function bySize<T extends { size: number }>(
  title: string,
  sizes: readonly number[],
  cells: readonly T[],
  nameOf: (cell: T) => string,
  show: (cell: T) => string,
): string {
  const names = [...new Set(cells.map(nameOf))];
  const rows = names.map((name) => [
    name,
    ...sizes.map((size) => {
      const cell = cells.find((cell) => nameOf(cell) === name && cell.size === size);
      return cell === undefined ? '' : show(cell);
    }),
  ]);
  return tableOf(title, ['', ...sizes.map((size) => `N = ${number(size)}`)], rows);
}

const showTiming = ({ microseconds, ratio: to }: Timing<string>): string =>
  `${time(microseconds.median)}  ${ratio(to)}`;

/**
 * All that was measured, and the budgets.
 *
 * @param results what was measured
 */
export function tables(results: Results): string {
  const { machine, sizes, warm, cold, fresh, adoption, rows, bundles, firstWake } = results;
  const nameOf = ({ contender }: { contender: string }) => contender;
  const showRows = ({ read, written }: RowCount) => `${number(read)} / ${number(written)}`;
  const rowsOf = (what: RowCount['what']) => rows.filter((count) => count.what === what);
  const budgets = checkBudgets(results).map(({ what, limit, measured, met }) => [
    what,
    limit,
    measured,
    met ? styleText('green', '✓ met') : styleText('red', '✗ missed'),
  ]);
  return [
    Object.entries(machine)
      .map(([name, value]) => `${name} ${value}`)
      .join(', '),
    'Medians; × is over what the title says, round by round, and behind it the middle half of the rounds.',
    bySize('Nothing to do, in one instance; × a bare SELECT', sizes, warm, nameOf, showTiming),
    bySize(
      'Cold wake of an evicted object; × the same with a bare SELECT',
      sizes,
      cold,
      nameOf,
      showTiming,
    ),
    bySize(
      'A class behind withMigrations; × one with a bare SELECT in its constructor',
      sizes,
      results.wrapped,
      nameOf,
      showTiming,
    ),
    bySize('Fresh object; × the SQL alone, in one transaction', sizes, fresh, nameOf, showTiming),
    bySize(
      'Adoption; × a wake with a bare SELECT',
      sizes,
      adoption,
      ({ left, contender }) => `${left} → ${contender}`,
      showTiming,
    ),
    ...(['nothing to do', 'fresh object', 'adopt 0.x', 'adopt 1.x'] as const).map((what) =>
      bySize(`Rows read / written: ${what}`, sizes, rowsOf(what), nameOf, showRows),
    ),
    tableOf(
      'Added to a Worker, in bytes, and how long a new context of V8 takes to compile and evaluate it',
      ['', 'minified', 'gzipped', 'of it error text', 'evaluated in'],
      bundles.map(({ what, minified, gzipped, errorText, evaluateMicroseconds }) => [
        what,
        number(minified),
        number(gzipped),
        errorText === undefined
          ? ''
          : `${number(errorText.minified)} (${number(errorText.gzipped)} gzipped)`,
        evaluateMicroseconds === undefined ? '' : time(evaluateMicroseconds.median),
      ]),
    ),
    tableOf(
      "An isolate's first call, more than a SELECT",
      ['', 'migrations', 'bytes each', 'time', 'middle half'],
      firstWake.map(({ form, size, bytes, microseconds: { median, low, high } }) => [
        form,
        number(size),
        number(bytes),
        time(median),
        `${time(low)} – ${time(high)}`,
      ]),
    ),
    tableOf('Budgets', ['', 'budget', 'measured', ''], budgets),
  ].join('\n\n');
}
