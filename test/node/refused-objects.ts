// Inboxes of the example in which something is wrong, and the example's Worker in front of them.
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Miniflare } from 'miniflare';
import { bundle, deploy, idOf, migrateWithDrizzle, wake } from '../../example/demo/runtime.ts';

/** What is wrong with an inbox, and how it came to be. */
interface Story {
  /** The journal's entries in each deploy of Drizzle's migrator that woke it; none for an object of drizzle-offramp's. */
  readonly drizzle: readonly (readonly number[])[];
  /** What somebody did to its database then. */
  readonly sql?: string;
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, idx) => idx);

/** A row as Drizzle 0.x writes it. */
const drizzleRow = (when: number): string =>
  `INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('', ${when})`;

/** A row as drizzle-offramp writes it, of a migration that is not in this repository. */
const ledgerRow = (version: number, tag: string, when: number): string =>
  `INSERT INTO __migrations (version, tag, checksum, created_at, applied_at, origin)
    VALUES (${version}, '${tag}', '${'0f'.repeat(32)}', ${when}, ${when}, 'applied')`;

/** The inboxes by their names. */
export const STORIES: Readonly<Record<string, Story>> = {
  /** All is well. */
  acme: { drizzle: [upTo(11)] },
  /** A branch was deployed for a day, and thrown away. */
  birch: { drizzle: [upTo(8)], sql: drizzleRow(1795375424000) },
  /** A branch with a renamed column was merged after a later migration had been deployed. */
  cobalt: { drizzle: [[0, 1, 2, 3, 4, 6], upTo(8)] },
  /** Somebody was in a hurry, and ran the SQL of the last migration by hand. */
  delta: {
    drizzle: [upTo(10)],
    sql: `ALTER TABLE messages ADD external_id text;
      CREATE UNIQUE INDEX messages_external ON messages (external_id) WHERE external_id IS NOT NULL`,
  },
  /** Two branches were deployed in turn, and the other one has the newer migration. */
  ember: {
    drizzle: [],
    sql: `DELETE FROM __migrations WHERE version = 10; DROP INDEX messages_external;
      ALTER TABLE messages DROP COLUMN external_id;
      ${ledgerRow(10, '20261124093000_reactions', 1795512600000)}`,
  },
  /** The deploy was rolled back. */
  fjord: { drizzle: [], sql: ledgerRow(11, '20261124093000_reactions', 1795512600000) },
  /** Somebody edited a migration that had run. */
  grove: {
    drizzle: [],
    sql: `UPDATE __migrations SET checksum = '${'0e'.repeat(32)}' WHERE version = 2;
      UPDATE __migrations SET head = NULL`,
  },
  /** Somebody edited the ledger. */
  harbor: { drizzle: [], sql: 'DELETE FROM __migrations WHERE version = 3' },
  /** Another tool has a table of that name. */
  indigo: {
    drizzle: [upTo(8)],
    sql: 'CREATE TABLE __migrations (id INTEGER PRIMARY KEY, name TEXT)',
  },
  /** The object was made by another class. */
  juniper: {
    drizzle: [],
    sql: `DELETE FROM __migrations; ${ledgerRow(0, '20260101000000_carts', 1767225600000)};
      ${ledgerRow(1, '20260102000000_orders', 1767312000000)}`,
  },
  /** Somebody copied a row of the ledger. */
  kestrel: {
    drizzle: [],
    sql: `INSERT INTO __migrations (version, tag, checksum, created_at, applied_at, origin)
      SELECT 11, tag, checksum, created_at, applied_at, origin FROM __migrations WHERE version = 10`,
  },
  /** Somebody put a trigger on the ledger. */
  lagoon: {
    drizzle: [upTo(8)],
    sql: `CREATE TRIGGER audit BEFORE DELETE ON __drizzle_migrations BEGIN SELECT 1; END;
      CREATE TABLE __migrations (version INTEGER PRIMARY KEY CHECK (version < 3), tag TEXT, checksum TEXT,
        created_at INTEGER, applied_at INTEGER, origin TEXT, head TEXT)`,
  },
};

const inbox = (name: string) => ({ className: 'Inbox' as const, name });

/** The token of the Worker's route. */
export const TOKEN = 'open-sesame';

/**
 * Makes the inboxes, and starts the example's Worker over them.
 *
 * @param folder a folder for the storage
 * @returns the Worker's address, what it has logged so far, and what ends it
 */
export async function startRefused(
  folder: string,
): Promise<{ url: string; logged: readonly string[]; stop: () => Promise<void> }> {
  const [oldWorker, worker] = await Promise.all([bundle('old/worker.ts'), bundle('../worker.ts')]);
  const names = Object.keys(STORIES);
  const ids: string[] = [];
  await deploy(oldWorker, folder, async (runtime) => {
    for (const name of names) {
      const { drizzle } = STORIES[name] as Story;
      ids.push(await idOf(runtime, inbox(name)));
      const deploys = drizzle.map((entries) => [...entries]);
      await migrateWithDrizzle(runtime, inbox(name), deploys, 1);
    }
  });
  await deploy(worker, folder, async (runtime) => {
    for (const name of names) {
      if (STORIES[name]?.drizzle.length === 0) await wake(runtime, inbox(name));
    }
  });
  for (const [at, name] of names.entries()) {
    const { sql } = STORIES[name] as Story;
    if (sql === undefined) continue;
    const database = new DatabaseSync(join(folder, 'do', 'inbox-Inbox', `${ids[at]}.sqlite`));
    database.exec(sql);
    database.close();
  }
  const logged: string[] = [];
  let stop = (): void => {};
  let ended = Promise.resolve();
  const runtime = await new Promise<Miniflare>((resolve, reject) => {
    const use = (started: Miniflare): Promise<void> => {
      resolve(started);
      return new Promise((end) => {
        stop = end;
      });
    };
    ended = deploy(worker, folder, use, {
      secrets: { MIGRATIONS_TOKEN: TOKEN },
      onLog: (line) => logged.push(line),
    });
    ended.catch(reject);
  });
  const { origin } = await runtime.ready;
  return {
    url: origin,
    logged,
    stop: () => {
      stop();
      return ended;
    },
  };
}
