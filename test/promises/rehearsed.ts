// A case by the rehearsal, in workerd, with the class that the case has.
import { env, evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { drizzle } from 'drizzle-orm/durable-sqlite';
import { migrate as drizzleMigrate } from 'drizzle-orm/durable-sqlite/migrator';
import { it } from 'vitest';
import { migrate, migrateAsync } from '../../src/index.ts';
import { migrate as dropIn } from '../../src/migrator.ts';
import { RehearsalError, rehearse } from '../../src/testing.ts';
import { bundleOf, type Calls, type Defect, type History, type Innocent } from './case.ts';
import { hasWords, settleDefect, settleInnocent, wordsOf } from './outcome.ts';
import { deploy } from './worker.ts';

function constructorOf(history: History): (ctx: DurableObjectState) => unknown {
  const migrations = bundleOf(history) as never;
  const { construct } = history;
  if (construct === undefined) return (ctx) => migrate(ctx, migrations);
  const calls = {
    migrations,
    migrate,
    migrateAsync,
    dropIn,
    drizzle,
    drizzleMigrate,
    first: (count: number) => bundleOf(history, count) as never,
  } as unknown as Calls;
  return (ctx) => construct(ctx as never, calls);
}

interface Rehearsed {
  /** What it rejected with, if it did. */
  code: string | undefined;
  text: string;
  /** What is said of the rows that it depends on, wherever that stands. */
  all: string;
}

/** A start has the SQL of its migrations, in which every name stands. */
const withoutStart = (key: string, value: unknown): unknown =>
  key === 'start' ? undefined : value;

async function rehearsed(history: History): Promise<Rehearsed> {
  deploy.construct = constructorOf(history);
  try {
    const rehearsal = await rehearse(env.OBJECT, bundleOf(history) as never, history.options);
    return {
      code: undefined,
      text: rehearsal.text,
      all: rehearsal.text + JSON.stringify(rehearsal, withoutStart),
    };
  } catch (error) {
    if (!(error instanceof RehearsalError)) throw error;
    const found = error.failures.map(({ start, check, found }) => `${check}, ${start}: ${found}`);
    return {
      code: error.code,
      text: error.code === 'REHEARSAL_FAILED' ? found.join('\n') : error.message,
      all: error.message + JSON.stringify(error.rehearsal ?? '', withoutStart),
    };
  } finally {
    deploy.construct = undefined;
  }
}

function isNamed(defect: Defect, { code, text, all }: Rehearsed): boolean {
  const words = wordsOf(defect, 'rehearse');
  if (defect.depends) return hasWords(all, words);
  if (defect.options) return code !== undefined && hasWords(text, words);
  return (code === 'REHEARSAL_FAILED' || code === 'CANNOT_FILL') && hasWords(text, words);
}

/** A test that the rehearsal names a defect. */
export const testDefect = (family: string, defect: Defect): void =>
  it(`${family}: ${defect.what}`, async (context) => {
    const result = await rehearsed(defect);
    const said = `${result.code ?? 'resolved'}\n${result.text}`;
    settleDefect(context, 'rehearse', defect, isNamed(defect, result), said);
  });

/** A test that the rehearsal passes. */
export const testInnocent = (family: string, innocent: Innocent): void =>
  it(`${family}: ${innocent.what}`, async (context) => {
    const { code, text } = await rehearsed(innocent);
    settleInnocent(context, 'rehearse', innocent, code === undefined, `${code}\n${text}`);
  });

/** What an object answers before and after it wakes with the case's class, having been left by Drizzle. */
export async function proven(history: History): Promise<{ before: unknown; after: unknown }> {
  const {
    has = history.history.length - 1,
    deploys = [has],
    rows,
    asks = '',
    next,
    wakes = 1,
  } = history;
  const [first, second] = typeof asks === 'string' ? [asks, asks] : asks;
  const stub = env.OBJECT.get(env.OBJECT.newUniqueId());
  const answer = (question: string) =>
    runInDurableObject(stub, (_, { storage }) => {
      try {
        if (next !== undefined) storage.sql.exec(next);
        return storage.sql.exec(question).toArray();
      } catch (error) {
        return (error as Error).message;
      }
    }).catch((error: Error) => error.message);
  deploy.construct = undefined;
  await runInDurableObject(stub, async (_, { storage }) => {
    for (const count of deploys.filter((count) => count > 0)) {
      await drizzleMigrate(
        drizzle(storage),
        bundleOf({ ...history, form: undefined } as never, count) as never,
      );
    }
    if (rows !== undefined) storage.sql.exec(rows);
  });
  const before = await answer(first);
  let after: unknown;
  for (let wake = 0; wake < wakes; wake++) {
    await evictDurableObject(stub).catch(() => {});
    deploy.construct = constructorOf(history);
    await stub.query('SELECT 1').catch(() => {});
    after = await answer(second);
  }
  deploy.construct = undefined;
  await evictDurableObject(stub).catch(() => {});
  return { before, after };
}
