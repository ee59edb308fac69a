// Random lives of an object: tables with foreign keys, rows written between the deploys, and deploys of the real
// drizzle-orm 0.x, the real 1.x, and ours with `mirror` and `retire` in turn, with newer and older code and branches
// that were merged late. After every deploy the six things that never happen are looked for. What a deploy of ours must
// come to is told beforehand without our code: by the `runs` table, which each migration writes itself into (and which
// takes it once), and by running the statements themselves with foreign keys off and rolling them back.
//
// RANDOM_FACTOR=10 npx vitest run --project workers test/workers/random-histories.test.ts runs ten times as many. A
// failure prints a seed and a path: put them beside `numRuns`.
import fc from 'fast-check';
import { afterAll, expect, inject, it } from 'vitest';
import {
  AdoptionError,
  ForeignKeyError,
  type MigrateOptions,
  type MigrateResult,
  MigrationError,
  migrate,
} from '../../src/index.ts';
import {
  bundle0,
  bundle1,
  deployOurs,
  dump,
  inObject,
  type newObject,
  type Outcome,
  type Row,
  resultOf,
  rows,
  runDrizzle0,
  runDrizzle1,
  tables,
  wake,
  watched,
  withObject,
} from './harness.ts';
import {
  bundleOf,
  deploysOf,
  type Form,
  inOrder,
  often,
  refsOf,
  secondOf,
  tagOf,
} from './journal.ts';
import {
  REBUILD_START,
  type SchemaLife,
  type SchemaMigration,
  schemaJournal,
  schemaLife,
} from './random-schema.ts';
import { type Write, write, writeRow } from './random-writes.ts';

type Stub = ReturnType<typeof newObject>;
type Runner = 'Drizzle 0.x' | 'Drizzle 1.x' | 'mirror' | 'retire';

/** A deploy of an object's life. */
interface Stop {
  readonly runner: Runner;
  /** The form of the bundle, where the runner takes both. */
  readonly form: Form;
  /** How many deploys' migrations came in since the last stop. */
  readonly ahead: number;
  /** How many deploys older the code is than the newest so far: it was rolled back. */
  readonly back: number;
  /** What the app writes before it. */
  readonly writes: readonly Write[];
}

const stop: fc.Arbitrary<Stop> = fc.record({
  runner: fc.constantFrom<Runner[]>('Drizzle 0.x', 'Drizzle 1.x', 'mirror', 'mirror', 'retire'),
  form: often<Form>('0.x', fc.constant('1.x')),
  ahead: fc.constantFrom(0, 1, 1, 2),
  back: fc.constantFrom(0, 0, 0, 1, 2),
  writes: fc.array(write, { maxLength: 12 }),
});

interface Life {
  readonly schema: SchemaLife;
  readonly stops: readonly Stop[];
}

const life: fc.Arbitrary<Life> = fc.record({
  schema: schemaLife,
  stops: fc.array(stop, { minLength: 2, maxLength: 7 }),
});

const LEDGERS = ['__migrations', '__drizzle_migrations'];

interface Dump {
  readonly schema: readonly Row[];
  readonly rows: Readonly<Record<string, readonly Row[]>>;
}

const dumped = (ctx: DurableObjectState) => dump(ctx) as Dump;

/** All that is not a ledger. */
const withoutLedgers = ({ schema, rows: all }: Dump) => ({
  schema: schema.filter(({ name, sql }) => sql !== null && !LEDGERS.includes(name as string)),
  rows: Object.fromEntries(Object.entries(all).filter(([table]) => !LEDGERS.includes(table))),
});

const numbersOf = ({ rows: all }: Dump): number[] =>
  (all.runs ?? []).map(({ migration }) => Number(migration));

interface Sight {
  readonly all: Dump;
  readonly ran: ReadonlySet<number>;
  readonly violations: number;
  readonly foreignKeys: unknown;
}

const look = (stub: Stub): Promise<Sight> =>
  inObject((ctx) => {
    const all = dumped(ctx);
    return {
      all,
      ran: new Set(numbersOf(all)),
      violations: rows(ctx, 'PRAGMA foreign_key_check').length,
      foreignKeys: rows(ctx, 'PRAGMA foreign_keys')[0]?.foreign_keys,
    };
  }, stub);

/** What statements come to, by SQLite alone. */
interface Forecast {
  readonly users: unknown;
  readonly violations: number;
  /** SQLite's words on the one that fails. */
  readonly failure: string | undefined;
  readonly failed: SchemaMigration | undefined;
}

/** Runs the migrations' own statements, looks, and takes all back. */
const forecast = (
  stub: Stub,
  migrations: readonly SchemaMigration[],
  enforced: boolean,
): Promise<Forecast> =>
  inObject(async (ctx) => {
    let seen: Forecast | undefined;
    let failed: SchemaMigration | undefined;
    const look = (failure?: string): Forecast => ({
      users: withoutLedgers(dumped(ctx)),
      violations: rows(ctx, 'PRAGMA foreign_key_check').length,
      failure,
      failed: failure === undefined ? undefined : failed,
    });
    ctx.storage.sql.exec(`PRAGMA foreign_keys = ${enforced ? 'ON' : 'OFF'}`);
    const undo = new Error('undo');
    try {
      ctx.storage.transactionSync(() => {
        try {
          for (const migration of migrations) {
            failed = migration;
            for (const statement of migration.statements) {
              if (!statement.startsWith('PRAGMA')) ctx.storage.sql.exec(statement);
            }
          }
          seen = look();
        } catch (error) {
          seen = look((error as Error).message);
        }
        throw undo;
      });
    } catch (error) {
      if (error !== undo) throw error;
    }
    await ctx.storage.sync();
    ctx.storage.sql.exec('PRAGMA foreign_keys = ON');
    return seen as Forecast;
  }, stub);

/** An object, and what is known of it. */
interface Object_ {
  readonly stub: Stub;
  readonly journal: readonly SchemaMigration[];
  /** The migrations in our ledger. */
  readonly ours: Set<number>;
  readonly ignored: Set<number>;
  /** The code and the options that it was brought level with last: the same again asks one row, and no more. */
  level: string;
}

const figures = {
  histories: 0,
  deploys: 0,
  ours: 0,
  drizzle: 0,
  applied: 0,
  healed: 0,
  refused: 0,
};

const names = (migrations: readonly SchemaMigration[]): string[] => migrations.map(tagOf).sort();

/** What a deploy of ours should do, by what ran. */
interface Duty {
  readonly unknown: readonly SchemaMigration[];
  readonly ahead: readonly SchemaMigration[];
  readonly open: readonly SchemaMigration[];
  readonly skipped: readonly SchemaMigration[];
}

function dutyOf(
  { journal, ours, ignored }: Object_,
  { ran }: Sight,
  code: readonly SchemaMigration[],
): Duty {
  const has = ({ number }: SchemaMigration) => ran.has(number) || ignored.has(number);
  const missing = journal.filter((migration) => has(migration) && !code.includes(migration));
  const latest = code.findLastIndex(has);
  const open = code.filter((migration) => !has(migration));
  return {
    unknown: missing.filter(({ number }) => !ours.has(number)),
    ahead: missing.filter(({ number }) => ours.has(number)),
    open,
    skipped: open.filter((migration) => code.indexOf(migration) < latest),
  };
}

/** Which refusal a duty calls for, if any. */
function refusalOf(
  { unknown, ahead, open, skipped }: Duty,
  options: MigrateOptions,
): string | undefined {
  if (unknown.length > 0) return 'UNKNOWN_ROW';
  if (ahead.length > 0 && open.length > 0) return 'UNKNOWN_MIGRATION';
  if (options.skipped === undefined && skipped.some(({ isAdditive }) => !isAdditive)) {
    return 'SKIPPED_MIGRATION';
  }
  return undefined;
}

/** Whether a 1.x bundle leaves it open which migration of a second ran: it has no milliseconds. */
const isAmbiguous = ({ journal }: Object_, { ran }: Sight): boolean =>
  journal.some(
    (one) =>
      ran.has(one.number) &&
      journal.some(
        (other) => !ran.has(other.number) && secondOf(tagOf(other)) === secondOf(tagOf(one)),
      ),
  );

/** A deploy of ours that threw: for the reason expected, and nothing has changed. */
function expectThrown(
  error: Error,
  refusal: string | undefined,
  coming: Forecast,
  mayBeAmbiguous: boolean,
): void {
  if (mayBeAmbiguous && error instanceof AdoptionError && error.code === 'AMBIGUOUS_ROW') return;
  if (refusal !== undefined) {
    expect(error).toBeInstanceOf(AdoptionError);
    expect((error as AdoptionError).code).toBe(refusal);
  } else if (coming.failure !== undefined) {
    expect(error).toBeInstanceOf(MigrationError);
    const { cause, tag } = error as MigrationError;
    expect((cause as Error).message).toBe(coming.failure);
    expect(tag).toBe(tagOf(coming.failed as SchemaMigration));
  } else {
    expect(error).toBeInstanceOf(ForeignKeyError);
    expect(error).toMatchObject({ code: 'FOREIGN_KEY_VIOLATION', total: coming.violations });
  }
}

/** A mirrored ledger, as either of Drizzle's migrators reads it, has all that ran, and nothing else. */
function expectMirror(
  ctx: DurableObjectState,
  { journal }: Object_,
  ran: ReadonlySet<number>,
): void {
  const made = journal.filter(({ number }) => ran.has(number));
  const found = rows(ctx, 'SELECT * FROM __drizzle_migrations');
  const newest = Math.max(...found.map(({ created_at }) => Number(created_at)));
  expect(made.filter(({ when }) => when > newest).map(tagOf)).toEqual([]);
  const seconds = (whens: readonly number[]) =>
    [...new Set(whens.map((when) => Math.floor(when / 1000)))].sort();
  expect(seconds(found.map(({ created_at }) => Number(created_at)))).toEqual(
    seconds(made.map(({ when }) => when)),
  );
  const isOne = rows(
    ctx,
    "SELECT 1 FROM pragma_table_info('__drizzle_migrations') WHERE name = 'name'",
  );
  if (isOne.length > 0)
    expect([...new Set(found.map(({ name }) => name))].sort()).toEqual(names(made));
}

/** The same deploy again finds nothing to do: one statement, one row read, none written. */
async function expectOneRow(
  stub: Stub,
  deploy: () => [Parameters<typeof migrate>[1], MigrateOptions],
) {
  const again = await wake(stub, (ctx) => {
    const { target, seen, rows: counted } = watched(ctx);
    const { upToDate } = migrate(target, ...deploy());
    return { upToDate, statements: seen.statements.length, ...counted() };
  });
  expect(again).toEqual({ upToDate: true, statements: 1, read: 1, written: 0 });
}

function expectResult(
  result: MigrateResult,
  { ahead, open, skipped }: Duty,
  options: MigrateOptions,
  code: readonly SchemaMigration[],
): void {
  const refs = refsOf(code);
  const ignored = options.skipped === 'ignore' ? skipped : [];
  const run = open.filter((migration) => !ignored.includes(migration));
  expect(result.applied).toEqual(run.map((migration) => refs.get(migration)));
  expect(result.outOfOrder.map(({ tag }) => tag)).toEqual(
    run.filter((migration) => skipped.includes(migration)).map(tagOf),
  );
  expect(result.ignored).toEqual(ignored.map((migration) => refs.get(migration)));
  expect(result.ahead.map(({ tag }) => tag).sort()).toEqual(names(ahead));
  expect(result).toMatchObject({ unknown: [], drift: [], violations: [] });
}

/** One deploy of ours, and all that must hold after it. */
async function deployAndCheck(
  object: Object_,
  code: readonly SchemaMigration[],
  form: Form,
  options: MigrateOptions,
): Promise<Outcome | undefined> {
  const { stub, ours, ignored } = object;
  const before = await look(stub);
  const ordered = inOrder(form, code);
  const level = [options.drizzle, ...ordered.map(tagOf)].join();
  if (level === object.level) {
    expect(resultOf(await deployOurs(stub, bundleOf(form, code), options)).upToDate).toBe(true);
    expect(await look(stub)).toEqual(before);
    return undefined;
  }
  const duty = dutyOf(object, before, ordered);
  const refusal = refusalOf(duty, options);
  const run = duty.open.filter(
    (one) => options.skipped !== 'ignore' || !duty.skipped.includes(one),
  );
  const isOff = run.some(({ statements }) => statements.includes(REBUILD_START));
  const coming = await forecast(stub, run, !isOff);

  const outcome = await deployOurs(stub, bundleOf(form, code), options);
  const after = await look(stub);
  figures.ours++;
  expect(after.foreignKeys).toBe(1);
  if ('error' in outcome) {
    figures.refused++;
    expect(after).toEqual(before);
    expectThrown(outcome.error, refusal, coming, form === '1.x' && isAmbiguous(object, before));
    return outcome;
  }
  expect([refusal, coming.failure, coming.violations]).toEqual([undefined, undefined, 0]);
  const { result } = outcome;
  expectResult(result, duty, options, ordered);
  expect(withoutLedgers(after.all)).toEqual(coming.users);
  expect([...after.ran].sort()).toEqual([...before.ran, ...run.map(({ number }) => number)].sort());
  if (duty.ahead.length > 0) {
    expect(after).toEqual(before);
    return outcome;
  }
  object.level = level;
  figures.applied += result.applied.length;
  figures.healed += result.outOfOrder.length;
  for (const number of after.ran) ours.add(number);
  for (const { number } of duty.skipped) if (options.skipped === 'ignore') ignored.add(number);
  await inObject((ctx) => {
    const has = tables(ctx).includes('__drizzle_migrations');
    expect(has).toBe(options.drizzle === 'mirror');
    if (has) expectMirror(ctx, object, new Set([...ours, ...ignored]));
  }, stub);
  await expectOneRow(stub, () => [bundleOf(form, code), options]);
  return outcome;
}

/** The migrations that Drizzle's migrator will run, by its ledger as it stands; undefined if it upgrades that first. */
function drizzleRuns(
  ctx: DurableObjectState,
  runner: Runner,
  code: readonly SchemaMigration[],
): SchemaMigration[] | undefined {
  const ledger = tables(ctx).includes('__drizzle_migrations');
  const found = ledger ? rows(ctx, 'SELECT * FROM __drizzle_migrations') : [];
  if (runner === 'Drizzle 0.x') {
    const newest =
      found.length === 0 ? -1 : Math.max(...found.map((row) => Number(row.created_at)));
    return code.filter(({ when }) => when > newest);
  }
  const isZero =
    ledger && rows(ctx, "SELECT 1 FROM pragma_table_info('__drizzle_migrations')").length < 5;
  const has = new Set(found.map(({ name }) => name));
  return isZero ? undefined : inOrder('1.x', code).filter((one) => !has.has(tagOf(one)));
}

/** One deploy of Drizzle's: it does what it does, or throws and changes nothing. */
async function deployDrizzle(
  { stub }: Object_,
  code: readonly SchemaMigration[],
  runner: Runner,
): Promise<void> {
  const before = await look(stub);
  const runs = await inObject((ctx) => drizzleRuns(ctx, runner, code), stub);
  const coming = runs && (await forecast(stub, runs, true));
  const error = await inObject(async (ctx) => {
    try {
      if (runner === 'Drizzle 0.x') await runDrizzle0(ctx, bundle0(...code));
      else runDrizzle1(ctx, bundle1(...code));
      return undefined;
    } catch (thrown) {
      return thrown as Error;
    }
  }, stub);
  const after = await look(stub);
  figures.drizzle++;
  if (coming !== undefined) {
    expect(error === undefined).toBe(coming.failure === undefined);
    if (error === undefined) expect(withoutLedgers(after.all)).toEqual(coming.users);
  }
  if (error !== undefined) expect(after).toEqual(before);
}

/** Brings an object level at last: what was skipped is applied, or written off where it cannot be any more. */
async function expectEnd(object: Object_): Promise<void> {
  const options = { drizzle: 'retire', skipped: 'apply' } as const;
  const outcome = await deployAndCheck(object, object.journal, '0.x', options);
  if (outcome === undefined || !('error' in outcome)) {
    expect(object.ours.size).toBe(object.journal.length - object.ignored.size);
    return;
  }
  // A statement that cannot run on these rows cannot run; its object stays as it is, and says so at every wake.
  expect(outcome.error.name).toMatch(/^(MigrationError|ForeignKeyError)$/);
}

const RUNS = 120;

it('never does what never happens', { timeout: 120_000 * inject('randomFactor') }, async () => {
  await fc.assert(
    fc.asyncProperty(life, ({ schema, stops }) =>
      withObject(async (stub) => {
        const journal = schemaJournal(schema);
        const deploys = deploysOf(journal);
        const object: Object_ = { stub, journal, ours: new Set(), ignored: new Set(), level: '' };
        let newest = 0;
        figures.histories++;
        for (const { runner, form, ahead, back, writes } of stops) {
          newest = Math.min(newest + ahead, deploys.length - 1);
          const code = deploys[Math.max(newest - back, 0)] as SchemaMigration[];
          await inObject((ctx) => {
            for (const one of writes) writeRow(ctx, one);
          }, stub);
          figures.deploys++;
          if (runner.startsWith('Drizzle')) await deployDrizzle(object, code, runner);
          else {
            await deployAndCheck(object, code, form, { drizzle: runner as 'mirror' | 'retire' });
          }
        }
        await expectEnd(object);
      }),
    ),
    { numRuns: RUNS * inject('randomFactor') },
  );
});

afterAll(() => {
  const said = Object.entries(figures).map(([name, figure]) => `${figure} ${name}`);
  console.info(`random histories: ${said.join(', ')}`);
});
