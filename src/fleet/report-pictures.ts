// The pictures of the report. Each has its text beside it: what it says, and a table with the numbers.
import { html, type Markup } from './report-markup.ts';
import { percent, time } from './report-words.ts';

/** The colours of the page, by what they mean. */
export type Tone = 'good' | 'bad' | 'wait' | 'calm' | 'other' | 'none';

/** A part of a whole. */
export interface Slice {
  readonly label: string;
  readonly objects: number;
  readonly tone: Tone;
}

/** The spot of colour that leads from a table to its bar. */
export const key = (tone: Tone): Markup =>
  html`<svg class="key" viewBox="0 0 1 1" aria-hidden="true"><rect width="1" height="1" class="${tone}-fill"/></svg>`;

/** The least width of a slice, in percent: one failed object of ten million is still seen. */
const LEAST = 0.4;

/**
 * A bar of the parts of a whole.
 *
 * @param label what it shows
 * @param slices the parts; those without an object are left out
 */
export function bar(label: string, slices: readonly Slice[]): Markup {
  const shown = slices.filter(({ objects }) => objects > 0);
  const whole = shown.reduce((sum, { objects }) => sum + objects, 0);
  const widths = shown.map(({ objects }) => Math.max(LEAST, (100 * objects) / whole));
  const all = widths.reduce((sum, width) => sum + width, 0);
  let x = 0;
  const rects = shown.map(({ tone }, i) => {
    const width = (100 * (widths[i] as number)) / all;
    const rect = html`<rect x="${x.toFixed(2)}" width="${width.toFixed(2)}" height="1" class="${tone}-fill"/>`;
    x += width;
    return rect;
  });
  const words = shown.map((slice) => `${slice.label} ${percent(slice.objects, whole)}`).join(', ');
  return html`<svg class="bar" viewBox="0 0 100 1" preserveAspectRatio="none" role="img" aria-label="${label}: ${words || 'none'}">${rects}</svg>`;
}

/**
 * A bar in a cell of a table, whose number stands in another cell.
 *
 * @param objects how long it is
 * @param most how long the longest is
 */
export const cellBar = (objects: number, most: number): Markup =>
  html`<svg class="bar" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true"><rect width="${(most > 0 ? Math.max(LEAST, (100 * objects) / most) : 0).toFixed(2)}" height="1" class="calm-fill"/></svg>`;

/** A point of a line over time. */
export interface Point {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** How many objects are counted, and how many of them failed. */
  readonly objects: number;
  readonly failed: number;
}

const HEIGHT = 100;
const WIDTH = 1000;

/**
 * A line over time, in percent.
 *
 * @param label what it shows
 * @param points the points, oldest first; two at least
 * @param whole how many objects are 100 %
 */
export function timeline(label: string, points: readonly Point[], whole: number): Markup {
  const [first, last] = [points[0] as Point, points.at(-1) as Point];
  const span = Math.max(1, last.at - first.at);
  const place = (at: number, objects: number): string => {
    const x = (WIDTH * (at - first.at)) / span;
    const y = HEIGHT - (HEIGHT * Math.min(objects, whole)) / Math.max(1, whole);
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  };
  const line = points.map(({ at, objects }) => place(at, objects)).join(' ');
  const failures = points.map(({ at, failed }) => place(at, failed)).join(' ');
  const failed = last.failed > 0 ? html`<polyline class="line bad" points="${failures}"/>` : html``;
  const said = `${label}: ${percent(first.objects, whole)} at the start, ${percent(last.objects, whole)} at the end`;
  const [from, to] = [time(first.at), time(last.at)];
  return html`<div class="chart"><div class="scale" aria-hidden="true"><span>100 %</span><span>50 %</span><span>0 %</span></div>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${said}"><path class="grid" d="M0 0H${WIDTH}M0 25H${WIDTH}M0 50H${WIDTH}M0 75H${WIDTH}"/><polygon class="area" points="0,${HEIGHT} ${line} ${WIDTH},${HEIGHT}"/><polyline class="line good" points="${line}"/>${failed}</svg>
<div class="times" aria-hidden="true"><span>${from}</span><span>${to.slice(0, 10) === from.slice(0, 10) ? to.slice(11) : to}</span></div></div>`;
}

/** Shares at which the time is told. */
const STEPS = [0.25, 0.5, 0.75, 0.9, 0.99, 1];

/**
 * When a line came to each of some shares.
 *
 * @param points the points, oldest first
 * @param whole how many objects are 100 %
 */
export const milestones = (
  points: readonly Point[],
  whole: number,
): { readonly share: string; readonly at: number; readonly objects: number }[] =>
  STEPS.flatMap((step) => {
    const point = points.find(({ objects }) => whole > 0 && objects >= step * whole);
    return point === undefined
      ? []
      : [{ share: `${step * 100} %`, at: point.at, objects: point.objects }];
  });
