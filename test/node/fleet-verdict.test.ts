// What stands in the way of leaving Drizzle, beyond what the tests with objects come by; and the pace of a run.
import { describe, expect, it } from 'vitest';
import { DEFAULTS, pagesAtOnce, perPage } from '../../src/fleet/options.ts';
import { Pace } from '../../src/fleet/pace.ts';
import { type Judged, judge } from '../../src/fleet/verdict.ts';

const LISTING = {
  listing: 1,
  startedAt: 1_000_000,
  completeAt: 1,
  objects: 3,
  found: 3,
  last: 'f',
};

const WELL: Judged = {
  ...{ run: 1, class: 'INBOX', mode: 'sweep', state: 'done', stoppedBy: null },
  ...{ startedAt: 1_000_000, finishedAt: 1_001_000, now: 1_002_000, deployedAt: 600_000 },
  range: { from: null, to: null },
  options: DEFAULTS,
  fingerprint: null,
  listings: [LISTING, { ...LISTING, listing: 2, found: 0 }],
  pages: { open: 0, underWay: 0, done: 1 },
  counts: {
    ...{ listed: 3, failed: 0, later: 0, again: 0, open: 0 },
    outcomes: { 'up-to-date': 3, ahead: 0, empty: 0, woken: 0, migrates: 0, nothing: 0 },
  },
  drizzle: { none: 3, '0.x': 0, '1.x': 0, unknown: 0 },
  versions: [{ migrations: 11, objects: 3 }],
  fingerprints: [{ fingerprint: 'a', objects: 3 }],
  woke: { migrated: 0, adopted: 0, applied: 0, rowsRead: null, rowsWritten: null },
  nameless: [],
  cost: null,
  ...{ sawOldCode: 0, failures: [], perSecond: 1, secondsLeft: null },
};

const codesOf = (changed: Partial<Judged>): string[] =>
  judge({ ...WELL, ...changed }).obstacles.map(({ code }) => code);

describe('the verdict', () => {
  it('is yes where nothing stands in the way', () => {
    expect(judge(WELL)).toEqual({ drizzleCanGo: true, obstacles: [] });
  });

  it.each<[string, Partial<Judged>]>([
    ['NOT_SETTLED', { deployedAt: 700_001 }],
    ['NOT_SETTLED', { deployedAt: null }],
    ['PART_OF_THE_FLEET', { range: { from: null, to: '01' } }],
    ['NOT_LISTED', { listings: [{ ...LISTING, completeAt: null }] }],
    ['NOT_LISTED', { counts: { ...WELL.counts, listed: 0 } }],
    ['NO_SECOND_LISTING', { listings: [LISTING] }],
    ['NO_SECOND_LISTING', { listings: [LISTING, { ...LISTING, listing: 2, completeAt: null }] }],
    ['FOUND_LATER', { listings: [LISTING, { ...LISTING, listing: 2, found: 1 }] }],
    ['NOT_THROUGH', { counts: { ...WELL.counts, again: 1 } }],
    ['TRACKED_BY_DRIZZLE', { drizzle: { ...WELL.drizzle, '1.x': 1 } }],
    [
      'UNKNOWN_CODE',
      {
        fingerprints: [
          { fingerprint: 'a', objects: 2 },
          { fingerprint: 'b', objects: 1 },
        ],
      },
    ],
  ])('is no for %s', (code, changed) => {
    expect(codesOf(changed)).toEqual([code]);
  });

  it('counts objects in words', () => {
    const { obstacles } = judge({ ...WELL, counts: { ...WELL.counts, failed: 12_345 } });
    expect(obstacles).toEqual([
      {
        code: 'FAILED',
        objects: 12_345,
        text: '12,345 objects failed. The failures say what to do for each code; then retry.',
      },
    ]);
  });
});

describe('the pace', () => {
  it('waits as long as the rate asks', () => {
    const pace = new Pace();
    pace.spend(50, 100, 1_000);
    expect(pace.freeAt).toBe(1_500);
    pace.spend(50, 100, 1_200);
    expect(pace.freeAt).toBe(2_000);
    pace.spend(50, null, 1_200);
    expect(pace.freeAt).toBe(0);
  });

  it('is what got through in the last minute', () => {
    const pace = new Pace();
    expect(pace.perSecond(0)).toBe(undefined);
    pace.spend(50, null, 0);
    pace.note(50, 10_000);
    expect(pace.perSecond(10_000)).toBe(5);
    pace.note(60, 69_000);
    expect(pace.perSecond(100_000)).toBe(1);
  });

  it.each([
    [1, 1, 1],
    [4, 1, 4],
    [10, 3, 3],
    [100, 25, 4],
    [1_000, 50, 20],
  ])('has %s objects at the same time at most', (concurrency, objects, pages) => {
    const options = { ...DEFAULTS, concurrency };
    expect([perPage(options), pagesAtOnce(options)]).toEqual([objects, pages]);
  });
});
