/**
 * Measures what a wake of each kind of object costs in rows, and how many pages one ledger takes, and writes it into
 * figures.json and into the manual: `node test/fleet/measure.ts`. The times are worth something only where
 * nothing else runs.
 *
 * @module
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { convertV4MiniflareOptions, Miniflare } from 'miniflare';
import type { RowCounts } from '../../src/object/commands.ts';
import { type FleetFigures, KINDS, withFigures } from './figures.ts';
import { Fleet } from './fleet.ts';

const FILE = join(import.meta.dirname, 'figures.json');
/** Objects of each kind. */
const OBJECTS = 20;
const PAGES = 1_000;
const PAGE = 50;

/** Rows of one object of each kind in a first sweep, and in a second. */
async function measureRows(): Promise<FleetFigures['rows']> {
  const fleet = new Fleet();
  try {
    await fleet.start('seed');
    const ids: string[][] = [];
    for (const kind of KINDS) {
      const objects = Array.from({ length: OBJECTS }, (_, i) => [`${kind} ${i}`, kind] as const);
      ids.push((await fleet.seed('INBOX', objects)).sort());
    }
    await fleet.kill();
    await fleet.start('live');
    const rows: Record<string, { first: RowCounts; second: RowCounts }> = {};
    for (const [index, kind] of KINDS.entries()) {
      const sweep = async (): Promise<RowCounts> => {
        await fleet.begin('INBOX', ids[index] ?? [], { maxFailures: null });
        const { rowsRead, rowsWritten } = (await fleet.done('INBOX')).woke;
        return { read: (rowsRead ?? 0) / OBJECTS, written: (rowsWritten ?? 0) / OBJECTS };
      };
      rows[kind] = { first: await sweep(), second: await sweep() };
    }
    return rows as FleetFigures['rows'];
  } finally {
    await fleet.kill();
    fleet.remove();
  }
}

/** Pages that one ledger takes in a second, and the rows of a page. */
async function measureLedger(): Promise<FleetFigures['ledger']> {
  const folder = mkdtempSync(join(tmpdir(), 'drizzle-offramp-ledger-'));
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, 'worker/ledger.ts')],
    ...{ bundle: true, format: 'esm', target: 'es2022', write: false, logLevel: 'error' },
    external: ['cloudflare:workers', 'node:*'],
  });
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      name: 'ledger',
      modules: [{ type: 'ESModule', path: 'worker.js', contents: outputFiles[0]?.text ?? '' }],
      compatibilityDate: '2026-10-01',
      durableObjects: {
        FLEET: { className: 'MeteredLedger', useSQLite: true },
        CHEAP: { className: 'Cheap', useSQLite: true },
      },
      resourcePersistencePath: folder,
      queueProducers: { FLEET_QUEUE: 'fleet' },
      cf: false,
    }),
  );
  try {
    const get = async <T>(query: string): Promise<T> => {
      const response = await miniflare.dispatchFetch(`http://test/?${query}`);
      const text = await response.text();
      if (response.status !== 200) throw new Error(text);
      return JSON.parse(text) as T;
    };
    const { run, rows: fed } = await get<{ run: number; rows: RowCounts }>(`feed&pages=${PAGES}`);
    const start = performance.now();
    const { objects, rows: worked } = await get<{ objects: number; rows: RowCounts }>(
      `run=${run}&pages=${PAGES}`,
    );
    const seconds = (performance.now() - start) / 1000;
    if (objects !== PAGES * PAGE) throw new Error(`${objects} of ${PAGES * PAGE} were counted`);
    return {
      pagesPerSecond: Math.round(PAGES / seconds),
      rowsReadPerPage: Math.round((fed.read + worked.read) / PAGES),
      rowsWrittenPerPage: Math.round((fed.written + worked.written) / PAGES),
    };
  } finally {
    await miniflare.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
}

const before = JSON.parse(readFileSync(FILE, 'utf8')) as FleetFigures;
const figures: FleetFigures = {
  ...before,
  rows: await measureRows(),
  ledger: await measureLedger(),
};
writeFileSync(FILE, `${JSON.stringify(figures, null, 2)}\n`);
const page = join(import.meta.dirname, '../../docs/reference/fleet.md');
writeFileSync(page, withFigures(readFileSync(page, 'utf8'), figures));
console.log(JSON.stringify(figures, null, 2));
