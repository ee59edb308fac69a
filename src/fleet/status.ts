import { costOf } from './cost.ts';
import type { FleetReport, Nameless, RunStatus, RunSummary } from './protocol.ts';
import { countsOf, type Run, type Store, throughOf } from './store.ts';
import { type Judged, judge } from './verdict.ts';

/** Objects by a number or a text, as they are counted. */
const grouped = (counts: ReadonlyMap<string, number> | undefined): [string, number][] =>
  [...(counts ?? [])].filter(([, count]) => count > 0);

/** How many objects get through in a second: over the last minute if something is known of it, else over all. */
function paceOf(run: Run, through: number, lastMinute: number | undefined, now: number): number {
  if (run.state === 'running' && lastMinute !== undefined) return lastMinute;
  const seconds = ((run.finishedAt ?? now) - run.startedAt) / 1000;
  return seconds > 0 ? through / seconds : 0;
}

/**
 * How a run stands.
 *
 * @param store the ledger's tables
 * @param run the run
 * @param lastMinute objects that got through in a second, over the last minute; undefined where that is not known
 * @param now the time
 */
export function statusOf(
  store: Store,
  run: Run,
  lastMinute: number | undefined,
  now: number,
): RunStatus {
  const tallies = store.tallies(run.run);
  const count = (what: string, key: string): number => tallies.get(what)?.get(key) ?? 0;
  const listings = store.listings(run.run);
  const counts = countsOf(tallies, listings);
  const fingerprints = new Map(grouped(tallies.get('fingerprint')));
  for (const [fingerprint, objects] of store.waitingFingerprints(run.run)) {
    fingerprints.set(fingerprint, (fingerprints.get(fingerprint) ?? 0) + objects);
  }
  const byObjects = [...fingerprints]
    .map(([fingerprint, objects]) => ({ fingerprint, objects }))
    .sort((one, other) => other.objects - one.objects);
  const expected = run.fingerprint ?? byObjects[0]?.fingerprint;
  const underWay = store.underWay(run.run);
  const perSecond = paceOf(run, throughOf(counts) + counts.failed, lastMinute, now);
  const left = counts.open + counts.again;
  const hasRows = count('rows', 'told') > 0;
  const { bindings: _, ...rest } = run;
  const judged: Omit<Judged, 'cost'> = {
    ...rest,
    now,
    deployedAt: run.deployedAt ?? (expected === undefined ? null : store.heard(expected)),
    listings,
    pages: {
      open: count('pages', 'made') - count('pages', 'done') - underWay,
      underWay,
      done: count('pages', 'done'),
    },
    counts,
    drizzle: {
      none: count('drizzle', 'none'),
      '0.x': count('drizzle', '0.x'),
      '1.x': count('drizzle', '1.x'),
      unknown: count('drizzle', 'unknown'),
    },
    versions: grouped(tallies.get('migrations'))
      .map(([migrations, objects]) => ({ migrations: Number(migrations), objects }))
      .sort((one, other) => one.migrations - other.migrations),
    fingerprints: byObjects,
    woke: {
      migrated: count('woke', 'migrated'),
      adopted: count('woke', 'adopted'),
      applied: count('woke', 'applied'),
      rowsRead: hasRows ? count('rows', 'read') : null,
      rowsWritten: hasRows ? count('rows', 'written') : null,
    },
    nameless: grouped(tallies.get('nameless'))
      .map(([why, objects]) => ({ why: why as Nameless['why'], objects }))
      .sort((one, other) => other.objects - one.objects),
    sawOldCode: count('old', ''),
    failures: store.groups(run.run, new Map(grouped(tallies.get('code')))),
    perSecond,
    secondsLeft: perSecond > 0 && run.state === 'running' ? left / perSecond : null,
  };
  const told: Judged = { ...judged, cost: costOf(judged) };
  return { ...told, verdict: run.mode === 'preflight' ? null : judge(told) };
}

const toSummary = (status: RunStatus): RunSummary => {
  const { run, mode, state, stoppedBy, startedAt, finishedAt, range, counts, verdict } = status;
  const drizzleCanGo = verdict?.drizzleCanGo ?? null;
  return { run, mode, state, stoppedBy, startedAt, finishedAt, range, counts, drizzleCanGo };
};

/**
 * All that a report shows.
 *
 * @param store the ledger's tables
 * @param run the run
 * @param lastMinute objects that got through in a second, over the last minute; undefined where that is not known
 * @param now the time
 */
export function reportOf(
  store: Store,
  run: Run,
  lastMinute: number | undefined,
  now: number,
): FleetReport {
  const status = statusOf(store, run, lastMinute, now);
  return {
    class: run.class,
    at: now,
    run: status,
    samples: store.samples(run.run),
    runs: store.runs().map((one) => toSummary(statusOf(store, one, undefined, now))),
    cost: status.cost,
  };
}
