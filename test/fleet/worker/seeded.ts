import { DurableObject } from 'cloudflare:workers';
import { drizzle } from 'drizzle-orm/durable-sqlite';
import { migrate } from 'drizzle-orm/durable-sqlite/migrator';
import migrations from '../../../drizzle/migrations.js';
import type { Kind } from '../kinds.ts';

/** The first migrations of the bundle. */
const upTo = (count: number) => ({
  journal: { ...migrations.journal, entries: migrations.journal.entries.slice(0, count) },
  migrations: migrations.migrations,
});
const ALL = migrations.journal.entries.length;

/** What an object was before: Drizzle's own migrator made it, or nobody. */
export class Seeded extends DurableObject {
  async make(kind: Kind): Promise<void> {
    const { storage } = this.ctx;
    const byDrizzle = (count: number) => migrate(drizzle(storage), upTo(count));
    switch (kind) {
      case 'fresh':
        return storage.kv.put('made', 1);
      case 'drizzle':
        return byDrizzle(ALL);
      case 'behind':
        return byDrizzle(ALL - 2);
      case 'fails':
        await byDrizzle(ALL - 1);
        storage.sql.exec('ALTER TABLE messages ADD external_id text');
        return;
      case 'unknown':
        await byDrizzle(ALL);
        storage.sql.exec(`INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('', 123)`);
        return;
      case 'deleted':
        await byDrizzle(ALL);
        await storage.deleteAll();
    }
  }
}
