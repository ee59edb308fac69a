// Lists deployed objects by Cloudflare's REST API. The official client reads one of the two known shapes of the cursor, and
// stops after the first page with the other: so the loop is our own.
import { setTimeout as sleep } from 'node:timers/promises';
import { CliError } from '../output.ts';
import { parseJson, readToken, readUrl, reasonOf, withoutToken } from '../route.ts';

/** The variable of the environment that has the account's token. */
export const API_TOKEN = 'CLOUDFLARE_API_TOKEN';

/** The variable that has the account's id. */
export const ACCOUNT = 'CLOUDFLARE_ACCOUNT_ID';

/** The right that the token needs, as Cloudflare calls it. */
export const RIGHT = 'Workers Scripts: Read';

/** wrangler's own variable for another address of the API, such as that of a proxy. */
const BASE = 'CLOUDFLARE_API_BASE_URL';
const DEFAULT_BASE = 'https://api.cloudflare.com/client/v4';

/** Objects in a page. Larger ones are allowed; that is what most scripts ask for, and users report that small ones are refused. */
const LIMIT = 1_000;
/** Namespaces in a page. */
const PER_PAGE = 100;
/** In milliseconds. */
const TIMEOUT = 60_000;
/** How often a request is sent, before the command gives up. What is listed so far is not lost. */
const ATTEMPTS = 10;
/** Milliseconds before the second attempt: twice as many each time. The API's own limit is over after five minutes. */
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 300_000;

/** An object as the API lists it. */
interface Listed {
  readonly id?: unknown;
  readonly hasStoredData?: unknown;
}

/** A class of a deployed Worker. */
export interface Namespace {
  readonly id: string;
  readonly class: string;
  readonly script: string;
  readonly hasSqlite: boolean;
}

/** What an answer of the API has. */
interface ApiAnswer {
  readonly result?: unknown;
  readonly result_info?: {
    readonly cursor?: unknown;
    readonly cursors?: { readonly after?: unknown };
  };
  readonly errors?: readonly { readonly code?: unknown; readonly message?: unknown }[];
}

/** The API says no, and would say so again. */
class ApiError extends CliError {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Waits; a test passes one that does not. */
export type Wait = (milliseconds: number, signal: AbortSignal | undefined) => Promise<void>;

const wait: Wait = async (milliseconds, signal) => {
  await sleep(milliseconds, undefined, signal ? { signal } : {});
};

/** How long the API asks to wait, in milliseconds; undefined if it does not say. */
function askedPause(response: Response): number | undefined {
  const text = response.headers.get('Retry-After');
  if (text === null) return undefined;
  const seconds = Number(text);
  const pause = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(text) - Date.now();
  return Number.isFinite(pause) ? Math.min(Math.max(pause, 0), LONGEST_PAUSE) : undefined;
}

/** What went wrong, as the API says it. */
function saidIn(answer: ApiAnswer | undefined): string {
  const errors = Array.isArray(answer?.errors) ? answer.errors : [];
  return errors
    .map(({ code, message }) => `${String(message)} (${String(code)})`)
    .join('; ')
    .slice(0, 500);
}

/** Cloudflare's API, for one account. */
export class Cloudflare {
  readonly #account: string;
  readonly #token: string;
  readonly #base: string;
  readonly #wait: Wait;

  /**
   * @param account the account's id
   * @param pause waits between attempts
   * @throws {CliError} if there is no token, or the address would send it in the clear
   */
  constructor(account: string, pause: Wait = wait) {
    this.#account = account;
    this.#token = readToken(
      API_TOKEN,
      `It lists the deployed objects. Make one with the right ${RIGHT} for this account, and no other.`,
    );
    this.#base = readUrl(process.env[BASE] || DEFAULT_BASE);
    this.#wait = pause;
  }

  /** One request, as often as it takes. */
  async #get(path: string, signal?: AbortSignal): Promise<ApiAnswer> {
    const url = `${this.#base}/accounts/${encodeURIComponent(this.#account)}/workers/durable_objects/namespaces${path}`;
    for (let attempt = 1; ; attempt++) {
      let why: string;
      let pause: number | undefined;
      try {
        const response = await fetch(url, {
          redirect: 'manual',
          headers: { Authorization: `Bearer ${this.#token}` },
          signal: AbortSignal.any([AbortSignal.timeout(TIMEOUT), ...(signal ? [signal] : [])]),
        });
        const text = withoutToken(await response.text(), this.#token);
        const answer = parseJson(text) as ApiAnswer | undefined;
        if (response.ok && Array.isArray(answer?.result)) return answer;
        why = `${response.status}${saidIn(answer) && `: ${saidIn(answer)}`}`;
        if (response.status < 500 && response.status !== 429 && !response.ok) {
          throw new ApiError(response.status, this.#explained(response.status, why));
        }
        pause = askedPause(response);
      } catch (error) {
        if (error instanceof CliError) throw error;
        signal?.throwIfAborted();
        why = reasonOf(error);
      }
      if (attempt === ATTEMPTS) {
        throw new CliError(
          `Cloudflare's API fails, ${ATTEMPTS} times in a row: ${why}. Run the command again later: it goes on where it is.`,
        );
      }
      // A second client that met the same limit does not come back at the same moment.
      const own = FIRST_PAUSE * 2 ** (attempt - 1) * (0.75 + Math.random() / 2);
      await this.#wait(Math.min(pause ?? own, LONGEST_PAUSE), signal);
    }
  }

  #explained(status: number, why: string): string {
    const said = `Cloudflare's API answers ${why}.`;
    if (status === 401 || status === 403) {
      return `${said} Has the token in ${API_TOKEN} the right ${RIGHT} for the account ${this.#account}, and is it still valid?`;
    }
    if (status >= 300 && status < 400) {
      return `${said} It is a redirect, and the token was not sent there. Look at ${BASE}.`;
    }
    return status === 404
      ? `${said} Is ${this.#account} the account, and is the namespace one of it?`
      : said;
  }

  /**
   * All classes of Durable Objects of the account.
   *
   * @throws {CliError} if the API does not say
   */
  async namespaces(): Promise<Namespace[]> {
    const found = new Map<string, Namespace>();
    for (let page = 1; ; page++) {
      const { result } = await this.#get(`?page=${page}&per_page=${PER_PAGE}`);
      const before = found.size;
      for (const one of result as Record<string, unknown>[]) {
        const { id, class: className, script, use_sqlite: hasSqlite } = one;
        if (typeof id !== 'string') continue;
        found.set(id, {
          id,
          class: String(className ?? ''),
          script: String(script ?? ''),
          hasSqlite: hasSqlite !== false,
        });
      }
      // An API that knows of no pages answers the same again.
      if ((result as unknown[]).length < PER_PAGE || found.size === before) break;
    }
    return [...found.values()];
  }

  /**
   * Lists the objects of a class in ascending order of their ids, page by page. Those without data are left out.
   *
   * @param namespace the class's id
   * @param after the id after which to begin; null for the first
   * @param to the first id, or the first digits of one, that is no longer listed; null for none
   * @param signal ends it
   * @returns pages of ids, of which one may be empty
   * @throws {CliError} if the API does not say, or its answers are in no order
   */
  async *objects(
    namespace: string,
    after: string | null,
    to: string | null,
    signal?: AbortSignal,
  ): AsyncGenerator<string[]> {
    let cursor = after;
    let isOwn = after !== null;
    let last = '';
    for (;;) {
      const query = new URLSearchParams({ limit: String(LIMIT), ...(cursor ? { cursor } : {}) });
      let answer: ApiAnswer;
      try {
        answer = await this.#get(`/${encodeURIComponent(namespace)}/objects?${query}`, signal);
      } catch (error) {
        // A cursor is an object's id. Should that end, what is listed already is passed over.
        if (!isOwn || !(error instanceof ApiError && error.status === 400)) throw error;
        [cursor, isOwn] = [null, false];
        continue;
      }
      const listed = answer.result as readonly Listed[];
      const ids = idsOf(listed, last).filter((id) => after === null || id > after);
      last = (listed.at(-1)?.id as string | undefined) ?? last;
      const isOver = to !== null && last >= to;
      yield isOver ? ids.filter((id) => id < to) : ids;
      const next = cursorIn(answer, listed.length, last);
      if (isOver || next === null || next === cursor) return;
      [cursor, isOwn] = [next, false];
    }
  }
}

/** The ids of a page, but for those of objects without data. */
function idsOf(listed: readonly Listed[], before: string): string[] {
  let last = before;
  for (const { id } of listed) {
    if (typeof id !== 'string' || !/^[0-9a-f]{64}$/.test(id)) {
      throw new CliError(`Cloudflare's API lists an object whose id is ${JSON.stringify(id)}.`);
    }
    if (id <= last) {
      throw new CliError(
        `Cloudflare's API lists ${id} after ${last}: its order is no longer that of the ids, and nobody could tell where to go on.`,
      );
    }
    last = id;
  }
  return listed.flatMap(({ id, hasStoredData }) => (hasStoredData === false ? [] : [id as string]));
}

/** Where the next page begins, in each known shape; null if there is none. */
function cursorIn({ result_info: info }: ApiAnswer, count: number, last: string): string | null {
  for (const cursor of [info?.cursors?.after, info?.cursor]) {
    if (typeof cursor === 'string' && cursor !== '') return cursor;
  }
  // A full page without a cursor may be a third shape: the id itself is one.
  return count >= LIMIT ? last : null;
}
