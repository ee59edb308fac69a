import { show } from '../base/errors.ts';
import { expect } from './errors.ts';
import type {
  FailureLimit,
  FleetMode,
  IdRange,
  ResumeCommand,
  RunOptions,
  StartCommand,
} from './protocol.ts';

const HOUR = 3_600_000;

/** How a run goes if nothing is said. */
export const DEFAULTS: RunOptions = {
  engine: 'alarm',
  pageSize: 50,
  concurrency: 100,
  rate: null,
  maxFailures: { share: 0.01, count: 20 },
  timeout: 30_000,
  attempts: 5,
  backoff: 2_000,
  later: 60_000,
  laterFor: 25 * HOUR,
  lease: 120_000,
  withMigrations: null,
  settle: 300_000,
};

/** What an option takes: in words, and whether a value is that. */
type Takes = readonly [words: string, fits: (value: unknown) => boolean];

const whole = (from: number, to: number): Takes => [
  `a whole number from ${from} to ${to}`,
  (value) => Number.isInteger(value) && (value as number) >= from && (value as number) <= to,
];
const oneOf = (...choices: unknown[]): Takes => [
  choices.map((choice) => JSON.stringify(choice)).join(', '),
  (value) => choices.includes(value),
];
const between = (value: unknown, from: number, to: number): boolean =>
  typeof value === 'number' && value >= from && value <= to;
const orNull = ([words, fits]: Takes): Takes => [
  `${words}, or null`,
  (value) => value === null || fits(value),
];
/** Milliseconds up to a week. */
const MILLISECONDS = whole(0, 168 * HOUR);

const TAKES: Readonly<Record<keyof RunOptions, Takes>> = {
  engine: oneOf('alarm', 'queue'),
  pageSize: whole(1, 100),
  concurrency: whole(1, 1_000),
  rate: orNull(['a number greater than 0', (value) => between(value, Number.MIN_VALUE, 1e6)]),
  maxFailures: orNull([
    '{ "share": 0 to 1, "count": a whole number }',
    (value) => {
      const { share, count } = value as Partial<FailureLimit>;
      return between(share, 0, 1) && Number.isInteger(count) && between(count, 0, 1e9);
    },
  ]),
  timeout: whole(100, 600_000),
  attempts: whole(1, 100),
  backoff: MILLISECONDS,
  later: MILLISECONDS,
  laterFor: MILLISECONDS,
  lease: whole(1_000, HOUR),
  withMigrations: orNull(oneOf(true, false)),
  settle: MILLISECONDS,
};

function checkOption(name: keyof RunOptions, value: unknown): void {
  const [words, fits] = TAKES[name];
  expect(fits(value), `The option \`${name}\` is ${show(value)}: it takes ${words}.`);
}

/** A run as a command asks for it. */
export interface Wanted {
  readonly mode: FleetMode;
  readonly range: IdRange;
  readonly options: RunOptions;
  readonly fingerprint: string | null;
  /** The migrations that were sent, as JSON. */
  readonly migrations: string | null;
  readonly deployedAt: number | null;
}

/** More than a row of a Durable Object's SQLite can hold beside the rest. */
const MOST_JSON = 1_900_000;

const bound = (name: string, value: unknown): string | null => {
  if (value === undefined || value === null || value === '') return null;
  expect(
    typeof value === 'string' && /^[0-9a-f]{1,64}$/i.test(value),
    `\`range.${name}\` is ${show(value)}: it takes 1 to 64 hexadecimal digits.`,
  );
  return value.toLowerCase();
};

function optionsOf(command: StartCommand, mode: FleetMode): RunOptions {
  const options: Record<string, unknown> = { ...DEFAULTS };
  // A preflight harms nothing, and its failures are what one wants to see.
  if (mode === 'preflight') options.maxFailures = null;
  for (const name of Object.keys(TAKES) as (keyof RunOptions)[]) {
    const value = command[name];
    if (value === undefined) continue;
    checkOption(name, value);
    options[name] = value;
  }
  return options as unknown as RunOptions;
}

const KNOWN = ['do', 'mode', 'range', 'fingerprint', 'migrations', 'deployedAt'];

/**
 * Reads what a run is to be.
 *
 * @param command as it came
 * @throws {FleetError} if a value is not what it takes
 */
export function readStart(command: StartCommand): Wanted {
  for (const name of Object.keys(command)) {
    expect(KNOWN.includes(name) || name in TAKES, `There is no option \`${name}\`.`);
  }
  const { mode = 'sweep', fingerprint = null, migrations, deployedAt = null, range } = command;
  expect(
    ['sweep', 'verify', 'preflight'].includes(mode),
    `\`mode\` is ${show(mode)}: it takes "sweep", "verify" or "preflight".`,
  );
  expect(
    fingerprint === null || (typeof fingerprint === 'string' && /^[0-9a-f]{64}$/.test(fingerprint)),
    `\`fingerprint\` is ${show(fingerprint)}: it takes 64 hexadecimal digits.`,
  );
  expect(
    deployedAt === null || between(deployedAt, 0, 1e15),
    `\`deployedAt\` is ${show(deployedAt)}: it takes milliseconds since 1970.`,
  );
  expect(
    range === undefined || (typeof range === 'object' && range !== null),
    `\`range\` is ${show(range)}: it takes { "from": …, "to": … }.`,
  );
  const ids = { from: bound('from', range?.from), to: bound('to', range?.to) };
  expect(
    ids.from === null || ids.to === null || ids.from < ids.to,
    `\`range\` is ${show(range)}: \`from\` must come before \`to\`.`,
  );
  expect(
    mode !== 'verify' || (ids.from === null && ids.to === null),
    'A `verify` is about all objects: it takes no `range`.',
  );
  expect(
    migrations === undefined || mode === 'preflight',
    'Only a `preflight` takes `migrations`: a sweep runs those of the code that is deployed.',
  );
  const json = migrations === undefined ? null : JSON.stringify(migrations);
  expect(
    json === null || json.length <= MOST_JSON,
    `\`migrations\` has ${json?.length} characters: it takes ${MOST_JSON}. Deploy them, and run a preflight without.`,
  );
  const options = optionsOf(command, mode);
  expect(
    mode !== 'preflight' || options.withMigrations !== false,
    'A `preflight` needs a class that went through `withMigrations`.',
  );
  return { mode, range: ids, options, fingerprint, migrations: json, deployedAt };
}

/**
 * The options of a run that goes on.
 *
 * @param options what they were
 * @param command what is to be another
 * @throws {FleetError} if a value is not what it takes
 */
export function readResume(options: RunOptions, command: ResumeCommand): RunOptions {
  const changed: Record<string, unknown> = { ...options };
  for (const name of ['maxFailures', 'rate', 'concurrency'] as const) {
    const value = command[name];
    if (value === undefined) continue;
    checkOption(name, value);
    changed[name] = value;
  }
  return changed as unknown as RunOptions;
}

/** Pages at the same time, at least: so that an object that is slow keeps a part of the others waiting only. */
const LANES = 4;

/**
 * How many objects of one page are woken at the same time.
 *
 * @param options how the run goes
 */
export const perPage = ({ pageSize, concurrency }: RunOptions): number =>
  Math.min(pageSize, Math.ceil(concurrency / LANES));

/**
 * How many pages are under way at the same time.
 *
 * @param options how the run goes
 */
export const pagesAtOnce = (options: RunOptions): number =>
  Math.max(1, Math.floor(options.concurrency / perPage(options)));
