// Types: the modules of a small project, checked by a version of TypeScript against a version of Cloudflare's types.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Project, ROOT } from './project.ts';

const FLAGS = [
  ...['--noEmit', '--strict', '--target', 'es2022', '--lib', 'es2023', '--allowJs'],
  ...['--types', '@cloudflare/workers-types'],
];

/** How TypeScript finds modules, for its versions from one major on up to another. */
const RESOLUTIONS = [
  { module: 'esnext', resolution: 'bundler', last: Number.POSITIVE_INFINITY },
  { module: 'nodenext', resolution: 'nodenext', last: Number.POSITIVE_INFINITY },
  { module: 'node16', resolution: 'node16', last: Number.POSITIVE_INFINITY },
  { module: 'esnext', resolution: 'node', last: 5 },
];

/**
 * Type checks the package's modules as a Worker uses them.
 *
 * @param project an empty one
 * @param typescript the version of TypeScript
 * @param types the version of `@cloudflare/workers-types`
 * @returns what the table shows beside it
 */
export function tryTypes(project: Project, typescript: string, types: string): string {
  for (const name of ['plain.ts', 'fleet.ts', 'drop-in.ts', 'testing-types.ts']) {
    const text = readFileSync(join(ROOT, 'test/package/project', name), 'utf8');
    // Types before 2025 have no namespace Cloudflare: a Worker names its bindings itself.
    const own = '\ninterface Env {\n  readonly NAME: string;\n}\n';
    const isOwn = text.includes('Cloudflare.Env');
    project.write({ [name]: isOwn ? text.replaceAll('Cloudflare.Env', 'Env') + own : text });
  }
  project.copy('drizzle');
  project.install(
    `typescript@${typescript}`,
    `@cloudflare/workers-types@${types}`,
    'drizzle-orm@0.45.4',
  );
  const major = Number.parseInt(typescript, 10);
  for (const { module, resolution, last } of RESOLUTIONS) {
    if (major > last) continue;
    const flags = [...FLAGS, '--module', module, '--moduleResolution', resolution];
    // Our own declarations and Cloudflare's are read too; those of drizzle-orm want the packages of every other database.
    const own = resolution === 'node' ? ['--skipLibCheck'] : [];
    project.run('tsc', ...flags, ...own, 'plain.ts', 'fleet.ts');
    project.run('tsc', ...flags, '--skipLibCheck', 'drop-in.ts', 'testing-types.ts');
  }
  return `typescript@${typescript}, workers-types@${types}`;
}
