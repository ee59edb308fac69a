import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, globSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { COMMAND, COMMAND_FOLDER } from './node/command.ts';

const root = join(import.meta.dirname, '..');

/** Whether what is there was built of these sources: another run in this checkout may be using it. */
function isBuilt(): boolean {
  if (!existsSync(COMMAND)) return false;
  const built = statSync(COMMAND).mtimeMs;
  // A folder's time is that of the last file that came or went.
  const sources = [...globSync('src/**', { cwd: root }), 'package.json', 'tsconfig.build.json'];
  return sources.every((name) => statSync(join(root, name)).mtimeMs < built);
}

/**
 * Builds the command as it is published, once for all test files: see {@link COMMAND}. Types are checked elsewhere, and no test reads
 * declarations or maps.
 */
export default function buildCommand(): void {
  if (isBuilt()) return;
  const folder = `${COMMAND_FOLDER}-${process.pid}`;
  mkdirSync(folder, { recursive: true });
  cpSync(join(root, 'package.json'), join(folder, 'package.json'));
  execFileSync(
    join(root, 'node_modules/.bin/tsc'),
    [
      ...['-p', 'src/cli/tsconfig.build.json', '--outDir', join(folder, 'dist'), '--noCheck'],
      ...['--sourceMap', 'false', '--declaration', 'false', '--declarationMap', 'false'],
    ],
    { cwd: root, stdio: 'pipe' },
  );
  rmSync(COMMAND_FOLDER, { recursive: true, force: true });
  renameSync(folder, COMMAND_FOLDER);
}
