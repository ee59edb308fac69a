import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

/** What a process printed, and how it ended. */
export interface Run {
  status: number | null;
  stdout: string;
  stderr: string;
}

/**
 * Builds the command as it is published.
 *
 * @param name a name of the test's own, so that two test files can build at once
 * @returns the path of the script that Node runs
 */
export function build(name: string): string {
  // Below the repository, so that the built code finds its dependencies.
  const folder = join(root, 'test/.generated', name);
  mkdirSync(folder, { recursive: true });
  cpSync(join(root, 'package.json'), join(folder, 'package.json'));
  const tsc = join(root, 'node_modules/.bin/tsc');
  const config = join(root, 'src/cli/tsconfig.build.json');
  execFileSync(tsc, ['-p', config, '--outDir', join(folder, 'dist')], { stdio: 'pipe' });
  return join(folder, 'dist/cli/main.js');
}

/**
 * Builds the command as it is published, and returns what runs it.
 *
 * @param name a name of the test's own, so that two test files can build at once
 */
export function buildCommand(name: string): (cwd: string, ...args: string[]) => Run {
  const script = build(name);
  return (cwd, ...args) => {
    const { NO_COLOR, FORCE_COLOR, GITHUB_WORKSPACE, ...env } = process.env;
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], {
      cwd,
      env,
      encoding: 'utf8',
    });
    return { status, stdout, stderr };
  };
}
