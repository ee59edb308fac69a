import { join } from 'node:path';
import { cloudflareTest } from '@cloudflare/vitest-pool-workers';
import { defineConfig } from 'vitest/config';

const source = (name: string): string => join(import.meta.dirname, 'src', name);

export default defineConfig({
  test: {
    projects: [
      {
        resolve: {
          tsconfigPaths: true,
          // Modules that a command wrote for the tests belong to no tsconfig.
          alias: [
            { find: /^drizzle-offramp$/, replacement: source('index.ts') },
            { find: /^drizzle-offramp\/adopt$/, replacement: source('adopt.ts') },
          ],
        },
        plugins: [cloudflareTest({ wrangler: { configPath: './test/workers/wrangler.jsonc' } })],
        test: {
          name: 'workers',
          include: ['test/workers/**/*.test.ts'],
          isolate: false,
          setupFiles: ['./test/forget-modules.ts'],
          provide: { randomFactor: Number(process.env.RANDOM_FACTOR ?? 1) },
          globalSetup: [
            './test/build-command.ts',
            './test/drizzle-kit-up.ts',
            './test/convert-example.ts',
            './test/baselines.ts',
          ],
        },
      },
      {
        test: {
          name: 'node',
          include: ['test/node/**/*.test.ts'],
          globalSetup: ['./test/build-command.ts'],
          // Many start processes, on machines that have other things to do.
          testTimeout: 30_000,
        },
      },
    ],
  },
});
