// Histories that lose nothing, on tables for which a row is not easy to make up.
import { type Innocent, rebuild, sql } from '../case.ts';

/** A table, one row that it takes, and a later migration that adds to it. */
const table = (
  what: string,
  name: string,
  columns: string,
  row: string,
  ...more: string[]
): Innocent => ({
  what,
  history: [
    sql(...more, `CREATE TABLE \`${name}\` (${columns})`),
    sql(`ALTER TABLE \`${name}\` ADD \`later\` text`),
  ],
  rows: row,
  asks: `SELECT count(*) AS n FROM \`${name}\``,
  by: 'rehearse',
});

export const FILLING_INNOCENTS: readonly Innocent[] = [
  table(
    'two columns are compared',
    'slots',
    'id integer PRIMARY KEY NOT NULL, begins integer NOT NULL, ends integer NOT NULL, CHECK (ends > begins)',
    'INSERT INTO slots VALUES (1, 2, 3)',
  ),
  table(
    'two columns are compared, and the difference is limited',
    'slots',
    'id integer PRIMARY KEY NOT NULL, begins integer NOT NULL, ends integer NOT NULL, CHECK (ends > begins AND ends - begins <= 3600)',
    'INSERT INTO slots VALUES (1, 2, 3)',
  ),
  table(
    'two texts must differ',
    'pairs',
    'id integer PRIMARY KEY NOT NULL, a text NOT NULL, b text NOT NULL, CHECK (a <> b)',
    "INSERT INTO pairs VALUES (1, 'a', 'b')",
  ),
  table(
    'two references to one table must differ',
    'follows',
    'id integer PRIMARY KEY NOT NULL, who integer NOT NULL REFERENCES users(id), whom integer NOT NULL REFERENCES users(id), CHECK (who <> whom)',
    'INSERT INTO users VALUES (1), (2); INSERT INTO follows VALUES (1, 1, 2)',
    'CREATE TABLE `users` (`id` integer PRIMARY KEY NOT NULL)',
  ),
  table(
    'of two nullable references one must be set',
    'files',
    'id integer PRIMARY KEY NOT NULL, user_id integer REFERENCES users(id), team_id integer REFERENCES teams(id), CHECK ((user_id IS NULL) <> (team_id IS NULL))',
    'INSERT INTO users VALUES (1); INSERT INTO files VALUES (1, 1, NULL)',
    'CREATE TABLE `users` (`id` integer PRIMARY KEY NOT NULL)',
    'CREATE TABLE `teams` (`id` integer PRIMARY KEY NOT NULL)',
  ),
  table(
    'of two nullable references at least one must be set',
    'files',
    'id integer PRIMARY KEY NOT NULL, user_id integer REFERENCES users(id), team_id integer REFERENCES teams(id), CHECK (user_id IS NOT NULL OR team_id IS NOT NULL)',
    'INSERT INTO users VALUES (1); INSERT INTO files VALUES (1, 1, NULL)',
    'CREATE TABLE `users` (`id` integer PRIMARY KEY NOT NULL)',
    'CREATE TABLE `teams` (`id` integer PRIMARY KEY NOT NULL)',
  ),
  table(
    'of three columns exactly one must be set',
    'answers',
    'id integer PRIMARY KEY NOT NULL, word text, number integer, flag integer, CHECK ((word IS NOT NULL) + (number IS NOT NULL) + (flag IS NOT NULL) = 1)',
    "INSERT INTO answers VALUES (1, 'a', NULL, NULL)",
  ),
  table(
    'a reference must be set for one kind only',
    'events',
    "id integer PRIMARY KEY NOT NULL, kind text NOT NULL CHECK (kind IN ('call', 'mail')), user_id integer REFERENCES users(id), CHECK (kind <> 'call' OR user_id IS NOT NULL)",
    "INSERT INTO events VALUES (1, 'mail', NULL)",
    'CREATE TABLE `users` (`id` integer PRIMARY KEY NOT NULL)',
  ),
  table(
    'columns must be set together',
    'bans',
    'id integer PRIMARY KEY NOT NULL, banned_at integer, banned_by text, CHECK ((banned_at IS NULL AND banned_by IS NULL) OR (banned_at IS NOT NULL AND banned_by IS NOT NULL))',
    'INSERT INTO bans VALUES (1, NULL, NULL)',
  ),
  table(
    'a state has its own columns',
    'reviews',
    "id integer PRIMARY KEY NOT NULL, state text NOT NULL, reviewed_at integer, CHECK ((state = 'pending' AND reviewed_at IS NULL) OR (state IN ('approved', 'rejected') AND reviewed_at IS NOT NULL))",
    "INSERT INTO reviews VALUES (1, 'pending', NULL)",
  ),
  table(
    'a hash of 64 hexadecimal digits',
    'blobs',
    "hash text PRIMARY KEY NOT NULL CHECK (length(hash) = 64 AND hash NOT GLOB '*[^0-9a-f]*'), size integer NOT NULL CHECK (size >= 0)",
    "INSERT INTO blobs VALUES ('0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef', 1)",
  ),
  table(
    'a hash with a prefix',
    'manifests',
    "id integer PRIMARY KEY NOT NULL, hash text NOT NULL CHECK (length(hash) = 71 AND substr(hash, 1, 7) = 'sha256:' AND substr(hash, 8) NOT GLOB '*[^0-9a-f]*')",
    "INSERT INTO manifests VALUES (1, 'sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef')",
  ),
  table(
    'a blob of 32 bytes',
    'keys',
    'id integer PRIMARY KEY NOT NULL, secret blob NOT NULL CHECK (length(secret) = 32)',
    'INSERT INTO keys VALUES (1, zeroblob(32))',
  ),
  table(
    'a ULID of 26 letters',
    'orders',
    "id text PRIMARY KEY NOT NULL CHECK (length(id) = 26 AND id NOT GLOB '*[^0-9A-HJKMNP-TV-Z]*')",
    "INSERT INTO orders VALUES ('01ARZ3NDEKTSV4RRFFQ69G5FAV')",
  ),
  table(
    'a UUID by GLOB',
    'orders',
    "id text PRIMARY KEY NOT NULL CHECK (id GLOB '[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]-*-*-*-*')",
    "INSERT INTO orders VALUES ('01234567-0-0-0-0')",
  ),
  table(
    'a key with a prefix by LIKE',
    'users',
    "id text PRIMARY KEY NOT NULL CHECK (id LIKE 'usr\\_%' ESCAPE '\\')",
    "INSERT INTO users VALUES ('usr_1')",
  ),
  table(
    'an ISO date by GLOB',
    'days',
    "day text PRIMARY KEY NOT NULL CHECK (day GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]')",
    "INSERT INTO days VALUES ('2026-01-01')",
  ),
  table(
    'an ISO date by date()',
    'days',
    'id integer PRIMARY KEY NOT NULL, day text NOT NULL CHECK (day = date(day))',
    "INSERT INTO days VALUES (1, '2026-01-01')",
  ),
  table(
    'an ISO time by strftime',
    'times',
    "id integer PRIMARY KEY NOT NULL, at text NOT NULL CHECK (at = strftime('%Y-%m-%dT%H:%M:%fZ', at))",
    "INSERT INTO times VALUES (1, '2026-01-01T00:00:00.000Z')",
  ),
  table(
    'a month by length and instr',
    'months',
    "id integer PRIMARY KEY NOT NULL, month text NOT NULL CHECK (length(month) = 7 AND instr(month, '-') = 5)",
    "INSERT INTO months VALUES (1, '2026-01')",
  ),
  table(
    'json_array_length above nothing',
    'findings',
    'id integer PRIMARY KEY NOT NULL, evidence text NOT NULL CHECK (json_array_length(evidence) > 0)',
    "INSERT INTO findings VALUES (1, '[1]')",
  ),
  table(
    'json_array_length of a default, at most three',
    'players',
    "id integer PRIMARY KEY NOT NULL, placements text DEFAULT '[]' NOT NULL, CHECK (json_array_length(placements) <= 3)",
    'INSERT INTO players (id) VALUES (1)',
  ),
  table(
    'json_array_length between two',
    'sales',
    'id integer PRIMARY KEY NOT NULL, locales text NOT NULL CHECK (json_array_length(locales) BETWEEN 1 AND 2)',
    `INSERT INTO sales VALUES (1, '["de"]')`,
  ),
  table(
    'json_type object and a key of it',
    'settings',
    "id integer PRIMARY KEY NOT NULL, data text NOT NULL CHECK (json_valid(data) AND json_type(data) = 'object' AND json_extract(data, '$.version') = 1)",
    `INSERT INTO settings VALUES (1, '{"version":1}')`,
  ),
  table(
    'typeof integer and a range',
    'imports',
    "id text PRIMARY KEY NOT NULL, generation integer DEFAULT 0 NOT NULL CHECK (typeof(generation) = 'integer' AND generation >= 0 AND generation <= 9007199254740991)",
    "INSERT INTO imports VALUES ('a', 1)",
  ),
  table(
    'a text that is lower and trimmed',
    'pages',
    "id integer PRIMARY KEY NOT NULL, slug text NOT NULL UNIQUE CHECK (slug = lower(trim(slug)) AND instr(slug, '/') = 0 AND instr(slug, ' ') = 0)",
    "INSERT INTO pages VALUES (1, 'home')",
  ),
  table(
    'a telephone number',
    'phones',
    "id integer PRIMARY KEY NOT NULL, number text NOT NULL CHECK (number GLOB '+[1-9]*' AND length(number) BETWEEN 8 AND 16)",
    "INSERT INTO phones VALUES (1, '+4930123456')",
  ),
  table(
    'a color',
    'tags',
    "id integer PRIMARY KEY NOT NULL, color text NOT NULL CHECK (color GLOB '#[0-9a-fA-F][0-9a-fA-F][0-9a-fA-F][0-9a-fA-F][0-9a-fA-F][0-9a-fA-F]')",
    "INSERT INTO tags VALUES (1, '#00ff00')",
  ),
  table(
    'a number that is even, and one of a sum',
    'boxes',
    'id integer PRIMARY KEY NOT NULL, width integer NOT NULL CHECK (width % 2 = 0), a integer NOT NULL, b integer NOT NULL, total integer NOT NULL, CHECK (total = a + b)',
    'INSERT INTO boxes VALUES (1, 2, 3, 4, 7)',
  ),
  table(
    'a year that comes of another',
    'people',
    'id integer PRIMARY KEY NOT NULL, age integer NOT NULL CHECK (age BETWEEN 18 AND 84), born integer NOT NULL CHECK (born = 2026 - age)',
    'INSERT INTO people VALUES (1, 20, 2006)',
  ),
  table(
    'a row refers to a smaller one of the same table',
    'nodes',
    'id integer PRIMARY KEY NOT NULL, parent_id integer REFERENCES nodes(id), CHECK (parent_id IS NULL OR parent_id < id)',
    'INSERT INTO nodes VALUES (1, NULL)',
  ),
  table(
    'a row may not refer to itself',
    'nodes',
    'id integer PRIMARY KEY NOT NULL, parent_id integer REFERENCES nodes(id) CHECK (parent_id <> id)',
    'INSERT INTO nodes VALUES (1, NULL)',
  ),
  table(
    'a table of one row by its key',
    'state',
    'id integer PRIMARY KEY NOT NULL CHECK (id = 0), version integer NOT NULL',
    'INSERT INTO state VALUES (0, 1)',
  ),
  table(
    'a table of one row by a text',
    'meta',
    "key text PRIMARY KEY NOT NULL CHECK (key = 'singleton'), value text NOT NULL",
    "INSERT INTO meta VALUES ('singleton', 'x')",
  ),
  table(
    'a list of allowed values beside a composite key',
    'votes',
    "poll integer NOT NULL, voter text NOT NULL, vote text NOT NULL CHECK (vote IN ('yes', 'no', 'abstain')), PRIMARY KEY (poll, voter)",
    "INSERT INTO votes VALUES (1, 'a', 'yes')",
  ),
  table(
    'a CHECK over what a generated column makes',
    'rects',
    'id integer PRIMARY KEY NOT NULL, w integer NOT NULL, h integer NOT NULL, area integer GENERATED ALWAYS AS (w * h) STORED CHECK (area > 0 AND area < 1000)',
    'INSERT INTO rects (id, w, h) VALUES (1, 2, 3)',
  ),
  table(
    'real coordinates',
    'places',
    'id integer PRIMARY KEY NOT NULL, lat real NOT NULL CHECK (lat BETWEEN -90 AND 90), lng real NOT NULL CHECK (lng >= -180 AND lng <= 180)',
    'INSERT INTO places VALUES (1, 52.5, 13.4)',
  ),
  table(
    'a STRICT table with a blob and a real',
    'samples',
    'id INTEGER PRIMARY KEY NOT NULL, data BLOB NOT NULL, v REAL NOT NULL CHECK (v > 0)) STRICT --',
    "INSERT INTO samples VALUES (1, x'00', 1.5)",
  ),
  {
    what: 'a trigger forbids INSERT without a parent that is open',
    history: [
      sql(
        'CREATE TABLE `polls` (`id` integer PRIMARY KEY NOT NULL, `open` integer DEFAULT true NOT NULL)',
        'CREATE TABLE `votes` (`id` integer PRIMARY KEY NOT NULL, `poll_id` integer NOT NULL REFERENCES polls(id))',
        "CREATE TRIGGER `votes_open` BEFORE INSERT ON `votes` WHEN NOT (SELECT `open` FROM `polls` WHERE `id` = NEW.`poll_id`) BEGIN SELECT RAISE(ABORT, 'closed'); END",
      ),
      sql('ALTER TABLE `votes` ADD `later` text'),
    ],
    rows: 'INSERT INTO polls VALUES (1, 1); INSERT INTO votes VALUES (1, 1)',
    asks: 'SELECT id FROM votes',
    by: 'rehearse',
  },
  {
    what: 'a table into which nobody may insert, filled by a migration',
    history: [
      sql(
        'CREATE TABLE `countries` (`code` text PRIMARY KEY NOT NULL, `name` text NOT NULL)',
        "INSERT INTO `countries` VALUES ('DE', 'Germany'), ('FR', 'France')",
        "CREATE TRIGGER `countries_fixed` BEFORE INSERT ON `countries` BEGIN SELECT RAISE(ABORT, 'fixed'); END",
        'CREATE TABLE `towns` (`id` integer PRIMARY KEY NOT NULL, `country` text NOT NULL REFERENCES countries(code))',
      ),
      sql('ALTER TABLE `towns` ADD `later` text'),
    ],
    rows: "INSERT INTO towns VALUES (1, 'DE')",
    asks: 'SELECT * FROM countries',
    by: 'rehearse',
  },
  {
    what: 'a table that cannot be filled at all does not keep the others from being rehearsed',
    history: [
      sql(
        'CREATE TABLE `never` (`id` integer PRIMARY KEY NOT NULL, `x` integer NOT NULL CHECK (`x` * `x` = 7901))',
        'CREATE TABLE `plain` (`id` integer PRIMARY KEY NOT NULL, `x` text)',
      ),
      rebuild('plain', "id integer PRIMARY KEY NOT NULL, x text DEFAULT 'a'", 'id x'),
    ],
    rows: "INSERT INTO plain VALUES (1, 'x')",
    asks: 'SELECT * FROM plain',
    by: 'rehearse',
  },
  {
    what: 'a log that may not be changed or deleted from',
    history: [
      sql(
        'CREATE TABLE `log` (`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL, `text` text NOT NULL)',
        "CREATE TRIGGER `log_no_update` BEFORE UPDATE ON `log` BEGIN SELECT RAISE(ABORT, 'append only'); END",
        "CREATE TRIGGER `log_no_delete` BEFORE DELETE ON `log` BEGIN SELECT RAISE(ABORT, 'append only'); END",
      ),
      sql('ALTER TABLE `log` ADD `later` text'),
    ],
    rows: "INSERT INTO log VALUES (1, 'x')",
    asks: 'SELECT id, text FROM log',
    by: 'rehearse',
  },
  {
    what: 'a stock that a trigger keeps by the moves',
    history: [
      sql(
        'CREATE TABLE `stock` (`sku` text PRIMARY KEY NOT NULL, `amount` integer DEFAULT 0 NOT NULL CHECK (`amount` >= 0))',
        'CREATE TABLE `moves` (`id` integer PRIMARY KEY NOT NULL, `sku` text NOT NULL REFERENCES stock(sku), `amount` integer NOT NULL)',
        'CREATE TRIGGER `moves_in` AFTER INSERT ON `moves` BEGIN UPDATE `stock` SET `amount` = `amount` + NEW.`amount` WHERE `sku` = NEW.`sku`; END',
      ),
      sql('ALTER TABLE `moves` ADD `later` text'),
    ],
    rows: "INSERT INTO stock (sku) VALUES ('a'); INSERT INTO moves VALUES (1, 'a', 3)",
    asks: 'SELECT * FROM stock',
    by: 'rehearse',
  },
  {
    what: 'an order has at most one position of each number, and refers to a tenant twice',
    history: [
      sql(
        'CREATE TABLE `tenants` (`id` text PRIMARY KEY NOT NULL)',
        'CREATE TABLE `orders` (`tenant_id` text NOT NULL REFERENCES tenants(id), `id` integer NOT NULL, PRIMARY KEY (`tenant_id`, `id`))',
        'CREATE TABLE `positions` (`tenant_id` text NOT NULL REFERENCES tenants(id), `order_id` integer NOT NULL, `no` integer NOT NULL CHECK (`no` > 0), PRIMARY KEY (`tenant_id`, `order_id`, `no`), FOREIGN KEY (`tenant_id`, `order_id`) REFERENCES `orders`(`tenant_id`, `id`) ON DELETE cascade)',
      ),
      sql('ALTER TABLE `positions` ADD `later` text'),
    ],
    rows: "INSERT INTO tenants VALUES ('t'); INSERT INTO orders VALUES ('t', 1); INSERT INTO positions VALUES ('t', 1, 1)",
    asks: 'SELECT tenant_id, no FROM positions',
    by: 'rehearse',
  },
];
