// What a command may say. A field that there is not is refused: a misspelt `dryRun` would be a real repair.
import { CommandError } from './command-error.ts';
import type { MigrationsCommand, RepairCommand } from './commands.ts';

/** The fields of each command. */
const FIELDS: Readonly<Record<MigrationsCommand['do'], readonly string[]>> = {
  inspect: ['do', 'release'],
  history: ['do', 'release'],
  preflight: ['do', 'migrations', 'release'],
  repair: ['do', 'repair', 'by', 'reason', 'dryRun'],
};

const FORGET = ['kind', 'version', 'created_at', 'tag'];
const MIGRATION = ['kind', 'migration'];
const KINDS = ['mark-applied', 'mark-unapplied', 'accept'];

/** How long `by` and `reason` may be, in characters. */
const LONGEST = 10_000;

type Fields = Readonly<Record<string, unknown>>;

const refuse = (message: string): never => {
  throw new CommandError('INVALID_COMMAND', message);
};

function checkFields(given: Fields, takes: readonly string[], what: string): void {
  const unknown = Object.keys(given).filter((field) => !takes.includes(field));
  if (unknown.length > 0) {
    refuse(`${what} has no \`${unknown.join('`, `')}\`. It takes \`${takes.join('`, `')}\`.`);
  }
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

function checkSwitch(given: Fields, field: string): void {
  if (!['boolean', 'undefined'].includes(typeof given[field])) {
    refuse(`\`${field}\` takes true or false.`);
  }
}

function checkRepair({ repair, by, reason }: Partial<RepairCommand>): void {
  const given = (typeof repair === 'object' && repair !== null ? repair : {}) as Fields;
  const { kind, version, created_at, tag, migration } = given;
  if (kind === 'forget') {
    checkFields(given, FORGET, "A repair of kind 'forget'");
    if ([version, created_at, tag].every((value) => value === undefined)) {
      refuse('A row to forget is named by `version`, `created_at` or `tag`.');
    }
  } else if (KINDS.includes(kind as string)) {
    checkFields(given, MIGRATION, `A repair of kind '${kind}'`);
    if (!isText(migration))
      refuse(`A repair of kind '${kind}' takes \`migration\`: a key or a tag.`);
  } else refuse(`There is no such repair. \`kind\` takes 'forget', '${KINDS.join("', '")}'.`);
  for (const text of [by, reason] as unknown[]) {
    if (!isText(text) || text.trim() === '') {
      refuse(
        'A repair is written down with who asked for it and why: `by` and `reason` are texts.',
      );
    }
    if ((text as string).length > LONGEST) {
      refuse(`\`by\` and \`reason\` take ${LONGEST} characters at most.`);
    }
  }
}

/**
 * Refuses what is no command.
 *
 * @param command what was asked, right or wrong
 * @returns the command
 * @throws {CommandError} that says what is wrong with it, and what there is
 */
export function checkCommand(command: unknown): MigrationsCommand {
  const given = (typeof command === 'object' && command !== null ? command : {}) as Fields;
  const name = given.do as MigrationsCommand['do'];
  if (!Object.hasOwn(FIELDS, name ?? '')) {
    refuse("There is no such command. `do` takes 'inspect', 'history', 'preflight' or 'repair'.");
  }
  checkFields(given, FIELDS[name], `The command '${name}'`);
  checkSwitch(given, 'dryRun');
  checkSwitch(given, 'release');
  if (name === 'repair') checkRepair(given);
  return given as unknown as MigrationsCommand;
}
