import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { COMMAND } from './node/command.ts';
import { corpus, writeBundle0, writeForm0 } from './node/corpus.ts';

const root = join(import.meta.dirname, '..');
const generated = join(import.meta.dirname, '.generated/converted');

/**
 * Has the built command convert the folders of both forms, and eject what it wrote, so that tests in workerd have
 * modules as a team would commit them. Runs after `drizzle-kit-up.ts`, which makes the 1.x form, and
 * `build-command.ts`.
 */
export default function convertExample(): void {
  rmSync(generated, { recursive: true, force: true });
  mkdirSync(generated, { recursive: true });
  const command = (...args: string[]): void => {
    execFileSync(process.execPath, [COMMAND, ...args], { cwd: root, stdio: 'pipe' });
  };
  const out = (name: string): string => join('test/.generated/converted', name);
  const converted = out('form-0/migrations.ts');
  command('convert', 'drizzle', '--out', converted);
  command('convert', 'test/.generated/up/drizzle', '--out', out('form-1/migrations.ts'));
  command('convert', 'drizzle', '--untracked', '--out', out('untracked/migrations.ts'));
  command('eject', converted, '--out', out('ejected/migrations.ts'));
  command('eject', converted, '--out', out('files/migrations.ts'), '--sql-files');
  command('eject', out('form-1/migrations.ts'), '--out', out('ejected-1/migrations.ts'));
  command('eject', converted, '--out', out('plain/migrations.ts'), '--plain');

  const folder = join(generated, 'corpus/drizzle');
  const made = corpus();
  writeForm0(folder, made);
  writeBundle0(folder, made);
  command('convert', out('corpus/drizzle'));
}
