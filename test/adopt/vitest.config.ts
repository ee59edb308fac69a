import { join } from 'node:path';
import { cloudflareTest } from '@cloudflare/vitest-pool-workers';
import { defineConfig } from 'vitest/config';

const unpacked = (path: string): string => join(import.meta.dirname, 'unpacked', path);

export default defineConfig({
  resolve: {
    tsconfigPaths: true,
    alias: {
      'alchemy/AlchemyFormat': unpacked(
        'alchemy@2.0.0-beta.79/src/SQL/Migrations/AlchemyFormat.ts',
      ),
      'rwsdk/SqliteDurableObject': unpacked(
        'rwsdk@1.7.3/dist/runtime/lib/db/SqliteDurableObject.js',
      ),
    },
  },
  plugins: [cloudflareTest({ wrangler: { configPath: './test/adopt/wrangler.jsonc' } })],
  test: { include: ['test/adopt/*.test.ts'], testTimeout: 60_000 },
});
