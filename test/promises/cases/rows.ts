// Rows that a copy leaves out, a statement deletes or overwrites, or a cascade takes along.
import { type Defect, type Innocent, rebuild, rebuildBy, sql } from '../case.ts';

const NOTES = sql(
  'CREATE TABLE `notes` (`id` integer PRIMARY KEY NOT NULL, `body` text NOT NULL, `mood` text, `deleted_at` integer)',
);
const someNotes =
  "INSERT INTO notes VALUES (1, 'a', 'good', NULL), (2, 'b', NULL, NULL), (3, 'c', 'bad', 1700000000), (1500, 'd', NULL, NULL)";
const allNotes = 'SELECT id, body, mood FROM notes ORDER BY id';
const noteColumns = 'id integer PRIMARY KEY NOT NULL, body text, mood text, deleted_at integer';
const copyNotes = (rest: string): string =>
  rebuildBy(
    'notes',
    `(${noteColumns})`,
    `INSERT INTO \`__new_notes\`("id", "body", "mood", "deleted_at") SELECT "id", "body", "mood", "deleted_at" FROM \`notes\`${rest}`,
  );

const SHELVES = (onDelete: string): string =>
  sql(
    'CREATE TABLE `shelves` (`id` integer PRIMARY KEY NOT NULL, `label` text NOT NULL)',
    `CREATE TABLE \`books\` (\`id\` integer PRIMARY KEY NOT NULL, \`shelf_id\` integer REFERENCES shelves(id) ${onDelete}, \`title\` text NOT NULL)`,
  );
const someShelves =
  "INSERT INTO shelves VALUES (1, 'a'), (2, 'b'), (3, 'c'); INSERT INTO books VALUES (1, 1, 'x'), (2, 1, 'y'), (3, 2, 'z')";
const allBooks = 'SELECT id, shelf_id, title FROM books ORDER BY id';

const PLANS = sql(
  'CREATE TABLE `plans` (`code` text PRIMARY KEY NOT NULL, `price` integer NOT NULL)',
  'CREATE TABLE `members` (`id` integer PRIMARY KEY NOT NULL, `plan_code` text NOT NULL REFERENCES plans(code) ON DELETE CASCADE, `name` text NOT NULL)',
);
const somePlans =
  "INSERT INTO plans VALUES ('free', 0), ('pro', 9); INSERT INTO members VALUES (1, 'free', 'Ada'), (2, 'pro', 'Alan')";

export const ROW_DEFECTS: readonly Defect[] = [
  {
    what: 'a copy takes only rows that are not deleted softly',
    history: [NOTES, copyNotes(' WHERE "deleted_at" IS NULL')],
    rows: someNotes,
    asks: allNotes,
    names: 'notes rows',
    by: 'check',
  },
  {
    what: 'a copy leaves out rows by <>, and with them those with NULL',
    history: [NOTES, copyNotes(` WHERE "mood" <> 'bad'`)],
    rows: someNotes,
    asks: allNotes,
    names: 'notes rows',
    by: 'check',
  },
  {
    what: 'a copy has a LIMIT left over from a trial',
    history: [NOTES, copyNotes(' LIMIT 1000')],
    rows: 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1001) INSERT INTO notes SELECT i, i, i, NULL FROM n',
    asks: 'SELECT count(*) AS n FROM notes',
    names: 'notes LIMIT',
    by: 'check',
  },
  {
    what: 'a copy has an OFFSET',
    history: [NOTES, copyNotes(' ORDER BY "id" LIMIT -1 OFFSET 1')],
    rows: someNotes,
    asks: allNotes,
    names: 'notes rows',
    by: 'check',
  },
  {
    what: 'a copy joins a table in which not every row has a partner',
    history: [
      SHELVES(''),
      rebuildBy(
        'books',
        '(id integer PRIMARY KEY NOT NULL, shelf_id integer REFERENCES shelves(id), title text NOT NULL, shelf text)',
        'INSERT INTO `__new_books` SELECT b.id, b.shelf_id, b.title, s.label FROM `books` b JOIN `shelves` s ON s.id = b.shelf_id',
      ),
    ],
    rows: `${someShelves}; INSERT INTO books VALUES (4, NULL, 'loose')`,
    asks: allBooks,
    names: 'books rows',
    depends: true,
  },
  {
    what: 'a copy groups by a column that is not the key',
    history: [NOTES, copyNotes(' GROUP BY "body"')],
    rows: "INSERT INTO notes VALUES (1, 'a', 'x', NULL), (2, 'a', 'y', NULL)",
    asks: allNotes,
    names: 'notes rows',
    by: 'check',
  },
  {
    what: 'a copy takes DISTINCT rows without their key',
    history: [
      sql('CREATE TABLE `visits` (`page` text NOT NULL, `at` integer NOT NULL)'),
      rebuildBy(
        'visits',
        '(id integer PRIMARY KEY NOT NULL, page text NOT NULL, at integer NOT NULL)',
        'INSERT INTO `__new_visits`("page", "at") SELECT DISTINCT "page", "at" FROM `visits`',
      ),
    ],
    rows: "INSERT INTO visits VALUES ('/', 1), ('/', 1), ('/a', 2)",
    asks: 'SELECT page, at FROM visits',
    names: 'visits',
    depends: true,
  },
  {
    what: 'two tables are merged with UNION, which takes equal rows once',
    history: [
      sql(
        'CREATE TABLE `old_log` (`at` integer NOT NULL, `text` text NOT NULL)',
        'CREATE TABLE `new_log` (`at` integer NOT NULL, `text` text NOT NULL)',
      ),
      sql(
        'CREATE TABLE `log` (`id` integer PRIMARY KEY NOT NULL, `at` integer NOT NULL, `text` text NOT NULL)',
        'INSERT INTO `log` (at, text) SELECT at, text FROM `old_log` UNION SELECT at, text FROM `new_log`',
        'DROP TABLE `old_log`',
        'DROP TABLE `new_log`',
      ),
    ],
    rows: "INSERT INTO old_log VALUES (1, 'a'), (1, 'a'); INSERT INTO new_log VALUES (1, 'a')",
    asks: ['SELECT text FROM old_log UNION ALL SELECT text FROM new_log', 'SELECT text FROM log'],
    names: 'old_log',
    by: 'check',
  },
  {
    what: 'two tables are merged and only one of them is copied',
    history: [
      sql(
        'CREATE TABLE `old_log` (`id` integer PRIMARY KEY NOT NULL, `text` text NOT NULL)',
        'CREATE TABLE `archive_log` (`id` integer PRIMARY KEY NOT NULL, `text` text NOT NULL)',
      ),
      sql(
        'CREATE TABLE `log` (`id` integer PRIMARY KEY NOT NULL, `text` text NOT NULL)',
        'INSERT INTO `log` (text) SELECT text FROM `old_log`',
        'DROP TABLE `old_log`',
        'DROP TABLE `archive_log`',
      ),
    ],
    rows: "INSERT INTO old_log VALUES (1, 'a'); INSERT INTO archive_log VALUES (1, 'b')",
    asks: [
      'SELECT text FROM old_log UNION ALL SELECT text FROM archive_log',
      'SELECT text FROM log',
    ],
    names: 'archive_log',
    by: 'check',
  },
  {
    what: 'two tables with keys of their own are merged with OR IGNORE, and equal keys are lost',
    history: [
      sql(
        'CREATE TABLE `drafts` (`id` integer PRIMARY KEY NOT NULL, `text` text NOT NULL)',
        'CREATE TABLE `posts` (`id` integer PRIMARY KEY NOT NULL, `text` text NOT NULL)',
      ),
      sql('INSERT OR IGNORE INTO `posts` SELECT id, text FROM `drafts`', 'DROP TABLE `drafts`'),
    ],
    rows: "INSERT INTO drafts VALUES (1, 'draft'); INSERT INTO posts VALUES (1, 'post')",
    asks: ['SELECT text FROM posts UNION SELECT text FROM drafts', 'SELECT text FROM posts'],
    names: 'drafts',
    by: 'check',
  },
  {
    what: 'a rebuild that copies nothing',
    history: [
      NOTES,
      sql(
        'PRAGMA foreign_keys=OFF',
        'DROP TABLE `notes`',
        `CREATE TABLE \`notes\` (${noteColumns})`,
        'PRAGMA foreign_keys=ON',
      ),
    ],
    rows: someNotes,
    asks: allNotes,
    names: 'notes',
  },
  {
    what: 'a rebuild empties the old table before it copies',
    history: [
      NOTES,
      sql(
        'PRAGMA foreign_keys=OFF',
        `CREATE TABLE \`__new_notes\` (${noteColumns})`,
        'DELETE FROM `notes`',
        'INSERT INTO `__new_notes` SELECT * FROM `notes`',
        'DROP TABLE `notes`',
        'ALTER TABLE `__new_notes` RENAME TO `notes`',
        'PRAGMA foreign_keys=ON',
      ),
    ],
    rows: someNotes,
    asks: allNotes,
    names: 'notes rows',
    by: 'check',
  },
  {
    what: 'a rebuild copies from another table of the same shape',
    history: [
      `${NOTES}--> statement-breakpoint\n${sql('CREATE TABLE `notes_archive` (`id` integer PRIMARY KEY NOT NULL, `body` text NOT NULL, `mood` text, `deleted_at` integer)')}`,
      rebuildBy(
        'notes',
        `(${noteColumns})`,
        'INSERT INTO `__new_notes` SELECT * FROM `notes_archive`',
      ),
    ],
    rows: someNotes,
    asks: allNotes,
    names: 'notes',
  },
  {
    what: 'a rebuild is written in the wrong order: it drops before it copies from the new table itself',
    history: [
      NOTES,
      sql(
        `CREATE TABLE \`__new_notes\` (${noteColumns})`,
        'DROP TABLE `notes`',
        'ALTER TABLE `__new_notes` RENAME TO `notes`',
        'INSERT INTO `notes` SELECT * FROM `notes` WHERE false',
      ),
    ],
    rows: someNotes,
    asks: allNotes,
    names: 'notes',
  },
  {
    what: 'a DELETE of some rows excuses a rebuild that loses a column of all others',
    history: [
      NOTES,
      `${sql('DELETE FROM `notes` WHERE id > 1000')}${rebuild('notes', noteColumns, 'id body deleted_at')}`,
    ],
    rows: someNotes,
    asks: 'SELECT id, mood FROM notes WHERE id < 1000',
    names: 'notes mood',
  },
  {
    what: 'a DELETE of some rows excuses a rebuild that copies none',
    history: [
      NOTES,
      sql(
        'DELETE FROM `notes` WHERE id > 1000',
        'DROP TABLE `notes`',
        `CREATE TABLE \`notes\` (${noteColumns})`,
      ),
    ],
    rows: someNotes,
    asks: 'SELECT id, mood FROM notes WHERE id < 1000',
    names: 'notes',
  },
  {
    what: 'an upsert of one row excuses a rebuild that loses a column of all others',
    history: [
      sql('CREATE TABLE `settings` (`name` text PRIMARY KEY NOT NULL, `value` text, `by` text)'),
      `${sql("INSERT INTO `settings` (name, value) VALUES ('theme', 'dark') ON CONFLICT (name) DO UPDATE SET value = 'dark'")}${rebuild('settings', 'name text PRIMARY KEY NOT NULL, value text, by text', 'name value')}`,
    ],
    rows: "INSERT INTO settings VALUES ('theme', 'light', 'Ada'), ('font', 'serif', 'Alan')",
    asks: "SELECT name, value, by FROM settings WHERE name = 'font'",
    names: 'settings by',
  },
  {
    what: 'an UPDATE of one row excuses a rebuild that swaps two columns of all',
    history: [
      NOTES,
      `${sql("UPDATE `notes` SET body = 'x', mood = 'y' WHERE id = 99999")}${rebuildBy('notes', `(${noteColumns})`, 'INSERT INTO `__new_notes`("id", "body", "mood", "deleted_at") SELECT "id", "mood", "body", "deleted_at" FROM `notes`')}`,
    ],
    rows: someNotes,
    asks: allNotes,
    names: 'notes body',
  },
  {
    what: 'CREATE TABLE AS with a WHERE excuses that the old table is dropped',
    history: [
      NOTES,
      sql(
        'CREATE TABLE `recent` AS SELECT * FROM `notes` WHERE id > 1000',
        'DROP TABLE `notes`',
        'ALTER TABLE `recent` RENAME TO `notes`',
      ),
    ],
    rows: someNotes,
    asks: allNotes,
    names: 'notes rows',
    by: 'check',
  },
  {
    what: 'CREATE TABLE AS with the columns in the wrong order, then copied back by position',
    history: [
      NOTES,
      sql(
        'CREATE TABLE `saved` AS SELECT id, mood, body, deleted_at FROM `notes`',
        'DROP TABLE `notes`',
        `CREATE TABLE \`notes\` (${noteColumns})`,
        'INSERT INTO `notes` SELECT * FROM `saved`',
        'DROP TABLE `saved`',
      ),
    ],
    rows: someNotes,
    asks: allNotes,
    names: 'notes body',
  },
  {
    what: 'an UPDATE has lost its WHERE',
    history: [NOTES, sql("UPDATE `notes` SET `mood` = 'unknown'")],
    rows: someNotes,
    asks: allNotes,
    names: 'notes mood',
    by: 'check',
  },
  {
    what: 'a DELETE has lost its WHERE',
    history: [NOTES, sql('DELETE FROM `notes`')],
    rows: someNotes,
    asks: allNotes,
    names: 'notes deletes',
    by: 'check',
  },
  {
    what: 'a DELETE has a WHERE that is always true',
    history: [NOTES, sql("DELETE FROM `notes` WHERE id = id OR mood = 'bad'")],
    rows: someNotes,
    asks: allNotes,
    names: 'notes deletes',
    by: 'check',
  },
  {
    what: 'duplicates are removed before a unique index, and the newest go',
    history: [
      sql('CREATE TABLE `emails` (`id` integer PRIMARY KEY NOT NULL, `address` text NOT NULL)'),
      sql(
        'DELETE FROM `emails` WHERE id NOT IN (SELECT min(id) FROM `emails` GROUP BY address)',
        'CREATE UNIQUE INDEX `emails_address` ON `emails` (`address`)',
      ),
    ],
    rows: "INSERT INTO emails VALUES (1, 'a'), (2, 'a'), (3, 'b')",
    asks: 'SELECT id FROM emails',
    names: 'emails deletes',
    by: 'check',
  },
  {
    what: 'a DELETE takes the children along by a cascade',
    history: [SHELVES('ON DELETE CASCADE'), sql('DELETE FROM `shelves` WHERE id = 1')],
    rows: someShelves,
    asks: allBooks,
    names: 'books shelves',
    by: 'check',
  },
  {
    what: 'a DELETE empties references by SET NULL',
    history: [SHELVES('ON DELETE SET NULL'), sql('DELETE FROM `shelves` WHERE id = 1')],
    rows: someShelves,
    asks: allBooks,
    names: 'books shelves',
    by: 'check',
  },
  {
    what: 'a table is dropped with foreign keys on, and its children go with it',
    history: [
      SHELVES('ON DELETE CASCADE'),
      sql(
        'CREATE TABLE `racks` (`id` integer PRIMARY KEY NOT NULL, `label` text NOT NULL)',
        'INSERT INTO `racks` SELECT id, label FROM `shelves`',
        'DROP TABLE `shelves`',
      ),
    ],
    rows: someShelves,
    asks: allBooks,
    names: 'books shelves',
    by: 'check',
  },
  {
    what: 'a rebuild by hand without the pragma deletes the children',
    history: [
      SHELVES('ON DELETE CASCADE'),
      sql(
        'CREATE TABLE `__new_shelves` (`id` integer PRIMARY KEY NOT NULL, `label` text)',
        'INSERT INTO `__new_shelves` SELECT id, label FROM `shelves`',
        'DROP TABLE `shelves`',
        'ALTER TABLE `__new_shelves` RENAME TO `shelves`',
      ),
    ],
    rows: someShelves,
    asks: allBooks,
    names: 'books',
  },
  {
    what: 'a rebuild by hand without the pragma empties the references of the children',
    history: [
      SHELVES('ON DELETE SET NULL'),
      sql(
        'CREATE TABLE `__new_shelves` (`id` integer PRIMARY KEY NOT NULL, `label` text)',
        'INSERT INTO `__new_shelves` SELECT id, label FROM `shelves`',
        'DROP TABLE `shelves`',
        'ALTER TABLE `__new_shelves` RENAME TO `shelves`',
      ),
    ],
    rows: someShelves,
    asks: allBooks,
    names: { check: 'books', rehearse: 'books shelf_id' },
  },
  {
    what: 'a rebuild by hand without the pragma reaches the grandchildren through a cascade',
    history: [
      `${SHELVES('ON DELETE CASCADE')}--> statement-breakpoint\n${sql('CREATE TABLE `pages` (`id` integer PRIMARY KEY NOT NULL, `book_id` integer NOT NULL REFERENCES books(id) ON DELETE CASCADE, `text` text)')}`,
      sql(
        'CREATE TABLE `__new_shelves` (`id` integer PRIMARY KEY NOT NULL, `label` text)',
        'INSERT INTO `__new_shelves` SELECT id, label FROM `shelves`',
        'DROP TABLE `shelves`',
        'ALTER TABLE `__new_shelves` RENAME TO `shelves`',
      ),
    ],
    rows: `${someShelves}; INSERT INTO pages VALUES (1, 1, 'p')`,
    asks: 'SELECT id FROM pages',
    names: 'pages',
  },
  {
    what: 'a seed with OR REPLACE overwrites what users changed',
    history: [
      sql('CREATE TABLE `settings` (`name` text PRIMARY KEY NOT NULL, `value` text, `by` text)'),
      sql(
        "INSERT OR REPLACE INTO `settings` (name, value) VALUES ('theme', 'dark'), ('font', 'sans')",
      ),
    ],
    rows: "INSERT INTO settings VALUES ('theme', 'light', 'Ada')",
    asks: "SELECT value, by FROM settings WHERE name = 'theme'",
    names: 'settings',
    by: 'check',
  },
  {
    what: 'a seed with OR REPLACE deletes the children of the row that it replaces',
    history: [PLANS, sql("INSERT OR REPLACE INTO `plans` VALUES ('free', 0), ('team', 5)")],
    rows: somePlans,
    asks: 'SELECT id FROM members',
    names: 'members plans',
    by: 'check',
  },
  {
    what: 'UPDATE OR REPLACE merges rows and loses one of each pair',
    history: [
      sql('CREATE TABLE `tags` (`name` text PRIMARY KEY NOT NULL, `hue` text)'),
      sql('UPDATE OR REPLACE `tags` SET `name` = lower(`name`)'),
    ],
    rows: "INSERT INTO tags VALUES ('Red', 'a'), ('red', 'b')",
    asks: 'SELECT hue FROM tags',
    names: 'tags',
    by: 'check',
  },
  {
    what: 'an UPDATE with a subquery that finds nothing sets NULL',
    history: [
      sql(
        'CREATE TABLE `prices` (`sku` text PRIMARY KEY NOT NULL, `amount` integer)',
        'CREATE TABLE `import` (`sku` text PRIMARY KEY NOT NULL, `amount` integer)',
      ),
      sql(
        'UPDATE `prices` SET `amount` = (SELECT i.amount FROM `import` i WHERE i.sku = `prices`.sku)',
      ),
    ],
    rows: "INSERT INTO prices VALUES ('a', 1), ('b', 2); INSERT INTO import VALUES ('a', 3)",
    asks: "SELECT amount FROM prices WHERE sku = 'b'",
    names: 'prices amount',
    by: 'check',
  },
  {
    what: 'a backfill fires a trigger that sets updated_at of every row',
    history: [
      sql(
        'CREATE TABLE `docs` (`id` integer PRIMARY KEY NOT NULL, `title` text NOT NULL, `slug` text, `updated_at` integer NOT NULL)',
        'CREATE TRIGGER `docs_touch` AFTER UPDATE ON `docs` BEGIN UPDATE `docs` SET `updated_at` = 4102444800 WHERE `id` = NEW.`id`; END',
      ),
      sql('UPDATE `docs` SET `slug` = lower(`title`)'),
    ],
    rows: "INSERT INTO docs VALUES (1, 'A', NULL, 1700000000)",
    asks: 'SELECT updated_at FROM docs',
    names: 'docs updated_at',
    by: 'check',
  },
  {
    what: 'a DELETE fires a trigger that deletes elsewhere',
    history: [
      sql(
        'CREATE TABLE `files` (`id` integer PRIMARY KEY NOT NULL, `path` text NOT NULL)',
        'CREATE TABLE `shares` (`id` integer PRIMARY KEY NOT NULL, `path` text NOT NULL)',
        'CREATE TRIGGER `files_gone` AFTER DELETE ON `files` BEGIN DELETE FROM `shares` WHERE `path` = OLD.`path`; END',
      ),
      sql("DELETE FROM `files` WHERE `path` LIKE '/tmp/%'"),
    ],
    rows: "INSERT INTO files VALUES (1, '/tmp/a'); INSERT INTO shares VALUES (1, '/tmp/a')",
    asks: 'SELECT id FROM shares',
    names: 'shares',
    by: 'check',
  },
  {
    what: 'a split of a table copies the first of several columns only',
    history: [
      sql(
        'CREATE TABLE `clients` (`id` integer PRIMARY KEY NOT NULL, `name` text NOT NULL, `street` text, `town` text)',
      ),
      sql(
        'CREATE TABLE `addresses` (`client_id` integer PRIMARY KEY NOT NULL REFERENCES clients(id), `street` text, `town` text)',
        'INSERT INTO `addresses` (client_id, street) SELECT id, street FROM `clients`',
        'ALTER TABLE `clients` DROP COLUMN `street`',
        'ALTER TABLE `clients` DROP COLUMN `town`',
      ),
    ],
    rows: "INSERT INTO clients VALUES (1, 'Ada', 's', 't')",
    asks: ['SELECT town FROM clients', 'SELECT town FROM addresses'],
    names: 'clients town',
    by: 'check',
  },
  {
    what: 'a split of a table copies only the rows with both columns',
    history: [
      sql(
        'CREATE TABLE `clients` (`id` integer PRIMARY KEY NOT NULL, `name` text NOT NULL, `street` text, `town` text)',
      ),
      sql(
        'CREATE TABLE `addresses` (`client_id` integer PRIMARY KEY NOT NULL REFERENCES clients(id), `street` text, `town` text)',
        'INSERT INTO `addresses` SELECT id, street, town FROM `clients` WHERE street IS NOT NULL AND town IS NOT NULL',
        'ALTER TABLE `clients` DROP COLUMN `street`',
        'ALTER TABLE `clients` DROP COLUMN `town`',
      ),
    ],
    rows: "INSERT INTO clients VALUES (1, 'Ada', 's', 't'), (2, 'Alan', NULL, 'u')",
    asks: ['SELECT town FROM clients', 'SELECT town FROM addresses'],
    names: 'clients town',
    by: 'check',
  },
  {
    what: 'the keys of a parent are given anew in a copy, and the children point to others',
    history: [
      SHELVES(''),
      rebuildBy(
        'shelves',
        '(id integer PRIMARY KEY NOT NULL, label text)',
        'INSERT INTO `__new_shelves`(label) SELECT label FROM `shelves` ORDER BY label DESC',
      ),
    ],
    rows: someShelves,
    asks: 'SELECT books.id, label FROM books JOIN shelves ON shelves.id = shelf_id ORDER BY 1',
    names: 'shelves id',
  },
  {
    what: 'an enum is renamed by a CASE without ELSE',
    history: [
      NOTES,
      sql(
        "UPDATE `notes` SET `mood` = CASE `mood` WHEN 'good' THEN 'happy' WHEN 'bad' THEN 'sad' END",
      ),
    ],
    rows: "INSERT INTO notes VALUES (1, 'a', 'calm', NULL)",
    asks: allNotes,
    names: 'notes mood',
    by: 'check',
  },
];

export const ROW_INNOCENTS: readonly Innocent[] = [
  {
    what: 'a rebuild of a parent whose children cascade, with the pragma',
    history: [
      SHELVES('ON DELETE CASCADE'),
      rebuild('shelves', 'id integer PRIMARY KEY NOT NULL, label text', 'id label'),
    ],
    rows: someShelves,
    asks: allBooks,
    says: 'REBUILD_WITH_CHILDREN',
  },
  {
    what: 'a rebuild of a parent whose children are set to NULL, with the pragma',
    history: [
      SHELVES('ON DELETE SET NULL'),
      rebuild('shelves', 'id integer PRIMARY KEY NOT NULL, label text', 'id label'),
    ],
    rows: someShelves,
    asks: allBooks,
    says: 'REBUILD_WITH_CHILDREN',
  },
  {
    what: 'a rebuild of a child',
    history: [
      SHELVES('ON DELETE CASCADE'),
      rebuild(
        'books',
        'id integer PRIMARY KEY NOT NULL, shelf_id integer REFERENCES shelves(id) ON DELETE CASCADE, title text',
        'id shelf_id title',
      ),
    ],
    rows: someShelves,
    asks: allBooks,
  },
  {
    what: 'a rebuild of parent and child in one migration',
    history: [
      SHELVES('ON DELETE CASCADE'),
      rebuild('shelves', 'id integer PRIMARY KEY NOT NULL, label text', 'id label') +
        rebuild(
          'books',
          'id integer PRIMARY KEY NOT NULL, shelf_id integer REFERENCES shelves(id) ON DELETE CASCADE, title text',
          'id shelf_id title',
        ),
    ],
    rows: someShelves,
    asks: allBooks,
    says: 'REBUILD_WITH_CHILDREN',
  },
  {
    what: 'a table that refers to itself is rebuilt',
    history: [
      sql(
        'CREATE TABLE `tree` (`id` integer PRIMARY KEY NOT NULL, `parent_id` integer REFERENCES tree(id) ON DELETE CASCADE, `label` text NOT NULL)',
      ),
      rebuild(
        'tree',
        'id integer PRIMARY KEY NOT NULL, parent_id integer REFERENCES tree(id) ON DELETE CASCADE, label text',
        'id parent_id label',
      ),
    ],
    rows: "INSERT INTO tree VALUES (1, NULL, 'a'), (2, 1, 'b')",
    asks: 'SELECT * FROM tree',
    says: 'REBUILD_WITH_CHILDREN',
  },
  {
    what: 'a copy with WHERE that is true of every row',
    history: [NOTES, copyNotes(' WHERE "id" IS NOT NULL')],
    rows: someNotes,
    asks: allNotes,
  },
  {
    what: 'a copy in an order',
    history: [NOTES, copyNotes(' ORDER BY "body" DESC')],
    rows: someNotes,
    asks: allNotes,
  },
  {
    what: 'a copy with a LEFT JOIN by key',
    history: [
      SHELVES(''),
      rebuildBy(
        'books',
        '(id integer PRIMARY KEY NOT NULL, shelf_id integer REFERENCES shelves(id), title text NOT NULL, shelf text)',
        'INSERT INTO `__new_books` SELECT b.id, b.shelf_id, b.title, s.label FROM `books` b LEFT JOIN `shelves` s ON s.id = b.shelf_id',
      ),
    ],
    rows: `${someShelves}; INSERT INTO books VALUES (4, NULL, 'loose')`,
    asks: allBooks,
  },
  {
    what: 'two tables are merged with UNION ALL',
    history: [
      sql(
        'CREATE TABLE `log` (`id` integer PRIMARY KEY NOT NULL, `text` text NOT NULL)',
        'CREATE TABLE `log2` (`id` integer PRIMARY KEY NOT NULL, `text` text NOT NULL)',
      ),
      sql(
        'CREATE TABLE `entries` (`id` integer PRIMARY KEY NOT NULL, `text` text NOT NULL)',
        'INSERT INTO `entries` (text) SELECT text FROM `log` UNION ALL SELECT text FROM `log2`',
      ),
    ],
    rows: "INSERT INTO log VALUES (1, 'a'); INSERT INTO log2 VALUES (1, 'b')",
    asks: ['SELECT text FROM log UNION ALL SELECT text FROM log2', 'SELECT text FROM entries'],
  },
  {
    what: 'a split of a table that copies everything first',
    history: [
      sql(
        'CREATE TABLE `clients` (`id` integer PRIMARY KEY NOT NULL, `name` text NOT NULL, `street` text, `town` text)',
      ),
      sql(
        'CREATE TABLE `addresses` (`client_id` integer PRIMARY KEY NOT NULL REFERENCES clients(id), `street` text, `town` text)',
        'INSERT INTO `addresses` SELECT id, street, town FROM `clients`',
        'ALTER TABLE `clients` DROP COLUMN `street`',
        'ALTER TABLE `clients` DROP COLUMN `town`',
      ),
    ],
    rows: "INSERT INTO clients VALUES (1, 'Ada', 's', 't')",
    asks: ['SELECT street, town FROM clients', 'SELECT street, town FROM addresses'],
  },
  {
    what: 'a seed with OR IGNORE',
    history: [
      sql('CREATE TABLE `settings` (`name` text PRIMARY KEY NOT NULL, `value` text)'),
      sql("INSERT OR IGNORE INTO `settings` VALUES ('theme', 'dark'), ('font', 'sans')"),
    ],
    rows: "INSERT INTO settings VALUES ('theme', 'light')",
    asks: "SELECT value FROM settings WHERE name = 'theme'",
  },
  {
    what: 'a seed with ON CONFLICT DO NOTHING',
    history: [
      sql('CREATE TABLE `settings` (`name` text PRIMARY KEY NOT NULL, `value` text)'),
      sql("INSERT INTO `settings` VALUES ('theme', 'dark') ON CONFLICT DO NOTHING"),
    ],
    rows: "INSERT INTO settings VALUES ('theme', 'light')",
    asks: "SELECT value FROM settings WHERE name = 'theme'",
  },
  {
    what: 'a seed where no row is, by WHERE NOT EXISTS',
    history: [
      sql('CREATE TABLE `settings` (`id` integer PRIMARY KEY NOT NULL, `value` text)'),
      sql(
        "INSERT INTO `settings` (value) SELECT 'dark' WHERE NOT EXISTS (SELECT 1 FROM `settings`)",
      ),
    ],
    rows: "INSERT INTO settings VALUES (7, 'light')",
    asks: 'SELECT * FROM settings',
  },
  {
    what: 'a table is made and seeded in one migration, and a child of it later',
    history: [
      sql(
        'CREATE TABLE `roles` (`code` text PRIMARY KEY NOT NULL, `rank` integer NOT NULL)',
        "INSERT INTO `roles` VALUES ('owner', 1), ('guest', 9)",
      ),
      sql(
        "CREATE TABLE `people` (`id` integer PRIMARY KEY NOT NULL, `role` text DEFAULT 'guest' NOT NULL REFERENCES roles(code))",
      ),
      sql('CREATE INDEX `people_role` ON `people` (`role`)'),
    ],
    rows: "INSERT INTO people VALUES (1, 'owner')",
    asks: 'SELECT people.id, rank FROM people JOIN roles ON code = role',
  },
  {
    what: 'a table has one row that a migration inserts',
    history: [
      sql(
        'CREATE TABLE `state` (`id` integer PRIMARY KEY NOT NULL CHECK (`id` = 1), `version` integer NOT NULL)',
        'INSERT INTO `state` VALUES (1, 0)',
      ),
      sql('ALTER TABLE `state` ADD `paused` integer DEFAULT false NOT NULL'),
      sql('CREATE TABLE `more` (`id` integer PRIMARY KEY NOT NULL)'),
    ],
    asks: 'SELECT id, version FROM state',
  },
  {
    what: 'the one row that a migration inserted is updated by a later one',
    has: 2,
    history: [
      sql(
        'CREATE TABLE `state` (`id` integer PRIMARY KEY NOT NULL CHECK (`id` = 1), `version` integer NOT NULL, `note` text)',
        'INSERT INTO `state` VALUES (1, 0, NULL)',
      ),
      sql('UPDATE `state` SET `version` = 2 WHERE `id` = 1'),
      sql('CREATE TABLE `more` (`id` integer PRIMARY KEY NOT NULL)'),
    ],
    asks: 'SELECT * FROM state',
  },
  {
    what: 'a new column is filled by UPDATE FROM',
    history: [
      SHELVES(''),
      sql(
        'ALTER TABLE `books` ADD `shelf` text',
        'UPDATE `books` SET `shelf` = s.label FROM `shelves` s WHERE s.id = `books`.shelf_id',
      ),
    ],
    rows: someShelves,
    asks: allBooks,
  },
  {
    what: 'a new column is filled by a CTE',
    history: [
      SHELVES(''),
      sql(
        'ALTER TABLE `shelves` ADD `count` integer DEFAULT 0 NOT NULL',
        'WITH c AS (SELECT shelf_id, count(*) AS n FROM `books` GROUP BY shelf_id) UPDATE `shelves` SET `count` = coalesce((SELECT n FROM c WHERE c.shelf_id = `shelves`.id), 0)',
      ),
    ],
    rows: someShelves,
    asks: 'SELECT id, label FROM shelves',
  },
  {
    what: 'a new table is filled by window functions',
    history: [
      NOTES,
      sql(
        'CREATE TABLE `ranks` (`note_id` integer PRIMARY KEY NOT NULL REFERENCES notes(id), `rank` integer NOT NULL)',
        'INSERT INTO `ranks` SELECT id, row_number() OVER (ORDER BY body) FROM `notes`',
      ),
    ],
    rows: someNotes,
    asks: allNotes,
  },
  {
    what: 'a new table is filled by json_each',
    history: [
      sql(
        "CREATE TABLE `posts` (`id` integer PRIMARY KEY NOT NULL, `labels` text DEFAULT '[]' NOT NULL)",
      ),
      sql(
        'CREATE TABLE `post_labels` (`post_id` integer NOT NULL REFERENCES posts(id), `label` text NOT NULL)',
        'INSERT INTO `post_labels` SELECT posts.id, value FROM `posts`, json_each(posts.labels)',
      ),
    ],
    rows: `INSERT INTO posts VALUES (1, '["a","b"]')`,
    asks: 'SELECT * FROM posts',
  },
  {
    what: 'a table that a migration of the same deploy made is dropped',
    has: 1,
    history: [
      NOTES,
      sql('CREATE TABLE `trial` (`id` integer PRIMARY KEY NOT NULL, `x` text)') +
        sql('DROP TABLE `trial`'),
    ],
    rows: someNotes,
    asks: allNotes,
  },
  {
    what: 'a table for the time of a copy is made and dropped',
    history: [
      NOTES,
      sql(
        'CREATE TABLE `notes_backup` AS SELECT * FROM `notes`',
        'ALTER TABLE `notes` ADD `stars` integer DEFAULT 0 NOT NULL',
        'DROP TABLE `notes_backup`',
      ),
    ],
    rows: someNotes,
    asks: allNotes,
  },
  {
    what: 'a rebuild with the drop first and a copy saved before',
    history: [
      NOTES,
      sql(
        'CREATE TABLE `saved` AS SELECT id, body, mood, deleted_at FROM `notes`',
        'DROP TABLE `notes`',
        `CREATE TABLE \`notes\` (${noteColumns})`,
        'INSERT INTO `notes` SELECT * FROM `saved`',
        'DROP TABLE `saved`',
      ),
    ],
    rows: someNotes,
    asks: allNotes,
  },
  {
    what: 'a composite key is kept in a rebuild',
    history: [
      sql(
        'CREATE TABLE `seats` (`hall` text NOT NULL, `seat` integer NOT NULL, `guest` text NOT NULL, PRIMARY KEY(`hall`, `seat`))',
      ),
      rebuild(
        'seats',
        'hall text NOT NULL, seat integer NOT NULL, guest text, PRIMARY KEY(hall, seat)',
        'hall seat guest',
      ),
    ],
    rows: "INSERT INTO seats VALUES ('a', 1, 'x'), ('a', 2, 'y')",
    asks: 'SELECT * FROM seats',
  },
  {
    what: 'a WITHOUT ROWID table is rebuilt as one',
    history: [
      sql(
        'CREATE TABLE `cells` (`x` integer NOT NULL, `y` integer NOT NULL, `v` text NOT NULL, PRIMARY KEY (`x`, `y`)) WITHOUT ROWID',
      ),
      rebuildBy(
        'cells',
        '(x integer NOT NULL, y integer NOT NULL, v text, PRIMARY KEY (x, y)) WITHOUT ROWID',
        'INSERT INTO `__new_cells` SELECT x, y, v FROM `cells`',
      ),
    ],
    rows: "INSERT INTO cells VALUES (1, 2, 'a')",
    asks: 'SELECT * FROM cells',
  },
  {
    what: 'an INSERT OR REPLACE copies into a new table that is empty',
    history: [
      NOTES,
      rebuildBy(
        'notes',
        `(${noteColumns})`,
        'INSERT OR REPLACE INTO `__new_notes` SELECT id, body, mood, deleted_at FROM `notes`',
      ),
    ],
    rows: someNotes,
    asks: allNotes,
  },
  {
    what: 'the keys of a parent are changed with those of its children by ON UPDATE CASCADE',
    history: [SHELVES('ON UPDATE CASCADE'), sql('UPDATE `shelves` SET `id` = `id` + 1000')],
    rows: someShelves,
    asks: 'SELECT books.id, label FROM books JOIN shelves ON shelves.id = shelf_id ORDER BY 1',
    // That keys change is so.
    says: 'CHANGES_CHILDREN UPDATES_ROWS',
  },
];
