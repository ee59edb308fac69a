import { DurableObject } from 'cloudflare:workers';
import { withMigrations } from 'drizzle-offramp';
import { FleetLedger, type FleetReport, fleetQueue, fleetRoute } from 'drizzle-offramp/fleet';
import migrations from './drizzle/migrations.js';

export { FleetLedger };

export const Notes = withMigrations(class Notes extends DurableObject {}, migrations);

export class Inbox extends DurableObject {}

interface Env {
  NOTES: DurableObjectNamespace;
  FLEET: DurableObjectNamespace<FleetLedger>;
  FLEET_TOKEN: string;
}

export const percent = ({ run: { counts } }: FleetReport): number =>
  (100 * counts.outcomes['up-to-date']) / counts.listed;

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const answer = await fleetRoute(request, env, {
      token: env.FLEET_TOKEN,
      classes: { NOTES: { migrations } },
    });
    return answer ?? new Response('Not found', { status: 404 });
  },
  async queue(batch: MessageBatch, env: Env): Promise<void> {
    if (!(await fleetQueue(batch, env))) batch.retryAll();
  },
};
