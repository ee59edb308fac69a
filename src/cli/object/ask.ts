// Asks a Worker's route of migrations, and says what is wrong where it does not answer.
import type { MigrationsAnswer, MigrationsCommand, PlainError } from '../../object/commands.ts';
import { CliError, EXIT } from '../output.ts';

/** The variable of the environment that has the token. It is no option: options stand in histories and process lists. */
export const TOKEN = 'DRIZZLE_OFFRAMP_TOKEN';

/** Where `wrangler dev` answers if it is told nothing. */
export const LOCAL = 'http://localhost:8787';

/** Where the route is, unless the Worker says otherwise. */
export const ROUTE = '/__migrations';

/** An object, as the route knows it. */
export interface ObjectPlace {
  /** The Worker's address, without a slash at its end. */
  readonly url: string;
  /** Where the route is, with a slash at its start. */
  readonly path: string;
  readonly className: string;
  readonly by: 'name' | 'id';
  readonly object: string;
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

const isLocal = (hostname: string): boolean =>
  hostname === '[::1]' ||
  /^127\.\d+\.\d+\.\d+$/.test(hostname) ||
  /(?:^|\.)localhost$/.test(hostname);

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
  if (url.protocol === 'http:' && !isLocal(url.hostname)) {
    throw new CliError(`--url ${text}: the token would be readable on the way. Use https://.`);
  }
  return url.href.replace(/\/+$/, '');
}

function readToken(): string {
  const token = process.env[TOKEN];
  if (token === undefined || token === '') {
    throw new CliError(
      `${TOKEN} is not set. Give it the secret that the Worker passes to migrationsRoute (the example's MIGRATIONS_TOKEN).`,
    );
  }
  // What is thrown for a header that cannot be sent repeats it.
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new CliError(
      `${TOKEN} has a character that no header can have, such as a space or the end of a line.`,
    );
  }
  return token;
}

/** Each answer has a field that no other has. */
const MARK: Record<MigrationsCommand['do'], string> = {
  inspect: 'state',
  history: 'repairs',
  preflight: 'outcome',
  repair: 'repaired',
};

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

/** The error in what the route answered; undefined if it was not the route that answered. */
function errorIn(body: unknown): PlainError | undefined {
  const error = isObject(body) ? body.error : undefined;
  const isOurs =
    isObject(error) && typeof error.code === 'string' && typeof error.message === 'string';
  return isOurs ? (error as PlainError) : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Why nothing came back. fetch says no more than that it failed, and the reason is inside, once for each address tried. */
function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  if (thrown instanceof AggregateError) return reasonOf(thrown.errors.at(-1));
  return thrown.cause === undefined ? thrown.message : reasonOf(thrown.cause);
}

const hint = (url: string): string =>
  isLocal(new URL(url).hostname)
    ? 'Start `wrangler dev`, or name another address with --url.'
    : 'Is the address right, and is the Worker deployed there?';

/** Says what it can be where something else than the route answered. */
function notTheRoute({ url, path }: ObjectPlace, { status, headers }: Response): CliError {
  const at = `${url}${path}`;
  if (status >= 300 && status < 400) {
    const to = headers.get('Location');
    const target = to !== null && URL.canParse(to, at) ? new URL(to, at) : undefined;
    return new CliError(
      `${at} answers with a redirect${target ? ` to ${target.origin}${target.pathname}` : ''}, and the token was not sent ` +
        'there. Name the address that answers with --url. If it is the page of a login, that stands before the Worker.',
    );
  }
  if (status >= 500) {
    return new CliError(
      `${at} answers ${status}, and it was not the route that answered: the Worker itself failed. See what it logs ` +
        '(`wrangler dev`, `wrangler tail`).',
    );
  }
  return new CliError(
    `${at} answers ${status}, as for a path that is not there: the route is not there, or the token is another one. Which of ` +
      `the two is not told to anyone. Does the Worker's fetch call migrationsRoute first, at ${path}? Does its secret have ` +
      `the value of ${TOKEN} (locally it stands in .dev.vars)?`,
  );
}

/**
 * Has an object do a command, through the route.
 *
 * @param place the object
 * @param command what to do
 * @returns the answer
 * @throws {AnswerError} what the route or the object said no with
 * @throws {CliError} if there is no token, nothing answers, or something else than the route
 */
export async function ask<Command extends MigrationsCommand>(
  place: ObjectPlace,
  command: Command,
): Promise<MigrationsAnswer<Command>> {
  const { url, path, className, by, object } = place;
  const token = readToken();
  // No path can have these as a part of it.
  if (['', '.', '..'].includes(object)) {
    throw new CliError(`"${object}" can be no part of an address. Name the object by its id.`);
  }
  const target = `${url}${path}/${encodeURIComponent(className)}/${by}/${encodeURIComponent(object)}`;
  let response: Response;
  let text: string;
  try {
    response = await fetch(target, {
      method: 'POST',
      // A token must not follow to another address.
      redirect: 'manual',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(command),
    });
    text = await response.text();
  } catch (cause) {
    throw new CliError(`${url} does not answer: ${reasonOf(cause)}. ${hint(url)}`, { cause });
  }
  const body = parse(text);
  if (response.ok && isObject(body) && MARK[command.do] in body) {
    return body as unknown as MigrationsAnswer<Command>;
  }
  const error = errorIn(body);
  if (error === undefined) throw notTheRoute(place, response);
  const isRefusal = error.code === 'INVALID_REPAIR';
  throw new AnswerError(
    `${className} ${object}: ${error.message}`,
    error,
    isRefusal ? EXIT.found : EXIT.failed,
  );
}
