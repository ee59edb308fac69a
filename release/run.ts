/**
 * `node release/run.ts check`: fails if the version must not be published. npm runs it before `npm publish`.
 * `node release/run.ts links`: makes the README's relative links absolute.
 *
 * @module
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { faultsOf } from './faults.ts';
import { type Home, withAbsoluteLinks } from './links.ts';

const root = join(import.meta.dirname, '..');
const read = (name: string): string => readFileSync(join(root, name), 'utf8');
const manifest: Home = JSON.parse(read('package.json'));

const [command] = process.argv.slice(2);
if (command === 'links') {
  try {
    writeFileSync(join(root, 'README.md'), withAbsoluteLinks(read('README.md'), manifest));
  } catch (error) {
    console.error(`error: ${(error as Error).message}`);
    process.exitCode = 1;
  }
} else if (command === 'check') {
  const faults = faultsOf({
    manifest,
    readme: read('README.md'),
    changelog: read('CHANGELOG.md'),
  });
  for (const fault of faults) console.error(`error: ${fault}`);
  if (faults.length > 0) process.exitCode = 1;
} else {
  console.error('error: say `check` or `links`.');
  process.exitCode = 2;
}
