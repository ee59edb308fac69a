import type { Problem, ProblemCode } from '../folder.ts';
import type { Finding, Severity } from './finding.ts';

const NO_BUNDLE = 'No bundle can be built, so nothing can be deployed.';
const REFUSED = 'drizzle-offramp refuses the whole bundle, so that no object wakes.';

const EFFECTS: Readonly<Record<ProblemCode, readonly [severity: Severity, effect: string]>> = {
  INVALID_JSON: ['error', NO_BUNDLE],
  INVALID_JOURNAL: ['error', NO_BUNDLE],
  INVALID_ENTRY: ['error', REFUSED],
  INVALID_WHEN: ['error', REFUSED],
  INVALID_TAG: ['error', REFUSED],
  REPEATED_IDX: ['error', `Drizzle's migrator runs the SQL of one for both; ${REFUSED}`],
  REPEATED_TAG: ['error', REFUSED],
  MISSING_FILE: ['error', NO_BUNDLE],
  EXTRA_FILE: ['warning', 'No object gets it, though whoever reads the folder takes it for done.'],
  NOT_UTF8: ['error', 'What objects run depends on the bundler, and its checksum with it.'],
  MIXED_FORMS: ['error', 'Drizzle reads one form and passes over the other.'],
  NO_MIGRATIONS: ['error', 'Nothing was checked.'],
};

/**
 * What is wrong with a folder, as findings.
 *
 * @param problems what `readFolder` could not read or put together
 */
export const checkFolder = (problems: readonly Problem[]): Finding[] =>
  problems.map(({ code, file, line, message }) => {
    const [severity, effect] = EFFECTS[code];
    return { code, severity, file, line, message, effect, fix: null };
  });
