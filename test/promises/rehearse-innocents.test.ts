// Every history that loses nothing by the rehearsal.
import { describe } from 'vitest';
import { INNOCENTS } from './cases.ts';
import { testInnocent } from './rehearsed.ts';

describe('the rehearsal passes', () => {
  for (const [family, innocents] of Object.entries(INNOCENTS)) {
    for (const one of innocents.filter(({ by, construct }) => by !== 'check' && !construct)) {
      testInnocent(family, one);
    }
  }
});
