// HTML that cannot be broken by what stands in it: every value is escaped, unless it is HTML that was made here.

/** A piece of HTML. */
export class Markup {
  /** The HTML. */
  readonly text: string;

  /** @param text HTML, of which nothing came from outside unescaped */
  constructor(text: string) {
    this.text = text;
  }
}

/** What can stand in a piece of HTML: HTML as it is, a text or a number, which are escaped, or a list of these. */
export type Part = Markup | string | number | readonly Part[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Control characters, which no page may have, and halves of a character that lost the other. */
const UNPRINTABLE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for.
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

const escaped = (text: string): string =>
  text
    .replaceAll(UNPRINTABLE, '\ufffd')
    .replaceAll(/[&<>"']/g, (character) => ENTITIES[character] as string);

const toText = (part: Part): string => {
  if (part instanceof Markup) return part.text;
  if (typeof part === 'string') return escaped(part);
  return typeof part === 'number' ? String(part) : part.map(toText).join('');
};

/**
 * A template of HTML. Attributes must have quotes around them.
 *
 * @param strings what was written here
 * @param parts what is put between
 */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return new Markup(
    strings
      .map((string, i) => string + (i < parts.length ? toText(parts[i] as Part) : ''))
      .join(''),
  );
}

/**
 * The start of a text.
 *
 * @param text any text
 * @param length how many UTF-16 units of it are shown at most
 */
export const cut = (text: string, length: number): string =>
  text.length > length ? `${text.slice(0, length).trimEnd()}…` : text;

/**
 * A text that an object or a request gave. Its direction of writing does not reach the text around it.
 *
 * @param text any text
 * @param length how many UTF-16 units of it are shown at most
 */
export const foreign = (text: string, length: number): Markup =>
  html`<bdi>${cut(text, length)}</bdi>`;
