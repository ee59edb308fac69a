import { InputError, reading, show } from '../base/errors.ts';
import { keyOf } from '../base/key.ts';
import { sha256 } from '../base/sha256.ts';
import { isTimestamp, millisOf, secondOf } from '../base/time.ts';
import { readBundle0, readBundle1 } from './bundles.ts';
import type {
  DrizzleBundle0,
  DrizzleBundle1,
  Migration,
  MigrationList,
  MigrationRecord,
  MigrationSource,
} from './migration.ts';
import { checkWritten } from './unwritten.ts';

const KEY = /^m(\d{4}|[1-9]\d{4,})$/;

function readRecord(record: MigrationRecord): MigrationSource[] {
  const sources = Object.entries(record).map(([key, value]): MigrationSource => {
    if (!KEY.test(key)) {
      throw new InputError(
        'INVALID_KEY',
        `Invalid migration key "${key}": must be "m" followed by its number in four digits or more, such as "m0000".` +
          (key === 'default' ? ' Pass the default export itself.' : ''),
        key,
      );
    }
    return typeof value === 'object' && value !== null ? { ...value, key } : { key, sql: value };
  });
  sources.sort((a, b) => Number(a.key.slice(1)) - Number(b.key.slice(1)));
  sources.forEach(({ key }, expected) => {
    const version = Number(key.slice(1));
    if (version !== expected) {
      throw new InputError(
        'KEY_GAP',
        `Migrations must be sequential: expected version ${expected}, got ${version} (${key}). Add the missing ` +
          'migration back, or number the new one on from the last.',
        key,
      );
    }
  });
  return sources;
}

function checkTag({ key, tag, when, was = [], checksum }: MigrationSource): void {
  const second = typeof tag === 'string' ? tag.slice(0, 14) : '';
  if (
    tag !== undefined &&
    (typeof tag !== 'string' || !/^\d{14}(_|$)/.test(tag) || Number.isNaN(millisOf(second)))
  ) {
    throw new InputError(
      'INVALID_TAG',
      `Migration ${key} has the tag ${show(tag)}: it must start with its UTC second in 14 digits and "_".`,
      key,
    );
  }
  const stamps: readonly unknown[] = Array.isArray(was) ? was : [[was]];
  const bad = (when === undefined ? stamps : [when, ...stamps]).find((one) => !isTimestamp(one));
  if (bad !== undefined || (when !== undefined && tag !== undefined && secondOf(when) !== second)) {
    throw new InputError(
      'INVALID_WHEN',
      `Migration ${key} has when: ${show(bad === undefined ? when : bad)}, which is no time in milliseconds or not the second of its tag.`,
      key,
    );
  }
  if (
    checksum !== undefined &&
    (typeof checksum !== 'string' || !/^[0-9a-f]{64}$/.test(checksum))
  ) {
    throw new InputError(
      'INVALID_ENTRY',
      `Migration ${key} has the checksum ${show(checksum)}: leave it out, or give the SHA-256 of its SQL.`,
      key,
    );
  }
}

function complete(source: MigrationSource): Migration {
  const { key, tag = null, when = null, was = [], sql } = source;
  if (typeof sql !== 'string') {
    const found = sql === null ? 'null' : Array.isArray(sql) ? 'an array' : `of type ${typeof sql}`;
    throw new InputError(
      'SQL_NOT_TEXT',
      `The SQL of ${key}${typeof tag === 'string' ? ` (${tag})` : ''} is ${found}, not a string. If it is imported from a .sql ` +
        'file, tell the bundler that it is text: "rules": [{ "type": "Text", "globs": ["**/*.sql"], "fallthrough": ' +
        'true }] in wrangler.jsonc.',
      key,
    );
  }
  checkTag(source);
  checkWritten(key, sql);
  // Some bundlers keep a file's byte order mark and some do not; it must not make another migration of it.
  const checksum = source.checksum ?? sha256(sql.replace(/^\ufeff/, ''));
  return { key, tag, when, was, sql, checksum };
}

/** Whether a value can hold migrations by name: a promise or a map has none, and would be taken for an empty one. */
const isPlain = (value: unknown): value is object =>
  /^\[object (Object|Module)\]$/.test(Object.prototype.toString.call(value));

/** Tells the three forms of input apart and reads each migration's parts. */
function readSources(input: unknown): MigrationSource[] {
  if (!isPlain(input)) {
    const kind = Object.prototype.toString.call(input).slice(8, -1);
    const found =
      input === null
        ? 'null'
        : Array.isArray(input)
          ? 'an array'
          : `a value of type ${typeof input === 'object' ? kind : typeof input}`;
    throw new InputError(
      'INVALID_INPUT',
      `The migrations are ${found}. Pass the default export of drizzle-kit's migrations.js, or a record ` +
        "{ m0000: 'SQL', m0001: 'SQL' }.",
    );
  }
  if ('migrationsFolder' in input) {
    throw new InputError(
      'MIGRATIONS_FOLDER',
      'A Durable Object has no file system, so `migrationsFolder` cannot be read. Set driver: "durable-sqlite" in ' +
        'drizzle.config.ts, run `drizzle-kit generate`, and pass the default export of the migrations.js it writes.',
    );
  }
  if ('journal' in input) return readBundle0(input as DrizzleBundle0);
  if ('migrations' in input) {
    if (!isPlain(input.migrations)) {
      throw new InputError(
        'INVALID_INPUT',
        "The bundle has `migrations` but no migrations in it. Pass the default export of drizzle-kit's migrations.js.",
      );
    }
    return readBundle1(input as DrizzleBundle1);
  }
  return readRecord(input as MigrationRecord);
}

/** Reads and checks an input, from nothing. */
function read(input: unknown): MigrationList {
  const migrations = readSources(input).map(complete);
  const keyOfTag = new Map<string, string>();
  for (const { key, tag } of migrations) {
    const other = tag === null ? undefined : keyOfTag.get(tag);
    if (tag !== null && other !== undefined) {
      throw new InputError(
        'REPEATED_TAG',
        `Migrations ${other} and ${key} are both "${tag}": they were made in the same second under the same name. ` +
          'Rename one of them, in the journal and its file; Drizzle 0.x does not store the name.',
        key,
      );
    }
    if (tag !== null) keyOfTag.set(tag, key);
  }
  const lines = migrations.map(({ key, tag, checksum }) => `${tag ?? key} ${checksum}\n`);
  deepFreeze(input);
  return { migrations, fingerprint: sha256(lines.join('')) };
}

/** A bundle, its journal, the entries, an entry: no input is deeper. */
const INPUT_DEPTH = 4;

/** What was read once stays as it was read: a later change would be passed over in silence, so it throws instead. */
function deepFreeze(value: unknown, depth = INPUT_DEPTH): void {
  if (typeof value !== 'object' || value === null || depth === 0) return;
  // A module's namespace cannot be frozen, and its exports are constants anyway.
  if (Object.prototype.toString.call(value) !== '[object Module]') Object.freeze(value);
  for (const part of Object.values(value)) deepFreeze(part, depth - 1);
}

/** Up to here V8 lists an object's keys in a microsecond; above, looking each of them up is the quicker way. */
const QUICKLY_LISTED = 127;

/** The keys and values of an input, to tell whether another one has the same. */
class Outline {
  readonly #prototype: unknown;
  readonly #keys: readonly string[];
  readonly #values: readonly unknown[];
  readonly #isLongRecord: boolean;

  constructor(value: object, depth = INPUT_DEPTH) {
    this.#prototype = Object.getPrototypeOf(value);
    this.#keys = Object.keys(value);
    this.#values = Object.values(value).map((part) =>
      typeof part === 'object' && part !== null && depth > 1 ? new Outline(part, depth - 1) : part,
    );
    const { length } = this.#keys;
    this.#isLongRecord = length > QUICKLY_LISTED && keyOf(length - 1) in value;
  }

  fits(value: unknown, isQuick = false): boolean {
    if (typeof value !== 'object' || value === null) return false;
    // An inherited key is no migration: reading takes own keys only, and `for…in` all.
    if (Object.getPrototypeOf(value) !== this.#prototype) return false;
    if (!this.#isLongRecord) return this.#isSame(value as never);
    return (
      this.#hasAll(value as never) && (isQuick || Object.keys(value).length === this.#keys.length)
    );
  }

  #isSame(value: Record<string, unknown>): boolean {
    const keys = this.#keys;
    const values = this.#values;
    let at = 0;
    for (const key in value) {
      const part = value[key];
      const known = values[at];
      if (key !== keys[at]) return false;
      if (part !== known && !(known instanceof Outline && known.fits(part))) return false;
      at++;
    }
    return at === keys.length;
  }

  /** A record goes on with the next number, so one look tells that there is no more; any other key is a mistake. */
  #hasAll(value: Record<string, unknown>): boolean {
    const keys = this.#keys;
    const values = this.#values;
    for (let at = 0; at < keys.length; at++) {
      const part = value[keys[at] as string];
      const known = values[at];
      if (part !== known && !(known instanceof Outline && known.fits(part))) return false;
    }
    return !(keyOf(keys.length) in value);
  }
}

/** How many inputs are kept for those who write the record where they call: one a class is enough. */
const RECENT = 8;
/** The one that was asked for last comes first. */
const recent: { outline: Outline; list: MigrationList }[] = [];
const known = new WeakMap<object, MigrationList>();

/**
 * Reads any input into migrations. An input is read once an isolate, found again by identity or, where it is written
 * anew on each wake, by its content, and frozen.
 *
 * @param input what was passed to `migrate`
 * @param isQuick whether a mistaken key in a long record may pass that is otherwise one that was read: an object that
 *   is level has all the others, and listing the keys takes half as long as all the rest
 * @throws {InputError} if it is none of the three forms, or one of them with something wrong in it
 */
export function readMigrations(input: unknown, isQuick = false): MigrationList {
  return (
    known.get(input as object) ??
    reading('INVALID_INPUT', 'migrations', () => readOnce(input, isQuick))
  );
}

function readOnce(input: unknown, isQuick: boolean): MigrationList {
  const at = recent.findIndex(({ outline }) => outline.fits(input, isQuick));
  if (at > 0) recent.unshift(...recent.splice(at, 1));
  if (at >= 0) return (recent[0] as (typeof recent)[0]).list;
  const list = read(input);
  known.set(input as object, list);
  recent.unshift({ outline: new Outline(input as object), list });
  recent.length = Math.min(recent.length, RECENT);
  return list;
}

/** The list of a module that carries its fingerprint: nothing is looked at until there is something to do. */
class CarriedList implements MigrationList {
  #list: MigrationList | undefined;

  constructor(
    private readonly record: MigrationRecord,
    readonly fingerprint: string,
  ) {}

  get migrations(): readonly Migration[] {
    this.#list ??= read(this.record);
    if (this.#list.fingerprint !== this.fingerprint) {
      throw new InputError(
        'STALE_FINGERPRINT',
        `The module carries the fingerprint ${this.fingerprint.slice(0, 8)}…, and that of its migrations is ` +
          `${this.#list.fingerprint.slice(0, 8)}…: it was edited by hand. Run \`npx drizzle-offramp convert\`, or take ` +
          'the second argument of defineMigrations away.',
      );
    }
    return this.#list.migrations;
  }
}

/**
 * Types and checks a record of migrations, in the short form (`m0000: 'SQL'`) or the long one.
 *
 * ```ts
 * export default defineMigrations({
 *   m0000: { tag: '20261122175044_init', when: 1795370244123, sql: 'CREATE TABLE …' },
 *   m0001: 'ALTER TABLE …',
 * });
 * ```
 *
 * @param record the migrations by key
 * @param carried what `drizzle-offramp convert` writes: the last key and the fingerprint of the whole, so that an
 *   isolate's first wake need not look at each migration. Left out of use where the last key is another one.
 * @returns the same record, frozen
 * @throws {InputError} if a key, a tag or a text in it is wrong
 */
export function defineMigrations<const T extends MigrationRecord>(record: T, carried?: string): T {
  const [, key, fingerprint] = /^(m\d+) ([0-9a-f]{64})$/.exec(carried ?? '') ?? [];
  if (fingerprint !== undefined && key === keyOf(Object.keys(Object(record)).length - 1)) {
    known.set(Object.freeze(record), new CarriedList(record, fingerprint));
  } else readMigrations(record);
  return record;
}
