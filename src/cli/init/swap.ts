// From a source that calls Drizzle's migrator to the same with ours: another import, and one more argument. Pure.
import {
  type Block,
  blocksAfter,
  closing,
  holds,
  lineAt,
  type Source,
  toSource,
} from '../check/source.ts';

/** A call of Drizzle's migrator, and where it stands. */
export interface Call {
  /** Its line, from 1. */
  readonly line: number;
  /** The class around it, or null. */
  readonly class: string | null;
  /** What the class extends, or null. */
  readonly base: string | null;
  /** The method around it, or null. */
  readonly method: string | null;
  /** The option that mirrors Drizzle's ledger: it is added; the call passes options already; or nobody can tell where to. */
  readonly option: 'added' | 'passed' | 'unclear';
}

/** One place that changes. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** What swapping comes to in one source. */
export interface Swap {
  readonly edits: readonly Edit[];
  readonly calls: readonly Call[];
}

const THEIRS = 'drizzle-orm/durable-sqlite/migrator';
const OURS = 'drizzle-offramp/durable-sqlite/migrator';

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&');
const QUOTED = `(?:'${escaped(THEIRS)}'|"${escaped(THEIRS)}")`;
const NAMED = new RegExp(
  `import\\s*\\{([^}]*)\\}\\s*from\\s*${QUOTED}|\\{([^{}]*)\\}\\s*=\\s*await\\s+import\\s*\\(\\s*${QUOTED}`,
  'g',
);
/** What stands before a module's name where it is imported, exported from or required. */
const BEFORE = /\b(?:from|import|import\s*\(|require\s*\()\s*$/;
const WHOLE = new RegExp(`import\\s*\\*\\s*as\\s+(\\w+)\\s+from\\s*${QUOTED}`, 'g');

/** A name of the migrator in a list of names: `migrate`, `migrate as run`, or `migrate: run`. */
const NAME = /(?:^|,)\s*migrate\b(?:\s*(?:\bas\b|:)\s*(\w+))?\s*(?=,|$)/;

/** What the source calls the migrator: as it stands before the bracket. */
const namesOf = ({ code }: Source): string[] => [
  ...Array.from(code.matchAll(NAMED), (match) => NAME.exec(match[1] ?? match[2] ?? '')).flatMap(
    (found) => (found === null ? [] : (found[1] ?? 'migrate')),
  ),
  ...Array.from(code.matchAll(WHOLE), ([, name]) => `${name}.migrate`),
];

/** The offsets past each argument of a call, and whether a comma follows the last one. */
function argumentsOf(bare: string, open: number): { ends: number[]; trailing: boolean } {
  const close = closing(bare, open) - 1;
  const ends: number[] = [];
  let start = open + 1;
  let at = start;
  const take = (): void => {
    if (bare.slice(start, at).trim() !== '')
      ends.push(start + bare.slice(start, at).trimEnd().length);
    start = at + 1;
  };
  while (at < close) {
    const character = bare[at] as string;
    if ('([{'.includes(character)) at = closing(bare, at);
    else {
      if (character === ',') take();
      at++;
    }
  }
  const trailing = bare.slice(start, close).trim() === '';
  take();
  return { ends, trailing };
}

/** What is added behind the last argument: on a line of its own where each argument has one. */
function optionBehind(text: string, end: number, trailing: boolean, quote: string): string {
  const option = `{ drizzle: ${quote}mirror${quote} }`;
  const lineStart = text.lastIndexOf('\n', end) + 1;
  const indent = /^\s*/.exec(text.slice(lineStart))?.[0] ?? '';
  return trailing ? `,\n${indent}${option}` : `, ${option}`;
}

const CLASS =
  /\bclass\b(?:\s+(?!extends\b)(\w+))?(?:<[^{}]*?(?:\{[^{}]*\}[^{}]*?)*>)?(?:\s*extends\s+([\w.]+))?[^{]*\{/g;
const METHOD =
  /(?<![\w$.])(?!(?:if|for|while|switch|catch|function|return)\b)#?[\w$]+\s*\([^()]*(?:\([^()]*\)[^()]*)*\)\s*(?::[^{};]*)?\{/g;

/** The innermost of some blocks around an offset. */
const innermost = (blocks: readonly Block[], offset: number): Block | undefined =>
  blocks.filter((block) => holds(block, offset)).sort((a, b) => b.start - a.start)[0];

/** The match of a pattern that ends at an offset. */
const matchAt = (bare: string, pattern: RegExp, end: number): RegExpExecArray | undefined =>
  Array.from(bare.matchAll(pattern)).find(({ index, 0: text }) => index + text.length - 1 === end);

/** The class and the method around a call. */
function placeOf({ bare }: Source, call: number): Pick<Call, 'class' | 'base' | 'method'> {
  const found = innermost(blocksAfter(bare, CLASS), call);
  if (found === undefined) return { class: null, base: null, method: null };
  const [, name, base] = matchAt(bare, CLASS, found.start) ?? [];
  // The outermost in the class: what is inside of it are callbacks.
  const [method] = blocksAfter(bare, METHOD)
    .filter((block) => holds(found, block.start) && holds(block, call))
    .sort((a, b) => a.start - b.start);
  const head = method && matchAt(bare, METHOD, method.start)?.[0];
  return {
    class: name ?? null,
    base: base ?? null,
    method: /#?[\w$]+/.exec(head ?? '')?.[0] ?? null,
  };
}

/**
 * What must change in a source so that it calls our migrator in place of Drizzle's, with Drizzle's ledger mirrored.
 *
 * @param file the source's path
 * @param text its text
 * @returns undefined if it does not import Drizzle's migrator
 */
export function swap(file: string, text: string): Swap | undefined {
  const source = toSource(file, text);
  // Where the text has blanks, the name stands inside another text.
  const imports = Array.from(source.code.matchAll(new RegExp(QUOTED, 'g'))).filter(
    ({ index }) => source.bare[index] !== ' ' && BEFORE.test(source.bare.slice(0, index)),
  );
  if (imports.length === 0) return undefined;
  const edits: Edit[] = imports.map(({ index }) => ({
    start: index + 1,
    end: index + 1 + THEIRS.length,
    text: OURS,
  }));
  const quote = imports[0]?.[0][0] ?? "'";
  const calls = namesOf(source).flatMap((name) =>
    Array.from(
      source.bare.matchAll(new RegExp(`(?<![\\w$.])${escaped(name)}\\s*\\(`, 'g')),
      ({ 0: head, index }): Call => {
        const { ends, trailing } = argumentsOf(source.bare, index + head.length - 1);
        const end = ends[1];
        const isSpread = source.bare.slice(index, end).includes('...');
        const fits = ends.length === 2 && end !== undefined && !isSpread;
        if (fits) edits.push({ start: end, end, text: optionBehind(text, end, trailing, quote) });
        const option = fits ? 'added' : ends.length > 2 && !isSpread ? 'passed' : 'unclear';
        return { line: lineAt(text, index), ...placeOf(source, index), option };
      },
    ),
  );
  return {
    edits: edits.sort((a, b) => a.start - b.start),
    calls: calls.sort((a, b) => a.line - b.line),
  };
}

/**
 * A text with edits made.
 *
 * @param text the text
 * @param edits the edits, by their place
 */
export function withEdits(text: string, edits: readonly Edit[]): string {
  let result = '';
  let from = 0;
  for (const { start, end, text: other } of edits) {
    result += text.slice(from, start) + other;
    from = end;
  }
  return result + text.slice(from);
}
