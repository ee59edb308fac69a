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
    expect(status.counts).toEqual({
      listed: 330,
      outcomes: { 'up-to-date': 300, ahead: 0, empty: 20, woken: 0, migrates: 0, nothing: 0 },
      failed: 10,
      later: 0,
      again: 0,
      open: 0,
    });
    expect(status.drizzle).toEqual({ none: 320, '0.x': 10, '1.x': 0, unknown: 0 });
    expect({ migrated, made }).toEqual({ migrated: 300, made: 0 });
  });
});
