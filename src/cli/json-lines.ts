// Where things stand in the text of a journal, which JSON.parse does not tell.

// https://www.rfc-editor.org/rfc/rfc8259
const TOKEN = /[ \t\r\n]*(?:[{}[\],:]|"(?:[^"\\\n]|\\.)*"|-?\d[\d.eE+-]*|true\b|false\b|null\b|$)/y;

/** Lines of a JSON text, from 1. */
export interface JsonPlaces {
  /**
   * The line of an element of the top-level list `entries`.
   *
   * @param position its position in the list, from 0
   * @returns 1 if there is none
   */
  lineOfEntry(position: number): number;
  /**
   * The line that JSON.parse stumbled over.
   *
   * @param message what it threw
   */
  lineOfError(message: string): number;
}

/**
 * Finds the places of a journal's entries and of what is no JSON.
 *
 * @param text the journal's text, be it JSON or not
 */
export function placesOf(text: string): JsonPlaces {
  const lineAt = (offset: number): number => text.slice(0, offset).split('\n').length;
  const starts: number[] = [];
  let depth = 0;
  let inEntries = false;
  let before: string[] = [];
  let end = 0;
  for (TOKEN.lastIndex = 0; end < text.length; end = TOKEN.lastIndex) {
    const found = TOKEN.exec(text)?.[0];
    if (found === undefined) break;
    const token = found.trim();
    if (inEntries && depth === 2 && /^[^\],]/.test(token)) {
      starts.push(end + found.length - token.length);
    }
    if (token === '[' && depth === 1 && before.join('') === '"entries":') inEntries = true;
    if (/^[{[]$/.test(token)) depth++;
    if (/^[}\]]$/.test(token)) depth--;
    inEntries &&= depth >= 2;
    before = [...before, token].slice(-2);
  }
  // Where the loop stopped, white space may stand before what is no token.
  const stopped = end + (/^\s*/.exec(text.slice(end))?.[0].length ?? 0);
  return {
    lineOfEntry: (position) => lineAt(starts[position] ?? 0),
    lineOfError: (message) => {
      const position = /at position (\d+)/.exec(message)?.[1];
      return lineAt(position === undefined ? Math.min(stopped, text.length) : Number(position));
    },
  };
}
