import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { Miniflare } from 'miniflare';
import type { FleetObject } from './fleet.ts';

/** Bundles a Worker as wrangler does, with drizzle-kit's `.sql` files as text. */
export async function bundle(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(entry, import.meta.url))],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    external: ['cloudflare:workers'],
    loader: { '.sql': 'text' },
    write: false,
  });
  return outputFiles[0]?.text ?? '';
}

/** What a Worker finds in its `env`, and who hears what it logs: the terminal, unless there is `onLog`. */
interface Surroundings {
  readonly secrets?: Readonly<Record<string, string>>;
  readonly onLog?: (line: string) => void;
  /** Whether the Worker has the ledger of a fleet. */
  readonly ledger?: boolean;
}

/** Deploys a Worker over the storage in a folder, lets `use` call it, and shuts the runtime down. */
export async function deploy(
  contents: string,
  folder: string,
  use: (runtime: Miniflare) => Promise<void>,
  { secrets = {}, onLog, ledger = false }: Surroundings = {},
): Promise<void> {
  const classes: [binding: string, className: string][] = [
    ['INBOX', 'Inbox'],
    ['ARCHIVE', 'Archive'],
    ...(ledger ? ([['FLEET', 'FleetLedger']] as [string, string][]) : []),
  ];
  const runtime = new Miniflare({
    resourcePersistencePath: folder,
    // Nothing of the demo leaves the machine.
    cf: false,
    telemetry: { enabled: false },
    ...(onLog && { handleStructuredLogs: ({ message }) => onLog(message) }),
    workers: [
      {
        config: {
          name: 'inbox',
          compatibilityDate: '2026-10-01',
          manifest: {
            mainModule: 'worker.js',
            modulesRoot: folder,
            modules: { 'worker.js': { type: 'esm', contents } },
          },
          env: {
            ...Object.fromEntries(
              classes.map(([name, exportName]) => [
                name,
                { type: 'durable-object', worker: 'inbox', exportName },
              ]),
            ),
            ...Object.fromEntries(
              Object.entries(secrets).map(([name, value]) => [name, { type: 'text', value }]),
            ),
          },
          exports: Object.fromEntries(
            classes.map(([, name]) => [name, { type: 'durable-object', storage: 'sqlite' }]),
          ),
        },
      },
    ],
  });
  try {
    await use(runtime);
  } finally {
    await runtime.dispose();
  }
}

/** The methods of `OldObject`, as a stub has them. */
interface OldStub {
  migrate(entries: number[]): Promise<void>;
  fill(size: number): Promise<void>;
}

/** The method of `RehearsalObject`, as a stub has it. */
interface RehearsalStub {
  rehearse(): Promise<{ text: string; failed: boolean }>;
}

/** An object by its class and its name. */
type Named = Pick<FleetObject, 'className' | 'name'>;

async function find(runtime: Miniflare, { className, name }: Named) {
  const namespace = await runtime.getDurableObjectNamespace(className.toUpperCase());
  return { namespace, id: namespace.idFromName(name) };
}

export async function idOf(runtime: Miniflare, object: Named): Promise<string> {
  return (await find(runtime, object)).id.toString();
}

/** Wakes an object of the old deploy as often as it was deployed, and then fills it. */
export async function migrateWithDrizzle(
  runtime: Miniflare,
  object: Named,
  deploys: number[][],
  size = 0,
): Promise<void> {
  if (deploys.length === 0) return;
  const { namespace, id } = await find(runtime, object);
  const stub = namespace.get(id) as unknown as OldStub;
  for (const entries of deploys) await stub.migrate(entries);
  if (size > 0) await stub.fill(size);
}

/** Has an object of the rehearsal Worker go through the whole history. */
export async function rehearse(runtime: Miniflare): Promise<{ text: string; failed: boolean }> {
  const { namespace, id } = await find(runtime, { className: 'Inbox', name: 'rehearsal' });
  const stub = namespace.get(id) as unknown as RehearsalStub;
  return await stub.rehearse();
}

/** Any request wakes an object, and its constructor migrates. */
export async function wake(runtime: Miniflare, { className, name }: Named): Promise<void> {
  const url = `http://inbox.example.com/${className.toLowerCase()}/${name}`;
  const response = await runtime.dispatchFetch(url);
  const text = await response.text();
  if (!response.ok) throw new Error(`${className} ${name} answers ${response.status}: ${text}`);
}
