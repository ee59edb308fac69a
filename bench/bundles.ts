// What a Worker gets bigger and starts slower by.
import vm from 'node:vm';
import { gzipSync } from 'node:zlib';
import { build, type Format, transform } from 'esbuild';
import { parseAst } from 'vite';
import type { Bundle } from './results.ts';
import { spreadOf } from './statistics.ts';

const migrate = (from: string): string => `export { migrate } from '${from}';`;
const drizzle = (from: string): string => `export { drizzle } from '${from}';`;

/** What each contender's users import; `beside` is what is in the Worker anyway. */
const ENTRIES: readonly { what: string; entry: string; beside?: string; ours?: true }[] = [
  { what: 'drizzle-offramp', entry: migrate('drizzle-offramp'), ours: true },
  { what: 'its drop-in', entry: migrate('drizzle-offramp/durable-sqlite/migrator'), ours: true },
  ...['drizzle-orm', 'drizzle-orm-1'].flatMap((name, i) => {
    const what = `Drizzle ${['0.45', '1.0 rc'][i]}`;
    const entry = migrate(`${name}/durable-sqlite/migrator`);
    const beside = drizzle(`${name}/durable-sqlite`);
    return [
      { what, entry },
      { what: `${what}, beside its drizzle()`, entry: `${entry}${beside}`, beside },
    ];
  }),
  {
    what: 'durable-utils',
    entry: "export { SQLSchemaMigrations } from 'durable-utils/sql-migrations';",
  },
  { what: 'do-orm (double)', entry: "export { doOrm } from '../test/workers/do-orm.ts';" },
];

async function bundle(contents: string, format: Format, minify: boolean): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: import.meta.dirname },
    bundle: true,
    format,
    minify,
    target: 'es2022',
    legalComments: 'none',
    write: false,
  });
  return outputFiles[0]?.text ?? '';
}

const sizeOf = (code: string) => ({
  minified: Buffer.byteLength(code),
  gzipped: gzipSync(code, { level: 9 }).length,
});

interface Node {
  type: string;
  start: number;
  end: number;
  callee?: Node & { name?: string };
  arguments?: Node[];
}

/** Whether an expression makes an error, or is the `super(…)` of an error's class. */
const makesError = ({ type, callee }: Node): boolean =>
  type === 'NewExpression' ? /Error$/.test(callee?.name ?? '') : callee?.type === 'Super';

function* nodesOf(value: unknown): Generator<Node> {
  if (typeof value !== 'object' || value === null) return;
  if ('type' in value) yield value as Node;
  for (const part of Object.values(value)) yield* nodesOf(part);
}

/** The code with every message of an error taken out. */
function withoutMessages(code: string): string {
  const messages = [...nodesOf(parseAst(code))]
    .filter(makesError)
    .flatMap((node) => node.arguments ?? [])
    .filter(({ start, end }) => /['"`]/.test(code.slice(start, end)) && end - start > 30)
    .toSorted((a, b) => b.start - a.start);
  let result = code;
  let before = code.length;
  for (const { start, end } of messages) {
    // One inside another is gone already.
    if (end > before) continue;
    result = `${result.slice(0, start)}''${result.slice(end)}`;
    before = start;
  }
  return result;
}

type Size = ReturnType<typeof sizeOf>;

const difference = (a: Size, b: Size): Size => ({
  minified: a.minified - b.minified,
  gzipped: a.gzipped - b.gzipped,
});

async function errorTextOf(entry: string, whole: Size): Promise<Size> {
  const bare = withoutMessages(await bundle(entry, 'esm', false));
  const { code } = await transform(bare, { minify: true, format: 'esm', target: 'es2022' });
  return difference(whole, sizeOf(code));
}

/** Compiles and evaluates a script in new contexts, in microseconds. No two are the same text, for which V8 has a cache. */
function evaluate(script: string, times: number): number[] {
  return Array.from({ length: times }, (_, i) => {
    const context = vm.createContext({ TextEncoder, TextDecoder, URL });
    const code = `${script}\n// ${i} of ${times}, ${script.length}`;
    const start = performance.now();
    new vm.Script(code).runInContext(context);
    return (performance.now() - start) * 1000;
  });
}

/**
 * Measures what importing each contender comes to.
 *
 * @param times how often each is evaluated
 */
export async function measureBundles(times: number): Promise<Bundle[]> {
  const bundles: Bundle[] = [];
  for (const { what, entry, beside, ours } of ENTRIES) {
    const whole = sizeOf(await bundle(entry, 'esm', true));
    bundles.push({
      what,
      ...(beside === undefined
        ? whole
        : difference(whole, sizeOf(await bundle(beside, 'esm', true)))),
      ...(ours && { errorText: await errorTextOf(entry, whole) }),
      ...(beside === undefined && {
        evaluateMicroseconds: spreadOf(evaluate(await bundle(entry, 'iife', true), times)),
      }),
    });
  }
  return bundles;
}
