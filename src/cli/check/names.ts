/**
 * A name or a text without its quotes.
 *
 * @param word one of the `words` of a statement
 */
export const unquote = (word: string): string => {
  const [open] = word;
  if (open === '[') return word.slice(1, -1);
  if (open !== '"' && open !== "'" && open !== '`') return word;
  return word.slice(1, -1).replaceAll(open + open, open);
};

/**
 * Names as a message has them: `a`, `a and b`, `a, b and c`.
 *
 * @param names any names
 */
export const listOf = (names: readonly string[]): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
