// The process is killed while a sweep is under way: nothing is counted twice, and nothing is left out.
import { describe, expect, it } from 'vitest';
import { sweep } from './kills.ts';

describe.each(['alarm', 'queue'] as const)('a sweep by %s that is killed', (engine) => {
  it('goes on where it was', async () => {
    const { status, migrated, made } = await sweep({
      ...{ engine, objects: 100, failing: 10, deleted: 20, kills: 3 },
      draw: Math.random,
      say: console.log,
    });
    const { 'up-to-date': upToDate, empty } = status.counts.outcomes;
    expect(status.counts).toMatchObject({ listed: 330, failed: 10, later: 0, again: 0, open: 0 });
    expect(status.drizzle).toEqual({ none: 320, '0.x': 10, '1.x': 0, unknown: 0 });
    expect(migrated).toBe(300);
    // One that was deleted and was being looked at in the moment of a kill is there again, and is counted as it is.
    expect(upToDate + empty).toBe(320);
    expect(made).toBe(upToDate - 300);
  }, 110_000);
});
