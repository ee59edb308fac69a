// The ways to write a text that count as the same: a migration is not told to have changed because an editor, Windows or
// drizzle-kit put something else around its statements.
import { expect, it } from 'vitest';
import { spellingsOf } from '../../src/sql/spellings.ts';

const BREAKPOINT = ';\n--> statement-breakpoint';
const ENDS = ['', '\n', ';', ';\n', '\n\n', ';\n\n', BREAKPOINT, `${BREAKPOINT}\n`];

/** All texts that stand around a core, with both kinds of line ends. */
const around = (starts: readonly string[], core: string, ends: readonly string[]): string[] => {
  const found = starts.flatMap((start) => ends.map((end) => start + core + end));
  return [...new Set([...found, ...found.map((one) => one.replaceAll('\n', '\r\n'))])].sort();
};

it.each<[string, string, string[]]>([
  ['one statement', 'SELECT 1', around(['', '\n'], 'SELECT 1', ENDS)],
  ['the end of a file', '\nSELECT 1;\n', around(['', '\n'], 'SELECT 1', ENDS)],
  [
    'comments around it',
    '-- first\nSELECT 1; -- last',
    around(['', '\n', '-- first\n'], 'SELECT 1', [...ENDS, '; -- last']),
  ],
  [
    'several statements, with what stands between them',
    'SELECT 1;\r\n\r\n-- next\r\nSELECT 2;',
    around(['', '\n'], 'SELECT 1;\n\n-- next\nSELECT 2', ENDS),
  ],
  ['the same one at both ends', 'SELECT 1;SELECT 1', around(['', '\n'], 'SELECT 1;SELECT 1', ENDS)],
  ['a byte order mark', '\ufeffSELECT 1', around(['', '\n'], 'SELECT 1', ENDS)],
  [
    'one within a text, which belongs to it',
    "SELECT '\ufeff'",
    around(['', '\n'], "SELECT '\ufeff'", ENDS),
  ],
  ['no statement at all', '-- none', around(['', '\n'], '-- none', ENDS)],
])('are the same: %s', (_, sql, expected) => {
  expect(spellingsOf(sql).sort()).toEqual(expected);
});
