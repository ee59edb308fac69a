import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { buildCommand, type Run } from './built.ts';

/**
 * A new, empty project for each test of a file, and the built command to run in it.
 *
 * @param name a name of the test file's own
 */
export function useProjects(name: string) {
  const temporary = mkdtempSync(join(tmpdir(), `drizzle-offramp-${name}-`));
  let command: ReturnType<typeof buildCommand>;
  let project = '';
  let count = 0;
  beforeAll(() => {
    command = buildCommand(name);
  }, 60_000);
  beforeEach(() => {
    project = join(temporary, `project-${count++}`);
    mkdirSync(project);
  });
  afterAll(() => rmSync(temporary, { recursive: true, force: true }));

  const at = (...path: string[]): string => join(project, ...path);
  return {
    at,
    read: (file = 'migrations.ts'): string => readFileSync(at(file), 'utf8'),
    run: (...args: string[]): Run => command(project, ...args),
  };
}
