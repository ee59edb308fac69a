import { hasEnded } from './ending.ts';
import { isTooDeep, TOO_DEEP } from './json.ts';
import { METHOD } from './method.ts';
import { toPlain } from './plain.ts';
import { bearsToken } from './token.ts';

/** Where the route is unless the `path` option says otherwise. */
export const DEFAULT_PATH = '/__migrations';

/** The part of Cloudflare's `DurableObjectNamespace` that is used here. */
export interface NamespaceLike {
  idFromName(name: string): unknown;
  idFromString(id: string): unknown;
  // biome-ignore lint/suspicious/noExplicitAny: a namespace's stubs are of its own class.
  get(id: any): unknown;
}

/** What {@link migrationsRoute} can be told. */
export interface MigrationsRouteOptions {
  /** The secret: `wrangler secret put MIGRATIONS_TOKEN`. Without it the route is not there. */
  readonly token: string | undefined;
  /**
   * The classes that can be asked, by the names that the path has: `{ INBOX: env.INBOX }`. Without it, all Durable Object
   * bindings of `env` by their own names.
   */
  readonly classes?: Readonly<Record<string, NamespaceLike>>;
  /** Where the route is. The default is `/__migrations`. */
  readonly path?: string;
}

const answer = (body: unknown, status = 200): Response =>
  Response.json(body, { status, headers: { 'Cache-Control': 'no-store' } });

const fail = (status: number, error: Record<string, unknown>): Response =>
  answer({ error }, status);

const refuse = (status: number, code: string, message: string): Response =>
  fail(status, { name: 'RouteError', code, message: `[${code}] ${message}` });

/** A binding of another kind has any method that one asks for, so that only the name of its class tells. */
const isNamespace = (value: unknown): value is NamespaceLike =>
  /^(Loopback)?DurableObjectNamespace$/.test(
    (value as { constructor?: { name?: string } } | null)?.constructor?.name ?? '',
  );

/** The statuses of what an object throws; all else is the object's own failure. */
const STATUSES: Record<string, number> = { INVALID_COMMAND: 400, INVALID_REPAIR: 409 };

/** What an object threw. Below compatibility date 2026-10 nothing of it is left but the message, which starts with the code. */
function failed(thrown: unknown): Response {
  const error = toPlain(thrown);
  const { message } = error;
  if (/does not implement|does not support RPC/.test(message) && message.length < 500) {
    return refuse(
      501,
      'NO_WITH_MIGRATIONS',
      `The class did not go through withMigrations, or does not extend DurableObject: ${message}`,
    );
  }
  const code =
    error.code || (/^\[([A-Z_]+)\]/.exec(message.replace(/^\w+: /, ''))?.[1] ?? 'OBJECT_FAILED');
  return fail(STATUSES[code] ?? 502, { ...error, code });
}

/** What the part of a path says, or undefined where it is no such part. */
function decode(part: string | undefined): string | undefined {
  try {
    return part === undefined ? undefined : decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

/** What is called over RPC. */
interface Stub {
  [METHOD](command: unknown): Promise<unknown>;
}

function findObject(
  parts: readonly string[],
  classes: Readonly<Record<string, NamespaceLike>>,
): (() => Stub) | Response {
  const [name, kind, which] = parts.map(decode);
  const namespace = Object.hasOwn(classes, name ?? '') ? classes[name as string] : undefined;
  if (namespace === undefined) {
    const known = Object.keys(classes).join(', ');
    return refuse(
      404,
      'UNKNOWN_CLASS',
      `There is no class ${name}. There are: ${known || 'none'}.`,
    );
  }
  if (parts.length !== 3 || !which || (kind !== 'id' && kind !== 'name')) {
    return refuse(404, 'UNKNOWN_PATH', 'The path ends in <class>/id/<id> or <class>/name/<name>.');
  }
  try {
    const id = kind === 'id' ? namespace.idFromString(which) : namespace.idFromName(which);
    return () => namespace.get(id) as Stub;
  } catch (error) {
    return refuse(400, 'INVALID_ID', `${which} is no id of ${name}: ${toPlain(error).message}`);
  }
}

async function readCommand(request: Request): Promise<unknown> {
  if (request.method === 'GET') return { do: 'inspect' };
  return request.json().catch(() => undefined);
}

async function respond(
  request: Request,
  rest: string,
  classes: Readonly<Record<string, NamespaceLike>>,
): Promise<Response> {
  if (request.method !== 'GET' && request.method !== 'POST') {
    return refuse(405, 'INVALID_METHOD', 'The route takes GET and POST.');
  }
  if (rest === '' || rest === '/') return answer({ classes: Object.keys(classes) });
  const object = findObject(rest.slice(1).split('/'), classes);
  if (object instanceof Response) return object;
  const command = await readCommand(request);
  if (typeof command !== 'object' || command === null) {
    return refuse(400, 'INVALID_COMMAND', 'The body is no command in JSON.');
  }
  if (isTooDeep(command)) return refuse(400, 'INVALID_COMMAND', TOO_DEEP);
  try {
    return answer(await call(object, rest.split('/')[2] === 'id' ? releasing(command) : command));
  } catch (thrown) {
    return failed(thrown);
  }
}

/** Commands after which an instance that does not know its name may end. */
const LOOKS: readonly unknown[] = ['inspect', 'history', 'preflight'];

/** A look by id that asks for the end of the instance, unless it says itself whether it does. */
const releasing = (command: { readonly do?: unknown }): object =>
  LOOKS.includes(command.do) ? { release: true, ...command } : command;

/** How often an object is called that ends itself just then, as after a repair. */
const CALLS = 5;

/** Calls an object. The stub of an instance that has ended is of no use any more. */
async function call(object: () => Stub, command: unknown): Promise<unknown> {
  for (let left = CALLS; ; left--) {
    try {
      return await object()[METHOD](command);
    } catch (thrown) {
      if (left === 1 || !hasEnded(thrown)) throw thrown;
    }
  }
}

/**
 * Answers requests to `/__migrations/<class>/<id|name>/<which>` that bear the token, by a call of `__migrations` in that
 * object. Any other request is not for it: your Worker answers as it answers any path that it does not know.
 *
 * ```ts
 * async fetch(request: Request, env: Env): Promise<Response> {
 *   const answer = await migrationsRoute(request, env, { token: env.MIGRATIONS_TOKEN });
 *   if (answer) return answer;
 *   …
 * }
 * ```
 *
 * @param request the request, which bears the token as `Authorization: Bearer <token>`
 * @param env the Worker's `env`
 * @param options the token, and which classes can be asked
 * @returns the answer in JSON, or undefined for a request that is not for it, or has no or another token
 */
export async function migrationsRoute(
  request: Request,
  env: object,
  { token, classes, path = DEFAULT_PATH }: MigrationsRouteOptions,
): Promise<Response | undefined> {
  // The path is looked at after the token, so that even the time tells nobody of it.
  if (!(await bearsToken(request, token))) return undefined;
  const { pathname } = new URL(request.url);
  const rest = pathname.slice(path.length);
  if (!pathname.startsWith(path) || !/^(\/|$)/.test(rest)) return undefined;
  const listed = Object.entries(env).filter(([, value]) => isNamespace(value));
  return respond(request, rest, classes ?? Object.fromEntries(listed));
}
