/**
 * Histories that no ledger of Drizzle's or of ours knows: of tables that were made without one, and of other libraries.
 *
 * @module
 */

export { schemas } from './adopt/schemas.ts';
export type { Schemas } from './input/migration.ts';
export type { Adopter, OtherLedger } from './ledger/other.ts';
