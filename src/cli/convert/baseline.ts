// What `convert` does to a module with a baseline: write one, and take away the SQL that it replaces.
import { isCurrent, replacedBy } from '../../input/baseline.ts';
import type { Migration } from '../../input/migration.ts';
import { checkRest, makeBaseline } from '../baseline/make.ts';
import { string, template } from '../literal.ts';
import { type ModuleFile, placeOf } from '../module.ts';
import { CliError } from '../output.ts';
import {
  findEntryObject,
  findRecord,
  type RecordSource,
  type SourceEntry,
  withoutProperty,
  withProperty,
} from '../record-source.ts';

/** Above this a Worker's bundle grows by more than most want, in bytes. */
export const LARGE = 100_000;

/** A change of a module that is not written yet. */
export interface BaselineChange {
  /** The module's new text. */
  readonly text: string;
  /** The key of the entry with the baseline. */
  readonly key: string;
  readonly tag: string | null;
  /** How many migrations it stands for. */
  readonly replaced: number;
  /** Its length in bytes. */
  readonly bytes: number;
  /** How many rows it inserts. */
  readonly rows: number;
}

/** What a dropping of SQL comes to. */
export interface DroppedChange extends Pick<BaselineChange, 'text' | 'key' | 'tag' | 'replaced'> {
  /** The keys of the entries that lose their SQL. */
  readonly dropped: readonly string[];
  /** How many bytes the module is shorter. */
  readonly bytes: number;
}

/** Edits the object of one entry. */
function edit(
  module: ModuleFile,
  source: string,
  key: string,
  change: (source: string, object: RecordSource) => string,
): string {
  const entry = findRecord(source)?.entries.find((one) => one.key === key);
  const object = entry && findEntryObject(source, entry);
  if (entry === undefined || object === undefined) {
    throw new CliError(
      `${placeOf(module, key)}: ${key} is not written out as { sql: … } in the record. Write it so.`,
    );
  }
  return change(source, object);
}

/** How the lines of a text end. */
const eolOf = (source: string): string => /\r?\n/.exec(source)?.[0] ?? '\n';

/** An entry that is a text alone, as one in the long form. */
function inLongForm(source: string, { key, start, end }: SourceEntry): string {
  const [, name = key, value = key] = /^([^:]*):\s*([\s\S]*)$/.exec(source.slice(start, end)) ?? [];
  const eol = eolOf(source);
  return `${source.slice(0, start)}${name}: {${eol}    sql: ${value},${eol}  }${source.slice(end)}`;
}

/**
 * Writes the baseline of a module's migrations up to one of them. An earlier baseline goes; all SQL stays.
 *
 * @param module the module as it stands
 * @param wanted the key or the tag of the last migration that it replaces
 * @throws {CliError} if there is no such migration, or no baseline can be made of it
 */
export function addBaseline(module: ModuleFile, wanted: string): BaselineChange {
  const { migrations } = module.list;
  const at = migrations.findIndex(({ key, tag }) => key === wanted || tag === wanted);
  const last = migrations[at];
  if (last === undefined) {
    throw new CliError(`--baseline ${wanted}: there is no ${wanted} in ${module.file}.`);
  }
  const standing = replacedBy(migrations).length - 1;
  const isGone = migrations.some(({ sql, up }) => sql === null && up === undefined);
  if (isGone && at < standing) {
    throw new CliError(
      `--baseline ${wanted}: ${module.file} has a baseline at ${migrations[standing]?.key}, and SQL before that was ` +
        'dropped. Take a later migration.',
    );
  }
  const { text: baseline, rows } = makeBaseline(migrations.slice(0, at + 1));
  checkRest(migrations.map((one) => ({ ...one, baseline: one === last ? baseline : undefined })));
  let source = module.source;
  for (const { key } of migrations.filter((one) => one.baseline !== undefined)) {
    source = edit(module, source, key, (text, object) => withoutProperty(text, object, 'baseline'));
  }
  const entry = findRecord(source)?.entries.find(({ key }) => key === last.key);
  if (entry && last.up === undefined && findEntryObject(source, entry) === undefined) {
    source = inLongForm(source, entry);
  }
  const property = `baseline: ${template(baseline)}`.replaceAll('\n', eolOf(source));
  source = edit(module, source, last.key, (text, object) => withProperty(text, object, property));
  return {
    text: source,
    key: last.key,
    tag: last.tag,
    replaced: at + 1,
    bytes: Buffer.byteLength(baseline),
    rows,
  };
}

/** An import of a text that nothing names any more, with its line. */
function withoutImport(source: string, name: string): string {
  const line = new RegExp(
    `^import\\s+${name}\\s+from\\s+(['"])[^'"\\n]+\\.sql\\1\\s*;?[ \\t]*\\r?\\n`,
    'm',
  );
  const rest = source.replace(line, '');
  // A key of the record may have the name too.
  const isUsed = new RegExp(`\\b${name}\\b(?!['"]?\\s*:)`).test(rest.replace(/\/\/[^\n]*/g, ''));
  return isUsed ? source : rest;
}

function withoutSql(module: ModuleFile, source: string, migration: Migration): string {
  const { key, checksum, tag } = migration;
  if (tag === null) {
    throw new CliError(
      `${placeOf(module, key)}: ${key} has no tag, so that only its SQL tells what it is. Give it one first.`,
    );
  }
  let name: string | undefined;
  const edited = edit(module, source, key, (text, object) => {
    const property = object.entries.find((one) => one.key === 'sql');
    const value = property && text.slice(property.start, property.end);
    name =
      /^sql:\s*([A-Za-z_$][\w$]*)$/.exec(value ?? '')?.[1] ?? (value === 'sql' ? 'sql' : undefined);
    const hasChecksum = object.entries.some((one) => one.key === 'checksum');
    if (hasChecksum || property === undefined) return withoutProperty(text, object, 'sql');
    return `${text.slice(0, property.start)}checksum: ${string(checksum)}${text.slice(property.end)}`;
  });
  return name === undefined ? edited : withoutImport(edited, name);
}

/**
 * Takes the SQL of the migrations away that a module's baseline replaces, and nothing else: tags, times and checksums
 * stay, so the fingerprint of the list does not change.
 *
 * @param module the module as it stands
 * @throws {CliError} if there is no baseline, it was made of other migrations, or an entry has no tag
 */
export function dropReplaced(module: ModuleFile): DroppedChange {
  const replaced = replacedBy(module.list.migrations);
  const last = replaced.at(-1);
  if (last === undefined) {
    throw new CliError(
      `${module.file} has no baseline. Write one first: \`npx drizzle-offramp convert --baseline <key>\`.`,
    );
  }
  if (!isCurrent(replaced)) {
    throw new CliError(
      `The baseline of ${last.key} in ${module.file} was made of other migrations than those up to it. Run ` +
        `\`npx drizzle-offramp convert --baseline ${last.key}\` again.`,
    );
  }
  const dropped = replaced.filter(({ sql }) => sql !== null);
  const text = dropped.reduce((source, one) => withoutSql(module, source, one), module.source);
  return {
    text,
    key: last.key,
    tag: last.tag,
    replaced: replaced.length,
    dropped: dropped.map(({ key }) => key),
    bytes: Buffer.byteLength(module.source) - Buffer.byteLength(text),
  };
}
