// The manual holds what it says: its links, its lists of codes, options, commands and flags, its code and its figures.
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type ParseError, parse } from 'jsonc-parser';
import { describe, expect, it } from 'vitest';
import { withManualPart } from '../../bench/manual.ts';
import type { Results } from '../../bench/results.ts';
import type { Figures } from '../../example/demo/figures.ts';
import { picture } from '../../example/demo/picture.ts';
import { program } from '../../src/cli/program.ts';
import { UP_TO_DATE } from '../../src/plan/result.ts';
import { pageOf } from '../compatibility/page.ts';
import { readResults } from '../compatibility/results.ts';
import { withFigures } from '../fleet/figures.ts';
import { anchorsOf, type Block, blocksOf, linksOf, PAGES, readPage } from './manual.ts';
import { useProjects } from './projects.ts';

const root = join(import.meta.dirname, '../..');
const README_BYTES = 12 * 1024;
const MANUAL = PAGES.filter((page) => page.startsWith('docs/'));
const blocks = PAGES.filter((page) => !page.startsWith('test/')).flatMap(blocksOf);
const placeOf = ({ page, line }: Block): string => `${page}:${line}`;
const readJson = <T>(path: string): T => JSON.parse(readPage(path)) as T;

/** The texts of all sources below a folder. */
const sourcesOf = (folder: string): string =>
  globSync(`${folder}/**/*.ts`, { cwd: root })
    .map((file) => readFileSync(join(root, file), 'utf8'))
    .join('\n');

/** The codes of a type that is a union of texts. */
const unionsOf = (text: string, type: RegExp): string[] =>
  Array.from(
    text.matchAll(type),
    ([, union = '']) => union.match(/(?<=')[A-Z_0-9]+(?=')/g) ?? [],
  ).flat();

describe('the README', () => {
  it('is short enough to be read', () => {
    expect(statSync(join(root, 'README.md')).size).toBeLessThanOrEqual(README_BYTES);
  });

  it('has the figures of the demo and the benchmark', () => {
    const readme = readPage('README.md').replaceAll(/\s+/g, ' ');
    const { objects, before, after, missing, deleted } = readJson<Figures>(
      'example/demo/figures.json',
    );
    expect([missing, after]).toEqual([0, before]);
    const number = (value: number): string => value.toLocaleString('en-US');
    expect(readme).toContain(
      `Rows of ${objects} objects after the same migrations: drizzle-offramp keeps all ${number(before)}, ` +
        `Drizzle's migrator deletes ${number(deleted)}`,
    );
    const { rows, bundles } = readJson<Results>('bench/results.json');
    const read = ['Drizzle 0.45', 'Drizzle 1.0 rc'].map(
      (contender) =>
        rows.find(
          (count) =>
            count.what === 'nothing to do' && count.contender === contender && count.size === 300,
        )?.read,
    );
    expect(readme).toContain(
      `Drizzle's migrators read ${read[0]} (0.45) and ${read[1]} (1.0 rc) with 300 migrations`,
    );
    const bytes = bundles.find(({ what }) => what === 'drizzle-offramp')?.gzipped ?? 0;
    expect(readme).toContain(`\`migrate\` adds ${(bytes / 1000).toFixed(1)} KB to a Worker`);
    const beside = ['Drizzle 0.45', 'Drizzle 1.0 rc'].map((name) =>
      (
        (bundles.find(({ what }) => what === `${name}, beside its drizzle()`)?.gzipped ?? 0) / 1000
      ).toFixed(1),
    );
    expect(readme).toContain(`Drizzle's own migrator adds ${beside.join(' to ')} KB`);
  });

  it('has the picture of the demo', () => {
    expect(readPage('docs/images/loss.svg')).toBe(picture(readJson('example/demo/figures.json')));
  });
});

describe('the manual', () => {
  it('has only links that lead somewhere', () => {
    const dead = PAGES.flatMap(linksOf).filter(({ file, anchor }) => {
      if (!existsSync(join(root, file))) return true;
      return anchor !== undefined && !(file.endsWith('.md') && anchorsOf(file).has(anchor));
    });
    expect(dead).toEqual([]);
  });

  it.each(['README.md', 'docs/README.md', 'llms.txt'])('is linked page by page in %s', (index) => {
    const linked = new Set(linksOf(index).map(({ file }) => file));
    const missing = MANUAL.filter((page) => page !== 'docs/README.md' && !linked.has(page));
    expect(missing).toEqual([]);
  });

  it('has a heading for every code of an error', () => {
    const text = sourcesOf('src');
    const codes = [
      ...unionsOf(text, /type \w*ErrorCode =([\s\S]*?);/g),
      ...unionsOf(text, /type ProblemCode =([\s\S]*?);/g),
      ...(text.match(/(?<=new OfframpError\(\s*')[A-Z_]+/g) ?? []),
      'MIGRATION_FAILED',
    ];
    expect(codes).toContain('STORAGE_FAILED');
    expect(codes.length).toBeGreaterThan(50);
    const anchors = anchorsOf('docs/reference/errors.md');
    expect(codes.filter((code) => !anchors.has(code.toLowerCase()))).toEqual([]);
  });

  it('has a heading for every finding of check', () => {
    const text = sourcesOf('src/cli/check');
    const codes = new Set([
      ...(text.match(/(?<=code: ')[A-Z_]+(?=')/g) ?? []),
      ...(text.match(/(?<=')[A-Z]+(?:_[A-Z]+)+(?=')/g) ?? []),
    ]);
    expect(codes.size).toBeGreaterThan(30);
    const anchors = anchorsOf('docs/reference/check.md');
    expect([...codes].filter((code) => !anchors.has(code.toLowerCase()))).toEqual([]);
  });

  it('has a row and a heading for every option', () => {
    const names = Array.from(
      readPage('src/options.ts').matchAll(/^ {2}\['(\w+)', /gm),
      ([, name]) => name as string,
    );
    expect(names).toContain('onEvent');
    const page = readPage('docs/reference/options.md');
    expect(names.filter((name) => !page.includes(`\n| [\`${name}\`](#`))).toEqual([]);
    const anchors = anchorsOf('docs/reference/options.md');
    expect(names.filter((name) => !anchors.has(name.toLowerCase()))).toEqual([]);
  });

  it('has a row for every field of a result, and every event', () => {
    const results = readPage('docs/reference/results.md');
    expect(
      Object.keys(UP_TO_DATE).filter((name) => !results.includes(`\n| \`${name}\` |`)),
    ).toEqual([]);
    const source = readPage('src/events.ts');
    const events = new Set(
      Array.from(
        source.matchAll(/readonly type:((?:\s*\|?\s*'\w+')+)/g),
        ([, union = '']) => union.match(/\w+/g) ?? [],
      ).flat(),
    );
    expect(events).toContain('summary');
    const page = readPage('docs/operate/events.md');
    expect([...events].filter((name) => !page.includes(`\n| \`${name}\` |`))).toEqual([]);
  });

  it('has every command with its arguments, and every flag', () => {
    const page = readPage('docs/reference/commands.md');
    const sections = new Map(
      page.split(/^## /m).map((section) => [section.slice(0, section.indexOf('\n')), section]),
    );
    // A command with more to say has a page of its own.
    const pageOf = (name: string): string =>
      [`docs/reference/${name}-command.md`, `docs/reference/${name}.md`]
        .filter((path) => existsSync(join(root, path)))
        .map(readPage)
        .join('\n');
    const missing = program.commands.flatMap((command) => {
      const name = command.name();
      const text = sections.get(name) ?? pageOf(name);
      const shown = new Set(
        text.match(/`[^`\n]+`/g)?.flatMap((code) => code.match(/--[\w-]+/g) ?? []),
      );
      return command.options
        .filter(({ long }) => !shown.has(long ?? ''))
        .map(({ flags }) => `${name} ${flags}`);
    });
    expect(missing).toEqual([]);
    const names = program.commands.map((command) => command.name());
    expect(names.filter((name) => !page.includes(`[\`${name}\`](`))).toEqual([]);
  });

  it('has the figures that the benchmark wrote', () => {
    const page = readPage('docs/why/cost.md');
    expect(page).toBe(withManualPart(page, readJson('bench/results.json')));
    expect(page).toContain('| **drizzle-offramp** |');
  });
});

describe('CONTRIBUTING', () => {
  it('has a row for each folder of src, and each file beside them', () => {
    const page = readPage('CONTRIBUTING.md');
    const found = readdirSync(join(root, 'src'), { withFileTypes: true });
    const places = found.map((one) => `\`src/${one.name}${one.isDirectory() ? '/' : ''}\``);
    expect(places.filter((place) => !page.includes(place))).toEqual([]);
  });
});

describe('the figures of fleets', () => {
  it('are those that were measured', () => {
    const page = readPage('docs/reference/fleet.md');
    expect(page).toBe(withFigures(page, readJson('test/fleet/figures.json')));
    expect(page).toContain('| rows read / written of an object | first sweep |');
  });
});

describe('the page of compatibility', () => {
  it('is what its script wrote of what it tried', () => {
    const results = readResults();
    expect(results.length).toBeGreaterThan(50);
    expect(readPage('docs/reference/compatibility.md')).toBe(pageOf(results));
  });

  it('bears out the versions that the README and the package name', () => {
    const works = new Set(
      readResults()
        .filter(({ outcome }) => outcome === 'works')
        .map(({ name, version }) => `${name} ${version}`),
    );
    const { engines, devDependencies } = readJson<{
      engines: { node: string };
      devDependencies: Record<string, string>;
    }>('package.json');
    const drizzles = ['drizzle-orm', 'drizzle-kit'].flatMap((name) =>
      [devDependencies[name], devDependencies[`${name}-1`]].map(
        (version) => `${name} ${version?.replace(/.*@/, '')}`,
      ),
    );
    const named = [
      `Node ${engines.node.replace('>=', '')}.0`,
      'drizzle-orm 0.37.0',
      `wrangler ${devDependencies.wrangler}`,
      ...drizzles,
    ];
    expect(named.filter((name) => !works.has(name))).toEqual([]);
    const readme = readPage('README.md');
    expect(drizzles.filter((name) => !readme.includes(name.split(' ')[1] ?? ''))).toEqual([]);
  });
});

describe('what commands print in the manual', () => {
  const projects = useProjects('manual-output');

  /** The example's own project, as a team would have it. */
  function makeExample(): void {
    cpSync(join(root, 'drizzle'), projects.at('drizzle'), { recursive: true });
    cpSync(join(root, 'drizzle.config.ts'), projects.at('drizzle.config.ts'));
    mkdirSync(projects.at('src'));
    for (const file of globSync('*.ts', { cwd: join(root, 'example') })) {
      cpSync(join(root, 'example', file), projects.at('src', file));
    }
    const manifest = {
      dependencies: { 'drizzle-orm': '*' },
      devDependencies: { 'drizzle-kit': '*' },
    };
    writeFileSync(projects.at('package.json'), JSON.stringify(manifest));
  }

  /** What a page says that a command prints: the block that has a certain line. */
  const blockWith = (page: string, line: string): string =>
    blocksOf(page).find(({ text }) => text.includes(line))?.text ?? '';

  it('is what convert and eject print of the example', () => {
    makeExample();
    const converted = projects.run('convert').stdout.split('\n');
    expect([...converted.slice(0, 2), '  …', ...converted.slice(-2)].join('\n')).toBe(
      blockWith('docs/guides/convert.md', 'Wrote migrations.ts'),
    );
    expect(projects.run('eject').stdout).toBe(
      blockWith('docs/guides/eject.md', 'Wrote migrations.ts'),
    );
  }, 60_000);

  it('is what check prints of a migration more', () => {
    makeExample();
    const journal = projects.at('drizzle/meta/_journal.json');
    const { entries, ...rest } = JSON.parse(readFileSync(journal, 'utf8'));
    entries.push({
      ...entries.at(-1),
      idx: 11,
      tag: '0011_priority',
      when: entries.at(-1).when + 1,
    });
    writeFileSync(journal, JSON.stringify({ ...rest, entries }));
    writeFileSync(
      projects.at('drizzle/0011_priority.sql'),
      'ALTER TABLE conversations ADD priority integer NOT NULL;',
    );
    const said = blockWith('docs/reference/commands.md', '$ npx drizzle-offramp check');
    const { stdout } = projects.run('check', '--no-schema', '--no-sources');
    expect(stdout).toContain(said.slice(said.indexOf('\n') + 1));
  }, 60_000);

  it('is what status prints in its own test', () => {
    const tested = readPage('test/node/cli-status.test.ts');
    const lines = ['docs/start/quickstart.md', 'docs/operate/fleet.md'].flatMap((page) =>
      blocksOf(page)
        .filter(({ language }) => language === '')
        // test/fleet has those.
        .filter(({ text }) => !text.startsWith('$ npx drizzle-offramp fleet '))
        .flatMap(({ text }) => text.split('\n')),
    );
    expect(lines.length).toBeGreaterThan(5);
    expect(lines.filter((line) => !tested.includes(`'${line}'`))).toEqual([]);
  });
});

/** A command line of ours: its words, or undefined if it is another's. */
const ownCommand = (line: string): string[] | undefined => {
  const [, rest] =
    /^(?:\$ )?(?:npx )?drizzle-offramp(?: +(.*?))?(?: +#.*)?$/.exec(line.trim()) ?? [];
  return rest === undefined ? undefined : rest.split(/\s+/);
};

/** What is wrong with a command line of ours. */
function faultOf([name, ...words]: string[]): string | undefined {
  const command = program.commands.find((one) => one.name() === name);
  if (command === undefined) return name?.startsWith('<') ? undefined : `there is no ${name}`;
  const known = command.options.flatMap(({ short, long }) => [short, long]);
  const unknown = words.filter((word) => /^-/.test(word) && !known.includes(word.split('=')[0]));
  return unknown.length > 0 ? `${name} has no ${unknown.join(', ')}` : undefined;
}

describe('code in the manual', () => {
  const LANGUAGES = ['', 'ts', 'diff', 'sh', 'sql', 'json', 'jsonc', 'yaml'];

  it('is in a language that is checked here, in the README without any exception', () => {
    expect(blocks.filter(({ language }) => !LANGUAGES.includes(language)).map(placeOf)).toEqual([]);
    const readme = blocks.filter(({ page }) => page === 'README.md');
    const unchecked = readme.filter(({ language }) => language === '' || language === 'sql');
    expect(unchecked.map(placeOf)).toEqual([]);
  });

  it('calls commands and flags that there are', () => {
    const scripts = Object.keys(
      readJson<{ scripts: Record<string, string> }>('package.json').scripts,
    );
    const lines = blocks
      .filter(({ language }) => ['sh', 'yaml', ''].includes(language))
      .flatMap((block) =>
        block.text.split('\n').map((line) => ({ line: line.replace(/^\s*- run: /, ''), block })),
      );
    const faults = lines.flatMap(({ line, block }) => {
      const own = ownCommand(line);
      const fault = own && faultOf(own);
      const [, script] = /^npm run (?:-s )?([\w:]+)/.exec(line) ?? [];
      const isMissing = script !== undefined && !scripts.includes(script);
      return [
        ...(fault === undefined ? [] : [`${placeOf(block)}: ${fault}`]),
        ...(isMissing ? [`${placeOf(block)}: there is no script ${script}`] : []),
      ];
    });
    expect(faults).toEqual([]);
    const prose = PAGES.flatMap((page) =>
      Array.from(
        readPage(page).matchAll(/`((?:npx )?drizzle-offramp [a-z<][^`\n]*)`/g),
        ([, code]) => ({
          page,
          code: code as string,
        }),
      ),
    );
    expect(prose.length).toBeGreaterThan(10);
    const wrong = prose.flatMap(({ page, code }) => {
      const fault = faultOf(ownCommand(code) ?? []);
      return fault === undefined ? [] : [`${page}: ${fault}`];
    });
    expect(wrong).toEqual([]);
  });

  it('is JSON where it says so', () => {
    const faults = blocks
      .filter(({ language }) => language.startsWith('json'))
      .filter(({ text, language }) =>
        // Of a config the part in question may be all that is shown.
        [text, ...(language === 'jsonc' ? [`{${text}}`] : [])].every((one) => {
          const errors: ParseError[] = [];
          parse(one, errors, { disallowComments: language === 'json', allowTrailingComma: true });
          return errors.length > 0;
        }),
      );
    expect(faults.map(placeOf)).toEqual([]);
  });

  it('is right by its types; of a change, before and after', () => {
    const folder = join(root, 'test/.generated/manual');
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(join(folder, 'src'), { recursive: true });
    const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
    write('tsconfig.json', readPage('test/node/manual/tsconfig.json'));
    write('globals.d.ts', readPage('test/node/manual/globals.d.ts'));
    write('modules.d.ts', readPage('test/node/manual/modules.d.ts'));
    const sided = (text: string, out: string): string =>
      text
        .split('\n')
        .filter((line) => !line.startsWith(out))
        .map((line) => line.slice(1))
        .join('\n');
    let count = 0;
    for (const block of blocks) {
      const texts = {
        ts: [block.text],
        diff: [sided(block.text, '+'), sided(block.text, '-')],
      }[block.language];
      for (const [i, text] of (texts ?? []).entries()) {
        const name = `${block.page.replaceAll(/\W+/g, '-')}-${block.line}-${i}.ts`;
        // What is left out has no types.
        write(`src/${name}`, text.replaceAll('…', '/* … */'));
        count++;
      }
    }
    expect(count).toBeGreaterThan(20);
    let output = '';
    try {
      execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', folder], { encoding: 'utf8' });
    } catch (error) {
      output = (error as { stdout: string }).stdout;
    }
    expect(output).toBe('');
  }, 60_000);
});
