// What two branches make of each other, what the journal skips, and what is edited after it ran.
import { type Defect, type Innocent, rebuild, rebuild1, sql } from '../case.ts';

const CARS = sql('CREATE TABLE `cars` (`id` integer PRIMARY KEY NOT NULL, `plate` text NOT NULL)');
const cars = "INSERT INTO cars (id, plate) VALUES (1, 'B-AB 1')";

export const MERGE_DEFECTS: readonly Defect[] = [
  {
    what: 'a rebuild of one branch was made before the column of the other, and leaves it out',
    history: [
      CARS,
      sql('ALTER TABLE `cars` ADD `color` text'),
      rebuild('cars', 'id integer PRIMARY KEY NOT NULL, plate text', 'id plate'),
    ],
    rows: "INSERT INTO cars VALUES (1, 'x', 'red')",
    asks: 'SELECT color FROM cars',
    names: 'cars color',
    by: 'check',
  },
  {
    what: 'a rebuild of one branch of 1.x was made before the column of the other, and leaves it out',
    form: '1.x',
    history: [
      CARS,
      sql('ALTER TABLE `cars` ADD `color` text'),
      rebuild1('cars', 'id integer PRIMARY KEY NOT NULL, plate text', 'id plate'),
    ],
    rows: "INSERT INTO cars VALUES (1, 'x', 'red')",
    asks: 'SELECT color FROM cars',
    names: 'cars color',
    by: 'check',
  },
  {
    what: 'a rebuild of one branch was made before the index of the other, and takes it along',
    history: [
      CARS,
      sql('CREATE UNIQUE INDEX `cars_plate_unique` ON `cars` (`plate`)'),
      rebuild('cars', 'id integer PRIMARY KEY NOT NULL, plate text', 'id plate'),
    ],
    rows: cars,
    next: "INSERT INTO cars VALUES (2, 'B-AB 1')",
    asks: 'SELECT count(*) AS n FROM cars',
    names: 'cars_plate_unique',
  },
  {
    what: 'both branches rebuild the table, and the second undoes the NOT NULL and the column of the first',
    history: [
      CARS,
      rebuild(
        'cars',
        "id integer PRIMARY KEY NOT NULL, plate text NOT NULL, owner text DEFAULT 'nobody' NOT NULL",
        'id plate',
      ),
      rebuild('cars', 'id integer PRIMARY KEY NOT NULL, plate text', 'id plate'),
    ],
    rows: "INSERT INTO cars VALUES (1, 'x', 'Ada')",
    asks: 'SELECT owner FROM cars',
    names: 'cars owner',
    by: 'check',
  },
  {
    what: 'an entry of the journal is older than the one before: an UPDATE is skipped',
    history: [
      CARS,
      sql('ALTER TABLE `cars` ADD `color` text'),
      sql('UPDATE `cars` SET `plate` = upper(`plate`)'),
    ],
    minutes: [0, 5, 2],
    has: 2,
    rows: "INSERT INTO cars VALUES (1, 'b-ab 1', 'red')",
    asks: 'SELECT plate FROM cars',
    names: 'charlie',
    // The last one is only pending to drizzle-offramp.
    by: 'check',
  },
  {
    what: 'an entry of the journal is older than the one before: a rebuild is skipped',
    history: [
      CARS,
      sql('ALTER TABLE `cars` ADD `color` text'),
      rebuild('cars', 'id integer PRIMARY KEY NOT NULL, plate text, color text', 'id plate color'),
    ],
    minutes: [0, 5, 2],
    has: 2,
    rows: "INSERT INTO cars VALUES (1, 'b-ab 1', 'red')",
    next: 'INSERT INTO cars (id) VALUES (2)',
    asks: 'SELECT count(*) AS n FROM cars',
    names: 'charlie',
    // The last one is only pending to drizzle-offramp.
    by: 'check',
  },
  {
    what: 'an UPDATE was skipped, and another migration came after it',
    history: [
      CARS,
      sql('ALTER TABLE `cars` ADD `color` text'),
      sql('UPDATE `cars` SET `plate` = upper(`plate`)'),
      sql('CREATE TABLE `more` (`id` integer PRIMARY KEY NOT NULL)'),
    ],
    minutes: [0, 5, 2, 9],
    has: 2,
    rows: "INSERT INTO cars VALUES (1, 'b-ab 1', 'red')",
    asks: 'SELECT plate FROM cars',
    names: 'charlie',
  },
  {
    what: 'a rebuild was skipped, and another migration came after it',
    history: [
      CARS,
      sql('ALTER TABLE `cars` ADD `color` text'),
      rebuild('cars', 'id integer PRIMARY KEY NOT NULL, plate text, color text', 'id plate color'),
      sql('CREATE TABLE `more` (`id` integer PRIMARY KEY NOT NULL)'),
    ],
    minutes: [0, 5, 2, 9],
    has: 2,
    rows: "INSERT INTO cars VALUES (1, 'b-ab 1', 'red')",
    next: 'INSERT INTO cars (id) VALUES (2)',
    asks: 'SELECT count(*) AS n FROM cars',
    names: 'charlie',
  },
  {
    what: 'a column was dropped in a migration that was skipped as it has the time of the one before',
    history: [
      CARS,
      sql('ALTER TABLE `cars` ADD `color` text'),
      sql('ALTER TABLE `cars` DROP COLUMN `color`'),
      sql('CREATE TABLE `more` (`id` integer PRIMARY KEY NOT NULL)'),
    ],
    minutes: [0, 5, 5, 9],
    has: 2,
    rows: "INSERT INTO cars VALUES (1, 'x', 'red')",
    asks: 'SELECT * FROM cars',
    names: 'charlie',
  },
  {
    what: 'an entry of the journal is older than the first',
    history: [
      CARS,
      sql('DELETE FROM `cars` WHERE `id` < 0'),
      sql('CREATE TABLE `more` (`id` integer PRIMARY KEY NOT NULL)'),
    ],
    minutes: [10, 5, 20],
    has: 1,
    rows: "INSERT INTO cars VALUES (-1, 'x')",
    asks: 'SELECT id FROM cars',
    names: 'bravo',
  },
  {
    what: 'two entries of the journal have the same time',
    history: [
      CARS,
      sql('ALTER TABLE `cars` ADD `color` text'),
      sql("UPDATE `cars` SET `color` = 'red'"),
    ],
    minutes: [0, 5, 5],
    has: 2,
    rows: "INSERT INTO cars VALUES (1, 'x', NULL)",
    asks: 'SELECT color FROM cars',
    names: 'charlie',
    // The last one is only pending to drizzle-offramp.
    by: 'check',
  },
  {
    what: 'a seed is older than the migration before it, and skipped where that ran',
    history: [
      CARS,
      sql(
        'CREATE TABLE `colors` (`name` text PRIMARY KEY NOT NULL)',
        "INSERT INTO `colors` VALUES ('red')",
      ),
      sql(
        "INSERT INTO `colors` SELECT 'blue' WHERE NOT EXISTS (SELECT 1 FROM `colors` WHERE `name` = 'blue')",
      ),
    ],
    minutes: [0, 9, 4],
    has: 2,
    asks: 'SELECT name FROM colors',
    names: 'charlie',
    // The last one is only pending to drizzle-offramp.
    by: 'check',
  },
  {
    what: 'a file of the journal is missing',
    history: [CARS, sql('ALTER TABLE `cars` ADD `color` text')],
    files: { 'drizzle/0001_bravo.sql': undefined },
    names: '0001_bravo',
    by: 'check',
  },
  {
    what: 'a file lies beside the journal and is in no entry: it never runs',
    history: [CARS],
    files: { 'drizzle/0001_price.sql': 'ALTER TABLE `cars` ADD `price` integer;' },
    names: '0001_price',
    by: 'check',
  },
  {
    what: 'migrations.js was not generated again and lacks the last migration',
    history: [CARS, sql('ALTER TABLE `cars` ADD `color` text')],
    files: {
      'drizzle/migrations.js':
        "import journal from './meta/_journal.json';\nimport m0000 from './0000_alpha.sql';\n\n  export default {\n    journal,\n    migrations: {\n      m0000\n    }\n  }\n",
    },
    names: 'bravo',
    by: 'check',
  },
  {
    what: 'migrations.js takes two files for one another',
    history: [
      CARS,
      sql('ALTER TABLE `cars` ADD `color` text'),
      sql('ALTER TABLE `cars` ADD `price` integer'),
    ],
    files: {
      'drizzle/migrations.js':
        "import journal from './meta/_journal.json';\nimport m0000 from './0000_alpha.sql';\nimport m0001 from './0002_charlie.sql';\nimport m0002 from './0001_bravo.sql';\n\n  export default {\n    journal,\n    migrations: {\n      m0000,\nm0001,\nm0002\n    }\n  }\n",
    },
    names: 'migrations.js',
    by: 'check',
  },
  {
    what: 'a custom migration was never written',
    history: [CARS, '-- Custom SQL migration file, put your code below! --'],
    files: {},
    names: 'bravo',
    by: 'check',
  },
  {
    what: 'a converted module has another text than the folder',
    history: [CARS, sql('ALTER TABLE `cars` ADD `color` text')],
    files: {
      'migrations.ts':
        "export default {\n  m0000: { tag: '20260504090000_alpha', when: 1777885200321, sql: 'CREATE TABLE `cars` (`id` integer PRIMARY KEY NOT NULL, `plate` text NOT NULL);' },\n  m0001: { tag: '20260504090100_bravo', when: 1777885260321, sql: 'ALTER TABLE `cars` ADD `paint` text;' },\n};\n",
    },
    names: 'bravo migrations.ts',
    by: 'check',
  },
  {
    what: 'a conflict of a merge was left in a migration',
    history: [
      CARS,
      '<<<<<<< HEAD\nALTER TABLE `cars` ADD `color` text;\n=======\nALTER TABLE `cars` ADD `price` integer;\n>>>>>>> feature\n',
    ],
    rows: cars,
    fails: 'near "<<": syntax error',
    names: '<<',
  },
];

export const MERGE_INNOCENTS: readonly Innocent[] = [
  {
    what: 'both branches add a column each',
    has: 1,
    history: [
      CARS,
      sql('ALTER TABLE `cars` ADD `color` text'),
      sql('ALTER TABLE `cars` ADD `price` integer'),
    ],
    rows: cars,
    asks: 'SELECT id, plate FROM cars',
  },
  {
    what: 'both branches rebuild the table, and the second knows what the first did',
    has: 1,
    history: [
      CARS,
      rebuild(
        'cars',
        "id integer PRIMARY KEY NOT NULL, plate text NOT NULL, owner text DEFAULT 'nobody' NOT NULL",
        'id plate',
      ),
      rebuild(
        'cars',
        "id integer PRIMARY KEY NOT NULL, plate text, owner text DEFAULT 'nobody' NOT NULL",
        'id plate owner',
      ),
    ],
    rows: cars,
    asks: 'SELECT id, plate FROM cars',
  },
  {
    what: 'three migrations of 1.x of which two were made in the same minute',
    form: '1.x',
    has: 1,
    minutes: [0, 1, 1.5],
    history: [
      CARS,
      sql('ALTER TABLE `cars` ADD `color` text'),
      sql('ALTER TABLE `cars` ADD `price` integer'),
    ],
    rows: cars,
    asks: 'SELECT id, plate FROM cars',
  },
  {
    what: 'a rebuild after the column of the other branch was taken into it',
    history: [
      CARS,
      sql('ALTER TABLE `cars` ADD `color` text'),
      rebuild('cars', 'id integer PRIMARY KEY NOT NULL, plate text, color text', 'id plate color'),
    ],
    rows: "INSERT INTO cars VALUES (1, 'x', 'red')",
    asks: 'SELECT * FROM cars',
  },
  {
    what: 'a column is added, and rebuilt away in the same deploy by the next migration: no object has a value in it',
    has: 1,
    history: [
      CARS,
      `${sql('ALTER TABLE `cars` ADD `trial` text')}${rebuild('cars', 'id integer PRIMARY KEY NOT NULL, plate text', 'id plate')}`,
    ],
    rows: cars,
    asks: 'SELECT * FROM cars',
  },
];
