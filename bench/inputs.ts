// Writes the migrations out as the modules that a bundler would see: every text a literal.
import { fileURLToPath } from 'node:url';
import {
  bundle0,
  bundle1,
  carried,
  converted,
  durableUtils,
  type Made,
  made,
  padded,
  plain,
  statements,
} from './schema.ts';

/** From the built package, as its sources are more than Node can read. */
const built = <T>(path: string): Promise<T> =>
  import(fileURLToPath(new URL(`../dist/${path}`, import.meta.url)));
const { makeBaseline } = await built<{ makeBaseline(migrations: unknown): { text: string } }>(
  'cli/baseline/make.js',
);
const { readMigrations } = await built<{ readMigrations(input: unknown): { migrations: unknown } }>(
  'input/migrations.js',
);

/** What `convert --baseline` makes of the last one. */
function based(migrations: Made[]): Record<string, object> {
  const record = converted(migrations);
  const key = migrations.at(-1)?.key as string;
  const baseline = makeBaseline(readMigrations(record).migrations).text;
  return { ...record, [key]: { ...record[key], baseline } };
}

const formsOf = (size: number): string => {
  const migrations = made(size);
  const forms = {
    bundle0: bundle0(migrations),
    bundle1: bundle1(migrations),
    record: plain(migrations),
    durableUtils: durableUtils(migrations),
    statements: statements(migrations),
  };
  const literals = Object.entries(forms).map(
    ([name, value]) => `${name}: ${JSON.stringify(value)}`,
  );
  literals.push(
    `converted: defineMigrations(${JSON.stringify(converted(migrations))}, '${carried(migrations)}')`,
    `based: defineMigrations(${JSON.stringify(based(migrations))}, '${carried(migrations)}')`,
    `inline: () => (${JSON.stringify(plain(migrations))})`,
  );
  return `{ ${literals.join(',\n')} }`;
};

/**
 * The source of `bench:inputs`.
 *
 * @param sizes how many migrations, for each set of inputs
 */
export const inputsSource = (sizes: readonly number[]): string =>
  `import { defineMigrations } from 'drizzle-offramp';
export const inputs = { ${sizes.map((size) => `${size}: ${formsOf(size)}`).join(',\n')} };`;

/**
 * The source of `long.js`: long migrations, made of the same texts at each call.
 *
 * @param size how many migrations
 * @param bytes how long each is
 */
export function longSource(size: number, bytes: number): string {
  const migrations = padded(size, bytes);
  const placeholders = migrations.map((migration, i) => ({ ...migration, sql: `text ${i}` }));
  // Texts as in the real input, each once, and the checksums of those texts.
  const checksums = converted(migrations);
  const entries = Object.entries(converted(placeholders)).map(
    ([key, { tag, when, sql }]) =>
      [key, { tag, when, checksum: checksums[key]?.checksum, sql }] as const,
  );
  const literal = (value: unknown) =>
    JSON.stringify(value).replace(/"text (\d+)"/g, (_, i) => `texts[${i}]`);
  return `const texts = ${JSON.stringify(migrations.map(({ sql }) => sql))};
export const bundle0 = () => (${literal(bundle0(placeholders))});
export const converted = () => (${literal(Object.fromEntries(entries))});
export const carried = '${carried(migrations)}';`;
}
