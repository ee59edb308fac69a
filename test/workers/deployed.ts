// Objects of a class that went through withMigrations, deploy after deploy.
import { env, evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { DurableObject } from 'cloudflare:workers';
import {
  type HistoryAnswer,
  type InspectAnswer,
  type MigrateOptions,
  type MigrationInput,
  type MigrationsCommand,
  type PreflightAnswer,
  type PreflightCommand,
  type Repair,
  type RepairAnswer,
  withMigrations,
} from '../../src/index.ts';
import { deployed } from './worker.ts';

/** A class without migrations, as its author wrote it. */
export class Plain extends DurableObject {
  /** What was built of it. */
  static built = 0;

  constructor(ctx: DurableObjectState, environment: Cloudflare.Env) {
    super(ctx, environment);
    Plain.built++;
  }

  query(sql: string): Record<string, SqlStorageValue>[] {
    return this.ctx.storage.sql.exec(sql).toArray();
  }

  override fetch(): Response {
    return new Response('built');
  }
}

/** What a stub of such an object is called with. */
export interface Stub {
  query(sql: string): Promise<Record<string, SqlStorageValue>[]>;
  fetch(url: string, init?: RequestInit): Promise<Response>;
  __migrations(command: MigrationsCommand): Promise<unknown>;
}

type ObjectClass = new (ctx: DurableObjectState, environment: Cloudflare.Env) => object;

/** An object, by its id: each call takes a new stub, as one of an instance that ended is broken. */
export class Deployed {
  constructor(readonly id = env.DEPLOYED.newUniqueId()) {}

  get stub(): Stub {
    return env.DEPLOYED.get(this.id) as unknown as Stub;
  }

  /** Ends the instance. */
  async evict(): Promise<void> {
    await evictDurableObject(env.DEPLOYED.get(this.id)).catch((error: Error) => {
      if (!error.message.includes('not currently running')) throw error;
    });
  }

  /** Deploys a class: the instance ends, and the next one is of that class. */
  async deployClass(Class: ObjectClass): Promise<void> {
    await this.evict();
    deployed.Class = Class;
  }

  /** Deploys {@link Plain} with migrations. */
  deploy(migrations: unknown, options?: MigrateOptions): Promise<void> {
    return this.deployClass(
      withMigrations(class extends Plain {}, migrations as MigrationInput, options),
    );
  }

  /** Does something in the object as its code cannot: under a class without migrations. */
  async raw<T>(run: (ctx: DurableObjectState) => T | Promise<T>): Promise<T> {
    const { Class } = deployed;
    await this.deployClass(Plain);
    try {
      return await runInDurableObject(env.DEPLOYED.get(this.id), (_instance, ctx) => run(ctx));
    } finally {
      await this.evict();
      deployed.Class = Class;
    }
  }

  inspect(): Promise<InspectAnswer> {
    return this.stub.__migrations({ do: 'inspect' }) as Promise<InspectAnswer>;
  }

  history(): Promise<HistoryAnswer> {
    return this.stub.__migrations({ do: 'history' }) as Promise<HistoryAnswer>;
  }

  preflight(migrations?: unknown): Promise<PreflightAnswer> {
    return this.stub.__migrations({
      do: 'preflight',
      ...(migrations === undefined ? {} : { migrations }),
    } as PreflightCommand) as Promise<PreflightAnswer>;
  }

  /** Repairs, and waits until the instance has ended. */
  async repair(repair: Repair, more: { dryRun?: boolean } = {}): Promise<RepairAnswer> {
    const command = { do: 'repair', repair, by: 'ada', reason: 'a test', ...more } as const;
    const answer = (await this.stub.__migrations(command)) as RepairAnswer;
    if (answer.repaired) await scheduler.wait(20);
    return answer;
  }
}
