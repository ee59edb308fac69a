import type { FleetReport } from './protocol.ts';

/**
 * The report as one page of HTML, without script and without an address outside.
 *
 * @param _report what the ledger says
 * @returns the whole document
 */
export function renderReport(_report: FleetReport): string {
  throw new Error('not written yet');
}
