// The example's history, rows for it, and a Worker with one class that answers SQL, run by this repository's Miniflare.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { convertV4MiniflareOptions, Miniflare } from 'miniflare';
import { type Project, ROOT } from './project.ts';

interface JournalEntry {
  readonly idx: number;
  readonly when: number;
  readonly tag: string;
}

/** What 1.x calls a migration of 0.x. */
const nameOf = ({ when, tag }: JournalEntry): string =>
  `${new Date(when).toISOString().replaceAll(/\D/g, '').slice(0, 14)}_${tag.replace(/^\d+_/, '')}`;

/**
 * The example's migrations.js in one file: no rule for `.sql` is needed, which not every version reads alike.
 *
 * @param form Drizzle's
 * @param count how many migrations, from the first on
 */
export function bundleOf(form: '0.x' | '1.x' = '0.x', count = Number.POSITIVE_INFINITY): string {
  const read = (path: string): string => readFileSync(join(ROOT, 'drizzle', path), 'utf8');
  const { entries, ...journal } = JSON.parse(read('meta/_journal.json')) as {
    entries: JournalEntry[];
  };
  const kept = entries.slice(0, count);
  const keyOf = (entry: JournalEntry): string =>
    form === '1.x' ? nameOf(entry) : `m${String(entry.idx).padStart(4, '0')}`;
  const migrations = Object.fromEntries(
    kept.map((entry) => [keyOf(entry), read(`${entry.tag}.sql`)]),
  );
  const bundle =
    form === '1.x' ? { migrations } : { journal: { ...journal, entries: kept }, migrations };
  return `export default ${JSON.stringify(bundle, null, 2)};\n`;
}

/** How many migrations ran before the swap: the table rebuild is among those after it. */
export const BEFORE = 6;
/** How many there are. */
export const ALL = 11;

/** Rows that a rebuild without drizzle-offramp deletes: messages of a conversation. */
export const ROWS_OF_USERS = [
  "INSERT INTO users (id, email, display_name) VALUES ('u', 'u@example.com', 'U')",
  "INSERT INTO conversations (id, subject, assignee_id) VALUES ('c', 'Hello', 'u')",
  "INSERT INTO messages (id, conversation_id, author_id, body) VALUES ('m1', 'c', 'u', 'one'), ('m2', 'c', 'u', 'two')",
];

/** Counts these rows. */
export const COUNT =
  'SELECT (SELECT count(*) FROM users) || (SELECT count(*) FROM conversations) || (SELECT count(*) FROM messages) AS rows';

/**
 * A Worker with one class, Inbox, which runs the statements that it is sent.
 *
 * @param imports what the module imports beside the class it extends
 * @param call what the constructor does
 * @param query how a text is run; `text` is the text
 */
export const workerOf = (
  imports: string,
  call: string,
  query = 'this.ctx.storage.sql.exec(text).toArray()',
): string => `\
import { DurableObject } from 'cloudflare:workers';
${imports}

export class Inbox extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    ${call}
  }
  run(texts) {
    return texts.map((text) => ${query});
  }
}

export default {
  async fetch(request, env) {
    const { name, texts } = await request.json();
    try {
      return Response.json(await env.INBOX.get(env.INBOX.idFromName(name)).run(texts));
    } catch (error) {
      return Response.json({ error: String(error) }, { status: 500 });
    }
  },
};
`;

/** What a Worker is deployed with. */
export interface Deploy {
  /** The compatibility date; without it, that of a month ago. */
  readonly date?: string;
  readonly flags?: readonly string[];
  /** The folder of its objects' files. */
  readonly state?: string;
}

type Answer = Record<string, unknown>[][];

/**
 * Deploys a Worker of a project, sends statements to an object, and ends it.
 *
 * @param project where the Worker's packages are installed
 * @param worker its source
 * @param texts the statements
 * @param deploy how
 * @returns the rows of each statement
 * @throws {Error} with what the Worker said, if the object fails
 */
export async function ask(
  project: Project,
  worker: string,
  texts: readonly string[],
  { date = '2026-10-01', flags = ['nodejs_compat'], state = project.at('state') }: Deploy = {},
): Promise<Answer> {
  const { outputFiles } = await build({
    absWorkingDir: project.folder,
    stdin: { contents: worker, resolveDir: project.folder, loader: 'js' },
    bundle: true,
    format: 'esm',
    target: 'es2022',
    external: ['cloudflare:workers', 'node:*'],
    loader: { '.sql': 'text' },
    write: false,
    logLevel: 'silent',
  });
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      name: 'compatibility',
      modules: [{ type: 'ESModule', path: 'worker.js', contents: outputFiles[0]?.text ?? '' }],
      compatibilityDate: date,
      compatibilityFlags: [...flags],
      durableObjects: { INBOX: { className: 'Inbox', useSQLite: true } },
      resourcePersistencePath: state,
      cf: false,
    }),
  );
  try {
    const response = await miniflare.dispatchFetch('http://localhost/', {
      method: 'POST',
      body: JSON.stringify({ name: 'birch', texts }),
    });
    const answer = await response.json();
    if (!response.ok) throw new Error((answer as { error: string }).error);
    return answer as Answer;
  } finally {
    await miniflare.dispose();
  }
}
