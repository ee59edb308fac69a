// Histories beside both ledgers: one that another library or a team's own code has kept, and one that only the object's own
// tables tell.
import { check, reading, refuse } from '../base/errors.ts';
import { quote, type StorageLike } from '../base/storage.ts';
import type { Migration, MigrationList } from '../input/migration.ts';
import { columnsOf } from './ledger.ts';

/** A migration by its names, as an {@link Adopter} is told of it. */
type Named = Pick<Migration, 'key' | 'tag'>;

/** A migrations table that a team's own code has kept, or another library. */
export interface OtherLedger {
  /** The table's name. */
  readonly table: string;
  /**
   * Which migration a row stands for.
   *
   * @param row the row, with all of its columns
   * @param keys the keys of all migrations in order, for a table that keeps only a count: `keys.slice(0, row.version)`
   * @returns its key (`m0003`), its tag, or the name of its file in a 0.x folder (`0003_name`); or a list of these
   */
  // biome-ignore lint/suspicious/noExplicitAny: the columns are the table's own, and its owner knows their types.
  readonly key: (row: any, keys: readonly string[]) => string | readonly string[];
}

/** Knows how another library keeps its history: what the functions of `drizzle-offramp/adopt` return. */
export interface Adopter {
  /** What messages call the history: a table, or a key. */
  readonly name: string;
  /**
   * Reads which migrations ran. It changes nothing.
   *
   * @param storage the object's storage
   * @param migrations the code's migrations, in order
   * @returns a key, a tag or the name of a file for each; undefined where the object has no such history
   */
  read(storage: StorageLike, migrations: readonly Named[]): readonly unknown[] | undefined;
  /** Takes the history away, once it is adopted (`drizzle: 'retire'`). */
  drop(storage: StorageLike): void;
}

/** What another history says of an object. */
export interface OtherHistory {
  /** What messages call it. */
  readonly name: string;
  readonly origin: 'adopted' | 'schema';
  /** A key, a tag or the name of a file for each migration that ran. */
  readonly keys: readonly unknown[];
  /** Takes it away; undefined where it is what the object's tables tell. */
  readonly drop: (() => void) | undefined;
}

/** What the options say of other histories. */
export interface OtherOptions {
  readonly adopt?: Adopter;
  readonly untracked?: 'match' | { readonly at: string };
}

/**
 * The adopter of a table with a function that tells a row's migration.
 *
 * @param ledger the table and the function
 */
export const tableAdopter = ({ table, key }: OtherLedger): Adopter => ({
  name: table,
  read({ sql }, migrations) {
    if (columnsOf(sql, table, 'adopt').size === 0) return undefined;
    const keys = migrations.map((migration) => migration.key);
    return [...sql.exec(`SELECT * FROM ${quote(table)}`)].flatMap((row) => {
      const name = `\`key\` of ${JSON.stringify(row)} in ${table}`;
      return reading('INVALID_OPTION', name, () => {
        const found = [key(row, keys)].flat();
        for (const one of found) {
          const isName = typeof one === 'string';
          check(isName, 'INVALID_OPTION', `The ${name}`, one, 'a key, a tag or a list of them');
        }
        return found;
      });
    });
  },
  drop({ sql }) {
    sql.exec(`DROP TABLE IF EXISTS ${quote(table)}`);
  },
});

/**
 * Reads a history beside both ledgers.
 *
 * @param storage the object's storage
 * @param options what the options say of it
 * @param list the code's migrations
 * @param isTracked whether one of both ledgers has a row
 * @returns undefined where there is none
 * @throws {InputError} if the option or the module does not tell which migrations ran
 * @throws {AdoptionError} if the object's tables do not tell it
 */
export function readOther(
  storage: StorageLike,
  { adopt, untracked }: OtherOptions,
  { migrations, schemas }: MigrationList,
  isTracked: boolean,
): OtherHistory | undefined {
  const keys = adopt?.read(storage, migrations);
  if (adopt && keys) {
    return { name: adopt.name, origin: 'adopted', keys, drop: () => adopt.drop(storage) };
  }
  if (untracked === undefined) return undefined;
  if (schemas === undefined) {
    refuse(
      'INVALID_OPTION',
      'The option `untracked` needs a module that carries its schemas: run `npx drizzle-offramp convert --untracked`.',
      'untracked',
    );
  }
  const found = isTracked ? undefined : schemas.find(storage.sql, migrations, untracked);
  return found && { name: "the object's schema", origin: 'schema', keys: found, drop: undefined };
}

/**
 * The migration that a history means by a text.
 *
 * @param migrations the code's migrations
 * @param name a key, a tag, or the name of a file in a 0.x folder: the migration's number and name
 */
export function migrationNamed(
  migrations: readonly Migration[],
  name: unknown,
): Migration | undefined {
  const [, number, rest] = /^0*(\d+)_(.*)$/s.exec(String(name)) ?? [];
  return migrations.find(
    ({ key, tag }) =>
      key === name ||
      tag === name ||
      (tag?.slice(15) === rest && Number(key.slice(1)) === Number(number)),
  );
}
