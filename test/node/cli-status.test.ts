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
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { fleet } from '../../example/demo/fleet.ts';
import { bundle, deploy, idOf, migrateWithDrizzle, wake } from '../../example/demo/runtime.ts';
import { openDatabase } from '../../src/cli/database.ts';
import type { ObjectStatus } from '../../src/cli/status/inspect-object.ts';
import { findNames, findObjects } from '../../src/cli/status/objects.ts';
import { showSize, toJson, toText } from '../../src/cli/status/report.ts';
import type { Source } from '../../src/cli/status/source.ts';
import { stepOf } from '../../src/cli/status/step.ts';
import { status } from '../../src/cli/status.ts';
import { type MigrateOptions, migrate } from '../../src/index.ts';
import { baselineHeader } from '../../src/input/baseline.ts';
import { readMigrations } from '../../src/input/migrations.ts';
import { buildCommand } from './built.ts';
import { START, tables, writeForm0 } from './corpus.ts';

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
    expect(count('Inbox cobalt')).toEqual(['create ledger 1', 'adopt 1', 'apply 10', 'retire 1']);
    expect(count('Inbox pine')).toEqual([
      'create ledger 1',
      'adopt 10',
      'apply out of order 1',
      'retire 1',
    ]);
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

  it('does what status said, and is up to date then', async () => {
    const copy = join(temporary, 'woken');
    cpSync(path, copy, { recursive: true });
    await deploy(await bundle('../worker.ts'), join(copy, 'v3'), async (runtime) => {
      await wake(runtime, objects[0] as (typeof objects)[number]);
      const half = await status(copy, { folder, module: false });
      expect(half.objects.map(({ state }) => state).toSorted()).toEqual([
        'pending',
        'pending',
        'pending',
        'up-to-date',
      ]);
      expect(stepOf(half.objects, half.sources).step).toBe(2);
      for (const object of objects) await wake(runtime, object);
    });
    const done = await status(copy, { folder, module: false });
    expect(done.objects.map(({ state, trackers }) => `${state} ${trackers}`)).toEqual(
      Array.from({ length: 4 }, () => 'up-to-date drizzle-offramp'),
    );
    expect(stepOf(done.objects, done.sources)).toEqual({
      step: 3,
      reached: 'leave Drizzle: drizzle-offramp has adopted 4 of 4 objects',
      next: 'Run `drizzle-offramp convert drizzle` and pass what it writes to `migrate` (step 3b): no .sql imports any more.',
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
      wake: 'create ledger, apply m0000, apply m0001, apply m0002',
      problem: null,
    });
  });

  it('of Drizzle 0.x is adopted and healed', async () => {
    expect(await inspectOne(DRIZZLE_0, ran('m0000', 'm0002'))).toEqual({
      trackers: 'Drizzle 0.x',
      stands: '2 20261122180200_c',
      state: 'pending',
      wake: 'create ledger, adopt m0000, adopt m0002, apply out of order m0001, retire',
      problem: null,
    });
  });

  it('of Drizzle 1.x stands at its last name', async () => {
    expect(
      await inspectOne(
        DRIZZLE_1,
        RECORD.m0000.sql,
        "INSERT INTO __drizzle_migrations (hash, created_at, name) VALUES ('', 1, '20261122180000_a')",
      ),
    ).toEqual({
      trackers: 'Drizzle 1.x',
      stands: '1 20261122180000_a',
      state: 'pending',
      wake: 'create ledger, adopt m0000, apply m0001, apply m0002, retire',
      problem: null,
    });
  });

  it('of do-orm is adopted by number', async () => {
    expect(
      await inspectOne(
        'CREATE TABLE __migrations (version INTEGER PRIMARY KEY)',
        'INSERT INTO __migrations VALUES (0), (1)',
        RECORD.m0000.sql,
      ),
    ).toEqual({
      trackers: 'do-orm',
      stands: '2 m0001',
      state: 'pending',
      wake: 'upgrade ledger, adopt m0000, adopt m0001, apply m0002',
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
        '[UNKNOWN_ROW] __drizzle_migrations has 1 row(s) that match no migration: created_at 5. Bring the migration back. ' +
        'If its `when` was changed, convert and name the old one under `was`: else it would run again. If it is gone for ' +
        "good, pass unknown: 'ignore' to keep the rows.",
    });
  });

  const migrated = (...keys: (keyof typeof RECORD)[]): string => {
    const { file } = newState();
    const database = openDatabase(file(1));
    migrate(database, Object.fromEntries(keys.map((key) => [key, RECORD[key]])));
    database.close();
    return file(1);
  };

  it('of ours is up to date, is ahead, or gets what is missing', async () => {
    const { path, file } = newState();
    copyFileSync(migrated('m0000', 'm0001', 'm0002'), file(1));
    copyFileSync(migrated('m0000'), file(2));
    const level = (await status(path, { module })).objects.map(short);
    const nothing = { trackers: 'drizzle-offramp', wake: '', problem: null };
    expect(level).toEqual([
      { ...nothing, stands: '3 20261122180200_c', state: 'up-to-date' },
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
      { ...nothing, stands: '1 20261122180000_a', state: 'up-to-date' },
    ]);
  });

  it('hears of the options of migrate', async () => {
    const { path, file } = newState();
    make(file(1), DRIZZLE_0.replace('__drizzle_migrations', 'theirs'));
    const options = { module, drizzle: 'mirror', drizzleTable: 'theirs' } as const;
    const { objects } = await status(path, options);
    expect(objects.map(short).map(({ trackers, wake }) => `${trackers}: ${wake}`)).toEqual([
      'Drizzle 0.x: create ledger, apply m0000, apply m0001, apply m0002, mirror, mirror, mirror',
    ]);
  });
});

describe('what the next wake does', () => {
  const write = (name: string, record: object): string => {
    const path = join(temporary, name);
    writeFileSync(path, `export default ${JSON.stringify(record)};`);
    return path;
  };
  const wakeUp = (file: string, record: object, options?: MigrateOptions): void => {
    const database = openDatabase(file);
    migrate(database, record as never, options);
    database.close();
  };

  it("is to mirror where the object's ledger says so, or those of its class", async () => {
    const { path, file } = newState();
    wakeUp(file(1), RECORD, { drizzle: 'mirror' });
    make(file(2), DRIZZLE_0, ran('m0000'), RECORD.m0000.sql);
    const { objects } = await status(path, { module });
    expect(
      objects.map(({ drizzle, ...object }) => ({ drizzle, ...short(object as never) })),
    ).toEqual([
      {
        drizzle: 'mirror',
        trackers: 'Drizzle 0.x and drizzle-offramp',
        stands: '3 20261122180200_c',
        state: 'up-to-date',
        wake: '',
        problem: null,
      },
      {
        drizzle: 'mirror',
        trackers: 'Drizzle 0.x',
        stands: '1 20261122180000_a',
        state: 'pending',
        wake: 'create ledger, adopt m0000, apply m0001, apply m0002, mirror, mirror',
        problem: null,
      },
    ]);
    const told = await status(path, { module, drizzle: 'retire' });
    expect(told.objects.map(short).map(({ wake }) => wake)).toEqual([
      'retire',
      'create ledger, adopt m0000, apply m0001, apply m0002, retire',
    ]);
  });

  it('is to fail where a statement throws on its rows, and nothing of that is left', async () => {
    const { path, file } = newState();
    const start = { m0000: RECORD.m0000 };
    const required = {
      ...start,
      m0001: { ...RECORD.m0001, sql: 'ALTER TABLE a ADD COLUMN y text NOT NULL' },
    };
    for (const id of [1, 2]) wakeUp(file(id), start);
    make(file(1), 'INSERT INTO a VALUES (1)');
    const before = fingerprint(path);
    const copies = join(temporary, 'tried');
    mkdirSync(copies);
    vi.stubEnv('TMPDIR', copies);
    const fleet = await status(path, { module: write('required.ts', required) });
    vi.unstubAllEnvs();
    expect(fingerprint(path)).toEqual(before);
    expect(readdirSync(copies)).toEqual([]);
    expect(
      fleet.objects.map(short).map(({ state, wake, problem }) => [state, wake, problem]),
    ).toEqual([
      [
        'failing',
        'apply m0001',
        expect.stringMatching(
          /^\[MIGRATION_FAILED\] Migration m0001 failed \(20261122180100_b\); everything was rolled back\.\n {2}Statement 1: ALTER TABLE a ADD COLUMN y text NOT NULL\n {2}Error: Cannot add a NOT NULL column with default value NULL\n/,
        ),
      ],
      ['pending', 'apply m0001', null],
    ]);
    expect(fleet.objects.map(({ tried }) => tried)).toEqual([true, true]);
    expect(toText(fleet)).toContain(
      'Inbox  000000000000…  drizzle-offramp  1  a       fail: apply 1  ',
    );
  });

  it('is to begin with a baseline where it is new, and to be refused where it lacks what that replaces', async () => {
    const { path, file } = newState();
    const { migrations } = readMigrations(RECORD);
    const dropped = {
      ...Object.fromEntries(
        migrations.map(({ key, tag, when, checksum }) => [key, { tag, when, checksum }]),
      ),
      m0001: {
        tag: RECORD.m0001.tag,
        when: RECORD.m0001.when,
        checksum: migrations[1]?.checksum,
        baseline: `${baselineHeader(migrations.slice(0, 2))}\nCREATE TABLE a (x);\nCREATE TABLE b (x);`,
      },
      m0002: RECORD.m0002,
    };
    make(file(1), 'CREATE TABLE own (x)');
    wakeUp(file(2), { m0000: RECORD.m0000 });
    wakeUp(file(3), dropped);
    const fleet = await status(path, { module: write('dropped.ts', dropped) });
    expect(fleet.objects.map(short).map(({ state, wake }) => [state, wake])).toEqual([
      ['pending', 'create ledger, apply baseline m0001, apply m0002'],
      ['refused', ''],
      ['up-to-date', ''],
    ]);
    expect(fleet.objects[1]?.problem).toContain(
      '[REPLACED_MIGRATION] This object lacks m0001 (20261122180100_b), and the code has no SQL',
    );
    expect(toText(fleet)).toMatch(/nobody +– +apply baseline, apply 1 /);
  });

  it('is to break no reference where a rebuild runs on its rows', async () => {
    const { path, file } = newState();
    const start = {
      m0000:
        'CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p REFERENCES p ON DELETE CASCADE);',
    };
    const rebuild = {
      ...start,
      m0001:
        'PRAGMA foreign_keys=OFF; CREATE TABLE q (id INTEGER PRIMARY KEY); INSERT INTO q SELECT id FROM p WHERE id < 2; ' +
        'DROP TABLE p; ALTER TABLE q RENAME TO p; PRAGMA foreign_keys=ON;',
    };
    for (const id of [1, 2]) {
      wakeUp(file(id), start);
      make(file(id), `INSERT INTO p VALUES (1), (2); INSERT INTO c VALUES (${id})`);
    }
    const { objects } = await status(path, { module: write('rebuild.ts', rebuild) });
    expect(objects.map(({ state }) => state)).toEqual(['pending', 'failing']);
    expect(objects[1]?.problem).toContain('c');
  });

  it('is not tried where the file is large, and that is said', async () => {
    const { path, file } = newState();
    wakeUp(file(1), { m0000: RECORD.m0000 });
    make(file(1), 'INSERT INTO a VALUES (zeroblob(65000000))');
    const fleet = await status(path, { module });
    expect(fleet.objects.map(({ state, tried }) => ({ state, tried }))).toEqual([
      { state: 'pending', tried: false },
    ]);
    const text = toText(fleet);
    expect(text).toContain('apply 2 (too large to try)');
    expect(text).toContain(
      'Objects above 64 MB were planned, but not tried on a copy of their rows.',
    );
  });

  it('is told with the drift that was warned of already', async () => {
    const { path, file } = newState();
    const start = { m0000: RECORD.m0000 };
    const edited = { m0000: { ...RECORD.m0000, sql: 'CREATE TABLE a (x, y);' } };
    wakeUp(file(1), start);
    const told = write('edited.ts', edited);
    const drift = [{ key: 'm0000', tag: '20261122180000_a' }];
    const before = await status(path, { module: told });
    expect(before.objects).toMatchObject([{ state: 'pending', drift }]);
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    wakeUp(file(1), edited);
    expect(warn).toHaveBeenCalledTimes(1);
    warn.mockRestore();
    const after = await status(path, { module: told });
    expect(after.objects).toMatchObject([{ state: 'up-to-date', actions: [], drift }]);
    expect(toText(after)).toContain('nothing (drift in m0000)');
    const json = toJson(after) as { objects: unknown[] };
    expect(json.objects).toMatchObject([{ drift }]);
  });

  it('is refused by the name that the object has', async () => {
    const { path, file } = newState();
    make(
      file(1),
      DRIZZLE_0,
      "INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('', 5)",
      'CREATE TABLE __miniflare_do_name (id INTEGER PRIMARY KEY, name TEXT)',
      "INSERT INTO __miniflare_do_name VALUES (1, 'birch')",
    );
    const fleet = await status(path, { module });
    expect(toText(fleet)).toContain(
      '\nrefused Inbox birch: [UNKNOWN_ROW] __drizzle_migrations has 1 row(s)',
    );
  });
});

describe('files', { timeout: SLOW }, () => {
  it('that are locked, empty or broken are told, and the others read', async () => {
    const { path, file } = newState();
    const holder = new DatabaseSync(file(1));
    holder.exec('CREATE TABLE a (x); BEGIN EXCLUSIVE');
    writeFileSync(file(2), '');
    writeFileSync(file(3), 'no database '.repeat(1000));
    make(file(4), DRIZZLE_0, ran('m0000'), RECORD.m0000.sql);
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
  const source: Source = {
    kind: 'module',
    path: 'migrations.ts',
    folder: 'drizzle',
    ejected: false,
    input: {},
  };
  const ours = object('drizzle-offramp');

  it.each([
    [
      'nobody is adopted',
      [object('Drizzle 0.x'), object()],
      source,
      1,
      "Swap the call: migrate(db, migrations, { drizzle: 'mirror' }) of 'drizzle-offramp/durable-sqlite/migrator' instead of that of 'drizzle-orm/durable-sqlite/migrator'. Each object is adopted as it wakes, and Drizzle's ledger is kept, so that the old code can be deployed again.",
    ],
    [
      'some are',
      [object('Drizzle 0.x'), ours, object()],
      source,
      2,
      'Nothing: the others are adopted as they wake.',
    ],
    [
      'some are, and others are refused or fail',
      [
        { ...object('Drizzle 0.x'), state: 'refused' as const },
        { ...ours, state: 'failing' as const },
      ],
      source,
      2,
      'See to the 2 objects that will throw at each wake, for the reason above.',
    ],
    [
      'nobody is adopted, and one would be refused',
      [{ ...object('Drizzle 0.x'), state: 'refused' as const }],
      source,
      1,
      "See to the 1 object that will throw at each wake, for the reason above. Then: Swap the call: migrate(db, migrations, { drizzle: 'mirror' }) of 'drizzle-offramp/durable-sqlite/migrator' instead of that of 'drizzle-orm/durable-sqlite/migrator'. Each object is adopted as it wakes, and Drizzle's ledger is kept, so that the old code can be deployed again.",
    ],
    [
      'nobody is adopted, and the module was ejected',
      [object('Drizzle 0.x'), object()],
      { ...source, folder: undefined, ejected: true },
      3,
      'Nothing: the others are adopted as they wake.',
    ],
    [
      'nobody is tracked, and the module was ejected',
      [object()],
      { ...source, folder: undefined, ejected: true },
      3,
      'Nothing: write migrations with `drizzle-offramp new <name>`.',
    ],
    [
      'all are, and mirrored',
      [object('Drizzle 0.x', 'drizzle-offramp'), ours, object()],
      source,
      2,
      "1 object still has Drizzle's ledger. When no deploy with Drizzle's migrator can come back, leave out the option drizzle: 'mirror' (step 3a): the ledger is retired at the next wake.",
    ],
    [
      'all are, from a module',
      [ours],
      source,
      3,
      'Keep using `drizzle-kit generate` and `drizzle-offramp convert` as long as you like; `drizzle-offramp eject` (step 3c) leaves drizzle-kit.',
    ],
    [
      'all are, and the module was ejected, be the folder there or not',
      [ours],
      { ...source, ejected: true },
      3,
      'Nothing: write migrations with `drizzle-offramp new <name>`.',
    ],
    [
      'all are, and drizzle-kit is gone',
      [ours],
      { ...source, folder: undefined },
      3,
      'Nothing: write migrations with `drizzle-offramp new <name>`.',
    ],
  ])('where %s', (_, objects, from, step, next) => {
    expect(stepOf(objects, [from])).toMatchObject({ step, next });
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
    expect(toText({ path: 'here', sources: [], objects: [], isSwapped: false })).toBe(
      'There is no object below here.',
    );
  });
});

describe('the built command', { timeout: SLOW }, () => {
  const run = buildCommand();
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
        'Class  Object         Tracked by   Stands at  Next wake                        Size',
        'Inbox  aaaaaaaaaaaa…  Drizzle 0.x  2  c       adopt 2, out of order 1, retire  12 KB',
        'Inbox  bbbbbbbbbbbb…  nobody       –          apply 3                          4.1 KB',
        '',
        '2 objects against migrations.ts: 2 pending.',
        'Tracked by: 1 Drizzle 0.x, 1 nobody.',
        '',
        'Step 1 of 3, keep drizzle-kit: drizzle-offramp has adopted 0 of 1 object so far.',
        "Next: Swap the call: migrate(db, migrations, { drizzle: 'mirror' }) of 'drizzle-offramp/durable-sqlite/migrator' instead of that of 'drizzle-orm/durable-sqlite/migrator'. Each object is adopted as it wakes, and Drizzle's ledger is kept, so that the old code can be deployed again.",
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
      wake: 'create ledger, apply m0000, apply m0001, apply m0002',
      problem: null,
    });
    expect(rest).toMatchObject({
      path: '.wrangler/state',
      version: 1,
      migrations: [{ kind: 'module', path: 'migrations.ts', ejected: false }],
      totals: {
        'up-to-date': 0,
        pending: 2,
        ahead: 0,
        refused: 0,
        failing: 0,
        'not-compared': 0,
        unreadable: 0,
      },
      step: 1,
    });
  });

  it('ends with 1 where an object is refused or cannot be read, and says why once', () => {
    for (const id of ['c', 'd']) writeFileSync(file(id), 'no database '.repeat(10));
    const { status, stdout } = run(project, 'status');
    for (const id of ['c', 'd']) rmSync(file(id));
    expect(status).toBe(1);
    expect(stdout).toContain(
      'Inbox  cccccccccccc…  nobody       –          broken                           120 B\n',
    );
    expect(stdout).toContain(
      `\nunreadable ${file('c').slice(project.length + 1)} and 1 more: broken: file is not a database\n`,
    );
    expect(stdout).toContain('4 objects against migrations.ts: 2 pending, 2 unreadable.\n');
  });

  it('ends with 2 where there is no such path, no object in it, or none of the class', () => {
    const failed = (message: string) => ({ status: 2, stdout: '', stderr: `error: ${message}\n` });
    expect(run(project, 'status', 'nowhere')).toEqual(
      failed(
        'nowhere does not exist. Run `wrangler dev` first, or name the folder that it persists to.',
      ),
    );
    expect(run(project, 'status', 'migrations.ts')).toEqual(
      failed(
        "There is no object in migrations.ts: name the folder that wrangler persists to, one below it, or an object's " +
          '.sqlite file.',
      ),
    );
    expect(run(project, 'status', '--class', 'Inbox', '--class', 'Outbox')).toEqual(
      failed('There is no object of Outbox below .wrangler/state: there are some of Inbox.'),
    );
    expect(run(project, 'status', '--only', 'level')).toEqual(
      failed(
        "option '--only <state>' argument 'level' is invalid. Allowed choices are up-to-date, pending, ahead, refused, " +
          'failing, not-compared, unreadable.',
      ),
    );
  });

  it('reads 1,000 objects, and shows them by what they have in common', () => {
    const many = join(temporary, 'many/do/worker-Inbox');
    mkdirSync(many, { recursive: true });
    for (let i = 0; i < 1000; i++) {
      copyFileSync(file(i % 2 ? 'a' : 'b'), join(many, `${String(i).padStart(64, '0')}.sqlite`));
    }
    writeFileSync(join(many, `${'f'.repeat(64)}.sqlite`), 'no database '.repeat(10));
    const path = join(temporary, 'many');
    const { status, stdout } = run(project, 'status', path);
    expect(status).toBe(1);
    expect(stdout).toBe(
      [
        'Class  Objects        Tracked by   Stands at  Next wake                        Size',
        'Inbox  500            nobody       –          apply 3                          2.0 MB',
        'Inbox  500            Drizzle 0.x  2  c       adopt 2, out of order 1, retire  6.1 MB',
        'Inbox  ffffffffffff…  nobody       –          broken                           120 B',
        '',
        `unreadable ${many}/${'f'.repeat(64)}.sqlite: broken: file is not a database`,
        '',
        '1001 objects against migrations.ts: 1000 pending, 1 unreadable.',
        'Tracked by: 500 nobody, 500 Drizzle 0.x, 1 nobody.',
        'List the objects of a state with --only unreadable.',
        '',
        'Step 1 of 3, keep drizzle-kit: drizzle-offramp has adopted 0 of 500 objects so far.',
        "Next: Swap the call: migrate(db, migrations, { drizzle: 'mirror' }) of 'drizzle-offramp/durable-sqlite/migrator' instead of that of 'drizzle-orm/durable-sqlite/migrator'. Each object is adopted as it wakes, and Drizzle's ledger is kept, so that the old code can be deployed again.",
        '',
      ]
        .join('\n')
        .replace('500 nobody, 500 Drizzle 0.x, 1 nobody', '501 nobody, 500 Drizzle 0.x'),
    );
    // Of a few, as each call reads all of them again.
    for (let i = 20; i < 1000; i++) rmSync(join(many, `${String(i).padStart(64, '0')}.sqlite`));
    const only = run(project, 'status', path, '--only', 'unreadable');
    expect(only.status).toBe(1);
    expect(only.stdout.split('\n').slice(0, 6)).toEqual([
      'Class  Object         Tracked by  Stands at  Next wake  Size',
      'Inbox  ffffffffffff…  nobody      –          broken     120 B',
      '',
      `unreadable ${many}/${'f'.repeat(64)}.sqlite: broken: file is not a database`,
      '',
      '21 objects against migrations.ts: 20 pending, 1 unreadable.',
    ]);
    expect(run(project, 'status', path, '--only', 'refused').stdout.split('\n')[0]).toBe(
      '21 objects against migrations.ts: 20 pending, 1 unreadable.',
    );
    const json = JSON.parse(
      run(project, 'status', path, '--only', 'unreadable', '--json').stdout,
    ) as { objects: unknown[]; totals: object };
    expect(json.objects).toHaveLength(1);
    expect(json.totals).toMatchObject({ pending: 20, unreadable: 1 });
  });

  it('breaks a wide table between words', () => {
    vi.stubEnv('COLUMNS', '70');
    const { stdout } = run(project, 'status');
    vi.unstubAllEnvs();
    expect(stdout).toBe(
      [
        'Class  Object         Tracked by   Stands at  Next wake        Size',
        'Inbox  aaaaaaaaaaaa…  Drizzle 0.x  2  c       adopt 2, out of  12 KB',
        '                                              order 1, retire',
        'Inbox  bbbbbbbbbbbb…  nobody       –          apply 3          4.1 KB',
        '',
        '2 objects against migrations.ts: 2 pending.',
        'Tracked by: 1 Drizzle 0.x, 1 nobody.',
        '',
        'Step 1 of 3, keep drizzle-kit: drizzle-offramp has adopted 0 of 1',
        'object so far.',
        "Next: Swap the call: migrate(db, migrations, { drizzle: 'mirror' }) of",
        "'drizzle-offramp/durable-sqlite/migrator' instead of that of",
        "'drizzle-orm/durable-sqlite/migrator'. Each object is adopted as it",
        "wakes, and Drizzle's ledger is kept, so that the old code can be",
        'deployed again.',
        '',
      ].join('\n'),
    );
  });
});

describe('which migrations a class has', { timeout: SLOW }, () => {
  const run = buildCommand();
  const { at, write, object } = useProject();

  /** A project of its own for each test. */
  function useProject() {
    let folder = '';
    let count = 0;
    beforeEach(() => {
      folder = join(temporary, `classes-${count++}`);
      mkdirSync(folder);
    });
    const at = (path = ''): string => join(folder, path);
    return {
      at,
      write(path: string, text: string): void {
        mkdirSync(dirname(at(path)), { recursive: true });
        writeFileSync(at(path), text);
      },
      /** An object in which Drizzle ran the migrations of a folder. */
      object(className: string, ...names: string[]): void {
        const path = at(`.wrangler/state/v3/do/worker-${className}/${'a'.repeat(64)}.sqlite`);
        mkdirSync(dirname(path), { recursive: true });
        const whens = tables(...names).map(({ when }) => `('', ${when})`);
        make(
          path,
          DRIZZLE_0,
          `INSERT INTO __drizzle_migrations (hash, created_at) VALUES ${whens.join(', ')}`,
          ...tables(...names).map(({ sql }) => sql),
        );
      },
    };
  }

  /** What the command says of each class: its state, and what it is compared with. */
  function said(...args: string[]): Record<string, string> {
    const { stdout } = run(at(), 'status', '--json', ...args);
    const { objects } = JSON.parse(stdout) as { objects: ObjectStatus[] };
    return Object.fromEntries(
      objects.map(({ className, state, against }) => [className, `${state} against ${against}`]),
    );
  }

  const config = (name: string, driver = 'durable-sqlite'): void => {
    write(
      `drizzle-${name}.config.ts`,
      `export default { dialect: 'sqlite', driver: '${driver}', out: './drizzle/${name}' };\n`,
    );
  };
  /** A class whose migrations are those of a folder or a module. */
  const classOf = (name: string, path: string): string =>
    `import { DurableObject } from 'cloudflare:workers';
import { migrate } from 'drizzle-offramp';
import migrations from '${path}';
export class ${name} extends DurableObject {
  constructor(ctx: DurableObjectState, env: Env) { super(ctx, env); migrate(ctx, migrations); }
}
`;

  /** Two classes with a folder each, and a database of D1. */
  function writeTwo(): void {
    for (const [name, made] of [
      ['inbox', ['i', 'j']],
      ['archive', ['x', 'y', 'z']],
      ['d1', ['d']],
    ] as const) {
      const all = tables(...made).map((one) => ({
        ...one,
        when: one.when + (name === 'inbox' ? 0 : 7),
      }));
      writeForm0(at(`drizzle/${name}`), name === 'archive' ? all : tables(...made));
      config(name, name === 'd1' ? 'd1-http' : undefined);
    }
    object('Inbox', 'i');
    const path = at(`.wrangler/state/v3/do/worker-Archive/${'b'.repeat(64)}.sqlite`);
    mkdirSync(dirname(path), { recursive: true });
    make(
      path,
      DRIZZLE_0,
      `INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('', ${START + 7})`,
      'CREATE TABLE x (id text)',
    );
  }

  it('is asked for where its code imports those of two, and the others are told', () => {
    writeTwo();
    write(
      'src/inbox.ts',
      `import other from '../drizzle/archive/migrations';\nexport const all = [other];\n${classOf('Inbox', '../drizzle/inbox/migrations')}`,
    );
    write('src/archive.ts', classOf('Archive', './both'));
    write(
      'src/both.ts',
      "export { default } from '../drizzle/archive/migrations.js';\nexport { default as b } from '../drizzle/inbox/migrations.js';\n",
    );
    expect(said()).toEqual({
      Archive: 'not-compared against null',
      Inbox: 'pending against drizzle/inbox',
    });
    const { status, stdout } = run(at(), 'status');
    expect(status).toBe(1);
    expect(stdout).toMatch(
      /^not compared \S+: its code imports the migrations of drizzle\/archive and drizzle\/inbox\. Name its own: --class Archive --folder drizzle\/archive$/m,
    );
    expect(stdout).toContain('Next: Look at the 1 object that was not compared, as it says above.');
  });

  it('is told as unreadable for one class, and the other is compared', () => {
    writeTwo();
    write('src/inbox.ts', classOf('Inbox', '../drizzle/inbox/migrations'));
    write('src/archive.ts', classOf('Archive', '../drizzle/archive/migrations'));
    write('drizzle/archive/meta/_journal.json', '{ "entries": [');
    expect(said()).toEqual({
      Archive: 'not-compared against null',
      Inbox: 'pending against drizzle/inbox',
    });
    const { status, stdout } = run(at(), 'status');
    expect(status).toBe(1);
    expect(stdout).toMatch(/^not compared \S+: drizzle\/archive\/meta\/_journal\.json/m);
  });

  it('is what its code imports, of two classes beside a D1', () => {
    writeTwo();
    write('src/inbox.ts', classOf('Inbox', '../drizzle/inbox/migrations'));
    write('src/archive.ts', classOf('Archive', './archive-migrations'));
    write(
      'src/archive-migrations.ts',
      "export { default } from '../drizzle/archive/migrations.js';\n",
    );
    write(
      'src/index.ts',
      "export { Inbox } from './inbox';\nexport { Archive } from './archive';\n",
    );
    expect(said()).toEqual({
      Archive: 'pending against drizzle/archive',
      Inbox: 'pending against drizzle/inbox',
    });
    // With the history of one the other is not refused.
    expect(said('--config', 'drizzle-inbox.config.ts')).toEqual({
      Archive: 'not-compared against null',
      Inbox: 'pending against drizzle/inbox',
    });
    const { status, stdout, stderr } = run(at(), 'status');
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr:
        'note: drizzle-archive.config.ts, drizzle-inbox.config.ts are for Durable Objects, and not drizzle-d1.config.ts ' +
        '(d1-http). Name others with --config.\n',
    });
    expect(stdout).toContain(
      '2 objects against drizzle/archive (Archive), drizzle/inbox (Inbox): 2 pending.\n',
    );
  });

  it('is what stands in the class, where one file has both', () => {
    writeTwo();
    write(
      'src/index.ts',
      `${classOf('Inbox', '../drizzle/inbox/migrations')}${classOf('Archive', '../drizzle/archive/migrations').replaceAll('migrations ', 'others ').replace('ctx, migrations', 'ctx, others')}`,
    );
    expect(said()).toEqual({
      Archive: 'pending against drizzle/archive',
      Inbox: 'pending against drizzle/inbox',
    });
  });

  it('is asked for where nothing says it', () => {
    writeTwo();
    expect(run(at(), 'status').stderr.split('\n')[1]).toBe(
      'error: Nothing says which migrations Archive, Inbox have: those of drizzle/archive, drizzle/inbox. Name them with ' +
        '--config or --module, and the class with --class.',
    );
    expect(said('--config', 'drizzle-inbox.config.ts', '--class', 'Inbox')).toEqual({
      Inbox: 'pending against drizzle/inbox',
    });
  });

  it('is the folder while the Worker imports that, and the module once it imports it', () => {
    writeForm0(at('drizzle'), tables('a', 'b'));
    write('drizzle.config.json', '{}');
    run(at(), 'convert');
    object('Inbox', 'a');
    write('src/inbox.ts', classOf('Inbox', '../drizzle/migrations'));
    writeForm0(at('drizzle'), tables('a', 'b', 'c'));
    expect(said()).toEqual({ Inbox: 'pending against drizzle' });
    write('src/inbox.ts', classOf('Inbox', '../migrations'));
    expect(said()).toEqual({ Inbox: 'pending against migrations.ts' });
    write('tsconfig.json', '{ "compilerOptions": { "paths": { "~/*": ["./*"] } } }');
    write('src/inbox.ts', classOf('Inbox', '~/drizzle/migrations'));
    expect(said()).toEqual({ Inbox: 'pending against drizzle' });
    expect(said('--module', 'migrations.ts')).toEqual({ Inbox: 'pending against migrations.ts' });
    expect(said('--no-module')).toEqual({ Inbox: 'pending against drizzle' });
  });

  it('is mirrored where its code says so', () => {
    writeForm0(at('drizzle'), tables('a'));
    write('drizzle.config.json', '{}');
    object('Inbox', 'a');
    write('src/options.ts', "export const options = { drizzle: 'mirror' } as const;\n");
    write(
      'src/inbox.ts',
      classOf('Inbox', '../drizzle/migrations').replace(
        'import',
        "import { options } from './options';\nimport",
      ),
    );
    expect(run(at(), 'status').stdout).toContain(
      "\nDrizzle's ledger is mirrored, as --drizzle, the ledgers or the sources say.\n",
    );
    write('src/options.ts', "// drizzle: 'mirror'\nexport const options = {};\n");
    expect(run(at(), 'status').stdout).toContain('adopt 1, retire');
  });

  it('advises no eject after eject', () => {
    writeForm0(at('drizzle'), tables('a'));
    write('drizzle.config.json', '{}');
    run(at(), 'convert');
    const path = at(`.wrangler/state/v3/do/worker-Inbox/${'a'.repeat(64)}.sqlite`);
    mkdirSync(dirname(path), { recursive: true });
    const database = openDatabase(path);
    const [a] = tables('a');
    migrate(database, { m0000: { tag: '20261122180000_a', when: START, sql: a?.sql as string } });
    database.close();
    expect(run(at(), 'status').stdout).toContain(
      '`drizzle-offramp eject` (step 3c) leaves drizzle-kit.\n',
    );
    run(at(), 'eject');
    expect(run(at(), 'status').stdout).toContain(
      '\nNext: Nothing: write migrations with `drizzle-offramp new <name>`.\n',
    );
  });
});
