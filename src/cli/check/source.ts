// How the project's own code calls the migrator, as far as it matters to objects. Only texts are read here, none is
// run: what is found is what everybody writes, and a call that is hidden better is not seen.
import { readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { globSync } from 'tinyglobby';
import type { Finding } from './finding.ts';

/** A source as it can be searched. */
export interface Source {
  readonly file: string;
  /** The text, with blanks in the place of comments. */
  readonly code: string;
  /** The same, with blanks in the place of what texts say, too. */
  readonly bare: string;
}

// Comments, texts, and templates without what stands between `${` and `}`, which is not looked into.
const TOKEN =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^'\\\n]|\\[\s\S])*'|"(?:[^"\\\n]|\\[\s\S])*"|`(?:[^`\\]|\\[\s\S])*`/g;

const blank = (text: string): string => text.replace(/[^\n]/g, ' ');

/**
 * A source as it can be searched.
 *
 * @param file its path
 * @param text its text
 */
export function toSource(file: string, text: string): Source {
  const isComment = (token: string): boolean => /^\/[/*]/.test(token);
  const inside = (token: string): string =>
    `${token[0]}${blank(token.slice(1, -1))}${token.at(-1)}`;
  return {
    file,
    code: text.replace(TOKEN, (token) => (isComment(token) ? blank(token) : token)),
    bare: text.replace(TOKEN, (token) => (isComment(token) ? blank(token) : inside(token))),
  };
}

/**
 * @param text a text
 * @param offset an offset in it
 * @returns the line of it, from 1
 */
export const lineAt = (text: string, offset: number): number =>
  text.slice(0, offset).split('\n').length;

/**
 * Where a bracket closes.
 *
 * @param bare a source without comments, and without what texts say
 * @param open the offset at which it opens
 * @returns the offset past the one that closes it; the end if none does
 */
export function closing(bare: string, open: number): number {
  const pairs: Record<string, string> = { '{': '}', '(': ')', '[': ']' };
  const close = pairs[bare[open] ?? ''];
  let depth = 0;
  for (let at = open; at < bare.length; at++) {
    if (bare[at] === bare[open]) depth++;
    if (bare[at] === close && --depth === 0) return at + 1;
  }
  return bare.length;
}

const MIGRATORS =
  /import\s*\{([^}]*)\}\s*from\s*['"](drizzle-offramp(?:\/durable-sqlite\/migrator)?|drizzle-orm\/durable-sqlite\/migrator)['"]/g;

/** What a source calls the migrator, by its name there. */
function migratorsOf({ code }: Source): { name: string; from: string }[] {
  return Array.from(code.matchAll(MIGRATORS)).flatMap(([, names = '', from = '']) =>
    names.split(',').flatMap((one) => {
      const found = /^\s*migrate(?:Async)?(?:\s+as\s+(\w+))?\s*$/.exec(one);
      if (found === null) return [];
      return [{ name: found[1] ?? one.trim(), from }];
    }),
  );
}

/** The offsets at which a source calls a function by its name. */
const callsOf = ({ bare }: Source, name: string): number[] =>
  Array.from(bare.matchAll(new RegExp(`(?<![\\w$.])${name}\\s*\\(`, 'g')), ({ index }) => index);

/** A block of a source, from an opening brace to past the closing one. */
export interface Block {
  readonly start: number;
  readonly end: number;
}

/**
 * The blocks that begin in a certain way.
 *
 * @param bare a source without comments, and without what texts say
 * @param head what they begin with, to the opening brace
 */
export const blocksAfter = (bare: string, head: RegExp): Block[] =>
  Array.from(bare.matchAll(head), ({ 0: text, index }) => {
    const start = index + text.length - 1;
    return { start, end: closing(bare, start) };
  });

/**
 * @param block a block
 * @param offset an offset
 * @returns whether it is inside the block
 */
export const holds = ({ start, end }: Block, offset: number): boolean =>
  start < offset && offset < end;

/** The `catch` behind a call that goes on without throwing: of a `try` around it, or of the promise that it is in. */
function swallowsAt({ bare }: Source, call: number): boolean {
  for (const block of blocksAfter(bare, /\btry\s*\{/g)) {
    if (!holds(block, call)) continue;
    const found = /^\s*catch\s*(?:\([^)]*\))?\s*\{/.exec(bare.slice(block.end));
    if (found === null) continue;
    const start = block.end + found[0].length - 1;
    if (!/\bthrow\b|\babort\s*\(/.test(bare.slice(start, closing(bare, start)))) return true;
  }
  // `migrate(…).catch(…)`, or that of the blockConcurrencyWhile(…) around it.
  const around = Array.from(
    bare.matchAll(/\bblockConcurrencyWhile\s*\(/g),
    ({ 0: text, index }) => {
      const start = index + text.length - 1;
      return { start, end: closing(bare, start) };
    },
  ).filter((block) => holds(block, call));
  const own = closing(bare, bare.indexOf('(', call));
  return [own, ...around.map(({ end }) => end)].some((end) => {
    const found = /^\s*\)?\s*\.\s*catch\s*\(/.exec(bare.slice(end));
    if (found === null) return false;
    const start = end + found[0].length - 1;
    return !/\bthrow\b|\babort\s*\(/.test(bare.slice(start, closing(bare, start)));
  });
}

/** https://developers.cloudflare.com/agents/ and partyserver: their constructors write. */
const BASES =
  /\bclass\s+\w+(?:<[^{]*?>)?\s+extends\s+(Agent|AIChatAgent|McpAgent|Server|YServer)\b[^{]*\{/g;
const AGENTS =
  /from\s*['"](?:agents|@cloudflare\/ai-chat|partyserver|y-partyserver)(?:\/[^'"]*)?['"]/;

function afterSuper(source: Source, calls: readonly number[]): number[] {
  const { code, bare } = source;
  if (!AGENTS.test(code)) return [];
  return blocksAfter(bare, BASES).flatMap((body) => {
    const made = blocksAfter(bare, /\bconstructor\s*\([^)]*\)\s*\{/g).filter((one) =>
      holds(body, one.start),
    );
    return made.flatMap((body) => {
      const base = bare.indexOf('super(', body.start);
      if (base < 0 || base > body.end) return [];
      const waits = blocksAfter(bare, /\bblockConcurrencyWhile\s*\([^{]*\{/g);
      return calls.filter(
        (call) => holds(body, call) && call > base && !waits.some((wait) => holds(wait, call)),
      );
    });
  });
}

/**
 * Whether a source is a test, by its path.
 *
 * @param file its path, with slashes
 */
export const isTest = (file: string): boolean =>
  /(?:^|\/)(?:tests?|__tests__|spec)\/|\.(?:test|spec)\.\w+$/.test(file);

/** What a finding says, and where in its source. */
interface Said extends Omit<Finding, 'file' | 'line'> {
  readonly at: number;
}

/** SQL that names Drizzle's ledger as a table, and a table of Drizzle's for it. */
const READS =
  /\b(?:from|into|update|join|table(?:\s+if\s+exists)?)\s+\\?["'`[]?__drizzle_migrations\b|\bsqliteTable\s*\(\s*['"`]__drizzle_migrations\b/gi;

function judge(source: Source): Said[] {
  const migrators = migratorsOf(source);
  const calls = migrators.flatMap(({ name, from }) =>
    callsOf(source, name).map((at) => ({ at, from, name })),
  );
  const swallowed = calls.filter(({ at }) => swallowsAt(source, at));
  const pragmas = Array.from(
    source.code.matchAll(/\bpragma\s+foreign_keys\s*(?:=|\()/gi),
    ({ index }) => index,
  );
  const reads = Array.from(source.code.matchAll(READS), ({ index }) => index);
  return [
    ...swallowed.map(({ at, name }): Said => {
      return {
        code: 'ERROR_SWALLOWED',
        severity: 'error',
        at,
        message: `What ${name} throws is caught here, and the object goes on.`,
        effect:
          'An object that could not be migrated answers on its old schema, or on none: queries throw, and nobody hears why.',
        fix: 'Let it throw: the object then fails at each wake until the cause is gone, and no row is touched. To be told, use `onEvent`.',
      };
    }),
    ...(calls.length === 0
      ? []
      : pragmas.map((at): Said => {
          return {
            code: 'FOREIGN_KEYS_BY_HAND',
            severity: 'warning',
            at,
            message: 'Foreign keys are switched by hand beside a call of the migrator.',
            effect:
              'Inside a transaction it does nothing, and the children of a rebuilt table are deleted; outside of one they ' +
              'can stay disabled for as long as the object lives.',
            fix: 'Remove it: drizzle-offramp disables them for a migration that says PRAGMA foreign_keys=OFF, and enables them again.',
          };
        })),
    ...afterSuper(
      source,
      calls.flatMap(({ at, name }) => (name.startsWith('migrateAsync') ? [] : at)),
    ).map((at): Said => {
      return {
        code: 'MIGRATES_AFTER_SUPER',
        severity: 'error',
        at,
        message:
          'The migrator is called after `super()` of a class that writes in its constructor.',
        effect:
          'None until a table rebuild is pending. Then drizzle-offramp refuses each object with rows at stake ' +
          '(FOREIGN_KEYS_AFTER_WRITE, FOREIGN_KEYS_IN_TRANSACTION). No row is lost, but such an object does not work.',
        fix: 'Call migrate(ctx, migrations) before super(ctx, env), or inside ctx.blockConcurrencyWhile() after it.',
      };
    }),
    ...reads.map((at): Said => {
      return {
        code: 'READS_DRIZZLE_LEDGER',
        severity: 'warning',
        at,
        message: 'This reads or writes __drizzle_migrations.',
        effect:
          'drizzle-offramp drops that table once an object is adopted (`retire`): a query on it then throws.',
        fix: "Use history(ctx) or inspect(ctx, migrations) instead; or pass drizzle: 'mirror', which keeps the table.",
      };
    }),
  ];
}

const SOURCES = '**/*.{ts,tsx,mts,cts,js,jsx,mjs,cjs}';

/**
 * Reads the project's sources and finds calls of the migrator that matter.
 *
 * @param cwd the project's folder
 * @param except folders to leave out: those of migrations
 */
export function checkSources(cwd: string, except: readonly string[]): Finding[] {
  const ignored = except.map(
    (folder) => `${relative(cwd, resolve(folder)).replaceAll('\\', '/')}/**`,
  );
  const files = globSync(SOURCES, {
    cwd,
    ignore: ['**/node_modules/**', '**/dist/**', '**/build/**', '**/.*/**', ...ignored],
  });
  const texts = files
    .filter((file) => !isTest(file))
    .sort()
    .map((file) => ({ file, text: readFileSync(join(cwd, file), 'utf8') }));
  // Other databases have Drizzle's ledger too: only beside a Durable Object's is any of this of interest.
  const relevant = texts.filter(({ text }) => /durable-sqlite|drizzle-offramp/.test(text));
  if (relevant.length === 0) return [];
  const uses = /durable-sqlite|drizzle-offramp|__drizzle_migrations/;
  // Where the table is kept, it can be read.
  const mirrors = texts.some(({ text }) => /\bdrizzle\s*:\s*['"]mirror['"]/.test(text));
  return texts
    .filter(({ text }) => uses.test(text))
    .flatMap(({ file, text }) => {
      const source = toSource(file, text);
      const found = judge(source).filter(({ code }) => code !== 'READS_DRIZZLE_LEDGER' || !mirrors);
      return found.map(({ at, ...said }): Finding => {
        const { code, severity, message, effect, fix } = said;
        return { code, severity, file, line: lineAt(text, at), message, effect, fix };
      });
    });
}
