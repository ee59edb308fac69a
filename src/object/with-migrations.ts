import { InputError } from '../base/errors.ts';
import type { MigrationInput } from '../input/migration.ts';
import { CommandError } from './command-error.ts';
import type { MigrationsCommand, WithMigrations } from './commands.ts';
import type { List } from './look.ts';
import { METHOD } from './method.ts';
import { MigratedObject } from './object.ts';
import type { WithMigrationsOptions } from './object-ref.ts';
import { standIn } from './stand-in.ts';

/** The class of a Durable Object. */
// biome-ignore lint/suspicious/noExplicitAny: a class says itself what its `env` is, and may take more.
export type ObjectClass = new (ctx: any, env: any, ...rest: any[]) => object;

/** A class with `__migrations` on its objects; all else is the class's own. */
export type ClassWithMigrations<Class extends ObjectClass> = Omit<Class, 'prototype'> & {
  new (...args: ConstructorParameters<Class>): InstanceType<Class> & WithMigrations;
  readonly prototype: InstanceType<Class> & WithMigrations;
};

/** The lists of each class: those of its base classes and at last its own. */
const listsOf = new WeakMap<object, readonly List[]>();
/** What is known of each object that was built, or stands in. */
const objects = new WeakMap<object, MigratedObject>();
/** The states of objects whose class is being built now. */
const building = new WeakSet<object>();

/** The lists of the nearest class that has some. */
function inherited(Class: object | null): readonly List[] {
  for (let at = Class; at !== null; at = Object.getPrototypeOf(at)) {
    const lists = listsOf.get(at);
    if (lists !== undefined) return lists;
  }
  return [];
}

/** The RPC method. */
function answer(this: object, command: MigrationsCommand): Promise<unknown> {
  const object = objects.get(this);
  if (object === undefined) {
    throw new CommandError(
      'INVALID_COMMAND',
      'This object was not built by the class that withMigrations returned. Export that one.',
    );
  }
  return object.answer(command);
}

/** What a class is called, whatever static members it has. */
const nameOf = ({ name }: { readonly name: unknown }): string =>
  typeof name === 'string' ? name : '';

/**
 * The methods of a class, called on the class itself: on a proxy they could not reach its private members. Those that can
 * be constructed are classes or old functions, and stay as they are.
 */
function methodsFor(Class: object, proxy: () => object): (value: unknown) => unknown {
  const methods = new WeakMap<object, unknown>();
  return (value) => {
    if (typeof value !== 'function' || Object.hasOwn(value, 'prototype')) return value;
    const known = methods.get(value);
    if (known !== undefined) return known;
    const method = new Proxy(value, {
      apply: (target, receiver, args) =>
        Reflect.apply(target as never, receiver === proxy() ? Class : receiver, args),
    });
    methods.set(value, method);
    return method;
  };
}

function wrap(Class: ObjectClass, list: List): ObjectClass {
  if (typeof Class !== 'function' || typeof Class.prototype !== 'object') {
    throw new InputError('INVALID_TARGET', 'withMigrations takes the class of a Durable Object.');
  }
  const { value } = Object.getOwnPropertyDescriptor(Class.prototype, METHOD) ?? { value: answer };
  if (value !== answer) {
    throw new InputError(
      'INVALID_TARGET',
      `The class has a method ${METHOD} of its own. Rename it.`,
    );
  }
  Object.defineProperty(Class.prototype, METHOD, {
    value: answer,
    configurable: true,
    writable: true,
  });
  const lists = [...inherited(Class), list];
  const method = methodsFor(Class, () => proxy);
  const own = (receiver: unknown): unknown => (receiver === proxy ? Class : receiver);
  const proxy: ObjectClass = new Proxy(Class, {
    construct(target, args, newTarget) {
      const [ctx] = args;
      // A class around this one has migrated for both.
      if (building.has(ctx)) return Reflect.construct(target, args, newTarget);
      const object = new MigratedObject(ctx, lists, nameOf(target));
      if (object.failure) {
        const instead = standIn(newTarget.prototype, ctx, object.failure.error);
        objects.set(instead, object);
        return instead;
      }
      // Its base class, if that is wrapped too, must not migrate once more.
      if (lists.length > 1) building.add(ctx);
      try {
        const instance = Reflect.construct(target, args, newTarget);
        objects.set(instance, object);
        object.built(instance);
        return instance;
      } finally {
        building.delete(ctx);
      }
    },
    get(target, key, receiver) {
      const value = Reflect.get(target, key, own(receiver));
      // Of a frozen class a proxy must show what there is.
      return Object.isFrozen(target) ? value : method(value);
    },
    set: (target, key, value, receiver) => Reflect.set(target, key, value, own(receiver)),
  });
  listsOf.set(proxy, lists);
  return proxy;
}

/**
 * The same class, with its objects migrated before any code of theirs runs, the base classes' and the fields' included. An
 * object that `migrate` refuses, or where a statement fails, is not built: another one stands in, which answers every call
 * with the error, and nothing in it changes. Each object has the RPC method `__migrations`, which works in those too.
 *
 * ```ts
 * export const Inbox = withMigrations(class Inbox extends DurableObject<Env> { … }, migrations);
 * ```
 *
 * @param Class the class of a Durable Object
 * @param migrations what `migrate` takes
 * @param options what `migrate` takes; its `onEvent` hears of the object too
 * @returns the class; export this one
 * @throws {InputError} if it is no class, or has a method `__migrations` of its own
 */
export function withMigrations<Class extends ObjectClass>(
  Class: Class,
  migrations: MigrationInput,
  options?: WithMigrationsOptions,
): ClassWithMigrations<Class>;
/**
 * The same as a decorator: `@withMigrations(migrations) export class Inbox extends DurableObject<Env> { … }`.
 *
 * @param migrations what `migrate` takes
 * @param options what `migrate` takes; its `onEvent` hears of the object too
 */
export function withMigrations(
  migrations: MigrationInput,
  options?: WithMigrationsOptions,
): <Class extends ObjectClass>(Class: Class) => Class;
export function withMigrations(first: unknown, second?: unknown, third?: unknown): unknown {
  if (typeof first === 'function') {
    const list = { input: second, options: third } as List;
    return wrap(first as ObjectClass, list);
  }
  const list = { input: first, options: second } as List;
  return (Class: ObjectClass) => wrap(Class, list);
}
