// The command as it is published, run in a process that is kept from one run to the next: most of what a short command takes is the start
// of Node and the loading of our modules.
import { join } from 'node:path';
import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  Worker,
} from 'node:worker_threads';
import { afterAll } from 'vitest';
import type { Order, Run } from './command.ts';

/** How long one command may take, in milliseconds. */
const LIMIT = 120_000;

/** A thread that passes orders on to the process, so that a test can wait for the answer as for a call. */
class Kept {
  private readonly port: MessagePort;
  private readonly answered = new Int32Array(new SharedArrayBuffer(4));
  private readonly thread: Worker;

  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.port = port1;
    this.thread = new Worker(join(import.meta.dirname, 'kept-relay.ts'), {
      workerData: { port: port2, answered: this.answered },
      transferList: [port2],
    });
    this.thread.unref();
  }

  run(order: Order): Run {
    const before = Atomics.load(this.answered, 0);
    this.port.postMessage(order);
    Atomics.wait(this.answered, 0, before, LIMIT);
    const answer = receiveMessageOnPort(this.port) as { message: Run } | undefined;
    if (answer === undefined) throw new Error(`no answer to ${order.args.join(' ')}`);
    return answer.message;
  }

  async end(): Promise<void> {
    this.port.close();
    await this.thread.terminate();
  }
}

/**
 * What runs the built command, in a folder. It loads a project's modules anew each time, as `--watch` must, so nothing of one run is left in
 * the next.
 */
export function buildCommand(): (cwd: string, ...args: string[]) => Run {
  let kept: Kept | undefined;
  afterAll(() => kept?.end());
  return (cwd, ...args) => {
    kept ??= new Kept();
    const { NO_COLOR, FORCE_COLOR, GITHUB_WORKSPACE, ...env } = process.env;
    return kept.run({ cwd, env, args });
  };
}
