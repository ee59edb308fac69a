// A change of a file as people and `git apply` read it.
import { type Edit, withEdits } from './swap.ts';

/** Lines that change: from which one on, what they were, and what they are. */
interface Change {
  /** The first line, from 0. */
  readonly from: number;
  readonly before: readonly string[];
  readonly after: readonly string[];
}

/** How many lines are shown around a change. */
const CONTEXT = 3;

/** Edits by the lines that they change; edits of one line together. */
function changesOf(text: string, edits: readonly Edit[]): Change[] {
  const lines = text.split('\n');
  const lineOf = (offset: number): number => text.slice(0, offset).split('\n').length - 1;
  const starts = [0];
  for (const line of lines) starts.push((starts.at(-1) as number) + line.length + 1);
  const groups: { first: number; last: number; edits: Edit[] }[] = [];
  for (const edit of edits) {
    const [first, last] = [lineOf(edit.start), lineOf(edit.end)];
    const group = groups.at(-1);
    if (group !== undefined && first <= group.last) {
      group.last = Math.max(group.last, last);
      group.edits.push(edit);
    } else groups.push({ first, last, edits: [edit] });
  }
  return groups.map(({ first, last, edits: own }) => {
    const base = starts[first] as number;
    const before = lines.slice(first, last + 1);
    const moved = own.map((edit) => ({ ...edit, start: edit.start - base, end: edit.end - base }));
    return { from: first, before, after: withEdits(before.join('\n'), moved).split('\n') };
  });
}

/**
 * The edits of a file as a unified diff.
 *
 * @param file the file's path, with slashes
 * @param text its text
 * @param edits the edits, by their place
 * @returns its lines, without their ends
 */
export function diffOf(file: string, text: string, edits: readonly Edit[]): string[] {
  const lines = text.split('\n');
  // What follows the last line end is no line.
  const count = lines.at(-1) === '' ? lines.length - 1 : lines.length;
  const hunks: Change[][] = [];
  for (const change of changesOf(text, edits)) {
    const last = hunks.at(-1)?.at(-1);
    const isNear =
      last !== undefined && change.from - (last.from + last.before.length) <= 2 * CONTEXT;
    if (isNear) hunks.at(-1)?.push(change);
    else hunks.push([change]);
  }
  const isWhole = lines.at(-1) === '';
  /** Marks the last line of a text that does not end with a line end. */
  const marked = (line: string, mark: string, isLast: boolean): string[] =>
    isLast && !isWhole ? [`${mark}${line}`, '\\ No newline at end of file'] : [`${mark}${line}`];
  let shift = 0;
  const out = [`--- a/${file}`, `+++ b/${file}`];
  for (const hunk of hunks) {
    const [first, last] = [hunk[0] as Change, hunk.at(-1) as Change];
    const from = Math.max(0, first.from - CONTEXT);
    const to = Math.min(count, last.from + last.before.length + CONTEXT);
    const body: string[] = [];
    let at = from;
    const context = (start: number, end: number): void => {
      for (let i = start; i < end; i++) {
        body.push(...marked(lines[i] as string, ' ', i === count - 1));
      }
    };
    for (const { from: start, before, after } of hunk) {
      context(at, start);
      at = start + before.length;
      const isEnd = at === count;
      body.push(
        ...before.flatMap((line, i) => marked(line, '-', isEnd && i === before.length - 1)),
        ...after.flatMap((line, i) => marked(line, '+', isEnd && i === after.length - 1)),
      );
    }
    context(at, to);
    const grown = hunk.reduce((sum, { before, after }) => sum + after.length - before.length, 0);
    out.push(`@@ -${from + 1},${to - from} +${from + 1 + shift},${to - from + grown} @@`, ...body);
    shift += grown;
  }
  return out;
}
