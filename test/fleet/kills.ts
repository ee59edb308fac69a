/**
 * A fleet of very many objects, swept while the process is killed at random moments and started again.
 *
 * @module
 */
import { setTimeout } from 'node:timers/promises';
import type { FleetEngine, RunStatus, StatusAnswer } from '../../src/fleet/protocol.ts';
import { Fleet } from './fleet.ts';
import type { Kind } from './kinds.ts';

export interface SweepOptions {
  readonly engine: FleetEngine;
  /** Of each third; those that fail and those that were deleted come on top. */
  readonly objects: number;
  readonly failing: number;
  readonly deleted: number;
  readonly kills: number;
  /** A number from 0 to 1 for each kill: when in the sweep it comes. */
  readonly draw: (kill: number) => number;
  readonly say: (line: string) => void;
}

export interface SweepFigures {
  readonly status: RunStatus;
  /** Objects whose file has all migrations, each once. */
  readonly migrated: number;
  /** Objects that were deleted and have a table. */
  readonly made: number;
  /** Kills that came while pages were under way. */
  readonly midway: number;
  /** Seconds from the first page to the end, starts of the process left out. */
  readonly seconds: number;
  /** Most bytes of a runtime. */
  readonly memory: number;
}

const CLASS = 'INBOX';

/** Milliseconds a hundred objects take at most, as a guess for the first kill. */
const GUESS = 600;

/**
 * Makes a fleet, sweeps it, and counts what came of it.
 *
 * @param options how many objects, and how often the process is killed
 */
export async function sweep(options: SweepOptions): Promise<SweepFigures> {
  const { engine, objects, failing, deleted, kills, draw, say } = options;
  const fleet = new Fleet();
  try {
    await fleet.start('seed');
    const kinds: [Kind, number][] = [
      ['fresh', objects],
      ['drizzle', objects],
      ['behind', objects],
      ['fails', Math.ceil(failing / 2)],
      ['unknown', Math.floor(failing / 2)],
      ['deleted', deleted],
    ];
    const byKind = new Map<Kind, string[]>();
    for (const [kind, count] of kinds) {
      const ids: string[] = [];
      for (let at = 0; at < count; at += 500) {
        const some = Array.from(
          { length: Math.min(500, count - at) },
          (_, index) => [`${kind} ${at + index}`, kind] as const,
        );
        ids.push(...(await fleet.seed(CLASS, some)));
      }
      byKind.set(kind, ids);
    }
    await fleet.kill();
    const ids = fleet.ids('Inbox');
    say(`${ids.length} objects are laid out`);

    await fleet.start('live');
    await fleet.command(CLASS, {
      do: 'start',
      engine,
      maxFailures: null,
      lease: 2_000,
    });
    let seconds = 0;
    let memory = 0;
    let midway = 0;
    let guess = (GUESS * ids.length) / 100;
    for (let kill = 0; kill <= kills; kill++) {
      if (kill > 0) await fleet.start('live');
      const start = performance.now();
      const before = (await fleet.json<StatusAnswer>(`/__fleet/${CLASS}`)).run as RunStatus;
      if (before.listings[0]?.completeAt === null) await fleet.feed(CLASS, before, ids, 500);
      if (kill < kills) {
        await setTimeout((draw(kill) * guess) / kills);
        const now = (await fleet.json<StatusAnswer>(`/__fleet/${CLASS}`)).run as RunStatus;
        const took = performance.now() - start;
        const got =
          now.counts.listed - now.counts.open - (before.counts.listed - before.counts.open);
        if (got > 50) guess = (took / got) * ids.length;
        if (now.pages.underWay > 0) midway++;
        memory = Math.max(memory, fleet.peakMemory());
        await fleet.kill();
        seconds += took / 1000;
        say(
          `killed after ${took.toFixed(0)} ms, ${now.counts.open} of ${ids.length} open, ${now.pages.underWay} pages under way`,
        );
        continue;
      }
      await fleet.done(CLASS);
      seconds += (performance.now() - start) / 1000;
      memory = Math.max(memory, fleet.peakMemory());
    }
    const status = await fleet.done(CLASS);
    await fleet.kill();
    const well = ['fresh', 'drizzle', 'behind'] as const;
    const versions = (id: string) =>
      fleet.read(
        'Inbox',
        id,
        'SELECT count(*) AS n, count(DISTINCT tag) AS tags FROM __migrations',
      );
    const migrated = well
      .flatMap((kind) => byKind.get(kind) ?? [])
      .filter((id) => JSON.stringify(versions(id)) === '[{"n":11,"tags":11}]').length;
    const tables = (id: string) =>
      fleet.read(
        'Inbox',
        id,
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB '_cf_*'",
      );
    const made = (byKind.get('deleted') ?? []).filter((id) => tables(id)?.length !== 0).length;
    return { status, migrated, made, midway, seconds, memory };
  } finally {
    await fleet.kill();
    fleet.remove();
  }
}
