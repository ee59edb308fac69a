import { DurableObject } from 'cloudflare:workers';

/** An object in which a test does what a class would. */
export class TestObject extends DurableObject {}

export default { fetch: () => new Response('drizzle-offramp adopt') };
