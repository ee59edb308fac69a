// Speaks to a route of ours in a Worker, local or deployed, and says what is wrong where it does not answer.
import type { PlainError } from '../object/commands.ts';
import { CliError } from './output.ts';

/** The variable of the environment that has the token. It is no option: options stand in histories and process lists. */
export const TOKEN = 'DRIZZLE_OFFRAMP_TOKEN';

/** The variable of the environment that has the Worker's address, where no option says it. */
export const ADDRESS = 'DRIZZLE_OFFRAMP_URL';

/** Where `wrangler dev` answers if it is told nothing. */
export const LOCAL = 'http://localhost:8787';

/** A route in a Worker. */
export interface RoutePlace {
  /** The Worker's address, without a slash at its end. */
  readonly url: string;
  /** Where the route is, with a slash at its start. */
  readonly path: string;
}

/** An error that the route or the object answered. */
export class AnswerError extends CliError {
  /** The error as it came. */
  readonly answer: PlainError;

  /**
   * @param message what was asked, and what was answered
   * @param answer the error as it came
   * @param exitCode the exit status that it makes
   */
  constructor(message: string, answer: PlainError, exitCode: number) {
    super(message);
    this.answer = answer;
    this.exitCode = exitCode;
  }

  override get fields(): object {
    return { ...this.answer };
  }
}

/** Nothing came back, or the Worker itself failed: asked again, it may answer. */
export class NoAnswerError extends CliError {}

const isLocalName = (hostname: string): boolean =>
  hostname === '[::1]' ||
  /^127\.\d+\.\d+\.\d+$/.test(hostname) ||
  /(?:^|\.)localhost$/.test(hostname);

/**
 * Whether an address is one of this machine.
 *
 * @param url an address that {@link readUrl} took
 */
export const isLocal = (url: string): boolean => isLocalName(new URL(url).hostname);

/**
 * Reads the Worker's address.
 *
 * @param text what `--url` was given
 * @returns the address without a slash at its end
 * @throws {CliError} if it is none, or would send the token in the clear over a network
 */
export function readUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    throw new CliError(
      `--url ${text}: it takes an address, such as https://inbox.example.com or ${LOCAL}.`,
    );
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new CliError(
      `--url: it takes an address alone, without a user, a query or a fragment. The token stands in ${TOKEN}.`,
    );
  }
  if (url.protocol === 'http:' && !isLocalName(url.hostname)) {
    throw new CliError(`--url ${text}: the token would be readable on the way. Use https://.`);
  }
  return url.href.replace(/\/+$/, '');
}

/**
 * Reads where the route is.
 *
 * @param text what `--path` was given
 * @returns the path with a slash at its start and none at its end
 */
export const readPath = (text: string): string => `/${text.replaceAll(/^\/+|\/+$/g, '')}`;

/**
 * Reads a token from the environment.
 *
 * @param name the variable
 * @param what what to give it, as a sentence
 * @throws {CliError} if there is none, or no header can have it
 */
export function readToken(name: string, what: string): string {
  const token = process.env[name];
  if (token === undefined || token === '') throw new CliError(`${name} is not set. ${what}`);
  // What is thrown for a header that cannot be sent repeats it.
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new CliError(
      `${name} has a character that no header can have, such as a space or the end of a line.`,
    );
  }
  return token;
}

/** A shorter one is found in texts that have nothing to do with it. */
const SHORTEST_HIDDEN = 8;

/**
 * Takes a token out of what came back, should a page of errors repeat what it was sent.
 *
 * @param text what came back
 * @param token the token
 */
export const withoutToken = (text: string, token: string): string =>
  token.length < SHORTEST_HIDDEN ? text : text.replaceAll(token, '***');

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

/** The error in what the route answered; undefined if it was not the route that answered. */
function errorIn(body: unknown): PlainError | undefined {
  const error = isObject(body) ? body.error : undefined;
  const isOurs =
    isObject(error) && typeof error.code === 'string' && typeof error.message === 'string';
  return isOurs ? (error as PlainError) : undefined;
}

/**
 * Reads JSON that may be none.
 *
 * @param text the text
 * @returns undefined if it is none
 */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Why nothing came back. fetch says no more than that it failed, and the reason is inside, once for each address tried.
 *
 * @param thrown what fetch threw
 */
export function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  if (thrown instanceof AggregateError) return reasonOf(thrown.errors.at(-1));
  return thrown.cause === undefined ? thrown.message : reasonOf(thrown.cause);
}

const hint = (url: string): string =>
  isLocal(url)
    ? 'Start `wrangler dev`, or name another address with --url.'
    : 'Is the address right, and is the Worker deployed there?';

/** Says what it can be where something else than the route answered. */
function notTheRoute(
  { url, path }: RoutePlace,
  { status, headers }: Response,
  answeredBy: string,
): CliError {
  const at = `${url}${path}`;
  if (status >= 300 && status < 400) {
    const to = headers.get('Location');
    const target = to !== null && URL.canParse(to, at) ? new URL(to, at) : undefined;
    return new CliError(
      `${at} answers with a redirect${target ? ` to ${target.origin}${target.pathname}` : ''}, and the token was not sent ` +
        'there. Name the address that answers with --url. If it is the page of a login, that stands before the Worker.',
    );
  }
  if (status >= 500 || status === 429) {
    return new NoAnswerError(
      `${at} answers ${status}, and it was not the route that answered: the Worker itself failed. See what it logs ` +
        '(`wrangler dev`, `wrangler tail`).',
    );
  }
  return new CliError(
    `${at} answers ${status}, as for a path that is not there: the route is not there, or the token is another one. Which of ` +
      `the two is not told to anyone. Does the Worker's fetch call ${answeredBy} first, at ${path}? Does its secret have ` +
      `the value of ${TOKEN} (locally it stands in .dev.vars)?`,
  );
}

/** What a route is asked. */
export interface Question {
  /** What stands behind the route's path, with a slash at its start; empty for none. */
  readonly below: string;
  /** What to post; undefined to get. */
  readonly body?: object;
  /** The function of ours that answers there. */
  readonly answeredBy: 'migrationsRoute' | 'fleetRoute';
  /** What the example calls the secret. */
  readonly secret: string;
  /** What it is about, at the start of an error's message. */
  readonly about: string;
  /** A field that each answer has. */
  readonly mark: string;
  /** The exit status that an error makes. */
  readonly exitCodeOf: (code: string) => number;
  /** Ends the wait. */
  readonly signal?: AbortSignal;
}

/**
 * Asks a route.
 *
 * @param place where it is
 * @param question what to ask
 * @returns the answer, as it came
 * @throws {AnswerError} what the route or the object said no with
 * @throws {NoAnswerError} if nothing answers, or the Worker fails
 * @throws {CliError} if there is no token, or something else than the route answers
 */
export async function askRoute(place: RoutePlace, question: Question): Promise<unknown> {
  const { url, path } = place;
  const { below, body, answeredBy, secret, about, mark, exitCodeOf, signal } = question;
  const token = readToken(
    TOKEN,
    `Give it the secret that the Worker passes to ${answeredBy} (the example's ${secret}).`,
  );
  const isPost = body !== undefined;
  let response: Response;
  let text: string;
  try {
    response = await fetch(`${url}${path}${below}`, {
      method: isPost ? 'POST' : 'GET',
      // A token must not follow to another address.
      redirect: 'manual',
      headers: {
        Authorization: `Bearer ${token}`,
        ...(isPost ? { 'Content-Type': 'application/json' } : {}),
      },
      ...(isPost ? { body: JSON.stringify(body) } : {}),
      ...(signal ? { signal } : {}),
    });
    text = withoutToken(await response.text(), token);
  } catch (cause) {
    signal?.throwIfAborted();
    throw new NoAnswerError(`${url} does not answer: ${reasonOf(cause)}. ${hint(url)}`, { cause });
  }
  const answer = parseJson(text);
  if (response.ok && isObject(answer) && mark in answer) return answer;
  const error = errorIn(answer);
  if (error === undefined) throw notTheRoute(place, response, answeredBy);
  throw new AnswerError(`${about}: ${error.message}`, error, exitCodeOf(error.code));
}
