// Values as they are written into a module.

const ESCAPES: Record<string, string> = { '\r': '\\r', '`': '\\`', '\\': '\\\\', '${': '\\${' };

// A carriage return would be read back as a newline. White space before a line's end is what editors take away, and
// control characters are what they do not show.
const SPECIAL = /[`\\]|\$\{|[ \t](?=[ \t]*(?:\r?\n|$))|[^\P{Cc}\n\t]|[\ufeff\u2028\u2029]/gu;

const escaped = (found: string): string =>
  ESCAPES[found] ??
  (found <= '\xff'
    ? `\\x${found.charCodeAt(0).toString(16).padStart(2, '0')}`
    : `\\u${found.charCodeAt(0).toString(16)}`);

/**
 * A text as a template literal that has the very same characters; its lines stay lines, and the first one starts
 * where the others do.
 *
 * @param text any text
 */
export function template(text: string): string {
  const safe = text.replace(SPECIAL, escaped);
  // A backslash at a line's end joins it with the next one.
  return `\`${text.includes('\n') ? '\\\n' : ''}${safe}\``;
}

/**
 * A text as a string in single quotes.
 *
 * @param text a text of one line
 */
export const string = (text: string): string =>
  `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
