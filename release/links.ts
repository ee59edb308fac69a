// A registry's page does not know where a relative link of the README leads. Before a release, in a checkout that nobody
// commits, they are made absolute, at the tag of the version.
import { posix } from 'node:path';

/** The part of package.json that says where the repository lives. */
export interface Home {
  readonly version?: string;
  readonly repository?: string | { readonly url?: string };
  readonly homepage?: string;
  readonly bugs?: string | { readonly url?: string };
}

const LINK = /(!?)\[((?:[^[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)/g;

const isRelative = (target: string): boolean => !/^(?:[a-z]+:|#)/.test(target);

/**
 * The relative links of a page.
 *
 * @param text the page
 */
export const relativeLinks = (text: string): string[] =>
  Array.from(text.matchAll(LINK), ([, , , target = '']) => target).filter(isRelative);

/**
 * The owner and the name of a repository on GitHub.
 *
 * @param home what package.json says
 * @returns undefined if it says nothing, or names another forge
 */
export function githubOf({ repository }: Home): string | undefined {
  const url = typeof repository === 'string' ? repository : repository?.url;
  return /github(?:\.com[/:]|:)([\w.-]+\/[\w.-]+?)(?:\.git)?\/?$/.exec(url ?? '')?.[1];
}

/**
 * A page with its relative links made absolute.
 *
 * @param text the page, which stands at the repository's root
 * @param home what package.json says
 * @throws {Error} if the repository is on no forge whose addresses are known here
 */
export function withAbsoluteLinks(text: string, home: Home): string {
  const name = githubOf(home);
  if (name === undefined) {
    throw new Error(
      'package.json names no repository on GitHub. Name it there, or write here how another forge addresses a file at a tag.',
    );
  }
  const tag = `v${home.version}`;
  return text.replace(LINK, (link, image: string, words: string, target: string) => {
    if (!isRelative(target)) return link;
    const path = posix.normalize(target);
    const address =
      image === '!'
        ? `https://raw.githubusercontent.com/${name}/${tag}/${path}`
        : `https://github.com/${name}/blob/${tag}/${path}`;
    return `${image}[${words}](${address})`;
  });
}
