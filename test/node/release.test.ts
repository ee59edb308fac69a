import { describe, expect, it } from 'vitest';
import { faultsOf } from '../../release/faults.ts';
import { type Home, relativeLinks, withAbsoluteLinks } from '../../release/links.ts';
import { readPage } from './manual.ts';

const HOME: Home = {
  version: '1.2.3',
  repository: { url: 'git+https://github.com/a-team/drizzle-offramp.git' },
  homepage: 'https://github.com/a-team/drizzle-offramp#readme',
  bugs: 'https://github.com/a-team/drizzle-offramp/issues',
};
const CHANGELOG = '# Changelog\n\n## 1.2.3 (2026-12-01)\n';

describe('a release', () => {
  it('is refused without a home, without an entry in the changelog, and with dead links', () => {
    expect(
      faultsOf({
        manifest: { version: '1.2.3' },
        readme: '[a](docs/a.md) [b](https://b.example) [c](#c)',
        changelog: CHANGELOG.replace('1.2.3', '1.2.30'),
      }),
    ).toEqual([
      'package.json has no `repository`: write where it is, once that is true.',
      'package.json has no `homepage`: write where it is, once that is true.',
      'package.json has no `bugs`: write where it is, once that is true.',
      'CHANGELOG.md has no heading for 1.2.3.',
      "README.md has 1 relative link(s), which lead nowhere on a registry's page: run `npm run release:links`, and do not commit what it does.",
    ]);
  });

  it('goes out with the README of this repository, its links made absolute', () => {
    const readme = withAbsoluteLinks(readPage('README.md'), HOME);
    expect(faultsOf({ manifest: HOME, readme, changelog: CHANGELOG })).toEqual([]);
  });

  it('is checked by npm before it publishes', () => {
    const { scripts } = JSON.parse(readPage('package.json'));
    expect(scripts.prepublishOnly).toBe('npm run release:check');
    expect(scripts['release:check']).toBe('node release/run.ts check');
  });
});

describe('a link of the README', () => {
  it.each([
    'https://github.com/a-team/drizzle-offramp',
    'git@github.com:a-team/drizzle-offramp.git',
    'github:a-team/drizzle-offramp',
  ])('leads to the tag of the version: %s', (repository) => {
    const text = '[`a`](docs/a.md#b), ![c](docs/images/c.svg), [d](#d), [e](https://e.example)';
    expect(withAbsoluteLinks(text, { ...HOME, repository })).toBe(
      '[`a`](https://github.com/a-team/drizzle-offramp/blob/v1.2.3/docs/a.md#b), ' +
        '![c](https://raw.githubusercontent.com/a-team/drizzle-offramp/v1.2.3/docs/images/c.svg), ' +
        '[d](#d), [e](https://e.example)',
    );
  });

  it('stays as it is where nobody knows the forge', () => {
    const repository = 'https://forge.example/a-team/drizzle-offramp';
    expect(() => withAbsoluteLinks('[a](b.md)', { ...HOME, repository })).toThrow(
      'package.json names no repository on GitHub. Name it there, or write here how another forge addresses a file at a tag.',
    );
  });

  it('is found in an image and in brackets', () => {
    expect(relativeLinks('![a [b] c](d.svg) and [e](f/g.md#h)')).toEqual(['d.svg', 'f/g.md#h']);
  });
});
