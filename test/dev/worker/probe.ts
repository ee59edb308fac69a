/** A parent and a child, of which a table rebuild with foreign keys enforced would leave nothing. */
export const FAMILY =
  'CREATE TABLE p (id INTEGER PRIMARY KEY); ' +
  'CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER NOT NULL REFERENCES p(id) ON DELETE CASCADE); ' +
  'INSERT INTO p VALUES (1), (2); INSERT INTO c VALUES (10, 1), (11, 2)';

/** The statements of a table rebuild, as drizzle-kit writes them. */
export const REBUILD =
  'CREATE TABLE __new_p (id INTEGER PRIMARY KEY NOT NULL); INSERT INTO __new_p SELECT id FROM p; ' +
  'DROP TABLE p; ALTER TABLE __new_p RENAME TO p';

/** An object as the facts look at it: what is done in which order is written down. */
export class Probe {
  /** What was done and seen, in that order. */
  readonly log: string[] = [];
  /** How many events have come. */
  events = 0;
  readonly ctx: DurableObjectState;
  readonly storage: DurableObjectStorage;

  constructor(ctx: DurableObjectState) {
    this.ctx = ctx;
    this.storage = ctx.storage;
  }

  private enforced(): boolean {
    return this.storage.sql.exec('PRAGMA foreign_keys').one().foreign_keys === 1;
  }

  private set(on: boolean): boolean {
    this.storage.sql.exec(`PRAGMA foreign_keys=${on ? 'ON' : 'OFF'}`);
    return this.enforced() === on;
  }

  /** Writes down what is going on and whether foreign keys are enforced. */
  say(where: string): void {
    this.log.push(`${where}: ${this.enforced() ? 'enforced' : 'not enforced'}`);
  }

  /** Disables enforcement, and writes down whether that worked. */
  off(where: string): void {
    this.log.push(`${where}: ${this.set(false) ? 'OFF works' : 'OFF does nothing'}`);
  }

  /** Enables enforcement, and writes down whether that worked. */
  on(where: string): void {
    this.log.push(`${where}: ${this.set(true) ? 'ON works' : 'ON does nothing'}`);
  }

  /** Opens the implicit transaction. */
  write(): void {
    this.storage.sql.exec('CREATE TABLE IF NOT EXISTS w (x); INSERT INTO w VALUES (1)');
  }

  /** Rebuilds the parent, and writes down how many children are left. */
  rebuild(): void {
    this.storage.transactionSync(() => this.storage.sql.exec(REBUILD));
    const children = this.storage.sql.exec('SELECT count(*) AS n FROM c').one().n;
    this.log.push(`rebuilt: ${children} children`);
  }

  /** Starts a transaction in which nothing happens. */
  transaction(): Promise<void> {
    return this.storage.transaction(async () => {});
  }

  /** A rebuild for wherever one can await, also after writes of the same turn. */
  async rebuildAsync(): Promise<void> {
    await this.transaction();
    this.off('after the first transaction');
    this.rebuild();
    await this.transaction();
    this.on('after the second transaction');
  }

  /** What an event does first: it tries to write a child without a parent. */
  event(): void {
    this.events++;
    let orphan = 'taken';
    try {
      this.storage.sql.exec('INSERT INTO c VALUES (99, 99)');
      this.storage.sql.exec('DELETE FROM c WHERE id = 99');
    } catch {
      orphan = 'refused';
    }
    this.say(`an orphan is ${orphan}`);
  }
}

/** How many events wait while an object does what it does. */
export const WAITING = 30;

const REFUSED = 'an orphan is refused: enforced';

/** What an object did, and how many of the events found foreign keys enforced, and how many did not. */
export function read(log: readonly string[]) {
  const ofEvents = log.filter((line) => line.startsWith('an orphan is '));
  const enforced = ofEvents.filter((line) => line === REFUSED).length;
  return {
    log: log.filter((line) => !ofEvents.includes(line)),
    enforced,
    notEnforced: ofEvents.length - enforced,
  };
}

/** What happens in one object. */
export interface Scene {
  /** In its constructor, while {@link WAITING} events wait. */
  construct?(probe: Probe): void;
  /** In an event of its own, before the scene; the instance stays. */
  prepare?(probe: Probe): Promise<void>;
  /** In an event that is under way when the next begins. */
  beside?(probe: Probe): Promise<void>;
  /** In an event that comes before the {@link WAITING} ones. */
  method?(probe: Probe): Promise<void>;
  /** In the object's alarm. */
  alarm?(probe: Probe): Promise<void>;
}
