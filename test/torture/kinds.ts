import { bundle0, bundle1, type History, MANY_ROWS } from './history.ts';
import type { Step } from './protocol.ts';

/** A state that an object can be in before the first deploy of ours, and what has brought it there. */
export interface Kind {
  name: string;
  steps: Step[];
  /** Whether its users have added rows to those that migrations made. */
  isHeavy?: boolean;
}

/** One in so many of the mixed objects is heavy. */
const HEAVY = 25;

const fresh: Kind = { name: 'fresh', steps: [] };

/** Objects that Drizzle's real migrators left level with their journal. */
function drizzles(history: History): Kind[] {
  const { base, late } = history;
  const drizzle0 = (count: number, without?: number): Step => ({
    migrator: 'drizzle 0.45',
    bundle: bundle0(history, count, without),
  });
  const drizzle1 = (count: number): Step => ({
    migrator: 'drizzle 1.0',
    bundle: bundle1(history, count),
  });
  return [
    { name: 'Drizzle 0.45', steps: [drizzle0(base)] },
    {
      name: 'Drizzle 0.45 that skipped one',
      steps: [drizzle0(base - 1, late), drizzle0(base)],
    },
    { name: 'Drizzle 0.45 and then 1.0', steps: [drizzle0(base - 1), drizzle1(base)] },
    { name: 'Drizzle 1.0', steps: [drizzle1(base)] },
    { name: 'Drizzle 0.45, behind', steps: [drizzle0(2)] },
    { name: 'Drizzle 1.0, behind', steps: [drizzle1(2)] },
  ];
}

/** Objects that an older deploy of ours left. */
function ours(history: History): Kind[] {
  const step = (count: number, drizzle: 'mirror' | 'retire'): Step => ({
    migrator: 'ours',
    bundle: bundle0(history, count),
    drizzle,
  });
  const adopted: Step = { migrator: 'drizzle 0.45', bundle: bundle0(history, 2) };
  return [
    { name: 'ours, mirroring', steps: [adopted, step(history.base, 'mirror')] },
    { name: 'ours, retired', steps: [adopted, step(history.base - 1, 'retire')] },
    { name: 'ours from the start', steps: [step(2, 'retire')] },
  ];
}

/** A kind for each object, in turn. */
export const mixed = (history: History, objects: number): Kind[] => {
  const kinds = [fresh, ...drizzles(history), ...ours(history)];
  const heavy: Kind = {
    name: 'Drizzle 0.45, heavy',
    steps: [
      { migrator: 'drizzle 0.45', bundle: bundle0(history, history.base) },
      { migrator: 'none', sql: MANY_ROWS },
    ],
    isHeavy: true,
  };
  return Array.from({ length: objects }, (_, index) =>
    index % HEAVY === HEAVY - 1 ? heavy : (kinds[index % kinds.length] as Kind),
  );
};

/** A third of the objects fresh, a third Drizzle's, a third behind with us. */
export const thirds = (history: History, objects: number): Kind[] => {
  const groups = [[fresh], drizzles(history), ours(history)];
  return Array.from({ length: objects }, (_, index) => {
    const group = groups[index % groups.length] as Kind[];
    return group[Math.floor(index / groups.length) % group.length] as Kind;
  });
};
