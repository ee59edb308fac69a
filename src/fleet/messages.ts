// What the ledger and a consumer of the queue say to each other.
import type { Page } from './store.ts';
import type { Seen, Task } from './wake.ts';

/** A message of the queue: one page. */
export interface PageMessage {
  readonly drizzleOfframp: 'page';
  /** The name of the ledger's binding. */
  readonly ledger: string;
  /** The name of the class's binding, which is the ledger's name too. */
  readonly class: string;
  readonly run: number;
  readonly page: number;
}

/** @param body of any message */
export const isPageMessage = (body: unknown): body is PageMessage =>
  typeof body === 'object' &&
  body !== null &&
  (body as Partial<PageMessage>).drizzleOfframp === 'page';

/** A page with all that one has to know to work through it. */
export interface Assignment extends Page {
  readonly task: Task;
  /** Objects at the same time. */
  readonly atOnce: number;
}

/** An answer that crosses RPC whatever the compatibility date: errors would lose their fields. */
export type Answered<T> =
  | { readonly answer: T }
  | { readonly error: { readonly code: string; readonly message: string } };

/** What a ledger can be asked by RPC. */
export interface LedgerCalls {
  /** A command of a client, which the route has checked. */
  ask(call: LedgerCall): Promise<Answered<unknown>>;
  /** The page of a message; null if there is nothing to do for it. */
  take(run: number, page: number): Promise<Assignment | null>;
  /** What became of it. */
  report(run: number, page: number, seen: readonly Seen[]): Promise<void>;
}

/** A command with what only the route knows. */
export interface LedgerCall {
  readonly class: string;
  readonly ledger: string;
  readonly queue: string | null;
  // biome-ignore lint/suspicious/noExplicitAny: it comes as JSON, and is looked at where it is read.
  readonly command: any;
}

/** The part of the ledger's namespace that is used here. */
export interface LedgerNamespace {
  idFromName(name: string): unknown;
  // biome-ignore lint/suspicious/noExplicitAny: a namespace's stubs are of its own class.
  get(id: any): any;
}

/**
 * The ledger of a class.
 *
 * @param env the Worker's `env`
 * @param ledger the name of the ledger's binding
 * @param name the name of the class's binding
 * @returns undefined if there is no such binding
 */
export function ledgerOf(env: object, ledger: string, name: string): LedgerCalls | undefined {
  const namespace = (env as Record<string, LedgerNamespace | undefined>)[ledger];
  return namespace?.get(namespace.idFromName(name)) as LedgerCalls | undefined;
}
