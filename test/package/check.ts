/**
 * The package as a user gets it: packed by npm, installed by npm into an empty Worker project, type checked there,
 * bundled by wrangler and imported by Node. Everything happens in a temporary folder and without a network: whatever a
 * user would install beside the package is linked from this repository.
 *
 * @module
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What esbuild tells about a bundle, as far as it is looked at here. */
interface Metafile {
  outputs: Record<string, { inputs: Record<string, { bytesInOutput: number }> }>;
}

const EXPORTS = {
  'drizzle-offramp': [
    'AdoptionError',
    'CommandError',
    'ForeignKeyError',
    'InputError',
    'MigrationError',
    'OfframpError',
    'RewindError',
    'defineMigrations',
    'history',
    'inspect',
    'migrate',
    'migrateAll',
    'migrateAllAsync',
    'migrateAsync',
    'migrationsRoute',
    'rewind',
    'withMigrations',
  ],
  'drizzle-offramp/durable-sqlite/migrator': ['migrate'],
  'drizzle-offramp/adopt': ['alchemy', 'durableUtils', 'effect', 'kysely', 'rwsdk', 'schemas'],
};

/** Only the runtime of tests has `cloudflare:test`. */
const FOR_TESTS = { file: 'dist/testing.js', specifier: 'cloudflare:test' };

/** The fleet's ledger is a Durable Object: only a Worker has the class that it extends. */
const FOR_WORKERS = { files: /^dist\/fleet\/ledger\.(js|d\.ts)$/, specifier: 'cloudflare:workers' };

/** Rehearsals and the command line read SQL with a parser; no Worker does. */
const FOR_READING = { files: /^dist\/reader\/parser\.(js|d\.ts)$/, specifier: 'sqlite3-parser' };

const root = fileURLToPath(new URL('../..', import.meta.url));
const temporary = mkdtempSync(join(tmpdir(), 'drizzle-offramp-package-'));
const project = join(temporary, 'project');
const installed = join(project, 'node_modules/drizzle-offramp');

const env = {
  ...process.env,
  // Nobody is asked anything, nothing is reported, and wrangler writes to no home directory.
  CI: 'true',
  npm_config_update_notifier: 'false',
  WRANGLER_HIDE_BANNER: 'true',
  WRANGLER_SEND_ERROR_REPORTS: 'false',
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_WRITE_LOGS: 'false',
  XDG_CONFIG_HOME: join(temporary, 'config'),
};

/** Runs a program to its end and returns what it printed; if it fails, the error holds that. */
function run(command: string, args: string[], cwd = project): string {
  try {
    return execFileSync(command, args, { cwd, env, encoding: 'utf8', stdio: 'pipe', input: '' });
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`${[command, ...args].join(' ')}\n${stdout}${stderr}`);
  }
}

const node = (...args: string[]): string => run(process.execPath, args);
const ours = (path: string): string => join(root, 'node_modules', path);

/** Writes a package.json below the project's folder. */
function writeManifest(folder: string, manifest: Record<string, unknown>): void {
  mkdirSync(join(project, folder), { recursive: true });
  writeFileSync(join(project, folder, 'package.json'), JSON.stringify(manifest));
}

/** Puts one of this repository's packages into the project, in the place of what was there. */
function link(name: string, target: string): void {
  const path = join(project, 'node_modules', name);
  rmSync(path, { recursive: true, force: true });
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(ours(target), path, 'junction');
}

/** The folders of the packages that ours needs at run time, and of those which these need. */
function dependencyFolders(folder = root, found = new Set<string>()): Set<string> {
  const { dependencies = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  for (const name of Object.keys(dependencies)) {
    const nested = join(folder, 'node_modules', name);
    const path = existsSync(nested) ? nested : ours(name);
    if (found.has(path)) continue;
    found.add(path);
    dependencyFolders(path, found);
  }
  return found;
}

/** Packs folders and returns the tarballs' paths. */
const pack = (...folders: string[]): string[] =>
  run('npm', ['pack', '--silent', '--pack-destination', temporary, ...folders], root)
    .trim()
    .split('\n')
    .map((name) => join(temporary, name));

/** The package as npm packed it. */
let tarball = '';

function packAndInstall(): void {
  const tarballs = pack('.');
  assert.equal(tarballs.length, 1, 'npm pack wrote one tarball');
  [tarball = ''] = tarballs;
  cpSync(join(root, 'test/package/project'), project, { recursive: true });
  cpSync(join(root, 'drizzle'), join(project, 'drizzle'), { recursive: true });
  writeManifest('.', { name: 'notes', private: true, type: 'module' });
  // Without a network npm finds what ours depends on only where it is installed beside it.
  const dependencies = [...dependencyFolders()];
  run('npm', [
    ...['install', '--prefix', project, '--offline', '--no-audit', '--no-fund', '--omit=optional'],
    ...[...tarballs, ...pack(...dependencies, '--ignore-scripts')],
  ]);
  assert.deepEqual(
    globSync('*', { cwd: join(project, 'node_modules') }).sort(),
    ['drizzle-offramp', ...dependencies.map((path) => basename(path))].sort(),
    'the package brings nothing along but what the command line needs',
  );
}

/** npm refuses to install beside a drizzle-orm that the peer range leaves out. For that it only reads the version. */
function acceptsDrizzle(alias: string): void {
  const { version } = JSON.parse(readFileSync(ours(`${alias}/package.json`), 'utf8'));
  const { dependencies } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8'));
  writeManifest('node_modules/drizzle-orm', { name: 'drizzle-orm', version });
  writeManifest('.', {
    type: 'module',
    dependencies: { ...dependencies, 'drizzle-orm': version },
  });
  run('npm', ['ls', '--all', '--prefix', project]);
}

/** What is there for people: the pages, and pictures of the manual. */
const FOR_PEOPLE = [
  ...['CHANGELOG.md', 'CONTRIBUTING.md', 'LICENSE', 'README.md', 'SECURITY.md', 'llms.txt'],
  'package.json',
];
const MANUAL = /^docs\/.+\.(md|svg|png)$/;

function holdsWhatItShould(): void {
  const files = globSync('**/*', { cwd: installed, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(installed.length + 1));
  const isBuilt = (file: string): boolean => /^dist\/.+(?<!\.d)\.(js|d\.ts)(\.map)?$/.test(file);
  const isSource = (file: string): boolean => /^src\/.+\.ts$/.test(file);
  assert.deepEqual(
    files.filter((file) => !isBuilt(file) && !isSource(file) && !MANUAL.test(file)).sort(),
    FOR_PEOPLE.sort(),
  );
  assert.ok(files.includes('docs/README.md'), 'the manual is there');
  const built = (extension: string): string[] =>
    files
      .filter((file) => isBuilt(file) && file.endsWith(extension))
      .map((file) => file.slice(0, -extension.length))
      .sort();
  assert.deepEqual(built('.js'), built('.d.ts'), 'each module has its types');
  for (const module of built('.js')) {
    for (const map of [`${module}.js.map`, `${module}.d.ts.map`]) {
      const { sources }: { sources: string[] } = JSON.parse(
        readFileSync(join(installed, map), 'utf8'),
      );
      const source = join(dirname(map), sources[0] ?? '');
      assert.ok(files.includes(source), `${map} leads to ${source}`);
    }
  }
  const { exports } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
  const paths = Object.values(exports as Record<string, string | object>).flatMap((target) =>
    typeof target === 'string' ? target : Object.values(target),
  );
  for (const path of paths) {
    assert.ok(files.includes(path.replace('./', '')), `exports names ${path}`);
  }
}

/** What others ask of a package: that its fields fit its files, and that its types fit what it exports. */
function standsUpToLinters(): void {
  node(ours('publint/src/cli.js'), '--strict', '--pack', 'false', installed);
  node(
    ours('@arethetypeswrong/cli/dist/index.js'),
    ...['--profile', 'esm-only', '--no-definitely-typed', '--no-emoji', '--no-color', tarball],
  );
}

/** Imports stand at the start of a line; in a comment, behind an asterisk, they are somebody's example. */
const SPECIFIER =
  /^(?:import|export)\b(?:[^'";]*\bfrom)?\s*['"]([^'"]+)|\b(?:import|require)\(\s*['"]([^'"]+)|^\/\/\/\s*<reference (.+)/gm;

/** The files that are for Node alone. */
const COMMAND_LINE = /^dist\/cli\//;

function importsNothingFromOutside(): void {
  let count = 0;
  for (const file of globSync('dist/**/*.{js,ts}', { cwd: installed })) {
    if (COMMAND_LINE.test(file)) continue;
    for (const match of readFileSync(join(installed, file), 'utf8').matchAll(SPECIFIER)) {
      const specifier = match.slice(1).find((group) => group !== undefined) ?? '';
      if (file === FOR_TESTS.file && specifier === FOR_TESTS.specifier) continue;
      if (FOR_WORKERS.files.test(file) && specifier === FOR_WORKERS.specifier) continue;
      if (FOR_READING.files.test(file) && specifier === FOR_READING.specifier) continue;
      assert.match(specifier, /^\.\.?\//, `${file} imports ${specifier}`);
      assert.doesNotMatch(join(dirname(file), specifier), COMMAND_LINE, `${file}: ${specifier}`);
      count++;
    }
  }
  assert.ok(count > 0, 'imports were found at all');
}

/** Type checks a user's module with both ways in which a Worker project finds modules. */
function typeChecks(file: string, workersTypes: string, flags: string[]): void {
  for (const [module, resolution] of [
    ['esnext', 'bundler'],
    ['nodenext', 'nodenext'],
  ] as const) {
    node(
      ours('typescript/bin/tsc'),
      ...['--noEmit', '--strict', '--target', 'es2022', '--lib', 'es2023', '--types', workersTypes],
      // drizzle-kit's migrations.js has no types.
      ...['--allowJs', '--module', module, '--moduleResolution', resolution],
      ...flags,
      file,
    );
  }
}

/** The same with TypeScript 5.9, which finds modules in the old way of Node too. */
function typeChecksWithTypeScript5(): void {
  for (const [module, resolution] of [
    ['esnext', 'node'],
    ['node16', 'node16'],
    ['esnext', 'bundler'],
  ] as const) {
    node(
      ours('typescript-5/bin/tsc'),
      ...['--noEmit', '--strict', '--target', 'es2022', '--lib', 'es2023', '--skipLibCheck'],
      ...['--types', '@cloudflare/workers-types', '--allowJs', '--module', module],
      ...[
        '--moduleResolution',
        resolution,
        'plain.ts',
        'fleet.ts',
        'drop-in.ts',
        'testing-types.ts',
      ],
    );
  }
}

function typeChecksAgainst(workersTypes: string): void {
  typeChecks('plain.ts', workersTypes, ['--skipLibCheck', 'false']);
  typeChecks('fleet.ts', workersTypes, ['--skipLibCheck', 'false']);
  link('@cloudflare/vitest-pool-workers', '@cloudflare/vitest-pool-workers');
  link('vitest', 'vitest');
  typeChecks('rehearsal.test.ts', `${workersTypes},@cloudflare/vitest-pool-workers/types`, [
    // vitest's own types want those of Node.
    ...['--skipLibCheck', 'true', '--allowImportingTsExtensions'],
  ]);
  for (const alias of ['drizzle-orm', 'drizzle-orm-1']) {
    link('drizzle-orm', alias);
    // drizzle-orm's own types want the packages of every other database.
    typeChecks('drop-in.ts', workersTypes, ['--skipLibCheck', 'true']);
  }
  link('drizzle-orm', 'drizzle-orm');
}

/** Bundles a Worker as `wrangler deploy` does, and returns the modules that reached the bundle. */
function bundle(file: string): string[] {
  const wrangler = ours('wrangler/bin/wrangler.js');
  node(wrangler, 'deploy', file, '--dry-run', '--outdir', 'out', '--metafile', 'meta.json');
  const meta: Metafile = JSON.parse(readFileSync(join(project, 'meta.json'), 'utf8'));
  return Object.values(meta.outputs).flatMap(({ inputs }) =>
    Object.keys(inputs).filter((input) => (inputs[input]?.bytesInOutput ?? 0) > 0),
  );
}

const from = (name: string, modules: string[]): string[] =>
  modules.filter((path) => path.includes(`node_modules/${name}/`));

function bundlesWithoutDrizzle(): void {
  const modules = bundle('plain.ts');
  assert.ok(from('drizzle-offramp', modules).some((path) => path.endsWith('dist/migrate.js')));
  assert.deepEqual(from('drizzle-orm', modules), []);
  assert.deepEqual(
    from('drizzle-offramp', modules).filter((path) =>
      /dist\/(cli|reader|testing|fleet)\//.test(path),
    ),
    [],
  );
  assert.deepEqual(from('sqlite3-parser', modules), []);
}

/** A Worker with the ledger of a fleet, which brings what a Worker has only. */
function bundlesTheFleet(): void {
  const modules = from('drizzle-offramp', bundle('fleet.ts'));
  assert.ok(modules.some((path) => path.endsWith('dist/fleet/ledger.js')));
  assert.deepEqual(
    modules.filter((path) => /dist\/(cli|reader|testing)\//.test(path)),
    [],
  );
}

/** The command as npm links it, from a module that it wrote to the plain one. */
function runsTheCommand(): void {
  const command = (...args: string[]): string =>
    run(join(project, 'node_modules/.bin/drizzle-offramp'), args);
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  assert.equal(command('--version'), `${version}\n`);
  command('convert', 'drizzle', '--out', 'migrations.ts');
  assert.match(command('convert', 'drizzle', '--check'), /^migrations\.ts is up to date: /);
  assert.match(command('eject'), /\nTried in \d+ states of an object: /);
}

function bundlesWithoutDrizzlesMigrator(): void {
  const modules = bundle('drop-in.ts');
  assert.ok(from('drizzle-offramp', modules).some((path) => path.endsWith('dist/migrator.js')));
  assert.ok(from('drizzle-orm', modules).length > 0);
  assert.deepEqual(
    from('drizzle-orm', modules).filter((path) => path.includes('migrator')),
    [],
  );
}

function exportsWhatItSays(): void {
  for (const [name, names] of Object.entries(EXPORTS)) {
    const script = `console.log(JSON.stringify(Object.keys(await import('${name}'))))`;
    assert.deepEqual(JSON.parse(node('--input-type=module', '--eval', script)), names);
  }
  node('--eval', "require('drizzle-offramp/package.json')");
}

/** A team's own test, in workerd: the only place where `drizzle-offramp/testing` can be imported. */
function rehearsesInVitest(): void {
  const output = node(ours('vitest/vitest.mjs'), 'run');
  assert.match(output, /Tests .*1 passed/);
}

/** The checks, in order; each needs those before it. */
const CHECKS: [string, () => void][] = [
  ['npm packs it and installs it into an empty project', packAndInstall],
  ['it holds built files, their sources and the manual', holdsWhatItShould],
  ['publint and attw find nothing', standsUpToLinters],
  ['it imports nothing from outside', importsNothingFromOutside],
  ['Node imports the entries for a Worker', exportsWhatItSays],
  ['the command runs', runsTheCommand],
  ['npm takes it beside drizzle-orm 0.x', () => acceptsDrizzle('drizzle-orm')],
  ['npm takes it beside drizzle-orm 1.x', () => acceptsDrizzle('drizzle-orm-1')],
  [
    'it type checks with @cloudflare/workers-types 5',
    () => {
      link('@cloudflare/workers-types', '@cloudflare/workers-types');
      typeChecksAgainst('@cloudflare/workers-types');
    },
  ],
  [
    'it type checks with @cloudflare/workers-types 4',
    () => {
      link('@cloudflare/workers-types', 'workers-types-4');
      typeChecksAgainst('@cloudflare/workers-types');
    },
  ],
  ['it type checks with TypeScript 5.9', typeChecksWithTypeScript5],
  ['vitest rehearses a class with it', rehearsesInVitest],
  ['wrangler bundles it without drizzle-orm', bundlesWithoutDrizzle],
  ['wrangler bundles the ledger of a fleet', bundlesTheFleet],
  ["wrangler bundles the drop-in without drizzle-orm's migrator", bundlesWithoutDrizzlesMigrator],
];

try {
  for (const [name, check] of CHECKS) {
    const start = performance.now();
    try {
      check();
    } catch (error) {
      console.error(`FAILED  ${name}\n${error instanceof Error ? error.message : error}`);
      process.exitCode = 1;
      break;
    }
    console.log(`ok  ${name} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
  }
} finally {
  rmSync(temporary, { recursive: true, force: true });
}
