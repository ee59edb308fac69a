// The queries of docs/operate/alerts.md, on data points that its own code makes of the summaries of real calls.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/cli/database.ts';
import { type MigrateOptions, type MigrateSummary, migrate } from '../../src/index.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/operate/alerts.md'), 'utf8');

/** What `writeDataPoint` takes. */
interface DataPoint {
  readonly indexes: readonly string[];
  readonly blobs: readonly string[];
  readonly doubles: readonly number[];
}

/** The argument of `writeDataPoint` as the page writes it. */
const written = /writeDataPoint\((\{[\s\S]*?\n +\})\)/.exec(page)?.[1];
const toPoint = new Function('event', 'id', 'className', 'env', `return (${written})`) as (
  event: MigrateSummary,
  id: string,
  className: string,
  env: object,
) => DataPoint;

const RECORD = {
  m0000: { tag: '20261122180000_a', sql: 'CREATE TABLE a (x)' },
  m0001: { tag: '20261122180100_b', sql: 'CREATE TABLE b (x)' },
};

/** The points of an object that is migrated, with what is done to it before. */
function pointsOf(
  id: string,
  version: string,
  before: string,
  options: MigrateOptions = {},
): DataPoint[] {
  const database = openDatabase(':memory:');
  const points: DataPoint[] = [];
  database.sql.exec(before);
  try {
    migrate(database, RECORD, {
      ...options,
      onEvent: (event) => {
        if (event.type !== 'summary') return;
        points.push(toPoint(event, id, 'Inbox', { VERSION: { id: version } }));
      },
    });
  } catch {
    // It is among the points.
  }
  return points;
}

const LEDGER =
  'CREATE TABLE __migrations (version INTEGER PRIMARY KEY, tag, checksum, created_at, applied_at, origin, head);';

const POINTS: readonly [minutesAgo: number, points: readonly DataPoint[]][] = [
  [2, pointsOf('01', 'new', 'CREATE TABLE a (y)')],
  [3, pointsOf('02', 'new', 'CREATE TABLE a (y)')],
  [4, pointsOf('02', 'new', 'CREATE TABLE a (y)')],
  [4, pointsOf('03', 'old', 'CREATE TABLE __migrations (x)')],
  [7, pointsOf('04', 'new', 'SELECT 1')],
  [
    8,
    pointsOf(
      '05',
      'new',
      `${LEDGER} INSERT INTO __migrations VALUES (0, '20261122180000_a', '${'0f'.repeat(32)}', NULL, 1, 'applied', NULL)`,
      { drift: 'ignore' },
    ),
  ],
  [300, pointsOf('06', 'old', 'CREATE TABLE a (y)')],
];

/** A table as Analytics Engine makes one: https://developers.cloudflare.com/analytics/analytics-engine/sql-api/ */
function dataset(): DatabaseSync {
  const database = new DatabaseSync(':memory:');
  const numbered = (name: string): string =>
    Array.from({ length: 20 }, (_, i) => `${name}${i + 1}`).join(', ');
  database.exec(
    `CREATE TABLE migrations (timestamp, _sample_interval, index1, ${numbered('blob')}, ${numbered('double')})`,
  );
  for (const [minutes, points] of POINTS) {
    for (const { indexes, blobs, doubles } of points) {
      const names = [
        ...blobs.map((_, i) => `blob${i + 1}`),
        ...doubles.map((_, i) => `double${i + 1}`),
      ];
      database
        .prepare(
          `INSERT INTO migrations (timestamp, _sample_interval, index1, ${names.join(', ')})
            VALUES (unixepoch() - ${60 * minutes}, 1, ?, ${names.map(() => '?').join(', ')})`,
        )
        .run(indexes[0] as string, ...blobs, ...doubles);
    }
  }
  return database;
}

const SECONDS: Record<string, number> = { MINUTE: 60, HOUR: 3600, DAY: 86_400 };

/** A query in SQLite's words. */
const toSqlite = (query: string): string =>
  query
    .replace(/toStartOfInterval\((\w+), (INTERVAL '\d+' \w+)\)/g, '($1 - $1 % $2)')
    .replace(/\bNOW\(\)/g, 'unixepoch()')
    .replace(/INTERVAL '(\d+)' (\w+)/g, (_, n, unit) => String(n * (SECONDS[unit] as number)));

const queries = new Map(
  Array.from(page.matchAll(/^### (.*)\n[\s\S]*?^```sql\n([\s\S]*?)^```$/gm), ([, title, sql]) => [
    String(title),
    String(sql),
  ]),
);

const ask = (title: string): Record<string, unknown>[] =>
  dataset()
    .prepare(toSqlite(queries.get(title) as string))
    .all()
    .map((row) => ({ ...row }));

describe('the queries for alerts', () => {
  it('are six, and use what Cloudflare documents', () => {
    expect([...queries.keys()]).toHaveLength(6);
    const called = [...queries.values()].flatMap((sql) =>
      Array.from(sql.matchAll(/(\w+)\(/g), ([, name]) => name),
    );
    expect([...new Set(called)].sort()).toEqual(['NOW', 'max', 'sum', 'toStartOfInterval']);
  });

  it('say that something is wrong', () => {
    expect(ask('Is anything wrong?')).toEqual([
      {
        class_name: 'Inbox',
        code: 'MIGRATION_FAILED',
        times: 3,
        message: expect.stringMatching(/^\[MIGRATION_FAILED\] Migration m0000 failed /),
      },
      {
        class_name: 'Inbox',
        code: 'NOT_A_LEDGER',
        times: 1,
        message: expect.stringMatching(/^\[NOT_A_LEDGER\] /),
      },
    ]);
  });

  it('say whether it is one object or all', () => {
    expect(ask('One object or all?')).toEqual([
      { class_name: 'Inbox', outcome: 'failed', code: 'MIGRATION_FAILED', times: 4 },
      { class_name: 'Inbox', outcome: 'migrated', code: '', times: 2 },
      { class_name: 'Inbox', outcome: 'refused', code: 'NOT_A_LEDGER', times: 1 },
    ]);
  });

  it('say whether it is the new version', () => {
    expect(ask('Is it the new version?')).toEqual([
      { version_id: 'new', outcome: 'failed', times: 3 },
      { version_id: 'new', outcome: 'migrated', times: 2 },
      { version_id: 'old', outcome: 'failed', times: 1 },
      { version_id: 'old', outcome: 'refused', times: 1 },
    ]);
  });

  it('say which objects', () => {
    const rows = ask('Which objects?').map(({ object_id: id, code }) => `${id} ${code}`);
    expect(rows).toEqual([
      '01 MIGRATION_FAILED',
      '02 MIGRATION_FAILED',
      '03 NOT_A_LEDGER',
      '06 MIGRATION_FAILED',
    ]);
  });

  it('say how far the deploy is', () => {
    const rows = ask('How far is the deploy?');
    const total = (outcome: string): number =>
      rows
        .filter((row) => row.outcome === outcome)
        .reduce((sum, row) => sum + Number(row.times), 0);
    expect([total('migrated'), total('failed'), total('refused')]).toEqual([2, 4, 1]);
    expect(rows.every(({ five_minutes }) => Number(five_minutes) % 300 === 0)).toBe(true);
  });

  it('say that somebody edited a migration', () => {
    expect(ask('Did somebody edit a migration?')).toEqual([
      { class_name: 'Inbox', migrations_that_drifted: 1, migrations_out_of_order: 0 },
    ]);
  });
});
