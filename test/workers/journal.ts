// Journals as a team makes them: entries with a `when`, deployed one after the other, and branches that were merged late.
import fc from 'fast-check';
import type { MigrationInput, MigrationRef } from '../../src/index.ts';
import { canonicalTag } from '../../src/input/bundles.ts';
import { bundle0, bundle1, type Made } from './harness.ts';

/** One value twice as often as any other. */
export const often = <T>(usual: T, rarely: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight: 2, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: rarely });

/** What fast-check makes up of a migration's place in the journal. */
export interface Stamp {
  readonly letter: string;
  /** Milliseconds between its `when` and that of the journal's entry before it. */
  readonly gap: number;
  /** Its `when` may be the very start or end of a second, as one that is known to the second only. */
  readonly millis: 'any' | 0 | 999;
  /** Whether it is deployed with the entry before it or in the next deploy. */
  readonly deploy: 'same' | 'next';
  /** How many deploys later than its neighbours it comes into the journal: a branch that was merged late. */
  readonly late: number;
}

/** The arbitraries of a {@link Stamp}, for `fc.record`. */
export const stamp = {
  letter: fc.constantFrom('a', 'b', 'c'),
  gap: fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 1_000, max: 10_000_000 }) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 999 }) },
    { weight: 1, arbitrary: fc.constant(0) },
    { weight: 2, arbitrary: fc.integer({ min: -60_000, max: -1 }) },
  ),
  millis: often<Stamp['millis']>('any', fc.constantFrom(0, 999)),
  deploy: fc.constantFrom('same' as const, 'next' as const),
  late: often(0, fc.integer({ min: 1, max: 3 })),
};

/** A migration of a journal, and the first deploy that has it. */
export interface Entry extends Made {
  readonly number: number;
  readonly since: number;
}

export const BREAKPOINT = ';\n--> statement-breakpoint\n';
export const FIRST_WHEN = 1_795_371_422_076;

/** The place of the first migration. Its name sorts before those of the same second. */
export const OPENING = { number: 0, tag: '0000_0opening', when: FIRST_WHEN, since: 0 } as const;

function whenOf({ gap, millis }: Stamp, before: number): number {
  const when = before + gap;
  const second = when - (when % 1000);
  return Math.max(millis === 'any' ? when : second + millis, FIRST_WHEN);
}

/**
 * The journal as it stands after the last deploy.
 *
 * @param opening the first migration
 * @param drafts what the others are made of
 * @param make the rest of a migration, and the numbers of those that must have been deployed before it
 */
export function journalOf<D extends Stamp, E extends Entry>(
  opening: E,
  drafts: readonly D[],
  make: (draft: D, number: number) => Omit<E, 'number' | 'tag' | 'when' | 'since'>,
  needs: (number: number) => readonly number[] = () => [],
): E[] {
  const journal = [opening];
  let onTime = 0;
  for (const [i, draft] of drafts.entries()) {
    const number = i + 1;
    const parts = make(draft, number);
    const when = whenOf(draft, (journal.at(-1) as E).when);
    onTime += draft.deploy === 'next' ? 1 : 0;
    // Drizzle keeps nothing but `when`, so nobody can tell an entry from a later one that is put before it with the
    // same: the entries of one `when` must come in order.
    const before = journal.filter(
      (other) => other.when === when || needs(number).includes(other.number),
    );
    const since = Math.max(onTime + draft.late, ...before.map((other) => other.since));
    const tag = `${String(number).padStart(4, '0')}_${draft.letter}${number}`;
    journal.push({ ...parts, number, tag, when, since } as E);
  }
  return journal;
}

/** The journal as it stood at each deploy. */
export const deploysOf = <E extends Entry>(journal: readonly E[]): E[][] =>
  Array.from({ length: Math.max(...journal.map(({ since }) => since)) + 1 }, (_, deploy) =>
    journal.filter(({ since }) => since <= deploy),
  );

export type Form = '0.x' | '1.x';

export const secondOf = (tag: unknown): string => String(tag).slice(0, 14);
export const tagOf = ({ when, tag }: Made): string => canonicalTag(when, tag);

/** The migrations in the order in which a bundle of that form runs them. */
export const inOrder = <E extends Entry>(form: Form, migrations: readonly E[]): E[] =>
  form === '0.x' ? [...migrations] : [...migrations].sort((a, b) => (tagOf(a) < tagOf(b) ? -1 : 1));

export const bundleOf = (form: Form, migrations: readonly Made[]): MigrationInput =>
  form === '0.x' ? bundle0(...migrations) : bundle1(...migrations);

export const refsOf = <E extends Entry>(ordered: readonly E[]): Map<E, MigrationRef> =>
  new Map(
    ordered.map((migration, i) => [
      migration,
      { key: `m${String(i).padStart(4, '0')}`, tag: tagOf(migration) },
    ]),
  );

/** The tags of each second in which some, but not all, of the migrations ran: a 1.x bundle has no milliseconds. */
export function ambiguousSeconds(ordered: readonly Entry[], ran: ReadonlySet<number>): string[] {
  const seconds = new Set(ordered.map((migration) => secondOf(tagOf(migration))));
  return [...seconds].flatMap((second) => {
    const made = ordered.filter((migration) => tagOf(migration).startsWith(second));
    const count = made.filter(({ number }) => ran.has(number)).length;
    return count > 0 && count < made.length ? [made.map(tagOf).join()] : [];
  });
}
