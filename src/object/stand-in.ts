// What the runtime gets where a class is not built: an object that answers every call with the error, and keeps what
// would be lost otherwise.
import type { OfframpError } from '../base/errors.ts';
import { METHOD } from './method.ts';
import type { ObjectContext, SocketLike } from './runtime.ts';

/** When an alarm that found the object refused comes again, in milliseconds. */
export const ALARM_AGAIN = 5 * 60 * 1000;
/** When a client may ask again, in seconds. */
export const RETRY_AFTER = 60;
/** "Try again later": https://www.iana.org/assignments/websocket/websocket.xhtml#close-code-number */
export const TRY_AGAIN_LATER = 1013;

/** The names of all that a class's objects have beyond what every object has. */
export function namesOf(prototype: object): Map<string, PropertyDescriptor> {
  const names = new Map<string, PropertyDescriptor>();
  let at: object | null = prototype;
  while (at !== null && at !== Object.prototype) {
    for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (!names.has(name)) names.set(name, descriptor);
    }
    at = Object.getPrototypeOf(at);
  }
  names.delete('constructor');
  names.delete(METHOD);
  return names;
}

/**
 * An object that stands in for one of a class that is not built.
 *
 * @param prototype the class's
 * @param ctx the object's state
 * @param error why it is not built
 */
export function standIn(prototype: object, ctx: ObjectContext, error: OfframpError): object {
  const refuse = (): never => {
    throw error;
  };
  // A class around this one, which nobody wrapped, cannot go on with the object as with its own.
  const properties: PropertyDescriptorMap = { ctx: { get: refuse }, env: { get: refuse } };
  for (const [name, { value }] of namesOf(prototype)) {
    if (typeof value !== 'function') properties[name] = { get: refuse, configurable: true };
    else {
      // By these `wrangler dev` finds an object's name and shows its rows.
      const isLocal = name.startsWith('__miniflare_');
      const method = (...args: unknown[]): unknown => Reflect.apply(value, { ctx }, args);
      properties[name] = { value: isLocal ? method : refuse, configurable: true, writable: true };
    }
  }
  const { code } = error;
  const handlers = {
    // Whoever called may hand it on to anyone, so it says no more than the code.
    fetch: () =>
      Response.json(
        {
          error: {
            code,
            message: `[${code}] This object waits for its migrations to be repaired.`,
          },
        },
        {
          status: 503,
          headers: { 'Retry-After': String(RETRY_AFTER), 'Cache-Control': 'no-store' },
        },
      ),
    // An alarm that throws is tried six times, and then it is lost.
    alarm: () => ctx.storage.setAlarm(Date.now() + ALARM_AGAIN),
    webSocketMessage: (socket: SocketLike) => socket.close(TRY_AGAIN_LATER, code),
    webSocketClose: (socket: SocketLike) => socket.close(TRY_AGAIN_LATER, code),
    webSocketError: () => {},
  };
  for (const [name, value] of Object.entries(handlers)) {
    properties[name] = { value, configurable: true, writable: true };
  }
  return Object.create(Object.create(prototype, properties));
}
