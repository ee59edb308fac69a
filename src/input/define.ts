import { reading, refuse } from '../base/errors.ts';
import { keyOf } from '../base/key.ts';
import { freeze } from './freeze.ts';
import type { Migration, MigrationList, MigrationRecord, Schemas } from './migration.ts';
import { readMigrations, remember } from './migrations.ts';
import { read } from './read.ts';

/** The list of a module that carries its fingerprint: nothing is looked at until there is something to do. */
class CarriedList implements MigrationList {
  #list: MigrationList | undefined;

  constructor(
    private readonly record: MigrationRecord,
    readonly fingerprint: string,
    readonly schemas: Schemas | undefined,
  ) {}

  get migrations(): readonly Migration[] {
    if (this.#list === undefined) {
      this.#list = reading('INVALID_INPUT', 'migrations', () => read(this.record));
      freeze(this.record);
    }
    if (this.#list.fingerprint !== this.fingerprint) {
      refuse(
        'STALE_FINGERPRINT',
        `The module carries the fingerprint ${this.fingerprint.slice(0, 8)}…, but its migrations have ` +
          `${this.#list.fingerprint.slice(0, 8)}…. Run \`npx drizzle-offramp convert\`, or remove the second argument ` +
          'of defineMigrations.',
      );
    }
    return this.#list.migrations;
  }
}

/**
 * Types and checks a record of migrations, in the short form (`m0000: 'SQL'`) or the long one.
 *
 * ```ts
 * export default defineMigrations({
 *   m0000: { tag: '20261122175044_init', when: 1795370244123, sql: 'CREATE TABLE …' },
 *   m0001: 'ALTER TABLE …',
 * });
 * ```
 *
 * @param record the migrations by key
 * @param carried what `drizzle-offramp convert` writes: the last key and the fingerprint of the whole, so that an
 *   isolate's first wake need not look at each migration. Left out of use where the last key is another one.
 * @param schemas what `drizzle-offramp convert --untracked` writes, for the option `untracked`
 * @returns the same record, frozen
 * @throws {InputError} if a key, a tag or a text in it is wrong
 */
export function defineMigrations<const T extends MigrationRecord>(
  record: T,
  carried?: string,
  schemas?: Schemas,
): T {
  const [, key, fingerprint] = /^(m\d+) ([0-9a-f]{64})$/.exec(carried ?? '') ?? [];
  if (fingerprint !== undefined && key === keyOf(Object.keys(Object(record)).length - 1)) {
    remember(Object.freeze(record), new CarriedList(record, fingerprint, schemas));
  } else {
    const list = readMigrations(record);
    if (schemas)
      remember(record, { fingerprint: list.fingerprint, migrations: list.migrations, schemas });
  }
  return record;
}
