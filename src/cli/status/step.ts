import { plural } from '../output.ts';
import type { ObjectStatus } from './inspect-object.ts';
import type { Source } from './source.ts';

/** A step of the way out of Drizzle, and what comes next. */
export interface Step {
  /** 1: keep drizzle-kit; 2: swap the migrator call; 3: leave Drizzle. */
  readonly step: 1 | 2 | 3;
  /** How far the fleet is, in a sentence. */
  readonly reached: string;
  /** What to do next, in a sentence. */
  readonly next: string;
}

const isAdopted = ({ trackers }: ObjectStatus): boolean => trackers.includes('drizzle-offramp');
const isDrizzles = ({ trackers }: ObjectStatus): boolean =>
  trackers.some((tracker) => tracker.startsWith('Drizzle'));

function nextOfLast(mirrored: number, sources: readonly Source[]): string {
  if (mirrored > 0) {
    return (
      `${plural(mirrored, 'object')} still ${mirrored === 1 ? 'has' : 'have'} Drizzle's ledger. When no deploy with ` +
      "Drizzle's migrator can come back, drop the option drizzle: 'mirror': the ledger is retired at the next wake."
    );
  }
  const folders = sources.filter(({ kind }) => kind === 'folder').map(({ path }) => path);
  if (folders.length > 0) {
    return (
      `Run \`drizzle-offramp convert${folders.length === 1 ? ` ${folders[0]}` : ''}\` and pass what it writes to ` +
      '`migrate`: no .sql imports any more.'
    );
  }
  if (sources.some(({ folder, ejected }) => folder !== undefined && !ejected)) {
    return 'Go on with `drizzle-kit generate` and `drizzle-offramp convert` as long as you like; `drizzle-offramp eject` leaves drizzle-kit.';
  }
  return 'Nothing: write migrations with `drizzle-offramp new <name>`.';
}

/**
 * Tells which step of the way the fleet has reached. Objects that nobody tracks are new, and count for nothing.
 *
 * @param objects the fleet
 * @param sources where the migrations came from
 */
export function stepOf(objects: readonly ObjectStatus[], sources: readonly Source[]): Step {
  const tracked = objects.filter(({ trackers }) => trackers.length > 0);
  const adopted = tracked.filter(isAdopted);
  const of = `${adopted.length} of ${plural(tracked.length, 'object')}`;
  if (adopted.length === 0) {
    return {
      step: 1,
      reached:
        tracked.length === 0
          ? 'keep drizzle-kit: nobody tracks an object yet'
          : `keep drizzle-kit: drizzle-offramp has adopted ${of} so far`,
      next:
        "Swap the call: import { migrate } from 'drizzle-offramp/durable-sqlite/migrator' instead of " +
        "'drizzle-orm/durable-sqlite/migrator'. Each object is adopted as it wakes.",
    };
  }
  if (adopted.length < tracked.length) {
    return {
      step: 2,
      reached: `swap the migrator call: drizzle-offramp has adopted ${of}`,
      next: 'Nothing: the others are adopted as they wake.',
    };
  }
  return {
    step: 3,
    reached: `leave Drizzle: drizzle-offramp has adopted ${of}`,
    next: nextOfLast(adopted.filter(isDrizzles).length, sources),
  };
}
