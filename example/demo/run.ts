import { randomUUID } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, styleText } from 'node:util';
import { faultsOf } from './check.ts';
import { compare } from './compare.ts';
import { type Figures, figuresOf } from './figures.ts';
import { fleet } from './fleet.ts';
import { journal } from './history.ts';
import { picture } from './picture.ts';
import { childrenTable, fleetTable, summary } from './report.ts';
import { bundle, deploy, idOf, migrateWithDrizzle, rehearse, wake } from './runtime.ts';
import { type Contents, readObject } from './storage.ts';
import { sweep } from './sweep.ts';

const FIGURES = join(import.meta.dirname, 'figures.json');
const PICTURE = join(import.meta.dirname, '../../docs/images/loss.svg');

/** The secret of the Worker's routes, which answers nobody but this process. */
const TOKEN = randomUUID();

const { values } = parseArgs({ options: { write: { type: 'boolean', default: false } } });

/** Writes the figures and the picture for the manual, or says that they are no longer what is written there. */
function keep(figures: Figures): string[] {
  const text = `${JSON.stringify(figures, null, 2)}\n`;
  if (values.write) {
    writeFileSync(FIGURES, text);
    writeFileSync(PICTURE, picture(figures));
    return [];
  }
  return readFileSync(FIGURES, 'utf8') === text
    ? []
    : ['figures.json has other figures: run `npm run demo -- --write`'];
}

/** Runs the whole story below a folder, and returns what went wrong. */
async function demo(folder: string): Promise<string[]> {
  const storage = join(folder, 'storage');
  const copy = join(folder, 'copy');
  const [oldWorker, newWorker, rehearsalWorker] = await Promise.all([
    bundle('old/worker.ts'),
    bundle('../worker.ts'),
    bundle('rehearsal/worker.ts'),
  ]);
  const ids: string[] = [];
  const read = (from: string): Contents[] =>
    fleet.map((object, index) => readObject(from, object.className, ids[index] ?? ''));

  console.log('A rehearsal, as in a test of your own: every point at which an object can stand.\n');
  const faults: string[] = [];
  await deploy(rehearsalWorker, join(folder, 'rehearsal'), async (runtime) => {
    const { text, failed } = await rehearse(runtime);
    console.log(`${text}\n`);
    if (failed) faults.push('the rehearsal failed');
  });

  console.log(`The old deploy: drizzle-orm's migrator makes and fills ${fleet.length} objects.`);
  await deploy(oldWorker, storage, async (runtime) => {
    for (const object of fleet) {
      ids.push(await idOf(runtime, object));
      await migrateWithDrizzle(runtime, object, object.deploys, object.size);
    }
  });
  const before = read(storage);
  cpSync(storage, copy, { recursive: true });

  console.log('The new deploy: the same storage, and this Worker. Every object wakes, twice.\n');
  const wakeAll = () =>
    deploy(newWorker, storage, async (runtime) => {
      for (const object of fleet) await wake(runtime, object);
    });
  await wakeAll();
  const after = read(storage);
  await wakeAll();
  const again = read(storage);
  console.log(fleetTable(before, after));

  console.log("\nA copy of the old storage, where drizzle-orm's migrator runs what is pending:\n");
  const everything = journal.map(({ idx }) => idx);
  await deploy(oldWorker, copy, async (runtime) => {
    for (const object of fleet) await migrateWithDrizzle(runtime, object, [everything]);
  });
  const ours = compare(before, after);
  const drizzles = compare(before, read(copy));
  const figures = figuresOf(before, after, ours, drizzles);
  console.log(childrenTable(figures));

  faults.push(...faultsOf(before, after, again), ...keep(figures));
  console.log(`\n${summary(figures)}`);

  console.log('\nA sweep of all objects: can Drizzle go?\n');
  const deployedAt = new Date().toISOString();
  await deploy(
    newWorker,
    storage,
    async (runtime) => {
      const url = await runtime.ready;
      for (const name of ['Inbox', 'Archive'] as const) {
        const { report, text, canGo } = await sweep(name, url, storage, TOKEN, deployedAt);
        console.log(`${text}\nThe report: ${report}\n`);
        if (!canGo) faults.push(`Drizzle cannot go, says the sweep of ${name}`);
      }
    },
    { secrets: { MIGRATIONS_TOKEN: TOKEN }, ledger: true },
  );
  return faults;
}

const folder = mkdtempSync(join(tmpdir(), 'drizzle-offramp-demo-'));
try {
  const faults = await demo(folder);
  for (const fault of faults) console.error(styleText('red', fault));
  if (faults.length > 0) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
