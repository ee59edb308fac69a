import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CliError, print, printError } from '../output.ts';

/** How often the folders are looked at, in milliseconds. */
const INTERVAL = 200;

/** All files below a folder with their sizes and times; changes whenever one of them does. */
function stateOf(folder: string): string {
  try {
    return readdirSync(folder, { recursive: true })
      .map((name) => {
        const { size, mtimeMs } = statSync(join(folder, String(name)));
        return `${name} ${size} ${mtimeMs}`;
      })
      .sort()
      .join('\n');
  } catch {
    // The folder, or a file that was there a moment ago, is gone: drizzle-kit is at work.
    return 'gone';
  }
}

/**
 * Runs at once, and again whenever something below the folders has changed and then stood still for a moment. Looks
 * instead of being told: file events are not the same on every system, and lost on network file systems.
 *
 * @param folders the folders
 * @param run what to do; an error of the command line is printed, and watching goes on
 * @returns never, but by an error that is no {@link CliError}
 */
export async function watch(
  folders: readonly string[],
  run: () => Promise<unknown>,
): Promise<never> {
  const look = (): string => folders.map(stateOf).join('\n\n');
  let done: string | undefined;
  let before = look();
  print(`Watching ${folders.join(', ')}; stop with Ctrl+C.`);
  for (;;) {
    const now = look();
    if (now === before && now !== done) {
      done = now;
      try {
        await run();
      } catch (error) {
        if (!(error instanceof CliError)) throw error;
        printError(error.message);
      }
    }
    before = now;
    await sleep(INTERVAL);
  }
}
