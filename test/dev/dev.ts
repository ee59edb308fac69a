import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

const running = new Set<Dev>();
process.once('exit', () => {
  for (const dev of running) dev.kill();
});

/** `wrangler dev` of this repository, as a person starts it, with its state in a temporary folder. */
export class Dev {
  readonly url: string;
  private readonly child: ChildProcess;
  private readonly folder: string;
  private readonly printed: () => string;

  private constructor(url: string, child: ChildProcess, folder: string, printed: () => string) {
    this.url = url;
    this.child = child;
    this.folder = folder;
    this.printed = printed;
    running.add(this);
  }

  /**
   * Starts it and waits until it takes requests.
   *
   * @param config the path of a wrangler.jsonc
   * @throws {Error} with what it printed, if it ends or says nothing for a minute
   */
  static async start(config: string): Promise<Dev> {
    const folder = mkdtempSync(join(tmpdir(), 'drizzle-offramp-dev-'));
    const child = spawn(
      process.execPath,
      [
        join(root, 'node_modules/wrangler/bin/wrangler.js'),
        ...['dev', '--config', config, '--local', '--ip', '127.0.0.1', '--port', '0'],
        ...['--inspector-port', '0', '--persist-to', join(folder, 'state')],
        ...['--show-interactive-dev-session=false', '--live-reload=false', '--types=false'],
      ],
      {
        // A group of its own, so that the runtime that wrangler starts can be ended with it.
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          ...process.env,
          CI: 'true',
          CLOUDFLARE_CF_FETCH_ENABLED: 'false',
          NO_COLOR: '1',
          WRANGLER_HIDE_BANNER: 'true',
          WRANGLER_SEND_ERROR_REPORTS: 'false',
          WRANGLER_SEND_METRICS: 'false',
          WRANGLER_WRITE_LOGS: 'false',
          WRANGLER_REGISTRY_PATH: join(folder, 'registry'),
          XDG_CONFIG_HOME: join(folder, 'config'),
        },
      },
    );
    let text = '';
    const printed = () => text;
    const url = await new Promise<string | undefined>((resolve) => {
      const timer = setTimeout(() => resolve(undefined), 60_000);
      const read = (chunk: Buffer) => {
        text += chunk;
        if (text.includes('Build failed')) resolve(undefined);
        const found = /Ready on (http:\/\/127\.0\.0\.1:\d+)/.exec(text)?.[1];
        if (found === undefined) return;
        clearTimeout(timer);
        resolve(found);
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
      child.once('exit', () => {
        clearTimeout(timer);
        resolve(undefined);
      });
    });
    const dev = new Dev(url ?? '', child, folder, printed);
    if (url === undefined) {
      await dev.stop();
      throw new Error(`wrangler dev did not start:\n${text}`);
    }
    return dev;
  }

  /** Everything that wrangler and the Worker have printed so far. */
  get output(): string {
    return this.printed();
  }

  /** Where its objects are. */
  get state(): string {
    return join(this.folder, 'state');
  }

  /** Gets JSON from a path of the Worker. */
  async get<T>(path: string): Promise<T> {
    // Without this header an error comes as a page with styles.
    const response = await fetch(this.url + path, {
      headers: { 'MF-Disable-Pretty-Error': 'true' },
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
    return JSON.parse(text) as T;
  }

  /** Ends wrangler and its runtime, and removes what they wrote. */
  async stop(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const ended = once(this.child, 'exit');
      this.signal('SIGTERM');
      const timer = setTimeout(() => this.signal('SIGKILL'), 5_000);
      await ended;
      clearTimeout(timer);
    }
    this.kill();
  }

  /** The same, at once. */
  kill(): void {
    running.delete(this);
    this.signal('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  private signal(signal: NodeJS.Signals): void {
    try {
      process.kill(-(this.child.pid as number), signal);
    } catch {
      // The group is gone.
    }
  }
}
