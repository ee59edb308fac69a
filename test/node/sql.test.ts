// src/sql.ts reads SQL with a few regular expressions, so SQLite itself is asked wherever it can tell.
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  excessBytes,
  MAX_STATEMENT_BYTES,
  namesIn,
  pragmaSwitch,
  replacesTable,
  splitStatements,
} from '../../src/sql/statements.ts';

const BREAKPOINT = '--> statement-breakpoint';

/** A database with the tables that the statements below speak of. */
function newDatabase(): DatabaseSync {
  const db = new DatabaseSync(':memory:');
  db.exec(`
    CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);
    CREATE TABLE log (x, y);
    CREATE VIEW names AS SELECT name FROM users;
  `);
  return db;
}

const db = newDatabase();

/** The first statement of a text as SQLite cuts it out, with what stands before it; undefined if there is none. */
function firstStatement(sql: string): string | undefined {
  try {
    return db.prepare(sql).sourceSQL;
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_INVALID_ARG_VALUE') return undefined;
    throw new Error(`${(error as Error).message}, in ${JSON.stringify(sql)}`);
  }
}

/** The statements of a text as SQLite cuts it up, each with the comments, white space and semicolons around it. */
function sqliteStatements(sql: string): string[] {
  const first = firstStatement(sql);
  return first === undefined ? [] : [first, ...sqliteStatements(sql.slice(first.length))];
}

/** What may stand around a statement in a text without breakpoints. */
const AROUND = /(?:[ \t\n\f\r\ufeff;]|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$))*/y;

/** What stands at a position that is no statement: white space, comments and semicolons. */
function around(sql: string, position: number): string {
  AROUND.lastIndex = position;
  return AROUND.exec(sql)?.[0] ?? '';
}

/** Fails unless SQLite cuts a text into the same statements, each of them complete and with nothing around it. */
function expectSameAsSqlite(sql: string): void {
  const theirs = sql.split(BREAKPOINT).flatMap(sqliteStatements);
  const ours = splitStatements(sql);
  expect(ours).toHaveLength(theirs.length);
  theirs.forEach((source, i) => {
    const statement = ours[i] as string;
    const before = around(source, 0);
    expect(source.slice(before.length, before.length + statement.length)).toBe(statement);
    expect(firstStatement(source.slice(before.length + statement.length))).toBeUndefined();
    expect(firstStatement(statement)).toBe(statement);
    expect(firstStatement(`${statement}\n;`)).toBe(`${statement}\n;`);
  });
}

describe('splitStatements', () => {
  const trigger = (name: string, body: string, opening = 'CREATE TRIGGER') =>
    `${opening} ${name} AFTER INSERT ON users BEGIN ${body} END`;

  it.each<[string, string, string[]]>([
    ['one statement', 'SELECT 1', ['SELECT 1']],
    ['a semicolon at the end', 'SELECT 1;', ['SELECT 1']],
    ['white space before the semicolon', 'SELECT 1 \n;', ['SELECT 1']],
    [
      'a text that speaks of a trigger',
      "SELECT ' CREATE TRIGGER t ';SELECT 2;",
      ["SELECT ' CREATE TRIGGER t '", 'SELECT 2'],
    ],
    ['several on one line', 'SELECT 1;SELECT 2; SELECT 3', ['SELECT 1', 'SELECT 2', 'SELECT 3']],
    ['semicolons with nothing between', ';;SELECT 1;; ;SELECT 2;;', ['SELECT 1', 'SELECT 2']],
    ['nothing', '', []],
    ['white space and a semicolon', ' \t\r\n\f;', []],
    ['a line comment alone', '-- Custom SQL migration file, put your code below! --', []],
    ['a block comment alone', '/* SELECT 1; */', []],
    ['an unclosed block comment alone', '/* SELECT 1;', []],
    ['comments around', '-- a;\nSELECT 1 /* b; */; -- c;', ['SELECT 1']],
    ['a comment inside', 'SELECT 1, -- a; b\n 2;', ['SELECT 1, -- a; b\n 2']],
    [
      'a comment as white space',
      'SELECT/*;*/1--;\n;SELECT--;\n2',
      ['SELECT/*;*/1', 'SELECT--;\n2'],
    ],
    [
      'block comments, which do not nest',
      'SELECT 1 /* a /* b; */; SELECT 2 /**/; SELECT 3',
      ['SELECT 1', 'SELECT 2', 'SELECT 3'],
    ],
    ['a block comment in a line comment', 'SELECT 1; -- /*\nSELECT 2', ['SELECT 1', 'SELECT 2']],
    ['a line comment in a block comment', '/* -- */SELECT 1', ['SELECT 1']],
    [
      'an apostrophe in a comment',
      "-- it's\nSELECT 1; /* it's */ SELECT 2",
      ['SELECT 1', 'SELECT 2'],
    ],
    ['an unclosed block comment at the end', 'SELECT 1 /* ;', ['SELECT 1']],
    [
      'signs that only look like comments',
      'SELECT 1 - -1 / 2; SELECT 3',
      ['SELECT 1 - -1 / 2', 'SELECT 3'],
    ],
    ["a string with ; and ''", "SELECT ';''; --'; SELECT 2", ["SELECT ';''; --'", 'SELECT 2']],
    ['a string with a comment', "SELECT '--', '/*'; SELECT 2", ["SELECT '--', '/*'", 'SELECT 2']],
    ['a string over lines', "SELECT 'a;\nb';", ["SELECT 'a;\nb'"]],
    ['the empty string', "SELECT '', ''; SELECT 2", ["SELECT '', ''", 'SELECT 2']],
    ['double quotes', 'SELECT 1 AS "a;""b\'"; SELECT 2', ['SELECT 1 AS "a;""b\'"', 'SELECT 2']],
    ['backticks', 'SELECT 1 AS `a;``b"`; SELECT 2', ['SELECT 1 AS `a;``b"`', 'SELECT 2']],
    ['brackets', "SELECT 1 AS [a;['b]; SELECT 2", ["SELECT 1 AS [a;['b]", 'SELECT 2']],
    ['a byte order mark', '\ufeffSELECT 1;\ufeffSELECT 2', ['SELECT 1', 'SELECT 2']],
    ['CRLF', 'SELECT 1; -- a;\r\n\r\nSELECT\r\n2;\r\n', ['SELECT 1', 'SELECT\r\n2']],
    [
      'letters beyond ASCII',
      'SELECT 1 AS été; SELECT 2 AS 表😀',
      ['SELECT 1 AS été', 'SELECT 2 AS 表😀'],
    ],
    [
      'a trigger',
      `${trigger('a', 'DELETE FROM log; SELECT 1;')}; SELECT 2;`,
      [trigger('a', 'DELETE FROM log; SELECT 1;'), 'SELECT 2'],
    ],
    [
      'CASE … END in a trigger',
      `${trigger('a', 'SELECT CASE WHEN new.id THEN 1 ELSE 2 END; SELECT CASE 1 WHEN 1 THEN 2 END AS x;')};SELECT 2`,
      [
        trigger(
          'a',
          'SELECT CASE WHEN new.id THEN 1 ELSE 2 END; SELECT CASE 1 WHEN 1 THEN 2 END AS x;',
        ),
        'SELECT 2',
      ],
    ],
    [
      'END; in a string of a trigger',
      `${trigger('a', `INSERT INTO log VALUES ('; END;', "END");`)};SELECT 2`,
      [trigger('a', `INSERT INTO log VALUES ('; END;', "END");`), 'SELECT 2'],
    ],
    [
      'END in comments of a trigger',
      `${trigger('a', 'SELECT 1; -- END;\n/* ;END; */ SELECT 2;')};SELECT 2`,
      [trigger('a', 'SELECT 1; -- END;\n/* ;END; */ SELECT 2;'), 'SELECT 2'],
    ],
    [
      'a comment before the END of a trigger',
      `${trigger('a', 'SELECT 1; /* ; */')} -- that is all;\n; SELECT 2`,
      [trigger('a', 'SELECT 1; /* ; */'), 'SELECT 2'],
    ],
    [
      'a name like a keyword in a trigger',
      `${trigger('"END"', 'SELECT 1 AS "END"; SELECT 2 AS [BEGIN];')}; SELECT 2`,
      [trigger('"END"', 'SELECT 1 AS "END"; SELECT 2 AS [BEGIN];'), 'SELECT 2'],
    ],
    ...(
      [
        'create trigger',
        'CREATE TEMP TRIGGER',
        'CREATE\n/* ; */TEMPORARY--;\nTRIGGER IF NOT EXISTS',
        'EXPLAIN CREATE TRIGGER',
        'EXPLAIN QUERY PLAN CREATE TEMP TRIGGER',
      ] as const
    ).map((opening): [string, string, string[]] => [
      opening,
      `${trigger('a', 'SELECT 1;', opening)};SELECT 2;`,
      [trigger('a', 'SELECT 1;', opening), 'SELECT 2'],
    ]),
    [
      'two triggers',
      `${trigger('a', 'SELECT 1;')};\n${trigger('b', 'SELECT 1;')};`,
      [trigger('a', 'SELECT 1;'), trigger('b', 'SELECT 1;')],
    ],
    [
      'a table whose name is a keyword',
      'CREATE TABLE trigger (x); CREATE TABLE IF NOT EXISTS "CREATE TRIGGER" (x); SELECT 1',
      ['CREATE TABLE trigger (x)', 'CREATE TABLE IF NOT EXISTS "CREATE TRIGGER" (x)', 'SELECT 1'],
    ],
    [
      'a breakpoint glued to the end',
      `SELECT 1;${BREAKPOINT}\nSELECT 2;`,
      ['SELECT 1', 'SELECT 2'],
    ],
    [
      'breakpoints instead of semicolons',
      `SELECT 1${BREAKPOINT}SELECT 2\n${BREAKPOINT}\n`,
      ['SELECT 1', 'SELECT 2'],
    ],
    [
      'a breakpoint after a trigger without a semicolon',
      `${trigger('a', 'SELECT 1;')}\n${BREAKPOINT}\nSELECT 2`,
      [trigger('a', 'SELECT 1;'), 'SELECT 2'],
    ],
    [
      'a chunk with only a comment',
      `-- custom\n${BREAKPOINT}\nSELECT 1\n${BREAKPOINT}\n/* end */`,
      ['SELECT 1'],
    ],
    [
      'a comment that is almost a breakpoint',
      'SELECT 1 --> breakpoint;\n, 2',
      ['SELECT 1 --> breakpoint;\n, 2'],
    ],
  ])('cuts up %s as SQLite does', (_, sql, statements) => {
    expect(splitStatements(sql)).toEqual(statements);
    expectSameAsSqlite(sql);
  });

  it.each([
    ["SELECT 'a; SELECT 2", ["SELECT 'a; SELECT 2"]],
    ['SELECT "a; SELECT 2', ['SELECT "a; SELECT 2']],
    ['SELECT `a; SELECT 2', ['SELECT `a; SELECT 2']],
    ['SELECT [a; SELECT 2', ['SELECT [a; SELECT 2']],
    ["SELECT 'a''; SELECT 2", ["SELECT 'a''; SELECT 2"]],
    ["SELECT 1; '", ['SELECT 1', "'"]],
  ])('leaves an unclosed quote to SQLite, which refuses it: %s', (sql, statements) => {
    expect(splitStatements(sql)).toEqual(statements);
    expect(() => firstStatement(statements.at(-1) as string)).toThrow('unrecognized token');
  });

  it('splits at a breakpoint inside a string, as Drizzle does', () => {
    expect(splitStatements(`SELECT '${BREAKPOINT}'`)).toEqual(["SELECT '", "'"]);
  });
});

describe('splitStatements, on SQL that nobody wrote,', () => {
  /** Letters that mean something to a tokenizer, and some that are longer than they look. */
  const letter = fc.constantFrom(
    ...[
      ';',
      "'",
      '"',
      '`',
      '[',
      ']',
      '-',
      '--',
      '/',
      '*',
      '/*',
      '*/',
      '(',
      '$',
      'E',
      'END',
      'END;',
      '; END;',
    ],
    ...[
      ' ',
      '\n',
      '\r\n',
      '\t',
      '\f',
      '\ufeff',
      '\u00a0',
      '\u2028',
      'a',
      '_',
      '0',
      'é',
      'ß',
      '表',
      '😀',
      '\uffff',
    ],
  );
  const text = fc.array(letter, { maxLength: 8 }).map((letters) => letters.join(''));
  const without = (...closers: string[]) =>
    text.map((inside) => closers.reduce((all, closer) => all.replaceAll(closer, ''), inside));

  const lineComment = without('\n').map((inside) => `--${inside}\n`);
  const blockComment = without('*/', '*', '/').map((inside) => `/*${inside}*/`);
  const space = fc.constantFrom(' ', '\n', '\r\n', '\t', ' \f', ' \ufeff');
  /** What may stand between two words. A byte order mark right after a word would be a letter of it. */
  const gap = fc.oneof(
    { weight: 4, arbitrary: fc.constant(' ') },
    { weight: 1, arbitrary: space },
    { weight: 1, arbitrary: lineComment },
    { weight: 1, arbitrary: blockComment },
    {
      weight: 1,
      arbitrary: fc.constantFrom('/**/', '/***/', '/*/*/', '--\n', '-- /*\n', '/* -- */'),
    },
  );

  const string = text.map((inside) => `'${inside.replaceAll("'", "''")}'`);
  const name = fc.oneof(
    fc.constantFrom('a', '_1$', 'été', '表', 'trigger', 'end', 'begin', 'temp'),
    text.map((inside) => `"a${inside.replaceAll('"', '""')}"`),
    text.map((inside) => `\`a${inside.replaceAll('`', '``')}\``),
    without(']').map((inside) => `[a${inside}]`),
  );

  /** Statements are made of words, so that anything can be put between any two of them. */
  type Words = string[];
  const word = (...choices: string[]) => fc.constantFrom(...choices).map((one) => [one]);
  const sequence = (...parts: (fc.Arbitrary<Words> | string)[]): fc.Arbitrary<Words> =>
    fc
      .tuple(...parts.map((part) => (typeof part === 'string' ? fc.constant([part]) : part)))
      .map((all) => all.flat());
  const quoted = name.map((one) => [one]);

  const value: fc.Arbitrary<Words> = fc.letrec<{ value: Words }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 2, withCrossShrink: true },
      string.map((one) => [one]),
      word('1', '.5', '0x1F', '1e3', "x'00'", 'NULL'),
      sequence('CASE', 'WHEN', tie('value'), 'THEN', tie('value'), 'ELSE', tie('value'), 'END'),
      sequence('(', 'SELECT', tie('value'), ')'),
      sequence(tie('value'), '||', tie('value')),
      sequence('-', '-', tie('value')),
    ),
  })).value;

  const command = fc.oneof(
    sequence('SELECT', value, 'AS', quoted),
    sequence(word('INSERT', 'insert'), 'INTO', 'log', 'VALUES', '(', value, ',', value, ')'),
    sequence('UPDATE', 'log', 'SET', 'x', '=', value),
    sequence('DELETE', 'FROM', word('log', '"log"', '[log]'), 'WHERE', 'x', '=', value),
  );
  const trigger = sequence(
    fc.constantFrom<Words[]>([], ['EXPLAIN'], ['explain', 'query', 'plan']),
    word('CREATE', 'Create'),
    fc.constantFrom<Words[]>([], ['TEMP'], ['temporary']),
    'TRIGGER',
    fc.constantFrom<Words[]>([], ['IF', 'NOT', 'EXISTS']),
    quoted,
    fc.constantFrom(['AFTER', 'INSERT'], ['BEFORE', 'UPDATE', 'OF', 'x']),
    ...['ON', 'log'],
    fc.oneof(fc.constant<Words>([]), sequence('WHEN', value)),
    'BEGIN',
    fc
      .array(sequence(command, ';'), { minLength: 1, maxLength: 3 })
      .map((commands) => commands.flat()),
    word('END', 'end', 'End'),
  );
  const table = sequence(
    ...['CREATE', 'TABLE'],
    quoted,
    ...['(', 'x', 'DEFAULT'],
    string.map((one) => [one]),
    ')',
  );
  const view = sequence('CREATE', 'VIEW', quoted, 'AS', 'SELECT', value, 'AS', quoted);
  const statement = fc
    .tuple(fc.oneof(command, trigger, table, view), fc.array(gap, { minLength: 1, maxLength: 12 }))
    .map(([words, gaps]) => words.reduce((sql, one, i) => `${sql}${gaps[i % gaps.length]}${one}`));

  const end = fc.oneof(
    fc.constantFrom(
      ';',
      ';;',
      ';\n',
      `;${BREAKPOINT}\n`,
      `\n${BREAKPOINT}\n`,
      `/*;*/${BREAKPOINT}`,
    ),
    fc.tuple(gap, gap).map(([before, after]) => `${before};${after}`),
  );
  const migration = fc.record({
    opening: fc.oneof(fc.constant(''), fc.constant('\ufeff'), gap),
    parts: fc.array(fc.record({ statement, end }), { maxLength: 5 }),
    closing: fc.oneof(fc.constant(''), gap, fc.constant('-- done'), fc.constant('/* unclosed')),
  });

  it('finds the statements that SQLite finds', () => {
    fc.assert(
      fc.property(migration, ({ opening, parts, closing }) => {
        const sql = `${opening}${parts.map(({ statement, end }) => statement + end).join('')}${closing}`;
        expect(splitStatements(sql)).toEqual(parts.map(({ statement }) => statement));
        expectSameAsSqlite(sql);
      }),
      { numRuns: 1000 },
    );
  });

  it('loses nothing but comments, white space and semicolons of any text', () => {
    const anything = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'grapheme' }),
      fc.array(fc.nat(0xffff), { maxLength: 50 }).map((units) => String.fromCharCode(...units)),
      fc
        .array(fc.oneof(letter, fc.constantFrom('CREATE', 'TRIGGER', BREAKPOINT)), {
          maxLength: 50,
        })
        .map((letters) => letters.join('')),
    );
    fc.assert(
      fc.property(anything, (sql) => {
        const chunks = sql.split(BREAKPOINT);
        const found = chunks.map(splitStatements);
        expect(splitStatements(sql)).toEqual(found.flat());
        chunks.forEach((chunk, i) => {
          let position = around(chunk, 0).length;
          for (const statement of found[i] as string[]) {
            expect(statement).not.toBe('');
            expect(chunk.slice(position, position + statement.length)).toBe(statement);
            position += statement.length;
            position += around(chunk, position).length;
          }
          expect(position).toBe(chunk.length);
        });
      }),
      { numRuns: 3000 },
    );
  });
});

describe('pragmaSwitch', () => {
  const isEnforced = (): boolean => db.prepare('PRAGMA foreign_keys').get()?.foreign_keys === 1;

  /** What SQLite makes of a statement: whether foreign keys are enforced after it, or undefined if it leaves them. */
  function effect(statement: string): boolean | undefined {
    const [fromOff, fromOn] = ['OFF', 'ON'].map((state) => {
      db.exec(`PRAGMA foreign_keys = ${state}`);
      db.exec(statement);
      return isEnforced();
    });
    return fromOff === fromOn ? fromOff : undefined;
  }

  /** Fails unless the statement is read as SQLite takes it. */
  function expectEffect(statement: string, on: boolean): void {
    expect(effect(statement)).toBe(on);
    expect(pragmaSwitch(statement)).toEqual({ name: 'foreign_keys', on });
  }

  it.each([
    ...['0', '00', '-0', '+0', '-1', '- 1', '-257', '256', '512', '0x0', '0x100', '0.9', '.5'],
    ...['off', 'OFF', 'Off', 'No', 'FALSE', 'delete', 'default', 'maybe', 'onn', 'é'],
    ...[
      "'OFF'",
      '"off"',
      '`off`',
      '[off]',
      "'0'",
      '"no"',
      "''",
      "' on'",
      "'on '",
      "'-1'",
      "'+1'",
      "'o''n'",
    ],
  ])('reads the value %s as off, as SQLite does', (value) => {
    expectEffect(`PRAGMA foreign_keys = ${value}`, false);
    expectEffect(`PRAGMA foreign_keys(${value})`, false);
  });

  it.each([
    ...[
      '1',
      '01',
      '+1',
      '+ 1',
      '2',
      '255',
      '257',
      '511',
      '0x1',
      '0X01',
      '0xfF',
      '1.',
      '1.5',
      '1e3',
      '2147483647',
    ],
    ...['on', 'ON', 'yes', 'True', "'ON'", '"yes"', '`true`', '[on]', "'1'", '"0x1"', "'1on'"],
  ])('reads the value %s as on, as SQLite does', (value) => {
    expectEffect(`PRAGMA foreign_keys = ${value}`, true);
    expectEffect(`PRAGMA foreign_keys(${value})`, true);
  });

  it.each([
    ...['foreign_keys', 'FOREIGN_KEYS', 'Foreign_Keys'],
    ...['"foreign_keys"', "'foreign_keys'", '`foreign_keys`', '[foreign_keys]', '"FOREIGN_keys"'],
    ...[
      'main.foreign_keys',
      '"main".foreign_keys',
      "'main'.'foreign_keys'",
      'temp . [foreign_keys]',
    ],
  ])('knows the name %s', (name) => {
    expectEffect(`PRAGMA ${name}=OFF`, false);
    expectEffect(`pragma ${name} (1)`, true);
  });

  it.each([
    'PRAGMA foreign_keys=OFF',
    'pragma\tforeign_keys\n=\r\noff',
    'PRAGMA"foreign_keys"=OFF',
    'PRAGMA[foreign_keys](off)',
    'PRAGMA/* ; */foreign_keys/**/=/**/OFF',
    'PRAGMA -- the name\nforeign_keys -- the value\n= -- is\noff',
    'PRAGMA main -- the\n. /* name */ foreign_keys ( off )',
    'PRAGMA \ufeff foreign_keys = OFF',
  ])('takes white space and comments where SQLite does: %j', (statement) => {
    expectEffect(statement, false);
  });

  it.each([
    ...['full', 'EXTRA', "'full'"],
    ...[
      '2147483648',
      '2147483649',
      '4294967297',
      '99999999999',
      '0x80000001',
      '0x100000001',
      "'0x'",
    ],
  ])(
    'reads the value %s as off, as SQLite does: full and extra are no such words here, and numbers end at 31 bits',
    (value) => {
      expectEffect(`PRAGMA foreign_keys = ${value}`, false);
    },
  );

  it('takes == for =, as SQLite does', () => {
    expectEffect('PRAGMA foreign_keys == OFF', false);
    expectEffect('PRAGMA foreign_keys == ON', true);
  });

  it.each([
    'PRAGMA foreign_keys =',
    'PRAGMA foreign_keys = (OFF',
    'PRAGMA foreign_keys = ON OFF',
    'PRAGMA foreign_keys(OFF',
  ])('leaves %s to SQLite, which refuses it', (statement) => {
    expect(() => effect(statement)).toThrow(/syntax error|incomplete input/);
    expect(pragmaSwitch(statement)).toBeUndefined();
  });

  it.each([
    'PRAGMA foreign_keys',
    'PRAGMA main.foreign_keys',
    'PRAGMA foreign_keys -- = OFF',
    "SELECT 'PRAGMA foreign_keys=OFF'",
    'CREATE TABLE IF NOT EXISTS pragma (x)',
    "SELECT 'foreign_keys' = 0",
    "SELECT 'foreign_keys' = 0 -- no pragma",
  ])('finds no switch in %s', (statement) => {
    expect(effect(statement)).toBeUndefined();
    expect(pragmaSwitch(statement)).toBeUndefined();
  });

  it('tells other pragmas by their names', () => {
    expect(pragmaSwitch('PRAGMA Defer_Foreign_Keys = 1')).toEqual({
      name: 'defer_foreign_keys',
      on: true,
    });
    expect(pragmaSwitch('PRAGMA main.recursive_triggers(off)')).toEqual({
      name: 'recursive_triggers',
      on: false,
    });
  });

  it('reads any value as SQLite does', () => {
    const quotes = fc.constantFrom<[string, string][]>(
      ['', ''],
      ["'", "'"],
      ['"', '"'],
      ['[', ']'],
    );
    const keyword = fc.constantFrom('on', 'Off', 'YES', 'no', 'true', 'false', 'delete', 'default');
    const number = fc.oneof(
      fc.nat(1023).map(String),
      fc.nat(0x7fffffff).map(String),
      fc.nat(0x7fffffff).map((n) => `0x${n.toString(16)}`),
      fc.nat(1023).map((n) => `${n / 8}`),
    );
    const value = fc.oneof(
      fc
        .tuple(quotes, fc.oneof(keyword, number))
        .map(([[open, close], inside]) => open + inside + close),
      fc.tuple(fc.constantFrom('+', '-', '+ ', '- '), number).map((parts) => parts.join('')),
      fc.stringMatching(/^'[a-z0-9 +.-]{0,5}'$/),
    );
    const form = fc.constantFrom(
      (v: string) => `PRAGMA foreign_keys=${v}`,
      (v: string) => `pragma main . "foreign_keys" ( ${v} )`,
    );
    fc.assert(
      fc.property(form, value, (spell, v) => {
        const statement = spell(v);
        expect(pragmaSwitch(statement)?.on).toBe(effect(statement));
      }),
      { numRuns: 1000 },
    );
  });
});

describe('namesIn', () => {
  it.each([
    ['MY "TABLE"', 'DROP TABLE "my ""table"""'],
    ['MY `TABLE`', 'DROP TABLE `my ``table```'],
    ["IT'S A TABLE", "DROP TABLE 'it''s a table'"],
    ['MY TABLE', 'DROP TABLE [my table]'],
  ])('reads %s, however it is quoted', (name, statement) => {
    expect(namesIn(statement)).toEqual(['DROP', 'TABLE', name]);
  });
});

describe('replacesTable', () => {
  it.each([
    'DROP TABLE users',
    'drop table if exists `users`',
    'DROP/**/TABLE "my users"',
    'ALTER TABLE __new_users RENAME TO users',
    'ALTER TABLE `__new_users` RENAME TO `users`',
    'ALTER TABLE main."my users" RENAME -- it\nTO users',
  ])('says yes to %s', (statement) => {
    expect(replacesTable(statement)).toBe(true);
  });

  it.each([
    'ALTER TABLE users RENAME COLUMN a TO b',
    'ALTER TABLE users RENAME a TO b',
    'ALTER TABLE users ADD COLUMN x',
    'ALTER TABLE users DROP COLUMN x',
    'DROP INDEX users',
    'DROP VIEW users',
    'CREATE TABLE users (x)',
    "SELECT 'DROP TABLE users'",
    '-- DROP TABLE users',
    '',
  ])('says no to %s', (statement) => {
    expect(replacesTable(statement)).toBe(false);
  });
});

describe('excessBytes', () => {
  it.each([
    ['', 0],
    ['x'.repeat(MAX_STATEMENT_BYTES), 0],
    ['x'.repeat(MAX_STATEMENT_BYTES + 1), 100_001],
    ['é'.repeat(50_000), 0],
    [`${'é'.repeat(50_000)}x`, 100_001],
    [`${'表'.repeat(33_333)}x`, 0],
    ['表'.repeat(33_334), 100_002],
    ['😀'.repeat(25_000), 0],
    [`${'😀'.repeat(25_000)}x`, 100_001],
  ])('counts bytes, not letters (case %#)', (statement, bytes) => {
    expect(excessBytes(statement)).toBe(bytes);
  });

  it('says how many bytes of UTF-8 a text has if they are too many', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), fc.nat(100_000), (unit, units) => {
        const statement = unit.repeat(Math.ceil(units / unit.length));
        const bytes = Buffer.byteLength(statement);
        expect(excessBytes(statement)).toBe(bytes > MAX_STATEMENT_BYTES ? bytes : 0);
      }),
    );
  });
});
