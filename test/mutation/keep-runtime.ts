import type { Plugin } from 'vitest/config';
import type { PoolRunnerInitializer, PoolWorker, WorkerRequest } from 'vitest/node';

type Listener = (message: unknown) => void;

/** A worker that Vitest can stop and start again, while the runtime behind it goes on. */
class KeptWorker implements PoolWorker {
  readonly name: string;
  readonly #worker: PoolWorker;
  readonly #listeners = new Set<Listener>();
  #config: unknown;
  #started: Promise<void> | undefined;
  #isRunning = false;

  constructor(worker: PoolWorker) {
    this.name = worker.name;
    this.#worker = worker;
  }

  start(): Promise<void> {
    this.#started ??= this.#worker.start();
    return this.#started;
  }

  /** Between two runs nothing is stopped; the runtime ends with Stryker's process. */
  async stop(): Promise<void> {
    for (const listener of this.#listeners) this.#worker.off('message', listener);
    this.#listeners.clear();
  }

  on(event: string, listener: Listener): void {
    if (event === 'message') this.#listeners.add(listener);
    this.#worker.on(event, listener);
  }

  off(event: string, listener: Listener): void {
    this.#listeners.delete(listener);
    this.#worker.off(event, listener);
  }

  send(message: WorkerRequest): void {
    if (message.type === 'start') {
      this.#config = message.context.config;
      if (this.#isRunning) {
        this.#answer('started');
        return;
      }
      this.#isRunning = true;
    }
    if (message.type === 'stop') {
      this.#answer('stopped');
      return;
    }
    // The worker keeps the configuration of its only start, and each mutant selects other tests by it.
    this.#worker.send(
      message.type === 'run'
        ? ({ ...message, context: { ...message.context, config: this.#config } } as WorkerRequest)
        : message,
    );
  }

  deserialize(data: unknown): unknown {
    return this.#worker.deserialize(data);
  }

  #answer(type: 'started' | 'stopped'): void {
    for (const listener of [...this.#listeners]) {
      queueMicrotask(() => listener({ type, __vitest_worker_response__: true }));
    }
  }
}

/** Keeps one runtime for all runs of a Vitest instance: a start takes longer than the tests of most mutants. */
export const keepRuntime = (): Plugin => ({
  name: 'keep-runtime',
  configureVitest({ project }) {
    const pool = project.config.poolRunner as PoolRunnerInitializer | undefined;
    if (pool === undefined) return;
    let kept: KeptWorker | undefined;
    project.config.poolRunner = {
      name: pool.name,
      createPoolWorker(options) {
        kept ??= new KeptWorker(pool.createPoolWorker(options));
        return kept;
      },
    };
  },
});
