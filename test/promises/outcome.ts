// How an outcome is held against what is recorded, and how it reaches the reporter.
import { expect, type TestContext } from 'vitest';
import type { Defect, Innocent, Tool } from './case.ts';

/** What a tool made of a case. */
export interface Outcome {
  readonly tool: Tool;
  readonly kind: 'defect' | 'innocent';
  readonly what: string;
  /** Whether the tool did what it should. */
  readonly right: boolean;
  /** Why it is known not to. */
  readonly recorded: string | undefined;
  /** The words that were looked for. */
  readonly names: string;
  /** What the tool said. */
  readonly said: string;
}

declare module 'vitest' {
  interface TaskMeta {
    outcome?: Outcome;
  }
}

/** The words that a tool should say of a defect. */
export const wordsOf = ({ names }: Defect, tool: Tool): string =>
  typeof names === 'string' ? names : names[tool];

/** Whether all the words stand in a text, in whatever case. */
export const hasWords = (text: string, words: string): boolean =>
  words.split(' ').every((word) => text.toLowerCase().includes(word.toLowerCase()));

/** Fails where the outcome is not the recorded one. */
function settle({ task }: TestContext, outcome: Outcome): void {
  task.meta.outcome = outcome;
  const wrong = outcome.kind === 'defect' ? 'missed' : 'false';
  const found = outcome.right ? 'right' : `${wrong}: ${outcome.said}`;
  if (outcome.recorded === undefined) expect(found).toBe('right');
  else expect(found, 'It is recorded as wrong: take that out.').not.toBe('right');
}

export const settleDefect = (
  context: TestContext,
  tool: Tool,
  defect: Defect,
  right: boolean,
  said: string,
): void =>
  settle(context, {
    tool,
    kind: 'defect',
    what: defect.what,
    right,
    recorded: defect.missed?.[tool],
    names: wordsOf(defect, tool),
    said,
  });

export const settleInnocent = (
  context: TestContext,
  tool: Tool,
  innocent: Innocent,
  right: boolean,
  said: string,
): void =>
  settle(context, {
    tool,
    kind: 'innocent',
    what: innocent.what,
    right,
    recorded: innocent.false?.[tool],
    names: '',
    said,
  });
