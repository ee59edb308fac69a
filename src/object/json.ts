/** How deep a command may be nested; the deepest that there is, a bundle to be tried, has five levels. */
const DEEPEST = 32;

/**
 * Whether a value from JSON is nested so deep that whatever walks over it, such as RPC, runs out of stack.
 *
 * @param value any value from JSON
 */
export function isTooDeep(value: unknown): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEEPEST) return true;
    level = level.flatMap((one) =>
      typeof one === 'object' && one !== null ? Object.values(one) : [],
    );
  }
  return false;
}

/** What to say of one. */
export const TOO_DEEP = `The body is nested more than ${DEEPEST} levels deep.`;
