// Every class by the rehearsal, and that it does harm or none to an object that Drizzle left.
import { describe, expect, it } from 'vitest';
import type { History } from './case.ts';
import { DEFECTS, INNOCENTS } from './cases.ts';
import { proven, testDefect, testInnocent } from './rehearsed.ts';

/** Cases with their family. */
const all = <T extends History>(families: Readonly<Record<string, readonly T[]>>) =>
  Object.entries(families).flatMap(([family, cases]) => cases.map((one) => [family, one] as const));

describe('the rehearsal names the defect', () => {
  for (const [family, defect] of all(DEFECTS)) {
    if (defect.construct && defect.by !== 'check') testDefect(family, defect);
  }
});

describe('the rehearsal passes', () => {
  for (const [family, innocent] of all(INNOCENTS)) {
    if (innocent.construct && innocent.by !== 'check') testInnocent(family, innocent);
  }
});

describe('the class is one that does harm', () => {
  for (const [family, defect] of all(DEFECTS)) {
    if (!defect.construct && !defect.inRuntime) continue;
    it(`${family}: ${defect.what}`, async () => {
      const { before, after } = await proven(defect);
      expect(after).not.toEqual(before);
    });
  }
});

describe('the class is one that does no harm', () => {
  for (const [family, innocent] of all(INNOCENTS)) {
    if (!innocent.construct) continue;
    it(`${family}: ${innocent.what}`, async () => {
      const { before, after } = await proven(innocent);
      expect(after).toEqual(before);
    });
  }
});
