// What was deployed is history: objects have it. A change to it is found by comparing what is here with what is known
// of the past (a converted module, or the same folder at a git ref); what it does to objects the runner's planner says.
import { sha256 } from '../../base/sha256.ts';
import type { State } from '../../ledger/state.ts';
import { Edits, needsEmpty } from './edited.ts';
import type { Finding, Severity } from './finding.ts';
import type { LocatedMigration } from './located.ts';
import {
  ask,
  type Known,
  keeping,
  type LeftBy,
  placesOf,
  stateOf,
  type Verdict,
} from './states.ts';

/** A migration as it was. */
export interface PastMigration extends Known {
  /** What a person calls it: its key in a module, or its name in the folder. */
  readonly name: string;
  /** The SHA-256 of its SQL, where a module has no more than that: its baseline has replaced it. */
  readonly replaced?: string;
}

/** What is known of the past. */
export interface Past {
  /** Where it was read, as messages call it: a file, or a git ref. */
  readonly source: string;
  /** The migrations, in the order in which they ran. */
  readonly migrations: readonly PastMigration[];
  /** Whether it is the module that objects run, so that it must have all that is here. */
  readonly isModule: boolean;
  /** Whether it is a module that was ejected, on which people write: it may have more than the folder. */
  readonly isEjected?: boolean;
  /** What to do where it lacks a migration of the folder. */
  readonly whereStale?: string;
  /** What is wrong with it by itself. */
  readonly findings?: readonly Finding[];
}

/** What is compared with the past. */
export interface Present {
  readonly migrations: readonly LocatedMigration[];
  /** Which of Drizzle's migrators can run it. */
  readonly form: '0.x' | '1.x';
  /** Where the list of migrations stands: the journal, the folder or the module. */
  readonly list: string;
  /** Files that could not be read, and were told. */
  readonly unread: ReadonlySet<string>;
}

/** What messages call an object, by who has left it. */
const WHO: Readonly<Record<LeftBy, string>> = {
  '0.x': 'One that only Drizzle 0.x has migrated',
  '1.x': 'One that only Drizzle 1.x has migrated',
  'drizzle-offramp': 'One that drizzle-offramp migrates already',
};

/** Who can have left an object: a folder of 1.x comes out of one of 0.x, but not the other way. */
const RUNNERS: Readonly<Record<Present['form'], readonly LeftBy[]>> = {
  '0.x': ['0.x', 'drizzle-offramp'],
  '1.x': ['0.x', '1.x', 'drizzle-offramp'],
};

/** The first line in which two texts differ, from 1. */
function differenceAt(a: string, b: string): number {
  const [before, after] = [a.split('\n'), b.split('\n')];
  const line = after.findIndex((text, i) => text !== before[i]);
  return (line < 0 ? after.length : line) + 1;
}

/** A migration that nobody wrote yet, as the next deploy has one. */
const NEXT: Known = { tag: '99991231235959_next', when: null, sql: 'SELECT 1' };

/** What the planner says of each kind of object, and the place of the migration that it is about. */
type Asked = readonly (readonly [who: string, verdict: Verdict, own: number])[];

/** Compares a present with a past. */
class Comparison {
  readonly #states: readonly (readonly [who: string, state: State])[];
  /** The present migration that each past one is, by the planner. */
  readonly #pairs = new Map<PastMigration, LocatedMigration>();
  /** Past and present ones of which nothing was changed. */
  readonly #unchanged = new Set<Known>();
  #edits: Edits | undefined;

  constructor(
    private readonly present: Present,
    private readonly past: Past,
  ) {
    this.#pairUnchanged();
    const isChanged = past.migrations.some((was) => !this.#unchanged.has(was));
    const isInserted = this.#inserted().length > 0;
    this.#states =
      isChanged || isInserted
        ? RUNNERS[present.form].flatMap((leftBy) => {
            const state = stateOf(past.migrations, leftBy);
            return state === undefined ? [] : [[WHO[leftBy], state] as const];
          })
        : [];
    if (isChanged) this.#pairChanged();
  }

  #pairUnchanged(): void {
    const left = new Map<string, LocatedMigration[]>();
    const keyOf = ({ tag, when, sql, revision }: Known): string =>
      JSON.stringify([tag, when, sql, revision]);
    for (const is of this.present.migrations) {
      left.set(keyOf(is), [...(left.get(keyOf(is)) ?? []), is]);
    }
    for (const was of this.past.migrations) {
      const is = left.get(keyOf(was))?.shift();
      if (is === undefined) continue;
      this.#pairs.set(was, is);
      this.#unchanged.add(was).add(is);
    }
  }

  /** Asks the planner's matchers which migration each row stands for. */
  #pairChanged(): void {
    const taken = new Set(this.#pairs.values());
    // Our own ledger knows more than Drizzle's.
    for (const [, state] of this.#states.toReversed()) {
      for (const [row, place] of placesOf(this.present.migrations, state)) {
        const was = this.past.migrations[row] as PastMigration;
        const is = this.present.migrations[place] as LocatedMigration;
        if (this.#pairs.has(was) || taken.has(is)) continue;
        this.#pairs.set(was, is);
        taken.add(is);
      }
    }
  }

  /** Whether it is a function of the module, and the past is that of the folder, which can have none. */
  #isBeyond({ up }: LocatedMigration): boolean {
    return up !== undefined && !this.past.isModule && !this.past.migrations.some((was) => was.up);
  }

  /** What is new, and comes before something that is not. */
  #inserted(): LocatedMigration[] {
    const { migrations } = this.present;
    const known = new Set(this.#pairs.values());
    // What an ejected module has beyond the folder comes after all of the folder.
    const isOwn = ({ entry }: LocatedMigration): boolean =>
      this.past.isEjected === true && entry.file === this.past.source;
    const last = migrations.findLastIndex((migration) => known.has(migration) && !isOwn(migration));
    return migrations
      .slice(0, Math.max(last, 0))
      .filter((one) => !known.has(one) && !this.#isBeyond(one));
  }

  findings(): Finding[] {
    return [
      ...this.past.migrations.flatMap((was) => this.#ofPast(was)),
      ...this.#inserted().flatMap((migration) => this.#ofInserted(migration)),
      ...this.#ofOrder(),
      ...this.#ofModule(),
    ];
  }

  /**
   * What the planner says of the objects that have a past migration, each as if it were all that was changed.
   *
   * @param was the past migration
   * @param next whether a migration was added since
   */
  #ask(was: PastMigration, next = false): Asked {
    const is = this.#pairs.get(was);
    return this.#askOf(is, (one) => one === was || this.#unchanged.has(one), next);
  }

  /**
   * What the planner says where one migration is the only one that was changed or is new.
   *
   * @param own the migration; undefined if it is gone
   * @param has whether the objects have a past migration
   * @param next whether a migration was added since
   */
  #askOf(
    own: LocatedMigration | undefined,
    has: (was: PastMigration) => boolean,
    next = false,
  ): Asked {
    const kept: Known[] = this.present.migrations.filter(
      (one) => one === own || this.#unchanged.has(one),
    );
    const place = own === undefined ? -1 : kept.indexOf(own);
    const code = next ? [...kept, NEXT] : kept;
    const had = this.past.migrations.map(has);
    return this.#states.map(([who, state]) => [
      who,
      ask(
        code,
        keeping(state, (at) => had[at] ?? false),
      ),
      place,
    ]);
  }

  #ofPast(was: PastMigration): Finding[] {
    if (this.#unchanged.has(was)) return [];
    const is = this.#pairs.get(was);
    if (is === undefined) return this.#ofRemoved(was);
    return [...this.#ofSql(was, is), ...this.#ofWhen(was, is)];
  }

  #ofRemoved(was: PastMigration): Finding[] {
    // What could not be read is told already.
    const read = [...this.present.unread].every(
      (file) => !file.endsWith(`${was.tag}/migration.sql`),
    );
    if (!read) return [];
    const { source } = this.past;
    const [now, later] = [this.#ask(was), this.#ask(was, true)];
    const isRefused = [...now, ...later].some(([, { refused }]) => refused !== undefined);
    const called = was.name === was.tag || was.tag === null ? '' : ` (${was.tag})`;
    return [
      {
        code: 'REMOVED',
        severity: isRefused ? 'error' : 'warning',
        file: this.present.list,
        line: 1,
        message: `${was.name}${called} of ${source} is gone.`,
        effect: `Objects that have it keep what it did; new ones lack it. ${effects(now, later)}`,
        fix: `Restore it from ${source}. To undo what it did, write a new migration.`,
      },
    ];
  }

  #ofRevision(was: PastMigration, is: LocatedMigration): Finding[] {
    const { source } = this.past;
    return [
      {
        code: 'EDITED_SQL',
        severity: 'error',
        file: is.file,
        line: is.firstLine,
        message:
          was.up && is.up
            ? `The revision of the function ${is.name} is ${is.revision}; in ${source} it was ${was.revision}.`
            : `${is.name} is ${is.up ? 'a function' : 'SQL'}, and in ${source} it was ${was.up ? 'a function' : 'SQL'}.`,
        effect: `Objects that have it keep what the old one did; new ones get the new one. ${effects(this.#ask(was))}`,
        fix: `Restore it from ${source}, and write a new migration with the change.`,
      },
    ];
  }

  #ofSql(was: PastMigration, is: LocatedMigration): Finding[] {
    if (was.revision !== is.revision) return this.#ofRevision(was, is);
    if (sha256(was.sql) === sha256(is.sql)) return [];
    const verdicts = this.#ask(was);
    const drifts = verdicts.some(([, { drift, refused }, own]) => drift.includes(own) || refused);
    // Where only line ends or the like differ, it is the same text to the planner.
    if (!drifts && was.sql.replaceAll('\r\n', '\n') === is.sql.replaceAll('\r\n', '\n')) return [];
    const { source } = this.past;
    this.#edits ??= new Edits(this.present.migrations);
    const isOne = this.#edits.leaveOneSchema(this.present.migrations.indexOf(is), was);
    return [
      {
        code: 'EDITED_SQL',
        severity: 'error',
        file: is.file,
        line: is.firstLine + differenceAt(was.sql, is.sql) - 1,
        message: `The SQL of ${is.name} is not that of ${source}.`,
        effect:
          'Objects that have it keep what the old text did; new ones get the new text' +
          `${isOne ? ', and all come to one schema in the end' : ': two schemas'}. ${effects(verdicts)}`,
        fix: this.#fixOfSql(was, is),
      },
    ];
  }

  #fixOfSql(was: PastMigration, is: LocatedMigration): string {
    const { migrations, source, isModule, whereStale } = this.past;
    const isRepair =
      needsEmpty(migrations, migrations.indexOf(was)) &&
      !needsEmpty(this.present.migrations, this.present.migrations.indexOf(is));
    if (!isRepair) return `Restore it from ${source}, and write a new migration with the change.`;
    const take =
      isModule && whereStale === undefined
        ? `take it with \`drizzle-offramp convert --accept-edit ${was.name}\``
        : `list it in drizzle-offramp.json (code EDITED_SQL, in ${is.name})`;
    return (
      'No object with rows there has the old text: it throws in each. If the others may keep what it did, keep the new text, ' +
      `and ${take}. Else restore it from ${source}, and write a new migration.`
    );
  }

  #ofWhen(was: PastMigration, is: LocatedMigration): Finding[] {
    if (was.when === null || is.when === null || was.when === is.when) return [];
    const verdicts = this.#ask(was);
    const again = this.present.form === '0.x' && is.when > was.when;
    const isBad = ([, { refused, runs }, own]: Asked[number]): boolean =>
      refused !== undefined || runs.includes(own);
    const severity: Severity = again || verdicts.some(isBad) ? 'error' : 'warning';
    const theirs = again
      ? "Drizzle's migrator runs it a second time in objects that have nothing newer. "
      : '';
    return [
      {
        code: 'RESTAMPED',
        severity,
        file: is.entry.file,
        line: is.entry.line,
        message: `The \`when\` of ${is.name} is ${is.when}; in ${this.past.source} it was ${was.when}.`,
        effect: `${theirs}${effects(verdicts)}`,
        fix: `Restore ${was.when}; or convert, which keeps the old time under \`was\`.`,
      },
    ];
  }

  #ofInserted(migration: LocatedMigration): Finding[] {
    const { migrations, form } = this.present;
    const known = new Set(this.#pairs.values());
    const last = migrations.findLast((one) => known.has(one)) as LocatedMigration;
    const verdicts = this.#askOf(migration, (was) => this.#unchanged.has(was));
    const newest = Math.max(...this.past.migrations.map(({ when }) => when ?? 0));
    const skips = form === '0.x' && migration.when !== null && migration.when <= newest;
    const refused = verdicts.some((one) => one[1].refused !== undefined);
    const theirs = skips
      ? `Drizzle's migrator skips it for ever, in silence, in each object that has ${last.name} already. `
      : '';
    return [
      {
        code: 'INSERTED',
        severity: skips || refused ? 'error' : 'warning',
        file: migration.entry.file,
        line: migration.entry.line,
        message: `${migration.name} is new since ${this.past.source}, and comes before ${last.name}, which is not.`,
        effect: `${theirs}${effects(verdicts)}`,
        fix: 'Move it to the end, with a `when` (or a folder name) later than all others.',
      },
    ];
  }

  #ofOrder(): Finding[] {
    // A module keeps its own numbers, wherever its folder lands.
    if (this.past.isModule) return [];
    const { migrations } = this.present;
    const placed = this.past.migrations.flatMap((was) => {
      const is = this.#pairs.get(was);
      return is === undefined ? [] : [{ is, place: migrations.indexOf(is) }];
    });
    let newest: (typeof placed)[number] | undefined;
    return placed.flatMap((one): Finding[] => {
      const before = newest;
      if (before === undefined || one.place > before.place) {
        newest = one;
        return [];
      }
      const { is } = one;
      return [
        {
          code: 'REORDERED',
          severity: 'warning',
          file: is.entry.file,
          line: is.entry.line,
          message: `${is.name} came after ${before.is.name} in ${this.past.source}, and now comes before it.`,
          effect: 'New objects run them in the other order than all before.',
          fix: `Restore the order of ${this.past.source}.`,
        },
      ];
    });
  }

  /** What is here, and the module that objects run lacks. */
  #ofModule(): Finding[] {
    if (!this.past.isModule) return [];
    const known = new Set(this.#pairs.values());
    const missing = this.present.migrations.filter((migration) => !known.has(migration));
    const [first] = missing;
    if (first === undefined) return [];
    const more = missing.length > 1 ? ` and ${missing.length - 1} more` : '';
    return [
      {
        code: 'STALE_MODULE',
        severity: 'error',
        file: this.past.source,
        line: 1,
        message: `It lacks ${first.name}${more} of ${this.present.list}.`,
        effect:
          'No object gets them: what the schema says and what objects have differ from the deploy on.',
        fix:
          this.past.whereStale ??
          'Run `drizzle-offramp convert`; if no Worker imports this module any more, remove it.',
      },
    ];
  }
}

const says = ({ refused, runs, skipped, drift, ahead }: Verdict, own: number): string => {
  if (refused !== undefined) return `is refused (${refused})`;
  if (skipped.includes(own)) return 'gets it out of order';
  if (runs.includes(own)) return 'gets it again';
  if (drift.includes(own)) return 'goes on, and drift is reported';
  return ahead ? 'is left as it is' : 'goes on';
};

/** What the planner says of each kind of object, in sentences. */
function effects(now: Asked, later: Asked = []): string {
  const sentences = now.map(([who, verdict, own], i) => {
    const [, then] = later[i] ?? [];
    const next =
      then !== undefined && then.refused !== verdict.refused
        ? `, and ${says(then, own)} once a migration is added`
        : '';
    return `${who} ${says(verdict, own)}${next}.`;
  });
  return [...new Set(sentences)].join(' ');
}

/** A past with the SQL that its module has no more, where the present has it still. */
function inFull({ migrations }: Present, past: Past): Past {
  if (past.migrations.every(({ replaced }) => replaced === undefined)) return past;
  const texts = new Map(migrations.map(({ sql }) => [sha256(sql), sql]));
  return {
    ...past,
    migrations: past.migrations.map((one) => ({
      ...one,
      sql: texts.get(one.replaced ?? '') ?? one.sql,
    })),
  };
}

/**
 * Finds what has changed in a history that objects may have.
 *
 * @param present the migrations as they are
 * @param past what is known of the past
 */
export const checkHistory = (present: Present, past: Past): Finding[] =>
  new Comparison(present, inFull(present, past)).findings();
