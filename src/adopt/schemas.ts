// Which migrations made the tables of an object that has no ledger, told from the tables alone.
import { AdoptionError, refuse } from '../base/errors.ts';
import { sha256 } from '../base/sha256.ts';
import type { SqlStorageLike } from '../base/storage.ts';
import { fingerprintOf } from '../input/fingerprint.ts';
import type { Migration, Schemas } from '../input/migration.ts';
import { migrationNamed } from '../ledger/other.ts';
import { changesRows } from './rows.ts';
import { structureOf } from './structure.ts';

/** How many characters stand for one schema: 64 bits. */
const LENGTH = 11;

/** The first 64 bits of a SHA-256, as 11 characters of Base64 for URLs. */
const shorten = (sha: string): string =>
  btoa(sha.slice(0, 16).replace(/../g, (byte) => String.fromCharCode(Number.parseInt(byte, 16))))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .slice(0, LENGTH);

/**
 * What stands for a schema.
 *
 * @param structure what {@link structureOf} returned
 */
export const printOf = (structure: readonly string[]): string =>
  shorten(sha256(structure.join('\n')));

/** What tells that prints are those of these migrations. */
const markOf = (migrations: readonly Migration[]): string => shorten(fingerprintOf(migrations));

/**
 * What a module carries.
 *
 * @param migrations the migrations
 * @param prints what stands for the schema after each of them
 * @param names the tables and views that they ever make
 */
export const writeSchemas = (
  migrations: readonly Migration[],
  prints: readonly string[],
  names: readonly string[],
): string =>
  [markOf(migrations) + prints.join(''), ...names.map((name) => encodeURIComponent(name))].join(
    ' ',
  );

/** What a module carries, taken apart. */
export interface SchemasText {
  /** What tells which migrations the prints are of. */
  readonly mark: string | undefined;
  readonly prints: readonly string[];
  /** The tables and views that the migrations ever make, in lower case. */
  readonly names: readonly string[];
}

/**
 * Takes apart what {@link writeSchemas} made.
 *
 * @param text what a module carries
 */
export function readSchemas(text: string): SchemasText {
  const [all = '', ...names] = text.split(' ');
  const [mark, ...prints] = all.match(/.{11}/gs) ?? [];
  return { mark, prints, names: names.map(decodeURIComponent) };
}

const REFERENCE = 'the schema';
const named = ({ key, tag }: Migration): string => (tag === null ? key : `${key} (${tag})`);

/** What {@link schemas} returns. */
class CarriedSchemas implements Schemas {
  constructor(private readonly text: string) {}

  find(
    sql: SqlStorageLike,
    migrations: readonly Migration[],
    untracked: 'match' | { readonly at: string },
  ): readonly string[] | undefined {
    const { mark, prints, names } = readSchemas(this.text);
    const known = migrations.slice(0, prints.length);
    if (prints.length > migrations.length || mark !== markOf(known)) {
      refuse(
        'STALE_FINGERPRINT',
        'The module carries the schemas of other migrations. Run `npx drizzle-offramp convert`.',
      );
    }
    const at = untracked === 'match' ? undefined : migrationNamed(known, untracked?.at);
    if (untracked !== 'match' && at === undefined) {
      refuse(
        'INVALID_OPTION',
        `The option \`untracked\` is ${JSON.stringify(untracked)}: it takes 'match', or { at: 'm0007' } with the key or ` +
          'the tag of a migration.',
        'untracked',
      );
    }
    const structure = structureOf(sql, new Set(names));
    if (structure.length === 0) return undefined;
    const print = printOf(structure);
    const hits = known.filter((_, place) => prints[place] === print);
    const hit = at ?? hits[0];
    if (hit === undefined || !hits.includes(hit)) {
      throw new AdoptionError(
        'UNKNOWN_SCHEMA',
        `This object has tables of the migrations and no ledger, and its schema is not the one ` +
          `${at ? `after ${named(at)}` : 'after any of them'}${hits.length > 0 ? `, but that after ${hits.map(named).join(', ')}` : ''}. ` +
          'Compare the two with `npx drizzle-offramp status`, and write code that makes the schema one of the history.',
        REFERENCE,
        hits.map(({ key }) => key),
      );
    }
    const ran = known.slice(0, known.indexOf(hit) + 1);
    const writing = at ? [] : ran.filter(changesRows);
    if (at === undefined && (hits.length > 1 || writing.length > 0)) {
      const why =
        hits.length > 1
          ? 'have the same one'
          : `is the only one, but ${writing.map(named).join(', ')} changes rows, which a schema does not tell`;
      throw new AdoptionError(
        'AMBIGUOUS_SCHEMA',
        `This object has tables of the migrations and no ledger. Its schema is that after ${hits.map(named).join(', ')}: ` +
          `${hits.length > 1 ? `these ${why}` : `it ${why}`}. Find out which ran last in these objects, and pass untracked: ` +
          `{ at: '${hits.at(-1)?.key}' } with its key.`,
        REFERENCE,
        hits.map(({ key }) => key),
      );
    }
    return ran.map(({ key }) => key);
  }
}

/**
 * The schemas that a module carries, as `drizzle-offramp convert --untracked` writes them: behind the fingerprint, in
 * the call of `defineMigrations`. With them the option `untracked` finds which migrations made the tables of an object
 * that has no ledger.
 *
 * @param text what `convert` wrote: 64 bits for the schema after each migration, and the names of all tables
 */
export const schemas = (text: string): Schemas => new CarriedSchemas(text);
