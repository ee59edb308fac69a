import { createHash } from 'node:crypto';
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { fleet } from '../../example/demo/fleet.ts';
import { bundle, deploy, idOf, migrateWithDrizzle, wake } from '../../example/demo/runtime.ts';
import { openDatabase } from '../../src/cli/database.ts';
import type { ObjectStatus } from '../../src/cli/status/inspect-object.ts';
import { findNames, findObjects } from '../../src/cli/status/objects.ts';
import { showSize, toText } from '../../src/cli/status/report.ts';
import type { Source } from '../../src/cli/status/source.ts';
import { stepOf } from '../../src/cli/status/step.ts';
import { status } from '../../src/cli/status.ts';
import { migrate } from '../../src/index.ts';
import { buildCommand } from './built.ts';

/** In milliseconds: processes and runtimes start slowly where others are at work. */
const SLOW = 60_000;

const temporary = mkdtempSync(join(tmpdir(), 'drizzle-offramp-test-'));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

/** The bytes of every file below a folder, but for the -shm, which every reader of a live database writes into. */
function fingerprint(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true });
  return Object.fromEntries(
    files
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => {
        const file = join(parentPath, name);
        const bytes = name.endsWith('-shm') ? '' : readFileSync(file);
        return [file, createHash('sha256').update(bytes).digest('hex')];
      }),
  );
}

let states = 0;
/** A folder for objects of a class, as Miniflare makes it. */
function newState(): { path: string; file: (id: number) => string } {
  const path = join(temporary, `state-${states++}`);
  const folder = join(path, 'v3/do/worker-Inbox');
  mkdirSync(folder, { recursive: true });
  return { path, file: (id) => join(folder, `${id.toString(16).padStart(64, '0')}.sqlite`) };
}

/** Makes the file of an object and leaves it as a runtime does that was ended: in WAL mode. */
function make(file: string, ...statements: string[]): void {
  const database = new DatabaseSync(file);
  database.exec('PRAGMA journal_mode = WAL');
  for (const statement of statements) database.exec(statement);
  database.close();
}

const module = join(temporary, 'migrations.ts');
const RECORD = {
  m0000: { tag: '20261122180000_a', when: Date.UTC(2026, 10, 22, 18), sql: 'CREATE TABLE a (x);' },
  m0001: {
    tag: '20261122180100_b',
    when: Date.UTC(2026, 10, 22, 18, 1),
    sql: 'CREATE TABLE b (x);',
  },
  m0002: { tag: '20261122180200_c', when: Date.UTC(2026, 10, 22, 18, 2), sql: 'DROP TABLE a;' },
};
writeFileSync(module, `export default ${JSON.stringify(RECORD)};`);

const DRIZZLE_0 =
  'CREATE TABLE __drizzle_migrations (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at numeric)';
const DRIZZLE_1 =
  'CREATE TABLE __drizzle_migrations (id INTEGER PRIMARY KEY, hash text NOT NULL, created_at numeric, name text, applied_at TEXT)';
const ran = (...keys: (keyof typeof RECORD)[]): string =>
  `INSERT INTO __drizzle_migrations (hash, created_at) VALUES ${keys.map((key) => `('', ${RECORD[key].when})`).join(', ')}`;

/** What matters of a row. */
const short = ({ trackers, count, last, state, actions, problem }: ObjectStatus) => ({
  trackers: trackers.join(' and '),
  stands: `${count} ${last}`,
  state,
  wake: actions.map(({ action, key }) => (key === null ? action : `${action} ${key}`)).join(', '),
  problem,
});

describe('a fleet in Miniflare', { timeout: SLOW }, () => {
  const path = join(temporary, 'fleet');
  const state = join(path, 'v3');
  const folder = 'drizzle';
  let ids: string[] = [];
  let whileLive: readonly ObjectStatus[] = [];
  let before: Record<string, string> = {};
  let after: Record<string, string> = {};

  /** Some of the demo's objects: early, late, with a skipped entry, and one that is never woken. */
  const objects = fleet.filter(({ className, name }) =>
    ['Inbox cobalt', 'Inbox nimbus', 'Inbox pine', 'Archive maple'].includes(
      `${className} ${name}`,
    ),
  );

  beforeAll(async () => {
    const worker = await bundle('old/worker.ts');
    mkdirSync(state, { recursive: true });
    await deploy(worker, state, async (runtime) => {
      for (const object of objects) await migrateWithDrizzle(runtime, object, object.deploys, 1);
      ids = await Promise.all(objects.map((object) => idOf(runtime, object)));
      before = fingerprint(state);
      whileLive = (await status(path, { folder, module: false })).objects;
      after = fingerprint(state);
    });
  }, SLOW);

  const find = (all: readonly ObjectStatus[], name: string): ObjectStatus | undefined =>
    all.find(
      ({ id }) =>
        id === ids[objects.findIndex((object) => `${object.className} ${object.name}` === name)],
    );

  it('is read while the runtime has every object open, and nothing is written', () => {
    expect(after).toEqual(before);
    expect(whileLive.map(({ className, state }) => `${className} ${state}`)).toEqual([
      'Archive pending',
      'Inbox pending',
      'Inbox pending',
      'Inbox pending',
    ]);
    const count = (name: string) => {
      const actions = find(whileLive, name)?.actions.map(({ action }) => action) ?? [];
      return [...new Set(actions)].map(
        (action) => `${action} ${actions.filter((other) => other === action).length}`,
      );
    };
    expect(count('Inbox cobalt')).toEqual(['make ledger 1', 'adopt 1', 'apply 10', 'retire 1']);
    expect(count('Inbox pine')).toEqual(['make ledger 1', 'adopt 10', 'heal 1', 'retire 1']);
    expect(find(whileLive, 'Inbox pine')).toMatchObject({
      trackers: ['Drizzle 0.x'],
      count: 10,
      last: '20261122192350_external_ids',
      problem: null,
    });
  });

  it('reads the same when the runtime is gone', async () => {
    expect((await status(path, { folder, module: false })).objects).toEqual(whileLive);
    expect(fingerprint(state)).toEqual(before);
  });

  it('does what status said, and is level then', async () => {
    const copy = join(temporary, 'woken');
    cpSync(path, copy, { recursive: true });
    await deploy(await bundle('../worker.ts'), join(copy, 'v3'), async (runtime) => {
      await wake(runtime, objects[0] as (typeof objects)[number]);
      const half = await status(copy, { folder, module: false });
      expect(half.objects.map(({ state }) => state).toSorted()).toEqual([
        'level',
        'pending',
        'pending',
        'pending',
      ]);
      expect(stepOf(half.objects, half.source).step).toBe(2);
      for (const object of objects) await wake(runtime, object);
    });
    const done = await status(copy, { folder, module: false });
    expect(done.objects.map(({ state, trackers }) => `${state} ${trackers}`)).toEqual(
      Array.from({ length: 4 }, () => 'level drizzle-offramp'),
    );
    expect(stepOf(done.objects, done.source)).toEqual({
      step: 3,
      reached: 'leave Drizzle: drizzle-offramp has adopted 4 of 4 objects',
      next: 'Run `drizzle-offramp convert drizzle` and pass what it writes to `migrate`: no .sql imports any more.',
    });
  });

  it('looks at one class, one file, or any folder above', async () => {
    const [archive] = await findObjects(path, ['Archive']);
    expect(archive?.id).toBe(find(whileLive, 'Archive maple')?.id);
    expect(await findObjects(archive?.file ?? '')).toEqual([archive]);
    expect(await findObjects(join(state, 'do/inbox-Archive'))).toEqual([archive]);
    await expect(findObjects(join(path, 'none'))).rejects.toThrow(
      `${join(path, 'none')} does not exist. Run \`wrangler dev\` first, or name the folder that it persists to.`,
    );
  });
});

describe('one object', () => {
  const inspectOne = async (
    ...statements: string[]
  ): Promise<ReturnType<typeof short> | undefined> => {
    const { path, file } = newState();
    make(file(1), ...statements);
    const { objects } = await status(path, { module });
    return objects.map(short)[0];
  };

  it('of nobody is new', async () => {
    expect(await inspectOne()).toEqual({
      trackers: '',
      stands: '0 null',
      state: 'pending',
      wake: 'make ledger, apply m0000, apply m0001, apply m0002',
      problem: null,
    });
  });

  it('of Drizzle 0.x is adopted and healed', async () => {
    expect(await inspectOne(DRIZZLE_0, ran('m0000', 'm0002'))).toEqual({
      trackers: 'Drizzle 0.x',
      stands: '2 20261122180200_c',
      state: 'pending',
      wake: 'make ledger, adopt m0000, adopt m0002, heal m0001, retire',
      problem: null,
    });
  });

  it('of Drizzle 1.x stands at its last name', async () => {
    expect(
      await inspectOne(
        DRIZZLE_1,
        "INSERT INTO __drizzle_migrations (hash, created_at, name) VALUES ('', 1, '20261122180000_a')",
      ),
    ).toEqual({
      trackers: 'Drizzle 1.x',
      stands: '1 20261122180000_a',
      state: 'pending',
      wake: 'make ledger, adopt m0000, apply m0001, apply m0002, retire',
      problem: null,
    });
  });

  it('of do-orm is adopted by number', async () => {
    expect(
      await inspectOne(
        'CREATE TABLE __migrations (version INTEGER PRIMARY KEY)',
        'INSERT INTO __migrations VALUES (0), (1)',
      ),
    ).toEqual({
      trackers: 'do-orm',
      stands: '2 m0001',
      state: 'pending',
      wake: 'widen ledger, adopt m0000, adopt m0001, apply m0002',
      problem: null,
    });
  });

  it('of two is told so', async () => {
    const found = await inspectOne(
      DRIZZLE_0,
      ran('m0000'),
      'CREATE TABLE __migrations (version INTEGER PRIMARY KEY)',
      'INSERT INTO __migrations VALUES (0)',
    );
    expect(found?.trackers).toBe('Drizzle 0.x and do-orm');
  });

  it('is refused with the words that its wake would throw', async () => {
    expect(
      await inspectOne(
        DRIZZLE_0,
        ran('m0000', 'm0001'),
        'UPDATE __drizzle_migrations SET created_at = 5 WHERE rowid = 2',
      ),
    ).toEqual({
      trackers: 'Drizzle 0.x',
      stands: '2 1970-01-01T00:00:00.005Z',
      state: 'refused',
      wake: '',
      problem:
        '[UNKNOWN_ROW] __drizzle_migrations has 1 row(s) that match no migration: created_at 5. Code that lacks an applied migration ' +
        'must not go on: bring the migration back (if its `when` was changed, convert and name the old one under ' +
        "`was`), or pass unknown: 'ignore' to keep the row and go on.",
    });
  });

  const migrated = (...keys: (keyof typeof RECORD)[]): string => {
    const { file } = newState();
    const database = openDatabase(file(1));
    migrate(database, Object.fromEntries(keys.map((key) => [key, RECORD[key]])));
    database.close();
    return file(1);
  };

  it('of ours is level, is ahead, or gets what is missing', async () => {
    const { path, file } = newState();
    copyFileSync(migrated('m0000', 'm0001', 'm0002'), file(1));
    copyFileSync(migrated('m0000'), file(2));
    const level = (await status(path, { module })).objects.map(short);
    const nothing = { trackers: 'drizzle-offramp', wake: '', problem: null };
    expect(level).toEqual([
      { ...nothing, stands: '3 20261122180200_c', state: 'level' },
      {
        ...nothing,
        stands: '1 20261122180000_a',
        state: 'pending',
        wake: 'apply m0001, apply m0002',
      },
    ]);
    const older = join(temporary, 'older.ts');
    writeFileSync(older, `export default ${JSON.stringify({ m0000: RECORD.m0000 })};`);
    const ahead = (await status(path, { module: older })).objects.map(short);
    expect(ahead).toEqual([
      { ...nothing, stands: '3 20261122180200_c', state: 'ahead' },
      { ...nothing, stands: '1 20261122180000_a', state: 'level' },
    ]);
  });

  it('hears of the options of migrate', async () => {
    const { path, file } = newState();
    make(file(1), DRIZZLE_0.replace('__drizzle_migrations', 'theirs'));
    const options = { module, drizzle: 'mirror', drizzleTable: 'theirs' } as const;
    const { objects } = await status(path, options);
    expect(objects.map(short).map(({ trackers, wake }) => `${trackers}: ${wake}`)).toEqual([
      'Drizzle 0.x: make ledger, apply m0000, apply m0001, apply m0002, mirror, mirror, mirror',
    ]);
  });
});

describe('files', { timeout: SLOW }, () => {
  it('that are locked, empty or broken are told, and the others read', async () => {
    const { path, file } = newState();
    const holder = new DatabaseSync(file(1));
    holder.exec('CREATE TABLE a (x); BEGIN EXCLUSIVE');
    writeFileSync(file(2), '');
    writeFileSync(file(3), 'no database '.repeat(1000));
    make(file(4), DRIZZLE_0, ran('m0000'));
    make(file(5));
    writeFileSync(file(5), readFileSync(file(5)).fill(7, 100, 200));
    const { objects } = await status(path, { module });
    holder.close();
    expect(objects.map(({ state, problem }) => `${state}: ${problem}`)).toEqual([
      'unreadable: locked: database is locked',
      'pending: the file is empty',
      'unreadable: broken: file is not a database',
      'pending: null',
      'unreadable: broken: database disk image is malformed',
    ]);
  });

  it('are left as they are, with no file beside them', async () => {
    const { path, file } = newState();
    make(file(1), DRIZZLE_0, ran('m0000'));
    // A runtime that was killed leaves a -wal; one that was copied without its -shm is read all the same.
    const live = new DatabaseSync(join(temporary, 'live.sqlite'));
    live.exec(`PRAGMA journal_mode = WAL; ${DRIZZLE_0}; ${ran('m0000', 'm0001')}`);
    copyFileSync(join(temporary, 'live.sqlite'), file(2));
    copyFileSync(join(temporary, 'live.sqlite-wal'), `${file(2)}-wal`);
    live.close();
    const before = fingerprint(path);
    const copies = join(temporary, 'copies');
    mkdirSync(copies);
    vi.stubEnv('TMPDIR', copies);
    const { objects } = await status(path, { module });
    vi.unstubAllEnvs();
    expect(objects.map(({ count }) => count)).toEqual([1, 2]);
    expect(objects[1]?.bytes).toBeGreaterThan(readFileSync(file(2)).length);
    expect(fingerprint(path)).toEqual(before);
    expect(readdirSync(copies)).toEqual([]);
  });

  it('of Miniflare itself and of D1 are no objects', async () => {
    const { path, file } = newState();
    make(file(1));
    const id = basename(file(1));
    for (const folder of [
      'v3/d1/miniflare-D1DatabaseObject',
      'v3/kv/miniflare-KVNamespaceObject',
    ]) {
      mkdirSync(join(path, folder), { recursive: true });
      copyFileSync(file(1), join(path, folder, id));
    }
    copyFileSync(file(1), join(path, 'v3/do/worker-Inbox/metadata.sqlite'));
    expect((await findObjects(path)).map((object) => object.file)).toEqual([file(1)]);
  });

  it('get the names that the runtime wrote down with an alarm', async () => {
    const { path, file } = newState();
    make(file(1));
    make(file(2));
    make(
      join(path, 'v3/do/worker-Inbox/metadata.sqlite'),
      'CREATE TABLE _cf_ALARM (actor_id TEXT PRIMARY KEY, scheduled_time INTEGER, actor_name TEXT) WITHOUT ROWID',
      `INSERT INTO _cf_ALARM VALUES ('${basename(file(2), '.sqlite')}', 1, 'acme')`,
    );
    const found = await findObjects(path);
    expect([...findNames(found)]).toEqual([[found[1]?.id, 'acme']]);
    expect((await status(path, { module })).objects.map(({ name }) => name)).toEqual([
      null,
      'acme',
    ]);
  });

  it("get the names that wrangler's local runtime wrote into their own files", async () => {
    const { path, file } = newState();
    make(
      file(1),
      'CREATE TABLE __miniflare_do_name (id INTEGER PRIMARY KEY, name TEXT)',
      "INSERT INTO __miniflare_do_name VALUES (1, 'birch')",
    );
    make(file(2), 'CREATE TABLE __miniflare_do_name (id INTEGER PRIMARY KEY, name TEXT)');
    expect((await status(path, { module })).objects.map(({ name }) => name)).toEqual([
      'birch',
      null,
    ]);
  });

  it('get their names from a runtime of today', async () => {
    const path = join(temporary, 'alarms');
    const worker = `
      import { DurableObject } from 'cloudflare:workers';
      export class Inbox extends DurableObject {
        wake(alarm) { return alarm && this.ctx.storage.setAlarm(Date.now() + 3_600_000); }
        alarm() {}
      }
      export class Archive extends Inbox {}
      export default {
        async fetch(request, { INBOX }) {
          await INBOX.getByName('acme').wake(true);
          await INBOX.getByName('birch').wake(false);
          return new Response();
        },
      };`;
    mkdirSync(path);
    await deploy(worker, path, async (runtime) => {
      await runtime.dispatchFetch('http://inbox.example.com/');
      const { objects } = await status(path, { module });
      expect(objects.map(({ name }) => name)).toEqual([null, 'acme']);
    });
  });
});

describe('the step of the way', () => {
  const object = (...trackers: ObjectStatus['trackers']) => ({ trackers }) as ObjectStatus;
  const source: Source = { kind: 'module', path: 'migrations.ts', folder: 'drizzle', input: {} };
  const ours = object('drizzle-offramp');

  it.each([
    [
      'nobody is adopted',
      [object('Drizzle 0.x'), object()],
      source,
      1,
      "Swap the call: import { migrate } from 'drizzle-offramp/durable-sqlite/migrator' instead of 'drizzle-orm/durable-sqlite/migrator'. Each object is adopted as it wakes.",
    ],
    [
      'some are',
      [object('Drizzle 0.x'), ours, object()],
      source,
      2,
      'Nothing: the others are adopted as they wake.',
    ],
    [
      'all are, and mirrored',
      [object('Drizzle 0.x', 'drizzle-offramp'), ours, object()],
      source,
      3,
      "1 object still has Drizzle's ledger. When no deploy with Drizzle's migrator can come back, drop the option drizzle: 'mirror': the ledger is retired at the next wake.",
    ],
    [
      'all are, from a module',
      [ours],
      source,
      3,
      'Go on with `drizzle-kit generate` and `drizzle-offramp convert` as long as you like; `drizzle-offramp eject` leaves drizzle-kit.',
    ],
    [
      'all are, and drizzle-kit is gone',
      [ours],
      { ...source, folder: undefined },
      3,
      'Nothing: write migrations with `drizzle-offramp new <name>`.',
    ],
  ])('where %s', (_, objects, from, step, next) => {
    expect(stepOf(objects, from)).toMatchObject({ step, next });
  });
});

describe('the report', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [4096, '4.1 KB'],
    [243_000, '243 KB'],
    [12_345_678, '12 MB'],
    [10_000_000_000, '10 GB'],
  ])('shows %s bytes as %s', (bytes, size) => {
    expect(showSize(bytes)).toBe(size);
  });

  it('says so where there is no object', () => {
    const source: Source = { kind: 'folder', path: 'drizzle', folder: 'drizzle', input: {} };
    expect(toText({ path: 'here', source, objects: [] })).toBe('There is no object below here.');
  });
});

describe('the built command', { timeout: SLOW }, () => {
  const run = buildCommand('status');
  const project = join(temporary, 'command');
  const folder = join(project, '.wrangler/state/v3/do/worker-Inbox');
  const file = (id: string): string => join(folder, `${id.repeat(64)}.sqlite`);

  beforeAll(() => {
    mkdirSync(folder, { recursive: true });
    copyFileSync(module, join(project, 'migrations.ts'));
    make(file('a'), DRIZZLE_0, ran('m0000', 'm0002'));
    make(file('b'));
  });

  it('prints a row for each object, totals and the step', () => {
    expect(run(project, 'status')).toEqual({
      status: 0,
      stdout: [
        'Class  Object         Tracked by   Stands at  Next wake                Size',
        'Inbox  aaaaaaaaaaaa…  Drizzle 0.x  2  c       adopt 2, heal 1, retire  12 KB',
        'Inbox  bbbbbbbbbbbb…  nobody       –          apply 3                  4.1 KB',
        '',
        '2 objects against migrations.ts: 2 pending.',
        'Tracked by: 1 Drizzle 0.x, 1 nobody.',
        '',
        'Step 1 of 3, keep drizzle-kit: drizzle-offramp has adopted 0 of 1 object so far.',
        "Next: Swap the call: import { migrate } from 'drizzle-offramp/durable-sqlite/migrator' instead of 'drizzle-orm/durable-sqlite/migrator'. Each object is adopted as it wakes.",
        '',
      ].join('\n'),
      stderr: '',
    });
  });

  it('prints JSON', () => {
    const { stdout } = run(project, 'status', '--json');
    const { objects, ...rest } = JSON.parse(stdout) as { objects: ObjectStatus[] };
    expect(objects.map(short)[1]).toEqual({
      trackers: '',
      stands: '0 null',
      state: 'pending',
      wake: 'make ledger, apply m0000, apply m0001, apply m0002',
      problem: null,
    });
    expect(rest).toMatchObject({
      path: '.wrangler/state',
      migrations: { kind: 'module', path: 'migrations.ts' },
      totals: { level: 0, pending: 2, ahead: 0, refused: 0, unreadable: 0 },
      step: 1,
    });
  });

  it('ends with 1 where an object is refused or cannot be read, and says why once', () => {
    for (const id of ['c', 'd']) writeFileSync(file(id), 'no database '.repeat(10));
    const { status, stdout } = run(project, 'status');
    for (const id of ['c', 'd']) rmSync(file(id));
    expect(status).toBe(1);
    expect(stdout).toContain(
      'Inbox  cccccccccccc…  nobody       –          broken                   120 B\n',
    );
    expect(stdout).toContain(
      `\nunreadable ${file('c').slice(project.length + 1)} and 1 more: broken: file is not a database\n`,
    );
    expect(stdout).toContain('4 objects against migrations.ts: 2 pending, 2 unreadable.\n');
  });

  it('ends with 2 where there is no state', () => {
    expect(run(project, 'status', 'nowhere')).toEqual({
      status: 2,
      stdout: '',
      stderr: expect.stringContaining('nowhere does not exist. Run `wrangler dev` first'),
    });
  });

  it('reads 1,000 objects', () => {
    const many = join(temporary, 'many/do/worker-Inbox');
    mkdirSync(many, { recursive: true });
    for (let i = 0; i < 1000; i++) {
      copyFileSync(file(i % 2 ? 'a' : 'b'), join(many, `${String(i).padStart(64, '0')}.sqlite`));
    }
    const { status, stdout } = run(project, 'status', join(temporary, 'many'));
    expect(status).toBe(0);
    expect(stdout).toContain('1000 objects against migrations.ts: 1000 pending.\n');
  });
});
