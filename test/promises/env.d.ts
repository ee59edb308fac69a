declare namespace Cloudflare {
  interface Env {
    OBJECT: DurableObjectNamespace<import('./worker.ts').TestObject>;
  }
}
