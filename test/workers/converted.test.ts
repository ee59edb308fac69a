// Modules that the built command wrote (see ../convert-example.ts), in workerd.
import { describe, expect, it } from 'vitest';
import bundle0 from '../../drizzle/migrations.js';
import { type MigrationInput, migrate } from '../../src/index.ts';
import { UP_TO_DATE } from '../../src/plan/result.ts';
import corpusBundle from '../.generated/converted/corpus/drizzle/migrations.js';
import corpus from '../.generated/converted/corpus/migrations.ts';
import ejected from '../.generated/converted/ejected/migrations.ts';
import ejected1 from '../.generated/converted/ejected-1/migrations.ts';
import files from '../.generated/converted/files/migrations.ts';
import converted0 from '../.generated/converted/form-0/migrations.ts';
import converted1 from '../.generated/converted/form-1/migrations.ts';
import plain from '../.generated/converted/plain/migrations.ts';
import bundle1 from '../.generated/up/drizzle/migrations.js';
import { dump, newObject, rows, runDrizzle0, runDrizzle1, wake } from './harness.ts';

const TAGGED: Record<string, MigrationInput> = {
  'the 0.x bundle': bundle0,
  'the 1.x bundle': bundle1,
  'the converted 0.x folder': converted0,
  'the converted 1.x folder': converted1,
  'the ejected 0.x folder': ejected,
  'the ejected 0.x folder with .sql files': files,
  'the ejected 1.x folder': ejected1,
};

/** The ledger's heads: the last row has one. */
const heads = (ctx: DurableObjectState) =>
  rows(ctx, 'SELECT head FROM __migrations ORDER BY version');

/** Everything but the head. */
const withoutHead = (ctx: DurableObjectState): string =>
  JSON.stringify(dump(ctx)).replace(/"head":"[^"]*"/g, '"head":null');

describe('a converted or an ejected module', () => {
  for (const [before, first] of Object.entries(TAGGED)) {
    for (const [after, second] of Object.entries(TAGGED)) {
      it(`is level at once where ${before} was: ${after}`, async () => {
        const stub = newObject();
        expect(await wake(stub, (ctx) => migrate(ctx, first).applied.length)).toBe(11);
        const [result, same] = await wake(stub, (ctx) => {
          const dumped = JSON.stringify(dump(ctx));
          return [migrate(ctx, second), JSON.stringify(dump(ctx)) === dumped];
        });
        expect(result).toEqual(UP_TO_DATE);
        expect(same).toBe(true);
      });
    }
  }

  for (const [name, migrations] of Object.entries(TAGGED)) {
    it(`adopts what Drizzle 0.x ran: ${name}`, async () => {
      const stub = newObject();
      await wake(stub, (ctx) => {
        ctx.blockConcurrencyWhile(() => runDrizzle0(ctx, bundle0));
      });
      const result = await wake(stub, (ctx) => migrate(ctx, migrations));
      expect(result).toMatchObject({ applied: [], drift: [] });
      expect(result.adopted).toHaveLength(11);
      expect(await wake(stub, (ctx) => migrate(ctx, converted0))).toEqual(UP_TO_DATE);
    });

    it(`adopts what Drizzle 1.x ran: ${name}`, async () => {
      const stub = newObject();
      await wake(stub, (ctx) => runDrizzle1(ctx, bundle1));
      const result = await wake(stub, (ctx) => migrate(ctx, migrations));
      expect(result).toMatchObject({ applied: [], drift: [] });
      expect(result.adopted).toHaveLength(11);
      expect(await wake(stub, (ctx) => migrate(ctx, converted1))).toEqual(UP_TO_DATE);
    });
  }
});

describe('a record of strings alone', () => {
  for (const [other, tagged] of Object.entries(TAGGED)) {
    for (const [first, second] of [
      [tagged, plain],
      [plain, tagged],
    ] as const) {
      const way = first === plain ? `${other} after it` : `it after ${other}`;
      it(`changes the head once, and nothing else: ${way}`, async () => {
        const stub = newObject();
        await wake(stub, (ctx) => migrate(ctx, first));
        const seen = await wake(stub, (ctx) => {
          const before = { all: withoutHead(ctx), heads: heads(ctx) };
          const result = migrate(ctx, second);
          return { result, before, after: { all: withoutHead(ctx), heads: heads(ctx) } };
        });
        expect(seen.result).toEqual({ ...UP_TO_DATE, upToDate: false });
        expect(seen.after.all).toBe(seen.before.all);
        expect(seen.after.heads).not.toEqual(seen.before.heads);
        expect(await wake(stub, (ctx) => migrate(ctx, second))).toEqual(UP_TO_DATE);
      });
    }
  }
});

describe('texts that are easy to get wrong', () => {
  it('are the same in the module as the bundler makes them of the files', () => {
    const texts = Object.values(corpus).map((entry) =>
      typeof entry === 'object' && 'sql' in entry ? entry.sql : entry,
    );
    // vitest keeps a byte order mark; esbuild, `wrangler dev` and convert take it away.
    const bundled = Object.values<string>(corpusBundle.migrations);
    expect(texts).toEqual(bundled.map((sql) => sql.replace(/^\ufeff/, '')));
  });

  it('leave the object level', async () => {
    const stub = newObject();
    await wake(stub, (ctx) => migrate(ctx, corpusBundle));
    expect(await wake(stub, (ctx) => migrate(ctx, corpus))).toEqual(UP_TO_DATE);
    const ids = await wake(stub, (ctx) => rows(ctx, 'SELECT id FROM notes ORDER BY rowid'));
    expect(ids.map(({ id }) => id)).toEqual([
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it must not have become one.
      '${id} and `id` and \\n and \\\\ and \\',
      'naïve 🧭 \u2028 日本',
      '\u0001\u007f\u0085',
      '\\',
    ]);
  });
});
