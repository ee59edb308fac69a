// The page of the fleet, as text; test/page has it in a browser.
import { describe, expect, it } from 'vitest';
import { renderReport } from '../../src/fleet/html.ts';
import { adviceFor } from '../../src/fleet/report-advice.ts';
import { percent } from '../../src/fleet/report-words.ts';
import { canGo, hostile, justBegun, notYet, preflight } from './fleet-reports.ts';

const ALL = { notYet, canGo, preflight, justBegun, hostile };
const pages = Object.entries(ALL).map(([name, make]) => ({ name, page: renderReport(make()) }));

/** The text of a page as a reader has it. */
const textOf = (page: string): string =>
  page
    .replace(/<head>[\s\S]*<\/head>/, '')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll(/\s+/g, ' ');

describe('the report of a fleet', () => {
  it.each(pages)('is below 100 KB: $name', ({ page }) => {
    expect(new TextEncoder().encode(page).length).toBeLessThan(100_000);
  });

  it.each(pages)('has no script and no address: $name', ({ page }) => {
    expect(page).not.toMatch(
      /<script|\son\w+\s*=\s*["'][^"']*["'][^<]*>|javascript:|<img|<link|url\(|@import/i,
    );
    // Attributes that a browser would follow.
    expect(page.match(/\b(?:href|src|srcset|action|poster|data|xlink:href)\s*=\s*"/g)).toBeNull();
  });

  it.each(pages)('has an element for each tag, and no other: $name', ({ page }) => {
    const open: string[] = [];
    const faults: string[] = [];
    for (const [tag, slash, name = '', self] of page.matchAll(
      /<(\/?)([a-z][a-z0-9]*)[^<>]*?(\/?)>/g,
    )) {
      if (['meta', 'br'].includes(name) || self === '/') continue;
      if (slash !== '/') open.push(name);
      else if (open.pop() !== name) faults.push(tag);
    }
    expect({ open, faults }).toEqual({ open: [], faults: [] });
  });

  it('says no, why, and what to do', () => {
    const text = textOf(renderReport(notYet()));
    expect(text).toContain(
      'Drizzle can go: no, not yet What stands in the way: 1223 objects failed.',
    );
    expect(text).toContain('380 objects still run old code, and are tried again later.');
    expect(text).toContain('Objects listed 10,000,000 Up to date 99.9 % Failed 1,223 Left 380');
    expect(text).toContain(
      'MIGRATION_FAILED : 1,204 objects A statement does not work on their rows',
    );
    expect(text).toContain('fleet retry --class INBOX --code MIGRATION_FAILED');
    expect(text).toContain('called acme , at 2026-11-24 20:00:00 UTC, tried once:');
    expect(text).toContain("Drizzle 0.x's ledger is there 383 < 0.1 %");
    expect(text).toContain('Rows written 103,927,936');
    expect(text).toContain('Instances that know no name: in use 2,041');
    expect(text).toContain('Instances that know no name: with WebSockets 17');
    expect(text).toContain('Together $110.27');
  });

  it('says what keeps a run from going on', () => {
    const report = justBegun();
    const run = { ...report.run, trouble: 'The binding FLEET_QUEUE is gone.' };
    const text = textOf(renderReport({ ...report, run }));
    expect(text).toContain('It does not go on: The binding FLEET_QUEUE is gone.');
  });

  it('says yes', () => {
    const text = textOf(renderReport(canGo()));
    expect(text).toContain('Drizzle can go: yes');
    expect(text).toContain('Up to date 100 %');
    expect(text).toContain('9,958,793 of 9,958,793 objects with data: 100 %.');
    expect(text).toContain('No object has failed.');
  });

  it('says what a preflight found', () => {
    const text = textOf(renderReport(preflight()));
    expect(text).toContain('The migrations would fail in 12 objects Of 100,122 that were tried.');
    expect(text).not.toContain('fleet retry');
    expect(text).not.toContain('Drizzle can go: ');
  });

  it('keeps text as text, also in what is copied into a shell', () => {
    const page = renderReport(hostile());
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(page).not.toContain('<script');
    expect(page).not.toContain('\u0000');
    expect(Buffer.from(page, 'utf8').toString('utf8')).toBe(page);
    expect(page).not.toContain('npx drizzle-offramp object');
    expect(page).toMatch(/\d+ other codes/);
  });

  it('rounds no share to all or to nothing', () => {
    const shares = [percent(9_999_999, 1e7), percent(1, 1e7), percent(0, 5), percent(5, 5)];
    expect(shares.map((share) => share.replaceAll('\u00a0', ' '))).toEqual([
      '99.9 %',
      '< 0.1 %',
      '0 %',
      '100 %',
    ]);
    expect(percent(0, 0)).toBe(percent(0, 5));
  });

  it('knows what to do for codes of its own, of inputs and of others', () => {
    expect(adviceFor('UNKNOWN_ROW')).toContain('Deploy the newer code');
    expect(adviceFor('KEY_GAP')).toContain('drizzle-offramp check');
    expect(adviceFor('toString')).toContain('not one of drizzle-offramp');
  });
});
