// Makes the baselines of all histories, at every point, for the tests in workerd. See histories.ts.
import type { TestProject } from 'vitest/node';
import { makeBaseline } from '../src/cli/baseline/make.ts';
import { readMigrations } from '../src/input/migrations.ts';
import { HISTORIES, recordOf } from './histories.ts';

/** Gives them to the tests. */
export default function provideBaselines(project: TestProject): void {
  const made = Object.entries(HISTORIES).map(([name, texts]) => {
    const { migrations } = readMigrations(recordOf(texts));
    return [name, texts.map((_, i) => makeBaseline(migrations.slice(0, i + 1)).text)];
  });
  project.provide('baselines', Object.fromEntries(made));
}
