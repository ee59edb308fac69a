// What hangs on a table: triggers, indexes, views, full-text tables, the sequence, the children's foreign keys.
import { type Defect, type Innocent, rebuild, rebuildBy, sql } from '../case.ts';

const posts = 'id integer PRIMARY KEY NOT NULL, title text, body text';
const POSTS =
  'CREATE TABLE `posts` (`id` integer PRIMARY KEY NOT NULL, `title` text NOT NULL, `body` text NOT NULL)';
const AUDIT = 'CREATE TABLE `audit` (`post_id` integer NOT NULL, `what` text NOT NULL)';
const audited =
  "CREATE TRIGGER `posts_audited` AFTER UPDATE ON `posts` BEGIN INSERT INTO `audit` VALUES (NEW.`id`, 'update'); END";
const somePosts =
  "INSERT INTO posts (id, title, body) VALUES (1, 'one', 'first words'), (2, 'two', 'other words')";
const FTS =
  "CREATE VIRTUAL TABLE `posts_fts` USING fts5(title, body, content='posts', content_rowid='id')";
const ftsTriggers = [
  'CREATE TRIGGER `posts_ai` AFTER INSERT ON `posts` BEGIN INSERT INTO posts_fts(rowid, title, body) VALUES (new.id, new.title, new.body); END',
  "CREATE TRIGGER `posts_ad` AFTER DELETE ON `posts` BEGIN INSERT INTO posts_fts(posts_fts, rowid, title, body) VALUES ('delete', old.id, old.title, old.body); END",
  "CREATE TRIGGER `posts_au` AFTER UPDATE ON `posts` BEGIN INSERT INTO posts_fts(posts_fts, rowid, title, body) VALUES ('delete', old.id, old.title, old.body); INSERT INTO posts_fts(rowid, title, body) VALUES (new.id, new.title, new.body); END",
];
const plainRebuild = rebuild('posts', posts, 'id title body');
const names = (type: string) =>
  `SELECT name FROM sqlite_schema WHERE type = '${type}' AND sql IS NOT NULL ORDER BY name`;

const AUTHORS = 'CREATE TABLE `authors` (`id` integer PRIMARY KEY NOT NULL, `name` text NOT NULL)';
const WORKS =
  'CREATE TABLE `works` (`id` integer PRIMARY KEY NOT NULL, `author_id` integer NOT NULL REFERENCES authors(id) ON DELETE CASCADE, `title` text)';
const someAuthors =
  "INSERT INTO authors VALUES (1, 'Ada'), (2, 'Alan'); INSERT INTO works VALUES (1, 1, 'x')";

/** The old table is renamed away and the new one takes its name: children, views and triggers go with the old. */
const renamedAway = (table: string, columns: string, copied: string): string =>
  sql(
    'PRAGMA foreign_keys=OFF',
    `ALTER TABLE \`${table}\` RENAME TO \`${table}_old\``,
    `CREATE TABLE \`${table}\` (${columns})`,
    `INSERT INTO \`${table}\` SELECT ${copied} FROM \`${table}_old\``,
    `DROP TABLE \`${table}_old\``,
    'PRAGMA foreign_keys=ON',
  );

export const HANGING_DEFECTS: readonly Defect[] = [
  {
    what: 'a rebuild takes a trigger along',
    history: [sql(POSTS, AUDIT, audited), plainRebuild],
    rows: somePosts,
    next: "UPDATE posts SET title = 'three' WHERE id = 1",
    asks: 'SELECT * FROM audit',
    names: 'posts_audited',
  },
  {
    what: 'a rebuild takes one of two triggers along and recreates the other',
    history: [
      sql(
        POSTS,
        AUDIT,
        audited,
        "CREATE TRIGGER `posts_removed` AFTER DELETE ON `posts` BEGIN INSERT INTO `audit` VALUES (OLD.`id`, 'delete'); END",
      ),
      rebuild('posts', posts, 'id title body', audited),
    ],
    rows: somePosts,
    asks: names('trigger'),
    names: 'posts_removed',
  },
  {
    what: 'a rebuild takes a trigger along that guards rows',
    history: [
      sql(
        POSTS,
        "CREATE TRIGGER `posts_guard` BEFORE DELETE ON `posts` WHEN OLD.`title` = 'home' BEGIN SELECT RAISE(ABORT, 'no'); END",
      ),
      plainRebuild,
    ],
    rows: somePosts,
    asks: names('trigger'),
    names: 'posts_guard',
  },
  {
    what: 'a rebuild takes an index along that was made by hand',
    history: [
      sql(POSTS, 'CREATE INDEX `by_title` ON `posts` (`title` COLLATE NOCASE)'),
      plainRebuild,
    ],
    rows: somePosts,
    asks: names('index'),
    names: 'by_title',
  },
  {
    what: 'a rebuild takes a partial unique index along that was made by hand',
    history: [
      sql(POSTS, "CREATE UNIQUE INDEX `one_home` ON `posts` (`title`) WHERE `title` = 'home'"),
      plainRebuild,
    ],
    rows: somePosts,
    next: "INSERT INTO posts VALUES (8, 'home', ''), (9, 'home', '')",
    asks: 'SELECT count(*) AS n FROM posts',
    names: 'one_home',
  },
  {
    what: 'a rebuild takes an index on an expression along',
    history: [sql(POSTS, 'CREATE INDEX `by_lower` ON `posts` (lower(`title`))'), plainRebuild],
    asks: names('index'),
    names: 'by_lower',
  },
  {
    what: 'a unique index comes back from a rebuild as a plain one',
    history: [
      sql(POSTS, 'CREATE UNIQUE INDEX `title_key` ON `posts` (`title`)'),
      rebuild('posts', posts, 'id title body', 'CREATE INDEX `title_key` ON `posts` (`title`)'),
    ],
    rows: somePosts,
    next: "INSERT INTO posts VALUES (9, 'one', '')",
    asks: 'SELECT count(*) AS n FROM posts',
    names: 'title_key',
  },
  {
    what: 'a unique index comes back from a rebuild with one column more',
    history: [
      sql(POSTS, 'CREATE UNIQUE INDEX `title_key` ON `posts` (`title`)'),
      rebuild(
        'posts',
        posts,
        'id title body',
        'CREATE UNIQUE INDEX `title_key` ON `posts` (`title`, `body`)',
      ),
    ],
    rows: somePosts,
    next: "INSERT INTO posts VALUES (9, 'one', '')",
    asks: 'SELECT count(*) AS n FROM posts',
    names: 'title_key',
  },
  {
    what: 'a trigger comes back from a rebuild with another WHEN',
    history: [
      sql(POSTS, AUDIT, audited),
      rebuild(
        'posts',
        posts,
        'id title body',
        audited.replace(' BEGIN', " WHEN NEW.`title` = 'x' BEGIN"),
      ),
    ],
    rows: somePosts,
    next: "UPDATE posts SET title = 'three' WHERE id = 1",
    asks: 'SELECT * FROM audit',
    names: 'posts_audited',
  },
  {
    what: 'a trigger comes back from a rebuild with OLD where NEW was',
    history: [
      sql(POSTS, AUDIT, audited.replace("'update'", 'NEW.`title`')),
      rebuild('posts', posts, 'id title body', audited.replace("'update'", 'OLD.`title`')),
    ],
    rows: somePosts,
    next: "UPDATE posts SET title = 'three' WHERE id = 1",
    asks: 'SELECT * FROM audit',
    names: 'posts_audited',
  },
  {
    what: 'a rebuild takes the triggers along that keep a full-text table in step',
    history: [sql(POSTS, FTS, ...ftsTriggers), plainRebuild],
    rows: somePosts,
    next: "INSERT INTO posts VALUES (3, 'three', 'last words')",
    asks: "SELECT rowid FROM posts_fts WHERE posts_fts MATCH 'last'",
    names: 'posts_ai',
  },
  {
    what: 'a rebuild forgets one of the triggers of a full-text table',
    history: [
      sql(POSTS, FTS, ...ftsTriggers),
      rebuild('posts', posts, 'id title body', ...ftsTriggers.slice(0, 2)),
    ],
    rows: somePosts,
    next: "UPDATE posts SET body = 'renewed' WHERE id = 1",
    asks: "SELECT rowid FROM posts_fts WHERE posts_fts MATCH 'renewed'",
    names: 'posts_au',
  },
  {
    what: 'a full-text table is dropped and made again, and not rebuilt from its content',
    history: [
      sql(POSTS, FTS, ...ftsTriggers),
      sql('DROP TABLE `posts_fts`', FTS.replace('title, body,', 'title, body, tokenize=porter,')),
    ],
    rows: somePosts,
    asks: "SELECT rowid FROM posts_fts WHERE posts_fts MATCH 'first'",
    names: 'posts_fts',
    by: 'check',
  },
  {
    what: 'a full-text table of its own content is dropped',
    history: [
      sql('CREATE VIRTUAL TABLE `memos` USING fts5(title, body)'),
      sql('DROP TABLE `memos`', 'CREATE VIRTUAL TABLE `memos` USING fts5(title, body, tag)'),
    ],
    rows: "INSERT INTO memos VALUES ('a', 'b')",
    asks: 'SELECT title FROM memos',
    names: 'memos',
  },
  {
    what: 'a full-text table gets rows through a trigger on a column that a rebuild leaves out: the trigger is broken',
    history: [
      sql(POSTS, FTS, ...ftsTriggers),
      rebuild('posts', 'id integer PRIMARY KEY NOT NULL, title text', 'id title', ...ftsTriggers),
    ],
    rows: somePosts,
    next: "INSERT INTO posts (id, title) VALUES (3, 'three')",
    asks: 'SELECT id FROM posts',
    names: 'posts_ai',
  },
  {
    what: 'a view over a table that drizzle-kit rebuilds: the rename throws',
    history: [sql(POSTS, 'CREATE VIEW `headlines` AS SELECT id, title FROM posts'), plainRebuild],
    rows: somePosts,
    fails: 'error in view headlines',
    names: 'headlines',
  },
  {
    what: 'a view over a view over a table that drizzle-kit rebuilds',
    history: [
      sql(
        'CREATE TABLE `misc` (`id` integer PRIMARY KEY NOT NULL)',
        POSTS,
        'CREATE VIEW `headlines` AS SELECT id, title FROM posts',
        'CREATE VIEW `loud` AS SELECT upper(title) AS t FROM headlines',
      ),
      plainRebuild,
    ],
    rows: somePosts,
    fails: 'error in view',
    names: 'headlines',
  },
  {
    what: 'a trigger on another table names a table that drizzle-kit rebuilds: the rename throws',
    history: [
      sql(
        POSTS,
        AUDIT,
        "CREATE TRIGGER `audit_marks` AFTER INSERT ON `audit` BEGIN UPDATE `posts` SET `title` = 'x' WHERE `id` = NEW.`post_id`; END",
      ),
      plainRebuild,
    ],
    rows: somePosts,
    fails: 'error in trigger audit_marks',
    names: 'audit_marks',
  },
  {
    what: 'a view is dropped for a rebuild and does not come back',
    history: [
      sql(POSTS, 'CREATE VIEW `headlines` AS SELECT id, title FROM posts'),
      `${sql('DROP VIEW `headlines`')}${plainRebuild}`,
    ],
    rows: somePosts,
    asks: 'SELECT title FROM headlines',
    names: 'headlines',
    by: 'check',
  },
  {
    what: 'a view comes back from a rebuild with one column less',
    history: [
      sql(POSTS, 'CREATE VIEW `headlines` AS SELECT id, title, body FROM posts'),
      `${sql('DROP VIEW `headlines`')}${rebuild('posts', posts, 'id title body', 'CREATE VIEW `headlines` AS SELECT id, title FROM posts')}`,
    ],
    rows: somePosts,
    asks: 'SELECT body FROM headlines',
    names: 'headlines',
    by: 'check',
  },
  {
    what: 'a view loses the trigger INSTEAD OF INSERT when it is made again',
    history: [
      sql(
        POSTS,
        'CREATE VIEW `headlines` AS SELECT id, title FROM posts',
        "CREATE TRIGGER `headlines_in` INSTEAD OF INSERT ON `headlines` BEGIN INSERT INTO posts VALUES (NEW.id, NEW.title, ''); END",
      ),
      sql('DROP VIEW `headlines`', 'CREATE VIEW `headlines` AS SELECT id, title, body FROM posts'),
    ],
    rows: somePosts,
    next: "INSERT INTO headlines (id, title) VALUES (3, 'three')",
    asks: 'SELECT count(*) AS n FROM posts',
    names: 'headlines_in',
  },
  {
    what: 'a view reads a column that is renamed by a drop and an add',
    history: [
      sql(POSTS, 'CREATE VIEW `headlines` AS SELECT id, title FROM posts'),
      sql(
        'ALTER TABLE `posts` ADD `headline` text',
        'UPDATE `posts` SET `headline` = `title`',
        'ALTER TABLE `posts` DROP COLUMN `title`',
      ),
    ],
    rows: somePosts,
    fails: 'error in view headlines',
    names: 'headlines',
  },
  {
    what: 'a view reads a table that is dropped',
    history: [
      sql(POSTS, AUDIT, 'CREATE VIEW `history` AS SELECT what FROM audit'),
      sql('DROP TABLE `audit`'),
    ],
    rows: somePosts,
    asks: 'SELECT * FROM history',
    names: 'history',
  },
  {
    what: 'a trigger writes into a table that is dropped: every later UPDATE throws',
    history: [sql(POSTS, AUDIT, audited), sql('DROP TABLE `audit`')],
    rows: somePosts,
    next: "UPDATE posts SET title = 'x' WHERE id = 1",
    asks: 'SELECT title FROM posts',
    names: 'posts_audited',
  },
  {
    what: 'a trigger writes a column that is gone after a rebuild of the other table',
    history: [
      sql(
        POSTS,
        'CREATE TABLE `stats` (`id` integer PRIMARY KEY NOT NULL, `hits` integer NOT NULL, `marks` integer)',
        'CREATE TRIGGER `posts_hit` AFTER UPDATE ON `posts` BEGIN UPDATE `stats` SET `marks` = 1; END',
      ),
      sql(
        'PRAGMA foreign_keys=OFF',
        'CREATE TABLE `__new_stats` (`id` integer PRIMARY KEY NOT NULL, `hits` integer)',
        'INSERT INTO `__new_stats` SELECT id, hits FROM `stats`',
        'DROP TABLE `stats`',
        'PRAGMA legacy_alter_table=ON',
        'ALTER TABLE `__new_stats` RENAME TO `stats`',
        'PRAGMA legacy_alter_table=OFF',
        'PRAGMA foreign_keys=ON',
      ),
    ],
    rows: `${somePosts}; INSERT INTO stats VALUES (1, 2, 3)`,
    next: "UPDATE posts SET title = 'x' WHERE id = 1",
    asks: 'SELECT title FROM posts',
    names: 'posts_hit',
  },
  {
    what: 'the counter of AUTOINCREMENT is lost in a rebuild, and a key is given twice',
    history: [
      sql(
        'CREATE TABLE `tickets` (`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL, `title` text NOT NULL)',
      ),
      rebuild('tickets', 'id integer PRIMARY KEY AUTOINCREMENT NOT NULL, title text', 'id title'),
    ],
    rows: "INSERT INTO tickets VALUES (1, 'a'), (9, 'b'); DELETE FROM tickets WHERE id = 9",
    next: "INSERT INTO tickets (title) VALUES ('next')",
    asks: 'SELECT max(id) AS id FROM tickets',
    names: 'tickets AUTOINCREMENT',
    depends: true,
  },
  {
    what: 'AUTOINCREMENT itself is lost in a rebuild',
    history: [
      sql(
        'CREATE TABLE `tickets` (`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL, `title` text NOT NULL)',
      ),
      rebuild('tickets', 'id integer PRIMARY KEY NOT NULL, title text', 'id title'),
    ],
    rows: "INSERT INTO tickets VALUES (1, 'a'), (9, 'b'); DELETE FROM tickets WHERE id = 9",
    next: "INSERT INTO tickets (title) VALUES ('next')",
    asks: 'SELECT max(id) AS id FROM tickets',
    names: 'tickets AUTOINCREMENT',
  },
  {
    what: 'the counter of AUTOINCREMENT is deleted by hand',
    history: [
      sql(
        'CREATE TABLE `tickets` (`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL, `title` text NOT NULL)',
      ),
      sql("DELETE FROM sqlite_sequence WHERE name = 'tickets'"),
    ],
    rows: "INSERT INTO tickets VALUES (1, 'a'), (9, 'b'); DELETE FROM tickets WHERE id = 9",
    next: "INSERT INTO tickets (title) VALUES ('next')",
    asks: 'SELECT max(id) AS id FROM tickets',
    names: 'sqlite_sequence',
    by: 'check',
  },
  {
    what: 'the old table is renamed away, and the child refers to what is dropped then',
    history: [
      sql(AUTHORS, WORKS),
      renamedAway('authors', 'id integer PRIMARY KEY NOT NULL, name text', 'id, name'),
    ],
    rows: someAuthors,
    fails: 'FOREIGN KEY',
    names: 'works',
  },
  {
    what: 'the old table is renamed away, and its trigger goes with it',
    history: [sql(POSTS, AUDIT, audited), renamedAway('posts', posts, 'id, title, body')],
    rows: somePosts,
    next: "UPDATE posts SET title = 'three' WHERE id = 1",
    asks: 'SELECT * FROM audit',
    names: 'posts_audited',
  },
  {
    what: 'the old table is renamed away, and a view reads what is dropped then',
    history: [
      sql(POSTS, 'CREATE VIEW `headlines` AS SELECT id, title FROM posts'),
      renamedAway('posts', posts, 'id, title, body'),
    ],
    rows: somePosts,
    asks: 'SELECT title FROM headlines',
    names: 'headlines',
  },
  {
    what: 'the old table is renamed away and stays, with the children referring to it',
    history: [
      sql(AUTHORS, WORKS),
      sql(
        'ALTER TABLE `authors` RENAME TO `authors_old`',
        AUTHORS,
        'INSERT INTO `authors` SELECT id, name FROM `authors_old`',
      ),
    ],
    rows: someAuthors,
    next: "INSERT INTO authors VALUES (3, 'Grace'); INSERT INTO works VALUES (2, 3, 'y')",
    asks: 'SELECT id FROM works',
    names: 'works authors_old',
  },
  {
    what: 'an index of the new table has the name of one of the old table, which stands still',
    history: [
      sql(POSTS, 'CREATE INDEX `posts_title` ON `posts` (`title`)'),
      sql(
        'PRAGMA foreign_keys=OFF',
        `CREATE TABLE \`__new_posts\` (${posts})`,
        'CREATE INDEX `posts_title` ON `__new_posts` (`title`)',
        'INSERT INTO `__new_posts` SELECT * FROM `posts`',
        'DROP TABLE `posts`',
        'ALTER TABLE `__new_posts` RENAME TO `posts`',
        'PRAGMA foreign_keys=ON',
      ),
    ],
    rows: somePosts,
    fails: 'index posts_title already exists',
    names: 'posts_title',
  },
  {
    what: 'a column with an index is dropped',
    history: [
      sql(POSTS, 'CREATE INDEX `posts_body` ON `posts` (`body`)'),
      sql('ALTER TABLE `posts` DROP COLUMN `body`'),
    ],
    rows: somePosts,
    fails: 'error in index posts_body',
    names: 'posts_body',
  },
  {
    what: 'a column that a trigger names is dropped',
    history: [
      sql(
        POSTS,
        AUDIT,
        'CREATE TRIGGER `posts_words` AFTER INSERT ON `posts` BEGIN INSERT INTO `audit` VALUES (NEW.`id`, NEW.`body`); END',
      ),
      sql('ALTER TABLE `posts` DROP COLUMN `body`'),
    ],
    rows: somePosts,
    fails: 'error in trigger posts_words',
    names: 'posts_words',
  },
  {
    what: 'a trigger is dropped for a backfill and does not come back',
    history: [
      sql(POSTS, AUDIT, audited),
      sql('DROP TRIGGER `posts_audited`', 'UPDATE `posts` SET `title` = trim(`title`)'),
    ],
    rows: somePosts,
    asks: names('trigger'),
    names: 'posts_audited',
    by: 'check',
  },
  {
    what: 'an index that must be unique is dropped',
    history: [
      sql(POSTS, 'CREATE UNIQUE INDEX `posts_one_title` ON `posts` (`title`)'),
      sql('DROP INDEX `posts_one_title`'),
    ],
    rows: somePosts,
    next: "INSERT INTO posts VALUES (9, 'one', '')",
    asks: 'SELECT count(*) AS n FROM posts',
    names: 'posts_one_title',
    by: 'check',
  },
  {
    what: 'a rebuild of the parent leaves out the UNIQUE that the child refers to: foreign key mismatch',
    history: [
      sql(
        'CREATE TABLE `accounts` (`id` integer PRIMARY KEY NOT NULL, `email` text NOT NULL UNIQUE, `name` text NOT NULL)',
        'CREATE TABLE `logins` (`id` integer PRIMARY KEY NOT NULL, `email` text NOT NULL REFERENCES accounts(email))',
      ),
      rebuild(
        'accounts',
        'id integer PRIMARY KEY NOT NULL, email text NOT NULL, name text',
        'id email name',
      ),
    ],
    rows: "INSERT INTO accounts VALUES (1, 'a@x', 'Ada'); INSERT INTO logins VALUES (1, 'a@x')",
    next: "INSERT INTO logins VALUES (2, 'a@x')",
    asks: 'SELECT id FROM logins',
    names: 'logins',
  },
  {
    what: 'ON DELETE CASCADE is lost in a rebuild by drizzle-kit, as it was made by hand',
    history: [
      sql(AUTHORS, WORKS),
      rebuild(
        'works',
        "id integer PRIMARY KEY NOT NULL, author_id integer NOT NULL REFERENCES authors(id), title text DEFAULT ''",
        'id author_id title',
      ),
    ],
    rows: someAuthors,
    next: 'DELETE FROM authors WHERE id = 1',
    asks: 'SELECT id FROM works',
    names: 'works',
  },
  {
    what: 'DEFERRABLE is lost in a rebuild by drizzle-kit, as it was made by hand',
    history: [
      sql(AUTHORS, WORKS.replace('ON DELETE CASCADE', 'DEFERRABLE INITIALLY DEFERRED')),
      rebuild(
        'works',
        "id integer PRIMARY KEY NOT NULL, author_id integer NOT NULL REFERENCES authors(id), title text DEFAULT ''",
        'id author_id title',
      ),
    ],
    rows: someAuthors,
    next: "BEGIN; INSERT INTO works VALUES (2, 3, 'y'); INSERT INTO authors VALUES (3, 'Grace'); COMMIT",
    asks: 'SELECT id FROM works',
    names: 'works',
  },
  {
    what: 'ON CONFLICT REPLACE is lost in a rebuild by drizzle-kit, as it was made by hand',
    history: [
      sql(
        'CREATE TABLE `presence` (`id` integer PRIMARY KEY NOT NULL, `who` text NOT NULL UNIQUE ON CONFLICT REPLACE, `at` integer NOT NULL)',
      ),
      rebuild(
        'presence',
        'id integer PRIMARY KEY NOT NULL, who text NOT NULL UNIQUE, at integer',
        'id who at',
      ),
    ],
    rows: "INSERT INTO presence VALUES (1, 'Ada', 1)",
    next: "INSERT INTO presence VALUES (2, 'Ada', 2)",
    asks: 'SELECT id FROM presence',
    names: 'presence',
  },
];

export const HANGING_INNOCENTS: readonly Innocent[] = [
  {
    what: 'a trigger that stands in for inserts into a view, and for no other statement',
    by: 'check',
    history: [
      'CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)',
      'CREATE VIEW v AS SELECT id, a FROM t; CREATE TRIGGER v_insert INSTEAD OF INSERT ON v BEGIN INSERT INTO t (a) VALUES (NEW.a); END',
      'ALTER TABLE t ADD b TEXT',
    ],
  },
  {
    what: 'a rebuild with its trigger recreated in the same migration',
    history: [sql(POSTS, AUDIT, audited), rebuild('posts', posts, 'id title body', audited)],
    rows: somePosts,
    next: "UPDATE posts SET title = 'three' WHERE id = 1",
    asks: 'SELECT * FROM audit',
  },
  {
    what: 'a rebuild with its trigger recreated, spelt otherwise',
    history: [
      sql(POSTS, AUDIT, audited),
      rebuild(
        'posts',
        posts,
        'id title body',
        "create trigger posts_audited\n  after update on posts\nbegin\n  insert into audit values (new.id, 'update');\nend",
      ),
    ],
    rows: somePosts,
    next: "UPDATE posts SET title = 'three' WHERE id = 1",
    asks: 'SELECT * FROM audit',
  },
  {
    what: 'a rebuild with its indexes recreated by drizzle-kit',
    history: [
      sql(
        POSTS,
        'CREATE UNIQUE INDEX `posts_title_unique` ON `posts` (`title`)',
        'CREATE INDEX `posts_body` ON `posts` (`body`)',
      ),
      rebuild(
        'posts',
        posts,
        'id title body',
        'CREATE UNIQUE INDEX `posts_title_unique` ON `posts` (`title`)',
        'CREATE INDEX `posts_body` ON `posts` (`body`)',
      ),
    ],
    rows: somePosts,
    asks: names('index'),
  },
  {
    what: 'a rebuild with its full-text triggers recreated',
    history: [
      sql(POSTS, FTS, ...ftsTriggers),
      rebuild('posts', posts, 'id title body', ...ftsTriggers),
    ],
    rows: somePosts,
    next: "INSERT INTO posts VALUES (3, 'three', 'last words')",
    asks: "SELECT rowid FROM posts_fts WHERE posts_fts MATCH 'words' ORDER BY 1",
  },
  {
    what: 'a full-text table is made over old rows and filled with rebuild',
    history: [
      sql(POSTS),
      sql(FTS, ...ftsTriggers, "INSERT INTO posts_fts(posts_fts) VALUES ('rebuild')"),
    ],
    rows: somePosts,
    asks: 'SELECT * FROM posts',
  },
  {
    what: 'a full-text table is made again and filled with rebuild',
    history: [
      sql(POSTS, FTS, ...ftsTriggers),
      sql(
        'DROP TABLE `posts_fts`',
        FTS.replace('title, body,', 'title, body, tokenize=porter,'),
        "INSERT INTO posts_fts(posts_fts) VALUES ('rebuild')",
      ),
    ],
    rows: somePosts,
    asks: "SELECT rowid FROM posts_fts WHERE posts_fts MATCH 'first'",
  },
  {
    what: 'a view is dropped before a rebuild and made again after it',
    history: [
      sql(POSTS, 'CREATE VIEW `headlines` AS SELECT id, title FROM posts'),
      `${sql('DROP VIEW `headlines`')}${rebuild('posts', posts, 'id title body', 'CREATE VIEW `headlines` AS SELECT id, title FROM posts')}`,
    ],
    rows: somePosts,
    asks: 'SELECT title FROM headlines',
  },
  {
    what: 'a view is made again with one column more',
    history: [
      sql(POSTS, 'CREATE VIEW `headlines` AS SELECT id, title FROM posts'),
      sql('DROP VIEW `headlines`', 'CREATE VIEW `headlines` AS SELECT id, title, body FROM posts'),
    ],
    rows: somePosts,
    asks: 'SELECT id, title FROM headlines',
  },
  {
    what: 'a view over a view, and a new column of the table below',
    history: [
      sql(
        POSTS,
        'CREATE VIEW `headlines` AS SELECT id, title FROM posts',
        'CREATE VIEW `loud` AS SELECT upper(title) AS t FROM headlines',
      ),
      sql('ALTER TABLE `posts` ADD `stars` integer DEFAULT 0 NOT NULL'),
    ],
    rows: somePosts,
    asks: 'SELECT t FROM loud',
  },
  {
    what: 'a column that a view, a trigger and an index name is renamed: SQLite renames it there too',
    history: [
      sql(
        POSTS,
        AUDIT,
        audited.replace("'update'", 'NEW.`title`'),
        'CREATE VIEW `headlines` AS SELECT id, title FROM posts',
        'CREATE INDEX `posts_title` ON `posts` (`title`)',
      ),
      sql('ALTER TABLE `posts` RENAME COLUMN `title` TO `headline`'),
    ],
    rows: somePosts,
    asks: ['SELECT id, title AS t FROM headlines', 'SELECT id, headline AS t FROM headlines'],
  },
  {
    what: 'a table that a view, a trigger and a child name is renamed: SQLite renames it there too',
    history: [
      sql(AUTHORS, WORKS, 'CREATE VIEW `who` AS SELECT name FROM authors'),
      sql('ALTER TABLE `authors` RENAME TO `writers`'),
    ],
    rows: someAuthors,
    next: "INSERT INTO works VALUES (2, 2, 'y')",
    asks: 'SELECT * FROM who, works',
  },
  {
    what: 'a trigger is dropped for a backfill and made again',
    history: [
      sql(POSTS, AUDIT, audited),
      sql(
        'DROP TRIGGER `posts_audited`',
        'ALTER TABLE `posts` ADD `slug` text',
        'UPDATE `posts` SET `slug` = lower(`title`)',
        audited,
      ),
    ],
    rows: somePosts,
    asks: names('trigger'),
  },
  {
    what: 'a trigger is replaced by one that does more',
    history: [
      sql(POSTS, AUDIT, audited),
      sql(
        'DROP TRIGGER `posts_audited`',
        audited.replace('; END', "; INSERT INTO `audit` VALUES (NEW.`id`, 'more'); END"),
      ),
    ],
    rows: somePosts,
    asks: names('trigger'),
    // That another trigger stands there now is so.
    says: 'DROPS_TRIGGER CHANGES_TRIGGER',
  },
  {
    what: 'an index is dropped before its column is',
    history: [
      sql(
        POSTS.replace('`body`', '`temporary` text, `body`'),
        'CREATE INDEX `posts_temporary` ON `posts` (`temporary`)',
      ),
      sql('DROP INDEX `posts_temporary`', 'ALTER TABLE `posts` DROP COLUMN `temporary`'),
    ],
    rows: somePosts,
    asks: 'SELECT id, title, body FROM posts',
    // The column is gone, as said.
    says: 'DROPS_COLUMN DROPS_INDEX',
  },
  {
    what: 'an index is dropped and made again under another name, as drizzle-kit does',
    history: [
      sql(POSTS, 'CREATE UNIQUE INDEX `title_idx` ON `posts` (`title`)'),
      sql(
        'DROP INDEX `title_idx`',
        'CREATE UNIQUE INDEX `posts_title_unique` ON `posts` (`title`)',
      ),
    ],
    rows: somePosts,
    next: "INSERT INTO posts VALUES (9, 'one', '')",
    asks: 'SELECT count(*) AS n FROM posts',
  },
  {
    what: 'the counter of AUTOINCREMENT is taken over in a rebuild',
    history: [
      sql(
        'CREATE TABLE `tickets` (`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL, `title` text NOT NULL)',
      ),
      rebuildBy(
        'tickets',
        '(id integer PRIMARY KEY AUTOINCREMENT NOT NULL, title text)',
        "INSERT INTO `__new_tickets` SELECT id, title FROM `tickets`;\nUPDATE sqlite_sequence SET seq = (SELECT max(seq) FROM sqlite_sequence WHERE name IN ('tickets', '__new_tickets')) WHERE name = '__new_tickets'",
      ),
    ],
    rows: "INSERT INTO tickets VALUES (1, 'a'), (9, 'b'); DELETE FROM tickets WHERE id = 9",
    next: "INSERT INTO tickets (title) VALUES ('next')",
    asks: 'SELECT max(id) AS id FROM tickets',
  },
  {
    what: 'a child keeps its foreign key through a rebuild of the parent',
    history: [
      sql(AUTHORS, WORKS),
      rebuild('authors', 'id integer PRIMARY KEY NOT NULL, name text', 'id name'),
    ],
    rows: someAuthors,
    next: "INSERT INTO works VALUES (2, 2, 'y')",
    asks: 'SELECT * FROM works',
    says: 'REBUILD_WITH_CHILDREN',
  },
  {
    what: 'the old table is renamed away with the legacy pragma, and the children stay with the name',
    history: [
      sql(AUTHORS, WORKS),
      sql(
        'PRAGMA foreign_keys=OFF',
        'PRAGMA legacy_alter_table=ON',
        'ALTER TABLE `authors` RENAME TO `authors_old`',
        'CREATE TABLE `authors` (`id` integer PRIMARY KEY NOT NULL, `name` text)',
        'INSERT INTO `authors` SELECT id, name FROM `authors_old`',
        'DROP TABLE `authors_old`',
        'PRAGMA legacy_alter_table=OFF',
        'PRAGMA foreign_keys=ON',
      ),
    ],
    rows: someAuthors,
    next: "INSERT INTO works VALUES (2, 2, 'y')",
    asks: 'SELECT * FROM works',
    says: 'REBUILD_WITH_CHILDREN',
    // What Drizzle's migrator ran with foreign keys on has lost its children's table for real.
    by: 'check',
  },
];
