import { DurableObject } from 'cloudflare:workers';
import { withMigrations } from 'drizzle-offramp';
import { desc, like } from 'drizzle-orm';
import migrations from '../drizzle/migrations.js';
import { type Database, openDatabase } from './database.ts';
import { attachments, conversations, messages } from './schema.ts';
import type { Env } from './worker.ts';

export interface ClosedConversation {
  conversation: typeof conversations.$inferSelect;
  messages: (typeof messages.$inferSelect)[];
  attachments: (typeof attachments.$inferSelect)[];
}

/** The conversations a team is done with; the same schema, and the same migrations. */
export const Archive = withMigrations(
  class Archive extends DurableObject<Env> {
    private readonly db: Database;

    constructor(ctx: DurableObjectState, env: Env) {
      super(ctx, env);
      this.db = openDatabase(ctx.storage);
    }

    search(words: string) {
      return this.db
        .select()
        .from(messages)
        .where(like(messages.body, `%${words}%`))
        .orderBy(desc(messages.sentAt))
        .limit(50)
        .all();
    }

    /** Can be repeated: what is here already stays as it is. */
    store({ conversation, messages: history, attachments: files }: ClosedConversation): void {
      this.db.transaction((tx) => {
        // The users stay in the inbox, and the trigger on messages counts these again.
        const closed = { ...conversation, assigneeId: null, messageCount: 0 };
        tx.insert(conversations).values(closed).onConflictDoNothing().run();
        for (const message of history) {
          tx.insert(messages)
            .values({ ...message, authorId: null })
            .onConflictDoNothing()
            .run();
        }
        for (const file of files) tx.insert(attachments).values(file).onConflictDoNothing().run();
      });
    }
  },
  migrations,
);

export type Archive = InstanceType<typeof Archive>;
