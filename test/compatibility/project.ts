// A project as a user has it, in a folder of its own, with real packages that npm installs from the registry.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

/** This repository. */
export const ROOT = join(import.meta.dirname, '../..');

/** How long one program may run, in milliseconds. */
const LIMIT = 15 * 60_000;

/** Why a row does not work: one line for the table. */
export class Unfit extends Error {}

/** The line of an output that says what went wrong. */
const reasonIn = (out: string): string =>
  out
    .split('\n')
    .map((line) => line.trim())
    .find((line) => /^(npm error (?!code)|(\w*Error|\[\w+\])\b)|^✘|\berror\b|\bError:/.test(line))
    ?.slice(0, 200) ?? 'see the output';

/** A folder with a package.json of its own. */
export class Project {
  readonly folder: string;
  private readonly temporary: string;
  private readonly tarball: string;
  /** The environment of all programs that run here. */
  readonly env: NodeJS.ProcessEnv;

  /**
   * @param temporary the folder in which it is made
   * @param tarball drizzle-offramp, as npm packs it
   */
  constructor(temporary: string, tarball: string) {
    this.temporary = temporary;
    this.tarball = tarball;
    this.folder = mkdtempSync(join(temporary, 'project-'));
    this.write({
      'package.json': JSON.stringify({ name: 'compatibility', private: true, type: 'module' }),
    });
    this.env = {
      ...process.env,
      CI: 'true',
      NO_COLOR: '1',
      npm_config_update_notifier: 'false',
      WRANGLER_HIDE_BANNER: 'true',
      WRANGLER_SEND_ERROR_REPORTS: 'false',
      WRANGLER_SEND_METRICS: 'false',
      WRANGLER_WRITE_LOGS: 'false',
      XDG_CONFIG_HOME: join(temporary, 'config'),
      // The version of Node that a row is about comes first.
      PATH: `${this.at('node_modules/.bin')}:${process.env.PATH}`,
    };
  }

  /** A path below the folder. */
  at(...parts: string[]): string {
    return join(this.folder, ...parts);
  }

  /** Writes files, by their paths. */
  write(files: Readonly<Record<string, string>>): void {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(this.at(path)), { recursive: true });
      writeFileSync(this.at(path), text);
    }
  }

  /** Copies a file or folder of this repository. */
  copy(from: string, to = from): void {
    cpSync(join(ROOT, from), this.at(to), { recursive: true });
  }

  read(path: string): string {
    return readFileSync(this.at(path), 'utf8');
  }

  /** The version of an installed package. */
  versionOf(name: string): string {
    return (JSON.parse(this.read(`node_modules/${name}/package.json`)) as { version: string })
      .version;
  }

  /**
   * Runs a program to its end.
   *
   * @returns what it printed
   * @throws {Unfit} if it fails
   */
  run(command: string, ...args: string[]): string {
    const { status, error, stdout, stderr } = spawnSync(command, args, {
      ...{ cwd: this.folder, env: this.env, encoding: 'utf8', timeout: LIMIT },
      ...{ input: '', maxBuffer: 2 ** 26 },
    });
    const out = stripVTControlCharacters(`${stdout ?? ''}${stderr ?? ''}`);
    if (status !== 0 || error !== undefined) {
      console.log(`$ ${[command, ...args].join(' ')}\n${out.trimEnd()}`);
      const said = error?.message ?? reasonIn(out);
      throw new Unfit(
        `${[command, ...args].slice(0, 2).join(' ')}: ${said}`.replaceAll(this.temporary, ''),
      );
    }
    return stdout;
  }

  /**
   * Installs packages beside drizzle-offramp.
   *
   * @param packages with their versions
   */
  install(...packages: string[]): void {
    this.run(
      'npm',
      'install',
      '--no-audit',
      '--no-fund',
      '--save-exact',
      this.tarball,
      ...packages,
    );
  }

  /** Runs the command of drizzle-offramp, and returns what it printed. */
  offramp(...args: string[]): string {
    return this.run('drizzle-offramp', ...args);
  }

  /** Removes the folder. */
  remove(): void {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
