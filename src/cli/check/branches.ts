// What the snapshots of drizzle-kit 1.x tell of a folder's past: each names those that it was made after.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Finding } from './finding.ts';
import type { LocatedMigration } from './located.ts';
import { ask, stateOf } from './states.ts';

/** What the first snapshot of a folder names. */
const ORIGIN = '00000000-0000-0000-0000-000000000000';

interface Snapshot {
  readonly id: string;
  readonly prevIds: readonly string[];
}

function readSnapshot(file: string): Snapshot | undefined {
  const path = join(dirname(file), 'snapshot.json');
  if (!existsSync(path)) return undefined;
  try {
    const { id, prevIds } = JSON.parse(readFileSync(path, 'utf8'));
    const isSnapshot = typeof id === 'string' && Array.isArray(prevIds);
    return isSnapshot ? { id, prevIds: prevIds.filter((one) => one !== ORIGIN) } : undefined;
  } catch {
    // drizzle-kit says what is wrong with it.
    return undefined;
  }
}

/** A migration and all that it was made after. */
type Branch = ReadonlySet<LocatedMigration>;

/** An object that got one branch first, and what the planner says of the rest. */
function checkFirst(
  migrations: readonly LocatedMigration[],
  first: Branch,
  leaf: LocatedMigration,
  other: LocatedMigration,
): Finding[] {
  const state = stateOf(
    migrations.filter((one) => first.has(one)),
    'drizzle-offramp',
  );
  const { refused } = state === undefined ? { refused: undefined } : ask(migrations, state);
  if (refused === undefined) return [];
  const late = migrations.find((one) => !first.has(one)) as LocatedMigration;
  return [
    {
      code: 'BRANCHES_MERGED',
      severity: 'warning',
      file: late.file,
      line: 1,
      message: `${other.name} and ${leaf.name} were made apart, from one schema: two branches were merged.`,
      effect: `drizzle-offramp refuses an object (${refused}) that got ${leaf.name} before ${late.name} was deployed, and Drizzle runs it in another order than in a new object.`,
      fix: `If ${leaf.name} is deployed already, generate what ${late.name} does anew, on top of it. Else deploy both at once.`,
    },
  ];
}

/**
 * Checks what the snapshots of a 1.x folder say of its branches: those that were merged and conflict, and
 * migrations that were deleted though others were made after them.
 *
 * @param migrations the folder's migrations, in the order in which they run
 */
export function checkBranches(migrations: readonly LocatedMigration[]): Finding[] {
  const snapshots = new Map<LocatedMigration, Snapshot>();
  for (const migration of migrations) {
    const snapshot = readSnapshot(migration.file);
    // Without one nobody knows the rest.
    if (snapshot === undefined) return [];
    snapshots.set(migration, snapshot);
  }
  const byId = new Map([...snapshots].map(([migration, { id }]) => [id, migration]));
  const gone = [...snapshots].flatMap(([migration, { prevIds }]): Finding[] =>
    prevIds.every((id) => byId.has(id))
      ? []
      : [
          {
            code: 'PARENT_GONE',
            severity: 'error',
            file: migration.file,
            line: 1,
            message: `${migration.name} was made after a migration that the folder does not have: it was deleted.`,
            effect:
              'drizzle-offramp refuses an object that has it: UNKNOWN_ROW where Drizzle ran it, and where drizzle-offramp did ' +
              'UNKNOWN_MIGRATION as soon as there is more to run. One that lacks it may lack what the next ones need.',
            fix: 'Bring it back from version control. If two branches were in conflict, keep both and generate one more.',
          },
        ],
  );
  if (gone.length > 0) return gone;
  const parents = new Set([...snapshots.values()].flatMap(({ prevIds }) => prevIds));
  const leaves = migrations.filter((one) => !parents.has(snapshots.get(one)?.id as string));
  const branchOf = (leaf: LocatedMigration): Branch => {
    const branch = new Set([leaf]);
    for (const one of branch) {
      for (const id of snapshots.get(one)?.prevIds ?? []) {
        branch.add(byId.get(id) as LocatedMigration);
      }
    }
    return branch;
  };
  return leaves.flatMap((leaf, at) => {
    const [earlier] = leaves.slice(0, at);
    return earlier ? checkFirst(migrations, branchOf(leaf), leaf, earlier) : [];
  });
}
