// What the package is tried with: one row of the table each. Another kind of row needs a project in `projects.ts`.

/** One combination that is installed and tried. */
export interface Row {
  /** What the table calls the package. */
  readonly name: string;
  readonly version: string;
  /** What npm installs beside drizzle-offramp. */
  readonly install: readonly string[];
  /** Which project of `projects.ts` it is tried in. */
  readonly project: 'pool with poolOptions' | 'pool as a plugin' | 'the plugin';
  /** What the reader should know; the table shows it. */
  readonly note?: string;
}

const pool = (version: string, vitest: string, project: Row['project'], note?: string): Row => ({
  name: '@cloudflare/vitest-pool-workers',
  version,
  install: [`@cloudflare/vitest-pool-workers@${version}`, `vitest@${vitest}`],
  project,
  ...(note === undefined ? {} : { note }),
});

/** All rows, in the order of the table. */
export const ROWS: readonly Row[] = [
  pool('0.8.71', '3.2.7', 'pool with poolOptions'),
  pool('0.12.21', '3.2.7', 'pool with poolOptions'),
  pool('0.14.9', '4.1.12', 'pool as a plugin'),
  pool('0.16.0', '4.1.12', 'pool as a plugin'),
  pool('0.18.8', '4.1.12', 'pool as a plugin'),
  pool('0.23.0', '4.1.12', 'pool as a plugin'),
  {
    name: '@cloudflare/vitest-plugin',
    version: '1.4.10',
    install: ['@cloudflare/vitest-plugin@1.4.10', 'vitest@5.1.1', 'vite@8.3.8'],
    project: 'the plugin',
  },
];
