import { isDeepStrictEqual } from 'node:util';
import {
  type Contents,
  countMigrations,
  countRows,
  differences,
  lostRows,
  readObject,
} from './contents.ts';
import { deployOf, makeFleet, wakeAll } from './fleet.ts';
import { makeHistory } from './history.ts';
import { thirds } from './kinds.ts';
import type { Report } from './protocol.ts';
import { Runtime } from './runtime.ts';

export interface ScaleOptions {
  folder: string;
  seed: number;
  objects: number;
  say: (line: string) => void;
}

export interface ScaleFigures {
  objects: number;
  /** Objects that are as a twin of theirs is, after the first start and after a second. */
  migrated: number;
  same: number;
  migrations: number;
  rowsBefore: number;
  rowsAfter: number;
  lost: number;
  /** Milliseconds from the request that wakes all to the last answer: all migrated, and then none with anything to do. */
  took: number;
  tookAgain: number;
  /** Bytes of the runtime at the most, if the system tells. */
  memory: number | undefined;
  faults: string[];
}

/** Few, so that the files of thousands of objects are quickly laid out. */
const ROWS = 20;

/** Wakes very many objects of one class at once after a deploy, and once more after a restart. */
export async function scale({ folder, seed, objects, say }: ScaleOptions): Promise<ScaleFigures> {
  const history = makeHistory(seed, ROWS);
  const fleet = await makeFleet(folder, history, thirds(history, objects), 1);
  const names = fleet.objects.map(({ name }) => name);
  say(`${objects} objects are laid out`);
  const faults: string[] = [];

  /** Wakes all objects, and returns what they said and how many are as their twins. */
  const wake = async () => {
    const runtime = await Runtime.start(fleet.folder, deployOf(history, 0, 'offramp'));
    const start = performance.now();
    const reports = await wakeAll(runtime, { names });
    const took = performance.now() - start;
    const memory = runtime.peakMemory();
    await runtime.kill();
    let same = 0;
    for (const { name, kind, file, states } of fleet.objects) {
      const found = readObject(file, fleet.scratch);
      const expected = states[1] as Contents;
      if (isDeepStrictEqual(found, expected)) same++;
      else
        faults.push(`${name} (${kind}):\n      ${differences(found, expected).join('\n      ')}`);
    }
    say(`${reports.length} objects woken in ${(took / 1000).toFixed(1)} s`);
    return { reports, took, memory, same };
  };
  const faultIf = (what: string, isWrong: (report: Report) => boolean, reports: Report[]) => {
    for (const report of reports.filter(isWrong)) faults.push(`${report.name}: ${what}`);
  };

  const first = await wake();
  const again = await wake();
  for (const { reports } of [first, again]) {
    faultIf('foreign keys are not enforced', ({ foreignKeys }) => foreignKeys !== 1, reports);
    faultIf('rows have lost their parent', ({ violations }) => violations !== 0, reports);
  }
  faultIf('nothing was applied', ({ applied }) => applied === 0, first.reports);
  faultIf('a migration ran once more', ({ applied }) => applied !== 0, again.reports);

  const sum = (of: (before: Contents, after: Contents) => number) =>
    fleet.objects.reduce(
      (total, { states }) => total + of(states[0] as Contents, states[1] as Contents),
      0,
    );
  const migrations = sum((before, after) => countMigrations(after) - countMigrations(before));
  const applied = first.reports.reduce((total, report) => total + (report.applied ?? 0), 0);
  if (applied !== migrations) faults.push(`${applied} migrations ran, and ${migrations} were due`);
  return {
    objects,
    migrated: first.same,
    same: again.same,
    migrations,
    rowsBefore: sum((before) => countRows(before)),
    rowsAfter: sum((_, after) => countRows(after)),
    lost: sum(lostRows),
    took: first.took,
    tookAgain: again.took,
    memory: first.memory,
    faults,
  };
}
