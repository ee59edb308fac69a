import type { SqlStorageLike } from '../base/storage.ts';
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
   * Begins to count. It looks at the object's own `exec`, as the storage itself must stay the same object to all.
   *
   * @param sql the object's SQL storage
   */
  start(sql: SqlStorageLike): void {
    if (this.stop !== undefined) return;
    // Whoever else looks at it has one of its own there already, and hears of each statement as before.
    const own = Object.getOwnPropertyDescriptor(sql, 'exec');
    const { cursors } = this;
    const exec: SqlStorageLike['exec'] = sql.exec;
    const value = (query: string, ...bindings: unknown[]) => {
      const cursor = Reflect.apply(exec, sql, [query, ...bindings]);
      cursors.push(cursor as Counted);
      return cursor;
    };
    if (!Reflect.defineProperty(sql, 'exec', { value, configurable: true, writable: true })) return;
    this.stop = () =>
      own ? Reflect.defineProperty(sql, 'exec', own) : Reflect.deleteProperty(sql, 'exec');
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
