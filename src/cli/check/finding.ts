/**
 * `error`: objects will throw or lose something; `warning`: they may, or it depends on who runs the migrations; `data`:
 * it depends on the rows that an object has, and a query tells.
 */
export type Severity = 'error' | 'warning' | 'data';

/** One thing that would go wrong in a fleet. */
export interface Finding {
  /** A constant in capitals that never changes, such as `'OUT_OF_ORDER'`. */
  readonly code: string;
  readonly severity: Severity;
  /** The file it stands in, as a path. */
  readonly file: string;
  /** The line of the SQL statement or of the journal's entry, from 1. */
  readonly line: number;
  /** What was found, in a sentence. */
  readonly message: string;
  /** What it does to objects, in a sentence. */
  readonly effect: string;
  /** What to do about it, in a sentence; null where the message tells it. */
  readonly fix: string | null;
  /** Finds the rows that it depends on, in the schema before the migration; absent where no query can. */
  readonly query?: string;
}

const place = ({ file, line }: Finding): string => `${file}\n${String(line).padStart(9, '0')}`;

/**
 * Sorts findings by file and line; those of one line stay in their order.
 *
 * @param findings the findings of all checks
 */
export const sortFindings = (findings: readonly Finding[]): Finding[] =>
  findings.toSorted((a, b) => (place(a) < place(b) ? -1 : place(a) > place(b) ? 1 : 0));

/**
 * How many findings there are of one severity.
 *
 * @param findings any findings
 * @param severity the severity to count
 */
export const count = (findings: readonly Finding[], severity: Severity): number =>
  findings.filter((finding) => finding.severity === severity).length;
