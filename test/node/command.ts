// Where the command is that tests run.
import { join } from 'node:path';

/** Below the repository, so that the built code finds its dependencies. */
export const COMMAND_FOLDER = join(import.meta.dirname, '../.generated/command');

/** The script that Node runs; `test/build-command.ts` makes it before the tests. */
export const COMMAND = join(COMMAND_FOLDER, 'dist/cli/main.js');

/** What a command printed, and how it ended. */
export interface Run {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** What the process that is kept is asked to run. */
export interface Order {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly args: readonly string[];
}
