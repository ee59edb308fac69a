import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import {
  type Contents,
  countMigrations,
  countRows,
  differences,
  lostRows,
  readObject,
  stampOf,
} from './contents.ts';
import { draw, shuffle } from './draw.ts';
import { deployOf, type Fleet, type FleetObject, makeFleet } from './fleet.ts';
import { type History, makeHistory } from './history.ts';
import { mixed } from './kinds.ts';
import type { Report, Runner } from './protocol.ts';
import { Runtime } from './runtime.ts';
import { isTorn } from './wal.ts';

export interface KillOptions {
  /** Where all is made; what a round without a fault has made is removed. */
  folder: string;
  seed: number;
  kills: number;
  objects: number;
  /** About how many rows a long migration writes. */
  rows: number;
  runner: Runner;
  say: (line: string) => void;
}

export interface KillFigures {
  kills: number;
  /** Kills that left some objects before and some after that the same start had found before. */
  midway: number;
  /** Kills that left an object's file in the middle of a transaction. */
  torn: number;
  /** How often the objects were laid out anew, and how many deploys all of them have then gone through. */
  rounds: number;
  deploys: number;
  /** Objects whose contents were compared, over all kills and all ends of a deploy. */
  checked: number;
  /** How often an object's files had changed, and were read. */
  read: number;
  /** First events of an object after a start that had foreign keys enforced and none violated. */
  enforced: number;
  /** Migrations that went from before to after. */
  migrations: number;
  /** Rows of all objects when they were laid out, and after their last deploy. */
  rowsBefore: number;
  rowsAfter: number;
  between: number;
  lost: number;
  /** What was wrong; the first kill or deploy with a fault is the last. */
  faults: string[];
}

/** When this few of the objects are left, the rest are let through, and the next deploy comes. */
const LEFT = 0.1;
const MOST_LANES = 16;
const LISTED = 4;

const NOTHING: KillFigures = {
  kills: 0,
  midway: 0,
  torn: 0,
  rounds: 0,
  deploys: 0,
  checked: 0,
  read: 0,
  enforced: 0,
  migrations: 0,
  rowsBefore: 0,
  rowsAfter: 0,
  between: 0,
  lost: 0,
  faults: [],
};

/** How much longer objects take together than their twins did one by one; each start tells more of it. */
interface Pace {
  factor: number;
}

/** One deploy over all objects: started, killed and started again until every object has it. */
class Rollout {
  private readonly options: KillOptions;
  private readonly figures: KillFigures;
  private readonly history: History;
  private readonly fleet: Fleet;
  private readonly number: number;
  private readonly pace: Pace;
  private readonly objects: Map<string, FleetObject>;
  private readonly pending: Set<FleetObject>;
  private readonly answered = new Set<FleetObject>();
  /** What was read of an object, and the stamp of its files then: what has not changed since need not be read again. */
  private readonly known = new Map<FleetObject, { stamp: string; found: Contents }>();

  constructor(
    options: KillOptions,
    figures: KillFigures,
    history: History,
    fleet: Fleet,
    number: number,
    pace: Pace,
  ) {
    this.options = options;
    this.figures = figures;
    this.history = history;
    this.fleet = fleet;
    this.number = number;
    this.pace = pace;
    this.objects = new Map(fleet.objects.map((object) => [object.name, object]));
    this.pending = new Set(fleet.objects);
  }

  private fault(object: FleetObject, what: string): void {
    const { kills, faults } = this.figures;
    const { name, kind } = object;
    faults.push(`${name} (${kind}), deploy ${this.number + 1}, kill ${kills}: ${what}`);
  }

  /** What an object says in its first event after a start. */
  private hear({ name, error, applied = 0, foreignKeys, violations }: Report): void {
    const object = this.objects.get(name) as FleetObject;
    this.answered.add(object);
    if (error !== undefined) this.fault(object, `it threw ${error}`);
    else if (foreignKeys !== 1) this.fault(object, `an event found foreign_keys = ${foreignKeys}`);
    else if (violations !== 0) this.fault(object, `${violations} rows have lost their parent`);
    else if (applied > 0 && !this.pending.has(object)) {
      this.fault(object, `${applied} migrations ran once more`);
    } else this.figures.enforced++;
  }

  /** Starts the runtime, wakes every object, and kills it: after some time, or when all have answered. */
  private async wakeAndKill(delay?: number): Promise<number> {
    const { seed, runner } = this.options;
    const what = `kill ${this.figures.kills}`;
    const deploy = deployOf(this.history, this.number, runner);
    const runtime = await Runtime.start(this.fleet.folder, deploy);
    this.answered.clear();
    const start = performance.now();
    const names = shuffle(seed, `order of ${what}`, [...this.objects.keys()]);
    const lanes = 1 + Math.floor(draw(seed, `lanes of ${what}`) * MOST_LANES);
    const woken = runtime.wake({ names, lanes }, (report) => this.hear(report));
    await Promise.race([
      woken,
      ...(delay === undefined ? [] : [setTimeout(delay, undefined, { ref: false })]),
    ]);
    const took = performance.now() - start;
    await runtime.kill();
    await woken;
    return took;
  }

  /** Reads an object, if its files have changed. */
  private read(object: FleetObject): { found: Contents; isNew: boolean } {
    const stamp = stampOf(object.file);
    const known = this.known.get(object);
    if (known?.stamp === stamp) return { found: known.found, isNew: false };
    const found = readObject(object.file, this.fleet.scratch);
    this.figures.read++;
    this.known.set(object, { stamp, found });
    return { found, isNew: true };
  }

  /** Milliseconds that objects should take, by their twins. */
  private estimate(objects: Iterable<FleetObject>): number {
    return [...objects].reduce((sum, { times }) => sum + (times[this.number] ?? 0), 0);
  }

  /** Tells what an object is found in, and what is wrong if that is neither of the two. */
  private check(object: FleetObject, found: Contents): 'before' | 'after' | 'between' {
    const before = object.states[this.number] as Contents;
    const after = object.states[this.number + 1] as Contents;
    if (isDeepStrictEqual(found, after)) return 'after';
    if (isDeepStrictEqual(found, before)) {
      if (!this.pending.has(object)) this.fault(object, 'it has gone back to what was before');
      else if (this.answered.has(object)) {
        this.fault(object, 'it had answered an event as migrated, and is as before');
      }
      return 'before';
    }
    const lost = lostRows(before, found);
    this.figures.lost += lost;
    this.figures.between++;
    const list = (expected: Contents) =>
      differences(found, expected)
        .slice(0, LISTED)
        .map((line) => `\n      ${line}`)
        .join('');
    this.fault(
      object,
      `it is neither before nor after; ${lost} rows are lost` +
        `\n    against before:${list(before)}\n    against after:${list(after)}`,
    );
    return 'between';
  }

  /** Reads every object's files, and says what it found. */
  private verify(took: number, ending: string): void {
    const { figures, fleet, pending } = this;
    const counts = { before: 0, after: 0, between: 0 };
    let torn = 0;
    const over: FleetObject[] = [];
    for (const object of fleet.objects) {
      const { found, isNew } = this.read(object);
      const state = this.check(object, found);
      counts[state]++;
      if (isNew && state === 'before' && isTorn(object.file)) torn++;
      if (state !== 'after' || !pending.delete(object)) continue;
      over.push(object);
      const [before, after] = object.states.slice(this.number) as [Contents, Contents];
      figures.migrations += countMigrations(after) - countMigrations(before);
      figures.lost += lostRows(before, after);
    }
    figures.checked += fleet.objects.length;
    if (ending === 'killed') {
      if (over.length > 0 && counts.before > 0) figures.midway++;
      if (torn > 0) figures.torn++;
    }
    // Of few objects nothing can be told: starting and waking those that are done takes its time too.
    if (over.length > fleet.objects.length / 5) this.pace.factor = took / this.estimate(over);
    this.options.say(
      `deploy ${this.number + 1}, ${ending} after ${took.toFixed(0)} ms: ` +
        `${counts.before} before, ${counts.after} after (${over.length} of them now), ` +
        `${counts.between} between, ${torn} inside a transaction`,
    );
  }

  async toTheEnd(): Promise<void> {
    const { figures, pending } = this;
    const { seed, kills, objects } = this.options;
    while (figures.kills < kills && pending.size > objects * LEFT) {
      const share = draw(seed, `delay of kill ${figures.kills}`);
      const took = await this.wakeAndKill(share * this.pace.factor * this.estimate(pending));
      figures.kills++;
      this.verify(took, 'killed');
      if (figures.faults.length > 0) return;
    }
    this.verify(await this.wakeAndKill(), 'done');
    for (const object of pending) this.fault(object, 'it was woken and not migrated');
    figures.deploys++;
  }
}

const rowsIn = ({ objects }: Fleet, deploys: number): number =>
  objects.reduce((sum, { states }) => sum + countRows(states[deploys] as Contents), 0);

/** Lays out objects, deploys over them with kills, and lays out others, until there were enough kills. */
export async function torture(options: KillOptions): Promise<KillFigures> {
  const figures: KillFigures = { ...NOTHING, faults: [] };
  const pace: Pace = { factor: 1 };
  do {
    figures.rounds++;
    const seed = Math.floor(draw(options.seed, `round ${figures.rounds}`) * 2 ** 32);
    const history = makeHistory(seed, options.rows);
    const folder = mkdtempSync(join(options.folder, 'round-'));
    const fleet = await makeFleet(folder, history, mixed(history, options.objects));
    options.say(`round ${figures.rounds}: ${options.objects} objects`);
    figures.rowsBefore += rowsIn(fleet, 0);
    for (const number of history.deploys.keys()) {
      await new Rollout(options, figures, history, fleet, number, pace).toTheEnd();
      if (figures.faults.length > 0) return figures;
    }
    figures.rowsAfter += rowsIn(fleet, history.deploys.length);
    rmSync(folder, { recursive: true });
  } while (figures.kills < options.kills);
  return figures;
}
