// What the ledger knows, in its own SQLite. A change is one synchronous call; the ledger runs it in a transaction.

import type { SqlStorageLike } from '../base/storage.ts';
import type { InstanceFacts } from '../object/commands.ts';
import { sumOf } from '../object/row-meter.ts';
import type { Wanted } from './options.ts';
import type {
  Failure,
  FailureGroup,
  FleetMode,
  IdRange,
  Listing,
  Outcome,
  RunCounts,
  RunOptions,
  RunState,
  RunStatus,
  Sample,
} from './protocol.ts';
import type { PageObject, Seen, Woke } from './wake.ts';

/** The names of the bindings that a run uses. */
export interface Bindings {
  readonly ledger: string;
  readonly queue: string | null;
}

/** A run as it is kept. */
export interface Run
  extends Pick<
    RunStatus,
    'run' | 'class' | 'mode' | 'state' | 'stoppedBy' | 'startedAt' | 'finishedAt'
  > {
  readonly options: RunOptions;
  readonly range: IdRange;
  readonly fingerprint: string | null;
  readonly deployedAt: number | null;
  readonly bindings: Bindings;
}

/** A page that is given out. */
export interface Page {
  readonly page: number;
  readonly objects: readonly PageObject[];
}

/** Digits of an id. */
export const ID = 64;
/** Of a message, in characters. */
const MOST_TEXT = 500;
/** The longest that an object waits before it is tried again, in milliseconds. */
const LONGEST = 300_000;
const MOST_SAMPLES = 200;
/** Runs that are remembered. */
const MOST_RUNS = 50;
/** Examples of a failure. */
const EXAMPLES = 3;
/** Pages that are read at once. */
const PAGES_AT_ONCE = 64;

type Value = string | number | null;
type Row = Record<string, Value>;

/** Changes of the counts, written once for a page. */
class Changes {
  private readonly counts = new Map<string, [what: string, key: string, count: number]>();

  add(what: string, key: string | number, count = 1): void {
    if (count === 0) return;
    const whole = `${what} ${key}`;
    const before = this.counts.get(whole)?.[2] ?? 0;
    this.counts.set(whole, [what, String(key), before + count]);
  }

  *[Symbol.iterator](): Iterator<readonly [what: string, key: string, count: number]> {
    yield* this.counts.values();
  }
}

/** What is told of an object, whether it is through or has failed. */
interface Told {
  readonly drizzle: string | null;
  readonly migrations: number | null;
  readonly fingerprint: string | null;
}

function tell(changes: Changes, { drizzle, migrations, fingerprint }: Told, count = 1): void {
  changes.add('drizzle', drizzle ?? 'unknown', count);
  if (migrations !== null) changes.add('migrations', migrations, count);
  if (fingerprint !== null) changes.add('fingerprint', fingerprint, count);
}

function tellWoke(changes: Changes, woke: Woke | null): void {
  if (woke === null) return;
  changes.add('woke', 'migrated');
  changes.add('woke', 'adopted', woke.adopted);
  changes.add('woke', 'applied', woke.applied);
}

/** What an instance did that was there before a run began is not counted again. */
const isOfRun = (instance: InstanceFacts | null, { startedAt }: Run): boolean =>
  instance === null || instance.wokeAt >= startedAt;

/** What a try of an object cost. */
function tellRows(changes: Changes, instance: InstanceFacts | null, run: Run): void {
  if (instance === null) return;
  const { wake, answer } = instance.rows;
  const { read, written } = isOfRun(instance, run) ? sumOf(wake, answer) : answer;
  changes.add('rows', 'told');
  changes.add('rows', 'read', read);
  changes.add('rows', 'written', written);
}

/** Whether an instance that was woken by its id goes on. */
function tellStays(changes: Changes, { name, instance }: Seen): void {
  const stays = instance === null ? 'named' : instance.stays;
  if (name !== null || stays === null || stays === 'named' || stays === 'refused') return;
  changes.add('nameless', stays);
}

const toRun = (row: Row): Run => ({
  run: row.run as number,
  class: row.class as string,
  mode: row.mode as FleetMode,
  state: row.state as RunState,
  stoppedBy: row.stopped_by as Run['stoppedBy'],
  startedAt: row.started_at as number,
  finishedAt: row.finished_at as number | null,
  options: JSON.parse(row.options as string) as RunOptions,
  range: { from: row.range_from as string | null, to: row.range_to as string | null },
  fingerprint: row.fingerprint as string | null,
  deployedAt: row.deployed_at as number | null,
  bindings: JSON.parse(row.bindings as string) as Bindings,
});

const RUN = `run, class, mode, state, stopped_by, started_at, finished_at, options, range_from, range_to, fingerprint,
  deployed_at, bindings`;

const toListing = (row: Row): Listing => ({
  listing: row.listing as number,
  startedAt: row.started_at as number,
  completeAt: row.complete_at as number | null,
  objects: row.objects as number,
  found: row.found as number,
  last: row.last as string | null,
});

const toFailure = (row: Row): Failure => ({
  id: row.id as string,
  name: row.name as string | null,
  code: row.code as string,
  message: row.message as string,
  at: row.at as number,
  attempts: row.attempts as number,
});

const splitIds = (ids: string): string[] => {
  const list: string[] = [];
  for (let at = 0; at < ids.length; at += ID) list.push(ids.slice(at, at + ID));
  return list;
};

function toPage(row: Row): Page {
  const names = JSON.parse((row.names as string | null) ?? '{}') as Record<string, string>;
  const objects = splitIds(row.ids as string).map((id) => ({ id, name: names[id] ?? null }));
  return { page: row.page as number, objects };
}

/** The names of a page by their ids, as JSON; null if there are none. */
function namesOf(objects: readonly PageObject[]): string | null {
  const named = objects.filter(({ name }) => name !== null);
  return named.length === 0
    ? null
    : JSON.stringify(Object.fromEntries(named.map(({ id, name }) => [id, name])));
}

/** The ledger's tables. */
export class Store {
  private readonly sql: SqlStorageLike;

  /** @param sql the SQL storage of the ledger's object */
  constructor(sql: SqlStorageLike) {
    this.sql = sql;
  }

  private rows(statement: string, ...values: Value[]): Row[] {
    const rows = this.sql.exec(statement, ...values);
    return (rows.toArray?.() ?? [...rows]) as Row[];
  }

  private first(statement: string, ...values: Value[]): Row | undefined {
    return this.rows(statement, ...values)[0];
  }

  private number(statement: string, ...values: Value[]): number {
    return (this.first(statement, ...values)?.n as number | undefined) ?? 0;
  }

  private write(run: number, changes: Changes): void {
    for (const [what, key, count] of changes) {
      this.sql.exec(
        `INSERT INTO tallies VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count`,
        ...[run, what, key, count],
      );
    }
  }

  /** @param run its number, or undefined for the newest */
  run(run?: number): Run | undefined {
    const row =
      run === undefined
        ? this.first(`SELECT ${RUN} FROM runs ORDER BY run DESC LIMIT 1`)
        : this.first(`SELECT ${RUN} FROM runs WHERE run = ?`, run);
    return row && toRun(row);
  }

  /** All runs that are remembered, oldest first. */
  runs(): Run[] {
    return this.rows(`SELECT ${RUN} FROM runs ORDER BY run`).map(toRun);
  }

  /** The migrations that were sent for a preflight. */
  migrations(run: number): unknown {
    const json = this.first('SELECT migrations FROM runs WHERE run = ?', run)?.migrations;
    return typeof json === 'string' ? JSON.parse(json) : null;
  }

  /** Begins a run. What only an older one would need is forgotten. */
  start(wanted: Wanted, name: string, bindings: Bindings, now: number): number {
    const run = 1 + this.number('SELECT max(run) AS n FROM runs');
    for (const table of ['pages', 'waiting']) this.sql.exec(`DELETE FROM ${table}`);
    for (const table of ['runs', 'listings', 'failures', 'tallies', 'samples']) {
      this.sql.exec(`DELETE FROM ${table} WHERE run <= ?`, run - MOST_RUNS);
    }
    this.sql.exec(
      `INSERT INTO runs (${RUN}, migrations, sample_every) VALUES (?, ?, ?, 'running', NULL, ?, NULL, ?, ?, ?, ?, ?, ?, ?, 1000)`,
      ...[run, name, wanted.mode, now, JSON.stringify(wanted.options)],
      ...[wanted.range.from, wanted.range.to, wanted.fingerprint, wanted.deployedAt],
      ...[JSON.stringify(bindings), wanted.migrations],
    );
    this.openListing(run, now);
    return run;
  }

  /** Begins the next listing of a run. */
  openListing(run: number, now: number): void {
    this.sql.exec(
      `INSERT INTO listings SELECT ?, 1 + count(*), ?, NULL, 0, 0, NULL FROM listings WHERE run = ?`,
      ...[run, now, run],
    );
  }

  /** @param run the number of a run */
  listings(run: number): Listing[] {
    return this.rows(
      `SELECT listing, started_at, complete_at, objects, found, last FROM listings WHERE run = ? ORDER BY listing`,
      run,
    ).map(toListing);
  }

  /** Which of some ids, in ascending order, earlier listings of a run have. */
  private listed(run: number, listing: number, ids: readonly string[]): Set<string> {
    const known = new Set<string>();
    const [from, to] = [ids[0] as string, ids.at(-1) as string];
    for (let earlier = 1; earlier < listing; earlier++) {
      // The pages of a listing follow each other: the last that matters is the first that ends with these ids or behind.
      // One digit less comes before it.
      let after = from.slice(0, -1);
      for (let isBehind = false; !isBehind; ) {
        const pages = this.rows(
          'SELECT ids, last FROM pages WHERE run = ? AND listing = ? AND last > ? ORDER BY last LIMIT ?',
          ...[run, earlier, after, PAGES_AT_ONCE],
        );
        for (const page of pages) for (const id of splitIds(page.ids as string)) known.add(id);
        after = (pages.at(-1)?.last as string | undefined) ?? after;
        isBehind = pages.length < PAGES_AT_ONCE || after >= to;
      }
    }
    return known;
  }

  /**
   * Adds objects to a listing, and those that no listing had before to the run.
   *
   * @param run the run
   * @param listing the listing as it is
   * @param objects in ascending order of their ids
   * @param complete whether these are the last
   * @returns how many were new to the run
   */
  feed(
    { run, range, options }: Run,
    { listing, last }: Listing,
    objects: readonly PageObject[],
    complete: boolean,
    now: number,
  ): number {
    const fresh = objects.filter(
      ({ id }) =>
        (last === null || id > last) &&
        (range.from === null || id >= range.from) &&
        (range.to === null || id < range.to),
    );
    let found: readonly PageObject[] = fresh;
    if (fresh.length > 0 && listing > 1) {
      const known = this.listed(
        run,
        listing,
        fresh.map(({ id }) => id),
      );
      found = fresh.filter(({ id }) => !known.has(id));
    }
    for (let at = 0; at < found.length; at += options.pageSize) {
      const page = found.slice(at, at + options.pageSize);
      this.sql.exec(
        `INSERT INTO pages (run, listing, last, ids, names, state) VALUES (?, ?, ?, ?, ?, 'open')`,
        ...[run, listing, page.at(-1)?.id ?? ''],
        ...[page.map(({ id }) => id).join(''), namesOf(page)],
      );
    }
    const changes = new Changes();
    changes.add('pages', 'made', Math.ceil(found.length / options.pageSize));
    this.write(run, changes);
    this.sql.exec(
      // What was fed before may come again: the listing does not go back.
      `UPDATE listings SET objects = objects + ?, found = found + ?, last = nullif(max(coalesce(last, ''), ?), ''),
         complete_at = coalesce(complete_at, ?) WHERE run = ? AND listing = ?`,
      ...[fresh.length, found.length, objects.at(-1)?.id ?? '', complete ? now : null],
      ...[run, listing],
    );
    return found.length;
  }

  /** Gives out the next page: objects that are due to be tried again first. */
  take({ run, options }: Run, now: number): Page | undefined {
    const due = this.rows(
      `SELECT id, name FROM waiting WHERE run = ? AND page IS NULL AND due_at <= ? ORDER BY due_at LIMIT ?`,
      ...[run, now, options.pageSize],
    ) as unknown as PageObject[];
    if (due.length > 0) {
      this.sql.exec(
        `INSERT INTO pages (run, listing, last, ids, names, state, given_at) VALUES (?, 0, '', ?, ?, 'given', ?)`,
        ...[run, due.map(({ id }) => id).join(''), namesOf(due), now],
      );
      const page = this.number('SELECT last_insert_rowid() AS n');
      const changes = new Changes();
      changes.add('pages', 'made');
      this.write(run, changes);
      for (const { id } of due) {
        this.sql.exec('UPDATE waiting SET page = ? WHERE run = ? AND id = ?', page, run, id);
      }
      return { page, objects: due };
    }
    const row = this.first(
      `SELECT page, ids, names FROM pages WHERE run = ? AND state = 'open' ORDER BY page LIMIT 1`,
      run,
    );
    if (row === undefined) return undefined;
    this.sql.exec(
      `UPDATE pages SET state = 'given', given_at = ?, taken_at = NULL WHERE page = ?`,
      ...[now, row.page as number],
    );
    return toPage(row);
  }

  /** Hands a page that is given out to a consumer; undefined if it is done, or another one has it. */
  takePage(run: Run, page: number, now: number): Page | undefined {
    const row = this.first(
      `SELECT page, ids, names FROM pages WHERE run = ? AND page = ? AND state <> 'done'
         AND coalesce(taken_at, -1) < ?`,
      ...[run.run, page, now - run.options.lease],
    );
    if (row === undefined) return undefined;
    this.sql.exec(
      `UPDATE pages SET state = 'given', given_at = ?, taken_at = ? WHERE page = ?`,
      ...[now, now, page],
    );
    return toPage(row);
  }

  /** Opens all pages again that were given out: nobody works on them any more. */
  reopen(run: number): void {
    this.sql.exec(`UPDATE pages SET state = 'open' WHERE run = ? AND state = 'given'`, run);
  }

  /**
   * Opens pages again of which nothing was heard.
   *
   * @param run the run
   * @param givenBefore those that no consumer has taken, if they were given out before this
   * @param takenBefore those that one has taken before this
   */
  reopenLost(run: number, givenBefore: number, takenBefore: number): void {
    this.sql.exec(
      `UPDATE pages SET state = 'open' WHERE run = ? AND state = 'given'
         AND CASE WHEN taken_at IS NULL THEN given_at < ? ELSE taken_at < ? END`,
      ...[run, givenBefore, takenBefore],
    );
  }

  /** Opens one page again that could not be given out. */
  giveBack(page: number): void {
    this.sql.exec(`UPDATE pages SET state = 'open' WHERE page = ? AND state = 'given'`, page);
  }

  /**
   * Writes down what became of a page. A page that comes a second time changes nothing.
   *
   * @returns how many objects got through or have failed by it; undefined if it was written down before
   */
  report(run: Run, page: number, seen: readonly Seen[], now: number): number | undefined {
    const row = this.first('SELECT run, state FROM pages WHERE page = ?', page);
    if (row === undefined || row.run !== run.run || row.state === 'done') return undefined;
    this.sql.exec(`UPDATE pages SET state = 'done' WHERE page = ?`, page);
    const changes = new Changes();
    let settled = 0;
    for (const one of seen) if (this.settle(run, one, changes, now)) settled++;
    changes.add('pages', 'done');
    this.write(run.run, changes);
    return settled;
  }

  /** Writes down what became of an object; returns whether it is through or has failed. */
  private settle(run: Run, seen: Seen, changes: Changes, now: number): boolean {
    const { id, name, fingerprint } = seen;
    const before = this.first(
      'SELECT kind, attempts, was_old FROM waiting WHERE run = ? AND id = ?',
      ...[run.run, id],
    );
    if (before !== undefined) changes.add('waiting', before.kind as string, -1);
    // A preflight answers with the fingerprint of what was sent, which is not deployed yet.
    if (fingerprint !== null && run.mode !== 'preflight') {
      this.sql.exec('INSERT OR IGNORE INTO heard VALUES (?, ?)', fingerprint, now);
    }
    tellRows(changes, seen.instance, run);
    const attempts = ((before?.attempts as number | undefined) ?? 0) + 1;
    const wasOld = before?.was_old === 1;
    if (seen.kind === 'later' && !wasOld) changes.add('old', '');
    const isOver =
      seen.kind === 'later'
        ? now >= run.startedAt + run.options.laterFor
        : seen.kind !== 'again' || attempts >= run.options.attempts;
    if (!isOver) {
      const wait =
        seen.kind === 'later'
          ? run.options.later
          : Math.min(run.options.backoff * 2 ** (attempts - 1), LONGEST);
      const isOld = wasOld || seen.kind === 'later';
      this.sql.exec(
        'INSERT OR REPLACE INTO waiting VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL)',
        ...[run.run, id, name, seen.kind, fingerprint, isOld ? 1 : 0],
        // Old code is not the object's fault: it is not counted as a try.
        ...[seen.kind === 'later' ? attempts - 1 : attempts, now + wait],
      );
      changes.add('waiting', seen.kind);
      return false;
    }
    if (before !== undefined) {
      this.sql.exec('DELETE FROM waiting WHERE run = ? AND id = ?', run.run, id);
    }
    tell(changes, seen);
    if (isOfRun(seen.instance, run)) tellWoke(changes, seen.woke);
    tellStays(changes, seen);
    if (seen.kind === 'through') {
      changes.add('outcome', seen.outcome);
      return true;
    }
    this.sql.exec(
      'INSERT OR REPLACE INTO failures VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
      ...[run.run, id, name, seen.code, seen.message.slice(0, MOST_TEXT), now, attempts],
      ...[seen.drizzle, seen.migrations, fingerprint],
    );
    changes.add('code', seen.code);
    return true;
  }

  /** Objects that have failed wait to be tried again, all or those with a code. */
  retry(run: number, code: string | undefined, now: number): void {
    const [condition, ...values]: [string, ...Value[]] =
      code === undefined ? ['run = ?', run] : ['run = ? AND code = ?', run, code];
    const changes = new Changes();
    for (const row of this.rows(
      `SELECT code, drizzle, migrations, fingerprint, count(*) AS n FROM failures WHERE ${condition} GROUP BY 1, 2, 3, 4`,
      ...values,
    )) {
      const count = row.n as number;
      tell(changes, row as unknown as Told, -count);
      changes.add('code', row.code as string, -count);
      changes.add('waiting', 'again', count);
    }
    this.sql.exec(
      `INSERT OR REPLACE INTO waiting SELECT run, id, name, 'again', fingerprint, 0, 0, ${Math.floor(now)}, NULL
         FROM failures WHERE ${condition}`,
      ...values,
    );
    this.sql.exec(`DELETE FROM failures WHERE ${condition}`, ...values);
    this.write(run, changes);
  }

  /** @param changed what of a run becomes another */
  change(
    run: number,
    changed: Partial<Pick<Run, 'state' | 'stoppedBy' | 'finishedAt' | 'options'>>,
  ): void {
    const { state, stoppedBy, finishedAt, options } = { ...(this.run(run) as Run), ...changed };
    this.sql.exec(
      'UPDATE runs SET state = ?, stopped_by = ?, finished_at = ?, options = ? WHERE run = ?',
      ...[state, stoppedBy, finishedAt, JSON.stringify(options), run],
    );
  }

  /** All counts of a run by what they count. */
  tallies(run: number): Map<string, Map<string, number>> {
    const tallies = new Map<string, Map<string, number>>();
    for (const { what, key, count } of this.rows(
      'SELECT what, key, count FROM tallies WHERE run = ? AND count <> 0',
      run,
    )) {
      const group = tallies.get(what as string) ?? new Map<string, number>();
      tallies.set(what as string, group.set(key as string, count as number));
    }
    return tallies;
  }

  /** Whether a page is open or under way. */
  hasPages(run: number, ...states: string[]): boolean {
    return states.some(
      (state) =>
        this.first('SELECT 1 FROM pages WHERE run = ? AND state = ? LIMIT 1', run, state) !==
        undefined,
    );
  }

  /** How many pages are under way. */
  underWay(run: number): number {
    return this.number(`SELECT count(*) AS n FROM pages WHERE run = ? AND state = 'given'`, run);
  }

  /** When the next object is due to be tried again; undefined if none waits. */
  nextDue(run: number): number | undefined {
    const row = this.first(
      'SELECT due_at FROM waiting WHERE run = ? AND page IS NULL ORDER BY due_at LIMIT 1',
      run,
    );
    return row?.due_at as number | undefined;
  }

  /** Fingerprints of the old code that objects run which wait, and how many say each. */
  waitingFingerprints(run: number): [fingerprint: string, objects: number][] {
    return this.rows(
      `SELECT fingerprint, count(*) AS n FROM waiting WHERE run = ? AND kind = 'later' AND fingerprint IS NOT NULL GROUP BY 1`,
      run,
    ).map(({ fingerprint, n }) => [fingerprint as string, n as number]);
  }

  /** When an object first said a fingerprint. */
  heard(fingerprint: string): number | null {
    const row = this.first('SELECT at FROM heard WHERE fingerprint = ?', fingerprint);
    return (row?.at as number | undefined) ?? null;
  }

  /** Objects that have failed, by id. */
  failures(run: number, code: string | undefined, after: string, limit: number): Failure[] {
    const columns = 'id, name, code, message, at, attempts';
    const rows =
      code === undefined
        ? this.rows(
            `SELECT ${columns} FROM failures WHERE run = ? AND id > ? ORDER BY id LIMIT ?`,
            ...[run, after, limit],
          )
        : this.rows(
            `SELECT ${columns} FROM failures WHERE run = ? AND code = ? AND id > ? ORDER BY id LIMIT ?`,
            ...[run, code, after, limit],
          );
    return rows.map(toFailure);
  }

  /** Failures by code, of counts that were read. */
  groups(run: number, codes: ReadonlyMap<string, number> | undefined): FailureGroup[] {
    return [...(codes ?? [])]
      .map(([code, objects]) => ({
        code,
        objects,
        examples: this.failures(run, code, '', EXAMPLES),
      }))
      .sort((one, other) => other.objects - one.objects || (one.code < other.code ? -1 : 1));
  }

  /** Notes how far a run is, unless that was noted a moment ago. The more there are, the longer the moment. */
  sample(run: number, counts: RunCounts, now: number, always: boolean): void {
    const every = this.number('SELECT sample_every AS n FROM runs WHERE run = ?', run);
    const last = this.number('SELECT max(at) AS n FROM samples WHERE run = ?', run);
    if (!always && now < last + every) return;
    this.sql.exec(
      'INSERT OR REPLACE INTO samples VALUES (?, ?, ?, ?, ?, ?)',
      ...[run, now, counts.listed, throughOf(counts), counts.outcomes['up-to-date'], counts.failed],
    );
    if (this.number('SELECT count(*) AS n FROM samples WHERE run = ?', run) <= MOST_SAMPLES) return;
    this.sql.exec(
      `DELETE FROM samples WHERE run = ? AND at IN (
         SELECT at FROM (SELECT at, row_number() OVER (ORDER BY at) AS place FROM samples WHERE run = ?) WHERE place % 2 = 0
       )`,
      ...[run, run],
    );
    this.sql.exec('UPDATE runs SET sample_every = ? WHERE run = ?', every * 2, run);
  }

  /** @param run the number of a run */
  samples(run: number): Sample[] {
    return this.rows(
      'SELECT at, listed, through, up_to_date, failed FROM samples WHERE run = ? ORDER BY at',
      run,
    ).map((row) => ({
      at: row.at as number,
      listed: row.listed as number,
      through: row.through as number,
      upToDate: row.up_to_date as number,
      failed: row.failed as number,
    }));
  }
}

const OUTCOMES: readonly Outcome[] = [
  'up-to-date',
  'ahead',
  'empty',
  'woken',
  'migrates',
  'nothing',
];

/** @param counts of a run @returns how many objects are through, without those that have failed */
export const throughOf = ({ outcomes }: RunCounts): number =>
  Object.values(outcomes).reduce((sum, count) => sum + count, 0);

/**
 * The counts of a run.
 *
 * @param tallies as they are kept
 * @param listings of the run
 */
export function countsOf(
  tallies: ReadonlyMap<string, ReadonlyMap<string, number>>,
  listings: readonly Listing[],
): RunCounts {
  const count = (what: string, key: string): number => tallies.get(what)?.get(key) ?? 0;
  const listed = listings.reduce((sum, { found }) => sum + found, 0);
  const failed = [...(tallies.get('code')?.values() ?? [])].reduce((sum, n) => sum + n, 0);
  const outcomes = Object.fromEntries(
    OUTCOMES.map((outcome) => [outcome, count('outcome', outcome)]),
  ) as Record<Outcome, number>;
  const [later, again] = [count('waiting', 'later'), count('waiting', 'again')];
  const counts = { listed, outcomes, failed, later, again, open: 0 };
  return { ...counts, open: listed - throughOf(counts) - failed - later - again };
}
