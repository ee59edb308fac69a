// What we hold ourselves to. The rows are also tests: test/workers/budget.test.ts.
import {
  BASELINE,
  CONVERTED,
  type Contender,
  DO_ORM,
  DRIZZLE_0,
  DRIZZLE_1,
  INLINE,
  isOurs,
} from './contenders.ts';
import type { Rebuild, Results, RowCount } from './results.ts';
import type { Rebuilder, Scene } from './scenes.ts';
import { medianOf } from './statistics.ts';

export interface Budget {
  what: string;
  limit: string;
  /** The worst that was measured. */
  measured: string;
  met: boolean;
}

/** Where drizzle-offramp is compared with the others. */
export const COMPARED_AT = 300;
/** Hundreds of entries are rarely written out where they are passed, and what compares them had better be simple. */
const INLINE_LIMITS = [
  [30, 2],
  [300, 4],
] as const;
/** In milliseconds, where the platform has a SHA-256 that need not be awaited. */
const FIRST_LIMITS = [
  ['bundle 0.x', 10],
  [CONVERTED, 1],
] as const;
const BUNDLE_BYTES = 13.5 * 1024;

const times = (ratio: number): string => `${ratio.toFixed(2)}×`;
const worstOf = <T>(list: readonly T[], value: (item: T) => number): T =>
  list.toSorted((a, b) => value(b) - value(a))[0] as T;

function atMost(
  what: string,
  limit: number,
  cells: readonly { contender: string; size: number; ratio: { median: number } }[],
): Budget {
  const worst = worstOf(cells, ({ ratio }) => ratio.median);
  return {
    what,
    limit: `≤ ${times(limit)}`,
    measured: `${times(worst.ratio.median)} (${worst.contender}, N = ${worst.size})`,
    met: worst.ratio.median <= limit,
  };
}

/**
 * Where all forms do the same, the middle one of each size counts: the dearest of many would be the one that the machine
 * disturbed most.
 */
function middleAtMost(
  what: string,
  limit: number,
  cells: readonly { size: number; ratio: { median: number } }[],
): Budget {
  const middles = [...new Set(cells.map(({ size }) => size))].map((size) => {
    const ratios = cells.filter((cell) => cell.size === size).map(({ ratio }) => ratio.median);
    return { size, ratio: medianOf(ratios), low: Math.min(...ratios), high: Math.max(...ratios) };
  });
  const { size, ratio, low, high } = worstOf(middles, ({ ratio }) => ratio);
  return {
    what,
    limit: `≤ ${times(limit)}`,
    measured: `${times(ratio)} (N = ${size}; the forms ${times(low)} to ${times(high)})`,
    met: ratio <= limit,
  };
}

function cheaperThan({ warm }: Results, others: readonly Contender[], limit: number): Budget {
  const here = warm.filter(({ size }) => size === COMPARED_AT);
  const medians = (wanted: (contender: Contender) => boolean): number[] =>
    here
      .filter(({ contender }) => wanted(contender))
      .map(({ microseconds }) => microseconds.median);
  const ours = Math.max(...medians((contender) => isOurs(contender) && contender !== INLINE));
  const ratio = Math.min(...medians((contender) => others.includes(contender))) / ours;
  return {
    what: `nothing to do, N = ${COMPARED_AT}: cheaper than ${others.join(' and ')}`,
    limit: `≥ ${limit}×`,
    measured: `${ratio.toFixed(1)}×`,
    met: ratio >= limit,
  };
}

interface RowLimit {
  what: string;
  limit: string;
  counts: RowCount[];
  /** How many rows over the limit. */
  over: (count: RowCount) => { read: number; written: number };
}

function rowBudget({ what, limit, counts, over }: RowLimit): Budget {
  const excess = (count: RowCount): number => Math.max(over(count).read, over(count).written);
  const worst = worstOf(counts, excess);
  const { read, written } = over(worst);
  const met = excess(worst) <= 0;
  const by = [read > 0 ? `${read} read` : '', written > 0 ? `${written} written` : ''].filter(
    (text) => text !== '',
  );
  return {
    what,
    limit,
    measured: met
      ? `all ${counts.length}`
      : `${by.join(', ')} too many (${worst.contender}, N = ${worst.size})`,
    met,
  };
}

function rowBudgets({ rows }: Results): Budget[] {
  const ours = (what: RowCount['what']) =>
    rows.filter((count) => count.what === what && isOurs(count.contender));
  const bare = (size: number): RowCount =>
    rows.find((count) => count.contender === 'bare exec' && count.size === size) as RowCount;
  return [
    {
      what: 'nothing to do: rows',
      limit: '1 read, 0 written',
      counts: ours('nothing to do'),
      over: ({ read, written }: RowCount) => ({ read: read - 1, written }),
    },
    {
      what: 'fresh object: rows more than the SQL alone',
      limit: '≤ N + 8 read, N + 4 written',
      counts: ours('fresh object'),
      over: ({ read, written, size }: RowCount) => ({
        read: read - bare(size).read - size - 8,
        written: written - bare(size).written - size - 4,
      }),
    },
    {
      what: 'adoption: rows',
      limit: '≤ N + 4 written',
      counts: [...ours('adopt 0.x'), ...ours('adopt 1.x')],
      over: ({ written, size }: RowCount) => ({ read: 0, written: written - size - 4 }),
    },
  ].map(rowBudget);
}

/** A new object that begins with a baseline; none in results that are older than that. */
function baselineBudgets({ fresh, rows }: Results): Budget[] {
  const timings = fresh.filter((one) => one.contender === BASELINE && one.size === COMPARED_AT);
  const readOf = (contender: string): number =>
    rows.find(
      (one) =>
        one.what === 'fresh object' && one.contender === contender && one.size === COMPARED_AT,
    )?.read ?? Number.NaN;
  if (timings.length === 0) return [];
  const share = readOf(BASELINE) / readOf('bare exec');
  return [
    atMost(
      `new object with a baseline, over the history's SQL alone, N = ${COMPARED_AT} (without the making of the object)`,
      0.25,
      timings,
    ),
    {
      what: 'the same: rows read',
      limit: '≤ 3 %',
      measured: `${(share * 100).toFixed(1)} % (${readOf(BASELINE)} of ${readOf('bare exec')})`,
      met: share <= 0.03,
    },
  ];
}

/** A rebuild where there are a million rows. */
function rebuildBudgets({ rebuilds = [] }: Partial<Results>): Budget[] {
  const of = (scene: Scene, by: Rebuilder): Rebuild | undefined =>
    rebuilds.find((rebuild) => rebuild.scene === scene && rebuild.by === by);
  const unrelated = of('an unrelated table', 'drizzle-offramp')?.read ?? Number.NaN;
  const [ours, bare] = [
    of('a parent of a million rows', 'drizzle-offramp'),
    of('a parent of a million rows', 'its bare SQL'),
  ];
  const ratio = Math.max(
    (ours?.milliseconds ?? Number.NaN) / (bare?.milliseconds ?? Number.NaN),
    (ours?.read ?? Number.NaN) / (bare?.read ?? Number.NaN),
  );
  const grown = of('beside a million violations', 'drizzle-offramp')?.grownMegabytes ?? Number.NaN;
  return [
    {
      what: 'rebuild of a table beside a million rows of others: rows read',
      limit: '< 100',
      measured: String(unrelated),
      met: unrelated < 100,
    },
    {
      what: 'rebuild of a parent of a million rows, over its SQL alone (time and rows read)',
      limit: `≤ ${times(1.5)}`,
      measured: times(ratio),
      met: ratio <= 1.5,
    },
    {
      what: 'rebuild beside a million violations: growth of the process',
      limit: '≤ 128 MB',
      measured: `${grown.toFixed(0)} MB`,
      met: grown <= 128,
    },
  ];
}

/**
 * Holds the results against the budgets.
 *
 * @param results what was measured
 */
export function checkBudgets(results: Results): Budget[] {
  const { warm, cold, fresh, bundles, firstWake } = results;
  const ours = warm.filter(({ contender }) => isOurs(contender));
  const bytes = bundles.find(({ what }) => what === 'drizzle-offramp')?.gzipped ?? Number.NaN;
  const firstOf = (form: string): number =>
    firstWake.find((wake) => wake.form === form)?.microseconds.median ?? Number.NaN;
  return [
    atMost(
      'nothing to do, over a bare SELECT',
      1.3,
      ours.filter(({ contender }) => contender !== INLINE),
    ),
    ...INLINE_LIMITS.map(([at, limit]) =>
      atMost(
        `the same, ${INLINE}, N = ${at}`,
        limit,
        ours.filter(({ contender, size }) => contender === INLINE && size === at),
      ),
    ),
    cheaperThan(results, [DRIZZLE_0, DRIZZLE_1], 15),
    cheaperThan(results, [DO_ORM], 10),
    middleAtMost(
      'cold wake, over a bare SELECT',
      1.03,
      cold.filter(({ contender }) => isOurs(contender)),
    ),
    atMost(
      'wake of a class behind withMigrations with nothing to do, over one with a bare SELECT',
      1.3,
      results.wrapped.filter(({ contender }) => contender !== 'constructed'),
    ),
    middleAtMost(
      'fresh object, over the SQL alone',
      1.1,
      fresh.filter(({ contender }) => isOurs(contender)),
    ),
    ...baselineBudgets(results),
    ...rowBudgets(results),
    ...rebuildBudgets(results),
    {
      what: 'added to the Worker, gzipped',
      limit: `≤ ${BUNDLE_BYTES.toLocaleString('en-US')} B`,
      measured: `${bytes.toLocaleString('en-US')} B`,
      met: bytes <= BUNDLE_BYTES,
    },
    ...FIRST_LIMITS.map(([form, milliseconds]) => ({
      what: `first wake of an isolate, ${form} of 1,000 × 5 KB`,
      limit: `≤ ${milliseconds} ms`,
      measured: `${(firstOf(form) / 1000).toFixed(2)} ms`,
      met: firstOf(form) <= milliseconds * 1000,
    })),
  ];
}
