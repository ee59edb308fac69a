// How a fleet stands, for people.
import type { Failure, RunStatus } from '../../fleet/protocol.ts';
import { adviceFor } from '../../fleet/report-advice.ts';
import {
  count,
  counted,
  dollars,
  duration,
  MODES,
  OUTCOMES,
  percent,
  rangeOf,
  STAYS,
  time,
  WAITING,
} from '../../fleet/report-words.ts';
import { indent, indentedTable, paint } from '../output.ts';

/** Control characters, as of a terminal's sequences: what an object says must not control the terminal. */
const CONTROL =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for.
  /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?)?|[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/**
 * A text that an object or the API gave, without what a terminal would obey.
 *
 * @param text any text
 */
export const harmless = (text: string): string => text.replaceAll(CONTROL, '');

/**
 * The same in one line.
 *
 * @param text any text
 */
export const oneLine = (text: string): string =>
  harmless(text).replaceAll(/[ \t\r\n]+/g, (gap) => (/[\t\r\n]/.test(gap) ? ' ' : gap));

/** How much of a message is shown. */
const MESSAGE = 300;

const stateOf = ({ state, stoppedBy }: RunStatus): string => {
  if (state === 'done') return paint.green('done');
  if (state === 'running') return paint.yellow('under way');
  return paint.red(stoppedBy === 'failures' ? 'stopped, as too many failed' : 'stopped');
};

const shorten = (text: string): string =>
  text.length > MESSAGE ? `${text.slice(0, MESSAGE)}…` : text;

function statesOf({ counts }: RunStatus): string {
  const { listed, outcomes, failed } = counts;
  const rows: [string, number][] = [
    ...OUTCOMES.map(([outcome, words]): [string, number] => [words, outcomes[outcome]]),
    ['failed', failed],
    ...WAITING.map(([field, words]): [string, number] => [words, counts[field]]),
  ];
  const shown = rows.filter(([, objects]) => objects > 0);
  const cells = shown.map(([words, objects]) => [count(objects), words, percent(objects, listed)]);
  const widest = Math.max(0, ...cells.map(([objects = '']) => objects.length));
  return indentedTable(
    [],
    cells.map(([objects = '', ...others]) => [objects.padStart(widest), ...others]),
  );
}

function failuresOf({ failures }: RunStatus): string {
  return failures
    .map(({ code, objects, examples }) => {
      const ids = examples.map(({ id, name }) => oneLine(name === null ? id : `${id}  ${name}`));
      const [first] = examples;
      return [
        paint.red(`${oneLine(code)}: ${counted(objects, 'object')}`),
        indent(adviceFor(code)),
        ...(first === undefined ? [] : [indent(`says: ${oneLine(shorten(first.message))}`)]),
        indent(ids.join('\n')),
      ].join('\n');
    })
    .join('\n');
}

function verdictOf({ verdict, mode, counts, state }: RunStatus): string {
  if (verdict === null) {
    if (mode !== 'preflight') return '';
    if (counts.failed > 0) {
      return `The migrations would fail in ${counted(counts.failed, 'object')}. What they did was rolled back.`;
    }
    const { woken } = counts.outcomes;
    if (woken > 0) {
      return `${counted(woken, 'object')} could not be asked, and nothing was tried there: the class must go through withMigrations.`;
    }
    return state === 'done'
      ? paint.green('The migrations would go well in each object. What they did was rolled back.')
      : 'No object has failed so far. What the migrations did was rolled back.';
  }
  if (verdict.drizzleCanGo) return paint.green('Drizzle can go.');
  return [
    paint.bold('Drizzle cannot go yet:'),
    ...verdict.obstacles.map(({ text }) => `- ${oneLine(text)}`),
  ].join('\n');
}

/** What a run has cost. */
function costOf({ woke: { rowsRead, rowsWritten }, cost }: RunStatus): string[] {
  if (rowsRead === null || rowsWritten === null || cost === null) return [];
  return [
    `Rows: ${count(rowsRead)} read, ${count(rowsWritten)} written. Cost by Cloudflare's prices: ${dollars(cost.total)}.`,
  ];
}

/** Whose instances go on without their names. */
function namelessOf({ nameless }: RunStatus): string[] {
  if (nameless.length === 0) return [];
  const whys = nameless.map(({ why, objects }) => `${count(objects)} ${STAYS[why]}`).join(', ');
  return [`Instances that know no name until the runtime ends them: ${whys}.`];
}

/** Who tracks the objects, and what the wakes did. */
function factsOf(status: RunStatus): string[] {
  const { mode, drizzle, woke, versions } = status;
  if (mode === 'preflight') return costOf(status);
  const tracked = (['0.x', '1.x'] as const).filter((form) => drizzle[form] > 0);
  const [newest] = versions.toReversed();
  return [
    tracked.length === 0
      ? `Drizzle tracks none of the ${count(drizzle.none)} that told.`
      : `Drizzle tracks ${tracked.map((form) => `${count(drizzle[form])} (${form})`).join(' and ')} of them.`,
    ...(versions.length > 1 && newest !== undefined
      ? [
          `Migrations in the ledger: ${versions
            .slice(-5)
            .toReversed()
            .map(({ migrations, objects }) => `${count(objects)} with ${migrations}`)
            .join(', ')}${versions.length > 5 ? ', and others with fewer' : ''}.`,
        ]
      : []),
    ...(woke.migrated > 0
      ? [
          `${counted(woke.migrated, 'object')} had something to do: ${counted(woke.adopted, 'migration')} adopted, ${count(woke.applied)} ran.`,
        ]
      : []),
    ...costOf(status),
    ...namelessOf(status),
  ];
}

/**
 * How a run stands.
 *
 * @param status the run; null before the first
 * @param place how the class is called
 */
export function statusToText(status: RunStatus | null, place: string): string {
  if (status === null) {
    return `${place}: there was no run yet. Begin one with \`npx drizzle-offramp fleet start\`.`;
  }
  const { run, mode, startedAt, finishedAt, now, perSecond, secondsLeft, state } = status;
  const took = duration(((finishedAt ?? now) - startedAt) / 1000);
  const left = state === 'running' && secondsLeft ? `, about ${duration(secondsLeft)} left` : '';
  const sections = [
    [
      `${paint.bold(oneLine(status.class))}  ${MODES[mode]} ${run}, ${stateOf(status)}: ${rangeOf(status)}, ${count(status.counts.listed)} listed`,
      `Began ${time(startedAt)} UTC, took ${took}${state === 'running' ? ' so far' : ''}: ${count(perSecond, perSecond < 10 ? 1 : 0)} objects a second${left}.`,
    ].join('\n'),
    status.trouble === undefined
      ? ''
      : paint.red(`It does not go on: ${oneLine(shorten(status.trouble))}`),
    statesOf(status),
    failuresOf(status),
    factsOf(status).join('\n'),
    verdictOf(status),
  ];
  return sections.filter((text) => text !== '').join('\n\n');
}

/**
 * Objects that failed, one after the other.
 *
 * @param failures the objects
 */
export const failuresToText = (failures: readonly Failure[]): string =>
  failures.length === 0
    ? 'No object has failed.'
    : failures
        .map(({ id, name, code, message, attempts }) =>
          [
            `${oneLine(name === null ? id : `${id}  ${name}`)}  ${paint.red(oneLine(code))}  tried ${attempts === 1 ? 'once' : `${attempts} times`}`,
            indent(oneLine(shorten(message))),
          ].join('\n'),
        )
        .join('\n');
