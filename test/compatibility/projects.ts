// Projects as a user has them, as small as can be: a Worker with one class, its history, and a rehearsal of it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Row } from './rows.ts';

const drizzle = join(import.meta.dirname, '../../drizzle');

/** The example's migrations.js in one file: no rule for `.sql` is needed, which not every version reads alike. */
function bundle(): string {
  const journal = JSON.parse(readFileSync(join(drizzle, 'meta/_journal.json'), 'utf8'));
  const migrations = Object.fromEntries(
    (journal.entries as { idx: number; tag: string }[]).map(({ idx, tag }) => [
      `m${String(idx).padStart(4, '0')}`,
      readFileSync(join(drizzle, `${tag}.sql`), 'utf8'),
    ]),
  );
  return `export default ${JSON.stringify({ journal, migrations }, null, 2)};\n`;
}

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
  expect(starts).toHaveLength(12);
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

const asPlugin = (name: string): string => `\
import { cloudflareTest } from '${name}';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [cloudflareTest({ wrangler: { configPath: './wrangler.json' } })],
});
`;

const CONFIGS: Record<Row['project'], string> = {
  'pool with poolOptions': `\
import { defineWorkersConfig } from '@cloudflare/vitest-pool-workers/config';

export default defineWorkersConfig({
  test: { poolOptions: { workers: { wrangler: { configPath: './wrangler.json' } } } },
});
`,
  'pool as a plugin': asPlugin('@cloudflare/vitest-pool-workers'),
  'the plugin': asPlugin('@cloudflare/vitest-plugin'),
};

/**
 * The files of the project that a row is tried in.
 *
 * @param row the row
 * @returns their texts by their paths
 */
export const filesOf = ({ project }: Row): Record<string, string> => ({
  'migrations.js': bundle(),
  'worker.js': WORKER,
  'rehearsal.test.js': TEST,
  'wrangler.json': WRANGLER,
  'vitest.config.mjs': CONFIGS[project],
});
