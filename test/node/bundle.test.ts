// What a Worker gets bigger by. The limit is there to notice growth: a message or a rule more is worth its bytes, a
// library that slipped in is not. The aim is 13.5 KiB, which the rules for identity, migrations out of order and references
// do not fit into, nor functions, baselines and other histories; the benchmark's table says so.
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';

const LIMIT = 20.75 * 1024;

const root = join(import.meta.dirname, '../..');

async function bundle(contents: string): Promise<{ gzipped: number; inputs: string[] }> {
  const { metafile, outputFiles } = await build({
    absWorkingDir: root,
    stdin: { contents, resolveDir: root },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    metafile: true,
    write: false,
  });
  const { length } = gzipSync(outputFiles[0]?.contents ?? '', { level: 9 });
  return { gzipped: length, inputs: Object.keys(metafile.inputs) };
}

describe('the runtime, drop-in included', () => {
  const runtime = `
    export { migrate } from './src/index.ts';
    export { migrate as dropIn } from './src/migrator.ts';
  `;

  it('stays within its limit', async () => {
    const { gzipped } = await bundle(runtime);
    expect(gzipped).toBeLessThanOrEqual(LIMIT);
    expect(gzipped).toBeGreaterThan(LIMIT / 2);
  });

  it('is made of our own files only', async () => {
    const { inputs } = await bundle(runtime);
    expect(inputs).toContain('src/migrate.ts');
    const foreign = inputs.filter(
      (file) =>
        !/^(<stdin>|src\/((base|sql|input|ledger|plan|run|object)\/)?[\w-]+\.ts)$/.test(file),
    );
    expect(foreign).toEqual([]);
  });

  it('leaves out of a Worker what it does not import', async () => {
    const { gzipped } = await bundle(runtime);
    const all = await bundle("export * from './src/index.ts';");
    expect(all.gzipped).toBeGreaterThan(gzipped);
  });
});
