// What the torture says to its Worker, and hears from it.
import type { DrizzleBundle0, DrizzleBundle1 } from '../../src/index.ts';

/** `drizzle` and `statements` are broken on purpose, to show that the torture finds it; `none` leaves objects alone. */
export type Runner = 'offramp' | 'drizzle' | 'statements' | 'none';

/** What every constructor does: the Worker finds it in its environment. */
export interface Deploy {
  runner: Runner;
  bundle: DrizzleBundle0 | DrizzleBundle1;
  drizzle: 'retire' | 'mirror';
}

/** One deploy in the life of an object before the torture. */
export type Step =
  | { migrator: 'drizzle 0.45'; bundle: DrizzleBundle0 }
  | { migrator: 'drizzle 1.0'; bundle: DrizzleBundle1 }
  | { migrator: 'ours'; bundle: DrizzleBundle0; drizzle: 'retire' | 'mirror' }
  | { migrator: 'none'; sql: string };

export interface Request {
  names: string[];
  /** How many are woken at a time; without it all are at once. */
  lanes?: number;
  /** For `none`: what to prepare every object with. */
  steps?: Step[];
}

/** A line of the answer, written as soon as the object has had its first event. */
export interface Report {
  name: string;
  /** What the constructor or the event threw. */
  error?: string;
  /** How many migrations this wake has run. */
  applied?: number;
  /** `PRAGMA foreign_keys` in an event: 1 if they are enforced. */
  foreignKeys?: number;
  /** Rows that `PRAGMA foreign_key_check` lists. */
  violations?: number;
}
