// That the list itself is right: each defect loses or changes something or throws, each innocent does not, in SQLite.
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import type { History } from './case.ts';
import { DEFECTS, INNOCENTS } from './cases.ts';

type Answer = readonly unknown[] | string;

const open = (): DatabaseSync =>
  new DatabaseSync(':memory:', { enableDoubleQuotedStringLiterals: true });

function violations(database: DatabaseSync): unknown[] {
  try {
    return database.prepare('PRAGMA foreign_key_check').all();
  } catch (error) {
    // What SQLite cannot check stops nothing.
    if ((error as Error).message.includes('foreign key mismatch')) return [];
    throw error;
  }
}

/** Runs migrations as drizzle-offramp does: in one transaction, with foreign keys disabled if one of them says so. */
function apply(database: DatabaseSync, history: readonly string[]): void {
  const isOff = history.some((text) => /foreign_keys\s*=\s*off/i.test(text));
  if (isOff) database.exec('PRAGMA foreign_keys=OFF');
  database.exec('BEGIN');
  try {
    for (const text of history) database.exec(text);
    const lost = isOff ? violations(database) : [];
    if (lost.length > 0) throw new Error(`FOREIGN KEY: ${JSON.stringify(lost)}`);
    database.exec('COMMIT');
  } catch (error) {
    // What rolled back by itself has no transaction any more.
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  } finally {
    database.exec('PRAGMA foreign_keys=ON');
  }
}

function answer(database: DatabaseSync, next: string | undefined, question: string): Answer {
  try {
    if (next !== undefined) database.exec(next);
    const statement = database.prepare(question);
    statement.setReadBigInts(true);
    return statement.all().map((row) => ({ ...row }));
  } catch (error) {
    return (error as Error).message;
  }
}

interface Proof {
  before: Answer;
  after: Answer;
  thrown: string | undefined;
}

function prove({ history, has = history.length - 1, rows = '', asks = '', next }: History): Proof {
  const [first, second] = typeof asks === 'string' ? [asks, asks] : asks;
  const start = () => {
    const database = open();
    apply(database, history.slice(0, has));
    database.exec(rows);
    return database;
  };
  const before = first === '' ? '' : answer(start(), next, first);
  const database = start();
  try {
    apply(database, history.slice(has));
  } catch (error) {
    return { before, after: '', thrown: (error as Error).message };
  }
  return { before, after: second === '' ? '' : answer(database, next, second), thrown: undefined };
}

describe('a defect is one', () => {
  for (const [family, defects] of Object.entries(DEFECTS)) {
    // Those of a class are shown where classes run; those of files and options are what they are.
    const shown = defects.filter(
      ({ construct, files, inRuntime, options }) => !(construct || files || inRuntime || options),
    );
    for (const defect of shown) {
      it(`${family}: ${defect.what}`, () => {
        const { before, after, thrown } = prove(defect);
        if (defect.fails !== undefined) expect(thrown).toContain(defect.fails);
        else {
          expect(thrown).toBe(undefined);
          if (defect.breaks !== undefined) expect(after).toContain(defect.breaks);
          expect(defect.asks).not.toBe(undefined);
          expect(after).not.toEqual(before);
        }
      });
    }
  }
});

describe('an innocent is none', () => {
  for (const [family, innocents] of Object.entries(INNOCENTS)) {
    for (const innocent of innocents.filter(({ construct }) => !construct)) {
      it(`${family}: ${innocent.what}`, () => {
        const { before, after, thrown } = prove(innocent);
        expect(thrown).toBe(undefined);
        expect(after).toEqual(before);
        // A new object runs all of it.
        expect(prove({ ...innocent, has: 0, rows: '', asks: '' }).thrown).toBe(undefined);
      });
    }
  }
});

describe('the list', () => {
  it('has no case twice', () => {
    const all = [...Object.values(DEFECTS), ...Object.values(INNOCENTS)].flat();
    const names = all.map(({ what }) => what);
    expect(names.filter((what, i) => names.indexOf(what) !== i)).toEqual([]);
  });
});
