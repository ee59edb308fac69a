// Rows for nasty schemas. What was made is read back and held against the schema's own words.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fill } from '../../src/testing/fill.ts';
import { inObject, type Row, rows, tables } from './harness.ts';

/** Makes tables, fills them, and commits: what a deferred check would refuse shows itself. */
const filled = async (
  schema: string,
  count?: number,
): Promise<{ unfilled: unknown[]; rows: Record<string, Row[]>; violations: Row[] }> =>
  inObject(async (ctx) => {
    ctx.storage.sql.exec(schema);
    const unfilled = ctx.storage.transactionSync(() => fill(ctx.storage.sql, { count }));
    await ctx.storage.sync();
    return {
      unfilled,
      rows: Object.fromEntries(
        tables(ctx).map((table) => [table, rows(ctx, `SELECT * FROM "${table}"`)]),
      ),
      violations: rows(ctx, 'PRAGMA foreign_key_check'),
    };
  });

const text = (bytes: unknown): string => new TextDecoder().decode(bytes as ArrayBuffer);

describe('rows are made for', () => {
  it('every type, with what may be empty left empty in one of four', async () => {
    const made = await filled(
      `CREATE TABLE t (i integer NOT NULL, r real NOT NULL, x text NOT NULL, b blob NOT NULL, n numeric NOT NULL,
        v varchar(20) NOT NULL, "order" text, j text DEFAULT '{}' NOT NULL, l text DEFAULT ('[]') NOT NULL,
        flag integer DEFAULT false NOT NULL, at integer DEFAULT (unixepoch() * 1000) NOT NULL)`,
    );
    const of = (serial: number, order: string | null) => ({
      i: serial,
      r: serial + 0.5,
      x: `x ${serial}`,
      b: `b ${serial}`,
      n: serial,
      v: `v ${serial}`,
      order,
      j: `{"serial":${serial}}`,
      l: `[${serial}]`,
      flag: serial % 2,
      at: serial,
    });
    expect(made.rows.t?.map((row) => ({ ...row, b: text(row.b) }))).toEqual([
      of(1, 'order 1'),
      of(2, 'order 2'),
      of(3, 'order 3'),
      of(4, null),
    ]);
    expect(made.unfilled).toEqual([]);
  });

  it('a STRICT table without a rowid and with computed columns', async () => {
    const made = await filled(
      `CREATE TABLE t (a integer, b text, c blob NOT NULL, d any, s text GENERATED ALWAYS AS (b || a) STORED,
        w integer AS (a * 2) VIRTUAL, PRIMARY KEY (a, b)) STRICT, WITHOUT ROWID`,
      2,
    );
    expect(made.rows.t?.map(({ a, b, s, w }) => ({ a, b, s, w }))).toEqual([
      { a: 1, b: 'b 1', s: 'b 11', w: 2 },
      { a: 2, b: 'b 2', s: 'b 22', w: 4 },
    ]);
  });

  it('an AUTOINCREMENT key', async () => {
    const made = await filled('CREATE TABLE t (id integer PRIMARY KEY AUTOINCREMENT, x text)');
    expect(made.rows.t?.map(({ id }) => id)).toEqual([1, 2, 3, 4]);
  });

  it('several children of one parent, and a join table', async () => {
    const made = await filled(`
      CREATE TABLE join_ab (a_id text NOT NULL REFERENCES a(id), b_id integer NOT NULL REFERENCES b, PRIMARY KEY (a_id, b_id));
      CREATE TABLE child (id integer PRIMARY KEY, a_id text REFERENCES a(id) ON DELETE SET NULL);
      CREATE TABLE one (a_id text PRIMARY KEY NOT NULL REFERENCES a(id));
      CREATE TABLE a (id text PRIMARY KEY NOT NULL);
      CREATE TABLE b (id integer PRIMARY KEY);`);
    expect(made.rows.child?.map(({ a_id }) => a_id)).toEqual(['id 1', 'id 1', 'id 2', 'id 2']);
    expect(made.rows.join_ab).toHaveLength(4);
    expect(made.rows.one).toHaveLength(4);
    expect(made).toMatchObject({ unfilled: [], violations: [] });
  });

  it('references of two columns that share one', async () => {
    const made = await filled(`
      CREATE TABLE tenants (id integer PRIMARY KEY);
      CREATE TABLE users (tenant integer NOT NULL REFERENCES tenants, id integer NOT NULL, PRIMARY KEY (tenant, id));
      CREATE TABLE rooms (tenant integer NOT NULL REFERENCES tenants, id integer NOT NULL, PRIMARY KEY (tenant, id));
      CREATE TABLE seats (tenant integer NOT NULL, user integer NOT NULL, room integer NOT NULL,
        FOREIGN KEY (tenant, user) REFERENCES users (tenant, id), FOREIGN KEY (tenant, room) REFERENCES rooms (tenant, id));`);
    expect(made.rows.seats).toHaveLength(4);
    expect(made).toMatchObject({ unfilled: [], violations: [] });
  });

  it('references to itself, that may be empty or not', async () => {
    const made = await filled(`
      CREATE TABLE tree (id integer PRIMARY KEY, parent integer REFERENCES tree(id));
      CREATE TABLE rooted (id text PRIMARY KEY NOT NULL, parent text NOT NULL REFERENCES rooted(id));`);
    expect(made.rows.tree?.filter(({ parent }) => parent !== null)).toHaveLength(4);
    expect(made.rows.rooted).toHaveLength(4);
    expect(made).toMatchObject({ unfilled: [], violations: [] });
  });

  it('a cycle in which nothing may be empty, and one that is closed afterwards', async () => {
    const made = await filled(`
      CREATE TABLE a (id integer PRIMARY KEY, b integer NOT NULL UNIQUE REFERENCES b(id));
      CREATE TABLE b (id integer PRIMARY KEY, a integer NOT NULL REFERENCES a(id));
      CREATE TABLE team (id text PRIMARY KEY, lead text REFERENCES person(id));
      CREATE TABLE person (id text PRIMARY KEY, team text NOT NULL REFERENCES team(id));`);
    expect(made.rows.a).toHaveLength(4);
    expect(made.rows.b).toHaveLength(4);
    expect(made.rows.team?.filter(({ lead }) => lead !== null)).toHaveLength(4);
    expect(made).toMatchObject({ unfilled: [], violations: [] });
  });

  it('CHECK constraints', async () => {
    const made = await filled(`CREATE TABLE t (
      id integer PRIMARY KEY CHECK (id = 1 OR id > 10),
      status text NOT NULL CHECK (status IN ('open', 'it''s done')),
      kind text NOT NULL CONSTRAINT kinds CHECK("t"."kind" in ('a', 'b')),
      flag integer NOT NULL CHECK (flag IN (0, 1)),
      share real NOT NULL CHECK (share > 0.25 AND share <= 0.5),
      below integer NOT NULL CHECK (below < -3),
      low integer NOT NULL, high integer NOT NULL CHECK (high > low AND low >= 100),
      code text NOT NULL CHECK (length(code) = 3),
      country text NOT NULL CHECK (country GLOB '[A-Z][A-Z]'),
      data text NOT NULL CHECK (json_valid(data)),
      list text NOT NULL CHECK (json_type(list) = 'array'),
      mail text NOT NULL CHECK (mail LIKE '%_@_%'),
      UNIQUE (status, kind))`);
    expect(made.unfilled).toEqual([]);
    // SQLite has taken them, so they are right; all four pairs of status and kind are there.
    expect(new Set(made.rows.t?.map(({ status, kind }) => `${status} ${kind}`)).size).toBe(4);
  });

  it('CHECK constraints of several columns, and of nullable references', async () => {
    const made = await filled(`
      CREATE TABLE users (id text PRIMARY KEY NOT NULL);
      CREATE TABLE teams (id integer PRIMARY KEY);
      CREATE TABLE owned (id integer PRIMARY KEY, user_id text REFERENCES users, team_id integer REFERENCES teams,
        CHECK ((user_id IS NULL) <> (team_id IS NULL)));
      CREATE TABLE events (starts integer NOT NULL, ends integer NOT NULL, kind text NOT NULL, room text, url text,
        CHECK (ends - starts BETWEEN 900 AND 7200),
        CHECK (kind = 'room' AND room IS NOT NULL AND url IS NULL OR kind = 'online' AND room IS NULL AND url LIKE 'https://%'));
      CREATE TABLE sums (price integer NOT NULL CHECK (price > 0), pieces integer NOT NULL, total integer NOT NULL,
        CHECK (total = price * pieces AND pieces % 5 = 0));`);
    expect(made).toMatchObject({ unfilled: [], violations: [] });
    expect(Object.values(made.rows).map(({ length }) => length)).toEqual([4, 4, 4, 4, 4]);
  });

  it('hashes, ULIDs, times, addresses and JSON', async () => {
    const made = await filled(`CREATE TABLE t (
      ulid text PRIMARY KEY NOT NULL CHECK (length(ulid) = 26 AND ulid NOT GLOB '*[^0-9A-HJKMNP-TV-Z]*'),
      uuid text NOT NULL UNIQUE CHECK (uuid GLOB '????????-????-????-????-????????????'),
      hash text NOT NULL UNIQUE CHECK (length(hash) = 64 AND hash NOT GLOB '*[^0-9a-f]*'),
      digest blob NOT NULL UNIQUE CHECK (typeof(digest) = 'blob' AND length(digest) = 32),
      day text NOT NULL CHECK (day GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]' AND date(day) = day),
      at text NOT NULL CHECK (datetime(at) IS NOT NULL AND at LIKE '____-__-__T__:__:__.___Z'),
      mail text NOT NULL UNIQUE CHECK (instr(mail, '@') > 1 AND instr(mail, ' ') = 0),
      slug text NOT NULL UNIQUE CHECK (slug = lower(slug) AND slug NOT GLOB '*[^a-z0-9-]*' AND length(slug) BETWEEN 3 AND 20),
      tags text NOT NULL CHECK (json_array_length(tags) BETWEEN 2 AND 5),
      data text NOT NULL CHECK (json_extract(data, '$.kind') IN ('a', 'b')),
      list text CHECK (list IS NULL OR json_type(list) = 'array'),
      code text NOT NULL CHECK (code IS upper(code) AND trim(code) <> ''))`);
    expect(made.unfilled).toEqual([]);
    expect(made.rows.t).toHaveLength(4);
  });

  it('as many rows as a constraint leaves room for', async () => {
    const made = await filled(`
      CREATE TABLE settings (id integer PRIMARY KEY CHECK (id = 1), theme text);
      CREATE TABLE flags (name text PRIMARY KEY CHECK (name IN ('a', 'b')));`);
    expect(made.rows.settings).toEqual([{ id: 1, theme: 'theme 1' }]);
    expect(made.rows.flags?.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(made.unfilled).toEqual([]);
  });

  it('a full-text table', async () => {
    const made = await filled('CREATE VIRTUAL TABLE notes USING fts5(title, body)', 1);
    expect(made.rows.notes).toEqual([{ title: 'title 1', body: 'body 1' }]);
  });
});

describe('what cannot be filled is named', () => {
  it.each([
    [
      'a CHECK that nothing meets',
      'CREATE TABLE t (x integer NOT NULL CHECK (x * x = 7901))',
      'CHECK constraint failed: x * x = 7901',
    ],
    [
      'a reference to nobody',
      'CREATE TABLE t (x integer REFERENCES nobody(id))',
      'no such table: main.nobody',
    ],
    [
      'a trigger that forbids',
      "CREATE TABLE t (x); CREATE TRIGGER no BEFORE INSERT ON t BEGIN SELECT raise(ABORT, 'no'); END",
      'no',
    ],
  ])('%s', async (_, schema, reason) => {
    expect((await filled(schema)).unfilled).toEqual([{ table: 't', reason }]);
  });
});

describe('any schema of tables that refer to each other', () => {
  const column = fc.record({
    type: fc.constantFrom('integer', 'text', 'real', 'blob', 'numeric', ''),
    notNull: fc.boolean(),
    unique: fc.boolean(),
    check: fc.constantFrom('', 'in', 'range'),
  });
  const table = fc.record({
    key: fc.constantFrom('integer', 'text', 'composite', 'without rowid'),
    columns: fc.array(column, { maxLength: 4 }),
    references: fc.array(
      fc.record({ to: fc.nat(4), notNull: fc.boolean(), unique: fc.boolean() }),
      { maxLength: 3 },
    ),
  });

  it(
    'is filled, and SQLite finds nothing wrong in it',
    () =>
      fc.assert(
        fc.asyncProperty(fc.array(table, { minLength: 1, maxLength: 5 }), async (schema) => {
          const isComposite = (i: number) => /composite|without/.test(schema[i]?.key ?? '');
          const text = schema
            .map(({ key, columns, references }, i) => {
              const type = key === 'text' ? 'text' : 'integer';
              const parts = isComposite(i)
                ? ['k1 integer NOT NULL', 'k2 text NOT NULL']
                : [`k1 ${type} PRIMARY KEY NOT NULL`];
              columns.forEach(({ type, notNull, unique, check }, c) => {
                const name = `c${c}`;
                const checks = {
                  '': '',
                  in: `CHECK (${name} IN (1, 2, 3, 4, 5, 6))`,
                  range: `CHECK (${name} > 5)`,
                };
                parts.push(
                  `${name} ${type} ${notNull ? 'NOT NULL' : ''} ${unique ? 'UNIQUE' : ''} ${type === 'blob' || type === 'text' ? '' : checks[check]}`,
                );
              });
              const ends: string[] = isComposite(i) ? ['PRIMARY KEY (k1, k2)'] : [];
              references.forEach(({ to, notNull, unique }, r) => {
                const target = to % schema.length;
                const null_ = notNull ? 'NOT NULL' : '';
                const names = isComposite(target) ? [`r${r}a`, `r${r}b`] : [`r${r}a`];
                const targetType = schema[target]?.key === 'text' ? 'text' : 'integer';
                names.forEach((name, n) => {
                  parts.push(`${name} ${n === 1 ? 'text' : targetType} ${null_}`);
                });
                if (unique) ends.push(`UNIQUE (${names.join(', ')})`);
                ends.push(`FOREIGN KEY (${names.join(', ')}) REFERENCES t${target}`);
              });
              return `CREATE TABLE t${i} (${[...parts, ...ends].join(', ')})${key === 'without rowid' ? ' WITHOUT ROWID' : ''};`;
            })
            .join('\n');
          const made = await filled(text);
          expect(made.unfilled).toEqual([]);
          expect(made.violations).toEqual([]);
          for (const found of Object.values(made.rows)) expect(found.length).toBe(4);
        }),
        { numRuns: 60 },
      ),
    60_000,
  );
});
