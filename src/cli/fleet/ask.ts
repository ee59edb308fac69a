// Asks a Worker's route of the fleet.
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClassesAnswer, FleetAnswer, FleetCommand } from '../../fleet/protocol.ts';
import { EXIT } from '../output.ts';
import { AnswerError, askRoute, NoAnswerError, type RoutePlace } from '../route.ts';

/** Where the route is, unless the Worker says otherwise. */
export const ROUTE = '/__fleet';

/** The fleet of a class. */
export interface FleetPlace extends RoutePlace {
  /** The name of the class's binding. */
  readonly class: string;
}

/** Each answer has a field that no error has. */
const MARK: Partial<Record<FleetCommand['do'], string>> = {
  feed: 'listing',
  failures: 'failures',
  ids: 'ids',
};

const COMMON = {
  answeredBy: 'fleetRoute',
  secret: 'MIGRATIONS_TOKEN',
  exitCodeOf: (): number => EXIT.failed,
} as const;

/**
 * Which classes can be swept.
 *
 * @param place where the route is
 */
export const askClasses = async (place: RoutePlace): Promise<ClassesAnswer> =>
  (await askRoute(place, {
    ...COMMON,
    below: '',
    about: 'The fleet',
    mark: 'classes',
  })) as ClassesAnswer;

/**
 * Has a fleet do a command.
 *
 * @param place the fleet
 * @param command what to do
 * @param signal ends the wait
 * @throws {AnswerError} what the route said no with
 * @throws {CliError} if there is no token, nothing answers, or something else than the route
 */
export const askFleet = async <Command extends FleetCommand>(
  place: FleetPlace,
  command: Command,
  signal?: AbortSignal,
): Promise<FleetAnswer<Command>> =>
  (await askRoute(place, {
    ...COMMON,
    below: `/${encodeURIComponent(place.class)}`,
    body: command,
    about: place.class,
    mark: MARK[command.do] ?? 'run',
    ...(signal ? { signal } : {}),
  })) as FleetAnswer<Command>;

/** In milliseconds: together two minutes, in which a Worker is deployed again. */
const PAUSES = [500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000];

const isForAMoment = (error: unknown): boolean =>
  error instanceof NoAnswerError ||
  (error instanceof AnswerError && error.answer.code === 'LEDGER_FAILED');

/**
 * {@link askFleet} for a command that may be sent again, such as `status` and `feed`: where nothing answers for a moment, it
 * is.
 *
 * @param place the fleet
 * @param command what to do
 * @param signal ends the wait
 * @throws {CliError} as `askFleet`
 */
export async function askAgain<Command extends FleetCommand>(
  place: FleetPlace,
  command: Command,
  signal: AbortSignal,
): Promise<FleetAnswer<Command>> {
  for (const pause of PAUSES) {
    try {
      return await askFleet(place, command, signal);
    } catch (error) {
      if (!isForAMoment(error)) throw error;
    }
    await sleep(pause, undefined, { signal });
  }
  return askFleet(place, command, signal);
}
