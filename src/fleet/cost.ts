import type { Cost, RunStatus } from './protocol.ts';

// https://developers.cloudflare.com/durable-objects/platform/pricing/ and https://developers.cloudflare.com/queues/platform/pricing/
const MILLION = 1e6;
/** US dollars for one. */
const REQUEST = 0.15 / MILLION;
const GIGABYTE_SECOND = 12.5 / MILLION;
const ROW_READ = 0.001 / MILLION;
const ROW_WRITTEN = 1 / MILLION;
const QUEUE_OPERATION = 0.4 / MILLION;

/** Gigabytes that an object is billed for. */
const MEMORY = 0.128;
/** Seconds that an object works when it is woken and ended: an assumption. */
const WAKE = 0.05;
/** A message is written, read and deleted. */
const OPERATIONS = 3;
/** Requests to the ledger, and rows that it writes, for a page. */
const LEDGER_REQUESTS = 3;
const LEDGER_ROWS = 20;

/**
 * What a run has cost.
 *
 * @param status how it stands
 * @returns null where no object told of its rows
 */
export function costOf({
  counts,
  pages,
  options,
  woke,
}: Pick<RunStatus, 'counts' | 'pages' | 'options' | 'woke'>): Cost | null {
  if (woke.rowsRead === null || woke.rowsWritten === null) return null;
  const wakes = counts.listed - counts.open;
  const rowsRead = woke.rowsRead * ROW_READ;
  const rowsWritten = (woke.rowsWritten + pages.done * LEDGER_ROWS) * ROW_WRITTEN;
  const requests = (wakes + pages.done * LEDGER_REQUESTS) * REQUEST;
  const duration = wakes * WAKE * MEMORY * GIGABYTE_SECOND;
  const queue = options.engine === 'queue' ? pages.done * OPERATIONS * QUEUE_OPERATION : 0;
  const total = requests + duration + rowsRead + rowsWritten + queue;
  return { requests, duration, rowsRead, rowsWritten, queue, total };
}
