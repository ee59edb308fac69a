// Classes that call the migrator wrongly, or change rows when they wake; and some that only look like it.
import { type Defect, type Innocent, rebuild, sql } from '../case.ts';

const FIRST = sql(
  'CREATE TABLE `lists` (`id` integer PRIMARY KEY NOT NULL, `title` text NOT NULL)',
  'CREATE TABLE `items` (`id` integer PRIMARY KEY NOT NULL, `list_id` integer NOT NULL REFERENCES lists(id) ON DELETE CASCADE, `done` integer DEFAULT false NOT NULL, `text` text)',
);
const REBUILD = rebuild('lists', 'id integer PRIMARY KEY NOT NULL, title text', 'id title');
const ADD = sql('ALTER TABLE `items` ADD `note` text');
const some =
  "INSERT INTO lists VALUES (1, 'a'), (2, 'b'); INSERT INTO items (id, list_id, done, text) VALUES (1, 1, 0, 'x'), (2, 1, 1, 'y'), (3, 2, 0, 'z')";
const everything =
  'SELECT items.id, list_id, done, text, title FROM items LEFT JOIN lists ON lists.id = list_id ORDER BY items.id';
const count = 'SELECT (SELECT count(*) FROM lists) AS lists, (SELECT count(*) FROM items) AS items';
/** Whether foreign keys are enforced in the first event after the wake. */
const enforced = 'PRAGMA foreign_keys';
/** Whether a column of the migrations is there: it should be. */
const hasColumn = (name: string): string =>
  `SELECT count(*) AS n FROM pragma_table_info('items') WHERE name = '${name}'`;

export const CLASS_DEFECTS: readonly Defect[] = [
  {
    what: 'the class still calls the migrator of Drizzle, not awaited',
    history: [FIRST, REBUILD],
    rows: some,
    asks: everything,
    construct: (ctx, { drizzle, drizzleMigrate, migrations }) => {
      drizzleMigrate(drizzle(ctx.storage), migrations);
    },
    names: 'items',
    by: 'rehearse',
  },
  {
    what: 'the class still calls the migrator of Drizzle and blocks events',
    history: [FIRST, REBUILD],
    rows: some,
    asks: everything,
    construct: (ctx, { drizzle, drizzleMigrate, migrations }) => {
      ctx.blockConcurrencyWhile(async () => {
        await drizzleMigrate(drizzle(ctx.storage), migrations);
      });
    },
    names: 'items',
    by: 'rehearse',
  },
  {
    what: 'the class calls the migrator of Drizzle first and ours then',
    history: [FIRST, REBUILD],
    rows: some,
    asks: everything,
    construct: (ctx, { drizzle, drizzleMigrate, migrate, migrations }) => {
      ctx.blockConcurrencyWhile(async () => {
        await drizzleMigrate(drizzle(ctx.storage), migrations);
        migrate(ctx, migrations);
      });
    },
    names: 'items',
    by: 'rehearse',
  },
  {
    what: 'the class catches what migrate throws and goes on',
    history: [FIRST, sql('ALTER TABLE `items` ADD `owner` text NOT NULL')],
    rows: some,
    asks: ['SELECT 1 AS n', hasColumn('owner')],
    construct: (ctx, { migrate, migrations }) => {
      try {
        migrate(ctx, migrations);
      } catch (error) {
        console.error(error);
      }
    },
    names: { check: 'caught', rehearse: 'items owner' },
  },
  {
    what: 'the class calls the drop-in without waiting and catches what it throws',
    history: [FIRST, sql('ALTER TABLE `items` ADD `owner` text NOT NULL')],
    rows: some,
    asks: ['SELECT 1 AS n', hasColumn('owner')],
    construct: (ctx, { dropIn, drizzle, migrations }) => {
      dropIn(drizzle(ctx.storage), migrations).catch(() => {});
    },
    names: { check: 'caught', rehearse: 'items owner' },
  },
  {
    what: 'the class catches in blockConcurrencyWhile',
    history: [FIRST, sql('ALTER TABLE `items` ADD `owner` text NOT NULL')],
    rows: some,
    asks: ['SELECT 1 AS n', hasColumn('owner')],
    construct: (ctx, { dropIn, drizzle, migrations }) => {
      ctx.blockConcurrencyWhile(async () => {
        try {
          await dropIn(drizzle(ctx.storage), migrations);
        } catch (error) {
          console.error('migration failed', error);
        }
      });
    },
    names: { check: 'caught', rehearse: 'items owner' },
  },
  {
    what: 'the class catches, deletes everything and migrates again',
    history: [FIRST, sql('ALTER TABLE `items` ADD `owner` text NOT NULL')],
    rows: some,
    asks: 'SELECT count(*) AS n FROM items',
    construct: (ctx, { migrate, migrations }) => {
      try {
        migrate(ctx, migrations);
      } catch {
        for (const table of ['items', 'lists', '__drizzle_migrations']) {
          ctx.storage.sql.exec(`DROP TABLE IF EXISTS ${table}`);
        }
        migrate(ctx, migrations);
      }
    },
    names: 'items',
    by: 'rehearse',
  },
  {
    what: 'the class never migrates',
    history: [FIRST, ADD],
    rows: some,
    asks: ['SELECT 1 AS n', hasColumn('note')],
    construct: (ctx) => {
      ctx.storage.sql.exec('SELECT 1');
    },
    names: 'migrate',
    by: 'rehearse',
  },
  {
    what: 'the class passes only the first of the migrations',
    history: [FIRST, ADD],
    rows: some,
    asks: ['SELECT 1 AS n', hasColumn('note')],
    construct: (ctx, { migrate, first }) => {
      migrate(ctx, first(1));
    },
    names: 'apply',
    by: 'rehearse',
  },
  {
    what: 'the class deletes rows that are done whenever it wakes',
    history: [FIRST, ADD],
    rows: some,
    asks: count,
    construct: (ctx, { migrate, migrations }) => {
      migrate(ctx, migrations);
      ctx.storage.sql.exec('DELETE FROM items WHERE done');
    },
    names: 'items',
    by: 'rehearse',
  },
  {
    what: 'the class deletes rows from the second wake on',
    history: [FIRST, ADD],
    rows: some,
    wakes: 2,
    asks: count,
    construct: (ctx, { migrate, migrations }) => {
      const { upToDate } = migrate(ctx, migrations);
      if (upToDate) ctx.storage.sql.exec('DELETE FROM items');
    },
    names: 'items second',
    by: 'rehearse',
  },
  {
    what: 'the class counts its wakes in a row of a user',
    history: [FIRST, ADD],
    rows: some,
    wakes: 2,
    asks: everything,
    construct: (ctx, { migrate, migrations }) => {
      migrate(ctx, migrations);
      ctx.storage.sql.exec("UPDATE lists SET title = title || '.' WHERE id = 1");
    },
    names: 'lists title',
    by: 'rehearse',
  },
  {
    what: 'the class counts its wakes from the second on',
    history: [FIRST, ADD],
    rows: some,
    wakes: 2,
    asks: everything,
    construct: (ctx, { migrate, migrations }) => {
      const { upToDate } = migrate(ctx, migrations);
      if (upToDate) ctx.storage.sql.exec("UPDATE lists SET title = title || '.' WHERE id = 1");
    },
    names: 'lists title',
    by: 'rehearse',
  },
  {
    what: 'the class inserts a welcome row whenever it wakes',
    history: [FIRST, ADD],
    rows: some,
    wakes: 2,
    asks: count,
    construct: (ctx, { migrate, migrations }) => {
      migrate(ctx, migrations);
      ctx.storage.sql.exec("INSERT INTO lists (title) VALUES ('Welcome')");
    },
    names: 'lists',
    by: 'rehearse',
  },
  {
    what: 'the class inserts its seeds again when an object is adopted',
    history: [FIRST, ADD],
    rows: some,
    asks: count,
    construct: (ctx, { migrate, migrations }) => {
      const { upToDate } = migrate(ctx, migrations);
      if (!upToDate) ctx.storage.sql.exec("INSERT INTO lists (title) VALUES ('Inbox')");
    },
    names: 'lists',
    by: 'rehearse',
  },
  {
    what: 'the class copies rows of one table into another when an object is adopted, twice over',
    history: [
      FIRST,
      sql(
        'CREATE TABLE `tasks` (`id` integer PRIMARY KEY NOT NULL, `text` text)',
        'INSERT INTO `tasks` (text) SELECT text FROM `items`',
      ),
    ],
    has: 2,
    rows: `${some}; INSERT INTO tasks (text) SELECT text FROM items`,
    asks: 'SELECT text FROM tasks ORDER BY text',
    construct: (ctx, { migrate, migrations }) => {
      const { adopted } = migrate(ctx, migrations);
      if (adopted.length > 0)
        ctx.storage.sql.exec('INSERT INTO tasks (text) SELECT text FROM items');
    },
    names: 'tasks',
    by: 'rehearse',
  },
  {
    what: 'the class sets a row back to its default whenever it wakes',
    history: [
      sql('CREATE TABLE `settings` (`name` text PRIMARY KEY NOT NULL, `value` text)'),
      sql('ALTER TABLE `settings` ADD `by` text'),
    ],
    rows: "INSERT INTO settings VALUES ('theme', 'light'), ('name 1', 'x')",
    asks: 'SELECT name, value FROM settings',
    construct: (ctx, { migrate, migrations }) => {
      migrate(ctx, migrations);
      ctx.storage.sql.exec(
        "INSERT OR REPLACE INTO settings (name, value) VALUES ('name 1', 'default'), ('theme', 'dark')",
      );
    },
    names: 'settings',
    by: 'rehearse',
  },
  {
    what: 'the class deletes all storage when its version in the code is another',
    history: [FIRST, ADD],
    rows: some,
    asks: 'SELECT count(*) AS n FROM items',
    construct: (ctx, { migrate, migrations }) => {
      const has = [
        ...ctx.storage.sql.exec("SELECT 1 FROM sqlite_schema WHERE name = 'app_version'"),
      ];
      if (has.length === 0) {
        ctx.storage.sql.exec('PRAGMA foreign_keys=OFF');
        for (const table of ['items', 'lists', '__drizzle_migrations']) {
          ctx.storage.sql.exec(`DROP TABLE IF EXISTS ${table}`);
        }
      }
      migrate(ctx, migrations);
      ctx.storage.sql.exec('CREATE TABLE IF NOT EXISTS app_version (v integer)');
    },
    names: 'items',
    by: 'rehearse',
  },
  {
    what: 'the class trims texts whenever it wakes, and a trigger takes it for a change',
    history: [
      sql(
        'CREATE TABLE `docs` (`id` integer PRIMARY KEY NOT NULL, `text` text NOT NULL, `revision` integer DEFAULT 0 NOT NULL)',
        'CREATE TRIGGER `docs_revised` AFTER UPDATE OF `text` ON `docs` BEGIN UPDATE `docs` SET `revision` = `revision` + 1 WHERE `id` = NEW.`id`; END',
      ),
      sql('ALTER TABLE `docs` ADD `note` text'),
    ],
    rows: "INSERT INTO docs VALUES (1, 'a', 3)",
    asks: 'SELECT id, text, revision FROM docs',
    construct: (ctx, { migrate, migrations }) => {
      migrate(ctx, migrations);
      ctx.storage.sql.exec('UPDATE docs SET text = trim(text)');
    },
    names: 'docs revision',
    by: 'rehearse',
  },
  {
    what: 'the class sets deleted children free: it empties references whenever it wakes',
    history: [FIRST.replace('`list_id` integer NOT NULL', '`list_id` integer'), ADD],
    rows: some,
    asks: everything,
    construct: (ctx, { migrate, migrations }) => {
      migrate(ctx, migrations);
      ctx.storage.sql.exec(
        'UPDATE items SET list_id = NULL WHERE list_id NOT IN (SELECT id FROM lists WHERE id < 2)',
      );
    },
    names: 'items list_id',
    by: 'rehearse',
  },
  {
    what: 'the class switches foreign keys off by hand and never on',
    history: [FIRST, REBUILD],
    rows: some,
    asks: enforced,
    construct: (ctx, { migrate, migrations }) => {
      ctx.storage.sql.exec('PRAGMA foreign_keys=OFF');
      migrate(ctx, migrations);
    },
    names: 'foreign',
  },
  {
    what: 'the class switches foreign keys off and on by hand around the migrator, in one turn',
    history: [FIRST, REBUILD],
    rows: some,
    asks: enforced,
    construct: (ctx, { migrate, migrations }) => {
      ctx.storage.sql.exec('PRAGMA foreign_keys=OFF');
      migrate(ctx, migrations);
      ctx.storage.sql.exec('PRAGMA foreign_keys=ON');
    },
    names: 'foreign',
  },
  {
    what: 'the class switches foreign keys off from the second wake on',
    history: [FIRST, ADD],
    rows: some,
    wakes: 2,
    asks: enforced,
    construct: (ctx, { migrate, migrations }) => {
      const { upToDate } = migrate(ctx, migrations);
      if (upToDate) ctx.storage.sql.exec('PRAGMA foreign_keys=OFF');
    },
    names: 'foreign',
  },
  {
    what: 'the class deletes parents in the rest of the constructor, where foreign keys are not enforced yet',
    history: [FIRST, REBUILD],
    rows: some,
    asks: [
      'SELECT 0 AS n',
      'SELECT count(*) AS n FROM items WHERE list_id NOT IN (SELECT id FROM lists)',
    ],
    construct: (ctx, { migrate, migrations }) => {
      migrate(ctx, migrations);
      ctx.storage.sql.exec('DELETE FROM lists WHERE id = 1');
    },
    names: 'items lists',
    by: 'rehearse',
  },
  {
    what: 'the class inserts a child without a parent in the rest of the constructor',
    history: [FIRST, REBUILD],
    rows: some,
    asks: [
      'SELECT 0 AS n',
      'SELECT count(*) AS n FROM items WHERE list_id NOT IN (SELECT id FROM lists)',
    ],
    construct: (ctx, { migrate, migrations }) => {
      migrate(ctx, migrations);
      ctx.storage.sql.exec(
        "INSERT OR IGNORE INTO items (id, list_id, text) VALUES (900, 4711, 'x')",
      );
    },
    names: 'items',
    by: 'rehearse',
  },
  {
    what: 'the class writes before it migrates, and a rebuild is refused',
    history: [FIRST, REBUILD],
    rows: some,
    asks: count,
    construct: (ctx, { migrate, migrations }) => {
      ctx.storage.sql.exec('CREATE TABLE IF NOT EXISTS boot (at integer)');
      ctx.storage.sql.exec('INSERT INTO boot VALUES (1)');
      migrate(ctx, migrations);
    },
    names: 'FOREIGN_KEYS_AFTER_WRITE',
    by: 'rehearse',
  },
  {
    what: 'the class migrates in a transaction, and a rebuild is refused',
    history: [FIRST, REBUILD],
    rows: some,
    asks: count,
    construct: (ctx, { migrate, migrations }) => {
      ctx.storage.transactionSync(() => migrate(ctx, migrations));
    },
    names: 'FOREIGN_KEYS_IN_TRANSACTION',
    by: 'rehearse',
  },
  {
    what: 'the class drops the ledger of Drizzle by hand before it is adopted',
    history: [FIRST, ADD],
    rows: some,
    asks: count,
    construct: (ctx, { migrate, migrations }) => {
      ctx.storage.sql.exec('DROP TABLE IF EXISTS __drizzle_migrations');
      migrate(ctx, migrations);
    },
    names: 'migrat',
  },
  {
    what: 'the class deletes the newest row of the ledger of Drizzle, so that the last migration runs again',
    history: [
      sql('CREATE TABLE `counters` (`id` integer PRIMARY KEY NOT NULL, `n` integer NOT NULL)'),
      sql('UPDATE `counters` SET `n` = `n` * 10'),
    ],
    has: 2,
    rows: 'INSERT INTO counters VALUES (1, 1)',
    asks: 'SELECT n FROM counters',
    construct: (ctx, { migrate, migrations }) => {
      const ledger = [
        ...ctx.storage.sql.exec("SELECT 1 FROM sqlite_schema WHERE name = '__drizzle_migrations'"),
      ];
      if (ledger.length > 0) {
        ctx.storage.sql.exec(
          'DELETE FROM __drizzle_migrations WHERE created_at = (SELECT max(created_at) FROM __drizzle_migrations)',
        );
      }
      migrate(ctx, migrations);
    },
    names: '__drizzle_migrations',
    by: 'check',
  },
  {
    what: 'the class drops a column of old objects only',
    history: [FIRST, ADD],
    rows: some,
    asks: 'SELECT text FROM items',
    construct: (ctx, { migrate, migrations }) => {
      const { adopted } = migrate(ctx, migrations);
      if (adopted.length > 0) ctx.storage.sql.exec('ALTER TABLE items DROP COLUMN text');
    },
    names: 'items text',
    by: 'rehearse',
  },
  {
    what: 'the class leaves another collation in old objects',
    history: [
      sql('CREATE TABLE `tags` (`id` integer PRIMARY KEY NOT NULL, `label` text)'),
      sql('ALTER TABLE `tags` ADD `hue` text'),
    ],
    rows: "INSERT INTO tags VALUES (1, 'Red')",
    asks: "SELECT id FROM tags WHERE label = 'red'",
    construct: (ctx, { migrate, migrations }) => {
      const { adopted } = migrate(ctx, migrations);
      if (adopted.length > 0) {
        ctx.storage.sql.exec(
          'CREATE TABLE t2 (id integer PRIMARY KEY NOT NULL, label text COLLATE NOCASE, hue text); INSERT INTO t2 SELECT * FROM tags; DROP TABLE tags; ALTER TABLE t2 RENAME TO tags',
        );
      }
    },
    names: 'tags label',
    by: 'rehearse',
  },
  {
    what: 'the class leaves another generated expression in old objects',
    history: [
      sql('CREATE TABLE `lines` (`id` integer PRIMARY KEY NOT NULL, `a` integer NOT NULL)'),
      sql('ALTER TABLE `lines` ADD `twice` integer GENERATED ALWAYS AS (a * 2) VIRTUAL'),
    ],
    rows: 'INSERT INTO lines (id, a) VALUES (1, 5)',
    asks: ['SELECT 10 AS twice', 'SELECT twice FROM lines'],
    construct: (ctx, { migrate, migrations }) => {
      const { adopted } = migrate(ctx, migrations);
      if (adopted.length > 0) {
        ctx.storage.sql.exec(
          'ALTER TABLE lines DROP COLUMN twice; ALTER TABLE lines ADD twice integer GENERATED ALWAYS AS (a * 3) VIRTUAL',
        );
      }
    },
    names: 'lines twice',
    by: 'rehearse',
  },
  {
    what: 'the class leaves a foreign key that is deferred in old objects',
    history: [FIRST, ADD],
    rows: some,
    asks: [
      'SELECT 0 AS n',
      "SELECT count(*) AS n FROM sqlite_schema WHERE sql LIKE '%INITIALLY DEFERRED%'",
    ],
    construct: (ctx, { migrate, migrations }) => {
      const { adopted } = migrate(ctx, migrations);
      if (adopted.length > 0) {
        ctx.storage.sql.exec(
          'CREATE TABLE i2 (id integer PRIMARY KEY NOT NULL, list_id integer NOT NULL REFERENCES lists(id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED, done integer DEFAULT false NOT NULL, text text, note text); INSERT INTO i2 SELECT * FROM items; DROP TABLE items; ALTER TABLE i2 RENAME TO items',
        );
      }
    },
    names: 'items list',
    by: 'rehearse',
  },
  {
    what: 'the class leaves ON CONFLICT in old objects',
    history: [
      sql('CREATE TABLE `names` (`id` integer PRIMARY KEY NOT NULL, `n` text UNIQUE)'),
      sql('ALTER TABLE `names` ADD `x` text'),
    ],
    rows: "INSERT INTO names VALUES (1, 'a')",
    next: "INSERT OR ABORT INTO names (id, n) VALUES (abs(random()), 'b')",
    asks: [
      'SELECT 0 AS n',
      "SELECT count(*) AS n FROM sqlite_schema WHERE sql LIKE '%ON CONFLICT%'",
    ],
    construct: (ctx, { migrate, migrations }) => {
      const { adopted } = migrate(ctx, migrations);
      if (adopted.length > 0) {
        ctx.storage.sql.exec(
          'CREATE TABLE n2 (id integer PRIMARY KEY NOT NULL, n text UNIQUE ON CONFLICT REPLACE, x text); INSERT INTO n2 SELECT * FROM names; DROP TABLE names; ALTER TABLE n2 RENAME TO names',
        );
      }
    },
    names: 'names',
    by: 'rehearse',
  },
  {
    what: 'the class leaves a trigger with OLD where new objects have NEW',
    history: [
      sql(
        'CREATE TABLE `a` (`id` integer PRIMARY KEY NOT NULL, `x` text)',
        'CREATE TABLE `log` (`x` text)',
        'CREATE TRIGGER `a_log` AFTER UPDATE ON `a` BEGIN INSERT INTO `log` VALUES (NEW.`x`); END',
      ),
      sql('ALTER TABLE `a` ADD `y` text'),
    ],
    rows: "INSERT INTO a VALUES (1, 'old')",
    next: "DELETE FROM log; UPDATE a SET x = x || '!'",
    asks: ['SELECT 1 AS n', 'SELECT count(*) AS n FROM log JOIN a ON a.x = log.x'],
    construct: (ctx, { migrate, migrations }) => {
      const { adopted } = migrate(ctx, migrations);
      if (adopted.length > 0) {
        ctx.storage.sql.exec(
          'DROP TRIGGER a_log; CREATE TRIGGER a_log AFTER UPDATE ON a BEGIN INSERT INTO log VALUES (OLD.x); END',
        );
      }
    },
    names: 'a_log',
    by: 'rehearse',
  },
  {
    what: 'the class leaves a view with another column in old objects',
    history: [
      sql(
        'CREATE TABLE `a` (`id` integer PRIMARY KEY NOT NULL, `x` text, `b` text)',
        'CREATE VIEW `shown` AS SELECT a.x AS v FROM a',
      ),
      sql('ALTER TABLE `a` ADD `y` text'),
    ],
    rows: "INSERT INTO a VALUES (1, 'x', 'b')",
    asks: 'SELECT v FROM shown',
    construct: (ctx, { migrate, migrations }) => {
      const { adopted } = migrate(ctx, migrations);
      if (adopted.length > 0)
        ctx.storage.sql.exec('DROP VIEW shown; CREATE VIEW shown AS SELECT a.b AS v FROM a');
    },
    names: 'shown',
    by: 'rehearse',
  },
  {
    what: 'the class mirrors and retires by turns: each wake writes',
    history: [FIRST, ADD],
    rows: some,
    wakes: 2,
    asks: [
      'SELECT 0 AS n',
      "SELECT count(*) AS n FROM sqlite_schema WHERE name = '__drizzle_migrations'",
    ],
    construct: (ctx, { migrate, migrations }) => {
      const ledger = [
        ...ctx.storage.sql.exec("SELECT 1 FROM sqlite_schema WHERE name = '__drizzle_migrations'"),
      ];
      migrate(ctx, migrations, { drizzle: ledger.length > 0 ? 'retire' : 'mirror' });
    },
    names: 'second wake',
    by: 'rehearse',
  },
  {
    what: 'the class throws from the second wake on',
    history: [FIRST, ADD],
    rows: some,
    wakes: 2,
    asks: count,
    construct: (ctx, { migrate, migrations }) => {
      migrate(ctx, migrations);
      const has = [...ctx.storage.sql.exec("SELECT 1 FROM sqlite_schema WHERE name = 'boot'")];
      if (has.length > 0) throw new Error('boot exists');
      ctx.storage.sql.exec('CREATE TABLE boot (at integer)');
    },
    names: 'second boot',
    by: 'rehearse',
  },
  {
    what: 'the class ignores what was skipped, and so lacks a column for ever',
    history: [
      FIRST,
      sql('CREATE TABLE `more` (`id` integer PRIMARY KEY NOT NULL)'),
      ADD,
      sql('CREATE TABLE `most` (`id` integer PRIMARY KEY NOT NULL)'),
    ],
    minutes: [0, 5, 2, 9],
    deploys: [2, 4],
    rows: some,
    asks: ['SELECT 1 AS n', hasColumn('note')],
    construct: (ctx, { migrate, migrations }) => {
      migrate(ctx, migrations, { skipped: 'ignore' });
    },
    names: 'note',
    by: 'rehearse',
  },
  {
    what: 'the class deletes rows a moment after it woke, while it blocks events',
    history: [FIRST, ADD],
    rows: some,
    asks: count,
    construct: (ctx, { migrate, migrations }) => {
      migrate(ctx, migrations);
      ctx.blockConcurrencyWhile(async () => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        ctx.storage.sql.exec('DELETE FROM items');
      });
    },
    names: 'items',
    by: 'rehearse',
  },
  {
    what: 'the class keeps only the newest hundred rows, by a wrong order',
    history: [FIRST, ADD],
    rows: some,
    asks: count,
    construct: (ctx, { migrate, migrations }) => {
      migrate(ctx, migrations);
      ctx.storage.sql.exec(
        'DELETE FROM items WHERE id NOT IN (SELECT id FROM items ORDER BY id LIMIT 1)',
      );
    },
    names: 'items',
    by: 'rehearse',
  },
  {
    what: 'the class renames a table when an object is adopted',
    history: [FIRST, ADD],
    rows: some,
    asks: 'SELECT count(*) AS n FROM items',
    construct: (ctx, { migrate, migrations }) => {
      const { adopted } = migrate(ctx, migrations);
      if (adopted.length > 0) ctx.storage.sql.exec('ALTER TABLE items RENAME TO old_items');
    },
    names: 'items',
    by: 'rehearse',
  },
];

export const CLASS_INNOCENTS: readonly Innocent[] = [
  {
    what: 'the class calls migrate first in its constructor',
    history: [FIRST, REBUILD],
    rows: some,
    asks: everything,
    says: 'REBUILD_WITH_CHILDREN',
    construct: (ctx, { migrate, migrations }) => {
      migrate(ctx, migrations);
    },
  },
  {
    what: 'the class mirrors',
    history: [FIRST, REBUILD],
    rows: some,
    asks: everything,
    says: 'REBUILD_WITH_CHILDREN',
    construct: (ctx, { migrate, migrations }) => {
      migrate(ctx, migrations, { drizzle: 'mirror' });
    },
  },
  {
    what: 'the class calls the drop-in and waits for it',
    history: [FIRST, REBUILD],
    rows: some,
    asks: everything,
    says: 'REBUILD_WITH_CHILDREN',
    construct: (ctx, { dropIn, drizzle, migrations }) => {
      ctx.blockConcurrencyWhile(async () => {
        await dropIn(drizzle(ctx.storage), migrations);
      });
    },
  },
  {
    what: 'the class calls the drop-in and does not wait',
    history: [FIRST, REBUILD],
    rows: some,
    asks: everything,
    says: 'REBUILD_WITH_CHILDREN',
    construct: (ctx, { dropIn, drizzle, migrations }) => {
      dropIn(drizzle(ctx.storage), migrations);
    },
  },
  {
    what: 'the class blocks events and calls migrateAsync',
    history: [FIRST, REBUILD],
    rows: some,
    asks: everything,
    says: 'REBUILD_WITH_CHILDREN',
    construct: (ctx, { migrateAsync, migrations }) => {
      ctx.blockConcurrencyWhile(() => migrateAsync(ctx, migrations));
    },
  },
  {
    what: 'the class has only the storage',
    history: [FIRST, REBUILD],
    rows: some,
    asks: everything,
    says: 'REBUILD_WITH_CHILDREN',
    construct: (ctx, { migrate, migrations }) => {
      migrate(ctx.storage, migrations);
    },
  },
  {
    what: 'the class catches, logs and throws again',
    history: [FIRST, ADD],
    rows: some,
    asks: everything,
    construct: (ctx, { migrate, migrations }) => {
      try {
        migrate(ctx, migrations);
      } catch (error) {
        console.error(error);
        throw error;
      }
    },
  },
  {
    what: 'the class makes a table of its own in every object',
    history: [FIRST, ADD],
    rows: some,
    asks: everything,
    construct: (ctx, { migrate, migrations }) => {
      migrate(ctx, migrations);
      ctx.storage.sql.exec('CREATE TABLE IF NOT EXISTS cache (key text PRIMARY KEY, value text)');
    },
  },
  {
    what: 'the class counts its wakes in a table of its own',
    history: [FIRST, ADD],
    rows: some,
    wakes: 2,
    asks: everything,
    construct: (ctx, { migrate, migrations }) => {
      migrate(ctx, migrations);
      ctx.storage.sql.exec(
        'CREATE TABLE IF NOT EXISTS wakes (id integer PRIMARY KEY, n integer NOT NULL)',
      );
      ctx.storage.sql.exec('INSERT INTO wakes VALUES (1, 1) ON CONFLICT DO UPDATE SET n = n + 1');
    },
  },
  {
    what: 'the class empties a cache of its own whenever it wakes',
    history: [FIRST, ADD],
    rows: some,
    asks: everything,
    construct: (ctx, { migrate, migrations }) => {
      migrate(ctx, migrations);
      ctx.storage.sql.exec('CREATE TABLE IF NOT EXISTS cache (key text PRIMARY KEY, value text)');
      ctx.storage.sql.exec('DELETE FROM cache');
      ctx.storage.sql.exec("INSERT INTO cache VALUES ('warm', 'yes')");
    },
  },
  {
    what: 'the class inserts a row that is there from then on',
    history: [
      sql(
        'CREATE TABLE `state` (`id` integer PRIMARY KEY NOT NULL CHECK (`id` = 1), `n` integer NOT NULL)',
      ),
      sql('ALTER TABLE `state` ADD `x` text'),
    ],
    rows: 'INSERT INTO state VALUES (1, 5)',
    asks: 'SELECT id, n FROM state',
    construct: (ctx, { migrate, migrations }) => {
      migrate(ctx, migrations);
      ctx.storage.sql.exec('INSERT OR IGNORE INTO state (id, n) VALUES (1, 0)');
    },
  },
  {
    what: 'the class seeds a new object only',
    history: [FIRST, ADD],
    rows: some,
    asks: everything,
    construct: (ctx, { migrate, migrations }) => {
      const { adopted, applied } = migrate(ctx, migrations);
      if (adopted.length === 0 && applied.length === 2) {
        ctx.storage.sql.exec("INSERT INTO lists (title) VALUES ('Inbox')");
      }
    },
  },
  {
    what: 'the class reads rows in its constructor',
    history: [FIRST, ADD],
    rows: some,
    asks: everything,
    construct: (ctx, { migrate, migrations }) => {
      migrate(ctx, migrations);
      ctx.storage.sql
        .exec('SELECT count(*) AS n FROM items JOIN lists ON lists.id = list_id')
        .one();
    },
  },
  {
    what: 'the class writes key and value storage in its constructor',
    history: [FIRST, ADD],
    rows: some,
    asks: everything,
    construct: (ctx, { migrate, migrations }) => {
      migrate(ctx, migrations);
      ctx.storage.put('woken', true);
    },
  },
  {
    what: 'the class sets an alarm in its constructor',
    history: [FIRST, ADD],
    rows: some,
    asks: everything,
    construct: (ctx, { migrate, migrations }) => {
      migrate(ctx, migrations);
      ctx.storage.setAlarm(Date.now() + 86_400_000);
    },
  },
  {
    what: 'the class writes in blockConcurrencyWhile after migrate, where foreign keys are enforced',
    history: [FIRST, REBUILD],
    rows: some,
    asks: everything,
    says: 'REBUILD_WITH_CHILDREN',
    construct: (ctx, { migrate, migrations }) => {
      migrate(ctx, migrations);
      ctx.blockConcurrencyWhile(async () => {
        ctx.storage.sql.exec('CREATE TABLE IF NOT EXISTS boots (at integer)');
      });
    },
  },
  {
    what: 'the class does something without harm some time after it woke',
    history: [FIRST, ADD],
    rows: some,
    asks: everything,
    construct: (ctx, { migrate, migrations }) => {
      migrate(ctx, migrations);
      setTimeout(() => ctx.storage.sql.exec('SELECT 1').toArray(), 0);
    },
  },
  {
    what: 'the class has no migrations yet',
    history: [],
    asks: 'SELECT 1 AS one',
    has: 0,
    construct: (ctx, { migrate, migrations }) => {
      migrate(ctx, migrations);
    },
    by: 'rehearse',
  },
  {
    what: 'the class makes tables as Agents do',
    history: [FIRST, ADD],
    rows: some,
    asks: everything,
    construct: (ctx, { migrate, migrations }) => {
      migrate(ctx, migrations);
      ctx.storage.sql.exec(
        'CREATE TABLE IF NOT EXISTS cf_agents_state (id text PRIMARY KEY NOT NULL, state text)',
      );
      ctx.storage.sql.exec("INSERT OR REPLACE INTO cf_agents_state VALUES ('a', 'b')");
    },
  },
];
