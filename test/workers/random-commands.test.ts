// Random sequences of deploys, writes and commands in one object. No row of a user's table is ever lost, a command that is no
// repair leaves all as it is, a repair changes the ledgers only, and a migration runs once, unless a repair said otherwise.
//
// RANDOM_FACTOR=100 npx vitest run --project workers test/workers/random-commands.test.ts runs ten thousand.
import fc from 'fast-check';
import { afterAll, expect, inject, it, vi } from 'vitest';
import {
  CommandError,
  type HistoryAnswer,
  type InspectAnswer,
  type MigrateOptions,
  type MigrationInput,
  type MigrationsCommand,
  migrate,
  type PreflightAnswer,
  type Repair,
  type RepairAnswer,
  withMigrations,
} from '../../src/index.ts';
import {
  bundle0,
  bundle1,
  dump,
  inObject,
  type Made,
  type Row,
  runDrizzle0,
  runDrizzle1,
  WHEN,
  withObject,
} from './harness.ts';

const COUNT = 6;
const MINUTE = 60_000;

/** One deploy's code: which migrations it has, and what was done to one of them. */
interface Code {
  readonly has: readonly boolean[];
  /** Whose `when` was changed. */
  readonly moved: number;
  /** Whose SQL was changed. */
  readonly edited: number;
  /** Whose statement fails. */
  readonly failing: number;
  /** Whose time is the second of the one before. */
  readonly twin: number;
  readonly form: 'bundle0' | 'bundle1' | 'record';
  readonly options: MigrateOptions;
}

const rarely = (max: number) =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(-1) }, { weight: 1, arbitrary: fc.nat(max) });
const code: fc.Arbitrary<Code> = fc.record({
  has: fc.array(fc.constantFrom(true, true, true, false), { minLength: COUNT, maxLength: COUNT }),
  moved: rarely(COUNT - 1),
  edited: rarely(COUNT - 1),
  failing: rarely(COUNT - 1),
  twin: fc.oneof(
    { weight: 3, arbitrary: fc.constant(-1) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: COUNT - 1 }) },
  ),
  form: fc.constantFrom('bundle0', 'bundle0', 'bundle1', 'record'),
  options: fc.record(
    {
      drizzle: fc.constantFrom('mirror', 'retire'),
      skipped: fc.constantFrom('apply', 'error', 'ignore'),
      ahead: fc.constantFrom('error', 'report'),
      drift: fc.constantFrom('error', 'ignore'),
    },
    { requiredKeys: [] },
  ),
});

/** The tables that migrations make and fill; each writes down that it ran. */
function madeOf({ has, moved, edited, failing, twin }: Code): Made[] {
  return has.flatMap((is, n) => {
    if (!is) return [];
    const runs = 'CREATE TABLE IF NOT EXISTS runs (n)';
    const table = `${runs}; CREATE TABLE ${n % 2 ? '' : 'IF NOT EXISTS '}t${n} (x)`;
    const sql = `${table}; INSERT INTO t${n} VALUES ('made'); INSERT INTO runs VALUES (${n})`;
    return {
      tag: `000${n}_t${n}`,
      when: WHEN + (twin === n ? n - 1 : n) * MINUTE + (moved === n ? 5000 : twin === n ? 1 : 0),
      sql: `${sql}${edited === n ? '; SELECT 1' : ''}${failing === n ? '; SELECT nothing' : ''}`,
    };
  });
}
const inputOf = (one: Code): MigrationInput => {
  const made = madeOf(one);
  if (one.form === 'record') {
    return Object.fromEntries(made.map(({ sql }, i) => [`m000${i}`, sql]));
  }
  return one.form === 'bundle0' ? bundle0(...made) : bundle1(...made);
};

type Step =
  | { readonly kind: 'deploy'; readonly code: Code }
  | { readonly kind: 'write'; readonly table: number }
  | { readonly kind: 'inspect' | 'history' }
  | { readonly kind: 'preflight'; readonly code: Code | null }
  /** One of those that fit, or any. */
  | {
      readonly kind: 'repair';
      readonly which: number;
      readonly any: Repair | null;
      readonly dryRun: boolean;
    };

const migration = fc.nat(COUNT).map((n) => `m000${n}`);
const repair: fc.Arbitrary<Repair> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('mark-applied' as const, 'mark-unapplied' as const, 'accept' as const),
    migration,
  }),
  fc.record({ kind: fc.constant('forget' as const), version: fc.nat(COUNT) }),
  fc.record({
    kind: fc.constant('forget' as const),
    created_at: fc.nat(COUNT).map((n) => WHEN + n * MINUTE),
  }),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('deploy' as const), code }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('write' as const), table: fc.nat(COUNT - 1) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('inspect' as const, 'history' as const) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('preflight' as const), code: fc.option(code) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('repair' as const),
      which: fc.nat(5),
      any: fc.oneof({ weight: 2, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: repair }),
      dryRun: fc.constantFrom(false, false, true),
    }),
  },
);
/**
 * A migration that has lost its time, its text and so its tag at once is another one to anybody, and if one beside it has the second
 * that it had, its row stands for that one.
 */
const known = (one: Code): Code => (one.edited === one.twin ? { ...one, edited: -1 } : one);
/** Rows of Drizzle's stand for texts without tags by their count, and a branch that lacked one would be miscounted. */
const tagged = (one: Code): Code => (one.form === 'record' ? { ...one, form: 'bundle0' } : one);
const life = fc
  .record({
    start: fc.constantFrom('nothing', 'drizzle 0.x', 'drizzle 1.x', 'ours', 'mirrored'),
    first: code.map((one) => known({ ...one, failing: -1 })),
    steps: fc.array(step, { minLength: 3, maxLength: 14 }),
  })
  .map(({ start, first, steps }) => {
    const fix = start.startsWith('drizzle') ? (one: Code) => known(tagged(one)) : known;
    return {
      start,
      first: fix(first),
      steps: steps.map((one) =>
        'code' in one && one.code ? { ...one, code: fix(one.code) } : one,
      ),
    };
  });
type Life = typeof life extends fc.Arbitrary<infer T> ? T : never;

const figures = { lives: 0, refused: 0, repaired: 0, misfits: 0, empty: 0, preflights: 0 };
afterAll(() => console.info('random commands:', JSON.stringify(figures)));

const LEDGERS = /^__(drizzle_)?migrations/;
const userData = (ctx: DurableObjectState): Record<string, Row[]> => {
  const { rows: all } = dump(ctx) as { rows: Record<string, Row[]> };
  return Object.fromEntries(Object.entries(all).filter(([name]) => !LEDGERS.test(name)));
};

/** The rows that are not there any more, each as often as it was there. */
const lost = (had: readonly Row[], now: readonly Row[]): string[] => {
  const left = now.map((row) => JSON.stringify(row));
  return had
    .map((row) => JSON.stringify(row))
    .filter((row) => {
      const at = left.indexOf(row);
      if (at >= 0) left.splice(at, 1);
      return at < 0;
    });
};

/** The migrations that a row which a repair took away may have stood for: without a tag and a time, any. */
const allowedBy = ({
  created_at,
  tag,
}: {
  created_at: number | null;
  tag: string | null;
}): number[] => {
  if (created_at !== null) return [Math.floor((created_at - WHEN + 123) / MINUTE)];
  if (tag === null) return Array.from({ length: COUNT }, (_, n) => n);
  return [...tag.matchAll(/t(\d)/g)].map(([, n]) => Number(n));
};

const NOTHING = { schema: [], rows: {} };

interface Instance {
  __migrations(command: MigrationsCommand): Promise<unknown>;
}

/** An object, and what is known of it without looking at its ledgers. */
class Subject {
  private current: Code;
  private instance: Instance | undefined;
  /** How many rows of ours each table has. */
  private readonly written = new Map<string, number>();
  /** How often each migration may have run. */
  private readonly allowed = new Array<number>(COUNT).fill(1);
  private readonly ctx: DurableObjectState;

  constructor(ctx: DurableObjectState, first: Code) {
    this.ctx = ctx;
    this.current = first;
  }

  /** A wake with the code of now. */
  async wake(): Promise<void> {
    const { ctx } = this;
    const state = {
      id: { toString: () => 'id' },
      storage: ctx.storage,
      abort() {},
      blockConcurrencyWhile: (run: () => Promise<unknown>) => ctx.blockConcurrencyWhile(run),
      getWebSockets: () => [],
    };
    const { current } = this;
    const Class = withMigrations(
      class Some {
        readonly state: unknown;
        constructor(given: unknown, _env: unknown) {
          this.state = given;
        }
      },
      inputOf(current),
      current.options,
    );
    this.instance = new Class(state, {});
    // Its blocks come before any event.
    await ctx.blockConcurrencyWhile(async () => {});
  }

  private ask<T>(command: MigrationsCommand): Promise<T> {
    return this.instance?.__migrations(command) as Promise<T>;
  }

  /** Plays a step, and checks what must be after any. */
  async play(step: Step): Promise<void> {
    if (step.kind === 'deploy') {
      this.current = step.code;
      await this.wake();
    } else if (step.kind === 'write') this.write(`t${step.table}`);
    else if (step.kind === 'repair') await this.repair(step);
    else await this.look(step);
    this.check();
  }

  private write(table: string): void {
    if (userData(this.ctx)[table] === undefined) return;
    this.ctx.storage.sql.exec(`INSERT INTO ${table} VALUES ('mine')`);
    this.written.set(table, (this.written.get(table) ?? 0) + 1);
  }

  private async look(
    step: Extract<Step, { kind: 'inspect' | 'history' | 'preflight' }>,
  ): Promise<void> {
    const before = dump(this.ctx);
    if (step.kind === 'preflight') {
      const input = step.code === null ? {} : { migrations: inputOf(step.code) };
      const { result, error } = await this.ask<PreflightAnswer>({ do: 'preflight', ...input });
      expect(result === null).toBe(error !== null);
      figures.preflights++;
    } else {
      const answer = await this.ask<InspectAnswer | HistoryAnswer>({ do: step.kind });
      if ('state' in answer && answer.state === 'refused') figures.refused++;
      if (answer.empty) expect(dump(this.ctx)).toEqual(NOTHING);
    }
    const after = dump(this.ctx);
    if (JSON.stringify(after) === JSON.stringify(NOTHING) && this.written.size === 0) {
      // It had nothing when this instance began: what was made by the look is gone.
      figures.empty++;
      this.allowed.fill(1);
      await this.wake();
    } else expect(after).toEqual(before);
  }

  private async repair({ which, any, dryRun }: Extract<Step, { kind: 'repair' }>): Promise<void> {
    // An instance that began with an object that has something, so that no look takes it back.
    await this.wake();
    const { repairs, refusal } = await this.ask<InspectAnswer>({ do: 'inspect' });
    if (refusal) figures.refused++;
    await this.wake();
    const repair = any ?? repairs[which % repairs.length]?.repair;
    if (repair === undefined) return;
    const before = dump(this.ctx);
    const data = userData(this.ctx);
    try {
      const answer = await this.ask<RepairAnswer>({
        do: 'repair',
        repair,
        by: 'fc',
        reason: 'random',
        dryRun,
      });
      if (dryRun) expect(dump(this.ctx)).toEqual(before);
      else await this.afterRepair(answer, data);
      await this.wake();
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      // One that is listed fits.
      expect([any === null, error.code]).toEqual([false, 'INVALID_REPAIR']);
      expect(dump(this.ctx)).toEqual(before);
      figures.misfits++;
    }
  }

  private async afterRepair(
    { record, ran, after }: RepairAnswer,
    data: Record<string, Row[]>,
  ): Promise<void> {
    figures.repaired++;
    const now = userData(this.ctx);
    if (ran.length === 0) expect(now).toEqual(data);
    for (const [table, had] of Object.entries(data)) {
      expect(lost(had, now[table] ?? []), table).toEqual([]);
    }
    for (const row of record.before) {
      for (const n of allowedBy(row)) {
        // It may have stood for the other one of its second.
        for (const one of [n, n + 1]) this.allowed[one] = (this.allowed[one] ?? 1) + 1;
      }
    }
    await this.wake();
    const { repairs } = await this.ask<HistoryAnswer>({ do: 'history' });
    expect(repairs.at(-1)).toEqual(record);
    // The next wake does what was said, unless a statement fails.
    const { refusal } = await this.ask<InspectAnswer>({ do: 'inspect' });
    if (refusal?.code !== 'MIGRATION_FAILED') expect(refusal?.code).toBe(after.refusal?.code);
  }

  private check(): void {
    const data = userData(this.ctx);
    for (const [table, count] of this.written) {
      expect(data[table]?.filter(({ x }) => x === 'mine').length, table).toBe(count);
    }
    for (const [n, allowed] of this.allowed.entries()) {
      const times = data.runs?.filter((run) => run.n === n).length ?? 0;
      expect(times, `runs of ${n}`).toBeLessThanOrEqual(allowed);
    }
  }
}

/** What stands in the object before our code comes to it. */
async function begin(ctx: DurableObjectState, start: Life['start'], first: Code): Promise<void> {
  const made = madeOf(first);
  if (start === 'drizzle 0.x') await runDrizzle0(ctx, bundle0(...made));
  else if (start === 'drizzle 1.x') runDrizzle1(ctx, bundle1(...made));
  else if (start !== 'nothing') {
    migrate(ctx, bundle0(...made), { drizzle: start === 'ours' ? 'retire' : 'mirror' });
  }
}

it('never lose a row that no repair named', {
  timeout: 60_000 * inject('randomFactor'),
}, async () => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
  vi.spyOn(console, 'warn').mockImplementation(() => {});
  await fc.assert(
    fc.asyncProperty(life, ({ start, first, steps }) =>
      withObject((stub) =>
        inObject(async (ctx) => {
          await begin(ctx, start, first);
          const subject = new Subject(ctx, first);
          await subject.wake();
          for (const one of steps) await subject.play(one);
          figures.lives++;
        }, stub),
      ),
    ),
    { numRuns: 100 * inject('randomFactor') },
  );
  expect(figures.repaired).toBeGreaterThan(50);
});
