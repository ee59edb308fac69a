// The thread beside a test file, which waits for it without running: it starts the process that runs commands, hands on what is asked, and
// says what came of it.
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { type MessagePort, workerData } from 'node:worker_threads';
import type { Order, Run } from './command.ts';

const { port, answered } = workerData as { port: MessagePort; answered: Int32Array };

let child: ChildProcess | undefined;

function answer(run: Run): void {
  port.postMessage(run);
  Atomics.add(answered, 0, 1);
  Atomics.notify(answered, 0);
}

function start(): ChildProcess {
  const process = fork(join(import.meta.dirname, 'kept-process.ts'), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  process.on('message', answer);
  process.once('exit', (status) => {
    child = undefined;
    answer({ status, stdout: '', stderr: 'the process has ended' });
  });
  return process;
}

port.on('message', (order: Order) => {
  child ??= start();
  child.send(order);
});
port.on('close', () => child?.removeAllListeners('exit').kill());
