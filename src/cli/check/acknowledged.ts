// Findings that a team knows of and lives with: listed in one file, outside the SQL, each with its reason.
import { existsSync, readFileSync } from 'node:fs';
import { CliError } from '../output.ts';
import type { Finding } from './finding.ts';

/** The file that lists them, in the folder that the command is run in. */
export const ACKNOWLEDGEMENTS = 'drizzle-offramp.json';

/** What a team knows of. */
export interface Acknowledgement {
  readonly code: string;
  /** What it is about: a migration by its name, or a file by its path. */
  readonly in: string;
  readonly reason: string;
  /** The line of its entry, from 1. */
  readonly line: number;
}

const SHAPE =
  'it must be { "acknowledged": [{ "code": "…", "in": "a migration or a file", "reason": "…" }] }';

const isText = (value: unknown): value is string =>
  typeof value === 'string' && value.trim() !== '';

/**
 * Reads what is acknowledged.
 *
 * @param file the file; none is acknowledged if there is no such file
 * @throws {CliError} if it is no JSON, or an entry has no code, no place or no reason
 */
export function readAcknowledgements(file: string = ACKNOWLEDGEMENTS): Acknowledgement[] {
  if (!existsSync(file)) return [];
  const text = readFileSync(file, 'utf8');
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (cause) {
    throw new CliError(`${file}: ${(cause as Error).message}`, { cause });
  }
  const entries = (content as { acknowledged?: unknown } | null)?.acknowledged;
  if (!Array.isArray(entries)) throw new CliError(`${file}: ${SHAPE}.`);
  const lines = Array.from(text.matchAll(/"code"\s*:/g), ({ index }) => lineAt(text, index));
  return entries.map((entry: Partial<Acknowledgement> | null, i) => {
    const { code, in: place, reason } = entry ?? {};
    const line = lines[i] ?? 1;
    if (!isText(code) || !isText(place) || !isText(reason)) {
      throw new CliError(
        `${file}:${line}: entry ${i + 1} lacks a code, a place or a reason: ${SHAPE}.`,
      );
    }
    return { code, in: place, reason, line };
  });
}

const lineAt = (text: string, offset: number): number => text.slice(0, offset).split('\n').length;

/** What a migration is called: its key, or a number or a time and a name. Tables are in messages, too. */
const MIGRATION = /^m?\d{4}/;

/** Whether a finding is about what an acknowledgement names. */
function fits({ code, in: place }: Acknowledgement, finding: Finding): boolean {
  if (code !== finding.code) return false;
  const segments = finding.file.split(/[\\/]/);
  const path = segments.join('/');
  return (
    path === place ||
    path.endsWith(`/${place}`) ||
    segments.includes(place) ||
    segments.includes(`${place}.sql`) ||
    (MIGRATION.test(place) && finding.message.split(/[\s,:()]+/).includes(place))
  );
}

/** Findings, by whether they are acknowledged. */
export interface Sorted {
  readonly open: readonly Finding[];
  /** Acknowledgements that fit nothing. */
  readonly stale: readonly Finding[];
  readonly acknowledged: readonly (Finding & { readonly reason: string })[];
}

/**
 * Takes out what is acknowledged, and finds acknowledgements that fit nothing.
 *
 * @param findings all findings
 * @param acknowledgements what is acknowledged
 * @param isRead whether what an acknowledgement names was looked at; else nobody can say that it fits nothing
 * @param file the file that lists them
 */
export function acknowledge(
  findings: readonly Finding[],
  acknowledgements: readonly Acknowledgement[],
  isRead: (place: string) => boolean,
  file: string = ACKNOWLEDGEMENTS,
): Sorted {
  const used = new Set<Acknowledgement>();
  const open: Finding[] = [];
  const acknowledged: (Finding & { reason: string })[] = [];
  for (const finding of findings) {
    const found = acknowledgements.filter((one) => fits(one, finding));
    for (const one of found) used.add(one);
    const [first] = found;
    if (first === undefined) open.push(finding);
    else acknowledged.push({ ...finding, reason: first.reason });
  }
  const idle = acknowledgements.filter((one) => !used.has(one) && isRead(one.in));
  const stale = idle.map(({ code, in: place, line }): Finding => {
    return {
      code: 'ACKNOWLEDGED_NOTHING',
      severity: 'warning',
      file,
      line,
      message: `There is no ${code} in ${place} any more.`,
      effect: 'If it comes back, nobody hears of it.',
      fix: 'Remove the entry.',
    };
  });
  return { open, stale, acknowledged };
}
