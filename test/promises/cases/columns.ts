// Values that a rebuild or an ALTER TABLE loses or changes, column by column.
import { type Defect, type Innocent, rebuild, rebuild1, rebuildBy, sql } from '../case.ts';

const people =
  'CREATE TABLE `people` (\n\t`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,\n\t`first` text NOT NULL,\n\t`last` text NOT NULL,\n\t`nick` text\n)';
const PEOPLE = sql(people.replace(' AUTOINCREMENT', ''));
const somebody =
  "INSERT INTO people VALUES (1, 'Ada', 'Lovelace', 'al'), (2, 'Alan', 'Turing', 'at')";
const everybody = 'SELECT id, first, last, nick FROM people ORDER BY id';
const columns =
  'id integer PRIMARY KEY NOT NULL, first text NOT NULL, last text NOT NULL, nick text';

export const COLUMN_DEFECTS: readonly Defect[] = [
  {
    what: 'a rebuild forgets a column in its copy that the new table has',
    history: [PEOPLE, rebuild('people', columns, 'id first last')],
    rows: somebody,
    asks: everybody,
    names: 'people nick',
  },
  {
    what: 'a rebuild of 1.x forgets a column in its copy that has a default in the new table',
    form: '1.x',
    history: [PEOPLE, rebuild1('people', `${columns} DEFAULT 'none'`, 'id first last')],
    rows: somebody,
    asks: everybody,
    names: 'people nick',
  },
  {
    what: 'a rebuild leaves a column out of the new table',
    history: [PEOPLE, rebuild('people', columns.replace(', nick text', ''), 'id first last')],
    rows: somebody,
    asks: everybody,
    names: 'people nick',
    by: 'check',
  },
  {
    what: 'a copy swaps two columns by their order',
    history: [
      PEOPLE,
      rebuildBy(
        'people',
        `(${columns})`,
        'INSERT INTO `__new_people`("id", "first", "last", "nick") SELECT "id", "last", "first", "nick" FROM `people`',
      ),
    ],
    rows: somebody,
    asks: everybody,
    names: 'people first',
  },
  {
    what: 'a copy with SELECT * goes into a table whose columns stand in another order',
    history: [
      PEOPLE,
      rebuildBy(
        'people',
        '(id integer PRIMARY KEY NOT NULL, last text NOT NULL, first text NOT NULL, nick text)',
        'INSERT INTO `__new_people` SELECT * FROM `people`',
      ),
    ],
    rows: somebody,
    asks: everybody,
    names: 'people first',
  },
  {
    what: 'a copy takes one column twice and forgets the other',
    history: [
      PEOPLE,
      rebuildBy(
        'people',
        `(${columns})`,
        'INSERT INTO `__new_people`("id", "first", "last", "nick") SELECT "id", "first", "first", "nick" FROM `people`',
      ),
    ],
    rows: somebody,
    asks: everybody,
    names: 'people last',
  },
  {
    what: 'a copy sets an old column to NULL',
    history: [
      PEOPLE,
      rebuildBy(
        'people',
        `(${columns})`,
        'INSERT INTO `__new_people`("id", "first", "last", "nick") SELECT "id", "first", "last", NULL FROM `people`',
      ),
    ],
    rows: somebody,
    asks: everybody,
    names: 'people nick',
    by: 'check',
  },
  {
    what: 'drizzle-kit copies a column that the old table does not have, and SQLite reads its name as a text',
    history: [
      PEOPLE,
      rebuild(
        'people',
        `${columns}, role text DEFAULT 'member' NOT NULL`,
        'id first last nick role',
      ),
    ],
    rows: somebody,
    asks: ["SELECT 'member' AS role FROM people", 'SELECT role FROM people'],
    names: 'role',
    by: 'check',
  },
  {
    what: 'a copy puts a text in double quotes where a column was meant',
    history: [
      PEOPLE,
      rebuildBy(
        'people',
        `(${columns})`,
        'INSERT INTO `__new_people`("id", "first", "last", "nick") SELECT "id", "first", "last", "nickname" FROM `people`',
      ),
    ],
    rows: somebody,
    asks: everybody,
    names: 'nickname',
    by: 'check',
  },
  {
    what: 'a text column becomes an integer: leading zeros are gone',
    history: [
      sql('CREATE TABLE `shops` (`id` integer PRIMARY KEY NOT NULL, `postcode` text NOT NULL)'),
      rebuild('shops', 'id integer PRIMARY KEY NOT NULL, postcode integer NOT NULL', 'id postcode'),
    ],
    rows: "INSERT INTO shops VALUES (1, '00712'), (2, '10115')",
    asks: 'SELECT id, postcode FROM shops',
    names: 'shops postcode',
    depends: true,
  },
  {
    what: 'a text column becomes numeric: a telephone number loses its plus and zeros',
    history: [
      sql('CREATE TABLE `contacts` (`id` text PRIMARY KEY NOT NULL, `phone` text)'),
      rebuild('contacts', 'id text PRIMARY KEY NOT NULL, phone numeric', 'id phone'),
    ],
    rows: "INSERT INTO contacts VALUES ('a', '+4930123456'), ('b', '0049301234')",
    asks: 'SELECT id, phone FROM contacts',
    names: 'contacts phone',
    depends: true,
  },
  {
    what: 'a text column becomes real: a long number is rounded',
    history: [
      sql('CREATE TABLE `orders` (`id` text PRIMARY KEY NOT NULL, `external` text NOT NULL)'),
      rebuild('orders', 'id text PRIMARY KEY NOT NULL, external real NOT NULL', 'id external'),
    ],
    rows: "INSERT INTO orders VALUES ('a', '9007199254740993')",
    asks: [
      'SELECT 9007199254740993 AS external',
      'SELECT CAST(external AS integer) AS external FROM orders',
    ],
    names: 'orders external',
    depends: true,
  },
  {
    what: 'an integer column becomes real: 2^53 + 1 becomes 2^53',
    history: [
      sql(
        'CREATE TABLE `events` (`id` integer PRIMARY KEY NOT NULL, `snowflake` integer NOT NULL)',
      ),
      rebuild('events', 'id integer PRIMARY KEY NOT NULL, snowflake real NOT NULL', 'id snowflake'),
    ],
    rows: 'INSERT INTO events VALUES (1, 9007199254740993)',
    asks: 'SELECT CAST(snowflake AS integer) AS snowflake FROM events',
    names: 'events snowflake',
    depends: true,
  },
  {
    what: 'a text is cast to an integer in a second column that replaces the first',
    history: [
      sql('CREATE TABLE `payments` (`id` integer PRIMARY KEY NOT NULL, `reference` text NOT NULL)'),
      sql(
        'ALTER TABLE `payments` ADD `reference_no` integer',
        'UPDATE `payments` SET `reference_no` = CAST(`reference` AS integer)',
        'ALTER TABLE `payments` DROP COLUMN `reference`',
      ),
    ],
    rows: "INSERT INTO payments VALUES (1, '007'), (2, 'RF18-5390')",
    asks: [
      'SELECT reference AS r FROM payments',
      'SELECT CAST(reference_no AS text) AS r FROM payments',
    ],
    names: 'payments reference',
    by: 'check',
  },
  {
    what: 'a column is dropped and added again',
    history: [
      PEOPLE,
      sql(
        'ALTER TABLE `people` DROP COLUMN `nick`',
        "ALTER TABLE `people` ADD `nick` text DEFAULT ''",
      ),
    ],
    rows: somebody,
    asks: everybody,
    names: 'people nick',
  },
  {
    what: 'drizzle-kit was told of a rename as a drop and an add',
    history: [
      PEOPLE,
      sql('ALTER TABLE `people` ADD `nickname` text', 'ALTER TABLE `people` DROP COLUMN `nick`'),
    ],
    rows: somebody,
    asks: ['SELECT nick AS n FROM people', 'SELECT nickname AS n FROM people'],
    names: 'people nick',
    by: 'check',
  },
  {
    what: 'a table was renamed by a drop and a create',
    history: [PEOPLE, sql(people.replace('`people`', '`persons`'), 'DROP TABLE `people`')],
    rows: somebody,
    asks: ['SELECT first FROM people', 'SELECT first FROM persons'],
    names: 'people',
    by: 'check',
  },
  {
    what: 'a backfill fills the new column from the wrong one before the old one is dropped',
    history: [
      PEOPLE,
      sql(
        'ALTER TABLE `people` ADD `alias` text',
        'UPDATE `people` SET `alias` = `first`',
        'ALTER TABLE `people` DROP COLUMN `nick`',
      ),
    ],
    rows: somebody,
    asks: ['SELECT nick AS n FROM people', 'SELECT alias AS n FROM people'],
    names: 'people nick',
    by: 'check',
  },
  {
    what: 'a backfill fills only some rows before the old column is dropped',
    history: [
      PEOPLE,
      sql(
        'ALTER TABLE `people` ADD `alias` text',
        "UPDATE `people` SET `alias` = `nick` WHERE `first` = 'Ada'",
        'ALTER TABLE `people` DROP COLUMN `nick`',
      ),
    ],
    rows: somebody,
    asks: ['SELECT nick AS n FROM people', 'SELECT alias AS n FROM people'],
    names: 'people nick',
    by: 'check',
  },
  {
    what: 'a collation made by hand is lost in a rebuild by drizzle-kit',
    history: [
      sql(
        'CREATE TABLE `tags` (`id` integer PRIMARY KEY NOT NULL, `label` text COLLATE NOCASE NOT NULL, `hue` text NOT NULL)',
      ),
      rebuild(
        'tags',
        'id integer PRIMARY KEY NOT NULL, label text NOT NULL, hue text',
        'id label hue',
      ),
    ],
    rows: "INSERT INTO tags VALUES (1, 'Red', 'r')",
    asks: "SELECT id FROM tags WHERE label = 'red'",
    names: 'tags label',
  },
  {
    what: 'a CHECK made by hand is lost in a rebuild by drizzle-kit',
    history: [
      sql(
        'CREATE TABLE `stock` (`id` integer PRIMARY KEY NOT NULL, `amount` integer NOT NULL CHECK (`amount` >= 0), `place` text NOT NULL)',
      ),
      rebuild(
        'stock',
        'id integer PRIMARY KEY NOT NULL, amount integer NOT NULL, place text',
        'id amount place',
      ),
    ],
    rows: "INSERT INTO stock VALUES (1, 5, 'x')",
    next: 'UPDATE stock SET amount = amount - 9',
    asks: 'SELECT amount FROM stock',
    names: 'stock amount',
  },
  {
    what: 'a generated column becomes a plain one that nothing fills',
    history: [
      sql(
        "CREATE TABLE `names` (`id` integer PRIMARY KEY NOT NULL, `first` text NOT NULL, `last` text NOT NULL, `whole` text GENERATED ALWAYS AS (first || ' ' || last) VIRTUAL)",
      ),
      rebuild(
        'names',
        'id integer PRIMARY KEY NOT NULL, first text NOT NULL, last text, whole text',
        'id first last',
      ),
    ],
    rows: "INSERT INTO names (id, first, last) VALUES (1, 'Ada', 'Lovelace')",
    asks: 'SELECT whole FROM names',
    names: 'names whole',
  },
  {
    what: 'a generated column becomes a plain one, copied once, that is stale from then on',
    history: [
      sql(
        'CREATE TABLE `lines` (`id` integer PRIMARY KEY NOT NULL, `price` integer NOT NULL, `quantity` integer NOT NULL, `total` integer GENERATED ALWAYS AS (price * quantity) STORED)',
      ),
      rebuild(
        'lines',
        'id integer PRIMARY KEY NOT NULL, price integer NOT NULL, quantity integer NOT NULL, total integer',
        'id price quantity total',
      ),
    ],
    rows: 'INSERT INTO lines (id, price, quantity) VALUES (1, 5, 2)',
    next: 'UPDATE lines SET quantity = 3',
    asks: 'SELECT total FROM lines',
    names: 'lines total',
  },
  {
    what: 'STRICT is lost in a rebuild by drizzle-kit',
    history: [
      sql(
        'CREATE TABLE `meters` (`id` integer PRIMARY KEY NOT NULL, `value` integer NOT NULL, `unit` text NOT NULL) STRICT',
      ),
      rebuild(
        'meters',
        'id integer PRIMARY KEY NOT NULL, value integer NOT NULL, unit text',
        'id value unit',
      ),
    ],
    rows: "INSERT INTO meters VALUES (1, 5, 'W')",
    next: "INSERT INTO meters VALUES (2, 'five', 'W')",
    asks: 'SELECT id FROM meters',
    names: 'meters',
  },
  {
    what: 'a foreign key made by hand is lost in a rebuild by drizzle-kit',
    history: [
      sql(
        'CREATE TABLE `boards` (`id` integer PRIMARY KEY NOT NULL)',
        'CREATE TABLE `cards` (`id` integer PRIMARY KEY NOT NULL, `board_id` integer NOT NULL REFERENCES boards(id) ON DELETE CASCADE, `text` text NOT NULL)',
      ),
      rebuild(
        'cards',
        'id integer PRIMARY KEY NOT NULL, board_id integer NOT NULL, text text',
        'id board_id text',
      ),
    ],
    rows: "INSERT INTO boards VALUES (1); INSERT INTO cards VALUES (1, 1, 'x')",
    next: 'DELETE FROM boards',
    asks: 'SELECT id FROM cards',
    names: 'cards board',
  },
  {
    what: 'a UNIQUE made by hand in the table is lost in a rebuild by drizzle-kit',
    history: [
      sql(
        'CREATE TABLE `rooms` (`id` integer PRIMARY KEY NOT NULL, `code` text NOT NULL UNIQUE, `title` text NOT NULL)',
      ),
      rebuild(
        'rooms',
        'id integer PRIMARY KEY NOT NULL, code text NOT NULL, title text',
        'id code title',
      ),
    ],
    rows: "INSERT INTO rooms VALUES (1, 'a', 'x')",
    next: "INSERT INTO rooms VALUES (2, 'a', 'y')",
    asks: 'SELECT id FROM rooms',
    names: 'rooms code',
  },
  {
    what: 'the primary key is lost in a rebuild with CREATE TABLE AS',
    history: [
      PEOPLE,
      sql(
        'CREATE TABLE `people_copy` AS SELECT * FROM `people`',
        'DROP TABLE `people`',
        'ALTER TABLE `people_copy` RENAME TO `people`',
      ),
    ],
    rows: somebody,
    next: "INSERT INTO people (id, first, last) VALUES (1, 'x', 'y')",
    asks: 'SELECT id FROM people',
    names: 'people',
  },
  {
    what: 'a rebuild leaves one column of a composite key out, and OR REPLACE takes one row of each',
    history: [
      sql(
        'CREATE TABLE `seats` (`hall` text NOT NULL, `seat` integer NOT NULL, `guest` text NOT NULL, PRIMARY KEY(`hall`, `seat`))',
      ),
      rebuildBy(
        'seats',
        '(hall text PRIMARY KEY NOT NULL, seat integer NOT NULL, guest text NOT NULL)',
        'INSERT OR REPLACE INTO `__new_seats` SELECT * FROM `seats`',
      ),
    ],
    rows: "INSERT INTO seats VALUES ('a', 1, 'x'), ('a', 2, 'y')",
    asks: 'SELECT count(*) AS n FROM seats',
    names: { check: 'seats', rehearse: 'seats hall' },
    depends: true,
  },
  {
    what: 'json is taken apart into columns, and a key that is spelt otherwise is lost',
    history: [
      sql(
        "CREATE TABLE `profiles` (`id` integer PRIMARY KEY NOT NULL, `data` text DEFAULT '{}' NOT NULL)",
      ),
      sql(
        'ALTER TABLE `profiles` ADD `city` text',
        "UPDATE `profiles` SET `city` = json_extract(`data`, '$.town')",
        'ALTER TABLE `profiles` DROP COLUMN `data`',
      ),
    ],
    rows: `INSERT INTO profiles VALUES (1, '{"city":"Bonn"}')`,
    asks: [
      "SELECT json_extract(data, '$.city') AS city FROM profiles",
      'SELECT city FROM profiles',
    ],
    names: 'profiles data',
    by: 'check',
  },
];

export const COLUMN_INNOCENTS: readonly Innocent[] = [
  {
    what: 'a rebuild by drizzle-kit that copies every column',
    history: [
      PEOPLE,
      rebuild('people', columns.replace('last text NOT NULL', 'last text'), 'id first last nick'),
    ],
    rows: somebody,
    asks: everybody,
  },
  {
    what: 'a rebuild by drizzle-kit 1.x that copies every column',
    form: '1.x',
    history: [
      PEOPLE,
      rebuild1('people', columns.replace('last text NOT NULL', 'last text'), 'id first last nick'),
    ],
    rows: somebody,
    asks: everybody,
  },
  {
    what: 'a new column and a changed default as 1.x writes them: ADD, and a rebuild that does not copy it',
    form: '1.x',
    history: [
      PEOPLE,
      sql('ALTER TABLE `people` ADD `email` text') +
        rebuild1('people', `${columns} DEFAULT 'none', email text`, 'id first last nick'),
    ],
    rows: somebody,
    asks: everybody,
  },
  {
    what: 'three new columns and a changed type as 1.x writes them',
    form: '1.x',
    history: [
      PEOPLE,
      sql(
        'ALTER TABLE `people` ADD `email` text',
        "ALTER TABLE `people` ADD `role` text DEFAULT 'member' NOT NULL",
        'ALTER TABLE `people` ADD `seen` integer',
      ) +
        rebuild1(
          'people',
          `${columns}, email text, role text DEFAULT 'member' NOT NULL, seen integer`,
          'id first last nick',
        ),
    ],
    rows: somebody,
    asks: everybody,
  },
  {
    what: 'a new column is added before the rebuild that copies it',
    history: [
      PEOPLE,
      sql('ALTER TABLE `people` ADD `email` text') +
        rebuild('people', `${columns} DEFAULT 'none', email text`, 'id first last nick email'),
    ],
    rows: somebody,
    asks: everybody,
  },
  {
    what: 'a column is added with a default and filled by an UPDATE',
    history: [
      PEOPLE,
      sql(
        "ALTER TABLE `people` ADD `full` text DEFAULT '' NOT NULL",
        "UPDATE `people` SET `full` = `first` || ' ' || `last`",
      ),
    ],
    rows: somebody,
    asks: everybody,
  },
  {
    what: 'a column is renamed',
    history: [PEOPLE, sql('ALTER TABLE `people` RENAME COLUMN `nick` TO `nickname`')],
    rows: somebody,
    asks: ['SELECT id, nick AS n FROM people', 'SELECT id, nickname AS n FROM people'],
  },
  {
    what: 'a column is renamed and another gets its old name',
    history: [
      PEOPLE,
      sql(
        'ALTER TABLE `people` RENAME COLUMN `nick` TO `handle`',
        'ALTER TABLE `people` ADD `nick` integer',
      ),
    ],
    rows: somebody,
    asks: ['SELECT id, nick AS n FROM people', 'SELECT id, handle AS n FROM people'],
  },
  {
    what: 'a table is renamed and a column of it in the same migration',
    history: [
      PEOPLE,
      sql(
        'ALTER TABLE `people` RENAME TO `persons`',
        'ALTER TABLE `persons` RENAME COLUMN `nick` TO `handle`',
      ),
    ],
    rows: somebody,
    asks: ['SELECT id, nick AS n FROM people', 'SELECT id, handle AS n FROM persons'],
  },
  {
    what: 'a table is renamed and rebuilt in the same migration as drizzle-kit 0.x does',
    history: [
      PEOPLE,
      sql('ALTER TABLE `people` RENAME TO `persons`') +
        rebuild(
          'persons',
          columns.replace('last text NOT NULL', 'last text'),
          'id first last nick',
        ),
    ],
    rows: somebody,
    asks: [everybody, everybody.replace('people', 'persons')],
  },
  {
    what: 'a text column becomes an integer by a column of its own that keeps the text',
    history: [
      sql('CREATE TABLE `shops` (`id` integer PRIMARY KEY NOT NULL, `postcode` text NOT NULL)'),
      sql(
        'ALTER TABLE `shops` ADD `area` integer',
        'UPDATE `shops` SET `area` = CAST(`postcode` AS integer)',
      ),
    ],
    rows: "INSERT INTO shops VALUES (1, '00712')",
    asks: 'SELECT id, postcode FROM shops',
  },
  {
    what: 'a column is put in the place of another, with all its values',
    history: [
      PEOPLE,
      sql(
        'ALTER TABLE `people` ADD `handle` text',
        'UPDATE `people` SET `handle` = `nick`',
        'ALTER TABLE `people` DROP COLUMN `nick`',
      ),
    ],
    rows: somebody,
    asks: ['SELECT id, nick AS n FROM people', 'SELECT id, handle AS n FROM people'],
  },
  {
    what: 'a rebuild keeps a generated column and does not copy it, as it cannot',
    history: [
      sql(
        'CREATE TABLE `lines` (`id` integer PRIMARY KEY NOT NULL, `price` integer NOT NULL, `quantity` integer NOT NULL, `total` integer GENERATED ALWAYS AS (price * quantity) STORED)',
      ),
      rebuild(
        'lines',
        'id integer PRIMARY KEY NOT NULL, price integer NOT NULL, quantity integer, total integer GENERATED ALWAYS AS (price * quantity) STORED',
        'id price quantity',
      ),
    ],
    rows: 'INSERT INTO lines (id, price, quantity) VALUES (1, 5, 2)',
    asks: 'SELECT * FROM lines',
  },
  {
    what: 'a rebuild with coalesce for a column that becomes NOT NULL',
    history: [
      PEOPLE,
      rebuildBy(
        'people',
        `(${columns} DEFAULT '' NOT NULL)`,
        'INSERT INTO `__new_people`("id", "first", "last", "nick") SELECT "id", "first", "last", coalesce("nick", \'\') FROM `people`',
      ),
    ],
    rows: somebody,
    asks: everybody,
  },
  {
    what: 'a rebuild changes the order of the columns and names them in the copy',
    history: [
      PEOPLE,
      rebuild(
        'people',
        'id integer PRIMARY KEY NOT NULL, nick text, last text NOT NULL, first text NOT NULL',
        'id first last nick',
      ),
    ],
    rows: somebody,
    asks: everybody,
  },
  {
    what: 'a rebuild keeps the collation, the CHECK and the UNIQUE',
    history: [
      sql(
        'CREATE TABLE `tags` (`id` integer PRIMARY KEY NOT NULL, `label` text COLLATE NOCASE NOT NULL UNIQUE CHECK (length(label) > 0), `hue` text NOT NULL)',
      ),
      rebuild(
        'tags',
        "id integer PRIMARY KEY NOT NULL, label text COLLATE NOCASE NOT NULL UNIQUE CHECK (length(label) > 0), hue text DEFAULT 'red'",
        'id label hue',
      ),
    ],
    rows: "INSERT INTO tags VALUES (1, 'Red', 'r')",
    asks: "SELECT id FROM tags WHERE label = 'red'",
  },
  {
    what: 'a JSON column with a default is copied',
    history: [
      sql(
        "CREATE TABLE `profiles` (`id` integer PRIMARY KEY NOT NULL, `data` text DEFAULT '{}' NOT NULL)",
      ),
      rebuild(
        'profiles',
        'id integer PRIMARY KEY NOT NULL, data text DEFAULT \'{"theme":"dark"}\' NOT NULL',
        'id data',
      ),
    ],
    rows: `INSERT INTO profiles VALUES (1, '{"city":"Bonn"}')`,
    asks: 'SELECT * FROM profiles',
  },
  {
    what: 'a blob is copied',
    history: [
      sql('CREATE TABLE `keys` (`id` integer PRIMARY KEY NOT NULL, `secret` blob NOT NULL)'),
      rebuild('keys', 'id integer PRIMARY KEY NOT NULL, secret blob', 'id secret'),
    ],
    rows: "INSERT INTO keys VALUES (1, x'0061ff')",
    asks: 'SELECT hex(secret) AS secret FROM keys',
  },
  {
    what: 'a big integer is copied',
    history: [
      sql(
        'CREATE TABLE `events` (`id` integer PRIMARY KEY NOT NULL, `snowflake` integer NOT NULL)',
      ),
      rebuild('events', 'id integer PRIMARY KEY NOT NULL, snowflake integer', 'id snowflake'),
    ],
    rows: 'INSERT INTO events VALUES (1, 9007199254740993)',
    asks: 'SELECT snowflake FROM events',
  },
  {
    what: 'a text with leading zeros is copied',
    history: [
      sql('CREATE TABLE `shops` (`id` integer PRIMARY KEY NOT NULL, `postcode` text NOT NULL)'),
      rebuild('shops', 'id integer PRIMARY KEY NOT NULL, postcode text', 'id postcode'),
    ],
    rows: "INSERT INTO shops VALUES (1, '00712')",
    asks: 'SELECT id, postcode FROM shops',
  },
  {
    what: 'a column that the same migration added is dropped again',
    history: [
      PEOPLE,
      sql(
        'ALTER TABLE `people` ADD `email` text',
        'ALTER TABLE `people` DROP COLUMN `email`',
        'ALTER TABLE `people` ADD `mail` text',
      ),
    ],
    rows: somebody,
    asks: everybody,
  },
  {
    what: 'a column is dropped that an earlier migration of the same deploy copied elsewhere',
    has: 1,
    history: [
      PEOPLE,
      sql('ALTER TABLE `people` ADD `handle` text', 'UPDATE `people` SET `handle` = `nick`'),
      sql('CREATE INDEX `people_handle` ON `people` (`handle`)'),
    ],
    rows: somebody,
    asks: everybody,
  },
];
