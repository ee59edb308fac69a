import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { build } from 'esbuild';
import type { Deploy, Report, Request } from './protocol.ts';

// A CommonJS module, whose own default is where the program is.
const { default: workerd }: { default: string } = createRequire(import.meta.url)('workerd');

/** The folder of the objects' files, below the storage's. */
export const UNIQUE_KEY = 'torture';

// https://github.com/cloudflare/workerd/blob/main/src/workerd/server/workerd.capnp
const CONFIG = `
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "storage", disk = (path = "storage", writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = "2026-10-01",
  bindings = [
    (name = "DEPLOY", json = embed "deploy.json"),
    (name = "OBJECT", durableObjectNamespace = "TortureObject"),
  ],
  durableObjectNamespaces = [
    (className = "TortureObject", uniqueKey = "${UNIQUE_KEY}", enableSql = true),
  ],
  durableObjectStorage = (localDisk = "storage"),
);
`;

let bundled: Promise<string> | undefined;

/** The Worker as one module; the same for every deploy. */
function bundle(): Promise<string> {
  bundled ??= build({
    entryPoints: [join(import.meta.dirname, 'worker/worker.ts')],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    external: ['cloudflare:workers'],
    write: false,
  }).then(({ outputFiles }) => outputFiles[0]?.text ?? '');
  return bundled;
}

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/**
 * The runtime itself as a process of ours, with no other between, so that a kill ends what has the files open, and
 * nothing is left over.
 */
export class Runtime {
  private readonly child: ChildProcess;
  private readonly url: string;
  private readonly output: () => string;

  private constructor(child: ChildProcess, port: number, output: () => string) {
    this.child = child;
    this.url = `http://127.0.0.1:${port}`;
    this.output = output;
  }

  /** Starts a deploy over what stands in `storage` below a folder. */
  static async start(folder: string, deploy: Deploy): Promise<Runtime> {
    mkdirSync(join(folder, 'storage', UNIQUE_KEY), { recursive: true });
    writeFileSync(join(folder, 'worker.js'), await bundle());
    writeFileSync(join(folder, 'deploy.json'), JSON.stringify(deploy));
    writeFileSync(join(folder, 'config.capnp'), CONFIG);
    const child = spawn(workerd, ['serve', 'config.capnp', '--experimental', '--control-fd=3'], {
      cwd: folder,
      // SQLite's temporary files are left where they are when the runtime is killed.
      env: { TMPDIR: folder },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    });
    running.add(child);
    child.once('exit', () => running.delete(child));
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text) => {
        output += text;
      });
    }
    // The runtime says on this descriptor which port it has taken.
    for await (const line of createInterface({ input: child.stdio[3] as Readable })) {
      const message = JSON.parse(line);
      if (message.event === 'listen') return new Runtime(child, message.port, () => output);
    }
    throw new Error(`workerd did not start:\n${output}`);
  }

  private async post(path: string, request: Request): Promise<Response> {
    const body = JSON.stringify(request);
    const response = await fetch(new URL(path, this.url), { method: 'POST', body });
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
    return response;
  }

  async ids(names: string[]): Promise<string[]> {
    return (await this.post('/ids', { names })).json() as Promise<string[]>;
  }

  /** Wakes objects, and passes on what each of them says, until the last has or the runtime is killed. */
  async wake(request: Request, hear: (report: Report) => void): Promise<void> {
    try {
      const { body } = await this.post('/', request);
      let rest = '';
      for await (const chunk of body?.pipeThrough(new TextDecoderStream()) ?? []) {
        const lines = (rest + chunk).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) hear(JSON.parse(line));
      }
    } catch (cause) {
      if (this.child.killed) return;
      throw new Error(`the runtime has not answered:\n${this.output()}`, { cause });
    }
  }

  /** Most memory that the process ever had, in bytes; undefined where the system does not tell. */
  peakMemory(): number | undefined {
    try {
      const status = readFileSync(`/proc/${this.child.pid}/status`, 'utf8');
      return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
    } catch {
      return undefined;
    }
  }

  /** SIGKILL: no handler runs, no file is closed, nothing is flushed. */
  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }
}
