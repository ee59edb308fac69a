// Histories that are hard to make a baseline of, each a list of migrations. All of them must come out the same from it.
import { keyOf } from '../src/base/key.ts';
import type { MigrationEntry } from '../src/input/migration.ts';

const THOUSANDS = `INSERT INTO many (a, b) SELECT value, 'row ' || value FROM (
  WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < 9000) SELECT value FROM n)`;

export const HISTORIES: Readonly<Record<string, readonly string[]>> = {
  'parents that come after their children': [
    'CREATE TABLE child (id INTEGER PRIMARY KEY, p INTEGER REFERENCES parent (id) ON DELETE CASCADE)',
    'CREATE TABLE parent (id INTEGER PRIMARY KEY)',
    'INSERT INTO parent VALUES (1), (2)',
    'INSERT INTO child VALUES (1, 1), (2, 2), (3, NULL)',
  ],
  'references to a unique index': [
    'CREATE TABLE people (id INTEGER PRIMARY KEY, email TEXT, team TEXT)',
    'CREATE UNIQUE INDEX people_email ON people (email)',
    'CREATE UNIQUE INDEX people_team ON people (team, id)',
    'CREATE TABLE mails (id INTEGER PRIMARY KEY, "to" TEXT REFERENCES People (email) ON UPDATE CASCADE)',
    "INSERT INTO people VALUES (1, 'ada@example.com', 'a')",
    "INSERT INTO mails VALUES (1, 'ada@example.com')",
  ],
  'references in a circle': [
    'CREATE TABLE a (id INTEGER PRIMARY KEY, b INTEGER REFERENCES b (id) DEFERRABLE INITIALLY DEFERRED)',
    'CREATE TABLE b (id INTEGER PRIMARY KEY, a INTEGER REFERENCES a (id))',
    'INSERT INTO a VALUES (1, NULL), (2, NULL)',
    'INSERT INTO b VALUES (1, 1), (2, 2)',
    'UPDATE a SET b = id',
  ],
  'references in a circle, not deferred': [
    'CREATE TABLE c (id INTEGER PRIMARY KEY, d INTEGER REFERENCES d (id))',
    'CREATE TABLE d (id INTEGER PRIMARY KEY, c INTEGER REFERENCES c (id))',
    'INSERT INTO c VALUES (1, NULL)',
    'INSERT INTO d VALUES (1, 1)',
    'UPDATE c SET d = 1',
  ],
  'a table that refers to itself, backwards': [
    'CREATE TABLE tree (id INTEGER PRIMARY KEY, up INTEGER REFERENCES tree (id))',
    'INSERT INTO tree VALUES (3, NULL), (1, 3), (2, 1)',
  ],
  'rowids with gaps, and a table without rowid': [
    'CREATE TABLE gaps (name TEXT)',
    "INSERT INTO gaps (rowid, name) VALUES (7, 'seven'), (-3, 'before'), (9007199254740993, 'large')",
    'CREATE TABLE keyed (a TEXT, b INTEGER, PRIMARY KEY (b, a)) WITHOUT ROWID',
    "INSERT INTO keyed VALUES ('x', 2), ('y', 1)",
    'CREATE TABLE hidden (rowid TEXT, _rowid_ TEXT)',
    "INSERT INTO hidden (oid, rowid, _rowid_) VALUES (5, 'a', 'b')",
    'CREATE TABLE falling (id INTEGER PRIMARY KEY DESC, t TEXT)',
    "INSERT INTO falling (rowid, id, t) VALUES (4, 9, 'x')",
  ],
  'what AUTOINCREMENT has counted to': [
    'CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT, t TEXT)',
    "INSERT INTO counted (t) VALUES ('a'), ('b'), ('c')",
    "DELETE FROM counted WHERE t = 'c'",
    'CREATE TABLE emptied (id INTEGER PRIMARY KEY AUTOINCREMENT)',
    'INSERT INTO emptied VALUES (41)',
    'DELETE FROM emptied',
    'CREATE TABLE unused (id INTEGER PRIMARY KEY AUTOINCREMENT)',
    'CREATE TABLE uncounted (id INTEGER PRIMARY KEY AUTOINCREMENT)',
    'INSERT INTO uncounted VALUES (5)',
    "DELETE FROM sqlite_sequence WHERE name = 'uncounted'",
    "UPDATE sqlite_sequence SET seq = 0 WHERE name = 'counted'",
  ],
  'values of every kind': [
    'CREATE TABLE kinds (i INTEGER, r REAL, t TEXT, b BLOB, n NUMERIC, x)',
    "INSERT INTO kinds VALUES (9223372036854775807, 0.1, 'it''s', x'00ff', 12.5, NULL)",
    "INSERT INTO kinds VALUES (-9007199254740993, 1e300, '', x'', '007', '5')",
    'INSERT INTO kinds (r, x) VALUES (9e999, -9e999), (5, 5.0), (1e15, 3.0e-320)',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it must not become one.
    "INSERT INTO kinds (t) VALUES ('a' || char(0) || 'b'), ('line' || char(10) || char(13) || '`${x}\\')",
    "INSERT INTO kinds (t) VALUES ('--> statement-' || 'breakpoint'), ('naïve 🧭 \u2028')",
    // No UTF-8, and what it is read as.
    "INSERT INTO kinds (t) VALUES (CAST(x'61ff62' AS TEXT)), ('a\ufffdb')",
  ],
  'names that need quotes': [
    'CREATE TABLE "a ""b"" c" ("select" TEXT, [from] TEXT, `größe` TEXT)',
    `INSERT INTO "a ""b"" c" VALUES ('1', '2', '3')`,
    'CREATE INDEX "an index; of it" ON "a ""b"" c" ("select")',
  ],
  'generated columns, checks, STRICT and collations': [
    'CREATE TABLE made (a INTEGER CHECK (a > 0), b INTEGER AS (a * 2) STORED, c TEXT COLLATE NOCASE, d TEXT AS (c || a)) STRICT',
    "INSERT INTO made (a, c) VALUES (1, 'x'), (2, 'Y')",
    'CREATE UNIQUE INDEX made_c ON made (c) WHERE a > 1',
    'CREATE INDEX made_expr ON made (lower(c), a DESC)',
  ],
  'triggers and views that must not act on the rows': [
    'CREATE TABLE log (t TEXT)',
    'CREATE TABLE seen (id INTEGER PRIMARY KEY, t TEXT)',
    "CREATE TRIGGER seen_insert AFTER INSERT ON seen BEGIN INSERT INTO log VALUES ('saw; ' || NEW.t); END",
    "INSERT INTO seen (t) VALUES ('one'), ('two')",
    "DELETE FROM log WHERE t = 'saw; one'",
    'CREATE VIEW later AS SELECT * FROM earlier',
    'CREATE VIEW earlier AS SELECT t FROM seen',
    'CREATE TRIGGER later_insert INSTEAD OF INSERT ON later BEGIN INSERT INTO seen (t) VALUES (NEW.t); END',
  ],
  'full-text search': [
    "CREATE VIRTUAL TABLE own USING fts5(title, body, note UNINDEXED, prefix='2 3')",
    "INSERT INTO own (rowid, title, body, note) VALUES (5, 'Hello', 'the quick brown fox', 'n'), (9, 'World', 'lazy dogs', NULL)",
    "INSERT INTO own (own, rank) VALUES ('automerge', 2)",
    'CREATE TABLE notes (id INTEGER PRIMARY KEY, t TEXT)',
    "CREATE VIRTUAL TABLE found USING fts5(t, content='notes', content_rowid='id')",
    'CREATE TRIGGER notes_ai AFTER INSERT ON notes BEGIN INSERT INTO found (rowid, t) VALUES (NEW.id, NEW.t); END',
    "INSERT INTO notes (t) VALUES ('alpha beta'), ('gamma')",
    "CREATE VIRTUAL TABLE bare USING fts5(t, content='')",
  ],
  'a table that was rebuilt': [
    'CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)',
    'CREATE TABLE posts (id INTEGER PRIMARY KEY, author INTEGER REFERENCES users (id) ON DELETE CASCADE)',
    "INSERT INTO users VALUES (1, 'Ada')",
    'INSERT INTO posts VALUES (1, 1)',
    'PRAGMA foreign_keys=OFF;\n--> statement-breakpoint\nCREATE TABLE __new_users (id INTEGER PRIMARY KEY, name TEXT NOT NULL);\n--> statement-breakpoint\nINSERT INTO __new_users SELECT id, name FROM users;\n--> statement-breakpoint\nDROP TABLE users;\n--> statement-breakpoint\nALTER TABLE __new_users RENAME TO users;\n--> statement-breakpoint\nPRAGMA foreign_keys=ON;',
  ],
  'nine thousand rows': ['CREATE TABLE many (a INTEGER, b TEXT)', THOUSANDS],
  'long rows': [
    'CREATE TABLE long (id INTEGER PRIMARY KEY, t TEXT)',
    `INSERT INTO long (t) VALUES ('${'x'.repeat(60_000)}')`,
    `INSERT INTO long (t) VALUES ('${'y'.repeat(94_000)}')`,
  ],
  nothing: ['-- nothing yet'],
};

/** A history as a record with tags, a second apart. */
export const recordOf = (texts: readonly string[]): Record<string, MigrationEntry> =>
  Object.fromEntries(
    texts.map((sql, i) => [
      keyOf(i),
      {
        tag: `202612010900${String(i).padStart(2, '0')}_m${i}`,
        when: Date.UTC(2026, 11, 1, 9, 0, i, 7),
        sql,
      },
    ]),
  );
