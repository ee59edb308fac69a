// One object is woken and asked what it is, and what it says, or throws, is read.
import type { InspectAnswer, InstanceFacts, PreflightAnswer } from '../object/commands.ts';
import type { FleetMode, Outcome } from './protocol.ts';

/** An object of a page. */
export interface PageObject {
  readonly id: string;
  /** Null where it is known by its id only. */
  readonly name: string | null;
}

/** What is to be done to the objects of a page. */
export interface Task {
  readonly mode: FleetMode;
  /** The fingerprint that the code must say, or null if any will do. */
  readonly fingerprint: string | null;
  /** The migrations that were sent for a preflight. */
  readonly migrations: unknown;
  readonly withMigrations: boolean | null;
  /** Milliseconds for one object. */
  readonly timeout: number;
}

/** What became of one object. */
export type Seen = PageObject & {
  /** `drizzle` of an answer; null where there was none. */
  readonly drizzle: 'none' | '0.x' | '1.x' | null;
  /** How many migrations its ledger has; null where it did not say. */
  readonly migrations: number | null;
  readonly fingerprint: string | null;
  readonly woke: Woke | null;
  /** What it said of its instance; null where it said nothing. */
  readonly instance: InstanceFacts | null;
} & (
    | { readonly kind: 'through'; readonly outcome: Outcome }
    /** `later`: old code. `again`: it failed for a moment. `failed`: it is of no use to try it again. */
    | {
        readonly kind: 'later' | 'again' | 'failed';
        readonly code: string;
        readonly message: string;
      }
  );

/** What the construction of an object did. */
export interface Woke {
  readonly adopted: number;
  readonly applied: number;
  readonly drizzleLedger?: 'retired' | 'mirrored' | null;
}

/** The part of a namespace that is used here. */
export interface FleetNamespace {
  idFromName(name: string): { toString(): string };
  idFromString(id: string): { toString(): string };
  // biome-ignore lint/suspicious/noExplicitAny: a namespace's stubs are of its own class.
  get(id: any): any;
}

/** A method that no class has: calling it runs the constructor. */
const NOBODYS = '__drizzle_offramp_wake';

/** What the runtime throws at a call of what is not there, in an object whose constructor went well. */
const NOT_THERE =
  /does not implement the method|does not support RPC|Handler does not export a \w+\(\) function/;

/** What it throws where another try can go well. https://developers.cloudflare.com/durable-objects/best-practices/error-handling/ */
const FOR_A_MOMENT =
  /Network connection lost|transient issue|code was updated|internal error|storage operation exceeded timeout|Call it once more/i;

const OVERLOADED = /is overloaded|Too many requests/i;

/** A code in brackets, as our messages start with; below compatibility date 2026-10 another class's name may precede it. */
const CODE = /^(?:\w+: )?\[([A-Z][A-Z0-9_]*)\]/;

/** What a runtime's error may have. */
interface Thrown {
  readonly message?: unknown;
  readonly code?: unknown;
  readonly durableObjectReset?: unknown;
  readonly overloaded?: unknown;
  readonly retryable?: unknown;
}

const UNTOLD = {
  drizzle: null,
  migrations: null,
  fingerprint: null,
  woke: null,
  instance: null,
} as const;

const TIMEOUT = Symbol('no answer in time');

/** What an error says of an object. */
function ofError(object: PageObject, error: unknown, task: Task): Seen {
  const thrown = (error ?? {}) as Thrown;
  const message = String(thrown.message ?? error);
  const as = (kind: 'later' | 'again' | 'failed', code: string): Seen => ({
    ...object,
    ...UNTOLD,
    kind,
    code,
    message,
  });
  if (thrown.overloaded === true || OVERLOADED.test(message)) return as('failed', 'OVERLOADED');
  const code = typeof thrown.code === 'string' ? thrown.code : CODE.exec(message)?.[1];
  if (code !== undefined) return as('failed', code);
  if (thrown.durableObjectReset !== true && NOT_THERE.test(message)) {
    return task.withMigrations === true
      ? as('later', 'OLD_CODE')
      : { ...object, ...UNTOLD, kind: 'through', outcome: 'woken' };
  }
  if (thrown.retryable === true || FOR_A_MOMENT.test(message)) return as('again', 'UNREACHABLE');
  // Whatever a wake throws of its own has a code.
  return as('failed', 'CONSTRUCTOR_THREW');
}

/** What other versions of the class's code may leave out. */
interface Telling {
  readonly woke?: Woke | null;
  readonly instance?: InstanceFacts;
}

type Told<Answer extends Telling> = Omit<Answer, keyof Telling> & Telling;

function ofInspection(object: PageObject, answer: Told<InspectAnswer>, task: Task): Seen {
  const { state, refusal, fingerprint, drizzle, counts } = answer;
  const told = {
    ...object,
    drizzle,
    migrations: counts.ledger,
    fingerprint,
    woke: answer.woke ?? null,
    instance: answer.instance ?? null,
  };
  if (state === 'empty') return { ...told, migrations: null, kind: 'through', outcome: 'empty' };
  // An input that cannot be read has no fingerprint: that is the new code's fault.
  if (task.fingerprint !== null && fingerprint !== null && fingerprint !== task.fingerprint) {
    return {
      ...told,
      kind: 'later',
      code: 'OLD_CODE',
      message: `It runs code with the fingerprint ${fingerprint}.`,
    };
  }
  if (refusal !== null) {
    return { ...told, kind: 'failed', code: refusal.code, message: refusal.message };
  }
  if (state === 'up-to-date' || state === 'ahead') {
    return { ...told, kind: 'through', outcome: state };
  }
  const message = 'It was woken, and its next wake would write something still.';
  return { ...told, kind: 'again', code: 'PENDING', message };
}

function ofPreflight(
  object: PageObject,
  answer: Told<Omit<PreflightAnswer, 'empty'>> & { readonly empty?: boolean },
  task: Task,
): Seen {
  const { outcome, error, fingerprint } = answer;
  const told = { ...object, ...UNTOLD, fingerprint, instance: answer.instance ?? null };
  if (answer.empty === true) return { ...told, kind: 'through', outcome: 'empty' };
  if (task.fingerprint !== null && fingerprint !== null && fingerprint !== task.fingerprint) {
    const message = `It runs code with the fingerprint ${fingerprint}.`;
    return { ...told, kind: 'later', code: 'OLD_CODE', message };
  }
  if (error !== null) return { ...told, kind: 'failed', code: error.code, message: error.message };
  return { ...told, kind: 'through', outcome: outcome === 'migrated' ? 'migrates' : 'nothing' };
}

/** Reads an answer; a class may have a method of that name which is not ours. */
function ofAnswer(object: PageObject, answer: unknown, task: Task): Seen {
  const { state, outcome } = (answer ?? {}) as { state?: unknown; outcome?: unknown };
  if (task.mode === 'preflight' && typeof outcome === 'string') {
    return ofPreflight(object, answer as PreflightAnswer, task);
  }
  if (task.mode !== 'preflight' && typeof state === 'string') {
    return ofInspection(object, answer as InspectAnswer, task);
  }
  return { ...object, ...UNTOLD, kind: 'through', outcome: 'woken' };
}

function commandOf({ mode, migrations }: Task, { name }: PageObject): object {
  const command =
    mode === 'preflight'
      ? { do: 'preflight', ...(migrations === null ? {} : { migrations }) }
      : { do: 'inspect' };
  // An instance that was woken by its id does not know its name: it must not be the one that the next caller gets.
  return name === null ? { ...command, release: true } : command;
}

/** Resolves with TIMEOUT after some milliseconds, unless it is cancelled. */
function timer(milliseconds: number): { readonly over: Promise<typeof TIMEOUT>; cancel(): void } {
  let cancel = (): void => {};
  const over = new Promise<typeof TIMEOUT>((resolve) => {
    const handle = setTimeout(() => resolve(TIMEOUT), milliseconds);
    cancel = () => clearTimeout(handle);
  });
  return { over, cancel };
}

/**
 * Wakes one object and asks it what it is.
 *
 * @param namespace the binding of its class
 * @param object its id, and its name where that is known
 * @param task what to ask
 * @returns what became of it; an error is told, not thrown
 */
export async function wake(
  namespace: FleetNamespace,
  object: PageObject,
  task: Task,
): Promise<Seen> {
  const { over, cancel } = timer(task.timeout);
  try {
    const stub = namespace.get(
      object.name === null ? namespace.idFromString(object.id) : namespace.idFromName(object.name),
    );
    const call: Promise<unknown> =
      task.withMigrations === false ? stub[NOBODYS]() : stub.__migrations(commandOf(task, object));
    const answer = await Promise.race([call, over]);
    if (answer !== TIMEOUT) return ofAnswer(object, answer, task);
    const message = `It did not answer within ${task.timeout} ms.`;
    return { ...object, ...UNTOLD, kind: 'again', code: 'TIMEOUT', message };
  } catch (error) {
    return ofError(object, error, task);
  } finally {
    cancel();
  }
}

/**
 * Wakes the objects of a page, a bounded number at the same time.
 *
 * @param namespace the binding of their class
 * @param objects the page
 * @param task what to ask
 * @param atOnce how many at the same time
 * @returns what became of each, in the order of the page
 */
export async function wakePage(
  namespace: FleetNamespace,
  objects: readonly PageObject[],
  task: Task,
  atOnce: number,
): Promise<Seen[]> {
  const seen: Seen[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let index = next++; index < objects.length; index = next++) {
      seen[index] = await wake(namespace, objects[index] as PageObject, task);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, objects.length) }, lane));
  return seen;
}
