// To load Babel takes a third of a short command's time, and a module of a thousand migrations longer than all the rest.
// The forms that `convert`, `eject` and drizzle-kit write, and most configs, need no parser: only the imports at the top
// and the words around the exported object are no CommonJS.
import { Script } from 'node:vm';
import { findRecord } from './record-source.ts';

const COMMENT = /\/\/[^\n]*|\/\*[\s\S]*?\*\//g;
const IMPORT =
  /import\s+(type\s+)?(?:(\w+)\s+from\s+(['"][^'"\n]+\.(?:sql|json)['"])|(\{[\w\s,]*\})\s+from\s+(['"][^'"\n]+['"]))\s*;?/g;
const START = /^\s*export\s+default\s+(define\w+\s*\(\s*)?$/;
const END =
  /^\s*((?:,\s*(?:'[^'\n]*'|"[^"\n]*"|`[^`\n]*`|undefined|\w+\s*\(\s*'[^'\n]*'\s*,?\s*\))\s*)*,?\s*\)?)\s*(?:satisfies\s+\w+)?\s*;?\s*$/;

/**
 * Turns a module that imports texts, JSON and named exports, and exports one object or `define…({…})`, into CommonJS.
 *
 * @param source the module's text
 * @returns undefined for any other form, which needs a compiler
 */
export function toCommonJs(source: string): string | undefined {
  // In a function `exec<Row>('…')` parses as two comparisons, and would do nothing.
  if (/=>|\bfunction\b|\bup\s*[(:]/.test(source)) return undefined;
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
    .replace(IMPORT, (_, type, name, file, names, from) => {
      if (type !== undefined) return '';
      if (name === undefined) return `const ${names} = require(${from});`;
      // jiti gives an empty file no exports at all.
      const value = /\.json.$/.test(file) ? '' : ".default ?? ''";
      return `const ${name} = require(${file})${value};`;
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
