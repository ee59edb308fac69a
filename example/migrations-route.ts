import { history, inspect, type MigrateTarget } from 'drizzle-offramp';
import migrations from '../drizzle/migrations.js';

/** What an object says of its migrations: what it got, and what its next wake would do with this code. */
export const describeMigrations = (target: MigrateTarget): string =>
  JSON.stringify({ history: history(target), inspection: inspect(target, migrations) });

/** SHA-256 makes both of one length; the comparison then takes the same time wherever they differ. */
async function isSame(given: string, expected: string): Promise<boolean> {
  const hash = (text: string) => crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return crypto.subtle.timingSafeEqual(await hash(given), await hash(expected));
}

/**
 * Whether a request bears the token. Without the secret `MIGRATIONS_TOKEN` the route stays closed.
 *
 * @param request bears it as `Authorization: Bearer <token>`
 * @param token the secret: `wrangler secret put MIGRATIONS_TOKEN`
 */
export async function mayLook(request: Request, token: string | undefined): Promise<boolean> {
  const [scheme, given] = (request.headers.get('Authorization') ?? '').split(' ');
  return Boolean(token) && scheme === 'Bearer' && (await isSame(given ?? '', token ?? ''));
}
