// The example's Worker, called as a client would.
import { env as testEnv } from 'cloudflare:test';
import { describe, expect, it } from 'vitest';
import worker, { type Env } from '../../example/worker.ts';

const { INBOX, ARCHIVE } = testEnv as unknown as Env;
const call = (path: string, token: string | undefined, secret: string | undefined) => {
  const headers: HeadersInit = token === undefined ? {} : { Authorization: token };
  const env = { INBOX, ARCHIVE, ...(secret === undefined ? {} : { MIGRATIONS_TOKEN: secret }) };
  return worker.fetch(new Request(`https://inbox.example.com${path}`, { headers }), env);
};

describe('GET __migrations', () => {
  it.each(['/inbox/acme/__migrations', '/archive/acme/__migrations'])(
    '%s tells what an object got',
    async (path) => {
      const response = await call(path, 'Bearer open-sesame', 'open-sesame');
      expect(response.status).toBe(200);
      expect(response.headers.get('Content-Type')).toBe('application/json');
      const { history, inspection } = await response.json<{
        history: { version: number; tag: string; origin: string }[];
        inspection: { upToDate: boolean; actions: unknown[] };
      }>();
      expect(history.map(({ version }) => version)).toEqual(
        Array.from({ length: 11 }, (_, i) => i),
      );
      expect(history[0]?.tag).toMatch(/^\d{14}_inbox$/);
      expect(inspection).toMatchObject({ upToDate: true, actions: [] });
    },
  );

  it.each([
    ['without a token', undefined, 'open-sesame'],
    ['with a wrong token', 'Bearer open-barley', 'open-sesame'],
    ['with an empty token', 'Bearer ', 'open-sesame'],
    ['with another scheme', 'Basic open-sesame', 'open-sesame'],
    ['where no secret is set', 'Bearer undefined', undefined],
    ['where the secret is empty', 'Bearer ', ''],
  ])('is refused %s', async (_, token, secret) => {
    const response = await call('/inbox/acme/__migrations', token, secret);
    expect(response.status).toBe(404);
    expect(await response.text()).toBe('Not found');
  });
});
