// What a reader's project has, and this repository has not, or not there.
declare module '*/drizzle/migrations' {
  const migrations: {
    journal: { entries: { idx: number; when: number; tag: string; breakpoints: boolean }[] };
    migrations: Record<string, string>;
  };
  export default migrations;
}
declare module '*/migrations' {
  const migrations: import('drizzle-offramp').MigrationRecord;
  export default migrations;
}
declare module '*/_journal.json' {
  const journal: { entries: { idx: number; when: number; tag: string }[] };
  export default journal;
}
declare module 'agents' {
  import { DurableObject } from 'cloudflare:workers';
  export class Agent<Env> extends DurableObject<Env> {
    onStart(): void | Promise<void>;
  }
}
