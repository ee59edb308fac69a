// A case as a team's project on disk, and what the command line's `check` says of it.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { run } from '../../src/cli/program.ts';
import { folderOf, type History, madeOf } from './case.ts';

/** A finding as `check --json` prints it. */
export interface Said {
  code: string;
  severity: string;
  file: string;
  message: string;
  effect?: string;
  fix?: string;
}

const CONFIG =
  "export default { dialect: 'sqlite', driver: 'durable-sqlite', schema: './src/schema.ts', out: './drizzle' };\n";

/** The class of a case as a team has it in its sources. */
function sourceOf({ construct }: History): string {
  const text = construct?.toString() ?? '() => {\nmigrate(ctx, migrations);\n}';
  const body = text.slice(text.indexOf('{', text.indexOf('=>')) + 1, text.lastIndexOf('}'));
  return [
    "import { DurableObject } from 'cloudflare:workers';",
    /\bmigrate(Async)?\(/.test(body)
      ? "import { migrate, migrateAsync } from 'drizzle-offramp';"
      : '',
    /\bdropIn\(/.test(body)
      ? "import { migrate as dropIn } from 'drizzle-offramp/durable-sqlite/migrator';"
      : '',
    /\bdrizzle\(/.test(body) ? "import { drizzle } from 'drizzle-orm/durable-sqlite';" : '',
    /\bdrizzleMigrate\(/.test(body)
      ? "import { migrate as drizzleMigrate } from 'drizzle-orm/durable-sqlite/migrator';"
      : '',
    "import migrations from '../drizzle/migrations';",
    '',
    'export class Room extends DurableObject {',
    '  constructor(ctx, env) {',
    '    super(ctx, env);',
    body,
    '  }',
    '}',
    '',
  ].join('\n');
}

/** The files of a case's project by their paths. */
function filesOf(history: History): Record<string, string | undefined> {
  const made = madeOf(history);
  const imports = made.map(
    (one, i) =>
      `import m000${i} from './${history.form === '1.x' ? `${folderOf(one)}/migration` : one.tag}.sql';`,
  );
  const files: Record<string, string> = {
    'drizzle.config.ts': CONFIG,
    'package.json': '{ "name": "room", "type": "module", "private": true }\n',
    'wrangler.jsonc': JSON.stringify({
      name: 'room',
      main: 'src/index.ts',
      durable_objects: { bindings: [{ name: 'ROOM', class_name: 'Room' }] },
      migrations: [{ tag: 'v1', new_sqlite_classes: ['Room'] }],
      rules: [{ type: 'Text', globs: ['**/*.sql'], fallthrough: true }],
    }),
    'src/index.ts': sourceOf(history),
  };
  if (history.form === '1.x') {
    for (const one of made) files[`drizzle/${folderOf(one)}/migration.sql`] = one.sql;
    const entries = made.map((one, i) => `    ${JSON.stringify(folderOf(one))}: m000${i},`);
    files['drizzle/migrations.js'] =
      `${imports.join('\n')}\n\nexport default {\n  migrations: {\n${entries.join('\n')}\n  },\n};\n`;
  } else {
    for (const one of made) files[`drizzle/${one.tag}.sql`] = one.sql;
    const entries = made.map(({ tag, when }, idx) => ({
      idx,
      version: '6',
      when,
      tag,
      breakpoints: true,
    }));
    files['drizzle/meta/_journal.json'] = JSON.stringify(
      { version: '7', dialect: 'sqlite', entries },
      null,
      2,
    );
    files['drizzle/migrations.js'] =
      `import journal from './meta/_journal.json';\n${imports.join('\n')}\n\n` +
      `  export default {\n    journal,\n    migrations: {\n      ${made.map((_, i) => `m000${i}`).join(',\n')}\n    }\n  }\n`;
  }
  return { ...files, ...history.files };
}

/** What the command prints, in this process: its result, and what it notes beside it. */
async function runHere(
  cwd: string,
  ...args: string[]
): Promise<{ printed: string; noted: string }> {
  const { argv } = process;
  const before = process.cwd();
  const { write } = process.stdout;
  const { write: writeError } = process.stderr;
  const { log } = console;
  let printed = '';
  let noted = '';
  process.argv = [process.execPath, 'drizzle-offramp', ...args];
  process.chdir(cwd);
  const take = (text: unknown): boolean => {
    printed += String(text);
    return true;
  };
  process.stdout.write = take as typeof write;
  process.stderr.write = ((text: unknown): boolean => {
    noted += String(text);
    return true;
  }) as typeof writeError;
  console.log = (text) => take(`${text}\n`);
  try {
    await run();
  } finally {
    process.stdout.write = write;
    process.stderr.write = writeError;
    console.log = log;
    process.chdir(before);
    process.argv = argv;
    process.exitCode = undefined;
  }
  return { printed, noted };
}

/** What `drizzle-offramp check --json` says of a case. */
export async function checkCase(history: History): Promise<Said[]> {
  const project = mkdtempSync(join(tmpdir(), 'promises-'));
  try {
    for (const [path, text] of Object.entries(filesOf(history))) {
      if (text === undefined) continue;
      mkdirSync(dirname(join(project, path)), { recursive: true });
      writeFileSync(join(project, path), text);
    }
    const { printed, noted } = await runHere(project, 'check', '--json', '--no-schema');
    let said: { findings?: Said[] };
    try {
      said = JSON.parse(printed);
    } catch {
      throw new Error(`check printed no JSON: ${printed}${noted}`);
    }
    if (said.findings === undefined) throw new Error(`check could not run: ${printed}`);
    return said.findings;
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
}
