// Every move between five runners, on one object with rows: Drizzle 0.45, Drizzle 1.0.0-rc.5, do-orm, and ours with
// `mirror` and with `retire`, the latter also with a baseline whose SQL was dropped. New migrations come in at every stop, and at some an older deploy is live.
import { describe, expect, it } from 'vitest';
import { type MigrationRecord, migrate } from '../../src/index.ts';
import { baselineHeader } from '../../src/input/baseline.ts';
import { entryOf } from '../../src/input/entry.ts';
import { readMigrations } from '../../src/input/migrations.ts';
import { splitStatements } from '../../src/sql/statements.ts';
import { doOrm } from './do-orm.ts';
import {
  bundle0,
  bundle1,
  dump,
  inObject,
  type Made,
  newObject,
  rows,
  runDrizzle0,
  runDrizzle1,
} from './harness.ts';

const when = Date.UTC(2026, 10, 22, 12, 0, 0, 123);
/** Each leaves a table, and a row in `runs` each time it is run. */
const step = (i: number): Made => ({
  tag: `000${i}_step`,
  when: when + i * 60_000,
  sql:
    (i === 0 ? 'CREATE TABLE runs (step INTEGER);' : '') +
    `CREATE TABLE t${i} (id INTEGER PRIMARY KEY);INSERT INTO t${i} VALUES (1), (2);INSERT INTO runs VALUES (${i})`,
});
const steps = (count: number): Made[] => Array.from({ length: count }, (_, i) => step(i));
/** drizzle-orm runs a chunk as one statement's text, so the breakpoints stand as drizzle-kit writes them. */
const broken = (made: Made[]): Made[] =>
  made.map((one) => ({ ...one, sql: one.sql.replaceAll(';', ';--> statement-breakpoint\n') }));
const record = (made: Made[]) => Object.fromEntries(made.map(({ sql }, i) => [`m000${i}`, sql]));

/** The first two under a baseline, without their SQL. */
const based = (made: Made[]): MigrationRecord => {
  const { migrations } = readMigrations(bundle0(...made));
  const last = Math.min(made.length, 2) - 1;
  const texts = made.slice(0, last + 1).flatMap(({ sql }) => splitStatements(sql));
  const baseline = `${baselineHeader(migrations.slice(0, last + 1))}\n${texts.join(';\n')}`;
  return Object.fromEntries(
    migrations.map((one, at) => [
      one.key,
      entryOf({ ...one, ...(at <= last && { sql: null }), ...(at === last && { baseline }) }),
    ]),
  );
};

type Deploy = (ctx: DurableObjectState, made: Made[]) => void | Promise<void>;
const runners: Record<string, Deploy> = {
  'Drizzle 0.x': (ctx, made) => runDrizzle0(ctx, bundle0(...made)),
  'Drizzle 1.x': (ctx, made) => runDrizzle1(ctx, bundle1(...made)),
  'do-orm': (ctx, made) => doOrm(ctx.storage, record(made)),
  'mirror, 0.x bundle': (ctx, made) => void migrate(ctx, bundle0(...made), { drizzle: 'mirror' }),
  'mirror, 1.x bundle': (ctx, made) => void migrate(ctx, bundle1(...made), { drizzle: 'mirror' }),
  'retire, 0.x bundle': (ctx, made) => void migrate(ctx, bundle0(...made)),
  'retire, 1.x bundle': (ctx, made) => void migrate(ctx, bundle1(...made)),
  'retire, baseline': (ctx, made) => void migrate(ctx, based(made)),
};
const names = Object.keys(runners);
const moves = names.flatMap((from) =>
  names.filter((to) => to !== from).map((to) => [from, to] as const),
);

const ran = (ctx: DurableObjectState) =>
  rows(ctx, 'SELECT step FROM runs ORDER BY step').map((row) => row.step);
const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);

const isDrizzle = (name: string) => name.startsWith('Drizzle');
/** Runners after which no ledger of Drizzle's stands. */
const dropsLedger = (name: string) => name === 'do-orm' || name.startsWith('retire');

/** The order of the stops of a move: each side twice around, first with older code and then with newer. */
const route = (from: string, to: string): string[] => [
  from,
  to,
  to,
  from,
  from,
  to,
  to,
  from,
  from,
];

/** What each stop comes to. What throws has changed nothing, and the next stop of another runner goes on. */
function expected(from: string, to: string): string[] {
  const other = (name: string) => (name === from ? to : from);
  return route(from, to).map((name, at) => {
    // Older code than the one that Drizzle has run: nobody but Drizzle knows of that migration yet.
    if (at === 1 && isDrizzle(from) && !isDrizzle(to)) {
      return to === 'do-orm' ? 'Drizzle has 2 migrations but only 1 were provided' : 'UNKNOWN_ROW';
    }
    // Drizzle finds no ledger, runs everything again, and its first CREATE TABLE throws.
    if (isDrizzle(name) && dropsLedger(other(name)) && at > 0) return 'Rollback';
    // Drizzle 1.x upgrades a 0.x ledger with older code and gives every row the name of its last migration.
    if (at === 2 && name === 'Drizzle 1.x' && /0\.x/.test(from)) return 'Rollback';
    // Drizzle 1.x writes the second only, so 0.x takes its own last migration for newer; and the other way round.
    if (isDrizzle(from) && isDrizzle(to)) {
      const old = from === 'Drizzle 0.x' ? [2, 5, 6] : [2, 6];
      return old.includes(at) ? 'Rollback' : 'ok';
    }
    return 'ok';
  });
}

describe('every move, twice around', () => {
  it.each(moves)('%s → %s', async (from, to) => {
    const stub = newObject();
    const outcomes: string[] = [];
    let reached = 0;
    const stop = async (name: string, count: number) => {
      const before = await inObject(dump, stub);
      try {
        await inObject((ctx) => (runners[name] as Deploy)(ctx, broken(steps(count))), stub);
        outcomes.push('ok');
        reached = Math.max(reached, count);
      } catch (error) {
        const { code, message } = error as Error & { code?: string };
        outcomes.push(code ?? message);
        expect(await inObject(dump, stub)).toEqual(before);
      }
      // Nothing ran twice, nothing was passed over, no row is lost.
      expect(await inObject(ran, stub)).toEqual(numbers(reached));
      for (const i of numbers(reached)) {
        expect(await stub.query(`SELECT id FROM t${i}`)).toEqual([{ id: 1 }, { id: 2 }]);
      }
    };
    let count = 1;
    for (const [at, name] of route(from, to).entries()) {
      const older = at % 2 === 1;
      await stop(name, older ? count - 1 : ++count);
    }
    expect(outcomes).toEqual(expected(from, to));
    await stop('mirror, 0.x bundle', ++count);
    await stop('retire, 1.x bundle', ++count);
    expect(outcomes.slice(-2)).toEqual(['ok', 'ok']);
  });
});
