// A real Chromium without a window, driven by its own protocol: https://chromedevtools.github.io/devtools-protocol/
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where Debian and others have it. */
const NAMES = [
  ...['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'],
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** In milliseconds: a machine with other work starts it slowly. */
const START = 120_000;

function nameOfBrowser(): string {
  const name = process.env.CHROMIUM ?? NAMES.find((path) => existsSync(path));
  if (name === undefined) {
    throw new Error(
      'There is no Chromium. Install it (Debian: apt-get install -y chromium), or name it in CHROMIUM.',
    );
  }
  return name;
}

type Listener = (parameters: Record<string, unknown>) => void;

/** A page of the browser. */
export class Browser {
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #socket: WebSocket;
  readonly #open = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  readonly #listeners = new Map<string, Listener[]>();
  #session: string | undefined;
  #count = 0;

  private constructor(child: ChildProcess, folder: string, socket: WebSocket) {
    this.#child = child;
    this.#folder = folder;
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => this.#receive(String(data)));
  }

  /**
   * Starts the browser with an empty page.
   *
   * @throws {Error} if there is none, or it does not start
   */
  static async start(): Promise<Browser> {
    const folder = mkdtempSync(join(tmpdir(), 'drizzle-offramp-page-'));
    const child = spawn(
      nameOfBrowser(),
      [
        ...['--headless=new', '--remote-debugging-port=0', `--user-data-dir=${folder}`],
        // As root, and in a container with little shared memory, as in CI. It opens files that were written here, and no other.
        ...['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--hide-scrollbars'],
        ...['--no-first-run', '--disable-background-networking', '--disable-component-update'],
        'about:blank',
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    try {
      const socket = new WebSocket(await addressOf(child));
      await new Promise((resolve, reject) => {
        socket.addEventListener('open', resolve, { once: true });
        socket.addEventListener('error', () => reject(new Error('Chromium does not answer.')), {
          once: true,
        });
      });
      const browser = new Browser(child, folder, socket);
      await browser.#attach();
      return browser;
    } catch (error) {
      await end(child, folder);
      throw error;
    }
  }

  async #attach(): Promise<void> {
    const { targetId } = await this.send<{ targetId: string }>('Target.createTarget', {
      url: 'about:blank',
    });
    const { sessionId } = await this.send<{ sessionId: string }>('Target.attachToTarget', {
      targetId,
      flatten: true,
    });
    this.#session = sessionId;
    for (const domain of ['Page', 'Network', 'Runtime', 'Log', 'Accessibility', 'DOM']) {
      await this.send(`${domain}.enable`);
    }
  }

  #receive(text: string): void {
    const message = JSON.parse(text) as {
      id?: number;
      method?: string;
      params?: Record<string, unknown>;
      result?: unknown;
      error?: { message: string };
    };
    if (message.id === undefined) {
      for (const listen of this.#listeners.get(message.method ?? '') ?? []) {
        listen(message.params ?? {});
      }
      return;
    }
    const waiting = this.#open.get(message.id);
    this.#open.delete(message.id);
    if (message.error) waiting?.reject(new Error(message.error.message));
    else waiting?.resolve(message.result);
  }

  /**
   * Sends a command of the protocol.
   *
   * @param method its name
   * @param params its parameters
   */
  send<Result = unknown>(method: string, params: object = {}): Promise<Result> {
    const id = ++this.#count;
    const session = this.#session === undefined ? {} : { sessionId: this.#session };
    this.#socket.send(JSON.stringify({ id, method, params, ...session }));
    return new Promise((resolve, reject) => {
      this.#open.set(id, { resolve: (value) => resolve(value as Result), reject });
    });
  }

  /**
   * Calls a function whenever something happens.
   *
   * @param method the event's name
   * @param listener the function
   */
  on(method: string, listener: Listener): void {
    this.#listeners.set(method, [...(this.#listeners.get(method) ?? []), listener]);
  }

  /**
   * Opens a page and waits until it is there.
   *
   * @param url its address
   */
  async open(url: string): Promise<void> {
    const loaded = new Promise((resolve) => {
      const once: Listener = () => resolve(undefined);
      this.on('Page.loadEventFired', once);
    });
    await this.send('Page.navigate', { url });
    await loaded;
  }

  /**
   * Runs a function in the page.
   *
   * @param code the function, which needs nothing from outside
   * @returns what it returns, as JSON
   */
  async run<Result>(code: () => Result): Promise<Result> {
    const { result, exceptionDetails } = await this.send<{
      result: { value: Result };
      exceptionDetails?: { exception?: { description?: string } };
    }>('Runtime.evaluate', { expression: `(${code})()`, returnByValue: true });
    if (exceptionDetails) {
      throw new Error(exceptionDetails.exception?.description ?? 'The page threw.');
    }
    return result.value;
  }

  /** Ends the browser and removes what it wrote. */
  async stop(): Promise<void> {
    this.#socket.close();
    await end(this.#child, this.#folder);
  }
}

async function end(child: ChildProcess, folder: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
  // Its own processes may still be writing.
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
}

/** The address of its protocol, which it prints. */
const addressOf = (child: ChildProcess): Promise<string> =>
  new Promise((resolve, reject) => {
    let text = '';
    const fail = (why: string): void => reject(new Error(`Chromium ${why}:\n${text}`));
    const timer = setTimeout(() => fail('says nothing'), START);
    child.stderr?.on('data', (chunk) => {
      text += chunk;
      const found = /DevTools listening on (ws:\S+)/.exec(text)?.[1];
      if (found === undefined) return;
      clearTimeout(timer);
      resolve(found);
    });
    child.once('error', ({ message }) => fail(message));
    child.once('exit', () => fail('has ended'));
  });
