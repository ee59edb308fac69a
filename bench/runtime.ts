import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { Miniflare } from 'miniflare';
import type { Ask } from './ask.ts';
import { inputsSource, longSource } from './inputs.ts';

/** Asks the Worker for one thing, and says how long that took by the clock of this process, in milliseconds. */
export type Asker = (what: Ask) => Promise<{ took: number; answer: unknown }>;

const inputs = (sizes: readonly number[]): Plugin => ({
  name: 'inputs',
  setup(build) {
    build.onResolve({ filter: /^bench:inputs$/ }, ({ path }) => ({ path, namespace: 'inputs' }));
    build.onLoad({ filter: /.*/, namespace: 'inputs' }, () => ({
      contents: inputsSource(sizes),
      resolveDir: import.meta.dirname,
    }));
  },
});

async function bundle(sizes: readonly number[]): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, 'worker/worker.ts')],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    external: ['cloudflare:workers'],
    plugins: [inputs(sizes)],
    write: false,
  });
  return outputFiles[0]?.text ?? '';
}

/** The package alone, as one module. */
async function bundlePackage(): Promise<string> {
  const { outputFiles } = await build({
    stdin: {
      contents: "export { defineMigrations, migrate } from 'drizzle-offramp';",
      resolveDir: import.meta.dirname,
    },
    bundle: true,
    format: 'esm',
    target: 'es2022',
    write: false,
  });
  return outputFiles[0]?.text ?? '';
}

/** The runtime's clock stands still while code runs, so this one is looked at, over one connection that stays open. */
function askerOf(url: URL, agent: Agent): Asker {
  return (what) =>
    new Promise((resolve, reject) => {
      const body = JSON.stringify(what);
      const start = performance.now();
      const asking = request(url, { agent, method: 'POST' }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => {
          const took = performance.now() - start;
          if (response.statusCode === 200) resolve({ took, answer: JSON.parse(text) });
          else reject(new Error(`${body.slice(0, 200)}: ${text}`));
        });
      });
      asking.on('error', reject);
      asking.end(body);
    });
}

/** What the runtime is started with. */
export interface Setup {
  sizes: readonly number[];
  /** How many copies of the package there are, and how long the texts of their migrations. */
  copies: number;
  long: { size: number; bytes: number };
}

/**
 * Starts workerd over a new folder, lets `use` ask it, and shuts it down.
 *
 * @param setup what there is to measure
 * @param use what measures
 */
export async function withRuntime(setup: Setup, use: (ask: Asker) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'drizzle-offramp-bench-'));
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const [worker, copy] = await Promise.all([bundle(setup.sizes), bundlePackage()]);
  const modules = Object.fromEntries([
    ['worker.js', worker],
    ['long.js', longSource(setup.long.size, setup.long.bytes)],
    ...Array.from({ length: setup.copies }, (_, i) => [`copy-${i}.js`, `${copy}\n// ${i}`]),
  ]) as Record<string, string>;
  const runtime = new Miniflare({
    resourcePersistencePath: folder,
    cf: false,
    telemetry: { enabled: false },
    workers: [
      {
        config: {
          name: 'bench',
          compatibilityDate: '2026-10-01',
          manifest: {
            mainModule: 'worker.js',
            modulesRoot: folder,
            modules: Object.fromEntries(
              Object.entries(modules).map(([name, contents]) => [name, { type: 'esm', contents }]),
            ),
          },
          env: { OBJECT: { type: 'durable-object', worker: 'bench', exportName: 'BenchObject' } },
          exports: { BenchObject: { type: 'durable-object', storage: 'sqlite' } },
        },
      },
    ],
  });
  try {
    await use(askerOf(await runtime.ready, agent));
  } finally {
    agent.destroy();
    await runtime.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
}
