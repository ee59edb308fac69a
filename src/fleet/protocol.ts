// What a client asks of a fleet, and what it is answered: plain data, as it stands in the JSON of the route.
import type { MigrationInput } from '../input/migration.ts';
import type { Stays } from '../object/commands.ts';

/**
 * What is done to each object of a run:
 *
 * - `sweep`: it is woken, which migrates it, and asked what it is then.
 * - `verify`: the same over all objects, to see that there was nothing left to do. It takes no `range`.
 * - `preflight`: migrations are run on its own rows and rolled back: those that were sent, or those of its code.
 */
export type FleetMode = 'sweep' | 'verify' | 'preflight';

/**
 * Who works through the pages: `alarm`, the ledger itself, by its alarms; `queue`, consumers of a Cloudflare Queue, which
 * `fleetQueue` stands in for.
 */
export type FleetEngine = 'alarm' | 'queue';

/** Which ids a run is about, in hexadecimal, whole or the first digits of one. Ids are spread evenly. */
export interface IdRange {
  /** The first one; null for the first of all. */
  readonly from: string | null;
  /** The first one after the range; null for none. `to: '03'` is the first 1.2 %. */
  readonly to: string | null;
}

/** When a run stops by itself: when more objects have failed than both of these allow. */
export interface FailureLimit {
  /** Of the objects that are through, from 0 to 1. */
  readonly share: number;
  /** This many may fail whatever the share. */
  readonly count: number;
}

/** How a run goes. Each has a default. */
export interface RunOptions {
  /** `alarm` if nothing is said. */
  readonly engine: FleetEngine;
  /** Objects in a page, from 1 to 100. The default is 50. */
  readonly pageSize: number;
  /** Objects that are being woken at the same time, at most, from 1 to 1,000. The default is 100. */
  readonly concurrency: number;
  /** Objects a second, at most; null for no limit, which is the default. */
  readonly rate: number | null;
  /** The default is 1 % and 20 objects; null for no limit. */
  readonly maxFailures: FailureLimit | null;
  /** Milliseconds after which an object that does not answer is tried again later. The default is 30,000. */
  readonly timeout: number;
  /** How often an object is tried that fails for a moment, before it counts as failed. The default is 5. */
  readonly attempts: number;
  /** Milliseconds before it is tried again: twice as many each time, five minutes at most. The default is 2,000. */
  readonly backoff: number;
  /** Milliseconds before an object is tried again that runs old code. The default is 60,000. */
  readonly later: number;
  /** Milliseconds from the start of a run on in which that is done; then it has failed. The default is 25 hours. */
  readonly laterFor: number;
  /** Milliseconds after which a page that was given out and not reported is given out again. The default is 120,000. */
  readonly lease: number;
  /**
   * Whether the class went through `withMigrations`. `true`: an object that has no `__migrations` runs old code, and is
   * tried again later. `false`: none is asked. null, the default: it is asked, and one that has none was only woken.
   */
  readonly withMigrations: boolean | null;
  /** Milliseconds that it takes after a deploy until no object runs the old code. The default is 300,000. */
  readonly settle: number;
}

/** Begins a run. The client then lists the objects and feeds them; see {@link FeedCommand}. */
export interface StartCommand extends Partial<RunOptions> {
  readonly do: 'start';
  /** `sweep` if nothing is said. */
  readonly mode?: FleetMode;
  /** All objects if nothing is said. */
  readonly range?: Partial<IdRange>;
  /**
   * The fingerprint of the code's migrations: an object that says another one runs old code. Without it, what the option
   * `classes` of the route says; without that too, nothing is known to be old.
   */
  readonly fingerprint?: string;
  /** For `preflight`: migrations as JSON can hold them. Without them, those of the code that answers. */
  readonly migrations?: MigrationInput;
  /** When the code was deployed, in milliseconds since 1970. Without it, when the ledger first heard of its fingerprint. */
  readonly deployedAt?: number;
}

/** An object: its id in 64 hexadecimal digits, alone or with the name that it comes from. */
export type FedObject = string | { readonly id: string; readonly name: string };

/**
 * Adds objects to a run: all that there are after `after`, up to the last of these, in ascending order of their ids. What
 * was fed before is passed over, so a request can be sent again, and a listing can go on from `last` of the answer or of
 * {@link Listing}, by another client too.
 */
export interface FeedCommand {
  readonly do: 'feed';
  readonly run: number;
  /** The number of the listing, as {@link Listing} has it. */
  readonly listing: number;
  /** The id after which these were listed; null for the first. */
  readonly after: string | null;
  /** 10,000 at most. */
  readonly objects: readonly FedObject[];
  /** Whether these were the last. */
  readonly complete?: boolean;
}

/** Begins another listing of a run whose listings are complete: objects that it finds anew are woken too. */
export interface ListCommand {
  readonly do: 'list';
  readonly run: number;
}

/** Gives out no more pages. Those that are under way end. */
export interface StopCommand {
  readonly do: 'stop';
  /** The newest if nothing is said; so for the commands below. */
  readonly run?: number;
}

/** Goes on with a run that was stopped, by whomever. */
export interface ResumeCommand {
  readonly do: 'resume';
  readonly run?: number;
  /** Another limit, as the one that stopped it would stop it again. */
  readonly maxFailures?: FailureLimit | null;
  readonly rate?: number | null;
  readonly concurrency?: number;
}

/** Tries objects again that have failed, and goes on with the run if it was stopped. */
export interface RetryCommand {
  readonly do: 'retry';
  readonly run?: number;
  /** Those that failed with this code only. */
  readonly code?: string;
}

/** Asks which objects have failed. */
export interface FailuresCommand {
  readonly do: 'failures';
  readonly run?: number;
  readonly code?: string;
  /** The id after which to begin. */
  readonly after?: string;
  /** 1,000 at most, and if nothing is said. */
  readonly limit?: number;
}

/** Asks how a run stands. */
export interface StatusCommand {
  readonly do: 'status';
  readonly run?: number;
}

/** Asks for all that a report shows. */
export interface ReportCommand {
  readonly do: 'report';
  readonly run?: number;
}

/** Asks for the ids of names, which only the Worker can tell. The client sorts by them, and feeds both. */
export interface IdsCommand {
  readonly do: 'ids';
  /** 10,000 at most. */
  readonly names: readonly string[];
}

/** What the route takes for a class. */
export type FleetCommand =
  | StartCommand
  | FeedCommand
  | ListCommand
  | StopCommand
  | ResumeCommand
  | RetryCommand
  | FailuresCommand
  | StatusCommand
  | ReportCommand
  | IdsCommand;

/** One listing of a run. */
export interface Listing {
  /** 1, 2, 3 and so on. */
  readonly listing: number;
  readonly startedAt: number;
  /** When it was complete; null while it is not. */
  readonly completeAt: number | null;
  /** Objects that it has so far. */
  readonly objects: number;
  /** Those of them that no listing of this run had before. */
  readonly found: number;
  /** The id up to which it has come; null before the first. */
  readonly last: string | null;
}

/** The answer to {@link FeedCommand}. */
export interface FeedAnswer {
  /** Objects of this request that no listing of this run had before. */
  readonly found: number;
  readonly listing: Listing;
  /** Whether the run is stopped: the client may go on feeding, or leave. */
  readonly stopped: boolean;
}

/** What a run does: it works or waits; it was stopped; it is through, and all its listings are complete. */
export type RunState = 'running' | 'stopped' | 'done';

/**
 * What an object is once it is through, unless it has failed:
 *
 * - `up-to-date`, `ahead`, `empty`: as `__migrations` says.
 * - `woken`: its constructor ran and did not throw, and it has no `__migrations` that would tell more.
 * - `migrates`, `nothing`: what a preflight says.
 */
export type Outcome = 'up-to-date' | 'ahead' | 'empty' | 'woken' | 'migrates' | 'nothing';

/** How many objects there are of each; `listed` is the sum of all others. */
export interface RunCounts {
  /** Objects that were fed, each counted once. */
  readonly listed: number;
  /** Those that are through, by what they are. */
  readonly outcomes: Readonly<Record<Outcome, number>>;
  /** Those that have failed. */
  readonly failed: number;
  /** Those that run old code, and are tried again later. */
  readonly later: number;
  /** Those that failed for a moment, and are tried again soon. */
  readonly again: number;
  /** Those whose first turn has yet to come, or is under way. */
  readonly open: number;
}

/** Objects that failed with the same code. */
export interface FailureGroup {
  /** As the object's error says, or one of those in the manual: `OVERLOADED`, `TIMEOUT`, `OLD_CODE`, `CONSTRUCTOR_THREW`. */
  readonly code: string;
  readonly objects: number;
  /** The first three. */
  readonly examples: readonly Failure[];
}

/** An object that failed. */
export interface Failure {
  readonly id: string;
  /** Its name, where that is known. */
  readonly name: string | null;
  readonly code: string;
  /** The error's message, cut after 500 characters. */
  readonly message: string;
  /** When, in milliseconds since 1970. */
  readonly at: number;
  /** How often it was tried. */
  readonly attempts: number;
}

/** How far a run was at a moment. */
export interface Sample {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Objects that were listed, through, up to date and failed by then. */
  readonly listed: number;
  readonly through: number;
  readonly upToDate: number;
  readonly failed: number;
}

/** What stands in the way of leaving Drizzle. */
export interface Obstacle {
  readonly code:
    | 'PART_OF_THE_FLEET'
    | 'NOT_LISTED'
    | 'NOT_THROUGH'
    | 'FAILED'
    | 'OLD_CODE'
    | 'NOT_SETTLED'
    | 'NOT_ASKED'
    | 'AHEAD'
    | 'UNKNOWN_CODE'
    | 'TRACKED_BY_DRIZZLE'
    | 'NO_SECOND_LISTING'
    | 'FOUND_LATER';
  /** How many objects it is about; null where it is about the run. */
  readonly objects: number | null;
  /** What it is and what to do, in a sentence or two. */
  readonly text: string;
}

/** Whether the last object has left Drizzle. */
export interface Verdict {
  /** Whether Drizzle can go: no obstacle is left. */
  readonly drizzleCanGo: boolean;
  /** What stands in the way, what comes first to be done first. */
  readonly obstacles: readonly Obstacle[];
}

/** Instances that were woken by their ids and go on after it, without their names. */
export interface Nameless {
  readonly why: Exclude<Stays, 'named' | 'refused'>;
  readonly objects: number;
}

/** How a run stands. */
export interface RunStatus {
  /** 1, 2, 3 and so on for each class. */
  readonly run: number;
  /** The name of the class's binding. */
  readonly class: string;
  readonly mode: FleetMode;
  readonly state: RunState;
  /** Who stopped it: `asked`, a client; `failures`, its limit. null if it is not stopped. */
  readonly stoppedBy: 'asked' | 'failures' | null;
  readonly startedAt: number;
  /** When it was through; null while it is not. */
  readonly finishedAt: number | null;
  /** When the status was told, by the ledger's clock. */
  readonly now: number;
  readonly range: IdRange;
  readonly options: RunOptions;
  /** The fingerprint that objects are expected to say; null where none was given. */
  readonly fingerprint: string | null;
  /** When the code was deployed, as far as known: it was then or before. */
  readonly deployedAt: number | null;
  readonly listings: readonly Listing[];
  readonly pages: { readonly open: number; readonly underWay: number; readonly done: number };
  readonly counts: RunCounts;
  /** Who tracks the objects that are through or have failed: `unknown` where they could not be asked. */
  readonly drizzle: Readonly<Record<'none' | '0.x' | '1.x' | 'unknown', number>>;
  /** Objects by how many migrations their ledger has, fewest first. */
  readonly versions: readonly { readonly migrations: number; readonly objects: number }[];
  /** Objects by the fingerprint of the code that answered. */
  readonly fingerprints: readonly { readonly fingerprint: string; readonly objects: number }[];
  /** What the wakes of this run did, as far as the objects told. */
  readonly woke: {
    /** Objects that had something to do. */
    readonly migrated: number;
    /** Migrations that were taken over, and that ran. */
    readonly adopted: number;
    readonly applied: number;
    /**
     * Rows that the migrations and the looks read and wrote, each try of an object counted; null where no object told.
     * What the classes themselves read and wrote is not in it.
     */
    readonly rowsRead: number | null;
    readonly rowsWritten: number | null;
  };
  /** Objects whose instance goes on without knowing its name, as it was woken by its id, and why; most first. */
  readonly nameless: readonly Nameless[];
  /** What it has cost so far; null where no object told of its rows. */
  readonly cost: Cost | null;
  /** Objects that answered with old code at least once. */
  readonly sawOldCode: number;
  /** By how many objects, most first. */
  readonly failures: readonly FailureGroup[];
  /** Objects that got through in a second, over the last minute. */
  readonly perSecond: number;
  /** Seconds that the objects fed so far will take; null where that cannot be told. */
  readonly secondsLeft: number | null;
  /** null for a preflight. */
  readonly verdict: Verdict | null;
  /** What keeps the ledger from going on, such as a binding that is gone; absent if nothing does. */
  readonly trouble?: string;
}

/** A run in a line. */
export type RunSummary = Pick<
  RunStatus,
  'run' | 'mode' | 'state' | 'stoppedBy' | 'startedAt' | 'finishedAt' | 'range' | 'counts'
> & { readonly drizzleCanGo: boolean | null };

/** The answer to {@link StatusCommand} and to the commands that change a run. */
export interface StatusAnswer {
  /** null before the first run. */
  readonly run: RunStatus | null;
}

/** The answer to {@link FailuresCommand}. */
export interface FailuresAnswer {
  readonly failures: readonly Failure[];
  /** What to pass as `after` next; null if there are no more. */
  readonly next: string | null;
}

/** What a run costs by Cloudflare's prices, in US dollars, without what a plan includes. */
export interface Cost {
  readonly requests: number;
  readonly duration: number;
  readonly rowsRead: number;
  readonly rowsWritten: number;
  readonly queue: number;
  readonly total: number;
}

/** The answer to {@link ReportCommand}: all that the page shows. */
export interface FleetReport {
  readonly class: string;
  readonly at: number;
  readonly run: RunStatus;
  /** How far the run was over time, 200 at most, oldest first. */
  readonly samples: readonly Sample[];
  /** All runs of the class, oldest first, the last 50. */
  readonly runs: readonly RunSummary[];
  /** null where no object told of its rows. */
  readonly cost: Cost | null;
}

/** The answer to {@link IdsCommand}: the ids in the order of the names. */
export interface IdsAnswer {
  readonly ids: readonly string[];
}

/** The answer to `GET /__fleet`. */
export interface ClassesAnswer {
  /** The bindings of the classes that can be swept. */
  readonly classes: readonly {
    readonly class: string;
    /** The fingerprint of its migrations, where the route was told of them. */
    readonly fingerprint: string | null;
  }[];
  /** The engines that the Worker has a binding for. */
  readonly engines: readonly FleetEngine[];
}

/** What the route answers to a command. */
export type FleetAnswer<Command extends FleetCommand = FleetCommand> = Command extends FeedCommand
  ? FeedAnswer
  : Command extends FailuresCommand
    ? FailuresAnswer
    : Command extends ReportCommand
      ? FleetReport
      : Command extends IdsCommand
        ? IdsAnswer
        : StatusAnswer;

/** The code of an error of the route. */
export type FleetErrorCode =
  | 'INVALID_COMMAND'
  | 'INVALID_OBJECTS'
  | 'GAP'
  | 'RUN_UNDER_WAY'
  | 'NO_RUN'
  | 'UNKNOWN_CLASS'
  | 'UNKNOWN_PATH'
  | 'INVALID_METHOD'
  | 'NO_QUEUE'
  | 'NO_LEDGER'
  | 'LEDGER_FAILED';
