// The rehearsal with a baseline: it makes what the history makes, and what it leaves behind is refused.
import { env } from 'cloudflare:test';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  defineMigrations,
  type MigrationEntry,
  type MigrationRecord,
  migrate,
} from '../../src/index.ts';
import { baselineHeader } from '../../src/input/baseline.ts';
import { readMigrations } from '../../src/input/migrations.ts';
import {
  type Rehearsal,
  RehearsalError,
  type RehearseOptions,
  rehearse,
} from '../../src/testing.ts';
import { recordOf } from '../histories.ts';
import { deploy } from './worker.ts';

vi.setConfig({ testTimeout: 60_000 });

afterEach(() => {
  deploy.construct = undefined;
});

const HISTORY = [
  'CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT)',
  "INSERT INTO users (id, name) VALUES (1, 'Ada'), (2, 'Grace')",
  'ALTER TABLE users ADD age INTEGER',
  "CREATE VIRTUAL TABLE found USING fts5(name, content='users', content_rowid='id')",
  "INSERT INTO found (found) VALUES ('rebuild')",
  'ALTER TABLE users ADD nick TEXT',
];
const { migrations } = readMigrations(recordOf(HISTORY));
const BASELINE = `${baselineHeader(migrations.slice(0, 5))}
CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT, age INTEGER);
--> statement-breakpoint
INSERT INTO users (id, name) VALUES (1, 'Ada'), (2, 'Grace');
--> statement-breakpoint
CREATE VIRTUAL TABLE found USING fts5(name, content='users', content_rowid='id');
--> statement-breakpoint
INSERT INTO found (found) VALUES ('rebuild');
`;

/** The history with a baseline on its fifth migration. */
const based = (baseline = BASELINE): MigrationRecord => ({
  ...recordOf(HISTORY),
  m0004: { ...(recordOf(HISTORY).m0004 as MigrationEntry), baseline },
});

/** The same without the SQL that it replaces. */
const dropped = (): MigrationRecord =>
  Object.fromEntries(
    Object.entries(based()).map(([key, entry], at) => {
      const { sql, ...rest } = entry as MigrationEntry;
      const checksum = migrations[at]?.checksum as string;
      return [key, { ...rest, checksum, ...(at > 4 && sql !== undefined && { sql }) }];
    }),
  );

async function outcomeOf(
  record: MigrationRecord,
  options: RehearseOptions = {},
): Promise<Rehearsal | RehearsalError> {
  const defined = defineMigrations(record);
  deploy.construct = (ctx) => void migrate(ctx, defined);
  return rehearse(env.OBJECT, defined, { risks: 'ignore', ...options }).catch((error) => error);
}

const textOf = (outcome: Rehearsal | RehearsalError): string =>
  outcome instanceof RehearsalError ? outcome.message : outcome.text;

/** The lines of the matrix, one for each object. */
const linesOf = (outcome: Rehearsal | RehearsalError): string[] =>
  textOf(outcome)
    .split('\n\n')[0]
    ?.split('\n')
    .slice(1)
    .map((line) => line.replaceAll(/ +/g, ' ')) ?? [];

describe('a baseline whose history is there', () => {
  it('is compared with it, and all objects are rehearsed on', async () => {
    expect(linesOf(await outcomeOf(based()))).toEqual([
      'a new object ok ok – – ok ok',
      '1 20261201090000_m0 ok ok 4 ok – ok ok',
      '2 20261201090001_m1 ok ok 2 ok – ok ok',
      '3 20261201090002_m2 ok ok 2 ok – ok ok',
      '4 20261201090003_m3 ok ok 4 ok – ok ok',
      '5 20261201090004_m4 ok ok 4 ok – ok ok',
      '6 20261201090005_m5 ok ok 4 ok – ok ok',
    ]);
  });

  for (const [what, from, to, check, found] of [
    [
      'a row is another',
      "(2, 'Grace')",
      "(2, 'Grave')",
      'rows',
      'users: 1 row(s) differ, such as {"id":2,"name":"Grave","age":null,"nick":null} by the baseline where the history ' +
        'has {"id":2,"name":"Grace","age":null,"nick":null}\n  found: ',
    ],
    [
      'a row is missing',
      ", (2, 'Grace')",
      '',
      'rows',
      'users: 1 row(s) differ, such as nothing by the baseline where the history has ' +
        '{"id":2,"name":"Grace","age":null,"nick":null}\n  found: ',
    ],
    [
      'the counter is another',
      'CREATE VIRTUAL',
      'UPDATE sqlite_sequence SET seq = 9;\n--> statement-breakpoint\nCREATE VIRTUAL',
      'rows',
      'users: AUTOINCREMENT has counted to 9 by the baseline, and 2 by the history\n',
    ],
    [
      'a full-text table finds other words',
      "INSERT INTO found (found) VALUES ('rebuild')",
      "INSERT INTO found (rowid, name) VALUES (1, 'Ada')",
      'rows',
      'found: it finds other words by the baseline than by the history\n',
    ],
    [
      'a column is another',
      'age INTEGER',
      'age TEXT',
      'schema',
      'users: it is CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT, age TEXT, nick TEXT) by the ' +
        'baseline, and CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT, age INTEGER, nick TEXT) by the history\n',
    ],
  ] as const) {
    it(`fails in a new object where ${what}`, async () => {
      const outcome = await outcomeOf(based(BASELINE.replace(from, to)));
      expect(outcome).toBeInstanceOf(RehearsalError);
      expect(textOf(outcome)).toContain(
        `${check}, a new object:\n  The baseline of 20261201090004_m4 makes another new object than the history does.\n  ${found}`,
      );
      expect(textOf(outcome)).toContain(
        'Fix: Run `npx drizzle-offramp convert --baseline m0004` again.',
      );
    });
  }

  it('fails in a new object where it does not run, or was made of other migrations', async () => {
    const broken = textOf(await outcomeOf(based(BASELINE.replace('age INTEGER', 'age INTEGER,'))));
    expect(broken).toContain('[MIGRATION_FAILED] The baseline of m0004 failed');
    const stale = textOf(await outcomeOf(based(BASELINE.replace(/baseline ./, 'baseline x'))));
    expect(stale).toContain(
      '[STALE_BASELINE] The baseline of m0004 (20261201090004_m4) was made of',
    );
  });
});

describe('a baseline whose history was dropped', () => {
  for (const leftBy of ['0.x', '1.x', 'drizzle-offramp'] as const) {
    it(`has the objects before it refused, and all others rehearsed on (${leftBy})`, async () => {
      const outcome = await outcomeOf(dropped(), { leftBy });
      expect(linesOf(outcome)).toEqual([
        'a new object ok ok – – ok ok',
        '1 20261201090000_m0 refused – – – – –',
        '2 20261201090001_m1 refused – – – – –',
        '3 20261201090002_m2 refused – – – – –',
        '4 20261201090003_m3 refused – – – – –',
        '5 20261201090004_m4 ok ok 4 ok – ok ok',
        '6 20261201090005_m5 ok ok 4 ok – ok ok',
      ]);
      expect(outcome).toHaveProperty(
        'starts.4.cells.migrates.found',
        expect.stringContaining(
          '[REPLACED_MIGRATION] This object lacks m0004 (20261201090004_m4), and the code has no SQL',
        ),
      );
    });
  }

  it('fails where a class catches that', async () => {
    const defined = defineMigrations(dropped());
    deploy.construct = (ctx) => {
      try {
        migrate(ctx, defined);
      } catch {
        // It goes on without its tables.
      }
    };
    const outcome = await rehearse(env.OBJECT, defined).catch((error) => error);
    expect(outcome.message).toMatch(/^\[REHEARSAL_FAILED\] 4 of 7 objects fail\./);
    expect(outcome.message).toContain(
      'The class woke, but migrate would refuse the object: [REPLACED_MIGRATION]',
    );
  });

  it('lets one that Drizzle skipped be refused for that, and not for its order', async () => {
    const late = recordOf(HISTORY);
    const first = late.m0000 as MigrationEntry;
    // The third was made before the second: Drizzle passes over it where that is there.
    const moved = {
      ...late,
      m0002: { ...late.m0002, tag: '20261201090000_m2', when: (first.when ?? 0) + 1 },
    };
    const list = readMigrations(moved as MigrationRecord).migrations;
    const baseline = BASELINE.replace(/^.*/, baselineHeader(list.slice(0, 5)));
    const record = Object.fromEntries(
      Object.entries(moved).map(([key, { sql, ...rest }], at) => [
        key,
        {
          ...rest,
          checksum: list[at]?.checksum as string,
          ...(at === 4 && { baseline }),
          ...(at > 4 && { sql: sql as string }),
        },
      ]),
    ) as MigrationRecord;
    const outcome = await outcomeOf(record);
    const { starts } = outcome as Rehearsal;
    const skipped = starts.filter(({ start }) => start.skipped.length > 0);
    expect(skipped.length).toBeGreaterThan(0);
    for (const { cells } of skipped) expect(cells.migrates.status).toBe('refused');
  });
});
