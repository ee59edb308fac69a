// Repairs as they are written on a command line, in both directions.
import type { Repair } from '../../object/commands.ts';
import { CliError } from '../output.ts';

/** The kinds of repairs. */
export const KINDS = ['forget', 'mark-applied', 'mark-unapplied', 'accept'] as const;
type Kind = (typeof KINDS)[number];

/** What stands for a value that a row does not have. */
const NONE = 'none';

/** The options that name a row, as commander reads them. */
export interface RowOptions {
  readonly createdAt?: string;
  readonly tag?: string;
  readonly version?: string;
}

const isKind = (kind: string): kind is Kind => (KINDS as readonly string[]).includes(kind);

function wholeNumber(option: string, text: string): number {
  // Drizzle 0.x leaves times such as 1795375411000.0 in the log, and a time below 0 is one that a person made.
  const value = Number(text);
  if (text.trim() !== '' && Number.isSafeInteger(value)) return value;
  throw new CliError(`${option} ${text}: it takes a whole number.`);
}

function rowOf({
  createdAt,
  tag,
  version,
}: RowOptions): Omit<Extract<Repair, { kind: 'forget' }>, 'kind'> {
  if (createdAt === undefined && tag === undefined && version === undefined) {
    throw new CliError(
      'repair forget: name the row with --created-at <milliseconds>, --tag <tag> or --version <number>. `inspect` lists the ' +
        'rows in question.',
    );
  }
  return {
    ...(version === undefined ? {} : { version: wholeNumber('--version', version) }),
    ...(createdAt === undefined
      ? {}
      : { created_at: createdAt === NONE ? null : wholeNumber('--created-at', createdAt) }),
    ...(tag === undefined ? {} : { tag: tag === NONE ? null : tag }),
  };
}

/**
 * Reads a repair from a command line.
 *
 * @param words what follows `repair`: the kind and, but for `forget`, the migration's key or tag
 * @param options which row `forget` is about
 * @throws {CliError} if it is none
 */
export function toRepair(words: readonly string[], options: RowOptions): Repair {
  const [kind, migration, ...more] = words;
  if (kind === undefined || !isKind(kind)) {
    const found = kind === undefined ? 'repair' : `repair ${kind}`;
    throw new CliError(`${found}: it takes one of ${KINDS.join(', ')}.`);
  }
  if (more.length > 0)
    throw new CliError(`repair ${kind}: there is more than it takes: ${more.join(' ')}.`);
  if (kind === 'forget') {
    if (migration !== undefined) {
      throw new CliError(
        `repair forget ${migration}: a row is named with --created-at <milliseconds>, --tag <tag> or --version <number>.`,
      );
    }
    return { kind, ...rowOf(options) };
  }
  if (Object.keys(options).length > 0) {
    throw new CliError(
      `repair ${kind}: it is about a migration. Only forget takes --created-at, --tag and --version.`,
    );
  }
  if (migration === undefined) {
    throw new CliError(`repair ${kind}: name the migration, by its key (m0007) or its tag.`);
  }
  return { kind, migration };
}

/**
 * A word as a shell takes it for one.
 *
 * @param word any text
 */
export const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

/**
 * A repair as it is written on a command line.
 *
 * @param repair the repair
 */
export function toWords(repair: Repair): string {
  if (repair.kind !== 'forget') return `repair ${repair.kind} ${quoted(repair.migration)}`;
  const { version, created_at: createdAt, tag } = repair;
  // What a row lacks is said only where nothing else tells it.
  const others = version !== undefined || typeof createdAt === 'number' || typeof tag === 'string';
  const say = (option: string, value: string | number | null | undefined): string =>
    value === undefined || (value === null && others)
      ? ''
      : ` ${option} ${quoted(String(value ?? NONE))}`;
  return `repair forget${say('--version', version)}${say('--created-at', createdAt)}${say('--tag', tag)}`;
}
