import type { Obstacle, RunStatus, Verdict } from './protocol.ts';

/** What a verdict is made from: a run, but for the verdict. */
export type Judged = Omit<RunStatus, 'verdict'>;

const of = (objects: number): string =>
  objects === 1 ? '1 object' : `${objects.toLocaleString('en-US')} objects`;
const isAre = (objects: number): string => (objects === 1 ? 'is' : 'are');

/** What there is to say of the objects themselves. */
function* ofObjects({ counts, drizzle, fingerprints, sawOldCode }: Judged): Generator<Obstacle> {
  const { failed, later, again, open, outcomes } = counts;
  if (open + again > 0) {
    const text = `${of(open + again)} ${isAre(open + again)} not through yet. Wait for the run, or go on with it if it was stopped.`;
    yield { code: 'NOT_THROUGH', objects: open + again, text };
  }
  if (failed > 0) {
    const text = `${of(failed)} failed. The failures say what to do for each code; then retry.`;
    yield { code: 'FAILED', objects: failed, text };
  }
  if (later > 0) {
    const text = `${of(later)} still ${later === 1 ? 'runs' : 'run'} old code, and ${isAre(later)} tried again later.`;
    yield { code: 'OLD_CODE', objects: later, text };
  } else if (sawOldCode > 0) {
    const text = `${of(sawOldCode)} answered with old code at first: the run began before the deploy had settled. Run it once more.`;
    yield { code: 'NOT_SETTLED', objects: sawOldCode, text };
  }
  if (outcomes.woken > 0) {
    const text = `${of(outcomes.woken)} could not be asked: the class did not go through withMigrations, or they ran the code of before it did.`;
    yield { code: 'NOT_ASKED', objects: outcomes.woken, text };
  }
  if (outcomes.ahead > 0) {
    const text = `${of(outcomes.ahead)} ${isAre(outcomes.ahead)} ahead: a newer version of the code has migrated them. Deploy that one.`;
    yield { code: 'AHEAD', objects: outcomes.ahead, text };
  }
  if (fingerprints.length > 1) {
    const [most, ...others] = fingerprints.map(({ objects }) => objects);
    const objects = others.reduce((sum, count) => sum + count, 0);
    const text = `The objects run code with ${fingerprints.length} fingerprints: ${of(most ?? 0)} with the most frequent one, ${of(objects)} with others. Tell the route of the migrations, so that it is known which is new.`;
    yield { code: 'UNKNOWN_CODE', objects, text };
  }
  const tracked = drizzle['0.x'] + drizzle['1.x'];
  if (tracked > 0) {
    const and = failed > 0 ? ', those that failed among them' : '';
    const text = `${of(tracked)} ${tracked === 1 ? 'has' : 'have'} Drizzle's ledger still${and}. Where the class says \`drizzle: 'mirror'\`, take that out and deploy; then run it once more.`;
    yield { code: 'TRACKED_BY_DRIZZLE', objects: tracked, text };
  }
}

/** Whether all objects of the fleet have been asked, by the code that is deployed. */
function* ofRun(status: Judged): Generator<Obstacle> {
  const { range, listings, options, startedAt, deployedAt, sawOldCode, counts } = status;
  if (range.from !== null || range.to !== null) {
    const text = 'The run is about a part of the objects. Run it over all of them.';
    yield { code: 'PART_OF_THE_FLEET', objects: null, text };
  }
  const [first] = listings;
  if (first?.completeAt === null) {
    const text = 'The objects have not all been listed. List them to the end.';
    yield { code: 'NOT_LISTED', objects: null, text };
  } else if (counts.listed === 0) {
    const text = 'No object was listed. If there are some, the listing was of another class.';
    yield { code: 'NOT_LISTED', objects: null, text };
  }
  if (sawOldCode === 0 && (deployedAt === null || startedAt < deployedAt + options.settle)) {
    const seconds = options.settle / 1000;
    const text =
      deployedAt === null
        ? 'Nobody knows when the code was deployed, as no object has said its fingerprint. Run it once more.'
        : `The run began before the deploy had settled, which takes ${seconds} s. Run it once more.`;
    yield { code: 'NOT_SETTLED', objects: null, text };
  }
  const last = listings.at(-1);
  if (first?.completeAt === null) return;
  if (listings.length < 2 || last?.completeAt === null) {
    const text =
      'List the objects once more, so that none is left out that the first listing did not have.';
    yield { code: 'NO_SECOND_LISTING', objects: null, text };
  } else if (last && last.found > 0) {
    const text = `The last listing found ${of(last.found)} that no listing before it had. They were woken too. List once more.`;
    yield { code: 'FOUND_LATER', objects: last.found, text };
  }
}

/**
 * Whether Drizzle can go: a full sweep that began after the deploy had settled found every object up to date with this
 * code, none tracked by Drizzle, none failed, and another listing found no other.
 *
 * @param status of a sweep
 */
export function judge(status: Judged): Verdict {
  const obstacles = [...ofObjects(status), ...ofRun(status)];
  return { drizzleCanGo: obstacles.length === 0, obstacles };
}
