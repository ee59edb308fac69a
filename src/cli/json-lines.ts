// Where things stand in the text of a journal, which JSON.parse does not tell.
import { findNodeAtLocation, type ParseError, parseTree } from 'jsonc-parser';

/** Lines of a JSON text, from 1. */
export interface JsonPlaces {
  /**
   * The line of an element of the top-level list `entries`.
   *
   * @param position its position in the list, from 0
   * @returns 1 if there is none
   */
  lineOfEntry(position: number): number;
  /** The line of the first thing that is no JSON; 1 if all of it is. */
  lineOfError(): number;
}

/**
 * Finds the places of a journal's entries and of what is no JSON.
 *
 * @param text the journal's text, be it JSON or not
 */
export function placesOf(text: string): JsonPlaces {
  const lineAt = (offset: number): number => text.slice(0, offset).split('\n').length;
  const errors: ParseError[] = [];
  const tree = parseTree(text, errors, { disallowComments: true });
  return {
    lineOfEntry(position) {
      const entry = tree && findNodeAtLocation(tree, ['entries', position]);
      return lineAt(entry?.offset ?? 0);
    },
    lineOfError: () => lineAt(errors[0]?.offset ?? 0),
  };
}
