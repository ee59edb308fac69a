// A sweep by a real queue of `wrangler dev`, with the command as it is published.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunStatus } from '../../src/fleet/protocol.ts';
import { COMMAND } from '../node/command.ts';
import { Dev } from './dev.ts';

const TOKEN = 'token-of-the-tests';
const OBJECTS = 24;

let dev: Dev;
beforeAll(async () => {
  dev = await Dev.start(join(import.meta.dirname, '../fleet/worker/wrangler.jsonc'));
}, 90_000);
afterAll(() => dev.stop());

const nameOf = (index: number): string => `object ${index}`;

/** Runs the command to its end. */
async function fleet(...args: string[]): Promise<{ status: number; stdout: string }> {
  const child = spawn(
    process.execPath,
    [COMMAND, 'fleet', ...args, '--class', 'INBOX', '--url', dev.url],
    {
      cwd: dev.state,
      env: { ...process.env, NO_COLOR: '1', DRIZZLE_OFFRAMP_TOKEN: TOKEN },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const [status] = await once(child, 'close');
  if (status === 2) throw new Error(stderr);
  return { status, stdout };
}

const statusOf = async (): Promise<RunStatus> =>
  JSON.parse((await fleet('status', '--json')).stdout).answer.run;

describe('a fleet under wrangler dev, by a queue', () => {
  it('is swept, stopped and resumed, and leaves no instance without its name', async () => {
    for (let index = 0; index < OBJECTS; index++) {
      const name = encodeURIComponent(nameOf(index));
      expect(await dev.get(`/name?name=${name}`)).toBe(nameOf(index));
      await dev.get(`/end?name=${name}`);
    }
    const queue = ['start', '--engine', 'queue', '--state', dev.state, '--settle', '0'];
    await fleet(...queue, '--no-wait', '--rate', '2/s', '--page-size', '2');
    await fleet('stop');
    const stopped = await statusOf();
    expect([stopped.state, stopped.counts.listed]).toEqual(['stopped', OBJECTS]);
    expect(stopped.counts.open).toBeGreaterThan(10);
    const { stdout } = await fleet(...queue, '--resume', '--rate', 'none');
    expect(stdout).toContain(`sweep 1, done: all objects, ${OBJECTS} listed`);
    const { counts, options, nameless, woke } = await statusOf();
    expect([counts.outcomes['up-to-date'], counts.failed, options.engine]).toEqual([
      ...[OBJECTS, 0],
      'queue',
    ]);
    expect(nameless).toEqual([]);
    expect([woke.migrated, woke.rowsWritten]).toEqual([0, 0]);
    expect(woke.rowsRead).toBeGreaterThan(OBJECTS);
    for (let index = 0; index < OBJECTS; index++) {
      const name = encodeURIComponent(nameOf(index));
      expect(await dev.get(`/name?name=${name}`)).toBe(nameOf(index));
    }
    // An instance that ends itself after a look is no error that a person has to see.
    expect(dev.output).not.toContain('drizzle-offramp:');
  }, 120_000);
});
