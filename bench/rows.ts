// Rows read and written: exact, and what Cloudflare bills.
import type { Rows } from './ask.ts';
import { BASELINE, type Job, MIGRATORS } from './contenders.ts';
import type { RowCount } from './results.ts';
import type { Asker } from './runtime.ts';
import { ADOPTIONS } from './wakes.ts';

/**
 * Counts the rows that each contender costs.
 *
 * @param ask the runtime
 * @param size how many migrations
 * @throws if a contender did not make what the SQL alone makes
 */
export async function countRows(ask: Asker, size: number): Promise<RowCount[]> {
  const counts: RowCount[] = [];
  const count = async (
    what: RowCount['what'],
    contender: string,
    object: string,
    job: Job,
  ): Promise<void> => {
    const rows = (await ask({ do: 'rows', object, job, size })).answer as Rows;
    counts.push({ what, contender, size, ...rows });
    await ask({ do: 'evict', objects: [object] });
  };
  const made: unknown[] = [];
  for (const job of ['bare exec', BASELINE, ...MIGRATORS] as const) {
    const object = `rows ${size} ${job}`;
    await count('fresh object', job, object, job);
    const again = job === 'bare exec' ? 'bare SELECT' : job;
    await count('nothing to do', again, object, again);
    made.push((await ask({ do: 'made', object })).answer);
  }
  if (new Set(made).size !== 1) throw new Error(`Not all made the same schema: ${made.join(', ')}`);
  for (const { left, by } of ADOPTIONS) {
    const object = `rows ${size} ${left} ${by}`;
    await ask({ do: 'wake', objects: [object], job: left, size });
    await ask({ do: 'evict', objects: [object] });
    await count(left === 'Drizzle 0.45' ? 'adopt 0.x' : 'adopt 1.x', by, object, by);
  }
  return counts;
}
