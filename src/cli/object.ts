// `drizzle-offramp object`: looks into one object through the Worker's route, and repairs it.
import { execFileSync } from 'node:child_process';
import { userInfo } from 'node:os';
import { type Command, Option } from 'commander';
import type { FittingRepair } from '../object/commands.ts';
import { ask, type ObjectPlace, ROUTE } from './object/ask.ts';
import { readLocal } from './object/migrations.ts';
import { KINDS, quoted, type RowOptions, toRepair } from './object/repair.ts';
import {
  type Called,
  historyToText,
  inspectionToText,
  preflightToText,
  repairsToText,
  repairToText,
} from './object/report.ts';
import { CliError, EXIT, print, printJson } from './output.ts';
import { ADDRESS, AnswerError, LOCAL, readPath, readUrl, TOKEN } from './route.ts';

/** What can be done with an object. */
const ACTIONS = ['inspect', 'history', 'preflight', 'repair'] as const;
type Action = (typeof ACTIONS)[number];

/** What the command was told. */
interface ObjectOptions extends RowOptions {
  readonly url: string;
  readonly path: string;
  readonly name?: true;
  readonly id?: true;
  readonly migrations?: string;
  readonly reason?: string;
  readonly by?: string;
  readonly yes?: true;
  readonly json?: true;
}

/** Which options are for one action only. */
const ONLY: Partial<Record<keyof ObjectOptions, Action>> = {
  migrations: 'preflight',
  createdAt: 'repair',
  tag: 'repair',
  version: 'repair',
  reason: 'repair',
  by: 'repair',
  yes: 'repair',
};

const toFlag = (option: string): string =>
  `--${option.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** What an object's id looks like. */
const ID = /^[0-9a-f]{64}$/i;

/** Who repairs, if nobody says so: as git knows them, or this machine. */
function whoever(): string {
  try {
    const email = execFileSync('git', ['config', 'user.email'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
    if (email !== '') return email;
  } catch {
    // No git here, or nobody has told it.
  }
  try {
    return userInfo().username;
  } catch {
    throw new CliError('Nothing says who repairs: name yourself with --by.');
  }
}

function placeOf(className: string, object: string, options: ObjectOptions): ObjectPlace {
  if (options.name && options.id) throw new CliError('Pass either --name or --id, not both.');
  const by = options.id || (!options.name && ID.test(object)) ? 'id' : 'name';
  return {
    url: readUrl(options.url),
    path: readPath(options.path),
    className,
    by,
    object: by === 'id' ? object.toLowerCase() : object,
  };
}

/** The command line that leads to an object, in parts. */
function calledOf({ url, path, className, by, object }: ObjectPlace): Called {
  const force = ID.test(object) === (by === 'id') ? '' : ` --${by}`;
  const usual = (process.env[ADDRESS] ?? LOCAL).replace(/\/+$/, '');
  return {
    title: `${className} ${object}`,
    command: `npx drizzle-offramp object ${quoted(className)} ${quoted(object)}`,
    options:
      force +
      (url === usual ? '' : ` --url ${quoted(url)}`) +
      (path === ROUTE ? '' : ` --path ${quoted(path)}`),
  };
}

function actionOf(word: string, options: ObjectOptions): Action {
  const action = ACTIONS.find((one) => one === word);
  if (action === undefined) {
    throw new CliError(`object: there is no ${word}. It takes ${ACTIONS.join(', ')}.`);
  }
  for (const [option, only] of Object.entries(ONLY)) {
    if (only === action || options[option as keyof ObjectOptions] === undefined) continue;
    throw new CliError(`${toFlag(option)} is for ${only}, not for ${action}.`);
  }
  return action;
}

/** What was found: the answer, its text for people, and the exit status that it makes. */
interface Found {
  readonly answer: object;
  readonly text: (called: Called) => string;
  readonly exitCode: number;
}

/** A repair that does not fit: its message, with what fits as it is typed. */
function withFitting(error: AnswerError, called: Called): AnswerError {
  const { answer, exitCode } = error;
  if (!Array.isArray(answer.fits) || answer.fits.length === 0) return error;
  const [said = ''] = error.message.split(' What fits:');
  const fitting = repairsToText(answer.fits as FittingRepair[], called);
  return new AnswerError(`${said} What fits:\n${fitting}`, answer, exitCode);
}

async function repair(
  place: ObjectPlace,
  words: readonly string[],
  { createdAt, tag, version, reason, by = whoever(), yes }: ObjectOptions,
): Promise<Found> {
  const row = Object.fromEntries(
    Object.entries({ createdAt, tag, version }).filter(([, value]) => value !== undefined),
  );
  const repair = toRepair(words, row);
  const why = reason?.trim() ?? '';
  if (yes && why === '') {
    throw new CliError('repair --yes: say why with --reason. It is written down in the object.');
  }
  const answer = await ask(place, {
    do: 'repair',
    repair,
    by,
    reason: why || 'a dry run',
    ...(yes ? {} : { dryRun: true }),
  }).catch((error) => {
    throw error instanceof AnswerError ? withFitting(error, calledOf(place)) : error;
  });
  return { answer, text: (called) => repairToText(answer, called), exitCode: EXIT.ok };
}

async function find(
  place: ObjectPlace,
  action: Action,
  words: readonly string[],
  options: ObjectOptions,
): Promise<Found> {
  if (action === 'repair') return repair(place, words, options);
  if (words.length > 0) throw new CliError(`${action}: it takes no ${words.join(' ')}.`);
  if (action === 'inspect') {
    const answer = await ask(place, { do: 'inspect' });
    return {
      answer,
      text: (called) => inspectionToText(answer, called),
      exitCode: answer.state === 'refused' || answer.refusal !== null ? EXIT.found : EXIT.ok,
    };
  }
  if (action === 'history') {
    const answer = await ask(place, { do: 'history' });
    return { answer, text: (called) => historyToText(answer, called), exitCode: EXIT.ok };
  }
  const { migrations: path } = options;
  const answer = await ask(place, {
    do: 'preflight',
    ...(path === undefined ? {} : { migrations: await readLocal(path) }),
  });
  const whose = path === undefined ? 'the migrations of the code that answers' : `those of ${path}`;
  return {
    answer,
    text: (called) => preflightToText(answer, called, whose),
    exitCode: answer.error === null ? EXIT.ok : EXIT.found,
  };
}

async function run(
  className: string,
  object: string,
  word: string,
  words: readonly string[],
  options: ObjectOptions,
): Promise<void> {
  const action = actionOf(word, options);
  const place = placeOf(className, object, options);
  const { answer, text, exitCode } = await find(place, action, words, options);
  if (options.json) {
    const { url, by } = place;
    printJson({ url, class: className, [by]: place.object, do: action, answer });
  } else print(text(calledOf(place)));
  process.exitCode = exitCode;
}

/**
 * Adds the command `object`.
 *
 * @param program the program
 */
export function register(program: Command): void {
  program
    .command('object')
    .summary('inspect one object, local or deployed, and repair it')
    .description(
      'Inspects one object, local or deployed, and repairs it, also one that refuses. It asks the route that the Worker ' +
        `guards with migrationsRoute; the token stands in ${TOKEN}.`,
    )
    .argument('<class>', "the class, as the route calls it: the binding's name, such as INBOX")
    .argument('<object>', "the object's name; 64 hexadecimal digits are an id")
    .argument('[action]', `what to do: ${ACTIONS.join(', ')}`, 'inspect')
    .argument(
      '[repair...]',
      `of repair: ${KINDS.join(', ')}; but for forget, the migration's key or tag`,
    )
    .addOption(
      new Option('--url <address>', 'where the Worker answers').default(LOCAL).env(ADDRESS),
    )
    .option('--path <path>', 'where the route is', ROUTE)
    .option('--name', 'the object is called by its name, whatever it looks like')
    .option('--id', 'the object is called by its id, whatever it looks like')
    .option(
      '--migrations <path>',
      "of preflight: a folder or module of migrations to send (default: the deployed code's own)",
    )
    .option(
      '--created-at <milliseconds>',
      'of repair forget: the row with this created_at, or none',
    )
    .option('--tag <tag>', 'of repair forget: the row with this tag, or none')
    .option(
      '--version <number>',
      "of repair forget: the row with this number in drizzle-offramp's ledger",
    )
    .option('--reason <text>', 'of repair: why; it is written down')
    .option(
      '--by <who>',
      'of repair: who; it is written down (default: as git or this machine calls you)',
    )
    .addOption(new Option('-y, --yes', 'of repair: do it; without this nothing is changed'))
    .option('--json', 'print JSON')
    .action(run);
}
