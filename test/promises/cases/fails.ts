// What throws in every object, or in every one with rows, at each wake.
import { type Defect, type Innocent, rebuild, sql } from '../case.ts';

const ITEMS = sql(
  'CREATE TABLE `items` (`id` integer PRIMARY KEY NOT NULL, `label` text NOT NULL, `code` text UNIQUE)',
);
const someItems = "INSERT INTO items VALUES (1, 'a', 'x')";
const items = 'id integer PRIMARY KEY NOT NULL, label text, code text UNIQUE';

export const FAILING_DEFECTS: readonly Defect[] = [
  {
    what: 'a column that is NOT NULL without a default is added',
    history: [ITEMS, sql('ALTER TABLE `items` ADD `owner` text NOT NULL')],
    rows: someItems,
    fails: 'Cannot add a NOT NULL column',
    names: 'items NOT NULL',
  },
  {
    what: 'two columns that are NOT NULL are added, one without a default',
    history: [
      ITEMS,
      sql(
        "ALTER TABLE `items` ADD `owner` text DEFAULT '' NOT NULL",
        'ALTER TABLE `items` ADD `size` integer NOT NULL',
      ),
    ],
    rows: someItems,
    fails: 'Cannot add a NOT NULL column',
    names: 'items NOT NULL',
  },
  {
    what: 'a column is added with CURRENT_TIMESTAMP as its default',
    history: [
      ITEMS,
      sql('ALTER TABLE `items` ADD `made_at` text DEFAULT CURRENT_TIMESTAMP NOT NULL'),
    ],
    rows: someItems,
    fails: 'Cannot add a column with non-constant default',
    names: 'items default',
  },
  {
    what: 'a column is added with an expression as its default',
    history: [
      ITEMS,
      sql('ALTER TABLE `items` ADD `made_at` integer DEFAULT (unixepoch()) NOT NULL'),
    ],
    rows: someItems,
    fails: 'Cannot add a column with non-constant default',
    names: 'items default',
  },
  {
    what: 'a column is added with UNIQUE',
    history: [ITEMS, sql('ALTER TABLE `items` ADD `slug` text UNIQUE')],
    rows: someItems,
    fails: 'Cannot add a UNIQUE column',
    names: 'UNIQUE column',
  },
  {
    what: 'a column is added as PRIMARY KEY',
    history: [
      sql('CREATE TABLE `logs` (`text` text NOT NULL)'),
      sql('ALTER TABLE `logs` ADD `id` integer PRIMARY KEY'),
    ],
    rows: "INSERT INTO logs VALUES ('a')",
    fails: 'Cannot add a PRIMARY KEY column',
    names: 'PRIMARY KEY column',
  },
  {
    what: 'a stored generated column is added',
    history: [
      ITEMS,
      sql('ALTER TABLE `items` ADD `upper_label` text GENERATED ALWAYS AS (upper(`label`)) STORED'),
    ],
    rows: someItems,
    fails: 'cannot add a STORED column',
    names: 'STORED',
  },
  {
    what: 'a column that refers to another table is added with a default that is not NULL',
    history: [
      ITEMS,
      sql('ALTER TABLE `items` ADD `parent_id` integer DEFAULT 1 REFERENCES items(id)'),
    ],
    rows: someItems,
    fails: 'Cannot add a REFERENCES column with non-NULL default value',
    names: 'REFERENCES column',
  },
  {
    what: 'a column that is UNIQUE is dropped',
    history: [ITEMS, sql('ALTER TABLE `items` DROP COLUMN `code`')],
    rows: someItems,
    fails: 'cannot drop UNIQUE column',
    names: 'code',
  },
  {
    what: 'a column that a CHECK of the table names is dropped',
    history: [
      sql(
        'CREATE TABLE `items` (`id` integer PRIMARY KEY NOT NULL, `low` integer, `high` integer, CHECK (`low` < `high`))',
      ),
      sql('ALTER TABLE `items` DROP COLUMN `low`'),
    ],
    rows: 'INSERT INTO items VALUES (1, 1, 2)',
    fails: 'error in table items after drop column',
    names: 'items low',
  },
  {
    what: 'a column that a foreign key of the table names is dropped',
    history: [
      sql(
        'CREATE TABLE `teams` (`id` integer PRIMARY KEY NOT NULL)',
        'CREATE TABLE `rooms` (`id` integer PRIMARY KEY NOT NULL, `team_id` integer, FOREIGN KEY (`team_id`) REFERENCES `teams`(`id`))',
      ),
      sql('ALTER TABLE `rooms` DROP COLUMN `team_id`'),
    ],
    rows: 'INSERT INTO rooms VALUES (1, NULL)',
    fails: 'unknown column "team_id" in foreign key definition',
    names: 'team_id',
  },
  {
    what: 'a column that a generated column reads is dropped',
    history: [
      sql(
        'CREATE TABLE `lines` (`id` integer PRIMARY KEY NOT NULL, `price` integer, `gross` integer AS (price * 2) VIRTUAL)',
      ),
      sql('ALTER TABLE `lines` DROP COLUMN `price`'),
    ],
    rows: 'INSERT INTO lines (id, price) VALUES (1, 2)',
    fails: 'error in table lines after drop column',
    names: 'lines price',
  },
  {
    what: 'a table is created that is there already',
    history: [ITEMS, sql('CREATE TABLE `items` (`id` integer PRIMARY KEY NOT NULL)')],
    rows: someItems,
    fails: 'already exists',
    names: 'items exists',
  },
  {
    what: 'CREATE TABLE IF NOT EXISTS hides that the table lacks a column that is used then',
    history: [
      ITEMS,
      sql(
        'CREATE TABLE IF NOT EXISTS `items` (`id` integer PRIMARY KEY NOT NULL, `label` text, `owner` text)',
        'CREATE INDEX `items_owner` ON `items` (`owner`)',
      ),
    ],
    rows: someItems,
    fails: 'no such column: owner',
    names: 'owner',
  },
  {
    what: 'a column is added twice, by two branches',
    history: [
      ITEMS,
      sql('ALTER TABLE `items` ADD `size` integer'),
      sql('ALTER TABLE `items` ADD `size` integer'),
    ],
    has: 1,
    rows: someItems,
    fails: 'duplicate column name: size',
    names: 'size',
  },
  {
    what: 'a copy with * goes into a table with one column more',
    history: [
      ITEMS,
      sql(
        'CREATE TABLE `__new_items` (`id` integer PRIMARY KEY NOT NULL, `label` text, `code` text, `size` integer)',
        'INSERT INTO `__new_items` SELECT * FROM `items`',
        'DROP TABLE `items`',
        'ALTER TABLE `__new_items` RENAME TO `items`',
      ),
    ],
    rows: someItems,
    fails: 'has 4 columns but 3 values were supplied',
    names: '__new_items columns',
  },
  {
    what: 'a rebuild makes a new column NOT NULL that nothing fills',
    history: [ITEMS, rebuild('items', `${items}, owner text NOT NULL`, 'id label code')],
    rows: someItems,
    fails: 'NOT NULL constraint failed',
    names: 'items owner',
  },
  {
    what: 'drizzle-kit copies NULL into a new column that is NOT NULL by a name that reads as text in an integer STRICT table',
    history: [
      sql('CREATE TABLE `items` (`id` integer PRIMARY KEY NOT NULL, `label` text NOT NULL) STRICT'),
      sql(
        'PRAGMA foreign_keys=OFF',
        'CREATE TABLE `__new_items` (`id` integer PRIMARY KEY NOT NULL, `label` text NOT NULL, `size` integer NOT NULL) STRICT',
        'INSERT INTO `__new_items`("id", "label", "size") SELECT "id", "label", "size" FROM `items`',
        'DROP TABLE `items`',
        'ALTER TABLE `__new_items` RENAME TO `items`',
        'PRAGMA foreign_keys=ON',
      ),
    ],
    rows: "INSERT INTO items VALUES (1, 'a')",
    fails: 'cannot store TEXT value in INTEGER column',
    names: 'size',
  },
  {
    what: 'a statement has a slip of the pen',
    history: [ITEMS, sql('ALTER TABEL `items` ADD `size` integer')],
    rows: someItems,
    fails: 'syntax error',
    names: 'TABEL',
  },
  {
    what: 'a comma too many in a CREATE TABLE that was edited by hand',
    history: [ITEMS, sql('CREATE TABLE `tags` (`id` integer PRIMARY KEY NOT NULL, `label` text,)')],
    rows: someItems,
    fails: 'syntax error',
    names: 'syntax',
  },
  {
    what: 'a function that SQLite does not have',
    history: [ITEMS, sql('UPDATE `items` SET `code` = gen_random_uuid() WHERE `code` IS NULL')],
    rows: someItems,
    fails: 'no such function: gen_random_uuid',
    names: 'gen_random_uuid',
  },
  {
    what: 'a default with a function that SQLite does not have: the first INSERT throws',
    history: [
      ITEMS,
      sql('CREATE TABLE `tags` (`id` text PRIMARY KEY DEFAULT (uuid()) NOT NULL, `label` text)'),
    ],
    rows: someItems,
    asks: "INSERT INTO tags (label) VALUES ('a')",
    breaks: 'unknown function: uuid()',
    names: 'uuid',
  },
  {
    what: 'a foreign key to a column that is no key: every INSERT throws',
    history: [
      ITEMS,
      sql(
        'CREATE TABLE `notes` (`id` integer PRIMARY KEY NOT NULL, `item` text REFERENCES items(label))',
      ),
    ],
    rows: someItems,
    asks: "INSERT INTO notes VALUES (1, 'a')",
    breaks: 'foreign key mismatch',
    names: 'notes items',
  },
  {
    what: 'a foreign key to a table that there is not: every INSERT throws',
    history: [
      ITEMS,
      sql(
        'CREATE TABLE `notes` (`id` integer PRIMARY KEY NOT NULL, `owner` integer REFERENCES owners(id))',
      ),
    ],
    rows: someItems,
    asks: 'INSERT INTO notes VALUES (1, 1)',
    breaks: 'no such table: main.owners',
    names: 'notes owners',
  },
  {
    what: 'a foreign key to the first column of a key of two',
    history: [
      sql('CREATE TABLE `halls` (`a` text NOT NULL, `b` text NOT NULL, PRIMARY KEY(`a`, `b`))'),
      sql(
        'CREATE TABLE `seats` (`id` integer PRIMARY KEY NOT NULL, `a` text, FOREIGN KEY (`a`) REFERENCES `halls`(`a`))',
      ),
    ],
    asks: "INSERT INTO seats VALUES (1, 'x')",
    breaks: 'foreign key mismatch',
    names: 'seats halls',
  },
  {
    what: 'a trigger that names a column that there is not: every UPDATE throws',
    history: [
      ITEMS,
      sql(
        'CREATE TRIGGER `items_seen` AFTER UPDATE ON `items` BEGIN UPDATE `items` SET `seen` = 1 WHERE `id` = NEW.`id`; END',
      ),
    ],
    rows: someItems,
    next: "UPDATE items SET label = 'b'",
    asks: 'SELECT label FROM items',
    names: 'items_seen',
  },
  {
    what: 'a view that names a column that there is not',
    history: [ITEMS, sql('CREATE VIEW `sizes` AS SELECT id, size FROM items')],
    rows: someItems,
    asks: 'SELECT * FROM sizes',
    breaks: 'no such column: size',
    names: 'sizes',
  },
  {
    what: 'a pragma that the runtime refuses',
    history: [ITEMS, sql('PRAGMA user_version = 5', 'ALTER TABLE `items` ADD `size` integer')],
    inRuntime: true,
    asks: 'SELECT id FROM items',
    names: 'user_version',
  },
  {
    what: 'BEGIN and COMMIT around a migration that was written by hand',
    history: [ITEMS, sql('BEGIN TRANSACTION', 'ALTER TABLE `items` ADD `size` integer', 'COMMIT')],
    rows: someItems,
    fails: 'cannot start a transaction within a transaction',
    names: 'BEGIN',
  },
  {
    what: 'VACUUM after a big DELETE',
    history: [ITEMS, sql("DELETE FROM `items` WHERE `label` = 'zzz'", 'VACUUM')],
    rows: someItems,
    fails: 'cannot VACUUM from within a transaction',
    names: 'VACUUM',
  },
  {
    what: 'a temporary table for the time of a copy, which the runtime refuses',
    history: [
      ITEMS,
      sql('CREATE TEMP TABLE `saved` AS SELECT * FROM `items`', 'DROP TABLE temp.`saved`'),
    ],
    inRuntime: true,
    rows: someItems,
    asks: 'SELECT id FROM items',
    names: 'temp',
  },
  {
    what: 'a trigger with RAISE(ROLLBACK) fires at a backfill',
    history: [
      sql(
        'CREATE TABLE `ledger` (`id` integer PRIMARY KEY NOT NULL, `amount` integer NOT NULL)',
        "CREATE TRIGGER `ledger_frozen` BEFORE UPDATE ON `ledger` BEGIN SELECT RAISE(ROLLBACK, 'frozen'); END",
      ),
      sql('UPDATE `ledger` SET `amount` = `amount` * 100'),
    ],
    rows: 'INSERT INTO ledger VALUES (1, 5)',
    fails: 'frozen',
    names: 'migrates',
    by: 'rehearse',
  },
  {
    what: 'a migration drops a table that an earlier one dropped',
    history: [ITEMS, sql('DROP TABLE `items`'), sql('DROP TABLE `items`')],
    fails: 'no such table: items',
    names: 'items',
  },
  {
    what: 'a migration renames a column that was renamed already',
    history: [
      ITEMS,
      sql('ALTER TABLE `items` RENAME COLUMN `label` TO `title`'),
      sql('ALTER TABLE `items` RENAME COLUMN `label` TO `heading`'),
    ],
    rows: "INSERT INTO items VALUES (1, 'a', 'x')",
    fails: 'no such column',
    names: 'label',
  },
  {
    what: 'a rebuild that was cut off by a merge: the new table is never renamed',
    history: [
      ITEMS,
      sql(
        'PRAGMA foreign_keys=OFF',
        'CREATE TABLE `__new_items` (`id` integer PRIMARY KEY NOT NULL, `label` text)',
        'INSERT INTO `__new_items` SELECT id, label FROM `items`',
        'DROP TABLE `items`',
        'PRAGMA foreign_keys=ON',
      ),
    ],
    rows: someItems,
    asks: 'SELECT id, label FROM items',
    names: 'items',
    by: 'check',
  },
  {
    what: 'a rebuild finds the half of an earlier one: __new_items is there',
    history: [
      ITEMS,
      sql(`CREATE TABLE \`__new_items\` (${items})`),
      rebuild('items', items, 'id label code'),
    ],
    rows: someItems,
    fails: 'already exists',
    names: '__new_items',
  },
];

export const FAILING_INNOCENTS: readonly Innocent[] = [
  {
    what: 'a column that is NOT NULL without a default is added to a table that the migration makes',
    history: [
      ITEMS,
      sql(
        'CREATE TABLE `tags` (`id` integer PRIMARY KEY NOT NULL)',
        'ALTER TABLE `tags` ADD `label` text NOT NULL',
      ),
    ],
    rows: someItems,
    asks: 'SELECT * FROM items',
  },
  {
    what: 'a virtual generated column is added',
    history: [
      ITEMS,
      sql('ALTER TABLE `items` ADD `loud` text GENERATED ALWAYS AS (upper(`label`)) VIRTUAL'),
    ],
    rows: someItems,
    asks: 'SELECT id, label, code FROM items',
  },
  {
    what: 'a column with a CHECK is added',
    history: [ITEMS, sql('ALTER TABLE `items` ADD `size` integer CHECK (`size` > 0)')],
    rows: someItems,
    asks: 'SELECT id, label, code FROM items',
  },
  {
    what: 'a column with an expression as its default comes by a rebuild',
    history: [
      ITEMS,
      rebuild('items', `${items}, made_at integer DEFAULT (unixepoch()) NOT NULL`, 'id label code'),
    ],
    rows: someItems,
    asks: 'SELECT id, label, code FROM items',
  },
  {
    what: 'DROP IF EXISTS of what is not there',
    history: [
      ITEMS,
      sql(
        'DROP TABLE IF EXISTS `nothing`',
        'DROP INDEX IF EXISTS `nothing_i`',
        'DROP VIEW IF EXISTS `nothing_v`',
        'DROP TRIGGER IF EXISTS `nothing_t`',
        'ALTER TABLE `items` ADD `size` integer',
      ),
    ],
    rows: someItems,
    asks: 'SELECT id, label, code FROM items',
  },
  {
    what: 'CREATE IF NOT EXISTS of what is not there',
    history: [
      ITEMS,
      sql(
        'CREATE TABLE IF NOT EXISTS `tags` (`id` integer PRIMARY KEY NOT NULL)',
        'CREATE INDEX IF NOT EXISTS `items_label` ON `items` (`label`)',
      ),
    ],
    rows: someItems,
    asks: 'SELECT * FROM items',
  },
  {
    what: 'comments, semicolons in texts and keywords in strings',
    history: [
      ITEMS,
      "-- DROP TABLE items;\nALTER TABLE `items` ADD `note` text DEFAULT '; DROP TABLE items; --' NOT NULL; /* DELETE FROM items; */",
    ],
    rows: someItems,
    asks: 'SELECT id, label, code FROM items',
  },
  {
    what: 'lines that end as on Windows',
    history: [
      ITEMS,
      sql(
        'ALTER TABLE `items` ADD `size` integer',
        'CREATE INDEX `items_size` ON `items` (`size`)',
      ).replaceAll('\n', '\r\n'),
    ],
    rows: someItems,
    asks: 'SELECT id, label, code FROM items',
  },
  {
    what: 'PRAGMA defer_foreign_keys around an UPDATE',
    history: [
      sql('CREATE TABLE `a` (`id` integer PRIMARY KEY NOT NULL, `b_id` integer REFERENCES a(id))'),
      sql('PRAGMA defer_foreign_keys=ON', 'UPDATE `a` SET `b_id` = NULL WHERE `b_id` = 999'),
    ],
    rows: 'INSERT INTO a VALUES (1, 1)',
    asks: 'SELECT * FROM a',
  },
  {
    what: 'ANALYZE and PRAGMA optimize after an index',
    history: [ITEMS, sql('CREATE INDEX `items_label` ON `items` (`label`)', 'PRAGMA optimize')],
    rows: someItems,
    asks: 'SELECT * FROM items',
  },
  {
    what: 'a foreign key to a table that a later statement makes',
    history: [
      ITEMS,
      sql(
        'CREATE TABLE `notes` (`id` integer PRIMARY KEY NOT NULL, `owner` integer REFERENCES owners(id))',
        'CREATE TABLE `owners` (`id` integer PRIMARY KEY NOT NULL)',
      ),
    ],
    rows: someItems,
    asks: 'SELECT * FROM items',
  },
  {
    what: 'two tables that refer to each other',
    history: [
      ITEMS,
      sql(
        'CREATE TABLE `posts` (`id` integer PRIMARY KEY NOT NULL, `best_id` integer REFERENCES replies(id))',
        'CREATE TABLE `replies` (`id` integer PRIMARY KEY NOT NULL, `post_id` integer NOT NULL REFERENCES posts(id) ON DELETE CASCADE)',
      ),
    ],
    rows: someItems,
    asks: 'SELECT * FROM items',
  },
];
