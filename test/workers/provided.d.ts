declare module 'vitest' {
  interface ProvidedContext {
    /** The baselines of each history by its name, one for each point. */
    baselines: Record<string, string[]>;
    /** How many times as many random cases as in CI: RANDOM_FACTOR in the environment. */
    randomFactor: number;
  }
}

export {};
