// A module of migrations is mostly SQL, and Babel takes longer for a thousand of them than all the rest of a command.
// The form that `convert` and `eject` write needs no parser: only its first and last lines are no CommonJS.
import { Script } from 'node:vm';
import { findRecord } from './record-source.ts';

const COMMENT = /\/\/[^\n]*|\/\*[\s\S]*?\*\//g;
const IMPORT =
  /import\s+(type\s+)?(?:(\w+)\s+from\s+(['"][^'"\n]+\.sql['"])|(\{[\w\s,]*\})\s+from\s+(['"][^'"\n]+['"]))\s*;?/g;
const START = /^\s*export\s+default\s+(defineMigrations\s*\(\s*)?$/;
const END =
  /^\s*((?:,\s*(?:'[^'\n]*'|"[^"\n]*"|`[^`\n]*`)\s*)?,?\s*\)?)\s*(?:satisfies\s+MigrationRecord)?\s*;?\s*$/;

/**
 * Turns the form that `convert` and `eject` write into CommonJS.
 *
 * @param source the module's text
 * @returns undefined for any other form, which needs a compiler
 */
export function toCommonJs(source: string): string | undefined {
  const record = findRecord(source);
  if (record === undefined) return undefined;
  const head = source.slice(0, record.open);
  const bare = head.replace(COMMENT, '');
  const call = START.exec(bare.replace(IMPORT, ''));
  const end = END.exec(source.slice(record.close + 1));
  // A word in a comment could be taken for an import.
  if (call === null || end === null || /\bimport\b/.test(head.match(COMMENT)?.join('') ?? '')) {
    return undefined;
  }
  const opening = head
    .replace(IMPORT, (_, type, name, sqlFile, names, from) => {
      if (type !== undefined) return '';
      return name === undefined
        ? `const ${names} = require(${from});`
        : // jiti gives an empty file no exports at all.
          `const ${name} = require(${sqlFile}).default ?? '';`;
    })
    .replace(/export\s+default/, 'module.exports =');
  const code = `${opening}${source.slice(record.open, record.close + 1)}${end[1]};`;
  try {
    new Script(`(function () {${code}\n})`);
    return code;
  } catch {
    // TypeScript between the entries, or a mistake: the compiler says where.
    return undefined;
  }
}
