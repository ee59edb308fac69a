// The command `fleet` as it is published, against a real fleet under Miniflare. What Cloudflare lists is played by a server.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Failure, FleetReport, RunStatus } from '../../src/fleet/protocol.ts';
import { FakeCloudflare } from '../node/cloudflare.ts';
import { COMMAND } from '../node/command.ts';
import { transcriptsOf, writeTranscripts } from '../node/transcripts.ts';
import { Fleet, TOKEN } from './fleet.ts';
import type { Kind } from './kinds.ts';

const root = join(import.meta.dirname, '../..');
const API_TOKEN = 'cf-token-that-nobody-may-see';

const fleet = new Fleet();
const cwd = mkdtempSync(join(tmpdir(), 'drizzle-offramp-fleet-cli-'));
let cloudflare: FakeCloudflare;
/** All that any command has printed. */
let printed = '';
/** What the commands printed that the manual shows, in its order. */
const shown: string[] = [];
const MANUAL = 'docs/operate/fleet.md';
afterAll(() => {
  cloudflare?.stop();
  fleet.remove();
  rmSync(cwd, { recursive: true, force: true });
});

/** Ids by what their objects are, in ascending order. */
const ids: Partial<Record<Kind, string[]>> = {};
const of = (...kinds: Kind[]): string[] => kinds.flatMap((kind) => ids[kind] ?? []).sort();

beforeAll(async () => {
  await fleet.start('seed');
  for (const [kind, count] of [
    ['fresh', 6],
    ['drizzle', 8],
    ['behind', 6],
    ['fails', 4],
    ['unknown', 2],
    ['deleted', 2],
  ] as [Kind, number][]) {
    const objects = Array.from({ length: count }, (_, i) => [`${kind} ${i}`, kind] as const);
    ids[kind] = (await fleet.seed('INBOX', objects)).sort();
  }
  await fleet.kill();
  await fleet.start('old');
  cloudflare = await FakeCloudflare.start({
    shape: 'result_info.cursor',
    objects: of('fresh', 'drizzle', 'behind').map((id) => ({ id, hasStoredData: true })),
    namespaces: [{ id: 'n1', name: 'fleet_Inbox', class: 'Inbox', script: 'fleet' }],
  });
});

/** A command that was started. */
class Started {
  readonly child: ChildProcess;
  stdout = '';
  stderr = '';
  readonly ended: Promise<number | null>;

  constructor(args: readonly string[]) {
    const { NO_COLOR, FORCE_COLOR, ...env } = process.env;
    this.child = spawn(process.execPath, [COMMAND, 'fleet', ...args, '--url', fleet.address], {
      cwd,
      env: {
        ...env,
        DRIZZLE_OFFRAMP_TOKEN: TOKEN,
        CLOUDFLARE_API_TOKEN: API_TOKEN,
        CLOUDFLARE_ACCOUNT_ID: 'a'.repeat(32),
        CLOUDFLARE_API_BASE_URL: cloudflare.url,
        COLUMNS: '110',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout?.on('data', (chunk) => {
      this.stdout += chunk;
    });
    this.child.stderr?.on('data', (chunk) => {
      this.stderr += chunk;
    });
    this.ended = once(this.child, 'close').then(([code]) => {
      printed += this.stdout + this.stderr;
      return code as number | null;
    });
  }
}

/** A text whose lines are broken as the terminal is wide, in one line. */
const flat = (text: string): string => text.replaceAll(/\s+/g, ' ');

/** Runs a command to its end. */
async function run(...args: string[]) {
  const started = new Started(args);
  const status = await started.ended;
  const { stdout, stderr } = started;
  return { status, stdout, stderr: flat(stderr) };
}

const statusOf = async (...args: string[]): Promise<RunStatus> => {
  const { stdout } = await run('status', '--class', 'INBOX', '--json', ...args);
  return (JSON.parse(stdout) as { answer: { run: RunStatus } }).answer.run;
};

const INBOX = ['--class', 'Inbox'];
const LOCAL = ['--state', fleet.state];
/** What Cloudflare lists: objects of which none fails. */
const WELL = ['--list', 'cloudflare'];

describe('fleet', () => {
  it('tries migrations before they are deployed, and says what would fail', async () => {
    const drizzle = join(root, 'drizzle');
    const { status, stdout, stderr } = await run(
      ...['preflight', ...INBOX, ...LOCAL, '--migrations', drizzle, '--html', 'preflight.html'],
    );
    expect(stderr).toContain(`note: DRIZZLE_OFFRAMP_TOKEN opens ${fleet.address}/__fleet`);
    expect(stderr).toContain('that needs no token.');
    shown.push(stdout);
    expect(stdout).toContain('preflight 1, done: all objects, 28 listed');
    expect(stdout).toContain('MIGRATION_FAILED: 4 objects');
    for (const id of of('fails').slice(0, 3)) expect(stdout).toContain(id);
    expect(stdout).toContain(
      'The migrations would fail in 6 objects. What they did was rolled back.',
    );
    expect(status).toBe(1);
    expect(readFileSync(join(cwd, 'preflight.html'), 'utf8')).toContain(
      'The migrations would fail in 6 objects',
    );
    // Waking an object migrates it as far as the deployed code goes, and no further.
    const rows = fleet.read('Inbox', of('behind')[0] as string, 'SELECT 1 FROM __migrations');
    expect(rows?.length).toBe(9);
    await fleet.kill();
    await fleet.start('live');
  });

  it('wakes all objects, from local files, and says which failed', async () => {
    writeFileSync(join(cwd, 'names.txt'), 'fresh 0\nfresh 1\r\nnobody\n\n');
    const { status, stdout, stderr } = await run(
      ...['start', ...INBOX, ...LOCAL, '--names', 'names.txt', '--page-size', '5'],
    );
    expect(stderr).toContain('note: 2 of 3 names are those of objects that were listed.');
    shown.push(stdout);
    expect(stdout).toContain('sweep 2, done: all objects, 28 listed');
    expect(stdout).toMatch(
      /20 {2}up to date +71\.4\u00a0%\n +2 {2}empty +7\.1\u00a0%\n +6 {2}failed/,
    );
    expect(stdout).toContain('Drizzle cannot go yet:\n- 6 objects failed.');
    expect(status).toBe(1);
    expect(of('deleted').map((id) => fleet.read('Inbox', id, 'SELECT 1 FROM messages'))).toEqual([
      undefined,
      undefined,
    ]);
  });

  it('tells the failures, all or by code', async () => {
    const { stdout, status } = await run(
      ...['status', '--failed', '--code', 'UNKNOWN_ROW', '--json', ...INBOX],
    );
    const { answer, ...rest } = JSON.parse(stdout) as { answer: { failures: Failure[] } };
    expect(rest).toEqual({ version: 1, url: fleet.address, class: 'INBOX', do: 'status' });
    expect(answer.failures.map(({ id }) => id)).toEqual(of('unknown'));
    expect(status).toBe(1);
    expect((await run('status', '--failed')).stderr).toContain(
      'error: The route sweeps several classes: INBOX, ARCHIVE, ODD',
    );
  });

  it('retries those that failed', async () => {
    const { status, stdout } = await run('retry', ...INBOX, ...LOCAL, '--code', 'UNKNOWN_ROW');
    expect(stdout).toContain('UNKNOWN_ROW: 2 objects');
    expect(status).toBe(1);
  });

  it('says that Drizzle can go, after another listing, from what Cloudflare lists', async () => {
    const args = ['--list', 'cloudflare', '--verify', '--settle', '0', '--strict'];
    const { status, stdout, stderr } = await run(
      'start',
      ...INBOX,
      ...args,
      '--html',
      'fleet.html',
    );
    expect(stderr).toContain(
      `note: CLOUDFLARE_API_TOKEN lists the objects of the account ${'a'.repeat(32)}: it needs the right Workers Scripts: Read, and no other.`,
    );
    shown.push(stdout);
    expect(stdout).toContain('verification 3, done: all objects, 20 listed');
    expect(stdout).toContain('Drizzle tracks none of the 20 that told.');
    expect(stdout).toMatch(/\nDrizzle can go\.\n$/);
    expect(status).toBe(0);
    expect((await statusOf()).listings.map(({ objects, found }) => [objects, found])).toEqual([
      [20, 20],
      [20, 0],
    ]);
    expect(readFileSync(join(cwd, 'fleet.html'), 'utf8')).toContain('Drizzle can go: yes');
  });

  it('goes on where a listing was left, by another client too', async () => {
    const [before] = [cloudflare.plan];
    const objects = Array.from({ length: 10 }, (_, i) => of('fresh', 'drizzle', 'behind')[i]);
    // 1,000 that were deleted, so that the first page ends with an object that the run knows.
    const fillers = Array.from({ length: 999 }, (_, i) => ({
      id: (objects[0] as string).slice(0, -3) + i.toString(16).padStart(3, '0'),
      hasStoredData: false,
    }));
    const listed = [...fillers, ...before.objects]
      .filter(({ id }, i, all) => all.findIndex((other) => other.id === id) === i)
      .sort((a, b) => (a.id < b.id ? -1 : 1));
    cloudflare.plan = {
      ...before,
      objects: listed,
      instead: (_, { cursor }) =>
        cursor === null ? undefined : { status: 200, body: '{', delay: 60_000 },
    };
    const first = new Started(['start', ...INBOX, '--list', 'cloudflare']);
    await expect
      .poll(async () => (await statusOf('--run', '4')).listings[0]?.last, { timeout: 30_000 })
      .toBeTypeOf('string');
    first.child.kill('SIGKILL');
    await first.ended;
    const left = (await statusOf()).listings[0]?.last as string;
    cloudflare.plan = { ...before, objects: listed };
    cloudflare.requests.length = 0;
    const { status, stderr, stdout } = await run('start', ...INBOX, '--list', 'cloudflare');
    expect(stderr).toContain('note: Going on with sweep 4, which is under way since');
    expect(cloudflare.requests.find(({ path }) => path.endsWith('/objects'))?.cursor).toBe(left);
    expect(stdout).toContain('sweep 4, done: all objects, 20 listed');
    expect(status).toBe(0);
    cloudflare.plan = before;
  });

  it('can be left, and the sweep goes on; it can be stopped and resumed', async () => {
    const started = new Started(['start', ...INBOX, ...WELL, '--rate', '2/s', '--page-size', '1']);
    await expect
      .poll(async () => (await statusOf('--run', '5')).listings[0]?.completeAt, { timeout: 30_000 })
      .toBeTypeOf('number');
    started.child.kill('SIGINT');
    expect(await started.ended).toBe(0);
    expect(flat(started.stderr)).toContain(
      'note: Left. The sweep goes on without this command: `npx drizzle-offramp fleet status --class INBOX` tells how far it is',
    );
    const { counts, state } = await statusOf();
    expect(state).toBe('running');
    expect(counts.open).toBeGreaterThan(0);
    const other = await run('preflight', ...INBOX, ...LOCAL, '--deployed');
    expect(other.stderr).toMatch(/error: INBOX: sweep 5 \(all objects\) is under way since/);
    expect(other.status).toBe(2);
    expect((await run('stop', ...INBOX)).stdout).toContain('sweep 5, stopped: all objects');
    const again = await run('start', ...INBOX, ...WELL);
    expect(again.stderr).toContain(
      'error: INBOX: sweep 5 was stopped. Go on with it with --resume, or begin another one with --new, which ends it for good.',
    );
    const resumed = await run('start', ...INBOX, ...WELL, '--resume', '--rate', 'none');
    expect(resumed.stdout).toContain('sweep 5, done: all objects, 20 listed');
  });

  it('stops by itself where too many fail', async () => {
    const { status, stdout } = await run(
      ...['start', ...INBOX, ...LOCAL, '--max-failures', '1%,0', '--page-size', '1'],
      ...['--concurrency', '1'],
    );
    expect(stdout).toContain('stopped, as too many failed');
    expect(status).toBe(1);
  });

  it('takes a share of the objects', async () => {
    const { stdout } = await run('start', ...INBOX, ...LOCAL, '--new', '--canary', '50%');
    const half = of('fresh', 'drizzle', 'behind', 'fails', 'unknown', 'deleted').filter(
      (id) => id < '8',
    );
    expect(stdout).toContain(`done: ids up to 8000, ${half.length} listed`);
    expect(stdout).toContain('- The run is about a part of the objects.');
  });

  it('writes the report', async () => {
    const { status, stderr, stdout } = await run('report', ...INBOX, '--run', '2');
    expect(stderr).toContain('note: The report is fleet.html.');
    expect(stdout).toContain('sweep 2, done');
    expect(status).toBe(1);
    const json = await run('report', ...INBOX, '--json');
    const { answer } = JSON.parse(json.stdout) as { answer: FleetReport };
    expect(answer.runs.length).toBe(7);
    const page = await fleet.fetch('/__fleet/INBOX/report.html');
    expect(page.headers.get('Content-Type')).toBe('text/html; charset=utf-8');
    expect(await page.text()).toContain('<h1>Fleet of <bdi>INBOX</bdi></h1>');
  });

  describe('by a queue', () => {
    const QUEUE = ['start', ...INBOX, ...LOCAL, '--engine', 'queue', '--max-failures', 'none'];
    const all = (): string[] => of('fresh', 'drizzle', 'behind', 'fails', 'unknown', 'deleted');

    it('wakes all objects, and says the same as by alarms', async () => {
      const { status, stdout } = await run(...QUEUE, '--new', '--page-size', '5');
      expect(stdout).toContain('done: all objects, 28 listed');
      expect(stdout).toMatch(
        /20 {2}up to date +71\.4\u00a0%\n +2 {2}empty +7\.1\u00a0%\n +6 {2}failed/,
      );
      expect(stdout).toContain('MIGRATION_FAILED: 4 objects');
      expect(stdout).toMatch(
        /\nRows: [\d,]+ read, \d+ written\. Cost by Cloudflare's prices: less than \$0\.01\.\n/,
      );
      expect(status).toBe(1);
      const { options, woke, cost } = await statusOf();
      expect(options.engine).toBe('queue');
      expect(woke.rowsRead).toBeGreaterThan(20);
      expect(cost?.queue).toBeCloseTo((6 * 3 * 0.4) / 1e6, 12);
    });

    it('retries those that failed, all or by code', async () => {
      const { status, stdout } = await run('retry', ...INBOX, ...LOCAL, '--code', 'UNKNOWN_ROW');
      expect(stdout).toContain('UNKNOWN_ROW: 2 objects');
      expect(status).toBe(1);
      const { counts, options, pages } = await statusOf();
      expect([counts.failed, options.engine, pages.done]).toEqual([6, 'queue', 7]);
    });

    it('is stopped and resumed', async () => {
      const left = await run(...QUEUE, '--no-wait', '--rate', '2/s', '--page-size', '1');
      expect(left.stdout).toMatch(/sweep \d+, under way: all objects, 28 listed/);
      const stopped = await run('stop', ...INBOX);
      expect(stopped.stdout).toMatch(/sweep \d+, stopped: all objects, 28 listed/);
      const before = await statusOf();
      expect(before.counts.open).toBeGreaterThan(15);
      await setTimeout(1_500);
      expect((await statusOf()).counts).toEqual(before.counts);
      const resumed = await run(...QUEUE, '--resume', '--rate', 'none');
      expect(resumed.stdout).toContain('done: all objects, 28 listed');
      const { counts, run: number } = await statusOf();
      expect([counts.open, counts.failed, number]).toEqual([0, 6, before.run]);
    });

    it('waits where the queue is paused, and goes on when it delivers', async () => {
      await fleet.kill();
      await fleet.start('live', '2026-10-01', 'paused');
      const left = await run(...QUEUE, '--no-wait', '--page-size', '10');
      expect(left.status).toBe(0);
      await setTimeout(1_000);
      const before = await statusOf();
      expect([before.state, before.counts.open, before.pages]).toEqual([
        ...['running', 28],
        { open: 0, underWay: 3, done: 0 },
      ]);
      await fleet.kill();
      await fleet.start('live');
      const { stdout } = await run(...QUEUE, '--once');
      expect(stdout).toContain('done: all objects, 28 listed');
      const after = await statusOf();
      expect([after.run, after.counts.listed, after.counts.failed]).toEqual([
        before.run,
        all().length,
        6,
      ]);
    });
  });

  it.each([
    [
      ['sweep'],
      'fleet: there is no sweep. It takes preflight, start, status, stop, retry, report.',
    ],
    [['status', '--rate', '5'], '--rate is for preflight, start, not for status.'],
    [['start', '--new', '--resume'], 'Pass either --new or --resume, not both.'],
    [
      ['start', '--class', 'NO'],
      '--class NO: the route has no such class. It has INBOX, ARCHIVE, ODD',
    ],
    [['start', ...INBOX, '--state', 'none'], 'none does not exist.'],
    [['start', ...INBOX, ...LOCAL, '--engine', 'cron'], 'Allowed choices are alarm, queue.'],
    [
      ['status', ...INBOX, '--path', '/none'],
      "Does the Worker's fetch call fleetRoute first, at /none?",
    ],
  ])('says what is wrong: %j', async (args, text) => {
    const { status, stderr, stdout } = await run(...args);
    expect(stderr).toContain(text);
    expect(stdout).toBe('');
    expect(status).toBe(2);
  });

  it('prints what the manual shows', () => {
    const outputs = shown.map((text) => text.trimEnd().replaceAll('\u00a0', ' '));
    if (process.env.UPDATE_MANUAL) writeTranscripts(MANUAL, outputs, 'fleet');
    // How long it takes is another time each time.
    const timeless = (text: string): string =>
      text.replaceAll(/^Began .* UTC, took .*$/gm, 'Began');
    expect(transcriptsOf(MANUAL, 'fleet').map(({ output }) => timeless(output))).toEqual(
      outputs.map(timeless),
    );
  });

  it('has shown and written no token', async () => {
    await setTimeout(0);
    expect(printed.length).toBeGreaterThan(5_000);
    const files = readdirSync(cwd, { recursive: true, encoding: 'utf8' })
      .map((name) => join(cwd, name))
      .filter((file) => statSync(file).isFile());
    expect(files.map((file) => file.slice(cwd.length + 1)).sort()).toEqual([
      'fleet.html',
      'names.txt',
      'preflight.html',
    ]);
    const written = files.map((file) => readFileSync(file, 'utf8')).join('\n');
    // The ledger's own files too.
    const folder = join(fleet.state, 'do/fleet-FleetLedger');
    expect(existsSync(folder)).toBe(true);
    const kept = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'latin1'));
    for (const token of [TOKEN, API_TOKEN]) {
      for (const text of [printed, written, fleet.output, ...kept]) {
        expect(text.includes(token)).toBe(false);
      }
    }
  });
});
