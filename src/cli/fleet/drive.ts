// Brings a run to its end: feeds it the objects, watches it, and lists once more where that is all that is left to do.
import { setTimeout as sleep } from 'node:timers/promises';
import type { FedObject, Listing, RunStatus } from '../../fleet/protocol.ts';
import { count } from '../../fleet/report-words.ts';
import { CliError, note } from '../output.ts';
import { AnswerError, isLocal } from '../route.ts';
import { askAgain, type FleetPlace } from './ask.ts';
import type { Lister } from './listing.ts';

/** How a run is brought to its end. */
export interface Drive {
  readonly place: FleetPlace;
  /** Lists the objects; undefined for a run that another process lists. */
  readonly lister: Lister | undefined;
  /** Names that the command was told, by id. */
  readonly names: ReadonlyMap<string, string>;
  /** Whether to stay until the run is done; else only until all objects are listed. */
  readonly wait: boolean;
  /** Whether to list once more in the end, so that no object is left out. */
  readonly relist: boolean;
  /** Called whenever something new is known. */
  readonly show: (status: RunStatus) => void;
  /** Ends it: the run goes on without. */
  readonly signal: AbortSignal;
}

/** Milliseconds between two looks at a run. */
const LOCAL_PAUSE = 1_000;
const PAUSE = 3_000;

/** Milliseconds of the first looks, as a small fleet is through at once. */
const FIRST_PAUSE = 200;

/** How often one command lists all objects. A fleet in which new ones are made all the time is never listed to the end. */
const MOST_LISTINGS = 5;

/** How often a listing is begun again where somebody else has fed the same run. */
const MOST_GAPS = 10;

/** The status of a run. */
export async function statusOf(
  place: FleetPlace,
  run: number,
  signal: AbortSignal,
): Promise<RunStatus> {
  const { run: status } = await askAgain(place, { do: 'status', run }, signal);
  if (status === null) throw new CliError(`${place.class}: there is no run ${run} any more.`);
  return status;
}

/** The id right before the first one that begins with some digits; null for none. */
function before(digits: string | null): string | null {
  if (digits === null) return null;
  const first = BigInt(`0x${digits.padEnd(64, '0')}`);
  return first === 0n ? null : (first - 1n).toString(16).padStart(64, '0');
}

const later = (one: string | null, other: string | null): string | null =>
  one === null || (other !== null && other > one) ? other : one;

/** Feeds a run the objects behind `after`; returns when they are all fed, or the run is stopped. */
async function feedFrom(
  { place, lister, names, signal, show }: Drive & { readonly lister: Lister },
  { run, range }: RunStatus,
  { listing, last: after }: Listing,
): Promise<void> {
  let last = after;
  let known = 0;
  let shown = Date.now();
  const named = (id: string): FedObject => {
    if (names.has(id)) known++;
    const name = names.get(id) ?? lister.names.get(id);
    return name === undefined ? id : { id, name };
  };
  for await (const ids of lister.pages(later(last, before(range.from)), range.to, signal)) {
    if (ids.length === 0) continue;
    const objects = ids.map(named);
    const answer = await askAgain(
      place,
      { do: 'feed', run, listing, after: last, objects },
      signal,
    );
    last = answer.listing.last;
    if (answer.stopped) return;
    if (Date.now() - shown >= PAUSE) {
      show(await statusOf(place, run, signal));
      shown = Date.now();
    }
  }
  const end = { after: last, objects: [], complete: true } as const;
  await askAgain(place, { do: 'feed', run, listing, ...end }, signal);
  // A name without an object is mostly one that is written in another way.
  if (names.size > 0 && listing === 1 && after === null) {
    note(`${count(known)} of ${count(names.size)} names are those of objects that were listed.`);
  }
}

/** The same, and again from where the ledger is if somebody else has fed the same run. */
async function feed(drive: Drive & { readonly lister: Lister }, first: RunStatus): Promise<void> {
  let status = first;
  for (let gaps = 0; ; gaps++) {
    const listing = status.listings.at(-1);
    if (listing === undefined || listing.completeAt !== null) return;
    try {
      await feedFrom(drive, status, listing);
      return;
    } catch (error) {
      const isGap = error instanceof AnswerError && error.answer.code === 'GAP';
      if (!isGap || gaps === MOST_GAPS) throw error;
      status = await statusOf(drive.place, status.run, drive.signal);
    }
  }
}

/** Whether another listing is all that is left to do. */
const asksForListing = ({ verdict }: RunStatus): boolean =>
  verdict !== null &&
  verdict.obstacles.length > 0 &&
  verdict.obstacles.every(({ code }) => code === 'NO_SECOND_LISTING' || code === 'FOUND_LATER');

/**
 * Brings a run to its end.
 *
 * @param drive how
 * @param run its number
 * @returns how it stands then: done, stopped, or, without `wait`, listed
 * @throws {CliError} if the objects cannot be listed, or the route does not answer
 */
export async function drive(drive: Drive, run: number): Promise<RunStatus> {
  const { place, signal, show, lister } = drive;
  const pause = isLocal(place.url) ? LOCAL_PAUSE : PAUSE;
  for (let looks = 0, listings = 1; ; looks++) {
    const status = await statusOf(place, run, signal);
    show(status);
    if (status.state === 'stopped') return status;
    const listing = status.listings.at(-1);
    if (listing !== undefined && listing.completeAt === null && lister !== undefined) {
      await feed({ ...drive, lister }, status);
      continue;
    }
    if (!drive.wait) return status;
    if (status.state === 'done') {
      const goesOn = drive.relist && asksForListing(status) && listings < MOST_LISTINGS;
      if (lister === undefined || !goesOn) return status;
      listings++;
      await askAgain(place, { do: 'list', run }, signal).catch((error: unknown) => {
        // Its answer may have been lost, and the listing be there.
        if (!(error instanceof AnswerError)) throw error;
      });
    } else await sleep(Math.min(pause, FIRST_PAUSE * 2 ** looks), undefined, { signal });
  }
}
