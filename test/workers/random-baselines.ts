// Code that carries a baseline, which the generator makes in the runtime itself.
import fc from 'fast-check';
import { renderSnapshot } from '../../src/cli/baseline/render.ts';
import { readSnapshot } from '../../src/cli/baseline/snapshot.ts';
import {
  type MigrationEntry,
  type MigrationRecord,
  migrate,
  OfframpError,
} from '../../src/index.ts';
import { baselineHeader } from '../../src/input/baseline.ts';
import { readMigrations } from '../../src/input/migrations.ts';
import { inObject, rows, withObject } from './harness.ts';
import { BREAKPOINT, type Form, inOrder, tagOf } from './journal.ts';
import type { SchemaMigration } from './random-schema.ts';

/** What fast-check makes up of a baseline. */
export interface Draw {
  /** After which migration of the code it stands. */
  readonly at: number;
  /** Whether the SQL that it replaces was dropped. */
  readonly dropped: boolean;
}

export const draw: fc.Arbitrary<Draw | undefined> = fc.option(
  fc.record({ at: fc.nat(8), dropped: fc.boolean() }),
  { nil: undefined, freq: 2 },
);

/** Code with a baseline. */
export interface Based {
  /** The code, written anew each time it is asked for. */
  readonly record: () => MigrationRecord;
  /** What the baseline stands for. */
  readonly replaced: readonly SchemaMigration[];
  readonly dropped: boolean;
  /** Its statements, as if they were those of its last migration. */
  readonly script: SchemaMigration;
}

const RUNTIME = ['_cf_KV', '_cf_METADATA', '__migrations', '__drizzle_migrations'];

/**
 * The statements of a baseline: with foreign keys off where no order of the rows is right.
 *
 * @param record what it is to stand for
 * @returns undefined if no new object can run that
 */
export async function statementsOf(record: MigrationRecord): Promise<string[] | undefined> {
  const statements = await withObject((stub) =>
    inObject((ctx) => {
      try {
        migrate(ctx, record);
      } catch (error) {
        if (error instanceof OfframpError) return undefined;
        throw error;
      }
      const parentsOf = (table: string): string[] =>
        rows(ctx, `PRAGMA foreign_key_list("${table}")`).map((row) => String(row.table));
      return renderSnapshot(readSnapshot(ctx.storage.sql, RUNTIME), parentsOf);
    }, stub),
  );
  if (statements === undefined) return undefined;
  const isTaken = await withObject((stub) =>
    inObject((ctx) => {
      try {
        ctx.storage.transactionSync(() => {
          for (const statement of statements) ctx.storage.sql.exec(statement);
        });
        return true;
      } catch {
        return false;
      }
    }, stub),
  );
  return isTaken
    ? statements
    : ['PRAGMA foreign_keys=OFF', ...statements, 'PRAGMA foreign_keys=ON'];
}

/** By the fingerprint of what they stand for. */
const known = new Map<string, Promise<string[] | undefined>>();

/**
 * Code with a baseline, in the long form.
 *
 * @returns undefined if no new object can run what it would stand for
 */
export async function basedOn(
  form: Form,
  code: readonly SchemaMigration[],
  { at, dropped }: Draw,
): Promise<Based | undefined> {
  const ordered = inOrder(form, code);
  const entries = (): [string, MigrationEntry][] =>
    ordered.map((one, i) => [
      `m${String(i).padStart(4, '0')}`,
      { tag: tagOf(one), sql: one.sql, ...(form === '0.x' && { when: one.when }) },
    ]);
  const { migrations } = readMigrations(Object.fromEntries(entries()));
  const last = at % ordered.length;
  const header = baselineHeader(migrations.slice(0, last + 1));
  const made = known.get(header) ?? statementsOf(Object.fromEntries(entries().slice(0, last + 1)));
  known.set(header, made);
  const statements = await made;
  if (statements === undefined) return undefined;
  const baseline = `${header}\n${statements.join(BREAKPOINT)}`;
  const record = (): MigrationRecord =>
    Object.fromEntries(
      entries().map(([key, { sql, ...rest }], i) => {
        const isDropped = dropped && i <= last;
        const checksum = migrations[i]?.checksum as string;
        return [
          key,
          {
            ...rest,
            ...(isDropped ? { checksum } : { sql: sql as string }),
            ...(i === last && { baseline }),
          },
        ];
      }),
    );
  const script = { ...(ordered[last] as SchemaMigration), statements };
  return { record, replaced: ordered.slice(0, last + 1), dropped, script };
}
