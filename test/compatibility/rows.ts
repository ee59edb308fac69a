// What the package is tried with: one row of the tables each. What a row does is in the `try-` files.
import type { Project } from './project.ts';
import { tryDate } from './try-date.ts';
import { tryKit } from './try-kit.ts';
import { tryNode } from './try-node.ts';
import { tryOrm } from './try-orm.ts';
import { tryPool } from './try-pool.ts';
import { tryTypes } from './try-types.ts';
import { tryWrangler } from './try-wrangler.ts';

/** One combination that is installed and tried. */
export interface Row {
  /** What the table calls the package, or what stands in its place. */
  readonly name: string;
  readonly version: string;
  /**
   * Tries it, in an empty project.
   *
   * @returns what the table shows beside it
   * @throws if it does not work
   */
  readonly attempt: (project: Project) => Promise<string> | string;
}

/** Rows of a package, by version. */
const rowsOf = <T extends unknown[]>(
  name: string,
  attempt: (project: Project, version: string, ...more: T) => Promise<string> | string,
  rows: readonly (readonly [version: string, ...more: T])[],
): Row[] =>
  rows.map(([version, ...more]) => ({
    name,
    version,
    attempt: (project) => attempt(project, version, ...more),
  }));

const CURRENT_TYPES = '5.20261117.1';

const poolRows = (name: string, rows: readonly (readonly [string, ...string[]])[]): Row[] =>
  rows.map(([version, ...beside]) => ({
    name,
    version,
    attempt: (project) => tryPool(project, name, version, beside),
  }));

/** All rows, in the order of the tables. */
export const ROWS: readonly Row[] = [
  ...rowsOf('drizzle-orm', tryOrm, [
    ['0.37.0', '0.x'],
    ['0.40.0', '0.x'],
    ['0.44.7', '0.x'],
    ['0.45.4', '0.x'],
    ['1.0.0-beta.1', '0.x'],
    ['1.0.0-beta.24', '1.x'],
    ['1.0.0-rc.1', '1.x'],
    ['1.0.0-rc.5', '1.x'],
  ]),
  ...rowsOf('drizzle-kit', tryKit, [
    ['0.20.18', '0.30.10'],
    ['0.21.4', '0.30.10'],
    ['0.24.2', '0.33.0'],
    ['0.28.1', '0.37.0'],
    ['0.29.1', '0.37.0'],
    ['0.30.6', '0.40.0'],
    ['0.31.0', '0.44.7'],
    ['0.31.11', '0.45.4'],
    ['1.0.0-beta.1', '1.0.0-beta.1'],
    ['1.0.0-beta.24', '1.0.0-beta.24'],
    ['1.0.0-rc.1', '1.0.0-rc.1'],
    ['1.0.0-rc.5', '1.0.0-rc.5'],
  ]),
  ...rowsOf('wrangler', tryWrangler, [
    ['3.90.0', 'new_sqlite_classes', '2024-09-23'],
    ['3.114.0', 'new_sqlite_classes', '2025-01-01'],
    ['4.0.0', 'new_sqlite_classes', '2025-03-01'],
    ['4.40.0', 'new_sqlite_classes', '2025-09-01'],
    ['4.60.0', 'new_sqlite_classes', '2026-01-01'],
    ['4.155.0', 'new_sqlite_classes', '2026-10-01'],
    ['4.164.0', 'exports', '2026-10-01'],
  ]),
  ...rowsOf('compatibility date', tryDate, [
    ['2024-09-01'],
    ['2025-01-01'],
    ['2025-09-01'],
    ['2026-01-01'],
    ['2026-10-01'],
    ['2026-10-23'],
  ]),
  ...rowsOf('Node', tryNode, [
    ['22.13.0'],
    ['22.15.0'],
    ['22.18.0'],
    ['22.23.3'],
    ['24.0.0'],
    ['24.21.0'],
    ['26.10.0'],
  ]),
  ...rowsOf('typescript', (project, version, types: string) => tryTypes(project, version, types), [
    ['5.4.5', CURRENT_TYPES],
    ['5.7.3', CURRENT_TYPES],
    ['5.9.3', CURRENT_TYPES],
    ['6.0.3', CURRENT_TYPES],
    ['7.0.2', CURRENT_TYPES],
    ['7.1.0-beta', CURRENT_TYPES],
  ]),
  ...rowsOf(
    '@cloudflare/workers-types',
    (project, version, typescript: string) => tryTypes(project, typescript, version),
    [
      ['4.20240925.0', '5.4.5'],
      ['4.20250401.0', '5.9.3'],
      ['4.20260101.0', '5.9.3'],
      ['4.20260702.1', '7.0.2'],
      ['5.20260703.1', '7.0.2'],
      ['5.20261026.1', '7.0.2'],
      [CURRENT_TYPES, '7.0.2'],
    ],
  ),
  ...poolRows('@cloudflare/vitest-pool-workers', [
    ['0.8.71', 'vitest@3.2.7'],
    ['0.12.21', 'vitest@3.2.7'],
    ['0.14.9', 'vitest@4.1.12'],
    ['0.16.0', 'vitest@4.1.12'],
    ['0.18.8', 'vitest@4.1.12'],
    ['0.23.0', 'vitest@4.1.12'],
  ]),
  ...poolRows('@cloudflare/vitest-plugin', [['1.4.10', 'vitest@5.1.1', 'vite@8.3.8']]),
];
