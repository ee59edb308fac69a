// What keeps a version from being published.
import { type Home, relativeLinks } from './links.ts';

/** What is published, as far as it is looked at. */
export interface Release {
  /** package.json. */
  readonly manifest: Home;
  readonly readme: string;
  readonly changelog: string;
}

const urlOf = (value: Home['repository']): string =>
  typeof value === 'string' ? value : (value?.url ?? '');

/**
 * Looks for what must be there before a version goes out.
 *
 * @param release what would be published
 * @returns a sentence for each thing that is missing; none if it can go
 */
export function faultsOf({ manifest, readme, changelog }: Release): string[] {
  const faults: string[] = [];
  const { version = '', repository, homepage, bugs } = manifest;
  for (const [name, value] of Object.entries({ repository, homepage, bugs })) {
    if (urlOf(value) === '') {
      faults.push(`package.json has no \`${name}\`: write where it is, once that is true.`);
    }
  }
  const escaped = version.replaceAll('.', '\\.');
  if (!new RegExp(`^## ${escaped}\\b`, 'm').test(changelog)) {
    faults.push(`CHANGELOG.md has no heading for ${version}.`);
  }
  const relative = relativeLinks(readme);
  if (relative.length > 0) {
    faults.push(
      `README.md has ${relative.length} relative link(s), which lead nowhere on a registry's page: run \`npm run release:links\`, ` +
        'and do not commit what it does.',
    );
  }
  return faults;
}
