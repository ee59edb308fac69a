// The command line: one file a command, and here only what they share.
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { register as check } from './check.ts';
import { register as convert } from './convert.ts';
import { register as eject } from './eject.ts';
import { register as fleet } from './fleet.ts';
import { register as init } from './init.ts';
import { register as newMigration } from './new.ts';
import { register as object } from './object.ts';
import { CliError, EXIT, printError, printJson } from './output.ts';
import { register as status } from './status.ts';

const { version } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as { version: string };

/** What each command's help ends with. */
const EXAMPLES: Record<string, string> = {
  init: 'init --write',
  convert: 'convert drizzle --out src/migrations.ts',
  check: 'check --strict --format github',
  status: 'status .wrangler/state',
  object: 'object INBOX acme inspect --url https://inbox.example.com',
  fleet: 'fleet start --class Inbox --canary 1% --url https://inbox.example.com',
  eject: 'eject src/migrations.ts',
  new: 'new add_tags --module src/migrations.ts',
};

/** Whether JSON was asked for, also by a command line that cannot be understood. */
const asksForJson = (): boolean =>
  /(?:^| )--(?:json|format[ =]json)(?: |$)/.test(process.argv.slice(2).join(' '));

/** Says what went wrong: to people on stderr, to machines on stdout. */
function fail(message: string, fields: object = {}): void {
  if (asksForJson()) printJson({ error: { ...fields, message } });
  else printError(message);
}

/** The program with all its commands; nothing runs before {@link run}. */
export const program = new Command('drizzle-offramp')
  .description(
    "Takes Durable Objects with SQLite from Drizzle's migrator to plain migrations, step by step.",
  )
  .version(version)
  // A command may have an option that the program has too.
  .enablePositionalOptions()
  .exitOverride()
  .configureOutput({
    outputError: (message) => fail(message.trim().replace(/^error: /, '')),
  })
  .addHelpText('after', '\nExit status: 0, 1 (something was found), 2 (the command could not run).')
  .helpCommand(false);

for (const register of [init, convert, check, status, object, fleet, eject, newMigration]) {
  register(program);
}
for (const command of program.commands) {
  command.copyInheritedSettings(program);
  const example = EXAMPLES[command.name()];
  if (example !== undefined)
    command.addHelpText('after', `\nExample:\n  $ drizzle-offramp ${example}`);
}

/**
 * Runs the command that the process was started with, and sets its exit status.
 */
export async function run(): Promise<void> {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // Whoever reads the output, such as `head`, has had enough.
    if (error.code === 'EPIPE') process.exit();
    throw error;
  });
  try {
    if (process.argv.length <= 2) program.help({ error: true });
    await program.parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) {
      // commander has printed help, the version or its error already.
      process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.failed;
    } else if (error instanceof CliError) {
      fail(error.message, error.fields);
      process.exitCode = error.exitCode;
    } else {
      // A bug of ours: its stack is what a report needs.
      fail(error instanceof Error ? (error.stack ?? error.message) : String(error));
      process.exitCode = EXIT.failed;
    }
  }
}
