// `drizzle-offramp fleet`: tries migrations on all objects, brings all objects up to date, and says when Drizzle can go.
import { writeFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { renderReport } from '../fleet/html.ts';
import type {
  FleetEngine,
  FleetReport,
  ResumeCommand,
  RunStatus,
  StartCommand,
} from '../fleet/protocol.ts';
import { MODES, rangeOf, time } from '../fleet/report-words.ts';
import { askClasses, askFleet, type FleetPlace, ROUTE } from './fleet/ask.ts';
import { API_TOKEN } from './fleet/cloudflare.ts';
import { drive } from './fleet/drive.ts';
import { allFailures } from './fleet/failures.ts';
import {
  isSameWord,
  type ListedClass,
  type Lister,
  listDeployed,
  listLocally,
} from './fleet/listing.ts';
import { readNames, readNamesFile } from './fleet/names.ts';
import { Progress } from './fleet/progress.ts';
import { failuresToText, statusToText } from './fleet/text.ts';
import { readCanary, readMaxFailures, readRate, readTime, readWhole } from './fleet/values.ts';
import { readLocal, toSendable } from './object/migrations.ts';
import { CliError, EXIT, note, print, printJson } from './output.ts';
import { ADDRESS, isLocal, LOCAL, type RoutePlace, readPath, readUrl, TOKEN } from './route.ts';
import { DEFAULT_STATE } from './status/objects.ts';
import { Sources } from './status/source.ts';
import { readWorker, type Worker } from './wrangler.ts';

/** What can be done with a fleet. */
const ACTIONS = ['preflight', 'start', 'status', 'stop', 'retry', 'report'] as const;
type Action = (typeof ACTIONS)[number];

/** What the command was told. */
interface FleetOptions {
  readonly class?: string;
  readonly url: string;
  readonly path: string;
  readonly canary?: string;
  readonly rate?: string;
  readonly concurrency?: string;
  readonly maxFailures?: string;
  readonly engine?: FleetEngine;
  readonly pageSize?: string;
  readonly deployedAt?: string;
  readonly settle?: string;
  readonly verify?: true;
  readonly new?: true;
  readonly resume?: true;
  readonly once?: true;
  readonly wait: boolean;
  readonly names?: string;
  readonly list?: 'local' | 'cloudflare';
  readonly state?: string;
  readonly namespace?: string;
  readonly wrangler?: string;
  readonly env?: string;
  readonly migrations?: string;
  readonly deployed?: true;
  readonly run?: string;
  readonly code?: string;
  readonly failed?: true;
  readonly strict?: true;
  readonly html?: string;
  readonly json?: true;
}

const RUNS: readonly Action[] = ['preflight', 'start'];
const WATCHES: readonly Action[] = ['preflight', 'start', 'retry'];
const OF_ONE_RUN: readonly Action[] = ['status', 'stop', 'retry', 'report'];

/** Which options are for some actions only. */
const ONLY: Partial<Record<keyof FleetOptions, readonly Action[]>> = {
  canary: RUNS,
  rate: RUNS,
  concurrency: RUNS,
  maxFailures: RUNS,
  engine: RUNS,
  pageSize: RUNS,
  names: WATCHES,
  list: WATCHES,
  state: WATCHES,
  namespace: WATCHES,
  new: RUNS,
  resume: RUNS,
  deployedAt: ['start'],
  settle: ['start'],
  verify: ['start'],
  once: ['start', 'retry'],
  migrations: ['preflight'],
  deployed: ['preflight'],
  run: OF_ONE_RUN,
  code: ['retry', 'status'],
  failed: ['status'],
  strict: ['start', 'status', 'retry', 'report'],
  html: ['preflight', 'start', 'retry', 'report'],
};

/** Where the report is written if nothing is said. */
const DEFAULT_HTML = 'fleet.html';

const toFlag = (option: string): string =>
  `--${option.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

function actionOf(word: string, options: FleetOptions): Action {
  const action = ACTIONS.find((one) => one === word);
  if (action === undefined) {
    throw new CliError(`fleet: there is no ${word}. It takes ${ACTIONS.join(', ')}.`);
  }
  for (const [option, actions] of Object.entries(ONLY)) {
    if (actions.includes(action) || options[option as keyof FleetOptions] === undefined) continue;
    throw new CliError(`${toFlag(option)} is for ${actions.join(', ')}, not for ${action}.`);
  }
  if (!options.wait && !WATCHES.includes(action)) {
    throw new CliError(`--no-wait is for ${WATCHES.join(', ')}, not for ${action}.`);
  }
  for (const [one, other] of [
    ['new', 'resume'],
    ['migrations', 'deployed'],
    ['verify', 'canary'],
  ] as const) {
    if (options[one] === undefined || options[other] === undefined) continue;
    throw new CliError(`Pass either ${toFlag(one)} or ${toFlag(other)}, not both.`);
  }
  return action;
}

/** A fleet, and its class as far as it is known. */
interface Found {
  readonly place: FleetPlace;
  readonly listed: ListedClass;
  readonly worker: Worker | undefined;
  /** The fingerprint of the migrations that the Worker has now; null where its route was not told of them. */
  readonly fingerprint: string | null;
}

/** Finds the binding and the class by either's name, from what the route and wrangler's config say. */
async function find(options: FleetOptions): Promise<Found> {
  const route: RoutePlace = { url: readUrl(options.url), path: readPath(options.path) };
  const worker = readWorker(options.wrangler, options.env);
  const { classes } = await askClasses(route);
  const there = classes.map((one) => one.class);
  const { class: wanted } = options;
  const bindings = worker?.bindings ?? [];
  const ofClass = bindings.find(({ className }) => className === wanted)?.name;
  const binding =
    wanted === undefined
      ? there.length === 1
        ? there[0]
        : undefined
      : (there.find((name) => name === wanted) ??
        there.find((name) => name === ofClass) ??
        there.find((name) => isSameWord(name, wanted)));
  if (binding === undefined) {
    throw new CliError(
      wanted === undefined
        ? `The route sweeps ${there.length === 0 ? 'no class' : `several classes: ${there.join(', ')}. Name one with --class`}.`
        : `--class ${wanted}: the route has no such class. It has ${there.join(', ') || 'none'}.`,
    );
  }
  const known = bindings.find(({ name }) => name === binding);
  const isBinding = wanted === undefined || wanted === binding;
  return {
    place: { ...route, class: binding },
    listed: {
      binding,
      className: known?.className ?? (isBinding ? undefined : wanted),
      script: known?.script ?? worker?.name,
    },
    worker,
    fingerprint: classes.find((one) => one.class === binding)?.fingerprint ?? null,
  };
}

/** Refuses to go on with a run after another deploy: what is through would be of other code than the rest. */
function checkCode({ place, fingerprint }: Found, run: RunStatus): void {
  if (run.mode === 'preflight' || run.fingerprint === null || fingerprint === null) return;
  if (run.fingerprint === fingerprint) return;
  const isRunning = run.state === 'running';
  throw new CliError(
    `${place.class}: ${calledOf(run)} was begun for other migrations than the Worker has now. ` +
      `${isRunning ? 'Stop it with `npx drizzle-offramp fleet stop`, and begin' : 'Begin'} another one: ` +
      '`npx drizzle-offramp fleet start --new`.',
  );
}

/** What lists the objects; says which rights that needs. */
async function listerOf({ place, listed, worker }: Found, options: FleetOptions): Promise<Lister> {
  const { list = isLocal(place.url) ? 'local' : 'cloudflare', namespace, state } = options;
  if (list === 'local' && namespace !== undefined) {
    throw new CliError('--namespace is for --list cloudflare.');
  }
  if (list === 'cloudflare' && state !== undefined) {
    throw new CliError('--state is for --list local.');
  }
  const lister =
    list === 'local'
      ? await listLocally(state ?? DEFAULT_STATE, listed)
      : await listDeployed(listed, worker, namespace);
  note(
    `${TOKEN} opens ${place.url}${place.path}: it is the Worker's own secret, and no right in an account.`,
  );
  note(lister.said);
  return lister;
}

/** The migrations that a preflight sends; none for those of the code that answers. */
async function migrationsOf(
  { listed }: Found,
  { migrations: path, deployed }: FleetOptions,
): Promise<Pick<StartCommand, 'migrations'>> {
  if (deployed) return {};
  if (path !== undefined) return { migrations: await readLocal(path) };
  const name = listed.className ?? listed.binding;
  const source = (await (await Sources.find({})).ofClasses([name])).get(name);
  if (source === undefined || typeof source === 'string') {
    throw new CliError(
      `${source === undefined ? `Nothing says which migrations ${name} has` : `${name}: ${source}`}. Name them with --migrations, or try those of the code that is deployed with --deployed.`,
    );
  }
  note(`The objects try the migrations of ${source.path}.`);
  return { migrations: toSendable(source.path, source.input) };
}

/** What changes in a run that goes on. */
const pacesOf = (options: FleetOptions): Omit<ResumeCommand, 'do'> => ({
  ...(options.rate === undefined ? {} : { rate: readRate(options.rate) }),
  ...(options.concurrency === undefined
    ? {}
    : { concurrency: readWhole('--concurrency', options.concurrency) }),
  ...(options.maxFailures === undefined
    ? {}
    : { maxFailures: readMaxFailures(options.maxFailures) }),
});

const MILLISECONDS = 1_000;

const startOf = (action: Action, options: FleetOptions): StartCommand => ({
  do: 'start',
  mode: action === 'preflight' ? 'preflight' : options.verify ? 'verify' : 'sweep',
  ...(options.canary === undefined ? {} : { range: readCanary(options.canary) }),
  ...pacesOf(options),
  ...(options.engine === undefined ? {} : { engine: options.engine }),
  ...(options.pageSize === undefined
    ? {}
    : { pageSize: readWhole('--page-size', options.pageSize) }),
  ...(options.settle === undefined
    ? {}
    : { settle: readWhole('--settle', options.settle) * MILLISECONDS }),
  ...(options.deployedAt === undefined
    ? {}
    : { deployedAt: readTime('--deployed-at', options.deployedAt) }),
});

const calledOf = ({ run, mode }: RunStatus): string => `${MODES[mode]} ${run}`;

/** Begins a run, or goes on with the one that is there. */
async function begin(found: Found, action: Action, options: FleetOptions): Promise<RunStatus> {
  const { place } = found;
  const command = startOf(action, options);
  const { run: newest } = await askFleet(place, { do: 'status' });
  const isSame =
    newest !== null &&
    newest.mode === command.mode &&
    newest.range.from === (command.range?.from ?? null) &&
    newest.range.to === (command.range?.to ?? null);
  if (newest?.state === 'running') {
    if (!isSame || options.new) {
      throw new CliError(
        `${place.class}: ${calledOf(newest)} (${rangeOf(newest)}) is under way since ${time(newest.startedAt)} UTC. Wait for it, or stop it: ` +
          '`npx drizzle-offramp fleet stop`.',
      );
    }
    checkCode(found, newest);
    note(
      `Going on with ${calledOf(newest)}, which is under way since ${time(newest.startedAt)} UTC, as it was begun.`,
    );
    return newest;
  }
  if (options.resume && newest?.state !== 'stopped') {
    throw new CliError(`--resume: ${place.class} has no run that was stopped.`);
  }
  if (newest?.state === 'stopped' && options.resume) {
    if (newest.mode !== command.mode) {
      throw new CliError(
        `--resume: what was stopped is ${calledOf(newest)}, not a ${command.mode}.`,
      );
    }
    const answer = await askFleet(place, { do: 'resume', run: newest.run, ...pacesOf(options) });
    return answer.run ?? newest;
  }
  if (newest?.state === 'stopped' && !options.new) {
    throw new CliError(
      `${place.class}: ${calledOf(newest)} was stopped${newest.stoppedBy === 'failures' ? ', as too many objects failed' : ''}. ` +
        'Go on with it with --resume, or begin another one with --new, which ends it for good.',
    );
  }
  const migrations = action === 'preflight' ? await migrationsOf(found, options) : {};
  const { run } = await askFleet(place, { ...command, ...migrations });
  if (run === null)
    throw new CliError(`${place.class}: the route began no run, and does not say why.`);
  return run;
}

/** How a command ended. */
interface Ended {
  readonly status: RunStatus | null;
  /** Whether somebody left before the run was through. */
  readonly left?: boolean;
}

/** Watches a run until it is through, or somebody leaves. */
async function watch(
  found: Found,
  first: RunStatus,
  lister: Lister | undefined,
  options: FleetOptions,
): Promise<Ended> {
  const { place } = found;
  const leaving = new AbortController();
  const leave = (): void => leaving.abort();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, leave);
  const progress = new Progress();
  let last = first;
  const { signal } = leaving;
  try {
    const names =
      options.names === undefined
        ? new Map<string, string>()
        : await readNames(options.names, place, signal);
    const status = await drive(
      {
        place,
        lister,
        names,
        wait: options.wait,
        relist: first.mode !== 'preflight' && !options.once && rangeOf(first) === 'all objects',
        show: (one) => {
          last = one;
          progress.show(one);
        },
        signal,
      },
      first.run,
    );
    return { status };
  } catch (error) {
    if (!signal.aborted) throw error;
    return { status: last, left: true };
  } finally {
    progress.clear();
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.off(name, leave);
  }
}

/** What to say to somebody who leaves. */
function farewell({ class: name, listings, mode }: RunStatus): string {
  const command = `npx drizzle-offramp fleet`;
  const listing = listings.at(-1);
  if (listing === undefined || listing.completeAt === null) {
    const up = listing?.last ? `up to ${listing.last}` : 'fed so far';
    return (
      `Left while the objects were being listed. The ${MODES[mode]} goes on with those ${up}; ` +
      `\`${command} ${mode === 'preflight' ? 'preflight' : 'start'} --class ${name}\` lists the others.`
    );
  }
  return `Left. The ${MODES[mode]} goes on without this command: \`${command} status --class ${name}\` tells how far it is, \`${command} stop --class ${name}\` stops it.`;
}

async function retry(found: Found, options: FleetOptions): Promise<Ended> {
  const { place } = found;
  const { run: before } = await askFleet(place, { do: 'status', ...runOf(options) });
  if (before !== null) checkCode(found, before);
  const { run } = await askFleet(place, {
    do: 'retry',
    ...runOf(options),
    ...(options.code === undefined ? {} : { code: options.code }),
  });
  if (run === null) throw new CliError(`${place.class}: there was no run yet.`);
  // Only a listing that was left, or another one for the verdict, needs a lister.
  const isOpen = run.listings.at(-1)?.completeAt === null;
  const mayRelist =
    run.mode !== 'preflight' && !options.once && options.wait && rangeOf(run) === 'all objects';
  const lister = isOpen || mayRelist ? await optionalLister(found, options, isOpen) : undefined;
  return watch(found, run, lister, options);
}

/** A lister where one can be had: for another listing in the end a retry need not have the account's token. */
async function optionalLister(
  found: Found,
  options: FleetOptions,
  isNeeded: boolean,
): Promise<Lister | undefined> {
  const isDeployed =
    (options.list ?? (isLocal(found.place.url) ? 'local' : 'cloudflare')) === 'cloudflare';
  if (!isNeeded && isDeployed && !process.env[API_TOKEN]) return undefined;
  return listerOf(found, options);
}

const runOf = ({ run }: FleetOptions): { run?: number } =>
  run === undefined ? {} : { run: readWhole('--run', run) };

function writeHtml(file: string, report: FleetReport): void {
  try {
    writeFileSync(file, renderReport(report));
  } catch (cause) {
    throw new CliError(`--html ${file}: ${(cause as Error).message}.`, { cause });
  }
  note(`The report is ${file}.`);
}

async function act(found: Found, action: Action, options: FleetOptions): Promise<Ended> {
  const { place } = found;
  if (action === 'retry') return retry(found, options);
  if (options.names !== undefined) readNamesFile(options.names);
  if (action === 'preflight' || action === 'start') {
    // Before the run begins: what cannot list must not begin one.
    const lister = await listerOf(found, options);
    return watch(found, await begin(found, action, options), lister, options);
  }
  return {
    status: (
      await askFleet(place, { do: action === 'stop' ? 'stop' : 'status', ...runOf(options) })
    ).run,
  };
}

function exitCodeOf({ status, left }: Ended, { strict }: FleetOptions): number {
  if (status === null) return strict ? EXIT.found : EXIT.ok;
  if (left && status.listings.at(-1)?.completeAt === null) return EXIT.failed;
  const isBad =
    status.counts.failed > 0 ||
    status.stoppedBy === 'failures' ||
    (strict === true && status.verdict?.drizzleCanGo !== true);
  return isBad ? EXIT.found : EXIT.ok;
}

async function run(word: string, options: FleetOptions): Promise<void> {
  const action = actionOf(word, options);
  const found = await find(options);
  const { place } = found;
  const show = (answer: object, text: string): void => {
    if (options.json) printJson({ url: place.url, class: place.class, do: action, ...answer });
    else print(text);
  };
  if (action === 'report') {
    const report = await askFleet(place, { do: 'report', ...runOf(options) });
    // With --json alone the answer is all that was asked for.
    const file = options.html ?? (options.json ? undefined : DEFAULT_HTML);
    if (file !== undefined) writeHtml(file, report);
    show({ answer: report }, statusToText(report.run, place.class));
    process.exitCode = exitCodeOf({ status: report.run }, options);
    return;
  }
  const ended = await act(found, action, options);
  const { status, left } = ended;
  if (options.failed && status !== null) {
    const failures = await allFailures(place, status.run, options.code);
    show({ answer: { run: status, failures } }, failuresToText(failures));
  } else {
    show({ ...(left ? { left } : {}), answer: { run: status } }, statusToText(status, place.class));
  }
  if (left && status !== null) note(farewell(status));
  if (options.html !== undefined && status !== null) {
    writeHtml(options.html, await askFleet(place, { do: 'report', run: status.run }));
  }
  process.exitCode = exitCodeOf(ended, options);
}

/**
 * Adds the command `fleet`.
 *
 * @param program the program
 */
export function register(program: Command): void {
  program
    .command('fleet')
    .summary('bring all objects of a class up to date, and know when Drizzle can go')
    .description(
      'Tries migrations on all objects of a class, wakes all of them, and says how far they are and when Drizzle can go. It asks ' +
        `the route that the Worker guards with fleetRoute; the token stands in ${TOKEN}. To list deployed objects it needs ${API_TOKEN} too.`,
    )
    .argument('<action>', `what to do: ${ACTIONS.join(', ')}`)
    .option('--class <name>', "the class, by its name or its binding's (default: the only one)")
    .addOption(
      new Option('--url <address>', 'where the Worker answers').default(LOCAL).env(ADDRESS),
    )
    .option('--path <path>', 'where the route is', ROUTE)
    .option('--canary <share>', 'only a share of the objects, such as 1%')
    .option('--rate <rate>', 'objects a second, at most, such as 500/s')
    .option('--concurrency <number>', 'objects that are woken at the same time, at most')
    .option(
      '--max-failures <share>',
      'stop above this share of failed objects, and a number: 0.5% or 0.5%,100; none for never',
    )
    .addOption(
      new Option('--engine <engine>', 'who works through the pages').choices(['alarm', 'queue']),
    )
    .option('--page-size <number>', 'objects in a page, 100 at most')
    .option('--deployed-at <time>', 'of start: when the code was deployed')
    .option('--settle <seconds>', 'of start: how long after a deploy old code may still run')
    .option('--verify', 'of start: only see that there is nothing left to do')
    .option('--new', 'begin another run where one was stopped')
    .option('--resume', 'go on with the run that was stopped')
    .option('--once', 'list the objects once only; the verdict stays open')
    .option('--no-wait', 'leave as soon as all objects are listed')
    .option('--names <file>', 'names of objects, one a line: these are woken by name')
    .addOption(
      new Option(
        '--list <where>',
        'where objects are listed (default: local where the address is, else cloudflare)',
      ).choices(['local', 'cloudflare']),
    )
    .option('--state <folder>', `the folder that wrangler persists to (default: ${DEFAULT_STATE})`)
    .option('--namespace <id>', "the class's id in the account, where its name does not tell")
    .option('--wrangler <file>', "wrangler's config (default: the one that wrangler takes here)")
    .option('-e, --env <name>', "an environment of wrangler's config")
    .option(
      '--migrations <path>',
      "of preflight: a folder or module of migrations (default: this project's own)",
    )
    .option('--deployed', 'of preflight: those of the code that is deployed')
    .option('--run <number>', 'of status, stop, retry, report: an older run')
    .option('--code <code>', 'of retry, status --failed: objects that failed with this code')
    .option('--failed', 'of status: list the objects that failed')
    .option('--strict', 'exit with 1 also while Drizzle cannot go')
    .option('--html <file>', `write the report as a page (default of report: ${DEFAULT_HTML})`)
    .option('--json', 'print JSON')
    .action(run);
}
