// The same losses under names that need quotes: dots, parentheses, spaces, quotes, keywords, other scripts.
import { type Defect, type Innocent, rebuild, rebuildBy, sql } from '../case.ts';

/** A table of an odd name whose rebuild forgets a column of an odd name. */
const forgets = (what: string, table: string, column: string, words: string): Defect => ({
  what,
  history: [
    sql(
      `CREATE TABLE \`${table}\` (\`id\` integer PRIMARY KEY NOT NULL, \`kept\` text NOT NULL, \`${column}\` text)`,
    ),
    rebuild(
      table,
      `\`id\` integer PRIMARY KEY NOT NULL, \`kept\` text, \`${column}\` text`,
      'id kept',
    ),
  ],
  rows: `INSERT INTO \`${table}\` VALUES (1, 'k', 'lost')`,
  asks: `SELECT * FROM \`${table}\``,
  names: words,
});

/** A table of an odd name whose rebuild copies everything. */
const keeps = (what: string, table: string, column: string): Innocent => ({
  what,
  history: [
    sql(
      `CREATE TABLE \`${table}\` (\`id\` integer PRIMARY KEY NOT NULL, \`kept\` text NOT NULL, \`${column}\` text)`,
      `CREATE INDEX \`${table}_${column}\` ON \`${table}\` (\`${column}\`)`,
    ),
    rebuildBy(
      table,
      `(\`id\` integer PRIMARY KEY NOT NULL, \`kept\` text, \`${column}\` text)`,
      `INSERT INTO \`__new_${table}\`(\`id\`, \`kept\`, \`${column}\`) SELECT \`id\`, \`kept\`, \`${column}\` FROM \`${table}\``,
      `CREATE INDEX \`${table}_${column}\` ON \`${table}\` (\`${column}\`)`,
    ),
  ],
  rows: `INSERT INTO \`${table}\` VALUES (1, 'k', 'kept too')`,
  asks: `SELECT * FROM \`${table}\``,
});

export const NAME_DEFECTS: readonly Defect[] = [
  forgets('a column with a dot is forgotten', 'contacts', 'home.phone', 'contacts home.phone'),
  forgets('a table with a dot forgets a column', 'crm.contacts', 'phone', 'crm.contacts phone'),
  forgets('a column with a parenthesis is forgotten', 'parcels', 'weight (kg)', 'parcels weight'),
  forgets('a column with a quote is forgotten', 'quiz', 'who"s', 'quiz who'),
  forgets('a column with an apostrophe is forgotten', 'answers', "don't", "answers don't"),
  forgets('a column that is a keyword is forgotten', 'order', 'group', 'order group'),
  forgets('a column in another script is forgotten', 'städte', 'straße', 'städte straße'),
  forgets('a column with a comma is forgotten', 'people', 'last, first', 'people last'),
  forgets('a column of a table with a bracket is forgotten', 'a[0]', 'b]', 'a[0]'),
  forgets(
    'a column is forgotten whose name is another one in capitals and a dash',
    'mixed',
    'Kept-Too',
    'mixed Kept-Too',
  ),
  {
    what: 'a table with a dot and a table with a column of that name: only the second is copied whole',
    history: [
      sql(
        'CREATE TABLE `a.b` (`c` text PRIMARY KEY NOT NULL, `v` text)',
        'CREATE TABLE `a` (`b.c` text PRIMARY KEY NOT NULL, `v` text)',
      ),
      rebuildBy(
        'a.b',
        '(`c` text PRIMARY KEY NOT NULL, `v` text, `n` text)',
        'INSERT INTO `__new_a.b`(c) SELECT c FROM `a.b`',
      ) +
        rebuildBy(
          'a',
          '(`b.c` text PRIMARY KEY NOT NULL, `v` text, `n` text)',
          'INSERT INTO `__new_a`(`b.c`, v) SELECT `b.c`, v FROM `a`',
        ),
    ],
    rows: "INSERT INTO `a.b` VALUES ('x', 'lost'); INSERT INTO a VALUES ('x', 'kept')",
    asks: 'SELECT v FROM `a.b`',
    names: 'a.b v',
  },
  {
    what: 'a trigger with spaces in its name goes with a rebuild',
    history: [
      sql(
        'CREATE TABLE `user data` (`id` integer PRIMARY KEY NOT NULL, `x` text NOT NULL)',
        "CREATE TRIGGER `on any change` AFTER UPDATE ON `user data` BEGIN DELETE FROM `user data` WHERE `x` = ''; END",
      ),
      rebuild('user data', 'id integer PRIMARY KEY NOT NULL, x text', 'id x'),
    ],
    asks: "SELECT name FROM sqlite_schema WHERE type = 'trigger'",
    names: 'on any change',
  },
  {
    what: 'an index with a dot in its name goes with a rebuild',
    history: [
      sql(
        'CREATE TABLE `jobs` (`id` integer PRIMARY KEY NOT NULL, `x` text NOT NULL)',
        'CREATE INDEX `jobs.x` ON `jobs` (`x`)',
      ),
      rebuild('jobs', 'id integer PRIMARY KEY NOT NULL, x text', 'id x'),
    ],
    asks: "SELECT name FROM sqlite_schema WHERE type = 'index'",
    names: 'jobs.x',
  },
  {
    what: 'a unique index over a column with a space over old rows',
    history: [
      sql('CREATE TABLE `user data` (`id` integer PRIMARY KEY NOT NULL, `e mail` text NOT NULL)'),
      sql('CREATE UNIQUE INDEX `one mail` ON `user data` (`e mail`)'),
    ],
    rows: "INSERT INTO `user data` VALUES (1, 'a'), (2, 'a')",
    fails: 'UNIQUE constraint failed',
    names: 'user data mail',
    depends: true,
  },
  {
    what: 'a copy swaps columns whose names differ in case and a quote only',
    history: [
      sql(
        'CREATE TABLE `pairs` (`id` integer PRIMARY KEY NOT NULL, `left ear` text NOT NULL, `right ear` text NOT NULL)',
      ),
      rebuildBy(
        'pairs',
        '(`id` integer PRIMARY KEY NOT NULL, `left ear` text, `right ear` text)',
        'INSERT INTO `__new_pairs`("id", "left ear", "right ear") SELECT "id", "right ear", "left ear" FROM `pairs`',
      ),
    ],
    rows: "INSERT INTO pairs VALUES (1, 'l', 'r')",
    asks: 'SELECT * FROM pairs',
    names: 'pairs ear',
  },
  {
    what: 'the children of a table with a space in its name are deleted by a rebuild without the pragma',
    history: [
      sql(
        'CREATE TABLE `wish lists` (`id` integer PRIMARY KEY NOT NULL, `x` text NOT NULL)',
        'CREATE TABLE `wishes.all` (`id` integer PRIMARY KEY NOT NULL, `list` integer NOT NULL REFERENCES `wish lists`(`id`) ON DELETE CASCADE)',
      ),
      sql(
        'CREATE TABLE `__new_wish lists` (`id` integer PRIMARY KEY NOT NULL, `x` text)',
        'INSERT INTO `__new_wish lists` SELECT id, x FROM `wish lists`',
        'DROP TABLE `wish lists`',
        'ALTER TABLE `__new_wish lists` RENAME TO `wish lists`',
      ),
    ],
    rows: "INSERT INTO `wish lists` VALUES (1, 'a'); INSERT INTO `wishes.all` VALUES (1, 1)",
    asks: 'SELECT id FROM `wishes.all`',
    names: 'wishes.all',
  },
  {
    what: 'a rebuild of a table in capitals copies from it in small letters, without one column',
    history: [
      sql(
        'CREATE TABLE `Invoices` (`ID` integer PRIMARY KEY NOT NULL, `Total` integer NOT NULL, `Note` text)',
      ),
      rebuildBy(
        'invoices',
        '(id integer PRIMARY KEY NOT NULL, total integer, note text)',
        'INSERT INTO `__new_invoices`(id, total) SELECT id, total FROM invoices',
      ),
    ],
    rows: "INSERT INTO Invoices VALUES (1, 5, 'n')",
    asks: 'SELECT note AS n FROM invoices',
    names: 'invoices note',
  },
];

export const NAME_INNOCENTS: readonly Innocent[] = [
  keeps('a column with a dot is copied', 'contacts', 'home.phone'),
  keeps('a table with a dot is copied', 'crm.contacts', 'phone'),
  keeps('a column with a parenthesis is copied', 'parcels', 'weight (kg)'),
  keeps('a column with a quote is copied', 'quiz', 'who"s'),
  keeps('a column with an apostrophe is copied', 'answers', "don't"),
  keeps('a column that is a keyword is copied', 'order', 'group'),
  keeps('a column in another script is copied', 'städte', 'straße'),
  keeps('a column with a question mark and a colon is copied', 'flags', 'is :on?'),
  {
    what: 'a table is rebuilt in small letters that was made in capitals',
    history: [
      sql('CREATE TABLE `Invoices` (`ID` integer PRIMARY KEY NOT NULL, `Total` integer NOT NULL)'),
      rebuildBy(
        'invoices',
        '(id integer PRIMARY KEY NOT NULL, total integer)',
        'INSERT INTO `__new_invoices`(id, total) SELECT id, total FROM invoices',
      ),
    ],
    rows: 'INSERT INTO Invoices VALUES (1, 5)',
    asks: 'SELECT id AS i, total AS t FROM invoices',
  },
  {
    what: 'a table is called rows, with columns called values, table and index',
    history: [
      sql(
        'CREATE TABLE `rows` (`id` integer PRIMARY KEY NOT NULL, `values` text NOT NULL, `table` text, `index` integer)',
      ),
      rebuild(
        'rows',
        'id integer PRIMARY KEY NOT NULL, `values` text, `table` text, `index` integer',
        'id values table index',
      ),
    ],
    rows: "INSERT INTO rows VALUES (1, 'v', 't', 2)",
    asks: 'SELECT * FROM rows',
  },
];
