import { cloudflareTest } from '@cloudflare/vitest-pool-workers';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      {
        plugins: [
          cloudflareTest({
            main: './test/workers/worker.ts',
            miniflare: {
              compatibilityDate: '2026-10-01',
              durableObjects: {
                OBJECT: { className: 'TestObject', useSQLite: true },
                PLAIN: { className: 'PlainObject', useSQLite: false },
              },
            },
          }),
        ],
        test: { name: 'workers', include: ['test/workers/**/*.test.ts'] },
      },
      { test: { name: 'node', include: ['test/node/**/*.test.ts'] } },
    ],
  },
});
