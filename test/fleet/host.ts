/**
 * Miniflare as a process of its own, so that it can be killed: `node host.ts <script> <folder> <deploy>`. It prints where it
 * listens.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import { convertV4MiniflareOptions, Miniflare } from 'miniflare';

const [script = '', folder = '', deploy = ''] = process.argv.slice(2);

const namespace = (className: string) => ({ className, useSQLite: true });

const miniflare = new Miniflare(
  convertV4MiniflareOptions({
    name: 'fleet',
    modules: [{ type: 'ESModule', path: 'worker.js', contents: readFileSync(script, 'utf8') }],
    compatibilityDate: '2026-10-01',
    compatibilityFlags: ['nodejs_compat'],
    bindings: { DEPLOY: deploy, TOKEN: 'token-of-the-tests' },
    durableObjects: {
      INBOX: namespace('Inbox'),
      ARCHIVE: namespace('Archive'),
      ODD: namespace('Odd'),
      FLEET: namespace('FleetLedger'),
    },
    resourcePersistencePath: folder,
    queueProducers: { FLEET_QUEUE: 'fleet' },
    queueConsumers: { fleet: { maxBatchSize: 1, maxBatchTimeout: 0 } },
    cf: false,
  }),
);
console.log(`Ready on ${await miniflare.ready}`);
