import type { SqlStorageLike } from '../base/storage.ts';
import { aroundExec } from './around-exec.ts';
import type { RowCounts } from './commands.ts';

/** What Cloudflare's cursor tells beside the rows; it is final when these were read. */
interface Counted {
  readonly rowsRead?: number;
  readonly rowsWritten?: number;
}

/** Counts the rows that statements read and write, which Cloudflare bills. A statement that throws tells nothing. */
export class RowMeter {
  private readonly cursors: Counted[] = [];
  private stop: (() => void) | undefined;

  /**
   * Begins to count.
   *
   * @param sql the object's SQL storage
   */
  start(sql: SqlStorageLike): void {
    this.stop ??= aroundExec(sql, (run) => {
      const cursor = run();
      this.cursors.push(cursor as Counted);
      return cursor;
    });
  }

  /** Ends counting; what was counted since `start` is added up. */
  end(): RowCounts {
    this.stop?.();
    this.stop = undefined;
    const counts = { read: 0, written: 0 };
    for (const { rowsRead = 0, rowsWritten = 0 } of this.cursors.splice(0)) {
      counts.read += rowsRead;
      counts.written += rowsWritten;
    }
    return counts;
  }
}

/**
 * Adds up counts.
 *
 * @param counts of parts
 */
export const sumOf = (...counts: readonly RowCounts[]): RowCounts => ({
  read: counts.reduce((sum, { read }) => sum + read, 0),
  written: counts.reduce((sum, { written }) => sum + written, 0),
});
