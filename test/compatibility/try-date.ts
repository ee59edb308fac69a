// Compatibility dates, in this repository's workerd: what the runtime does differently must make no difference.
import assert from 'node:assert/strict';
import { ALL, ask, BEFORE, bundleOf, COUNT, ROWS_OF_USERS, workerOf } from './inbox.ts';
import type { Project } from './project.ts';

const IMPORTS = (bundle: string): string => `\
import { migrate } from 'drizzle-offramp';
import migrations from './${bundle}';`;

/** A class that is refused answers with the error's code, over RPC. */
const REFUSED = `\
import { DurableObject } from 'cloudflare:workers';
import { withMigrations } from 'drizzle-offramp';

export const Inbox = withMigrations(
  class Inbox extends DurableObject {
    run() {}
  },
  { m0000: 'CREATE TABLE users (id TEXT)' },
  { table: 'another', drizzleTable: 'anothers' },
);

export default {
  async fetch(request, env) {
    const { name } = await request.json();
    try {
      await env.INBOX.get(env.INBOX.idFromName(name)).run();
      return Response.json([]);
    } catch (error) {
      return Response.json([[{ code: /\\[(\\w+)\\]/.exec(error.message)?.[1] }]]);
    }
  },
};
`;

/**
 * Tries a compatibility date, with and without Node's modules.
 *
 * @param project an empty one
 * @param date the date
 */
export async function tryDate(project: Project, date: string): Promise<string> {
  project.write({ 'few.js': bundleOf('0.x', BEFORE), 'all.js': bundleOf() });
  project.install();
  for (const flags of [[], ['nodejs_compat']]) {
    const deploy = { date, flags, state: project.at(`state-${flags.length}`) };
    const few = workerOf(IMPORTS('few.js'), 'migrate(ctx, migrations);');
    await ask(project, few, ROWS_OF_USERS, deploy);
    const all = workerOf(IMPORTS('all.js'), 'migrate(ctx, migrations);');
    const applied = 'SELECT count(*) AS n FROM __migrations';
    assert.deepEqual(await ask(project, all, [COUNT, applied], deploy), [
      [{ rows: '112' }],
      [{ n: ALL }],
    ]);
    assert.deepEqual(await ask(project, REFUSED, [], deploy), [[{ code: 'MIGRATION_FAILED' }]]);
  }
  return 'with and without `nodejs_compat`';
}
