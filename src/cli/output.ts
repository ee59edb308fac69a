// What commands print: text for people, as wide as their terminal and in colours where it has any, or JSON.
import { stripVTControlCharacters, styleText } from 'node:util';
import { layOut } from '../base/columns.ts';

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

  /** What `--json` prints beside the message. */
  get fields(): object {
    return {};
  }
}

/** No folder of migrations can be told from the configs that stand here: there may be a module instead. */
export class NoFolderError extends CliError {}

const style =
  (format: Parameters<typeof styleText>[0]) =>
  (text: string): string =>
    styleText(format, text);

/** Colours for what goes to stdout; none unless it is a terminal that has some. FORCE_COLOR and NO_COLOR are heard. */
export const paint = {
  bold: style('bold'),
  dim: style('dim'),
  underline: style('underline'),
  red: style('red'),
  green: style('green'),
  yellow: style('yellow'),
  cyan: style('cyan'),
} as const;

/** How wide a line can be, in characters: as wide as the terminal, or as COLUMNS says; any line where neither is. */
function widthOfOutput(stream: NodeJS.WriteStream): number {
  const width = stream.isTTY ? stream.columns : Number(process.env.COLUMNS);
  return width > 0 ? width : Number.POSITIVE_INFINITY;
}

const widthOf = (text: string): number => [...stripVTControlCharacters(text)].length;

/**
 * Breaks a line between words, so that no terminal breaks it inside one. What follows is indented as the line's text is.
 *
 * @param line a text of one line; colours in it count for nothing
 * @param width how wide a line can be, in characters
 * @returns lines, of which one is wider only where a word is
 */
export function wrap(line: string, width: number): string[] {
  // A command stays in one line, so that it can be copied.
  if (widthOf(line) <= width || /^ *npx /.test(line)) return [line];
  const start = /^ *(?:- )?/.exec(line)?.[0] ?? '';
  const indent = ' '.repeat(start.length);
  const lines: string[] = [];
  let current = start;
  // Several spaces in a row stand between columns, and stay as they are.
  for (const part of line.slice(start.length).split(/(?<=\S)(?= )/)) {
    if (current.trim() !== '' && widthOf(current + part) > width) {
      lines.push(current);
      current = indent + part.trimStart();
    } else current += part;
  }
  return [...lines, current];
}

function write(stream: NodeJS.WriteStream, text: string): void {
  const width = widthOfOutput(stream);
  const lines = text.split('\n').flatMap((line) => wrap(line, width));
  stream.write(`${lines.join('\n')}\n`);
}

/**
 * Prints lines to stdout.
 *
 * @param lines the lines, without their ends
 */
export function print(...lines: string[]): void {
  write(process.stdout, lines.join('\n'));
}

/**
 * Prints a line to stderr, where neither a pipe nor `--json` takes it for the result.
 *
 * @param message what happened; it may have several lines
 */
export function warn(message: string): void {
  write(process.stderr, `warning: ${message}`);
}

/**
 * Prints to stderr what a command took for granted.
 *
 * @param message what was taken, in a sentence
 */
export function note(message: string): void {
  write(process.stderr, `note: ${message}`);
}

/**
 * Prints an error to stderr, each line of its message as one.
 *
 * @param message what was found, where, and what to do next
 */
export function printError(message: string): void {
  write(process.stderr, message.replace(/^(?=\S)/gm, 'error: '));
}

/** From how many things on a command takes long enough to say how far it is. */
const WORTH_SHOWING = 100;

/**
 * Shows on stderr how far a command is, in one line that is gone in the end; nothing where that is no terminal.
 *
 * @param done how many things are done
 * @param total of how many
 */
export function showProgress(done: number, total: number): void {
  const { stderr } = process;
  if (total < WORTH_SHOWING || !stderr.isTTY || process.env.TERM === 'dumb') return;
  const text = `${done} of ${total}`;
  stderr.write(done < total ? `\r${text}` : `\r${' '.repeat(text.length)}\r`);
}

/** The version of what `--json` prints: a field that is renamed, taken away or given another meaning makes the next. */
const JSON_VERSION = 1;

/**
 * Prints a result for machines: JSON on stdout, with the version of its format.
 *
 * @param result the fields
 */
export function printJson(result: object): void {
  process.stdout.write(`${JSON.stringify({ version: JSON_VERSION, ...result }, null, 2)}\n`);
}

/** Breaks a cell between words. Where that is needed it loses its colour, which would run into the other columns. */
const wrapCell = (cell: string, width: number): string[] =>
  widthOf(cell) <= width ? [cell] : wrap(stripVTControlCharacters(cell), width);

const longestWord = (cell: string): number =>
  Math.max(...stripVTControlCharacters(cell).split(' ').map(widthOf));

/**
 * Indents each line of a text by two spaces.
 *
 * @param text the text
 */
export const indent = (text: string): string => text.replaceAll(/^(?=.)/gm, '  ');

/**
 * {@link table}, indented by two spaces.
 *
 * @param head as for `table`
 * @param rows as for `table`
 */
export const indentedTable = (
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string => indent(table(head, rows, widthOfOutput(process.stdout) - 2));

/**
 * Lays rows out in columns. Where they are wider than the terminal, the widest columns are broken between words.
 *
 * @param head the columns' names; none for a table without
 * @param rows the rows, each with as many cells
 * @param width how wide a line can be, in characters
 * @returns the table, without an end of the last line
 */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  width: number = widthOfOutput(process.stdout),
): string {
  const all = head.length > 0 ? [head, ...rows] : rows;
  const columns = (all[0] ?? []).map((_, i) => all.map((row) => row[i] ?? ''));
  const widths = columns.map((cells) => Math.max(...cells.map(widthOf)));
  const least = columns.map((cells) => Math.max(...cells.map(longestWord)));
  const excess = widths.reduce((sum, one) => sum + one, 2 * (widths.length - 1)) - width;
  for (let taken = 0; taken < excess; taken++) {
    const slack = widths.map((one, i) => one - (least[i] as number));
    const most = Math.max(...slack);
    if (most <= 0) break;
    const widest = slack.indexOf(most);
    widths[widest] = (widths[widest] as number) - 1;
  }
  const lines = all.flatMap((row) => {
    const cells = row.map((cell, i) => wrapCell(cell, widths[i] as number));
    const height = Math.max(...cells.map(({ length }) => length));
    return Array.from({ length: height }, (_, line) => cells.map((cell) => cell[line] ?? ''));
  });
  return layOut(lines, widthOf).join('\n');
}

/**
 * A count with its noun.
 *
 * @param count how many
 * @param noun the noun in the singular, which takes an s in the plural
 */
export const plural = (count: number, noun: string): string =>
  `${count} ${noun}${count === 1 ? '' : 's'}`;
