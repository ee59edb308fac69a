// Reports as a ledger gives them, for the tests of the page.
import type {
  Failure,
  FleetReport,
  RunCounts,
  RunStatus,
  Sample,
} from '../../src/fleet/protocol.ts';

const START = Date.UTC(2026, 10, 24, 20, 0);
const HOUR = 3_600_000;
const FINGERPRINT = 'a3'.repeat(32);

const NO_OUTCOMES: RunCounts['outcomes'] = {
  'up-to-date': 0,
  ahead: 0,
  empty: 0,
  woken: 0,
  migrates: 0,
  nothing: 0,
};

/** An id of 64 digits. */
export const idOf = (number: number): string => number.toString(16).padStart(64, '0');

const failure = (number: number, code: string, message: string): Failure => ({
  id: idOf(0x3f7 * (number + 1)).replace(/^0{40}/, '9c41e07b52d8a6f3105be8c2d7940a6f18b3e5d2'),
  name: number === 0 ? 'acme' : null,
  code,
  message,
  at: START + number * 60_000,
  attempts: 1,
});

/** How far a run is that takes ten hours and slows down at its end. */
const samplesOf = (listed: number, failed: number, empty: number): Sample[] =>
  Array.from({ length: 200 }, (_, i) => {
    const share = Math.min(1, 1 - (1 - i / 199) ** 1.6);
    const through = Math.round(share * listed);
    return {
      at: START + (i / 199) * 10 * HOUR,
      listed: Math.min(listed, Math.round(((i + 1) / 50) * listed)),
      through,
      upToDate: Math.max(0, Math.round(share * (listed - failed - empty))),
      failed: Math.round(share ** 2 * failed),
    };
  });

/** A run that is done, but for what is said otherwise. */
function runOf(changed: Partial<RunStatus>): RunStatus {
  return {
    run: 3,
    class: 'INBOX',
    mode: 'sweep',
    state: 'done',
    stoppedBy: null,
    startedAt: START,
    finishedAt: START + 10 * HOUR,
    now: START + 10 * HOUR,
    range: { from: null, to: null },
    options: {
      engine: 'queue',
      pageSize: 50,
      concurrency: 100,
      rate: 500,
      maxFailures: { share: 0.01, count: 20 },
      timeout: 30_000,
      attempts: 5,
      backoff: 2_000,
      later: 60_000,
      laterFor: 25 * HOUR,
      lease: 120_000,
      withMigrations: null,
      settle: 300_000,
    },
    fingerprint: FINGERPRINT,
    deployedAt: START - HOUR,
    listings: [],
    pages: { open: 0, underWay: 0, done: 200_000 },
    counts: { listed: 0, outcomes: NO_OUTCOMES, failed: 0, later: 0, again: 0, open: 0 },
    drizzle: { none: 0, '0.x': 0, '1.x': 0, unknown: 0 },
    versions: [],
    fingerprints: [],
    woke: { migrated: 0, adopted: 0, applied: 0, rowsRead: null, rowsWritten: null },
    nameless: [],
    cost: null,
    sawOldCode: 0,
    failures: [],
    perSecond: 277.8,
    secondsLeft: null,
    verdict: { drizzleCanGo: false, obstacles: [] },
    ...changed,
  };
}

const reportOf = (run: RunStatus, more: Partial<FleetReport> = {}): FleetReport => ({
  class: run.class,
  at: run.now,
  run,
  samples: [],
  runs: [],
  cost: null,
  ...more,
});

const summaryOf = (run: RunStatus): FleetReport['runs'][number] => ({
  run: run.run,
  mode: run.mode,
  state: run.state,
  stoppedBy: run.stoppedBy,
  startedAt: run.startedAt,
  finishedAt: run.finishedAt,
  range: run.range,
  counts: run.counts,
  drizzleCanGo: run.verdict?.drizzleCanGo ?? null,
});

const LISTED = 10_000_000;
const EMPTY = 41_207;

/** Ten million objects, some of which failed: Drizzle cannot go yet. */
export function notYet(): FleetReport {
  const failures: RunStatus['failures'] = [
    {
      code: 'MIGRATION_FAILED',
      objects: 1_204,
      examples: [0, 1, 2].map((number) =>
        failure(
          number,
          'MIGRATION_FAILED',
          '[MIGRATION_FAILED] m0011 (20261120101500_priority), statement 2 of 3: UNIQUE constraint failed: conversations.slug: SQLITE_CONSTRAINT\n  CREATE UNIQUE INDEX conversations_slug ON conversations (slug)',
        ),
      ),
    },
    {
      code: 'UNKNOWN_ROW',
      objects: 17,
      examples: [3, 4, 5].map((number) =>
        failure(
          number,
          'UNKNOWN_ROW',
          '[UNKNOWN_ROW] __drizzle_migrations has a row that no migration of the code stands for: created_at 1795375411000. Deploy the code that has it, or bring the migration back.',
        ),
      ),
    },
    {
      code: 'CONSTRUCTOR_THREW',
      objects: 2,
      examples: [6, 7].map((number) =>
        failure(
          number,
          'CONSTRUCTOR_THREW',
          "Cannot read properties of undefined (reading 'plan')",
        ),
      ),
    },
  ];
  const failed = 1_223;
  const run = runOf({
    listings: [
      {
        listing: 1,
        startedAt: START,
        completeAt: START + 3 * HOUR,
        objects: LISTED,
        found: LISTED,
        last: 'f'.repeat(64),
      },
    ],
    counts: {
      listed: LISTED,
      outcomes: { ...NO_OUTCOMES, 'up-to-date': LISTED - EMPTY - failed - 380, empty: EMPTY },
      failed,
      later: 380,
      again: 0,
      open: 0,
    },
    state: 'running',
    finishedAt: null,
    secondsLeft: 42,
    drizzle: { none: LISTED - EMPTY - 411, '0.x': 383, '1.x': 28, unknown: EMPTY },
    versions: [
      { migrations: 9, objects: 17 },
      { migrations: 10, objects: 380 },
      { migrations: 11, objects: 1_206 },
      { migrations: 12, objects: LISTED - EMPTY - 1_603 },
    ],
    fingerprints: [
      { fingerprint: FINGERPRINT, objects: LISTED - EMPTY - 380 },
      { fingerprint: '7b'.repeat(32), objects: 380 },
    ],
    woke: {
      migrated: 6_113_408,
      adopted: 61_204_117,
      applied: 12_226_816,
      rowsRead: 183_402_240,
      rowsWritten: 103_927_936,
    },
    nameless: [
      { why: 'used', objects: 2_041 },
      { why: 'sockets', objects: 17 },
    ],
    sawOldCode: 380,
    failures,
    verdict: {
      drizzleCanGo: false,
      obstacles: [
        {
          code: 'FAILED',
          objects: failed,
          text: '1223 objects failed. The failures say what to do for each code; then retry.',
        },
        {
          code: 'OLD_CODE',
          objects: 380,
          text: '380 objects still run old code, and are tried again later.',
        },
        {
          code: 'NO_SECOND_LISTING',
          objects: null,
          text: 'List the objects once more, so that none is left out that the first listing did not have.',
        },
      ],
    },
  });
  const canary = runOf({
    run: 1,
    range: { from: null, to: '0290' },
    counts: { ...run.counts, listed: 100_122, failed: 12 },
  });
  const preflight = runOf({ run: 2, mode: 'preflight', verdict: null });
  return reportOf(run, {
    samples: samplesOf(LISTED, failed, EMPTY),
    runs: [canary, preflight, run].map(summaryOf),
    cost: {
      requests: 1.59,
      duration: 0.32,
      rowsRead: 0.19,
      rowsWritten: 107.93,
      queue: 0.24,
      total: 110.27,
    },
  });
}

/** The same fleet once it is through: Drizzle can go. */
export function canGo(): FleetReport {
  const report = notYet();
  const { counts } = report.run;
  const run = runOf({
    ...report.run,
    run: 4,
    state: 'done',
    finishedAt: START + 10 * HOUR,
    counts: {
      ...counts,
      outcomes: { ...counts.outcomes, 'up-to-date': LISTED - EMPTY },
      failed: 0,
      later: 0,
    },
    drizzle: { none: LISTED - EMPTY, '0.x': 0, '1.x': 0, unknown: EMPTY },
    versions: [{ migrations: 12, objects: LISTED - EMPTY }],
    failures: [],
    sawOldCode: 0,
    secondsLeft: null,
    verdict: { drizzleCanGo: true, obstacles: [] },
  });
  return { ...report, run, samples: samplesOf(LISTED, 0, EMPTY), runs: [summaryOf(run)] };
}

/** A preflight over a hundredth of the fleet, which found objects that would fail. */
export function preflight(): FleetReport {
  const [group] = notYet().run.failures;
  return reportOf(
    runOf({
      mode: 'preflight',
      range: { from: null, to: '0290' },
      verdict: null,
      counts: {
        listed: 100_122,
        outcomes: { ...NO_OUTCOMES, migrates: 99_000, nothing: 1_110 },
        failed: 12,
        later: 0,
        again: 0,
        open: 0,
      },
      failures: group === undefined ? [] : [{ ...group, objects: 12 }],
    }),
  );
}

/** A run that has just begun. */
export const justBegun = (): FleetReport =>
  reportOf(runOf({ state: 'running', finishedAt: null, now: START }));

/** Everything as long and as hostile as it can be. */
export function hostile(): FleetReport {
  const nasty = `<script>alert(1)</script>"'&\u0000\u202e\ud800${'<img src=x onerror=alert(1)>'.repeat(30)}`;
  const report = notYet();
  const groups = Array.from({ length: 60 }, (_, i) => ({
    code: `${i}${nasty}`,
    objects: 1_000 - i,
    examples: [0, 1, 2].map((number) => ({
      ...failure(number, nasty, nasty.slice(0, 500)),
      id: nasty,
      name: nasty,
    })),
  }));
  const run: RunStatus = {
    ...report.run,
    class: nasty,
    range: { from: nasty, to: nasty },
    fingerprint: nasty,
    fingerprints: Array.from({ length: 40 }, (_, i) => ({ fingerprint: nasty, objects: i })),
    versions: Array.from({ length: 400 }, (_, migrations) => ({ migrations, objects: 10 })),
    listings: Array.from({ length: 400 }, (_, i) => ({
      listing: i,
      startedAt: START,
      completeAt: START,
      objects: LISTED,
      found: LISTED,
      last: nasty,
    })),
    failures: groups,
    trouble: nasty,
    verdict: {
      drizzleCanGo: false,
      obstacles: Array.from({ length: 12 }, () => ({
        code: 'FAILED' as const,
        objects: 1,
        text: nasty,
      })),
    },
  };
  return {
    ...report,
    class: nasty,
    run,
    runs: Array.from({ length: 50 }, () => summaryOf(run)),
  };
}
