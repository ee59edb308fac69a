// The manual as the tests read it: its pages, headings, links and blocks of code.
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';

const root = join(import.meta.dirname, '../..');

/** A link of a page. */
export interface Link {
  /** The page that has it, from the repository's root. */
  readonly from: string;
  /** The file it leads to, from the root; the page itself if it names none. */
  readonly file: string;
  /** What follows `#`; undefined if it names none. */
  readonly anchor: string | undefined;
}

/** A block of code. */
export interface Block {
  readonly page: string;
  /** The line of its fence, from 1. */
  readonly line: number;
  /** What its fence says; empty for what a program prints. */
  readonly language: string;
  readonly text: string;
}

/**
 * Reads a file of the repository.
 *
 * @param path from its root
 */
export const readPage = (path: string): string => readFileSync(join(root, path), 'utf8');

/** All pages that people read, from the repository's root, and `llms.txt`. */
export const PAGES: readonly string[] = [
  ...globSync('docs/**/*.md', { cwd: root }).map((path) => path.replaceAll('\\', '/')),
  ...['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md', 'llms.txt'],
  ...['test/README.md', 'example/README.md'],
].sort();

const FENCE = /^(`{3,})(\w*)[^\n]*\n([\s\S]*?)^\1$/gm;

const withoutBlocks = (text: string): string => text.replace(FENCE, '');

/**
 * The blocks of code of a page.
 *
 * @param page from the repository's root
 */
export const blocksOf = (page: string): Block[] => {
  const content = readPage(page);
  return Array.from(content.matchAll(FENCE), ({ index, 2: language = '', 3: text = '' }) => ({
    page,
    line: content.slice(0, index).split('\n').length,
    language,
    text,
  }));
};

/** What forges make of a heading: small letters, no punctuation, hyphens for spaces. */
const slug = (heading: string): string =>
  heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-');

/**
 * The anchors of a page. A heading that stands there twice has a number behind the second.
 *
 * @param page from the repository's root
 */
export function anchorsOf(page: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of withoutBlocks(readPage(page)).matchAll(/^#{1,6} (.+)$/gm)) {
    const name = slug(heading);
    let anchor = name;
    for (let times = 1; anchors.has(anchor); times++) anchor = `${name}-${times}`;
    anchors.add(anchor);
  }
  return anchors;
}

/**
 * The links of a page that lead to files of the repository.
 *
 * @param page from the repository's root
 */
export function linksOf(page: string): Link[] {
  const text = withoutBlocks(readPage(page)).replace(/`[^`\n]*`/g, (code) =>
    code.replace(/[[\]]/g, ''),
  );
  return Array.from(text.matchAll(/\]\(([^)\s]+)\)/g), ([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? page : posix.join(dirname(page), path);
      return { from: page, file, anchor };
    });
}

/**
 * A path from the repository's root.
 *
 * @param path absolute
 */
export const fromRoot = (path: string): string => relative(root, path).replaceAll('\\', '/');
