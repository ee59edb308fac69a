import { defineConfig } from 'vitest/config';
export default defineConfig({ test: { name: 'node', include: ['test/node/**/*.test.ts'], globalSetup: ['./test/build-command.ts'], testTimeout: 60_000, setupFiles: ['/tmp/docs/cpu.ts'] }, server: { fs: { strict: false } } });
