// How other libraries keep the history of a Durable Object, each as its own code writes it.
import { refuse } from '../base/errors.ts';
import { type KeyValueLike, quote, type StorageLike } from '../base/storage.ts';
import { columnsOf, notALedger } from '../ledger/ledger.ts';
import { type Adopter, type OtherLedger, tableAdopter } from '../ledger/other.ts';

/** Where a library keeps its history, and which migration a name in it means. */
export interface LibraryOptions<Row> {
  /** The table's name, where it is not the library's default. */
  readonly table?: string;
  /**
   * Which migration a row stands for; without it the row's name must be a key, a tag, or the name of a file in a 0.x folder
   * (`0003_name`).
   *
   * @param row the row
   * @param keys the keys of all migrations in order
   * @returns a key, a tag or the name of a file, or a list of these
   */
  readonly key?: (row: Row, keys: readonly string[]) => string | readonly string[];
}

/** The adopter of a library's table, which must have some columns, and of tables beside it. */
function libraryTable(
  ledger: OtherLedger,
  columns: readonly string[],
  beside: readonly string[] = [],
): Adopter {
  const { table } = ledger;
  const adopter = tableAdopter(ledger);
  return {
    ...adopter,
    read(storage, migrations) {
      const found = columnsOf(storage.sql, table, 'adopt');
      const missing = columns.find((name) => !found.has(name));
      if (found.size > 0 && missing) throw notALedger(table, `has no column "${missing}"`, 'adopt');
      return adopter.read(storage, migrations);
    },
    drop(storage) {
      adopter.drop(storage);
      for (const name of beside) storage.sql.exec(`DROP TABLE IF EXISTS ${quote(name)}`);
    },
  };
}

/** A row of alchemy's table; older ones have the name as their id, and nothing else. */
export interface AlchemyRow {
  readonly id: string | number;
  readonly name?: string | null;
}

/**
 * Adopts what alchemy's migrations have left in `__alchemy_migrations`. A row is named after the migration's folder or
 * file; the ends `/migration.sql` and `.sql` do not count.
 *
 * ```ts
 * migrate(ctx, migrations, { adopt: alchemy() });
 * ```
 *
 * @param options the table's name, and which migration a row stands for
 */
export const alchemy = ({
  table = '__alchemy_migrations',
  key = ({ id, name }) => String(name ?? id).replace(/(?:\/migration)?\.sql$/, ''),
}: LibraryOptions<AlchemyRow> = {}): Adopter => libraryTable({ table, key }, ['id']);

/** A row of Kysely's table. */
export interface KyselyRow {
  readonly name: string;
  /** When it ran, in ISO 8601. */
  readonly timestamp: string;
}

/**
 * Adopts what Kysely's `Migrator` has left in `kysely_migration`, and drops its table for locks too.
 *
 * ```ts
 * const names = ['001_init', '002_posts'];
 * migrate(ctx, migrations, { adopt: kysely({ key: ({ name }, keys) => keys[names.indexOf(name)] ?? name }) });
 * ```
 *
 * @param options the table's name, that of the locks, and which migration a row stands for
 */
export function kysely({
  table = 'kysely_migration',
  lockTable = `${table}_lock`,
  key = ({ name }) => name,
}: LibraryOptions<KyselyRow> & { readonly lockTable?: string } = {}): Adopter {
  return libraryTable({ table, key }, ['name', 'timestamp'], [lockTable]);
}

/**
 * Adopts what RedwoodSDK's `SqliteDurableObject` has left: it runs Kysely's `Migrator` with `__migrations`. That is the name
 * of our ledger too, which so needs another one.
 *
 * ```ts
 * migrate(ctx, migrations, { adopt: rwsdk(), table: '__offramp_migrations' });
 * ```
 *
 * @param options the table's name, and which migration a row stands for
 */
export const rwsdk = (options: LibraryOptions<KyselyRow> = {}): Adopter =>
  kysely({ table: '__migrations', ...options });

/** A row of the table of Effect's `SqliteMigrator`. */
export interface EffectRow {
  readonly migration_id: number;
  readonly name: string;
  readonly created_at: string;
}

/**
 * Adopts what Effect's `SqliteMigrator` has left in `effect_sql_migrations`. A row has the number and the name of a
 * migration, which together are the name of its file (`0003_name`).
 *
 * ```ts
 * migrate(ctx, migrations, { adopt: effect({ key: ({ migration_id }, keys) => keys[migration_id - 1] ?? '' }) });
 * ```
 *
 * @param options the table's name, and which migration a row stands for
 */
export const effect = ({
  table = 'effect_sql_migrations',
  key = ({ migration_id, name }) => `${migration_id}_${name}`,
}: LibraryOptions<EffectRow> = {}): Adopter =>
  libraryTable({ table, key }, ['migration_id', 'name']);

// https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/
const keyValueOf = ({ kv }: StorageLike): KeyValueLike => {
  if (typeof kv?.get === 'function') return kv;
  return refuse(
    'INVALID_TARGET',
    'The history stands in a key, and this storage has no `kv` to read it with: pass the `ctx` of a class with SQLite storage.',
  );
};

/** Which numbers the migrations had in the old code. */
export interface LastIdOptions {
  /** The `idMonotonicInc` of each migration, in order: the first is that of `m0000`. */
  readonly ids: readonly number[];
  /** The key that has the last one, where it is not the library's default. */
  readonly keyName?: string;
}

/**
 * Adopts what `SQLSchemaMigrations` of durable-utils or of `@cloudflare/actors` has left: the number of the last
 * migration, under the key `__sql_migrations_lastID`. All up to that one have run.
 *
 * ```ts
 * migrate(ctx, migrations, { adopt: durableUtils({ ids: [1, 2, 3] }) });
 * ```
 *
 * @param options the numbers of the migrations, and the key's name
 */
export const durableUtils = ({
  ids,
  keyName = '__sql_migrations_lastID',
}: LastIdOptions): Adopter => ({
  name: keyName,
  read(storage, migrations) {
    const last = keyValueOf(storage).get(keyName);
    if (last === undefined) return undefined;
    if (!Array.isArray(ids) || ids.some((id, at) => at > 0 && !(id > (ids[at - 1] as number)))) {
      refuse(
        'INVALID_OPTION',
        `The \`ids\` of the option \`adopt\` are ${JSON.stringify(ids)}: they must rise, one for each migration.`,
        'adopt',
      );
    }
    const at = ids.indexOf(last as number);
    // A number that no migration has is newer than this code, or another's.
    if (at < 0) return [`${JSON.stringify(last)}`];
    return ids.slice(0, at + 1).map((id, place) => migrations[place]?.key ?? String(id));
  },
  drop(storage) {
    keyValueOf(storage).delete(keyName);
  },
});
