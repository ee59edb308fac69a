/** Milliseconds that a pace is taken over. */
const SPAN = 60_000;

/** How fast objects get through, and when the next may be woken. */
export class Pace {
  private readonly noted: { at: number; objects: number }[] = [];
  private from: number | undefined;

  /** The time from which on objects may be woken again. */
  freeAt = 0;

  /**
   * Objects are being woken: those that follow wait as the rate says.
   *
   * @param objects how many
   * @param rate how many a second; null for no limit
   * @param now the time
   */
  spend(objects: number, rate: number | null, now: number): void {
    this.from ??= now;
    this.freeAt = rate === null ? 0 : Math.max(now, this.freeAt) + (objects / rate) * 1000;
  }

  /** Objects got through. */
  note(objects: number, now: number): void {
    this.noted.push({ at: now, objects });
    this.dropOld(now);
  }

  /** How many got through in a second, over the last minute; undefined where nothing is known of it. */
  perSecond(now: number): number | undefined {
    this.dropOld(now);
    if (this.from === undefined || now <= this.from) return undefined;
    const objects = this.noted.reduce((sum, one) => sum + one.objects, 0);
    return objects / (Math.min(SPAN, now - this.from) / 1000);
  }

  /** Another run begins. */
  forget(): void {
    this.noted.length = 0;
    this.from = undefined;
    this.freeAt = 0;
  }

  private dropOld(now: number): void {
    while (this.noted[0] && this.noted[0].at < now - SPAN) this.noted.shift();
  }
}
