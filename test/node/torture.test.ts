import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, describe, expect, it } from 'vitest';
import { contentsOf, copyObject, readObject } from '../torture/contents.ts';
import { temporaryFolder } from '../torture/folder.ts';
import { type KillFigures, type KillOptions, torture } from '../torture/kill.ts';
import { scale } from '../torture/scale.ts';
import { isTorn } from '../torture/wal.ts';

/** In milliseconds: processes and runtimes start slowly where others are at work. */
const SLOW = 120_000;

/** In bytes: more than all of them together take. */
const ROOM = 5e8;

const temporary = temporaryFolder(ROOM);
afterAll(() => rmSync(temporary, { recursive: true, force: true }));
const newFolder = (): string => mkdtempSync(join(temporary, 'torture-'));

const small = (options: Partial<KillOptions>): Promise<KillFigures> =>
  torture({
    folder: newFolder(),
    seed: 7,
    kills: 5,
    objects: 40,
    rows: 60,
    runner: 'offramp',
    say: () => {},
    ...options,
  });

describe('objects whose runtime is killed amid their migrations', { timeout: SLOW }, () => {
  it('are wholly before or wholly after, and have all their rows in the end', async () => {
    const figures = await small({});
    expect(figures.faults).toEqual([]);
    // How many rounds five kills take depends on where they land.
    const { rounds } = figures;
    expect(figures).toMatchObject({
      kills: 5,
      deploys: 4 * rounds,
      checked: 40 * (5 + 4 * rounds),
      between: 0,
      lost: 0,
    });
  });

  it('are found in between if each statement is committed by itself', async () => {
    const { between, faults } = await small({ runner: 'statements' });
    expect(between).toBeGreaterThan(0);
    expect(faults).toHaveLength(between);
    expect(faults[0]).toMatch(
      /^object \d+ \(.+\), deploy \d, kill \d: it is neither before nor after; \d+ rows are lost\n {4}against before:\n/,
    );
  });

  it('are not, if nobody kills that runner', async () => {
    const { between, deploys, faults } = await small({
      runner: 'statements',
      kills: 0,
      objects: 10,
    });
    expect(faults).toEqual([]);
    expect({ between, deploys }).toEqual({ between: 0, deploys: 4 });
  });

  it("are found to have lost their rows by Drizzle's own migrator", async () => {
    const { lost, faults } = await small({ runner: 'drizzle', kills: 0, objects: 10 });
    expect(lost).toBeGreaterThan(0);
    expect(faults.join('\n')).toContain(
      'object 1 (Drizzle 0.45), deploy 1, kill 0: it is neither before nor after; 60 rows are lost',
    );
  });
});

describe('objects that are woken at once', { timeout: SLOW }, () => {
  it('are all migrated, and none twice', async () => {
    const figures = await scale({ folder: newFolder(), seed: 7, objects: 150, say: () => {} });
    expect(figures.faults).toEqual([]);
    expect(figures).toMatchObject({
      objects: 150,
      migrated: 150,
      same: 150,
      // What each has run of the nine: a fresh one all, one of Drizzle's three, four or seven, one of ours three to seven.
      migrations: 904,
      lost: 0,
    });
  });
});

describe('a copy of a database inside a transaction', () => {
  const file = join(newFolder(), 'object.sqlite');
  const copy = join(newFolder(), 'object.sqlite');
  const database = new DatabaseSync(file);
  afterAll(() => database.close());
  // With no room in memory, what a transaction writes is in the file before the commit.
  database.exec('PRAGMA journal_mode = WAL; PRAGMA cache_size = 1; CREATE TABLE a (x)');
  const before = contentsOf(database);
  database.exec('BEGIN');
  for (let row = 0; row < 100; row++) {
    database.prepare("INSERT INTO a VALUES (printf('%.4000c', 'x'))").run();
  }

  it('is told by its log, and read as what was before', () => {
    copyObject(file, copy);
    expect(isTorn(copy)).toBe(true);
    expect(readObject(copy, newFolder())).toEqual(before);
  });

  it('is not after the commit', () => {
    database.exec('COMMIT');
    copyObject(file, copy);
    expect(isTorn(copy)).toBe(false);
    expect(readObject(copy, newFolder())).toEqual(contentsOf(database));
  });
});
