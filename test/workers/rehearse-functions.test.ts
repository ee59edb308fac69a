// The rehearsal with migrations that are functions: what one changes must be listed, and nothing else is excused by it.
import { env } from 'cloudflare:test';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type FunctionEntry, type MigrationRecord, migrate } from '../../src/index.ts';
import { RehearsalError, type RehearseOptions, rehearse } from '../../src/testing.ts';
import { deploy } from './worker.ts';

vi.setConfig({ testTimeout: 60_000 });

afterEach(() => {
  deploy.construct = undefined;
});

const history = (
  up: FunctionEntry['up'],
  last = 'ALTER TABLE people ADD nick TEXT',
): MigrationRecord => ({
  m0000: {
    tag: '20261201090000_people',
    sql: 'CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT NOT NULL, first TEXT); CREATE TABLE pets (id INTEGER PRIMARY KEY, person INTEGER REFERENCES people(id))',
  },
  m0001: { tag: '20261201093000_first', revision: '1', up },
  m0002: { tag: '20261201100000_last', sql: last },
});

const first: FunctionEntry['up'] = (sql) => {
  for (const { id, name } of sql.exec<{ id: number; name: string }>(
    'SELECT id, name FROM people',
  )) {
    sql.exec('UPDATE people SET first = ? WHERE id = ?', `${name}!`, id);
  }
};

async function outcomeOf(record: MigrationRecord, options: RehearseOptions = {}): Promise<string> {
  deploy.construct = (ctx) => migrate(ctx, record);
  const outcome = await rehearse(env.OBJECT, record, { risks: 'ignore', ...options }).catch(
    (error) => error,
  );
  return outcome instanceof RehearsalError ? outcome.message : outcome.text;
}

describe('a function in a rehearsal', () => {
  it('must have what it changes listed', async () => {
    const message = await outcomeOf(history(first));
    expect(message).toContain('people: 4 of 4 rows have another first\n');
    expect(message).toContain('or a function, or what the class itself does when it wakes');
    expect(await outcomeOf(history(first), { changes: ['people.first'] })).toMatch(
      /^Objects that drizzle-offramp left {2}migrates /,
    );
  });

  it('excuses nothing else that is lost', async () => {
    const loses: FunctionEntry['up'] = (sql) => {
      first(sql);
      sql.exec('DELETE FROM pets WHERE id = (SELECT max(id) FROM pets)');
    };
    const message = await outcomeOf(history(loses), { changes: ['people.first'] });
    expect(message).toContain('pets: 1 of 4 rows are gone\n');
    expect(message).not.toMatch(/people\.first/);
    expect(await outcomeOf(history(loses), { changes: ['people.first', 'pets'] })).toMatch(
      /^Objects that drizzle-offramp left {2}migrates /,
    );
  });

  it('leaves what SQL around it does to be told from the statements', async () => {
    const record = history(() => {}, "UPDATE people SET first = 'sql'");
    expect(await outcomeOf(record)).toMatch(/^Objects that drizzle-offramp left {2}migrates /);
  });

  it('that throws on the rows of an object fails there', async () => {
    const picky: FunctionEntry['up'] = (sql) => {
      if (sql.exec('SELECT 1 FROM people').toArray().length > 0) throw new Error('too many people');
    };
    expect(await outcomeOf(history(picky))).toContain('too many people');
  });

  it('cannot have been run by Drizzle', async () => {
    const tagged = (record: MigrationRecord): MigrationRecord =>
      Object.fromEntries(
        Object.entries(record).map(([key, entry], minute) => [
          key,
          {
            ...(entry as FunctionEntry),
            when: Date.UTC(2026, 11, 1, 9 + (minute > 1 ? 1 : 0), minute === 1 ? 30 : 0),
          },
        ]),
      );
    const text = await outcomeOf(tagged(history(() => {})), { leftBy: '0.x' });
    expect(text).toContain('Drizzle has no functions, so it cannot have run m0001');
  });
});
