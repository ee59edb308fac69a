import { DurableObject } from 'cloudflare:workers';
import { withMigrations } from 'drizzle-offramp';
import { desc, eq, getTableColumns } from 'drizzle-orm';
import migrations from '../drizzle/migrations.js';
import { type Database, openDatabase } from './database.ts';
import { attachments, conversations, messages, users } from './schema.ts';
import type { Env } from './worker.ts';

export interface IncomingMessage {
  from: { email: string; name: string };
  /** Starts a conversation when absent. */
  conversationId?: string;
  subject?: string;
  body: string;
  attachments?: { name: string; contentType?: string; size: number }[];
}

/** The conversations a team is working on. It is migrated before its constructor runs. */
export const Inbox = withMigrations(
  class Inbox extends DurableObject<Env> {
    private readonly db: Database;

    constructor(ctx: DurableObjectState, env: Env) {
      super(ctx, env);
      this.db = openDatabase(ctx.storage);
    }

    openConversations() {
      return this.db
        .select()
        .from(conversations)
        .where(eq(conversations.status, 'open'))
        .orderBy(desc(conversations.lastMessageAt))
        .all();
    }

    receive(incoming: IncomingMessage): { conversationId: string; messageId: string } {
      return this.db.transaction((tx) => {
        const { email, name } = incoming.from;
        const author = tx
          .insert(users)
          .values({ email, displayName: name })
          .onConflictDoUpdate({ target: users.email, set: { displayName: name } })
          .returning({ id: users.id })
          .get();
        const conversationId =
          incoming.conversationId ??
          tx
            .insert(conversations)
            .values({ subject: incoming.subject })
            .returning({ id: conversations.id })
            .get().id;
        const message = tx
          .insert(messages)
          .values({ conversationId, authorId: author.id, body: incoming.body })
          .returning({ id: messages.id })
          .get();
        for (const attachment of incoming.attachments ?? []) {
          tx.insert(attachments)
            .values({ ...attachment, messageId: message.id })
            .run();
        }
        return { conversationId, messageId: message.id };
      });
    }

    /** Moves a conversation to the team's archive. */
    async archive(conversationId: string): Promise<void> {
      const [conversation] = this.db
        .update(conversations)
        .set({ status: 'closed' })
        .where(eq(conversations.id, conversationId))
        .returning()
        .all();
      if (!conversation) throw new Error(`No conversation ${conversationId}`);
      const history = eq(messages.conversationId, conversationId);
      await this.env.ARCHIVE.getByName(this.ctx.id.name ?? '').store({
        conversation,
        messages: this.db.select().from(messages).where(history).all(),
        attachments: this.db
          .select(getTableColumns(attachments))
          .from(attachments)
          .innerJoin(messages, eq(attachments.messageId, messages.id))
          .where(history)
          .all(),
      });
      this.db.delete(conversations).where(eq(conversations.id, conversationId)).run();
    }
  },
  migrations,
);

export type Inbox = InstanceType<typeof Inbox>;
