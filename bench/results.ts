import type { BASELINE, Contender, Migrator, Ours, Wrapped } from './contenders.ts';
import type { Rebuilder, Scene } from './scenes.ts';
import type { Spread } from './statistics.ts';

/** A time, and how many times that is the time of what it is compared with. */
export interface Timing<T extends string> {
  contender: T;
  /** How many migrations. */
  size: number;
  microseconds: Spread;
  ratio: Spread;
}

export interface RowCount {
  what: 'nothing to do' | 'fresh object' | 'adopt 0.x' | 'adopt 1.x';
  contender: string;
  size: number;
  read: number;
  written: number;
}

export interface Bundle {
  what: string;
  minified: number;
  gzipped: number;
  /** How much of it is messages of errors. */
  errorText?: { minified: number; gzipped: number };
  /** Compiled and evaluated in a new context of V8. */
  evaluateMicroseconds?: Spread;
}

/** A rebuild beside a million rows. */
export interface Rebuild {
  scene: Scene;
  by: Rebuilder;
  milliseconds: number;
  read: number;
  written: number;
  /** How much larger the runtime's process has ever been than before; null where the system does not tell. */
  grownMegabytes: number | null;
}

export type Left = 'Drizzle 0.45' | 'Drizzle 1.0 rc';

/** All that was measured; times in microseconds. */
export interface Results {
  machine: Record<string, string>;
  seconds: number;
  sizes: number[];
  /** Nothing to do, in one instance; the ratio is to a bare SELECT. */
  warm: Timing<Contender>[];
  /** An evicted object's wake; the ratio is to that of the same objects with a bare SELECT in the constructor. */
  cold: Timing<Migrator>[];
  /** A class behind `withMigrations` with nothing to do; the ratio is to one with a bare SELECT in its constructor. */
  wrapped: Timing<Wrapped>[];
  /** All migrations on a new object; the ratio is to their SQL alone. */
  fresh: Timing<Migrator | typeof BASELINE>[];
  /** The first wake of an object that Drizzle left; the ratio is to its wake with a bare SELECT. */
  adoption: (Timing<Migrator> & { left: Left })[];
  rows: RowCount[];
  rebuilds: Rebuild[];
  bundles: Bundle[];
  /** An isolate's first call, with 1,000 migrations of 5 KB. */
  firstWake: { form: Ours; size: number; bytes: number; microseconds: Spread }[];
}
