import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

/**
 * Has the real drizzle-kit 1.x upgrade a copy of drizzle/, so that tests have both forms of one history. It wants
 * drizzle-orm 1.x beside it, which stands here under an alias, so it runs in a folder where both have their own names.
 */
export default function drizzleKitUp(): void {
  const folder = path('.generated/up');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(`${folder}/node_modules`, { recursive: true });
  const aliases: Record<string, string> = {
    'drizzle-orm': 'drizzle-orm-1',
    'drizzle-kit': 'drizzle-kit-1',
  };
  for (const name of readdirSync(path('../node_modules'))) {
    symlinkSync(path(`../node_modules/${aliases[name] ?? name}`), `${folder}/node_modules/${name}`);
  }
  cpSync(path('../drizzle'), `${folder}/drizzle`, { recursive: true });
  execFileSync(
    process.execPath,
    [
      '--preserve-symlinks',
      '--preserve-symlinks-main',
      'node_modules/drizzle-kit/bin.cjs',
      'up',
      '--dialect=sqlite',
      '--out=drizzle',
    ],
    { cwd: folder, stdio: 'pipe' },
  );
}
