// What one can ask of an object, and what it answers: plain data only, so that it crosses RPC and JSON as it is.
import type { MigrationInput } from '../input/migration.ts';
import type { PlannedAction } from '../inspect.ts';
import type { DrizzleRow, LedgerRow } from '../ledger/row.ts';
import type { MigrateResult, MigrationRef } from '../plan/result.ts';
import type { ForeignKeyMode } from '../run/foreign-keys.ts';

/** An error as plain data: its class, its code, its message and whatever else it has. */
export interface PlainError {
  /** The class: `AdoptionError`, `MigrationError` and so on. */
  readonly name: string;
  /** The code: `UNKNOWN_ROW`, `MIGRATION_FAILED` and so on. */
  readonly code: string;
  /** The whole message, which starts with the code in brackets. */
  readonly message: string;
  /** The error's own fields: `table`, `keys`, `statement`, `violations` and so on. */
  readonly [field: string]: unknown;
}

/**
 * A row of Drizzle's ledger, or of ours, by what is known of it: `version` for one of ours; `created_at` (milliseconds)
 * or `tag` for one of either, and both where one of them is not enough.
 */
export interface RowName {
  /** The number of a row of our ledger. */
  readonly version?: number;
  /** The row's `created_at`, in milliseconds; null for a row without a time. */
  readonly created_at?: number | null;
  /** The row's tag, which is the `name` in a ledger of Drizzle 1.x; null for a row without one. */
  readonly tag?: string | null;
}

/** Takes a row out of the ledgers that stands for no migration of this code. */
export interface ForgetRepair extends RowName {
  readonly kind: 'forget';
}

/** A repair that is about one of the code's migrations. */
export interface MigrationRepair {
  /**
   * `mark-applied`: the object has it, though no ledger says so, and it is never run here. `mark-unapplied`: the object
   * does not have it, though a ledger says so, and it runs at the next wake. `accept`: its SQL has changed since the object
   * ran it (drift), and both do the same.
   */
  readonly kind: 'mark-applied' | 'mark-unapplied' | 'accept';
  /** The migration's key (`m0007`) or its canonical tag. */
  readonly migration: string;
}

/** One change to the ledgers of one object. No repair touches any other table. */
export type Repair = ForgetRepair | MigrationRepair;

/** Asks what the object is, and what the code that answers would do in it. */
export interface InspectCommand {
  readonly do: 'inspect';
  /**
   * Whether the instance is to end after the answer if it does not know its name, as after a wake by its id, and nothing
   * else uses it. The answer's `instance.stays` says whether it does.
   */
  readonly release?: boolean;
}

/** Asks what the object got, in which order, when and how, repairs included. */
export interface HistoryCommand {
  readonly do: 'history';
  /**
   * Whether the instance is to end after the answer if it does not know its name, as after a wake by its id, and nothing
   * else uses it. The answer's `instance.stays` says whether it does.
   */
  readonly release?: boolean;
}

/** Asks what migrations would do in the object, by running them on its rows and rolling all of it back. */
export interface PreflightCommand {
  readonly do: 'preflight';
  /**
   * The migrations in any form that `migrate` takes. Without them, those of the code that answers. A function cannot be
   * sent: its tag and its revision stand for that function of the code that answers.
   */
  readonly migrations?: MigrationInput;
  /**
   * Whether the instance is to end after the answer if it does not know its name, as after a wake by its id, and nothing
   * else uses it. The answer's `instance.stays` says whether it does.
   */
  readonly release?: boolean;
}

/** Asks for one repair. */
export interface RepairCommand {
  readonly do: 'repair';
  readonly repair: Repair;
  /** Who repairs: a name, an address, a ticket's owner. It is written down. */
  readonly by: string;
  /** Why. It is written down. */
  readonly reason: string;
  /** Shows what the object would be after the repair, and changes nothing. */
  readonly dryRun?: boolean;
}

/** What `__migrations` takes. */
export type MigrationsCommand = InspectCommand | HistoryCommand | PreflightCommand | RepairCommand;

/**
 * What an object is to the code that answers:
 *
 * - `up-to-date`: it has all of the code's migrations.
 * - `pending`: the next wake writes something.
 * - `ahead`: it has all of them and some that the code lacks, and is left alone.
 * - `refused`: the class is not built: a rule says no, or a statement fails. `refusal` says which.
 * - `empty`: it has no data, as one that was deleted, and the class would be built. Nothing was made by asking.
 */
export type ObjectState = 'up-to-date' | 'pending' | 'ahead' | 'refused' | 'empty';

/** A row of a ledger that stands for no migration of the code, or for nobody can tell which. */
export interface RowInQuestion {
  /** The table it stands in. */
  readonly table: string;
  /** Its number in our ledger; null for a row of Drizzle's. */
  readonly version: number | null;
  readonly tag: string | null;
  /** Milliseconds since 1970, or null where the row has none. */
  readonly created_at: number | null;
  readonly checksum: string | null;
  /** The migrations of the code whose time is nearest, those that the object lacks first; three at most. */
  readonly nearest: readonly MigrationRef[];
}

/** A repair that fits, and what it would do. */
export interface FittingRepair {
  readonly repair: Repair;
  /** What it does, in a sentence. */
  readonly effect: string;
  /** The code of what the object is still refused with after it; null if nothing is known to be left. */
  readonly leaves: string | null;
}

/** How many there are of each. */
export interface ObjectCounts {
  /** Migrations of the code that answers. */
  readonly migrations: number;
  /** Rows of our ledger. */
  readonly ledger: number;
  /** Rows of Drizzle's ledger. */
  readonly drizzle: number;
  /** Migrations of the code that the object lacks. */
  readonly pending: number;
  /** Rows of our ledger that the code does not know. */
  readonly ahead: number;
  /** Rows of Drizzle's ledger that match no migration. */
  readonly unknown: number;
  /** Applied migrations whose SQL has changed since. */
  readonly drift: number;
}

/** What the construction of an instance did. */
export interface Woke {
  /** How many migrations it took over from another ledger. */
  readonly adopted: number;
  /** How many migrations it ran. */
  readonly applied: number;
  /** What became of Drizzle's ledger; null if it was left alone. */
  readonly drizzleLedger: 'retired' | 'mirrored' | null;
}

/** Rows that statements read and wrote, as Cloudflare bills them. */
export interface RowCounts {
  readonly read: number;
  readonly written: number;
}

/**
 * Why an instance goes on after a look that asked for its end:
 *
 * - `not-asked`: none did.
 * - `named`: it knows its name.
 * - `used`: something else has come to it, or has written, since it was constructed; or its container runs.
 * - `sockets`: it has a WebSocket that can hibernate, which its end would close.
 * - `alarm`: it has an alarm that is due within ten seconds.
 * - `unwatched`: its class has handlers that nobody can look at, so that it cannot be told whether it is used.
 * - `refused`: its class is not built, so that no code of it asks for the name.
 */
export type Stays = 'not-asked' | 'named' | 'used' | 'sockets' | 'alarm' | 'unwatched' | 'refused';

/** What there is to say of the instance that answers. */
export interface InstanceFacts {
  /** When it was constructed, in milliseconds since 1970. */
  readonly wokeAt: number;
  /** Rows of statements that went well. */
  readonly rows: {
    /** Those of the migrations at its construction; what the class itself did then is not in it. */
    readonly wake: RowCounts;
    /** Those of the look: what `inspect` reads, or what a preflight ran. */
    readonly answer: RowCounts;
  };
  /** Why it goes on after the answer; null if it ends, unless something else comes to it before that. */
  readonly stays: Stays | null;
}

/** The answer to {@link InspectCommand}. */
export interface InspectAnswer {
  /** The object's id in hexadecimal. */
  readonly id: string;
  /** Its name, or null where it was woken by its id. */
  readonly name: string | null;
  readonly state: ObjectState;
  /** Whether the class is built, so that the object answers other calls. */
  readonly built: boolean;
  /** Why the class is not built, or what `migrate` would throw; null where neither. */
  readonly refusal: PlainError | null;
  /** Who else keeps a ledger in it: Drizzle's migrator of which version. */
  readonly drizzle: 'none' | '0.x' | '1.x';
  /** Whose ledger ours is. */
  readonly ours: 'none' | 'do-orm' | 'drizzle-offramp';
  /** The fingerprint of the migrations of the code that answers. */
  readonly fingerprint: string | null;
  /** What the object's last row says it is up to date with; it starts with a fingerprint. Null if it says nothing. */
  readonly head: string | null;
  readonly counts: ObjectCounts;
  /** What the next wake would do, in order; none where it would be refused. */
  readonly actions: readonly PlannedAction[];
  /** What the migrations to run ask of foreign keys. */
  readonly foreignKeys: ForeignKeyMode;
  /** Migrations of the code that the object lacks, in order. */
  readonly pending: readonly MigrationRef[];
  /** Applied migrations whose SQL has changed since, also where that was warned of already. */
  readonly drift: readonly MigrationRef[];
  /** The rows that stand for no migration of the code. */
  readonly rows: readonly RowInQuestion[];
  /** The repairs that fit, those first that leave nothing wrong. */
  readonly repairs: readonly FittingRepair[];
  /** Whether it has no data; where the class is not built either, the state is `refused`. */
  readonly empty: boolean;
  /** What the construction of this instance did; null where it had nothing to do, or was refused. */
  readonly woke: Woke | null;
  /**
   * Whether all there is in it was made in this instance: it was empty before. It stays, as something other than the
   * construction of the class has used it since, or as nobody can tell.
   */
  readonly made: boolean;
  readonly instance: InstanceFacts;
}

/** A repair as it was written down. */
export interface RepairRecord {
  /** 1, 2, 3 and so on, in the order of the repairs. */
  readonly id: number;
  /** When, in milliseconds since 1970. */
  readonly at: number;
  readonly by: string;
  readonly reason: string;
  readonly repair: Repair;
  /** The rows that it took away or changed, as they were. */
  readonly before: readonly (LedgerRow | DrizzleRow)[];
}

/** The answer to {@link HistoryCommand}. */
export interface HistoryAnswer {
  /** Whether the object has no data. */
  readonly empty: boolean;
  /** Our ledger, in the order in which the object got its migrations. */
  readonly rows: readonly LedgerRow[];
  /** Drizzle's ledger, where there is one. */
  readonly drizzle: readonly DrizzleRow[];
  /** The repairs, oldest first. */
  readonly repairs: readonly RepairRecord[];
  readonly instance: InstanceFacts;
}

/** The answer to {@link PreflightCommand}. Whatever it says, nothing was left in the object. */
export interface PreflightAnswer {
  /**
   * `migrated`: all would go well. `nothing`: there is nothing to do. `refused`: a rule says no before anything is
   * touched. `failed`: a statement throws, or a row would lose the row it refers to.
   */
  readonly outcome: 'migrated' | 'nothing' | 'refused' | 'failed';
  /** What `migrate` would return; null where it would throw. */
  readonly result: MigrateResult | null;
  /** What it would throw; null where it would return. */
  readonly error: PlainError | null;
  /** The fingerprint of the migrations that were run; null where they cannot be read. */
  readonly fingerprint: string | null;
  /** Whether the object has no data: then it was tried on nothing, and nothing was made by asking. */
  readonly empty: boolean;
  readonly instance: InstanceFacts;
}

/** The answer to {@link RepairCommand}. */
export interface RepairAnswer {
  /** Whether it was done; false for a dry run. */
  readonly repaired: boolean;
  /** What was written down, or would be. */
  readonly record: RepairRecord;
  /** What it does, in a sentence. */
  readonly effect: string;
  /** The migrations that ran first, as they come before the one that was marked as applied. */
  readonly ran: readonly MigrationRef[];
  /** What the object is after it. `actions` are what the next wake does. */
  readonly after: InspectAnswer;
}

/** What `__migrations` answers to a command. */
export type MigrationsAnswer<Command extends MigrationsCommand = MigrationsCommand> =
  Command extends InspectCommand
    ? InspectAnswer
    : Command extends HistoryCommand
      ? HistoryAnswer
      : Command extends PreflightCommand
        ? PreflightAnswer
        : RepairAnswer;

/** What every object of a class has that went through `withMigrations`. */
export interface WithMigrations {
  /**
   * Looks into the object or repairs its ledgers. It works for real in an object that is refused too. Whoever has the
   * binding can call it, which is your own Worker; `migrationsRoute` is the guarded way from outside.
   *
   * @param command what to do
   * @returns plain data
   * @throws {CommandError} for a command that there is not, or a repair that does not fit
   */
  __migrations<Command extends MigrationsCommand>(
    command: Command,
  ): Promise<MigrationsAnswer<Command>>;
}
