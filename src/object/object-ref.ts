// Which object an event is about: the options are those of the class, and know none.
import type { MigrateEvent } from '../events.ts';
import type { MigrateOptions } from '../options.ts';
import type { ObjectContext } from './runtime.ts';

/** Which object an event is about. */
export interface ObjectRef {
  /** What its class is called in the code. */
  readonly className: string;
  /** Its id, as 64 hexadecimal digits. */
  readonly id: string;
  /** Its name, or null where it was woken by its id. */
  readonly name: string | null;
}

/** What {@link withMigrations} can be told: the options of `migrate`, with an `onEvent` that hears of the object too. */
export interface WithMigrationsOptions extends Omit<MigrateOptions, 'onEvent'> {
  /**
   * Hears of everything that the construction of an object found or did, as with `migrate`, and which object it is about.
   */
  readonly onEvent?: (event: MigrateEvent, object: ObjectRef) => unknown;
}

/**
 * Names an object.
 *
 * @param ctx the object's state
 * @param className what its class is called
 */
export const objectRef = ({ id }: ObjectContext, className: string): ObjectRef => ({
  className,
  id: id.toString(),
  name: id.name ?? null,
});

/**
 * Who hears of the events of an object, and is told which object it is.
 *
 * @param options what `withMigrations` was told, right or wrong
 * @param ctx the object's state
 * @param className what its class is called
 */
export const hearing = (
  options: WithMigrationsOptions | undefined,
  ctx: ObjectContext,
  className: string,
): { readonly onEvent?: (event: MigrateEvent) => unknown } => ({
  // It is read only where there is something to tell: a getter may throw, and what is no function is refused as an option.
  get onEvent() {
    const heard: unknown = options?.onEvent;
    return typeof heard === 'function'
      ? (event: MigrateEvent) => heard.call(options, event, objectRef(ctx, className))
      : () => {};
  },
});
