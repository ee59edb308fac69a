import { relative } from 'node:path';
import { paint, plural } from '../output.ts';
import { count, type Finding, type Severity } from './finding.ts';

/** The ways to print what `check` found. */
export const FORMATS = ['text', 'json', 'github'] as const;

/** One of {@link FORMATS}. */
export type Format = (typeof FORMATS)[number];

/** What `check` read and found. */
export interface CheckResult {
  /** The folders, as they were named. */
  readonly folders: readonly string[];
  /** How many migrations they have. */
  readonly migrations: number;
  /** What is open, sorted by file and line. */
  readonly findings: readonly Finding[];
  /** What the team knows of, each with its reason. */
  readonly acknowledged: readonly (Finding & { readonly reason: string })[];
  /** How many findings were there at the base already, and are left out. */
  readonly known: number;
  /** The git ref that the rest is new since; undefined if none was named. */
  readonly base: string | undefined;
}

/**
 * The last line of the report: how much was read, and what was found.
 *
 * @param result what was found
 */
export function summary(result: CheckResult): string {
  const { folders, migrations, findings, acknowledged, known, base } = result;
  const errors = plural(count(findings, 'error'), 'error');
  const warnings = plural(count(findings, 'warning'), 'warning');
  const rest = [
    ...(count(findings, 'data') > 0 ? [`${count(findings, 'data')} that depend on data`] : []),
    ...(acknowledged.length > 0 ? [`${acknowledged.length} acknowledged`] : []),
    ...(known > 0 ? [`${known} older than ${base}`] : []),
  ];
  return `${plural(migrations, 'migration')} in ${folders.join(', ')}: ${[errors, warnings, ...rest].join(', ')}.`;
}

const MARKS: Readonly<Record<Severity, string>> = {
  error: paint.red('error'),
  warning: paint.yellow('warning'),
  data: paint.cyan('data'),
};

function block({ code, severity, line, message, effect, fix, query }: Finding): string {
  const mark = MARKS[severity];
  const lines = [
    `  ${String(line).padStart(4)}  ${mark} ${paint.bold(code)}  ${message}`,
    `        ${paint.dim('effect')}  ${effect}`,
    ...(fix === null ? [] : [`        ${paint.dim('fix')}     ${fix}`]),
    ...(query === undefined ? [] : [`        ${paint.dim('query')}   ${query}`]),
  ];
  return lines.join('\n');
}

/**
 * The report for people, by file.
 *
 * @param result what was found, sorted by file
 */
export function toText(result: CheckResult): string {
  const names = [...new Set(result.findings.map(({ file }) => file))];
  const files = names.map((name) =>
    [paint.underline(name), ...result.findings.filter(({ file }) => file === name).map(block)].join(
      '\n',
    ),
  );
  return [...files, summary(result)].join('\n\n');
}

// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
const escapeData = (text: string): string =>
  text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
const escapeProperty = (text: string): string =>
  escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');

/**
 * The findings as annotations of GitHub Actions, one a line.
 *
 * @param result what was found
 * @param root the repository's folder, from which GitHub counts paths
 */
export const toGithub = ({ findings }: CheckResult, root: string): string[] =>
  findings.map(({ code, severity, file, line, message, effect, fix, query }) => {
    const path = relative(root, file).replaceAll('\\', '/');
    const text = [message, effect, fix ?? undefined, query]
      .filter((one) => one !== undefined)
      .join('\n');
    const place = `file=${escapeProperty(path)},line=${line},title=${escapeProperty(code)}`;
    return `::${severity === 'data' ? 'notice' : severity} ${place}::${escapeData(text)}`;
  });

/**
 * The report for machines.
 *
 * @param result what was found
 */
export const toJson = (result: CheckResult): object => {
  const { folders, migrations, findings, acknowledged, known } = result;
  return {
    folders,
    migrations,
    errors: count(findings, 'error'),
    warnings: count(findings, 'warning'),
    data: count(findings, 'data'),
    findings,
    acknowledged,
    known,
  };
};
