import { DurableObject } from 'cloudflare:workers';

interface Env { FACT: DurableObjectNamespace<FactObject> }
const live = new Set<string>();
const big = 'x'.repeat(1_000_000);

export class Probe {
  readonly log: string[] = [];
  readonly sql: SqlStorage;
  readonly storage: DurableObjectStorage;
  constructor(readonly ctx: DurableObjectState) { this.storage = ctx.storage; this.sql = ctx.storage.sql; }
  fk() { return (this.sql.exec('PRAGMA foreign_keys').one() as any).foreign_keys as number; }
  off() { this.sql.exec('PRAGMA foreign_keys=OFF'); return this.fk() === 0; }
  on() { this.sql.exec('PRAGMA foreign_keys=ON'); return this.fk() === 1; }
  say(text: string) { this.log.push(`${text} fk=${this.fk()}`); }
  rebuild() {
    this.storage.transactionSync(() => {
      this.sql.exec('CREATE TABLE __new_p (id INTEGER PRIMARY KEY NOT NULL); INSERT INTO __new_p SELECT id FROM p; DROP TABLE p; ALTER TABLE __new_p RENAME TO p');
    });
  }
  kids() { return this.sql.exec('SELECT count(*) AS n FROM c').one().n; }
  write() { this.sql.exec("CREATE TABLE IF NOT EXISTS w (x); INSERT INTO w VALUES (1)"); }
}

type Scenario = { construct?(p: Probe): void; method?(p: Probe): unknown; alarm?(p: Probe): unknown; before?(p: Probe): unknown; started?(p: Probe): unknown };
const wait = (ms: number) => scheduler.wait(ms);
const empty = async () => {};

const dance = async (p: Probe) => {
  await p.storage.transaction(empty);
  p.say(`opened off=${p.off()}`);
  p.rebuild();
  p.say(`rebuilt kids=${p.kids()}`);
  await p.storage.transaction(empty);
  p.say(`done on=${p.on()}`);
};

export const scenarios: Record<string, Scenario> = {
  // F1
  blocks: { construct(p) { void p.storage.transaction(async () => { p.log.push('in'); await wait(60); p.log.push('out'); }).then(() => p.log.push('then')); } },
  // F2
  commits: { construct(p) { p.write(); p.log.push(`sync before off=${p.off()}`); 
      const t = p.storage.transaction(async () => { p.log.push(`inside off=${p.off()}`); });
      p.log.push(`sync after off=${p.off()}`);
      void Promise.resolve().then(() => p.log.push(`microtask off=${p.off()}`));
      void t.then(() => { p.log.push(`then off=${p.off()}`); p.log.push(`on=${p.on()}`); }); } },
  // F3
  main: { construct(p) { p.log.push(`off=${p.off()}`); p.rebuild(); p.log.push(`kids=${p.kids()}`);
      void p.storage.transaction(empty).then(() => p.log.push(`on=${p.on()}`));
      p.say('rest of constructor');
      void p.ctx.blockConcurrencyWhile(async () => { p.say('queued block'); await wait(20); p.say('queued block end'); }); } },
  mainQueuedBefore: { construct(p) { 
      void p.ctx.blockConcurrencyWhile(async () => { p.say('block queued before'); await wait(20); p.say('block queued before, end'); });
      p.log.push(`off=${p.off()}`); p.rebuild(); p.log.push(`kids=${p.kids()}`);
      void p.storage.transaction(empty).then(() => p.log.push(`on=${p.on()}`)); } },
  mainSlowGate: { construct(p) { p.log.push(`off=${p.off()}`); 
      p.storage.transactionSync(() => { p.sql.exec('CREATE TABLE big (x)'); for (let i = 0; i < 60; i++) p.sql.exec('INSERT INTO big VALUES (?)', big); });
      void p.storage.transaction(empty).then(() => p.log.push(`on=${p.on()}`)); } },
  // F4
  second: { construct(p) { p.log.push(`off=${p.off()}`); p.rebuild();
      void p.storage.transaction(empty).then(() => { p.write(); p.log.push(`on in first=${p.on()}`); void p.storage.transaction(empty).then(() => p.log.push(`on in second=${p.on()}`)); }); } },
  secondAwaited: { construct(p) { p.log.push(`off=${p.off()}`); p.rebuild();
      void (async () => { await p.storage.transaction(empty); p.write(); p.log.push(`on in first=${p.on()}`); await p.storage.transaction(empty); p.log.push(`on in second=${p.on()}`); })(); } },
  secondBlock: { construct(p) { p.log.push(`off=${p.off()}`); p.rebuild();
      void p.storage.transaction(empty).then(() => { p.write(); void p.ctx.blockConcurrencyWhile(async () => { await p.storage.transaction(empty); p.log.push(`on in block=${p.on()}`); }); }); } },
  // F5
  baseWrites: { construct(p) { p.write(); void p.ctx.blockConcurrencyWhile(() => dance(p)); } },
  baseWritesTxnOnly: { construct(p) { p.write(); void dance(p); } },
  baseWritesThenChain: { construct(p) { p.write(); void p.storage.transaction(empty).then(() => { p.say(`opened off=${p.off()}`); p.rebuild(); p.say(`kids=${p.kids()}`); void p.storage.transaction(empty).then(() => p.log.push(`on=${p.on()}`)); }); } },
  baseWritesTwoQueued: { construct(p) { p.write(); void p.storage.transaction(empty).then(() => { p.say(`opened off=${p.off()}`); p.rebuild(); p.say(`kids=${p.kids()}`); }); void p.storage.transaction(empty).then(() => p.log.push(`on=${p.on()}`)); } },
  baseWritesInsideTwo: { construct(p) { p.write(); void p.storage.transaction(async () => { await wait(0); }).then(() => { p.say(`opened off=${p.off()}`); p.rebuild(); }); void p.storage.transaction(empty).then(() => p.log.push(`on=${p.on()}`)); } },
  // F6
  methodGet: { async method(p) { p.write(); await p.storage.get('k'); p.log.push(`get off=${p.off()}`); await null; p.log.push(`microtask off=${p.off()}`); await wait(0); p.log.push(`timer off=${p.off()} on=${p.on()}`); p.write(); await p.storage.sync(); p.log.push(`sync off=${p.off()} on=${p.on()}`); } },
  methodFetch: { async method(p) { p.write(); await p.storage.put('k', 1); p.log.push(`put off=${p.off()}`); await p.storage.get('k', { noCache: true }); p.log.push(`get noCache off=${p.off()}`); await p.storage.list(); p.log.push(`list off=${p.off()}`); await crypto.subtle.digest('SHA-256', new Uint8Array(10)); p.log.push(`digest off=${p.off()} on=${p.on()}`); } },
  // F7
  methodDance: { async method(p) { p.say('method'); p.write(); await dance(p); p.say('end'); } },
  methodDanceNoWrite: { async method(p) { p.say('method'); await dance(p); p.say('end'); } },
  methodBlockDance: { async method(p) { p.say('method'); p.write(); await p.ctx.blockConcurrencyWhile(() => dance(p)); p.say('end'); await wait(0); p.say('end after timer'); } },
  methodOffRebuildTxn: { async method(p) { p.log.push(`off=${p.off()}`); p.rebuild(); await p.storage.transaction(empty); p.log.push(`on=${p.on()}`); p.say('end'); } },
  methodNotAwaited: { async method(p) { p.log.push(`off=${p.off()}`); p.rebuild(); void p.storage.transaction(empty).then(() => p.log.push(`on=${p.on()}`)); p.say('rest, sync'); await p.storage.get('k'); p.say('rest after get'); await wait(0); p.say('rest after timer'); } },
  methodWriteBetween: { async method(p) { await p.storage.transaction(empty); p.log.push(`off=${p.off()}`); p.rebuild(); p.write(); const done = p.storage.transaction(empty); p.write(); await done; p.log.push(`write after start: on=${p.on()}`); } },
  methodInsideTxn: { async method(p) { p.write(); await p.storage.transaction(async () => { p.log.push(`inside off=${p.off()}`); await wait(5); p.log.push(`inside later off=${p.off()}`); }); p.log.push(`after off=${p.off()}`); } },
  methodTxnWrites: { async method(p) { await p.storage.transaction(async () => { p.write(); }); p.log.push(`after a transaction that wrote off=${p.off()}`); } },
  methodNestedInTxn: { async method(p) { await p.storage.transaction(async () => { p.log.push('outer'); const r = await Promise.race([p.storage.transaction(empty).then(() => 'inner done', (e) => `inner ${e}`), wait(300).then(() => 'inner waits')]); p.log.push(r); p.log.push(`off=${p.off()}`); }).catch((e) => p.log.push(String(e))); } },
  methodNestedInBlock: { async method(p) { await p.ctx.blockConcurrencyWhile(async () => { await p.ctx.blockConcurrencyWhile(() => dance(p)); p.say('inner block done'); }); } },
  // Another event is under way, and is awakened by timers.
  methodOther: { async started(p) { for (let i = 0; i < 40; i++) { await wait(0); p.log.push(`other fk=${p.fk()}`); } }, async method(p) { await wait(5); p.log.push('method'); p.write(); await dance(p); p.say('end'); await wait(20); } },
  methodOtherGets: { async started(p) { for (let i = 0; i < 60; i++) { await p.storage.get(`k${i}`); await null; p.log.push(`other fk=${p.fk()}`); if (i % 7 === 0) await wait(0); } }, async method(p) { p.log.push('method'); p.write(); await dance(p); p.say('end'); await wait(20); } },
  // F10
  alarmDance: { async before(p) { await p.storage.setAlarm(Date.now() + 10); }, async alarm(p) { p.say('alarm'); p.write(); await dance(p); p.say('alarm end'); }, async method(p) { await wait(150); } },
  alarmBlock: { async before(p) { await p.storage.setAlarm(Date.now() + 10); }, async alarm(p) { p.say('alarm'); p.write(); await p.ctx.blockConcurrencyWhile(() => dance(p)); p.say('alarm end'); }, async method(p) { await wait(150); } },
  // Stress: timers and promises of the constructor beside it.
  mainTimers: { construct(p) { for (let i = 0; i < 5; i++) setTimeout(() => p.log.push(`timer ${p.fk()}`), i); void p.storage.get('k').then(() => p.log.push(`get ${p.fk()}`)); void wait(0).then(() => p.log.push(`wait ${p.fk()}`));
      p.off(); p.rebuild(); void p.storage.transaction(empty).then(() => p.log.push(`on=${p.on()}`)); void p.storage.get('k').then(() => p.log.push(`get after ${p.fk()}`)); void p.storage.sync().then(() => p.log.push(`sync after ${p.fk()}`)); void Promise.resolve().then(() => p.log.push(`microtask ${p.fk()}`)); } },
  secondTimers: { construct(p) { for (let i = 0; i < 5; i++) setTimeout(() => p.log.push(`timer ${p.fk()}`), i); 
      p.off(); p.rebuild(); void p.storage.transaction(empty).then(() => { p.write(); p.log.push('first'); void p.storage.transaction(empty).then(() => p.log.push(`on=${p.on()}`)); }); } },
  secondSlow: { construct(p) { p.off(); p.rebuild(); void p.storage.transaction(async () => { await wait(50); }).then(() => { p.write(); p.log.push('first'); void p.storage.transaction(async () => { await wait(50); }).then(() => p.log.push(`on=${p.on()}`)); }); } },
  thirdMicrotasks: { construct(p) { p.off(); p.rebuild(); void p.storage.transaction(empty).then(async () => { for (let i = 0; i < 50; i++) await null; p.log.push('after 50 microtasks'); void p.storage.transaction(empty).then(() => p.log.push(`on=${p.on()}`)); }); } },
  holdInThen: { construct(p) { p.off(); p.rebuild(); void p.storage.transaction(empty).then(() => { void p.ctx.blockConcurrencyWhile(async () => { p.log.push(`block ${p.fk()}`); await wait(20); p.log.push(`on=${p.on()}`); }); }); } },
  syncInThen: { construct(p) { p.off(); p.rebuild(); void p.storage.transaction(empty).then(async () => { await p.storage.sync(); p.log.push(`on=${p.on()}`); }); } },
  syncWithWriteInThen: { construct(p) { p.off(); p.rebuild(); void p.storage.transaction(empty).then(async () => { p.write(); await p.storage.sync(); p.log.push(`on=${p.on()}`); }); } },
  blockThenSync: { construct(p) { p.off(); p.rebuild(); void p.ctx.blockConcurrencyWhile(async () => { await p.storage.sync(); p.log.push(`on=${p.on()}`); }); } },
  storageLoop: { construct(p) { p.off(); p.rebuild(); void p.storage.transaction(async () => { p.log.push(`in transaction on=${p.on()}`); await p.storage.sync(); p.log.push(`in transaction after sync on=${p.on()}`); }).then(() => p.log.push(`on=${p.on()}`)); } },
  blockUnawaited: { construct(p) { void p.ctx.blockConcurrencyWhile(async () => { p.off(); p.rebuild(); void p.storage.transaction(empty).then(() => p.log.push(`on=${p.on()}`)); }).then(() => p.say('block then')); } },
  blockUnawaitedSecond: { construct(p) { void p.ctx.blockConcurrencyWhile(async () => { p.off(); p.rebuild(); void p.storage.transaction(empty).then(() => { p.log.push('first'); void p.storage.transaction(empty).then(() => p.log.push(`on=${p.on()}`)); }); }).then(() => p.say('block then')); } },
  blockWriteThenDanceUnawaited: { construct(p) { void p.ctx.blockConcurrencyWhile(async () => { p.write(); void dance(p); }).then(() => p.say('block then')); } },
  methodBlockUnawaited: { async method(p) { await p.ctx.blockConcurrencyWhile(async () => { p.off(); p.rebuild(); void p.storage.transaction(empty).then(() => p.log.push(`on=${p.on()}`)); }); p.say('after block'); } },
  methodBlockUnawaitedSecond: { async method(p) { await p.ctx.blockConcurrencyWhile(async () => { p.off(); p.rebuild(); void p.storage.transaction(empty).then(() => { p.log.push('first'); void p.storage.transaction(empty).then(() => p.log.push(`on=${p.on()}`)); }); }); p.say('after block'); } },
  methodBlockDanceUnawaited: { async method(p) { await p.ctx.blockConcurrencyWhile(async () => { p.write(); void dance(p); }); p.say('after block'); } },
  methodBlockQueuedTwo: { async method(p) { await p.ctx.blockConcurrencyWhile(async () => { p.write(); void p.storage.transaction(empty).then(() => { p.off(); p.rebuild(); p.say('rebuilt'); }); void p.storage.transaction(empty).then(() => p.log.push(`on=${p.on()}`)); }); p.say('after block'); } },
  methodBlockAfterGet: { async method(p) { await p.ctx.blockConcurrencyWhile(async () => { await p.storage.get('k'); p.off(); p.rebuild(); void p.storage.transaction(empty).then(() => p.log.push(`on=${p.on()}`)); await p.storage.get('l'); p.say('rest of block'); }); p.say('after block'); } },
  // F11
  throwsAfterOff: { construct(p) { if (!globalThis.thrown) { (globalThis as any).thrown = true; p.off(); p.rebuild(); void p.storage.transaction(empty).then(() => p.on()); throw new Error('constructor failed'); } } },
};
declare global { var thrown: boolean | undefined }

export class FactObject extends DurableObject<Env> {
  readonly p: Probe;
  readonly s: Scenario | undefined;
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.p = new Probe(ctx);
    const name = ctx.id.name as string;
    if (live.has(name)) { this.s = scenarios[name.split(':')[0] as string]; this.s?.construct?.(this.p); }
  }
  async setup() {
    this.p.sql.exec('CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER NOT NULL REFERENCES p(id) ON DELETE CASCADE); INSERT INTO p VALUES (1), (2); INSERT INTO c VALUES (10, 1), (11, 2)');
    await this.ctx.storage.sync();
  }
  evict() { this.ctx.abort('evicted'); }
  override fetch() { this.event(); return new Response('ok'); }
  event() {
    let orphan = 'taken';
    const fk = this.p.fk();
    try { this.p.sql.exec('INSERT INTO c VALUES (99, 99)'); this.p.sql.exec('DELETE FROM c WHERE id = 99'); } catch { orphan = 'refused'; }
    this.p.log.push(`event fk=${fk} orphan ${orphan}`);
  }
  async method() { await this.s?.method?.(this.p); }
  async started() { await this.s?.started?.(this.p); }
  override async alarm() { await this.s?.alarm?.(this.p); }
  async before() { await this.s?.before?.(this.p); }
  read() { return { log: this.p.log, kids: this.p.kids(), fk: this.p.fk() }; }
}

export default {
  async fetch(request: Request, env: Env) {
    const url = new URL(request.url);
    const how = url.searchParams.get('how') ?? 'rpc';
    const name = new URL(request.url).pathname.slice(1);
    if (name === '') return Response.json(Object.keys(scenarios));
    const id = `${name}:${crypto.randomUUID()}`;
    const get = () => env.FACT.getByName(id);
    await get().setup();
    await get().evict().catch(() => {});
    live.add(id);
    const s = scenarios[name] as Scenario;
    if (s.before) await get().before();
    const work: Promise<unknown>[] = [];
    if (s.started) work.push(get().started());
    if (s.method) work.push(get().method());
    for (let i = 0; i < 30; i++) { work.push(how === 'fetch' ? get().fetch('http://x/') : how === 'spread' ? scheduler.wait(i % 8).then(() => get().event()) : get().event()); if (how === 'tick') await scheduler.wait(0); }
    const ended = await Promise.allSettled(work);
    const errors = ended.flatMap((e) => e.status === 'rejected' ? [String(e.reason)] : []);
    await scheduler.wait(100);
    const read = await get().read();
    // Equal lines in a row are told once.
    const log: string[] = [];
    let n = 1;
    for (const [i, line] of read.log.entries()) { if (read.log[i + 1] === line) { n++; continue; } log.push(n > 1 ? `${n}x ${line}` : line); n = 1; }
    return Response.json({ ...read, log, errors: [...new Set(errors)] });
  },
};
