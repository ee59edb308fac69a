import { OfframpError } from '../base/errors.ts';
import type { MigrationInput } from '../input/migration.ts';
import { readMigrations } from '../input/migrations.ts';
import { isTooDeep, TOO_DEEP } from '../object/json.ts';
import { bearsToken } from '../object/token.ts';
import { FleetError, STATUS } from './errors.ts';
import { renderReport } from './html.ts';
import { ledgerOf } from './messages.ts';
import type { ClassesAnswer, FleetErrorCode, FleetReport, IdsAnswer } from './protocol.ts';
import type { FleetNamespace, PageObject } from './wake.ts';

/** What the route is told of a class. */
export interface FleetClass {
  /** What the class passes to `withMigrations`: an object that says another fingerprint runs old code. */
  readonly migrations?: MigrationInput;
}

/** What {@link fleetRoute} can be told. */
export interface FleetRouteOptions {
  /** The secret: `wrangler secret put FLEET_TOKEN`. Without it the route is not there. */
  readonly token: string | undefined;
  /**
   * The classes that can be swept, by the names of their bindings: `{ INBOX: { migrations } }`. Without it, all Durable
   * Object bindings of `env` but the ledger's.
   */
  readonly classes?: Readonly<Record<string, FleetClass>>;
  /** The name of the ledger's binding. The default is `FLEET`. */
  readonly ledger?: string;
  /** The name of the queue's binding. The default is `FLEET_QUEUE`. */
  readonly queue?: string;
  /** Where the route is. The default is `/__fleet`. */
  readonly path?: string;
}

type Env = Readonly<Record<string, unknown>>;

const MOST_OBJECTS = 10_000;

const HEADERS = { 'Cache-Control': 'no-store' };

const json = (body: unknown, status = 200): Response =>
  Response.json(body, { status, headers: HEADERS });

const failure = (error: { readonly code: string }): Response =>
  json({ error }, STATUS[error.code as FleetErrorCode] ?? 502);

const isNamespace = (binding: unknown): binding is FleetNamespace =>
  typeof binding === 'object' &&
  binding !== null &&
  'idFromName' in binding &&
  'idFromString' in binding;

/** What is there to be swept, and by what. */
class Fleet {
  private readonly env: Env;
  private readonly options: FleetRouteOptions;
  readonly ledger: string;
  readonly queue: string | null;

  constructor(env: Env, options: FleetRouteOptions) {
    const { ledger = 'FLEET', queue = 'FLEET_QUEUE' } = options;
    this.env = env;
    this.options = options;
    this.ledger = ledger;
    this.queue = env[queue] === undefined ? null : queue;
  }

  names(): string[] {
    const { classes } = this.options;
    return Object.keys(classes ?? this.env).filter(
      (name) => name !== this.ledger && isNamespace(this.env[name]),
    );
  }

  fingerprint(name: string): string | null {
    const migrations = this.options.classes?.[name]?.migrations;
    return migrations === undefined ? null : readMigrations(migrations).fingerprint;
  }

  namespace(name: string): FleetNamespace {
    const names = this.names();
    if (names.includes(name)) return this.env[name] as FleetNamespace;
    throw new FleetError(
      'UNKNOWN_CLASS',
      `There is no class ${JSON.stringify(name)}. There ${names.length === 1 ? 'is' : 'are'} ${names.join(', ') || 'none'}: the names of bindings.`,
    );
  }

  classes(): ClassesAnswer {
    return {
      classes: this.names().map((name) => ({ class: name, fingerprint: this.fingerprint(name) })),
      engines: this.queue === null ? ['alarm'] : ['alarm', 'queue'],
    };
  }

  /** Asks the ledger of a class. */
  async ask<T>(name: string, command: object): Promise<T> {
    const { ledger, queue } = this;
    const calls = ledgerOf(this.env, ledger, name);
    if (calls === undefined) {
      throw new FleetError(
        'NO_LEDGER',
        `env has no binding ${ledger}. Export FleetLedger, and bind it in wrangler.jsonc.`,
      );
    }
    const answered = await calls.ask({ class: name, ledger, queue, command }).catch((error) => {
      throw new FleetError(
        'LEDGER_FAILED',
        `The ledger did not answer: ${error instanceof Error ? error.message : error}. Send it again.`,
      );
    });
    if ('answer' in answered) return answered.answer as T;
    throw new Told(answered.error);
  }
}

/** An error as the ledger told it. */
class Told extends Error {
  readonly told: { readonly code: string };

  constructor(told: { readonly code: string; readonly message: string }) {
    super(told.message);
    this.told = told;
  }
}

const wrong = (message: string): never => {
  throw new FleetError('INVALID_OBJECTS', message);
};

/** Reads the objects of a page of a listing: each of the class, in order, and none twice. */
function readObjects(given: unknown, namespace: FleetNamespace): PageObject[] {
  if (!Array.isArray(given) || given.length > MOST_OBJECTS) {
    return wrong(`\`objects\` takes a list of ${MOST_OBJECTS} at most.`);
  }
  let before = '';
  return given.map((one: unknown, index) => {
    const { id, name = null } = (typeof one === 'string' ? { id: one } : (one ?? {})) as {
      id?: unknown;
      name?: unknown;
    };
    const which = `objects[${index}]`;
    if (typeof id !== 'string' || !/^[0-9a-f]{64}$/.test(id)) {
      return wrong(`${which} has an id that is not 64 hexadecimal digits in lower case.`);
    }
    if (id <= before) return wrong(`${which} does not come after the one before it.`);
    before = id;
    if (name !== null && typeof name !== 'string')
      return wrong(`${which} has a name that is no text.`);
    try {
      namespace.idFromString(id);
    } catch {
      return wrong(`${which} has the id ${id}, which is not one of this class.`);
    }
    if (name !== null && namespace.idFromName(name).toString() !== id) {
      return wrong(
        `${which} has the name ${JSON.stringify(name)}, which is the name of another id.`,
      );
    }
    return { id, name };
  });
}

function idsOf(given: unknown, namespace: FleetNamespace): IdsAnswer {
  if (
    !Array.isArray(given) ||
    given.length > MOST_OBJECTS ||
    given.some((name) => typeof name !== 'string')
  ) {
    return wrong(`\`names\` takes a list of ${MOST_OBJECTS} texts at most.`);
  }
  return { ids: given.map((name: string) => namespace.idFromName(name).toString()) };
}

async function readCommand(request: Request): Promise<Record<string, unknown>> {
  const body = await request.json().catch(() => undefined);
  if (isTooDeep(body)) throw new FleetError('INVALID_COMMAND', TOO_DEEP);
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) {
    return body as Record<string, unknown>;
  }
  throw new FleetError('INVALID_COMMAND', 'The body is no JSON object: it takes { "do": … }.');
}

async function post(request: Request, name: string, fleet: Fleet): Promise<Response> {
  const namespace = fleet.namespace(name);
  const command = await readCommand(request);
  switch (command.do) {
    case 'ids':
      return json(idsOf(command.names, namespace));
    case 'feed':
      return json(
        await fleet.ask(name, { ...command, objects: readObjects(command.objects, namespace) }),
      );
    case 'start': {
      // A preflight is about migrations that are not deployed yet, or about those of whatever code answers.
      const fingerprint =
        command.fingerprint ?? (command.mode === 'preflight' ? null : fleet.fingerprint(name));
      return json(await fleet.ask(name, { ...command, fingerprint }));
    }
    default:
      return json(await fleet.ask(name, command));
  }
}

async function get(name: string, what: string | undefined, fleet: Fleet): Promise<Response> {
  fleet.namespace(name);
  if (what === undefined) return json(await fleet.ask(name, { do: 'status' }));
  const report = await fleet.ask<FleetReport>(name, { do: 'report' });
  if (what === 'report') return json(report);
  return new Response(renderReport(report), {
    headers: {
      ...HEADERS,
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'",
      'X-Content-Type-Options': 'nosniff',
    },
  });
}

async function answer(request: Request, rest: string, fleet: Fleet): Promise<Response> {
  const [name, what, ...more] = rest.split('/').map(decodeURIComponent);
  const isPost = request.method === 'POST';
  if (!isPost && request.method !== 'GET') {
    throw new FleetError('INVALID_METHOD', `${request.method} is not one of GET and POST.`);
  }
  if (!isPost && (name === undefined || name === '') && what === undefined) {
    return json(fleet.classes());
  }
  const isKnown = what === undefined || (!isPost && /^report(\.html)?$/.test(what));
  if (!name || !isKnown || more.length > 0) {
    throw new FleetError(
      'UNKNOWN_PATH',
      'There are GET /, GET /<class>, GET /<class>/report, GET /<class>/report.html and POST /<class>.',
    );
  }
  return isPost ? await post(request, name, fleet) : await get(name, what, fleet);
}

/**
 * Answers requests to `/__fleet` that bear the token. Any other request is not for it: your Worker answers as it answers
 * any path that it does not know.
 *
 * ```ts
 * async fetch(request: Request, env: Env): Promise<Response> {
 *   const answer = await fleetRoute(request, env, {
 *     token: env.FLEET_TOKEN,
 *     classes: { INBOX: { migrations } },
 *   });
 *   if (answer) return answer;
 *   …
 * }
 * ```
 *
 * @param request the request
 * @param env the Worker's `env`
 * @param options the token, and which classes can be swept
 * @returns the answer in JSON, or undefined for a request that is not for it, or has no or another token
 */
export async function fleetRoute(
  request: Request,
  env: object,
  options: FleetRouteOptions,
): Promise<Response | undefined> {
  const { path = '/__fleet', token } = options;
  const { pathname } = new URL(request.url);
  if (pathname !== path && !pathname.startsWith(`${path}/`)) return undefined;
  if (!(await bearsToken(request, token))) return undefined;
  try {
    return await answer(request, pathname.slice(path.length + 1), new Fleet(env as Env, options));
  } catch (error) {
    if (error instanceof Told) return failure(error.told);
    // A path that cannot be decoded is a path of another form.
    if (error instanceof URIError)
      return failure(toPlain(new FleetError('UNKNOWN_PATH', error.message)));
    if (error instanceof OfframpError) return failure(toPlain(error));
    throw error;
  }
}

const toPlain = (error: OfframpError): { readonly code: string } =>
  JSON.parse(JSON.stringify(error)) as { code: string };
