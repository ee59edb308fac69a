// The Workers Vitest integration: rehearsals of a class that migrates, and of one that loses rows.
import { ALL, bundleOf } from './inbox.ts';
import { type Project, Unfit } from './project.ts';

const WORKER = `\
import { DurableObject } from 'cloudflare:workers';
import { migrate } from 'drizzle-offramp';
import migrations from './migrations.js';

export class Inbox extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    migrate(ctx, migrations);
  }
}

/** Loses rows whenever it wakes. */
export class Forgetful extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    migrate(ctx, migrations);
    ctx.storage.sql.exec('DELETE FROM conversations WHERE rowid = 1');
  }
}

export default { fetch: () => new Response('ok') };
`;

const TEST = `\
import { env } from 'cloudflare:test';
import { RehearsalError, rehearse } from 'drizzle-offramp/testing';
import { expect, it } from 'vitest';
import migrations from './migrations.js';

it('passes a class that migrates', async () => {
  const { starts } = await rehearse(env.INBOX, migrations);
  expect(starts).toHaveLength(${ALL + 1});
}, 120_000);

it('finds a class that loses rows', async () => {
  const error = await rehearse(env.FORGETFUL, migrations).catch((error) => error);
  expect(error).toBeInstanceOf(RehearsalError);
  expect(error.code).toBe('REHEARSAL_FAILED');
  expect(error.failures.map(({ check }) => check)).toContain('rows');
}, 120_000);
`;

// As old as the oldest runtime that is tried.
const WRANGLER = JSON.stringify({
  name: 'compatibility',
  main: './worker.js',
  compatibility_date: '2025-09-01',
  compatibility_flags: ['nodejs_compat'],
  durable_objects: {
    bindings: [
      { name: 'INBOX', class_name: 'Inbox' },
      { name: 'FORGETFUL', class_name: 'Forgetful' },
    ],
  },
  migrations: [{ tag: 'v1', new_sqlite_classes: ['Inbox', 'Forgetful'] }],
});

const WITH_POOL_OPTIONS = `\
import { defineWorkersConfig } from '@cloudflare/vitest-pool-workers/config';

export default defineWorkersConfig({
  test: { poolOptions: { workers: { wrangler: { configPath: './wrangler.json' } } } },
});
`;

const asPlugin = (name: string): string => `\
import { cloudflareTest } from '${name}';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [cloudflareTest({ wrangler: { configPath: './wrangler.json' } })],
});
`;

/**
 * Rehearses in a version of the Workers Vitest integration.
 *
 * @param project an empty one
 * @param name the integration's package
 * @param version its version
 * @param beside what it is installed with
 * @returns what the table shows beside it
 */
export function tryPool(
  project: Project,
  name: string,
  version: string,
  beside: readonly string[],
): string {
  project.write({
    'migrations.js': bundleOf(),
    'worker.js': WORKER,
    'rehearsal.test.js': TEST,
    'wrangler.json': WRANGLER,
    // Before 0.13 the integration is a pool, later it is a plugin.
    'vitest.config.mjs': /^0\.(?:[0-9]|1[0-2])\./.test(version)
      ? WITH_POOL_OPTIONS
      : asPlugin(name),
  });
  project.install(`${name}@${version}`, ...beside);
  const out = project.run('npx', 'vitest', 'run');
  if (!/Tests +2 passed/.test(out)) throw new Unfit('vitest ran other tests');
  return [...beside, `workerd@${project.versionOf('workerd')}`].join(', ');
}
