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
 * @param _request the request
 * @param _env the Worker's `env`
 * @param _options the token, and which classes can be asked
 * @returns the answer in JSON, or undefined for a request that is not for it, or has no or another token
 */
export function migrationsRoute(
  _request: Request,
  _env: object,
  _options: MigrationsRouteOptions,
): Promise<Response | undefined> {
  throw new Error('not written yet');
}
