// Random lives of two objects that are the same but for this: in one of them some migrations are functions that run the
// statements of the other one's SQL. Branches are merged late, code is rolled back, rows are written in between, and
// functions throw, change their revision, and leave cursors open. Both must come to the same; only what stands before a
// function, or is one, is not judged out of order.
import fc from 'fast-check';
import { afterAll, expect, inject, it, vi } from 'vitest';
import { keyOf } from '../../src/base/key.ts';
import {
  AdoptionError,
  type FunctionEntry,
  type MigrateOptions,
  MigrationError,
  type MigrationRecord,
  OfframpError,
} from '../../src/index.ts';
import {
  deployOurs,
  dump,
  inObject,
  type newObject,
  type Outcome,
  type Row,
  withObject,
} from './harness.ts';
import { deploysOf, tagOf } from './journal.ts';
import { type SchemaMigration, schemaJournal, schemaLife } from './random-schema.ts';
import { write, writeRow } from './random-writes.ts';

type Stub = ReturnType<typeof newObject>;
type Sql = Parameters<FunctionEntry['up']>[0];

/** The ways in which a function runs statements. */
const WAYS: readonly ((sql: Sql, statements: readonly string[]) => unknown)[] = [
  (sql, statements) => {
    for (const statement of statements) sql.exec(statement);
  },
  (sql, statements) => sql.exec(statements.join(';\n')),
  (sql, statements) => {
    for (const statement of statements) {
      const open = sql.exec("SELECT name FROM sqlite_master WHERE name NOT GLOB '_*'");
      // DROP and ALTER find a table locked while it is read.
      if (/^(INSERT|UPDATE|DELETE)/.test(statement)) open.next();
      else open.toArray();
      sql.exec(statement);
    }
    return 'a value';
  },
  (sql, statements) => {
    for (const statement of statements) sql.exec(statement).toArray();
    sql.exec('SELECT * FROM runs');
    for (const row of sql.exec<{ migration: number }>('SELECT migration FROM runs')) {
      if (row.migration >= 0) break;
    }
  },
];

const life = fc.record({
  schema: schemaLife,
  functions: fc.array(fc.boolean(), { minLength: 3, maxLength: 8 }),
  way: fc.nat(WAYS.length - 1),
  stops: fc.array(
    fc.record({
      ahead: fc.constantFrom(0, 1, 1, 2),
      back: fc.constantFrom(0, 0, 0, 1, 2),
      writes: fc.array(write, { maxLength: 12 }),
      revision: fc.constantFrom('1', '1', '2'),
      throws: fc.constantFrom(false, false, true),
      options: fc.constantFrom<MigrateOptions>({}, {}, { drizzle: 'mirror' }, { skipped: 'apply' }),
    }),
    { minLength: 2, maxLength: 6 },
  ),
});

const figures = {
  histories: 0,
  deploys: 0,
  applied: 0,
  functions: 0,
  thrown: 0,
  unjudged: 0,
  failed: 0,
  drift: 0,
};

/** drizzle-kit's rebuilds disable foreign keys, which no function can. */
const isSql = ({ statements }: SchemaMigration): boolean =>
  statements.some((statement) => statement.startsWith('PRAGMA'));

class Twins {
  /** The revision under which each function ran. */
  readonly #ran = new Map<string, string>();

  constructor(
    private readonly plain: Stub,
    private readonly stub: Stub,
    private readonly functions: readonly boolean[],
    private readonly way: number,
  ) {}

  #isFunction(migration: SchemaMigration): boolean {
    return !isSql(migration) && this.functions[migration.number % this.functions.length] === true;
  }

  #record(
    code: readonly SchemaMigration[],
    revision: string,
    isThrowing: boolean,
  ): MigrationRecord {
    return Object.fromEntries(
      code.map((migration, i) => {
        const { sql, when, statements, number } = migration;
        const names = { tag: tagOf(migration), when };
        if (!this.#isFunction(migration)) return [keyOf(i), { ...names, sql }];
        const run = WAYS[(this.way + number) % WAYS.length];
        const up = (handed: Sql) => {
          const value = run?.(handed, statements);
          if (isThrowing) throw new Error('on purpose');
          return value as undefined;
        };
        return [keyOf(i), { ...names, revision, up }];
      }),
    );
  }

  /** Both objects without what tells them apart: the checksums, and the times of the deploys. */
  #look(stub: Stub): Promise<unknown> {
    return inObject((ctx) => {
      const { schema, rows: all } = dump(ctx) as { schema: Row[]; rows: Record<string, Row[]> };
      const ledger = (all.__migrations ?? []).map(({ version, tag, created_at, origin }) => ({
        version,
        tag,
        created_at,
        origin,
      }));
      const theirs = (all.__drizzle_migrations ?? []).map(({ created_at }) => created_at);
      return { schema, rows: { ...all, __migrations: ledger, __drizzle_migrations: theirs } };
    }, stub);
  }

  async #expectThrown(
    code: readonly SchemaMigration[],
    revision: string,
    options: MigrateOptions,
  ): Promise<void> {
    const before = await inObject(dump, this.stub);
    const outcome = await deployOurs(this.stub, this.#record(code, revision, true), options);
    if (!('error' in outcome)) return this.#note(outcome, code, revision);
    figures.thrown++;
    expect(await inObject(dump, this.stub)).toEqual(before);
    expect(outcome.error).toBeInstanceOf(OfframpError);
  }

  /** What ran without throwing: no function was open. */
  #note(outcome: Outcome, code: readonly SchemaMigration[], revision: string): void {
    if ('error' in outcome) return;
    const { applied, drift, upToDate } = outcome.result;
    const tags = new Set(applied.map(({ tag }) => tag));
    for (const migration of code.filter((one) => this.#isFunction(one))) {
      const tag = tagOf(migration);
      if (!tags.has(tag)) continue;
      figures.functions++;
      this.#ran.set(tag, revision);
    }
    const changed = code.flatMap((one) => {
      const ran = this.#isFunction(one) ? this.#ran.get(tagOf(one)) : undefined;
      return ran === undefined || ran === revision ? [] : [tagOf(one)];
    });
    figures.drift += drift.length;
    if (upToDate && drift.length === 0) return;
    expect(drift.map(({ tag }) => tag).sort()).toEqual(changed.sort());
  }

  async deploy(
    code: readonly SchemaMigration[],
    { revision, throws, options }: { revision: string; throws: boolean; options: MigrateOptions },
  ): Promise<void> {
    figures.deploys++;
    // What a throwing deploy leaves must be what the plain one starts from.
    const isOpen = code.some((one) => this.#isFunction(one) && !this.#ran.has(tagOf(one)));
    if (throws && isOpen) await this.#expectThrown(code, revision, options);
    const theirs = await deployOurs(this.plain, this.#plainRecord(code), options);
    const record = this.#record(code, revision, false);
    let ours = await deployOurs(this.stub, record, options);
    const isUnjudged =
      'error' in ours &&
      ours.error instanceof AdoptionError &&
      ours.error.code === 'SKIPPED_MIGRATION' &&
      !('error' in theirs && (theirs.error as AdoptionError).code === 'SKIPPED_MIGRATION');
    if (isUnjudged) {
      figures.unjudged++;
      ours = await deployOurs(this.stub, record, { ...options, skipped: 'apply' });
    }
    this.#expectSame(ours, theirs, isUnjudged);
    this.#note(ours, code, revision);
    expect(await this.#look(this.stub)).toEqual(await this.#look(this.plain));
    const foreignKeys = await inObject(
      (ctx) => ctx.storage.sql.exec('PRAGMA foreign_keys').one().foreign_keys,
      this.stub,
    );
    expect(foreignKeys).toBe(1);
    if (!('error' in ours)) {
      const again = await deployOurs(this.stub, this.#record(code, revision, true), options);
      expect('error' in again).toBe(false);
    }
  }

  #plainRecord(code: readonly SchemaMigration[]): MigrationRecord {
    return Object.fromEntries(
      code.map((one, i) => [keyOf(i), { tag: tagOf(one), when: one.when, sql: one.sql }]),
    );
  }

  #expectSame(ours: Outcome, theirs: Outcome, isUnjudged: boolean): void {
    if ('error' in ours || 'error' in theirs) {
      const [one, other] = [ours, theirs].map((outcome) =>
        'error' in outcome ? outcome.error : undefined,
      );
      expect([one?.name, (one as OfframpError).code]).toEqual([
        other?.name,
        (other as OfframpError).code,
      ]);
      if (one instanceof MigrationError) {
        figures.failed++;
        const { tag, cause } = other as MigrationError;
        expect([one.tag, (one.cause as Error).message]).toEqual([tag, (cause as Error).message]);
      }
      return;
    }
    const shared = ({ result }: Exclude<Outcome, { error: Error }>) => ({
      ...result,
      upToDate: undefined,
      drift: undefined,
      drizzleLedger: undefined,
      // What cannot be judged counts as one out of order.
      ...(isUnjudged && { outOfOrder: undefined }),
    });
    expect(shared(ours)).toEqual(shared(theirs));
    figures.applied += ours.result.applied.length;
  }
}

it('does what the same statements do as SQL', {
  timeout: 120_000 * inject('randomFactor'),
}, async () => {
  vi.spyOn(console, 'warn').mockImplementation(() => {});
  await fc.assert(
    fc.asyncProperty(life, ({ schema, functions, way, stops }) =>
      withObject((plain) =>
        withObject(async (stub) => {
          const deploys = deploysOf(schemaJournal(schema));
          const twins = new Twins(plain, stub, functions, way);
          let newest = 0;
          figures.histories++;
          for (const { ahead, back, writes, ...stop } of stops) {
            newest = Math.min(newest + ahead, deploys.length - 1);
            for (const one of [plain, stub]) {
              await inObject((ctx) => {
                for (const row of writes) writeRow(ctx, row);
              }, one);
            }
            await twins.deploy(deploys[Math.max(newest - back, 0)] as SchemaMigration[], stop);
          }
        }),
      ),
    ),
    { numRuns: 60 * inject('randomFactor') },
  );
});

afterAll(() => {
  const said = Object.entries(figures).map(([name, figure]) => `${figure} ${name}`);
  console.info(`random functions: ${said.join(', ')}`);
});
