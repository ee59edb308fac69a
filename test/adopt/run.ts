/**
 * The adopters of `drizzle-offramp/adopt`, and all versions of drizzle-orm, with the real packages in workerd. They are
 * installed in this folder, so that nobody else has to: `npm run test:adopt`, with the flags of vitest behind `--`.
 *
 * Two of them bring hundreds of megabytes of other things, and of these the few files that keep a history are unpacked.
 *
 * @module
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const here = import.meta.dirname;
const root = join(here, '../..');

/** Packages of which only some files are wanted, with what npm says of each. */
const UNPACKED = [
  {
    spec: 'alchemy@2.0.0-beta.79',
    integrity:
      'pn48ye2fenePmhVFkQHPP1zNlpPN/5HzsWerrgKE8N9ljBUJgwgQeL+3QyeWhxGwxttsaSGc/o5JZPppTTL4UQ==',
    files: ['src/SQL/Migrations', 'src/SQL/SqlFile.ts', 'src/Util/equal.ts', 'package.json'],
  },
  {
    spec: 'rwsdk@1.7.3',
    integrity:
      'yJXlBgzUzxJ7Zo1EMqu8PsNThfVcHSVX4bYPEgH68MYxk5WMQCk7TUsV84WQF8ChJ+owSscy2rFaVuK7ACI5EQ==',
    files: ['dist/runtime/lib', 'package.json'],
  },
];

/** Runs a program to its end; ends this one if it fails. */
function run(command: string, args: string[], cwd: string): void {
  const { status, error } = spawnSync(command, args, { cwd, stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

/** Takes the wanted files out of a package as the registry has it. */
function unpack({ spec, integrity, files }: (typeof UNPACKED)[number]): void {
  const target = join(here, 'unpacked', spec);
  if (existsSync(target)) return;
  const temporary = mkdtempSync(join(tmpdir(), 'drizzle-offramp-adopt-'));
  try {
    run('npm', ['pack', '--silent', '--pack-destination', temporary, spec], here);
    const tarball = join(temporary, `${spec.replace('@', '-')}.tgz`);
    const sha = createHash('sha512').update(readFileSync(tarball)).digest('base64');
    if (sha !== integrity) throw new Error(`${spec} is not what it was: sha512-${sha}`);
    run('tar', ['xzf', tarball, '-C', temporary, ...files.map((file) => `package/${file}`)], here);
    mkdirSync(join(here, 'unpacked'), { recursive: true });
    renameSync(join(temporary, 'package'), target);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

run('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts', '--legacy-peer-deps'], here);
for (const one of UNPACKED) unpack(one);
run('npx', ['tsc', '-p', 'test/adopt'], root);
run(
  'npx',
  ['vitest', 'run', '--config', 'test/adopt/vitest.config.ts', ...process.argv.slice(2)],
  root,
);
