import { type Command, Option } from 'commander';
import { count, type Finding, sortFindings } from './check/finding.ts';
import { checkHistory, type Past, type Present } from './check/history.ts';
import { checkJournal } from './check/journal.ts';
import { locateAll } from './check/located.ts';
import { findModule, readBase } from './check/past.ts';
import { checkFolder } from './check/problems.ts';
import { rehearse } from './check/rehearsal.ts';
import {
  type CheckResult,
  FORMATS,
  type Format,
  summary,
  toGithub,
  toJson,
  toText,
} from './check/report.ts';
import { checkStatements } from './check/statements.ts';
import { findFolders, openFolder } from './config.ts';
import type { MigrationFolder } from './folder.ts';
import { EXIT, print, printJson } from './output.ts';

/** What a folder is compared with. */
export interface Pasts {
  /** The converted module, if there is one. */
  readonly module?: Past | undefined;
  /** The folder at a git ref, if one was named. */
  readonly base?: Past | undefined;
}

const sameFinding = (a: Finding, b: Finding): boolean =>
  a.code === b.code && a.file === b.file && a.line === b.line;

/**
 * Runs all checks over a folder.
 *
 * @param folder the folder as it was read
 * @param pasts what it is compared with
 * @returns the findings, sorted by file and line
 */
export function checkAll(folder: MigrationFolder, { module, base }: Pasts = {}): Finding[] {
  const migrations = locateAll(folder.migrations, folder.journalFile);
  const present: Present = {
    migrations,
    form: folder.form,
    list: folder.journalFile ?? folder.path,
    unread: new Set(folder.problems.map(({ file }) => file)),
  };
  const edits = [base, module].flatMap((past) =>
    past === undefined ? [] : checkHistory(present, past),
  );
  return sortFindings([
    ...checkFolder(folder.problems),
    ...checkJournal(folder, migrations),
    ...edits.filter((edit, i) => edits.findIndex((other) => sameFinding(edit, other)) === i),
    ...checkStatements(migrations),
    ...rehearse(migrations),
  ]);
}

/** What the command was told. */
export interface CheckOptions {
  readonly config?: readonly string[];
  readonly module?: string | false;
  readonly base?: string;
  readonly strict?: boolean;
  readonly format?: Format;
  readonly json?: boolean;
}

/**
 * Reads the folders and runs all checks.
 *
 * @param folder a folder passed as an argument
 * @param options what the command was told
 * @throws {CliError} if a folder, a config, a module or a git ref cannot be read
 */
export async function check(
  folder: string | undefined,
  options: CheckOptions,
): Promise<CheckResult> {
  const folders = (await findFolders(folder, options.config)).map(openFolder);
  const findings: Finding[] = [];
  for (const found of folders) {
    const module = await findModule(found.path, options.module);
    const base = options.base === undefined ? undefined : readBase(found.path, options.base);
    findings.push(...checkAll(found, { module, base }));
  }
  return {
    folders: folders.map(({ path }) => path),
    migrations: folders.reduce((sum, { migrations }) => sum + migrations.length, 0),
    findings,
  };
}

const collect = (value: string, before: string[] = []): string[] => [...before, value];

/**
 * Adds the command `check`.
 *
 * @param program the program
 */
export function register(program: Command): void {
  program
    .command('check')
    .description('find what would go wrong in a fleet, before the deploy')
    .argument('[folder]', 'the folder of migrations; without it, that of drizzle.config.ts')
    .option('-c, --config <file>', 'a config of drizzle-kit; repeat it for several', collect)
    .option(
      '--module <file>',
      "the converted module to compare with (default: migrations.ts in the folder's parent)",
    )
    .option('--no-module', 'compare with no module')
    .option('--base <ref>', 'a git ref to compare with, such as origin/main')
    .option('--strict', 'exit with 1 for warnings too')
    .addOption(new Option('--format <format>', 'how to print').choices(FORMATS).default('text'))
    .option('--json', 'the same as --format json')
    .action(async (folder: string | undefined, options: CheckOptions) => {
      const result = await check(folder, options);
      const format = options.json === true ? 'json' : options.format;
      if (format === 'json') printJson(toJson(result));
      else if (format === 'text') print(toText(result));
      else {
        const root = process.env.GITHUB_WORKSPACE ?? process.cwd();
        print(...toGithub(result, root), summary(result));
      }
      const severities =
        options.strict === true ? (['error', 'warning'] as const) : (['error'] as const);
      const found = severities.some((severity) => count(result.findings, severity) > 0);
      process.exitCode = found ? EXIT.found : EXIT.ok;
    });
}
