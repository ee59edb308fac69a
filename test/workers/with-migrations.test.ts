// An object whose migrations are refused or fail is no sealed box.
import { env, evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { DurableObject } from 'cloudflare:workers';
import { afterEach, describe, expect, it } from 'vitest';
import {
  type InspectAnswer,
  type MigrationInput,
  type MigrateOptions,
  type MigrationsCommand,
  withMigrations,
} from '../../src/index.ts';
import { bundle0, dump, make, rows, runDrizzle0 } from './harness.ts';
import { deployed } from './worker.ts';

class Plain extends DurableObject {
  field = 'field';
  #secret = 41;
  static #count = 0;
  static count(): number {
    return ++this.#count;
  }
  secret(): number {
    return ++this.#secret;
  }
  get label(): string {
    return `label ${this.field}`;
  }
  query(sql: string): Record<string, SqlStorageValue>[] {
    return this.ctx.storage.sql.exec(sql).toArray();
  }
  override fetch(): Response {
    return new Response('built');
  }
}

interface Stub {
  __migrations<T = InspectAnswer>(command: MigrationsCommand): Promise<T>;
  secret(): Promise<number>;
  query(sql: string): Promise<Record<string, SqlStorageValue>[]>;
  readonly label: Promise<string>;
  fetch(url: string): Promise<Response>;
}
const stubOf = (id = env.DEPLOYED.newUniqueId()) => env.DEPLOYED.get(id) as unknown as Stub;

afterEach(() => {
  deployed.Class = undefined;
});
const deploy = (migrations: MigrationInput, options?: MigrateOptions) => {
  deployed.Class = withMigrations(class extends Plain {}, migrations, options);
};
const evict = (stub: Stub) => evictDurableObject(stub as never).catch(() => {});

describe('probe', () => {
  it('built', async () => {
    deploy(bundle0(make('a', 0)));
    const stub = stubOf();
    expect(await stub.secret()).toBe(42);
    expect(await stub.label).toBe('label field');
    console.log(JSON.stringify(await stub.__migrations({ do: 'inspect' }), null, 1));
  });
  it('empty', async () => {
    deploy(bundle0(make('a', 0)));
    const id = env.DEPLOYED.newUniqueId();
    const answer = await stubOf(id).__migrations({ do: 'inspect' });
    console.log(JSON.stringify(answer));
    await scheduler.wait(30);
    deployed.Class = Plain;
    console.log(await stubOf(id).query("select name from sqlite_master"));
  });
  it('refused', async () => {
    const a = make('a', 0);
    const b = make('b', 1, 'CREATE TABLE a (y)');
    deploy(bundle0(a));
    const id = env.DEPLOYED.newUniqueId();
    await stubOf(id).secret();
    await evict(stubOf(id));
    deploy(bundle0(a, b));
    const error = await stubOf(id).secret().catch((e) => e);
    console.log(error, JSON.stringify(error), error.code);
    console.log(await stubOf(id).label.catch((e) => e.message));
    const res = await stubOf(id).fetch('http://x');
    console.log(res.status, await res.text());
    const inspected = await stubOf(id).__migrations({ do: 'inspect' });
    console.log(JSON.stringify(inspected, null, 1));
    const r = await stubOf(id).__migrations<unknown>({ do: 'repair', repair: inspected.repairs[0]!.repair, by: 'me', reason: 'test', dryRun: true });
    console.log(JSON.stringify(r, null, 1));
    const r2 = await stubOf(id).__migrations<unknown>({ do: 'repair', repair: inspected.repairs[0]!.repair, by: 'me', reason: 'test' });
    await scheduler.wait(30);
    console.log(await stubOf(id).secret());
    console.log(JSON.stringify(await stubOf(id).__migrations({ do: 'history' }), null, 1));
    const bad = await stubOf(id).__migrations<unknown>({ do: 'repair', repair: inspected.repairs[0]!.repair, by: 'me', reason: 'test' }).catch((e) => e);
    console.log(bad, bad.fits);
    console.log(JSON.stringify(await stubOf(id).__migrations({ do: 'preflight', migrations: bundle0(a, b, make('c', 2), make('d', 3, 'DROP TABLE zz')) }), null, 1));
    console.log(JSON.stringify(await stubOf(id).__migrations({ do: 'preflight', migrations: bundle0(a, b, make('c', 2)) }), null, 1));
  });
});
