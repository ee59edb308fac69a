import { sql } from 'drizzle-orm';
import {
  index,
  integer,
  primaryKey,
  sqliteTable,
  text,
  uniqueIndex,
} from 'drizzle-orm/sqlite-core';

const id = () =>
  text()
    .primaryKey()
    .$defaultFn(() => crypto.randomUUID());
const createdAt = () =>
  integer({ mode: 'timestamp_ms' }).notNull().default(sql`(unixepoch() * 1000)`);

export interface Preferences {
  signature?: string;
  notify?: 'all' | 'assigned' | 'none';
}

export const users = sqliteTable('users', {
  id: id(),
  email: text().notNull().unique(),
  displayName: text().notNull(),
  preferences: text({ mode: 'json' }).$type<Preferences>().notNull().default({}),
  createdAt: createdAt(),
});

export const conversations = sqliteTable(
  'conversations',
  {
    id: id(),
    subject: text(),
    status: text({ enum: ['open', 'closed'] })
      .notNull()
      .default('open'),
    assigneeId: text().references(() => users.id, { onDelete: 'set null' }),
    messageCount: integer().notNull().default(0),
    lastMessageAt: integer({ mode: 'timestamp_ms' }),
    createdAt: createdAt(),
  },
  (table) => [
    index('conversations_open').on(table.assigneeId).where(sql`${table.status} = 'open'`),
  ],
);

export const messages = sqliteTable(
  'messages',
  {
    id: id(),
    conversationId: text()
      .notNull()
      .references(() => conversations.id, { onDelete: 'cascade' }),
    authorId: text().references(() => users.id, { onDelete: 'set null' }),
    body: text().notNull(),
    externalId: text(),
    sentAt: createdAt(),
  },
  (table) => [
    index('messages_history').on(table.conversationId, table.sentAt),
    uniqueIndex('messages_external')
      .on(table.externalId)
      .where(sql`${table.externalId} is not null`),
  ],
);

export const attachments = sqliteTable(
  'attachments',
  {
    id: id(),
    messageId: text()
      .notNull()
      .references(() => messages.id, { onDelete: 'cascade' }),
    name: text().notNull(),
    contentType: text().notNull().default('application/octet-stream'),
    size: integer().notNull(),
  },
  (table) => [uniqueIndex('attachments_name').on(table.messageId, table.name)],
);

export const labels = sqliteTable('labels', {
  id: id(),
  name: text().notNull().unique(),
  color: text().notNull().default('#6b7280'),
});

export const conversationLabels = sqliteTable(
  'conversation_labels',
  {
    conversationId: text()
      .notNull()
      .references(() => conversations.id, { onDelete: 'cascade' }),
    labelId: text()
      .notNull()
      .references(() => labels.id, { onDelete: 'cascade' }),
  },
  (table) => [primaryKey({ columns: [table.conversationId, table.labelId] })],
);

export const drafts = sqliteTable(
  'drafts',
  {
    id: id(),
    authorId: text()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    conversationId: text().references(() => conversations.id, { onDelete: 'set null' }),
    body: text().notNull().default(''),
    savedAt: createdAt(),
  },
  (table) => [
    uniqueIndex('drafts_reply')
      .on(table.authorId, table.conversationId)
      .where(sql`${table.conversationId} is not null`),
  ],
);
