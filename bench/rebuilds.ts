// What a rebuild costs where there are a million rows: its own SQL, and the check around it.
import { readFileSync } from 'node:fs';
import type { Rows } from './ask.ts';
import type { Rebuild } from './results.ts';
import type { Asker } from './runtime.ts';
import { REBUILDERS, SCENES } from './scenes.ts';
import { medianOf } from './statistics.ts';

/** The largest size so far of the processes that this one has started, in MB; Linux alone tells it. */
function peakMegabytes(): number | null {
  try {
    const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8');
    const peaks = children
      .split(' ')
      .filter(Boolean)
      .map((pid) => /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
    return Math.max(...peaks.map((peak) => Number(peak ?? 0) / 1024));
  } catch {
    return null;
  }
}

/**
 * Rebuilds tables beside a million rows.
 *
 * @param ask the runtime
 * @param rounds how often; the middle one counts
 */
export async function measureRebuilds(ask: Asker, rounds: number): Promise<Rebuild[]> {
  const measured: Rebuild[] = [];
  for (const scene of SCENES) {
    for (const by of REBUILDERS) {
      const times: number[] = [];
      let rows: Rows = { read: 0, written: 0 };
      let grown: number | null = null;
      for (let round = 0; round < rounds; round++) {
        const object = `rebuild ${scene} ${by} ${round}`;
        await ask({ do: 'fill', object, scene });
        await ask({ do: 'evict', objects: [object] });
        const before = peakMegabytes();
        const { took, answer } = await ask({ do: 'rebuild', object, scene, by });
        const after = peakMegabytes();
        if (before !== null && after !== null) grown = Math.max(grown ?? 0, after - before);
        rows = answer as Rows;
        times.push(took);
        await ask({ do: 'evict', objects: [object] });
      }
      measured.push({ scene, by, milliseconds: medianOf(times), ...rows, grownMegabytes: grown });
    }
  }
  return measured;
}
