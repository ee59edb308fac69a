import { cloudflareTest } from '@cloudflare/vitest-pool-workers';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [cloudflareTest({ main: './plain.ts', wrangler: { configPath: './wrangler.jsonc' } })],
});
