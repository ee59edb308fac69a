import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import {
  type Contents,
  contentsOf,
  copyObject,
  differences,
  readObject,
  withoutLedgers,
} from './contents.ts';
import { bundle0, bundle1, type History, MANY_ROWS } from './history.ts';
import type { Kind } from './kinds.ts';
import type { Deploy, Report, Request, Runner } from './protocol.ts';
import { Runtime, UNIQUE_KEY } from './runtime.ts';

export interface FleetObject {
  name: string;
  kind: string;
  file: string;
  /** What a twin of its kind held before the first deploy, and after each when nobody killed it. */
  states: Contents[];
  /** Milliseconds that this twin took in each deploy. */
  times: number[];
}

/** Objects in a folder, in the states that earlier deploys have left. */
export interface Fleet {
  folder: string;
  scratch: string;
  objects: FleetObject[];
}

/** A deploy of a part of the history: two with a 0.x bundle and then two with a 1.x one, every other with a mirror. */
export function deployOf(history: History, number: number, runner: Runner): Deploy {
  const count = history.deploys[number] ?? 0;
  // The migrator of Drizzle 0.45, which can stand in for ours to show that it loses rows, takes no other bundle.
  const isNew = number >= 2 && runner !== 'drizzle';
  return {
    runner,
    bundle: isNew ? bundle1(history, count) : bundle0(history, count),
    drizzle: number % 2 === 0 ? 'mirror' : 'retire',
  };
}

const fileOf = (folder: string, id: string | undefined): string =>
  join(folder, 'storage', UNIQUE_KEY, `${id}.sqlite`);

/** Wakes objects and returns what they say; throws if one cannot. */
export async function wakeAll(runtime: Runtime, request: Request): Promise<Report[]> {
  const reports: Report[] = [];
  await runtime.wake(request, (report) => reports.push(report));
  const failed = reports.find(({ error }) => error !== undefined);
  if (failed) throw new Error(`${failed.name} threw ${failed.error}`);
  return reports;
}

/** What SQLite makes of the plain migrations: no runner of ours has a part in it. */
function plainly({ migrations, base }: History, count: number, isHeavy: boolean): Contents {
  const database = new DatabaseSync(':memory:');
  for (const [index, { sql }] of migrations.slice(0, count).entries()) {
    if (index === base && isHeavy) database.exec(MANY_ROWS);
    database.exec(sql);
  }
  const contents = contentsOf(database);
  database.close();
  return contents;
}

/**
 * Has Drizzle's migrators and ours prepare one object of each kind, runs all deploys on these twins without a kill, and
 * makes the objects as copies of what was prepared.
 *
 * @param deploys how many deploys the twins go through
 */
export async function makeFleet(
  folder: string,
  history: History,
  kinds: Kind[],
  deploys = history.deploys.length,
): Promise<Fleet> {
  const [twins, objects, scratch] = ['twins', 'objects', 'scratch'].map((name) => {
    const path = join(folder, name);
    mkdirSync(join(path, 'storage', UNIQUE_KEY), { recursive: true });
    return path;
  }) as [string, string, string];
  const unique = [...new Set(kinds)];
  const names = unique.map(({ name }) => name);
  const fleetNames = kinds.map((_, index) => `object ${index}`);

  let runtime = await Runtime.start(twins, deployOf(history, 0, 'none'));
  const twinIds = await runtime.ids(names);
  const ids = await runtime.ids(fleetNames);
  for (const { name, steps } of unique) {
    if (steps.length > 0) await wakeAll(runtime, { names: [name], steps });
  }
  await runtime.kill();
  const fleet = kinds.map((kind, index): FleetObject => {
    const file = fileOf(objects, ids[index]);
    copyObject(fileOf(twins, twinIds[unique.indexOf(kind)]), file);
    return { name: fleetNames[index] ?? '', kind: kind.name, file, states: [], times: [] };
  });

  const read = () => twinIds.map((id) => readObject(fileOf(twins, id), scratch));
  const states = [read()];
  const times: number[][] = [];
  for (let number = 0; number < deploys; number++) {
    runtime = await Runtime.start(twins, deployOf(history, number, 'offramp'));
    // The first request of all compiles the Worker.
    await runtime.ids(names);
    const took: number[] = [];
    for (const name of names) {
      const start = performance.now();
      await wakeAll(runtime, { names: [name] });
      took.push(performance.now() - start);
    }
    times.push(took);
    await runtime.kill();
    states.push(read());
    const [light, heavy] = [false, true].map((isHeavy) =>
      plainly(history, history.deploys[number] ?? 0, isHeavy),
    ) as [Contents, Contents];
    for (const [index, contents] of (states.at(-1) ?? []).entries()) {
      const expected = unique[index]?.isHeavy ? heavy : light;
      const wrong = differences(withoutLedgers(contents), expected);
      if (wrong.length > 0) {
        throw new Error(
          `${names[index]}, not killed, after deploy ${number}:\n${wrong.join('\n')}`,
        );
      }
    }
  }
  for (const [index, object] of fleet.entries()) {
    const kind = unique.indexOf(kinds[index] as Kind);
    object.states = states.map((contents) => contents[kind] as Contents);
    object.times = times.map((took) => took[kind] ?? 0);
  }
  return { folder: objects, scratch, objects: fleet };
}
