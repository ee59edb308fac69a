// What drizzle-kit 0.31 writes for a parent and two children, and for a column that becomes NOT NULL.
import type { DrizzleBundle0 } from 'drizzle-offramp';

const WHEN = Date.UTC(2026, 9, 1);

/** The tables, in one migration as drizzle-kit separates its statements. */
const SCHEMA = [
  'CREATE TABLE `p` (\n\t`id` integer PRIMARY KEY NOT NULL,\n\t`name` text\n);',
  'CREATE TABLE `c` (\n\t`id` integer PRIMARY KEY NOT NULL,\n\t`p` integer NOT NULL,\n\tFOREIGN KEY (`p`) REFERENCES `p`(`id`) ON UPDATE no action ON DELETE cascade\n);',
  'CREATE TABLE `g` (\n\t`id` integer PRIMARY KEY NOT NULL,\n\t`c` integer NOT NULL,\n\tFOREIGN KEY (`c`) REFERENCES `c`(`id`) ON UPDATE no action ON DELETE cascade\n);',
];

/** Two parents, three children, four grandchildren. */
export const FILL = [
  "INSERT INTO `p` VALUES (1, 'one'), (2, 'two');",
  'INSERT INTO `c` VALUES (10, 1), (11, 2), (12, 2);',
  'INSERT INTO `g` VALUES (100, 10), (101, 11), (102, 12), (103, 12);',
];

const REBUILD = [
  'PRAGMA foreign_keys=OFF;',
  'CREATE TABLE `__new_p` (\n\t`id` integer PRIMARY KEY NOT NULL,\n\t`name` text NOT NULL\n);\n',
  'INSERT INTO `__new_p`("id", "name") SELECT "id", "name" FROM `p`;',
  'DROP TABLE `p`;',
  'ALTER TABLE `__new_p` RENAME TO `p`;',
  'PRAGMA foreign_keys=ON;',
];

const bundle = (...migrations: (readonly string[])[]): DrizzleBundle0 => ({
  journal: {
    entries: migrations.map((_, idx) => ({
      idx,
      when: WHEN + idx * 60_000,
      tag: `000${idx}_made`,
      breakpoints: true,
    })),
  },
  migrations: Object.fromEntries(
    migrations.map((statements, idx) => [
      `m000${idx}`,
      statements.join('--> statement-breakpoint\n'),
    ]),
  ),
});

/** What an earlier deploy has run. */
export const FIRST = bundle(SCHEMA);

/** What is deployed: the rebuild, and one that needs what it made. */
export const ALL = bundle(SCHEMA, REBUILD, ['ALTER TABLE `p` ADD `note` text;']);

/** The same, with rows from the first migration on, so that a new object has some too when it comes to the rebuild. */
export const SEEDED = bundle([...SCHEMA, ...FILL], REBUILD, ['ALTER TABLE `p` ADD `note` text;']);

/** The same as what is deployed, with one that fails in an object that has rows. */
export const FAILING = bundle(SCHEMA, REBUILD, ["INSERT INTO `p` VALUES (1, 'one');"]);
