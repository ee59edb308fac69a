// The picture of the README: what drizzle-offramp keeps and Drizzle's migrator deletes.
import type { Figures, Line } from './figures.ts';

const WIDTH = 840;
const LEFT = 190;
const RIGHT = 110;
const TOP = 92;
const BAR = 16;
const GROUP = 54;
const INK = '#1f2328';
const FAINT = '#59636e';
const OURS = '#0969da';
const DRIZZLE = '#cf222e';

const number = (value: number): string => value.toLocaleString('en-US');

const text = (
  x: number,
  y: number,
  content: string,
  { fill = INK, size = 13, anchor = 'start', weight = 400 } = {},
): string =>
  `<text x="${x}" y="${y}" fill="${fill}" font-size="${size}" font-weight="${weight}" text-anchor="${anchor}">${content}</text>`;

/**
 * Draws the rows and references that one of the two has lost, with a bar for each of them.
 *
 * @param figures what the demo came to
 * @returns an SVG, on white, so that dark and light pages show it alike
 */
export function picture({ objects, before, deleted, emptied, lines }: Figures): string {
  const shown = lines.filter(({ lost }) => lost > 0).sort((a, b) => b.before - a.before);
  const most = Math.max(...shown.map((line) => line.before));
  const scale = (rows: number): number =>
    Math.round((rows / most) * (WIDTH - LEFT - RIGHT) * 10) / 10;
  const bar = (y: number, rows: number, color: string): string =>
    `<rect x="${LEFT}" y="${y}" width="${scale(rows)}" height="${BAR}" rx="2" fill="${color}"/>` +
    text(LEFT + scale(rows) + 8, y + 13, number(rows), { fill: color });
  const group = (line: Line, i: number): string => {
    const y = TOP + i * GROUP;
    return [
      text(LEFT - 12, y + 14, line.name, { anchor: 'end' }),
      text(LEFT - 12, y + 32, `${number(line.lost)} lost`, { anchor: 'end', fill: DRIZZLE }),
      bar(y, line.ours, OURS),
      bar(y + BAR + 3, line.drizzle, DRIZZLE),
    ].join('\n');
  };
  const height = TOP + shown.length * GROUP + 20;
  const title = `${objects} objects with ${number(before)} rows, after the same migrations`;
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" font-family="system-ui, -apple-system, Helvetica, Arial, sans-serif">`,
    `<title>${title}: Drizzle's migrator deletes ${number(deleted)} rows and empties ${number(emptied)} references, drizzle-offramp none</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    text(16, 30, title, { size: 16, weight: 600 }),
    text(
      16,
      52,
      `Drizzle's migrator deletes ${number(deleted)} rows and empties ${number(emptied)} references. No error is thrown.`,
      { fill: FAINT },
    ),
    `<rect x="16" y="66" width="10" height="10" fill="${OURS}"/>`,
    text(32, 75, 'drizzle-offramp', { fill: FAINT, size: 12 }),
    `<rect x="142" y="66" width="10" height="10" fill="${DRIZZLE}"/>`,
    text(158, 75, "Drizzle's migrator", { fill: FAINT, size: 12 }),
    ...shown.map(group),
    '</svg>',
  ].join('\n')}\n`;
}
