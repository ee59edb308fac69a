// The words of a statement, where parentheses nest. No Worker needs this: it is for `check` and for rehearsals.

/**
 * Splits at the commas that stand in no parentheses.
 *
 * @param words words of a statement
 */
export function splitAtCommas(words: readonly string[]): string[][] {
  const parts: string[][] = [[]];
  let depth = 0;
  for (const word of words) {
    if (word === '(') depth++;
    if (word === ')') depth--;
    if (word === ',' && depth === 0) parts.push([]);
    else parts.at(-1)?.push(word);
  }
  return parts;
}

/**
 * The first place of a word that stands in no parentheses.
 *
 * @param words words of a statement
 * @param wanted what the word must match
 * @param from where to start looking
 * @returns -1 if there is none
 */
export function indexOutside(words: readonly string[], wanted: RegExp, from = 0): number {
  let depth = 0;
  return words.findIndex((word, at) => {
    if (word === '(') depth++;
    if (word === ')') depth--;
    return at >= from && depth === 0 && wanted.test(word);
  });
}
