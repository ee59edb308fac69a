/**
 * The packed package with other versions of what it works with, each in a project of its own, installed from the registry
 * into a temporary folder: `npm run compatibility`, or with parts of names or versions behind `--` for some rows only. It
 * prints a table and writes it to docs/reference/compatibility.md. It takes minutes and needs a network.
 *
 * @module
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { filesOf } from './projects.ts';
import { ROWS, type Row } from './rows.ts';

const root = join(import.meta.dirname, '../..');
const page = join(root, 'docs/reference/compatibility.md');
const temporary = mkdtempSync(join(tmpdir(), 'drizzle-offramp-compatibility-'));

const env = {
  ...process.env,
  CI: 'true',
  NO_COLOR: '1',
  npm_config_update_notifier: 'false',
  WRANGLER_SEND_METRICS: 'false',
  XDG_CONFIG_HOME: join(temporary, 'config'),
};

/** How long one program may run, in milliseconds. */
const LIMIT = 15 * 60_000;

function run(command: string, args: readonly string[], cwd: string): { ok: boolean; out: string } {
  const { status, stdout, stderr } = spawnSync(command, args, {
    ...{ cwd, env, encoding: 'utf8', timeout: LIMIT },
    maxBuffer: 2 ** 26,
  });
  return { ok: status === 0, out: stripVTControlCharacters(`${stdout ?? ''}${stderr ?? ''}`) };
}

/** The line of an output that says what went wrong. */
const reasonIn = (out: string): string =>
  out
    .split('\n')
    .map((line) => line.trim())
    .find((line) => /^(npm error (?!code)|(\w*Error|\[\w+\])\b)|^Error/.test(line))
    ?.replaceAll(temporary, '')
    .slice(0, 160) ?? 'see the output';

/** What npm installed: the version of the runtime is what counts. */
function runtimeIn(project: string): string {
  const path = join(project, 'node_modules/workerd/package.json');
  if (!existsSync(path)) return '–';
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
}

/** The cells of a row's line behind its name and version. */
function tryRow(row: Row, tarball: string): string[] {
  const project = mkdtempSync(join(temporary, 'project-'));
  for (const [path, text] of Object.entries(filesOf(row))) writeFileSync(join(project, path), text);
  writeFileSync(
    join(project, 'package.json'),
    JSON.stringify({ name: 'compatibility', private: true, type: 'module' }),
  );
  const beside = row.install.filter((name) => !name.startsWith(row.name)).join(', ');
  const installed = run(
    'npm',
    ['install', '--no-audit', '--no-fund', '--save-exact', tarball, ...row.install],
    project,
  );
  if (!installed.ok) return [beside, '–', `cannot be installed: ${reasonIn(installed.out)}`];
  const tested = run('npx', ['vitest', 'run'], project);
  const runtime = runtimeIn(project);
  console.log(tested.out.trimEnd());
  rmSync(join(project, 'node_modules'), { recursive: true, force: true });
  const passed = tested.ok && /Tests +2 passed/.test(tested.out);
  const outcome = passed ? 'works' : `fails: ${reasonIn(tested.out)}`;
  return [beside, runtime, row.note === undefined ? outcome : `${outcome} (${row.note})`];
}

const HEAD = ['package', 'version', 'with', 'workerd', 'rehearsal'];
const lineOf = (cells: readonly string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;

/** Lines of the table as the page has it, by their package and version. */
function knownLines(): Map<string, string> {
  if (!existsSync(page)) return new Map();
  const lines = readFileSync(page, 'utf8').split('\n');
  return new Map(
    ROWS.flatMap(({ name, version }) => {
      const line = lines.find((one) => one.startsWith(`| ${name} | ${version} |`));
      return line === undefined ? [] : [[`${name} ${version}`, line] as const];
    }),
  );
}

function writePage(lines: ReadonlyMap<string, string>): void {
  mkdirSync(join(page, '..'), { recursive: true });
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const table = [
    lineOf(HEAD),
    lineOf(HEAD.map(() => '---')),
    ...ROWS.flatMap((row) => lines.get(`${row.name} ${row.version}`) ?? []),
  ];
  const text = `\
# What it works with

\`npm run compatibility\` packs drizzle-offramp ${version}, installs it from the registry beside each of these versions into an
empty project, and runs two rehearsals there: of a class that migrates, which must pass, and of one that loses rows, which
must not. This page is written by that script.

${table.join('\n')}

Before 0.16.20 the Workers Vitest integration has no \`evictDurableObject\`. There \`rehearse\` ends an instance by
\`ctx.abort()\`.
`;
  writeFileSync(page, text);
}

const wanted = process.argv.slice(2);
const isWanted = ({ name, version }: Row): boolean =>
  wanted.length === 0 || wanted.some((part) => `${name} ${version}`.includes(part));

try {
  const [packed] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--silent', '--pack-destination', temporary], {
      ...{ cwd: root, env, encoding: 'utf8' },
    }).replace(/^[^[]*/, ''),
  ) as { filename: string }[];
  const tarball = join(temporary, packed?.filename ?? '');
  const lines = knownLines();
  for (const row of ROWS.filter(isWanted)) {
    const id = `${row.name} ${row.version}`;
    console.log(`\n${id}`);
    const cells = [row.name, row.version, ...tryRow(row, tarball)];
    lines.set(id, lineOf(cells));
    console.log(cells.join('  '));
    if (!cells.at(-1)?.startsWith('works')) process.exitCode = 1;
    writePage(lines);
  }
  console.log(`\n${[...lines.values()].join('\n')}`);
} finally {
  rmSync(temporary, { recursive: true, force: true });
}
