// The guarded way to __migrations from outside.
import { env } from 'cloudflare:test';
import { DurableObject } from 'cloudflare:workers';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type MigrationsRouteOptions, migrate, migrationsRoute } from '../../src/index.ts';
import { Deployed } from './deployed.ts';
import { FAILING, ONE } from './refused.ts';
import { deployed } from './worker.ts';

beforeEach(() => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
});
afterEach(() => {
  deployed.Class = undefined;
  vi.restoreAllMocks();
});

const TOKEN = 'a secret of some length';
const request = (path: string, token: string | null = TOKEN, init: RequestInit = {}) =>
  new Request(`https://example.com${path}`, {
    ...init,
    ...(token === null ? {} : { headers: { Authorization: `Bearer ${token}` } }),
  });
const post = (path: string, body: unknown) =>
  request(path, TOKEN, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
const ask = async (
  asked: Request,
  options: Partial<MigrationsRouteOptions> = {},
  bindings: object = env,
) => {
  const response = await migrationsRoute(asked, bindings, { token: TOKEN, ...options });
  return response && { status: response.status, body: await response.json<never>() };
};
const pathOf = (object: Deployed) => `/__migrations/DEPLOYED/id/${object.id}`;

it.each<[string, Request, Partial<MigrationsRouteOptions>?]>([
  ['no token', new Request('https://example.com/__migrations')],
  ['another token', request('/__migrations', 'another')],
  ['a longer token', request('/__migrations', `${TOKEN}.`)],
  ['an empty token', request('/__migrations', '')],
  [
    'another scheme',
    new Request('https://example.com/__migrations', { headers: { Authorization: TOKEN } }),
  ],
  ['no secret', request('/__migrations'), { token: undefined }],
  ['an empty secret', request('/__migrations', ''), { token: '' }],
  ['an empty secret and any token', request('/__migrations', 'x'), { token: '' }],
  ['another path', request('/')],
  ['a path that only begins so', request('/__migrations_of/DEPLOYED/name/a')],
  ['a path that holds it', request('/api/__migrations')],
  ['the path where it was', request('/__migrations'), { path: '/admin' }],
])('is not there for %s', async (_, asked, options) => {
  expect(await migrationsRoute(asked, env, { token: TOKEN, ...options })).toBeUndefined();
});

it('does as much for any path where the token is wrong', async () => {
  const digest = vi.spyOn(crypto.subtle, 'digest');
  const counts = [];
  for (const path of ['/__migrations/DEPLOYED/name/a', '/any/other', '/__migrations']) {
    await migrationsRoute(request(path, 'wrong'), env, { token: TOKEN });
    await migrationsRoute(request(path, null), env, { token: TOKEN });
    counts.push(digest.mock.calls.length);
  }
  expect(counts).toEqual([2, 4, 6]);
});

it('lists the classes: the bindings of Durable Objects, or those that it was given', async () => {
  expect(await ask(request('/__migrations'))).toEqual({
    status: 200,
    body: { classes: ['OBJECT', 'DEPLOYED', 'PLAIN', 'PLAIN_DEPLOYED', 'INBOX', 'ARCHIVE'] },
  });
  expect(await ask(request('/__migrations/'), { classes: { Box: env.DEPLOYED } })).toEqual({
    status: 200,
    body: { classes: ['Box'] },
  });
  expect(await ask(request('/deep/admin'), { path: '/deep/admin' }, {})).toEqual({
    status: 200,
    body: { classes: [] },
  });
});

it('looks with GET and does any command with POST', async () => {
  const object = new Deployed();
  await object.raw((ctx) => migrate(ctx, ONE));
  await object.deploy(FAILING);
  const path = pathOf(object);
  const looked = await ask(request(path));
  const { instance, ...answer } = JSON.parse(JSON.stringify(await object.inspect()));
  // The route asks for the end of an instance that was woken by its id.
  const body = { ...answer, instance: { ...instance, stays: 'refused' } };
  expect(looked).toEqual({ status: 200, body });
  expect(await ask(post(path, { do: 'inspect' }))).toEqual(looked);
  expect(await ask(post(path, { do: 'history' }))).toMatchObject({
    status: 200,
    body: { repairs: [] },
  });
  expect(await ask(post(path, { do: 'preflight', migrations: ONE }))).toMatchObject({
    status: 200,
    body: { outcome: 'nothing' },
  });
  const repair = { kind: 'mark-applied', migration: 'm0001' };
  const command = { do: 'repair', repair, by: 'ada', reason: 'by hand' };
  expect(await ask(post(path, { ...command, dryRun: true }))).toMatchObject({
    status: 200,
    body: { repaired: false, after: { state: 'pending' } },
  });
  expect(await ask(post(path, command))).toMatchObject({ status: 200, body: { repaired: true } });
  expect(await ask(request(path))).toMatchObject({ body: { state: 'up-to-date', built: true } });
  expect(await ask(post(path, command))).toEqual({
    status: 409,
    body: {
      error: expect.objectContaining({
        name: 'CommandError',
        code: 'INVALID_REPAIR',
        message: expect.stringMatching(/^\[INVALID_REPAIR\] .* The object has m0001 already\./),
        fits: [],
      }),
    },
  });
});

it.each([
  ['repaired', (object: Deployed) => object.raw((ctx) => migrate(ctx, ONE)), 'up-to-date'],
  ['empty', () => {}, 'empty'],
] as const)(
  'asks once more where the object ends itself, as it was %s',
  async (_, before, state) => {
    const object = new Deployed();
    await before(object);
    await object.deploy(FAILING);
    const path = pathOf(object);
    if (state === 'empty') await object.deploy(ONE);
    else {
      const repair = { kind: 'mark-applied', migration: 'm0001' };
      await object.stub.__migrations({ do: 'repair', repair, by: 'ada', reason: 'b' } as never);
    }
    const looks = await Promise.all(
      Array.from({ length: 20 }, async (_none, i) => {
        await scheduler.wait(i);
        return ask(request(path));
      }),
    );
    for (const look of looks) expect(look).toMatchObject({ status: 200, body: { state } });
  },
);

it('refuses a body that is nested too deep for RPC, and takes one as deep as any command', async () => {
  const object = new Deployed();
  await object.deploy(ONE);
  const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
  const sent = (levels: number) =>
    ask(post(pathOf(object), `{"do":"preflight","migrations":${nested(levels)}}`));
  for (const levels of [33, 200, 100_000]) {
    expect(await sent(levels)).toMatchObject({
      status: 400,
      body: {
        error: {
          code: 'INVALID_COMMAND',
          message: '[INVALID_COMMAND] The body is nested more than 32 levels deep.',
        },
      },
    });
  }
  expect(await sent(32)).toMatchObject({ status: 200, body: { outcome: 'refused' } });
});

it('keeps the fields of an error that crossed RPC', async () => {
  const object = new Deployed();
  await object.raw((ctx) => migrate(ctx, ONE));
  await object.deploy(FAILING);
  const { repairs } = await object.inspect();
  expect(repairs).toHaveLength(1);
  const repair = { kind: 'accept', migration: 'm0000' };
  const command = { do: 'repair', repair, by: 'ada', reason: 'by hand' };
  expect(await ask(post(pathOf(object), command))).toMatchObject({
    status: 409,
    body: { error: { code: 'INVALID_REPAIR', fits: repairs } },
  });
});

it('finds an object by its name, whatever is in it', async () => {
  const name = 'a/b c?ö';
  const object = new Deployed(env.DEPLOYED.idFromName(name));
  await object.deploy(ONE);
  const options = { classes: { 'The Box/1': env.DEPLOYED } };
  const path = `/__migrations/${encodeURIComponent('The Box/1')}/name/${encodeURIComponent(name)}`;
  expect(await ask(request(path), options)).toMatchObject({
    status: 200,
    body: { id: env.DEPLOYED.idFromName(name).toString(), state: 'empty' },
  });
});

const INSPECT = { do: 'inspect' };
it.each([
  [
    404,
    'UNKNOWN_CLASS',
    'There is no class NONE. There are: BOX.',
    post('/__migrations/NONE/name/a', INSPECT),
  ],
  [
    404,
    'UNKNOWN_CLASS',
    'There is no class toString. There are: BOX.',
    request('/__migrations/toString/name/a'),
  ],
  [
    404,
    'UNKNOWN_PATH',
    'The path ends in <class>/id/<id> or <class>/name/<name>.',
    request('/__migrations/BOX'),
  ],
  [
    404,
    'UNKNOWN_PATH',
    'The path ends in <class>/id/<id> or <class>/name/<name>.',
    request('/__migrations/BOX/name/'),
  ],
  [
    404,
    'UNKNOWN_PATH',
    'The path ends in <class>/id/<id> or <class>/name/<name>.',
    request('/__migrations/BOX/nick/a'),
  ],
  [
    404,
    'UNKNOWN_PATH',
    'The path ends in <class>/id/<id> or <class>/name/<name>.',
    request('/__migrations/BOX/name/a/b'),
  ],
  [
    404,
    'UNKNOWN_PATH',
    'The path ends in <class>/id/<id> or <class>/name/<name>.',
    request('/__migrations/BOX/name/%E0%A4%A'),
  ],
  [
    400,
    'INVALID_COMMAND',
    'The body is no command in JSON.',
    post('/__migrations/BOX/name/a', '{'),
  ],
  [
    400,
    'INVALID_COMMAND',
    'The body is no command in JSON.',
    post('/__migrations/BOX/name/a', 'null'),
  ],
  [
    405,
    'INVALID_METHOD',
    'The route takes GET and POST.',
    request('/__migrations/BOX/name/a', TOKEN, { method: 'DELETE' }),
  ],
] as const)('says %i %s: %s', async (status, code, message, asked) => {
  expect(await ask(asked, { classes: { BOX: env.DEPLOYED } })).toEqual({
    status,
    body: { error: { name: 'RouteError', code, message: `[${code}] ${message}` } },
  });
});

it('says that an id is none of that class', async () => {
  const id = env.OBJECT.newUniqueId();
  for (const which of ['abc', `${id}`]) {
    expect(await ask(request(`/__migrations/DEPLOYED/id/${which}`))).toMatchObject({
      status: 400,
      body: {
        error: {
          code: 'INVALID_ID',
          message: expect.stringContaining(`[INVALID_ID] ${which} is no id of DEPLOYED: `),
        },
      },
    });
  }
});

it('says what the object says, and what it is that cannot answer', async () => {
  const object = new Deployed();
  await object.deploy(ONE);
  expect(await ask(post(pathOf(object), { do: 'dance' }))).toMatchObject({
    status: 400,
    body: { error: { name: 'CommandError', code: 'INVALID_COMMAND' } },
  });
  await object.raw((ctx) =>
    ctx.storage.sql
      .exec('DROP TABLE IF EXISTS __migrations; CREATE TABLE __migrations (id)')
      .toArray(),
  );
  await object.evict();
  expect(await ask(post(pathOf(object), { do: 'history' }))).toMatchObject({
    status: 502,
    body: { error: { name: 'AdoptionError', code: 'NOT_A_LEDGER', table: '__migrations' } },
  });
  await object.deployClass(
    class extends DurableObject {
      broken = JSON.parse('{');
    },
  );
  expect(await ask(request(pathOf(object)))).toMatchObject({
    status: 502,
    body: { error: { name: 'SyntaxError', code: 'OBJECT_FAILED' } },
  });
  expect(await ask(request('/__migrations/OBJECT/name/a'))).toMatchObject({
    status: 501,
    body: { error: { code: 'NO_WITH_MIGRATIONS' } },
  });
});

it('understands what is left of an error below compatibility date 2026-10', async () => {
  const classes = {
    OLD: {
      idFromName: () => 'id',
      idFromString: () => 'id',
      get: () => ({
        __migrations: () => {
          throw new Error('CommandError: [INVALID_REPAIR] {"kind":"forget"} does not fit');
        },
      }),
    },
  };
  expect(await ask(post('/__migrations/OLD/name/a', INSPECT), { classes })).toMatchObject({
    status: 409,
    body: { error: { code: 'INVALID_REPAIR' } },
  });
});
