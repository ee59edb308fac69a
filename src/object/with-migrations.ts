import type { MigrationInput } from '../input/migration.ts';
import type { MigrateOptions } from '../options.ts';
import type { WithMigrations } from './commands.ts';

/** The class of a Durable Object. */
// biome-ignore lint/suspicious/noExplicitAny: a class says itself what its `env` is, and may take more.
export type ObjectClass = new (ctx: any, env: any, ...rest: any[]) => object;

/** A class with `__migrations` on its objects. */
export type ClassWithMigrations<Class extends ObjectClass> = Class &
  (new (
    ...args: ConstructorParameters<Class>
  ) => InstanceType<Class> & WithMigrations);

/**
 * The class, with its objects migrated before their constructor runs.
 *
 * @param Class the class of a Durable Object
 * @param migrations what `migrate` takes
 * @param options what `migrate` takes
 */
export function withMigrations<Class extends ObjectClass>(
  Class: Class,
  migrations: MigrationInput,
  options?: MigrateOptions,
): ClassWithMigrations<Class>;
/**
 * The same as a decorator: `@withMigrations(migrations) class Inbox extends DurableObject { … }`.
 *
 * @param migrations what `migrate` takes
 * @param options what `migrate` takes
 */
export function withMigrations(
  migrations: MigrationInput,
  options?: MigrateOptions,
): <Class extends ObjectClass>(Class: Class) => ClassWithMigrations<Class>;
export function withMigrations(): unknown {
  throw new Error('not written yet');
}
