/**
 * Miniflare as a process of its own, so that it can be killed: `node host.ts <script> <folder> <deploy> <compatibility date> [paused]`. It
 * prints where it listens. The queue that is paused has no consumer.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import { convertV4MiniflareOptions, Miniflare } from 'miniflare';

const [script = '', folder = '', deploy = '', date = '', paused] = process.argv.slice(2);

const namespace = (className: string) => ({ className, useSQLite: true });

const miniflare = new Miniflare(
  convertV4MiniflareOptions({
    name: 'fleet',
    modules: [{ type: 'ESModule', path: 'worker.js', contents: readFileSync(script, 'utf8') }],
    compatibilityDate: date,
    compatibilityFlags: ['nodejs_compat'],
    bindings: { DEPLOY: deploy, TOKEN: 'token-of-the-tests' },
    durableObjects: {
      INBOX: namespace('Inbox'),
      ARCHIVE: namespace('Archive'),
      ODD: namespace('Odd'),
      BARE: namespace('Bare'),
      FLEET: namespace('FleetLedger'),
    },
    resourcePersistencePath: folder,
    queueProducers: { FLEET_QUEUE: 'fleet' },
    queueConsumers: paused ? {} : { fleet: { maxBatchSize: 1, maxBatchTimeout: 0 } },
    cf: false,
  }),
);
console.log(`Ready on ${await miniflare.ready}`);
