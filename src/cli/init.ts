// `drizzle-offramp init`: looks at a project, and shows the change that swaps Drizzle's migrator for ours.
import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { bundlesIn } from './bundle.ts';
import type { Finding } from './check/finding.ts';
import { findingsOfBundle } from './check/past.ts';
import { checkSources, isTest } from './check/source.ts';
import { findConfigs } from './config.ts';
import { diffOf } from './init/diff.ts';
import { type Call, swap, withEdits } from './init/swap.ts';
import { CliError, note, paint, plural, print, printJson, table } from './output.ts';
import { readManifest, readSources } from './sources.ts';

/** The options of `init`, as commander reads them. */
export interface InitOptions {
  readonly write?: boolean;
  readonly json?: boolean;
}

/** A source that changes. */
interface Change {
  readonly file: string;
  /** A unified diff, in lines. */
  readonly diff: readonly string[];
  /** The text with the change made. */
  readonly text: string;
}

/** What was found in a project, and what changes. */
export interface Survey {
  readonly configs: readonly {
    readonly config: string;
    readonly folder: string;
    /** Whether it is for Durable Objects; null if nothing says so or otherwise. */
    readonly durable: boolean | null;
  }[];
  /** Calls of Drizzle's migrator. */
  readonly calls: readonly (Call & { readonly file: string })[];
  /** Sources that call ours already. */
  readonly swapped: readonly string[];
  readonly changes: readonly Change[];
  /** What `check` finds in the sources and in the bundles that they import. */
  readonly findings: readonly Finding[];
  /** The command that installs the package; null if package.json has it. */
  readonly install: string | null;
}

const NAME = 'drizzle-offramp';

/** Lock files, and what adds a package beside each. */
const MANAGERS: readonly (readonly [file: string, command: string])[] = [
  ['pnpm-lock.yaml', 'pnpm add'],
  ['yarn.lock', 'yarn add'],
  ['bun.lock', 'bun add'],
  ['bun.lockb', 'bun add'],
  ['package-lock.json', 'npm install'],
];

/** What adds a package here, by the lock file that stands here or above. */
function installer(folder: string): string {
  const found = MANAGERS.find(([file]) => existsSync(join(folder, file)))?.[1];
  const parent = dirname(folder);
  return found ?? (parent === folder ? 'npm install' : installer(parent));
}

function installOf(cwd: string): string | null {
  const { dependencies, devDependencies } = readManifest(cwd);
  if (Object.hasOwn({ ...dependencies, ...devDependencies }, NAME)) return null;
  return `${installer(resolve(cwd))} ${NAME}`;
}

const CALLS_OURS = /\bfrom\s*['"]drizzle-offramp(?:\/durable-sqlite\/migrator)?['"]/;

/**
 * Looks at a project. Writes nothing.
 *
 * @param cwd the project's folder
 */
export async function survey(cwd: string): Promise<Survey> {
  const configs = await findConfigs().catch((error) => {
    // Which folder is meant matters little here: the sources are what changes.
    if (error instanceof CliError) note(error.message);
    else throw error;
    return [];
  });
  const folders = configs.map(({ folder }) => folder);
  const sources = readSources(cwd, folders).filter(({ file }) => !isTest(file));
  const swaps = sources.flatMap(({ file, text }) => {
    const found = swap(file, text);
    return found === undefined ? [] : [{ file, text, ...found }];
  });
  return {
    configs: configs.map(({ config, folder, isDurable }) => ({
      config,
      folder,
      durable: isDurable ?? null,
    })),
    calls: swaps.flatMap(({ file, calls }) => calls.map((call) => ({ file, ...call }))),
    swapped: sources.filter(({ text }) => CALLS_OURS.test(text)).map(({ file }) => file),
    changes: swaps.map(({ file, text, edits }) => ({
      file,
      diff: diffOf(file, text, edits),
      text: withEdits(text, edits),
    })),
    findings: [...(await refusalsIn(folders)), ...checkSources(cwd, folders)],
    install: installOf(cwd),
  };
}

/** Bundles that Drizzle's migrator takes and ours refuses: with the swap no object would wake. */
async function refusalsIn(folders: readonly string[]): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const folder of folders.filter((one) => existsSync(one))) {
    const { bundles } = await bundlesIn(folder);
    found.push(...bundles.flatMap(findingsOfBundle));
  }
  return found;
}

/** A call in a few words. */
function placeOf({ class: name, base, method }: Call): string {
  const where =
    method === null ? '' : `, in ${method === 'constructor' ? 'its constructor' : `${method}()`}`;
  if (name === null) return `outside of a class${where}`;
  return `${name}${base === null ? '' : ` extends ${base}`}${where}`;
}

const DURABLE = new Map<boolean | null, string>([
  [true, 'for Durable Objects'],
  [false, 'not for Durable Objects'],
  [null, 'nothing says whether it is for Durable Objects'],
]);

/** What is said of a call's options. */
const OPTION: Record<Call['option'], string> = {
  added: '',
  passed: ', with options of its own',
  unclear: ": add { drizzle: 'mirror' } yourself, as its arguments were not understood",
};

/** What was found, in rows. */
function foundIn({ configs, calls, swapped, install }: Survey): string {
  return table(
    [],
    [
      ...configs.map(({ config, folder, durable }) => [
        config,
        `migrations in ${folder}, ${DURABLE.get(durable)}`,
      ]),
      ...calls.map((call) => [`${call.file}:${call.line}`, placeOf(call) + OPTION[call.option]]),
      ...swapped.map((file) => [file, `imports ${NAME} already`]),
      ['package.json', install === null ? `has ${NAME}` : `lacks ${NAME}: ${install}`],
    ],
  );
}

const indent = (text: string): string => text.replaceAll(/^/gm, '  ');

/** A line of a diff in its colour. */
function painted(line: string): string {
  const shown = line.replace(/\r$/, '');
  if (/^(?:---|\+\+\+) [ab]\//.test(shown)) return paint.bold(shown);
  if (shown.startsWith('+')) return paint.green(shown);
  return shown.startsWith('-') ? paint.red(shown) : shown;
}

function show(found: Survey, written: boolean): void {
  const { changes, findings, calls } = found;
  print(paint.bold('Found'), indent(foundIn(found)));
  if (changes.length > 0) {
    print(
      '',
      paint.bold(written ? 'Changed' : 'The change'),
      ...changes.flatMap(({ diff }) => diff.map(painted)),
    );
  }
  if (changes.length > 0 && calls.length === 0) {
    print(
      '',
      "No call was found where the migrator is imported: pass { drizzle: 'mirror' } where it is called.",
    );
  }
  if (findings.length > 0) {
    print('', paint.bold('See to'));
    for (const { file, line, code, message, fix } of findings) {
      print(
        `  ${file}:${line}  ${paint.bold(code)}  ${message}`,
        ...(fix === null ? [] : [`    ${fix}`]),
      );
    }
  }
  print('', paint.bold('Next'));
  const steps = [
    ...(found.install === null ? [] : [found.install]),
    ...(changes.length > 0 && !written ? ['npx drizzle-offramp init --write'] : []),
    'npx drizzle-offramp check',
  ];
  print(...steps.map((step) => `  ${step}`));
  if (changes.length > 0 && !written)
    print('', `Nothing was written. ${plural(changes.length, 'file')} would change.`);
}

async function run(options: InitOptions): Promise<void> {
  const found = await survey('.');
  if (found.changes.length === 0 && found.swapped.length === 0) {
    throw new CliError(
      "No source below this folder imports Drizzle's migrator for Durable Objects, drizzle-orm/durable-sqlite/migrator. Run it " +
        "in the Worker's folder.",
    );
  }
  const written = options.write === true && found.changes.length > 0;
  if (written) for (const { file, text } of found.changes) writeFileSync(file, text);
  if (options.json !== true) return show(found, written);
  const { changes, ...rest } = found;
  printJson({
    ...rest,
    changes: changes.map(({ file, diff }) => ({ file, diff: diff.join('\n') })),
    written,
  });
}

/**
 * Adds `init` to the program.
 *
 * @param program the program
 */
export function register(program: Command): void {
  program
    .command('init')
    .summary("show the change that swaps Drizzle's migrator for ours")
    .description(
      "Looks at the project, says what it found, and shows the change that swaps Drizzle's migrator for ours, with Drizzle's " +
        'ledger mirrored. Makes it only with --write.',
    )
    .option('--write', 'make the change')
    .option('--json', 'print the result as JSON')
    .action(run);
}
