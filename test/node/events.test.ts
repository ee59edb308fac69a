// Whom a call tells of what it found. What there is to tell is in ../workers/events.test.ts.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { OfframpError } from '../../src/base/errors.ts';
import { type MigrateEvent, telling } from '../../src/events.ts';
import { UP_TO_DATE } from '../../src/plan/result.ts';

beforeEach(() => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
});
afterEach(() => {
  vi.restoreAllMocks();
});

const refusal = new OfframpError('UNKNOWN_ROW', 'a row');
const refuses = (): never => {
  throw refusal;
};

it('logs nothing where nobody wants to hear of it', () => {
  for (const options of [undefined, {}]) {
    expect(() => telling(options, refuses)).toThrow(refusal);
  }
  expect(console.error).not.toHaveBeenCalled();
});

it('tells how long a call took, to the millisecond', () => {
  const told: MigrateEvent[] = [];
  const onEvent = (event: MigrateEvent) => told.push(event);
  const result = { ...UP_TO_DATE, upToDate: false };
  telling({ onEvent }, () => result, Date.now() - 60_000);
  const [summary] = told;
  expect(summary).toMatchObject({ type: 'summary', outcome: 'migrated' });
  const { milliseconds } = summary as { milliseconds: number };
  expect(milliseconds >= 60_000 && milliseconds < 120_000).toBe(true);
});

it('tells of no error but those of ours, for others say nothing of the object', () => {
  const told: MigrateEvent[] = [];
  const error = new TypeError('not ours');
  expect(() =>
    telling({ onEvent: (event) => told.push(event) }, () => {
      throw error;
    }),
  ).toThrow(error);
  expect(told).toEqual([]);
});
