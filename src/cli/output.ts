import Table from 'cli-table3';
import colours from 'picocolors';

/** What a command ends with: all is well, it found something, or it could not run. */
export const EXIT = { ok: 0, found: 1, failed: 2 } as const;

/** An error of the command line that the user can do something about: its message is printed without a stack. */
export class CliError extends Error {
  /** The exit status that it makes. */
  exitCode: number = EXIT.failed;

  /**
   * @param message what was found, where (file and line), and what to do next; a line for each thing found
   * @param options the cause, where something else was thrown
   */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** Colours for what goes to stdout; none unless it is a terminal. FORCE_COLOR and NO_COLOR are heard. */
export const paint = colours.createColors(
  process.env.NO_COLOR ? false : Boolean(process.env.FORCE_COLOR) || process.stdout.isTTY === true,
);

/**
 * Prints lines to stdout.
 *
 * @param lines the lines, without their ends
 */
export function print(...lines: string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}

/**
 * Prints a line to stderr, where neither a pipe nor `--json` takes it for the result.
 *
 * @param message what happened; it may have several lines
 */
export function warn(message: string): void {
  process.stderr.write(`warning: ${message}\n`);
}

/**
 * Prints an error to stderr, each line of its message as one.
 *
 * @param message what was found, where, and what to do next
 */
export function printError(message: string): void {
  process.stderr.write(message.replace(/^(?=\S)/gm, 'error: ').concat('\n'));
}

/**
 * Prints a value for machines: JSON on stdout.
 *
 * @param value any value that JSON can hold
 */
export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

/**
 * Lays rows out in columns, without lines between them.
 *
 * @param head the columns' names
 * @param rows the rows, each with as many cells
 * @returns the table, of one line a row and one for the head
 */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const plain = Object.fromEntries(
    [
      ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left'],
      ['bottom-right', 'left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid'],
    ]
      .flat()
      .map((part) => [part, '']),
  );
  const made = new Table({
    head: [...head],
    chars: { ...plain, middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0, compact: true },
  });
  made.push(...rows.map((row) => [...row]));
  return made
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/**
 * A count with its noun.
 *
 * @param count how many
 * @param noun the noun in the singular, which takes an s in the plural
 */
export const plural = (count: number, noun: string): string =>
  `${count} ${noun}${count === 1 ? '' : 's'}`;
