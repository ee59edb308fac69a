/** The object that is rehearsed on, as whoever has it at hand lets it be driven. */
export interface Stage {
  /**
   * Runs a function in the object, in an event of its own; where there is no instance, one is built first. Rejects with
   * what the function or the constructor throws.
   */
  enter<T>(act: (ctx: DurableObjectState) => T | Promise<T>): Promise<T>;
  /** Ends the instance, so that the next event builds a new one over the same storage. */
  evict(): Promise<void>;
  /** Goes on with an object that nobody has touched: the constructor of the one at hand throws. */
  replace(): void;
}
