// What goes well or not by the rows that an object has.
import { type Defect, type Innocent, rebuild, rebuild1, rebuildBy, sql } from '../case.ts';

const USERS = sql(
  'CREATE TABLE `users` (`id` integer PRIMARY KEY NOT NULL, `email` text NOT NULL, `age` integer, `role` text, `team_id` integer)',
  'CREATE TABLE `teams` (`id` integer PRIMARY KEY NOT NULL, `title` text NOT NULL)',
);
const twins = "INSERT INTO users VALUES (1, 'a@x', 1, 'user', NULL), (2, 'a@x', 1, 'admin', NULL)";
const users =
  'id integer PRIMARY KEY NOT NULL, email text NOT NULL, age integer, role text, team_id integer';
const copied = 'id email age role team_id';
const fields = '"id", "email", "age", "role", "team_id"';
const all = 'SELECT id, email, age, role, team_id FROM users';

export const DEPENDING_DEFECTS: readonly Defect[] = [
  {
    what: 'a unique index over old rows',
    history: [USERS, sql('CREATE UNIQUE INDEX `users_email_unique` ON `users` (`email`)')],
    rows: twins,
    fails: 'UNIQUE constraint failed',
    names: 'users email',
    depends: true,
  },
  {
    what: 'a unique index of drizzle-kit 1.x over old rows',
    form: '1.x',
    history: [
      USERS,
      rebuild1('users', users.replace('email text NOT NULL', 'email text NOT NULL UNIQUE'), copied),
    ],
    rows: twins,
    fails: 'UNIQUE constraint failed',
    names: 'users email',
    depends: true,
  },
  {
    what: 'a UNIQUE in a rebuild whose copy has OR IGNORE: one of two rows is lost in silence',
    history: [
      USERS,
      rebuildBy(
        'users',
        `(${users.replace('email text NOT NULL', 'email text NOT NULL UNIQUE')})`,
        `INSERT OR IGNORE INTO \`__new_users\`(${fields}) SELECT ${fields} FROM \`users\``,
      ),
    ],
    rows: twins,
    asks: all,
    names: { check: 'users IGNORE', rehearse: 'users email' },
    depends: true,
  },
  {
    what: 'a UNIQUE in a rebuild whose copy has OR REPLACE: the older of two rows is lost',
    history: [
      USERS,
      rebuildBy(
        'users',
        `(${users.replace('email text NOT NULL', 'email text NOT NULL UNIQUE')})`,
        `INSERT OR REPLACE INTO \`__new_users\`(${fields}) SELECT ${fields} FROM \`users\``,
      ),
    ],
    rows: twins,
    asks: all,
    names: { check: 'users REPLACE', rehearse: 'users email' },
    depends: true,
  },
  {
    what: 'a UNIQUE in a rebuild whose copy has ON CONFLICT DO NOTHING',
    history: [
      USERS,
      rebuildBy(
        'users',
        `(${users.replace('email text NOT NULL', 'email text NOT NULL UNIQUE')})`,
        `INSERT INTO \`__new_users\`(${fields}) SELECT ${fields} FROM \`users\` WHERE true ON CONFLICT DO NOTHING`,
      ),
    ],
    rows: twins,
    asks: all,
    names: { check: 'users CONFLICT', rehearse: 'users email' },
    depends: true,
  },
  {
    what: 'a unique index over two columns',
    history: [USERS, sql('CREATE UNIQUE INDEX `users_team_age` ON `users` (`team_id`, `age`)')],
    rows: "INSERT INTO users VALUES (1, 'a', 5, NULL, 1), (2, 'b', 5, NULL, 1)",
    fails: 'UNIQUE constraint failed',
    names: 'users team_id age',
    depends: true,
  },
  {
    what: 'a unique index over an expression',
    history: [USERS, sql('CREATE UNIQUE INDEX `users_email_lower` ON `users` (lower(`email`))')],
    rows: "INSERT INTO users VALUES (1, 'A', 5, NULL, 1), (2, 'a', 5, NULL, 1)",
    fails: 'UNIQUE constraint failed',
    names: 'users users_email_lower',
    depends: true,
  },
  {
    what: 'a partial unique index',
    history: [
      USERS,
      sql("CREATE UNIQUE INDEX `one_admin` ON `users` (`role`) WHERE `role` = 'admin'"),
    ],
    rows: "INSERT INTO users VALUES (1, 'a', 5, 'admin', 1), (2, 'b', 5, 'admin', 1)",
    fails: 'UNIQUE constraint failed',
    names: 'users role',
    depends: true,
  },
  {
    what: 'a unique index without regard to case',
    history: [
      sql('CREATE TABLE `users` (`id` integer PRIMARY KEY NOT NULL, `email` text NOT NULL UNIQUE)'),
      sql('CREATE UNIQUE INDEX `users_email_nocase` ON `users` (`email` COLLATE NOCASE)'),
    ],
    rows: "INSERT INTO users VALUES (1, 'A'), (2, 'a')",
    fails: 'UNIQUE constraint failed',
    names: 'users email',
    depends: true,
  },
  {
    what: 'a unique index loses its WHERE',
    history: [
      `${USERS}--> statement-breakpoint\n${sql('CREATE UNIQUE INDEX `users_mail` ON `users` (`email`) WHERE `role` IS NOT NULL')}`,
      sql('DROP INDEX `users_mail`', 'CREATE UNIQUE INDEX `users_mail` ON `users` (`email`)'),
    ],
    rows: "INSERT INTO users VALUES (1, 'a', 1, NULL, 1), (2, 'a', 1, NULL, 1)",
    fails: 'UNIQUE constraint failed',
    names: 'users email',
    depends: true,
  },
  {
    what: 'a unique index loses a column',
    history: [
      `${USERS}--> statement-breakpoint\n${sql('CREATE UNIQUE INDEX `users_mail` ON `users` (`email`, `team_id`)')}`,
      sql('DROP INDEX `users_mail`', 'CREATE UNIQUE INDEX `users_mail` ON `users` (`email`)'),
    ],
    rows: "INSERT INTO users VALUES (1, 'a', 1, NULL, 1), (2, 'a', 1, NULL, 2)",
    fails: 'UNIQUE constraint failed',
    names: 'users email',
    depends: true,
  },
  {
    what: 'a new column with a default gets a unique index: all old rows are equal',
    history: [
      USERS,
      sql(
        "ALTER TABLE `users` ADD `handle` text DEFAULT '' NOT NULL",
        'CREATE UNIQUE INDEX `users_handle` ON `users` (`handle`)',
      ),
    ],
    rows: "INSERT INTO users VALUES (1, 'a', 1, NULL, 1), (2, 'b', 1, NULL, 2)",
    fails: 'UNIQUE constraint failed',
    names: 'users handle',
    depends: true,
  },
  {
    what: 'a backfill computes what must be unique then',
    history: [
      USERS,
      sql(
        'ALTER TABLE `users` ADD `handle` text',
        "UPDATE `users` SET `handle` = substr(`email`, 1, instr(`email`, '@') - 1)",
        'CREATE UNIQUE INDEX `users_handle` ON `users` (`handle`)',
      ),
    ],
    rows: "INSERT INTO users VALUES (1, 'a@x', 1, NULL, 1), (2, 'a@y', 1, NULL, 2)",
    fails: 'UNIQUE constraint failed',
    names: 'users handle',
    depends: true,
  },
  {
    what: 'an UPDATE lowers what is unique',
    history: [
      sql(
        'CREATE TABLE `users` (`id` integer PRIMARY KEY NOT NULL, `email` text NOT NULL)',
        'CREATE UNIQUE INDEX `users_email` ON `users` (`email`)',
      ),
      sql('UPDATE `users` SET `email` = lower(`email`)'),
    ],
    rows: "INSERT INTO users VALUES (1, 'A'), (2, 'a')",
    fails: 'UNIQUE constraint failed',
    names: 'users email',
    depends: true,
  },
  {
    what: 'a column that may be NULL becomes NOT NULL',
    history: [
      USERS,
      rebuild('users', users.replace('age integer', 'age integer NOT NULL'), copied),
    ],
    rows: "INSERT INTO users VALUES (1, 'a', NULL, NULL, 1)",
    fails: 'NOT NULL constraint failed',
    names: 'users age',
    depends: true,
  },
  {
    what: 'a column that may be NULL becomes NOT NULL, and the copy has OR IGNORE',
    history: [
      USERS,
      rebuildBy(
        'users',
        `(${users.replace('age integer', 'age integer NOT NULL')})`,
        `INSERT OR IGNORE INTO \`__new_users\`(${fields}) SELECT ${fields} FROM \`users\``,
      ),
    ],
    rows: "INSERT INTO users VALUES (1, 'a', NULL, NULL, 1)",
    asks: all,
    names: { check: 'users IGNORE', rehearse: 'users age' },
    depends: true,
  },
  {
    what: 'a column becomes NOT NULL with a default, which does not help rows with NULL',
    history: [
      USERS,
      rebuild('users', users.replace('age integer', 'age integer DEFAULT 0 NOT NULL'), copied),
    ],
    rows: "INSERT INTO users VALUES (1, 'a', NULL, NULL, 1)",
    fails: 'NOT NULL constraint failed',
    names: 'users age',
    depends: true,
  },
  {
    what: 'a CHECK of allowed values over old rows',
    history: [
      USERS,
      rebuild(
        'users',
        `${users}, CONSTRAINT "roles" CHECK("__new_users"."role" in ('user', 'admin'))`,
        copied,
      ),
    ],
    rows: "INSERT INTO users VALUES (1, 'a', 1, 'guest', 1)",
    fails: 'CHECK constraint failed',
    names: 'users role',
    depends: true,
  },
  {
    what: 'a CHECK of allowed values becomes narrower',
    history: [
      sql(
        `CREATE TABLE \`users\` (\`id\` integer PRIMARY KEY NOT NULL, \`role\` text NOT NULL, CONSTRAINT "roles" CHECK("users"."role" in ('user', 'admin', 'guest')))`,
      ),
      rebuild(
        'users',
        `id integer PRIMARY KEY NOT NULL, role text NOT NULL, CONSTRAINT "roles" CHECK("__new_users"."role" in ('user', 'admin'))`,
        'id role',
      ),
    ],
    rows: "INSERT INTO users VALUES (1, 'guest')",
    fails: 'CHECK constraint failed',
    names: 'users role',
    depends: true,
  },
  {
    what: 'a CHECK of a range over old rows',
    history: [
      USERS,
      rebuild('users', `${users}, CONSTRAINT "ages" CHECK("__new_users"."age" > 17)`, copied),
    ],
    rows: "INSERT INTO users VALUES (1, 'a', 4, 'guest', 1)",
    fails: 'CHECK constraint failed',
    names: 'users age',
    depends: true,
  },
  {
    what: 'a CHECK of a range over old rows, and the copy has OR IGNORE',
    history: [
      USERS,
      rebuildBy(
        'users',
        `(${users}, CONSTRAINT "ages" CHECK(age > 17))`,
        `INSERT OR IGNORE INTO \`__new_users\`(${fields}) SELECT ${fields} FROM \`users\``,
      ),
    ],
    rows: "INSERT INTO users VALUES (1, 'a', 4, 'guest', 1)",
    asks: all,
    names: { check: 'users IGNORE', rehearse: 'users age' },
    depends: true,
  },
  {
    what: 'a CHECK of length over old rows',
    history: [
      USERS,
      rebuild(
        'users',
        `${users}, CONSTRAINT "mail" CHECK(length("__new_users"."email") >= 6)`,
        copied,
      ),
    ],
    rows: "INSERT INTO users VALUES (1, 'a', 4, 'guest', 1)",
    fails: 'CHECK constraint failed',
    names: 'users email',
    depends: true,
  },
  {
    what: 'a CHECK of JSON over old rows',
    history: [
      sql('CREATE TABLE `prefs` (`id` integer PRIMARY KEY NOT NULL, `data` text NOT NULL)'),
      rebuild(
        'prefs',
        'id integer PRIMARY KEY NOT NULL, data text NOT NULL, CONSTRAINT "is_json" CHECK(json_valid("__new_prefs"."data"))',
        'id data',
      ),
    ],
    rows: "INSERT INTO prefs VALUES (1, 'dark')",
    fails: 'CHECK constraint failed',
    names: 'prefs data',
    depends: true,
  },
  {
    what: 'a CHECK that compares two columns over old rows',
    history: [
      sql(
        'CREATE TABLE `slots` (`id` integer PRIMARY KEY NOT NULL, `begins` integer NOT NULL, `ends` integer NOT NULL)',
      ),
      rebuild(
        'slots',
        'id integer PRIMARY KEY NOT NULL, begins integer NOT NULL, ends integer NOT NULL, CONSTRAINT "order" CHECK("__new_slots"."ends" > "__new_slots"."begins")',
        'id begins ends',
      ),
    ],
    rows: 'INSERT INTO slots VALUES (1, 5, 4)',
    fails: 'CHECK constraint failed',
    names: 'slots ends',
    depends: true,
  },
  {
    what: 'a CHECK with a new column that the old rows cannot satisfy',
    history: [
      USERS,
      sql(
        "ALTER TABLE `users` ADD `state` text DEFAULT 'new' NOT NULL CHECK (`state` <> 'new' OR `role` IS NOT NULL)",
      ),
    ],
    rows: "INSERT INTO users VALUES (1, 'a', 4, NULL, 1)",
    fails: 'CHECK constraint failed',
    names: 'users state',
    depends: true,
  },
  {
    what: 'a foreign key over rows that have no parent',
    history: [
      USERS,
      rebuild(
        'users',
        `${users}, FOREIGN KEY (team_id) REFERENCES teams(id) ON UPDATE no action ON DELETE cascade`,
        copied,
      ),
    ],
    rows: "INSERT INTO users VALUES (1, 'a', 4, NULL, 77)",
    fails: 'FOREIGN KEY',
    names: 'users team',
    depends: true,
  },
  {
    what: 'a foreign key of drizzle-kit 1.x over rows that have no parent',
    form: '1.x',
    history: [
      USERS,
      rebuild1(
        'users',
        `${users}, CONSTRAINT \`fk_users_team\` FOREIGN KEY (\`team_id\`) REFERENCES \`teams\`(\`id\`)`,
        copied,
      ),
    ],
    rows: "INSERT INTO users VALUES (1, 'a', 4, NULL, 77)",
    fails: 'FOREIGN KEY',
    names: 'users team',
    depends: true,
  },
  {
    what: 'a new column refers to another table, and its backfill takes what may have no parent',
    history: [
      USERS,
      sql(
        'ALTER TABLE `users` ADD `group_id` integer REFERENCES teams(id)',
        'UPDATE `users` SET `group_id` = `team_id`',
      ),
    ],
    rows: "INSERT INTO users VALUES (1, 'a', 4, NULL, 77)",
    fails: 'FOREIGN KEY constraint failed',
    names: 'users group_id',
    depends: true,
  },
  {
    what: 'a new child is filled from a column that may have no parent',
    history: [
      USERS,
      sql(
        'CREATE TABLE `members` (`user_id` integer NOT NULL REFERENCES users(id), `team_id` integer NOT NULL REFERENCES teams(id))',
        'INSERT INTO `members` SELECT id, team_id FROM `users` WHERE team_id IS NOT NULL',
      ),
    ],
    rows: "INSERT INTO users VALUES (1, 'a', 4, NULL, 77)",
    fails: 'FOREIGN KEY constraint failed',
    names: 'members team',
    depends: true,
  },
  {
    what: 'the primary key moves to a column with equal values',
    history: [
      USERS,
      rebuild(
        'users',
        'email text PRIMARY KEY NOT NULL, id integer NOT NULL, age integer, role text, team_id integer',
        copied,
      ),
    ],
    rows: twins,
    fails: 'UNIQUE constraint failed',
    names: 'users email',
    depends: true,
  },
  {
    what: 'a join table gets a composite key over equal pairs',
    history: [
      sql('CREATE TABLE `labels` (`post` integer NOT NULL, `tag` text NOT NULL)'),
      rebuild(
        'labels',
        'post integer NOT NULL, tag text NOT NULL, PRIMARY KEY(post, tag)',
        'post tag',
      ),
    ],
    rows: "INSERT INTO labels VALUES (1, 'a'), (1, 'a')",
    fails: 'UNIQUE constraint failed',
    names: 'labels post tag',
    depends: true,
  },
  {
    what: 'a key of texts becomes an integer key',
    history: [
      sql('CREATE TABLE `parts` (`id` text PRIMARY KEY NOT NULL, `x` text)'),
      rebuild('parts', 'id integer PRIMARY KEY NOT NULL, x text', 'id x'),
    ],
    rows: "INSERT INTO parts VALUES ('ab-1', 'x')",
    fails: 'datatype mismatch',
    names: 'parts id',
    depends: true,
  },
  {
    what: 'a table becomes STRICT, and a column has texts where it says integer',
    history: [
      sql('CREATE TABLE `meters` (`id` integer PRIMARY KEY NOT NULL, `value` integer NOT NULL)'),
      rebuildBy(
        'meters',
        '(id integer PRIMARY KEY NOT NULL, value integer NOT NULL) STRICT',
        'INSERT INTO `__new_meters` SELECT id, value FROM `meters`',
      ),
    ],
    rows: "INSERT INTO meters VALUES (1, 'many')",
    fails: 'cannot store TEXT value',
    names: 'meters value',
    depends: true,
  },
  {
    what: 'a key of texts that may be NULL becomes one of a table WITHOUT ROWID',
    history: [
      sql('CREATE TABLE `slugs` (`slug` text PRIMARY KEY, `x` text)'),
      rebuildBy(
        'slugs',
        '(slug text PRIMARY KEY, x text) WITHOUT ROWID',
        'INSERT INTO `__new_slugs` SELECT slug, x FROM `slugs`',
      ),
    ],
    rows: "INSERT INTO slugs VALUES (NULL, 'x')",
    fails: 'NOT NULL constraint failed',
    names: 'slugs slug',
    depends: true,
  },
  {
    what: 'json_extract over a text that is no JSON',
    history: [
      sql('CREATE TABLE `prefs` (`id` integer PRIMARY KEY NOT NULL, `data` text NOT NULL)'),
      sql(
        'ALTER TABLE `prefs` ADD `theme` text',
        "UPDATE `prefs` SET `theme` = json_extract(`data`, '$.theme')",
      ),
    ],
    rows: "INSERT INTO prefs VALUES (1, 'dark')",
    fails: 'malformed JSON',
    names: 'prefs data',
    depends: true,
  },
  {
    what: 'an index over json_extract of a text that is no JSON',
    history: [
      sql('CREATE TABLE `prefs` (`id` integer PRIMARY KEY NOT NULL, `data` text NOT NULL)'),
      sql("CREATE INDEX `prefs_theme` ON `prefs` (json_extract(`data`, '$.theme'))"),
    ],
    rows: "INSERT INTO prefs VALUES (1, 'dark')",
    fails: 'malformed JSON',
    names: 'prefs data',
    depends: true,
  },
  {
    what: 'a generated column that is NOT NULL over old rows',
    history: [
      sql('CREATE TABLE `prefs` (`id` integer PRIMARY KEY NOT NULL, `data` text NOT NULL)'),
      sql(
        "ALTER TABLE `prefs` ADD `theme` text GENERATED ALWAYS AS (json_extract(`data`, '$.theme')) VIRTUAL NOT NULL",
      ),
    ],
    rows: "INSERT INTO prefs VALUES (1, '{}')",
    fails: 'NOT NULL constraint failed',
    names: 'prefs',
    depends: true,
  },
  {
    what: 'a seed takes a key that users may have taken',
    history: [
      sql('CREATE TABLE `colors` (`id` integer PRIMARY KEY NOT NULL, `name` text NOT NULL)'),
      sql("INSERT INTO `colors` VALUES (1, 'red'), (2, 'blue')"),
    ],
    rows: "INSERT INTO colors VALUES (1, 'mine')",
    fails: 'UNIQUE constraint failed',
    names: 'colors id',
    depends: true,
  },
  {
    what: 'a seed takes a unique name that users may have taken',
    history: [
      sql('CREATE TABLE `colors` (`id` integer PRIMARY KEY NOT NULL, `name` text NOT NULL UNIQUE)'),
      sql("INSERT INTO `colors` (`name`) VALUES ('red')"),
    ],
    rows: "INSERT INTO colors VALUES (7, 'red')",
    fails: 'UNIQUE constraint failed',
    names: 'colors name',
    depends: true,
  },
  {
    what: 'a seed refers to a row that users may have deleted',
    history: [
      sql(
        'CREATE TABLE `teams` (`id` integer PRIMARY KEY NOT NULL)',
        'INSERT INTO `teams` VALUES (1)',
        'CREATE TABLE `rooms` (`id` integer PRIMARY KEY NOT NULL, `team_id` integer NOT NULL REFERENCES teams(id))',
      ),
      sql('INSERT INTO `rooms` VALUES (1000, 1)'),
    ],
    rows: 'DELETE FROM teams',
    fails: 'FOREIGN KEY constraint failed',
    names: 'rooms team',
    depends: true,
    by: 'check',
  },
  {
    what: 'a DELETE of parents where a child has no action',
    history: [
      sql(
        'CREATE TABLE `teams` (`id` integer PRIMARY KEY NOT NULL, `is_old` integer)',
        'CREATE TABLE `rooms` (`id` integer PRIMARY KEY NOT NULL, `team_id` integer NOT NULL REFERENCES teams(id))',
      ),
      sql('DELETE FROM `teams` WHERE `is_old` = 1'),
    ],
    rows: 'INSERT INTO teams VALUES (1, 1); INSERT INTO rooms VALUES (1, 1)',
    fails: 'FOREIGN KEY constraint failed',
    names: 'teams rooms',
    depends: true,
  },
  {
    what: 'a copy with WHERE leaves parents out whose children stay',
    history: [
      sql(
        'CREATE TABLE `teams` (`id` integer PRIMARY KEY NOT NULL, `is_old` integer)',
        'CREATE TABLE `rooms` (`id` integer PRIMARY KEY NOT NULL, `team_id` integer NOT NULL REFERENCES teams(id))',
      ),
      rebuildBy(
        'teams',
        '(id integer PRIMARY KEY NOT NULL)',
        'INSERT INTO `__new_teams` SELECT id FROM `teams` WHERE `is_old` IS NOT 1',
      ),
    ],
    rows: 'INSERT INTO teams VALUES (1, 1); INSERT INTO rooms VALUES (1, 1)',
    fails: 'FOREIGN KEY',
    names: 'teams rooms',
    depends: true,
  },
  {
    what: 'a trigger that guards rows throws at a backfill',
    history: [
      sql(
        'CREATE TABLE `ledger` (`id` integer PRIMARY KEY NOT NULL, `amount` integer NOT NULL, `closed` integer NOT NULL)',
        "CREATE TRIGGER `ledger_closed` BEFORE UPDATE ON `ledger` WHEN OLD.`closed` BEGIN SELECT RAISE(ABORT, 'closed'); END",
      ),
      sql(
        'ALTER TABLE `ledger` ADD `cents` integer',
        'UPDATE `ledger` SET `cents` = `amount` * 100',
      ),
    ],
    rows: 'INSERT INTO ledger VALUES (1, 5, 1)',
    fails: 'closed',
    names: 'ledger',
    depends: true,
  },
  {
    what: 'a unique index over rows that an earlier migration of the same deploy made equal',
    has: 1,
    history: [
      USERS,
      sql("UPDATE `users` SET `role` = coalesce(`role`, 'user')"),
      sql('CREATE UNIQUE INDEX `users_role` ON `users` (`role`)'),
    ],
    rows: "INSERT INTO users VALUES (1, 'a', 4, NULL, 1), (2, 'b', 4, NULL, 1)",
    fails: 'UNIQUE constraint failed',
    names: 'users role',
    depends: true,
  },
];

export const DEPENDING_INNOCENTS: readonly Innocent[] = [
  {
    what: 'a unique index over a table that the same migration makes',
    history: [
      USERS,
      sql(
        'CREATE TABLE `codes` (`id` integer PRIMARY KEY NOT NULL, `code` text NOT NULL)',
        'CREATE UNIQUE INDEX `codes_code_unique` ON `codes` (`code`)',
      ),
    ],
    rows: twins,
    asks: all,
  },
  {
    what: 'a unique index over the primary key and more',
    history: [USERS, sql('CREATE UNIQUE INDEX `users_id_email` ON `users` (`id`, `email`)')],
    rows: twins,
    asks: all,
  },
  {
    what: 'a unique index over what a unique index is already over',
    history: [
      sql('CREATE TABLE `users` (`id` integer PRIMARY KEY NOT NULL, `email` text NOT NULL UNIQUE)'),
      sql('CREATE UNIQUE INDEX `users_email_unique` ON `users` (`email`)'),
    ],
    rows: "INSERT INTO users VALUES (1, 'a')",
    asks: 'SELECT * FROM users',
  },
  {
    what: 'a unique index over a new column that is NULL everywhere',
    history: [
      USERS,
      sql(
        'ALTER TABLE `users` ADD `handle` text',
        'CREATE UNIQUE INDEX `users_handle_unique` ON `users` (`handle`)',
      ),
    ],
    rows: twins,
    asks: all,
  },
  {
    what: 'a UNIQUE that stays in a rebuild',
    history: [
      sql(
        'CREATE TABLE `users` (`id` integer PRIMARY KEY NOT NULL, `email` text NOT NULL UNIQUE, `age` integer NOT NULL)',
      ),
      rebuild(
        'users',
        'id integer PRIMARY KEY NOT NULL, email text NOT NULL UNIQUE, age integer',
        'id email age',
      ),
    ],
    rows: "INSERT INTO users VALUES (1, 'a', 1), (2, 'b', 1)",
    asks: 'SELECT * FROM users',
  },
  {
    what: 'a UNIQUE becomes a unique index in a rebuild',
    history: [
      sql(
        'CREATE TABLE `users` (`id` integer PRIMARY KEY NOT NULL, `email` text NOT NULL UNIQUE, `age` integer NOT NULL)',
      ),
      rebuild(
        'users',
        'id integer PRIMARY KEY NOT NULL, email text NOT NULL, age integer',
        'id email age',
        'CREATE UNIQUE INDEX `users_email_unique` ON `users` (`email`)',
      ),
    ],
    rows: "INSERT INTO users VALUES (1, 'a', 1), (2, 'b', 1)",
    next: "INSERT INTO users VALUES (3, 'a', 1)",
    asks: 'SELECT count(*) AS n FROM users',
    // Only the words differ in which SQLite refuses the row: none, both say users.email.
  },
  {
    what: 'a CHECK that becomes wider',
    history: [
      sql(
        "CREATE TABLE `users` (`id` integer PRIMARY KEY NOT NULL, `role` text NOT NULL CHECK (`role` IN ('user', 'admin')))",
      ),
      rebuild(
        'users',
        "id integer PRIMARY KEY NOT NULL, role text NOT NULL CHECK (role IN ('user', 'admin', 'guest'))",
        'id role',
      ),
    ],
    rows: "INSERT INTO users VALUES (1, 'admin')",
    asks: 'SELECT * FROM users',
  },
  {
    what: 'a CHECK that stays, spelt otherwise by drizzle-kit',
    history: [
      sql(
        `CREATE TABLE \`users\` (\`id\` integer PRIMARY KEY NOT NULL, \`role\` text NOT NULL, \`age\` integer NOT NULL, CONSTRAINT "roles" CHECK("users"."role" in ('user', 'admin')))`,
      ),
      rebuild(
        'users',
        `id integer PRIMARY KEY NOT NULL, role text NOT NULL, age integer, CONSTRAINT "roles" CHECK("__new_users"."role" in ('user', 'admin'))`,
        'id role age',
      ),
    ],
    rows: "INSERT INTO users VALUES (1, 'admin', 1)",
    asks: 'SELECT * FROM users',
  },
  {
    what: 'a foreign key that stays in a rebuild',
    history: [
      sql(
        'CREATE TABLE `teams` (`id` integer PRIMARY KEY NOT NULL)',
        'CREATE TABLE `rooms` (`id` integer PRIMARY KEY NOT NULL, `team_id` integer NOT NULL REFERENCES teams(id), `x` text NOT NULL)',
      ),
      rebuild(
        'rooms',
        'id integer PRIMARY KEY NOT NULL, team_id integer NOT NULL REFERENCES teams(id), x text',
        'id team_id x',
      ),
    ],
    rows: "INSERT INTO teams VALUES (1); INSERT INTO rooms VALUES (1, 1, 'x')",
    asks: 'SELECT * FROM rooms',
  },
  {
    what: 'a new column that refers to another table and is NULL',
    history: [USERS, sql('ALTER TABLE `users` ADD `group_id` integer REFERENCES teams(id)')],
    rows: twins,
    asks: all,
  },
  {
    what: 'a column that is NOT NULL and stays so',
    history: [
      USERS,
      rebuild('users', users.replace('age integer', 'age integer DEFAULT 1'), copied),
    ],
    rows: twins,
    asks: all,
  },
  {
    what: 'a column becomes NOT NULL after an UPDATE has filled it',
    history: [
      USERS,
      `${sql('UPDATE `users` SET `age` = 0 WHERE `age` IS NULL')}${rebuild('users', users.replace('age integer', 'age integer NOT NULL'), copied)}`,
    ],
    rows: twins,
    asks: all,
  },
  {
    what: 'a unique index after an UPDATE has numbered what was equal',
    history: [
      USERS,
      sql(
        'ALTER TABLE `users` ADD `handle` text',
        "UPDATE `users` SET `handle` = 'user-' || `id`",
        'CREATE UNIQUE INDEX `users_handle_unique` ON `users` (`handle`)',
      ),
    ],
    rows: twins,
    asks: all,
  },
  {
    what: 'an index that is not unique',
    history: [USERS, sql('CREATE INDEX `users_email` ON `users` (`email`)')],
    rows: twins,
    asks: all,
  },
  {
    what: 'a partial unique index becomes stricter in its WHERE',
    history: [
      `${USERS}--> statement-breakpoint\n${sql('CREATE UNIQUE INDEX `users_mail` ON `users` (`email`)')}`,
      sql(
        'DROP INDEX `users_mail`',
        'CREATE UNIQUE INDEX `users_mail` ON `users` (`email`) WHERE `role` IS NOT NULL',
      ),
    ],
    rows: "INSERT INTO users VALUES (1, 'a', 1, NULL, 1), (2, 'b', 1, NULL, 1)",
    asks: all,
    // That the index says less is so.
    says: 'DROPS_INDEX CHANGES_INDEX DROPS_UNIQUE',
  },
  {
    what: 'a seed of a table that the migration makes',
    history: [
      USERS,
      sql(
        'CREATE TABLE `colors` (`id` integer PRIMARY KEY NOT NULL, `name` text NOT NULL UNIQUE)',
        "INSERT INTO `colors` VALUES (1, 'red'), (2, 'blue')",
      ),
    ],
    rows: twins,
    asks: all,
  },
];
