import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ClassName } from './fleet.ts';

const COMMAND = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const REPORTS = fileURLToPath(new URL('report', import.meta.url));
const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));

/** What a sweep of a class said. */
export interface Swept {
  /** Where its report is, from the repository. */
  report: string;
  text: string;
  /** Whether Drizzle can go. */
  canGo: boolean;
}

/**
 * Runs `drizzle-offramp fleet start` for a class of a local Worker, and leaves its report.
 *
 * @param className the class
 * @param url where the Worker answers
 * @param storage where its objects are
 * @param token the secret of its route
 * @param deployedAt when the Worker was deployed
 */
export async function sweep(
  className: ClassName,
  url: URL,
  storage: string,
  token: string,
  deployedAt: string,
): Promise<Swept> {
  mkdirSync(REPORTS, { recursive: true });
  const report = `example/demo/report/${className.toLowerCase()}.html`;
  const child = spawn(
    process.execPath,
    [
      // The sources have constructors that declare fields, which Node does not run by itself.
      ...['--experimental-transform-types', '--disable-warning=ExperimentalWarning'],
      ...[COMMAND, 'fleet', 'start', '--class', className, '--url', url.href, '--state', storage],
      // Nothing else runs here: no object has old code.
      ...['--deployed-at', deployedAt, '--settle', '0', '--strict', '--html', report],
    ],
    { cwd: REPOSITORY, env: { ...process.env, DRIZZLE_OFFRAMP_TOKEN: token } },
  );
  let text = '';
  let errors = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
  });
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  const [code] = await once(child, 'close');
  if (code === 2 || text === '') throw new Error(`fleet start --class ${className}:\n${errors}`);
  return { report, text: text.trimEnd(), canGo: code === 0 };
}
