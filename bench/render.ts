import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { growthChart, rowsChart } from './charts.ts';
import { readmePart } from './readme.ts';
import type { Results } from './results.ts';
import { tables } from './table.ts';

/**
 * Prints the tables and what the README takes from them, and draws the charts.
 *
 * @param results what was measured
 */
export function render(results: Results): void {
  console.log(tables(results));
  console.log(`\nFor the README:\n\n${readmePart(results)}`);
  const charts = { 'warm.svg': growthChart(results), 'rows.svg': rowsChart(results) };
  for (const [name, svg] of Object.entries(charts)) {
    writeFileSync(join(import.meta.dirname, name), svg);
  }
}
