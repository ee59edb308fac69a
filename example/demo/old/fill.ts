type Value = (row: number) => string | number | null;

interface Filling {
  rows: number;
  columns: Record<string, Value>;
}

const START = Date.UTC(2026, 0, 5, 9);
const minute: Value = (row) => START + row * 60_000;

/** Rows of the inbox for every column it ever had, in an order that the foreign keys allow. */
function fillings(size: number): Record<string, Filling> {
  const users = 5 + size;
  const conversations = 12 * size;
  const messages = 60 * size;
  const labels = 6;
  return {
    users: {
      rows: users,
      columns: {
        id: (row) => `user-${row}`,
        email: (row) => `user-${row}@example.com`,
        name: (row) => `User ${row}`,
        display_name: (row) => `User ${row}`,
        preferences: (row) => JSON.stringify({ notify: row % 2 ? 'all' : 'assigned' }),
        created_at: minute,
      },
    },
    conversations: {
      rows: conversations,
      columns: {
        id: (row) => `conversation-${row}`,
        subject: (row) => `Question ${row}`,
        status: (row) => (row % 3 ? 'closed' : 'open'),
        assignee_id: (row) => (row % 4 ? `user-${row % users}` : null),
        created_at: minute,
      },
    },
    messages: {
      rows: messages,
      columns: {
        id: (row) => `message-${row}`,
        conversation_id: (row) => `conversation-${row % conversations}`,
        author_id: (row) => (row % 7 ? `user-${row % users}` : null),
        body: (row) => (row % 15 ? `Message ${row}; more in the next one.` : ''),
        external_id: (row) => (row % 3 ? null : `<${row}@mail.example.com>`),
        sent_at: minute,
      },
    },
    attachments: {
      rows: messages / 4,
      columns: {
        id: (row) => `attachment-${row}`,
        message_id: (row) => `message-${row * 3}`,
        name: (row) => `invoice-${row}.pdf`,
        content_type: () => 'application/pdf',
        size: (row) => 1024 * (row + 1),
      },
    },
    labels: {
      rows: labels,
      columns: {
        id: (row) => `label-${row}`,
        name: (row) => `Label ${row}`,
        color: (row) => `#${row}0${row}0${row}0`,
      },
    },
    conversation_labels: {
      rows: 2 * conversations,
      columns: {
        conversation_id: (row) => `conversation-${row % conversations}`,
        label_id: (row) => `label-${(row + Math.floor(row / conversations)) % labels}`,
      },
    },
    drafts: {
      rows: conversations / 2,
      columns: {
        id: (row) => `draft-${row}`,
        author_id: (row) => `user-${row % users}`,
        conversation_id: (row) => (row % 4 ? `conversation-${row}` : null),
        body: (row) => `Draft ${row}`,
        saved_at: minute,
      },
    },
  };
}

/** Fills the tables and columns that an object has at its point of the history, always with the same rows. */
export function fill(sql: SqlStorage, size: number): void {
  for (const [table, { rows, columns }] of Object.entries(fillings(size))) {
    const present = sql
      .exec<{ name: string }>(`PRAGMA table_info(${table})`)
      .toArray()
      .flatMap(({ name }) => Object.entries(columns).filter(([column]) => column === name));
    if (present.length === 0) continue;
    const insert = `INSERT INTO ${table} (${present.map(([name]) => name).join(', ')})
      VALUES (${present.map(() => '?').join(', ')})`;
    for (let row = 0; row < rows; row++)
      sql.exec(insert, ...present.map(([, value]) => value(row)));
  }
}
