// Counts what was caught, missed and said wrongly, and writes the list of the last two for people.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestModule } from 'vitest/node';
import { DefaultReporter } from 'vitest/node';
import type { Outcome } from './outcome.ts';

const file = join(import.meta.dirname, '../.generated/promises.md');

export default class PromisesReporter extends DefaultReporter {
  override onTestRunEnd(...args: Parameters<DefaultReporter['onTestRunEnd']>): void {
    super.onTestRunEnd(...args);
    const outcomes: Outcome[] = [];
    for (const module of args[0] as readonly TestModule[]) {
      for (const test of module.children.allTests()) {
        const { outcome } = test.meta();
        if (outcome !== undefined) outcomes.push(outcome);
      }
    }
    const lines = ['# Promises', ''];
    for (const tool of ['check', 'rehearse']) {
      const of = (kind: string) =>
        outcomes.filter((outcome) => outcome.tool === tool && outcome.kind === kind);
      const defects = of('defect');
      const innocents = of('innocent');
      const missed = defects.filter(({ right }) => !right);
      const wrong = innocents.filter(({ right }) => !right);
      const counts =
        `${tool}: of ${defects.length} defects ${defects.length - missed.length} caught and ${missed.length} missed; ` +
        `of ${innocents.length} innocents ${innocents.length - wrong.length} pass and ${wrong.length} do not.`;
      console.log(counts);
      lines.push(`## ${counts}`, '');
      const caught = defects.filter(({ right }) => right);
      for (const [title, list] of [
        ['Missed', missed],
        ['False', wrong],
        ['Caught', caught],
      ] as const) {
        lines.push(`### ${title}`, '');
        for (const { what, names, said, recorded } of list) {
          lines.push(
            `- ${what}${names && ` (names: ${names})`}${recorded === undefined ? '' : ` (recorded: ${recorded})`}`,
            '  ```',
            ...said.split('\n').map((line) => `  ${line}`),
            '  ```',
          );
        }
        lines.push('');
      }
    }
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, lines.join('\n'));
  }
}
