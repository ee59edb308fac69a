import Table from 'cli-table3';
import type { FleetEngine } from '../../src/fleet/protocol.ts';
import { type SweepFigures, sweep } from '../fleet/kills.ts';
import { draw } from './draw.ts';

export interface FleetOptions {
  seed: number;
  /** About how many objects: a third fresh, a third Drizzle's, a third behind. */
  fleet: number;
  fleetKills: number;
  say: (line: string) => void;
}

const ENGINES: readonly FleetEngine[] = ['alarm', 'queue'];
/** Of all objects. */
const FAILING = 0.01;
const DELETED = 0.02;
const MOST_MEMORY = 2e9;

/** What is not as it must be. */
function faultsOf(
  { status, migrated, made, memory }: SweepFigures,
  well: number,
  failing: number,
  deleted: number,
  kills: number,
): string[] {
  const { counts } = status;
  const { 'up-to-date': upToDate, empty } = counts.outcomes;
  const faults: [boolean, string][] = [
    [counts.listed !== well + failing + deleted, `${counts.listed} objects were listed`],
    [counts.failed !== failing, `${counts.failed} objects have failed, not ${failing}`],
    [upToDate + empty !== well + deleted, `${upToDate} are up to date, and ${empty} empty`],
    [counts.open + counts.again + counts.later !== 0, 'some are not through'],
    [migrated !== well, `${migrated} have each migration once, not ${well}`],
    [made !== upToDate - well, `${made} that were deleted are there again`],
    [kills === 0 && made > 0, `${made} that were deleted are there again, without a kill`],
    [memory > MOST_MEMORY, `the runtime took ${Math.round(memory / 1e6)} MB`],
  ];
  return faults.filter(([isFault]) => isFault).map(([, text]) => text);
}

/** Sweeps very many objects by each engine, kills the process meanwhile, and prints what came of it. */
export async function sweepAll({ seed, fleet, fleetKills, say }: FleetOptions): Promise<string[]> {
  const objects = Math.floor(fleet / 3);
  const failing = Math.round(fleet * FAILING);
  const deleted = Math.round(fleet * DELETED);
  const table = new Table({
    head: ['engine', 'objects', 'kills', 'midway', 'seconds', 'objects/s', 'MB', 'made again'],
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [] },
  });
  const faults: string[] = [];
  for (const engine of ENGINES) {
    const figures = await sweep({
      ...{ engine, objects, failing, deleted, kills: fleetKills, say },
      draw: (kill) => draw(seed, `${engine} kill ${kill}`),
    });
    const { status, seconds, memory, midway, made } = figures;
    const { listed } = status.counts;
    table.push([
      ...[engine, listed, fleetKills, midway, seconds.toFixed(1)],
      ...[(listed / seconds).toFixed(0), Math.round(memory / 1e6), made],
    ]);
    const found = faultsOf(figures, 3 * objects, failing, deleted, fleetKills);
    faults.push(...found.map((fault) => `fleet by ${engine}: ${fault}`));
  }
  say(table.toString());
  return faults;
}
