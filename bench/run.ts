import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measureBundles } from './bundles.ts';
import { measureFirstWakes } from './first-wakes.ts';
import { machine } from './machine.ts';
import { measureRebuilds } from './rebuilds.ts';
import { render } from './render.ts';
import type { Results } from './results.ts';
import { countRows } from './rows.ts';
import { type Setup, withRuntime } from './runtime.ts';
import { tables } from './table.ts';
import { measureAdoption, measureCold, measureFresh } from './wakes.ts';
import { measureWarm } from './warm.ts';
import { measureWrapped } from './wrapped.ts';

const FILE = join(import.meta.dirname, 'results.json');

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    render: { type: 'boolean', default: false },
    wrapped: { type: 'boolean', default: false },
  },
});

const LONG = { size: 1000, bytes: 5000 };

/** `seconds` are for each size, should the machine be slow. Fewer objects where each takes longer. */
const EFFORT = {
  full: {
    sizes: [3, 30, 300, 1000],
    warm: { rounds: 21, seconds: 20, turn: 40 },
    cold: { rounds: 61, seconds: 35 },
    fresh: { rounds: 21, seconds: 15 },
    adoption: { rounds: 15, seconds: 8 },
    evaluations: 200,
    copies: 41,
  },
  quick: {
    sizes: [3, 30, 300],
    warm: { rounds: 5, seconds: 3, turn: 10 },
    cold: { rounds: 5, seconds: 3 },
    fresh: { rounds: 3, seconds: 2 },
    adoption: { rounds: 3, seconds: 1 },
    evaluations: 20,
    copies: 9,
  },
};
/** How many objects a request wakes. */
const objectsOf = (size: number, quick: boolean): { cold: number; fresh: number } => {
  if (quick) return { cold: 4, fresh: 1 };
  if (size > 300) return { cold: 2, fresh: 1 };
  return size > 30 ? { cold: 8, fresh: 1 } : { cold: 24, fresh: 8 };
};

async function measure(quick: boolean): Promise<Results> {
  const start = Date.now();
  const effort = EFFORT[quick ? 'quick' : 'full'];
  const results: Results = {
    machine: machine(),
    seconds: 0,
    sizes: effort.sizes,
    warm: [],
    cold: [],
    wrapped: [],
    fresh: [],
    adoption: [],
    rows: [],
    rebuilds: [],
    bundles: [],
    firstWake: [],
  };
  const say = (what: string) => {
    console.error(`${((Date.now() - start) / 1000).toFixed(0).padStart(4)} s  ${what}`);
  };
  const setup: Setup = { sizes: effort.sizes, copies: effort.copies, long: LONG };
  await withRuntime(setup, async (ask) => {
    for (const size of effort.sizes) {
      const { cold, fresh } = objectsOf(size, quick);
      say(`${size} migrations: rows`);
      results.rows.push(...(await countRows(ask, size)));
      say(`${size} migrations: nothing to do`);
      results.warm.push(...(await measureWarm(ask, size, effort.warm)));
      say(`${size} migrations: cold wakes`);
      results.cold.push(...(await measureCold(ask, size, { ...effort.cold, objects: cold })));
      say(`${size} migrations: withMigrations`);
      results.wrapped.push(
        ...(await measureWrapped(ask, size, effort.warm, { ...effort.cold, objects: cold })),
      );
      say(`${size} migrations: fresh objects`);
      results.fresh.push(...(await measureFresh(ask, size, { ...effort.fresh, objects: fresh })));
      say(`${size} migrations: adoption`);
      results.adoption.push(
        ...(await measureAdoption(ask, size, { ...effort.adoption, objects: fresh })),
      );
    }
    say('rebuilds beside a million rows');
    results.rebuilds = await measureRebuilds(ask, quick ? 1 : 3);
    say(`first wake of an isolate, ${LONG.size} migrations of ${LONG.bytes} bytes`);
    results.firstWake = await measureFirstWakes(ask, setup);
  });
  say('bundles');
  results.bundles = await measureBundles(effort.evaluations);
  results.seconds = Math.round((Date.now() - start) / 1000);
  say('done');
  return results;
}

/** Only what is measured of `withMigrations`, into what was measured of all else. */
async function measureWrappedAgain(): Promise<void> {
  const { sizes, warm, cold } = EFFORT.full;
  const results: Results = JSON.parse(readFileSync(FILE, 'utf8'));
  results.wrapped = [];
  await withRuntime({ sizes, copies: 0, long: LONG }, async (ask) => {
    for (const size of sizes) {
      const { cold: objects } = objectsOf(size, false);
      results.wrapped.push(...(await measureWrapped(ask, size, warm, { ...cold, objects })));
    }
  });
  writeFileSync(FILE, `${JSON.stringify(results, null, 2)}\n`);
  render(results);
}

if (values.wrapped) await measureWrappedAgain();
else if (values.quick) {
  // Too rough to be kept.
  console.log(tables(await measure(true)));
} else {
  if (!values.render) {
    writeFileSync(FILE, `${JSON.stringify(await measure(false), null, 2)}\n`);
  }
  render(JSON.parse(readFileSync(FILE, 'utf8')));
}
