// The command `object` against the example's Worker, with inboxes in which something is wrong.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readFolder } from '../../src/cli/folder.ts';
import type { Run } from './built.ts';
import { runCommand } from './in-process.ts';
import { splitCommand, transcriptsOf, writeTranscripts } from './manual.ts';
import { startRefused, TOKEN } from './refused-objects.ts';

/** In milliseconds: runtimes start slowly where others are at work. */
const SLOW = 60_000;

const temporary = mkdtempSync(join(tmpdir(), 'drizzle-offramp-object-'));
const root = join(import.meta.dirname, '../..');
const project = join(temporary, 'project');
let worker: { url: string; stop: () => Promise<void> };
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

/** What the manual shows: as for the default address, and without the times of now. */
const asShown = (text: string): string =>
  text
    .replaceAll(` --url ${worker.url}`, '')
    .replaceAll(/(?<!\()\d{4}-\d\d-\d\dT[\d:.]+Z/g, '2026-11-25T03:12:08.114Z')
    .replaceAll(/(applied_at\s+)\d{13}/g, '$11795575928114')
    .trimEnd();

describe('the runbook', { timeout: SLOW }, () => {
  const page = 'docs/operate/refused.md';

  it('shows what the commands print, one after the other', async () => {
    const transcripts = transcriptsOf(page);
    const outputs: string[] = [];
    for (const { command } of transcripts) {
      const { stdout, stderr } = await object(...splitCommand(command).slice(1));
      outputs.push(asShown(stdout + stderr));
    }
    if (process.env.UPDATE_MANUAL !== undefined) writeTranscripts(page, outputs);
    expect(transcriptsOf(page)).toEqual(
      transcripts.map(({ command }, at) => ({ command, output: outputs[at] })),
    );
    expect(transcripts.length).toBeGreaterThan(10);
  });
});
