import { describe, expect, test } from 'vitest';
import { toCommonJs } from '../../src/cli/plain-module.ts';

describe('toCommonJs', () => {
  test("reads drizzle-kit's migrations.js", () => {
    const source = `import journal from './meta/_journal.json';
import m0000 from './0000_init.sql';

  export default {
    journal,
    migrations: {
      m0000
    }
  }
  `;
    expect(toCommonJs(source)).toBe(`const journal = require('./meta/_journal.json');
const m0000 = require('./0000_init.sql').default ?? '';

  module.exports = {
    journal,
    migrations: {
      m0000
    }
  };`);
  });

  test('reads a config', () => {
    const source = `import { type Config } from 'drizzle-kit';
import { defineConfig } from 'drizzle-kit';

export default defineConfig({ out: './drizzle' });
`;
    expect(toCommonJs(source)).toBe(undefined);
    expect(
      toCommonJs(source.slice(source.indexOf('\n') + 1)),
    ).toBe(`const { defineConfig } = require('drizzle-kit');

module.exports = defineConfig({ out: './drizzle' });`);
    const satisfying = `import type { Config } from 'drizzle-kit';
export default { out: './drizzle' } satisfies Config;`;
    expect(toCommonJs(satisfying)).toBe("\nmodule.exports = { out: './drizzle' };");
  });

  test.each([
    ['a value of its own', "const out = './drizzle';\nexport default { out };"],
    ['another export', "export const out = './drizzle';\nexport default { out };"],
    ['an import for its effect', "import 'dotenv/config';\nexport default { out: '.' };"],
    ['a default import of code', "import out from './out';\nexport default { out };"],
    ['a name that is changed', "import { a as out } from './out';\nexport default { out };"],
    ['a wait', "export default { out: await import('./out') };"],
    ['a method', "export default { m0000: { up(sql) { sql.exec<{}>('DELETE FROM t'); } } };"],
    ['a function', "export default { m0000: { up: (sql) => sql.exec<{}>('DELETE FROM t') } };"],
    ['a type', "export default { out: '.' as string };"],
    ['a call around it', "export default use({ out: '.' });"],
    ['an import in a comment', "// import a from './a.sql'\nexport default { out: '.' };"],
  ])('leaves a module with %s to the compiler', (_, source) => {
    expect(toCommonJs(source)).toBe(undefined);
  });
});
