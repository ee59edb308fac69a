// What `check` finds in the sources of a project.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { checkSources } from '../../src/cli/check/source.ts';

const temporary = mkdtempSync(join(tmpdir(), 'drizzle-offramp-source-'));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

let projects = 0;

function find(files: Record<string, string>): string[] {
  const folder = join(temporary, String(projects++));
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
  return checkSources(folder, []).map(({ code, file, line }) => `${code} ${file}:${line}`);
}

const OURS = "import { migrate } from 'drizzle-offramp';\n";
const DROP_IN = "import { migrate } from 'drizzle-offramp/durable-sqlite/migrator';\n";
const DRIZZLE = "import { migrate as run } from 'drizzle-orm/durable-sqlite/migrator';\n";

describe('a migrator whose error is swallowed', () => {
  it.each([
    ['a try', `${OURS}try {\n  migrate(ctx, m);\n} catch (error) { console.error(error); }`, 3],
    ['a try without a name', `${OURS}try { migrate(ctx, m) } catch {}`, 2],
    ['a promise', `${DROP_IN}migrate(db, m).catch((e) => console.log(e));`, 2],
    ['another name', `${DRIZZLE}run(db, m)\n  .catch(() => {});`, 2],
    [
      'what is around it',
      `${OURS}ctx.blockConcurrencyWhile(async () => {\n  migrate(ctx, m);\n}).catch(log);`,
      3,
    ],
  ])('is found in %s', (_, text, line) => {
    expect(find({ 'src/a.ts': text })).toEqual([`ERROR_SWALLOWED src/a.ts:${line}`]);
  });

  it.each([
    ['a catch that throws', `${OURS}try { migrate(ctx, m) } catch (e) { log(e); throw e; }`],
    [
      'a catch that ends the object',
      `${OURS}try { migrate(ctx, m) } catch (e) { ctx.abort(String(e)); }`,
    ],
    ['a try of something else', `${OURS}migrate(ctx, m); try { other() } catch {}`],
    ['a finally', `${OURS}try { migrate(ctx, m) } finally { done() }`],
    ['a comment', `${OURS}// try { migrate(ctx, m) } catch {}`],
    ['a text', `${OURS}const text = "try { migrate(ctx, m) } catch {}";`],
    [
      'a function of another module',
      `import { migrate } from './own';\n${DRIZZLE}try { migrate(ctx, m) } catch {}`,
    ],
    ['a method', `${OURS}try { this.migrate(ctx, m) } catch {}`],
  ])('is none in %s', (_, text) => {
    expect(find({ 'src/a.ts': text })).toEqual([]);
  });

  it('is none in tests, in what is built or installed', () => {
    const text = `${OURS}try { migrate(ctx, m) } catch {}`;
    const files = [
      'test/a.ts',
      'src/a.test.ts',
      'dist/a.js',
      'node_modules/a/a.js',
      '.wrangler/a.js',
    ];
    expect(find(Object.fromEntries(files.map((file) => [file, text])))).toEqual([]);
  });
});

describe('foreign keys that are switched by hand', () => {
  it('are found beside a call', () => {
    const text = `${OURS}ctx.storage.sql.exec('PRAGMA foreign_keys = OFF');\nmigrate(ctx, m);`;
    expect(find({ 'src/a.ts': text })).toEqual(['FOREIGN_KEYS_BY_HAND src/a.ts:2']);
    expect(find({ 'src/a.ts': text, 'src/b.ts': "exec('PRAGMA foreign_keys = OFF')" })).toEqual([
      'FOREIGN_KEYS_BY_HAND src/a.ts:2',
    ]);
    expect(find({ 'src/a.ts': `${OURS}migrate(ctx, m); // PRAGMA foreign_keys=OFF` })).toEqual([]);
  });
});

describe('a call after super()', () => {
  const agent = (body: string, from = 'agents'): string =>
    `${OURS}import { Agent } from '${from}';\nclass A extends Agent<Env> {\n  constructor(ctx, env) {\n    ${body}\n  }\n}`;

  it('is found in a class of Agents', () => {
    expect(find({ 'a.ts': agent('super(ctx, env);\n    migrate(ctx, m);') })).toEqual([
      'MIGRATES_AFTER_SUPER a.ts:6',
    ]);
  });

  it.each([
    ['before it', agent('migrate(ctx, m);\n    super(ctx, env);')],
    [
      'in blockConcurrencyWhile',
      agent('super(ctx, env);\n    ctx.blockConcurrencyWhile(async () => { migrate(ctx, m); });'),
    ],
    ['in another class of that name', agent('super(ctx, env); migrate(ctx, m);', './own')],
    [
      'in a plain object',
      `${OURS}class A extends DurableObject { constructor(ctx, env) { super(ctx, env); migrate(ctx, m); } }`,
    ],
  ])('is none %s', (_, text) => {
    expect(find({ 'a.ts': text })).toEqual([]);
  });
});

describe("Drizzle's ledger", () => {
  it.each([
    'sql.exec("SELECT count(*) FROM __drizzle_migrations")',
    'sql.exec(`UPDATE "__drizzle_migrations" SET hash = \'\'`)',
    'sql.exec("DROP TABLE `__drizzle_migrations`")',
    "sqliteTable('__drizzle_migrations', {})",
  ])('is found in %s', (text) => {
    expect(find({ 'a.ts': DRIZZLE, 'b.ts': text })).toEqual(['READS_DRIZZLE_LEDGER b.ts:1']);
  });

  it('is none where it is kept', () => {
    const reads = 'sql.exec("SELECT count(*) FROM __drizzle_migrations")';
    const mirrors = `${OURS}migrate(ctx, m, { drizzle: 'mirror' });`;
    expect(find({ 'a.ts': mirrors, 'b.ts': reads })).toEqual([]);
  });

  it('is none where it is only named, or no Durable Object is', () => {
    expect(
      find({ 'a.ts': `${OURS}const options = { drizzleTable: '__drizzle_migrations' };` }),
    ).toEqual([]);
    expect(find({ 'b.ts': 'sql.exec("SELECT count(*) FROM __drizzle_migrations")' })).toEqual([]);
  });
});
