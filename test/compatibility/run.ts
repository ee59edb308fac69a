/**
 * The packed package with other versions of what it works with, each in a project of its own, installed from the registry
 * into a temporary folder: `npm run compatibility`, or with parts of names or versions behind `--` for some rows only. It
 * writes `results.json`, and from it docs/reference/compatibility.md. It takes half an hour and needs a network.
 *
 * @module
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pageOf } from './page.ts';
import { Project, ROOT } from './project.ts';
import { type Result, readResults, writeResults } from './results.ts';
import { ROWS, type Row } from './rows.ts';

const temporary = mkdtempSync(join(tmpdir(), 'drizzle-offramp-compatibility-'));
const run = (command: string, ...args: string[]): string =>
  execFileSync(command, args, { cwd: ROOT, encoding: 'utf8' }).trim();

/** What is packed, and from which commit. */
function pack(): { tarball: string; version: string; commit: string } {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    version: string;
  };
  const packed = ['src', 'package.json', 'tsconfig.json', 'tsconfig.build.json'];
  const commit = run('git', 'log', '-1', '--format=%h', '--', ...packed);
  const isChanged = run('git', 'status', '--porcelain', '--', ...packed) !== '';
  const name = run('npm', 'pack', '--silent', '--pack-destination', temporary).split('\n').at(-1);
  return {
    tarball: join(temporary, name ?? ''),
    version,
    commit: isChanged ? `${commit}+` : commit,
  };
}

/** Whatever goes wrong, as one line of a table. */
const outcomeOf = (error: unknown): string =>
  `fails: ${(error instanceof Error ? error.message : String(error))
    .replaceAll(temporary, '')
    .trim()
    .split(/\s*\n\s*/)
    .slice(0, 2)
    .join(' ')
    .slice(0, 240)}`;

const wanted = process.argv.slice(2);
const isWanted = ({ name, version }: Row): boolean =>
  wanted.length === 0 || wanted.some((part) => `${name} ${version}`.includes(part));
const idOf = ({ name, version }: Row | Result): string => `${name} ${version}`;

try {
  const { tarball, version, commit } = pack();
  const results = new Map(readResults().map((result) => [idOf(result), result]));
  for (const row of ROWS.filter(isWanted)) {
    const start = performance.now();
    const project = new Project(temporary, tarball);
    let [beside, outcome] = ['', 'works'];
    try {
      beside = await row.attempt(project);
    } catch (error) {
      outcome = outcomeOf(error);
      process.exitCode = 1;
    } finally {
      project.remove();
    }
    const date = new Date().toISOString().slice(0, 10);
    const { name } = row;
    results.set(idOf(row), {
      ...{ name, version: row.version, beside, outcome },
      ...{ date, package: version, commit },
    });
    const seconds = ((performance.now() - start) / 1000).toFixed(0);
    console.log(`${idOf(row)}: ${outcome} (${seconds} s)`);
    // Written each time, so that a run that is ended leaves what it saw.
    const sorted = ROWS.flatMap((one) => results.get(idOf(one)) ?? []);
    writeResults(sorted);
    writeFileSync(join(ROOT, 'docs/reference/compatibility.md'), pageOf(sorted));
  }
} finally {
  rmSync(temporary, { recursive: true, force: true });
}
