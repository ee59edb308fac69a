import { cloudflareTest } from '@cloudflare/vitest-pool-workers';
import { defineConfig } from 'vitest/config';

// The list of defects and innocents, on the command line in Node and on the rehearsal in workerd.
export default defineConfig({
  test: {
    reporters: ['./test/promises/reporter.ts'],
    projects: [
      {
        test: { name: 'check', include: ['test/promises/{proof,check}.test.ts'] },
      },
      {
        resolve: { tsconfigPaths: true },
        plugins: [cloudflareTest({ wrangler: { configPath: './test/promises/wrangler.jsonc' } })],
        test: {
          name: 'rehearse',
          include: ['test/promises/rehearse-*.test.ts'],
          testTimeout: 60_000,
        },
      },
    ],
  },
});
