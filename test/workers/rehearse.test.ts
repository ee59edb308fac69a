// The rehearsal as a team's suite calls it: the example's classes pass, and what is wrong with a class, or
// with a migration, is seen in the cell it belongs to.
import { env } from 'cloudflare:test';
import { afterEach, describe, expect, it, vi } from 'vitest';
import drizzleBundle0 from '../../drizzle/migrations.js';
import type { Env } from '../../example/worker.ts';
import { defineMigrations, type MigrationInput, migrate, OfframpError } from '../../src/index.ts';
import { migrate as dropIn } from '../../src/migrator.ts';
import {
  type Rehearsal,
  RehearsalError,
  type RehearseOptions,
  rehearse,
} from '../../src/testing.ts';
import files from '../.generated/converted/files/migrations.ts';
import converted0 from '../.generated/converted/form-0/migrations.ts';
import converted1 from '../.generated/converted/form-1/migrations.ts';
import plain from '../.generated/converted/plain/migrations.ts';
import drizzleBundle1 from '../.generated/up/drizzle/migrations.js';
import { bundle0, bundle1, type Made, runDrizzle0, runDrizzle1 } from './harness.ts';
import { deploy } from './worker.ts';

const { INBOX, ARCHIVE } = env as unknown as Env;

// Twelve objects, each woken twice.
vi.setConfig({ testTimeout: 60_000 });

afterEach(() => {
  deploy.construct = undefined;
});

const at = (minute: number): number => Date.UTC(2026, 10, 22, 12, minute, 0, 123);
const chunks = (...statements: string[]): string => statements.join(';--> statement-breakpoint\n');

const lists: Made = {
  tag: '0000_lists',
  when: at(0),
  sql: chunks(
    'CREATE TABLE lists (id integer PRIMARY KEY NOT NULL, name text NOT NULL)',
    'CREATE TABLE items (id integer PRIMARY KEY NOT NULL, list_id integer NOT NULL REFERENCES lists(id) ON DELETE CASCADE, text text)',
  ),
};
const rebuild = (tag: string, minute: number, copy: string): Made => ({
  tag,
  when: at(minute),
  sql: chunks(
    'PRAGMA foreign_keys=OFF',
    'CREATE TABLE __new_lists (id integer PRIMARY KEY NOT NULL, name text)',
    `INSERT INTO __new_lists${copy}`,
    'DROP TABLE lists',
    'ALTER TABLE __new_lists RENAME TO lists',
    'PRAGMA foreign_keys=ON',
  ),
});
const optionalName = rebuild('0001_optional_name', 1, '(id, name) SELECT id, name FROM lists');
const late: Made = { tag: '0002_late', when: at(0) + 1000, sql: "UPDATE items SET text = 'late'" };
const more: Made = {
  tag: '0003_more',
  when: at(3),
  sql: 'CREATE TABLE more (id integer PRIMARY KEY)',
};

/** What a rehearsal of `TestObject` throws, whose constructor is `construct`. */
async function failureOf(
  construct: ((ctx: DurableObjectState) => unknown) | undefined,
  migrations: MigrationInput,
  options?: RehearseOptions,
): Promise<RehearsalError> {
  deploy.construct = construct;
  const outcome = await rehearse(env.OBJECT, migrations, options).catch((error) => error);
  expect(outcome).toBeInstanceOf(RehearsalError);
  return outcome;
}

/** Two items of one list, where nothing forbids them yet. */
const twoOfOneList: RehearseOptions['seed'] = ({ storage }, { applied }) => {
  if (applied.length !== 1) return;
  storage.sql.exec("INSERT INTO lists VALUES (1, 'a')");
  storage.sql.exec("INSERT INTO items VALUES (1, 1, 'a'), (2, 1, 'b')");
};

/** Every cell of a rehearsal by its status. */
const statuses = ({ starts }: Rehearsal): Record<string, string[]> =>
  Object.fromEntries(
    starts.map(({ start, cells }) => [
      start.name.trim(),
      Object.values(cells).map(({ status }) => status),
    ]),
  );

const NAMES = [
  'inbox',
  'user_preferences',
  'message_history',
  'attachments',
  'labels',
  'display_name',
  'drafts',
  'optional_subject',
  'conversation_activity',
  'fill_activity',
  'external_ids',
];

describe("the example's history", () => {
  const FORMS: [string, MigrationInput, string][] = [
    ['the 0.x bundle', drizzleBundle0, '0.x'],
    ['the 1.x bundle', drizzleBundle1, '1.x'],
    ['the converted 0.x folder', converted0, '0.x'],
    ['the converted 1.x folder', converted1, '1.x'],
  ];
  for (const [name, migrations, leftBy] of FORMS) {
    it.each([
      ['Inbox', INBOX],
      ['Archive', ARCHIVE],
    ])(`${name}: every %s passes`, async (_, namespace) => {
      const rehearsal = await rehearse(namespace as unknown as typeof env.OBJECT, migrations);
      expect(rehearsal.leftBy).toBe(leftBy);
      const names = rehearsal.starts.map(({ start }) => start.name.trim());
      expect(names).toHaveLength(12);
      expect(names[0]).toBe('a new object');
      NAMES.forEach((migration, i) => {
        expect(names[i + 1]).toMatch(new RegExp(`^${i + 1} \\d{14}_${migration}$`));
      });
      const [fresh, ...others] = rehearsal.starts;
      expect(Object.values(fresh?.cells ?? {})).toEqual([
        { status: 'ok' },
        { status: 'ok' },
        { status: 'nothing' },
        { status: 'nothing' },
        { status: 'ok' },
        { status: 'ok' },
      ]);
      // Four rows a table: three tables at first, the conversations rebuilt in the eighth migration.
      expect(others.map(({ cells }) => [cells.rows, cells.rebuilds])).toEqual([
        [
          { status: 'ok', rows: 4 },
          { status: 'ok', rows: 8 },
        ],
        [
          { status: 'ok', rows: 4 },
          { status: 'ok', rows: 8 },
        ],
        [
          { status: 'ok', rows: 4 },
          { status: 'ok', rows: 8 },
        ],
        [
          { status: 'ok', rows: 8 },
          { status: 'ok', rows: 8 },
        ],
        [
          { status: 'ok', rows: 12 },
          { status: 'ok', rows: 12 },
        ],
        [
          { status: 'ok', rows: 12 },
          { status: 'ok', rows: 12 },
        ],
        [
          { status: 'ok', rows: 12 },
          { status: 'ok', rows: 16 },
        ],
        ...Array(4).fill([{ status: 'ok', rows: 28 }, { status: 'nothing' }]),
      ]);
      for (const { cells } of others) {
        expect([cells.migrates, cells.schema, cells['foreign keys'], cells['second wake']]).toEqual(
          Array(4).fill({ status: 'ok' }),
        );
      }
    });
  }
});

describe('an ejected record', () => {
  it('is rehearsed on what Drizzle left, and is the same history as the bundle', async () => {
    deploy.construct = (ctx) => migrate(ctx, drizzleBundle0);
    const { leftBy, starts } = await rehearse(env.OBJECT, files);
    expect(leftBy).toBe('0.x');
    expect(starts.map(({ start }) => start.name.trim()).slice(0, 3)).toEqual([
      'a new object',
      '1 20261122192236_inbox',
      '2 20261122192323_user_preferences',
    ]);
    expect(starts[7]?.cells.rebuilds).toEqual({ status: 'ok', rows: 16 });
  });
});

describe('a record of strings alone', () => {
  it('is rehearsed on what drizzle-offramp left', async () => {
    deploy.construct = (ctx) => migrate(ctx, plain);
    const { leftBy, starts } = await rehearse(env.OBJECT, plain);
    expect(leftBy).toBe('drizzle-offramp');
    expect(starts.map(({ start }) => start.name.trim()).slice(0, 3)).toEqual([
      'a new object',
      '1 m0000',
      '2 m0001',
    ]);
    expect(starts[7]?.cells.rebuilds).toEqual({ status: 'ok', rows: 16 });
  });

  it('is not what a class that has the bundle is up to date with', async () => {
    deploy.construct = (ctx) => migrate(ctx, drizzleBundle0);
    const error = await failureOf(deploy.construct, plain);
    expect(error.failures[0]?.found).toBe(
      'The object is up to date with other migrations than these, or by other options.',
    );
  });
});

describe('the matrix', () => {
  it('is a line for each start and a column for each check', async () => {
    const migrations = bundle0(lists, optionalName);
    deploy.construct = (ctx) => migrate(ctx, migrations, { drizzle: 'mirror' });
    const { text } = await rehearse(env.OBJECT, migrations, { rows: 3 });
    expect(text).toBe(`\
Objects that Drizzle 0.x's migrator left  migrates  schema  rows  rebuilds  foreign keys  second wake
a new object                              ok        ok      –     –         ok            ok
1 20261122120000_lists                    ok        ok      –     6 ok      ok            ok
2 20261122120100_optional_name            ok        ok      6 ok  –         ok            ok`);
  });

  it('leaves out a point at which Drizzle throws too, and says so', async () => {
    const empty: Made = { tag: '0001_custom', when: at(1), sql: '-- Custom SQL migration file' };
    const migrations = bundle0(lists, empty);
    deploy.construct = (ctx) => migrate(ctx, migrations);
    const rehearsal = await rehearse(env.OBJECT, migrations);
    expect(statuses(rehearsal)['2 20261122120100_custom']).toEqual([
      'impossible',
      ...Array(5).fill('nothing'),
    ]);
    expect(rehearsal.text.split('\n').slice(-2)).toEqual([
      '2 20261122120100_custom                   none      –       –     –         –             –',
      "No object stands at 2 20261122120100_custom: Drizzle 0.x's migrator fails on the way. SQL code did not contain a statement.",
    ]);
    const left = await rehearse(env.OBJECT, migrations, { leftBy: 'drizzle-offramp' });
    expect(statuses(left)['2 20261122120100_custom']).toEqual([
      'ok',
      'ok',
      'ok',
      'nothing',
      'ok',
      'ok',
    ]);
  });
});

describe('a class', () => {
  it("that still calls Drizzle's migrator loses the children of a rebuild", async () => {
    const migrations = bundle0(lists, optionalName);
    const error = await failureOf((ctx) => {
      ctx.blockConcurrencyWhile(() => runDrizzle0(ctx, migrations));
    }, migrations);
    expect(error.message).toBe(`\
[REHEARSAL_FAILED] 3 of 3 objects fail.

Objects that Drizzle 0.x's migrator left  migrates  schema  rows  rebuilds  foreign keys  second wake
a new object                              FAILED    ok      –     –         ok            –
1 20261122120000_lists                    FAILED    ok      –     FAILED    ok            –
2 20261122120100_optional_name            FAILED    ok      8 ok  –         ok            –

migrates, a new object, 1 20261122120000_lists, 2 20261122120100_optional_name:
  The class woke, but the object is not up to date: migrate would still create ledger, adopt 2, retire.
  Fix: Call drizzle-offramp's migrate(ctx, migrations) in the class's constructor, with the migrations that this test has; or, where the class calls it elsewhere, pass \`migrate: {}\` to the rehearsal.

rebuilds, 1 20261122120000_lists:
  items: 4 of 4 rows are gone
    {"id":1,"list_id":1,"text":"text 1"}
    {"id":2,"list_id":1,"text":"text 2"}
    {"id":3,"list_id":2,"text":"text 3"}
    and 1 more
  Fix: A rebuild that runs while foreign keys are enforced takes away what refers to the table: have drizzle-offramp's migrate(ctx, migrations) run it, first in the constructor. If its INSERT … SELECT leaves out a column or a row, correct that; list what changes on purpose under \`changes\`.`);
    expect(error).toBeInstanceOf(OfframpError);
    expect(error.name).toBe('RehearsalError');
    expect(error.code).toBe('REHEARSAL_FAILED');
    expect(error.failures.map(({ start, check }) => [start, check])).toEqual([
      ['a new object', 'migrates'],
      ['1 20261122120000_lists', 'migrates'],
      ['1 20261122120000_lists', 'rebuilds'],
      ['2 20261122120100_optional_name', 'migrates'],
    ]);
    expect(error.rehearsal?.starts[1]?.cells.rebuilds).toMatchObject({
      status: 'failed',
      rows: [1, 2, 3, 4].map((id) => ({ table: 'items', before: { id }, now: undefined })),
    });
    expect(Object.keys(error.toJSON()).sort()).toEqual(['code', 'failures', 'message', 'name']);
  });

  it("that calls Drizzle 1.x's migrator loses them too", async () => {
    const migrations = bundle1(lists, optionalName);
    const error = await failureOf((ctx) => runDrizzle1(ctx, migrations), migrations);
    expect(error.failures.filter(({ check }) => check === 'rebuilds')).toMatchObject([
      {
        start: '1 20261122120000_lists',
        found: expect.stringMatching(/^items: 4 of 4 rows are gone\n/),
      },
    ]);
  });

  it('whose references are set to NULL by a rebuild shows each', async () => {
    const nullable = {
      ...lists,
      sql: lists.sql
        .replace('integer NOT NULL REFERENCES', 'integer REFERENCES')
        .replace('CASCADE', 'SET NULL'),
    };
    const migrations = bundle0(nullable, optionalName);
    const error = await failureOf(
      (ctx) => {
        ctx.blockConcurrencyWhile(() => runDrizzle0(ctx, migrations));
      },
      migrations,
      { rows: 2 },
    );
    expect(error.failures.find(({ check }) => check === 'rebuilds')?.found).toBe(`\
items: 2 of 2 rows have another list_id
  {"id":1,"list_id":1,"text":"text 1"} now has {"list_id":null}
  {"id":2,"list_id":1,"text":"text 2"} now has {"list_id":null}`);
  });

  it('that never migrates fails everywhere', async () => {
    const migrations = bundle0(lists, optionalName);
    const error = await failureOf(undefined, migrations);
    expect(error.message).toBe(`\
[REHEARSAL_FAILED] 3 of 3 objects fail.

Objects that Drizzle 0.x's migrator left  migrates  schema  rows  rebuilds  foreign keys  second wake
a new object                              FAILED    FAILED  –     –         ok            –
1 20261122120000_lists                    FAILED    FAILED  –     8 ok      ok            –
2 20261122120100_optional_name            FAILED    ok      8 ok  –         ok            –

migrates, a new object:
  The class woke, but the object is not up to date: migrate would still create ledger, apply 2.
  Fix: Call drizzle-offramp's migrate(ctx, migrations) in the class's constructor, with the migrations that this test has; or, where the class calls it elsewhere, pass \`migrate: {}\` to the rehearsal.

schema, a new object:
  table lists is missing (table)
  table items is missing (table)
  Fix: All objects of a class must have one schema. Bring this one up to it with a new migration, or correct the one that leaves it behind if no object has it yet.

migrates, 1 20261122120000_lists:
  The class woke, but the object is not up to date: migrate would still create ledger, adopt 1, apply 1, retire.
  Fix: Call drizzle-offramp's migrate(ctx, migrations) in the class's constructor, with the migrations that this test has; or, where the class calls it elsewhere, pass \`migrate: {}\` to the rehearsal.

schema, 1 20261122120000_lists:
  column lists.name is text NOT NULL; in a new object it is text
  Fix: All objects of a class must have one schema. Bring this one up to it with a new migration, or correct the one that leaves it behind if no object has it yet.

migrates, 2 20261122120100_optional_name:
  The class woke, but the object is not up to date: migrate would still create ledger, adopt 2, retire.
  Fix: Call drizzle-offramp's migrate(ctx, migrations) in the class's constructor, with the migrations that this test has; or, where the class calls it elsewhere, pass \`migrate: {}\` to the rehearsal.`);
  });

  it('that does not migrate in its constructor is migrated by the rehearsal, if told so', async () => {
    const migrations = bundle0(lists, optionalName);
    const { starts } = await rehearse(env.OBJECT, migrations, {
      migrate: { drizzle: 'mirror' },
      table: 'ours',
      drizzleTable: 'theirs',
    });
    expect(starts.map(({ cells }) => cells.migrates)).toEqual(Array(3).fill({ status: 'ok' }));
  });

  it('that mirrors in its constructor mirrors for the rehearsal that migrates as well', async () => {
    const migrations = bundle0(lists, optionalName);
    deploy.construct = (ctx) => migrate(ctx, migrations, { drizzle: 'mirror' });
    const { starts } = await rehearse(env.OBJECT, migrations, { migrate: {} });
    expect(starts.map(({ cells }) => cells['second wake'])).toEqual(
      Array(3).fill({ status: 'ok' }),
    );
  });

  it('that names the ledgers itself is found up to date by the same names', async () => {
    const migrations = bundle0(lists, optionalName);
    const names = { table: 'ours', drizzleTable: 'theirs' };
    deploy.construct = (ctx) => migrate(ctx, migrations, names);
    const rehearsal = await rehearse(env.OBJECT, migrations, names);
    expect(statuses(rehearsal)['1 20261122120000_lists']).toEqual([
      'ok',
      'ok',
      'nothing',
      'ok',
      'ok',
      'ok',
    ]);
  });

  it('that throws in a new object stops the rehearsal there', async () => {
    const broken: Made = { tag: '0001_broken', when: at(1), sql: 'ALTER TABLE nobody ADD x text' };
    const migrations = bundle0(lists, broken);
    const error = await failureOf((ctx) => migrate(ctx, migrations), migrations);
    expect(error.message).toBe(`\
[REHEARSAL_FAILED] 1 of 3 objects fail.

Objects that Drizzle 0.x's migrator left  migrates  schema  rows  rebuilds  foreign keys  second wake
a new object                              FAILED    –       –     –         –             –
1 20261122120000_lists                    –         –       –     –         –             –
2 20261122120100_broken                   –         –       –     –         –             –

migrates, a new object:
  The class cannot make a new object: [MIGRATION_FAILED] Migration m0001 failed (20261122120100_broken); everything was rolled back.
    Statement 1: ALTER TABLE nobody ADD x text
    Error: no such table: nobody: SQLITE_ERROR
    State: 0 migration(s) were applied before this attempt
  Fix: Every rehearsal begins with a new object of the class, so fix this first.`);
  });

  it('that leaves foreign keys off is told', async () => {
    const migrations = bundle0(lists, optionalName);
    const error = await failureOf((ctx) => {
      ctx.storage.sql.exec('PRAGMA foreign_keys=OFF');
      migrate(ctx, migrations);
      ctx.storage.sql.exec('DELETE FROM lists WHERE id = 1');
    }, migrations);
    const fix =
      "Take any PRAGMA foreign_keys of the class's own out: in a Durable Object it stays off. Let drizzle-offramp's " +
      'migrate(ctx, migrations) disable and enable them.';
    const off = 'They are not enforced in the event after the wake.';
    const lost = `${off}\nReferences without their row: items row 1 has no lists, items row 2 has no lists`;
    expect(error.failures.filter(({ check }) => check === 'foreign keys')).toEqual([
      { start: 'a new object', check: 'foreign keys', found: off, fix },
      { start: '1 20261122120000_lists', check: 'foreign keys', found: lost, fix },
      { start: '2 20261122120100_optional_name', check: 'foreign keys', found: lost, fix },
    ]);
    expect(error.failures.filter(({ check }) => check === 'rows')).toEqual([
      {
        start: '2 20261122120100_optional_name',
        check: 'rows',
        found: 'lists: 1 of 4 rows are gone\n  {"id":1,"name":"name 1"}',
        fix:
          'No pending migration says that these rows change. Look for a cascade, a trigger or a function, or what the class itself ' +
          'does when it wakes; list what changes on purpose under `changes`.',
      },
    ]);
  });

  it('that enables foreign keys only after the very first event is told', async () => {
    const migrations = bundle0(lists, optionalName);
    const error = await failureOf((ctx) => {
      ctx.storage.sql.exec('PRAGMA foreign_keys=OFF');
      migrate(ctx, migrations);
      setTimeout(() => ctx.storage.sql.exec('PRAGMA foreign_keys=ON'), 0);
    }, migrations);
    const told = [
      'foreign keys: They are not enforced in the event after the wake.',
      'second wake: Foreign keys are not enforced after the second wake.',
    ];
    expect(error.failures.map(({ check, found }) => `${check}: ${found}`)).toEqual([
      ...told,
      ...told,
      ...told,
    ]);
  });

  it('that treats old objects differently leaves another schema', async () => {
    const migrations = bundle0(lists);
    const error = await failureOf((ctx) => {
      const { adopted } = migrate(ctx, migrations);
      if (adopted.length > 0) ctx.storage.sql.exec('CREATE INDEX old ON items (text)');
    }, migrations);
    expect(error.failures).toMatchObject([
      {
        start: '1 20261122120000_lists',
        check: 'schema',
        found: 'index old on items is not in a new object',
      },
    ]);
  });

  it('may have tables of its own, if every object has them', async () => {
    const migrations = bundle0(lists);
    deploy.construct = (ctx) => {
      migrate(ctx, migrations);
      ctx.storage.sql.exec('CREATE TABLE IF NOT EXISTS cache (key text PRIMARY KEY)');
    };
    const rehearsal = await rehearse(env.OBJECT, migrations);
    expect(statuses(rehearsal)['1 20261122120000_lists']?.slice(0, 2)).toEqual(['ok', 'ok']);
  });

  it('that is never done is caught in the second wake', async () => {
    const migrations = bundle0(lists);
    let wakes = 0;
    const error = await failureOf(
      (ctx) => migrate(ctx, migrations, { drizzle: wakes++ % 2 === 0 ? 'retire' : 'mirror' }),
      migrations,
    );
    expect(error.failures[0]).toEqual({
      start: 'a new object',
      check: 'second wake',
      found:
        'The second wake changed a ledger.\nmigrate read 4 rows and wrote 6; it needs to read 1 and write none.',
      fix: 'Call `migrate` once in the constructor, always with the same migrations and options.',
    });
  });

  it('that throws in the second wake is caught there', async () => {
    const migrations = bundle0(lists);
    const error = await failureOf((ctx) => {
      if (migrate(ctx, migrations).upToDate) throw new Error('not again');
    }, migrations);
    expect(error.failures).toEqual(
      ['a new object', '1 20261122120000_lists'].map((start) => ({
        start,
        check: 'second wake',
        found: 'not again',
        fix: 'The first wake went well: see what the class does in the second.',
      })),
    );
  });
});

describe('a migration', () => {
  const rehearseFailing = (...made: Made[]) => {
    const migrations = bundle0(...made);
    return failureOf((ctx) => migrate(ctx, migrations), migrations);
  };

  it('whose rebuild leaves a column behind has lost its data', async () => {
    const error = await rehearseFailing(
      lists,
      rebuild('0001_forgets', 1, '(id) SELECT id FROM lists'),
    );
    expect(error.message).toBe(`\
[REHEARSAL_FAILED] 1 of 3 objects fail.

Objects that Drizzle 0.x's migrator left  migrates  schema  rows  rebuilds  foreign keys  second wake
a new object                              ok        ok      –     –         ok            ok
1 20261122120000_lists                    ok        ok      –     FAILED    ok            ok
2 20261122120100_forgets                  ok        ok      8 ok  –         ok            ok

rebuilds, 1 20261122120000_lists:
  lists: 4 of 4 rows have another name
    {"id":1,"name":"name 1"} now has {"name":null}
    {"id":2,"name":"name 2"} now has {"name":null}
    {"id":3,"name":"name 3"} now has {"name":null}
    and 1 more
  Fix: A rebuild that runs while foreign keys are enforced takes away what refers to the table: have drizzle-offramp's migrate(ctx, migrations) run it, first in the constructor. If its INSERT … SELECT leaves out a column or a row, correct that; list what changes on purpose under \`changes\`.`);
  });

  it('that drops a column and adds it again has lost its data', async () => {
    const error = await rehearseFailing(lists, {
      tag: '0001_again',
      when: at(1),
      sql: chunks(
        'ALTER TABLE items DROP COLUMN text',
        "ALTER TABLE items ADD text text DEFAULT ''",
      ),
    });
    expect(error.failures).toMatchObject([
      {
        start: '1 20261122120000_lists',
        check: 'rows',
        found: expect.stringMatching(
          /^items: 4 of 4 rows have another text\n {2}\{"id":1,"list_id":1,"text":"text 1"\} now has \{"text":""\}\n/,
        ),
      },
    ]);
  });

  it.each([
    [
      'renames',
      chunks(
        'ALTER TABLE items RENAME COLUMN text TO words',
        'ALTER TABLE items RENAME TO entries',
      ),
    ],
    [
      'puts another column in the place of one',
      chunks(
        'ALTER TABLE items ADD words text',
        "UPDATE items SET words = text || '!'",
        'ALTER TABLE items DROP COLUMN text',
        'ALTER TABLE items RENAME COLUMN words TO text',
      ),
    ],
    [
      'copies another column in a rebuild',
      chunks(
        'ALTER TABLE lists ADD note text',
        rebuild('', 0, '(id, name) SELECT id, note FROM lists').sql,
      ),
    ],
    ['deletes', 'DELETE FROM lists WHERE id = 1'],
    ['fills', 'UPDATE items SET text = upper(text) WHERE text IS NOT NULL'],
    ['drops', chunks('DROP TABLE items', 'ALTER TABLE lists DROP COLUMN name')],
    [
      'replaces',
      "INSERT INTO items SELECT 1, 1, 'x' WHERE EXISTS (SELECT 1 FROM items) ON CONFLICT DO UPDATE SET text = 'x'",
    ],
    ['computes', rebuild('', 0, "(id, name) SELECT id, name || '!' FROM lists").sql],
    [
      'picks',
      rebuild('', 0, '(id, name) SELECT id, name FROM lists WHERE id < 3').sql.replace(
        'PRAGMA foreign_keys=OFF',
        chunks('PRAGMA foreign_keys=OFF', 'DELETE FROM items WHERE list_id > 2'),
      ),
    ],
  ])('that %s says so, and that is no damage', async (name, sql) => {
    const migrations = bundle0(lists, {
      tag: `0001_${name.replaceAll(' ', '_')}`,
      when: at(1),
      sql,
    });
    deploy.construct = (ctx) => migrate(ctx, migrations);
    const { starts } = await rehearse(env.OBJECT, migrations);
    expect(starts[1]?.cells.migrates).toEqual({ status: 'ok' });
    expect(starts[1]?.cells.schema).toEqual({ status: 'ok' });
  });

  it('that changes rows through a trigger says so', async () => {
    const log: Made = {
      tag: '0001_log',
      when: at(1),
      sql: chunks(
        'CREATE TABLE log (id integer PRIMARY KEY, text text)',
        "CREATE TRIGGER renamed AFTER UPDATE OF name ON lists BEGIN UPDATE log SET text = 'seen'; DELETE FROM items; END",
      ),
    };
    const migrations = bundle0(lists, log, {
      tag: '0002_name',
      when: at(2),
      sql: "UPDATE lists SET name = 'x'",
    });
    deploy.construct = (ctx) => migrate(ctx, migrations);
    const { starts } = await rehearse(env.OBJECT, migrations);
    expect(starts[2]?.cells.rows).toEqual({ status: 'ok', rows: 12 });
  });

  it('that deletes rows takes their children along, whatever the case of the names', async () => {
    const shouting = { ...lists, sql: lists.sql.replace('REFERENCES lists', 'REFERENCES LISTS') };
    const migrations = bundle0(
      shouting,
      {
        tag: '0001_log',
        when: at(1),
        sql: "CREATE TRIGGER renamed AFTER UPDATE ON lists BEGIN UPDATE items SET text = 'seen'; END",
      },
      {
        tag: '0002_merge',
        when: at(2),
        sql: chunks(
          "INSERT INTO lists SELECT 1, 'x' WHERE EXISTS (SELECT 1 FROM lists) ON CONFLICT DO UPDATE SET name = 'x'",
          'DELETE FROM Lists WHERE id = 2',
        ),
      },
    );
    deploy.construct = (ctx) => migrate(ctx, migrations);
    const { starts } = await rehearse(env.OBJECT, migrations);
    expect(starts.slice(1).map(({ cells }) => cells.rows)).toEqual(
      Array(3).fill({ status: 'ok', rows: 8 }),
    );
  });

  it('may change what the option `changes` lists', async () => {
    const migrations = bundle0(lists, rebuild('0001_forgets', 1, '(id) SELECT id FROM lists'));
    deploy.construct = (ctx) => migrate(ctx, migrations);
    for (const changes of [['lists'], ['lists.name'], ['LISTS.Name']]) {
      const { starts } = await rehearse(env.OBJECT, migrations, { changes });
      expect(starts[1]?.cells.rebuilds).toEqual({ status: 'ok', rows: 8 });
    }
  });

  it('that the rows of `seed` do not suit fails with what to do', async () => {
    const migrations = bundle0(lists, {
      tag: '0001_unique',
      when: at(1),
      sql: 'CREATE UNIQUE INDEX one ON items (list_id)',
    });
    const error = await failureOf((ctx) => migrate(ctx, migrations), migrations, {
      seed: twoOfOneList,
    });
    expect(error.failures).toEqual([
      {
        start: '1 20261122120000_lists',
        check: 'migrates',
        found:
          '[MIGRATION_FAILED] Migration m0001 failed (20261122120100_unique); everything was rolled back.\n' +
          '  Statement 1: CREATE UNIQUE INDEX one ON items (list_id)\n' +
          '  Error: UNIQUE constraint failed: items.list_id: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_UNIQUE)\n' +
          '  State: 1 migration(s) were applied before this attempt',
        fix:
          'Fix what it names. If only the rows are to blame that were made up here, give rows like yours with `seed`; if no ' +
          "object with such rows can stand there, pass failing: ['20261122120100_unique'] to the rehearsal.",
      },
    ]);
  });
});

describe('a migration that must fail on rows', () => {
  const unique: Made = {
    tag: '0001_unique',
    when: at(1),
    sql: 'CREATE UNIQUE INDEX one ON items (list_id)',
  };
  const migrations = bundle0(lists, unique, more);

  it.each([['20261122120100_unique'], ['m0001']])('is listed under `failing`: %s', async (name) => {
    deploy.construct = (ctx) => migrate(ctx, migrations);
    const rehearsal = await rehearse(env.OBJECT, migrations, {
      failing: [name],
      seed: twoOfOneList,
    });
    expect(rehearsal.starts.map(({ cells }) => cells.migrates.status)).toEqual([
      'ok',
      'failing',
      'ok',
      'ok',
    ]);
    expect(rehearsal.text.split('\n')[2]).toBe(
      '1 20261122120000_lists                    fails     –       –      –         –             –',
    );
  });

  it('must fail if it is listed', async () => {
    const error = await failureOf((ctx) => migrate(ctx, migrations), migrations, {
      failing: ['m0001', 'm0002'],
    });
    expect(error.code).toBe('NOT_FAILING');
    expect(error.message.split('\n')[0]).toBe(
      '[NOT_FAILING] The option `failing` lists m0002, but it failed in no object: take it out, so that the next failure is seen.',
    );
  });

  it('may not fail in a new object', async () => {
    const broken = bundle0(lists, { ...unique, sql: 'DROP TABLE nobody' });
    let wakes = 0;
    // The first instance is the one that is prepared.
    const construct = (ctx: DurableObjectState) => {
      if (wakes++ > 0) migrate(ctx, broken);
    };
    const error = await failureOf(construct, broken, { failing: ['m0001'] });
    expect(error.failures[0]).toMatchObject({ start: 'a new object', check: 'migrates' });
  });

  it('is shown where the class catches what migrate throws', async () => {
    const construct = (ctx: DurableObjectState) => {
      ctx.storage.sql.exec('CREATE TABLE IF NOT EXISTS cf_agents_state (id text)');
      try {
        migrate(ctx, migrations);
      } catch {}
    };
    const error = await failureOf(construct, migrations, { seed: twoOfOneList });
    expect(error.failures.filter(({ check }) => check === 'migrates')).toEqual([
      {
        start: '1 20261122120000_lists',
        check: 'migrates',
        found:
          'The class woke without its migrations. What migrate throws in this object:\n' +
          '[MIGRATION_FAILED] Migration m0001 failed (20261122120100_unique); everything was rolled back.\n' +
          '  Statement 1: CREATE UNIQUE INDEX one ON items (list_id)\n' +
          '  Error: UNIQUE constraint failed: items.list_id: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_UNIQUE)\n' +
          '  State: 1 migration(s) were applied before this attempt',
        fix:
          'Let out of the constructor what migrate throws: the class catches it, or does not call migrate. Fix what it ' +
          'names. If only the rows are to blame that were made up here, give rows like yours with `seed`.',
      },
    ]);
  });
});

describe('tables that the class makes', () => {
  it('are no difference where a new object does not come so far', async () => {
    const migrations = bundle0(lists, more);
    let isFirst = true;
    const construct = (ctx: DurableObjectState) => {
      ctx.storage.sql.exec('CREATE TABLE IF NOT EXISTS cache (key text PRIMARY KEY)');
      ctx.storage.sql.exec('CREATE TABLE IF NOT EXISTS cf_agents_state (id text)');
      // A new object is left without the migrations.
      const { adopted } = isFirst ? { adopted: [] } : migrate(ctx, migrations);
      if (adopted.length > 0) ctx.storage.sql.exec('CREATE TABLE IF NOT EXISTS cf_agents_old (id)');
      const has = [...ctx.storage.sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'lists'")];
      if (has.length > 0) isFirst = false;
    };
    const error = await failureOf(construct, migrations);
    expect(error.failures.filter(({ found }) => /cache|cf_agents/.test(found))).toEqual([]);
  });
});

describe('a skip that the journal allows', () => {
  const migrations = bundle0(lists, optionalName, late, more);
  const construct = (ctx: DurableObjectState) => {
    ctx.blockConcurrencyWhile(() => dropIn(ctx, migrations));
  };
  const start = '3 20261122120300_more without 20261122120001_late';

  it('is a start of its own, and its refusal a failure with what to do', async () => {
    const error = await failureOf(construct, migrations);
    expect(error.message).toBe(`\
[REHEARSAL_FAILED] 1 of 6 objects fail.

Objects that Drizzle 0.x's migrator left           migrates  schema  rows   rebuilds  foreign keys  second wake
a new object                                       ok        ok      –      –         ok            ok
1 20261122120000_lists                             ok        ok      –      8 ok      ok            ok
2 20261122120100_optional_name                     ok        ok      8 ok   –         ok            ok
3 20261122120001_late                              ok        ok      8 ok   –         ok            ok
4 20261122120300_more                              ok        ok      12 ok  –         ok            ok
3 20261122120300_more without 20261122120001_late  FAILED    –       –      –         –             –

migrates, 3 20261122120300_more without 20261122120001_late:
  [SKIPPED_MIGRATION] m0002 (20261122120001_late) was never applied in this object, though m0003 (20261122120300_more) was. Applied now, it may not leave what a new object has:
    m0002 (20261122120001_late): "UPDATE items SET text = 'late'" does more than add
  Write a new migration with what it should have done and pass skipped: 'ignore', or pass skipped: 'apply' if it is safe to run now.
  Fix: Do what the message says; or, if such objects shall be refused, pass refused: ['20261122120001_late'] to the rehearsal, or skips: false if there are none.`);
  });

  it.each([['20261122120001_late'], ['m0002']])('may be refused: %s', async (name) => {
    deploy.construct = construct;
    const rehearsal = await rehearse(env.OBJECT, migrations, { refused: [name] });
    expect(statuses(rehearsal)[start]).toEqual(['refused', ...Array(5).fill('nothing')]);
  });

  it('can be left out', async () => {
    deploy.construct = construct;
    const rehearsal = await rehearse(env.OBJECT, migrations, { skips: false });
    expect(Object.keys(statuses(rehearsal))).toHaveLength(5);
  });

  it('must be refused if it is listed', async () => {
    const error = await failureOf(construct, migrations, { refused: ['m0002'], skips: false });
    expect(error.code).toBe('NOT_REFUSED');
    expect(error.message.split('\n')[0]).toBe(
      '[NOT_REFUSED] The option `refused` lists m0002, but `migrate` refused no object for it: take it out, so that the next refusal is seen.',
    );
  });

  it('passes where it only adds, and the rows with it', async () => {
    const added: Made = { ...late, sql: 'ALTER TABLE items ADD done integer' };
    const adding = bundle0(lists, optionalName, added, more);
    deploy.construct = (ctx) => migrate(ctx, adding);
    const rehearsal = await rehearse(env.OBJECT, adding);
    expect(statuses(rehearsal)[start]).toEqual(['ok', 'ok', 'ok', 'nothing', 'ok', 'ok']);
  });

  it('is none of 1.x, which goes by name', async () => {
    const named = bundle1(lists, optionalName, late, more);
    deploy.construct = (ctx) => migrate(ctx, named);
    const { starts, leftBy } = await rehearse(env.OBJECT, named);
    expect(leftBy).toBe('1.x');
    expect(starts.map(({ start: { skipped } }) => skipped)).toEqual(Array(5).fill([]));
  });
});

describe('seed', () => {
  const migrations = bundle0(lists, optionalName);

  it('gets each start, and what it leaves empty is filled', async () => {
    deploy.construct = (ctx) => migrate(ctx, migrations);
    const seen: string[][] = [];
    const { starts } = await rehearse(env.OBJECT, migrations, {
      seed: ({ storage }, { applied }) => {
        seen.push(applied.map(({ key }) => key));
        storage.sql.exec("INSERT INTO lists VALUES (7, 'a'), (8, 'b')");
      },
    });
    expect(seen).toEqual([['m0000'], ['m0000', 'm0001']]);
    expect(starts[1]?.cells.rebuilds).toEqual({ status: 'ok', rows: 6 });
  });

  it('is told that it threw, and where', async () => {
    const error = await failureOf((ctx) => migrate(ctx, migrations), migrations, {
      seed: async () => {
        throw new Error('no such luck');
      },
    });
    expect([error.code, error.message]).toEqual([
      'SEED_FAILED',
      '[SEED_FAILED] `seed` threw at 1 20261122120000_lists: no such luck',
    ]);
    expect(error.cause).toEqual(new Error('no such luck'));
  });

  it('is asked for where no row can be made, and the rest is rehearsed', async () => {
    const guarded = bundle0({
      tag: '0000_guarded',
      when: at(0),
      sql: chunks(
        'CREATE TABLE guarded (id integer PRIMARY KEY)',
        "CREATE TRIGGER guard BEFORE INSERT ON guarded BEGIN SELECT raise(ABORT, 'by hand only'); END",
        "CREATE TABLE never (id text PRIMARY KEY CHECK (id = 'a' AND id = 'b'))",
        'CREATE TABLE plain (id integer PRIMARY KEY)',
      ),
    });
    deploy.construct = (ctx) => migrate(ctx, guarded);
    const { starts, text } = await rehearse(env.OBJECT, guarded);
    expect(starts[1]?.empty).toEqual([
      { table: 'guarded', reason: 'by hand only' },
      { table: 'never', reason: "CHECK constraint failed: id = 'a' AND id = 'b'" },
    ]);
    expect(text).toBe(`\
Objects that Drizzle 0.x's migrator left  migrates  schema  rows  rebuilds  foreign keys  second wake
a new object                              ok        ok      –     –         ok            ok
1 20261122120000_guarded *                ok        ok      4 ok  –         ok            ok

* guarded stays empty, as no row could be made for it: by hand only (at 1 20261122120000_guarded)
* never stays empty, as no row could be made for it: CHECK constraint failed: id = 'a' AND id = 'b' (at 1 20261122120000_guarded)
Put rows into such a table with the option \`seed\`, or list it under \`empty\` if it has none in your objects either.`);
    const listed = await rehearse(env.OBJECT, guarded, { empty: ['guarded', 'Never'] });
    expect(listed.starts[1]?.empty).toEqual([]);
  });
});

describe('an object that cannot be made', () => {
  it('is named: a class without SQLite', async () => {
    const error = await rehearse(env.PLAIN, bundle0(lists)).catch((error) => error);
    expect(error).toBeInstanceOf(RehearsalError);
    expect(error.code).toBe('CANNOT_PREPARE');
    expect(error.message).toMatch(
      /^\[CANNOT_PREPARE\] No object could be made that stands at a new object: SQL is not enabled for this Durable Object class\./,
    );
  });
});

describe('a reference to what is no key', () => {
  it('is named', async () => {
    const wrong = bundle0(lists, {
      tag: '0001_wrong',
      when: at(1),
      sql: 'CREATE TABLE notes (id integer PRIMARY KEY, list text REFERENCES lists(name))',
    });
    const error = await failureOf((ctx) => migrate(ctx, wrong), wrong);
    expect(error.failures[0]).toEqual({
      start: 'a new object',
      check: 'foreign keys',
      found: 'foreign key mismatch - "notes" referencing "lists": SQLITE_ERROR',
      fix:
        'Each write to these tables throws. Let the reference name the primary key of the other table, or columns that are ' +
        'UNIQUE together.',
    });
  });
});

describe('an option that makes no sense', () => {
  it.each([
    [
      'a stranger under `refused`',
      { refused: ['0000_lists'] },
      'The option `refused` names "0000_lists", which is no migration: give a tag or a key. There are:\n  20261122120000_lists (m0000)',
    ],
    [
      'a stranger under `failing`',
      { failing: ['m0009'] },
      'The option `failing` names "m0009", which is no migration: give a tag or a key. There are:\n  20261122120000_lists (m0000)',
    ],
    ['no rows', { rows: 0 }, 'The option `rows` is 0: it takes a whole number from 1.'],
    [
      'an unknown runner',
      { leftBy: 'do-orm' },
      "The option `leftBy` is \"do-orm\": it takes '0.x' or '1.x' or 'drizzle-offramp'.",
    ],
    ['an unknown option', { accepted: [] }, 'There is no option `accepted`.'],
  ])('is refused: %s', async (_, options, message) => {
    const error = await failureOf(undefined, bundle0(lists), options as RehearseOptions);
    expect([error.code, error.message]).toEqual(['INVALID_OPTION', `[INVALID_OPTION] ${message}`]);
  });

  it("is refused: `leftBy` of Drizzle's for a record without tags", async () => {
    const record = defineMigrations({ m0000: 'CREATE TABLE t (id integer PRIMARY KEY)' });
    const error = await failureOf(undefined, record, { leftBy: '1.x' });
    expect([error.code, error.message]).toEqual([
      'INVALID_OPTION',
      "[INVALID_OPTION] These migrations have no tags, so nobody knows what Drizzle's ledger says of them. Leave the option `leftBy` " +
        "out, or pass drizzle-kit's migrations.js or a converted module.",
    ]);
  });
});
