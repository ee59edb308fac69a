import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { growthChart, rowsChart } from './charts.ts';
import { withManualPart } from './manual.ts';
import type { Results } from './results.ts';
import { tables } from './table.ts';

const DOCS = join(import.meta.dirname, '../docs');
const PAGE = join(DOCS, 'why/cost.md');

/**
 * Prints the tables, writes the manual's part of them, and draws the charts.
 *
 * @param results what was measured
 */
export function render(results: Results): void {
  console.log(tables(results));
  writeFileSync(PAGE, withManualPart(readFileSync(PAGE, 'utf8'), results));
  const charts = { 'warm.svg': growthChart(results), 'rows.svg': rowsChart(results) };
  for (const [name, svg] of Object.entries(charts)) {
    writeFileSync(join(DOCS, 'images', name), svg);
  }
}
