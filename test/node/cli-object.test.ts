// The command `object` against the example's Worker, with inboxes in which something is wrong.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readFolder } from '../../src/cli/folder.ts';
import { toRepair, toWords } from '../../src/cli/object/repair.ts';
import { inspectionToText } from '../../src/cli/object/report.ts';
import type { InspectAnswer, Repair, Stays } from '../../src/object/commands.ts';
import type { Run } from './command.ts';
import { runCommand } from './in-process.ts';
import { startRefused, TOKEN } from './refused-objects.ts';
import { abridged, splitCommand, transcriptsOf, writeTranscripts } from './transcripts.ts';

/** In milliseconds: runtimes start slowly where others are at work. */
const SLOW = 60_000;

const temporary = mkdtempSync(join(tmpdir(), 'drizzle-offramp-object-'));
const root = join(import.meta.dirname, '../..');
const project = join(temporary, 'project');
let worker: Awaited<ReturnType<typeof startRefused>>;
beforeAll(async () => {
  writeProject(project);
  process.chdir(project);
  worker = await startRefused(join(temporary, 'storage'));
}, SLOW);
afterAll(async () => {
  process.chdir(root);
  await worker.stop();
  rmSync(temporary, { recursive: true, force: true });
}, SLOW);

/** As wide as a page of the manual. */
const ENV = { COLUMNS: '110', DRIZZLE_OFFRAMP_TOKEN: TOKEN };

/** Runs the command against the Worker. */
const object = (...args: string[]): Promise<Run> =>
  runCommand(ENV, 'object', ...args, '--url', worker.url);

/** A project as a team has it, with a migration that is not deployed yet, and another draft of it. */
function writeProject(folder: string): void {
  const drizzle = join(folder, 'drizzle');
  cpSync(join(root, 'drizzle'), drizzle, { recursive: true });
  const journal = JSON.parse(readFileSync(join(drizzle, 'meta/_journal.json'), 'utf8'));
  const when = Date.UTC(2026, 10, 24, 9, 30);
  journal.entries.push({ idx: 11, version: '6', when, tag: '0011_priority', breakpoints: true });
  writeFileSync(join(drizzle, 'meta/_journal.json'), JSON.stringify(journal));
  writeFileSync(
    join(drizzle, '0011_priority.sql'),
    'ALTER TABLE `conversations` ADD `priority` integer NOT NULL;',
  );
  const record = Object.fromEntries(
    readFolder(drizzle).migrations.map(({ idx, tag, when, sql }) => [
      `m${String(idx).padStart(4, '0')}`,
      { tag, when, sql: idx === 11 ? CLOSED : sql },
    ]),
  );
  mkdirSync(join(folder, 'src'));
  writeFileSync(join(folder, 'src/migrations.ts'), `export default ${JSON.stringify(record)};\n`);
}

/** Deletes rows that others refer to, while a rebuild has foreign keys disabled. */
const CLOSED = `PRAGMA foreign_keys=OFF;
  DELETE FROM conversations WHERE status = 'closed';
  PRAGMA foreign_keys=ON;`;

/** Waits until an object is built anew: the instance that was repaired ends once its answer has left. */
async function rebuilt(className: string, name: string): Promise<void> {
  const { stdout } = await object(className, name, '--json');
  if (JSON.parse(stdout).answer?.built !== true) await rebuilt(className, name);
}

/** What the manual shows: as for the default address, and without the times of now. */
const asShown = (text: string): string =>
  text
    .replaceAll(` --url ${worker.url}`, '')
    .replaceAll(/(?<!\()\d{4}-\d\d-\d\dT[\d:.]+Z/g, '2026-11-25T03:12:08.114Z')
    .replaceAll(/(applied_at\s+)\d{13}/g, '$11795575928114')
    .trimEnd();

describe('an object', { timeout: SLOW }, () => {
  it('is told as JSON, by its name', async () => {
    const { status, stdout, stderr } = await object('INBOX', 'birch', '--json');
    expect([status, stderr]).toEqual([1, '']);
    expect(JSON.parse(stdout)).toMatchObject({
      version: 1,
      url: worker.url,
      class: 'INBOX',
      name: 'birch',
      do: 'inspect',
      answer: { state: 'refused', built: false, refusal: { code: 'UNKNOWN_ROW' } },
    });
  });

  it('is asked where the environment says, and its commands then name no address', async () => {
    const env = { ...ENV, DRIZZLE_OFFRAMP_URL: `${worker.url}/` };
    const found = await runCommand(env, 'object', 'INBOX', 'birch');
    expect([found.status, found.stderr]).toEqual([1, '']);
    expect(found.stdout).toContain(
      '\n  npx drizzle-offramp object INBOX birch repair forget --created-at 1795375424000\n',
    );

    const wrong = { ...ENV, DRIZZLE_OFFRAMP_URL: 'http://localhost:9' };
    const named = await runCommand(wrong, 'object', 'INBOX', 'birch', '--url', worker.url);
    expect([named.status, named.stderr]).toEqual([1, '']);
    expect(named.stdout).toContain(
      ` birch repair forget --created-at 1795375424000 --url ${worker.url}\n`,
    );
  });

  it('is found by its id too, and by a name that looks like one', async () => {
    const { stdout } = await object('INBOX', 'acme', 'inspect', '--json');
    const { id } = JSON.parse(stdout).answer;
    const byId = JSON.parse((await object('INBOX', id.toUpperCase(), '--json')).stdout);
    expect(byId).toMatchObject({ id, answer: { id, state: 'up-to-date' } });
    const byName = JSON.parse((await object('INBOX', id, '--name', '--json')).stdout);
    expect(byName).toMatchObject({ name: id, answer: { state: 'empty' } });
    expect(byName.answer.id).not.toBe(id);

    const noId = await object('INBOX', 'acme', '--id');
    expect(noId).toMatchObject({ status: 2, stdout: '' });
    expect(noId.stderr).toMatch(/^error: INBOX acme: \[INVALID_ID\] /);
  });

  it('is said to go on without its name, where it does', async () => {
    const { stdout } = await object('INBOX', 'acme', '--json');
    const answer: InspectAnswer = JSON.parse(stdout).answer;
    expect(answer.instance.stays).toBe('not-asked');
    const text = (name: string | null, stays: Stays | null): string =>
      inspectionToText({ ...answer, name, instance: { ...answer.instance, stays } }, {
        title: 'INBOX acme',
        command: 'npx drizzle-offramp object INBOX acme',
      } as never);
    const line = 'It was woken by its id, and goes on without its name';
    expect(text(null, 'used')).toContain(`\n${line} (used).\n`);
    for (const [name, stays] of [
      ['acme', 'not-asked'],
      [null, null],
      [null, 'refused'],
    ] as const) {
      expect(text(name, stays)).not.toContain(line);
    }
  });

  it('has a history and a preflight of its own code', async () => {
    const history = await object('INBOX', 'acme', 'history', '--json');
    const { rows, repairs } = JSON.parse(history.stdout).answer;
    expect([rows.length, rows[10].tag, repairs]).toEqual([11, '20261122192350_external_ids', []]);

    const well = await object('INBOX', 'acme', 'preflight');
    expect(well.status).toBe(0);
    expect(well.stdout).toMatch(
      /^INBOX acme {2}has nothing to do\nTried on its rows and rolled back: the migrations of the code that answers, /,
    );
    const bad = await object('INBOX', 'indigo', 'preflight', '--json');
    expect(bad.status).toBe(1);
    expect(JSON.parse(bad.stdout).answer).toMatchObject({
      outcome: 'refused',
      error: { code: 'NOT_A_LEDGER' },
    });
  });

  it.each([
    ['a class that there is not', ['NOBODY', 'acme'], 'NOBODY acme: [UNKNOWN_CLASS] '],
    [
      'an action that there is not',
      ['INBOX', 'acme', 'mend'],
      'object: there is no mend. It takes inspect, history, preflight, repair.',
    ],
    ['too much', ['INBOX', 'acme', 'history', 'all'], 'history: it takes no all.'],
    [
      'both --name and --id',
      ['INBOX', 'acme', '--name', '--id'],
      'Pass either --name or --id, not both.',
    ],
    [
      'a name that no address can have',
      ['INBOX', '..'],
      '".." can be no part of an address. Name the object by its id.',
    ],
    [
      'an option of another action',
      ['INBOX', 'acme', 'inspect', '--yes'],
      '--yes is for repair, not for inspect.',
    ],
    [
      'no kind',
      ['INBOX', 'acme', 'repair'],
      'repair: it takes one of forget, mark-applied, mark-unapplied, accept.',
    ],
    ['another kind', ['INBOX', 'acme', 'repair', 'mend'], 'repair mend: it takes one of forget, '],
    [
      'no row',
      ['INBOX', 'acme', 'repair', 'forget'],
      'repair forget: name the row with --created-at <milliseconds>, ',
    ],
    [
      'a migration to forget',
      ['INBOX', 'acme', 'repair', 'forget', 'm0001'],
      'repair forget m0001: a row is named with ',
    ],
    [
      'a time that is none',
      ['INBOX', 'acme', 'repair', 'forget', '--created-at', 'noon'],
      '--created-at noon: it takes a whole number.',
    ],
    [
      'no migration',
      ['INBOX', 'acme', 'repair', 'accept'],
      'repair accept: name the migration, by its key (m0007) or its tag.',
    ],
    [
      'two migrations',
      ['INBOX', 'acme', 'repair', 'accept', 'm0001', 'm0002'],
      'repair accept: there is more than it takes: m0002.',
    ],
    [
      'a row and a migration',
      ['INBOX', 'acme', 'repair', 'accept', 'm0001', '--version', '1'],
      'repair accept: it is about a migration. ',
    ],
    [
      'no reason',
      ['INBOX', 'acme', 'repair', 'accept', 'm0001', '--yes'],
      'repair --yes: say why with --reason. ',
    ],
    [
      'a blank reason',
      ['INBOX', 'acme', 'repair', 'accept', 'm0001', '--yes', '--reason', ' '],
      'repair --yes: say why with --reason. ',
    ],
    ['no migrations', ['INBOX', 'acme', 'preflight', '--migrations', 'nowhere.ts'], 'nowhere.ts: '],
  ])('is not asked with %s', async (_, args, message) => {
    const { status, stdout, stderr } = await object(...args);
    expect([status, stdout, stderr.replaceAll(/\s+/g, ' ').slice(0, message.length + 7)]).toEqual([
      2,
      '',
      `error: ${message}`,
    ]);
  });

  it('is sent no functions and nothing that the runtime refuses', async () => {
    writeFileSync('functions.ts', 'export default { m0000: () => {} };');
    writeFileSync('gap.ts', "export default { m0001: 'SELECT 1' };");
    const functions = await object('INBOX', 'acme', 'preflight', '--migrations', 'functions.ts');
    expect(functions.status).toBe(2);
    expect(functions.stderr).toMatch(
      /^error: functions\.ts: it has functions that are no migrations, which cannot be sent\./,
    );
    const gap = await object('INBOX', 'acme', 'preflight', '--migrations', 'gap.ts');
    expect(gap.status).toBe(2);
    expect(gap.stderr).toMatch(/^error: gap\.ts: \[KEY_GAP\] /);
  });
});

describe('a repair that does not fit', { timeout: SLOW }, () => {
  it('is refused, changes nothing, and tells what fits', async () => {
    const before = (await object('INBOX', 'birch', 'history', '--json')).stdout;
    const args = [
      'INBOX',
      'birch',
      'repair',
      'forget',
      '--created-at',
      '1',
      '--reason',
      'x',
      '--yes',
    ];
    const { status, stdout, stderr } = await object(...args);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^error: INBOX birch: \[INVALID_REPAIR\] [\s\S]*There is no such row\./);
    expect(stderr).toContain('1795375424000');

    const told = await object(...args, '--json');
    expect([told.status, told.stderr]).toEqual([1, '']);
    expect(JSON.parse(told.stdout).error).toMatchObject({ code: 'INVALID_REPAIR' });
    expect((await object('INBOX', 'birch', 'history', '--json')).stdout).toBe(before);
  });
});

describe('without an answer', { timeout: SLOW }, () => {
  /** A server that is not the Worker, and what it was asked. */
  async function answering(
    status: number,
    headers: Record<string, string>,
    body: string,
  ): Promise<{ result: Run; asked: string[]; url: string }> {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url} ${request.headers.authorization}`);
      response.writeHead(status, headers).end(body);
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const result = await runCommand(ENV, 'object', 'INBOX', 'a b/c', '--url', `${url}/`);
    await new Promise((resolve) => {
      server.close(resolve);
    });
    return { result, asked, url };
  }
  const line = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

  it.each([
    [404, 'Not found'],
    [200, '<!doctype html><title>The app</title>'],
    [200, '{"state":'],
    [401, '{"error":"no"}'],
  ])('of the route, it says what that can be: %i %s', async (status, body) => {
    const { result, asked, url } = await answering(status, {}, body);
    expect(asked).toEqual([`POST /__migrations/INBOX/name/a%20b%2Fc Bearer ${TOKEN}`]);
    expect([result.status, result.stdout]).toEqual([2, '']);
    expect(line(result.stderr)).toBe(
      `error: ${url}/__migrations answers ${status}, as for a path that is not there: the route is not there, or the token ` +
        "is another one. Which of the two is not told to anyone. Does the Worker's fetch call migrationsRoute first, at " +
        '/__migrations? Does its secret have the value of DRIZZLE_OFFRAMP_TOKEN (locally it stands in .dev.vars)?',
    );
  });

  it('but a redirect, it does not follow it with the token', async () => {
    const to = 'https://login.example.com/access?next=secret';
    const { result, asked, url } = await answering(302, { Location: to }, '');
    expect(asked).toHaveLength(1);
    expect([result.status, line(result.stderr)]).toEqual([
      2,
      `error: ${url}/__migrations answers with a redirect to https://login.example.com/access, and the token was not sent ` +
        'there. Name the address that answers with --url. If it is the page of a login, that stands before the Worker.',
    ]);
  });

  it('but a failure, it repeats nothing of the page', async () => {
    const { result, url } = await answering(500, {}, `<pre>authorization: Bearer ${TOKEN}</pre>`);
    expect([result.status, line(result.stderr)]).toEqual([
      2,
      `error: ${url}/__migrations answers 500, and it was not the route that answered: the Worker itself failed. See what ` +
        'it logs (`wrangler dev`, `wrangler tail`).',
    ]);
  });

  it('of anything, it says why', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => {
      server.close(resolve);
    });
    const url = `http://127.0.0.1:${port}`;
    const { status, stderr } = await runCommand(ENV, 'object', 'INBOX', 'acme', '--url', url);
    expect([status, line(stderr)]).toEqual([
      2,
      `error: ${url} does not answer: connect ECONNREFUSED 127.0.0.1:${port}. Start \`wrangler dev\`, or name another ` +
        'address with --url.',
    ]);
  });

  it.each([
    ['not set', '', 'DRIZZLE_OFFRAMP_TOKEN is not set. '],
    ['of two lines', 'one\ntwo', 'DRIZZLE_OFFRAMP_TOKEN has a character that no header can have, '],
  ])('as the token is %s, nothing is asked', async (_, token, message) => {
    const env = { ...ENV, DRIZZLE_OFFRAMP_TOKEN: token };
    const { status, stderr } = await runCommand(env, 'object', 'INBOX', 'acme');
    expect([status, stderr.slice(0, message.length + 7)]).toEqual([2, `error: ${message}`]);
    expect(stderr).not.toContain('two');
  });

  it.each([
    [
      'inbox.example.com',
      'it takes an address, such as https://inbox.example.com or http://localhost:8787.',
    ],
    [
      'ftp://inbox.example.com',
      'it takes an address, such as https://inbox.example.com or http://localhost:8787.',
    ],
    ['http://inbox.example.com', 'the token would be readable on the way. Use https://.'],
    ['http://localhost.example.com', 'the token would be readable on the way. Use https://.'],
  ])('the token is not sent to %s', async (url, message) => {
    const { status, stderr } = await runCommand(ENV, 'object', 'INBOX', 'acme', '--url', url);
    expect([status, line(stderr)]).toEqual([2, `error: --url ${url}: ${message}`]);
  });

  it('a password in the address is not repeated', async () => {
    const url = 'https://ann:hunter2@inbox.example.com';
    const { status, stderr } = await runCommand(ENV, 'object', 'INBOX', 'acme', '--url', url);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^error: --url: it takes an address alone, /);
    expect(stderr).not.toContain('hunter2');
  });

  it('with another token than the Worker has, nothing is to be learnt', async () => {
    const env = { ...ENV, DRIZZLE_OFFRAMP_TOKEN: 'open-barley' };
    const run = (...args: string[]) =>
      runCommand(env, 'object', ...args, '--url', worker.url).then(({ stderr }) => stderr);
    const known = await run('INBOX', 'birch');
    expect(known).toContain('answers 404');
    expect(await run('NOBODY', 'birch')).toBe(known);
    expect(await run('INBOX', 'nobody', 'history')).toBe(known);
  });
});

describe('a repair in words', () => {
  const REPAIRS: [words: string, repair: Repair][] = [
    ['repair mark-applied m0007', { kind: 'mark-applied', migration: 'm0007' }],
    [
      'repair accept 20261122192350_external_ids',
      { kind: 'accept', migration: '20261122192350_external_ids' },
    ],
    ['repair forget --version 3', { kind: 'forget', version: 3 }],
    ['repair forget --created-at 1795375424000', { kind: 'forget', created_at: 1795375424000 }],
    ['repair forget --created-at none', { kind: 'forget', created_at: null }],
    ['repair forget --tag none', { kind: 'forget', tag: null }],
    [
      "repair forget --created-at 5 --tag 'it'\\''s $here'",
      { kind: 'forget', created_at: 5, tag: "it's $here" },
    ],
  ];

  it.each(REPAIRS)('%s', (words, repair) => {
    expect(toWords(repair)).toBe(words);
  });

  it('says what a row lacks only where nothing else tells it', () => {
    expect(toWords({ kind: 'forget', created_at: 5, tag: null })).toBe(
      'repair forget --created-at 5',
    );
    expect(toWords({ kind: 'forget', created_at: null, tag: 'a' })).toBe('repair forget --tag a');
    expect(toWords({ kind: 'forget', created_at: null, tag: null })).toBe(
      'repair forget --created-at none --tag none',
    );
  });

  it('is read as it is written', () => {
    expect(toRepair(['forget'], { createdAt: '1795375424000.0', tag: 'none' })).toEqual({
      kind: 'forget',
      created_at: 1795375424000,
      tag: null,
    });
    expect(toRepair(['forget'], { version: '0' })).toEqual({ kind: 'forget', version: 0 });
    expect(toRepair(['mark-unapplied', 'm0007'], {})).toEqual({
      kind: 'mark-unapplied',
      migration: 'm0007',
    });
  });
});

describe('the runbook', { timeout: SLOW }, () => {
  const page = 'docs/operate/refused.md';

  it('starts with what is in the log', async () => {
    await object('INBOX', 'birch');
    const [, line] =
      /`(drizzle-offramp: [\w ]+): Inbox .*\[UNKNOWN_ROW\] …`/.exec(
        readFileSync(join(root, page), 'utf8'),
      ) ?? [];
    // A bundler that does not keep names, as wrangler does, may number them.
    const logged = new RegExp(`^${line}: Inbox2? [0-9a-f]{64} \\(birch\\)\\. \\[UNKNOWN_ROW\\] `);
    expect(worker.logged.filter((one) => logged.test(one))).not.toEqual([]);
  });

  it('and the alerts filter by lines that are logged', async () => {
    await object('INBOX', 'grove');
    const alerts = readFileSync(join(root, 'docs/operate/alerts.md'), 'utf8');
    const parts = Array.from(alerts.matchAll(/\*Includes\* `([^`]+)`/g), ([, part]) =>
      String(part),
    );
    expect(parts).toHaveLength(3);
    expect(parts.filter((part) => !worker.logged.some((line) => line.includes(part)))).toEqual([]);
  });

  it('has a way out for each code that an object can refuse with', () => {
    const errors = readFileSync(join(root, 'src/base/errors.ts'), 'utf8');
    const codes = Array.from(errors.matchAll(/'([A-Z0-9]+_[A-Z0-9_]+|[A-Z]{4,})'/g), ([, code]) =>
      String(code),
    );
    const text = readFileSync(join(root, page), 'utf8');
    expect(new Set(codes).size).toBeGreaterThan(30);
    expect(codes.filter((code) => !text.includes(`\`${code}\``))).toEqual([]);
    // What its table leads to is there.
    const titles = Array.from(text.matchAll(/^##+ (.*)$/gm), ([, title]) =>
      String(title)
        .toLowerCase()
        .replaceAll(/[^\w -]/g, '')
        .replaceAll(' ', '-'),
    );
    const anchors = Array.from(text.matchAll(/\]\(#([\w-]+)\)/g), ([, anchor]) => anchor);
    expect(anchors.filter((anchor) => !titles.includes(String(anchor)))).toEqual([]);
  });

  it('shows what the commands print, one after the other', async () => {
    const transcripts = transcriptsOf(page);
    const outputs: string[] = [];
    for (const { command, output } of transcripts) {
      const { stdout, stderr } = await object(...splitCommand(command).slice(1));
      outputs.push(abridged(asShown(stdout + stderr), output));
      const [, className = '', name = ''] = splitCommand(command);
      if (command.endsWith('--yes')) await rebuilt(className, name);
    }
    if (process.env.UPDATE_MANUAL !== undefined) writeTranscripts(page, outputs);
    expect(transcripts.map(({ command }, at) => ({ command, output: outputs[at] }))).toEqual(
      transcriptsOf(page),
    );
    expect(transcripts.length).toBeGreaterThan(10);
  });
});
