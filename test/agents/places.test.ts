// A pending table rebuild in every place in which the users of a base class call, in objects with a history and without:
// all rows stay, and each of 31 events finds foreign keys enforced, or the call refuses and says which one can. What has no
// base class is in test/dev/dev.test.ts.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Dev } from '../dev/dev.ts';
import type { Guarded, Look, Outcome } from './worker/protocol.ts';

let dev: Dev;
beforeAll(async () => {
  dev = await Dev.start(join(import.meta.dirname, 'worker/wrangler.jsonc'));
}, 60_000);
afterAll(() => dev.stop());

type Base = (typeof BASES)[number];
type Kind = (typeof KINDS)[number];
type Expected =
  /** All is done, and every event sees it. */
  | 'runs'
  /** Nothing is changed, and every event fails with what says which call can. */
  | 'refuses'
  /** The same, but the caller has caught it, so that events come through, with foreign keys enforced. */
  | 'refuses, caught'
  /** The same, and the base class, which was not rolled back, writes nothing at the next wake: then it runs. */
  | 'refuses, caught, and runs at the next wake'
  /** All is done, but the rest of the event in which it was called is not enforced. */
  | 'runs, the rest of its event is not enforced'
  /** It waits for what was written before, which the event does not wait for: that goes on as if nothing was called. */
  | 'runs after its event'
  /** The first event is refused, the next one does it. */
  | 'refuses the first event, the rest of the second is not enforced';

const BASES = ['agents 0.32', 'agents 0.2.35', 'partyserver'] as const;
const KINDS = ['new', 'new, with rows', 'old, of Drizzle', 'old, of ours'] as const;
const EVENTS = 31;

/** Whether the base class has written in its constructor, so that a transaction is open after `super()`. */
const writesInSuper = (base: Base, kind: Kind): boolean =>
  base === 'agents 0.2.35' || (base === 'agents 0.32' && kind.startsWith('new'));

const runs = (): Expected => 'runs';
/** After `super()`, in the same turn. Where no row refers to a table that is dropped, enforcement changes nothing. */
const afterSuper = (base: Base, kind: Kind): Expected =>
  writesInSuper(base, kind) && kind !== 'new' ? 'refuses' : 'runs';
const caught = (base: Base, kind: Kind): Expected => {
  if (afterSuper(base, kind) === 'runs') return 'runs';
  return base === 'agents 0.32' ? 'refuses, caught, and runs at the next wake' : 'refuses, caught';
};
/** agents 0.32 writes in the event that starts it, before `onStart`. */
const inStart = (base: Base, kind: Kind): Expected => {
  if (base !== 'agents 0.32') return 'runs, the rest of its event is not enforced';
  return kind === 'new'
    ? 'runs'
    : 'refuses the first event, the rest of the second is not enforced';
};
const inStartUnawaited = (base: Base, kind: Kind): Expected => {
  if (base !== 'agents 0.32') return 'runs, the rest of its event is not enforced';
  return kind === 'new, with rows' ? 'runs after its event' : 'runs';
};
const sync = (): Expected => 'runs, the rest of its event is not enforced';

const places: Record<string, (base: Base, kind: Kind) => Expected> = {
  'migrate(ctx) before super': runs,
  'migrate(ctx.storage) before super': runs,
  'drop-in before super, not awaited': runs,
  'migrate(ctx) after super': afterSuper,
  'migrate(ctx.storage) after super': afterSuper,
  'drop-in after super, not awaited': runs,
  'drop-in after super, in an async method, not awaited': runs,
  'drop-in after super, its error caught': runs,
  'migrate(ctx) after super, its error caught': caught,
  'migrate(ctx) in blockConcurrencyWhile after super': runs,
  'migrateAsync(ctx) in blockConcurrencyWhile after super': runs,
  'migrateAsync(ctx.storage) in blockConcurrencyWhile after super': runs,
  'migrateAsync(ctx) after super, not awaited': runs,
  'drop-in in blockConcurrencyWhile after super': runs,
  'drop-in in blockConcurrencyWhile after super, not awaited': runs,
  'migrateAsync(ctx) in onStart': runs,
  'migrateAsync(ctx.storage) in onStart': runs,
  'migrate(ctx) in onStart': inStart,
  'drop-in in onStart': runs,
  'drop-in in onStart, not awaited': inStartUnawaited,
  'migrateAsync(ctx) in a method': runs,
  'migrateAsync(ctx.storage) in a method': runs,
  'migrate(ctx) in a method': sync,
  'drop-in in a method': runs,
  'withMigrations around the class': runs,
  'drop-in in a method, not awaited': sync,
};

const run = (base: Base, place: string, kind: string, by: string, events = EVENTS) =>
  dev.get<Outcome>(`/?${new URLSearchParams({ base, place, kind, by, events: String(events) })}`);

/** A call by RPC does not start a base class, so what stands in `onStart` is reached by requests. */
const waysOf = (place: string): string[] =>
  place.includes('onStart') ? ['fetch'] : ['fetch', 'rpc'];

const ROWS = [2, 3, 4];
const rowsOf = (kind: Kind): number[] => (kind === 'new' ? [0, 0, 0] : ROWS);
const untouched = (kind: Kind): Pick<Outcome, 'kept' | 'applied'> =>
  kind === 'new, with rows'
    ? { kept: [-1, -1, -1], applied: -1 }
    : { kept: ROWS, applied: kind === 'old, of ours' ? 1 : -1 };

/** The calls that can, as the message of a refusal names them. */
const SAYS_WHICH =
  /^(ForeignKeyError: )?\[FOREIGN_KEYS_(AFTER_WRITE|IN_TRANSACTION)\] .*Nothing was changed\. Call migrate before any write and before super\(ctx, env\), or await migrateAsync\(ctx, migrations\)\.$/s;

const enforced = (rows: number[]): Look => ({ enforced: true, orphan: 'refused', rows });
const notEnforced = (rows: number[]): Look => ({ enforced: false, orphan: 'taken', rows });
const refusal = { error: expect.stringMatching(SAYS_WHICH) };
const times = <T>(count: number, value: T): T[] => new Array(count).fill(value);

/** What the events found, in the order in which they were sent, and what is there in the end. */
function expectedOf(expected: Expected, kind: Kind): Partial<Outcome> {
  const rows = rowsOf(kind);
  const done = { kept: rows, applied: 3, again: enforced(rows) };
  const late = EVENTS - 1;
  const { kept } = untouched(kind);
  const orphan = kept[0] === -1 ? 'no such table: c: SQLITE_ERROR' : 'refused';
  const passed = { enforced: true, orphan, rows: kept };
  switch (expected) {
    case 'runs':
      return { ...done, events: times(EVENTS, enforced(rows)) };
    case 'refuses':
      return { ...untouched(kind), events: times(EVENTS, refusal), again: refusal };
    case 'refuses, caught':
      return { ...untouched(kind), events: times(EVENTS, passed), again: passed };
    case 'refuses, caught, and runs at the next wake':
      return { ...done, events: times(EVENTS, passed) };
    case 'runs, the rest of its event is not enforced':
      return { ...done, events: [notEnforced(rows), ...times(late, enforced(rows))] };
    case 'runs after its event':
      return { ...done, events: [passed, ...times(late, enforced(rows))] };
    case 'refuses the first event, the rest of the second is not enforced':
      return {
        ...done,
        events: [refusal, notEnforced(rows), ...times(late - 1, enforced(rows))],
      };
  }
}

it('every place of the Worker is tested', async () => {
  expect(Object.keys(places)).toEqual(await dev.get('/'));
});

describe.each(BASES)('base class: %s', (base) => {
  describe.each(KINDS)('an object that is %s', (kind) => {
    it.each(Object.entries(places).map(([place, expect]) => [place, expect(base, kind)] as const))(
      '%s %s',
      async (place, expected) => {
        for (const by of waysOf(place)) {
          expect(await run(base, place, kind, by)).toMatchObject(expectedOf(expected, kind));
        }
      },
    );
  });

  it('withMigrations looks into an object that is refused, and repairs it', async () => {
    const { asked, built, ...found } = await dev.get<Guarded>(
      `/?${new URLSearchParams({ base, place: 'refused' })}`,
    );
    expect(asked).toMatch(/^\[MIGRATION_FAILED\] Migration m0002 failed /);
    expect(found).toEqual({
      inspected: { state: 'refused', built: false, code: 'MIGRATION_FAILED', pending: 2 },
      preflight: 'failed',
      status: 503,
      kept: ROWS,
    });
    expect(built).toEqual(enforced(ROWS));
  });

  it('a look by its id leaves no instance without its name', async () => {
    const seen = await dev.get<{ stays: string | null; found: boolean }>(
      `/?${new URLSearchParams({ base, place: 'by id' })}`,
    );
    expect(seen).toEqual({ stays: null, found: true });
  });

  it('a look at a new object makes nothing', async () => {
    const { state, tables } = await dev.get<{ state: string; tables: string[] }>(
      `/?${new URLSearchParams({ base, place: 'empty' })}`,
    );
    expect([state, tables]).toEqual(['empty', []]);
  });

  it.each(Object.keys(places))('a migration that fails: %s', async (place) => {
    // Few events, as wrangler takes its time to print an error.
    const { events, kept, applied } = await run(base, place, 'old, failing', 'fetch', 4);
    expect({ kept, applied }).toEqual({ kept: ROWS, applied: 1 });
    expect(events).toHaveLength(4);
    const code = /\[(MIGRATION_FAILED|FOREIGN_KEYS_AFTER_WRITE|FOREIGN_KEYS_IN_TRANSACTION)\] /;
    for (const event of events) {
      expect([{ error: expect.stringMatching(code) }, enforced(ROWS)]).toContainEqual(event);
    }
  });
});
