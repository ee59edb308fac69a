// Asks a Worker's route of migrations about one object.
import type { MigrationsAnswer, MigrationsCommand } from '../../object/commands.ts';
import { CliError, EXIT } from '../output.ts';
import { askRoute, type RoutePlace } from '../route.ts';

/** Where the route is, unless the Worker says otherwise. */
export const ROUTE = '/__migrations';

/** An object, as the route knows it. */
export interface ObjectPlace extends RoutePlace {
  readonly className: string;
  readonly by: 'name' | 'id';
  readonly object: string;
}

/** Each answer has a field that no other has. */
const MARK: Record<MigrationsCommand['do'], string> = {
  inspect: 'state',
  history: 'repairs',
  preflight: 'outcome',
  repair: 'repaired',
};

/**
 * Has an object do a command, through the route.
 *
 * @param place the object
 * @param command what to do
 * @returns the answer
 * @throws {AnswerError} what the route or the object said no with
 * @throws {CliError} if there is no token, nothing answers, or something else than the route
 */
export async function ask<Command extends MigrationsCommand>(
  place: ObjectPlace,
  command: Command,
): Promise<MigrationsAnswer<Command>> {
  const { className, by, object } = place;
  // No path can have these as a part of it.
  if (['', '.', '..'].includes(object)) {
    throw new CliError(`"${object}" can be no part of an address. Name the object by its id.`);
  }
  const answer = await askRoute(place, {
    below: `/${encodeURIComponent(className)}/${by}/${encodeURIComponent(object)}`,
    body: command,
    answeredBy: 'migrationsRoute',
    secret: 'MIGRATIONS_TOKEN',
    about: `${className} ${object}`,
    mark: MARK[command.do],
    exitCodeOf: (code) => (code === 'INVALID_REPAIR' ? EXIT.found : EXIT.failed),
  });
  return answer as MigrationsAnswer<Command>;
}
