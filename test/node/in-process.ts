// The command line in this very process: as cheap as a call, and beside a server that runs here too.
import { vi } from 'vitest';
import { run } from '../../src/cli/program.ts';
import type { Run } from './command.ts';

/** One at a time: the arguments, the environment and the output are the process's. */
let last: Promise<unknown> = Promise.resolve();

async function runNow(
  env: Readonly<Record<string, string>>,
  args: readonly string[],
): Promise<Run> {
  const { argv, env: before, exitCode } = process;
  const listeners = process.stdout.listeners('error');
  let [stdout, stderr] = ['', ''];
  const out = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    stdout += text;
    return true;
  });
  const err = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    stderr += text;
    return true;
  });
  try {
    process.argv = [process.execPath, 'drizzle-offramp', ...args];
    process.env = { ...before, NO_COLOR: '1', ...env };
    process.exitCode = undefined;
    await run();
    return { status: Number(process.exitCode ?? 0), stdout, stderr };
  } finally {
    for (const listener of process.stdout.listeners('error')) {
      // Each run adds one, as the only run of a process.
      if (!listeners.includes(listener)) process.stdout.off('error', listener as () => void);
    }
    out.mockRestore();
    err.mockRestore();
    Object.assign(process, { argv, env: before, exitCode });
  }
}

/**
 * Runs the command line.
 *
 * @param env what it finds in its environment beside that of the tests
 * @param args the arguments
 */
export function runCommand(env: Readonly<Record<string, string>>, ...args: string[]): Promise<Run> {
  const result = last.then(() => runNow(env, args));
  last = result.catch(() => {});
  return result;
}
