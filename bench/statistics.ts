/** The middle of many samples, and how far the middle half of them reaches. */
export interface Spread {
  median: number;
  /** First and third quartile. */
  low: number;
  high: number;
  samples: number;
}

function quantile(sorted: readonly number[], q: number): number {
  const at = (sorted.length - 1) * q;
  const below = sorted[Math.floor(at)] as number;
  const above = sorted[Math.ceil(at)] as number;
  return below + (above - below) * (at % 1);
}

export function spreadOf(samples: readonly number[]): Spread {
  const sorted = samples.toSorted((a, b) => a - b);
  return {
    median: quantile(sorted, 0.5),
    low: quantile(sorted, 0.25),
    high: quantile(sorted, 0.75),
    samples: sorted.length,
  };
}

export const medianOf = (samples: readonly number[]): number => spreadOf(samples).median;

/** Each sample over the one of the same round, so that a machine that is slow for a while is slow for both. */
export const ratiosOf = (
  samples: readonly number[],
  beside: readonly number[] | undefined,
): number[] => samples.map((sample, round) => sample / (beside?.[round] as number));
