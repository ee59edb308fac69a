// What is measured inside of the page. These functions are sent there as text: they use nothing from outside of themselves.

/** A text and how well it can be told from what is behind it. */
export interface Contrast {
  readonly text: string;
  /** From 1 to 21. */
  readonly ratio: number;
}

/** The contrast of each text. A colour that is not solid is laid over what is behind it. */
export function contrasts(): Contrast[] {
  type Colour = [number, number, number, number];
  const context = Object.assign(document.createElement('canvas'), {
    width: 1,
    height: 1,
  }).getContext('2d', { willReadFrequently: true }) as CanvasRenderingContext2D;
  const read = (css: string): Colour => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = css;
    context.fillRect(0, 0, 1, 1);
    const [red = 0, green = 0, blue = 0, alpha = 0] = context.getImageData(0, 0, 1, 1).data;
    return [red, green, blue, alpha / 255];
  };
  const behind = (element: Element | null): Colour => {
    if (element === null) return [255, 255, 255, 1];
    const colour = read(getComputedStyle(element).backgroundColor);
    if (colour[3] === 1) return colour;
    const below = behind(element.parentElement);
    const mix = (i: 0 | 1 | 2): number => colour[i] * colour[3] + below[i] * (1 - colour[3]);
    return [mix(0), mix(1), mix(2), 1];
  };
  const luminance = (colour: Colour): number => {
    const part = (value: number): number => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    };
    return 0.2126 * part(colour[0]) + 0.7152 * part(colour[1]) + 0.0722 * part(colour[2]);
  };
  const found: Contrast[] = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode(); node !== null; node = texts.nextNode()) {
    const text = (node.textContent ?? '').trim();
    const element = node.parentElement;
    if (text === '' || element === null) continue;
    const front = luminance(read(getComputedStyle(element).color));
    const back = luminance(behind(element));
    const ratio = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
    found.push({ text: text.slice(0, 40), ratio });
  }
  return found;
}

/** What is wider than the window, but for what can be moved sideways on its own. */
export function overflow(): string[] {
  const width = document.documentElement.clientWidth;
  const isMovable = (element: Element): boolean => element.closest('.wide') !== null;
  const wide = [...document.querySelectorAll('body *')]
    .filter((element) => !isMovable(element) && element.getBoundingClientRect().right > width + 1)
    .map(
      ({ tagName, textContent }) =>
        `<${tagName.toLowerCase()}> ${textContent?.trim().slice(0, 30)}`,
    );
  const page = document.documentElement.scrollWidth;
  return [...(page > width ? [`the page has ${page}`] : []), ...wide.slice(0, 3)];
}
