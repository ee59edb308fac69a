// An ejected record in objects that never woke under drizzle-offramp, and after a merge by hand. The records are those
// that the built command wrote (see ../convert-example.ts); what `new` appends is written out here.
import { describe, expect, it } from 'vitest';
import bundle0 from '../../drizzle/migrations.js';
import { type MigrationEntry, type MigrationRecord, migrate } from '../../src/index.ts';
import { readMigrations } from '../../src/input/migrations.ts';
import ejected0 from '../.generated/converted/ejected/migrations.ts';
import ejected1 from '../.generated/converted/ejected-1/migrations.ts';
import files from '../.generated/converted/files/migrations.ts';
import plain from '../.generated/converted/plain/migrations.ts';
import bundle1 from '../.generated/up/drizzle/migrations.js';
import {
  cut0,
  cut1,
  dump,
  ledger,
  newObject,
  rows,
  runDrizzle0,
  runDrizzle1,
  tables,
  thrown,
  wake,
} from './harness.ts';

const RECORDS: Record<string, MigrationRecord> = {
  'of a 0.x folder': ejected0,
  'with .sql files': files,
  'of a 1.x folder': ejected1,
};

const TAGS = readMigrations(ejected0).migrations.map(({ tag }) => tag as string);
const SIZE = TAGS.length;

/** An object as real Drizzle leaves it: an own wake for each bundle. */
async function leave0(...counts: number[]) {
  const stub = newObject();
  for (const count of counts) {
    await wake(stub, (ctx) => {
      ctx.blockConcurrencyWhile(() => runDrizzle0(ctx, cut0(bundle0, count)));
    });
  }
  return stub;
}

async function leave1(...counts: number[]) {
  const stub = newObject();
  for (const count of counts) await wake(stub, (ctx) => runDrizzle1(ctx, cut1(bundle1, count)));
  return stub;
}

/** An object over which Drizzle 0.45 skipped an entry: the branch that has it was merged when the next had been deployed. */
async function leaveSkipped(name: string) {
  const at = TAGS.findIndex((tag) => tag.endsWith(`_${name}`));
  const { journal, migrations } = cut0(bundle0, at + 2);
  const { [`m000${at}`]: _, ...others } = migrations;
  const early = { journal: { entries: journal.entries.toSpliced(at, 1) }, migrations: others };
  const stub = newObject();
  for (const bundle of [early, bundle0]) {
    await wake(stub, (ctx) => {
      ctx.blockConcurrencyWhile(() => runDrizzle0(ctx, bundle));
    });
  }
  return stub;
}

const isTable = (ctx: DurableObjectState, name: string): boolean => tables(ctx).includes(name);

const schema = (ctx: DurableObjectState) =>
  rows(
    ctx,
    "SELECT type, name, sql FROM sqlite_master WHERE name NOT GLOB '_*' AND tbl_name NOT GLOB '__*' ORDER BY name",
  );

/** What `drizzle-offramp new` appends, written. */
const made = (name: string, minutes: number, sql: string, exact: boolean): MigrationEntry => {
  const when = Date.UTC(2026, 11, 1, 12, minutes, 0, 456);
  return {
    tag: `2026120112${String(minutes).padStart(2, '0')}00_${name}`,
    ...(exact && { when }),
    sql,
  };
};

const keyed = (entries: readonly (string | MigrationEntry)[]): MigrationRecord =>
  Object.fromEntries(entries.map((entry, i) => [`m${String(i).padStart(4, '0')}`, entry]));

describe('an object that never woke under drizzle-offramp', () => {
  for (const [name, record] of Object.entries(RECORDS)) {
    for (const [drizzle, leave] of [
      ['0.45', leave0],
      ['1.0.0-rc.5', leave1],
    ] as const) {
      // 1.x sorts by name, and so has another third migration than the journal where that is out of order.
      it.each([1, 4, SIZE])(
        `is adopted by identity by a record ${name}, after Drizzle ${drizzle} ran %i`,
        async (count) => {
          const stub = await leave(count);
          const result = await wake(stub, (ctx) => migrate(ctx, record));
          expect(result.adopted.map(({ tag }) => tag)).toEqual(TAGS.slice(0, count));
          expect(result.applied.map(({ tag }) => tag)).toEqual(TAGS.slice(count));
          expect(result).toMatchObject({ outOfOrder: [], ignored: [], drift: [], ahead: [] });
          const seen = await wake(stub, (ctx) => [
            ledger(ctx),
            isTable(ctx, '__drizzle_migrations'),
          ]);
          expect(seen).toEqual([
            TAGS.map((tag, version) => ({
              version,
              tag,
              origin: version < count ? 'drizzle' : 'applied',
            })),
            false,
          ]);
        },
      );
    }

    it(`gets late what Drizzle skipped, and only that: a record ${name}`, async () => {
      const stub = await leaveSkipped('labels');
      const result = await wake(stub, (ctx) => migrate(ctx, record));
      const labels = TAGS.find((tag) => tag.endsWith('_labels')) as string;
      expect(result.applied.map(({ tag }) => tag)).toEqual([labels]);
      expect(result.outOfOrder).toEqual(result.applied);
      expect(result.adopted.map(({ tag }) => tag)).toEqual(TAGS.filter((tag) => tag !== labels));
      const fresh = newObject();
      await wake(fresh, (ctx) => migrate(ctx, record));
      expect(await wake(stub, schema)).toEqual(await wake(fresh, schema));
    });

    it(`refuses by name what Drizzle skipped and does more than add: a record ${name}`, async () => {
      const stub = await leaveSkipped('display_name');
      const seen = await wake(stub, (ctx) => {
        const before = dump(ctx);
        const error = thrown(() => migrate(ctx, record));
        return { before, error, after: dump(ctx) };
      });
      const tag = TAGS.find((other) => other.endsWith('_display_name'));
      const key = 'm0005';
      expect(seen.error).toMatchObject({
        code: 'SKIPPED_MIGRATION',
        table: '__drizzle_migrations',
        keys: [key],
      });
      expect(seen.after).toEqual(seen.before);
      const result = await wake(stub, (ctx) => migrate(ctx, record, { skipped: 'ignore' }));
      expect(result).toMatchObject({ ignored: [{ key, tag }], applied: [], outOfOrder: [] });
      expect(result.adopted.map((ref) => ref.tag)).toEqual(TAGS.filter((other) => other !== tag));
    });
  }

  it('is mistaken by a record of strings alone, which goes by count', async () => {
    const stub = await leaveSkipped('labels');
    const error = await wake(stub, (ctx) => thrown(() => migrate(ctx, plain)));
    // It takes the skipped one for one that ran, and runs the last one again.
    expect(error).toMatchObject({ code: 'MIGRATION_FAILED', key: 'm0010' });
  });

  it.each(Object.entries(RECORDS))(
    "keeps Drizzle's ledger in sync under mirror, so that Drizzle can come back: a record %s",
    async (_, record) => {
      const mirror = { drizzle: 'mirror' } as const;
      for (const [leave, back] of [
        [
          leave0,
          (ctx: DurableObjectState) =>
            void ctx.blockConcurrencyWhile(() => runDrizzle0(ctx, bundle0)),
        ],
        [leave1, (ctx: DurableObjectState) => runDrizzle1(ctx, bundle1)],
      ] as const) {
        const stub = await leave(4);
        // Drizzle knows nothing of one that a person wrote, and does not mind it.
        const byHand = made('by_hand', 0, 'CREATE TABLE by_hand (x)', record !== ejected1);
        const all = keyed([...Object.values(record), byHand]);
        expect(await wake(stub, (ctx) => migrate(ctx, all, mirror))).toMatchObject({
          adopted: { length: 4 },
          applied: { length: SIZE + 1 - 4 },
        });
        const before = await wake(stub, (ctx) => [
          schema(ctx),
          rows(ctx, 'SELECT count(*) AS n FROM __drizzle_migrations'),
        ]);
        expect(before[1]).toEqual([{ n: SIZE + 1 }]);
        await wake(stub, back);
        expect(
          await wake(stub, (ctx) => [
            schema(ctx),
            rows(ctx, 'SELECT count(*) AS n FROM __drizzle_migrations'),
          ]),
        ).toEqual(before);
        expect((await wake(stub, (ctx) => migrate(ctx, all, mirror))).upToDate).toBe(true);
      }
    },
  );
});

describe('a merge by hand', () => {
  for (const [name, record] of Object.entries(RECORDS)) {
    const base = Object.values(record);
    const exact = name !== 'of a 1.x folder';
    const counter = made(
      'counter',
      0,
      'CREATE TABLE counter (n); INSERT INTO counter VALUES (0);',
      exact,
    );
    const x = made('x', 1, 'CREATE TABLE x (a); INSERT INTO x VALUES (1);', exact);
    const y = made('y', 2, 'CREATE TABLE y (a); INSERT INTO y VALUES (1);', exact);
    const z = made('z', 3, 'UPDATE counter SET n = n + 1;', exact);

    /** What an object has of both branches, and how it came to that. */
    const ours = async (...has: MigrationEntry[]) => {
      const stub = newObject();
      await wake(stub, (ctx) => migrate(ctx, keyed([...base, ...has])));
      return { stub, has };
    };
    const theirs = async (stub: ReturnType<typeof newObject>) => ({
      stub,
      has: [] as MigrationEntry[],
    });
    const objects = {
      'an object of Drizzle 0.x': async () => theirs(await leave0(SIZE)),
      'an object of Drizzle 1.x': async () => theirs(await leave1(SIZE)),
      'an object of the common past': () => ours(counter),
      'an object of the one branch': () => ours(counter, x),
      'an object of the other branch': () => ours(counter, y),
    };
    for (const [object, prepare] of Object.entries(objects)) {
      for (const [order, merged] of Object.entries({
        appended: [counter, x, y, z],
        inserted: [counter, y, x, z],
      })) {
        it(`runs exactly what is missing: a record ${name}, ${object}, ${order}`, async () => {
          const { stub, has } = await prepare();
          const all = keyed([...base, ...merged]);
          const result = await wake(stub, (ctx) => migrate(ctx, all));
          expect(result.applied.map(({ tag }) => tag)).toEqual(
            merged.filter((entry) => !has.includes(entry)).map(({ tag }) => tag),
          );
          expect(result).toMatchObject({ drift: [], ahead: [], unknown: [], ignored: [] });
          const seen = await wake(stub, (ctx) => ({
            x: rows(ctx, 'SELECT a FROM x'),
            y: rows(ctx, 'SELECT a FROM y'),
            counter: rows(ctx, 'SELECT n FROM counter'),
            tags: ledger(ctx).map(({ tag }) => tag),
            again: migrate(ctx, all).upToDate,
          }));
          expect(seen).toMatchObject({
            x: [{ a: 1 }],
            y: [{ a: 1 }],
            counter: [{ n: 1 }],
            again: true,
          });
          expect(seen.tags.toSorted()).toEqual(
            [...TAGS, ...merged.map(({ tag }) => tag as string)].toSorted(),
          );
        });
      }
    }

    it(`keeps a number for no other migration where one was edited as it moved: a record ${name}`, async () => {
      const stub = newObject();
      await wake(stub, (ctx) => migrate(ctx, keyed([...base, counter, z])));
      const edited = { ...z, sql: `${z.sql}\n` };
      const all = keyed([...base, counter, x, edited]);
      const result = await wake(stub, (ctx) => migrate(ctx, all, { drift: 'ignore' }));
      expect(result.applied.map(({ tag }) => tag)).toEqual([x.tag]);
      const seen = await wake(stub, (ctx) => [
        rows(ctx, 'SELECT n FROM counter'),
        rows(ctx, 'SELECT a FROM x'),
      ]);
      expect(seen).toEqual([[{ n: 1 }], [{ a: 1 }]]);
    });
  }
});
