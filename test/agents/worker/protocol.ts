/** What one event found when it began. */
export interface Look {
  enforced: boolean;
  /** `refused`, `taken`, or what SQLite said. */
  orphan: string;
  /** The rows of p, c and g; -1 where there is no table. */
  rows: number[];
}

/** What came of one deploy to one object. */
export interface Outcome {
  /** What the events found or threw, and how many did: the first one, and the 30 that waited. */
  looks: Record<string, number>;
  /** The rows of p, c and g in the end. */
  kept: number[];
  /** How many tables the base class has made. */
  base: number;
  /** How many migrations our ledger holds in the end. */
  applied: number;
}
