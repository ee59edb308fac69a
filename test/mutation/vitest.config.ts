import { cloudflareTest } from '@cloudflare/vitest-pool-workers';
import { defineConfig } from 'vitest/config';
import { keepRuntime } from './keep-runtime.ts';

// As in ../../vitest.config.ts, without what is too slow to be run once a mutant or does not call src/, and of the tests in
// Node with those of what a Worker imports.
export default defineConfig({
  test: {
    isolate: false,
    // A slow machine must not count as noticing a mutant.
    testTimeout: 10_000,
    projects: [
      {
        extends: true,
        resolve: { tsconfigPaths: true },
        plugins: [
          cloudflareTest({ wrangler: { configPath: './test/workers/wrangler.jsonc' } }),
          keepRuntime(),
        ],
        test: {
          name: 'workers',
          include: ['test/workers/**/*.test.ts'],
          exclude: [
            'test/workers/{converted,example,facts,*faults,matrix,property,rehearse*}.test.ts',
            'test/workers/{bad-input-random,random-commands,random-histories}.test.ts',
          ],
          setupFiles: ['./test/forget-modules.ts'],
          globalSetup: ['./test/drizzle-kit-up.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'node',
          include: [
            'test/node/{ahead,columns,effects,events,input,matching,mirroring,sha256,spellings,sql,time}.test.ts',
          ],
        },
      },
    ],
  },
});
