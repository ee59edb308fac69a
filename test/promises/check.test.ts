// Every case by the command line's `check`, as a project on disk.
import { describe, it } from 'vitest';
import { DEFECTS, INNOCENTS } from './cases.ts';
import { hasWords, settleDefect, settleInnocent, wordsOf } from './outcome.ts';
import { checkCase, type Said } from './project.ts';

const text = ({ code, severity, file, message, effect = '', fix = '' }: Said): string =>
  `${severity} ${code} in ${file}: ${message}\n    effect: ${effect}\n    fix: ${fix}`;

const all = (said: readonly Said[]): string =>
  said.length === 0 ? 'nothing' : said.map(text).join('\n');

describe('check names the defect', () => {
  for (const [family, defects] of Object.entries(DEFECTS)) {
    for (const defect of defects.filter(({ by }) => by !== 'rehearse')) {
      it(`${family}: ${defect.what}`, async (context) => {
        const said = await checkCase(defect);
        const right = said.some((one) => hasWords(text(one), wordsOf(defect, 'check')));
        settleDefect(context, 'check', defect, right, all(said));
      });
    }
  }
});

describe('check says nothing wrong of', () => {
  for (const [family, innocents] of Object.entries(INNOCENTS)) {
    for (const innocent of innocents.filter(({ by }) => by !== 'rehearse')) {
      it(`${family}: ${innocent.what}`, async (context) => {
        const allowed = innocent.says?.split(' ') ?? [];
        const said = (await checkCase(innocent)).filter(
          ({ code, severity }) => severity === 'error' || !allowed.includes(code),
        );
        settleInnocent(context, 'check', innocent, said.length === 0, all(said));
      });
    }
  }
});
