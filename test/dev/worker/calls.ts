// A pending table rebuild, from wherever a class without a base class of its own calls, and with whatever it passes.

import { drizzle } from 'drizzle-orm/durable-sqlite';
import { type DrizzleBundle0, migrate, migrateAsync } from '../../../src/index.ts';
import { migrate as dropIn } from '../../../src/migrator.ts';
import { type Probe, REBUILD, type Scene } from './probe.ts';

/** A bundle of drizzle-kit 0.x with these migrations. */
const bundle = (...migrations: string[]): DrizzleBundle0 => ({
  journal: {
    entries: migrations.map((_, idx) => ({
      idx,
      when: Date.UTC(2026, 9, 1, 0, idx),
      tag: `000${idx}_made`,
      breakpoints: true,
    })),
  },
  migrations: Object.fromEntries(migrations.map((sql, idx) => [`m000${idx}`, sql])),
});

const rebuild = `PRAGMA foreign_keys=OFF;${REBUILD};PRAGMA foreign_keys=ON;`;
const migrations = bundle('CREATE TABLE first (x);', rebuild, 'ALTER TABLE p ADD note text;');
const failing = bundle('CREATE TABLE first (x);', rebuild, 'INSERT INTO p VALUES (1);');
const orphaning = bundle('CREATE TABLE first (x);', rebuild, 'DELETE FROM p WHERE id = 1;');

/** A database as Drizzle's users make it. */
const database = (probe: Probe) => drizzle(probe.storage);

/** Notes how a call ended, and how many children and migrations there are then. */
function note(probe: Probe, said: string): void {
  const count = (table: string) =>
    probe.storage.sql.exec(`SELECT count(*) AS n FROM ${table}`).one().n;
  const ledger = probe.storage.sql
    .exec("SELECT 1 FROM sqlite_master WHERE name = '__migrations'")
    .toArray().length;
  probe.log.push(`${said}: ${count('c')} children, ${ledger ? count('__migrations') : 0} applied`);
}

/** Calls, and notes with which code it was refused; the error goes no further. */
async function caught(probe: Probe, call: () => unknown): Promise<void> {
  try {
    await call();
    note(probe, 'done');
  } catch (error) {
    note(probe, (error as { code?: string }).code ?? String(error));
  }
}

/** A call and what comes of it; whatever that is, every event that waits finds foreign keys enforced. */
export interface Call extends Scene {
  log: string[];
}

const DONE = 'done: 2 children, 3 applied';

/** In a constructor: nothing that waits may find foreign keys not enforced. */
export const inConstructor: Record<string, Call> = {
  ctx: {
    construct(probe) {
      migrate(probe.ctx, migrations);
      note(probe, 'done');
    },
    log: [DONE],
  },
  'ctx.storage': {
    construct(probe) {
      migrate(probe.storage, migrations);
      note(probe, 'done');
    },
    log: [DONE],
  },
  'a Drizzle database': {
    construct(probe) {
      migrate(database(probe), migrations);
      note(probe, 'done');
    },
    log: [DONE],
  },
  'the drop-in, awaited in blockConcurrencyWhile': {
    construct(probe) {
      void probe.ctx.blockConcurrencyWhile(async () => {
        await dropIn(database(probe), migrations);
        note(probe, 'done');
        probe.say('after it');
      });
    },
    log: [DONE, 'after it: enforced'],
  },
  'the drop-in, not awaited in blockConcurrencyWhile': {
    construct(probe) {
      void probe.ctx.blockConcurrencyWhile(async () => {
        void dropIn(database(probe), migrations);
        note(probe, 'done');
      });
    },
    log: [DONE],
  },
  'the drop-in, not awaited': {
    construct(probe) {
      void dropIn(database(probe), migrations);
      note(probe, 'done');
    },
    log: [DONE],
  },
  "the drop-in as Drizzle's manual shows it": {
    construct(probe) {
      const _migrate = async () => {
        dropIn(database(probe), migrations);
      };
      void probe.ctx.blockConcurrencyWhile(async () => {
        await _migrate();
        note(probe, 'done');
      });
    },
    log: [DONE],
  },
  'the drop-in, awaited in a promise of its own': {
    construct(probe) {
      void caught(probe, () => dropIn(database(probe), migrations));
    },
    log: [DONE],
  },
  'the drop-in with a failing migration, its error caught': {
    construct(probe) {
      void caught(probe, () => dropIn(database(probe), failing));
    },
    log: ['MIGRATION_FAILED: 2 children, 0 applied'],
  },
  'the drop-in with a migration that leaves an orphan, its error caught': {
    construct(probe) {
      void caught(probe, () => dropIn(database(probe), orphaning));
    },
    log: ['FOREIGN_KEY_VIOLATION: 2 children, 0 applied'],
  },
  'ctx again after a failing migration': {
    construct(probe) {
      try {
        migrate(probe.ctx, failing);
      } catch {
        note(probe, 'failed');
      }
      migrate(probe.ctx, migrations);
      note(probe, 'done');
    },
    log: ['failed: 2 children, 0 applied', DONE],
  },
  'ctx again with another ledger': {
    construct(probe) {
      migrate(probe.ctx, migrations);
      try {
        migrate(
          probe.storage,
          { m0000: `${rebuild}DELETE FROM p WHERE id = 2;` },
          { table: 'second' },
        );
      } catch (error) {
        note(probe, (error as { code: string }).code);
      }
      migrate(probe.storage, { m0000: rebuild }, { table: 'second' });
      note(probe, 'done');
    },
    log: ['FOREIGN_KEY_VIOLATION: 2 children, 3 applied', DONE],
  },
  'migrateAsync after a write, in blockConcurrencyWhile': {
    construct(probe) {
      probe.write();
      void probe.ctx.blockConcurrencyWhile(async () => {
        await migrateAsync(probe.ctx, migrations);
        note(probe, 'done');
        probe.say('after it');
      });
    },
    log: [DONE, 'after it: enforced'],
  },
  'migrateAsync after a write, not awaited': {
    construct(probe) {
      probe.write();
      void caught(probe, () => migrateAsync(probe.ctx, migrations));
    },
    log: [DONE],
  },
  'ctx after a write': {
    construct(probe) {
      probe.write();
      void caught(probe, () => migrate(probe.ctx, migrations));
    },
    log: ['FOREIGN_KEYS_AFTER_WRITE: 2 children, 0 applied'],
  },
  'ctx in transactionSync()': {
    construct(probe) {
      void caught(probe, () => probe.storage.transactionSync(() => migrate(probe.ctx, migrations)));
    },
    log: ['FOREIGN_KEYS_IN_TRANSACTION: 2 children, 0 applied'],
  },
};

/** In a method and in an alarm, where one can await. */
export const inEvents: Record<string, Call> = {
  'migrateAsync(ctx)': {
    method: (probe) => caught(probe, () => migrateAsync(probe.ctx, migrations)),
    log: [DONE],
  },
  'migrateAsync(ctx) after a write': {
    async method(probe) {
      probe.write();
      await migrateAsync(probe.ctx, migrations);
      note(probe, 'done');
      probe.say('the rest of the event');
    },
    log: [DONE, 'the rest of the event: enforced'],
  },
  'migrateAsync(ctx) after a read that follows a write': {
    async method(probe) {
      probe.write();
      await probe.storage.get('key');
      await caught(probe, () => migrateAsync(probe.ctx, migrations));
    },
    log: [DONE],
  },
  'migrateAsync(ctx.storage)': {
    method: (probe) => caught(probe, () => migrateAsync(probe.storage, migrations)),
    log: [DONE],
  },
  'migrateAsync with a Drizzle database': {
    method: (probe) => caught(probe, () => migrateAsync(database(probe), migrations)),
    log: [DONE],
  },
  'migrateAsync(ctx) twice at once': {
    async method(probe) {
      const [one, other] = await Promise.all([
        migrateAsync(probe.ctx, migrations),
        migrateAsync(probe.ctx, migrations),
      ]);
      note(probe, `done, ${one.applied.length} and ${other.applied.length}`);
      probe.say('the rest of the event');
    },
    log: ['done, 3 and 0: 2 children, 3 applied', 'the rest of the event: enforced'],
  },
  'migrateAsync(ctx) that fails, without a reset of the object': {
    async method(probe) {
      await caught(probe, () => migrateAsync(probe.ctx, failing));
      probe.say('the rest of the event');
      await caught(probe, () => migrateAsync(probe.ctx, migrations));
      probe.say('the rest of the event');
    },
    log: [
      'MIGRATION_FAILED: 2 children, 0 applied',
      'the rest of the event: enforced',
      DONE,
      'the rest of the event: enforced',
    ],
  },
  'migrateAsync(ctx) in a transaction': {
    method: (probe) =>
      probe.storage.transaction(() => caught(probe, () => migrateAsync(probe.ctx, migrations))),
    log: ['FOREIGN_KEYS_AFTER_WRITE: 2 children, 0 applied'],
  },
  'migrateAsync(ctx) beside an event that writes': {
    async beside(probe) {
      for (let i = 0; i < 20; i++) {
        probe.write();
        await scheduler.wait(0);
      }
    },
    method: (probe) => caught(probe, () => migrateAsync(probe.ctx, migrations)),
    log: [DONE],
  },
  'the drop-in, awaited': {
    async method(probe) {
      await dropIn(database(probe), migrations);
      note(probe, 'done');
      probe.say('the rest of the event');
    },
    log: [DONE, 'the rest of the event: enforced'],
  },
  'migrate(ctx): the rest of the event is not enforced until a timer': {
    async method(probe) {
      migrate(probe.ctx, migrations);
      note(probe, 'done');
      probe.say('the rest of the turn');
      await scheduler.wait(0);
      probe.say('after a timer');
    },
    log: [DONE, 'the rest of the turn: not enforced', 'after a timer: enforced'],
  },
  'migrateAsync(ctx) in an alarm': {
    prepare: (probe) => probe.storage.setAlarm(Date.now() + 10),
    async alarm(probe) {
      probe.write();
      await migrateAsync(probe.ctx, migrations);
      note(probe, 'done');
      probe.say('the rest of the alarm');
    },
    log: [DONE, 'the rest of the alarm: enforced'],
  },
};
