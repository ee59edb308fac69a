// How far a run is, on stderr: one line that is written over in a terminal, and a line now and then elsewhere.
import type { RunStatus } from '../../fleet/protocol.ts';
import { count, doneOf, duration, percent } from '../../fleet/report-words.ts';
import { oneLine } from './text.ts';

/** Milliseconds between two lines where none can be written over. */
const PAUSE = 30_000;

/** How many codes of failures are named. */
const CODES = 3;

/** How many objects there will be: of those that are not listed yet, the first digits of the last id tell. */
function expected({ counts: { listed }, listings, range }: RunStatus): number | null {
  const first = listings[0];
  if (first === undefined || first.completeAt !== null) return listed;
  if (first.last === null || range.from !== null) return null;
  const share = (digits: string): number =>
    Number.parseInt(digits.padEnd(8, '0').slice(0, 8), 16) / 2 ** 32;
  const listedShare = share(first.last) / (range.to === null ? 1 : share(range.to));
  return listedShare > 0 ? Math.round(listed / Math.min(1, listedShare)) : null;
}

/**
 * How far a run is, in a line.
 *
 * @param status how it stands
 */
export function progressOf(status: RunStatus): string {
  const { counts, failures, perSecond, secondsLeft, listings } = status;
  const done = doneOf(counts);
  const whole = expected(status);
  const isListing = listings.at(-1)?.completeAt === null;
  const of =
    whole === null
      ? ''
      : ` of ${listings[0]?.completeAt === null ? 'about ' : ''}${count(whole)} (${percent(done, whole)})`;
  const codes = failures.slice(0, CODES).map(({ code, objects }) => `${code} ${count(objects)}`);
  const more = failures.length > CODES ? ', …' : '';
  const parts = [
    `${count(done)}${of} done`,
    `${count(perSecond, perSecond < 10 ? 1 : 0)}/s`,
    ...(secondsLeft === null || secondsLeft <= 0 ? [] : [`${duration(secondsLeft)} left`]),
    ...(counts.failed > 0 ? [`${count(counts.failed)} failed: ${codes.join(', ')}${more}`] : []),
    ...(counts.later > 0 ? [`${count(counts.later)} with old code, tried later`] : []),
    ...(counts.again > 0 ? [`${count(counts.again)} tried again`] : []),
    ...(isListing ? [`listing ${listings.length}: ${count(listings.at(-1)?.objects ?? 0)}`] : []),
  ];
  return oneLine(parts.join('  '));
}

/** Shows how far a run is. */
export class Progress {
  readonly #isTerminal = process.stderr.isTTY === true && process.env.TERM !== 'dumb';
  #width = 0;
  #shownAt = Date.now();

  /** @param status how the run stands */
  show(status: RunStatus): void {
    const { stderr } = process;
    if (this.#isTerminal) {
      const text = [...progressOf(status)]
        .slice(0, Math.max(20, (stderr.columns ?? 80) - 1))
        .join('');
      stderr.write(`\r${text.padEnd(this.#width)}`);
      this.#width = text.length;
    } else if (Date.now() - this.#shownAt >= PAUSE) {
      stderr.write(`${progressOf(status)}\n`);
      this.#shownAt = Date.now();
    }
  }

  /** Takes the line away. */
  clear(): void {
    if (this.#width > 0) process.stderr.write(`\r${' '.repeat(this.#width)}\r`);
    this.#width = 0;
  }
}
