import { rmSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { temporaryFolder } from './folder.ts';
import { torture } from './kill.ts';
import type { Runner } from './protocol.ts';
import { figuresTable } from './report.ts';
import { scale } from './scale.ts';
import { sweepAll } from './sweep.ts';

interface Options {
  kills: number;
  objects: number;
  scale: number;
  rows: number;
  fleet: number;
  fleetKills: number;
  seed: number;
  runner: Runner;
  keep?: true;
}

const toCount = (text: string): number => {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It takes a whole number.');
  return Number(text);
};

const LISTED = 5;
/** In bytes: more than the default numbers take. */
const ROOM = 4e9;

const options = new Command('npm run torture --')
  .description('Kills the runtime amid migrations, and wakes very many objects at once.')
  .option('--kills <count>', 'how often the runtime is killed', toCount, 100)
  .option('--objects <count>', 'how many objects it has then', toCount, 200)
  .option('--scale <count>', 'how many objects are woken at once; 0 for none', toCount, 5000)
  .option('--fleet <count>', 'how many objects are swept by each engine; 0 for none', toCount, 0)
  .option('--fleet-kills <count>', 'how often the process is killed in each sweep', toCount, 10)
  .option('--rows <count>', 'about how many rows a long migration writes', toCount, 400)
  .option('--seed <number>', 'what histories, rows and delays depend on', toCount)
  .addOption(
    new Option('--runner <name>', 'what migrates; all but ours must fail')
      .choices(['offramp', 'statements', 'drizzle'])
      .default('offramp'),
  )
  .option('--keep', 'leave the files there')
  .parse()
  .opts<Options>();
const { seed = Date.now() % 2 ** 32, keep } = options;

const folder = temporaryFolder(ROOM);
process.once('exit', () => {
  if (keep) console.log(`The files are in ${folder}`);
  else rmSync(folder, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const say = (line: string) => console.log(line);
const replay = `npm run torture -- --seed ${seed} --kills ${options.kills} --objects ${options.objects} --scale ${options.scale} --rows ${options.rows} --fleet ${options.fleet} --fleet-kills ${options.fleetKills} --runner ${options.runner}`;
say(`Seed ${seed}`);
const start = performance.now();
try {
  const swept = options.fleet > 0 ? await sweepAll({ ...options, seed, say }) : [];
  const killed = await torture({ ...options, seed, folder, say });
  const atOnce =
    killed.faults.length === 0 && options.scale > 0
      ? await scale({ seed, folder, objects: options.scale, say })
      : undefined;
  say(`\n${figuresTable({ ...options, seed }, killed, atOnce, performance.now() - start)}`);
  const faults = [...swept, ...killed.faults, ...(atOnce?.faults ?? [])];
  for (const fault of faults.slice(0, LISTED)) console.error(`\n${fault}`);
  if (faults.length > 0) throw new Error(`${faults.length} objects are not as they must be.`);
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : error}\nTo see it again: ${replay}`);
  process.exitCode = 1;
}
