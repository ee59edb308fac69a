/**
 * Runs Stryker over all of what a Worker imports, or over the files that are named, and writes what came out into the
 * table of ../README.md: `npm run mutation -- src/plan.ts src/ledger.ts`. Rows of other files stay.
 *
 * @module
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The part of https://github.com/stryker-mutator/mutation-testing-elements that is read here. */
interface Report {
  files: Record<string, { mutants: { status: string }[] }>;
}

const root = join(import.meta.dirname, '../..');
const reportFile = join(root, 'test/.generated/mutation/report.json');
const readme = join(root, 'test/README.md');
const STATUSES = ['Killed', 'Timeout', 'Survived', 'NoCoverage'] as const;
const HEAD = '| file | mutants | killed | timeout | survived | no coverage | score |';
const RULE = '| --- | ---: | ---: | ---: | ---: | ---: | ---: |';
const TOTAL = 'all';

type Counts = readonly number[];

/** A row of the table: the counts in the order of {@link STATUSES}, and what they come to. */
function toRow(name: string, counts: Counts): string {
  const mutants = counts.reduce((sum, count) => sum + count, 0);
  const [killed = 0, timeout = 0] = counts;
  const score = mutants === 0 ? '–' : `${(((killed + timeout) / mutants) * 100).toFixed(1)} %`;
  return `| ${[name, mutants, ...counts, score].join(' | ')} |`;
}

function readRows(text: string): Map<string, Counts> {
  const rows = [...text.matchAll(/^\| `(src\/\S+)` \| \d+ ((?:\| \d+ ){4})\|/gm)];
  return new Map(
    rows.map(([, file = '', counts = '']) => [file, counts.match(/\d+/g)?.map(Number) ?? []]),
  );
}

function updateTable(text: string, report: Report, isWhole: boolean): string {
  const rows = isWhole ? new Map<string, Counts>() : readRows(text);
  for (const [file, { mutants }] of Object.entries(report.files)) {
    if (mutants.length === 0) continue;
    rows.set(
      file,
      STATUSES.map((wanted) => mutants.filter(({ status }) => status === wanted).length),
    );
  }
  const sorted = [...rows].sort(([a], [b]) => a.localeCompare(b));
  const totals = STATUSES.map((_, i) =>
    sorted.reduce((sum, [, counts]) => sum + (counts[i] ?? 0), 0),
  );
  const lines = sorted.map(([file, counts]) => toRow(`\`${file}\``, counts));
  const table = [HEAD, RULE, ...lines, toRow(TOTAL, totals)].join('\n');
  return text.replace(/(<!-- scores -->\n)[\s\S]*?(<!-- \/scores -->)/, `$1\n${table}\n\n$2`);
}

const args = process.argv.slice(2);
const files = args.filter((arg) => !arg.startsWith('-'));
const options = args.filter((arg) => arg.startsWith('-'));
rmSync(reportFile, { force: true });
const { status } = spawnSync(
  process.execPath,
  [
    join(root, 'node_modules/@stryker-mutator/core/bin/stryker.js'),
    'run',
    ...(files.length > 0 ? ['--mutate', files.join(',')] : []),
    ...options,
  ],
  { cwd: root, stdio: 'inherit' },
);
if (status !== 0) process.exit(status ?? 1);
const report: Report = JSON.parse(readFileSync(reportFile, 'utf8'));
writeFileSync(readme, updateTable(readFileSync(readme, 'utf8'), report, files.length === 0));
