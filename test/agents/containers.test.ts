// The base class of Cloudflare's containers behind withMigrations. No container is started, so that it needs no Docker, only
// somebody who says so when workerd asks.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { convertV4MiniflareOptions, Miniflare } from 'miniflare';
import { afterAll, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'drizzle-offramp-containers-'));
const socket = join(folder, 'docker.sock');
const docker = createServer(({ url = '' }, response) => {
  const isList = /\/(volumes|containers\/json|images\/json)(\?|$)/.test(url);
  response.writeHead(isList ? 200 : 404, { 'Content-Type': 'application/json' });
  if (isList) response.end(url.includes('/volumes') ? '{"Volumes":[],"Warnings":[]}' : '[]');
  else response.end('{"message":"No such container"}');
}).listen(socket);
let miniflare: Miniflare | undefined;
afterAll(async () => {
  await miniflare?.dispose();
  docker.close();
  rmSync(folder, { recursive: true, force: true });
});

it('a class of @cloudflare/containers is migrated before it writes, and is looked into when it is refused', async () => {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, 'worker/containers.ts')],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    external: ['cloudflare:workers', 'node:*'],
    write: false,
    logLevel: 'error',
  });
  miniflare = new Miniflare(
    convertV4MiniflareOptions({
      name: 'containers',
      modules: [{ type: 'ESModule', path: 'worker.js', contents: outputFiles[0]?.text ?? '' }],
      compatibilityDate: '2026-10-01',
      compatibilityFlags: ['nodejs_compat'],
      durableObjects: {
        BOX: { className: 'TestBox', useSQLite: true, container: { imageName: 'none' } },
      },
      containerEngine: { localDocker: { socketPath: `unix:${socket}` } },
      resourcePersistencePath: folder,
      cf: false,
    }),
  );
  const response = await miniflare.dispatchFetch('http://test/');
  const text = await response.text();
  expect([response.status, text]).toEqual([200, expect.any(String)]);
  expect(JSON.parse(text)).toEqual({
    built: [[{ x: 1 }], [{ x: 1 }], [{ x: 1 }]],
    names: ['__migrations', 'a', 'container_schedules'],
    // It sets an alarm that is due in a second: what is due so soon may be under way, so nothing is taken back or ended.
    unused: ['up-to-date', true, 'named'],
    woken: ['up-to-date', null, 'alarm'],
    refused: ['refused', 'MIGRATION_FAILED', 'nothing'],
    status: 503,
  });
});
