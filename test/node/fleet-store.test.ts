// The ledger of a fleet against a model: whatever comes twice, late, or not at all, each object is counted once.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/cli/database.ts';
import { readStart } from '../../src/fleet/options.ts';
import { statusOf } from '../../src/fleet/status.ts';
import { countsOf, type Page, type Run, Store, throughOf } from '../../src/fleet/store.ts';
import { TABLES } from '../../src/fleet/tables.ts';
import type { Seen } from '../../src/fleet/wake.ts';
import { migrate } from '../../src/migrate.ts';

const FACTOR = Number(process.env.RANDOM_FACTOR ?? 1);
const RUNS = 150 * FACTOR;
const TIMEOUT = 20_000 * FACTOR;

const idOf = (number: number): string => number.toString(16).padStart(64, '0');

type Fate = 'up-to-date' | 'failed' | 'later' | 'again';

const FATES: readonly Fate[] = ['up-to-date', 'up-to-date', 'failed', 'later', 'again'];

function seenOf(id: string, fate: Fate): Seen {
  const told = {
    id,
    name: null,
    drizzle: 'none',
    migrations: 3,
    fingerprint: 'f',
    woke: null,
    instance: null,
  } as const;
  return fate === 'up-to-date'
    ? { ...told, kind: 'through', outcome: fate }
    : { ...told, kind: fate, code: fate.toUpperCase(), message: fate };
}

/** A ledger, and what it must say. */
class World {
  readonly store: Store;
  private readonly database = openDatabase(':memory:');
  private now = 1_000;
  private readonly number: number;
  /** What each object is that was fed. */
  private readonly objects = new Map<string, 'open' | Fate>();
  /** How often each object was tried without old code. */
  private readonly tries = new Map<string, number>();
  private readonly pages: Page[] = [];
  private readonly reported = new Set<number>();

  constructor(pageSize: number) {
    migrate(this.database, TABLES);
    this.store = new Store(this.database.sql);
    const options = { pageSize, attempts: 3, backoff: 10, later: 10, laterFor: 100 } as const;
    const wanted = readStart({ do: 'start', ...options });
    this.number = this.store.start(wanted, 'INBOX', { ledger: 'FLEET', queue: null }, this.now);
  }

  get run(): Run {
    return this.store.run(this.number) as Run;
  }

  /** Feeds objects from where a listing is, or from before. */
  feed(numbers: readonly number[], complete: boolean): void {
    const listing = this.store.listings(this.number).at(-1);
    if (listing === undefined || listing.completeAt !== null) return;
    const ids = [...new Set(numbers)].sort((one, other) => one - other).map(idOf);
    const objects = ids.map((id) => ({ id, name: null }));
    const news = ids.filter((id) => id > (listing.last ?? '') && !this.objects.has(id));
    const found = this.store.feed(this.run, listing, objects, complete, this.now);
    expect(found).toBe(news.length);
    for (const id of news) this.objects.set(id, 'open');
  }

  list(): void {
    const listing = this.store.listings(this.number).at(-1);
    if (listing?.completeAt !== null) this.store.openListing(this.number, this.now);
  }

  take(): void {
    const page = this.store.take(this.run, this.now);
    if (page) this.pages.push(page);
  }

  /** Pages are given out again, as after a kill. */
  reopen(): void {
    this.store.reopen(this.number);
  }

  /** A page is reported, for the first time or not, by whoever had it. */
  report(which: number, fates: readonly Fate[]): void {
    const page = this.pages[which % Math.max(1, this.pages.length)];
    if (page === undefined) return;
    const told = page.objects.map(({ id }, i) => [id, fates[i % fates.length] as Fate] as const);
    const settled = this.store.report(
      this.run,
      page.page,
      told.map(([id, fate]) => seenOf(id, fate)),
      this.now,
    );
    if (this.reported.has(page.page)) {
      expect(settled).toBe(undefined);
      return;
    }
    this.reported.add(page.page);
    for (const [id, fate] of told) this.objects.set(id, this.becomes(id, fate));
  }

  private becomes(id: string, fate: Fate): Fate {
    if (fate === 'later') return this.now >= 1_000 + 100 ? 'failed' : 'later';
    const tries = (this.tries.get(id) ?? 0) + 1;
    this.tries.set(id, tries);
    return fate === 'again' && tries >= 3 ? 'failed' : fate;
  }

  retry(): void {
    this.store.retry(this.number, undefined, this.now);
    for (const [id, fate] of this.objects) {
      if (fate !== 'failed') continue;
      this.objects.set(id, 'again');
      this.tries.set(id, 0);
    }
  }

  wait(milliseconds: number): void {
    this.now += milliseconds;
  }

  check(): void {
    const tallies = this.store.tallies(this.number);
    const counts = countsOf(tallies, this.store.listings(this.number));
    const count = (fate: string): number =>
      [...this.objects.values()].filter((one) => one === fate).length;
    expect({
      listed: counts.listed,
      through: throughOf(counts),
      failed: counts.failed,
      later: counts.later,
      again: counts.again,
      open: counts.open,
    }).toEqual({
      listed: this.objects.size,
      through: count('up-to-date'),
      failed: count('failed'),
      later: count('later'),
      again: count('again'),
      open: count('open'),
    });
    const tracked = tallies.get('drizzle')?.get('none') ?? 0;
    expect(tracked).toBe(count('up-to-date') + count('failed'));
    expect(this.store.failures(this.number, undefined, '', 1_000)).toHaveLength(count('failed'));
  }

  /** All that is left is done, and none is left out. */
  finish(): void {
    for (let turn = 0; turn < 100_000; turn++) {
      this.reopen();
      const page = this.store.take(this.run, this.now);
      if (page) {
        this.pages.push(page);
        this.report(this.pages.length - 1, ['up-to-date']);
        continue;
      }
      const due = this.store.nextDue(this.number);
      if (due === undefined) break;
      this.now = Math.max(this.now, due);
    }
    this.check();
    expect([...this.objects.values()].filter((fate) => !/up-to-date|failed/.test(fate))).toEqual(
      [],
    );
    expect(this.store.hasPages(this.number, 'open', 'given')).toBe(false);
  }

  close(): void {
    this.database.close();
  }
}

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('feed' as const),
      from: fc.nat(40),
      ids: fc.array(fc.nat(20), { maxLength: 12 }),
      complete: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('take' as const) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('report' as const),
      which: fc.nat(20),
      fates: fc.array(fc.constantFrom(...FATES), { minLength: 1, maxLength: 5 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('list' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('retry' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('wait' as const), milliseconds: fc.nat(60) }),
  },
);

describe("a fleet's ledger", () => {
  it(
    'counts each object once, whatever comes twice, late or not at all',
    () => {
      fc.assert(
        fc.property(
          fc.integer({ min: 1, max: 5 }),
          fc.array(step, { maxLength: 40 }),
          (size, steps) => {
            const world = new World(size);
            try {
              for (const one of steps) {
                if (one.do === 'feed')
                  world.feed(
                    one.ids.map((id) => id + one.from),
                    one.complete,
                  );
                else if (one.do === 'report') world.report(one.which, one.fates);
                else if (one.do === 'wait') world.wait(one.milliseconds);
                else world[one.do]();
                world.check();
              }
              world.finish();
            } finally {
              world.close();
            }
          },
        ),
        { numRuns: RUNS },
      );
    },
    TIMEOUT,
  );

  it(
    'compares a listing with those before it across the bounds of pages',
    () => {
      fc.assert(
        fc.property(
          fc.array(fc.uniqueArray(fc.nat(2_000), { minLength: 1, maxLength: 900 }), {
            minLength: 2,
            maxLength: 4,
          }),
          fc.integer({ min: 1, max: 7 }),
          fc.integer({ min: 1, max: 400 }),
          (listings, pageSize, chunk) => {
            const world = new World(pageSize);
            try {
              for (const numbers of listings) {
                const sorted = [...numbers].sort((one, other) => one - other);
                for (let at = 0; at < sorted.length; at += chunk) {
                  world.feed(sorted.slice(at, at + chunk), at + chunk >= sorted.length);
                }
                world.list();
              }
              world.check();
            } finally {
              world.close();
            }
          },
        ),
        { numRuns: RUNS / 10 },
      );
    },
    TIMEOUT,
  );

  it('adds up rows of each try, and what an instance of before the run did only where it was asked', () => {
    const world = new World(3);
    const { store, run } = world;
    world.feed([1, 2, 3], true);
    const page = store.take(run, run.startedAt) as Page;
    const rows = { wake: { read: 100, written: 10 }, answer: { read: 7, written: 1 } };
    const woke = { adopted: 2, applied: 1 };
    const through = { ...seenOf('', 'up-to-date'), woke } as Seen;
    const seen = page.objects.map(({ id }, index): Seen => {
      const instance = {
        wokeAt: run.startedAt + index - 1,
        rows,
        stays: index === 2 ? null : 'used',
      };
      return { ...through, id, name: index === 1 ? 'one' : null, instance } as Seen;
    });
    store.report(run, page.page, seen, run.startedAt);
    // A page that comes a second time changes nothing.
    store.report(run, page.page, seen, run.startedAt);
    const status = statusOf(store, run, undefined, run.startedAt);
    expect(status.woke).toEqual({
      ...{ migrated: 2, adopted: 4, applied: 2 },
      ...{ rowsRead: 221, rowsWritten: 23 },
    });
    expect(status.nameless).toEqual([{ why: 'used', objects: 1 }]);
    expect(status.cost?.rowsWritten).toBeCloseTo(43e-6, 12);
    world.close();
  });

  it('keeps few samples, spread over the run', () => {
    const world = new World(5);
    const { store, run } = world;
    const counts = countsOf(new Map(), []);
    for (let second = 0; second < 5_000; second++) {
      store.sample(run.run, counts, second * 1_000, false);
    }
    const times = store.samples(run.run).map(({ at }) => at);
    expect(times.length).toBeGreaterThan(90);
    expect(times.length).toBeLessThanOrEqual(200);
    expect(times[0]).toBe(1_000);
    const gaps = times.slice(1).map((at, i) => at - (times[i] as number));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(128_000);
    world.close();
  });
});
