// A Worker has Node's modules or not, by its compatibility date and flags. Ours must bundle, start and do the same in each.
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { Miniflare } from 'miniflare';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');

const WORKER = `
import { DurableObject } from 'cloudflare:workers';
import { sha256 } from './src/base/sha256.ts';
import { softwareSha256 } from './src/base/software-sha256.ts';
import { history, migrate } from './src/index.ts';

export class MigratedObject extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    this.result = migrate(ctx, { m0000: 'CREATE TABLE t (x)', m0001: "INSERT INTO t VALUES ('é 😀')" });
  }
  fetch() {
    return Response.json({
      byPlatform: sha256 !== softwareSha256,
      applied: this.result.applied.length,
      checksums: history(this.ctx).map(({ checksum }) => checksum),
      same: ${JSON.stringify(['', 'é 😀', '\ud83d', '\ude00x', '\ufeffa', 'a\0b', 'x'.repeat(100_000)])}
        .every((text) => sha256(text) === softwareSha256(text)),
    });
  }
}
export default { fetch: (request, { OBJECT }) => OBJECT.getByName('one').fetch(request) };`;

async function answerOf(compatibilityDate: string, compatibilityFlags: string[]): Promise<unknown> {
  const { outputFiles } = await build({
    stdin: { contents: WORKER, resolveDir: root },
    bundle: true,
    format: 'esm',
    target: 'es2022',
    external: ['cloudflare:workers'],
    write: false,
  });
  const folder = mkdtempSync(join(tmpdir(), 'drizzle-offramp-'));
  const runtime = new Miniflare({
    resourcePersistencePath: folder,
    cf: false,
    telemetry: { enabled: false },
    workers: [
      {
        config: {
          name: 'tested',
          compatibilityDate,
          compatibilityFlags,
          manifest: {
            mainModule: 'worker.js',
            modulesRoot: folder,
            modules: { 'worker.js': { type: 'esm', contents: outputFiles[0]?.text ?? '' } },
          },
          env: {
            OBJECT: { type: 'durable-object', worker: 'tested', exportName: 'MigratedObject' },
          },
          exports: { MigratedObject: { type: 'durable-object', storage: 'sqlite' } },
        },
      },
    ],
  });
  try {
    return await (await fetch(await runtime.ready)).json();
  } finally {
    await runtime.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
}

const checksum = (text: string): string => createHash('sha256').update(text).digest('hex');

describe('a Worker', () => {
  it.each([
    ["without Node's modules", '2024-04-03', [], false],
    ['with the flag nodejs_compat', '2026-10-01', ['nodejs_compat'], true],
    [
      'with the flag, on the first date that gives it `process`',
      '2024-09-23',
      ['nodejs_compat'],
      true,
    ],
    ['with the flag, and an early date', '2024-04-03', ['nodejs_compat'], false],
    ['of a late date, without the flag', '2026-10-01', [], true],
  ])('%s bundles, starts, and comes to the same', async (_, date, flags, byPlatform) => {
    expect(await answerOf(date, flags)).toEqual({
      byPlatform,
      applied: 2,
      checksums: ['CREATE TABLE t (x)', "INSERT INTO t VALUES ('é 😀')"].map(checksum),
      same: true,
    });
  });
});
