// wrangler: a Worker in `wrangler dev`, with the folder that drizzle-kit wrote, and `status` on the objects that it leaves on disk.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { stripVTControlCharacters } from 'node:util';
import { ALL, COUNT, workerOf } from './inbox.ts';
import { type Project, Unfit } from './project.ts';

/** How long `wrangler dev` may take until it answers, in milliseconds. */
const START = 120_000;

/** The first version that imports `.sql` files as text by itself. */
const WITHOUT_RULE = '4.60.0';
/** The first version that reads a wrangler.json unasked. */
const WITH_JSON = '3.91.0';

const isBefore = (one: string, other: string): boolean =>
  one.localeCompare(other, 'en', { numeric: true }) < 0;

/** Starts `wrangler dev`, asks one object, and ends it. */
async function askDev(
  project: Project,
  version: string,
  texts: readonly string[],
): Promise<unknown> {
  const child = spawn(
    'wrangler',
    [
      ...['dev', '--local', '--ip', '127.0.0.1', '--port', '0', '--inspector-port', '0'],
      ...(isBefore(version, WITH_JSON) ? ['--experimental-json-config'] : []),
    ],
    // A group of its own, so that the runtime that wrangler starts ends with it.
    { cwd: project.folder, env: project.env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const ended = once(child, 'exit');
  let printed = '';
  try {
    const url = await new Promise<string>((resolve, reject) => {
      const fail = (): void =>
        reject(
          new Unfit(
            `wrangler dev does not start: ${/ERROR.*/.exec(stripVTControlCharacters(printed))?.[0]}`,
          ),
        );
      const timer = setTimeout(fail, START);
      const read = (chunk: Buffer): void => {
        printed += chunk;
        const [, found] = /Ready on (http:\/\/127\.0\.0\.1:\d+)/.exec(printed) ?? [];
        if (found === undefined) return;
        clearTimeout(timer);
        resolve(found);
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
      child.once('exit', fail);
    });
    const response = await fetch(url, {
      method: 'POST',
      body: JSON.stringify({ name: 'birch', texts }),
    });
    const text = await response.text();
    if (!response.ok) throw new Unfit(`wrangler dev: ${text.slice(0, 200)}`);
    return JSON.parse(text);
  } catch (error) {
    console.log(printed);
    throw error;
  } finally {
    try {
      process.kill(-(child.pid as number), 'SIGTERM');
    } catch {
      // It has ended.
    }
    const timer = setTimeout(() => process.kill(-(child.pid as number), 'SIGKILL'), 10_000);
    await ended;
    clearTimeout(timer);
  }
}

/** How wrangler's config names classes with SQLite. */
const CLASSES = {
  new_sqlite_classes: { migrations: [{ tag: 'v1', new_sqlite_classes: ['Inbox'] }] },
  exports: { exports: { Inbox: { type: 'durable-object', storage: 'sqlite' } } },
};

/**
 * Tries a version of wrangler.
 *
 * @param project an empty one
 * @param version the version
 * @param classes where its config names the class
 * @param date the compatibility date
 */
export async function tryWrangler(
  project: Project,
  version: string,
  classes: keyof typeof CLASSES,
  date: string,
): Promise<string> {
  const hasRule = isBefore(version, WITHOUT_RULE);
  project.copy('drizzle');
  project.write({
    'drizzle.config.json': JSON.stringify({ dialect: 'sqlite', driver: 'durable-sqlite' }),
  });
  const imports =
    "import { migrate } from 'drizzle-offramp';\nimport migrations from './drizzle/migrations.js';";
  project.write({
    'worker.js': workerOf(imports, 'migrate(ctx, migrations);'),
    'wrangler.json': JSON.stringify({
      name: 'compatibility',
      main: './worker.js',
      compatibility_date: date,
      durable_objects: { bindings: [{ name: 'INBOX', class_name: 'Inbox' }] },
      ...CLASSES[classes],
      ...(hasRule ? { rules: [{ type: 'Text', globs: ['**/*.sql'], fallthrough: true }] } : {}),
    }),
  });
  project.install(`wrangler@${version}`);
  const ledger = 'SELECT count(*) AS n FROM __migrations';
  assert.deepEqual(await askDev(project, version, [ledger, COUNT]), [
    [{ n: ALL }],
    [{ rows: '000' }],
  ]);
  assert.match(project.offramp('status'), /\n1 object against drizzle: 1 up to date\.\n/);
  return [
    `\`${classes}\``,
    ...(hasRule ? ['a rule for `.sql`'] : []),
    date,
    `workerd@${project.versionOf('workerd')}`,
  ].join(', ');
}
