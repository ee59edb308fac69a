// Random lives of an object: tables with foreign keys, rows written between the deploys, and deploys of the real
// drizzle-orm 0.x, the real 1.x, and ours with `mirror` and `retire` in turn, with newer and older code, branches that
// were merged late, and baselines with the SQL that they replace or without. After every deploy the six things that never happen are looked for. What a deploy of ours must
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
import { type Based, basedOn, type Draw, draw } from './random-baselines.ts';
import {
  REBUILD_END,
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
  /** The baseline that the code of ours has, if any. */
  readonly baseline: Draw | undefined;
  /** What the app writes before it. */
  readonly writes: readonly Write[];
}

const stop: fc.Arbitrary<Stop> = fc.record({
  runner: fc.constantFrom<Runner[]>('Drizzle 0.x', 'Drizzle 1.x', 'mirror', 'mirror', 'retire'),
  form: often<Form>('0.x', fc.constant('1.x')),
  ahead: fc.constantFrom(0, 1, 1, 2),
  back: fc.constantFrom(0, 0, 0, 1, 2),
  baseline: draw,
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
    /**
     * A rebuild may take away the reference by which a row that lost its parent would be found, so that is looked for
     * before it, if rows were changed or deleted outside of a rebuild since the one before.
     */
    let isRebuild = false;
    let isChanged = false;
    const isLost = (statement: string): boolean => {
      if (statement !== REBUILD_START) {
        isRebuild &&= statement !== REBUILD_END;
        isChanged ||= !isRebuild && /^(UPDATE|DELETE|DROP)/.test(statement);
        return false;
      }
      const wasChanged = isChanged;
      [isRebuild, isChanged] = [true, false];
      return wasChanged && !enforced && look().violations > 0;
    };
    const run = (): Forecast => {
      for (const migration of migrations) {
        failed = migration;
        for (const statement of migration.statements) {
          if (!statement.startsWith('PRAGMA')) ctx.storage.sql.exec(statement);
          if (isLost(statement)) return look();
        }
      }
      return look();
    };
    try {
      ctx.storage.transactionSync(() => {
        try {
          seen = run();
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
  /** Those that ours keeps as a row and no more: this code lacks them, and has one of just the same time. */
  readonly kept: Set<number>;
  /** The code and the options that it was brought level with last: the same again asks one row, and no more. */
  level: string;
  /** What ran, in the order in which it did. */
  order: SchemaMigration[];
}

const figures = {
  histories: 0,
  deploys: 0,
  ours: 0,
  drizzle: 0,
  applied: 0,
  outOfOrder: 0,
  refused: 0,
  doubtful: 0,
  replayed: 0,
  baselines: 0,
  replaced: 0,
};

const names = (migrations: readonly SchemaMigration[]): string[] => migrations.map(tagOf).sort();

/** What a deploy of ours should do, by what ran. */
interface Duty {
  readonly unknown: readonly SchemaMigration[];
  /** Unknown ones of just the time of a known one, whose row may be one that stands twice. */
  readonly twins: readonly SchemaMigration[];
  readonly ahead: readonly SchemaMigration[];
  readonly open: readonly SchemaMigration[];
  /** Those of them that stand before one that the object has. */
  readonly skipped: readonly SchemaMigration[];
  /** Rebuilds in their place that were made before something was added to their table, and would take it away. */
  readonly blind: readonly SchemaMigration[];
  /** Those of `open` that touch a table that a later, or for a rebuild a younger one touches too. */
  readonly doubtful: readonly SchemaMigration[];
}

/** Whether a rebuild knows nothing of a column or an index that was added to its table by one that was made later. */
const isBlind = (late: SchemaMigration, ran: SchemaMigration, timeOf: (when: number) => number) =>
  ran.adds !== undefined &&
  ran.adds.table === late.rebuilds &&
  timeOf(ran.when) > timeOf(late.when) &&
  !late.sql.includes(ran.adds.name);

function dutyOf(
  { journal, ours, ignored, kept }: Object_,
  { ran }: Sight,
  code: readonly SchemaMigration[],
  form: Form,
): Duty {
  const has = ({ number }: SchemaMigration) => ran.has(number) || ignored.has(number);
  const missing = journal.filter((migration) => has(migration) && !code.includes(migration));
  const latest = code.findLastIndex(has);
  const open = code.filter((migration) => !has(migration));
  const skipped = open.filter((migration) => code.indexOf(migration) < latest);
  const had = code.filter(has);
  const unknown = missing.filter(({ number }) => !ours.has(number) && !kept.has(number));
  const twins = unknown.filter(({ when }) => had.some((other) => other.when === when));
  // A 1.x bundle has the seconds alone.
  const timeOf = (when: number) => (form === '0.x' ? when : Math.floor(when / 1000));
  return {
    unknown: unknown.filter((one) => !twins.includes(one)),
    twins,
    ahead: missing.filter(({ number }) => ours.has(number)),
    open,
    skipped,
    blind: open.filter(
      (one) => !skipped.includes(one) && had.some((other) => isBlind(one, other, timeOf)),
    ),
    doubtful: open.filter((one) =>
      had.some(
        (other) =>
          // Of two rebuilds of a table the older one may lack a column that the younger one has.
          (code.indexOf(other) > code.indexOf(one) ||
            (one.rebuilds !== undefined && timeOf(other.when) > timeOf(one.when))) &&
          other.touches.some((table) => one.touches.includes(table)),
      ),
    ),
  };
}

/** Which refusal a duty calls for, if any. */
function refusalOf(
  { unknown, ahead, open, skipped, blind }: Duty,
  options: MigrateOptions,
  gone: readonly SchemaMigration[],
): string | undefined {
  if (unknown.length > 0) return 'UNKNOWN_ROW';
  if (ahead.length > 0 && open.length > 0) return 'UNKNOWN_MIGRATION';
  if (gone.length > 0) return 'REPLACED_MIGRATION';
  if (options.skipped !== undefined) return undefined;
  if (blind.length > 0 || skipped.some(({ isAdditive }) => !isAdditive)) return 'SKIPPED_MIGRATION';
  return undefined;
}

/**
 * Whether it may be left open which migration of a second ran: 1.x has no milliseconds, and where it has named two rows of
 * one time after one migration, they may be one that stands twice.
 */
const isAmbiguous = ({ journal }: Object_, { ran }: Sight): boolean =>
  journal.some(
    (one) =>
      ran.has(one.number) &&
      journal.some(
        (other) =>
          other !== one &&
          (!ran.has(other.number) || other.when === one.when) &&
          secondOf(tagOf(other)) === secondOf(tagOf(one)),
      ),
  );

/** A deploy of ours that threw: for the reason expected, and nothing has changed. */
function expectThrown(error: Error, refusal: string | undefined, coming: Forecast): void {
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

/** Refused: as the duty calls for it, or where in doubt, which must not be farther than tables go. */
function expectRefused(
  error: Error,
  object: Object_,
  before: Sight,
  { doubtful, twins }: Duty,
  refusal: string | undefined,
  coming: Forecast,
  isUntold: boolean,
): void {
  const { code } = error as AdoptionError;
  if (code === 'AMBIGUOUS_ROW' && isAmbiguous(object, before)) return;
  if (code === 'UNKNOWN_ROW' && twins.length > 0) return;
  if (code === 'SKIPPED_MIGRATION' && refusal === undefined && doubtful.length > 0) {
    figures.doubtful++;
    return;
  }
  if (code === 'SKIPPED_MIGRATION' && refusal === undefined && isUntold) {
    figures.doubtful++;
    return;
  }
  if (code === 'REPLACED_MIGRATION') figures.replaced++;
  expectThrown(error, refusal, coming);
}

/** A mirrored ledger, as either of Drizzle's migrators reads it, has all that ran, and nothing else. */
function expectMirror(
  ctx: DurableObjectState,
  { journal, kept }: Object_,
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
  if (isOne.length === 0) return;
  // What is kept has no name until the code knows it.
  const nameless = journal.filter(({ number }) => kept.has(number)).map(tagOf);
  const named = new Set(found.map(({ name }) => name));
  for (const name of kept.size > 0 ? [null, ...nameless] : []) named.delete(name);
  expect([...named].sort()).toEqual(names(made));
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
  { ahead, open, skipped, blind, doubtful }: Duty,
  options: MigrateOptions,
  code: readonly SchemaMigration[],
  replaced: readonly SchemaMigration[],
): void {
  const refs = refsOf(code);
  const ignored = options.skipped === 'ignore' ? skipped : [];
  const run = open.filter((one) => !ignored.includes(one) && !replaced.includes(one));
  expect(result.fromBaseline).toEqual(replaced.map((migration) => refs.get(migration)));
  expect(result.applied).toEqual(run.map((migration) => refs.get(migration)));
  const outOfOrder = result.outOfOrder.map(({ tag }) => tag);
  // Whether a doubtful one would take something away is told more strictly there than here.
  const isTold = (one: SchemaMigration): boolean =>
    skipped.includes(one) ||
    blind.includes(one) ||
    (doubtful.includes(one) && outOfOrder.includes(tagOf(one)));
  expect(outOfOrder).toEqual(run.filter(isTold).map(tagOf));
  expect(result.ignored).toEqual(ignored.map((migration) => refs.get(migration)));
  expect(result.ahead.map(({ tag }) => tag).sort()).toEqual(names(ahead));
  expect(result).toMatchObject({ unknown: [], drift: [], violations: [] });
}

/** What the migrations alone make of an object, in an order: its schema, where columns have no order, and its rows. */
const replay = (order: readonly SchemaMigration[]): Promise<unknown> =>
  withObject((stub) =>
    inObject(async (ctx) => {
      for (const { statements } of order) {
        await ctx.storage.sync();
        ctx.storage.sql.exec(
          `PRAGMA foreign_keys = ${statements.includes(REBUILD_START) ? 'OFF' : 'ON'}`,
        );
        for (const statement of statements) {
          if (!statement.startsWith('PRAGMA')) ctx.storage.sql.exec(statement);
        }
      }
      const sorted = (pragma: string, table: string) =>
        rows(ctx, `SELECT * FROM pragma_${pragma}('${table}')`)
          .map(({ cid, id, seq, ...rest }) => JSON.stringify(rest))
          .sort();
      const { schema, rows: all } = withoutLedgers(dumped(ctx));
      return {
        indexes: schema.filter(({ type }) => type !== 'table'),
        columns: tables(ctx).map((table) => [table, sorted('table_info', table)]),
        keys: tables(ctx).map((table) => [table, sorted('foreign_key_list', table)]),
        rows: all,
      };
    }, stub),
  );

/** What ran out of order has made of the object what a new object is. */
async function expectSame(
  order: readonly SchemaMigration[],
  inPlace: readonly SchemaMigration[],
): Promise<void> {
  let expected: unknown;
  try {
    expected = await replay(inPlace);
  } catch (error) {
    // Without the app's rows a migration may find no parent for its own, and a branch whose clock was wrong no table: in
    // that order no new object can be made.
    expect((error as Error).message).toMatch(/constraint failed|no such (table|column)/);
    return;
  }
  figures.replayed++;
  expect(await replay(order)).toEqual(expected);
}

const isOff = (migrations: readonly SchemaMigration[]): boolean =>
  migrations.some(({ statements }) => statements.includes(REBUILD_START));

/** Neither ledger has a row. */
const isNew = ({ all: { rows: all } }: Sight): boolean =>
  LEDGERS.every((table) => (all[table] ?? []).length === 0);

/** A new object that begins with a baseline is what the whole history makes of one, where that can run. */
async function expectHistory(
  stub: Stub,
  run: readonly SchemaMigration[],
  coming: Forecast,
): Promise<void> {
  const { failure, violations, users } = await forecast(stub, run, !isOff(run));
  if (failure === undefined && violations === 0 && coming.failure === undefined) {
    figures.baselines++;
    expect(coming.users).toEqual(users);
  }
}

/** One deploy of ours, and all that must hold after it. */
async function deployAndCheck(
  object: Object_,
  code: readonly SchemaMigration[],
  form: Form,
  options: MigrateOptions,
  based?: Based | undefined,
): Promise<Outcome | undefined> {
  const { stub, ours, ignored, kept } = object;
  const before = await look(stub);
  const ordered = inOrder(form, code);
  const input = () => based?.record() ?? bundleOf(form, code);
  const level = [options.drizzle, ...ordered.map(tagOf)].join();
  if (level === object.level) {
    expect(resultOf(await deployOurs(stub, input(), options)).upToDate).toBe(true);
    expect(await look(stub)).toEqual(before);
    return undefined;
  }
  const duty = dutyOf(object, before, ordered, form);
  const run = duty.open.filter(
    (one) => options.skipped !== 'ignore' || !duty.skipped.includes(one),
  );
  const replaced = isNew(before) ? (based?.replaced ?? []) : [];
  const gone = based?.dropped ? run.filter((one) => based.replaced.includes(one)) : [];
  const refusal = refusalOf(duty, options, replaced.length > 0 ? [] : gone);
  const steps = [
    ...(replaced.length > 0 && based ? [based.script] : []),
    ...run.filter((one) => !replaced.includes(one)),
  ];
  const coming = await forecast(stub, steps, !isOff(steps));
  if (replaced.length > 0) await expectHistory(stub, run, coming);

  const outcome = await deployOurs(stub, input(), options);
  const after = await look(stub);
  figures.ours++;
  expect(after.foreignKeys).toBe(1);
  if ('error' in outcome) {
    figures.refused++;
    expect(after).toEqual(before);
    // A rebuild may take away what one has added that was made later, and whose SQL was dropped.
    const isUntold =
      based?.dropped === true &&
      run.some((one) => one.rebuilds && based.replaced.some(({ when }) => when > one.when));
    expectRefused(outcome.error, object, before, duty, refusal, coming, isUntold);
    return outcome;
  }
  const { result } = outcome;
  if (refusal === 'UNKNOWN_ROW' && result.upToDate && result.ahead.length > 0) {
    // Known to be ahead by its head alone, which does not tell what Drizzle has done since; it is left alone.
    expect(after).toEqual(before);
    return outcome;
  }
  expect([refusal, coming.failure, coming.violations]).toEqual([undefined, undefined, 0]);
  expectResult(result, duty, options, ordered, replaced);
  expect(withoutLedgers(after.all)).toEqual(coming.users);
  expect([...after.ran].sort()).toEqual([...before.ran, ...run.map(({ number }) => number)].sort());
  if (duty.ahead.length > 0) {
    expect(after).toEqual(before);
    return outcome;
  }
  object.level = level;
  const had = object.order;
  object.order = [...had, ...run];
  const isInOrder = ordered.filter((one) => had.includes(one)).every((one, i) => one === had[i]);
  if (isInOrder && options.skipped === undefined && duty.skipped.length > 0) {
    await expectSame(
      object.order,
      ordered.filter((one) => object.order.includes(one)),
    );
  }
  figures.applied += result.applied.length;
  figures.outOfOrder += result.outOfOrder.length;
  for (const { number } of duty.twins) kept.add(number);
  for (const number of after.ran) if (!kept.has(number)) ours.add(number);
  for (const { number } of duty.skipped) if (options.skipped === 'ignore') ignored.add(number);
  await inObject((ctx) => {
    const has = tables(ctx).includes('__drizzle_migrations');
    expect(has).toBe(options.drizzle === 'mirror');
    if (has) expectMirror(ctx, object, new Set([...ours, ...ignored]));
  }, stub);
  // With the baseline or without, with the SQL that it replaces or without: the same list.
  await expectOneRow(stub, () => [input(), options]);
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
  object: Object_,
  code: readonly SchemaMigration[],
  runner: Runner,
): Promise<void> {
  const { stub } = object;
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
  const ran = (runner === 'Drizzle 0.x' ? code : inOrder('1.x', code)).filter(
    ({ number }) => after.ran.has(number) && !before.ran.has(number),
  );
  object.order = [...object.order, ...ran];
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
    const { journal, ours, kept, ignored } = object;
    expect(ours.size + kept.size).toBe(journal.length - ignored.size);
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
        const object: Object_ = {
          stub,
          journal,
          ours: new Set(),
          ignored: new Set(),
          kept: new Set(),
          level: '',
          order: [],
        };
        let newest = 0;
        figures.histories++;
        for (const { runner, form, ahead, back, baseline, writes } of stops) {
          newest = Math.min(newest + ahead, deploys.length - 1);
          const code = deploys[Math.max(newest - back, 0)] as SchemaMigration[];
          await inObject((ctx) => {
            for (const one of writes) writeRow(ctx, one);
          }, stub);
          figures.deploys++;
          if (runner.startsWith('Drizzle')) await deployDrizzle(object, code, runner);
          else {
            const based = baseline && (await basedOn(form, code, baseline));
            const options = { drizzle: runner as 'mirror' | 'retire' };
            await deployAndCheck(object, code, form, options, based);
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
