/**
 * A fleet: wakes all objects of a class, so that each of them migrates, counts what they are, and says when Drizzle can go.
 *
 * @module
 */

export { FleetError } from './fleet/errors.ts';
export { renderReport } from './fleet/html.ts';
export { FleetLedger } from './fleet/ledger.ts';
export type * from './fleet/protocol.ts';
export { type BatchLike, fleetQueue } from './fleet/queue.ts';
export { type FleetClass, type FleetRouteOptions, fleetRoute } from './fleet/route.ts';
