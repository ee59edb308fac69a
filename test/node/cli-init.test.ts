// `init` on the ways in which teams call Drizzle's migrator.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { diffOf } from '../../src/cli/init/diff.ts';
import { type Call, swap, withEdits } from '../../src/cli/init/swap.ts';
import { tables, writeForm0 } from './corpus.ts';
import { useProjects } from './projects.ts';

const { at, run } = useProjects('init');

function write(file: string, text: string): void {
  mkdirSync(dirname(at(file)), { recursive: true });
  writeFileSync(at(file), text);
}

const THEIRS = 'drizzle-orm/durable-sqlite/migrator';
const OURS = 'drizzle-offramp/durable-sqlite/migrator';
const IMPORT = `import { migrate } from '${THEIRS}';\n`;

/** A source after the swap, without its import, and the calls in it. */
function swapped(text: string, start = IMPORT): { text: string; calls: readonly Call[] } {
  const { edits, calls } = swap('a.ts', start + text) ?? { edits: [], calls: [] };
  const result = withEdits(start + text, edits);
  expect(result.startsWith(start.replace(THEIRS, OURS))).toBe(true);
  return { text: result.slice(start.replace(THEIRS, OURS).length), calls };
}

describe('a call', () => {
  it.each([
    ['in a line', 'await migrate(db, m);', "await migrate(db, m, { drizzle: 'mirror' });"],
    [
      'of nested arguments',
      'migrate(drizzle(ctx.storage, { logger: f(1, [2]) }), get(m, "),"));',
      `migrate(drizzle(ctx.storage, { logger: f(1, [2]) }), get(m, "),"), { drizzle: 'mirror' });`,
    ],
    [
      'over several lines',
      '  void migrate(\n    this.db,\n    migrations as any\n  );',
      "  void migrate(\n    this.db,\n    migrations as any, { drizzle: 'mirror' }\n  );",
    ],
    [
      'over several lines, with a comma at the end',
      '  await migrate(\n    this.db,\n    migrations,\n  );',
      "  await migrate(\n    this.db,\n    migrations,\n    { drizzle: 'mirror' },\n  );",
    ],
    [
      'beside a comment',
      'migrate(db /* the, db */, m); // migrate(db, m)',
      "migrate(db /* the, db */, m, { drizzle: 'mirror' }); // migrate(db, m)",
    ],
    ['of a method of that name', 'this.migrate(db, m);', 'this.migrate(db, m);'],
    ['in a text', 'log("migrate(db, m)");', 'log("migrate(db, m)");'],
  ])('gets the option: %s', (_, before, after) => {
    expect(swapped(before).text).toBe(after);
  });

  it.each([
    ['another name', `import { a, migrate as run, } from "${THEIRS}";\n`, 'run(db, m)'],
    ['a whole module', `import * as migrator from "${THEIRS}";\n`, 'migrator.migrate(db, m)'],
    [
      'an import at run time',
      `const { migrate: run } = await import("${THEIRS}");\n`,
      'run(db, m)',
    ],
  ])('is known by %s', (_, start, call) => {
    expect(swapped(call, start).text).toBe(call.replace('m)', 'm, { drizzle: "mirror" })'));
  });

  it.each([
    ['passed', "migrate(db, m, { drizzle: 'retire' })"],
    ['unclear', 'migrate(...both)'],
    ['unclear', 'migrate(db, ...rest)'],
    ['unclear', 'migrate(all)'],
  ])('is left alone, and that is said: %s, %s', (option, call) => {
    const { text, calls } = swapped(call);
    expect(text).toBe(call);
    expect(calls).toMatchObject([{ option }]);
  });

  it('is told by its place', () => {
    const { calls } = swapped(`
migrate(db, m);
export class Inbox<T extends { a: 1 }> extends DurableObject<Env> {
  db = drizzle(this.ctx.storage);
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.blockConcurrencyWhile(async () => {
      if (env.ON) { await migrate(this.db, m); }
    });
  }
  async #up(when = now()): Promise<void> { await migrate(this.db, m); }
}
class Repository { run = () => migrate(this.db, m); }
function up() { return migrate(db, m); }`);
    expect(calls).toEqual([
      { line: 3, class: null, base: null, method: null, option: 'added' },
      { line: 9, class: 'Inbox', base: 'DurableObject', method: 'constructor', option: 'added' },
      { line: 12, class: 'Inbox', base: 'DurableObject', method: '#up', option: 'added' },
      { line: 14, class: 'Repository', base: null, method: null, option: 'added' },
      { line: 15, class: null, base: null, method: null, option: 'added' },
    ]);
  });
});

describe('an import', () => {
  it.each([
    `export { migrate } from '${THEIRS}';`,
    `import type { migrate } from "${THEIRS}";`,
    `const { migrate } = require('${THEIRS}');`,
    `import '${THEIRS}';`,
  ])('is swapped: %s', (text) => {
    const { edits = [] } = swap('a.ts', text) ?? {};
    expect(withEdits(text, edits)).toBe(text.replace(THEIRS, OURS));
  });

  it.each([
    `// import { migrate } from '${THEIRS}';`,
    `write(\`import { migrate } from "${THEIRS}";\`);`,
    `if (id === '${THEIRS}') return;`,
    `import { migrate } from 'drizzle-orm/d1/migrator';`,
    `import { migrate } from '${OURS}';`,
  ])('is none: %s', (text) => {
    expect(swap('a.ts', text)).toBeUndefined();
  });
});

describe('a diff', () => {
  const lines = (count: number, end: string): string[] =>
    Array.from({ length: count }, (_, i) => `const line${i} = ${i};${end}`);

  it.each([
    ['two places far apart', [IMPORT.trim(), ...lines(20, ''), 'migrate(db, m);', '']],
    ['two places near to each other', [IMPORT.trim(), 'a;', 'migrate(db, m);', 'b;', '']],
    ['no line end at the end', [IMPORT.trim(), ...lines(9, ''), 'migrate(db, m)']],
    ['no line end behind what stays', [...lines(9, ''), IMPORT.trim(), 'migrate(db, m)', 'end']],
    [
      'a line more',
      [IMPORT.trim(), 'migrate(', '  db,', '  m,', ');', ...lines(9, ''), 'migrate(db, m)', ''],
    ],
    ['line ends of Windows', [`${IMPORT.trim()}\r`, ...lines(9, '\r'), 'migrate(db, m);\r', '']],
  ])('can be applied by git: %s', (_, parts) => {
    const text = parts.join('\n');
    const { edits = [] } = swap('src/a.ts', text) ?? {};
    write('src/a.ts', text);
    execFileSync('git', ['init', '-q'], { cwd: at() });
    execFileSync('git', ['-c', 'core.autocrlf=false', 'apply', '-'], {
      cwd: at(),
      input: `${diffOf('src/a.ts', text, edits).join('\n')}\n`,
    });
    expect(readFileSync(at('src/a.ts'), 'utf8')).toBe(withEdits(text, edits));
  });
});

describe('the command', () => {
  const CLASS = `import { DurableObject } from 'cloudflare:workers';
import { drizzle } from 'drizzle-orm/durable-sqlite';
${IMPORT}import migrations from '../drizzle/migrations';

export class Inbox extends DurableObject {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.blockConcurrencyWhile(async () => {
      await migrate(drizzle(ctx.storage), migrations);
    });
  }
}
`;
  const AFTER = CLASS.replace(THEIRS, OURS).replace(
    'migrations);',
    "migrations, { drizzle: 'mirror' });",
  );

  function makeProject(): void {
    write(
      'drizzle.config.ts',
      "export default { dialect: 'sqlite', driver: 'durable-sqlite', out: './drizzle' };",
    );
    write('pnpm-lock.yaml', '');
    write('package.json', '{ "name": "inbox" }');
    write('src/inbox.ts', CLASS);
    write('test/old.ts', CLASS);
    writeForm0(at('drizzle'), tables('a'));
  }

  it('says what it found, and shows the change without making it', () => {
    makeProject();
    expect(run('init')).toEqual({
      status: 0,
      stderr: '',
      stdout: `Found
  drizzle.config.ts  migrations in drizzle, for Durable Objects
  src/inbox.ts:10    Inbox extends DurableObject, in its constructor
  package.json       lacks drizzle-offramp: pnpm add drizzle-offramp

The change
--- a/src/inbox.ts
+++ b/src/inbox.ts
@@ -1,13 +1,13 @@
 import { DurableObject } from 'cloudflare:workers';
 import { drizzle } from 'drizzle-orm/durable-sqlite';
-import { migrate } from 'drizzle-orm/durable-sqlite/migrator';
+import { migrate } from 'drizzle-offramp/durable-sqlite/migrator';
 import migrations from '../drizzle/migrations';
 
 export class Inbox extends DurableObject {
   constructor(ctx: DurableObjectState, env: Env) {
     super(ctx, env);
     ctx.blockConcurrencyWhile(async () => {
-      await migrate(drizzle(ctx.storage), migrations);
+      await migrate(drizzle(ctx.storage), migrations, { drizzle: 'mirror' });
     });
   }
 }

Next
  pnpm add drizzle-offramp
  npx drizzle-offramp init --write
  npx drizzle-offramp check

Nothing was written. 1 file would change.
`,
    });
    expect(readFileSync(at('src/inbox.ts'), 'utf8')).toBe(CLASS);
  });

  it('makes the change with --write, and nothing when it is made', () => {
    makeProject();
    const { stdout, status } = run('init', '--write', '--json');
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      version: 1,
      configs: [{ config: 'drizzle.config.ts', folder: 'drizzle', durable: true }],
      calls: [{ file: 'src/inbox.ts', line: 10, class: 'Inbox', option: 'added' }],
      swapped: [],
      changes: [{ file: 'src/inbox.ts' }],
      findings: [],
      install: 'pnpm add drizzle-offramp',
      written: true,
    });
    expect(readFileSync(at('src/inbox.ts'), 'utf8')).toBe(AFTER);
    expect(readFileSync(at('test/old.ts'), 'utf8')).toBe(CLASS);
    write('package.json', '{ "dependencies": { "drizzle-offramp": "1" } }');
    expect(run('init', '--write')).toEqual({
      status: 0,
      stderr: '',
      stdout: `Found
  drizzle.config.ts  migrations in drizzle, for Durable Objects
  src/inbox.ts       imports drizzle-offramp already
  package.json       has drizzle-offramp

Next
  npx drizzle-offramp check
`,
    });
    expect(readFileSync(at('src/inbox.ts'), 'utf8')).toBe(AFTER);
  });

  it('names what must be seen to, as check does', () => {
    makeProject();
    write(
      'src/inbox.ts',
      CLASS.replace('await migrate', 'try { await migrate').replace(
        'migrations);',
        'migrations); } catch {}',
      ),
    );
    expect(run('init').stdout).toContain(`See to
  src/inbox.ts:10  ERROR_SWALLOWED  What migrate throws is caught here, and the object goes on.
    Let it throw: `);
  });

  it('goes on beside a config that cannot be read', () => {
    makeProject();
    write('drizzle.config.ts', "throw new Error('no database yet');");
    const { status, stdout, stderr } = run('init');
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr: 'note: drizzle.config.ts: no database yet\n',
    });
    expect(stdout).toContain(
      '\n  src/inbox.ts:10  Inbox extends DurableObject, in its constructor\n',
    );
  });

  it('says where nothing is to be swapped', () => {
    write('src/a.ts', "import { migrate } from 'drizzle-orm/d1/migrator';");
    const message =
      "No source below this folder imports Drizzle's migrator for Durable Objects, drizzle-orm/durable-sqlite/migrator. Run it in the Worker's folder.";
    expect(run('init')).toEqual({ status: 2, stdout: '', stderr: `error: ${message}\n` });
    expect(JSON.parse(run('init', '--json').stdout)).toEqual({ version: 1, error: { message } });
  });
});
