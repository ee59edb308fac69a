// The report as a page: what a person wants to know of a fleet, from "can Drizzle go" down to the single failure.
import type { Failure, FailureGroup, FleetReport, Outcome, RunStatus } from './protocol.ts';
import { adviceFor } from './report-advice.ts';
import { cut, foreign, html, type Markup } from './report-markup.ts';
import {
  bar,
  cellBar,
  key,
  milestones,
  type Point,
  type Slice,
  type Tone,
  timeline,
} from './report-pictures.ts';
import { STYLE } from './report-style.ts';
import {
  count,
  counted,
  dollars,
  doneOf,
  duration,
  MODES,
  OUTCOMES,
  percent,
  rangeOf,
  STAYS,
  time,
  WAITING,
} from './report-words.ts';

/** How much of what has no bound is shown. */
interface Detail {
  /** Codes of failures, and examples of each. */
  readonly groups: number;
  readonly examples: number;
  /** UTF-16 units of a message, and of a name. */
  readonly message: number;
  readonly name: number;
  /** Rows of a table. */
  readonly rows: number;
}

/** The page shows as much as fits, the most first. */
const DETAILS: readonly Detail[] = [
  { groups: 40, examples: 3, message: 500, name: 120, rows: 25 },
  { groups: 25, examples: 3, message: 200, name: 60, rows: 20 },
  { groups: 15, examples: 1, message: 100, name: 40, rows: 12 },
  { groups: 8, examples: 1, message: 60, name: 20, rows: 6 },
];

/** A page is smaller than this, in bytes. */
const MOST_BYTES = 100_000;

/** How much of a code, of a class's name and of an obstacle's text is shown. */
const CODE = 60;
const TEXT = 600;

/** How much of a range is shown: two ids are longer. */
const TEXT_OF_RANGE = 40;

/** How much of a fingerprint is shown: enough to tell two apart. */
const SHORT = 12;

const TONES: Readonly<Record<Outcome, Tone>> = {
  'up-to-date': 'good',
  migrates: 'good',
  nothing: 'calm',
  ahead: 'other',
  woken: 'calm',
  empty: 'none',
};

const WAITING_TONES = { later: 'wait', again: 'calm', open: 'none' } as const;

const titleOf = ({ mode }: Pick<RunStatus, 'mode'>): string =>
  MODES[mode].replace(/^./, (letter) => letter.toUpperCase());

const stateOf = ({ state, stoppedBy }: Pick<RunStatus, 'state' | 'stoppedBy'>): string => {
  if (state !== 'stopped') return state === 'done' ? 'done' : 'under way';
  return stoppedBy === 'failures' ? 'stopped by itself, as too many failed' : 'stopped';
};

/** Whether the objects can say that they are up to date. */
const tells = ({ mode, counts: { outcomes } }: RunStatus): boolean =>
  mode !== 'preflight' && (outcomes.woken === 0 || outcomes['up-to-date'] > 0);

/** Which objects the line over time counts, and of how many. */
function measured(run: RunStatus): { label: string; objects: number; whole: number } {
  const { counts } = run;
  return tells(run)
    ? {
        label: 'Up to date',
        objects: counts.outcomes['up-to-date'],
        whole: counts.listed - counts.outcomes.empty,
      }
    : { label: 'Through', objects: doneOf(run.counts), whole: counts.listed };
}

const section = (id: string, title: string, body: readonly Markup[]): Markup =>
  html`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>
${body}</section>
`;

/** A cell: a number stands to the right. */
const cell = (value: Markup | string | number): Markup =>
  typeof value === 'number' ? html`<td class="n">${count(value)}</td>` : html`<td>${value}</td>`;

function table(
  caption: string,
  head: readonly string[],
  rows: readonly (readonly [Markup | string, ...(Markup | string | number)[]])[],
): Markup {
  const isNumber = (column: number): boolean => column > 0 && typeof rows[0]?.[column] === 'number';
  const heads = head.map((name, i) =>
    isNumber(i) ? html`<th scope="col" class="n">${name}</th>` : html`<th scope="col">${name}</th>`,
  );
  const lines = rows.map(
    ([first, ...others]) => html`<tr><th scope="row">${first}</th>${others.map(cell)}</tr>
`,
  );
  return html`<table><caption>${caption}</caption><thead><tr>${heads}</tr></thead>
<tbody>${lines}</tbody></table>
`;
}

/** A table that is moved sideways on its own where the window is narrow, by keys too. */
const wideTable: typeof table = (caption, head, rows) =>
  html`<section class="wide" aria-label="${caption}" tabindex="0">${table(caption, head, rows)}</section>
`;

/** A bar with the table of its parts. */
function shares(label: string, caption: string, head: string, slices: readonly Slice[]): Markup {
  const shown = slices.filter(({ objects }) => objects > 0);
  const whole = shown.reduce((sum, { objects }) => sum + objects, 0);
  if (shown.length === 0) return html`<p>No object yet.</p>`;
  return html`<figure>${bar(label, shown)}${table(
    caption,
    [head, 'Objects', 'Share'],
    shown.map(({ label: name, objects, tone }) => [
      html`${key(tone)}${name}`,
      objects,
      percent(objects, whole),
    ]),
  )}</figure>`;
}

function verdictOf({ run }: FleetReport): Markup {
  const { verdict, counts, state } = run;
  const box = (isYes: boolean, title: string, body: Markup): Markup =>
    html`<section class="verdict${isYes ? ' yes' : ''}" aria-labelledby="verdict"><h2 id="verdict">${title}</h2>
${body}</section>
`;
  if (verdict === null) {
    const { failed } = counts;
    const through = doneOf(run.counts);
    if (failed > 0) {
      return box(
        false,
        `The migrations would fail in ${counted(failed, 'object')}`,
        html`<p>Of ${count(through)} that were tried. What the migrations did was rolled back. Below stands why they failed, and what to do.</p>`,
      );
    }
    const isDone = state === 'done' && counts.later + counts.again + counts.open === 0;
    return box(
      isDone,
      isDone ? 'The migrations would go well' : 'No object has failed so far',
      html`<p>${count(through)} of ${counted(counts.listed, 'object')} ran them on their own rows and rolled back.</p>`,
    );
  }
  if (verdict.drizzleCanGo) {
    return box(
      true,
      'Drizzle can go: yes',
      html`<p>A run over all objects, begun after the deploy had settled, found each one with data up to date with this code. Drizzle tracks none of them, none failed, and another listing found no other object.</p>`,
    );
  }
  const items = verdict.obstacles.map(
    ({ text }) => html`<li>${cut(text, TEXT)}</li>
`,
  );
  return box(
    false,
    'Drizzle can go: no, not yet',
    html`<p>What stands in the way:</p><ul>${items}</ul>`,
  );
}

/** What keeps the run from going on. */
const troubleOf = ({ trouble }: RunStatus): Markup =>
  trouble === undefined
    ? html``
    : html`<p><strong>It does not go on:</strong> ${foreign(trouble, TEXT)}</p>
`;

function factsOf(run: RunStatus): Markup {
  const { counts, perSecond, secondsLeft, state, startedAt, finishedAt, now } = run;
  const { label, objects, whole } = measured(run);
  const facts: [string, string][] = [
    ['Objects listed', count(counts.listed)],
    [label, percent(objects, whole)],
    ['Failed', count(counts.failed)],
    ['Left', count(counts.open + counts.again + counts.later)],
    ['Took so far', duration(((finishedAt ?? now) - startedAt) / 1000)],
    ['Objects a second', count(perSecond, perSecond < 10 ? 1 : 0)],
  ];
  if (state === 'running' && secondsLeft !== null) facts.push(['Time left', duration(secondsLeft)]);
  return html`<dl class="facts">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
`;
}

function overTime({ run, samples }: FleetReport): Markup {
  const { label, objects, whole } = measured(run);
  const isUpToDate = tells(run);
  const points: Point[] = samples.map(({ at, upToDate, through, failed }) => ({
    at,
    objects: isUpToDate ? upToDate : through,
    failed,
  }));
  const end = run.finishedAt ?? run.now;
  if ((points.at(-1)?.at ?? 0) < end) points.push({ at: end, objects, failed: run.counts.failed });
  if ((points[0]?.at ?? 0) > run.startedAt) {
    points.unshift({ at: run.startedAt, objects: 0, failed: 0 });
  }
  const of = isUpToDate ? `${counted(whole, 'object')} with data` : counted(whole, 'object');
  const title = `${label} over time`;
  if (points.length < 2) {
    return section('time', title, [html`<p>There is too little to draw yet.</p>`]);
  }
  const failed =
    run.counts.failed > 0
      ? html` Those that failed are the dashed line: ${percent(run.counts.failed, whole)}.`
      : html``;
  const steps = milestones(points, whole);
  return section('time', title, [
    html`<figure>${timeline(label, points, whole)}<figcaption>${count(objects)} of ${of}: ${percent(objects, whole)}.${failed} Times are in UTC.</figcaption></figure>
`,
    steps.length === 0
      ? html`<p>Not a quarter of them yet.</p>`
      : table(
          `When a share of the objects was ${isUpToDate ? 'up to date' : 'through'} (UTC)`,
          ['Share', 'Reached', 'Objects'],
          steps.map(({ share, at, objects: reached }) => [share, time(at), reached]),
        ),
  ]);
}

function byState({ counts }: RunStatus): Markup {
  const slices: Slice[] = [
    ...OUTCOMES.map(([outcome, label]) => ({
      label,
      objects: counts.outcomes[outcome],
      tone: TONES[outcome],
    })),
    { label: 'failed', objects: counts.failed, tone: 'bad' },
    ...WAITING.map(([field, label]) => ({
      label,
      objects: counts[field],
      tone: WAITING_TONES[field],
    })),
  ];
  return section('states', 'By state', [
    shares('Objects by state', 'Objects by state', 'State', slices),
  ]);
}

function byTracker({ drizzle }: RunStatus): Markup {
  const slices: Slice[] = [
    { label: 'not tracked by Drizzle', objects: drizzle.none, tone: 'good' },
    { label: "Drizzle 0.x's ledger is there", objects: drizzle['0.x'], tone: 'wait' },
    { label: "Drizzle 1.x's ledger is there", objects: drizzle['1.x'], tone: 'other' },
    { label: 'could not be asked', objects: drizzle.unknown, tone: 'none' },
  ];
  return section('trackers', 'Who tracks them', [
    shares('Who tracks the objects', 'Objects by who tracks them', 'Tracked', slices),
  ]);
}

/** The most frequent versions, in the order of versions, and the others as one. */
function versionsOf(run: RunStatus, { rows }: Detail): Markup {
  const { versions } = run;
  if (versions.length === 0) {
    return section('versions', 'Versions', [
      html`<p>No object has told how many migrations it has.</p>`,
    ]);
  }
  const shown = versions
    .toSorted((a, b) => b.objects - a.objects)
    .slice(0, rows)
    .sort((a, b) => b.migrations - a.migrations);
  const rest = versions.length - shown.length;
  const whole = versions.reduce((sum, { objects }) => sum + objects, 0);
  const others = whole - shown.reduce((sum, { objects }) => sum + objects, 0);
  const most = Math.max(others, ...shown.map(({ objects }) => objects));
  return section('versions', 'Versions', [
    table(
      'Objects by how many migrations they have',
      ['Migrations', 'Objects', 'Share', 'Bar'],
      [
        ...shown.map(
          ({ migrations, objects }) =>
            [count(migrations), objects, percent(objects, whole), cellBar(objects, most)] as const,
        ),
        ...(rest > 0
          ? [[`${rest} others`, others, percent(others, whole), cellBar(others, most)] as const]
          : []),
      ],
    ),
  ]);
}

/** What a shell takes as one word, and as nothing else: these lines are copied into one. */
const PLAIN = /^[\w-]+$/;

/** The commands that look into a failed object, and that retry those with its code. */
function commandsFor(run: RunStatus, code: string, examples: readonly Failure[]): Markup {
  const { class: name, mode } = run;
  const [first] = examples;
  if (first === undefined || ![name, code, first.id].every((word) => PLAIN.test(word))) {
    return html``;
  }
  const retry = html` Once it is put right: <code>npx drizzle-offramp fleet retry --class ${name} --code ${code}</code>`;
  return html`<p>Look into one: <code>npx drizzle-offramp object ${name} ${first.id}</code>${mode === 'preflight' ? '' : retry}</p>
`;
}

function failureGroup(run: RunStatus, group: FailureGroup, detail: Detail): Markup {
  const { code, objects, examples } = group;
  const shown = examples.slice(0, detail.examples);
  const items = shown.map(
    ({
      id,
      name: called,
      message,
      at,
      attempts,
    }) => html`<li><span class="id">${cut(id, 64)}</span>${
      called === null ? html`` : html`, called ${foreign(called, detail.name)}`
    }, at ${time(at)} UTC, tried ${attempts === 1 ? 'once' : `${count(attempts)} times`}:<br><span class="message">${foreign(message, detail.message)}</span></li>
`,
  );
  return html`<h3>${foreign(code, CODE)}: ${counted(objects, 'object')}</h3>
<p>${adviceFor(code)}</p>
<ul class="examples">${items}</ul>
${commandsFor(run, code, shown)}`;
}

function failuresOf(run: RunStatus, detail: Detail): Markup {
  const { failures, counts } = run;
  if (failures.length === 0) {
    return section('failures', 'Failures', [html`<p>No object has failed.</p>`]);
  }
  const shown = failures.slice(0, detail.groups);
  const others = failures.slice(detail.groups);
  const left = others.reduce((sum, { objects }) => sum + objects, 0);
  return section('failures', 'Failures', [
    table(
      'Failed objects by code',
      ['Code', 'Objects', 'Share of the failed'],
      [
        ...shown.map(
          ({ code, objects }) =>
            [foreign(code, CODE), objects, percent(objects, counts.failed)] as const,
        ),
        ...(others.length > 0
          ? [
              [
                `${counted(others.length, 'other code')}`,
                left,
                percent(left, counts.failed),
              ] as const,
            ]
          : []),
      ],
    ),
    ...shown.map((group) => failureGroup(run, group, detail)),
  ]);
}

function costs({ run, cost }: FleetReport): Markup {
  const { woke, nameless } = run;
  const told = (rows: number | null): string => (rows === null ? 'not told' : count(rows));
  const rows = table(
    'What the objects did when they were woken',
    ['What', 'How many'],
    [
      ['Objects that had something to do', count(woke.migrated)],
      ['Migrations adopted', count(woke.adopted)],
      ['Migrations that ran', count(woke.applied)],
      ['Rows read', told(woke.rowsRead)],
      ['Rows written', told(woke.rowsWritten)],
      ...nameless.map(
        ({ why, objects }) =>
          [`Instances that know no name: ${STAYS[why]}`, count(objects)] as const,
      ),
    ],
  );
  if (cost === null) {
    return section('cost', 'Rows and cost', [
      rows,
      html`<p>What it cost is not known, as no object told how many rows it read and wrote.</p>`,
    ]);
  }
  return section('cost', 'Rows and cost', [
    rows,
    table(
      "Cost by Cloudflare's list prices, without what a plan includes",
      ['For', 'US dollars'],
      [
        ['Rows written', dollars(cost.rowsWritten)],
        ['Rows read', dollars(cost.rowsRead)],
        ['Requests', dollars(cost.requests)],
        ['Duration', dollars(cost.duration)],
        ['Queue', dollars(cost.queue)],
        [html`<strong>Together</strong>`, html`<strong>${dollars(cost.total)}</strong>`],
      ],
    ),
    html`<p class="soft">An estimate. A class that cannot hibernate stays billed for a minute or two after each wake, which is not in it.</p>`,
  ]);
}

function runsOf({ runs }: FleetReport, { rows }: Detail): Markup {
  if (runs.length === 0) return html``;
  const shown = runs.slice(-rows).reverse();
  const lines = shown.map((run) => {
    const seconds = run.finishedAt === null ? null : (run.finishedAt - run.startedAt) / 1000;
    return [
      String(run.run),
      titleOf(run),
      rangeIn(run),
      stateOf(run),
      time(run.startedAt),
      seconds === null ? '–' : duration(seconds),
      run.counts.listed,
      run.counts.failed,
      run.drizzleCanGo === null ? '–' : run.drizzleCanGo ? 'yes' : 'no',
    ] as const;
  });
  const heads = ['Run', 'What', 'Part', 'State', 'Began (UTC)', 'Took', 'Objects', 'Failed'];
  return section('runs', 'Runs', [
    wideTable(
      runs.length > shown.length
        ? `The last ${shown.length} of ${count(runs.length)} runs, the newest first`
        : 'All runs, the newest first',
      [...heads, 'Drizzle can go'],
      lines,
    ),
  ]);
}

/** Which objects a run is about, with the start of an id only. */
const rangeIn = (run: Pick<RunStatus, 'range'>): string => cut(rangeOf(run), TEXT_OF_RANGE);

function howItRan(run: RunStatus, { rows }: Detail): Markup {
  const { options, listings, fingerprint, fingerprints, deployedAt } = run;
  const { maxFailures, rate } = options;
  const short = (text: string | null): Markup =>
    text === null ? html`not given` : html`<code>${cut(text, SHORT)}</code>`;
  const last = listings
    .slice(-rows)
    .map(
      ({ listing, objects, found, startedAt, completeAt }) =>
        [
          String(listing),
          objects,
          found,
          time(startedAt),
          completeAt === null ? 'not yet' : time(completeAt),
        ] as const,
    );
  return section('how', 'How it ran', [
    table(
      'Options',
      ['What', 'Value'],
      [
        ['Objects', rangeIn(run)],
        ['Engine', options.engine],
        ['Objects in a page', count(options.pageSize)],
        ['At the same time', `${count(options.concurrency)} at most`],
        ['Objects a second', rate === null ? 'no limit' : `${count(rate)} at most`],
        [
          'Stops by itself',
          maxFailures === null
            ? 'never'
            : `above ${(maxFailures.share * 100).toFixed(1)} % and ${counted(maxFailures.count, 'object')} that failed`,
        ],
        ['Fingerprint of the code', short(fingerprint)],
        [
          'Fingerprints that answered',
          fingerprints.length === 0
            ? 'none'
            : html`${fingerprints
                .slice(0, 5)
                .map(
                  ({ fingerprint: one, objects }, i) =>
                    html`${i > 0 ? ', ' : ''}${short(one)} (${count(objects)})`,
                )}${fingerprints.length > 5 ? ` and ${count(fingerprints.length - 5)} more` : ''}`,
        ],
        ['Deployed (UTC)', deployedAt === null ? 'not known' : time(deployedAt)],
      ],
    ),
    last.length === 0
      ? html`<p>Nothing was listed yet.</p>`
      : wideTable(
          'Listings (UTC)',
          ['Listing', 'Objects', 'Found anew', 'Began', 'Complete'],
          last,
        ),
  ]);
}

function render(report: FleetReport, detail: Detail): string {
  const { run, at } = report;
  const name = cut(report.class, CODE);
  const title = `Fleet of ${name}: ${MODES[run.mode]} ${run.run}, ${stateOf(run)}`;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title>
`.text.concat(`<style>${STYLE}</style>\n</head>\n`);
  const body = html`<body>
<main>
<h1>Fleet of ${foreign(report.class, CODE)}</h1>
<p class="soft">${titleOf(run)} ${run.run}, ${stateOf(run)}: ${rangeIn(run)}. As of ${time(at)} UTC.</p>
${troubleOf(run)}${verdictOf(report)}${factsOf(run)}${overTime(report)}${byState(run)}${failuresOf(run, detail)}${run.mode === 'preflight' ? html`` : html`${byTracker(run)}${versionsOf(run, detail)}`}${costs(report)}${runsOf(report, detail)}${howItRan(run, detail)}</main>
</body>
</html>
`.text;
  return page + body;
}

/**
 * The report as one page of HTML, without script and without an address outside. It is below 100 KB, however large the
 * fleet: where more would stand on it, messages are cut and what is rare is left out.
 *
 * @param report what the ledger says
 * @returns the whole document
 */
export function renderReport(report: FleetReport): string {
  let page = '';
  for (const detail of DETAILS) {
    page = render(report, detail);
    if (new TextEncoder().encode(page).length < MOST_BYTES) break;
  }
  return page;
}
