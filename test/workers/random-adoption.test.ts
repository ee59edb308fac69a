// Random lives of objects that another runner has begun: one with a ledger of its own, which says what ran in any order and
// some of it twice, and one with no ledger at all. Deploys of ours with `mirror` and `retire` come in between, with
// branches that were merged late. Each migration marks that it ran in the table `runs`, which takes it once.
//
// RANDOM_FACTOR=10 npx vitest run --project workers test/workers/random-adoption.test.ts runs ten times as many.
import fc from 'fast-check';
import { afterAll, expect, inject, it } from 'vitest';
import { printOf, writeSchemas } from '../../src/adopt/schemas.ts';
import { namesOf, structureOf } from '../../src/adopt/structure.ts';
import { schemas } from '../../src/adopt.ts';
import {
  AdoptionError,
  defineMigrations,
  ForeignKeyError,
  inspect,
  type MigrateOptions,
  MigrationError,
  type MigrationRecord,
  migrate,
} from '../../src/index.ts';
import { readMigrations } from '../../src/input/migrations.ts';
import { bundle0, dump, inObject, rows, tables, watched } from './harness.ts';
import { deploysOf, tagOf } from './journal.ts';
import { type SchemaMigration, schemaJournal, schemaLife } from './random-schema.ts';
import { write, writeRow } from './random-writes.ts';

const figures = {
  lives: 0,
  own: 0,
  ours: 0,
  adopted: 0,
  refused: 0,
  failed: 0,
  matched: 0,
  doubtful: 0,
};
afterAll(() => {
  const said = Object.entries(figures).map(([name, figure]) => `${figure} ${name}`);
  console.info(`random adoptions: ${said.join(', ')}`);
});

const stop = fc.record({
  runner: fc.constantFrom('own', 'own', 'mirror', 'retire'),
  ahead: fc.constantFrom(0, 1, 1, 2),
  back: fc.constantFrom(0, 0, 0, 1),
  twice: fc.boolean(),
  writes: fc.array(write, { maxLength: 6 }),
});

const numbers = (ctx: DurableObjectState, table: string): number[] =>
  tables(ctx).includes(table)
    ? rows(ctx, `SELECT migration FROM "${table}"`).map(({ migration }) => migration as number)
    : [];

/** The runner that the object came with: what it lacks, in one transaction, and a row for each. */
function runOwn(ctx: DurableObjectState, code: readonly SchemaMigration[], twice: boolean): void {
  const { storage } = ctx;
  storage.sql.exec('CREATE TABLE IF NOT EXISTS own (migration, note)');
  const had = new Set(numbers(ctx, 'own'));
  try {
    storage.transactionSync(() => {
      for (const { number, statements } of code.filter((one) => !had.has(one.number))) {
        for (const statement of statements) storage.sql.exec(statement);
        for (let i = twice ? 2 : 1; i > 0; i--) {
          storage.sql.exec(
            'INSERT INTO own (rowid, migration) VALUES (?, ?)',
            1000 - number * 2 - i,
            number,
          );
        }
      }
    });
  } catch {
    // It cannot run on these rows: the object stays as it is.
  }
}

/** A deploy of ours, and what it must come to by what both ledgers have. */
function runOurs(
  ctx: DurableObjectState,
  journal: readonly SchemaMigration[],
  code: readonly SchemaMigration[],
  ours: Set<number>,
  options: MigrateOptions,
): void {
  const own = new Set(numbers(ctx, 'own'));
  const coded = new Set(code.map(({ number }) => number));
  const unknown = [...own].filter((number) => !coded.has(number) && !ours.has(number));
  const before = dump(ctx);
  const bundle = bundle0(...code);
  const adopt = {
    table: 'own',
    key: (row: { migration: number }) => tagOf(journal[row.migration] as SchemaMigration),
  };
  try {
    const { adopted, applied, upToDate } = migrate(ctx, bundle, { ...options, adopt });
    expect(unknown).toEqual([]);
    figures.adopted += adopted.length;
    const fresh = code.filter(({ number }) => own.has(number) && !ours.has(number)).map(tagOf);
    if (!upToDate) expect(adopted.map(({ tag }) => tag).sort()).toEqual(fresh.sort());
    const had = new Set([...own, ...ours]);
    const lacking = code.filter(({ number }) => !had.has(number)).map(tagOf);
    expect(applied.map(({ tag }) => tag).sort()).toEqual(lacking.sort());
    for (const number of [...coded, ...own]) ours.add(number);
    // All of it has run, and each once: the table takes no number twice.
    expect(numbers(ctx, 'runs').sort()).toEqual([...ours].sort());
    if (options.drizzle === 'mirror') expect(new Set(numbers(ctx, 'own'))).toEqual(own);
    else if (!upToDate) expect(tables(ctx)).not.toContain('own');
    expect(tables(ctx)).not.toContain('__drizzle_migrations');
    const { target, rows: count } = watched(ctx);
    expect(migrate(target, bundle, { ...options, adopt }).upToDate).toBe(true);
    if (!upToDate) expect(count()).toEqual({ read: 1, written: 0 });
  } catch (error) {
    expect(dump(ctx)).toEqual(before);
    if (error instanceof AdoptionError) {
      figures.refused++;
      expect(error.code === 'UNKNOWN_ROW').toBe(unknown.length > 0);
      if (unknown.length === 0) {
        expect(error.code).toMatch(/^(SKIPPED_MIGRATION|UNKNOWN_MIGRATION|OTHER_HISTORY)$/);
      }
      return;
    }
    figures.failed++;
    if (!(error instanceof MigrationError) && !(error instanceof ForeignKeyError)) throw error;
    expect(error.message).not.toContain('runs.migration');
  }
}

it('a ledger of its own: nothing is run twice, and nothing is passed over', {
  timeout: 120_000 * inject('randomFactor'),
}, async () => {
  await fc.assert(
    fc.asyncProperty(schemaLife, fc.array(stop, { minLength: 2, maxLength: 6 }), (schema, stops) =>
      inObject(async (ctx) => {
        figures.lives++;
        const journal = schemaJournal(schema);
        const deploys = deploysOf(journal);
        const ours = new Set<number>();
        let newest = 0;
        let isRetired = false;
        for (const [turn, { runner, ahead, back, twice, writes }] of stops.entries()) {
          newest = Math.min(newest + ahead, deploys.length - 1);
          const code = deploys[Math.max(newest - back, 0)] as SchemaMigration[];
          for (const one of writes) writeRow(ctx, one);
          await ctx.storage.sync();
          if (runner === 'own' || turn === 0) {
            // Once its table is gone, or lacks what ours ran, it would run all of that again.
            const known = new Set(numbers(ctx, 'own'));
            if (isRetired || [...ours].some((number) => !known.has(number))) continue;
            figures.own++;
            runOwn(ctx, code, twice);
          } else {
            figures.ours++;
            runOurs(ctx, journal, code, ours, { drizzle: runner as 'mirror' | 'retire' });
            isRetired ||= ours.size > 0 && !tables(ctx).includes('own');
          }
          await ctx.storage.sync();
        }
      }),
    ),
    { numRuns: 40 * inject('randomFactor') },
  );
});

/** What a migration does beside marking that it ran. */
const unmarked = ({ statements }: SchemaMigration): string[] => statements.slice(0, -1);

it('no ledger: the schema tells what ran, or nothing is changed', {
  timeout: 120_000 * inject('randomFactor'),
}, async () => {
  await fc.assert(
    fc.asyncProperty(schemaLife, fc.nat(7), async (schema, place) => {
      const journal = schemaJournal(schema);
      const plain = Object.fromEntries(
        journal.map((migration, at) => [
          `m000${at}`,
          { tag: tagOf(migration), sql: unmarked(migration).join(';\n') || 'SELECT 1' },
        ]),
      ) satisfies MigrationRecord;
      const tags = new Set(journal.map(tagOf));
      // Two of one name are refused as such.
      if (tags.size < journal.length) return;
      // Not each of these histories runs in an empty object: `convert` says so.
      const text = await inObject(({ storage: { sql } }) => {
        const { migrations } = readMigrations({ ...plain });
        sql.exec('PRAGMA foreign_keys = OFF');
        const names = new Set<string>();
        const prints = journal.map((migration) => {
          for (const statement of unmarked(migration)) sql.exec(statement);
          for (const name of namesOf(sql)) names.add(name);
          return printOf(structureOf(sql, names));
        });
        return writeSchemas(migrations, prints, [...names]);
      }).catch(() => undefined);
      if (text === undefined) return;
      const record = defineMigrations({ ...plain }, '', schemas(text));
      const at = place % journal.length;
      await inObject(async (ctx) => {
        ctx.storage.sql.exec('PRAGMA foreign_keys = OFF');
        for (const migration of journal.slice(0, at + 1)) {
          for (const statement of unmarked(migration)) ctx.storage.sql.exec(statement);
        }
        ctx.storage.sql.exec('PRAGMA foreign_keys = ON');
        await ctx.storage.sync();
        const before = dump(ctx);
        try {
          const { adopted } = migrate(ctx, record, { untracked: 'match' });
          figures.matched++;
          expect(adopted.map(({ key }) => key)).toEqual(Object.keys(plain).slice(0, at + 1));
        } catch (error) {
          expect(dump(ctx)).toEqual(before);
          if (error instanceof AdoptionError && error.code === 'AMBIGUOUS_SCHEMA') {
            figures.doubtful++;
            expect(error.keys).toContain(`m000${at}`);
            const told = inspect(ctx, record, {
              untracked: { at: `m000${at}` },
              skipped: 'apply',
            }).result;
            expect(told.adopted).toHaveLength(at + 1);
          } else if (!(error instanceof MigrationError || error instanceof ForeignKeyError)) {
            // A rebuild that was made on another branch is refused in its place.
            expect((error as AdoptionError).code).toBe('SKIPPED_MIGRATION');
          }
        }
      });
    }),
    { numRuns: 40 * inject('randomFactor') },
  );
});
