// Who is measured, by the name that tables and charts show. `worker/calls.ts` has the calls.

/** One indexed row, which is the least that any check can cost. */
export const FLOOR = 'bare SELECT';

/** Our `migrate`, with each form of input. */
export const OURS = [
  'bundle 0.x',
  'bundle 1.x',
  'record',
  'converted module',
  'inline record',
] as const;
/** A record that the constructor writes out: a new object on each wake. */
export const INLINE = 'inline record';
export const CONVERTED = 'converted module';

/** A converted module with a baseline at its last migration: measured in new objects, as others do not see it. */
export const BASELINE = 'with a baseline';

export const DRIZZLE_0 = 'Drizzle 0.45';
export const DRIZZLE_1 = 'Drizzle 1.0 rc';
export const DURABLE_UTILS = 'durable-utils';
/** Its documented behaviour: the package is not on the registry. */
export const DO_ORM = 'do-orm (double)';

export const OTHERS = [DRIZZLE_0, DRIZZLE_1, DURABLE_UTILS, DO_ORM] as const;

export type Ours = (typeof OURS)[number];
export type Migrator = Ours | (typeof OTHERS)[number];
export type Contender = typeof FLOOR | Migrator;

export const MIGRATORS: readonly Migrator[] = [...OURS, ...OTHERS];

export const isOurs = (contender: string): contender is Ours =>
  (OURS as readonly string[]).includes(contender);

/** The class behind `withMigrations`, with a record. */
export const WRAPPED = 'withMigrations';
/** What is measured of it. */
export type Wrapped = 'constructed' | 'woken by name' | 'woken by id';

/** What runs in a constructor: a contender, or the migrations' SQL alone; or a class that is constructed in a loop. */
export type Job =
  | Contender
  | typeof WRAPPED
  | typeof BASELINE
  | 'built by withMigrations'
  | 'built with a bare SELECT'
  | 'bare exec'
  | 'nothing';

/** These need `blockConcurrencyWhile` around them. */
export const isAsync = (job: Job): boolean => job === DRIZZLE_0 || job === DURABLE_UTILS;
