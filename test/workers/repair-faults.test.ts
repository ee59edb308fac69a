// A fault at each statement of a repair in turn: all of it stands, or nothing.
import { afterAll, expect, it, vi } from 'vitest';
import {
  type MigrateOptions,
  type MigrationInput,
  type MigrationsCommand,
  migrate,
  type Repair,
  withMigrations,
} from '../../src/index.ts';
import { bundle0, dump, inObject, make, runDrizzle0, withObject } from './harness.ts';

const [a, b, c] = [make('a', 0), make('b', 1), make('c', 2)];
const mirror = { drizzle: 'mirror' } as const;
const edited = { ...a, sql: 'CREATE TABLE a (x INTEGER)' };
const failing = { ...c, sql: 'CREATE TABLE a (y)' };
const mirrored = (ctx: DurableObjectState) => migrate(ctx, bundle0(a, b), mirror);

const REPAIRS: [
  name: string,
  start: (ctx: DurableObjectState) => unknown,
  input: MigrationInput,
  options: MigrateOptions,
  repair: Repair,
][] = [
  [
    "a row of Drizzle's",
    (ctx) => runDrizzle0(ctx, bundle0(a, c)),
    bundle0(a, b),
    {},
    { kind: 'forget', created_at: c.when },
  ],
  ['a row of both', mirrored, bundle0(a, c), mirror, { kind: 'forget', version: 1 }],
  [
    'a migration',
    mirrored,
    bundle0(a, b, failing),
    mirror,
    { kind: 'mark-applied', migration: 'm0002' },
  ],
  [
    "a migration in Drizzle's ledger only",
    (ctx) => runDrizzle0(ctx, bundle0(a, b)),
    bundle0(a, b, failing),
    {},
    { kind: 'mark-applied', migration: 'm0002' },
  ],
  [
    'one that it has',
    mirrored,
    bundle0(a, b),
    mirror,
    { kind: 'mark-unapplied', migration: 'm0000' },
  ],
  [
    'a text',
    mirrored,
    bundle0(edited, b),
    { drift: 'error' },
    { kind: 'accept', migration: 'm0000' },
  ],
];

let faults = 0;
afterAll(() => console.info(`faults in repairs: ${faults}, each at another statement or repair`));

it.each(REPAIRS)(
  'a repair of %s stands whole or not at all',
  async (_, start, input, options, repair) => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const attempt = async (ctx: DurableObjectState, fault: number) => {
      let executed = Number.NEGATIVE_INFINITY;
      const storage = new Proxy(ctx.storage, {
        get(target, key) {
          if (key === 'sql') {
            return {
              exec(...args: [string]) {
                if (executed++ === fault) throw new Error('injected');
                return target.sql.exec(...args);
              },
            };
          }
          const value = Reflect.get(target, key);
          return typeof value === 'function' ? value.bind(target) : value;
        },
      });
      const state = {
        id: { toString: () => 'id' },
        storage,
        abort() {},
        blockConcurrencyWhile: (run: () => Promise<unknown>) => run(),
        getWebSockets: () => [],
      };
      const Class = withMigrations(
        class Some {
          readonly state: unknown;
          constructor(given: unknown) {
            this.state = given;
          }
        },
        input,
        options,
      );
      const ask = (command: MigrationsCommand) => new Class(state).__migrations(command);
      const instance = new Class(state);
      const before = dump(ctx);
      executed = 0;
      const command = { do: 'repair', repair, by: 'ada', reason: 'a test' } as const;
      const error = await instance.__migrations(command).then(
        () => undefined,
        (thrown: Error) => thrown.message,
      );
      const statements = executed;
      executed = Number.NEGATIVE_INFINITY;
      const after = dump(ctx);
      // The next attempt succeeds.
      if (error !== undefined) await ask(command);
      return { before, after, error, statements, at_last: dump(ctx) };
    };
    const run = (fault: number) =>
      withObject((stub) =>
        inObject(async (ctx) => {
          await start(ctx);
          return attempt(ctx, fault);
        }, stub),
      );
    const withoutTimes = (all: unknown) =>
      JSON.stringify(all).replace(/\\?"(applied_)?at\\?":\d+/g, '');
    const whole = await run(Number.POSITIVE_INFINITY);
    expect(whole.error).toBeUndefined();
    expect(withoutTimes(whole.after)).not.toBe(withoutTimes(whole.before));
    expect(whole.statements).toBeGreaterThan(10);
    let thrown = 0;
    for (let fault = 0; fault < whole.statements; fault++) {
      faults++;
      const { before, after, error, at_last } = await run(fault);
      if (error === undefined) expect(withoutTimes(after)).toEqual(withoutTimes(whole.after));
      else {
        thrown++;
        expect(error).toContain('injected');
        expect(after).toEqual(before);
      }
      expect(withoutTimes(at_last)).toEqual(withoutTimes(whole.at_last));
    }
    expect(thrown).toBeGreaterThan(5);
  },
);
