import { readFileSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';

const PACKAGES = [
  'workerd',
  'miniflare',
  'drizzle-orm',
  'drizzle-orm-1',
  'durable-utils',
  'esbuild',
] as const;

const versionOf = (name: string): string =>
  JSON.parse(
    readFileSync(join(import.meta.dirname, '../node_modules', name, 'package.json'), 'utf8'),
  ).version;

/** What it runs on. */
export const machine = (): Record<string, string> => ({
  date: new Date().toISOString().slice(0, 10),
  cpu: os.cpus()[0]?.model ?? 'unknown',
  cores: String(os.cpus().length),
  os: `${os.type()} ${os.release()} ${os.arch()}`,
  node: process.versions.node,
  v8: process.versions.v8,
  ...Object.fromEntries(PACKAGES.map((name) => [name, versionOf(name)])),
});
