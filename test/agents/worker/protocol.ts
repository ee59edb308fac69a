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
  /** What the events found or threw, in the order in which they were sent; all but the first wait. */
  events: (Look | { error: string })[];
  /** What an event finds when the object wakes again with the same deploy. */
  again: Look | { error: string };
  /** The rows of p, c and g in the end. */
  kept: number[];
  /** How many migrations our ledger holds in the end; -1 where there is none. */
  applied: number;
}

/** What came of an object that is refused, and was then repaired. */
export interface Guarded {
  /** What the base class's own way to an object throws. */
  asked: string;
  inspected: { state: string; built: boolean; code: string | undefined; pending: number };
  preflight: string;
  /** The status of a request. */
  status: number;
  /** The rows of p, c and g. */
  kept: number[];
  /** What an event finds after the repair. */
  built: Look;
}
