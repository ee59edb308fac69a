// A small server that plays Cloudflare's API for listings, in each of the shapes that are known.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Where an answer says how to go on. */
export type Shape = 'result_info.cursors.after' | 'result_info.cursor' | 'none';

/** What was asked. */
export interface Request {
  readonly path: string;
  readonly cursor: string | null;
  readonly limit: number;
  readonly authorization: string | undefined;
}

/** An answer other than the listing: a status, and what else there is to it. */
export interface Instead {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
  /** Milliseconds before it comes. */
  readonly delay?: number;
  /** Whether the connection is cut instead. */
  readonly cut?: boolean;
}

/** What the server has and does. */
export interface Plan {
  readonly shape: Shape;
  /** All ids, and whether they have data. */
  readonly objects: readonly { readonly id: string; readonly hasStoredData?: boolean }[];
  readonly namespaces?: readonly object[];
  /** What is answered instead of the listing to the nth request, from 0. */
  readonly instead?: (number: number, request: Request) => Instead | undefined;
  /** Milliseconds before each answer. */
  readonly delay?: number;
}

/** The server. */
export class FakeCloudflare {
  readonly requests: Request[] = [];
  readonly #server = createServer((request, response) => this.#answer(request, response));
  plan: Plan;

  private constructor(plan: Plan) {
    this.plan = plan;
  }

  /** Starts it on a port of its own. */
  static async start(plan: Plan): Promise<FakeCloudflare> {
    const fake = new FakeCloudflare(plan);
    await new Promise<void>((resolve) => fake.#server.listen(0, '127.0.0.1', resolve));
    return fake;
  }

  /** The API's address. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/client/v4`;
  }

  /** Ends it. */
  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #answer(incoming: IncomingMessage, response: ServerResponse): void {
    const url = new URL(incoming.url ?? '/', this.url);
    const request: Request = {
      path: url.pathname,
      cursor: url.searchParams.get('cursor'),
      limit: Number(url.searchParams.get('limit') ?? url.searchParams.get('per_page')),
      authorization: incoming.headers.authorization,
    };
    const instead = this.plan.instead?.(this.requests.length, request);
    this.requests.push(request);
    const { status = 200, headers = {}, body } = instead ?? {};
    const say = (): void => {
      if (instead?.cut) {
        incoming.socket.destroy();
        return;
      }
      response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
      const content = instead === undefined || body === undefined ? this.#page(url) : body;
      response.end(typeof content === 'string' ? content : JSON.stringify(content));
    };
    setTimeout(say, instead?.delay ?? this.plan.delay ?? 0);
  }

  #page(url: URL): object {
    const { objects, shape, namespaces = [] } = this.plan;
    if (!url.pathname.endsWith('/objects')) return { success: true, result: namespaces };
    const limit = Number(url.searchParams.get('limit') ?? 1000);
    const cursor = url.searchParams.get('cursor') ?? '';
    const from = objects.findIndex(({ id }) => id > cursor);
    const result = from < 0 ? [] : objects.slice(from, from + limit);
    const last = result.at(-1)?.id ?? '';
    const next = last === '' || last === objects.at(-1)?.id ? '' : last;
    const info = {
      'result_info.cursors.after': { count: result.length, cursors: next ? { after: next } : {} },
      'result_info.cursor': { count: result.length, cursor: next },
      none: { count: result.length },
    };
    return { success: true, errors: [], messages: [], result, result_info: info[shape] };
  }
}
