// Random histories, deployed with the real migrator of drizzle-orm 0.45 and then with ours. What ran is told by its
// effects (a row that each migration inserts, and the change it makes to the schema), never by a ledger.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  AdoptionError,
  type MigrateOptions,
  MigrationError,
  type MigrationRef,
  migrate,
} from '../../src/index.ts';
import {
  bundle0,
  deployOurs,
  dump,
  inObject,
  ledger,
  type newObject,
  type Outcome,
  resultOf,
  rows,
  runDrizzle0,
  tables,
  thrown,
  withObject,
} from './harness.ts';
import {
  ambiguousSeconds,
  BREAKPOINT,
  bundleOf,
  deploysOf,
  type Entry,
  type Form,
  inOrder,
  OPENING,
  often,
  journalOf as placeInJournal,
  refsOf,
  type Stamp,
  secondOf,
  stamp,
  tagOf,
} from './journal.ts';

/** A change that a migration makes; `i` is the migration's number, so that no two touch the same thing. */
interface Change {
  readonly isAdditive: boolean;
  /** What the first migration prepares for it. */
  readonly needs: (i: number) => string[];
  readonly statements: (i: number) => string[];
  /** Selects how often the change was made. */
  readonly times: (i: number) => string;
}

const countOf = (name: string): string =>
  `SELECT count(*) AS times FROM sqlite_master WHERE name = '${name}'`;
const columnCount = (table: string, column: string): string =>
  `SELECT count(*) AS times FROM pragma_table_info('${table}') WHERE name = '${column}'`;

const CHANGES: Readonly<Record<string, Change>> = {
  'creates a table': {
    isAdditive: true,
    needs: () => [],
    statements: (i) => [`CREATE TABLE table_${i} (id INTEGER PRIMARY KEY, x TEXT DEFAULT ';')`],
    times: (i) => countOf(`table_${i}`),
  },
  'creates an index': {
    isAdditive: true,
    needs: () => [],
    statements: (i) => [`CREATE UNIQUE INDEX index_${i} ON items (id, name)`],
    times: (i) => countOf(`index_${i}`),
  },
  'creates a trigger': {
    isAdditive: true,
    needs: () => [],
    statements: (i) => [
      `CREATE TRIGGER trigger_${i} AFTER DELETE ON items BEGIN
        DELETE FROM log WHERE migration = ${i};
        SELECT CASE WHEN old.id THEN '; END;' END;
      END`,
    ],
    times: (i) => countOf(`trigger_${i}`),
  },
  'adds a column': {
    isAdditive: true,
    needs: () => [],
    statements: (i) => [`ALTER TABLE items ADD COLUMN added_${i} TEXT`],
    times: (i) => columnCount('items', `added_${i}`),
  },
  'inserts a row': {
    isAdditive: true,
    needs: () => [],
    statements: (i) => [`INSERT INTO log VALUES (${i})`],
    times: (i) => `SELECT count(*) AS times FROM log WHERE migration = ${i}`,
  },
  'updates a row': {
    isAdditive: false,
    needs: (i) => [`INSERT INTO items (id, name) VALUES (${i}, 0)`],
    statements: (i) => [`UPDATE items SET name = name + 1 WHERE id = ${i}`],
    times: (i) => `SELECT CAST(name AS INTEGER) AS times FROM items WHERE id = ${i}`,
  },
  'renames a column': {
    isAdditive: false,
    needs: (i) => [`ALTER TABLE items ADD COLUMN old_${i} TEXT`],
    statements: (i) => [`ALTER TABLE items RENAME COLUMN old_${i} TO new_${i}`],
    times: (i) => columnCount('items', `new_${i}`),
  },
  'drops a table': {
    isAdditive: false,
    needs: (i) => [`CREATE TABLE dropped_${i} (x)`],
    statements: (i) => [`DROP TABLE dropped_${i}`],
    times: (i) => `SELECT 1 - times AS times FROM (${countOf(`dropped_${i}`)})`,
  },
  'rebuilds a table': {
    isAdditive: false,
    needs: (i) => [
      `CREATE TABLE parent_${i} (id INTEGER PRIMARY KEY)`,
      `CREATE TABLE child_${i} (parent REFERENCES parent_${i} ON DELETE CASCADE)`,
      `INSERT INTO parent_${i} VALUES (1)`,
      `INSERT INTO child_${i} VALUES (1)`,
    ],
    statements: (i) => [
      'PRAGMA foreign_keys=OFF',
      `CREATE TABLE __new_parent_${i} (id INTEGER PRIMARY KEY, rebuilt TEXT)`,
      `INSERT INTO __new_parent_${i}(id) SELECT id FROM parent_${i}`,
      `DROP TABLE parent_${i}`,
      `ALTER TABLE __new_parent_${i} RENAME TO parent_${i}`,
      'PRAGMA foreign_keys=ON',
    ],
    times: (i) => columnCount(`parent_${i}`, 'rebuilt'),
  },
};

/** What fast-check makes up of a migration. */
interface Draft extends Stamp {
  readonly change: string;
}

const draft: fc.Arbitrary<Draft> = fc.record({
  change: fc.constantFrom(...Object.keys(CHANGES)),
  ...stamp,
});

interface Migration extends Entry {
  readonly change: Change | undefined;
}

const sqlOf = (number: number, statements: readonly string[]): string =>
  [...statements, `INSERT INTO runs VALUES (${number})`].join(BREAKPOINT);

/** The first migration: it prepares what the others change. */
function opening(drafts: readonly Draft[]): Migration {
  const statements = [
    'CREATE TABLE runs (migration INTEGER NOT NULL)',
    'CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT)',
    'CREATE TABLE log (migration INTEGER)',
    ...drafts.flatMap(({ change }, i) => CHANGES[change]?.needs(i + 1) ?? []),
  ];
  return { ...OPENING, sql: sqlOf(0, statements), change: undefined };
}

/** The journal as it stands after the last deploy. */
const journalOf = (drafts: readonly Draft[]): Migration[] =>
  placeInJournal(opening(drafts), drafts, ({ change: name }, number) => {
    const change = CHANGES[name] as Change;
    return { sql: sqlOf(number, change.statements(number)), change };
  });

/** What can be seen in an object from outside. */
interface Sight {
  /** The numbers of the migrations that ran, in the order in which they did. */
  readonly ran: readonly number[];
  readonly hasDrizzleLedger: boolean;
  readonly foreignKeys: unknown;
  readonly dump: unknown;
}

const look = (ctx: DurableObjectState): Sight => ({
  ran: tables(ctx).includes('runs')
    ? rows(ctx, 'SELECT migration FROM runs ORDER BY rowid').map(({ migration }) =>
        Number(migration),
      )
    : [],
  hasDrizzleLedger: tables(ctx).includes('__drizzle_migrations'),
  foreignKeys: rows(ctx, 'PRAGMA foreign_keys')[0]?.foreign_keys,
  dump: dump(ctx),
});

type Refusal =
  | { code: 'AMBIGUOUS_ROW'; keysOneOf: string[] }
  | { code: 'SKIPPED_MIGRATION'; keys: string[] };

interface Success {
  code: undefined;
  adopted: MigrationRef[];
  applied: MigrationRef[];
  outOfOrder: MigrationRef[];
}

/** Which changes to `items` one that comes too late would come to something else with. */
const MEETS: Readonly<Record<string, readonly string[]>> = {
  'creates an index': ['updates a row', 'renames a column'],
  'creates a trigger': ['updates a row', 'renames a column', 'creates a trigger'],
  'adds a column': ['renames a column'],
};

const nameOf = ({ change }: Migration): string =>
  Object.keys(CHANGES).find((name) => CHANGES[name] === change) ?? '';

/** Whether a migration that only adds may not run after another one. The triggers on `items` write into `log`. */
function meets(late: Migration, ran: Migration, code: readonly Migration[]): boolean {
  const [name, other] = [nameOf(late), nameOf(ran)];
  if (name !== 'inserts a row') return MEETS[name]?.includes(other) ?? false;
  return other === 'updates a row' && code.some((one) => nameOf(one) === 'creates a trigger');
}

/** What a deploy of ours should come to, by what is seen before it. */
function expectationOf(
  form: Form,
  migrations: readonly Migration[],
  before: Sight,
): Refusal | Success {
  const ordered = inOrder(form, migrations);
  const refs = refsOf(ordered);
  const ran = new Set(before.ran);
  const refOf = (migration: Migration) => refs.get(migration) as MigrationRef;
  if (before.hasDrizzleLedger && form === '1.x') {
    const keysOneOf = ambiguousSeconds(ordered, ran);
    if (keysOneOf.length > 0) return { code: 'AMBIGUOUS_ROW', keysOneOf };
  }
  const latest = ordered.findLastIndex(({ number }) => ran.has(number));
  const open = ordered.filter(({ number }) => !ran.has(number));
  const skipped = open.filter((migration) => ordered.indexOf(migration) < latest);
  const refused = skipped.filter((late) => {
    const later = ordered.filter(
      (other) => ran.has(other.number) && ordered.indexOf(other) > ordered.indexOf(late),
    );
    // A trigger that is still to come acts on neither.
    const there = ordered.filter(
      (other) => ran.has(other.number) || ordered.indexOf(other) < ordered.indexOf(late),
    );
    return !late.change?.isAdditive || later.some((other) => meets(late, other, there));
  });
  if (refused.length > 0) {
    return { code: 'SKIPPED_MIGRATION', keys: refused.map((migration) => refOf(migration).key) };
  }
  const adopted = before.hasDrizzleLedger
    ? ordered.filter(({ number }) => ran.has(number)).map(refOf)
    : [];
  return { code: undefined, adopted, applied: open.map(refOf), outOfOrder: skipped.map(refOf) };
}

const byKey = (refs: readonly MigrationRef[]): MigrationRef[] =>
  [...refs].sort((a, b) => (a.key < b.key ? -1 : 1));

/** Each migration's change was made as often as its row says it ran, and a rebuild by ours kept the children. */
function expectChanges(
  ctx: DurableObjectState,
  journal: readonly Migration[],
  ran: readonly number[],
  ranInDrizzle: readonly number[],
): void {
  if (ran.length === 0) return;
  for (const { number, change } of journal) {
    if (change === undefined) continue;
    const times = ran.filter((other) => other === number).length;
    expect(rows(ctx, change.times(number))).toEqual([{ times }]);
    if (change !== CHANGES['rebuilds a table']) continue;
    // Drizzle's migrator runs in a transaction, where foreign keys stay enforced, and loses them.
    const children = ranInDrizzle.includes(number) ? [] : [{ parent: 1 }];
    expect(rows(ctx, `SELECT parent FROM child_${number}`)).toEqual(children);
  }
}

/**
 * What must hold after a call that returned with these migrations. Only a 0.x bundle has the milliseconds that tell in
 * which order Drizzle ran the migrations of one second.
 */
function expectLevel(
  ctx: DurableObjectState,
  journal: readonly Migration[],
  migrations: readonly Migration[],
  ranInDrizzle: readonly number[],
  hasMillis: boolean,
): void {
  const { ran, hasDrizzleLedger } = look(ctx);
  const tagOfNumber = new Map(journal.map((migration) => [migration.number, tagOf(migration)]));
  expect([...ran].sort((a, b) => a - b)).toEqual(migrations.map(({ number }) => number));
  expectChanges(ctx, journal, ran, ranInDrizzle);
  expect(hasDrizzleLedger).toBe(false);

  const found = ledger(ctx);
  const tags = ran.map((number) => tagOfNumber.get(number) as string);
  expect(found.map(({ version }) => version)).toEqual(ran.map((_, version) => version));
  expect(found.map(({ tag }) => secondOf(tag))).toEqual(tags.map(secondOf));
  if (hasMillis) expect(found.map(({ tag }) => tag)).toEqual(tags);
  expect(found.map(({ tag }) => tag).sort()).toEqual(tags.sort());
  expect(found.map(({ origin }) => origin)).toEqual(
    ran.map((_, version) => (version < ranInDrizzle.length ? 'drizzle' : 'applied')),
  );
}

/** What fast-check makes up of an object's life. */
interface Life {
  readonly drafts: readonly Draft[];
  /** How many of the deploys are Drizzle's. The rest are ours, and the last always is. */
  readonly drizzleDeploys: number;
  /** The form of the bundle in each of our deploys, over and over. */
  readonly forms: readonly Form[];
}

const life: fc.Arbitrary<Life> = fc.record({
  drafts: fc.array(draft, { maxLength: 8 }),
  drizzleDeploys: fc.nat(4),
  forms: fc.array(often<Form>('0.x', fc.constant('1.x')), { minLength: 1, maxLength: 3 }),
});

interface OurDeploy {
  readonly form: Form;
  readonly migrations: readonly Migration[];
}

/** An object that Drizzle's migrator has had, and what is deployed to it afterwards. */
interface Lived {
  readonly stub: ReturnType<typeof newObject>;
  readonly journal: readonly Migration[];
  readonly ranInDrizzle: readonly number[];
  readonly ours: readonly OurDeploy[];
}

/** Deploys with Drizzle's migrator, and tells what there is to deploy with ours afterwards. */
async function live(stub: Lived['stub'], { drafts, drizzleDeploys, forms }: Life): Promise<Lived> {
  const journal = journalOf(drafts);
  const merged = deploysOf(journal);
  const swap = Math.min(drizzleDeploys, merged.length);
  const sight = await inObject(async (ctx) => {
    for (const migrations of merged.slice(0, swap)) await runDrizzle0(ctx, bundle0(...migrations));
    const seen = look(ctx);
    expectChanges(ctx, journal, seen.ran, seen.ran);
    return seen;
  }, stub);
  const ours = merged
    .slice(Math.min(swap, merged.length - 1))
    .map((migrations, i): OurDeploy => ({ migrations, form: forms[i % forms.length] as Form }));
  return { stub, journal, ours, ranInDrizzle: sight.ran };
}

const seen = (stub: ReturnType<typeof newObject>): Promise<Sight> => inObject(look, stub);

/** Fails unless a deploy threw for the reason expected, and changed nothing. */
function expectRefusal(outcome: Outcome, expected: Refusal, before: Sight, after: Sight): void {
  const { error } = outcome as { error: AdoptionError };
  expect(error).toBeInstanceOf(AdoptionError);
  expect(error.code).toBe(expected.code);
  if (expected.code === 'AMBIGUOUS_ROW') expect(expected.keysOneOf).toContain(error.keys.join());
  else expect(error.keys).toEqual(expected.keys);
  expect(error.table).toBe(before.hasDrizzleLedger ? '__drizzle_migrations' : '__migrations');
  expect(after).toEqual(before);
}

const NOTHING_ELSE = {
  ignored: [],
  unknown: [],
  ahead: [],
  drift: [],
  violations: [],
  violationCount: 0,
  fromBaseline: [],
  unchecked: [],
};

/** One deploy of ours, and all that can be said of it. Returns whether it did what it was asked. */
async function expectDeploy(object: Lived, { form, migrations }: OurDeploy): Promise<boolean> {
  const { stub, journal, ranInDrizzle, ours } = object;
  const before = await seen(stub);
  const expected = expectationOf(form, migrations, before);
  const outcome = await deployOurs(stub, bundleOf(form, migrations));
  const after = await seen(stub);
  expect(after.foreignKeys).toBe(1);
  if (expected.code !== undefined) {
    expectRefusal(outcome, expected, before, after);
    return false;
  }
  const result = resultOf(outcome);
  expect({ ...result, adopted: byKey(result.adopted) }).toEqual({
    ...NOTHING_ELSE,
    upToDate: JSON.stringify(after) === JSON.stringify(before),
    adopted: byKey(expected.adopted),
    applied: expected.applied,
    outOfOrder: expected.outOfOrder,
    drizzleLedger: before.hasDrizzleLedger ? 'retired' : null,
  });
  const hasMillis = ours.every((other) => other.form === '0.x');
  await inObject((ctx) => expectLevel(ctx, journal, migrations, ranInDrizzle, hasMillis), stub);
  return true;
}

/** The same again finds nothing to do. */
async function expectUpToDate(stub: Lived['stub'], { form, migrations }: OurDeploy): Promise<void> {
  const before = await seen(stub);
  const result = resultOf(await deployOurs(stub, bundleOf(form, migrations)));
  expect(result).toEqual({
    ...NOTHING_ELSE,
    upToDate: true,
    adopted: [],
    applied: [],
    outOfOrder: [],
    drizzleLedger: null,
  });
  expect(await seen(stub)).toEqual(before);
}

/**
 * Checks what holds whatever an object has been through.
 *
 * @param check gets the object as Drizzle left it, and a number to pick a migration by
 */
const forAnyLife = (
  numRuns: number,
  check: (object: Lived, pick: number) => Promise<void>,
): Promise<void> =>
  fc.assert(
    fc.asyncProperty(life, fc.nat(99), (made, pick) =>
      withObject(async (stub) => check(await live(stub, made), pick)),
    ),
    { numRuns },
  );

const TIMEOUT = { timeout: 120_000 };

it('runs what Drizzle did not, each once, or refuses and changes nothing', TIMEOUT, async () => {
  await forAnyLife(100, async (object) => {
    for (const deploy of object.ours) {
      if (await expectDeploy(object, deploy)) await expectUpToDate(object.stub, deploy);
    }
  });
});

it('changes nothing if a statement fails, and runs all once that is mended', TIMEOUT, async () => {
  await forAnyLife(80, async ({ stub, journal, ranInDrizzle }, pick) => {
    const before = await seen(stub);
    const open = journal.filter(({ number }) => !before.ran.includes(number));
    const refs = refsOf(journal);
    const broken = open[pick % open.length];
    if (broken !== undefined) {
      const sql = `${broken.sql}${BREAKPOINT}INSERT INTO nowhere VALUES (1)`;
      const withFault = journal.map((other) => (other === broken ? { ...broken, sql } : other));
      const outcome = await deployOurs(stub, bundle0(...withFault), { skipped: 'apply' });
      const { error } = outcome as { error: MigrationError };
      expect(error).toBeInstanceOf(MigrationError);
      expect(error).toMatchObject({
        ...refs.get(broken),
        code: 'MIGRATION_FAILED',
        statement: 'INSERT INTO nowhere VALUES (1)',
        statementIndex: broken.sql.split(BREAKPOINT).length,
      });
      expect((error.cause as Error).message).toBe('no such table: nowhere: SQLITE_ERROR');
      expect(error.message).toContain(`${before.ran.length} migration(s) were applied before`);
      expect(await seen(stub)).toEqual(before);
    }
    const mended = resultOf(await deployOurs(stub, bundle0(...journal), { skipped: 'apply' }));
    expect(mended.applied).toEqual(open.map((migration) => refs.get(migration)));
    expect((await seen(stub)).foreignKeys).toBe(1);
    await inObject((ctx) => expectLevel(ctx, journal, journal, ranInDrizzle, true), stub);
    await expectUpToDate(stub, { form: '0.x', migrations: journal });
  });
});

it('writes off what Drizzle skipped if told so, and runs the rest', TIMEOUT, async () => {
  await forAnyLife(40, async ({ stub, journal }) => {
    const { ran } = await seen(stub);
    const latest = journal.findLastIndex(({ number }) => ran.includes(number));
    const isSkipped = (migration: Migration, i: number) =>
      i < latest && !ran.includes(migration.number);
    const skipped = journal.filter(isSkipped);
    const result = resultOf(await deployOurs(stub, bundle0(...journal), { skipped: 'ignore' }));
    const refs = refsOf(journal);
    expect(result.ignored).toEqual(skipped.map((migration) => refs.get(migration)));
    const after = await seen(stub);
    const numbers = journal.filter((migration) => !skipped.includes(migration));
    expect([...after.ran].sort((a, b) => a - b)).toEqual(numbers.map(({ number }) => number));
    await expectUpToDate(stub, { form: '0.x', migrations: journal });
  });
});

it('lets older code run on a newer object, and leaves it alone', TIMEOUT, async () => {
  await forAnyLife(40, async ({ stub, journal }, pick) => {
    resultOf(await deployOurs(stub, bundle0(...journal), { skipped: 'apply' }));
    const before = await seen(stub);
    const last = Math.max(...journal.map(({ since }) => since));
    if (last === 0) return;
    const older = journal.filter(({ since }) => since <= pick % last);
    for (const form of ['0.x', '1.x'] as const) {
      const result = resultOf(await deployOurs(stub, bundleOf(form, older)));
      expect(result.upToDate).toBe(true);
      expect(result.applied).toEqual([]);
      const missing = journal.filter((migration) => !older.includes(migration));
      expect(result.ahead.map(({ tag }) => tag).sort()).toEqual(missing.map(tagOf).sort());
      expect(await seen(stub)).toEqual(before);
    }
  });
});

it('takes turns with Drizzle over a mirrored ledger, and runs nothing twice', TIMEOUT, async () => {
  const turns = fc.array(fc.constantFrom('Drizzle', 'ours'), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(fc.array(draft, { maxLength: 8 }), turns, (drafts, whose) =>
      withObject(async (stub) => {
        const journal = journalOf(drafts);
        const mirror: MigrateOptions = { drizzle: 'mirror', skipped: 'apply' };
        const ranInDrizzle: number[] = [];
        const deployDrizzle = (migrations: readonly Migration[]) =>
          inObject(async (ctx) => {
            const { ran } = look(ctx);
            await runDrizzle0(ctx, bundle0(...migrations));
            ranInDrizzle.push(...look(ctx).ran.slice(ran.length));
          }, stub);
        for (const [i, migrations] of deploysOf(journal).entries()) {
          if (whose[i % whose.length] === 'Drizzle') await deployDrizzle(migrations);
          else resultOf(await deployOurs(stub, bundle0(...migrations), mirror));
          const { ran } = await seen(stub);
          expect(new Set(ran).size).toBe(ran.length);
          await inObject((ctx) => expectChanges(ctx, journal, ran, ranInDrizzle), stub);
        }
        resultOf(await deployOurs(stub, bundle0(...journal), mirror));
        const level = await seen(stub);
        expect([...level.ran].sort((a, b) => a - b)).toEqual(journal.map(({ number }) => number));
        await inObject((ctx) => {
          expectChanges(ctx, journal, level.ran, ranInDrizzle);
          const tags = ledger(ctx).map(({ tag }) => tag);
          expect(tags.sort()).toEqual(journal.map(tagOf).sort());
          const mirrored = rows(ctx, 'SELECT created_at FROM __drizzle_migrations ORDER BY 1');
          const whens = journal.map(({ when }) => when).sort((a, b) => a - b);
          expect(mirrored).toEqual(whens.map((created_at) => ({ created_at })));
        }, stub);
        const again = resultOf(await deployOurs(stub, bundle0(...journal), mirror));
        expect(again.upToDate).toBe(true);
        await deployDrizzle(journal);
        expect(await seen(stub)).toEqual(level);
      }),
    ),
    { numRuns: 40 },
  );
});

it('refuses code that lacks what Drizzle ran, and changes nothing', TIMEOUT, async () => {
  await forAnyLife(40, async ({ stub, journal, ranInDrizzle }, pick) => {
    const candidates = journal.filter(
      // Drizzle keeps no more than `when`, so another entry with the same could be meant.
      ({ number, when }) =>
        ranInDrizzle.includes(number) &&
        journal.filter((other) => other.when === when).length === 1,
    );
    const lost = candidates[pick % candidates.length];
    if (lost === undefined || journal.length === 1) return;
    const before = await seen(stub);
    const rest = journal.filter((migration) => migration !== lost);
    const outcome = await deployOurs(stub, bundle0(...rest), { skipped: 'apply' });
    const { error } = outcome as { error: AdoptionError };
    expect(error).toBeInstanceOf(AdoptionError);
    // A row of a whole second can be one of drizzle-orm's betas, and stand for any that was made in it.
    const isDoubtful =
      lost.when % 1000 === 0 &&
      rest.some(({ when }) => Math.floor(when / 1000) * 1000 === lost.when);
    expect(error).toMatchObject(
      isDoubtful && error.code === 'AMBIGUOUS_ROW'
        ? { table: '__drizzle_migrations' }
        : {
            code: 'UNKNOWN_ROW',
            table: '__drizzle_migrations',
            keys: [`created_at ${lost.when}`],
          },
    );
    expect(await seen(stub)).toEqual(before);
  });
});

it('does not take one migration for another of the same second where the milliseconds differ', () =>
  inObject(async (ctx) => {
    const opened = { tag: '0000_open', when: 1_000_100, sql: 'CREATE TABLE runs (name TEXT)' };
    const ours = { tag: '0001_ours', when: 2_000_100, sql: "INSERT INTO runs VALUES ('ours')" };
    const theirs = {
      tag: '0001_theirs',
      when: 2_000_200,
      sql: "INSERT INTO runs VALUES ('theirs')",
    };
    await runDrizzle0(ctx, bundle0(opened, ours));
    const before = dump(ctx);
    const error = thrown<AdoptionError>(() => migrate(ctx, bundle0(opened, theirs)));
    expect(error).toMatchObject({ code: 'UNKNOWN_ROW', keys: ['created_at 2000100'] });
    expect(dump(ctx)).toEqual(before);

    expect(migrate(ctx, bundle0(opened, ours)).adopted).toHaveLength(2);
    const adopted = dump(ctx);
    expect(thrown(() => migrate(ctx, bundle0(opened, theirs)))).toMatchObject({
      code: 'UNKNOWN_MIGRATION',
      keys: ['19700101003320_ours'],
    });
    expect(dump(ctx)).toEqual(adopted);
    migrate(ctx, bundle0(opened, ours, theirs));
    expect(rows(ctx, 'SELECT name FROM runs')).toEqual([{ name: 'ours' }, { name: 'theirs' }]);
  }));

it('mirrors a `when` that is a whole second as it is', () =>
  inObject(async (ctx) => {
    const a = { tag: '0000_a', when: 1_795_371_422_000, sql: 'CREATE TABLE a (x)' };
    const b = { tag: '0001_b', when: 1_795_371_422_500, sql: 'CREATE TABLE b (x)' };
    const c = { tag: '0002_c', when: 1_795_371_500_001, sql: 'CREATE TABLE c (x)' };
    const whens = () => rows(ctx, 'SELECT created_at FROM __drizzle_migrations ORDER BY 1');
    migrate(ctx, bundle0(a), { drizzle: 'mirror' });
    expect(whens()).toEqual([{ created_at: a.when }]);
    await runDrizzle0(ctx, bundle0(a, b));
    expect(tables(ctx)).toContain('b');
    expect(migrate(ctx, bundle0(a, b, c), { drizzle: 'mirror' })).toMatchObject({
      adopted: [{ key: 'm0001' }],
      applied: [{ key: 'm0002' }],
    });
    expect(whens()).toEqual([a, b, c].map(({ when }) => ({ created_at: when })));
  }));
