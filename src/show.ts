/** How much of a value a message repeats, in characters. */
const SHOWN = 200;

/**
 * A value of any kind as a message shows it.
 *
 * @param value what was found
 */
export function show(value: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch {
    // A bigint, or an object that holds itself.
  }
  text ??= typeof value === 'object' ? 'an object' : String(value);
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}
