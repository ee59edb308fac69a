import { plural } from '../output.ts';
import type { ObjectStatus } from './inspect-object.ts';
import type { Source } from './source.ts';

/** A step of the way out of Drizzle, and what comes next. */
export interface Step {
  /** 1: keep drizzle-kit; 2: swap the call; 3: leave Drizzle (3a, 3b, 3c). */
  readonly step: 1 | 2 | 3;
  /** How far the fleet is, in a sentence. */
  readonly reached: string;
  /** What to do next, in a sentence. */
  readonly next: string;
}

/** Whether drizzle-offramp has a ledger in an object. */
const isAdopted = ({ trackers }: ObjectStatus): boolean => trackers.includes('drizzle-offramp');
const isDrizzles = ({ trackers }: ObjectStatus): boolean =>
  trackers.some((tracker) => tracker.startsWith('Drizzle'));

const nextOfMirrored = (mirrored: number): string =>
  `${plural(mirrored, 'object')} still ${mirrored === 1 ? 'has' : 'have'} Drizzle's ledger. When no deploy with ` +
  "Drizzle's migrator can come back, leave out the option drizzle: 'mirror' (step 3a): the ledger is retired at the next wake.";

function nextOfLast(mirrored: number, sources: readonly Source[]): string {
  if (mirrored > 0) return nextOfMirrored(mirrored);
  const folders = sources.filter(({ kind }) => kind === 'folder').map(({ path }) => path);
  if (folders.length > 0) {
    return (
      `Run \`drizzle-offramp convert${folders.length === 1 ? ` ${folders[0]}` : ''}\` and pass what it writes to ` +
      '`migrate` (step 3b): no .sql imports any more.'
    );
  }
  if (sources.some(({ folder, ejected }) => folder !== undefined && !ejected)) {
    return 'Keep using `drizzle-kit generate` and `drizzle-offramp convert` as long as you like; `drizzle-offramp eject` (step 3c) leaves drizzle-kit.';
  }
  return 'Nothing: write migrations with `drizzle-offramp new <name>`.';
}

const SWAP =
  "Swap the call: migrate(db, migrations, { drizzle: 'mirror' }) of 'drizzle-offramp/durable-sqlite/migrator' instead of " +
  "that of 'drizzle-orm/durable-sqlite/migrator'. Each object is adopted as it wakes, and Drizzle's ledger is kept, so " +
  'that the old code can be deployed again.';

/** What must be seen to before anything else: objects that will not wake. */
function firstOf(objects: readonly ObjectStatus[]): string | undefined {
  const bad = objects.filter(({ state }) => state === 'refused' || state === 'failing').length;
  const unknown = objects.filter(({ state }) => state === 'not-compared').length;
  if (bad + unknown === 0) return undefined;
  const first =
    bad === 0
      ? ''
      : `See to the ${plural(bad, 'object')} that will throw at each wake, for the reason above. `;
  return unknown === 0
    ? first
    : `${first}Look at the ${plural(unknown, 'object')} that ${unknown === 1 ? 'was' : 'were'} not compared, as it says above. `;
}

/**
 * Tells which step of the way the fleet has reached. Objects that nobody tracks are new, and count for nothing.
 *
 * @param objects the fleet
 * @param sources where the migrations came from
 * @param isSwapped whether the code of a class imports drizzle-offramp
 */
export function stepOf(
  objects: readonly ObjectStatus[],
  sources: readonly Source[],
  isSwapped = false,
): Step {
  const { step, reached, next } = usualStepOf(objects, sources, isSwapped);
  const first = firstOf(objects);
  if (first === undefined) return { step, reached, next };
  return {
    step,
    reached,
    next: next.startsWith('Nothing') ? first.trim() : `${first}Then: ${next}`,
  };
}

function usualStepOf(
  objects: readonly ObjectStatus[],
  sources: readonly Source[],
  isSwapped: boolean,
): Step {
  const tracked = objects.filter(({ trackers }) => trackers.length > 0);
  const adopted = tracked.filter(isAdopted);
  const of = `${adopted.length} of ${plural(tracked.length, 'object')}`;
  const isAll = adopted.length === tracked.length;
  // Only drizzle-offramp runs a record that was ejected.
  if (sources.length > 0 && sources.every(({ ejected }) => ejected)) {
    return {
      step: 3,
      reached: `leave Drizzle: ${tracked.length === 0 ? 'nobody tracks an object yet' : `drizzle-offramp has adopted ${of}`}`,
      next: isAll
        ? nextOfLast(adopted.filter(isDrizzles).length, sources)
        : 'Nothing: the others are adopted as they wake.',
    };
  }
  if (adopted.length === 0 && !isSwapped) {
    return {
      step: 1,
      reached:
        tracked.length === 0
          ? 'keep drizzle-kit: nobody tracks an object yet'
          : `keep drizzle-kit: drizzle-offramp has adopted ${of} so far`,
      next: SWAP,
    };
  }
  if (!isAll) {
    return {
      step: 2,
      reached: `swap the call: drizzle-offramp has adopted ${of}`,
      next: `Nothing: ${adopted.length === 0 ? 'objects' : 'the others'} are adopted as they wake.`,
    };
  }
  const mirrored = adopted.filter(isDrizzles).length;
  return {
    step: mirrored > 0 ? 2 : 3,
    reached: `${mirrored > 0 ? 'swap the call' : 'leave Drizzle'}: drizzle-offramp has adopted ${of}`,
    next: nextOfLast(mirrored, sources),
  };
}
