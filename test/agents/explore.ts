import { Dev } from '../dev/dev.ts';
const dev = await Dev.start(`${import.meta.dirname}/wrangler.jsonc`);
try {
  const places = await dev.get<string[]>('/');
  const only = process.argv[2] ? new RegExp(process.argv[2]) : /./;
  for (const base of ['AGENT', 'AGENT_0_2', 'PARTY', 'PLAIN']) for (const place of places) for (const kind of ['new', 'new, with rows', 'old, of Drizzle', 'old, of ours']) for (const by of ['fetch', 'rpc']) {
    if (by === 'rpc' && /onStart/.test(place)) continue;
    if (!only.test(`${base} ${place} ${kind}`)) continue;
    try {
      const o = await dev.get<any>(`/?${new URLSearchParams({ base, place, kind, by })}`);
      console.log(`${base} | ${place} | ${kind} | ${by}: kept ${o.kept} base ${o.base} applied ${o.applied}`);
      for (const [k, v] of Object.entries(o.looks)) console.log(`    ${v}x ${k.slice(0, 230)}`);
    } catch (e) { console.log(`${base} | ${place} | ${kind} | ${by}: ${String(e).slice(0, 1500)}`); }
  }
} finally { await dev.stop(); }
