// What the code relies on about storage.transaction(), and what it must not rely on. Each fact is a scene and the log that
// the runtime writes in it, in `wrangler dev` (test/dev/dev.test.ts) and in the test pool (test/workers/facts.test.ts).
import type { Scene } from './probe.ts';

const REBUILT_ASYNC = [
  'after the first transaction: OFF works',
  'rebuilt: 2 children',
  'after the second transaction: ON works',
];

/** A scene and what is seen in it. */
export interface Fact extends Scene {
  log: string[];
  /** Where some of the events that wait find foreign keys not enforced; elsewhere none does. */
  seenIn?: readonly ('wrangler dev' | 'pool')[];
}

export const facts: Record<string, Fact> = {
  'storage.transaction() in a constructor blocks all events until its continuation has run': {
    construct(probe) {
      const run = probe.storage.transaction(async () => {
        probe.log.push('begins');
        await scheduler.wait(50);
        probe.log.push('ends');
      });
      void run.then(() => probe.log.push(`continues after ${probe.events} events`));
    },
    log: ['begins', 'ends', 'continues after 0 events'],
  },

  'it commits the implicit transaction: in its continuation foreign keys can be switched, not before':
    {
      construct(probe) {
        probe.write();
        const run = probe.storage.transaction(async () => {
          probe.off('in it');
          await probe.storage.sync();
          probe.off('in it, after sync()');
        });
        probe.off('right after its start');
        void Promise.resolve().then(() => probe.off('in a microtask'));
        void run.then(() => {
          probe.off('continuation');
          probe.on('continuation');
        });
      },
      log: [
        'right after its start: OFF does nothing',
        'in a microtask: OFF does nothing',
        'in it: OFF does nothing',
        'in it, after sync(): OFF does nothing',
        'continuation: OFF works',
        'continuation: ON works',
      ],
    },

  'it also commits what was written in it': {
    async method(probe) {
      await probe.storage.transaction(async () => probe.write());
      probe.off('continuation');
      probe.on('continuation');
    },
    log: ['continuation: OFF works', 'continuation: ON works'],
  },

  'a constructor can rebuild a table, with nothing awaited, and no event sees it': {
    construct(probe) {
      probe.off('constructor');
      probe.rebuild();
      void probe.transaction().then(() => probe.on('continuation'));
      void probe.ctx.blockConcurrencyWhile(async () => {
        probe.say('a block that was queued behind it');
        await scheduler.wait(20);
        probe.say('the end of that block');
      });
    },
    log: [
      'constructor: OFF works',
      'rebuilt: 2 children',
      'continuation: ON works',
      'a block that was queued behind it: enforced',
      'the end of that block: enforced',
    ],
  },

  'also if what was written takes long to store': {
    construct(probe) {
      probe.off('constructor');
      probe.storage.transactionSync(() => {
        probe.storage.sql.exec('CREATE TABLE big (x)');
        for (let i = 0; i < 20; i++)
          probe.storage.sql.exec('INSERT INTO big VALUES (zeroblob(1000000))');
      });
      void probe.transaction().then(() => probe.on('continuation'));
    },
    log: ['constructor: OFF works', 'continuation: ON works'],
  },

  'but the rest of the constructor does, and a block that was queued before it': {
    construct(probe) {
      void probe.ctx.blockConcurrencyWhile(async () => {
        probe.say('a block that was queued before');
        await scheduler.wait(20);
        probe.say('the end of that block');
      });
      probe.off('constructor');
      void probe.transaction().then(() => probe.on('continuation'));
      void Promise.resolve().then(() => probe.say('microtask'));
      setTimeout(() => probe.say('timer'), 0);
    },
    log: [
      'constructor: OFF works',
      'microtask: not enforced',
      'a block that was queued before: not enforced',
      'the end of that block: not enforced',
      'continuation: ON works',
      'timer: enforced',
    ],
  },

  'sync() in its continuation lets events in': {
    construct(probe) {
      probe.off('constructor');
      probe.rebuild();
      void probe.transaction().then(async () => {
        await probe.storage.sync();
        probe.on('after sync()');
      });
    },
    log: ['constructor: OFF works', 'rebuilt: 2 children', 'after sync(): ON works'],
    seenIn: ['wrangler dev', 'pool'],
  },

  'a second one in its continuation does not, except in the pool': {
    construct(probe) {
      probe.off('constructor');
      probe.rebuild();
      void probe.transaction().then(() => {
        probe.write();
        probe.on('first');
        void probe.transaction().then(() => probe.on('second'));
      });
    },
    log: [
      'constructor: OFF works',
      'rebuilt: 2 children',
      'first: ON does nothing',
      'second: ON works',
    ],
    // Which builds the object inside the first event, and that goes on as in the facts about blocks below.
    seenIn: ['pool'],
  },

  'two at once are one after the other, with no event between or after the first': {
    construct(probe) {
      probe.write();
      void probe.transaction().then(() => {
        probe.off('first');
        probe.rebuild();
      });
      void probe.transaction().then(() => probe.on('second'));
    },
    log: ['first: OFF works', 'rebuilt: 2 children', 'second: ON works'],
  },

  'a constructor can rebuild a table in blockConcurrencyWhile after writes of its turn': {
    construct(probe) {
      probe.write();
      void probe.ctx.blockConcurrencyWhile(() => probe.rebuildAsync());
    },
    log: [...REBUILT_ASYNC],
  },

  'a block does not wait for one that was started in it': {
    construct(probe) {
      const block = probe.ctx.blockConcurrencyWhile(async () => {
        probe.off('block');
        probe.rebuild();
        void probe.transaction().then(() => probe.on('continuation'));
      });
      void block.then(() => probe.say('after the block'));
    },
    log: [
      'block: OFF works',
      'rebuilt: 2 children',
      'after the block: not enforced',
      'continuation: ON works',
    ],
  },

  'nor does the event that started such a block': {
    async method(probe) {
      await probe.ctx.blockConcurrencyWhile(async () => {
        probe.off('block');
        probe.rebuild();
        void probe.transaction().then(() => probe.on('continuation'));
      });
      probe.say('the rest of the event');
    },
    log: [
      'block: OFF works',
      'rebuilt: 2 children',
      'the rest of the event: not enforced',
      'continuation: ON works',
    ],
  },

  'in a method what was written stays open across reads and microtasks, not across a timer': {
    async method(probe) {
      probe.write();
      await probe.storage.get('key');
      probe.off('get()');
      await null;
      probe.off('microtask');
      await probe.storage.sync();
      probe.off('sync()');
      probe.on('sync()');
      probe.write();
      await scheduler.wait(0);
      probe.off('timer');
      probe.on('timer');
    },
    log: [
      'get(): OFF does nothing',
      'microtask: OFF does nothing',
      'sync(): OFF works',
      'sync(): ON works',
      'timer: OFF works',
      'timer: ON works',
    ],
  },

  'a method can rebuild a table after writes, without a block, and no event comes between': {
    async method(probe) {
      probe.write();
      await probe.rebuildAsync();
      probe.say('the rest of the event');
    },
    log: [...REBUILT_ASYNC, 'the rest of the event: enforced'],
  },

  'and in a block, also one in another': {
    async method(probe) {
      probe.write();
      await probe.ctx.blockConcurrencyWhile(() =>
        probe.ctx.blockConcurrencyWhile(() => probe.rebuildAsync()),
      );
      probe.say('the rest of the event');
    },
    log: [...REBUILT_ASYNC, 'the rest of the event: enforced'],
  },

  'an event under way sees nothing of it': {
    async beside(probe) {
      const seen = new Set<string>();
      for (let i = 0; i < 40; i++) {
        await (i % 2 === 0 ? scheduler.wait(0) : probe.storage.get(`key ${i}`));
        seen.add(String(probe.storage.sql.exec('PRAGMA foreign_keys').one().foreign_keys));
      }
      probe.log.push(`beside: ${[...seen].join()}`);
    },
    async method(probe) {
      probe.write();
      await probe.rebuildAsync();
    },
    log: [...REBUILT_ASYNC, 'beside: 1'],
  },

  'without await the rest of the turn sees it, and what follows a read, not what follows a timer': {
    async method(probe) {
      probe.off('method');
      probe.rebuild();
      void probe.transaction().then(() => probe.on('continuation'));
      probe.say('the rest of the turn');
      await probe.storage.get('key');
      probe.say('get()');
      await scheduler.wait(0);
      probe.say('timer');
    },
    log: [
      'method: OFF works',
      'rebuilt: 2 children',
      'the rest of the turn: not enforced',
      'get(): not enforced',
      'continuation: ON works',
      'timer: enforced',
    ],
  },

  'within a transaction one can run another, and foreign keys cannot be switched': {
    async method(probe) {
      await probe.storage.transaction(async () => {
        await probe.transaction();
        probe.off('after the inner one');
      });
      probe.off('after the outer one');
      probe.on('after the outer one');
    },
    log: [
      'after the inner one: OFF does nothing',
      'after the outer one: OFF works',
      'after the outer one: ON works',
    ],
  },

  'an alarm is as a method': {
    prepare: (probe) => probe.storage.setAlarm(Date.now() + 10),
    async alarm(probe) {
      probe.write();
      await probe.rebuildAsync();
      probe.say('the rest of the alarm');
    },
    log: [...REBUILT_ASYNC, 'the rest of the alarm: enforced'],
  },
};
