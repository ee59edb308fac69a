import { DurableObject } from 'cloudflare:workers';
import { inConstructor, inEvents } from './calls.ts';
import { facts } from './facts.ts';
import { FAMILY, Probe, type Scene, WAITING } from './probe.ts';

interface Env {
  OBJECT: DurableObjectNamespace<SceneObject>;
}

const scenes: Record<string, Record<string, Scene>> = { facts, inConstructor, inEvents };

/** The scenes that are on, by the object's name: what is deployed to it. */
const on = new Map<string, Scene>();

/** An object in which a scene happens. */
export class SceneObject extends DurableObject<Env> {
  private readonly probe: Probe;
  private readonly scene: Scene;
  private rang = () => {};
  private readonly alarmEnd = new Promise<void>((resolve) => {
    this.rang = resolve;
  });

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.probe = new Probe(ctx);
    this.scene = on.get(ctx.id.name as string) ?? {};
    this.scene.construct?.(this.probe);
  }

  setUp(): void {
    this.ctx.storage.sql.exec(FAMILY);
  }

  evict(): void {
    this.ctx.abort('evicted');
  }

  async prepare(): Promise<void> {
    await this.scene.prepare?.(this.probe);
  }

  async beside(): Promise<void> {
    await this.scene.beside?.(this.probe);
  }

  async method(): Promise<void> {
    await this.scene.method?.(this.probe);
  }

  override async alarm(): Promise<void> {
    await this.scene.alarm?.(this.probe);
    this.rang();
  }

  /** Waits for the end of the alarm. */
  async afterAlarm(): Promise<void> {
    await this.alarmEnd;
  }

  event(): void {
    this.probe.event();
  }

  override fetch(): Response {
    this.probe.event();
    return new Response();
  }

  log(): string[] {
    return this.probe.log;
  }
}

/** Plays a scene in a new object that has had another deploy before; events come by `rpc`, by `fetch`, or spread in time. */
async function play(env: Env, scene: Scene, arrival: string): Promise<string[]> {
  const name = crypto.randomUUID();
  const get = () => env.OBJECT.getByName(name);
  await get().setUp();
  await get()
    .evict()
    .catch(() => {});
  on.set(name, scene);
  if (scene.prepare) await get().prepare();
  const events: Promise<unknown>[] = [];
  if (scene.beside) events.push(get().beside());
  if (scene.method) events.push(get().method());
  for (let i = 0; i < WAITING; i++) {
    if (arrival === 'fetch') events.push(get().fetch('http://object'));
    else if (arrival === 'spread') events.push(scheduler.wait(i % 8).then(() => get().event()));
    else events.push(get().event());
  }
  await Promise.all(events);
  if (scene.alarm) await get().afterAlarm();
  // For timers of the constructor.
  await scheduler.wait(20);
  return get().log();
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const { searchParams } = new URL(request.url);
    const scene = scenes[searchParams.get('of') ?? '']?.[searchParams.get('scene') ?? ''];
    if (scene === undefined) return Response.json('no such scene', { status: 404 });
    return Response.json(await play(env, scene, searchParams.get('arrival') ?? ''));
  },
};
