// Finds the entries of a module's record in its source, so that a command can change one and leave every other byte.

/** An entry as it stands in the source: offsets into the text. */
export interface SourceEntry {
  /** The key; of a spread or a computed key the text. */
  readonly key: string;
  /** Where its key starts. */
  readonly start: number;
  /** Where its value ends, before the comma. */
  readonly end: number;
}

/** A record as it stands in the source. */
export interface RecordSource {
  readonly entries: readonly SourceEntry[];
  /** Whether a comma stands after the last entry. */
  readonly comma: boolean;
  /** Where the brace stands that starts the record. */
  readonly open: number;
  /** Where the brace stands that ends it. */
  readonly close: number;
}

// Comments, strings, the start of a template, names and numbers, one of any other character.
const TOKEN =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^'\\]|\\[\s\S])*'|"(?:[^"\\]|\\[\s\S])*"|`|[\w$]+|\s+|[\s\S]/g;

interface Token {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/**
 * Where the braces close that open at an offset: past the last one.
 *
 * @param source a text of TypeScript or JavaScript
 * @param start the offset of the first brace
 */
export function endOfBraces(source: string, start: number): number {
  let depth = 0;
  for (const { text, end } of tokensFrom(source, start)) {
    if (text === '{') depth++;
    if (text === '}') depth--;
    if (depth === 0) return end;
  }
  return source.length;
}

/** Where a template ends that starts at an offset: past its backtick, whatever stands between `${` and `}`. */
function endOfTemplate(source: string, start: number): number {
  for (let at = start + 1; at < source.length; ) {
    if (source[at] === '`') return at + 1;
    if (source.startsWith('${', at)) at = endOfBraces(source, at + 1);
    else at += source[at] === '\\' ? 2 : 1;
  }
  return source.length;
}

/** A regular expression, which may hold quotes and braces. */
const PATTERN = /\/(?![*/])(?:[^\\/[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/\w*/y;

/** What a value stands behind: there a slash starts a regular expression, and behind anything else it divides. */
const BEFORE_VALUE = /^(?:[-(,=:[!&|?{}+*%<>~^;]|return|typeof|case|of|in|throw|yield|void)$/;

/** The tokens that mean something, a whole template as one. */
function* tokensFrom(source: string, from = 0): Generator<Token> {
  const scanner = new RegExp(TOKEN);
  scanner.lastIndex = from;
  let before = '(';
  for (let match = scanner.exec(source); match !== null; match = scanner.exec(source)) {
    const { 0: text, index: start } = match;
    if (/^(\s|\/\/|\/\*)/.test(text)) continue;
    if (text === '`') scanner.lastIndex = endOfTemplate(source, start);
    if (text === '/' && BEFORE_VALUE.test(before)) {
      PATTERN.lastIndex = start;
      scanner.lastIndex += (PATTERN.exec(source)?.[0].length ?? 1) - 1;
    }
    before = text;
    const end = scanner.lastIndex;
    yield { text: source.slice(start, end), start, end };
  }
}

/** The number of the token that opens the record: behind `export default`, or behind the name that this exports. */
function findOpening(tokens: readonly Token[]): number {
  const textAt = (at: number): string => tokens[at]?.text ?? '';
  const opening = (at: number): number => {
    if (textAt(at) === '{') return at;
    return /^define\w+$/.test(textAt(at)) && textAt(at + 1) === '(' && textAt(at + 2) === '{'
      ? at + 2
      : -1;
  };
  const exported = tokens.findIndex(
    ({ text }, at) => text === 'export' && textAt(at + 1) === 'default',
  );
  if (exported < 0) return -1;
  const direct = opening(exported + 2);
  if (direct >= 0) return direct;
  const name = textAt(exported + 2);
  const declared = tokens.findIndex(
    ({ text }, at) => /^(const|let|var)$/.test(text) && textAt(at + 1) === name,
  );
  if (declared < 0) return -1;
  // A type may stand between the name and the equals sign.
  const equals = tokens.findIndex(({ text }, at) => at > declared && text === '=');
  return equals < 0 ? -1 : opening(equals + 1);
}

const OPENS = new Set(['{', '[', '(']);
const CLOSES = new Set(['}', ']', ')']);

/**
 * Finds the record that a module exports by default: `export default { … }`, `export default defineMigrations({ … })`
 * (or `defineConfig`), or a constant of either form that is exported by its name.
 *
 * @param source the module's text, TypeScript or JavaScript
 * @returns undefined if no record is written out there
 */
export function findRecord(source: string): RecordSource | undefined {
  const tokens = [...tokensFrom(source)];
  const opening = findOpening(tokens);
  return opening < 0 ? undefined : readObject(tokens, opening);
}

/** The entries of an object that opens at a token. */
function readObject(tokens: readonly Token[], opening: number): RecordSource | undefined {
  const entries: SourceEntry[] = [];
  let first: Token | undefined;
  let last: Token | undefined;
  let depth = 0;
  const endEntry = (): void => {
    if (first === undefined || last === undefined) return;
    entries.push({
      key: first.text.replace(/^(['"])(.*)\1$/, '$2'),
      start: first.start,
      end: last.end,
    });
    first = undefined;
  };
  for (const token of tokens.slice(opening + 1)) {
    if (depth === 0 && token.text === '}') {
      const comma = first === undefined && entries.length > 0;
      endEntry();
      return { entries, comma, open: tokens[opening]?.start ?? 0, close: token.start };
    }
    if (depth === 0 && token.text === ',') {
      endEntry();
      continue;
    }
    if (OPENS.has(token.text)) depth++;
    if (CLOSES.has(token.text)) depth--;
    first ??= token;
    last = token;
  }
  return undefined;
}

/**
 * Writes a module's record anew where it changed: every byte outside the changed entries stays.
 *
 * @param source the module's text
 * @param record what {@link findRecord} found in it
 * @param changed the new text of entries that stand in it, by key: from the key to the value's end, with `\n`
 * @param added the texts of new entries, in order
 */
export function editRecord(
  source: string,
  record: RecordSource,
  changed: ReadonlyMap<string, string>,
  added: readonly string[],
): string {
  const eol = /\r?\n/.exec(source)?.[0] ?? '\n';
  // In a template a line's end is always \n to the program, whatever it is in the file.
  const local = (text: string): string => text.replaceAll('\n', eol);
  let result = '';
  let at = 0;
  for (const { key, start, end } of record.entries) {
    const text = changed.get(key);
    if (text === undefined) continue;
    result += source.slice(at, start) + local(text);
    at = end;
  }
  if (added.length === 0) return result + source.slice(at);
  const last = record.entries.at(-1);
  if (last !== undefined && !record.comma) {
    result += `${source.slice(at, last.end)},`;
    at = last.end;
  }
  const inside = source.slice(at, record.close);
  const tail = /\s*$/.exec(inside)?.[0] ?? '';
  const head = inside.slice(0, inside.length - tail.length);
  result += head + local(added.map((text) => `\n  ${text},`).join(''));
  return result + (tail.includes('\n') ? tail : eol) + source.slice(record.close);
}

/**
 * The object that an entry of a record is, in its long form.
 *
 * @param source the module's text
 * @param entry the entry
 * @returns undefined if its value is no object that is written out
 */
export function findEntryObject(
  source: string,
  { start, end }: SourceEntry,
): RecordSource | undefined {
  const tokens = [...tokensFrom(source.slice(0, end), start)];
  return tokens[1]?.text === ':' && tokens[2]?.text === '{' ? readObject(tokens, 2) : undefined;
}

/**
 * Takes a property out of an object, with the comma and the line that it leaves empty.
 *
 * @param source the module's text
 * @param object where the object stands
 * @param name the property's name; nothing is changed where the object does not have it
 */
export function withoutProperty(source: string, object: RecordSource, name: string): string {
  const property = object.entries.find(({ key }) => key === name);
  if (property === undefined) return source;
  const before = source.slice(0, property.start).replace(/[ \t]*$/, '');
  const after = source.slice(property.end).replace(/^\s*,/, '');
  return before + (before.endsWith('\n') ? after.replace(/^[ \t]*\r?\n/, '') : after);
}

/**
 * Puts a property into an object, before its last one.
 *
 * @param source the module's text
 * @param object where the object stands
 * @param text the property, without the comma behind it
 */
export function withProperty(source: string, object: RecordSource, text: string): string {
  const at = object.entries.at(-1)?.start ?? object.close;
  const indent = /(?:^|\n)([ \t]*)$/.exec(source.slice(0, at))?.[1];
  const eol = /\r?\n/.exec(source)?.[0] ?? '\n';
  // In an object on one line it goes on there.
  return `${source.slice(0, at)}${text},${indent === undefined ? ' ' : `${eol}${indent}`}${source.slice(at)}`;
}
