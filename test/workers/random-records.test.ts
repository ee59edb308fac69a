// Random lives of an object whose code has a plain record: texts and no tags. Branches are merged late, so that numbers
// change; texts are spelled in other ways from deploy to deploy; code is rolled back, and branches are deployed that lack
// what the object has. What ran is told by the `runs` table, which each migration writes itself into and which takes it
// once; what a deploy must come to is told by that alone.
import fc from 'fast-check';
import { afterAll, expect, inject, it, vi } from 'vitest';
import { keyOf } from '../../src/base/key.ts';
import { AdoptionError, ForeignKeyError, MigrationError } from '../../src/index.ts';
import { deployOurs, dump, inObject, rows, tables, withObject } from './harness.ts';
import { deploysOf } from './journal.ts';
import { type SchemaMigration, schemaJournal, schemaLife } from './random-schema.ts';

const SPELLINGS: readonly ((sql: string) => string)[] = [
  (sql) => sql,
  (sql) => `${sql}\n`,
  (sql) => `${sql};`,
  (sql) => `${sql};\n`,
  (sql) => `\n${sql}\n`,
  (sql) => `\ufeff${sql}`,
  (sql) => sql.replaceAll('\n', '\r\n'),
  (sql) => `${sql};\n`.replaceAll('\n', '\r\n'),
];

interface Stop {
  readonly ahead: number;
  readonly back: number;
  /** Which migration a branch lacks, if any. */
  readonly lacks: number;
  readonly spelling: readonly number[];
}

const life = fc.record({
  schema: schemaLife,
  stops: fc.array(
    fc.record({
      ahead: fc.constantFrom(0, 1, 1, 2),
      back: fc.constantFrom(0, 0, 0, 1, 2),
      lacks: fc.constantFrom(0, 0, 1, 2, 3, 4, 5),
      spelling: fc.array(fc.nat(SPELLINGS.length - 1), { minLength: 3, maxLength: 3 }),
    }),
    { minLength: 2, maxLength: 7 },
  ),
});

const figures = { histories: 0, deploys: 0, applied: 0, outOfOrder: 0, drift: 0, refused: 0 };

/** The code of a branch: without a migration, where nobody needs it. */
function branch(code: readonly SchemaMigration[], lacks: number): readonly SchemaMigration[] {
  const one = code.find(({ number }) => number === lacks && number > 0);
  const isNeeded = code.some(
    (other) =>
      one !== undefined &&
      code.indexOf(other) > code.indexOf(one) &&
      other.touches.some((table) => one.touches.includes(table)),
  );
  return isNeeded ? code : code.filter((other) => other !== one);
}

const recordOf = (code: readonly SchemaMigration[], spelling: readonly number[]) =>
  Object.fromEntries(
    code.map(({ sql, number }, i) => {
      const spell = SPELLINGS[spelling[number % spelling.length] as number];
      return [keyOf(i), spell?.(sql) as string];
    }),
  );

const look = (ctx: DurableObjectState) => ({
  ran: tables(ctx).includes('runs')
    ? rows(ctx, 'SELECT migration FROM runs').map(({ migration }) => Number(migration))
    : [],
  versions: tables(ctx).includes('__migrations')
    ? rows(ctx, 'SELECT version FROM __migrations ORDER BY version').map(({ version }) => version)
    : [],
  dump: dump(ctx),
});

const keys = (code: readonly SchemaMigration[], some: readonly SchemaMigration[]) =>
  some.map((one) => ({ key: keyOf(code.indexOf(one)), tag: null }));

async function deployAndCheck(
  stub: Parameters<typeof deployOurs>[0],
  order: SchemaMigration[],
  code: readonly SchemaMigration[],
  { spelling }: Stop,
): Promise<void> {
  const before = await inObject(look, stub);
  const open = code.filter((one) => !order.includes(one));
  const ahead = order.filter((one) => !code.includes(one));
  const latest = code.findLastIndex((one) => order.includes(one));
  const skipped = open.filter((one) => code.indexOf(one) < latest);
  const outcome = await deployOurs(stub, recordOf(code, spelling));
  const after = await inObject(look, stub);
  figures.deploys++;
  // Nothing but the numbers says that one was not edited into the other.
  const isDrift =
    open.length > 0 &&
    ahead.length === open.length &&
    ahead.every((one) => open.includes(code[order.indexOf(one)] as SchemaMigration));
  if ('error' in outcome) {
    figures.refused++;
    expect(after).toEqual(before);
    // A row may find no parent.
    if (outcome.error instanceof MigrationError || outcome.error instanceof ForeignKeyError) return;
    expect(outcome.error).toBeInstanceOf(AdoptionError);
    const mayBe = [
      ...(ahead.length > 0 && open.length > 0 && !isDrift ? ['UNKNOWN_MIGRATION'] : []),
      ...(skipped.length > 0 ? ['SKIPPED_MIGRATION'] : []),
    ];
    expect(mayBe).toContain((outcome.error as AdoptionError).code);
    return;
  }
  const { result } = outcome;
  if (isDrift) {
    figures.drift++;
    expect(result).toMatchObject({ applied: [], ahead: [] });
    expect(result.drift).toHaveLength(open.length);
    expect(after.ran).toEqual(before.ran);
    return;
  }
  expect([ahead.length, open.length]).toContain(0);
  expect(skipped.filter(({ isAdditive }) => !isAdditive)).toEqual([]);
  expect(result.applied).toEqual(keys(code, open));
  expect(result.outOfOrder).toEqual(keys(code, skipped));
  expect(result).toMatchObject({ drift: [], unknown: [], adopted: [] });
  expect(result.ahead).toHaveLength(ahead.length);
  order.push(...open);
  expect([...after.ran].sort()).toEqual(order.map(({ number }) => number).sort());
  expect(after.versions).toEqual(order.map((_, i) => i));
  figures.applied += open.length;
  figures.outOfOrder += skipped.length;
}

it('runs each migration once, whatever its number', {
  timeout: 120_000 * inject('randomFactor'),
}, async () => {
  vi.spyOn(console, 'warn').mockImplementation(() => {});
  await fc.assert(
    fc.asyncProperty(life, ({ schema, stops }) =>
      withObject(async (stub) => {
        const deploys = deploysOf(schemaJournal(schema));
        const order: SchemaMigration[] = [];
        let newest = 0;
        figures.histories++;
        for (const stop of stops) {
          newest = Math.min(newest + stop.ahead, deploys.length - 1);
          const code = deploys[Math.max(newest - stop.back, 0)] as SchemaMigration[];
          await deployAndCheck(stub, order, branch(code, stop.lacks), stop);
        }
      }),
    ),
    { numRuns: 120 * inject('randomFactor') },
  );
});

afterAll(() => {
  const said = Object.entries(figures).map(([name, figure]) => `${figure} ${name}`);
  console.info(`random records: ${said.join(', ')}`);
});
