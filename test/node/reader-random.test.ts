// What the reader says that a migration does, held against what SQLite does with rows.
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkAll } from '../../src/cli/check.ts';
import type { Loss } from '../../src/reader/model.ts';
import { fold } from '../../src/reader/names.ts';
import { type Holder, Reader, type TableEffect } from '../../src/reader/reader.ts';

const RUNS = 400 * Number(process.env.RANDOM_FACTOR ?? 1);

const q = (name: string): string => `"${name.replaceAll('"', '""')}"`;

type Row = Record<string, unknown>;

/** The names of three tables, a parent, its child and another; some of them full of what separates names in SQL. */
const NAMES = [
  ['p', 'c', 'o'],
  ['P', 'c.d', 'o (x)'],
  ['p"q', 'select', "o'; --"],
] as const;

interface World {
  readonly names: (typeof NAMES)[number];
  readonly schema: readonly string[];
  readonly rows: readonly string[];
  /** Whether the child's rows refer to the parent's. */
  readonly refers: boolean;
}

const TYPES: Record<string, string> = {
  id: 'INTEGER PRIMARY KEY',
  a: 'TEXT',
  b: 'TEXT',
  u: 'TEXT UNIQUE',
};

const drawn = fc.record({
  names: fc.constantFrom(...NAMES),
  onDelete: fc.constantFrom('CASCADE', 'SET NULL', 'NO ACTION', 'RESTRICT', 'SET DEFAULT'),
  onUpdate: fc.constantFrom('CASCADE', 'NO ACTION', 'SET NULL'),
  auto: fc.boolean(),
  triggers: fc.subarray(['updateP', 'deleteC', 'deleteP', 'insertO']),
  index: fc.boolean(),
  view: fc.boolean(),
  children: fc.boolean(),
});

type Drawn = typeof drawn extends fc.Arbitrary<infer One> ? One : never;

const toWorld = ({
  names,
  onDelete,
  onUpdate,
  auto,
  triggers,
  index,
  view,
  children,
}: Drawn): World => {
  const [p, c, o] = names.map(q) as [string, string, string];
  const all: Record<string, string> = {
    updateP: `CREATE TRIGGER updateP AFTER UPDATE OF a ON ${p} BEGIN UPDATE ${o} SET v = 'fired'; END`,
    deleteC: `CREATE TRIGGER deleteC AFTER DELETE ON ${c} BEGIN DELETE FROM ${o} WHERE k = 'o.k.1'; END`,
    deleteP: `CREATE TRIGGER deleteP BEFORE DELETE ON ${p} BEGIN UPDATE ${c} SET note = 'fired'; END`,
    insertO: `CREATE TRIGGER insertO AFTER INSERT ON ${o} BEGIN INSERT OR REPLACE INTO ${c} (id, note) VALUES (201, 'fired'); END`,
  };
  return {
    names,
    refers: children && triggers.length === 0,
    schema: [
      `CREATE TABLE ${p} (id INTEGER PRIMARY KEY ${auto ? 'AUTOINCREMENT' : ''}, a TEXT, b TEXT, u TEXT UNIQUE)`,
      `CREATE TABLE ${c} (id INTEGER PRIMARY KEY, p_id INTEGER REFERENCES ${p}(id) ON DELETE ${onDelete} ON UPDATE ${onUpdate}, note TEXT)`,
      `CREATE TABLE ${o} (k TEXT PRIMARY KEY, v TEXT)`,
      `CREATE TABLE grandchild (c_id INTEGER REFERENCES ${c} ON DELETE CASCADE ON UPDATE CASCADE, say TEXT)`,
      ...triggers.map((name) => all[name] as string),
      ...(index ? [`CREATE INDEX i ON ${p} (a)`] : []),
      ...(view ? [`CREATE VIEW w AS SELECT id, a AS aa, u FROM ${p}`] : []),
    ],
    rows: [
      ...[1, 2, 3, 4].map(
        (n) => `INSERT INTO ${p} VALUES (${100 + n}, 'p.a.${n}', 'p.b.${n}', 'p.u.${n}')`,
      ),
      ...[1, 2, 3].map(
        (n) =>
          `INSERT INTO ${c} VALUES (${200 + n}, ${children ? 100 + n : 'NULL'}, 'c.note.${n}')`,
      ),
      ...[1, 2].map((n) => `INSERT INTO grandchild VALUES (${200 + n}, 'g.say.${n}')`),
      ...[1, 2].map((n) => `INSERT INTO ${o} VALUES ('o.k.${n}', 'o.v.${n}')`),
    ],
  };
};

const world = drawn.map(toWorld);
/** One in which rows refer to others, and no trigger is in the way. */
const family = drawn.map((one) => toWorld({ ...one, triggers: [], children: true }));

/** A value of a copy for one column, by what it is made of. */
const value = (column: string) =>
  fc.constantFrom(
    ...[column, q(column), `t.${column}`, `(${column})`, `${column} COLLATE BINARY`],
    ...(column === 'id'
      ? ['rowid', 'id', 'id']
      : [`coalesce(${column}, 'b')`, `coalesce(${column}, "b")`]),
    ...(column === 'id'
      ? []
      : [
          `'b'`,
          `upper(a) || b`,
          `(SELECT v FROM o1 WHERE v <> b)`,
          'b',
          'a',
          `CASE WHEN b = 'p.b.1' THEN a ELSE ${column} END`,
        ]),
  );

/** The SELECT of a copy: its FROM and what stands around the values. */
const FORMS: readonly ((values: string, p: string, o: string, c: string) => string)[] = [
  (v, p) => `SELECT ${v} FROM ${p} AS t`,
  (v, p) => `SELECT ${v} FROM main.${p} t ORDER BY b DESC`,
  (v, p) => `SELECT ${v} FROM ${p} AS t WHERE true`,
  (v, p) => `SELECT ${v} FROM ${p} AS t WHERE b <> 'p.b.1'`,
  (v, p) => `SELECT ${v} FROM ${p} AS t LIMIT 2`,
  (v, p) => `SELECT ${v} FROM ${p} AS t LIMIT -1`,
  (v, p) => `SELECT DISTINCT ${v} FROM ${p} AS t`,
  (v, p) => `SELECT ${v} FROM ${p} AS t GROUP BY id`,
  (v, p) => `SELECT ${v} FROM ${p} AS t GROUP BY b > 'p.b.1'`,
  (v, p) => `SELECT ${v} FROM (SELECT * FROM ${p}) AS t`,
  (v, p) => `SELECT ${v} FROM (SELECT rowid AS rowid, id, b, a, u FROM ${p} ORDER BY a) AS t`,
  (v, p) => `WITH t AS (SELECT * FROM ${p}) SELECT ${v.replaceAll('rowid', 'id')} FROM t`,
  (v, p) =>
    `WITH t(id, b, a, u) AS (SELECT id, a, b, u FROM ${p}) SELECT ${v.replaceAll('rowid', 'id')} FROM t`,
  (v, p, o) => `SELECT ${v} FROM ${p} AS t LEFT JOIN ${o} AS x ON x.k = t.a`,
  (v, p, o) => `SELECT ${v} FROM ${p} AS t JOIN ${o} AS x ON x.k = t.a`,
  (v, p, o) => `SELECT ${v} FROM ${p} AS t, ${o} AS x WHERE x.k = 'o.k.1' AND t.b <> 'p.b.4'`,
  (v, p) => `SELECT ${v} FROM ${p} AS t, (SELECT 1 AS one)`,
  (v, p) =>
    `SELECT ${v} FROM ${p} AS t WHERE id < 103 UNION ALL SELECT ${v} FROM ${p} AS t WHERE id >= 103`,
  (v, p) => `SELECT ${v} FROM ${p} AS t UNION SELECT ${v} FROM ${p} AS t`,
  (v, p) => `SELECT ${v} FROM ${p} AS t EXCEPT SELECT 1, 2, 3, 4 WHERE false`,
  (v, p, _, c) => `SELECT ${v} FROM ${p} AS t WHERE EXISTS (SELECT 1 FROM ${c} WHERE p_id = t.id)`,
];

const INTO = [
  'INSERT INTO',
  'REPLACE INTO',
  'INSERT OR IGNORE INTO',
  'INSERT OR REPLACE INTO',
  'INSERT OR ABORT INTO',
];

type Op = (world: World) => string[];

const copyInto = fc
  .record({
    into: fc.constantFrom(...INTO),
    form: fc.nat(FORMS.length - 1),
    columns: fc.subarray(['a', 'b', 'u'], { minLength: 1 }),
    values: fc.record({ id: value('id'), a: value('a'), b: value('b'), u: value('u') }),
    extra: fc.constantFrom('', '', ', UNIQUE (a)', ", CHECK (b <> 'p.b.2')"),
    listed: fc.boolean(),
    upsert: fc.constantFrom('', '', '', ' ON CONFLICT DO NOTHING'),
    natural: fc.boolean(),
  })
  .map(
    ({ into, form, columns, values, extra, listed, upsert, natural }) =>
      (target: string, { names }: World) => {
        const [p, c, o] = names.map(q) as [string, string, string];
        const all = ['id', ...columns] as ('id' | 'a' | 'b' | 'u')[];
        const exprs = all
          .map((column) => (natural ? column : values[column].replaceAll('o1', o)))
          .join(', ');
        const select = (FORMS[form] as (typeof FORMS)[number])(exprs, p, o, c);
        const constraint = all.includes('b') || !extra.includes('CHECK') ? extra : '';
        const fits = all.includes('a') || !constraint.includes('(a)') ? constraint : '';
        const except = select.includes('EXCEPT')
          ? select.replace('1, 2, 3, 4', all.map(() => '1').join(', '))
          : select;
        const conflict = upsert !== '' && / WHERE true$/.test(except) ? upsert : '';
        return [
          `CREATE TABLE ${target} (${all.map((column) => `${column} ${TYPES[column]}`).join(', ')}${fits})`,
          `${into} ${target} ${listed ? `(${all.join(', ')})` : ''} ${except}${conflict}`,
        ];
      },
  );

const OPS: fc.Arbitrary<Op> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(copyInto, fc.boolean()).map(
      ([copy, legacy]): Op =>
        (w) => {
          const p = q(w.names[0]);
          const hasView = w.schema.some((sql) => sql.startsWith('CREATE VIEW'));
          return [
            ...(legacy && hasView ? ['PRAGMA legacy_alter_table = ON'] : []),
            ...(hasView && !legacy ? ['DROP VIEW IF EXISTS w'] : []),
            ...copy('__new_p', w),
            `DROP TABLE ${p}`,
            `ALTER TABLE __new_p RENAME TO ${p}`,
            ...(legacy && hasView ? ['PRAGMA legacy_alter_table = OFF'] : []),
          ];
        },
    ),
  },
  copyInto.map(
    (copy): Op =>
      (w) =>
        copy('kept', w),
  ),
  fc.nat(2).map(
    (at): Op =>
      ({ names }) => [`DROP TABLE ${q(names[at] as string)}`],
  ),
  fc
    .tuple(
      fc.nat(2),
      fc.constantFrom('', ' WHERE true', ' WHERE rowid = 101 OR rowid = 201 OR rowid = 1'),
    )
    .map(
      ([at, where]): Op =>
        ({ names }) => [`DELETE FROM ${q(names[at] as string)}${where}`],
    ),
  fc
    .constantFrom(
      "a = 'x'",
      'a = b',
      'a = b, b = a',
      "a = coalesce(a, '')",
      'id = id + 1000',
      "b = 'y' WHERE id = 101",
      'a = u WHERE true',
      "(a, b) = ('x', 'y')",
    )
    .map(
      (set): Op =>
        ({ names }) => [`UPDATE ${q(names[0])} SET ${set}`],
    ),
  fc.constant<Op>(({ names }) => [`ALTER TABLE ${q(names[0])} DROP COLUMN b`]),
  fc.constant<Op>(({ names }) => [
    `ALTER TABLE ${q(names[0])} RENAME COLUMN a TO "a b"`,
    `ALTER TABLE ${q(names[0])} ADD COLUMN a TEXT`,
  ]),
  fc.constant<Op>(({ names }) => [
    `ALTER TABLE ${q(names[0])} ADD n TEXT`,
    `UPDATE ${q(names[0])} SET n = b`,
    `ALTER TABLE ${q(names[0])} DROP COLUMN b`,
  ]),
  fc.constant<Op>(({ names }) => [`ALTER TABLE ${q(names[0])} RENAME TO renamed`]),
  fc.constant<Op>(({ names }) => [
    `ALTER TABLE ${q(names[0])} RENAME TO swap`,
    `ALTER TABLE ${q(names[2])} RENAME TO ${q(names[0])}`,
    `ALTER TABLE swap RENAME TO ${q(names[2])}`,
  ]),
  fc.constant<Op>(({ names }) => [
    `CREATE TABLE backup AS SELECT * FROM ${q(names[2])}`,
    `DELETE FROM ${q(names[2])}`,
    `INSERT INTO ${q(names[2])} SELECT * FROM backup`,
  ]),
  fc.constant<Op>(() => ['CREATE TABLE from_view AS SELECT * FROM w']),
  fc.constant<Op>(({ names }) => [
    `CREATE TABLE pivot AS SELECT max(a) AS a, count(*) AS n FROM ${q(names[0])}`,
  ]),
  fc.constant<Op>(({ names }) => [`INSERT INTO ${q(names[2])} SELECT a, b FROM ${q(names[0])}`]),
  fc.constant<Op>(({ names }) => [`INSERT OR REPLACE INTO ${q(names[2])} VALUES ('o.k.1', 'new')`]),
  fc.constant<Op>(({ names }) => [
    `INSERT INTO ${q(names[2])} VALUES ('o.k.1', 'new') ON CONFLICT (k) DO UPDATE SET v = excluded.v`,
  ]),
  fc
    .constantFrom(
      'DROP TRIGGER updateP',
      'DROP TRIGGER IF EXISTS deleteC',
      'DROP INDEX i',
      'DROP VIEW w',
      'CREATE TABLE IF NOT EXISTS kept (x)',
    )
    .map(
      (sql): Op =>
        () => [sql],
    ),
  fc.constant<Op>(({ names }) => [
    'DROP TRIGGER updateP',
    `CREATE TRIGGER updateP AFTER UPDATE ON ${q(names[0])} BEGIN SELECT 1; END`,
  ]),
);

interface Outcome {
  readonly error: string | undefined;
  /** How many rows lack what they refer to. */
  readonly violations: number;
  readonly tables: Map<string, Row[]>;
  readonly things: string[];
}

const rowsOf = (database: DatabaseSync): Map<string, Row[]> => {
  const names = database
    .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    .all();
  return new Map(
    names.map(({ name }) => [
      fold(String(name)),
      database.prepare(`SELECT * FROM ${q(String(name))}`).all() as Row[],
    ]),
  );
};

const thingsOf = (database: DatabaseSync): string[] =>
  database
    .prepare(
      "SELECT type || ' ' || name AS thing FROM sqlite_master WHERE type IN ('trigger', 'index', 'view') AND sql IS NOT NULL ORDER BY 1",
    )
    .all()
    .map(({ thing }) => String(thing));

function violationsOf(database: DatabaseSync): number {
  try {
    return database.prepare('PRAGMA foreign_key_check').all().length;
  } catch {
    // A reference to what is no key.
    return 1;
  }
}

function run({ schema, rows }: World, statements: readonly string[], enforced: boolean) {
  const database = new DatabaseSync(':memory:', {
    enableForeignKeyConstraints: enforced,
    enableDoubleQuotedStringLiterals: true,
  });
  try {
    for (const sql of [...schema.filter((text) => !text.startsWith('CREATE TRIGGER')), ...rows])
      database.exec(sql);
    for (const sql of schema.filter((text) => text.startsWith('CREATE TRIGGER')))
      database.exec(sql);
    const sqls = database
      .prepare('SELECT sql FROM sqlite_master ORDER BY rowid')
      .all()
      .map((row) => row.sql as string | null);
    const before = { tables: rowsOf(database), things: thingsOf(database) };
    let error: string | undefined;
    try {
      database.exec('BEGIN');
      for (const sql of statements) database.exec(sql);
      database.exec('COMMIT');
    } catch (cause) {
      error = (cause as Error).message;
    }
    const violations = error === undefined ? violationsOf(database) : 0;
    const after: Outcome = {
      error,
      violations,
      tables: rowsOf(database),
      things: thingsOf(database),
    };
    return { sqls, before, after };
  } finally {
    database.close();
  }
}

const holds = (losses: readonly Loss[], enforced: boolean): Loss[] =>
  losses.filter((loss) => enforced || !loss.enforced);

/** The columns that a holder has as they were, by their names before. */
const exactColumns = ({ held }: Holder, enforced: boolean): Map<string, string> =>
  new Map(
    [...held.values].flatMap(([now, { exact, emptied }]) =>
      exact === undefined || (emptied !== undefined && enforced) ? [] : [[exact, now] as const],
    ),
  );

const project = (row: Row, columns: readonly string[]): string => {
  const byName = new Map(Object.entries(row).map(([name, cell]) => [fold(name), cell]));
  return JSON.stringify(columns.map((column) => byName.get(column) ?? null));
};

/** Rows of `wanted` that `found` lacks, each as often as it is there. */
function missing(wanted: readonly string[], found: readonly string[]): string[] {
  const left = [...found];
  return wanted.filter((row) => {
    const at = left.indexOf(row);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

/** What was done, as far as it tells how much must be seen of it. */
interface Done {
  readonly enforced: boolean;
  /** Whether one operation was drawn, so that nothing else can have taken its effect away. */
  readonly single: boolean;
  readonly text: string;
  /** Whether rows of the child refer to the parent, and no trigger decides what is done to them. */
  readonly refers: boolean;
}

const TAKES = /^(WHERE|LIMIT|JOIN|GROUP BY|an aggregate|DELETE|ON DELETE CASCADE)$/;

function judgeHolder(
  before: readonly Row[],
  after: Outcome,
  { name, holders }: TableEffect,
  holder: Holder,
  { enforced, single, refers }: Done,
): string[] {
  const losses = holds(holder.held.losses, enforced);
  const exact = [...exactColumns(holder, enforced)];
  const [old, now] = [exact.map(([column]) => column), exact.map(([, column]) => column)];
  const rows = after.tables.get(fold(holder.table.name)) ?? [];
  const gone = missing(
    before.map((row) => project(row, old)),
    rows.map((row) => project(row, now)),
  );
  const [loss] = losses;
  if (loss === undefined) {
    return gone.length === 0 ? [] : [`${name} in ${holder.table.name} lacks ${gone.join()}`];
  }
  // One statement that takes rows away does take some, as these rows are chosen.
  const tells = single && holders.length === 1 && losses.length === 1 && exact.length > 1;
  if (!tells || gone.length > 0 || (loss.enforced && !refers)) return [];
  return loss.all || TAKES.test(loss.cause) ? [`${name} lost no row by ${loss.cause}`] : [];
}

function judge(before: readonly Row[], after: Outcome, effect: TableEffect, done: Done): string[] {
  const { enforced, text } = done;
  const cells = [...after.tables.values()].flatMap((rows) =>
    rows.flatMap((row) => Object.values(row).map(String)),
  );
  const { holders } = effect;
  const wrong = holders.flatMap((holder) => judgeHolder(before, after, effect, holder, done));
  const whole = holders.every(({ held }) => holds(held.losses, enforced).some(({ all }) => all));
  for (const { name } of effect.columns ?? []) {
    const sources = holders.flatMap(({ held }) =>
      [...held.values.values()].flatMap((value) => [...value.sources]),
    );
    const column = fold(name);
    if (sources.includes(column) && !whole) continue;
    const found = before.flatMap((row) =>
      typeof row[name] === 'string' &&
      !text.includes(row[name] as string) &&
      cells.some((cell) => cell.includes(row[name] as string))
        ? [row[name]]
        : [],
    );
    if (found.length > 0) wrong.push(`${effect.name}.${name} is not lost: ${found.join()}`);
  }
  return wrong;
}

describe('what the reader says of a migration', { timeout: 600_000 }, () => {
  it('is what SQLite does with rows', () => {
    let [ran, threw] = [0, 0];
    fc.assert(
      fc.property(
        world,
        fc.array(OPS, { minLength: 1, maxLength: 3 }),
        fc.boolean(),
        (w, ops, enforced) => {
          const statements = ops.flatMap((op) => op(w));
          const { sqls, before, after } = run(w, statements, enforced);
          const reader = new Reader(sqls);
          statements.forEach((sql, position) => {
            reader.follow(sql, position);
          });
          const { tables, reaches, gone, unread } = reader.effects();
          expect(unread).toEqual([]);
          const blocked = reaches.some(({ blocking }) => blocking.length > 0);
          if (after.error !== undefined) {
            threw++;
            if (after.error === 'FOREIGN KEY constraint failed') expect(blocked).toBe(true);
            return;
          }
          ran++;
          const done: Done = {
            enforced,
            single: ops.length === 1,
            text: statements.join(),
            refers: w.refers,
          };
          const lost = before.things.filter((thing) => !after.things.includes(thing));
          expect(gone.map(({ kind, name }) => `${kind} ${name}`).sort()).toEqual(lost.sort());
          const wrong = [...before.tables].flatMap(([name, rows]) => {
            const effect = tables.get(name);
            if (effect === undefined) {
              const now = after.tables.get(name) ?? [];
              return JSON.stringify(now) === JSON.stringify(rows) ? [] : [`${name} was changed`];
            }
            return judge(rows, after, effect, done);
          });
          expect(wrong, [...w.schema, ...statements].join(';\n')).toEqual([]);
        },
      ),
      { numRuns: RUNS },
    );
    // Else it would say little: most of what is drawn runs.
    expect(ran).toBeGreaterThan(threw / 2);
  });

  /** What `check` says of a migration that runs over a schema. */
  const told = ({ schema }: World, statements: readonly string[]): string[] => {
    const texts = [schema, statements].map((all) => all.join(';\n--> statement-breakpoint\n'));
    const migrations = texts.map((sql, idx) => ({
      ...{
        tag: `2026112212000${idx}_m`,
        journalTag: `000${idx}_m`,
        when: Date.UTC(2026, 10, 22, 12, 0, idx),
      },
      ...{ idx, file: `000${idx}_m.sql`, line: 1, sql },
    }));
    const folder = { path: '.', form: '0.x', journalFile: null, migrations, problems: [] } as const;
    return checkAll(folder)
      .filter(({ file }) => file === '0001_m.sql')
      .map(({ code, severity, effect }) =>
        effect.includes('keeps them all') ? `${code} kept` : `${code} ${severity}`,
      );
  };

  const cellsOf = ({ tables }: Pick<Outcome, 'tables'>): string[] =>
    [...tables.values()].flatMap((rows) => rows.flatMap((row) => Object.values(row).map(String)));

  /** Texts of rows that no statement here writes over: where one is gone, its row is. */
  const MARKS = /^(p\.u|o\.k|g\.say)\.\d$/;

  /** Nothing of value is gone. */
  function expectAll(before: Pick<Outcome, 'tables' | 'things'>, after: Outcome, text: string) {
    const cells = cellsOf(after);
    const marks = cellsOf(before).filter((cell) => MARKS.test(cell));
    expect(
      marks.filter((mark) => !cells.includes(mark)),
      text,
    ).toEqual([]);
    const things = before.things.filter((thing) => !after.things.includes(thing));
    expect(
      things.filter((thing) => !thing.startsWith('index')),
      text,
    ).toEqual([]);
    expect(after.violations, text).toBe(0);
  }

  /** Whether children are changed, or an object is refused for their sake. */
  const hits = ({ names }: World, { before, after }: ReturnType<typeof run>): boolean =>
    after.error !== undefined ||
    after.violations > 0 ||
    [fold(names[1]), 'grandchild'].some(
      (name) => JSON.stringify(before.tables.get(name)) !== JSON.stringify(after.tables.get(name)),
    );

  it('is what check tells: where it is silent nothing is lost, and children are where it says', () => {
    let [silent, children] = [0, 0];
    fc.assert(
      fc.property(
        fc.oneof(world, family),
        fc.array(OPS, { minLength: 1, maxLength: 2 }),
        fc.boolean(),
        (w, ops, off) => {
          const statements = [
            ...(off ? ['PRAGMA foreign_keys=OFF'] : []),
            ...ops.flatMap((op) => op(w)),
          ];
          const codes = told(w, statements);
          const runners = { drizzle: run(w, statements, true), ours: run(w, statements, !off) };
          const text = [...w.schema, ...statements].join(';\n');
          const quiet = Object.values(runners).filter(({ after }) => {
            if (codes.length > 0) return false;
            // What the rows alone decide, such as a CHECK, is no loss: all is as it was.
            expect(after.error ?? '', text).not.toMatch(/FOREIGN KEY|no such/);
            return after.error === undefined;
          });
          silent += quiet.length;
          for (const { before, after } of quiet) expectAll(before, after, text);
          const [code] = codes.filter((one) => /^(REBUILD_WITH_|DROPS_PARENT)/.test(one));
          const isAbout = Object.values(runners).every(({ after: { error } }) =>
            /^$|FOREIGN KEY/.test(error ?? ''),
          );
          if (code === undefined || !isAbout || !w.refers || ops.length > 1) return;
          children++;
          expect(hits(w, runners.drizzle), text).toBe(true);
          if (code.endsWith('warning')) return;
          expect(hits(w, runners.ours), text).toBe(!code.endsWith('kept'));
        },
      ),
      { numRuns: RUNS },
    );
    expect([silent > RUNS / 10, children > RUNS / 100]).toEqual([true, true]);
  });
});
