// Every defect of a history by the rehearsal. A file for each kind of case, as timers stop in a runtime that has run for minutes.
import { describe } from 'vitest';
import { DEFECTS } from './cases.ts';
import { testDefect } from './rehearsed.ts';

describe('the rehearsal names the defect', () => {
  for (const [family, defects] of Object.entries(DEFECTS)) {
    for (const defect of defects.filter(({ by, construct }) => by !== 'check' && !construct)) {
      testDefect(family, defect);
    }
  }
});
