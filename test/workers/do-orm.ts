/**
 * do-orm's runner as its article describes it: numbered keys, `__migrations(version)`, adoption of Drizzle's ledger by
 * counting its rows, one transaction. It stands in for the package, which is not on the registry.
 */
export function doOrm(storage: DurableObjectStorage, record: Record<string, string>): void {
  const { sql } = storage;
  const count = (table: string): number =>
    sql.exec<{ n: number }>(`SELECT count(*) AS n FROM ${table}`).one().n;
  const has = (table: string): boolean =>
    sql.exec('SELECT 1 FROM sqlite_master WHERE name = ?', table).toArray().length > 0;
  const insert = (version: number) =>
    sql.exec('INSERT INTO __migrations (version) VALUES (?)', version);

  storage.transactionSync(() => {
    sql.exec('CREATE TABLE IF NOT EXISTS __migrations (version INTEGER PRIMARY KEY)');
    if (has('__drizzle_migrations') && count('__migrations') === 0) {
      const adopted = count('__drizzle_migrations');
      const provided = Object.keys(record).length;
      if (adopted > provided) {
        throw new Error(`Drizzle has ${adopted} migrations but only ${provided} were provided`);
      }
      for (let version = 0; version < adopted; version++) insert(version);
      sql.exec('DROP TABLE __drizzle_migrations');
    }
    const next = sql
      .exec<{ next: number }>('SELECT coalesce(max(version) + 1, 0) AS next FROM __migrations')
      .one().next;
    for (const [version, key] of Object.keys(record).sort().entries()) {
      if (version < next) continue;
      for (const statement of (record[key] as string).split('--> statement-breakpoint')) {
        if (statement.trim() !== '') sql.exec(statement);
      }
      insert(version);
    }
  });
}
