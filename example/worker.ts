import { migrationsRoute } from 'drizzle-offramp';
import { type FleetLedger, fleetRoute } from 'drizzle-offramp/fleet';
import migrations from '../drizzle/migrations.js';
import type { Archive } from './archive.ts';
import type { Inbox, IncomingMessage } from './inbox.ts';

export { FleetLedger } from 'drizzle-offramp/fleet';
export { Archive } from './archive.ts';
export { Inbox } from './inbox.ts';

export interface Env {
  INBOX: DurableObjectNamespace<Inbox>;
  ARCHIVE: DurableObjectNamespace<Archive>;
  /** Keeps what is known of all objects, while they are swept. */
  FLEET: DurableObjectNamespace<FleetLedger>;
  /** Opens `/__migrations` and `/__fleet` to those who bear it. */
  MIGRATIONS_TOKEN?: string;
}

// GET  /inbox/<team>               the open conversations
// POST /inbox/<team>               receives a message
// POST /inbox/<team>/<id>/archive  moves a conversation to the archive
// GET  /archive/<team>?q=<words>   searches the archive
// /__migrations/…                  looks into any object and repairs it; needs the token
// /__fleet/…                       brings all objects up to date; needs the token
export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const token = env.MIGRATIONS_TOKEN;
    const answer =
      (await migrationsRoute(request, env, { token })) ??
      (await fleetRoute(request, env, {
        token,
        classes: { INBOX: { migrations }, ARCHIVE: { migrations } },
      }));
    if (answer) return answer;
    const url = new URL(request.url);
    const [, where, team = '', id, action] = url.pathname.split('/');
    switch (`${request.method} ${where}${action ? `/${action}` : ''}`) {
      case 'GET inbox':
        return Response.json(await env.INBOX.getByName(team).openConversations());
      case 'POST inbox':
        return Response.json(
          await env.INBOX.getByName(team).receive(await request.json<IncomingMessage>()),
        );
      case 'POST inbox/archive':
        await env.INBOX.getByName(team).archive(id ?? '');
        return new Response(null, { status: 204 });
      case 'GET archive':
        return Response.json(
          await env.ARCHIVE.getByName(team).search(url.searchParams.get('q') ?? ''),
        );
      default:
        return new Response('Not found', { status: 404 });
    }
  },
} satisfies ExportedHandler<Env>;
