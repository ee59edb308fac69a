import { defineConfig } from 'vitest/config';

// `wrangler dev` takes a while to start, so these are not part of `npm test`.
export default defineConfig({
  test: {
    name: 'dev',
    include: ['test/dev/*.test.ts'],
    globalSetup: ['test/build-command.ts'],
  },
});
