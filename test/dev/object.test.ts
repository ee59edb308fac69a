// Objects of classes that went through withMigrations in `wrangler dev`: the runtime builds them itself.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type {
  HistoryAnswer,
  InspectAnswer,
  PreflightAnswer,
  RepairAnswer,
} from '../../src/index.ts';
import { Dev } from './dev.ts';

vi.setConfig({ testTimeout: 30_000 });

const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
/** How long the runtime keeps an object that nobody calls, and a bit more, in milliseconds. */
const UNTIL_EVICTED = 11_000;

let dev: Dev;
let socket: WebSocket;
let connected: number;
beforeAll(async () => {
  dev = await Dev.start(join(import.meta.dirname, 'object/wrangler.jsonc'));
  await deploy('sleeper', 'Plain', ONE);
  socket = new WebSocket(`${dev.url.replace('http', 'ws')}/BOX/sleeper/fetch`);
  await new Promise((resolve) => socket.addEventListener('open', resolve));
  connected = Date.now();
}, 60_000);
afterAll(() => dev.stop());

const ONE = { m0000: 'CREATE TABLE a (x)' };
const FAILING = { ...ONE, m0001: 'CREATE TABLE a (x)' };

interface Called<T> {
  value?: T;
  error?: {
    type: string;
    message: string;
    code?: string;
    remote?: boolean;
    durableObjectReset?: boolean;
  };
}
const call = <T = unknown>(path: string, ...args: unknown[]) =>
  dev.get<Called<T>>(`/${path}?args=${encodeURIComponent(JSON.stringify(args))}`);
const answerOf = async <T>(path: string, ...args: unknown[]): Promise<T> => {
  const { value, error } = await call<T>(path, ...args);
  if (error) throw new Error(error.message);
  return value as T;
};
const deploy = async (name: string, of: string, migrations?: unknown) => {
  await fetch(`${dev.url}/deploy`, {
    method: 'POST',
    body: JSON.stringify({ name, of, migrations }),
  });
};
const AGAIN = 'drizzle-offramp: the object was repaired, and is built anew. Call it once more.';
const REPAIR = {
  do: 'repair',
  repair: { kind: 'mark-applied', migration: 'm0000' },
  by: 'ada',
  reason: 'a test',
};

describe('a class as the Worker exports it', () => {
  it('is built, by a decorator too, with its private members, fields and RPC targets', async () => {
    expect(await call('INBOX/built/answer')).toEqual({ value: 42 });
    expect(await call('INBOX/built/door', true)).toEqual({ value: 'open' });
    expect(await call('INBOX/built/nothing')).toMatchObject({ error: { type: 'TypeError' } });
    expect(await (await fetch(`${dev.url}/INBOX/built/fetch`)).text()).toBe('built');
    expect(await answerOf('INBOX/built/__migrations', { do: 'inspect' })).toMatchObject({
      name: 'built',
      state: 'up-to-date',
      built: true,
    });
  });

  it('where it is not built answers each call with the error, and is not reset', async () => {
    const printed = dev.output.length;
    for (const [method, arg] of [['answer'], ['door', false], ['door', true]] as const) {
      const { error } = await call(`BROKEN/a/${method}`, arg);
      expect(error).toEqual({
        type: 'MigrationError',
        message: expect.stringMatching(/^\[MIGRATION_FAILED\] Migration m0000 failed/),
        code: 'MIGRATION_FAILED',
        remote: true,
      });
    }
    const response = await fetch(`${dev.url}/BROKEN/a/fetch`);
    expect([response.status, response.headers.get('Retry-After')]).toEqual([503, '60']);
    expect(await response.json()).toMatchObject({ error: { code: 'MIGRATION_FAILED' } });
    const inspected = await answerOf<InspectAnswer>('BROKEN/a/__migrations', { do: 'inspect' });
    expect(inspected).toMatchObject({ state: 'refused', built: false, empty: true });
    const line = 'drizzle-offramp: this object was not constructed: ';
    await vi.waitFor(() =>
      expect(dev.output.slice(printed)).toContain(
        `${line}Broken ${inspected.id} (a). [MIGRATION_FAILED] `,
      ),
    );
    expect(dev.output.slice(printed).split(line)).toHaveLength(2);
  });

  it('is built anew once it is repaired', async () => {
    const asked = await answerOf<PreflightAnswer>('BROKEN/b/__migrations', { do: 'preflight' });
    expect(asked).toMatchObject({ outcome: 'failed', error: { code: 'MIGRATION_FAILED' } });
    const { repaired, record } = await answerOf<RepairAnswer>('BROKEN/b/__migrations', REPAIR);
    expect(repaired).toBe(true);
    // Who comes before the instance has ended is told to come again.
    await vi.waitFor(async () => {
      const { value, error } = await call('BROKEN/b/answer');
      expect(error?.message ?? AGAIN).toBe(AGAIN);
      expect(value).toBe(42);
    });
    const { repairs } = await answerOf<HistoryAnswer>('BROKEN/b/__migrations', { do: 'history' });
    expect(repairs).toEqual([record]);
  });

  it('still shows its rows to the local explorer where it is not built', async () => {
    await call('BROKEN/c/answer');
    expect(await call('BROKEN/c/__miniflare_getDOName')).toEqual({ value: 'c' });
    expect(
      await call('BROKEN/c/__miniflare_introspectSqlite', [{ sql: 'SELECT 1 AS one' }]),
    ).toMatchObject({ value: [{ rows: [[1]] }] });
  });
});

describe('a look', () => {
  const NAMES = "SELECT name FROM sqlite_master WHERE name NOT GLOB '__miniflare*' ORDER BY name";

  it.each(['Plain', 'Eager'])('at an object without anything makes nothing: %s', async (of) => {
    const name = `empty-${of}`;
    await deploy(name, of, ONE);
    expect(await answerOf(`BOX/${name}/__migrations`, { do: 'inspect' })).toMatchObject({
      state: 'empty',
    });
    await wait(50);
    await deploy(name, 'Plain');
    expect(await call(`BOX/${name}/sql`, NAMES)).toEqual({ value: [] });
    expect(await call(`BOX/${name}/alarmIn`)).toEqual({ value: null });
  });

  it('at one that is called at the same time loses nothing', async () => {
    for (let gap = 0; gap < 20; gap++) {
      const name = `race-${gap}`;
      await deploy(name, 'Plain', ONE);
      const look = answerOf<InspectAnswer>(`BOX/${name}/__migrations`, { do: 'inspect' });
      await wait(gap);
      const [{ state }, { value, error }] = await Promise.all([
        look,
        call(`BOX/${name}/sql`, 'INSERT INTO a VALUES (7) RETURNING x'),
      ]);
      await wait(30);
      // Where there was an error the instance has ended, and calling it would make its tables.
      if (!error) await call(`BOX/${name}/evict`);
      await deploy(name, 'Plain');
      const { value: left } = await call(`BOX/${name}/sql`, 'SELECT x FROM a');
      if (error) {
        expect([state, error.message, left]).toEqual([
          'empty',
          'drizzle-offramp: the object was empty, and is empty again. Call it once more.',
          undefined,
        ]);
      } else expect([value, left]).toEqual([[{ x: 7 }], [{ x: 7 }]]);
    }
  });

  it('at one that was deleted leaves it so, and at one that is used changes nothing', async () => {
    const name = 'deleted';
    await deploy(name, 'Plain', ONE);
    await call(`BOX/${name}/sql`, 'INSERT INTO a VALUES (1)');
    expect(await answerOf(`BOX/${name}/__migrations`, { do: 'inspect' })).toMatchObject({
      state: 'up-to-date',
      made: true,
    });
    await call(`BOX/${name}/clear`);
    await call(`BOX/${name}/evict`);
    expect(await answerOf(`BOX/${name}/__migrations`, { do: 'inspect' })).toMatchObject({
      state: 'empty',
    });
    await wait(50);
    expect(await call(`BOX/${name}/sql`, 'SELECT * FROM a')).toEqual({ value: [] });
  });
});

it('puts an alarm off that finds the object refused, and rings once it is repaired', async () => {
  const name = 'alarm';
  await deploy(name, 'Plain', ONE);
  await call(`BOX/${name}/setAlarm`, 500);
  await call(`BOX/${name}/evict`);
  await deploy(name, 'Plain', FAILING);
  expect((await call(`BOX/${name}/answer`)).error?.code).toBe('MIGRATION_FAILED');
  await wait(1500);
  const repair = { ...REPAIR, repair: { kind: 'mark-applied', migration: 'm0001' } };
  await answerOf(`BOX/${name}/__migrations`, repair);
  await wait(50);
  const left = await answerOf<number>(`BOX/${name}/alarmIn`);
  expect(left).toBeGreaterThan(4 * 60_000);
  expect(left).toBeLessThanOrEqual(5 * 60_000);
  await call(`BOX/${name}/setAlarm`, 10);
  await wait(500);
  expect(await call(`BOX/${name}/sql`, 'SELECT * FROM rang')).toEqual({ value: [] });
});

describe('the route', () => {
  const route = (path: string, token = 's3cret', init: RequestInit = {}) =>
    fetch(`${dev.url}${path}`, { ...init, headers: { Authorization: `Bearer ${token}` } });

  it('is not there without the token', async () => {
    const unknown = await fetch(`${dev.url}/no/such/path`);
    const expected = [unknown.status, await unknown.text(), [...unknown.headers.keys()]];
    for (const response of [
      await fetch(`${dev.url}/__migrations`),
      await route('/__migrations', 'another'),
      await route('/__migrations/BOX/name/a', 'another'),
      await route('/__migrations/BOX/name/a', 'another', { method: 'POST', body: '{}' }),
    ]) {
      expect([response.status, await response.text(), [...response.headers.keys()]]).toEqual(
        expected,
      );
    }
  });

  it('asks an object with it', async () => {
    expect(await (await route('/__migrations')).json()).toEqual({
      classes: ['INBOX', 'BROKEN', 'BOX', 'BARE'],
    });
    await call('INBOX/routed/answer');
    const response = await route('/__migrations/INBOX/name/routed');
    expect([response.status, response.headers.get('Cache-Control')]).toEqual([200, 'no-store']);
    expect(await response.json()).toMatchObject({ name: 'routed', state: 'up-to-date' });
    expect((await route('/__migrations/BARE/name/a')).status).toBe(501);
  });
});

it('closes a WebSocket that wakes an object which is refused by now', async () => {
  await wait(connected + UNTIL_EVICTED - Date.now());
  await deploy('sleeper', 'Plain', FAILING);
  const closed = new Promise<CloseEvent>((resolve) => socket.addEventListener('close', resolve));
  socket.send('two');
  const { code, reason } = await closed;
  expect([code, reason]).toEqual([1013, 'MIGRATION_FAILED']);
});
