// What drizzle-orm 1.0.0-beta.2 to beta.14 do for a Durable Object, in our own words: the ledger of 0.x, but the time is
// that of the folder's name, so a whole second. Up to beta.13 the newest row decides, in beta.14 each row its own second.
import type { DrizzleBundle1 } from '../../src/index.ts';

const LEDGER = '__drizzle_migrations';

const secondOf = (name: string): number => {
  const [year, month, day, hour, minute, second] = (
    /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)/.exec(name) as RegExpExecArray
  )
    .slice(1)
    .map(Number) as [number, number, number, number, number, number];
  return Date.UTC(year, month - 1, day, hour, minute, second);
};

/** The migrator of one of these versions: 2 to 13, or 14. */
export function runDrizzleBeta(
  { storage }: DurableObjectState,
  { migrations }: DrizzleBundle1,
  version: number,
): void {
  storage.transactionSync(() => {
    storage.sql.exec(
      `CREATE TABLE IF NOT EXISTS ${LEDGER} (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at numeric)`,
    );
    const times = storage.sql
      .exec(`SELECT created_at FROM ${LEDGER} ORDER BY created_at DESC`)
      .toArray()
      .map(({ created_at }) => Number(created_at));
    const ran = new Set(times);
    for (const name of Object.keys(migrations).sort()) {
      const second = secondOf(name);
      const isNew = version < 14 ? times[0] === undefined || times[0] < second : !ran.has(second);
      if (!isNew) continue;
      for (const statement of (migrations[name] as string).split('--> statement-breakpoint')) {
        storage.sql.exec(statement);
      }
      storage.sql.exec(`INSERT INTO ${LEDGER} ("hash", "created_at") VALUES ('', ?)`, second);
    }
  });
}
