// The part of the runtime that a whole object needs, beyond what `migrate` does.
import {
  firstRow,
  type KeyValueLike,
  type SqlStorageLike,
  type StorageLike,
} from '../base/storage.ts';

/** The part of Cloudflare's `DurableObjectStorage` that is used here. */
export interface ObjectStorage extends StorageLike {
  readonly kv?: KeyValueLike & { list(options: { limit: number }): Iterable<unknown> };
  getAlarm(): Promise<number | null>;
  setAlarm(time: number): Promise<void>;
  deleteAlarm(): Promise<void>;
  deleteAll(): Promise<void>;
  sync(): Promise<void>;
}

/** The part of Cloudflare's `DurableObjectState` that is used here. */
export interface ObjectContext {
  readonly id: { readonly name?: string | undefined; toString(): string };
  readonly storage: ObjectStorage;
  abort(reason?: string): void;
  blockConcurrencyWhile<T>(callback: () => Promise<T>): Promise<T>;
  getWebSockets(): readonly unknown[];
  /** Only where the class has a container. */
  readonly container?: { readonly running: boolean } | undefined;
}

/** The part of a WebSocket that is used here. */
export interface SocketLike {
  close(code: number, reason: string): void;
}

/**
 * Resolves after a time, in an event of its own.
 *
 * @param milliseconds how long
 */
export const wait = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });

/** An alarm that is due so soon may be under way, and what is under way must not be ended, in milliseconds. */
export const SOON = 10_000;

/**
 * How many rows this instance has written, keys and the alarm among them. It reads none.
 *
 * @param sql the object's SQL storage
 */
export const writtenBy = (sql: SqlStorageLike): number =>
  Number(firstRow(sql.exec('SELECT total_changes() AS written'))?.written);

/**
 * All tables, indexes, views and triggers of an object as one text, without those of the runtime and of `wrangler dev`.
 *
 * @param sql the object's SQL storage
 */
export const schemaOf = (sql: SqlStorageLike): string =>
  JSON.stringify([
    ...sql.exec(
      "SELECT name, sql FROM sqlite_master WHERE name NOT GLOB '_cf_*' AND name NOT GLOB '__miniflare_*' ORDER BY name",
    ),
  ]);
