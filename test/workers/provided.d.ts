declare module 'vitest' {
  interface ProvidedContext {
    /** How many times as many random cases as in CI: RANDOM_FACTOR in the environment. */
    randomFactor: number;
  }
}

export {};
