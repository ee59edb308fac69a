/**
 * Histories that no ledger of Drizzle's or of ours knows: those of other libraries, and of tables that were made without
 * one.
 *
 * @module
 */

export {
  type AlchemyRow,
  alchemy,
  durableUtils,
  type EffectRow,
  effect,
  type KyselyRow,
  kysely,
  type LastIdOptions,
  type LibraryOptions,
  rwsdk,
} from './adopt/adopters.ts';
export { schemas } from './adopt/schemas.ts';
export type { Schemas } from './input/migration.ts';
export type { Adopter, OtherLedger } from './ledger/other.ts';
