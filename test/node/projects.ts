import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach } from 'vitest';
import { buildCommand } from './built.ts';
import type { Run } from './command.ts';

/**
 * A new, empty project for each test of a file, and the built command to run in it.
 *
 * @param name a name of the test file's own
 */
export function useProjects(name: string) {
  const temporary = mkdtempSync(join(tmpdir(), `drizzle-offramp-${name}-`));
  const command = buildCommand();
  let project = '';
  let count = 0;
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
