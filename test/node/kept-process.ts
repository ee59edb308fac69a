// The process that runs one command after the other.
import type { Order, Run } from './command.ts';

const program = new URL('../.generated/command/dist/cli/program.js', import.meta.url);
const { run } = (await import(program.href)) as { run: () => Promise<void> };

/** Takes what is written to a stream, until it is given back. */
function take(stream: NodeJS.WriteStream): { text: () => string; giveBack: () => void } {
  const { write } = stream;
  const listeners = stream.listeners('error');
  let text = '';
  stream.write = (chunk: string | Uint8Array, ...rest: unknown[]) => {
    text += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
    const done = rest.find((one) => typeof one === 'function');
    if (done !== undefined) process.nextTick(done as () => void);
    return true;
  };
  return {
    text: () => text,
    giveBack: () => {
      stream.write = write;
      // Each run adds one, as the only run of a process.
      for (const listener of stream.listeners('error')) {
        if (!listeners.includes(listener)) stream.off('error', listener as () => void);
      }
    },
  };
}

async function obey({ cwd, env, args }: Order): Promise<Run> {
  process.chdir(cwd);
  process.env = env;
  process.argv = [process.execPath, 'drizzle-offramp', ...args];
  process.exitCode = undefined;
  const out = take(process.stdout);
  const err = take(process.stderr);
  try {
    await run();
  } finally {
    out.giveBack();
    err.giveBack();
  }
  return { status: Number(process.exitCode ?? 0), stdout: out.text(), stderr: err.text() };
}

process.on('message', (order: Order) => {
  void obey(order).then((answer) => process.send?.(answer));
});
