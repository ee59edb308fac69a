import { cloudflareTest } from '@cloudflare/vitest-pool-workers';
import { defineConfig } from 'vitest/config';

const source = (file: string): string => new URL(`src/${file}`, import.meta.url).pathname;
/** The example imports the package by its name; here that is the source, not a build that may be old. */
const alias = {
  'drizzle-offramp/durable-sqlite/migrator': source('drizzle/migrator.ts'),
  'drizzle-offramp': source('index.ts'),
};

export default defineConfig({
  test: {
    projects: [
      {
        resolve: { alias },
        plugins: [cloudflareTest({ wrangler: { configPath: './test/workers/wrangler.jsonc' } })],
        test: {
          name: 'workers',
          include: ['test/workers/**/*.test.ts'],
          globalSetup: ['./test/drizzle-kit-up.ts'],
        },
      },
      { test: { name: 'node', include: ['test/node/**/*.test.ts'] } },
    ],
  },
});
