// Rebuilds beside a million rows, for Node and the Worker alike.

export const MILLION = 1_000_000;

export const SCENES = [
  'an unrelated table',
  'a parent of a million rows',
  'beside a million violations',
] as const;
export type Scene = (typeof SCENES)[number];

export const REBUILDERS = ['its bare SQL', 'drizzle-offramp'] as const;
export type Rebuilder = (typeof REBUILDERS)[number];

const numbers = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${MILLION})`;
const rebuild = (table: string): string[] => [
  'PRAGMA foreign_keys=OFF',
  `CREATE TABLE __new_${table} (id INTEGER PRIMARY KEY, x TEXT)`,
  `INSERT INTO __new_${table} (id) SELECT id FROM ${table}`,
  `DROP TABLE ${table}`,
  `ALTER TABLE __new_${table} RENAME TO ${table}`,
  'PRAGMA foreign_keys=ON',
];

export const SCHEMA =
  'CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p(id)); ' +
  'CREATE TABLE e (id INTEGER PRIMARY KEY)';

/** What an object holds, and what is run in it. */
export const PLAYS: Record<Scene, { fill: string; statements: string[] }> = {
  'an unrelated table': {
    fill: `INSERT INTO p VALUES (1); INSERT INTO c ${numbers} SELECT i, 1 FROM n`,
    statements: rebuild('e'),
  },
  'a parent of a million rows': {
    fill: `INSERT INTO p ${numbers} SELECT i FROM n; INSERT INTO c VALUES (1, 1), (2, 2)`,
    statements: rebuild('p'),
  },
  'beside a million violations': {
    fill: `INSERT INTO c ${numbers} SELECT i, i FROM n`,
    statements: rebuild('p'),
  },
};
