// Texts that cannot differ in effect. A ledger keeps only the checksum of what ran, so that the other ways to write a
// text are made and not recognised.
import { splitStatements } from './statements.ts';

const BREAKPOINT = ';\n--> statement-breakpoint';
const BEFORE = ['', '\n'];
const BEHIND = ['', '\n', ';', ';\n', '\n\n', ';\n\n', BREAKPOINT, `${BREAKPOINT}\n`];

/**
 * Other ways to write a migration: with and without what stands before its first statement and behind its last one
 * (white space, semicolons, comments), and with the line ends of Windows and of all others.
 *
 * @param sql the whole text of a migration
 * @returns some tens of texts, that one among them, without a byte order mark
 */
export function spellingsOf(sql: string): string[] {
  const text = sql.replace(/^\ufeff/, '').replaceAll('\r\n', '\n');
  const statements = splitStatements(text);
  const [first = ''] = statements;
  const last = statements.at(-1) ?? '';
  const start = text.indexOf(first);
  const end = text.lastIndexOf(last) + last.length;
  const found = [text.slice(0, start), ...BEFORE].flatMap((before) =>
    [text.slice(end), ...BEHIND].map((behind) => before + text.slice(start, end) + behind),
  );
  return [...new Set([...found, ...found.map((one) => one.replaceAll('\n', '\r\n'))])];
}
