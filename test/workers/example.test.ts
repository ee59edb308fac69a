// The example's Worker, called as a client would.
import { env as testEnv } from 'cloudflare:test';
import { describe, expect, it } from 'vitest';
import worker, { type Env } from '../../example/worker.ts';
import type { HistoryAnswer, InspectAnswer } from '../../src/index.ts';

const { INBOX, ARCHIVE, FLEET } = testEnv as unknown as Env;
const ORIGIN = 'https://inbox.example.com';

const call = (
  path: string,
  token: string | undefined,
  secret: string | undefined,
  command?: object,
): Promise<Response> => {
  const env = {
    INBOX,
    ARCHIVE,
    FLEET,
    ...(secret === undefined ? {} : { MIGRATIONS_TOKEN: secret }),
  };
  const request = new Request(ORIGIN + path, {
    headers: token === undefined ? {} : { Authorization: token },
    ...(command === undefined ? {} : { method: 'POST', body: JSON.stringify(command) }),
  });
  return worker.fetch(request, env);
};

const PATHS = ['/__migrations/INBOX/name/acme', '/__migrations/ARCHIVE/name/acme'];

describe('/__migrations', () => {
  it.each(PATHS)('%s tells what an object is and what it got', async (path) => {
    // Without a request of its own it would be empty, and a look makes nothing.
    const [, , binding, , team] = path.split('/');
    const used = await call(`/${binding?.toLowerCase()}/${team}`, undefined, undefined);
    expect(await used.json()).toEqual([]);

    const response = await call(path, 'Bearer open-sesame', 'open-sesame');
    expect(response.status).toBe(200);
    expect(response.headers.get('Content-Type')).toBe('application/json');
    expect(await response.json<InspectAnswer>()).toMatchObject({
      state: 'up-to-date',
      built: true,
      refusal: null,
      counts: { migrations: 11, ledger: 11, pending: 0 },
    });

    const asked = await call(path, 'Bearer open-sesame', 'open-sesame', { do: 'history' });
    const { rows } = await asked.json<HistoryAnswer>();
    expect(rows.map(({ version, origin }) => `${version} ${origin}`)).toEqual(
      Array.from({ length: 11 }, (_, i) => `${i} applied`),
    );
    expect(rows[0]?.tag).toMatch(/^\d{14}_inbox$/);
  });

  it.each([
    ['without a token', undefined, 'open-sesame'],
    ['with a wrong token', 'Bearer open-barley', 'open-sesame'],
    ['with an empty token', 'Bearer ', 'open-sesame'],
    ['with another scheme', 'Basic open-sesame', 'open-sesame'],
    ['where no secret is set', 'Bearer undefined', undefined],
    ['where the secret is empty', 'Bearer ', ''],
  ])('is not there %s', async (_, token, secret) => {
    for (const path of ['/__migrations', ...PATHS]) {
      const response = await call(path, token, secret);
      expect(response.status).toBe(404);
      expect(await response.text()).toBe('Not found');
    }
  });
});
