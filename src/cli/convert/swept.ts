// What a sweep of the fleet says of dropping SQL: whether each object has run it.
import { readFileSync } from 'node:fs';
import type { RunStatus } from '../../fleet/protocol.ts';
import { rangeOf, time } from '../../fleet/report-words.ts';
import { CliError, plural } from '../output.ts';

/** What a file of `fleet status --json` says. */
export interface Swept {
  /** In a sentence. */
  readonly text: string;
  /** Whether it shows that all objects are up to date with these migrations. */
  readonly isComplete: boolean;
}

function runOf(file: string): RunStatus {
  let run: unknown;
  try {
    run = JSON.parse(readFileSync(file, 'utf8'))?.answer?.run;
  } catch (cause) {
    throw new CliError(`--fleet ${file}: ${(cause as Error).message}`, { cause });
  }
  if (typeof run !== 'object' || run === null || !('verdict' in run)) {
    throw new CliError(
      `--fleet ${file}: it is not what \`npx drizzle-offramp fleet status --json\` prints of a run.`,
    );
  }
  return run as RunStatus;
}

/**
 * Reads what the last run of a fleet showed.
 *
 * @param file what `fleet status --json` printed
 * @param fingerprint that of the module's migrations
 * @throws {CliError} if the file is something else
 */
export function readSwept(file: string, fingerprint: string): Swept {
  const run = runOf(file);
  const { counts, verdict } = run;
  // Drizzle's ledger beside ours says nothing against it.
  const obstacles = (verdict?.obstacles ?? []).filter(({ code }) => code !== 'TRACKED_BY_DRIZZLE');
  const isThese = run.fingerprint === fingerprint;
  const missing = [
    ...(verdict === null ? ['It was a preflight, which migrates nothing.'] : []),
    ...(run.state === 'done' ? [] : ['It is not through.']),
    ...(isThese ? [] : ['It was of other migrations than the module has.']),
    ...obstacles.map(({ text }) => text),
  ];
  const upToDate = counts.outcomes['up-to-date'];
  const text =
    `Run ${run.run} of ${run.class} (${rangeOf(run)}, begun ${time(run.startedAt)} UTC): ` +
    `${upToDate} of ${plural(counts.listed, 'object')} up to date, ${counts.failed} failed.`;
  return { text: [text, ...missing].join('\n  '), isComplete: missing.length === 0 };
}
