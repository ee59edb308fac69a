// Node: the commands that read a project and objects on disk, each by a real binary of that version.
import assert from 'node:assert/strict';
import { ALL, ask, BEFORE, bundleOf, ROWS_OF_USERS, workerOf } from './inbox.ts';
import type { Project } from './project.ts';

/** wrangler dev keeps its objects here. */
const STATE = '.wrangler/state/v3';

interface Status {
  readonly objects: readonly { readonly outcome: string; readonly pending: readonly unknown[] }[];
}

/**
 * Tries a version of Node.
 *
 * @param project an empty one
 * @param version the version
 */
export async function tryNode(project: Project, version: string): Promise<string> {
  for (const path of ['drizzle', 'drizzle.config.ts', 'example/schema.ts']) project.copy(path);
  project.write({ 'few.js': bundleOf('0.x', BEFORE), 'all.js': bundleOf() });
  // npm itself is run by the Node that runs this script.
  project.install('drizzle-orm@0.45.4', 'drizzle-kit@0.31.11');
  const deploy = { state: project.at(STATE) };
  const drizzles = `\
import { drizzle } from 'drizzle-orm/durable-sqlite';
import { migrate } from 'drizzle-orm/durable-sqlite/migrator';
import migrations from './few.js';`;
  const call =
    'ctx.blockConcurrencyWhile(async () => { await migrate(drizzle(ctx.storage), migrations); });';
  await ask(project, workerOf(drizzles, call), ROWS_OF_USERS, deploy);
  project.install(`node@${version}`);
  assert.equal(project.run('node', '--version').trim(), `v${version}`);
  console.log(project.offramp('check'));
  const status = JSON.parse(project.offramp('status', '--json')) as Status;
  console.log(JSON.stringify(status, null, 1).slice(0, 3000), ALL);
  console.log(project.offramp('status'));
  console.log(project.offramp('convert'));
  console.log(project.offramp('convert', '--check'));
  return '';
}
