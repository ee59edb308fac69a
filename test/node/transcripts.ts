// The transcripts in the manual: blocks that start with a command and show what it prints.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

/** A command in the manual, and what the manual says that it prints. */
export interface Transcript {
  /** What stands behind `$ npx drizzle-offramp `. */
  readonly command: string;
  readonly output: string;
}

/** The blocks of a command. */
const blockOf = (name: string): RegExp =>
  new RegExp(`^\`\`\`\\n\\$ npx drizzle-offramp (${name} .*)\\n([\\s\\S]*?)^\`\`\`$`, 'gm');

/**
 * The transcripts of a page, in their order.
 *
 * @param page the page's path, from the repository
 * @param name the command
 */
export function transcriptsOf(page: string, name = 'object'): Transcript[] {
  const text = readFileSync(join(root, page), 'utf8');
  return Array.from(text.matchAll(blockOf(name)), ([, command = '', output = '']) => ({
    command,
    output: output.trimEnd(),
  }));
}

/** A line that stands for one or more lines which a page leaves out. */
const LEFT_OUT = /^ *…$/;

/**
 * What a page shows of an output, if that is still right; else the whole output.
 *
 * @param printed what the command prints
 * @param shown what the page says that it prints, with lines left out
 */
export function abridged(printed: string, shown: string): string {
  const lines = shown
    .split('\n')
    .map((line) =>
      LEFT_OUT.test(line) ? '(?:.*\\n)+?' : `${line.replaceAll(/[^\w\s]/g, '\\$&')}\\n`,
    );
  return new RegExp(`^${lines.join('')}$`).test(`${printed}\n`) ? shown : printed;
}

/**
 * Writes what commands print now into a page.
 *
 * @param page the page's path, from the repository
 * @param outputs what the commands of its transcripts print, in their order
 * @param name the command
 */
export function writeTranscripts(page: string, outputs: readonly string[], name = 'object'): void {
  const file = join(root, page);
  let at = 0;
  const text = readFileSync(file, 'utf8').replaceAll(
    blockOf(name),
    (_, command) => `\`\`\`\n$ npx drizzle-offramp ${command}\n${outputs[at++]}\n\`\`\``,
  );
  writeFileSync(file, text);
}

/**
 * A command line as a shell splits it.
 *
 * @param command words, some of them in single or double quotes
 */
export const splitCommand = (command: string): string[] =>
  Array.from(command.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g), ([, one, two, bare]) =>
    String(one ?? two ?? bare),
  );
