// The migrations that are measured, as drizzle-kit writes them.
import { createHash } from 'node:crypto';

export interface Made {
  /** `m` and its number. */
  key: string;
  /** As in the journal of 0.x. */
  tag: string;
  /** The name of the folder of 1.x. */
  canonicalTag: string;
  when: number;
  sql: string;
}

export const BREAKPOINT = '--> statement-breakpoint';

/** One table's life, ten migrations, as the manual says; the statements of one stand in one list. */
const life = (table: string): string[][] => [
  [
    `CREATE TABLE \`${table}\` (\n\t\`id\` integer PRIMARY KEY NOT NULL,\n\t\`name\` text NOT NULL,\n` +
      "\t`kind` text DEFAULT 'plain' NOT NULL,\n\t`parent_id` integer,\n\t`created_at` integer NOT NULL\n);\n",
    `CREATE UNIQUE INDEX \`${table}_name_unique\` ON \`${table}\` (\`name\`);`,
  ],
  [
    `INSERT INTO \`${table}\` (\`id\`, \`name\`, \`created_at\`) VALUES (1, 'first', 1795370244123);`,
  ],
  [`ALTER TABLE \`${table}\` ADD \`title\` text;`],
  [`CREATE INDEX \`${table}_kind_idx\` ON \`${table}\` (\`kind\`,\`created_at\`);`],
  [`ALTER TABLE \`${table}\` ADD \`size\` integer DEFAULT 0 NOT NULL;`],
  [`UPDATE \`${table}\` SET \`title\` = \`name\` WHERE \`title\` IS NULL;`],
  [`ALTER TABLE \`${table}\` ADD \`owner\` text;`],
  [`CREATE INDEX \`${table}_parent_idx\` ON \`${table}\` (\`parent_id\`);`],
  [`ALTER TABLE \`${table}\` ADD \`archived_at\` integer;`],
  [`ALTER TABLE \`${table}\` ADD \`note\` text;`],
];

const LIFE = life('').length;
const START = Date.UTC(2026, 10, 22, 12, 0, 0, 123);

/**
 * The first migrations of a growing schema.
 *
 * @param count how many
 */
export const made = (count: number): Made[] =>
  Array.from({ length: count }, (_, i) => {
    const table = `t${Math.floor(i / LIFE)}`;
    const number = String(i).padStart(4, '0');
    const when = START + i * 60_000;
    const second = new Date(when).toISOString().replace(/\D/g, '').slice(0, 14);
    return {
      key: `m${number}`,
      tag: `${number}_step_${i}`,
      canonicalTag: `${second}_step_${i}`,
      when,
      sql: (life(table)[i % LIFE] as string[]).join(`${BREAKPOINT}\n`),
    };
  });

/**
 * The same, each text filled up with a comment in front.
 *
 * @param count how many
 * @param bytes how long each text is
 */
export const padded = (count: number, bytes: number): Made[] =>
  made(count).map((migration) => ({
    ...migration,
    sql: `${'-- '.padEnd(bytes - migration.sql.length - 1, `${migration.tag} `)}\n${migration.sql}`,
  }));

const record = <T>(migrations: Made[], value: (migration: Made) => T): Record<string, T> =>
  Object.fromEntries(migrations.map((migration) => [migration.key, value(migration)]));

export const bundle0 = (migrations: Made[]) => ({
  journal: {
    version: '7',
    dialect: 'sqlite',
    entries: migrations.map(({ tag, when }, idx) => ({
      idx,
      version: '6',
      when,
      tag,
      breakpoints: true,
    })),
  },
  migrations: record(migrations, ({ sql }) => sql),
});

export const bundle1 = (migrations: Made[]) => ({
  migrations: Object.fromEntries(migrations.map(({ canonicalTag, sql }) => [canonicalTag, sql])),
});

export const plain = (migrations: Made[]) => record(migrations, ({ sql }) => sql);

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** What `drizzle-offramp convert` writes into `defineMigrations`. */
export const converted = (migrations: Made[]) =>
  record(migrations, ({ canonicalTag, when, sql }) => ({
    tag: canonicalTag,
    when,
    checksum: sha256(sql),
    sql,
  }));

/** The last key and the fingerprint, which it writes behind them. */
export const carried = (migrations: Made[]): string => {
  const lines = migrations.map(({ canonicalTag, sql }) => `${canonicalTag} ${sha256(sql)}\n`);
  return `${migrations.at(-1)?.key} ${sha256(lines.join(''))}`;
};

export const durableUtils = (migrations: Made[]) =>
  migrations.map(({ tag, sql }, idMonotonicInc) => ({ idMonotonicInc, description: tag, sql }));

export const statements = (migrations: Made[]): string[] =>
  migrations.flatMap(({ sql }) => sql.split(BREAKPOINT));
