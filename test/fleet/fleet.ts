import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout } from 'node:timers/promises';
import { build } from 'esbuild';
import type {
  FeedAnswer,
  FleetCommand,
  RunStatus,
  StartCommand,
  StatusAnswer,
} from '../../src/fleet/protocol.ts';
import type { Kind } from './kinds.ts';

/** The secret of its route. */
export const TOKEN = 'token-of-the-tests';

/** The Worker as one module. */
async function bundle(folder: string): Promise<string> {
  const outfile = join(folder, 'worker.js');
  await build({
    entryPoints: [join(import.meta.dirname, 'worker/worker.ts')],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    external: ['cloudflare:workers', 'node:*'],
    loader: { '.sql': 'text' },
    outfile,
    logLevel: 'error',
  });
  return outfile;
}

const running = new Set<Fleet>();
process.once('exit', () => {
  for (const fleet of running) fleet.remove();
});

/** A Worker with its objects in Miniflare, in a temporary folder, to be deployed anew and killed. */
export class Fleet {
  readonly folder = mkdtempSync(join(tmpdir(), 'drizzle-offramp-fleet-'));
  private script: string | undefined;
  private child: ChildProcess | undefined;
  private url = '';

  /** Where it answers, without a slash at the end. */
  get address(): string {
    return this.url.replace(/\/$/, '');
  }

  /** What the processes have printed. */
  output = '';

  constructor() {
    running.add(this);
  }

  /** Where its objects are. */
  get state(): string {
    return join(this.folder, 'state');
  }

  /** Starts a deploy over the objects that there are. */
  async start(
    deploy: 'seed' | 'old' | 'live',
    date = '2026-10-01',
    queue: 'delivers' | 'paused' = 'delivers',
  ): Promise<void> {
    this.script ??= await bundle(this.folder);
    const child = spawn(
      process.execPath,
      [
        join(import.meta.dirname, 'host.ts'),
        ...[this.script, this.state, deploy, date, ...(queue === 'paused' ? [queue] : [])],
      ],
      // A group of its own, so that the runtime is killed with it.
      { detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    this.child = child;
    let text = '';
    this.url = await new Promise<string>((resolve, reject) => {
      const read = (chunk: Buffer) => {
        text += chunk;
        this.output += chunk;
        const found = /Ready on (http:\S+)/.exec(text)?.[1];
        if (found !== undefined) resolve(found);
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
      child.once('exit', () => reject(new Error(`Miniflare did not start:\n${text}`)));
    });
  }

  private signal(signal: NodeJS.Signals): void {
    try {
      process.kill(-(this.child?.pid as number), signal);
    } catch {
      // The group is gone.
    }
  }

  /** SIGKILL to Miniflare and its runtime. */
  async kill(): Promise<void> {
    const { child } = this;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    this.signal('SIGKILL');
    await ended;
    // The runtime is another process of the group.
    await setTimeout(50);
  }

  /** Kills it and removes all files. */
  remove(): void {
    running.delete(this);
    this.signal('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }

  /** Gets or posts JSON. */
  async fetch(
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    return fetch(new URL(path, this.url), {
      headers: { Authorization: `Bearer ${TOKEN}`, 'MF-Disable-Pretty-Error': 'true', ...headers },
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    });
  }

  async json<T>(path: string, body?: unknown): Promise<T> {
    const response = await this.fetch(path, body);
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
    return JSON.parse(text) as T;
  }

  /** Makes objects; the deploy must be `seed`. */
  async seed(name: string, objects: readonly (readonly [name: string, kind: Kind | string])[]) {
    return this.json<string[]>('/seed', { class: name, objects });
  }

  /** Sends a command about a class. */
  command<T = StatusAnswer>(name: string, command: FleetCommand): Promise<T> {
    return this.json<T>(`/__fleet/${name}`, command);
  }

  private files(className: string): string {
    return join(this.state, 'do', `fleet-${className}`);
  }

  /** The ids of all objects of a class, in order, from their files. */
  ids(className: string): string[] {
    return readdirSync(this.files(className))
      .flatMap((file) => /^([0-9a-f]{64})\.sqlite$/.exec(file)?.[1] ?? [])
      .sort();
  }

  /** What the table of an object's file holds; undefined if there is no such table. */
  read(className: string, id: string, query: string): unknown[] | undefined {
    const database = new DatabaseSync(join(this.files(className), `${id}.sqlite`), {
      readOnly: true,
    });
    try {
      return database.prepare(query).all();
    } catch (error) {
      if (/no such table/.test((error as Error).message)) return undefined;
      throw error;
    } finally {
      database.close();
    }
  }

  /** Feeds objects to a listing from where it is, as a client does. */
  async feed(
    name: string,
    { run, listings }: RunStatus,
    ids: readonly string[],
    size = 1000,
  ): Promise<number> {
    const { listing, last } = listings.at(-1) ?? { listing: 0, last: null };
    let after = last;
    let found = 0;
    let rest = ids.filter((id) => after === null || id > after);
    do {
      const objects = rest.slice(0, size);
      rest = rest.slice(size);
      const complete = rest.length === 0;
      const fed = { do: 'feed', run, listing, after, objects, complete } as const;
      found += (await this.command<FeedAnswer>(name, fed)).found;
      after = objects.at(-1) ?? after;
    } while (rest.length > 0);
    return found;
  }

  /** Begins a run over these objects. */
  async begin(name: string, ids: readonly string[], start: Partial<StartCommand> = {}) {
    const { run } = await this.command(name, { ...start, do: 'start' });
    await this.feed(name, run as RunStatus, ids);
    return (run as RunStatus).run;
  }

  /** Asks for the status until it is as wished. */
  async until(name: string, fits: (status: RunStatus) => boolean): Promise<RunStatus> {
    for (;;) {
      const { run } = await this.json<StatusAnswer>(`/__fleet/${name}`);
      if (run && fits(run)) return run;
      await setTimeout(100);
    }
  }

  done(name: string): Promise<RunStatus> {
    return this.until(name, ({ state }) => state === 'done');
  }

  /** Most memory that the runtime has had, in bytes. */
  peakMemory(): number {
    const children = readFileSync(
      `/proc/${this.child?.pid}/task/${this.child?.pid}/children`,
      'utf8',
    );
    return children
      .trim()
      .split(' ')
      .map((pid) => {
        const status = readFileSync(`/proc/${pid}/status`, 'utf8');
        return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
      })
      .reduce((sum, bytes) => sum + bytes, 0);
  }
}
