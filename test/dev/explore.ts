import { Dev } from './dev.ts';
const dev = await Dev.start(`${import.meta.dirname}/worker/wrangler.jsonc`);
try {
  const names = process.argv.length > 2 ? process.argv.slice(2) : await dev.get<string[]>('/');
  for (const name of names) {
    const seen = new Map<string, string[]>();
    for (const how of ['rpc', 'fetch', 'spread', 'tick']) for (let i = 0; i < 4; i++) {
      const { log, kids, fk, errors } = await dev.get<any>(`/${name}?how=${how}`);
      const text = JSON.stringify([...log, `kids ${kids} fk ${fk}`, ...errors]);
      seen.set(text, [...(seen.get(text) ?? []), how]);
    }
    console.log(`## ${name}`);
    for (const [text, hows] of seen) console.log(`  ${hows.join(' ')}: ${text}`);
  }
} catch (e) { console.log(e); } finally { await dev.stop(); }
