/**
 * The package under the real base classes that write in their constructors: `agents` 0.32 and 0.2.35 and `partyserver`, in
 * `wrangler dev`. They are installed in this folder, so that nobody else has to: `npm run test:agents`, with the flags of
 * vitest behind `--`.
 *
 * @module
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

/** Runs a program to its end; ends this one if it fails. */
function run(command: string, args: string[], cwd: string): void {
  const { status, error } = spawnSync(command, args, { cwd, stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

run('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'], import.meta.dirname);
run('npx', ['tsc', '-p', 'test/agents/worker'], root);
run(
  'npx',
  ['vitest', 'run', '--config', 'test/agents/vitest.config.ts', ...process.argv.slice(2)],
  root,
);
