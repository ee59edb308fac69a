import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { COMMAND, COMMAND_FOLDER } from './node/command.ts';

const root = join(import.meta.dirname, '..');

/** Each project of one run has this among its setups, and one build is enough. */
const built = globalThis as { offrampIsBuilt?: true };

/**
 * Builds the command as it is published, once for all test files: see {@link COMMAND}. Types are checked elsewhere, and no test reads
 * declarations or maps.
 */
export default function buildCommand(): void {
  if (built.offrampIsBuilt) return;
  rmSync(COMMAND_FOLDER, { recursive: true, force: true });
  mkdirSync(COMMAND_FOLDER, { recursive: true });
  cpSync(join(root, 'package.json'), join(COMMAND_FOLDER, 'package.json'));
  execFileSync(
    join(root, 'node_modules/.bin/tsc'),
    [
      ...['-p', 'src/cli/tsconfig.build.json', '--outDir', join(COMMAND, '../..'), '--noCheck'],
      ...['--sourceMap', 'false', '--declaration', 'false', '--declarationMap', 'false'],
    ],
    { cwd: root, stdio: 'pipe' },
  );
  built.offrampIsBuilt = true;
}
