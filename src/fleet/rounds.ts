/** Milliseconds after a round in which other requests come in: without them an alarm lets none in until it is done. */
const PAUSE = 20;
/** Milliseconds after which the timer of a pause is late. */
const LATE = 100;
/** Milliseconds that a round waits for a page. */
const ROUND = 500;

/**
 * Pages that are worked through in rounds. Those of a round end together, so that there is one pause for all of them; a
 * page that is slow keeps no other waiting. A round has twice as many new pages as the one before, unless timers come
 * late: then other requests come late too, as where all objects share one processor, and it has half as many.
 */
export class Rounds {
  private readonly underWay = new Set<Promise<void>>();
  private most = 1;
  private failure: { readonly error: unknown } | undefined;

  /** Whether a page has thrown. */
  get hasFailed(): boolean {
    return this.failure !== undefined;
  }

  /** Whether no page is under way. */
  get isIdle(): boolean {
    return this.underWay.size === 0;
  }

  /**
   * Begins new pages.
   *
   * @param atOnce how many may be under way, with those of earlier rounds
   * @param next begins one; undefined if there is none
   */
  begin(atOnce: number, next: () => Promise<void> | undefined): void {
    for (let begun = 0; begun < this.most && this.underWay.size < atOnce; begun++) {
      const page = next();
      if (page === undefined) return;
      const working = page
        .catch((error: unknown) => {
          this.failure ??= { error };
        })
        .finally(() => this.underWay.delete(working));
      this.underWay.add(working);
    }
  }

  /**
   * Waits until the round is over, and for the pause.
   *
   * @param atOnce how many pages may be under way
   */
  async end(atOnce: number): Promise<void> {
    const begunAt = Date.now();
    const timer = scheduler.wait(PAUSE).then(() => Date.now() - begunAt);
    await Promise.race([Promise.all(this.underWay), scheduler.wait(ROUND)]);
    await scheduler.wait(PAUSE);
    const isLate = (await timer) > LATE;
    this.most = isLate ? Math.max(1, this.most >> 1) : Math.min(atOnce, this.most * 2);
  }

  /**
   * Waits for all pages that are under way.
   *
   * @throws what the first page threw that did
   */
  async over(): Promise<void> {
    await Promise.all(this.underWay);
    if (this.failure) throw this.failure.error;
  }
}
