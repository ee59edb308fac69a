import { DurableObject } from 'cloudflare:workers';
import { drizzle } from 'drizzle-orm/durable-sqlite';
import { migrate } from 'drizzle-orm/durable-sqlite/migrator';
import migrations from '../../../drizzle/migrations.js';
import { fill } from './fill.ts';

/** The deploy before: drizzle-orm's own migrator, here with only a part of the journal. */
export class OldObject extends DurableObject {
  async migrate(entries: number[]): Promise<void> {
    const journal = {
      ...migrations.journal,
      entries: migrations.journal.entries.filter(({ idx }) => entries.includes(idx)),
    };
    await this.ctx.blockConcurrencyWhile(() =>
      migrate(drizzle(this.ctx.storage), { ...migrations, journal }),
    );
  }

  fill(size: number): void {
    fill(this.ctx.storage.sql, size);
  }
}

export class Inbox extends OldObject {}
export class Archive extends OldObject {}

export default {};
