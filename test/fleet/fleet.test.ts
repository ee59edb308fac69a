// A fleet under Miniflare: real objects, real alarms, its queue.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type {
  FailuresAnswer,
  FeedAnswer,
  FleetEngine,
  FleetReport,
  IdsAnswer,
  RunStatus,
  StatusAnswer,
} from '../../src/fleet/protocol.ts';
import type { MigrationInput } from '../../src/input/migration.ts';
import type { FleetFigures } from './figures.ts';
import { Fleet } from './fleet.ts';
import type { Kind } from './kinds.ts';

const fleet = new Fleet();
afterAll(() => fleet.remove());

const COUNTS: [Kind, number][] = [
  ['fresh', 10],
  ['drizzle', 10],
  ['behind', 10],
  ['fails', 4],
  ['unknown', 3],
  ['deleted', 5],
];
/** What was measured, and stands in the manual. */
const FIGURES: FleetFigures = JSON.parse(
  readFileSync(join(import.meta.dirname, 'figures.json'), 'utf8'),
);
const ENGINES: FleetEngine[] = ['alarm', 'queue'];

/** Ids by what their objects are and who sweeps them, in ascending order. */
const ids: Record<string, string[]> = {};
const all = (...kinds: string[]): string[] => kinds.flatMap((kind) => ids[kind] ?? []).sort();
const ofEngine = (engine: string): string[] => all(...COUNTS.map(([kind]) => `${engine} ${kind}`));
const isWell = (engine: string): string[] =>
  all(...['fresh', 'drizzle', 'behind'].map((kind) => `${engine} ${kind}`));

const NONE = { 'up-to-date': 0, ahead: 0, empty: 0, woken: 0, migrates: 0, nothing: 0 };
const counts = (some: Partial<RunStatus['counts']>): RunStatus['counts'] => ({
  listed: 0,
  outcomes: NONE,
  failed: 0,
  later: 0,
  again: 0,
  open: 0,
  ...some,
});
const codes = ({ failures }: RunStatus): Record<string, number> =>
  Object.fromEntries(failures.map(({ code, objects }) => [code, objects]));
const obstacles = ({ verdict }: RunStatus): [string, number | null][] =>
  (verdict?.obstacles ?? []).map(({ code, objects }) => [code, objects]);
/** A fast one for tests: nothing is waited for. */
const QUICK = { pageSize: 7, backoff: 50, later: 200, settle: 0 } as const;

async function seedAll(): Promise<void> {
  for (const engine of [...ENGINES, 'old']) {
    for (const [kind, count] of COUNTS) {
      const objects = Array.from(
        { length: count },
        (_, index) => [`${engine} ${kind} ${index}`, kind] as const,
      );
      ids[`${engine} ${kind}`] = (await fleet.seed('INBOX', objects)).sort();
    }
  }
  for (const engine of ENGINES) {
    const named = Array.from({ length: 10 }, (_, index) => `named ${engine} ${index}`);
    const objects = named.map((name) => [name, 'fresh'] as const);
    ids[`named ${engine}`] = (await fleet.seed('INBOX', objects)).sort();
  }
  ids.archive = (
    await fleet.seed('ARCHIVE', [
      ['one', ''],
      ['other', ''],
    ])
  ).sort();
  for (const how of ['throws', 'code', 'once', 'overloaded', 'hangs', 'nothing']) {
    ids[how] = await fleet.seed('ODD', [[how, how]]);
  }
}

beforeAll(async () => {
  await fleet.start('seed');
  await seedAll();
  await fleet.kill();
  await fleet.start('old');
});

const ledgerOf = (id: string): unknown[] | undefined =>
  fleet.read('Inbox', id, 'SELECT version FROM __migrations');

describe('before the deploy', () => {
  it('says of each object what migrations that are sent would do', async () => {
    const { classes } = await fleet.json<{ classes: object[] }>('/__fleet');
    expect(classes).toEqual([
      { class: 'INBOX', fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/) },
      { class: 'ARCHIVE', fingerprint: null },
      { class: 'ODD', fingerprint: null },
      { class: 'BARE', fingerprint: null },
    ]);
    const migrations = await fleet.json<MigrationInput>('/bundle');
    await fleet.begin('INBOX', ofEngine('old'), { ...QUICK, mode: 'preflight', migrations });
    const status = await fleet.done('INBOX');
    expect(status.verdict).toBe(null);
    // Those that have them all by Drizzle are adopted.
    expect(status.counts.outcomes).toEqual({ ...NONE, migrates: 30, empty: 5 });
    expect(codes(status)).toEqual({ MIGRATION_FAILED: 4, UNKNOWN_ROW: 3 });
  });

  it('counts an object as through only when the new code answers', async () => {
    const fingerprint = 'f'.repeat(64);
    await fleet.begin('INBOX', ofEngine('old'), { ...QUICK, fingerprint, later: 60_000 });
    const status = await fleet.until(
      'INBOX',
      ({ counts: { later, open } }) => later > 0 && open === 0,
    );
    // Without data there is nothing that old code could do wrong.
    expect(status.counts).toEqual(
      counts({ listed: 42, later: 37, outcomes: { ...NONE, empty: 5 } }),
    );
    expect(status.sawOldCode).toBe(37);
    expect(status.state).toBe('running');
    expect(obstacles(status)).toEqual([
      ['OLD_CODE', 37],
      ['NO_SECOND_LISTING', null],
    ]);
    await fleet.command('INBOX', { do: 'stop' });
  });

  it('tries it again until then', async () => {
    const { fingerprint } = (await fleet.json<{ fingerprint: string }>('/live')) ?? {};
    await fleet.begin('INBOX', isWell('old'), { ...QUICK, fingerprint });
    const before = await fleet.until('INBOX', ({ counts: { later } }) => later === 30);
    expect(before.fingerprints).toEqual([
      { fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/), objects: 30 },
    ]);
    await fleet.kill();
    await fleet.start('live');
    const status = await fleet.done('INBOX');
    expect(status.counts).toEqual(counts({ listed: 30, outcomes: { ...NONE, 'up-to-date': 30 } }));
    expect(status.fingerprints).toEqual([{ fingerprint, objects: 30 }]);
    expect(status.sawOldCode).toBe(30);
    expect(obstacles(status)).toEqual([
      ['NOT_SETTLED', 30],
      ['NO_SECOND_LISTING', null],
    ]);
  });
});

describe.each(ENGINES)('a sweep by %s', (engine) => {
  it('finds each object once, and makes none', async () => {
    const run = await fleet.begin('INBOX', ofEngine(engine), { ...QUICK, engine });
    const status = await fleet.done('INBOX');
    expect(status.run).toBe(run);
    expect(status.counts).toEqual(
      counts({ listed: 42, failed: 7, outcomes: { ...NONE, 'up-to-date': 30, empty: 5 } }),
    );
    expect(codes(status)).toEqual({ MIGRATION_FAILED: 4, UNKNOWN_ROW: 3 });
    expect(status.failures[0]?.examples.map(({ id }) => id)).toEqual(
      ids[`${engine} fails`]?.slice(0, 3),
    );
    expect(status.drizzle).toEqual({ none: 35, '0.x': 7, '1.x': 0, unknown: 0 });
    expect(status.versions).toEqual([
      { migrations: 0, objects: 7 },
      { migrations: 11, objects: 30 },
    ]);
    expect(status.pages).toEqual({ open: 0, underWay: 0, done: 6 });
    expect(status.woke).toMatchObject({ migrated: 30, adopted: 200, applied: 130 });
    const rows = COUNTS.map(([kind, count]) => [FIGURES.rows[kind].first, count] as const);
    expect([status.woke.rowsRead, status.woke.rowsWritten]).toEqual([
      rows.reduce((sum, [{ read }, count]) => sum + count * read, 0),
      rows.reduce((sum, [{ written }, count]) => sum + count * written, 0),
    ]);
    expect(status.cost?.rowsWritten).toBeGreaterThan(1e-6 * (status.woke.rowsWritten ?? 0));
    expect(status.nameless).toEqual([]);
    expect(obstacles(status)).toEqual([
      ['FAILED', 7],
      ['TRACKED_BY_DRIZZLE', 7],
      ['NO_SECOND_LISTING', null],
    ]);
    const report = await fleet.json<FleetReport>('/__fleet/INBOX/report');
    expect(report.runs.at(-1)).toMatchObject({ run, state: 'done', drizzleCanGo: false });
    expect(report.samples.at(-1)).toMatchObject({
      listed: 42,
      through: 35,
      upToDate: 30,
      failed: 7,
    });
  });

  it('leaves no instance that knows no name: the next call by name finds one', async () => {
    for (const kind of ['fresh', 'drizzle', 'behind']) {
      const name = `${engine} ${kind} 0`;
      expect(await fleet.json(`/name?name=${encodeURIComponent(name)}`)).toBe(name);
    }
  });

  it('takes those that failed again, all or by code', async () => {
    const { run } = await fleet.command('INBOX', { do: 'retry', code: 'UNKNOWN_ROW' });
    expect(run?.counts).toMatchObject({ failed: 4, again: 3 });
    expect(codes(await fleet.done('INBOX'))).toEqual({ MIGRATION_FAILED: 4, UNKNOWN_ROW: 3 });
    const again = await fleet.command('INBOX', { do: 'retry' });
    expect(again.run?.counts).toMatchObject({ failed: 0, again: 7 });
    const status = await fleet.done('INBOX');
    expect(status.counts).toEqual(
      counts({ listed: 42, failed: 7, outcomes: { ...NONE, 'up-to-date': 30, empty: 5 } }),
    );
    expect(status.drizzle).toEqual({ none: 35, '0.x': 7, '1.x': 0, unknown: 0 });
  });

  it('lists the failures by id', async () => {
    const first = await fleet.command<FailuresAnswer>('INBOX', { do: 'failures', limit: 5 });
    const rest = await fleet.command<FailuresAnswer>('INBOX', {
      do: 'failures',
      limit: 5,
      after: first.next ?? '',
    });
    expect([...first.failures, ...rest.failures].map(({ id }) => id)).toEqual(
      all(`${engine} fails`, `${engine} unknown`),
    );
    expect(rest.next).toBe(null);
  });

  it('says that Drizzle can go when nothing stands in the way', async () => {
    const [last, ...others] = isWell(engine).reverse();
    await fleet.begin('INBOX', others.reverse(), { ...QUICK, engine, mode: 'verify' });
    const once = await fleet.done('INBOX');
    expect(obstacles(once)).toEqual([['NO_SECOND_LISTING', null]]);
    const relist = async (): Promise<[found: number, status: RunStatus]> => {
      const { run } = await fleet.command('INBOX', { do: 'list', run: once.run });
      const found = await fleet.feed('INBOX', run as RunStatus, isWell(engine), 4);
      return [found, await fleet.done('INBOX')];
    };
    const [found, twice] = await relist();
    expect(found).toBe(1);
    expect(twice.listings.map(({ objects }) => objects)).toEqual([29, 30]);
    expect(twice.counts).toEqual(counts({ listed: 30, outcomes: { ...NONE, 'up-to-date': 30 } }));
    expect(obstacles(twice)).toEqual([['FOUND_LATER', 1]]);
    const [none, thrice] = await relist();
    expect(none).toBe(0);
    expect(thrice.verdict).toEqual({ drizzleCanGo: true, obstacles: [] });
    expect(last).toBe(isWell(engine).at(-1));
  });

  it('stops when too many fail, and goes on when it is told to', async () => {
    const failing = all(`${engine} fails`, `${engine} unknown`);
    const limits = { share: 0.5, count: 2 };
    await fleet.begin('INBOX', failing, {
      ...QUICK,
      engine,
      pageSize: 1,
      concurrency: 1,
      maxFailures: limits,
    });
    const stopped = await fleet.until('INBOX', ({ state }) => state === 'stopped');
    expect(stopped.stoppedBy).toBe('failures');
    expect(stopped.counts).toEqual(counts({ listed: 7, failed: 3, open: 4 }));
    await fleet.command('INBOX', { do: 'resume', maxFailures: null });
    const done = await fleet.done('INBOX');
    expect(done.counts).toEqual(counts({ listed: 7, failed: 7 }));
  });

  it('stops when it is asked to, and goes on', async () => {
    const objects = isWell(engine);
    const { run } = await fleet.command('INBOX', { do: 'start', ...QUICK, engine, rate: 1 });
    await fleet.feed('INBOX', run as RunStatus, objects);
    const { run: stopped } = await fleet.command('INBOX', { do: 'stop' });
    expect(stopped).toMatchObject({ state: 'stopped', stoppedBy: 'asked' });
    expect(stopped?.counts.open).toBeGreaterThan(0);
    await fleet.command('INBOX', { do: 'resume', rate: null });
    const done = await fleet.done('INBOX');
    expect(done.counts).toEqual(counts({ listed: 30, outcomes: { ...NONE, 'up-to-date': 30 } }));
  });

  it('wakes by name where names are known', async () => {
    const names = Array.from({ length: 10 }, (_, index) => `named ${engine} ${index}`);
    const known = (await fleet.command<IdsAnswer>('INBOX', { do: 'ids', names })).ids;
    const objects = known
      .map((id, index) => ({ id, name: names[index] ?? '' }))
      .sort((one, other) => (one.id < other.id ? -1 : 1));
    expect(objects.map(({ id }) => id)).toEqual(ids[`named ${engine}`]);
    const { run } = await fleet.command('INBOX', { do: 'start', ...QUICK, engine });
    const feed = { do: 'feed', run: run?.run ?? 0, listing: 1, after: null } as const;
    await fleet.command<FeedAnswer>('INBOX', { ...feed, objects, complete: true });
    expect((await fleet.done('INBOX')).counts.outcomes['up-to-date']).toBe(10);
    expect(await fleet.json(`/name?name=${encodeURIComponent(names[0] ?? '')}`)).toBe(names[0]);
  });
});

describe('a part of the fleet', () => {
  it('is what its ids say', async () => {
    const objects = isWell('alarm');
    const to = objects[10]?.slice(0, 8) ?? '';
    await fleet.begin('INBOX', objects, { ...QUICK, range: { to } });
    const status = await fleet.done('INBOX');
    expect(status.counts.listed).toBe(10);
    expect(obstacles(status)[0]).toEqual(['PART_OF_THE_FLEET', null]);
  });
});

describe('a class without withMigrations', () => {
  it('is woken, and has less to tell', async () => {
    await fleet.begin('ARCHIVE', all('archive'), QUICK);
    const status = await fleet.done('ARCHIVE');
    expect(status.counts).toEqual(counts({ listed: 2, outcomes: { ...NONE, woken: 2 } }));
    expect(status.drizzle.unknown).toBe(2);
    expect(obstacles(status)).toEqual([
      ['NOT_ASKED', 2],
      ['NOT_SETTLED', null],
      ['NO_SECOND_LISTING', null],
    ]);
  });

  it('runs old code if it is to have gone through it', async () => {
    await fleet.begin('ARCHIVE', all('archive'), { ...QUICK, withMigrations: true, laterFor: 0 });
    expect(codes(await fleet.done('ARCHIVE'))).toEqual({ OLD_CODE: 2 });
  });

  it('is not even asked where that is said', async () => {
    await fleet.begin('ARCHIVE', all('archive'), { ...QUICK, withMigrations: false });
    expect((await fleet.done('ARCHIVE')).counts.outcomes.woken).toBe(2);
    const wokenById = (id: string) => fleet.read('Archive', id, 'SELECT version FROM __migrations');
    expect(all('archive').map((id) => wokenById(id)?.length)).toEqual([11, 11]);
  });
});

describe('a class without RPC', () => {
  it('is woken too', async () => {
    await fleet.begin('BARE', await fleet.json<string[]>('/bare'), QUICK);
    expect((await fleet.done('BARE')).counts).toEqual(
      counts({ listed: 1, outcomes: { ...NONE, woken: 1 } }),
    );
  });
});

const HOWS = ['throws', 'code', 'once', 'overloaded', 'hangs', 'nothing'];

async function failuresByHow(): Promise<(string | number)[][]> {
  await fleet.begin('ODD', all(...HOWS), { ...QUICK, timeout: 500, attempts: 3 });
  const status = await fleet.done('ODD');
  expect(status.counts).toMatchObject({ failed: 4, outcomes: { ...NONE, woken: 2 } });
  const { failures } = await fleet.command<FailuresAnswer>('ODD', { do: 'failures' });
  return HOWS.flatMap((how) => failures.filter(({ id }) => id === ids[how]?.[0])).map(
    ({ code, message, attempts }) => [code, message, attempts],
  );
}

describe('an object that fails', () => {
  const EXPECTED = [
    ['CONSTRUCTOR_THREW', 'It is Monday', 1],
    ['OUT_OF_PAPER', '[OUT_OF_PAPER] No paper', 1],
    ['OVERLOADED', 'Durable Object is overloaded. Too many requests queued.', 1],
    ['TIMEOUT', 'It did not answer within 500 ms.', 3],
  ];

  it('is tried again where that can help, and only there', async () => {
    expect(await failuresByHow()).toEqual(EXPECTED);
  });

  it('is told by its message where errors keep nothing else', async () => {
    await fleet.kill();
    await fleet.start('live', '2026-01-01');
    expect(await failuresByHow()).toEqual(EXPECTED);
  });
});

describe('the route', () => {
  const error = async (path: string, body?: unknown, headers?: Record<string, string>) => {
    const response = await fleet.fetch(path, body, headers);
    const text = await response.text();
    return [response.status, text.startsWith('{') ? JSON.parse(text).error.code : text];
  };

  it.each([
    ['no token', { Authorization: '' }],
    ['another one', { Authorization: 'Bearer another' }],
    ['another way', { Authorization: 'Basic token-of-the-tests' }],
  ])('is not there with %s', async (_, headers) => {
    for (const path of ['/__fleet', '/__fleet/INBOX', '/__fleet/none', '/__fleet/INBOX/report']) {
      expect(await error(path, undefined, headers)).toEqual([404, 'Not found']);
      expect(await error(path, { do: 'start' }, headers)).toEqual([404, 'Not found']);
    }
  });

  it('says what is wrong', async () => {
    expect(await error('/__fleet/NONE')).toEqual([404, 'UNKNOWN_CLASS']);
    expect(await error('/__fleet/FLEET')).toEqual([404, 'UNKNOWN_CLASS']);
    expect(await error('/__fleet/INBOX/what')).toEqual([404, 'UNKNOWN_PATH']);
    expect(await error('/__fleet/INBOX/%E0%A4%A')).toEqual([404, 'UNKNOWN_PATH']);
    expect(await error('/__fleet', { do: 'start' })).toEqual([404, 'UNKNOWN_PATH']);
    expect(await error('/__fleet/INBOX', [])).toEqual([400, 'INVALID_COMMAND']);
    expect(await error('/__fleet/INBOX', { do: 'dance' })).toEqual([400, 'INVALID_COMMAND']);
    expect(await error('/__fleet/INBOX', { do: 'stop', run: 99 })).toEqual([404, 'NO_RUN']);
    expect(await error('/__fleet/INBOX', { do: 'stop', run: 1 })).toEqual([404, 'NO_RUN']);
    for (const wrong of [
      { mode: 'look' },
      { engine: 'cron' },
      { pageSize: 0 },
      { concurrency: 1.5 },
      { rate: -1 },
      { maxFailures: 0.1 },
      { fingerprint: 'abc' },
      { range: { from: 'xyz' } },
      { range: { from: '2', to: '1' } },
      { mode: 'verify', range: { to: '1' } },
      { migrations: {} },
      { mode: 'preflight', withMigrations: false },
      { mode: 'preflight', migrations: Array.from({ length: 40 }).reduce((inner) => [inner], 1) },
      { speed: 1 },
    ]) {
      expect([wrong, await error('/__fleet/INBOX', { do: 'start', ...wrong })]).toEqual([
        wrong,
        [400, 'INVALID_COMMAND'],
      ]);
    }
  });

  it('leaves no object out and takes none twice', async () => {
    const [one, two, three, other] = isWell('alarm') as [string, string, string, string];
    const { run } = await fleet.command('INBOX', { do: 'start', ...QUICK });
    const begun = run?.run ?? 0;
    expect(await error('/__fleet/INBOX', { do: 'start' })).toEqual([409, 'RUN_UNDER_WAY']);
    expect(await error('/__fleet/INBOX', { do: 'list', run: begun })).toEqual([
      400,
      'INVALID_COMMAND',
    ]);
    const feed = { do: 'feed', run: begun, listing: 1, after: null } as const;
    for (const objects of [
      [two, one],
      [one, one],
      [one.toUpperCase()],
      ['0'.repeat(64)],
      [{ id: one, name: 'another' }],
      [null],
      {},
    ]) {
      expect(await error('/__fleet/INBOX', { ...feed, objects })).toEqual([400, 'INVALID_OBJECTS']);
    }
    const first = await fleet.command<FeedAnswer>('INBOX', { ...feed, objects: [one, two] });
    expect(first).toMatchObject({ found: 2, listing: { objects: 2, last: two } });
    const again = await fleet.command<FeedAnswer>('INBOX', { ...feed, objects: [one, two, three] });
    expect(again).toMatchObject({ found: 1, listing: { objects: 3, last: three } });
    const gap = { ...feed, after: other, objects: [] };
    expect(await error('/__fleet/INBOX', gap)).toEqual([409, 'GAP']);
    const end = { ...feed, after: three, objects: [], complete: true };
    await fleet.command<FeedAnswer>('INBOX', end);
    await fleet.command<FeedAnswer>('INBOX', end);
    const done = await fleet.done('INBOX');
    expect(done.counts.listed).toBe(3);
    const { run: newest } = await fleet.json<StatusAnswer>('/__fleet/INBOX');
    expect(newest?.run).toBe(begun);
  });
});

describe('a deploy that is rolled back', () => {
  it('finds objects that are ahead of it', async () => {
    await fleet.kill();
    await fleet.start('old');
    await fleet.begin('INBOX', isWell('alarm'), QUICK);
    const status = await fleet.done('INBOX');
    expect(status.counts.outcomes).toEqual({ ...NONE, ahead: 30 });
    expect(obstacles(status)).toEqual([
      ['AHEAD', 30],
      ['NO_SECOND_LISTING', null],
    ]);
  });
});

describe('the objects', () => {
  it('have each migration once, and those that were deleted have nothing', async () => {
    await fleet.kill();
    for (const engine of ENGINES) {
      for (const id of isWell(engine)) expect(ledgerOf(id)).toHaveLength(11);
      const deleted = ids[`${engine} deleted`] ?? [];
      expect(deleted).toHaveLength(5);
      for (const id of deleted) {
        const tables = fleet.read(
          'Inbox',
          id,
          "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB '_cf_*'",
        );
        expect(tables).toEqual([]);
      }
    }
  });
});
