// A schema that was changed and not generated: drizzle-kit itself is asked, on a copy of the folder.
import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { globSync } from 'tinyglobby';
import { fold, listOf, shown } from '../../reader/names.ts';
import { parse } from '../../reader/parser.ts';
import { splitStatements } from '../../sql/statements.ts';
import { type MigrationFolder, readFolder } from '../folder.ts';
import { loadDefault } from '../load.ts';
import { CliError } from '../output.ts';
import type { Finding } from './finding.ts';

/** A schema as a config of drizzle-kit names it. */
interface Schema {
  readonly config: Readonly<Record<string, unknown>>;
  readonly files: readonly string[];
  /** The directory that its paths are from: this one, or the config's. */
  readonly cwd: string;
}

async function readSchema(config: string): Promise<Schema | undefined> {
  const content = (await loadDefault(config)) as Record<string, unknown> | null;
  const schema = content?.schema;
  const patterns = [schema].flat().filter((one): one is string => typeof one === 'string');
  if (patterns.length === 0 || content === null) return undefined;
  const filesFrom = (cwd: string): string[] => {
    const paths = patterns.map((pattern) => {
      const path = pattern.replaceAll('\\', '/');
      const isFolder = statSync(resolve(cwd, path), { throwIfNoEntry: false })?.isDirectory();
      return isFolder ? `${path}/**/*` : path;
    });
    return globSync(paths, { cwd, absolute: false }).map((file) => join(cwd, file));
  };
  const here = filesFrom('.');
  const cwd = here.length > 0 ? '.' : dirname(config);
  return { config: content, files: here.length > 0 ? here : filesFrom(cwd), cwd };
}

const modified = (file: string): number => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** How much later a schema must have been written than the last migration: a checkout writes all files at once. */
const TOLERANCE_MS = 2000;

/** Whether a schema was written after the last migration. */
function isNewer(files: readonly string[], { migrations }: MigrationFolder): boolean {
  const last = Math.max(0, ...migrations.map(({ file }) => modified(file)));
  return files.some((file) => modified(file) > last + TOLERANCE_MS);
}

/** drizzle-kit's program, as the project has it installed: in its own folder or one above, as in a workspace. */
function findDrizzleKit(cwd: string): string | undefined {
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    const manifest = join(folder, 'node_modules/drizzle-kit/package.json');
    if (existsSync(manifest)) {
      const { bin } = JSON.parse(readFileSync(manifest, 'utf8')) as {
        bin?: string | Record<string, string>;
      };
      const path = typeof bin === 'string' ? bin : bin?.['drizzle-kit'];
      return path === undefined ? undefined : join(dirname(manifest), path);
    }
    if (folder === dirname(folder)) return undefined;
  }
}

function run(program: string, args: readonly string[], cwd: string): Promise<string> {
  return new Promise((done) => {
    const child = execFile(
      process.execPath,
      [program, ...args],
      { timeout: 60_000, cwd },
      (_, stdout, stderr) =>
        // 0.x ends with 0 whatever happens.
        done(`${stdout}\n${stderr}`),
    );
    child.stdin?.end();
  });
}

/** What statements that drizzle-kit has just written change, in words. */
function changesOf(sql: string): string[] {
  const changes: string[] = [];
  for (const text of splitStatements(sql)) {
    const statement = parse(text);
    switch (statement?.type) {
      case 'CreateTableStmt': {
        const name = statement.tblName.objName.text;
        const rebuilt = /^__new_(.*)$/.exec(name)?.[1];
        changes.push(
          rebuilt === undefined ? `creates ${shown(name)}` : `rebuilds ${shown(rebuilt)}`,
        );
        break;
      }
      case 'DropTableStmt': {
        const name = statement.tblName.objName.text;
        if (!changes.includes(`rebuilds ${shown(name)}`)) changes.push(`drops ${shown(name)}`);
        break;
      }
      case 'AlterTableStmt': {
        const { body } = statement;
        const table = shown(statement.tblName.objName.text);
        if (body.type === 'AddColumnAlterTableBody') {
          changes.push(`adds the column ${table}.${shown(body.column.colName.text)}`);
        } else if (body.type === 'DropColumnAlterTableBody') {
          changes.push(`drops the column ${table}.${shown(body.column.text)}`);
        } else if (body.type === 'RenameColumnAlterTableBody') {
          changes.push(
            `renames the column ${table}.${shown(body.old.text)} to ${shown(body.new.text)}`,
          );
        } else if (
          body.type === 'RenameToAlterTableBody' &&
          !/^__new_/.test(fold(statement.tblName.objName.text))
        ) {
          changes.push(`renames ${table} to ${shown(body.name.text)}`);
        }
        break;
      }
      case 'CreateIndexStmt':
        changes.push(`creates the index ${shown(statement.idxName.objName.text)}`);
        break;
      case 'DropIndexStmt':
        changes.push(`drops the index ${shown(statement.idxName.objName.text)}`);
        break;
      case 'CreateViewStmt':
        changes.push(`creates the view ${shown(statement.viewName.objName.text)}`);
        break;
      case 'DropViewStmt':
        changes.push(`drops the view ${shown(statement.viewName.objName.text)}`);
    }
  }
  return [...new Set(changes)];
}

/** What drizzle-kit says where it must ask which of two columns or tables is which. */
const ASKS = /interactive prompts require a tty|--hints|is not created|renamed from another/i;

/** What drizzle-kit would generate: undefined for nothing; a sentence where it cannot go on by itself. */
async function generate(
  program: string,
  folder: MigrationFolder,
  { config, cwd }: Schema,
): Promise<{ sql: string } | { said: string } | undefined> {
  const temporary = mkdtempSync(join(tmpdir(), 'drizzle-offramp-'));
  try {
    const out = join(temporary, 'out');
    cpSync(folder.path, out, { recursive: true });
    const { casing, driver, schema } = config;
    const file = join(temporary, 'drizzle.config.cjs');
    // drizzle-kit takes every path from the current directory.
    const copy = {
      dialect: 'sqlite',
      schema,
      out: relative(cwd, out).replaceAll('\\', '/'),
      ...(driver === undefined ? {} : { driver }),
      ...(casing === undefined || folder.form === '1.x' ? {} : { casing }),
    };
    writeFileSync(file, `module.exports = ${JSON.stringify(copy)};`);
    const place = relative(cwd, file).replaceAll('\\', '/');
    const said = await run(program, ['generate', `--config=${place}`], cwd);
    const known = new Set(folder.migrations.map(({ journalTag }) => journalTag));
    const fresh = readFolder(out).migrations.filter(({ journalTag }) => !known.has(journalTag));
    if (fresh.length > 0) return { sql: fresh.map(({ sql }) => sql).join('\n') };
    return /no schema changes|nothing to migrate/i.test(said) ? undefined : { said };
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** When drizzle-kit is asked: where a schema may be newer than the folder, always, or never. */
export type AskSchema = 'newer' | 'always' | 'never';

/**
 * Finds what a schema has that no migration has.
 *
 * @param folder the folder of migrations
 * @param configFile the config that names it; without one nobody knows the schema
 * @param when when to ask: it takes half a second
 */
export async function checkSchema(
  folder: MigrationFolder,
  configFile: string | undefined,
  when: AskSchema,
): Promise<Finding[]> {
  if (configFile === undefined || when === 'never' || folder.migrations.length === 0) return [];
  const schema = await readSchema(configFile);
  const hasSnapshot =
    existsSync(join(folder.path, 'meta')) ||
    readdirSync(folder.path).some((name) => /^\d{14}/.test(name));
  if (schema === undefined || !hasSnapshot) return [];
  if (when === 'newer' && !isNewer(schema.files, folder)) return [];
  const program = findDrizzleKit(schema.cwd);
  if (program === undefined) {
    if (when === 'always' && !process.env.CI) {
      throw new CliError(
        'drizzle-kit is not installed here, so nobody can tell whether the schema has changed.',
      );
    }
    return [];
  }
  const found = await generate(program, folder, schema);
  if (found === undefined) return [];
  const file = schema.files[0] ?? configFile;
  if ('said' in found && !ASKS.test(found.said)) {
    const first =
      found.said.split('\n').find((line) => /error/i.test(line)) ??
      found.said.trim().split('\n').at(-1);
    return [
      {
        code: 'SCHEMA_NOT_READ',
        severity: 'warning',
        file: configFile,
        line: 1,
        message: `drizzle-kit cannot tell whether the schema has changed: ${first?.trim()}`,
        effect: 'A change that no migration has would not be seen here.',
        fix: 'Run `drizzle-kit generate`, and see what it says.',
      },
    ];
  }
  const changes = 'sql' in found ? changesOf(found.sql) : [];
  return [
    {
      code: 'NOT_GENERATED',
      severity: 'error',
      file,
      line: 1,
      message:
        changes.length === 0
          ? 'The schema has changes that no migration has: something is renamed, or dropped and added.'
          : `The schema has changes that no migration has: it ${listOf(changes)}.`,
      effect:
        'No object gets them: queries that need what is new throw ("no such column", "no such table").',
      fix: 'Run `drizzle-kit generate`, and deploy what it writes.',
    },
  ];
}
