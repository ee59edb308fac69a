import { describe, expect, it } from 'vitest';
import { deploy } from './worker.ts';
import { newObject, wake } from './harness.ts';
import { evictDurableObject } from 'cloudflare:test';
const { scenarios, Probe } = await import('../dev/worker/worker.ts');
describe('pool', () => {
  for (const [name, s] of Object.entries(scenarios)) if (s.construct && name !== 'throwsAfterOff') it(name, async () => {
    const seen = new Set<string>();
    for (let k = 0; k < 6; k++) {
    const stub = newObject();
    await stub.query('CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER NOT NULL REFERENCES p(id) ON DELETE CASCADE); INSERT INTO p VALUES (1), (2); INSERT INTO c VALUES (10, 1), (11, 2)');
    await evictDurableObject(stub);
    let p: any;
    deploy.construct = (ctx) => { p = new Probe(ctx); s.construct!(p); };
    const all = await Promise.all(Array.from({ length: 30 }, async (_, i) => { if (k > 2) await scheduler.wait(i % 8); const r = (await stub.query('PRAGMA foreign_keys'))[0].foreign_keys; const o = await stub.refusal('INSERT INTO c VALUES (99, 99); DELETE FROM c WHERE id = 99'); return `${r} ${o === undefined ? 'taken' : 'refused'}`; }));
    deploy.construct = undefined;
    await scheduler.wait(80);
    const n: any = {}; for (const a of all) n[a] = (n[a] ?? 0) + 1;
    seen.add(JSON.stringify(p.log.slice(0, 20)) + JSON.stringify(n));
    }
    console.log(name, [...seen].join('\n   '));
  });
});
