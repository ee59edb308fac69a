// Tells whether an event has come to an instance since its construction, so that nothing is taken from what is in use.
import type { ObjectContext } from './runtime.ts';
import { namesOf } from './stand-in.ts';

/** The runtime reads these from the object itself, also where they are fields. */
const HANDLERS = ['fetch', 'alarm', 'webSocketMessage', 'webSocketClose', 'webSocketError'];

/** Whoever is told of each event. */
const watches = new WeakMap<object, Watch>();
const watched = new WeakMap<object, object>();

/** A prototype that tells of each event but `__migrations`, and is the given one in all else. */
function watchedPrototype(prototype: object): object {
  const known = watched.get(prototype);
  if (known !== undefined) return known;
  const tell = (object: { readonly ctx?: object }): void => {
    // A constructor may have returned a proxy, so that the runtime has another object than the methods.
    const watch = watches.get(object) ?? watches.get(object.ctx ?? object);
    watch?.touch();
  };
  const properties: PropertyDescriptorMap = {};
  for (const [name, { value, enumerable = false }] of namesOf(prototype)) {
    properties[name] =
      typeof value === 'function'
        ? {
            enumerable,
            configurable: true,
            writable: true,
            value(this: object, ...args: unknown[]) {
              tell(this);
              return Reflect.apply(Reflect.get(prototype, name, this), this, args);
            },
          }
        : {
            enumerable,
            configurable: true,
            get(this: object) {
              tell(this);
              return Reflect.get(prototype, name, this);
            },
            set(this: object, to: unknown) {
              Reflect.set(prototype, name, to, this);
            },
          };
  }
  const made = Object.create(prototype, properties);
  watched.set(prototype, made);
  return made;
}

/** What is known of the events of one instance. */
export class Watch {
  private hasBeenTouched = false;
  private isConstructed = false;
  private unwatch: () => unknown = () => {};

  /** Whether it could be watched at all: a class may have handlers that nobody can look at. */
  readonly isWatching: boolean;

  /**
   * Watches an instance from the end of its construction on. What the blocks of its constructor call is no event.
   *
   * @param ctx the object's state
   * @param instance what was built
   * @param constructed runs behind all blocks of the constructor, and before the first event
   */
  constructor(ctx: ObjectContext, instance: object, constructed: () => Promise<void> | void) {
    this.isWatching = this.begin(instance);
    if (!this.isWatching) return;
    watches.set(instance, this);
    watches.set(ctx, this);
    void ctx.blockConcurrencyWhile(async () => {
      await constructed();
      this.isConstructed = true;
      this.hasBeenTouched = false;
    });
  }

  /** Whether nothing but `__migrations` has come to it. */
  get isUntouched(): boolean {
    return this.isWatching && this.isConstructed && !this.hasBeenTouched;
  }

  /** Something else has come: from now on the instance is as any other. */
  touch(): void {
    this.hasBeenTouched = true;
    if (this.isConstructed) this.unwatch();
  }

  /** Whether the instance tells of its events from now on. */
  private begin(instance: object): boolean {
    try {
      const prototype = Object.getPrototypeOf(instance);
      this.unwatch = () => Reflect.setPrototypeOf(instance, prototype);
      return (
        HANDLERS.every((name) => this.watchOwn(instance, name)) &&
        Reflect.setPrototypeOf(instance, watchedPrototype(prototype))
      );
    } catch {
      // A proxy that a constructor returned may throw at anything.
      return false;
    }
  }

  /** Watches a handler that is a field, as those of Agents are; tells whether that can be done. */
  private watchOwn(instance: object, name: string): boolean {
    const own = Object.getOwnPropertyDescriptor(instance, name);
    if (own === undefined) return true;
    if (typeof own.value !== 'function') return false;
    const touch = (): void => this.touch();
    return Reflect.defineProperty(instance, name, {
      ...own,
      value(this: unknown, ...args: unknown[]) {
        touch();
        return Reflect.apply(own.value, this, args);
      },
    });
  }
}
