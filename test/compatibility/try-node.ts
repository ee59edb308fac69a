// Node: the commands that read a project and objects on disk, each by a real binary of that version.
import assert from 'node:assert/strict';
import { ALL, ask, BEFORE, bundleOf, ROWS_OF_USERS, workerOf } from './inbox.ts';
import type { Project } from './project.ts';

/** wrangler dev keeps its objects here. */
const STATE = '.wrangler/state/v3';

interface Status {
  readonly objects: readonly {
    readonly className: string;
    readonly state: string;
    readonly count: number;
    readonly trackers: readonly string[];
    readonly actions: readonly { readonly action: string }[];
  }[];
}

const DRIZZLES = `\
import { drizzle } from 'drizzle-orm/durable-sqlite';
import { migrate } from 'drizzle-orm/durable-sqlite/migrator';
import migrations from './few.js';`;

/**
 * Tries a version of Node: one object waits on disk, which Drizzle's migrator left.
 *
 * @param project an empty one
 * @param version the version
 */
export async function tryNode(project: Project, version: string): Promise<string> {
  for (const path of ['drizzle', 'drizzle.config.ts', 'example/schema.ts']) project.copy(path);
  project.write({ 'few.js': bundleOf('0.x', BEFORE) });
  // npm itself is run by the Node that runs this script, and so is the runtime.
  project.install('drizzle-orm@0.45.4', 'drizzle-kit@0.31.11');
  const call =
    'ctx.blockConcurrencyWhile(async () => { await migrate(drizzle(ctx.storage), migrations); });';
  await ask(project, workerOf(DRIZZLES, call), ROWS_OF_USERS, { state: project.at(STATE) });
  project.install(`node@${version}`);
  assert.equal(project.run('node', '--version').trim(), `v${version}`);

  assert.match(project.offramp('check'), /\n11 migrations in drizzle: 0 errors, 1 warning\.\n/);
  const { objects } = JSON.parse(project.offramp('status', '--json')) as Status;
  const [object] = objects;
  assert.equal(objects.length, 1);
  assert.deepEqual(
    {
      ...{ className: object?.className, state: object?.state, count: object?.count },
      ...{ trackers: object?.trackers, actions: object?.actions.map(({ action }) => action) },
    },
    {
      ...{ className: 'Inbox', state: 'pending', count: BEFORE, trackers: ['Drizzle 0.x'] },
      actions: [
        'create ledger',
        ...Array(BEFORE).fill('adopt'),
        ...Array(ALL - BEFORE).fill('apply'),
        'retire',
      ],
    },
  );
  assert.match(project.offramp('status'), /Drizzle 0\.x .* adopt 6, apply 5, retire /);
  assert.match(project.offramp('convert'), /^Wrote migrations\.ts: 11 migrations from drizzle\./);
  assert.match(project.offramp('convert', '--check'), /^migrations\.ts is up to date: /);
  assert.match(project.offramp('eject'), /\nTried in \d+ states of an object: /);
  return '';
}
