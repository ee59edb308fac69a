// The manual's page, docs/reference/compatibility.md, from what was tried.
import type { Result } from './results.ts';

/** A table of the page: which rows it has, and what was tried with each. */
interface Section {
  readonly title: string;
  readonly names: readonly string[];
  readonly text: string;
}

const SECTIONS: readonly Section[] = [
  {
    title: 'drizzle-orm',
    names: ['drizzle-orm'],
    text: `\
An object that this version's migrator made, with a table rebuild pending and rows that refer to the table, is taken over by the
[drop-in](../guides/where-to-call.md#the-drop-in) with \`drizzle: 'mirror'\`. Then this version's migrator runs again, as after a roll-back, and
drizzle-offramp again, without the option. Every row is there each time, and \`drizzle()\` queries it.`,
  },
  {
    title: 'drizzle-kit',
    names: ['drizzle-kit'],
    text: `\
\`drizzle-kit generate\` writes two migrations of a small schema. \`check\` reads them, \`convert\` makes a module of them, and an object runs them, from the
folder's \`migrations.js\` and from the module, with rows in it. *Converted*: this version writes no \`migrations.js\`, so the object runs the module only.
*No rebuild*: this version writes only a comment where a table would have to be rebuilt.`,
  },
  {
    title: 'wrangler',
    names: ['wrangler'],
    text: `\
\`wrangler dev\` runs a class with drizzle-kit's folder, and \`drizzle-offramp status\` reads the object that it leaves on disk.`,
  },
  {
    title: 'Compatibility dates',
    names: ['compatibility date'],
    text: `\
An object is migrated in two steps, with a table rebuild, and then refused by other code, which its caller is told.`,
  },
  {
    title: 'Node',
    names: ['Node'],
    text: `\
\`check\`, \`status\` of an object that Drizzle's migrator made, \`convert\`, \`convert --check\` and \`eject\` in the example's project. Each must say what it says
everywhere.`,
  },
  {
    title: 'Types',
    names: ['typescript', '@cloudflare/workers-types'],
    text: `\
\`tsc --strict\` on a Worker that uses each entry of the package, with each way of finding modules that this version of TypeScript has (\`bundler\`, \`nodenext\`,
\`node16\`, and up to 5 \`node\`), and without \`skipLibCheck\` where drizzle-orm's types are not read.`,
  },
  {
    title: 'Rehearsals',
    names: ['@cloudflare/vitest-pool-workers', '@cloudflare/vitest-plugin'],
    text: `\
Two [rehearsals](../guides/rehearse.md): of a class that migrates, which must pass, and of one that loses rows, which must not. Before 0.16.20 the
integration has no \`evictDurableObject\`: there \`rehearse\` ends an instance by \`ctx.abort()\`.`,
  },
];

const line = (...cells: readonly string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;

function sectionOf({ title, names, text }: Section, results: readonly Result[]): string {
  const rows = results.filter(({ name }) => names.includes(name));
  const table = [
    line('', 'version', 'with', 'outcome'),
    line('---', '---', '---', '---'),
    ...rows.map(({ name, version, beside, outcome }) => line(name, version, beside, outcome)),
  ];
  return `## ${title}\n\n${text}\n\n${table.join('\n')}\n`;
}

/**
 * The page.
 *
 * @param results what was tried, in the order of the tables
 */
export function pageOf(results: readonly Result[]): string {
  const runs = new Map(
    results.map(({ date, package: version, commit }) => [
      `${date} ${commit}`,
      `${version} (commit \`${commit}\`) on ${date}`,
    ]),
  );
  return `\
# What it works with

\`npm run compatibility\` packs drizzle-offramp, installs it from the registry beside each of these versions into an empty project, and tries it
there. It writes this page. Tried: ${[...runs.values()].join(', ')}.

${SECTIONS.map((section) => sectionOf(section, results)).join('\n')}`;
}
