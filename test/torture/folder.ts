import { mkdtempSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MEMORY = '/dev/shm';

function freeIn(folder: string): number {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return 0;
  }
}

/**
 * Makes a temporary folder: in memory where the system has that and enough of it, as every commit waits for a disk. To a
 * process that is killed it is all one, since what it has written is then with the system.
 *
 * @param room how many bytes it will take
 */
export const temporaryFolder = (room: number): string =>
  mkdtempSync(join(freeIn(MEMORY) > room ? MEMORY : tmpdir(), 'drizzle-offramp-torture-'));
